"""What we say, as parameters of VK's methods, and what VK's refusals mean. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bots.channel import Button, Keyboard, Limits, Refused, Reply, TooOld, TryLater, Undelivered, Unreachable
from bots.vk.contents import OVERALL

LIMITS = Limits(
    text=4096,
    caption=4096,
    files=10,
    label=40,
    payload=247,  # 255, less the object our string is wrapped in
    columns=5,
    rows=6,
    whisper=90,
    upload=50 * 1024 * 1024,
    per_second=20,
    per_chat=0,
    per_group_minute=0,
    edit_hours=24,
    buttons=10,
    drops_repeats=True,
)

AUTHORISATION = 5
_TOO_OLD = 909
_UNREACHABLE = frozenset({7, 15, 900, 901, 902, 917, 943, 944, 945, 950, 983, 984, 993, 1012, 1017, 1021})
_RETRY: Mapping[int, tuple[float, bool]] = {1: (5, False), 6: (1, True), 9: (60, False), 10: (5, False), 29: (600, True)}
"""Error code → seconds to wait, and whether the whole account waits."""


class VkError(Exception):
    """VK's own answer that a call was not carried out. Its text is only the method and the code: VK's words may repeat ours."""

    def __init__(self, method: str, code: int) -> None:
        super().__init__(f"{method}: VK error {code}")
        self.method = method
        self.code = code


def failure(error: VkError) -> Undelivered:
    """What an error code means for the message that was to be sent."""
    why = str(error)
    if error.code == AUTHORISATION:
        return TryLater(why, 60, whole_account=True)
    if error.code in _RETRY:
        after, whole = _RETRY[error.code]
        return TryLater(why, after, whole_account=whole)
    if error.code == _TOO_OLD:
        return TooOld(why)
    return Unreachable(why) if error.code in _UNREACHABLE else Refused(why)


def is_passing(error: VkError) -> bool:
    """The same call may go through later."""
    return error.code in _RETRY or error.code == AUTHORISATION


# --- texts -------------------------------------------------------------------------------------------------------------

_JOINER = "\u2060"
_NAMED = r"(?:[A-Za-z0-9_.]|все|всех|онлайн|тут)"
_MENTION = re.compile(
    rf"@(?=\w)(?<![A-Za-z0-9_]@)|@(?=\w)(?![A-Za-z0-9-]+\.[A-Za-z])"  # but not within an e-mail address
    rf"|\*(?={_NAMED})|\[(?=[^\s{_JOINER}])"
    rf"|&(?=[#A-Za-z])",  # VK shows &#64; as the letter it stands for
    re.IGNORECASE,
)
_ALIKE = {"@": "＠", "*": "∗", "[": "［", "&": "＆"}


def unmentioned(text: str, limit: int = LIMITS.text) -> str:
    """The same text to the eye, in which ``@all``, ``*id1`` and ``[id1|name]`` name and call nobody.

    A word joiner, which takes no room on the screen, parts the sign from what follows; in a text that has no room left for it the sign
    itself is replaced by one that looks alike.
    """
    parted = _MENTION.sub(lambda sign: sign[0] + _JOINER, text)
    if len(parted.encode("utf-16-le", "surrogatepass")) // 2 <= limit:
        return parted
    return _MENTION.sub(lambda sign: _ALIKE[sign[0]], text)


# --- parameters --------------------------------------------------------------------------------------------------------


def message(reply: Reply, peer: str, key: int, attachments: list[str]) -> dict[str, Any]:
    """Parameters of ``messages.send``; ``peer_ids`` also for one: only then the number of the message in its chat comes back."""
    params = {**_said(reply), "peer_ids": peer, "random_id": key}
    if attachments:
        params["attachment"] = ",".join(attachments)
    if not params["message"] and not attachments:
        params["message"] = "…"  # VK takes no buttons without a text
    if reply.keyboard or reply.ask_place:
        params["keyboard"] = keyboard(reply.keyboard, ask_place=reply.ask_place)
    if reply.answer_to:
        kind, number = _message_id(reply.answer_to)
        params["forward"] = json.dumps({"peer_id": _id(peer), f"{kind}s": [number], "is_reply": 1})
    return params


def edit(reply: Reply, peer: str, attachments: list[str]) -> dict[str, Any]:
    """Parameters of ``messages.edit``. It takes away whatever is not named: ``attachments`` are those that are to stay."""
    kind, number = _message_id(reply.instead_of)
    numbered = {"cmid": number, kind: number} if kind == "conversation_message_id" else {kind: number}
    params = {**_said(reply), "peer_id": peer, **numbered, "keep_forward_messages": 1}
    return params | {"attachment": ",".join(attachments), "keyboard": keyboard(reply.keyboard, ask_place=reply.ask_place)}


def whisper(reply: Reply) -> dict[str, Any]:
    """Parameters of ``messages.sendMessageEventAnswer``."""
    try:
        event, person, peer = json.loads(reply.whisper_to)
    except (ValueError, TypeError):
        raise Refused("whisper_to: not a press of VK") from None
    params = {"event_id": event, "user_id": person, "peer_id": peer}
    if reply.text:
        params["event_data"] = json.dumps({"type": "show_snackbar", "text": reply.text}, ensure_ascii=False)
    return params


def _said(reply: Reply) -> dict[str, Any]:
    return {"message": unmentioned(reply.text), "disable_mentions": 1, "dont_parse_links": 1}


def keyboard(rows: Keyboard, *, ask_place: bool = False) -> str:
    """An inline keyboard as JSON. The place button takes a row of its own and comes last, if there is room."""
    drawn = [[_button(button) for button in row] for row in rows]
    if ask_place and len(drawn) < LIMITS.rows and sum(map(len, drawn)) < LIMITS.buttons:
        drawn.append([{"action": {"type": "location", "payload": "{}"}}])
    return json.dumps({"inline": True, "buttons": drawn}, ensure_ascii=False)


def _button(button: Button) -> dict[str, Any]:
    if button.url:
        return {"action": {"type": "open_link", "label": button.label, "link": button.url}}  # VK takes no colour here
    payload = json.dumps({"p": button.payload}, ensure_ascii=False, separators=(",", ":"))
    return {"action": {"type": "callback", "label": button.label, "payload": payload}, "color": "secondary"}


def _message_id(ours: str) -> tuple[str, int]:
    """VK's name for an id of ours, and the number: «12» counts within the dialogue, «m9001» over all of the community's messages."""
    if ours.startswith(OVERALL):
        return "message_id", _id(ours.removeprefix(OVERALL))
    return "conversation_message_id", _id(ours)


def _id(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("an id of another messenger") from None
