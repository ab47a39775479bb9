"""What comes by itself in the morning: the digest of the day, on Mondays how the last week went; and /digest, which turns it off and on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from bots.channel import Address
from handlers import agenda, enter
from handlers.agenda import PAGE, Desk, home
from handlers.card import organisation_title
from handlers.turn import Moment, Offer, Turn
from incidents.agenda import AGENDA, PRESSING, TOLD, Digest, Section, days, midnight
from incidents.incident import Role
from incidents.regional import Region
from locales import Texts
from storage.agendas import Agenda, Whose
from storage.answers import REGION, Figures
from storage.digests import Staffer

WEEK = timedelta(days=7)
Away = Mapping[tuple[str, int], int]
"""Organisation (empty: the curators' desk) and who of it is away → who stands in; 0: nobody."""


@dataclass(slots=True)
class Reader:
    """Somebody who is told in one of their roles, and of what."""

    person: int
    role: Role
    language: str
    address: Address
    zone: tzinfo
    since: datetime
    """Who came after the morning has the next one."""
    organisations: list[str] = field(default_factory=list)
    shares: set[tuple[str, int]] = field(default_factory=set)

    @property
    def desk(self) -> Desk:
        """Whose list it is."""
        whose = Whose(frozenset(self.shares), frozenset() if self.shares else frozenset(self.organisations) - {""})
        return Desk(self.role, self.person, whose, self.zone)


def readers(region: Region, accounts: Collection[str], staff: Sequence[Staffer], away: Away) -> Sequence[Reader]:
    """Who reads in which role. Who is away reads nothing of that organisation; who stands in reads their share too."""
    reachable: dict[int, Staffer] = {}
    for post in staff:
        if post.reads and post.address.account in accounts:
            reachable.setdefault(post.person, post)
    members = {(post.organisation, post.person) for post in staff}
    found: dict[tuple[Role, int], Reader] = {}
    for post in staff:
        who = _stand_in(post, away, members)
        if who not in reachable:
            continue
        chat = reachable[who]
        zone = home(region, post.organisation)
        reader = found.setdefault((post.role, who), Reader(who, post.role, chat.language, chat.address, zone, post.since))
        reader.since = min(reader.since, post.since)
        if post.organisation not in reader.organisations:
            reader.organisations.append(post.organisation)
        if post.role is Role.OFFICIAL:
            reader.shares |= {(post.organisation, holder) for holder in (0, who, post.person)}
    return list(found.values())


def _stand_in(post: Staffer, away: Away, members: Collection[tuple[str, int]]) -> int:
    """Who reads what is this post's: who holds it, or who stands in; 0 when that ends with nobody."""
    who, passed = post.person, set[int]()
    while (post.organisation, who) in away and who not in passed:
        passed.add(who)
        who = away[post.organisation, who]
    return who if who not in passed and (post.organisation, who) in members else 0


async def tell(moment: Moment, digest: Digest, day: date, zone: tzinfo, told: Sequence[Reader]) -> None:
    """Tell these readers, all of one kind and one zone, their digest of that day. Who has nothing to hear hears nothing."""
    if digest is Digest.REGION_WEEK:
        await _region_week(moment, day, zone, told)
    elif digest is Digest.WEEK:
        await _week(moment, day, zone, told)
    else:
        await _morning(moment, digest.role, day, zone, told)


# --- the day -----------------------------------------------------------------------------------------------------------


async def _morning(moment: Moment, role: Role, day: date, zone: tzinfo, told: Sequence[Reader]) -> None:
    sections = [section for section in AGENDA[role] if section in TOLD[role]]
    desks = [reader.desk for reader in told]
    lost = await agenda.undelivered(moment) if Section.UNDELIVERED in sections else ()
    ends = midnight(moment.now, zone)
    whose = list(dict.fromkeys(desk.whose for desk in desks))  # curators have one and the same
    lists = await moment.tx.agendas.read(whose, sections, moment.now, ends, most=PAGE, undelivered=lost)
    found = dict(zip(whose, lists, strict=True))
    await moment.tx.people.names_ahead({case.incident.assignee for one in lists for _, case in one.entries if case.incident.assignee})
    yesterday = await _yesterday(moment, day, zone, told) if role is Role.HEAD else {}
    for reader, desk in zip(told, desks, strict=True):
        listed = found[desk.whose]
        if listed.total and (_works(moment.region, reader, day) or not PRESSING.isdisjoint(listed.counts) or role is not Role.OFFICIAL):
            texts = moment.texts_for(reader.language)
            lines = [
                texts.say("digest-hello", count=listed.total),
                *await agenda.words(moment, texts, desk, listed, listed.entries, rest=True),
            ]
            lines += _yesterdays_line(texts, [yesterday.get(organisation, Figures()) for organisation in reader.organisations])
            await moment.post(reader.address, "\n".join(lines), agenda.offers(texts, role, listed))


def _works(region: Region, reader: Reader, day: date) -> bool:
    """Whether it is a working day at one of the reader's organisations."""
    homes = {found.territory for one in reader.organisations if (found := region.organisation.get(one))}
    return any(region.policy("", territory).calendar.is_working(day) for territory in homes or {""})


async def _yesterday(moment: Moment, day: date, zone: tzinfo, told: Sequence[Reader]) -> Mapping[str, Figures]:
    begin, end = days(day - timedelta(days=1), 1, zone)
    return await moment.tx.answers.figures(begin, end, _organisations(told), now=moment.now)


def _yesterdays_line(texts: Texts, figures: Sequence[Figures]) -> Sequence[str]:
    received, answered, in_time = (sum(getattr(one, name) for one in figures) for name in ("received", "answered", "in_time"))
    return ["", texts.say("digest-yesterday", received=received, answered=answered, in_time=in_time)] if received or answered else []


def _organisations(told: Sequence[Reader]) -> Collection[str]:
    return {organisation for reader in told for organisation in reader.organisations}


# --- the week ----------------------------------------------------------------------------------------------------------


async def _week(moment: Moment, day: date, zone: tzinfo, told: Sequence[Reader]) -> None:
    """To each head how each of their organisations did."""
    organisations = sorted(_organisations(told))
    last, before = await _weeks(moment, day, zone, organisations)
    whose = [Whose(organisations=frozenset({organisation})) for organisation in organisations]
    overdue = await moment.tx.agendas.read(whose, [Section.OVERDUE], moment.now, midnight(moment.now, zone), most=PAGE)
    late = dict(zip(organisations, overdue, strict=True))
    for reader in told:
        texts = moment.texts_for(reader.language)
        for organisation in reader.organisations:
            title = organisation_title(moment, organisation, texts)
            figures = last.get(organisation, Figures()), before.get(organisation, Figures())
            await _say_week(moment, reader, title, day, figures, late[organisation])


async def _region_week(moment: Moment, day: date, zone: tzinfo, told: Sequence[Reader]) -> None:
    """To the curators how the region did."""
    last, before = await _weeks(moment, day, zone, None)
    (late,) = await moment.tx.agendas.read([Whose()], [Section.OVERDUE], moment.now, midnight(moment.now, zone), most=PAGE)
    for reader in told:
        region = moment.region
        title = region.title_en if moment.texts_for(reader.language).language == "en" and region.title_en else region.title
        await _say_week(moment, reader, title, day, (last.get(REGION, Figures()), before.get(REGION, Figures())), late)


async def _weeks(
    moment: Moment, day: date, zone: tzinfo, organisations: Collection[str] | None
) -> tuple[Mapping[str, Figures], Mapping[str, Figures]]:
    """The week that ended with yesterday, and the one before."""
    spans = [days(day - weeks * WEEK, 7, zone) for weeks in (1, 2)]
    last, before = [await moment.tx.answers.figures(begin, end, organisations, now=moment.now) for begin, end in spans]
    return last, before


async def _say_week(moment: Moment, reader: Reader, title: str, day: date, figures: tuple[Figures, Figures], late: Agenda) -> None:
    """Five lines, each beside the week before, and the way to what is overdue. Of a week in which nothing was, nothing is said."""
    if not (figures[0] != Figures() or late.total):
        return
    texts = moment.texts_for(reader.language)
    now, before = figures
    first, last = (datetime.combine(day - timedelta(days=ago), datetime.min.time()) for ago in (7, 1))
    lines = [
        texts.say("week-head", first=texts.day(first, last), last=texts.day(last, last), title=title),
        texts.say("week-received", count=now.received, before=before.received),
        texts.say("week-in-time", count=now.in_time, of=now.answered, percent=_percent(texts, now), before=_percent(texts, before)),
        texts.say("week-missed", count=now.missed, before=before.missed, now=late.total),
        texts.say("week-median", span=_span(texts, now), before=_span(texts, before)),
        texts.say("week-rating", mean=_mean(texts, now), before=_mean(texts, before)),
    ]
    await moment.post(reader.address, "\n".join(lines), agenda.offers(texts, reader.role, late, only=Section.OVERDUE))


def _percent(texts: Texts, figures: Figures) -> str:
    return texts.say("week-percent", percent=round(100 * figures.in_time / figures.answered)) if figures.answered else "—"


def _span(texts: Texts, figures: Figures) -> str:
    return "—" if figures.median is None else texts.span(timedelta(seconds=figures.median))


def _mean(texts: Texts, figures: Figures) -> str:
    return "—" if figures.rating is None else texts.decimal(figures.rating)


# --- /digest -----------------------------------------------------------------------------------------------------------


async def show(turn: Turn) -> None:
    """/digest: whether it comes, and a button to change that."""
    if not turn.is_staff:
        await enter.help_(turn)
    elif not turn.private:
        await turn.whisper("digest-in-private")
    else:
        text, offer = _state(turn, wanted=await turn.tx.digests.wanted(turn.person.id))
        await turn.post(turn.here, text, [[offer]])


async def switch(turn: Turn) -> None:
    """[Не присылать], [Присылать]."""
    if not turn.is_staff:
        await turn.whisper("enter-no-role")
        return
    wanted = bool(turn.arguments["wanted"])
    await turn.tx.digests.want(turn.person.id, wanted=wanted)
    await turn.quiet()
    text, offer = _state(turn, wanted=wanted)
    await turn.instead(text, [[offer]])


def _state(turn: Turn, *, wanted: bool) -> tuple[str, Offer]:
    key = "on" if wanted else "off"
    button = "digest-button-off" if wanted else "digest-button-on"
    return turn.t(f"digest-{key}"), Offer(turn.t(button), "digest", {"wanted": not wanted})
