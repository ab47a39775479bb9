"""Getting in: the first words, one-time invitations, where cards come, and one line of help for each role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from bots.channel import Address, Blocked, Unblocked
from handlers import opening, report
from handlers.card import organisation_title
from handlers.thread import bring_cards
from handlers.turn import Moment, Offer, Turn
from incidents.incident import Role
from locales import LANGUAGES, texts
from storage.conversations import Step
from storage.people import CHAT, PERSON, Invite

WRONG_CODES = 5
"""So many wrong codes of one person in ``WRONG_WITHIN`` are looked up; the next ones are not."""
WRONG_WITHIN = timedelta(hours=1)
COMMANDS = ("my", "help", "queue", "due", "overdue", "undelivered", "digest", "away", "duty", "connect", "start")
"""In the order of the messenger's menu."""
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.IGNORECASE)
_NO_WORDS = ("", "начать", "start")
"""What a messenger's own «begin» button says."""


def menu() -> Mapping[str, Mapping[str, str]]:
    """Language → command → what it does, for the menus of the messengers."""
    return {language: {command: texts(language).say(f"command-{command}") for command in COMMANDS} for language in LANGUAGES}


# --- the first words ---------------------------------------------------------------------------------------------------


async def start(turn: Turn) -> None:
    """/start, with or without an invitation's code, or the first message behind a link that carried one."""
    text = turn.said.text.strip()
    code = turn.said.start or _argument(text)
    if turn.event.sender.impersonal:
        await turn.whisper("press-impersonal")
    elif code and not turn.private:
        await turn.whisper("enter-in-private")
    elif not code:
        await _welcome(turn)
    elif invited := await _use(turn, code, PERSON):
        await _appoint(turn, invited)
    elif not _is_begin(text):
        await _heard(turn)  # somebody wrote behind an odd link, and means what they wrote


async def _heard(turn: Turn) -> None:
    if turn.is_staff:
        await help_(turn)
    else:
        await report.heard(turn)


async def _welcome(turn: Turn) -> None:
    if turn.is_staff or not turn.private:
        await help_(turn)
    else:
        await turn.say("enter-start")
        await opening.greet(turn)


def is_code(text: str) -> bool:
    """Whether somebody sent nothing but a link's code: not every app carries it along when the link is opened."""
    return _CODE.fullmatch(text.strip()) is not None


def _is_begin(text: str) -> bool:
    return text.lower() in _NO_WORDS or text.startswith("/") or is_code(text)


def _argument(text: str) -> str:
    """What stands behind a command, or the code that was sent without one."""
    return text.partition(" ")[2].strip() if text.startswith("/") else text if is_code(text) else ""


# --- invitations -------------------------------------------------------------------------------------------------------


async def use_code(turn: Turn, code: str) -> Invite | None:
    """Use a chat's code, which a person types; None, and they hear why, when it cannot be used."""
    return await _use(turn, code, CHAT)


async def _use(turn: Turn, code: str, kind: str) -> Invite | None:
    wrong = await _wrong_codes(turn)
    if len(wrong) >= WRONG_CODES:
        await turn.whisper("enter-too-many")
        return None
    invited = await turn.tx.people.use_invite(code, kind, turn.person.id, turn.now)
    if invited is None:
        await turn.tx.conversations.ask(
            turn.here.account, "", turn.event.sender.id, Step("codes", {"wrong": [*wrong, turn.now.isoformat()]}), turn.now
        )
        await turn.whisper(await _why_not(turn, code, kind))
    return invited


async def _why_not(turn: Turn, code: str, kind: str) -> str:
    """A link's code cannot be guessed: who has it may know what became of it. A typed one is not told to have existed."""
    if kind == CHAT:
        return "enter-wrong-code"
    found = await turn.tx.people.invitation(code)
    if found is None or found.kind != PERSON:
        return "enter-unknown"
    if found.used_at is None:
        return "enter-expired"
    holds = any((post.role, post.organisation) == (found.role, found.organisation) for post in turn.posts)
    return "enter-used-by-you" if holds else "enter-used"


async def _wrong_codes(turn: Turn) -> list[str]:
    """When this person tried wrong codes lately. Kept beside their conversations, where no other step replaces it."""
    step = await turn.tx.conversations.step(turn.here.account, "", turn.event.sender.id)
    tried = step.data.get("wrong", []) if step else []
    return [at for at in tried if datetime.fromisoformat(at) > turn.now - WRONG_WITHIN]


async def _appoint(turn: Turn, invited: Invite) -> None:
    """Give the role, and say what it means."""
    role, organisation = Role(invited.role), invited.organisation
    address = Address(turn.here.account, turn.here.chat)
    fresh = await turn.tx.people.appoint(turn.person.id, role, organisation, address, turn.now)
    title = organisation_title(turn, organisation, turn.texts)
    if not fresh:
        await turn.say("enter-again-of" if organisation else "enter-again", role=turn.t(f"role-{role}"), organisation=title)
    elif role is Role.OFFICIAL:
        about = {"organisation": organisation}
        offers = [[Offer(turn.t("enter-button-here"), "cards-here", about), Offer(turn.t("enter-button-chat"), "cards-chat", about)]]
        await turn.say("enter-official", offers, organisation=title)
        if not await turn.tx.chats.of(organisation):
            await bring_cards(turn, organisation, address)
    else:
        await turn.say(f"enter-{role}", organisation=title)


# --- where cards come --------------------------------------------------------------------------------------------------


async def cards_here(turn: Turn) -> None:
    """[Сюда, в личку]."""
    organisation = turn.arguments["organisation"]
    if await _holds(turn, organisation):
        await turn.tx.people.cards_here(turn.person.id, organisation, here=True)
        await turn.quiet()
        await turn.instead(turn.t("enter-cards-here", organisation=organisation_title(turn, organisation, turn.texts)))
        await bring_cards(turn, organisation, Address(turn.here.account, turn.here.chat))


async def cards_chat(turn: Turn) -> None:
    """[В рабочий чат]."""
    organisation = turn.arguments["organisation"]
    if await _holds(turn, organisation):
        await turn.tx.people.cards_here(turn.person.id, organisation, here=False)
        await turn.quiet()
        key = "enter-cards-chat" if await turn.tx.chats.of(organisation) else "enter-cards-no-chat"
        await turn.instead(turn.t(key, organisation=organisation_title(turn, organisation, turn.texts)))


async def _holds(turn: Turn, organisation: str) -> bool:
    """Whether the person still has a role in the organisation."""
    if any(post.organisation == organisation for post in turn.posts):
        return True
    await turn.whisper("enter-no-role")
    return False


# --- help, and who can be written to -----------------------------------------------------------------------------------


async def help_(turn: Turn) -> None:
    """One line for each role the person holds; a citizen's for everybody else."""
    roles = dict.fromkeys(post.role for post in turn.posts) if turn.is_staff else {}
    if roles:
        await turn.post(turn.here, "\n".join(turn.t(f"help-{role}") for role in roles))
    elif turn.private:
        await turn.say("help-citizen")
        await opening.greet(turn)
    else:
        await turn.say("help-group")


async def reachable(moment: Moment, event: Blocked | Unblocked) -> None:
    """A person forbade, or allowed again, an account to write to them."""
    await moment.tx.people.set_blocked(event.address.account, event.sender.id, blocked=isinstance(event, Blocked))
