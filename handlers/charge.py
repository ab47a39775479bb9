"""Below an escalation: a curator or a head takes it under control, has the organisation reminded, passes it on; all in the same message."""

from __future__ import annotations

from datetime import timedelta

from handlers import escalation
from handlers.card import organisation_title
from handlers.curate import move
from handlers.escalation import ASKED, MOVES, OWED
from handlers.pick import organisations, page_of
from handlers.preview import allowed
from handlers.reminding import remind_organisation
from handlers.turn import Offer, Turn
from incidents.incident import Action, Role
from storage.incidents import Case

PAUSE = timedelta(minutes=15)
"""How soon after a reminder that a person asked for the organisation may be reminded again, whoever presses."""


async def remind(turn: Turn) -> None:
    """[Напомнить]: the organisation hears it now."""
    found = await _mine(turn)
    if found is None:
        return
    case, role = found
    incident = case.incident
    asked = await escalation.asked_at(turn, case)
    if incident.status not in OWED:
        await turn.whisper("watch-nothing-to-remind", number=case.id)
    elif asked and turn.now - asked < PAUSE:
        await turn.whisper("watch-reminded-already", number=case.id, when=turn.texts.hour(asked, turn.zone(incident.territory)))
    elif not await remind_organisation(turn, case):
        await turn.whisper("watch-nobody", organisation=organisation_title(turn, incident.organisation, turn.texts))
    elif await turn.tx.reminders.claim(case.id, incident.turn, f"{ASKED}{turn.now:%Y%m%d%H%M}", turn.now):
        await turn.whisper("watch-reminded", organisation=organisation_title(turn, incident.organisation, turn.texts))
        await _show(turn, case, role)


async def control(turn: Turn) -> None:
    """[Взял на контроль]: this step of this clock does not ring here again; the others in charge see who has it."""
    found = await _mine(turn)
    if found is None:
        return
    case, role = found
    turn_of, step = turn.arguments.get("turn", case.incident.turn), turn.arguments.get("step", "")
    if turn_of != case.incident.turn or not case.incident.is_open:
        await turn.whisper("watch-control-late")
        await _show(turn, case, role)
        return
    if turn.person.id in await turn.tx.reminders.controlled_by(case.id, turn_of, step):
        await turn.whisper("watch-controlled-already")
        return
    await turn.tx.reminders.control(case.id, turn_of, step, turn.person.id, turn.now)
    await turn.whisper("watch-controlled")
    await _show_others(turn, case, await _show(turn, case, role))


async def hand(turn: Turn) -> None:
    """[Передать]: the list of organisations, in place; [Назад] brings the escalation back."""
    found = await _mine(turn)
    if found is None:
        return
    case, role = found
    if _action(case, role) is None:
        await turn.whisper("not-allowed-status")
        await _show(turn, case, role)
        return
    await turn.quiet()
    about = {name: turn.arguments[name] for name in ("number", "turn", "step") if name in turn.arguments}
    text, _ = await escalation.shown(turn, case, turn.here, about.get("step", ""), role)
    back = Offer(turn.t("cancel"), "hand-back", about)
    choices = organisations(turn, case, "hand-to", {**about, "from": case.incident.organisation})
    offers = page_of(turn, choices, "hand", about, last=back)
    await turn.instead("\n".join([text, turn.t("curate-which-organisation", number=case.id)]), offers, incident=case.id)


async def hand_to(turn: Turn) -> None:
    """An organisation was chosen: it goes there at once, the clock does not stop."""
    found = await _mine(turn)
    if found is None:
        return
    case, role = found
    action, organisation = _action(case, role), turn.arguments["organisation"]
    moved = case.incident.organisation != turn.arguments.get("from", case.incident.organisation)
    if action is None or moved or organisation not in turn.region.organisation:
        await turn.whisper("press-used" if action else "not-allowed-status")
        await _show(turn, case, role)
        return
    if role is Role.CURATOR:
        done = await move(turn, case, organisation)
    else:
        done = await turn.attempt(case, turn.deed(role, action=action, target=organisation)) is not None
    if not done:
        return
    await turn.quiet()
    title = organisation_title(turn, organisation, turn.texts)
    await turn.instead(turn.t("curate-sorted", number=case.id, organisation=title), incident=case.id)
    await _show_others(turn, await turn.tx.incidents.get(case.id) or case, await turn.pressed_row())


async def hand_back(turn: Turn) -> None:
    """[Отмена] of the list."""
    found = await _mine(turn)
    if found:
        await turn.quiet()
        await _show(turn, *found)


def _action(case: Case, role: Role) -> Action | None:
    """What passing on is for this role as things stand; None when it cannot be done."""
    return next((one for one in MOVES[role] if allowed(case.incident, role, one)), None)


async def _mine(turn: Turn) -> tuple[Case, Role] | None:
    """The incident of a button and as whom this person is in charge of it now; anybody else hears whose business it is."""
    case = await turn.tx.incidents.get(turn.arguments["number"])
    role = escalation.charge(turn.posts, case) if case and not turn.event.sender.impersonal else None
    if case is None or role is None:
        await turn.whisper("charge-only")
        return None
    return case, role


async def _show(turn: Turn, case: Case, role: Role) -> int:
    """The pressed message as things stand now. Returns its row; 0 when it is not known as ours."""
    row = await turn.pressed_row()
    if row:
        await escalation.show_again(turn, case, row, turn.here, turn.arguments.get("step", ""), role)
    return row


async def _show_others(turn: Turn, case: Case, pressed: int) -> None:
    """Whoever else is in charge sees it in the message they have; their telephones do not ring."""
    for row, address in await turn.tx.outbox.reminders(case.id):
        role = await escalation.role_at(turn, case, address)
        if row != pressed and role and address.account in turn.office.limits:
            await escalation.show_again(turn, case, row, address, turn.arguments.get("step", ""), role)
