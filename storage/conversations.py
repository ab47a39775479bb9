"""Where each conversation stands: the step it is at, the buttons that were offered, the drafts not yet sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_, update

from bots.channel import Address, File
from storage.connection import Connection
from storage.sql import upsert
from storage.tables import conversations, drafts, keyboards
from storage.timeline import files_from_json, files_to_json

_OURS = re.compile(r"[A-Za-z0-9_-]{16}\.(0|[1-9][0-9]{0,2})")
"""What our buttons carry. Nothing else is asked of the database: PostgreSQL fails on a NUL, and a person may send anything."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the bot asked this person in this chat, and what it needs to remember until the answer."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one offered button means."""

    action: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """A keyboard that was offered, as it is found when one of its buttons comes back."""

    token: str
    address: Address
    user_id: str
    incident: int
    choice: Choice
    once: bool
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an official wrote to a citizen and has not sent yet."""

    id: int = 0
    incident: int
    person: int
    address: Address
    user_id: str
    message: str
    text: str
    files: tuple[File, ...] = ()
    kind: str = ""
    """answer, interim, question; empty until chosen, which until it is known what it is about"""
    date: datetime | None = None
    preview: int = 0
    """Outbox row of the preview."""
    state: str = "open"
    """open, sending, sent, then delivered, failed or uncertain; or dropped"""


class Conversations:
    """Reads and writes steps, keyboards and drafts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._steps = connection.memory(conversations)
        """(account, chat, user id) → what was asked; None for nothing."""
        self._unused = connection.memory(keyboards)
        """incident → token and first action of each keyboard about it that may still be pressed"""
        self._keyboards = connection.memory(keyboards)
        """Token → the row of a keyboard that is there."""

    async def ahead(self, account: str, places: Collection[tuple[str, str]]) -> None:
        """Read at once what these (chat, user id) were asked."""
        for chat, user in places:
            self._steps.setdefault((account, chat, user))
        statement = select(conversations.c.chat, conversations.c.user_id, conversations.c.step, conversations.c.data).where(
            conversations.c.account == account, tuple_(conversations.c.chat, conversations.c.user_id).in_(places)
        )
        for row in await self._connection.execute(statement):
            self._steps[account, row.chat, row.user_id] = Step(row.step, row.data)

    async def offers_ahead(self, numbers: Collection[int]) -> None:
        """Read at once which keyboards about these incidents may still be pressed."""
        statement = select(keyboards.c.incident_id, keyboards.c.token, keyboards.c.buttons)
        rows = (await self._connection.execute(statement.where(keyboards.c.incident_id.in_(numbers), keyboards.c.used_at.is_(None)))).all()
        self._unused.update((number, []) for number in numbers)
        for row in rows:
            self._unused[row.incident_id].append((row.token, row.buttons[0][0] if row.buttons else ""))

    # --- steps -------------------------------------------------------------------------------------------------------

    async def step(self, account: str, chat: str, user_id: str) -> Step | None:
        """What this person was asked here last; None when nothing waits for an answer."""
        if (account, chat, user_id) not in self._steps:
            await self.ahead(account, [(chat, user_id)])
        found: Step | None = self._steps[account, chat, user_id]
        return found

    async def ask(self, account: str, chat: str, user_id: str, step: Step, at: datetime) -> None:
        """Wait for this person's answer here; an earlier question is forgotten."""
        key = {"account": account, "chat": chat, "user_id": user_id}
        await upsert(self._connection, conversations, key, {"step": step.name, "data": dict(step.data), "updated_at": at})

    async def done(self, account: str, chat: str, user_id: str) -> None:
        """Nothing is waited for any more."""
        if await self.step(account, chat, user_id) is None:
            return
        statement = delete(conversations).where(
            conversations.c.account == account, conversations.c.chat == chat, conversations.c.user_id == user_id
        )
        await self._connection.execute(statement)

    # --- keyboards ---------------------------------------------------------------------------------------------------

    async def offer(
        self,
        address: Address,
        choices: Sequence[Choice],
        *,
        at: datetime,
        incident: int = 0,
        user_id: str = "",
        once: bool = False,
        expires_at: datetime | None = None,
    ) -> Sequence[str]:
        """Remember what each button means. Returns what the buttons carry: random, so nothing can be forged or read out of it."""
        token = secrets.token_urlsafe(12)
        self._connection.add(
            keyboards,
            {
                "token": token,
                "account": address.account,
                "chat": address.chat,
                "user_id": user_id,
                "incident_id": incident,
                "buttons": [[one.action, dict(one.arguments)] for one in choices],
                "once": once,
                "made_at": at,
                "expires_at": expires_at,
            },
        )
        if incident in self._unused:
            self._unused[incident].append((token, choices[0].action if choices else ""))
        return [f"{token}.{number}" for number in range(len(choices))]

    async def offered_ahead(self, payloads: Collection[str]) -> None:
        """Read at once the keyboards that these payloads stand for."""
        tokens = sorted({payload.partition(".")[0] for payload in payloads if _OURS.fullmatch(payload)} - self._keyboards.keys())
        if tokens:
            rows = await self._connection.execute(select(keyboards).where(keyboards.c.token.in_(tokens)))
            self._keyboards |= {row.token: row for row in rows}

    async def offered(self, payload: str) -> Offered | None:
        """The keyboard and the choice a payload stands for; None for anything that we did not offer."""
        if not _OURS.fullmatch(payload):
            return None
        token, _, number = payload.partition(".")
        await self.offered_ahead([payload])
        row = self._keyboards.get(token)
        if row is None or int(number) >= len(row.buttons):
            return None
        choice = Choice(*row.buttons[int(number)])
        address = Address(row.account, row.chat)
        return Offered(row.token, address, row.user_id, row.incident_id, choice, row.once, row.expires_at, row.used_at)

    async def use(self, token: str, at: datetime) -> bool:
        """Use a keyboard up. Returns False when it was used before."""
        statement = update(keyboards).where(keyboards.c.token == token, keyboards.c.used_at.is_(None))
        return bool((await self._connection.execute(statement.values(used_at=at))).rowcount)

    async def retire(self, incident: int, at: datetime, *, actions: Sequence[str], but: Collection[str] = ()) -> None:
        """Use up the keyboards about an incident whose first button is one of these: a later reminder replaces the earlier one's.

        ``but``: what a button carries of those that stay.
        """
        stay = {payload.partition(".")[0] for payload in but}
        if incident not in self._unused:
            await self.offers_ahead([incident])
        unused = self._unused[incident]
        gone = {token for token, action in unused if action in actions and token not in stay}
        for token in gone:
            self._connection.amend(keyboards, {"token": token}, {"used_at": at})
            self._keyboards.pop(token, None)
        self._unused[incident] = [(token, action) for token, action in unused if token not in gone]

    # --- drafts ------------------------------------------------------------------------------------------------------

    async def write(self, draft: Draft, at: datetime) -> Draft:
        """Keep a draft; its id is given here."""
        values = _draft_values(draft) | {"created_at": at}
        identifier = (await self._connection.execute(drafts.insert().values(values).returning(drafts.c.id))).scalar_one()
        return replace(draft, id=identifier)

    async def draft(self, identifier: int) -> Draft | None:
        row = (await self._connection.execute(select(drafts).where(drafts.c.id == identifier))).first()
        return _draft(row._mapping) if row else None

    async def draft_of(self, account: str, chat: str, message: str) -> Draft | None:
        """The draft that was made of this message and is not sent yet."""
        statement = select(drafts).where(
            drafts.c.account == account, drafts.c.chat == chat, drafts.c.message == message, drafts.c.state.in_(("open", "sending"))
        )
        row = (await self._connection.execute(statement.order_by(drafts.c.id.desc()).limit(1))).first()
        return _draft(row._mapping) if row else None

    async def rewrite(self, draft: Draft, *, was: str) -> bool:
        """Change a draft that is still in the state ``was``. Returns False when it is not."""
        statement = update(drafts).where(drafts.c.id == draft.id, drafts.c.state == was)
        return bool((await self._connection.execute(statement.values(_draft_values(draft)))).rowcount)

    async def drafts_of(self, incident: int, *states: str) -> Sequence[Draft]:
        """The drafts about an incident in these states."""
        statement = select(drafts).where(drafts.c.incident_id == incident, drafts.c.state.in_(states)).order_by(drafts.c.id)
        return [_draft(row._mapping) for row in await self._connection.execute(statement)]


def _draft_values(draft: Draft) -> dict[str, Any]:
    return {
        "incident_id": draft.incident,
        "person_id": draft.person,
        "account": draft.address.account,
        "chat": draft.address.chat,
        "thread": draft.address.thread,
        "user_id": draft.user_id,
        "message": draft.message,
        "text": draft.text,
        "files": files_to_json(draft.files),
        "kind": draft.kind,
        "date": draft.date,
        "preview": draft.preview,
        "state": draft.state,
    }


def _draft(row: Mapping[Any, Any]) -> Draft:
    return Draft(
        id=row["id"],
        incident=row["incident_id"],
        person=row["person_id"],
        address=Address(row["account"], row["chat"], row["thread"]),
        files=files_from_json(row["files"]),
        **{name: row[name] for name in ("user_id", "message", "text", "kind", "date", "preview", "state")},
    )
