"""The door out: an outbox row becomes one platform call, paced within the account's limits, and what came of it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum

import structlog

from bots.channel import (
    Channel,
    Clock,
    Moved,
    OpenThread,
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
from storage.outbox import FAILED, SENT, UNCERTAIN, Post, Purpose, Row
from storage.store import Store, Tx

log = structlog.get_logger(__name__)

IDLE = 30.0
"""Seconds after which the loop looks by itself, should a hint have been missed."""
TRIES = 200
"""A call that always asks to be tried later is given up after so many: about a day."""
LONGEST_PAUSE = 600.0
"""Seconds between two tries at most."""
STALE_WHISPER = timedelta(seconds=20)
"""A whisper answers a press; later than this the platform takes it no more."""


class Doubt(StrEnum):
    """What to do with a call that may have arrived and may not."""

    AGAIN = "again"
    """Make it once more: the platform drops the repeat, or a repeat hurts nobody."""
    ASK = "ask"
    """Only a person may decide: the author is asked."""
    LEAVE = "leave"
    """Leave it: the next one makes it right."""


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

    def __init__(self, store: Store, channel: Channel, clock: Clock, *, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._channel = channel
        self._clock = clock
        self._monotonic = monotonic
        self._pace = Pace(channel.limits)
        self._something = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
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
        await self._take_up()
        while not self._stopping:
            self._something.clear()
            try:
                pause = await self.step()
            except Exception:  # the database is away: the rows are still there
                log.exception("delivery_stopped_for_a_moment", account=self._channel.account)
                pause = 1.0
            if pause and not self._stopping:
                await _wait(self._something, pause)
        if self._running:
            await asyncio.wait(self._running)

    async def step(self) -> float:
        """Begin every call that may begin now. Returns seconds until it is worth looking again; 0: at once."""
        now, clock = self._monotonic(), self._clock()
        free = self._pace.free_slots(now)
        claimed, rows = 0, []
        if free:
            async with self._store.transaction() as tx:
                taken = await tx.outbox.claim(self._channel.account, clock, list(self._pace.busy_chats(now)), free)
                claimed = len(taken)
                rows = [row for row in taken if not await self._settled_without_call(tx, row)]
                due = await tx.outbox.next_due(self._channel.account, clock)
        else:
            due = None
        for row in rows:
            self._pace.take()
            task = asyncio.create_task(self._send(row))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if claimed:
            return 0.0
        waits = [IDLE, self._pace.next_free(now) - now] + ([(due - clock).total_seconds()] if due else [])
        return max(min(waits), 0.005)

    async def finish(self) -> None:
        """Wait for the calls that have begun."""
        while self._running:
            await asyncio.wait(self._running)

    async def _take_up(self) -> None:
        """What was being sent when the last process ended may have arrived."""
        async with self._store.transaction() as tx:
            for row in await tx.outbox.interrupted(self._channel.account):
                await self._doubtful(tx, row, "the program ended while it was being sent")
        self.settled()

    # --- before the call ---------------------------------------------------------------------------------------------

    async def _settled_without_call(self, tx: Tx, row: Row) -> bool:
        """Whether a claimed row needs no call, or another call first. Says what becomes of it."""
        if row.target_missing:
            # The message it would change never came to be; a later card or receipt says it all.
            await tx.outbox.drop(row.id, "the message to change was never sent")
            return True
        if not row.needs_thread:
            return False
        chat = await tx.chats.get(row.to.account, row.to.chat)
        if isinstance(row.out, RenameThread) or chat is None or not chat.has_topics:
            if isinstance(row.out, RenameThread):
                await tx.outbox.drop(row.id, "there is no topic")
                return True
            return False
        await self._open_topic(tx, row)
        return True

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
        try:
            messages = await self._channel.send(row.to, row.out, row.key)
        except Undelivered as problem:
            self._ended(row, problem)
            await self._write(row, problem)
        except Exception as problem:
            # A bug of ours in a channel: the call may have been made.
            log.exception("send_broke", account=row.to.account, row=row.id)
            self._ended(row, None)
            await self._write(row, Unknown(type(problem).__name__))
        else:
            self._ended(row, None)
            await self._write(row, messages)
        self.hint()

    def _ended(self, row: Row, problem: Undelivered | None) -> None:
        """Tell the pace that the call is over."""
        now = self._monotonic()
        counts = isinstance(row.out, Reply) and not row.out.whisper_to
        group = self._channel.is_group(row.to.chat)
        self._pace.finished(now, row.to.chat, group=group, counts=counts)
        if isinstance(problem, TryLater):
            if problem.whole_account:
                self._pace.pause(now + problem.after)
            else:
                self._pace.hold(row.to.chat, now + problem.after)

    async def _write(self, row: Row, result: tuple[str, ...] | Undelivered) -> None:
        """Write down what came of a call. The database may be away: then again, for the platform will not tell twice."""
        pause = 0.1
        while True:
            try:
                async with self._store.transaction() as tx:
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
        now = self._clock()
        match result:
            case tuple():
                await tx.outbox.mark_sent(row, result, now)
                if isinstance(row.out, OpenThread) and result:
                    await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, result[0])
                await self._outcome(tx, row, SENT, "")
            case TryLater():
                await self._later(tx, row, str(result), result.after)
            case Moved():
                await tx.chats.move(row.to.account, row.to.chat, result.to)
                await tx.outbox.redirect(row, result.to)
            case ThreadGone():
                await self._thread_gone(tx, row)
            case Unknown():
                await self._doubtful(tx, row, str(result))
            case Unreachable() | Refused():
                await self._failed(tx, row, result)
            case _:
                await self._doubtful(tx, row, str(result))

    async def _later(self, tx: Tx, row: Row, error: str, after: float) -> None:
        now = self._clock()
        if isinstance(row.out, Reply) and row.out.whisper_to and await tx.outbox.age(row.id, now) > STALE_WHISPER:
            await tx.outbox.drop(row.id, "too late for a whisper")
        elif row.attempts >= TRIES:
            await self._failed(tx, row, Refused(error))
        else:
            pause = max(after, min(0.5 * 2 ** min(row.attempts, 12), LONGEST_PAUSE) if row.attempts > 3 else after)
            await tx.outbox.postpone(row, error, now + timedelta(seconds=pause))

    async def _thread_gone(self, tx: Tx, row: Row) -> None:
        """The topic was deleted, or topics were switched off: the same row goes again, into a new topic or the plain chat."""
        if isinstance(row.out, OpenThread):
            await tx.chats.lost_topics(row.to.account, row.to.chat)
            await tx.outbox.drop(row.id, "no topics here")
        elif isinstance(row.out, RenameThread):
            await tx.outbox.drop(row.id, "the topic is gone")
        else:
            await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, "")
            await tx.outbox.postpone(row, "the topic was gone", self._clock())

    async def _failed(self, tx: Tx, row: Row, problem: Undelivered) -> None:
        if isinstance(row.out, OpenThread):
            # No right to make topics: the incident is talked about by replies to its card.
            await tx.chats.lost_topics(row.to.account, row.to.chat)
            await tx.outbox.drop(row.id, f"no topic: {problem}")
            return
        log.warning(
            "not_delivered", account=row.to.account, row=row.id, purpose=row.purpose, why=type(problem).__name__, error=str(problem)
        )
        await tx.outbox.fail(row, f"{type(problem).__name__}: {problem}")
        if isinstance(problem, Unreachable) and not self._channel.is_group(row.to.chat):
            await tx.people.set_blocked(row.to.account, row.to.chat, blocked=True)
        await self._outcome(tx, row, FAILED, type(problem).__name__)

    async def _doubtful(self, tx: Tx, row: Row, error: str) -> None:
        """It may have arrived. ``DOUBTS`` says what that means."""
        doubt = DOUBTS[row.purpose]
        if isinstance(row.out, OpenThread | RenameThread) or (isinstance(row.out, Reply) and row.out.instead_of):
            doubt = Doubt.AGAIN  # an edit twice is an edit; a topic too many is better than a card lost
        if isinstance(row.out, Reply) and row.out.whisper_to:
            doubt = Doubt.LEAVE
        if (self._channel.limits.drops_repeats and doubt is not Doubt.LEAVE) or (doubt is Doubt.AGAIN and row.attempts < 2):
            await self._later(tx, row, error, 1.0)
        elif doubt is Doubt.LEAVE:
            await tx.outbox.drop(row.id, error)
        else:
            await tx.outbox.uncertain(row, error)
            await self._outcome(tx, row, UNCERTAIN, error)

    async def _outcome(self, tx: Tx, row: Row, state: str, error: str) -> None:
        """The author of an answer is told how it went: by the same door everything comes in by."""
        if row.draft:
            raw = {"kind": "outcome", "row": row.id, "draft": row.draft, "state": state, "error": error}
            await tx.inbox.later(f"outcome/{row.id}/{row.attempts}/{state}", raw, lane=f"draft/{row.draft}", at=self._clock())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until there may be something to do, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
