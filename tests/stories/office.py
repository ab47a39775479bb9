"""What stories of officials begin with: a report, a working chat, and people who answer in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bots.channel import Said
from tests.fakes import Shown
from tests.stories.deeds import PIPE, reported
from tests.stories.house import Actor, House

TG, VK = "telegram/altai", "vk/altai"
OWNER = "zhkh-barnaul"
FORUM, GROUP, VK_CHAT = "-100", "-200", "2000000007"
WORDS = "Бригада выехала, воду перекрыли"


@dataclass
class Desk:
    """One incident in one working chat."""

    house: House
    citizen: Actor
    ivanova: Actor
    petrov: Actor
    account: str
    chat: str
    thread: str = ""

    @property
    def card(self) -> Shown:
        return next(one for one in self.shows() if one.text.startswith("№ 1 ·"))

    def shows(self) -> list[Shown]:
        """What stands in the chat, in the incident's topic if it has one."""
        return self.house.chat_shows(self.account, self.chat, self.thread or None)

    @property
    def last(self) -> Shown:
        return self.shows()[-1]

    async def replies(self, who: Actor, text: str = WORDS, *, to: Shown | str | None = None, **more: Any) -> Said:
        """Answer the card, or another message, with the messenger's own reply."""
        return await who.says(text, to=self.chat, thread=self.thread, reply_to=to or self.card, **more)

    async def talks(self, who: Actor, text: str = "", **more: Any) -> Said:
        """Say something that replies to nothing."""
        return await who.says(text, to=self.chat, thread=self.thread, **more)

    async def presses(self, who: Actor, label: str, at: Shown | None = None) -> str:
        """Press the newest button with this label here. Returns the whisper."""
        for shown in [at] if at else reversed(self.shows()):
            if any(one.startswith(label) for one in shown.labels):
                return await who.presses(label, at=shown)
        raise AssertionError(f"no button «{label}» in {[one.labels for one in self.shows()]}")

    async def passes(self, seconds: float = 31) -> None:
        """The half minute in which a sending can be taken back."""
        await self.house.later(seconds=seconds)


async def desk(
    house: House, account: str = TG, chat: str = FORUM, *, forum: bool = True, citizen: str = TG, text: str = PIPE, title: str = "ЖКХ"
) -> Desk:
    """A working chat of the owner with two officials in it, and one report."""
    await house.chat(account, chat, OWNER, forum=forum, title=title)
    ivanova = await house.official(account, "11", "Иванова", OWNER)
    petrov = await house.official(account, "12", "Петров", OWNER)
    wrote = await reported(house, text, account=citizen)
    thread = next((thread for thread, _ in house.topics(account, chat).items()), "") if forum else ""
    return Desk(house, wrote, ivanova, petrov, account, chat, thread)


async def known(house: House, user_id: str, account: str = TG) -> int:
    """Our own id of somebody who has been seen."""
    async with house.store.transaction() as tx:
        person = await tx.people.known(account, user_id)
    assert person is not None
    return person.id
