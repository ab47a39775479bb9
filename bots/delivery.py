"""The door out: an outbox row becomes one platform call, paced within the account's limits, and what came of it is written down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

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
    TooOld,
    TryLater,
    Undelivered,
    Unknown,
    Unreachable,
)
from bots.outcomes import Came, Kind, Then, is_missed, kind_of, then
from bots.pace import Pace
from storage.crash import crash_point
from storage.inbox import FIRST
from storage.leases import Lease, LeaseLost
from storage.posts import FAILED, QUEUED, SENT, UNCERTAIN, Post, Purpose, Row
from storage.store import Store, Tx

log = structlog.get_logger(__name__)

IDLE = 30.0
"""Seconds after which the loop looks by itself, should a hint have been missed."""
GIVE_UP = timedelta(hours=36)
"""A message older than this is given up while its platform still says «later»: a messenger may be away for a day, and come back."""
TRIES = 20
"""But not before it was tried so often: ten minutes at least."""
LATE = timedelta(minutes=5)
"""An answer that could not go for so long: its author is told that it waits."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries at most: as late as that a message may be when its platform comes back."""
FIRST_RETRY = 0.1
"""Seconds until an outcome is written down again after the database failed; twice as long each time."""
STALE_WHISPER = timedelta(seconds=20)
"""A whisper answers a press; later than this the platform takes it no more."""
REPEATS_KNOWN = timedelta(minutes=50)
"""How long after a call its repeat is dropped for sure: VK remembers a ``random_id`` for an hour (docs/channels.md)."""

TOPIC_TRIES = 20
"""After so many tries of one message no topic is made for it any more: it goes into the chat, whatever becomes of its topics."""
LONGEST_AHEAD = 0.5
"""Seconds: a row that was taken and not sent yet is in doubt when the program is killed."""

Result: TypeAlias = tuple[str, ...] | Undelivered
"""What came of a call: the ids of the messages that appeared, or why there are none."""


_COUNTED = frozenset(Kind) - {Kind.WHISPER, Kind.TOPIC, Kind.TITLE}
"""What a chat's own limits count."""


class Delivery:
    """Sends the outbox of one account. Two accounts never wait for each other."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        clock: Clock,
        *,
        monotonic: Callable[[], float],
        paced: bool = True,
        lease: Lease | None = None,
    ) -> None:
        """``lease``: what says that no other process sends for this account; None where there is no other (SQLite)."""
        limits = channel.limits if paced else replace(channel.limits, per_chat=0.0, per_group_minute=0)
        self._store = store
        self._channel = channel
        self._clock = clock
        self._monotonic = monotonic
        self._lease = lease
        self._pace = Pace(limits)
        self._something = asyncio.Event()
        self._stopping = False
        self._turn = ""
        """The chat whose turn was last."""
        self._ahead = 0.0
        """Seconds that a look at the outbox takes: so long before its slot is free the row of a call is taken."""
        self._running: set[asyncio.Task[None]] = set()
        self._at_work: set[int] = set()
        """Rows whose call is under way, or whose outcome is not written down yet."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """(account, what came of a call) → how often. For /metrics."""
        self._came: list[tuple[Row, Result]] = []
        """What came of calls, to be written down with the next look at the outbox."""
        self._odd: list[tuple[Row, Result]] = []
        """The same that could not be written: one by one, for one of them may be what is wrong. Their chats wait."""
        self._odd_at = 0.0
        self._news = False
        """Whether something was put into the inbox since somebody was told so."""
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
                _, pause = await self._look()
            except LeaseLost:  # this process was held up for longer than its lease; whether it goes on is decided elsewhere
                log.warning("delivery_without_lease", account=self._channel.account)
                taken_up, pause = False, 1.0
            except Exception:  # the database is away: the rows are still there
                log.exception("delivery_stopped_for_a_moment", account=self._channel.account)
                taken_up, pause = False, 1.0
            if pause and not self._stopping:
                await _wait(self._something, pause)
        await self.finish()

    async def abandon(self) -> None:
        """Another process sends now, or may soon: break off every call and write nothing, so that it finds what a killed process leaves."""
        self.stop()
        calls = list(self._running)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        self._came, self._odd = [], []

    async def _fence(self, tx: Tx, *, to_begin: bool = False) -> None:
        """Until this transaction ends no other process becomes the sender of this account. Raises LeaseLost when one may have."""
        if self._lease:
            await tx.leases.check(self._lease, to_begin=to_begin)

    async def step(self) -> float:
        """Begin every call that may begin now. Returns seconds until it is worth looking again; 0: at once, for something was taken."""
        taken, pause = await self._look()
        return 0.0 if taken else pause

    async def _look(self) -> tuple[bool, float]:
        """Write down what came of calls and begin every call that may begin now, in one transaction.

        Returns whether something was taken, and seconds until it is worth looking again, should no call end and nobody give a hint before.
        """
        now, clock = self._monotonic(), self._clock()
        if self._odd and now >= self._odd_at and not await self._write_odd():
            self._odd_at = now + 1.0
        horizon = now + self._ahead
        free = self._pace.free_slots(horizon)
        came, self._came = self._came, []
        if not free and not came:
            return False, max(min(IDLE, self._pace.next_free(horizon) - horizon), 0.005)
        claimed: Sequence[Row] = ()
        try:
            async with self._store.transaction("outcome" if came else "claim") as tx:
                await self._fence(tx, to_begin=bool(free))
                await self._write(tx, came)
                if free:
                    claimed = await tx.outbox.claim(self._channel.account, clock, self._resting(horizon), free, after=self._turn)
                rows = [ready for row in claimed if (ready := await self._ready(tx, row))]
                due = await tx.outbox.next_due(self._channel.account, clock)
        except BaseException:
            self._odd += came
            raise
        self._written(came)
        self._ahead = min(max(1.5 * (self._monotonic() - now), 0.95 * self._ahead), LONGEST_AHEAD)
        for row in rows:
            self._begin(row, horizon)
        if claimed:
            self._turn = next((row.to.chat for row in reversed(claimed) if row.in_turn), self._turn)
            if len(claimed) == free or len(rows) < len(claimed):  # there may be more to take
                return True, 0.0
        waits = [1.0 if self._odd else IDLE, self._pace.next_free(horizon) - horizon] + ([(due - clock).total_seconds()] if due else [])
        return bool(claimed), max(min(waits), 0.005)

    def _resting(self, now: float) -> list[str]:
        """Chats that are not written to now: by the platform's limits, or because it is not written down what came of their last call."""
        return list({*self._pace.busy_chats(now), *(row.to.chat for row, _ in self._odd)})

    def _begin(self, row: Row, horizon: float) -> None:
        self._at_work.add(row.id)
        begins = self._pace.take(self._monotonic(), "" if _kind(row) is Kind.WHISPER else row.to.chat, horizon=horizon)
        task = asyncio.create_task(self._send(row, begins))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the calls that have begun, and write down what came of them."""
        while self._running:
            await asyncio.wait(self._running)
        self._odd, self._came = [*self._odd, *self._came], []
        pause = FIRST_RETRY
        while not await self._write_odd():
            if self._stopping:
                return  # the rows stay «sending» and are taken up as interrupted
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _take_up(self, *, first: bool) -> None:
        """What was being sent when the last process ended may have arrived. What this one took without learning it was never begun."""
        async with self._store.transaction("take_up") as tx:
            await self._fence(tx, to_begin=True)
            for row in await tx.outbox.interrupted(self._channel.account):
                if first:
                    await self._as_the_table_says(tx, row, Came.INTERRUPTED, "the program ended while it was being sent")
                elif row.id not in self._at_work:
                    await tx.outbox.postpone(row, "the database went away when it was taken", self._clock())
        self._written([])

    # --- before the call ---------------------------------------------------------------------------------------------

    async def _ready(self, tx: Tx, row: Row) -> Row | None:
        """The row as it is to be sent; None when it needs no call, or another call first: then what becomes of it is written down."""
        kind = _kind(row)
        if kind is Kind.WHISPER and self._clock() - row.created_at > STALE_WHISPER:
            await tx.outbox.drop(row.id, "too late for a whisper")
        elif row.doubted and then(kind, Came.UNKNOWN, drops_repeats=self._drops_repeats(row)) is Then.ASK:
            await self._ask(tx, row, "it may have arrived")
        elif row.target_missing and row.purpose is not Purpose.NOTICE:
            # The message it would change never came to be; a later card or receipt says it all. What is said to one person (the
            # preview of an answer whose question is in doubt) is said nowhere else: it goes as a message, instead of the first one.
            await tx.outbox.drop(row.id, "the message to change was never sent")
        elif self._is_too_old(row):
            await self._as_the_table_says(tx, row, Came.TOO_OLD, "by the platform's limits")
        elif row.topic_of:
            return await self._ready_in_topic(tx, row)
        else:
            return row
        return None

    def _is_too_old(self, row: Row) -> bool:
        """Whether the platform surely changes its message no more: no call is made that must fail."""
        hours = self._channel.limits.edit_hours
        return bool(hours and row.target_at and self._age(row.target_at) >= timedelta(hours=hours))

    async def _ready_in_topic(self, tx: Tx, row: Row) -> Row | None:
        """The same for what belongs into an incident's topic: where there is none it is made, or else the row goes into the chat itself.

        For what went to somebody else (``retired``) neither topic nor card are made anew; that it went is still said.
        """
        thread = await tx.chats.thread(row.topic_of, row.to.account, row.to.chat)
        retired = thread is not None and thread.retired
        if row.instead_of_row and row.purpose is Purpose.CARD and thread and thread.card != row.instead_of_row:
            await tx.outbox.drop(row.id, "the card was posted anew")
        elif retired and row.purpose is Purpose.CARD and (row.needs_thread or isinstance(row.out, OpenThread)):
            await tx.outbox.drop(row.id, "it is somebody else's, and its topic is gone")
        elif not row.needs_thread:
            return row
        elif isinstance(row.out, RenameThread):
            await tx.outbox.drop(row.id, "there is no topic")
        elif not retired and row.attempts < TOPIC_TRIES and (chat := await tx.chats.get(row.to.account, row.to.chat)) and chat.has_topics:
            await self._open_topic(tx, row)
        else:
            return await self._beside_the_card(tx, row, 0 if retired or thread is None else thread.card)
        return None

    async def _beside_the_card(self, tx: Tx, row: Row, card: int) -> Row:
        """It goes into the chat itself, as a reply to the incident's card when that stands there."""
        message = await tx.outbox.message_of(card) if card not in (0, row.id) else ""
        plain = replace(row, to=replace(row.to, thread=""))
        if not message or not isinstance(row.out, Reply) or row.out.instead_of:
            return plain
        return replace(plain, out=replace(row.out, answer_to=row.out.answer_to or message))

    async def _open_topic(self, tx: Tx, row: Row) -> None:
        """The row belongs into a topic that is not there (any more): make it first, and put the card into it again."""
        thread = await tx.chats.thread(row.topic_of, row.to.account, row.to.chat)
        title = thread.title if thread and thread.title else str(row.topic_of)
        if thread and thread.card and thread.card != row.id and await tx.outbox.state(thread.card) == SENT:
            await self._card_again(tx, row, thread.card)
        post = Post(to=row.to, out=OpenThread(title), purpose=Purpose.CARD, incident=row.incident, topic_of=row.topic_of)
        await tx.outbox.put(post, self._clock(), before=row)
        await tx.outbox.postpone(row, "its topic is made first", self._clock())

    async def _card_again(self, tx: Tx, row: Row, card: int) -> None:
        """The card went away with its topic: post it again, as it stood last."""
        last = await tx.outbox.last_version(card)
        if last is not None and isinstance(last.out, Reply):
            out = Reply(text=last.out.text, keyboard=last.out.keyboard, files=last.out.files)
            post = Post(to=row.to, out=out, purpose=Purpose.CARD, incident=row.incident, topic_of=row.topic_of)
            again = await tx.outbox.put(post, self._clock(), before=row)
            await tx.chats.new_card(row.topic_of, row.to.account, row.to.chat, again)

    async def _anew(self, tx: Tx, row: Row, error: str) -> None:
        """The message it was to change stands as it stood: it goes as one of its own. A card is changed there from now on."""
        newest, thread = await tx.outbox.last_version(row.instead_of_row), None
        if row.purpose is Purpose.CARD:
            thread = await tx.chats.thread(row.incident, row.to.account, row.to.chat)
        is_card = thread is not None and thread.card == row.instead_of_row  # and not one that a list showed
        if newest is not None and newest.id != row.id:
            await tx.outbox.drop(row.id, "a newer edit goes instead")
        elif is_card and thread and thread.retired:
            await tx.outbox.drop(row.id, "it is somebody else's, and its card can be changed no more")
        elif isinstance(row.out, Reply):
            answered = 0 if row.purpose is Purpose.CARD else row.instead_of_row
            out = replace(row.out, instead_of="")
            post = Post(to=row.to, out=out, purpose=row.purpose, incident=row.incident, topic_of=row.topic_of, answer_to_row=answered)
            again = await tx.outbox.put(post, self._clock(), before=row)
            if is_card:
                await tx.chats.new_card(row.incident, row.to.account, row.to.chat, again)
            await tx.outbox.drop(row.id, f"posted anew as {again}: {error}")

    # --- the call and what came of it --------------------------------------------------------------------------------

    async def _until(self, row: Row, begins: float) -> TryLater | None:
        """Wait until its call may begin. Returns why it may not all the same: what was learnt since the row was taken."""
        while (pause := begins - self._monotonic()) > 0:  # noqa: ASYNC110 — it waits for an instant, and a timer may come early
            await asyncio.sleep(pause)
        if wait := self._pace.held(self._monotonic(), "" if _kind(row) is Kind.WHISPER else row.to.chat):
            return TryLater("the platform asked to wait", wait)
        if self._lease and not self._lease.is_good(self._monotonic()):
            return TryLater("it came too late to send it", 1.0)
        return TryLater("the program stops", 0.0) if self._stopping else None

    async def _send(self, row: Row, begins: float) -> None:
        result: Result
        if hindrance := await self._until(row, begins):
            self._pace.given_back()
            self._came.append((row, hindrance))
            self.hint()
            return
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
        self._came.append((row, result))
        self.hint()

    def _ended(self, row: Row, result: Result) -> None:
        """Count it, and tell the pace that the call is over."""
        self.outcomes[self._channel.account, "sent" if isinstance(result, tuple) else type(result).__name__.lower()] += 1
        now = self._monotonic()
        counts = _kind(row) in _COUNTED
        group = self._channel.is_group(row.to.chat)
        self._pace.finished(now, row.to.chat, group=group, counts=counts)
        if isinstance(result, TryLater):
            if result.whole_account:
                self._pace.pause(now + result.after)
            else:
                self._pace.hold(row.to.chat, now + result.after)

    async def _write_odd(self) -> bool:
        """Write down one by one what could not be written together. Returns whether nothing is left."""
        while self._odd:
            one = self._odd.pop(0)
            try:
                async with self._store.transaction("outcome") as tx:
                    await self._fence(tx)
                    await self._write(tx, [one])
            except BaseException as problem:
                self._odd.append(one)  # behind the others, lest it keeps them
                if not isinstance(problem, Exception):
                    raise
                log.exception("outcome_not_written", account=self._channel.account, row=one[0].id)
                return False
            self._written([one])
        return True

    async def _write(self, tx: Tx, came: Sequence[tuple[Row, Result]]) -> None:
        """Write down what came of calls."""
        await tx.outbox.mark_sent([(row, result) for row, result in came if isinstance(result, tuple)], self._clock())
        for row, result in came:
            await self._came_of(tx, row, result)

    def _written(self, came: Sequence[tuple[Row, Result]]) -> None:
        self._at_work -= {row.id for row, _ in came}
        if self._news:
            self._news = False
            self.settled()

    async def _came_of(self, tx: Tx, row: Row, result: Result) -> None:
        match result:
            case tuple():
                if isinstance(row.out, OpenThread) and result:
                    await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, result[0])
                await self._outcome(tx, row, SENT, "")
            case Moved() if result.to != row.to.chat:
                await tx.chats.move(row.to.account, row.to.chat, result.to)
                await tx.outbox.redirect(row, result.to)
            case ThreadGone():
                await self._thread_gone(tx, row, result)
            case Refused() if (left := _without(row.out, result)) is not None:
                await tx.outbox.leave_files(row, left, f"{type(result).__name__}: {result}")
            case _:
                await self._as_the_table_says(tx, row, _came(result), str(result), result)

    async def _as_the_table_says(self, tx: Tx, row: Row, came: Came, error: str, problem: Undelivered | None = None) -> None:
        """``bots.outcomes`` says what becomes of it."""
        missed = came is not Came.TOO_OLD or await _is_missed(tx, row)
        match then(_kind(row), came, doubted=row.doubted, drops_repeats=self._drops_repeats(row), missed=missed):
            case Then.AGAIN | Then.ONCE:
                after = problem.after if isinstance(problem, TryLater) else 1.0
                await self._later(tx, row, error, after, doubted=came in (Came.UNKNOWN, Came.INTERRUPTED))
            case Then.ASK:
                await self._ask(tx, row, error)
            case Then.ANEW:
                await self._anew(tx, row, error)
            case Then.DROP:
                await tx.outbox.drop(row.id, error)
            case Then.PLAIN:
                await tx.chats.lost_topics(row.to.account, row.to.chat)
                await tx.outbox.drop(row.id, f"no topic: {error}")
            case _:
                await self._failed(tx, row, came, error)

    def _drops_repeats(self, row: Row) -> bool:
        """Whether the platform still knows the key of the first call of this row that may have arrived."""
        return self._channel.limits.drops_repeats and self._age(row.tried_at) < REPEATS_KNOWN

    def _age(self, since: datetime) -> timedelta:
        return self._clock() - since

    async def _later(self, tx: Tx, row: Row, error: str, after: float, *, doubted: bool) -> None:
        age = self._age(row.created_at)
        if age < GIVE_UP or row.attempts < TRIES:
            pause = max(after, min(0.5 * 2 ** min(row.attempts, 12), LONGEST_PAUSE) if row.attempts > 3 else after)
            await tx.outbox.postpone(row, error, self._clock() + timedelta(seconds=pause), doubted=doubted)
            if age > LATE:
                await self._outcome(tx, row, QUEUED, "")
        elif row.doubted or doubted:
            await self._ask(tx, row, error)
        else:
            await self._failed(tx, row, Came.LATER, error)

    async def _thread_gone(self, tx: Tx, row: Row, problem: ThreadGone) -> None:
        """The topic was deleted, or topics were switched off: the same row goes again, into a new topic or the plain chat."""
        if isinstance(row.out, OpenThread) or not row.to.thread:
            await self._as_the_table_says(tx, row, Came.REFUSED, str(problem))
        elif isinstance(row.out, RenameThread):
            await tx.outbox.drop(row.id, "the topic is gone")
        elif row.topic_of:
            await tx.chats.opened(row.topic_of, row.to.account, row.to.chat, "")
            await tx.outbox.postpone(row, "the topic was gone", self._clock())
        else:
            await tx.outbox.leave_thread(row, "the topic was gone")

    async def _failed(self, tx: Tx, row: Row, came: Came, error: str) -> None:
        log.warning("not_delivered", account=row.to.account, row=row.id, purpose=row.purpose, came=came, error=error)
        await tx.outbox.fail(row, f"{came}: {error}")
        if came is Came.UNREACHABLE and not self._channel.is_group(row.to.chat):
            await tx.people.set_blocked(row.to.account, row.to.chat, blocked=True)
        await self._outcome(tx, row, FAILED, came)

    async def _ask(self, tx: Tx, row: Row, error: str) -> None:
        log.warning("perhaps_delivered", account=row.to.account, row=row.id, purpose=row.purpose, error=error)
        await tx.outbox.uncertain(row, error)
        await self._outcome(tx, row, UNCERTAIN, error)

    async def _outcome(self, tx: Tx, row: Row, state: str, error: str) -> None:
        """The author of an answer is told how it went, and somebody else if that does not reach them: by the door everything comes in by.

        That an answer waits (``QUEUED``) is told once.
        """
        if not row.draft or (row.purpose is not Purpose.ANSWER and state not in (FAILED, UNCERTAIN)):
            return
        raw = {"kind": "outcome" if row.purpose is Purpose.ANSWER else "unheard", "row": row.id, "draft": row.draft}
        key = f"outcome/{row.id}/{QUEUED if state == QUEUED else f'{row.attempts}/{state}'}"
        await tx.inbox.later(key, {**raw, "state": state, "error": error}, lane=FIRST, at=self._clock())
        self._news = True


def _without(out: Outgoing, problem: Undelivered) -> tuple[File, ...] | None:
    """The files with which the same message may still go; None when it may not. Nobody's words are lost with a file that cannot be had."""
    if not isinstance(problem, Refused) or not isinstance(out, Reply) or not out.files:
        return None
    left = tuple(file for file in out.files if isinstance(problem, FileLost) and file != problem.file)
    left = left if len(left) < len(out.files) else ()
    return left if left or out.text else None


def _kind(row: Row) -> Kind:
    return kind_of(row.out, row.purpose, changes=bool(row.instead_of_row) and not row.target_missing)


async def _is_missed(tx: Tx, row: Row) -> bool:
    stands = await tx.outbox.as_it_stands(row.instead_of_row)
    return isinstance(row.out, Reply) and is_missed(row.out, row.purpose, stands.out if stands else None)


def _came(problem: Undelivered) -> Came:
    match problem:
        case TryLater():
            return Came.LATER
        case Unreachable():
            return Came.UNREACHABLE
        case TooOld():
            return Came.TOO_OLD
        case Refused() | Moved():
            return Came.REFUSED
        case _:
            return Came.UNKNOWN


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until there may be something to do, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
