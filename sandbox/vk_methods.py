"""The methods of the local VK that a community's token may call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.vk_shapes import CHATS, EVENTS, Page, Refusal, Talk, attachment, keyboard, wrong
from sandbox.vk_state import State

Params = Mapping[str, str]
_TEXT = 4096
_ATTACHMENT = re.compile(r"([a-z_]+-?\d+_\d+)(?:_(\w+))?")
_REPEATS = 100
"""Messages of a dialog, and no older than an hour, among which VK looks for the same ``random_id``."""


class Methods:
    """Method name → what it does. Every method takes the caller's community, the parameters and our own address."""

    def __init__(self, vk: State) -> None:
        self._vk = vk
        self.table: dict[str, Callable[[Page, Params, str], Any]] = {
            "groups.getById": self._community,
            "groups.getLongPollServer": self._server,
            "groups.getLongPollSettings": lambda page, _params, _origin: self._poll_settings(page),
            "groups.setLongPollSettings": self._set_poll_settings,
            "groups.getTokenPermissions": self._permissions,
            "groups.getSettings": lambda page, _params, _origin: dict(page.settings),
            "messages.send": self._send,
            "messages.edit": self._edit,
            "messages.sendMessageEventAnswer": self._answer_press,
            "messages.getConversations": self._conversations,
            "messages.getConversationsById": self._conversations_by_id,
            "messages.getConversationMembers": self._members,
            "messages.getHistory": self._history,
            "messages.getByConversationMessageId": self._by_number,
            "photos.getMessagesUploadServer": lambda page, params, origin: self._upload_server(page, "photo", params, origin),
            "photos.saveMessagesPhoto": self._save_photo,
            "docs.getMessagesUploadServer": self._docs_server,
            "docs.save": self._save_document,
            "users.get": self._users,
        }

    # --- the community ---

    def _community(self, page: Page, _params: Params, _origin: str) -> Any:
        about = page.about
        group = {"id": about.id, "name": about.title, "screen_name": about.screen_name, "is_closed": 0, "type": "page"}
        return {"groups": [group], "profiles": []}

    def _ours(self, page: Page, params: Params) -> None:
        if params.get("group_id") != str(page.about.id):
            raise Refusal(15, "Access denied: group_id does not fit the token")

    def _server(self, page: Page, params: Params, origin: str) -> Any:
        self._ours(page, params)
        if not page.polls:
            raise wrong("longpoll for this group is not enabled")
        return {"key": f"key-{page.about.id}-{page.key}", "server": f"{origin}/longpoll/{page.about.id}", "ts": str(page.ts)}

    def _poll_settings(self, page: Page) -> Any:
        return {"is_enabled": page.polls, "api_version": "5.199", "events": dict(page.kinds)}

    def _set_poll_settings(self, page: Page, params: Params, _origin: str) -> Any:
        self._ours(page, params)
        if "manage" not in page.rights:
            raise Refusal(15, "Access denied")
        page.polls = params.get("enabled", str(int(page.polls))) == "1"
        page.kinds |= {kind: int(params[kind] == "1") for kind in EVENTS if kind in params}
        return 1

    def _permissions(self, page: Page, _params: Params, _origin: str) -> Any:
        return {"mask": len(page.rights), "permissions": [{"name": right, "setting": 1} for right in page.rights]}

    # --- messages ---

    def _send(self, page: Page, params: Params, _origin: str) -> Any:
        key = _number(params, "random_id")
        if abs(key) >= 2**31:
            raise wrong("random_id is not an int32")
        if "peer_ids" in params:
            peers = [peer.strip() for peer in params["peer_ids"].split(",")]
            if len(peers) > 100:
                raise wrong("peer_ids: too many")
            return [self._sent(page, peer, key, params) for peer in peers]
        return self._put(page, _number(params, "peer_id"), key, params)["id"]

    def _sent(self, page: Page, peer: str, key: int, params: Params) -> dict[str, Any]:
        """One item of an answer to ``peer_ids``: refusals that concern the recipient stand in the item."""
        number = int(peer) if peer.lstrip("-").isdecimal() else 0
        try:
            message = self._put(page, number, key, params)
        except Refusal as refusal:
            if refusal.code not in (901, 917):
                raise
            error = {"code": refusal.code, "description": refusal.message}
            return {"peer_id": number, "message_id": 0, "conversation_message_id": 0, "error": error}
        return {"peer_id": number, "message_id": message["id"], "conversation_message_id": message["conversation_message_id"]}

    def _put(self, page: Page, peer: int, key: int, params: Params) -> dict[str, Any]:
        talk = self._writable(page, peer)
        repeated = self._repeated(talk, key)
        if repeated is not None:
            return repeated
        content = self._content(page, params)
        if forward := params.get("forward"):
            content["reply_message"] = self._replied(talk, forward)
        return self._vk.put(page, peer, page.us, content.pop("text"), random_id=key, **content)

    def _writable(self, page: Page, peer: int) -> Talk:
        if peer >= CHATS:
            talk = page.talks.get(peer)
            if talk is None or not talk.has_community:
                raise Refusal(917, "You don't have access to this chat")
            return talk
        if not page.settings["messages"] or not page.may_write(peer):
            raise Refusal(901, "Can't send messages for users without permission")
        return page.talks[peer]

    def _repeated(self, talk: Talk, key: int) -> dict[str, Any] | None:
        recent = self._vk.now() - 3600
        same = (each for each in talk.messages[-_REPEATS:] if each["out"] and each["random_id"] == key and each["date"] >= recent)
        return next(same, None) if key else None

    def _content(self, page: Page, params: Params) -> dict[str, Any]:
        text = params.get("message", "").strip()
        if len(text.encode("utf-16-le")) // 2 > _TEXT:
            raise Refusal(914, "Message is too long")
        named_files = [name for name in params.get("attachment", "").split(",") if name]
        if not text and not named_files:
            raise wrong("message is empty or invalid")
        if len(named_files) > 10:
            raise wrong("too many attachments")
        board = keyboard(params["keyboard"]) if params.get("keyboard") else None
        return {"text": text, "attachments": [self._attached(page, name) for name in named_files], "keyboard": board}

    def _attached(self, page: Page, name: str) -> dict[str, Any]:
        found = _ATTACHMENT.fullmatch(name)
        thing = page.media.get(found[1]) if found else None
        if thing is None or found is None or (thing["owner"] != page.us and found[2] != thing["access_key"]):
            raise wrong("attachment: no such file, or no right to it")
        return attachment(thing, self._vk.now())

    def _replied(self, talk: Talk, forward: str) -> dict[str, Any]:
        try:
            about = json.loads(forward)
            (number,) = about["conversation_message_ids"]
            message = talk.message(number)
        except (ValueError, TypeError, KeyError, LookupError):
            raise wrong("forward: cannot reply this message") from None
        return {name: message[name] for name in ("id", "date", "peer_id", "from_id", "text", "conversation_message_id", "attachments")}

    def _edit(self, page: Page, params: Params, _origin: str) -> Any:
        talk = self._writable(page, _number(params, "peer_id"))
        try:
            message = talk.message(_number(params, "cmid" if "cmid" in params else "conversation_message_id"))
        except LookupError:
            raise wrong("message not found") from None
        if not message["out"] or message["date"] < self._vk.now() - 24 * 3600:
            raise Refusal(909, "Can't edit this message, because it's too old")
        content = self._content(page, params)
        message.pop("keyboard", None)
        message |= {name: value for name, value in content.items() if name != "keyboard" or value}
        message["update_time"] = self._vk.now()
        self._vk.changed()
        return 1

    def _answer_press(self, _page: Page, params: Params, _origin: str) -> Any:
        press = self._vk.presses.get(params.get("event_id", ""))
        if press is None or press.answer.done() or (str(press.person), str(press.peer)) != (params.get("user_id"), params.get("peer_id")):
            raise wrong("event_id")
        text = ""
        if params.get("event_data"):
            data = json.loads(params["event_data"])
            text = data["text"] if data.get("type") == "show_snackbar" else ""
        if len(text) > 90:
            raise wrong("event_data: text is too long")
        press.answer.set_result(text)
        return 1

    # --- conversations ---

    def _conversations(self, page: Page, params: Params, _origin: str) -> Any:
        talks = [(peer, talk) for peer, talk in page.talks.items() if talk.messages and talk.has_community]
        if params.get("filter") == "unanswered":
            talks = [(peer, talk) for peer, talk in talks if not talk.messages[-1]["out"]]
        talks.sort(key=lambda each: -each[1].messages[-1]["id"])
        offset, count = int(params.get("offset", "0")), min(int(params.get("count", "20")), 200)
        items = [
            {"conversation": self._conversation(peer, talk), "last_message": talk.messages[-1]}
            for peer, talk in talks[offset : offset + count]
        ]
        return {"count": len(talks), "items": items}

    def _conversation(self, peer: int, talk: Talk) -> dict[str, Any]:
        about: dict[str, Any] = {"peer": {"id": peer, "type": "chat" if peer >= CHATS else "user", "local_id": peer % CHATS}}
        if peer >= CHATS:
            about["chat_settings"] = {"title": talk.title, "members_count": len(talk.members) + 1}
        return about | {"unanswered": bool(talk.messages) and not talk.messages[-1]["out"]}

    def _conversations_by_id(self, page: Page, params: Params, _origin: str) -> Any:
        peers = [int(peer) for peer in params.get("peer_ids", "").split(",") if peer.isdecimal() and int(peer) in page.talks]
        return {"count": len(peers), "items": [self._conversation(peer, page.talks[peer]) for peer in peers]}

    def _members(self, page: Page, params: Params, _origin: str) -> Any:
        peer = _number(params, "peer_id")
        talk = self._writable(page, peer)
        members = talk.members if peer >= CHATS else [peer]
        items = [{"member_id": member, "invited_by": member, "is_admin": False} for member in (*members, page.us)]
        return {"count": len(items), "items": items, "profiles": [self._user(member) for member in members]}

    def _history(self, page: Page, params: Params, _origin: str) -> Any:
        talk = page.talks.get(_number(params, "peer_id"), Talk())
        messages = talk.messages if params.get("rev") == "1" else talk.messages[::-1]
        offset, count = int(params.get("offset", "0")), min(int(params.get("count", "20")), 200)
        return {"count": len(messages), "items": messages[offset : offset + count]}

    def _by_number(self, page: Page, params: Params, _origin: str) -> Any:
        talk = page.talks.get(_number(params, "peer_id"), Talk())
        numbers = params.get("conversation_message_ids", "").split(",")
        items = [message for message in talk.messages if str(message["conversation_message_id"]) in numbers]
        return {"count": len(items), "items": items}

    # --- files ---

    def _upload_server(self, page: Page, kind: str, _params: Params, origin: str) -> Any:
        if ("photos" if kind == "photo" else "docs") not in page.rights:
            raise Refusal(15, "Access denied")
        return {"upload_url": f"{origin}/upload/{page.about.id}/{kind}", "album_id": -64, "group_id": 0}

    def _docs_server(self, page: Page, params: Params, origin: str) -> Any:
        kind = params.get("type", "doc")
        if kind not in ("doc", "audio_message"):
            raise wrong("type")
        return self._upload_server(page, kind, params, origin)

    def _saved(self, page: Page, told: str, fields: tuple[str, ...]) -> dict[str, Any]:
        thing = page.media.get(told)
        if thing is None or thing["word"] not in fields:
            raise wrong("no such upload")
        return attachment(thing, self._vk.now())

    def _save_photo(self, page: Page, params: Params, _origin: str) -> Any:
        try:
            told = json.loads(params.get("photo", ""))[0]["photo"]
        except (ValueError, TypeError, KeyError, IndexError):
            raise Refusal(129, "Invalid photo") from None
        return [self._saved(page, told, ("photo",))["photo"]]

    def _save_document(self, page: Page, params: Params, _origin: str) -> Any:
        told = params.get("file", "")
        if title := params.get("title"):
            page.media.get(told, {})["name"] = title
        return self._saved(page, told, ("doc", "audio_message"))

    # --- people ---

    def _users(self, _page: Page, params: Params, _origin: str) -> Any:
        numbers = [int(number) for number in params.get("user_ids", "").split(",") if number.isdecimal()]
        return [self._user(number) for number in numbers if number in self._vk.people]

    def _user(self, number: int) -> dict[str, Any]:
        first, _, last = self._vk.people[number].partition(" ")
        return {"id": number, "first_name": first, "last_name": last, "is_closed": False, "can_access_closed": True}


def _number(params: Params, name: str) -> int:
    try:
        return int(params[name])
    except (KeyError, ValueError):
        raise wrong(f"{name} is undefined") from None
