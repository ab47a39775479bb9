"""The sandbox's page and the calls it makes. For this machine only: whoever starts it binds it to 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.faults import Fault
from sandbox.messenger import Messenger, Upload
from sandbox.page_files import send_blob
from sandbox.snapshot import difference, snapshot
from sandbox.world import Person, Phone, World, deep_link

PHONES = Path(__file__).parent / "phones"
LARGEST = 60 * 1024 * 1024
"""Bytes of one call with its files."""
PUSHES = 0.1
"""Seconds between two pushes to one page."""
LOOKS = 2.0
"""Seconds after which a page is compared even if no messenger told of a change: deadlines come nearer by themselves."""
FARTHEST = timedelta(days=62)
"""The longest single jump of the clock."""
KINDS = ("photo", "video", "round", "voice", "audio", "document", "sticker")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Call: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Wrong(Exception):
    """The page asked for something that cannot be; the text is the key of a sentence among the page's texts."""


def page_app(world: World) -> web.Application:
    """The page at ``/``, its files, the blobs, the calls and the stream of changes."""
    page = _Page(world)
    app = web.Application(middlewares=[_only_from_here], client_max_size=LARGEST)
    app.on_response_prepare.append(_harden)
    app.on_shutdown.append(page.close)
    calls: dict[str, Call] = {
        "edit": page.edit,
        "forward": page.forward,
        "press": page.press,
        "open": page.open,
        "block": page.block,
        "delete-thread": page.delete_thread,
        "clock": page.clock,
        "explain": page.explain,
        "fault": page.fault,
        "language": page.language,
    }
    app.add_routes([web.get("/", _index), web.get("/blob/{name}", page.blob), web.get("/api/changes", page.changes)])
    app.add_routes([web.post("/api/say", page.say)])
    app.add_routes([web.post(f"/api/{name}", _json_call(call)) for name, call in calls.items()])
    app.add_routes([web.static("/phones", PHONES)])
    return app


# --- who may call --------------------------------------------------------------------------------------------------------


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that are not this machine's (DNS rebinding), and calls that another site's page makes."""
    host = request.headers.get("Host", "")
    if urlsplit(f"//{host}").hostname not in ("127.0.0.1", "localhost", "::1"):
        raise web.HTTPForbidden(text="this page is for this machine only")
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin", f"http://{host}") != f"http://{host}":
        raise web.HTTPForbidden(text="calls come from the page itself only")
    return await handler(request)


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-cache")


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PHONES / "index.html")


# --- reading a call ------------------------------------------------------------------------------------------------------


def _json_call(call: Call) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            asked = await request.json()
        except ValueError:
            return _refusal(400, "error-malformed")
        return await _answer(call, asked)

    return handler


async def _answer(call: Call, asked: object) -> web.Response:
    """Carry a call out and say how it went."""
    if not isinstance(asked, dict):
        return _refusal(400, "error-malformed")
    try:
        return web.json_response(await call(asked))
    except Wrong as error:
        return _refusal(400, str(error))
    except LookupError as error:
        return _refusal(404, "error-refused", str(error.args[0] if error.args else ""))
    except TimeoutError:
        return _refusal(504, "error-no-answer")


def _refusal(status: int, error: str, detail: str = "") -> web.Response:
    return web.json_response({"error": error, "detail": detail}, status=status)


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise Wrong("error-malformed")
    return value


def _number(asked: Mapping[str, Any], name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong("error-malformed")
    return value


def _instant(text: str) -> datetime:
    """An instant with its offset from UTC, as ``explain`` gives them."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong("error-malformed") from None
    if instant.tzinfo is None:
        raise Wrong("error-malformed")
    return instant


def _place(asked: Mapping[str, Any]) -> tuple[float, float] | None:
    point = asked.get("location")
    if point is None:
        return None
    try:
        latitude, longitude = (float(degrees) for degrees in point)
    except (TypeError, ValueError):
        raise Wrong("error-malformed") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Wrong("error-malformed")
    return latitude, longitude


class _Page:
    """Carries out what is done on the page."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bells: set[asyncio.Event] = set()
        self._closing = False
        world.watch(self._ring)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    async def close(self, _: web.Application) -> None:
        """End the streams, so that stopping does not wait for them."""
        self._closing = True
        self._ring()

    def _holder(self, asked: Mapping[str, Any]) -> tuple[Phone, Person, Messenger]:
        """The phone, who holds it now, and its messenger."""
        for phone in self._world.cast.phones:
            for person in phone.persons:
                if (phone.key, person.id) == (_text(asked, "phone"), _text(asked, "person")):
                    return phone, person, self._world.messengers[phone.messenger]
        raise Wrong("error-no-phone")

    # --- what a phone does

    async def say(self, request: web.Request) -> web.Response:
        """A message with its files: a form with one field «message» (JSON), and files in fields named by their kind."""
        if not request.content_type.startswith("multipart/"):
            return _refusal(400, "error-malformed")
        try:
            form = await request.post()
            asked = json.loads(str(form.get("message", "")))
        except ValueError:
            return _refusal(400, "error-malformed")
        uploads = [
            Upload(kind, file.filename, file.content_type, await asyncio.to_thread(file.file.read))
            for kind, file in form.items()
            if kind in KINDS and isinstance(file, web.FileField)
        ]

        async def call(asked: Mapping[str, Any]) -> dict[str, Any]:
            _, person, messenger = self._holder(asked)
            text, location = _text(asked, "text"), _place(asked)
            if not (text.strip() or uploads or location):
                raise Wrong("error-empty")
            message = await messenger.say(
                _text(asked, "account"),
                _text(asked, "chat"),
                person.id,
                text,
                uploads=uploads,
                location=location,
                answer_to=_text(asked, "answer"),
                thread=_text(asked, "thread"),
            )
            return {"message": message}

        return await _answer(call, asked)

    async def edit(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _, person, messenger = self._holder(asked)
        text = _text(asked, "text")
        if not text.strip():
            raise Wrong("error-empty")
        await messenger.edit(_text(asked, "account"), _text(asked, "chat"), person.id, _text(asked, "message"), text)
        return {}

    async def forward(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Send a message that stands in one chat to another one of the same messenger."""
        _, person, messenger = self._holder(asked)
        message = _text(asked, "message")
        bubble = next((b for b in messenger.bubbles(_text(asked, "account"), _text(asked, "chat")) if b.id == message), None)
        if bubble is None:
            raise Wrong("error-no-message")
        uploads = [Upload(file.kind, file.name, file.mime, self._world.blobs.get(file.blob)) for file in bubble.attachments]
        sent = await messenger.say(
            _text(asked, "to_account"),
            _text(asked, "to_chat"),
            person.id,
            bubble.text,
            uploads=uploads,
            location=bubble.location,
            thread=_text(asked, "to_thread"),
            forwarded=True,
        )
        return {"message": sent}

    async def press(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _, person, messenger = self._holder(asked)
        where = (_text(asked, "account"), _text(asked, "chat"))
        whisper = await messenger.press(*where, person.id, _text(asked, "message"), _number(asked, "row"), _number(asked, "column"))
        return {"whisper": whisper}

    async def open(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Follow an address that leads to one of the sandbox's accounts; a code in it is carried along."""
        phone, person, messenger = self._holder(asked)
        found = deep_link(_text(asked, "url"), self._world.cast.accounts)
        if found is None:
            raise Wrong("error-outside")
        account, code = found
        if account.messenger != phone.messenger:
            raise Wrong("error-other-messenger")
        if code:
            await messenger.say(account.id, person.id, person.id, start=code)
        return {"account": account.id, "chat": person.id}

    async def block(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _, person, messenger = self._holder(asked)
        await messenger.block(_text(asked, "account"), person.id, asked.get("blocked") is True)
        return {}

    async def delete_thread(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        _, _, messenger = self._holder(asked)
        await messenger.delete_thread(_text(asked, "account"), _text(asked, "chat"), _text(asked, "thread"))
        return {}

    # --- what the bar above the phones does

    async def clock(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Move the time: by minutes, to an instant, or to the next reminder, deadline, or event of any incident, whose number it tells."""
        clock, hooks = self._world.clock, self._world.hooks
        if asked.get("to") == "event":
            return await self._next_event()
        if to := _text(asked, "to"):
            instant = await {"reminder": hooks.next_reminder, "deadline": hooks.next_deadline}.get(to, hooks.next_deadline)()
            if instant is None:
                raise Wrong("error-nothing-ahead")
            await self._move(max(instant - clock(), timedelta()))
        elif at := _text(asked, "at"):
            by = _instant(at) - clock()
            if by > FARTHEST:
                raise Wrong("error-too-far")
            await self._move(max(by, timedelta()))
        else:
            by = timedelta(minutes=min(_number(asked, "minutes"), FARTHEST // timedelta(minutes=1) + 1))
            if not timedelta() < by <= FARTHEST:
                raise Wrong("error-malformed")
            await self._move(by)
        return {}

    async def _next_event(self) -> dict[str, Any]:
        event = await self._world.hooks.next_event()
        if event is None:
            raise Wrong("error-nothing-ahead")
        instant, number = event
        await self._move(max(instant - self._world.clock(), timedelta()))
        return {"number": number}

    async def explain(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """How the clock of an incident stands: what was said, what will be, to whom and why."""
        found = await self._world.hooks.explain(_number(asked, "number"), self._world.choices.language)
        if found is None:
            raise Wrong("error-no-incident")
        return dict(found)

    async def _move(self, by: timedelta) -> None:
        """Whoever runs the bots may want to stop on the way at everything that is due."""
        if self._world.hooks.move:
            await self._world.hooks.move(by)
        else:
            self._world.clock.move(by)

    async def fault(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        messenger, fault = _text(asked, "messenger"), _text(asked, "fault")
        if messenger not in self._world.messengers or fault not in set(Fault):
            raise Wrong("error-malformed")
        self._world.faults.set(messenger, Fault(fault))
        return {}

    async def language(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._world.choices.speak(_text(asked, "language"))
        except ValueError:
            raise Wrong("error-malformed") from None
        return {}

    # --- what the page is sent

    async def blob(self, request: web.Request) -> web.Response:
        return await send_blob(self._world.blobs, request)

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """A stream of server-sent events: first everything, then what changed, until the page goes away."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        bell = asyncio.Event()
        self._bells.add(bell)
        seen: dict[str, str] = {}
        try:
            while not self._closing:
                bell.clear()
                news = difference(seen, *await snapshot(self._world))
                line = f"data: {json.dumps(news, ensure_ascii=False)}\n\n" if news else ": still here\n\n"
                await response.write(line.encode())
                await asyncio.sleep(PUSHES)
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), LOOKS)
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._bells.discard(bell)
        return response
