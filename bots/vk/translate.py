"""What VK's long poll says, in our words. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.channel import (
    Address,
    Blocked,
    Edited,
    Event,
    Joined,
    Left,
    Malformed,
    Pressed,
    Said,
    Scene,
    Sender,
    Unblocked,
    Update,
)
from bots.plain import plain
from bots.vk.contents import Json, content_of, instant, is_number, message_id, number_of, part, text_of, unescaped, word

CHATS = 2_000_000_000
"""Peer ids from here on are chats of several people."""
NEEDED = ("message_new", "message_event", "message_edit", "message_allow", "message_deny")
"""Kinds of events that must be switched on in the community's long poll settings."""
HEARD_AT = "heard_at"
"""The field we add to a raw update: VK gives presses and permissions no time of their own."""

# fmt: off
_OF_NO_INTEREST = frozenset({
    "message_reply", "message_read", "message_typing_state", "message_reaction_event", "confirmation", "photo_new", "photo_comment_new",
    "photo_comment_edit", "photo_comment_restore", "photo_comment_delete", "audio_new", "video_new", "video_comment_new",
    "video_comment_edit", "video_comment_restore", "video_comment_delete", "wall_post_new", "wall_repost", "wall_schedule_post_new",
    "wall_schedule_post_delete", "wall_reply_new", "wall_reply_edit", "wall_reply_restore", "wall_reply_delete", "like_add",
    "like_remove", "board_post_new", "board_post_edit", "board_post_restore", "board_post_delete", "lead_forms_new", "market_comment_new",
    "market_comment_edit", "market_comment_restore", "market_comment_delete", "market_order_new", "market_order_edit", "group_leave",
    "group_join", "user_block", "user_unblock", "poll_vote_new", "group_officers_edit", "group_change_settings", "group_change_photo",
    "vkpay_transaction", "app_payload", "donut_subscription_create", "donut_subscription_prolonged", "donut_subscription_expired",
    "donut_subscription_cancelled", "donut_subscription_price_changed", "donut_money_withdraw", "donut_money_withdraw_error",
})
# fmt: on
_CAME = frozenset({"chat_invite_user", "chat_invite_user_by_link", "chat_invite_user_by_message_request"})
_DECORATION = frozenset({"chat_photo_update", "chat_photo_remove", "chat_pin_message", "chat_unpin_message", "chat_screenshot"})
_CALLED = re.compile(r"\[(?:club|public|event)(\d{1,16})\|[^\]\n]{0,100}\][,:]?\s*")
_SAFE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


# --- before anybody looks into it --------------------------------------------------------------------------------------


def update(raw: object, now: datetime) -> Update:
    """Wrap a raw update for the inbox; never fails, however odd the update is."""
    whole = dict(raw) if isinstance(raw, Mapping) else {"odd": raw}
    return Update(key=key(whole), raw={**whole, HEARD_AT: int(now.timestamp())}, lane=_lane(whole))


def key(raw: Json) -> str:
    """The same for a message that was polled and for one that was back-filled from the history."""
    if raw.get("type") == "message_new":
        message = part(part(raw, "object"), "message")
        peer, number = message.get("peer_id"), message_id(message)
        if is_number(peer) and number:
            return f"message/{peer}/{number}"
    event = raw.get("event_id")
    if isinstance(event, str) and _SAFE_ID.fullmatch(event):
        return event
    told = {name: value for name, value in raw.items() if name != HEARD_AT}
    return "digest/" + hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()[:40]


def backfilled(message: Json, group: int) -> dict[str, Any]:
    """A message of the history in the shape in which the long poll would have brought it."""
    return {"type": "message_new", "group_id": group, "object": {"message": dict(message), "client_info": {}}, "event_id": ""}


def _lane(raw: Json) -> str:
    about = part(raw, "object")
    for place in (part(about, "message"), about):
        for name in ("peer_id", "user_id"):
            if is_number(place.get(name)):
                return str(place[name])
    return ""


# --- what it says ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Context:
    account: str
    group: int
    heard: datetime | None
    id: str


def events(account: str, raw: Json, group: int = 0) -> Sequence[Event]:
    """What a raw update of this account says, whose community is ``group`` where the update does not tell. Raises Malformed."""
    if not isinstance(raw, Mapping):
        raise Malformed("the update is no object")
    kind = raw.get("type")
    if not isinstance(kind, str):
        raise Malformed("type: no text")
    if kind in _OF_NO_INTEREST:
        return ()
    reader = _READERS.get(kind)
    if reader is None:
        raise Malformed("type: unknown kind of update")
    about = raw.get("object")
    if not isinstance(about, Mapping):
        raise Malformed(f"{kind}.object: no object")
    group = number_of(raw, "group_id", kind) if raw.get("group_id") is not None else group
    heard = instant(raw, HEARD_AT, kind) if HEARD_AT in raw else None
    return reader(about, _Context(account, group, heard, key(raw)))


def _message_new(about: Json, context: _Context) -> Sequence[Event]:
    message = _message(about)
    sender = number_of(message, "from_id", "message")
    header = _header(message, context, sender, instant(message, "date", "message"))
    action = message.get("action")
    if action:
        return _action(action, message, context, header)
    if message.get("out") == 1 or sender == -context.group:
        return ()
    content = content_of(message, context.account)
    text, start = _unaddressed(content.text, context.group), word(message.get("ref"))
    if _is_start(message.get("payload")):
        text = "/start"
    left_out = content.left_out
    if not (text or content.files or content.location or left_out or start):
        left_out = ("unknown",)
    return [
        Said(
            **header,
            message=_id_of(message),
            text=text,
            files=content.files,
            location=content.location,
            answer_to=_answered(message),
            answers_us=bool(_answered(message)) and message["reply_message"].get("from_id") == -context.group,
            forwarded=content.forwarded,
            start=start,
            left_out=left_out,
        )
    ]


def _message_edit(about: Json, context: _Context) -> Sequence[Event]:
    message = _message(about)
    sender = number_of(message, "from_id", "message")
    if message.get("out") == 1 or sender == -context.group:
        return ()
    said_at = instant(message, "date", "message")
    at = instant(message, "update_time", "message") if message.get("update_time") else said_at
    content = content_of(message, context.account)
    header = _header(message, context, sender, at)
    return [Edited(**header, message=_id_of(message), said_at=said_at, text=content.text, files=content.files)]


def _action(action: object, message: Json, context: _Context, header: dict[str, Any]) -> Sequence[Event]:
    """Who came into a chat and who left it."""
    if not isinstance(action, Mapping) or not isinstance(action.get("type"), str):
        raise Malformed("message.action: no kind")
    kind, us = action["type"], -context.group
    if kind in _DECORATION:
        return ()
    if kind in ("chat_create", "chat_title_update"):
        member, title = us, plain(unescaped(text_of(action, "text", "action")))
        return [Joined(**header, member=Sender(str(member), impersonal=True), is_us=True, title=title)]
    if kind not in _CAME and kind != "chat_kick_user":
        raise Malformed("message.action: unknown kind")
    sender = number_of(message, "from_id", "message")
    member = number_of(action, "member_id", "action") if action.get("member_id") is not None else sender
    who = Sender(str(member), impersonal=member < 0)
    return [(Joined if kind in _CAME else Left)(**header, member=who, is_us=member == us)]


def _message_event(about: Json, context: _Context) -> Sequence[Event]:
    person = number_of(about, "user_id", "message_event")
    event = text_of(about, "event_id", "message_event")
    number = about.get("conversation_message_id")
    payload = _carried(about.get("payload"))
    ours = payload.get("p")
    return [
        Pressed(
            **_header(about, context, person, _heard(context)),
            message=str(number) if is_number(number) else "",
            payload=plain(ours) if isinstance(ours, str) else "",
            press=json.dumps([event, person, about["peer_id"]]),
        )
    ]


def _message_allow(about: Json, context: _Context) -> Sequence[Event]:
    return [Unblocked(**_permission(about, context))]


def _message_deny(about: Json, context: _Context) -> Sequence[Event]:
    return [Blocked(**_permission(about, context))]


_READERS = {
    "message_new": _message_new,
    "message_edit": _message_edit,
    "message_event": _message_event,
    "message_allow": _message_allow,
    "message_deny": _message_deny,
}


def _header(about: Json, context: _Context, sender: int, at: datetime) -> dict[str, Any]:
    peer = number_of(about, "peer_id", "message")
    return {
        "id": context.id,
        "at": at,
        "address": Address(context.account, str(peer)),
        "sender": Sender(str(sender), impersonal=sender < 0),
        # A person's dialogue has the person's own number, however large: VK's numbers of people outgrow 32 bits.
        "scene": Scene.GROUP if peer >= CHATS and peer != sender else Scene.PRIVATE,
    }


def _permission(about: Json, context: _Context) -> dict[str, Any]:
    person = number_of(about, "user_id", "permission")
    return _header({"peer_id": person}, context, person, _heard(context))


def _heard(context: _Context) -> datetime:
    if context.heard is None:
        raise Malformed(f"{HEARD_AT}: missing, and this kind has no time of its own")
    return context.heard


def _message(about: Json) -> Json:
    message = about.get("message", about)
    if not isinstance(message, Mapping):
        raise Malformed("message: no object")
    return message


def _answered(message: Json) -> str:
    replied = message.get("reply_message")
    return message_id(replied) if isinstance(replied, Mapping) else ""


def _unaddressed(text: str, group: int) -> str:
    """The text without our own name at its beginning: where a community may not read all of a chat, people have to call it by name."""
    found = _CALLED.match(text)
    return text[found.end() :] or text if found and int(found[1]) == group else text


def _is_start(payload: object) -> bool:
    """VK's own «Начать» button sends its label as a text, and this with it."""
    return _carried(payload).get("command") == "start"


def _carried(payload: object) -> Json:
    """What a button carried: VK gives it as an object or as the JSON of one."""
    if isinstance(payload, Mapping):
        return payload
    if not isinstance(payload, str) or len(payload) > 1000:
        return {}
    try:
        carried = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return carried if isinstance(carried, dict) else {}


def _id_of(message: Json) -> str:
    number = message_id(message)
    if not number:
        raise Malformed("message: no number")
    return number
