"""/duty: who is on duty for an organisation or at the desk, now and next; heads and curators set it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bots.channel import Pressed
from handlers import enter, spell, work
from handlers.away import WORKERS, places_of
from handlers.card import name_of, organisation_title
from handlers.pick import page_of
from handlers.staff import private_place
from handlers.turn import Offer, Offers, Turn
from incidents.incident import Role
from incidents.periods import Odd, Period
from incidents.responsible import Absence, Shift
from storage.people import Post
from storage.staffing import DESK

LISTED = 6
"""Shifts of one roster that are shown, each with a button to call it off."""


async def duty(turn: Turn) -> None:
    """/duty: the rosters this person sees here."""
    places = await _seen(turn)
    if not any(post.role in WORKERS for post in turn.posts) or turn.event.sender.impersonal:
        await enter.help_(turn)
    elif not places:
        await turn.whisper("curate-not-here")
    else:
        for place in places:
            text, offers = await _roster(turn, place)
            await turn.post(turn.here, text, offers)


async def _seen(turn: Turn) -> Sequence[str]:
    """In private one's own places; in a group the one it works for."""
    if turn.private:
        return places_of(turn)
    chat = await turn.tx.chats.get(turn.here.account, turn.here.chat)
    here = [DESK] if chat and chat.desk else [chat.organisation] if chat and chat.organisation else []
    mine = places_of(turn)
    return [place for place in here if place in mine or DESK in mine]


def _may_set(turn: Turn, place: str) -> bool:
    """The head of the organisation its roster, curators that of the desk and of any organisation."""
    if turn.event.sender.impersonal:
        return False
    return turn.is_curator or (place != DESK and any((post.role, post.organisation) == (Role.HEAD, place) for post in turn.posts))


async def _set_here(turn: Turn) -> str | None:
    """The place of a button, for who may set its roster; anybody else hears whose business it is."""
    place = turn.arguments["place"]
    if _may_set(turn, place) and (place == DESK or place in turn.region.organisation):
        return str(place)
    await turn.whisper("duty-only")
    return None


async def _roster(turn: Turn, place: str, line: str = "") -> tuple[str, Offers]:
    roster = await turn.tx.staffing.roster(place, turn.now)
    zone = spell.zone_of(turn, place)
    lines = [*([line] if line else []), turn.t("duty-title", organisation=organisation_title(turn, place, turn.texts))]
    now = [one for one in roster.shifts if one.since <= turn.now]
    following = [one for one in roster.shifts if one.since > turn.now][:LISTED]
    for one in now:
        lines.append(
            turn.t("duty-now", name=await name_of(turn, one.person, turn.texts), until=spell.until(turn, turn.texts, one.until, zone))
        )
        lines += await _away(turn, one, roster.absences)
    if not now:
        lines.append(turn.t("duty-nobody"))
    for one in following:
        period = spell.said(turn, turn.texts, one.since, one.until, zone)
        lines.append(turn.t("duty-next", name=await name_of(turn, one.person, turn.texts), period=period))
        lines += await _away(turn, one, roster.absences)
    if not _may_set(turn, place):
        return "\n".join(lines), []
    about = {"place": place}
    off = [
        Offer(turn.t("duty-button-off", name=await name_of(turn, one.person, turn.texts)), "duty-off", {**about, "shift": one.id})
        for one in [*now, *following][:LISTED]
    ]
    other = [[Offer(turn.t("duty-button-other"), "duty-place", {})]] if turn.is_curator and turn.private else []
    return "\n".join(lines), [
        [Offer(turn.t("duty-button-set"), "duty-set", about)],
        *(off[at : at + 2] for at in range(0, len(off), 2)),
        *other,
    ]


async def _away(turn: Turn, shift: Shift, absences: Sequence[Absence]) -> Sequence[str]:
    """That somebody on duty is away: their deputy hears it, or everybody."""
    zone = spell.zone_of(turn, shift.organisation)
    period = Period(shift.since, shift.until)
    both = next((one for one in absences if one.person == shift.person and period.touches(one.since, one.until)), None)
    if both is None:
        return []
    away = spell.said(turn, turn.texts, both.since, both.until, zone)
    return [turn.t("duty-away", period=away, name=await name_of(turn, both.deputy, turn.texts) if both.deputy else "none")]


# --- setting it --------------------------------------------------------------------------------------------------------


async def other_place(turn: Turn) -> None:
    """[Другой орган]: a curator looks after all of them."""
    await turn.quiet()
    if not turn.is_curator:
        return
    titles = [(one, organisation_title(turn, one, turn.texts)) for one in (DESK, *turn.region.organisation)]
    offers = [Offer(title, "duty-show", {"place": one}) for one, title in titles]
    await turn.instead(turn.t("duty-which"), page_of(turn, offers, "duty-place", {}))


async def show_place(turn: Turn) -> None:
    """An organisation was chosen, or [Отмена]: its roster; dates are not waited for any more."""
    place = await _set_here(turn)
    if place is not None:
        await turn.done()
        await turn.quiet()
        text, offers = await _roster(turn, place)
        await turn.instead(text, offers)


async def set_(turn: Turn) -> None:
    """[Назначить]: whom?"""
    place = await _set_here(turn)
    if place is None:
        return
    await turn.quiet()
    posts = await _people(turn, place)
    about = {"place": place}
    offers = [Offer(post.name or turn.t("somebody"), "duty-who", {**about, "person": post.person}) for post in posts]
    back = Offer(turn.t("cancel"), "duty-show", about)
    organisation = organisation_title(turn, place, turn.texts)
    question = turn.t("duty-who" if posts else "duty-nobody-there", organisation=organisation)
    await turn.instead(question, page_of(turn, offers, "duty-set", about, last=back))


async def who(turn: Turn) -> None:
    """Somebody was chosen: from when until when?"""
    place = await _set_here(turn)
    if place is not None:
        await turn.quiet()
        await _ask(turn, place, turn.arguments["person"])


async def _ask(turn: Turn, place: str, person: int, why: str = "") -> None:
    about = {"place": place, "person": person}
    text = "\n".join([*([why] if why else []), turn.t("duty-when", name=await name_of(turn, person, turn.texts))])
    offers = [*spell.offers(turn, "duty-days", about), [Offer(turn.t("cancel"), "duty-show", {"place": place})]]
    if isinstance(turn.event, Pressed):
        await turn.instead(text, offers)
    else:
        await turn.post(turn.here, text, offers)
    await turn.ask("duty-when", **about, number=0, at=turn.now.isoformat(), thread=turn.here.thread)


async def days_chosen(turn: Turn) -> None:
    """[Сегодня], [Сегодня и завтра], [Неделя]."""
    place = await _set_here(turn)
    if place is not None:
        await turn.quiet()
        await _put(turn, place, turn.arguments["person"], spell.chosen(turn, spell.zone_of(turn, place)))


async def when_said(turn: Turn) -> None:
    """The dates were typed."""
    if not await work.still_asked(turn):
        return
    place = await _set_here(turn)
    if place is None:
        await turn.done()
        return
    person = turn.arguments["person"]
    period = spell.typed(turn, turn.said.text, spell.zone_of(turn, place))
    if isinstance(period, Odd):
        await _ask(turn, place, person, turn.t(f"spell-{period}"))
    else:
        await _put(turn, place, person, period)


async def _put(turn: Turn, place: str, person: int, period: Period) -> None:
    """Put somebody on duty, unless they are away then; they hear of it, and the roster is shown with it."""
    post = next((one for one in await _people(turn, place) if one.person == person), None)
    roster = await turn.tx.staffing.roster(place, turn.now)
    away = next((one for one in roster.absences if one.person == person and period.touches(one.since, one.until)), None)
    zone = spell.zone_of(turn, place)
    if post is None:
        await turn.done()
        await _answer(turn, place, turn.t("away-deputy-gone", name=await name_of(turn, person, turn.texts)))
        return
    if away:
        period_away = spell.said(turn, turn.texts, away.since, away.until, zone)
        await _ask(turn, place, person, turn.t("duty-not-there", name=await name_of(turn, person, turn.texts), period=period_away))
        return
    await turn.done()
    await turn.tx.staffing.put_on_duty(Shift(person, place, period.since, period.until), turn.person.id, turn.now)
    said = spell.said(turn, turn.texts, period.since, period.until, zone)
    await _answer(turn, place, turn.t("duty-set", name=await name_of(turn, person, turn.texts), period=said))
    await _tell(turn, post, place, "duty-you", period=lambda texts: spell.said(turn, texts, period.since, period.until, zone))


async def off(turn: Turn) -> None:
    """[Снять: Петров]."""
    place = await _set_here(turn)
    if place is None:
        return
    shift = await turn.tx.staffing.shift(turn.arguments["shift"], turn.now)
    if shift is None or shift.organisation != place or not await turn.tx.staffing.take_off_duty(shift.id, turn.now):
        await turn.whisper("duty-off-already")
        await turn.instead(*await _roster(turn, place))
        return
    await turn.quiet()
    zone = spell.zone_of(turn, place)
    said = spell.said(turn, turn.texts, shift.since, shift.until, zone)
    await turn.instead(*await _roster(turn, place, turn.t("duty-off", name=await name_of(turn, shift.person, turn.texts), period=said)))
    post = next((one for one in await _people(turn, place) if one.person == shift.person), None)
    if post:
        await _tell(turn, post, place, "duty-you-off", period=lambda texts: spell.said(turn, texts, shift.since, shift.until, zone))


async def _answer(turn: Turn, place: str, line: str) -> None:
    text, offers = await _roster(turn, place, line)
    if isinstance(turn.event, Pressed):
        await turn.instead(text, offers)
    else:
        await turn.post(turn.here, text, offers)


async def _tell(turn: Turn, post: Post, place: str, key: str, **words: Any) -> None:
    """The person on duty hears it in private, unless they did it themselves."""
    if post.person == turn.person.id:
        return
    where = await private_place(turn, post.person, [post])
    if where:
        texts = turn.texts_for(post.language)
        said: Mapping[str, str] = {name: made(texts) for name, made in words.items()}
        await turn.post(where, texts.say(key, organisation=organisation_title(turn, place, texts), **said))


async def _people(turn: Turn, place: str) -> Sequence[Post]:
    posts = await turn.tx.people.curators() if place == DESK else await turn.tx.people.officials(place)
    return list({post.person: post for post in posts}.values())
