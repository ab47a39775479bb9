"""What a citizen is told of their incident: the receipt, the official's words, and every turn it takes."""

from __future__ import annotations

from datetime import datetime, timedelta

from bots.channel import File, Scene
from handlers.card import organisation_title, place, title_in, topic_title
from handlers.turn import Moment, Notice, Offer, Offers
from incidents.dates import WORKDAY_ENDS
from incidents.incident import Change, Resolution, Role, Status, Timer
from locales import Texts
from storage.incidents import Case
from storage.posts import Purpose

LATE = timedelta(minutes=10)
"""A receipt that comes later than this after the message says sorry."""
EXTENSION = "extend"
"""The kind of a draft that asks for more time: its text is the reason, its date the new one."""
LITTLE = timedelta(hours=2)
"""When so little is left of the time, a late receipt says how much: it is what the curators hear of, too."""


async def citizen_texts(moment: Moment, case: Case) -> Texts:
    """The citizen's language; the region's where others read along."""
    if case.report.scene is not Scene.PRIVATE:
        return moment.house_texts()
    return moment.texts_for((await moment.tx.people.get(case.report.person)).language)


async def tell_citizen(moment: Moment, case: Case, key: str, **arguments: str | float) -> None:
    """Write one line to the citizen, with the number in it. Not when their account is not connected any more."""
    if case.report.address.account in moment.office.limits:
        texts = await citizen_texts(moment, case)
        await moment.post(case.report.address, texts.say(key, number=case.id, **arguments), incident=case.id)


async def receipt(moment: Moment, case: Case, texts: Texts) -> tuple[str, Offers]:
    """The receipt's text and buttons: number, who answers, by when."""
    incident, report = case.incident, case.report
    lines = [danger_line(moment, case, texts)] if report.danger else []
    lines.append(texts.say("receipt", number=incident.id))
    if incident.topic or incident.territory:
        lines.append(texts.say("receipt-about", topic=topic_title(moment, incident, texts), place=place(moment, case, texts)))
    # The receipt may be brought up to date days later: what counts is when it was first given.
    given = (await moment.tx.outbox.queued_at(report.receipt) if report.receipt else None) or moment.now
    lines += _promise_of_receipt(moment, case, texts, given)
    number = {"number": case.id}
    offers = [
        [Offer(texts.say("button-other-topic"), "other-topic", number), Offer(texts.say("button-other-place"), "other-place", number)],
        [Offer(texts.say("button-withdraw"), "withdraw", number)],
    ]
    return "\n".join(lines), offers if incident.is_open else []


def _promise_of_receipt(moment: Moment, case: Case, texts: Texts, given: datetime) -> list[str]:
    """Who answers and by when; and when the message came late, an apology that says how the time stands."""
    incident, due = case.incident, case.incident.due_at or moment.now
    when = texts.when(due, moment.zone(incident.territory), moment.now)
    owner = organisation_title(moment, incident.organisation, texts) if incident.organisation else ""
    first = incident.timer is Timer.FIRST_ANSWER
    late = given - incident.reported_at > LATE and given - case.report.said_at > LATE
    if late and first and due <= given:
        return [texts.say("receipt-owner-only", organisation=owner)] * bool(owner) + [texts.say("receipt-late-passed", when=when)]
    owed = first or incident.timer in (Timer.PROMISE, Timer.REWORK)  # else it is the citizen's own time that runs
    lines = [texts.say("receipt-owner" if owner else "receipt-unsorted", organisation=owner, when=when)] if owed else []
    if late and first and due - given < LITTLE:
        return [*lines, texts.say("receipt-late-little", left=texts.span(due - given))]
    return [*lines, texts.say("receipt-late")] if late else lines


def danger_line(moment: Moment, case: Case, texts: Texts) -> str:
    """Whom to call at once."""
    danger = moment.region.danger.get(case.report.danger)
    if danger is None or not danger.phone:
        return texts.say("danger-call")
    title = title_in(danger, texts)
    return texts.say("danger-call-phone", what=title[:1].lower() + title[1:], phone=danger.phone)


async def refresh_receipt(moment: Moment, case: Case) -> None:
    """Bring the receipt up to date, in place."""
    if case.report.receipt and case.report.address.account in moment.office.limits:
        text, offers = await receipt(moment, case, await citizen_texts(moment, case))
        await moment.change(case.report.receipt, case.report.address, text, offers, purpose=Purpose.RECEIPT, incident=case.id)


async def answer_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The official's words, all of them and nothing else, and whether the problem is solved."""
    texts = await citizen_texts(moment, case)
    owner = _genitive(moment, case, texts)
    more = before.incident.status is Status.ANSWERED and not before.incident.undeliverable
    head = texts.say("answer-more" if more else "answer-final" if owner else "answer-final-desk", number=case.id, organisation=owner)
    await _words_to_citizen(
        moment, case, change, f"{head}\n{texts.say('thread-quote', text=change.text)}\n{texts.say('answer-solved')}", verdicts(case, texts)
    )


def verdicts(case: Case, texts: Texts) -> Offers:
    """What a citizen may say to «Проблема решена?»."""
    number = {"number": case.id}
    return [
        [
            Offer(texts.say("button-solved"), "solved", number),
            Offer(texts.say("button-unsolved"), "unsolved", number | {"verdict": "no"}),
        ],
        [Offer(texts.say("button-partly"), "unsolved", number | {"verdict": "partly"})],
    ]


async def interim_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    texts = await citizen_texts(moment, case)
    head = texts.say("answer-interim", number=case.id, organisation=_genitive(moment, case, texts))
    until = texts.say("answer-interim-until", when=when_of(moment, case, texts, change.date or moment.now))
    await _words_to_citizen(moment, case, change, f"{head}\n{texts.say('thread-quote', text=change.text)}\n{until}")


async def question_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    texts = await citizen_texts(moment, case)
    head = texts.say("answer-question", number=case.id, organisation=_genitive(moment, case, texts))
    await _words_to_citizen(
        moment, case, change, f"{head}\n{texts.say('thread-quote', text=change.text)}\n{texts.say('answer-question-how')}"
    )


async def _words_to_citizen(moment: Moment, case: Case, change: Change, text: str, offers: Offers = ()) -> None:
    """Send what an official wrote, with its files, as the sending of its draft: the official is told how it went."""
    sending = await moment.tx.conversations.drafts_of(case.id, "sending")
    draft = next((one for one in sending if one.person == change.by), None)
    files: tuple[File, ...] = draft.files if draft else ()
    await moment.post(
        case.report.address, text, offers, files=files, purpose=Purpose.ANSWER, incident=case.id, draft=draft.id if draft else 0
    )


def citizen_line(key: str) -> Notice:
    """One line to the citizen, with the organisation and the time in it."""

    async def notice(moment: Moment, before: Case, case: Case, change: Change) -> None:
        texts = await citizen_texts(moment, case)
        await tell_citizen(
            moment,
            case,
            key,
            organisation=organisation_title(moment, case.incident.organisation, texts),
            when=when_of(moment, case, texts, case.incident.due_at or change.at),
            reason=change.reason,
            target=change.target,
            resolution=texts.say(f"resolution-{case.incident.resolution or 'explained'}"),
        )

    return notice


async def extended_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The promise was put off: until when, and why. Whoever asked for it is told how that went, as of an answer."""
    if case.report.address.account in moment.office.limits:
        sending = await moment.tx.conversations.drafts_of(case.id, "sending")
        draft = next((one.id for one in sending if one.kind == EXTENSION), 0)
        text = await extended_text(moment, case, change.reason, change.date)
        await moment.post(case.report.address, text, purpose=Purpose.ANSWER, incident=case.id, draft=draft)


async def extended_text(moment: Moment, case: Case, reason: str, date: datetime | None) -> str:
    """«Срок по № 981 перенесли на 20 марта: ждём материалы.» The hour stands there when it is not the end of a working day."""
    texts, zone = await citizen_texts(moment, case), moment.zone(case.incident.territory)
    local, today = (date or moment.now).astimezone(zone), moment.now.astimezone(zone)
    whole = local.date() != today.date() and local.time() == WORKDAY_ENDS
    when = texts.day(local, today) if whole else texts.when(local, zone, moment.now)
    return texts.say("citizen-extended", number=case.id, when=when, reason=reason_words(texts, reason))


def reason_words(texts: Texts, reason: str) -> str:
    """A reason code in words, or a person's own words as they are."""
    key = f"reason-{reason}"
    return texts.say(key) if texts.has(key) else reason or "—"


async def moved_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """A fresh report's receipt names its owner already; later the citizen hears that it changed."""
    if case.report.receipt:
        await refresh_receipt(moment, case)
    if before.report.receipt and change.role is not Role.CLOCK:
        await citizen_line("citizen-moved" if case.incident.organisation else "citizen-moved-desk")(moment, before, case, change)


async def recomputed_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """A time that was told is never moved back in silence; one that comes nearer stands in the receipt."""
    was, due = before.incident.due_at, case.incident.due_at
    if was and due and due > was and case.incident.timer in (Timer.FIRST_ANSWER, Timer.REWORK):
        await tell_citizen(moment, case, "citizen-later", when=when_of(moment, case, await citizen_texts(moment, case), due))


async def closed_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    if change.role is Role.CLOCK:
        if case.incident.resolution is Resolution.NO_REPLY:
            await tell_citizen(moment, case, "citizen-no-reply")
        return
    if case.incident.resolution is Resolution.EXPLAINED and case.incident.answered_at is None:
        await tell_citizen(moment, case, "citizen-closed-needless")
    elif case.incident.resolution is not Resolution.SPAM and not case.incident.undeliverable:
        await citizen_line("citizen-closed")(moment, before, case, change)


def _genitive(moment: Moment, case: Case, texts: Texts) -> str:
    """«Комитета ЖКХ Барнаула»: from whom the answer is; empty when the curators answered themselves."""
    organisation = moment.region.organisation.get(case.incident.organisation)
    if organisation is None:
        return ""
    return organisation.genitive if texts.language == "ru" else organisation_title(moment, organisation.id, texts)


def when_of(moment: Moment, case: Case, texts: Texts, instant: datetime) -> str:
    return texts.when(instant, moment.zone(case.incident.territory), moment.now)
