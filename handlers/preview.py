"""What an official sees of a draft before it is sent: its preview, whose incident it is, what should be looked at once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bots.channel import Address, Scene
from bots.pages import shorten
from handlers import promises
from handlers.card import name_of
from handlers.thread import tell_at, texts_at
from handlers.turn import Moment, Offer, Offers
from incidents.dates import find_date
from incidents.incident import RULES, Action, Change, Incident, Role
from incidents.wording import warnings
from locales import Texts
from storage.conversations import Draft
from storage.incidents import Case
from storage.people import platform

ACTIONS: Mapping[str, Action] = {"answer": Action.ANSWER, "interim": Action.ANSWER_INTERIM, "question": Action.ASK}
"""What each kind of draft does to its incident."""
WORDS = tuple(ACTIONS)
"""Kinds of messages that went to the citizen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the author was shown of others' work on the incident: who holds it, and the last words to the citizen."""

    holder: int = 0
    last: int = 0

    @property
    def data(self) -> dict[str, Any]:
        """As a button carries it."""
        return {"holder": self.holder, "last": self.last}


def seen_of(data: Mapping[str, Any]) -> Seen:
    """Out of what a button carried."""
    return Seen(data.get("holder", 0), data.get("last", 0))


async def seen_now(moment: Moment, case: Case) -> Seen:
    """What there is to be seen of others' work at this instant."""
    last = await moment.tx.timeline.last_said(case.id, WORDS)
    return Seen(case.incident.assignee, last.id if last else 0)


async def rival(moment: Moment, case: Case, author: int, seen: Seen) -> int:
    """The person who works on the incident without the author having been told so; 0 for nobody."""
    holder = case.incident.assignee
    if holder not in (0, author, seen.holder):
        return holder
    last = await moment.tx.timeline.last_said(case.id, WORDS)
    return last.person if last and last.person != author and last.id > seen.last else 0


def allowed(incident: Incident, role: Role, action: Action) -> bool:
    """Whether the rules let this role do it now."""
    rule = RULES.get((incident.status, action))
    return rule is not None and role in rule.by


# --- what it says ------------------------------------------------------------------------------------------------------


def preview_text(case: Case, draft: Draft, role: Role, texts: Texts) -> str:
    """Where the text would go, and what to look at once more."""
    report = case.report
    public = report.scene is Scene.COMMENT
    where = {"scene": texts.say(f"scene-{report.scene}"), "source": texts.say(f"source-{platform(report.address.account)}")}
    if not any(allowed(case.incident, role, action) for action in ACTIONS.values()):
        return texts.say("draft-closed", number=case.id)
    if not draft.text:
        return texts.say("draft-no-words", number=case.id)
    lines = [texts.say("draft-question" if draft.kind == "question" else "draft-preview", number=case.id, **where)]
    if draft.files:
        lines.append(texts.say("draft-files", files="".join(texts.say(f"file-{file.kind}") for file in draft.files)))
    if public:
        lines.append(texts.say("draft-public"))
    lines += [texts.say(f"draft-warning-{name}") for name in warnings(draft.text, public=public)]
    return "\n".join(lines)


def preview_offers(moment: Moment, case: Case, draft: Draft, role: Role, texts: Texts, seen: Seen) -> Offers:
    """What can be done with the draft now; a kind that was asked for stands alone."""
    carried = {"draft": draft.id, **seen.data}
    kinds = [draft.kind] if draft.kind in ACTIONS else list(ACTIONS)
    possible = [kind for kind in kinds if draft.text and allowed(case.incident, role, ACTIONS[kind])]
    rows: list[list[Offer]] = []
    if "answer" in possible:
        rows.append([Offer(texts.say("draft-button-answer"), "draft-answer", carried)])
    if "interim" in possible:
        rows.append(_interim_offers(moment, case, draft, texts, carried))
    if "question" in possible:
        rows.append([Offer(texts.say("draft-button-question"), "draft-question", carried)])
    note = [Offer(texts.say("draft-button-note"), "draft-note", carried)] if draft.text or draft.files else []
    return [*rows, [*note, Offer(texts.say("cancel"), "draft-drop", carried)]]


def _interim_offers(moment: Moment, case: Case, draft: Draft, texts: Texts, carried: Mapping[str, Any]) -> list[Offer]:
    """With the date that stands in the text, and a way to another one."""
    date = find_date(draft.text, promises.local(moment, case), promises.policy_of(moment, case).calendar)
    if date is None or promises.why_not(moment, case, texts, date):
        return [Offer(texts.say("button-interim"), "draft-interim", carried)]
    label = texts.say("draft-button-interim", when=promises.soon(moment, case, texts, date))
    return [
        Offer(label, "draft-interim", {**carried, "date": date.isoformat()}),
        Offer(texts.say("draft-button-other-date"), "draft-interim", carried),
    ]


async def rival_text(moment: Moment, case: Case, person: int, texts: Texts) -> str:
    """Who works on it already, and when they last wrote to the citizen."""
    name = await name_of(moment, person, texts)
    last = await moment.tx.timeline.last_said(case.id, WORDS, person)
    if last is None:
        return texts.say("draft-held", number=case.id, name=name)
    ago = moment.now - last.at
    if ago < timedelta(minutes=1):
        return texts.say("draft-held-now", number=case.id, name=name)
    return texts.say("draft-held-answered", number=case.id, name=name, ago=texts.span(ago))


# --- where it stands ---------------------------------------------------------------------------------------------------


async def beside(moment: Moment, draft: Draft, text: str, offers: Offers = (), *, draft_of: int = 0) -> int:
    """Say something to the author, as a reply to what they wrote. Returns the outbox row; 0 when their account is not connected.

    ``draft_of``: it says what became of that draft, and must be heard.
    """
    at = draft.address
    if at.account not in moment.office.limits:
        return 0
    topic = await moment.tx.chats.in_topic(at.account, at.chat, at.thread) if at.thread else 0
    if at.thread and not topic and draft.preview:
        # The topic they wrote in is gone: what has to be said is said where the incident is talked about now.
        case = await moment.tx.incidents.get(draft.incident)
        return await tell_at(moment, case, at, text, offers, only=draft.user_id, draft=draft_of) if case else 0
    about = draft.incident
    return await moment.post(at, text, offers, incident=about, topic_of=topic, answer_to=draft.message, only=draft.user_id, draft=draft_of)


async def show(moment: Moment, draft: Draft, text: str, offers: Offers = ()) -> None:
    """Replace what the preview says."""
    if draft.preview and draft.address.account in moment.office.limits:
        at = Address(draft.address.account, draft.address.chat)
        await moment.change(draft.preview, at, text, offers, incident=draft.incident, only=draft.user_id)


async def show_preview(moment: Moment, case: Case, draft: Draft, role: Role, seen: Seen | None = None) -> None:
    """The preview itself, or first the question whether somebody else's incident is meant. ``seen``: what they have been told already."""
    texts = await texts_at(moment, draft.address)
    text, offers = await _view(moment, case, draft, role, texts, seen)
    await show(moment, draft, text, offers)


async def post_preview(moment: Moment, case: Case, draft: Draft, role: Role, *, why: str = "", seen: Seen | None = None) -> Draft:
    """Put the preview below what the author wrote; ``why`` it comes again. Returns the draft that knows where it stands."""
    texts = await texts_at(moment, draft.address)
    text, offers = await _view(moment, case, draft, role, texts, seen)
    row = await beside(moment, draft, f"{why}\n{text}" if why else text, offers)
    placed = replace(draft, preview=row)
    await moment.tx.conversations.rewrite(placed, was=draft.state)
    return placed


async def requests_lapse(moment: Moment, before: Case, case: Case, change: Change) -> None:
    """What was asked of the curators about the promise is not needed any more; whoever asked sees that, and whoever was asked."""

    def said(texts: Texts) -> str:
        return texts.say("extend-lapsed", number=case.id)

    for draft in await moment.tx.conversations.drafts_of(case.id, "asked"):
        await moment.tx.conversations.rewrite(replace(draft, state="dropped"), was="asked")
        await show(moment, draft, said(await texts_at(moment, draft.address)))
        await request_over(moment, draft, said)


async def request_over(moment: Moment, draft: Draft, said: Callable[[Texts], str], *, but: int = 0) -> None:
    """The messages that asked for a decision say what it was, and lose their buttons; ``but``: the one that was pressed says so already."""
    for row, address in await moment.tx.outbox.asked_about(draft.id):
        if row != but and address.account in moment.office.limits:
            await moment.change(row, address, said(await texts_at(moment, address)), incident=draft.incident)


async def _view(moment: Moment, case: Case, draft: Draft, role: Role, texts: Texts, seen: Seen | None) -> tuple[str, Offers]:
    now = await seen_now(moment, case)
    other = await rival(moment, case, draft.person, seen or Seen(0, now.last))
    if not other or not any(allowed(case.incident, role, action) for action in ACTIONS.values()):
        return preview_text(case, draft, role, texts), preview_offers(moment, case, draft, role, texts, now)
    carried = {"draft": draft.id, **now.data}
    name = shorten(await name_of(moment, other, texts), 25)
    offers = [
        [Offer(texts.say("draft-button-anyway"), "draft-anyway", carried)],
        [Offer(texts.say("draft-button-ask", name=name), "draft-ask-holder", {**carried, "asked": other})],
        [Offer(texts.say("cancel"), "draft-drop", carried)],
    ]
    return await rival_text(moment, case, other, texts), offers
