"""Who is told what when an incident changes or its clock speaks; the only place that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bots.channel import Address
from handlers import reminders
from handlers.card import organisation_title, place, time_left, topic_title
from handlers.citizen import (
    answer_to_citizen,
    citizen_line,
    citizen_texts,
    closed_to_citizen,
    interim_to_citizen,
    moved_to_citizen,
    question_to_citizen,
    refresh_receipt,
    tell_citizen,
    when_of,
)
from handlers.thread import desk_places, put_cards, refresh_cards, retire_cards, tell_at, tell_thread, texts_at
from handlers.turn import Moment, Notice, Offer, Offers
from incidents.deadlines import CITIZEN_NUDGE, Audience, Reminder
from incidents.incident import Action, Change, Resolution, Role, Timer
from incidents.reading import read
from incidents.routing import route
from locales import Texts
from storage.incidents import Case
from storage.outbox import Purpose


async def after(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Tell everybody who has to know. What is told for which action stands in ``NOTICES``."""
    for notice in NOTICES[change.action]:
        await notice(moment, before, case, change)


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
            when=when_of(moment, case, texts, case.incident.due_at or change.at),
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
        when=when_of(moment, case, texts, change.date or change.at),
    )


async def _contested(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The organisation and the curators see it."""
    await _thread("thread-contested")(moment, before, case, change)
    for address in await desk_places(moment):
        texts = await texts_at(moment, address)
        owner = organisation_title(moment, case.incident.organisation, texts)
        when = when_of(moment, case, texts, case.incident.due_at or change.at)
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
            moment, case, "citizen-promise-missed", when=when_of(moment, case, await citizen_texts(moment, case), case.incident.due_at)
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
    when, left = when_of(moment, case, texts, due), texts.span(abs(due - moment.now) + timedelta(seconds=30))
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
        when = when_of(moment, case, texts, due)
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
    Action.ASSIGN: (_cards_to_owner, moved_to_citizen),
    Action.REASSIGN: (_cards_to_owner, moved_to_citizen),
    Action.REFUSE: (_cards_to_owner, moved_to_citizen),
    Action.TAKE: (_cards, reminders.taken),
    Action.RELEASE: (_released, _cards),
    Action.ASK: (question_to_citizen, _said_in_other_chats, _cards, reminders.settled),
    Action.ANSWER: (answer_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled),
    Action.ANSWER_INTERIM: (interim_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled),
    Action.EXTEND: (citizen_line("citizen-extended"), _thread("thread-extended"), _cards),
    Action.RETURN: (citizen_line("citizen-returned"), _thread("thread-returned"), _cards),
    Action.REPLY: (_cards,),
    Action.RATE: (_thread("thread-rated"), _cards),
    Action.CONTEST: (_contested, _cards),
    Action.WITHDRAW: (_thread("thread-withdrawn"), _cards, _receipt, reminders.settled),
    Action.MERGE: (citizen_line("citizen-merged"), _thread("thread-merged"), _cards, _receipt, reminders.settled),
    Action.SPLIT: (_cards,),
    Action.CLOSE: (closed_to_citizen, _closed_in_thread, _cards, _receipt, reminders.settled),
    Action.REOPEN: (citizen_line("citizen-reopened"), _thread("thread-reopened"), _cards),
}
"""What reacts to what. A visible table: every action has its line."""


# --- words -------------------------------------------------------------------------------------------------------------


def _reason(texts: Texts, reason: str) -> str:
    """A reason code in words, or a person's own words as they are."""
    key = f"reason-{reason}"
    return texts.say(key) if texts.has(key) else reason or "—"
