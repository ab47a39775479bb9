"""What a local VK knows, and what both of its sides do with it: messages, events, files."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.blobs import Blobs
from sandbox.vk_shapes import KEPT, Chat, Community, Page, Talk, media, named


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button that waits for what the bot whispers."""

    person: int
    peer: int
    answer: asyncio.Future[str]


class State:
    """All of a local VK. Its ids only grow, over restarts too."""

    def __init__(
        self,
        communities: Sequence[Community],
        people: Mapping[int, str],
        chats: Sequence[Chat],
        *,
        blobs: Blobs,
        clock: Callable[[], datetime],
    ) -> None:
        self.clock = clock
        self.blobs = blobs
        self.people = dict(people)
        self.pages = {community.id: Page(community) for community in communities}
        self.presses: dict[str, Press] = {}
        self._last = 0
        self._watchers: list[Callable[[], None]] = []
        self._news: dict[int, list[asyncio.Future[None]]] = {}
        for chat in chats:
            self.pages[chat.community].talks[chat.peer] = Talk(chat.title, list(chat.members), chat.has_community)

    def now(self) -> int:
        return int(self.clock().timestamp())

    def next_id(self) -> int:
        """A number no other thing here has or had."""
        self._last += 1
        return self._last

    def changed(self) -> None:
        for watcher in self._watchers:
            watcher()

    def names(self) -> dict[int, str]:
        """Whoever can be an author: people by their id, communities by their id below zero."""
        return self.people | {page.us: page.about.title for page in self.pages.values()}

    def put(self, page: Page, peer: int, author: int, text: str, **more: Any) -> dict[str, Any]:
        """Put a message into a conversation."""
        talk = page.talks.setdefault(peer, Talk())
        talk.last += 1
        message: dict[str, Any] = {
            "id": self.next_id(),
            "date": self.now(),
            "peer_id": peer,
            "from_id": author,
            "out": int(author == page.us),
            "text": text,
            "conversation_message_id": talk.last,
            "attachments": [],
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
            "random_id": 0,
            **{name: value for name, value in more.items() if value},
        }
        talk.messages.append(message)
        self.changed()
        return message

    def tell(self, page: Page, kind: str, about: Mapping[str, Any]) -> None:
        """Put an event where the community's long poll finds it, if that kind is switched on."""
        if not page.polls or not page.kinds.get(kind):
            return
        page.ts += 1
        update = {"type": kind, "event_id": secrets.token_hex(20), "v": "5.199", "object": deepcopy(about), "group_id": page.about.id}
        page.events = [*page.events, {"ts": page.ts, "update": update}][-KEPT:]
        for waiting in self._news.pop(page.about.id, []):
            if not waiting.done():
                waiting.set_result(None)

    async def news(self, page: Page, within: float) -> None:
        """Wait until an event comes, or the time is over."""
        waiting = asyncio.get_running_loop().create_future()
        self._news.setdefault(page.about.id, []).append(waiting)
        await asyncio.wait([waiting], timeout=within)
        waiting.cancel()

    def keep_file(self, page: Page, kind: str, owner: int, name: str, mime: str, content: bytes) -> dict[str, Any]:
        """Remember a file and return how it is attached."""
        thing = media(kind, owner, self.next_id(), self.blobs.put(content), name, mime, len(content))
        page.media[named(thing)] = thing
        return thing

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after everything that a phone could show differently."""
        self._watchers.append(changed)

    def dump(self) -> dict[str, Any]:
        """Everything that was said, as plain JSON."""
        return {"last": self._last, "pages": [{**asdict(page), "about": page.about.id} for page in self.pages.values()]}

    def load(self, data: dict[str, Any]) -> None:
        """Take up what was dumped; communities that are no longer there are left out."""
        self._last = int(data["last"])
        for kept in data["pages"]:
            page = self.pages.get(kept["about"])
            if page is not None:
                talks = {int(peer): Talk(**talk) for peer, talk in kept["talks"].items()}
                self.pages[page.about.id] = Page(**{**kept, "about": page.about, "talks": page.talks | talks})
