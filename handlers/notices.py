"""Who is told what when an incident changes or its clock speaks; the only place that decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers import reminders
from handlers.card import called, organisation_title, place, time_left, topic_title
from handlers.citizen import (
    answer_to_citizen,
    citizen_line,
    closed_to_citizen,
    extended_to_citizen,
    interim_to_citizen,
    moved_to_citizen,
    question_to_citizen,
    reason_words,
    recomputed_to_citizen,
    refresh_receipt,
    when_of,
)
from handlers.preview import requests_lapse
from handlers.reminding import remind
from handlers.thread import (
    bring_card,
    desk_places,
    places_of,
    put_cards,
    refresh_cards,
    retire_cards,
    send_earlier,
    tell_at,
    tell_thread,
    texts_at,
)
from handlers.turn import Moment, Notice, Offer, Offers
from incidents.incident import Action, Change, Resolution, Role
from incidents.reading import Reading, read
from incidents.routing import route
from locales import Texts
from storage.incidents import Case
from storage.posts import Purpose

__all__ = ["NOTICES", "after", "remind", "sorting", "tell_unsorted"]  # the scheduler knows this module only


async def after(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Tell everybody who has to know. What is told for which action stands in ``NOTICES``."""
    for notice in NOTICES[change.action]:
        await notice(moment, before, case, change)


# --- to the organisation -----------------------------------------------------------------------------------------------


async def _cards_to_owner(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """The card goes to the new owner; without one, or with nobody there, the curators hear of it."""
    if before.incident.organisation and before.incident.organisation != case.incident.organisation:
        owner = case.incident.organisation
        if owner:
            await tell_thread(
                moment, case, "thread-moved", number=case.id, organisation=lambda texts: organisation_title(moment, owner, texts)
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


async def _cards_back(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """It is to be done again: wherever its owner works now; that may be other chats than those it was answered in."""
    await refresh_cards(moment, case)
    for address in await places_of(moment, case.incident.organisation) if case.incident.organisation else ():
        await bring_card(moment, case, address)


async def _receipt(moment: Moment, before: Case, case: Case, change: Change) -> None:
    await refresh_receipt(moment, case)


def _thread(key: str) -> Notice:
    """One line beside the cards."""

    async def notice(moment: Moment, before: Case, case: Case, change: Change) -> None:
        actor = await moment.tx.people.get(change.by)
        await tell_thread(
            moment,
            case,
            key,
            number=case.id,
            name=called(actor.name),
            when=lambda texts: when_of(moment, case, texts, case.incident.due_at or change.at),
            reason=lambda texts: reason_words(texts, change.reason),
            target=change.target,
            stars=case.incident.rating,
            verdict=change.reason or "no",
            resolution=lambda texts: texts.say(f"resolution-{case.incident.resolution or 'explained'}"),
        )

    return notice


async def _released(moment: Moment, before: Case, case: Case, change: Change) -> None:
    holder = await moment.tx.people.get(before.incident.assignee)
    await tell_thread(moment, case, "thread-released", number=case.id, name=called(holder.name))


async def _said_in_other_chats(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """Colleagues in the organisation's other chats see what was said to the citizen."""
    keys = {Action.ANSWER: "thread-answered", Action.ANSWER_INTERIM: "thread-promised", Action.ASK: "thread-asked"}
    drafts = [draft for draft in await moment.tx.conversations.drafts_of(case.id, "sending") if draft.person == change.by]
    actor = await moment.tx.people.get(change.by)
    await tell_thread(
        moment,
        case,
        keys[change.action],
        quote=change.text,
        but=drafts[0].address if drafts else None,
        name=called(actor.name),
        number=case.id,
        when=lambda texts: when_of(moment, case, texts, change.date or change.at),
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


async def _reopened(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """By a curator, or by the citizen's late reply."""
    await _thread("thread-resumed" if change.role is Role.CITIZEN else "thread-reopened")(moment, before, case, change)


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
            said = await moment.tx.timeline.said(case.id)
            files = [file for message in said if message.kind == "report" for file in message.files]
            await moment.post(address, "", files=files, incident=case.id, answer_to_row=row)
        await send_earlier(moment, case, address)


LED = 3
"""Words that led to a guess, as many as are shown for the topic and for the place."""


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
        if led := _led_to(case, guess):
            line = texts.say("desk-led", guess=line, words=", ".join(f"«{word}»" for word in led))
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


def _led_to(case: Case, guess: Reading) -> Sequence[str]:
    """The words of the text that speak for the topic and the place as they are now; what a person chose needs none."""
    about = [one.words for one in guess.topics if one.id == case.incident.topic]
    place = [one.words for one in guess.territories if one.id == case.incident.territory]
    return list(dict.fromkeys(word for words in (*about, *place) for word in words[:LED]))


# --- the table ---------------------------------------------------------------------------------------------------------

NOTICES: Mapping[Action, tuple[Notice, ...]] = {
    Action.REPORT: (),
    Action.ASSIGN: (_cards_to_owner, moved_to_citizen),
    Action.REASSIGN: (_cards_to_owner, moved_to_citizen, requests_lapse),
    Action.REFUSE: (_cards_to_owner, moved_to_citizen),
    Action.TAKE: (_cards, reminders.taken),
    Action.RELEASE: (_released, _cards),
    Action.ASK: (question_to_citizen, _said_in_other_chats, _cards, reminders.settled),
    Action.ANSWER: (answer_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled, requests_lapse),
    Action.ANSWER_INTERIM: (interim_to_citizen, _said_in_other_chats, _cards, _receipt, reminders.settled),
    Action.EXTEND: (extended_to_citizen, _thread("thread-extended"), _cards, _receipt, reminders.settled, requests_lapse),
    Action.RETURN: (citizen_line("citizen-returned"), _cards_back, _thread("thread-returned"), requests_lapse),
    Action.REPLY: (_cards,),
    Action.RATE: (_thread("thread-rated"), _cards),
    Action.CONTEST: (_cards_back, _contested),
    Action.WITHDRAW: (_thread("thread-withdrawn"), _cards, _receipt, reminders.settled, requests_lapse),
    Action.MERGE: (citizen_line("citizen-merged"), _thread("thread-merged"), _cards, _receipt, reminders.settled, requests_lapse),
    Action.SPLIT: (_cards,),
    Action.RECOMPUTE: (recomputed_to_citizen, _cards, _receipt),
    Action.CLOSE: (closed_to_citizen, _closed_in_thread, _cards, _receipt, reminders.settled, requests_lapse),
    Action.REOPEN: (citizen_line("citizen-reopened"), _cards_back, _reopened, _receipt),
}
"""What reacts to what. A visible table: every action has its line."""
