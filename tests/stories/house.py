"""A whole house without a wire: stories put people into it and read what they heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bots.channel import Address, Blocked, Edited, Event, File, FileKind, Joined, Left, Location, Pressed, Said, Scene, Sender, Unblocked
from bots.channel import Update as RawUpdate
from bots.delivery import Delivery
from bots.intake import ALBUM_PAUSE, Intake
from handlers import notices
from handlers.turn import Office
from incidents.incident import Role
from incidents.region import Region, parse
from scheduler import digests
from scheduler.deadlines import tick
from storage.incidents import Case
from storage.people import CHAT, PERSON
from storage.store import Store
from tests.fakes import TELEGRAM, VK, FakeChannel, FakeClock, Shown

ALTAI = parse((Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8"))

on_both = pytest.mark.parametrize("house_url", ["sqlite", "postgresql"], indirect=True)
"""For the stories, or whole files of them (``pytestmark``), that run on PostgreSQL too: about a second more for each."""


class House:
    """Everything between the wire and the disk, on a virtual clock."""

    def __init__(self, store: Store, region: Region = ALTAI, *, channel: type[FakeChannel] = FakeChannel) -> None:
        self.store = store
        self.region = region
        self.clock = FakeClock()
        self.channels = {account: channel(account, TELEGRAM if account.startswith("telegram") else VK) for account in region.account}
        self.mornings: digests.Diary | None = None
        """Digests come only to those stories that ask for them with a ``Diary()``: a night is long, and most are about something else."""
        self._monotonic = 0.0
        self._presses = 0
        self.office = Office(region, {}, {name: channel.limits for name, channel in self.channels.items()}, notices.after)
        self.intake = Intake(store, self.channels, lambda: self.office, self.clock)
        self.deliveries = [Delivery(store, channel, self.clock, monotonic=lambda: self._monotonic) for channel in self.channels.values()]

    async def open(self) -> None:
        """Make the accounts known, as the start of the real house does."""
        async with self.store.transaction() as tx:
            for name, channel in self.channels.items():
                who = await channel.identify()
                await tx.accounts.identified(name, name.partition("/")[0], who.id, who.title, who.link, who.start_link)
            accounts = await tx.accounts.all()
        self.office = Office(self.region, accounts, self.office.limits, notices.after)

    # --- time --------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Handle and send all that can be handled and sent at this instant."""
        for _ in range(500):
            handled = await self.intake.step()
            sent = False
            for delivery in self.deliveries:
                while await delivery.step() == 0.0:
                    sent = True
                    await delivery.finish()
            self._monotonic += 61.0  # the pace is not what stories are about
            if not handled and not sent and not await self._album_waits():
                return
        raise AssertionError("the house does not come to rest")

    async def _album_waits(self) -> bool:
        async with self.store.transaction() as tx:
            rows = await tx.inbox.waiting(self.clock())
            held = await tx.inbox.held_lanes(self.clock())
        if rows and all((row.account, row.lane) not in held for row in rows):
            self.clock.now += ALBUM_PAUSE
            return True
        return False

    async def later(self, **by: float) -> None:
        """Let time pass, stopping wherever something is due."""
        target = self.clock.now + timedelta(**by)
        while True:
            await self._tick()
            await self.settle()
            due = await self._next_due()
            if due is None or due > target:
                break
            self.clock.now = max(due, self.clock.now)
        self.clock.now = target
        await self._tick()
        await self.settle()

    async def sleeps(self, **by: float) -> None:
        """The machine is off for so long: nothing happens meanwhile."""
        self.clock.now += timedelta(**by)
        await self._tick()
        await self.settle()

    async def _tick(self) -> None:
        await tick(self.store, self.office, self.clock)
        if self.mornings is not None:
            while await digests.tick(self.store, self.office, self.clock, self.mornings) == digests.MOST:
                pass

    async def _next_due(self) -> datetime | None:
        now = self.clock.now
        async with self.store.transaction() as tx:
            dues = [await tx.incidents.next_wake(), await tx.inbox.next_due(now)]
            dues += [await tx.outbox.next_due(account, now) for account in self.channels]
        if self.mornings is not None:
            dues.append(self.mornings.next)
        return min((due for due in dues if due is not None), default=None)

    # --- people and places -------------------------------------------------------------------------------------------

    def person(self, account: str, user_id: str, name: str, language: str = "ru") -> Actor:
        """Somebody with a messenger."""
        return Actor(self, account, user_id, name, language)

    async def official(
        self, account: str, user_id: str, name: str, organisation: str, role: Role = Role.OFFICIAL, language: str = "ru"
    ) -> Actor:
        """Somebody who was invited, opened the link, and has the role."""
        actor = self.person(account, user_id, name, language)
        async with self.store.transaction() as tx:
            person = await tx.people.meet(account, user_id, name, language, self.clock())
            await tx.people.appoint(person.id, role, organisation, Address(account, user_id), self.clock())
            await tx.people.greet(account, user_id, self.clock())
        return actor

    async def invite(self, code: str, *, role: str = "", organisation: str = "", chat: bool = False, days: int = 7) -> str:
        """A one-time code, as ``sutki invite`` makes it."""
        async with self.store.transaction() as tx:
            kind = CHAT if chat else PERSON
            await tx.people.invite(code, kind, role, organisation, at=self.clock(), expires_at=self.clock() + timedelta(days=days))
        return code

    async def chat(
        self, account: str, chat: str, organisation: str = "", *, forum: bool = False, desk: bool = False, title: str = "Чат"
    ) -> str:
        """A working chat that is connected."""
        async with self.store.transaction() as tx:
            await tx.chats.seen(account, chat, title=title, forum=forum, manages_topics=forum)
            await tx.chats.connect(account, chat, organisation, self.clock(), desk=desk)
        return chat

    async def happens(self, event: Event) -> None:
        """Something happens in a messenger, and the house comes to rest."""
        await self.receives([event])
        await self.settle()

    async def receives(self, events: Sequence[Event]) -> None:
        """Updates arrive together; nothing is handled yet."""
        for event in events:
            channel = self.channels[event.address.account]
            album = event.album if isinstance(event, Said) else ""
            update = RawUpdate(event.id, channel.raw(event), event.address.chat, album)
            await self.intake.accept(event.address.account)([update], event.id)

    # --- what stands where -------------------------------------------------------------------------------------------

    def chat_shows(self, account: str, chat: str, thread: str | None = None) -> list[Shown]:
        """What stands in a chat (in one topic of it), oldest first."""
        shown = [one for one in self.channels[account].shown if one.address.chat == chat]
        return shown if thread is None else [one for one in shown if one.address.thread == thread]

    def topics(self, account: str, chat: str) -> dict[str, str]:
        """The forum topics of a chat: thread → title."""
        return {thread: title for (where, thread), title in self.channels[account].threads.items() if where == chat}

    async def case(self, number: int) -> Case:
        """An incident as it is stored."""
        async with self.store.transaction() as tx:
            case = await tx.incidents.get(number)
        assert case is not None
        return case


class Actor:
    """Somebody with a phone: says, presses, reads."""

    def __init__(self, house: House, account: str, user_id: str, name: str, language: str) -> None:
        self.house, self.account, self.id, self.name, self.language = house, account, user_id, name, language
        house.channels[account].names[user_id] = name
        self._read = 0

    @property
    def sender(self) -> Sender:
        return Sender(self.id, self.name, self.language)

    def said(
        self,
        text: str = "",
        *,
        to: str = "",
        thread: str = "",
        files: Sequence[File] = (),
        photos: int = 0,
        reply_to: Shown | str | None = None,
        location: Location | None = None,
        album: str = "",
        forwarded: bool = False,
        start: str = "",
        left_out: tuple[str, ...] = (),
        at: datetime | None = None,
    ) -> Said:
        """What the messenger would tell of this, without it having happened yet."""
        channel = self.house.channels[self.account]
        message = channel.next_id()
        made = [File(FileKind.PHOTO, self.account, f"photo-{message}-{number}") for number in range(photos)]
        return Said(
            id=f"u{message}",
            at=at or self.house.clock(),
            address=Address(self.account, to or self.id, thread),
            sender=self.sender,
            scene=Scene.GROUP if to else Scene.PRIVATE,
            message=message,
            text=text,
            files=(*files, *made),
            answer_to=reply_to.id if isinstance(reply_to, Shown) else reply_to or "",
            location=location,
            album=album,
            forwarded=forwarded,
            start=start,
            left_out=left_out,
        )

    async def says(self, text: str = "", **more: object) -> Said:
        """Write, in private or (``to``) in a group."""
        event = self.said(text, **more)  # type: ignore[arg-type]  # the same keywords
        await self.house.happens(event)
        return event

    async def edits(self, said: Said, text: str) -> None:
        """Change an own message."""
        channel = self.house.channels[self.account]
        await self.house.happens(
            Edited(
                id=f"u{channel.next_id()}",
                at=self.house.clock(),
                address=said.address,
                sender=self.sender,
                scene=said.scene,
                message=said.message,
                said_at=said.at,
                text=text,
            )
        )

    async def presses(self, label: str, *, at: Shown | None = None, to: str = "") -> str:
        """Press the newest button with this label (its beginning) in the private chat, a group, or at one message. Returns the whisper."""
        shown = [at] if at else list(reversed(self.house.chat_shows(self.account, to or self.id)))
        for message in shown:
            for row in message.reply.keyboard:
                for button in row:
                    if button.label.startswith(label):
                        return await self.presses_payload(button.payload, message, to=to or message.address.chat)
        raise AssertionError(f"no button «{label}» in {[one.labels for one in shown[:3]]}")

    async def presses_payload(self, payload: str, message: Shown, *, to: str = "") -> str:
        """Press with any payload, a forged one too. Returns the whisper."""
        channel = self.house.channels[self.account]
        number = channel.next_id()
        address = Address(self.account, to or message.address.chat, message.address.thread)
        scene = Scene.PRIVATE if address.chat == self.id else Scene.GROUP
        await self.house.happens(
            Pressed(
                id=f"u{number}",
                at=self.house.clock(),
                address=address,
                sender=self.sender,
                scene=scene,
                message=message.id,
                payload=payload,
                press=f"press-{number}",
            )
        )
        return next((text for press, text in channel.whispers if press == f"press-{number}"), "")

    async def blocks(self) -> None:
        """Forbid the bot to write."""
        await self._member(Blocked)

    async def unblocks(self) -> None:
        """Allow the bot to write again."""
        await self._member(Unblocked)

    async def _member(self, kind: type[Blocked | Unblocked]) -> None:
        number = self.house.channels[self.account].next_id()
        address = Address(self.account, self.id)
        await self.house.happens(kind(id=f"u{number}", at=self.house.clock(), address=address, sender=self.sender, scene=Scene.PRIVATE))

    async def leaves(self, chat: str) -> None:
        """Leave a group."""
        number = self.house.channels[self.account].next_id()
        header = {
            "id": f"u{number}",
            "at": self.house.clock(),
            "address": Address(self.account, chat),
            "sender": self.sender,
            "scene": Scene.GROUP,
        }
        await self.house.happens(Left(member=self.sender, is_us=False, **header))  # type: ignore[arg-type]

    async def adds_bot(self, chat: str, *, title: str = "Чат", forum: bool = False, manages_topics: bool = False) -> None:
        """Add the bot to a group, or change what it may there."""
        number = self.house.channels[self.account].next_id()
        header = {
            "id": f"u{number}",
            "at": self.house.clock(),
            "address": Address(self.account, chat),
            "sender": self.sender,
            "scene": Scene.GROUP,
        }
        us = Sender("bot", "Бот")
        event = Joined(member=us, is_us=True, title=title, forum=forum, manages_topics=manages_topics, **header)  # type: ignore[arg-type]
        await self.house.happens(event)

    def sees(self) -> list[Shown]:
        """Everything that stands in the private chat."""
        return self.house.chat_shows(self.account, self.id)

    def heard(self) -> list[str]:
        """The texts that came to the private chat since the last look, as they stand now."""
        shown = self.sees()
        new, self._read = shown[self._read :], len(shown)
        return [one.text for one in new]

    @property
    def last(self) -> Shown:
        """The newest message in the private chat."""
        return self.sees()[-1]
