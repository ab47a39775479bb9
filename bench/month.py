"""The people of a region for a month: who reports when, who answers, forgets, judges, leaves, and what goes wrong meanwhile."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from bots.channel import Address, Left, Limits, OpenThread, Outgoing, Pressed, RenameThread, Reply, Scene
from bots.delivery import IDLE
from incidents.incident import Role
from scheduler.deadlines import tick
from tests import canaries
from tests.fakes import START, Shown
from tests.promises.town import Crash, Fault, Town, Wire, accounts_to_send
from tests.stories.house import Actor

LOCAL = timezone(timedelta(hours=7))
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 11, 13, 14, 14, 13, 13, 12, 12, 12, 13, 14, 15, 13, 9, 5, 2)
"""How many write in each hour of the local day, as parts of the whole."""
PEAK = 4.0
"""How much busier than usual one hour of each week is."""
WHAT = (
    "Барнаул, на Ленина {} прорвало трубу отопления, вода второй день",
    "Яма на дороге, Барнаул, Ленина {}, объезжают по встречной",
    "Не вывозят мусор, Бийск, Советская {}",
    "Когда починят дорогу до посёлка, дом {}",
    "Запах газа в подъезде, Барнаул, Ленина {}",
)
STORM = "Барнаул, на Ленина {} нет отопления и воды, дома холодно"
OFFICES = {
    "zhkh-barnaul": ("telegram/altai", "-100", True),
    "dorogi-barnaul": ("vk/altai", "2000000007", False),
    "tko-altai": ("telegram/altai", "-300", False),
    "minprirody": ("telegram/altai", "-400", True),
}
"""Organisations with a working chat: its account, its id, whether it is a forum. The others have none: the curators hear of it."""
DESK = ("telegram/altai", "-900")
OFFICIALS = 4
QUANTUM = 1.0
"""Virtual seconds between two looks, at least."""
CALM = 120.0
"""Virtual seconds for which nothing is to be done: all is done that can be done."""

Deed: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played."""

    days: int = 30
    year: int = 30_000
    """Reports a year, without the storm."""
    storm: int = 12_000
    """Reports of one day, from a quarter as many people."""
    kills_a_day: float = 2.0
    doubts: float = 0.005
    """The share of calls after which nobody knows; half of them arrived."""
    seed: int = 1


@dataclass(slots=True)
class Seen:
    """What was measured while it was played."""

    queues: list[tuple[float, int, int, int]] = field(default_factory=list)
    """Day, updates not handled, messages not sent, incidents open."""
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Day, megabytes of the process."""
    clock_late: list[tuple[float, float]] = field(default_factory=list)
    """Day, seconds from a reminder's instant until the clock spoke."""
    receipts_late: list[tuple[float, float]] = field(default_factory=list)
    """Day, seconds from a report until its receipt stood in the chat."""
    reminders_late: list[tuple[float, float]] = field(default_factory=list)
    """Day, seconds from the clock speaking until the reminder stood in the chat."""
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, by: int = 1) -> None:
        """One more of it."""
        self.counts[what] = self.counts.get(what, 0) + by


@dataclass(frozen=True, slots=True)
class _Due:
    """In days since the beginning."""

    wake: float
    inbox: float


class LongWire(Wire):
    """A messenger that forgets: what is played for a month must not fill the memory that is measured."""

    def __init__(self, account: str, limits: Limits) -> None:
        super().__init__(account, limits)
        self.asks_to_wait = 300.0
        self.shows: Callable[[Address, Reply, str, int], None] = lambda *_: None
        self.wrong: Callable[[], Fault | None] = lambda: None

    def raw(self, event: Any) -> Mapping[str, Any]:
        made = super().raw(event)
        canaries.said.clear()
        if len(self._events) > 5_000:
            del self._events[next(iter(self._events))]
        return made

    def standing(self, chat: str, message: str) -> Shown | None:
        return Shown(message, Address(self.account, chat), Reply())

    async def send(self, to: Address, out: Outgoing, key: int) -> tuple[str, ...]:
        if not self.faults and (fault := self.wrong()):
            self.faults.append(fault)
        ids = await super().send(to, out, key)
        self.shown.clear()
        self.buttons.clear()
        self.whispers.clear()
        self.keys.clear()
        if len(self._by_key) > 1000:
            del self._by_key[next(iter(self._by_key))]
        return ids

    def record(self, to: Address, out: Outgoing, key: int, ids: Sequence[str]) -> None:
        super().record(to, out, key, ids)
        if not isinstance(out, OpenThread | RenameThread) and not out.whisper_to:
            self.shows(to, out, ids[0], key)


class Month(Town):
    """A region that lives by itself: deeds wait in a queue by their instant, and what is shown to people makes new ones."""

    def __init__(self, url: str, plan: Plan) -> None:
        super().__init__(url, seed=plan.seed, channel=LongWire)
        self.plan = plan
        self.seen = Seen()
        self.outages: list[tuple[float, float]] = []
        """Days from which and until which a messenger is away."""
        self.stood: list[tuple[int, datetime]] = []
        """What came to stand in chats since it was last looked at: the row's key, and when."""
        self.arrived = deque(maxlen=10)
        self.platform.mark = None
        self._due_at = _Due(0.0, 0.0)
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._numbers = itertools.count()
        self._citizens: dict[tuple[str, str], Actor] = {}
        self._offices: dict[tuple[str, str], list[Actor]] = {}
        self._wrote: dict[tuple[str, str], tuple[Actor, str]] = {}
        """Who wrote a message that asks for an answer's preview, and what it is to be."""
        for wire in (wire for wire in self.wires.values() if isinstance(wire, LongWire)):
            wire.shows = self._shows
            wire.wrong = self._goes_wrong

    @property
    def day(self) -> float:
        """Days since the beginning."""
        return (self.clock.now - START) / timedelta(days=1)

    def at(self, instant: datetime, deed: Deed) -> None:
        """Somebody will do this then."""
        heapq.heappush(self._deeds, (instant, next(self._numbers), deed))

    def soon(self, seconds: float, deed: Deed) -> None:
        """Somebody will do this so much later."""
        self.at(self.clock.now + timedelta(seconds=seconds), deed)

    # --- who there is, and what will come ---------------------------------------------------------------------------------

    async def settle_in(self) -> None:
        """Chats, people, the reports that will be made, the outages that will be."""
        await self.open()
        for number, (organisation, (account, chat, forum)) in enumerate(OFFICES.items()):
            await self.chat(account, chat, organisation, forum=forum)
            self._offices[account, chat] = [
                await self.official(account, f"{9000 + number * 10 + who}", f"Иванова {number}{who}", organisation)
                for who in range(OFFICIALS)
            ]
            await self.official(account, f"{9500 + number}", f"Главный {number}", organisation, Role.HEAD)
            self.at(START + timedelta(days=self.plan.days * 0.6), self._one_leaves(account, chat, organisation))
        await self.chat(*DESK, desk=True)
        self._offices[DESK] = [await self.official(DESK[0], f"{9900 + who}", f"Куратор {who}", "", Role.CURATOR) for who in range(3)]
        self._reports_come()
        self._trouble_comes()

    def _reports_come(self) -> None:
        plan, hourly = self.plan, self.plan.year / 365 / sum(HOURS)
        for hour in range(plan.days * 24):
            start = START + timedelta(hours=hour)
            peak = PEAK if hour % (7 * 24) == 53 else 1.0
            expected = hourly * HOURS[start.astimezone(LOCAL).hour] * peak
            for _ in range(self._poisson(expected)):
                self.at(
                    start + timedelta(hours=self.chance.random()), self._reports(self.chance.randrange(20_000), self.chance.choice(WHAT))
                )
        begin = START + timedelta(days=plan.days // 3, hours=11)
        for _ in range(plan.storm):
            late = timedelta(hours=min(self.chance.expovariate(1 / 4), 22))
            self.at(begin + late, self._reports(30_000 + self.chance.randrange(max(plan.storm // 4, 1)), STORM))

    def _poisson(self, expected: float) -> int:
        """How many come where so many are expected (Knuth)."""
        limit, count, product = math.exp(-expected), 0, self.chance.random()
        while product > limit:
            count += 1
            product *= self.chance.random()
        return count

    def _trouble_comes(self) -> None:
        days = self.plan.days
        for _ in range(round(days * self.plan.kills_a_day)):
            self.at(START + timedelta(days=self.chance.uniform(0, days)), self._lights_the_fuse)
        for account, day, hours in (
            ("telegram/altai", days * 0.2, 6.0),
            ("vk/altai", days * 0.5, 2.0),
            ("telegram/altai", days * 0.8, 23.0),
        ):
            lasts = min(hours / 24, days * 0.05)
            self.outages.append((day, day + lasts))
            self.at(START + timedelta(days=day), self._away(account, away=True))
            self.at(START + timedelta(days=day + lasts), self._away(account, away=False))

    def _goes_wrong(self) -> Fault | None:
        if self.chance.random() >= self.plan.doubts:
            return None
        self.seen.count("faults")
        return self.chance.choice((Fault.UNHEARD, Fault.NEVER_CAME, Fault.LATER))

    # --- the loop ---------------------------------------------------------------------------------------------------------

    async def live(self, until: datetime, watch: Callable[[], Awaitable[None]]) -> None:
        """Go from instant to instant, to the next one at which somebody does something. ``watch`` is called once a virtual hour."""
        watched = self.clock.now
        while self.clock.now < until:
            try:
                rest = await self._one_instant()
                if self.clock.now >= watched:
                    await watch()
                    watched = self.clock.now + timedelta(hours=1)
            except Crash:
                self.seen.count("crashes")
                rest = self.chance.uniform(2, 60)
                self.move(timedelta(seconds=rest))
                await self.start_again()
                self.held, self._due_at = True, _Due((await self._to_do())[1], self.day)
                continue
            self.move(timedelta(seconds=min(max(rest, QUANTUM), (until - self.clock.now).total_seconds())))

    def move(self, by: timedelta) -> None:
        """Time passes, for the calendar and for the limits of the messengers."""
        self.clock.now += by
        self._monotonic = (self.clock.now - START).total_seconds()

    async def come_to_rest(self) -> None:
        """Until nothing is left to do at this instant; what people would still do is not done."""
        self._deeds.clear()
        self.fuse.renew()
        while (rest := await self._one_instant()) < CALM:
            self.move(timedelta(seconds=max(rest, QUANTUM)))

    async def _one_instant(self) -> float:
        """All that can be done now. Returns seconds until something may be done again."""
        while self._deeds and self._deeds[0][0] <= self.clock.now:
            await heapq.heappop(self._deeds)[2]()
        await self.receives(())
        if self._due_at.wake <= self.day:
            self.seen.clock_late.append((self.day, (self.day - self._due_at.wake) * 86_400))
            self.seen.count("woken", await tick(self.store, self.office, self.clock))
        if self._due_at.inbox <= self.day:
            self.held = True
        while True:
            while self.held and await self.intake.step():
                pass
            self.held = False
            accounts, wake = await self._to_do()
            pauses = [await self._sends(account) for account in accounts]
            if not self.held:  # nothing that was sent made news of its own
                break
        self._due_at = _Due(wake, self.day + self.intake.pause() / 86_400)
        deed = (self._deeds[0][0] - self.clock.now).total_seconds() if self._deeds else math.inf
        return min((wake - self.day) * 86_400, self.intake.pause(), deed, *pauses)

    async def _sends(self, account: str) -> float:
        """As ``sends``, with the messenger's limits. Returns seconds until it may be called again."""
        delivery = self.deliveries[list(self.channels).index(account)]
        delivery.settled = self._has_news
        while not (pause := await delivery.step()):
            await self.calls_end(delivery)
        return pause if pause < IDLE else math.inf

    def _has_news(self) -> None:
        self.held = True

    async def _to_do(self) -> tuple[Sequence[str], float]:
        """The accounts for which something is queued, and the day on which the clock has something to say."""
        async with self.store.transaction() as tx:
            wake = await tx.incidents.next_wake()
            return await accounts_to_send(tx, self.channels), (wake - START) / timedelta(days=1) if wake else math.inf

    # --- what goes wrong --------------------------------------------------------------------------------------------------

    async def _lights_the_fuse(self) -> None:
        self.fuse.light(self.chance.randrange(200))

    def _away(self, account: str, *, away: bool) -> Deed:
        async def deed() -> None:
            self.wires[account].away = away

        return deed

    def _one_leaves(self, account: str, chat: str, organisation: str) -> Deed:
        """An official leaves for good, and somebody new comes."""

        async def deed() -> None:
            gone = self._offices[account, chat].pop(0)
            here = {"at": self.clock.now, "address": Address(account, chat), "sender": gone.sender, "scene": Scene.GROUP}
            await self.receives([Left(id=f"u{self.channels[account].next_id()}", member=gone.sender, is_us=False, **here)])
            number = f"{int(gone.id) + 600}"
            self._offices[account, chat].append(await self.official(account, number, f"Новенькая {number}", organisation))

        return deed

    # --- citizens ---------------------------------------------------------------------------------------------------------

    def _citizen(self, number: int) -> Actor:
        account = ("telegram/altai", "vk/altai", "vk/biysk")[0 if number % 20 < 11 else 1 if number % 20 < 18 else 2]
        key = (account, str(10_000 + number))
        if key not in self._citizens:
            self._citizens[key] = self.person(*key, f"Житель {number}")
        return self._citizens[key]

    def _reports(self, number: int, what: str) -> Deed:
        async def deed() -> None:
            self.seen.count("reports")
            citizen = self._citizen(number)
            words = f"{what.format(self.chance.randrange(1, 180))} {self.mark()}"
            await self.receives([citizen.said(words, photos=self.chance.random() < 0.2)])
            if self.chance.random() < 0.15:
                self.soon(self.chance.uniform(5, 90), self._says(citizen, f"Второй день уже, примите меры {self.mark()}"))
            if self.chance.random() < 0.005:
                self.soon(300, self._blocks(citizen))

        return deed

    def _says(self, who: Actor, words: str, **more: Any) -> Deed:
        async def deed() -> None:
            await self.receives([who.said(words, **more)])

        return deed

    def _blocks(self, citizen: Actor) -> Deed:
        async def deed() -> None:
            self.wires[citizen.account].blocked.add(citizen.id)

        return deed

    def _judges(self, citizen: Actor, to: Address, message: str, labels: Mapping[str, str]) -> None:
        """Half of them say that it is solved, some that it is not, the rest say nothing."""
        chance = self.chance.random()
        verdict = "Да" if chance < 0.5 else "Нет" if chance < 0.6 else ""
        if verdict:
            self.soon(self.chance.expovariate(1 / 20_000), self._pressing(citizen, to, message, labels[verdict]))
        if verdict == "Нет":
            self.soon(90_000, self._says(citizen, f"Ничего не сделали, вода так и течёт {self.mark()}"))

    # --- officials and curators -------------------------------------------------------------------------------------------

    def _shows(self, to: Address, out: Reply, message: str, key: int) -> None:
        """Something came into a chat, and somebody there may do something about it."""
        if not out.instead_of:
            self.stood.append((key, self.clock.now))
        labels = {button.label: button.payload for row in out.keyboard for button in row if button.payload}
        if office := self._offices.get((to.account, to.chat)):
            self._staff_sees(self.chance.choice(office), to, out, message, labels)
        elif citizen := self._citizens.get((to.account, to.chat)):
            self._citizen_sees(citizen, to, out, message, labels)

    def _citizen_sees(self, citizen: Actor, to: Address, out: Reply, message: str, labels: Mapping[str, str]) -> None:
        """An answer is judged, a question answered, «добавить или новое?» sometimes."""
        if "Да" in labels and "Нет" in labels:
            self._judges(citizen, to, message, labels)
        elif out.text.startswith("Вопрос по №") and self.chance.random() < 0.7:
            self.soon(self.chance.expovariate(1 / 9000), self._says(citizen, f"Дом на углу, второй этаж {self.mark()}", reply_to=message))
        elif "Новое" in labels and self.chance.random() < 0.7:
            self.soon(30, self._pressing(citizen, to, message, self.chance.choice(list(labels.values()))))

    def _staff_sees(self, who: Actor, to: Address, out: Reply, message: str, labels: Mapping[str, str]) -> None:
        """A preview is sent off by its author, a doubt is settled, a card taken up by somebody."""
        if (to.account, to.chat) == DESK:
            self._desk_sees(who, to, message, labels)
        elif "Дошло" in labels:
            self.soon(60, self._pressing(who, to, message, labels[self.chance.choice(("Дошло", "Отправить ещё раз"))]))
        elif out.answer_to and (wrote := self._wrote.pop((to.chat, out.answer_to), None)):
            author, kind = wrote
            payload = next((payload for label, payload in labels.items() if label.startswith(kind)), labels.get("Ответ", ""))
            if payload:
                self.soon(self.chance.uniform(5, 60), self._pressing(author, to, message, payload))
        elif "Беру" in labels:
            self._office_sees(who, to, out, message, labels)

    def _office_sees(self, who: Actor, to: Address, out: Reply, message: str, labels: Mapping[str, str]) -> None:
        """A card, or a reminder: most are taken and answered within the day, some are passed on, some forgotten until the clock says so."""
        card = out.text.startswith("№ ") and "Не моё" in labels
        if self.chance.random() < (0.12 if card else 0.4):
            self.seen.count("forgotten")
            return
        first = self._at_work(self.chance.lognormvariate(math.log(5400), 1.0))
        if card and self.chance.random() < 0.7:
            self.at(first, self._pressing(who, to, message, labels["Беру"]))
        kind = self.chance.choices(("Ответ", "Промежуточный", "Вопрос"), (82, 10, 8))[0]
        later = self._at_work((first - self.clock.now).total_seconds() + self.chance.expovariate(1 / 7200))
        self.at(later, self._answers(who, to, message, kind))

    def _at_work(self, seconds: float) -> datetime:
        """Then, or when the offices open next."""
        local = (self.clock.now + timedelta(seconds=seconds)).astimezone(LOCAL)
        if 8 <= local.hour < 18:
            return local
        opening = local.replace(hour=8, minute=self.chance.randrange(60), second=self.chance.randrange(60))
        return opening if local.hour < 8 else opening + timedelta(days=1)

    def _answers(self, who: Actor, to: Address, message: str, kind: str) -> Deed:
        async def deed() -> None:
            self.seen.count("answers")
            said = who.said(f"Бригада выехала, устраним сегодня {self.mark()}", to=to.chat, thread=to.thread, reply_to=message)
            self._wrote[to.chat, said.message] = who, kind
            await self.receives([said])

        return deed

    def _desk_sees(self, who: Actor, to: Address, message: str, labels: Mapping[str, str]) -> None:
        """Sorting cards are sorted; of what escalates some is asked for again."""
        guess = next((payload for label, payload in labels.items() if label.endswith("✓")), "")
        wanted = guess or labels.get("Не требует ответа", "") or (labels.get("Напомнить", "") if self.chance.random() < 0.2 else "")
        if wanted:
            self.at(self._at_work(self.chance.expovariate(1 / 1800)), self._pressing(who, to, message, wanted))

    def _pressing(self, who: Actor, to: Address, message: str, payload: str) -> Deed:
        async def deed() -> None:
            self.seen.count("presses")
            await self.press_is_known(payload)
            number = self.channels[who.account].next_id()
            address = Address(who.account, to.chat, to.thread)
            scene = Scene.PRIVATE if to.chat == who.id else Scene.GROUP
            names: dict[str, Any] = {"at": self.clock.now, "sender": who.sender, "scene": scene, "message": message}
            await self.receives([Pressed(id=f"u{number}", address=address, payload=payload, press=f"p{number}", **names)])

        return deed
