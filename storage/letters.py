"""Dead letters and undelivered messages: what waits for an administrator to look at it, try it again or let it go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from storage.connection import Connection
from storage.conversations import Conversations
from storage.inbox import DEAD, DONE, FIRST, NEW, Inbox
from storage.outbox import Outbox
from storage.posts import DROPPED, FAILED, QUEUED, SENDING, UNCERTAIN, Purpose
from storage.sql import constant
from storage.tables import drafts, inbox, outbox

IN, OUT = "in", "out"
_OPEN = [constant(state) for state in (QUEUED, SENDING, FAILED, UNCERTAIN)]
"""As the index of the outbox has it (storage/tables.py)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An update that could not be handled (in), or a message that did not arrive or may not have (out)."""

    way: str
    id: int
    account: str
    state: str
    error: str
    attempts: int
    at: datetime
    about: str
    """For a message what it was for; for an update the key the messenger gave it."""
    incident: int = 0
    draft: int = 0
    """Whose words it carries to a citizen, or whose fate it tells."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.way}-{self.id}"


class Letters:
    """Reads and settles them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self, limit: int) -> Sequence[Letter]:
        """The oldest of each way."""
        return [*await self._updates(limit=limit), *await self._messages(limit=limit)]

    async def count(self) -> tuple[int, int]:
        """How many updates and how many messages."""
        dead = select(func.count()).where(inbox.c.state == constant(DEAD))
        bad = select(func.count()).where(outbox.c.state.in_(_OPEN), outbox.c.state.in_((FAILED, UNCERTAIN)))
        return (await self._connection.execute(dead)).scalar_one(), (await self._connection.execute(bad)).scalar_one()

    async def get(self, way: str, number: int) -> Letter | None:
        found = await (self._updates(number) if way == IN else self._messages(number))
        return found[0] if found else None

    async def words(self, letter: Letter) -> str:
        """All it says: somebody's words, names and numbers."""
        if letter.way == IN:
            raw: Any = (await self._connection.execute(select(inbox.c.raw).where(inbox.c.id == letter.id))).scalar_one()
            return json.dumps(raw, ensure_ascii=False, indent=2)
        row = (await self._connection.execute(select(outbox.c.chat, outbox.c.text, outbox.c.files).where(outbox.c.id == letter.id))).one()
        return json.dumps({"chat": row.chat, "text": row.text, "files": row.files}, ensure_ascii=False, indent=2)

    async def replay(self, letter: Letter, at: datetime) -> Sequence[str]:
        """Try it again, in its place. Returns the names of what will be tried: of a conversation also every letter before this one.

        What was handled meanwhile is not undone; but no letter of a conversation ever comes before an earlier one.
        """
        if letter.way == OUT:
            values = {"state": QUEUED, "not_before": None, "error": "", "doubted": False}
            return [letter.name] if await self._settle(letter, values, SENDING, at) else []
        lane = (await self._connection.execute(select(inbox.c.lane).where(inbox.c.id == letter.id))).scalar_one()
        which = inbox.c.id == letter.id
        if lane:
            which = (inbox.c.account == letter.account) & (inbox.c.lane == lane) & (inbox.c.id <= letter.id)
        back = update(inbox).where(inbox.c.state == constant(DEAD), which)
        back = back.values(state=NEW, attempts=0, handle_after=None, handled_at=None).returning(inbox.c.id)
        return [f"{IN}-{number}" for number in sorted((await self._connection.execute(back)).scalars())]

    async def drop(self, letter: Letter, at: datetime) -> bool:
        """Let it go: it is not tried again. Returns False when it was settled meanwhile."""
        if letter.way == OUT:
            return await self._settle(letter, {"state": DROPPED}, DROPPED, at)
        gone = update(inbox).where(inbox.c.id == letter.id, inbox.c.state == DEAD).values(state=DONE, handled_at=at)
        return bool((await self._connection.execute(gone)).rowcount)

    async def _settle(self, letter: Letter, values: Mapping[str, Any], became: str, at: datetime) -> bool:
        """Change a message that failed or is uncertain. Returns False when it is neither any more.

        An answer's author was told that it failed, or was asked what to do. Its draft is once more one whose outcome is waited for, and
        intake hears what it ``became``, by the door everything comes in by: it tells the author as of any other answer.
        """
        number = letter.draft if letter.about == Purpose.ANSWER else 0
        if number:  # first the draft and then its messages, as a press of its author does: else two could wait for each other
            await self._connection.execute(select(drafts.c.id).where(drafts.c.id == number).with_for_update())
        changed = update(outbox).where(outbox.c.id == letter.id, outbox.c.state.in_((FAILED, UNCERTAIN))).values(**values)
        if not (await self._connection.execute(changed)).rowcount:
            return False
        if number and await self._reopen(number, became):
            raw = {"kind": "outcome", "row": letter.id, "draft": number, "state": became, "error": ""}
            await Inbox(self._connection).later(f"outcome/{letter.id}/{letter.attempts}/{became}", raw, lane=FIRST, at=at)
        return True

    async def _reopen(self, number: int, became: str) -> bool:
        """The draft is on its way again; its author reads of it where the trouble was told. Returns whether there is more to tell."""
        conversations = Conversations(self._connection)
        draft = await conversations.draft(number)
        if draft is None or (became == DROPPED and draft.state == FAILED):  # that it did not arrive they have heard
            return False
        if draft.state in (FAILED, UNCERTAIN):
            here = (draft.address.account, draft.address.chat)
            told = [row for row, to in await Outbox(self._connection).asked_about(number) if (to.account, to.chat) == here]
            await conversations.rewrite(replace(draft, state="sent", preview=max([*told, 0]) or draft.preview), was=draft.state)
        return True

    async def _updates(self, number: int = 0, *, limit: int = 1) -> list[Letter]:
        statement = (
            select(inbox.c.id, inbox.c.account, inbox.c.state, inbox.c.error, inbox.c.attempts, inbox.c.received_at, inbox.c.key)
            .where(inbox.c.state == constant(DEAD), *([inbox.c.id == number] if number else []))
            .order_by(inbox.c.id)
            .limit(limit)
        )
        return [Letter(IN, *row) for row in await self._connection.execute(statement)]

    async def _messages(self, number: int = 0, *, limit: int = 1) -> list[Letter]:
        columns = [
            outbox.c[name] for name in ("id", "account", "state", "error", "attempts", "created_at", "purpose", "incident_id", "draft_id")
        ]
        statement = (
            select(*columns)
            .where(outbox.c.state.in_(_OPEN), outbox.c.state.in_((FAILED, UNCERTAIN)), *([outbox.c.id == number] if number else []))
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return [Letter(OUT, *row) for row in await self._connection.execute(statement)]
