"""Who is told what when an incident changes or its clock speaks; the only place that decides it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from bots.channel import Address, File, Scene
from handlers import reminders
from handlers.card import organisation_title, place, time_left, topic_title
from handlers.thread import desk_places, put_cards, refresh_cards, retire_cards, tell_at, tell_thread, texts_at
from handlers.turn import Moment, Offer, Offers
from incidents.deadlines import CITIZEN_NUDGE, Audience, Reminder
from incidents.incident import Action, Change, Resolution, Role, Status, Timer
from incidents.reading import read
from incidents.routing import route
from locales import Texts
from storage.incidents import Case
from storage.outbox import Purpose

Notice: TypeAlias = Callable[[Moment, Case, Case, Change], Awaitable[None]]

LATE = timedelta(minutes=10)
"""A receipt that comes later than this after the message says sorry."""


async def after(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Tell everybody who has to know. What is told for which action stands in ``NOTICES``."""
    for notice in NOTICES[change.action]:
        await notice(moment, before, case, change)


# --- to the citizen ----------------------------------------------------------------------------------------------------


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
    when = texts.when(incident.due_at or moment.now, moment.zone(incident.territory), moment.now)
    owed = incident.timer in (Timer.FIRST_ANSWER, Timer.PROMISE, Timer.REWORK)  # else it is the citizen's own time that runs
    if owed and incident.organisation:
        lines.append(texts.say("receipt-owner", organisation=organisation_title(moment, incident.organisation, texts), when=when))
    elif owed:
        lines.append(texts.say("receipt-unsorted", when=when))
    # The receipt may be brought up to date days later: what counts is when it was first given.
    given = moment.now - await moment.tx.outbox.age(report.receipt, moment.now) if report.receipt else moment.now
    if given - incident.reported_at > LATE and given - report.said_at > LATE:
        lines.append(texts.say("receipt-late"))
    number = {"number": case.id}
    offers = [
        [Offer(texts.say("button-other-topic"), "other-topic", number), Offer(texts.say("button-other-place"), "other-place", number)],
        [Offer(texts.say("button-withdraw"), "withdraw", number)],
    ]
    return "\n".join(lines), offers if incident.is_open else []


def danger_line(moment: Moment, case: Case, texts: Texts) -> str:
    """Whom to call at once."""
    danger = moment.region.danger.get(case.report.danger)
    if danger is None or not danger.phone:
        return texts.say("danger-call")
    title = danger.title_en if texts.language == "en" and danger.title_en else danger.title
    return texts.say("danger-call-phone", what=title[:1].lower() + title[1:], phone=danger.phone)


async def refresh_receipt(moment: Moment, case: Case) -> None:
    """Bring the receipt up to date, in place."""
    if case.report.receipt and case.report.address.account in moment.office.limits:
        text, offers = await receipt(moment, case, await citizen_texts(moment, case))
        await moment.change(case.report.receipt, case.report.address, text, offers, purpose=Purpose.RECEIPT, incident=case.id)


async def _answer_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
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


async def _interim_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    texts = await citizen_texts(moment, case)
    head = texts.say("answer-interim", number=case.id, organisation=_genitive(moment, case, texts))
    until = texts.say("answer-interim-until", when=_when(moment, case, texts, change.date or moment.now))
    await _words_to_citizen(moment, case, change, f"{head}\n{texts.say('thread-quote', text=change.text)}\n{until}")


async def _question_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
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


def _citizen(key: str) -> Notice:
    """One line to the citizen, with the organisation and the time in it."""

    async def notice(moment: Moment, before: Case, case: Case, change: Change) -> None:
        texts = await citizen_texts(moment, case)
        await tell_citizen(
            moment,
            case,
            key,
            organisation=organisation_title(moment, case.incident.organisation, texts),
            when=_when(moment, case, texts, case.incident.due_at or change.at),
            reason=change.reason,
            target=change.target,
            resolution=texts.say(f"resolution-{case.incident.resolution or 'explained'}"),
        )

    return notice


async def _moved_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """A fresh report's receipt names its owner already; later the citizen hears that it changed."""
    if case.report.receipt:
        await refresh_receipt(moment, case)
    if before.report.receipt and change.role is not Role.CLOCK:
        await _citizen("citizen-moved" if case.incident.organisation else "citizen-moved-desk")(moment, before, case, change)


async def _closed_to_citizen(moment: Moment, before: Case, case: Case, change: Change) -> None:
    if change.role is Role.CLOCK:
        if case.incident.resolution is Resolution.NO_REPLY:
            await tell_citizen(moment, case, "citizen-no-reply")
        return
    if case.incident.resolution is Resolution.EXPLAINED and case.incident.answered_at is None:
        await tell_citizen(moment, case, "citizen-closed-needless")
    elif case.incident.resolution is not Resolution.SPAM and not case.incident.undeliverable:
        await _citizen("citizen-closed")(moment, before, case, change)


# --- to the organisation -----------------------------------------------------------------------------------------------


async def _cards_to_owner(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The card goes to the new owner; without one, or with nobody there, the curators hear of it."""
    if before.incident.organisation and before.incident.organisation != case.incident.organisation:
        texts = moment.house_texts()
        if case.incident.organisation:
            await tell_thread(
                moment, case, "thread-moved", number=case.id, organisation=organisation_title(moment, case.incident.organisation, texts)
            )
        else:
            await tell_thread(moment, case, "thread-moved-desk", number=case.id, reason=change.reason or "—")
        await reminders.passed_on(moment, case)
        await retire_cards(moment, case)
    if not case.incident.organisation:
        await tell_unsorted(moment, case, refused_by=before.incident.organisation, reason=change.reason)
    elif not await put_cards(moment, case):
        await _nobody_there(moment, case)


async def _nobody_there(moment: Moment, case: Case) -> None:
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        owner = organisation_title(moment, case.incident.organisation, texts)
        offers = [
            [Offer(texts.say("button-pass"), "pass", {"number": case.id}), Offer(texts.say("button-answer"), "answer", {"number": case.id})]
        ]
        await tell_at(moment, case, address, texts.say("desk-nobody", number=case.id, organisation=owner), offers)


async def _cards(moment: Moment, before: Case, case: Case, change: Change) -> None:
    await refresh_cards(moment, case)


async def _receipt(moment: Moment, before: Case, case: Case, change: Change) -> None:
    await refresh_receipt(moment, case)


def _thread(key: str) -> Notice:
    """One line beside the cards."""

    async def notice(moment: Moment, before: Case, case: Case, change: Change) -> None:
        texts = moment.house_texts()
        actor = await moment.tx.people.get(change.by)
        await tell_thread(
            moment,
            case,
            key,
            number=case.id,
            name=actor.name or texts.say("somebody"),
            when=_when(moment, case, texts, case.incident.due_at or change.at),
            reason=_reason(texts, change.reason),
            target=change.target,
            stars=case.incident.rating,
            verdict=change.reason or "no",
            resolution=texts.say(f"resolution-{case.incident.resolution or 'explained'}"),
        )

    return notice


async def _released(moment: Moment, before: Case, case: Case, change: Change) -> None:
    holder = await moment.tx.people.get(before.incident.assignee)
    await tell_thread(moment, case, "thread-released", number=case.id, name=holder.name or moment.house_texts().say("somebody"))


async def _said_in_other_chats(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Colleagues in the organisation's other chats see what was said to the citizen."""
    keys = {Action.ANSWER: "thread-answered", Action.ANSWER_INTERIM: "thread-promised", Action.ASK: "thread-asked"}
    drafts = [draft for draft in await moment.tx.conversations.drafts_of(case.id, "sending") if draft.person == change.by]
    actor = await moment.tx.people.get(change.by)
    texts = moment.house_texts()
    await tell_thread(
        moment,
        case,
        keys[change.action],
        quote=change.text,
        but=drafts[0].address if drafts else None,
        name=actor.name or texts.say("somebody"),
        number=case.id,
        when=_when(moment, case, texts, change.date or change.at),
    )


async def _contested(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The organisation and the curators see it."""
    await _thread("thread-contested")(moment, before, case, change)
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        owner = organisation_title(moment, case.incident.organisation, texts)
        when = _when(moment, case, texts, case.incident.due_at or change.at)
        text = texts.say("desk-contested", number=case.id, organisation=owner, verdict=change.reason or "no", when=when)
        number = {"number": case.id}
        offers = [[Offer(texts.say("number", **number), "open", number), Offer(texts.say("button-pass"), "pass", number)]]
        await tell_at(moment, case, address, text, offers)


async def _closed_in_thread(moment: Moment, before: Case, case: Case, change: Change) -> None:
    if change.role is Role.CURATOR:
        await _thread("thread-closed")(moment, before, case, change)
    elif case.incident.resolution is Resolution.NO_REPLY:
        await _thread("thread-expired")(moment, before, case, change)


# --- to the curators ---------------------------------------------------------------------------------------------------


async def tell_unsorted(moment: Moment, case: Case, *, refused_by: str = "", reason: str = "") -> None:
    """An incident waits in the curators' queue: what it says, what it looks like, and one tap to sort it."""
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        text, offers = await sorting(moment, case, texts)
        if refused_by:
            back = texts.say(
                "desk-refused", number=case.id, organisation=organisation_title(moment, refused_by, texts), reason=reason or "—"
            )
            text = f"{back}\n{text}"
        row = await moment.post(address, text, offers, purpose=Purpose.CARD, incident=case.id)
        if case.report.files and row:
            said = await moment.tx.incidents.said(case.id)
            files = [file for message in said if message.kind == "report" for file in message.files]
            await moment.post(address, "", files=files, incident=case.id, answer_to_row=row)


async def sorting(moment: Moment, case: Case, texts: Texts) -> tuple[str, Offers]:
    """The sorting card: the text, the bot's guess with its certainty, and the buttons."""
    count = await moment.tx.incidents.count_unsorted()
    short = case.report.text if len(case.report.text) <= 600 else case.report.text[:600].rstrip() + "…"
    head = texts.say("desk-unsorted", count=count, number=case.id, text=texts.say("thread-quote", text=short) if short else "📎")
    guess = read(case.report.text, moment.region)
    parts = [
        topic_title(moment, case.incident, texts) if case.incident.topic else "",
        place(moment, case, texts) if case.incident.territory or case.report.place else "",
    ]
    said = " · ".join(part for part in parts if part)
    number = {"number": case.id}
    offers: list[list[Offer]] = []
    if said:
        percent = round(guess.topic_confidence * 100)
        sure = case.incident.topic and case.incident.topic == guess.topic and percent
        line = texts.say("desk-guess-sure", guess=said, percent=percent) if sure else texts.say("desk-guess", guess=said)
    else:
        line = texts.say("desk-no-guess")
    owner = route(moment.region, case.incident.topic, case.incident.territory)
    if owner:
        title = organisation_title(moment, owner, texts)
        offers.append([Offer(texts.say("button-sort-yes", guess=title), "sort-to", number | {"organisation": owner})])
    offers += [
        [
            Offer(texts.say("button-sort-topic"), "sort-topic", number),
            Offer(texts.say("button-sort-place"), "sort-place", number),
            Offer(texts.say("button-sort-owner"), "pass", number),
        ],
        [Offer(texts.say("button-answer"), "answer", number)],
        [
            Offer(texts.say("button-sort-no-answer"), "sort-close", number | {"resolution": "explained"}),
            Offer(texts.say("button-sort-spam"), "sort-close", number | {"resolution": "spam"}),
        ],
    ]
    return f"{head}\n{line}\n{time_left(moment, case.incident, texts)}", offers


# --- the clock speaks --------------------------------------------------------------------------------------------------


async def remind(moment: Moment, case: Case, reminder: Reminder) -> None:
    """Say a step of the ladder to everybody it is for. Whoever is responsible at this instant hears it."""
    if Audience.CITIZEN in reminder.tells:
        await _clock_to_citizen(moment, case, reminder)
    incident = case.incident
    await moment.tx.conversations.retire(incident.id, moment.now, actions=("remind",))
    told_desk = Audience.CURATOR in reminder.tells or not incident.organisation
    if incident.organisation and (Audience.ASSIGNEE in reminder.tells or Audience.ORGANISATION in reminder.tells):
        await _clock_to_organisation(moment, case)
        await refresh_cards(moment, case)
    if told_desk:
        await _clock_to_desk(moment, case, reminder)
    if Audience.HEAD in reminder.tells and incident.organisation:
        await _clock_to_heads(moment, case)


async def remind_organisation(moment: Moment, case: Case) -> bool:
    """A curator asked for it: the organisation hears now how the clock stands. Returns False when there is nowhere to say it."""
    threads = [thread for thread in await moment.tx.chats.threads_of(case.id) if not thread.retired]
    if not any(thread.account in moment.office.limits for thread in threads):
        return False
    await _clock_to_organisation(moment, case)
    return True


async def _clock_to_citizen(moment: Moment, case: Case, reminder: Reminder) -> None:
    if reminder.step == CITIZEN_NUDGE:
        await tell_citizen(moment, case, "citizen-nudge")
    elif case.incident.due_at and case.incident.due_at <= moment.now:
        await tell_citizen(
            moment, case, "citizen-promise-missed", when=_when(moment, case, await citizen_texts(moment, case), case.incident.due_at)
        )


async def _clock_to_organisation(moment: Moment, case: Case) -> None:
    """To the thread, naming those on duty while nobody holds it; the holder in private too where they have a chat with us."""
    officials = await moment.tx.people.officials(case.incident.organisation, Role.OFFICIAL)
    holder = next((post for post in officials if post.person == case.incident.assignee), None)
    threads = [
        thread for thread in await moment.tx.chats.threads_of(case.id) if not thread.retired and thread.account in moment.office.limits
    ]
    for thread in threads:
        address = Address(thread.account, thread.chat)
        texts = await texts_at(moment, address)
        lines = [_clock_line(moment, case, texts, holder.name if holder else "")]
        if not holder and officials and thread.chat not in {post.chat for post in officials}:
            lines.append(texts.say("remind-everybody", names=", ".join(post.name for post in officials if post.name) or "—"))
        offers = [] if holder else [[Offer(texts.say("button-take"), "take", {"number": case.id})]]
        await reminders.replaced(moment, case, address)
        await tell_at(moment, case, address, "\n".join(lines), offers, purpose=Purpose.REMINDER)
    places = {(thread.account, thread.chat) for thread in threads}
    if holder and holder.account in moment.office.limits and (holder.account, holder.chat) not in places:
        texts = moment.texts_for(holder.language)
        await moment.post(holder.address, _clock_line(moment, case, texts, holder.name), purpose=Purpose.REMINDER, incident=case.id)


def _clock_line(moment: Moment, case: Case, texts: Texts, holder: str) -> str:
    incident = case.incident
    due = incident.due_at or moment.now
    when, left = _when(moment, case, texts, due), texts.span(abs(due - moment.now) + timedelta(seconds=30))
    promise = incident.timer is Timer.PROMISE
    if moment.now < due:
        if promise:
            return texts.say("remind-promise-left", number=case.id, left=left)
        return texts.say("remind-left-held" if holder else "remind-left-free", number=case.id, left=left, name=holder)
    if moment.now - due < timedelta(hours=1):
        return texts.say("remind-promise-missed" if promise else "remind-deadline", number=case.id, when=when)
    return texts.say("remind-promise-late" if promise else "remind-late", number=case.id, left=left)


async def _clock_to_desk(moment: Moment, case: Case, reminder: Reminder) -> None:
    """To the curators, but not to those who took this step under control."""
    incident = case.incident
    step = "late" if reminder.step.startswith("late-") else reminder.step
    silent = await moment.tx.incidents.controlled_by(case.id, incident.turn, step)
    curators = {(post.account, post.chat): post.person for post in await moment.tx.people.curators()}
    for address in await desk_places(moment):
        if curators.get((address.account, address.chat)) in silent:
            continue
        texts = await texts_at(moment, address)
        offers = _desk_offers(case, step, texts)
        await reminders.replaced(moment, case, address)
        await moment.post(address, await _desk_line(moment, case, texts), offers, purpose=Purpose.REMINDER, incident=case.id)


def _desk_offers(case: Case, step: str, texts: Texts) -> Offers:
    number = {"number": case.id}
    control = Offer(texts.say("button-control"), "control", number | {"turn": case.incident.turn, "step": step})
    if not case.incident.organisation:
        return [[Offer(texts.say("button-pass"), "pass", number), Offer(texts.say("button-answer"), "answer", number)], [control]]
    return [
        [Offer(texts.say("button-remind"), "remind", number), Offer(texts.say("button-pass"), "pass", number)],
        [Offer(texts.say("button-answer"), "answer", number), control],
    ]


async def _desk_line(moment: Moment, case: Case, texts: Texts) -> str:
    incident = case.incident
    due = incident.due_at or moment.now
    left = texts.span(abs(due - moment.now) + timedelta(seconds=30))
    if not incident.organisation:
        return texts.say("remind-unsorted" if moment.now < due else "remind-unsorted-late", number=case.id, left=left)
    what: dict[str, str | float] = {
        "number": case.id,
        "topic": topic_title(moment, incident, texts),
        "place": place(moment, case, texts),
        "organisation": organisation_title(moment, incident.organisation, texts),
    }
    if incident.timer is Timer.PROMISE:
        when = _when(moment, case, texts, due)
        return texts.say("remind-curator-promise" if moment.now < due else "remind-curator-promise-missed", left=left, when=when, **what)
    if moment.now >= due:
        late = moment.now - due >= timedelta(hours=1)
        return texts.say("remind-curator-late" if late else "remind-curator-deadline", left=left, **what)
    if incident.assignee:
        holder = await moment.tx.people.get(incident.assignee)
        return texts.say("remind-curator-held", left=left, name=holder.name or texts.say("somebody"), **what)
    return texts.say("remind-curator-free", left=left, **what)


async def _clock_to_heads(moment: Moment, case: Case) -> None:
    """In private; not to one who has heard it a moment ago beside the card."""
    told = {(thread.account, thread.chat) for thread in await moment.tx.chats.threads_of(case.id) if not thread.retired}
    for head in await moment.tx.people.officials(case.incident.organisation, Role.HEAD):
        if head.account not in moment.office.limits or (head.account, head.chat) in told:
            continue
        texts = moment.texts_for(head.language)
        await moment.post(head.address, await _desk_line(moment, case, texts), purpose=Purpose.REMINDER, incident=case.id)


# --- the table ---------------------------------------------------------------------------------------------------------

NOTICES: Mapping[Action, tuple[Notice, ...]] = {
    Action.REPORT: (),
    Action.ASSIGN: (_cards_to_owner, _moved_to_citizen),
    Action.REASSIGN: (_cards_to_owner, _moved_to_citizen),
    Action.REFUSE: (_cards_to_owner, _moved_to_citizen),
    Action.TAKE: (_cards, reminders.taken),
    Action.RELEASE: (_released, _cards),
    Action.ASK: (_question_to_citizen, _said_in_other_chats, _cards, reminders.settled),
    Action.ANSWER: (_answer_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled),
    Action.ANSWER_INTERIM: (_interim_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled),
    Action.EXTEND: (_citizen("citizen-extended"), _thread("thread-extended"), _cards),
    Action.RETURN: (_citizen("citizen-returned"), _thread("thread-returned"), _cards),
    Action.REPLY: (_cards,),
    Action.RATE: (_thread("thread-rated"), _cards),
    Action.CONTEST: (_contested, _cards),
    Action.WITHDRAW: (_thread("thread-withdrawn"), _cards, _receipt, reminders.settled),
    Action.MERGE: (_citizen("citizen-merged"), _thread("thread-merged"), _cards, _receipt, reminders.settled),
    Action.SPLIT: (_cards,),
    Action.CLOSE: (_closed_to_citizen, _closed_in_thread, _cards, _receipt, reminders.settled),
    Action.REOPEN: (_citizen("citizen-reopened"), _thread("thread-reopened"), _cards),
}
"""What reacts to what. A visible table: every action has its line."""


# --- words -------------------------------------------------------------------------------------------------------------


def _genitive(moment: Moment, case: Case, texts: Texts) -> str:
    """«Комитета ЖКХ Барнаула»: from whom the answer is; empty when the curators answered themselves."""
    organisation = moment.region.organisation.get(case.incident.organisation)
    if organisation is None:
        return ""
    return organisation.genitive if texts.language == "ru" else organisation_title(moment, organisation.id, texts)


def _when(moment: Moment, case: Case, texts: Texts, instant: datetime) -> str:
    return texts.when(instant, moment.zone(case.incident.territory), moment.now)


def _reason(texts: Texts, reason: str) -> str:
    """A reason code in words, or a person's own words as they are."""
    key = f"reason-{reason}"
    return texts.say(key) if texts.has(key) else reason or "—"
