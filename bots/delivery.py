"""The door out: an outbox row becomes one platform call, paced within the account's limits, and what came of it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import structlog

from bots.channel import (
    Channel,
    Clock,
    File,
    FileLost,
    Moved,
    OpenThread,
    Outgoing,
    Refused,
    RenameThread,
    Reply,
    ThreadGone,
    TryLater,
    Undelivered,
    Unknown,
    Unreachable,
)
from bots.pace import Pace
from storage.crash import crash_point
from storage.outbox import FAILED, SENT, UNCERTAIN, Post, Purpose, Row
from storage.store import Store, Tx

log = structlog.get_logger(__name__)

IDLE = 30.0
"""Seconds after which the loop looks by itself, should a hint have been missed."""
TRIES = 2000
"""A call that always asks to be tried later is given up after so many: more than a day."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries at most: as late as that a message may be when its platform comes back."""
FIRST_RETRY = 0.1
"""Seconds until an outcome is written down again after the database failed; twice as long each time."""
STALE_WHISPER = timedelta(seconds=20)
"""A whisper answers a press; later than this the platform takes it no more."""
REPEATS_KNOWN = timedelta(minutes=50)
"""How old a message may be for its repeat to be dropped for sure: VK remembers a ``random_id`` for an hour (docs/channels.md)."""


class Doubt(StrEnum):
    """What to do with a call that may have arrived and may not."""

    AGAIN = "again"
    """Make it once more: a repeat hurts nobody. As often as it takes where it leaves no second message."""
    ASK = "ask"
    """Only a person may decide: it is uncertain, and the author of an answer is asked."""
    LEAVE = "leave"
    """Leave it: it is of no use later."""


DOUBTS: Mapping[Purpose, Doubt] = {
    Purpose.ANSWER: Doubt.ASK,
    Purpose.RECEIPT: Doubt.AGAIN,
    Purpose.CARD: Doubt.AGAIN,
    Purpose.REMINDER: Doubt.AGAIN,
    Purpose.NOTICE: Doubt.AGAIN,
}
"""What an uncertain delivery means, by what the message was for. A platform that drops repeats is always asked again."""


class Delivery:
    """Sends the outbox of one account. Two accounts never wait for each other."""

    def __init__(self, store: Store, channel: Channel, clock: Clock, *, monotonic: Callable[[], float], paced: bool = True) -> None:
        limits = channel.limits if paced else replace(channel.limits, per_chat=0.0, per_group_minute=0)
        self._store = store
        self._channel = channel
        self._clock = clock
        self._monotonic = monotonic
        self._pace = Pace(limits)
        self._something = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._at_work: set[int] = set()
        """Rows whose call is under way, or whose outcome is being written down."""
        self.settled: Callable[[], None] = lambda: None
        """Called when something was put into the inbox: how a message to a citizen went."""

    def hint(self) -> None:
        """There may be something to send."""
        self._something.set()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping = True
        self._something.set()

    async def run(self) -> None:
        """Send until ``stop``, then wait for the calls that have begun."""
        first, taken_up = True, False
        while not self._stopping:
            self._something.clear()
            try:
                if not taken_up:
                    await self._take_up(first=first)
                    first, taken_up = False, True
                pause = await self.step()
            except Exception:  # the database is away: the rows are still there
                log.exception("delivery_stopped_for_a_moment", account=self._channel.account)
                taken_up, pause = False, 1.0
            if pause and not self._stopping:
                await _wait(self._something, pause)
        await self.finish()

    async def step(self) -> float:
        """Begin every call that may begin now. Returns seconds until it is worth looking again; 0: at once."""
        now, clock = self._monotonic(), self._clock()
        free = self._pace.free_slots(now)
        if not free:
            return max(min(IDLE, self._pace.next_free(now) - now), 0.005)
        async with self._store.transaction("claim") as tx:
            claimed = await tx.outbox.claim(self._channel.account, clock, list(self._pace.busy_chats(now)), free)
            rows = [ready for row in claimed if (ready := await self._ready(tx, row))]
            due = await tx.outbox.next_due(self._channel.account, clock)
        for row in rows:
            self._begin(row)
        if claimed:
            return 0.0
        waits = [IDLE, self._pace.next_free(now) - now] + ([(due - clock).total_seconds()] if due else [])
        return max(min(waits), 0.005)

    def _begin(self, row: Row) -> None:
        self._pace.take()
        self._at_work.add(row.id)
        task = asyncio.create_task(self._send(row))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the calls that have begun."""
        while self._running:
            await asyncio.wait(self._running)

    async def _take_up(self, *, first: bool) -> None:
        """What was being sent when the last process ended may have arrived. What this one took without learning it was never begun."""
        async with self._store.transaction("take_up") as tx:
            for row in await tx.outbox.interrupted(self._channel.account):
                if first:
                    await self._doubtful(tx, row, "the program ended while it was being sent")
                elif row.id not in self._at_work:
                    await tx.outbox.postpone(row, "the database went away when it was taken", self._clock())
        self.settled()

    # --- before the call ---------------------------------------------------------------------------------------------

    async def _ready(self, tx: Tx, row: Row) -> Row | None:
        """The row as it is to be sent; None when it needs no call, or another call first: then what becomes of it is written down."""
        age = await tx.outbox.age(row.id, self._clock()) if row.doubted or _is_whisper(row) else timedelta(0)
        if _is_whisper(row) and age > STALE_WHISPER:
            await tx.outbox.drop(row.id, "too late for a whisper")
        elif row.doubted and DOUBTS[row.purpose] is Doubt.ASK and age > REPEATS_KNOWN:
            await self._ask(tx, row, "it may have arrived")
        elif row.target_missing:
            # The message it would change never came to be; a later card or receipt says it all.
            await tx.outbox.drop(row.id, "the message to change was never sent")
        elif row.topic_of:
            return await self._ready_in_topic(tx, row)
        else:
            return row
        return None

    async def _ready_in_topic(self, tx: Tx, row: Row) -> Row | None:
        """The same for what belongs into an incident's topic: where there is none, it is made, or else the card is replied to."""
        thread = await tx.chats.thread(row.topic_of, row.to.account, row.to.chat)
        if row.instead_of_row and row.purpose is Purpose.CARD and thread and thread.card != row.instead_of_row:
            await tx.outbox.drop(row.id, "the card was posted anew")
            return None
        if not row.needs_thread:
            return row
        if isinstance(row.out, RenameThread):
            await tx.outbox.drop(row.id, "there is no topic")
            return None
        chat = await tx.chats.get(row.to.account, row.to.chat)
        if chat and chat.has_topics:
            await self._open_topic(tx, row)
            return None
        card = await tx.outbox.message_of(thread.card) if thread and thread.card != row.id else ""
        if isinstance(row.out, Reply) and not row.out.instead_of and card:
            return replace(row, out=replace(row.out, answer_to=row.out.answer_to or card))
        return row

    async def _open_topic(self, tx: Tx, row: Row) -> None:
        """The row belongs into a topic that is not there (any more): make it first, and put the card into it again."""
        thread = await tx.chats.thread(row.topic_of, row.to.account, row.to.chat)
        title = thread.title if thread and thread.title else str(row.topic_of)
        post = Post(to=row.to, out=OpenThread(title), purpose=Purpose.CARD, incident=row.incident, topic_of=row.topic_of)
        await tx.outbox.put(post, self._clock(), before_row=row.id)
        if thread and thread.card and thread.card != row.id and await tx.outbox.state(thread.card) == SENT:
            await self._card_again(tx, row, thread.card)
        await tx.outbox.postpone(row, "its topic is made first", self._clock())

    async def _card_again(self, tx: Tx, row: Row, card: int) -> None:
        """The card went away with its topic: post it again, as it stood last."""
        last = await tx.outbox.last_version(card)
        if last is not None and isinstance(last.out, Reply):
            out = Reply(text=last.out.text, keyboard=last.out.keyboard, files=last.out.files)
            post = Post(to=row.to, out=out, purpose=Purpose.CARD, incident=row.incident, topic_of=row.topic_of)
            again = await tx.outbox.put(post, self._clock(), before_row=row.id)
            await tx.chats.new_card(row.topic_of, row.to.account, row.to.chat, again)

    # --- the call and what came of it --------------------------------------------------------------------------------

    async def _send(self, row: Row) -> None:
        result: tuple[str, ...] | Undelivered
        crash_point("delivery", "before_send")
        try:
            result = await self._channel.send(row.to, row.out, row.key)
        except Undelivered as problem:
            result = problem
        except Exception as problem:
            # A bug of ours in a channel: the call may have been made.
            log.exception("send_broke", account=row.to.account, row=row.id)
            result = Unknown(type(problem).__name__)
        crash_point("delivery", "sent")
        self._ended(row, result)
        try:
            await self._write(row, result)
        finally:
            self._at_work.discard(row.id)
        self.hint()

    def _ended(self, row: Row, result: tuple[str, ...] | Undelivered) -> None:
        """Tell the pace that the call is over."""
        now = self._monotonic()
        counts = isinstance(row.out, Reply) and not _is_whisper(row)
        group = self._channel.is_group(row.to.chat)
        self._pace.finished(now, row.to.chat, group=group, counts=counts)
        if isinstance(result, TryLater):
            if result.whole_account:
                self._pace.pause(now + result.after)
            else:
                self._pace.hold(row.to.chat, now + result.after)

    async def _write(self, row: Row, result: tuple[str, ...] | Undelivered) -> None:
        """Write down what came of a call. The database may be away: then again, for the platform will not tell twice."""
        pause = FIRST_RETRY
        while True:
            try:
                async with self._store.transaction("outcome") as tx:
                    await self._came_of(tx, row, result)
                break
            except Exception:
                log.exception("outcome_not_written", account=row.to.account, row=row.id)
                if self._stopping:
                    return  # the row stays «sending» and is taken up as uncertain
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
        self.settled()

    async def _came_of(self, tx: Tx, row: Row, result: tuple[str, ...] | Undelivered) -> None:
        match result:
            case tuple():
                await tx.outbox.mark_sent(row, result, self._clock())
                if isinstance(row.out, OpenThread) and result:
                    await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, result[0])
                await self._outcome(tx, row, SENT, "")
            case TryLater():
                await self._later(tx, row, str(result), result.after)
            case Moved() if result.to != row.to.chat:
                await tx.chats.move(row.to.account, row.to.chat, result.to)
                await tx.outbox.redirect(row, result.to)
            case ThreadGone():
                await self._thread_gone(tx, row, result)
            case Unreachable() | Refused() | Moved():
                await self._failed(tx, row, result)
            case _:
                await self._doubtful(tx, row, str(result))

    async def _later(self, tx: Tx, row: Row, error: str, after: float, *, doubted: bool = False) -> None:
        if row.attempts < TRIES:
            pause = max(after, min(0.5 * 2 ** min(row.attempts, 12), LONGEST_PAUSE) if row.attempts > 3 else after)
            await tx.outbox.postpone(row, error, self._clock() + timedelta(seconds=pause), doubted=doubted)
        elif row.doubted or doubted:
            await self._ask(tx, row, error)
        else:
            await self._failed(tx, row, Refused(error))

    async def _thread_gone(self, tx: Tx, row: Row, problem: ThreadGone) -> None:
        """The topic was deleted, or topics were switched off: the same row goes again, into a new topic or the plain chat."""
        if isinstance(row.out, OpenThread) or not row.to.thread:
            await self._failed(tx, row, problem)
        elif isinstance(row.out, RenameThread):
            await tx.outbox.drop(row.id, "the topic is gone")
        elif row.topic_of:
            await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, "")
            await tx.outbox.postpone(row, "the topic was gone", self._clock())
        else:
            await tx.outbox.leave_thread(row, "the topic was gone")

    async def _failed(self, tx: Tx, row: Row, problem: Undelivered) -> None:
        error = f"{type(problem).__name__}: {problem}"
        if isinstance(row.out, OpenThread):
            # No right to make topics: the incident is talked about by replies to its card.
            await tx.chats.lost_topics(row.to.account, row.to.chat)
            await tx.outbox.drop(row.id, f"no topic: {problem}")
            return
        if _is_whisper(row):
            await tx.outbox.drop(row.id, error)  # it answered a press, and that is over
            return
        log.warning("not_delivered", account=row.to.account, row=row.id, purpose=row.purpose, error=error)
        if (left := _without(row.out, problem)) is not None:
            await tx.outbox.leave_files(row, left, error)
            return
        await tx.outbox.fail(row, error)
        if isinstance(problem, Unreachable) and not self._channel.is_group(row.to.chat):
            await tx.people.set_blocked(row.to.account, row.to.chat, blocked=True)
        await self._outcome(tx, row, FAILED, type(problem).__name__)

    async def _doubtful(self, tx: Tx, row: Row, error: str) -> None:
        """It may have arrived. ``DOUBTS`` says what that means."""
        match self._doubt(row):
            case Doubt.AGAIN:
                await self._later(tx, row, error, 1.0, doubted=True)
            case Doubt.LEAVE:
                await tx.outbox.drop(row.id, error)
            case Doubt.ASK:
                await self._ask(tx, row, error)

    def _doubt(self, row: Row) -> Doubt:
        if _is_whisper(row):
            return Doubt.LEAVE
        if not isinstance(row.out, Reply) or row.out.instead_of:
            return Doubt.AGAIN  # an edit twice is an edit; a topic too many is better than a card lost
        if self._channel.limits.drops_repeats:
            return Doubt.AGAIN
        return Doubt.ASK if row.doubted else DOUBTS[row.purpose]

    async def _ask(self, tx: Tx, row: Row, error: str) -> None:
        await tx.outbox.uncertain(row, error)
        await self._outcome(tx, row, UNCERTAIN, error)

    async def _outcome(self, tx: Tx, row: Row, state: str, error: str) -> None:
        """The author of an answer is told how it went: by the same door everything comes in by."""
        if row.draft:
            raw = {"kind": "outcome", "row": row.id, "draft": row.draft, "state": state, "error": error}
            await tx.inbox.later(f"outcome/{row.id}/{row.attempts}/{state}", raw, lane=f"draft/{row.draft}", at=self._clock())


def _without(out: Outgoing, problem: Undelivered) -> tuple[File, ...] | None:
    """The files with which the same message may still go; None when it may not. Nobody's words are lost with a file that cannot be had."""
    if not isinstance(problem, Refused) or not isinstance(out, Reply) or not out.files:
        return None
    left = tuple(file for file in out.files if isinstance(problem, FileLost) and file != problem.file)
    left = left if len(left) < len(out.files) else ()
    return left if left or out.text else None


def _is_whisper(row: Row) -> bool:
    return isinstance(row.out, Reply) and bool(row.out.whisper_to)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until there may be something to do, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
