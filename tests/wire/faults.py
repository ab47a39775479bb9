"""What a platform, or the way to it, may do wrong with one call: data that both servers obey.

telegram.fault = lambda call: faults.HANGS if call.method == "sendMessage" and chance.random() < 0.3 else None
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body></html>"


class Answer(Enum):
    """What comes instead of the right answer."""

    RIGHT = auto()
    NONE = auto()
    RESET = auto()
    PAGE = auto()
    HALF = auto()
    REFUSAL = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """``done``: the call is carried out all the same. ``seconds``: how long the server thinks first.

    A refusal carries the platform's own ``code``, and with Telegram's 429 ``after``: seconds until it may be tried again.
    """

    answer: Answer
    done: bool = True
    seconds: float = 0.0
    code: int = 0
    after: int = 0


HANGS = Fault(Answer.NONE)
"""Accepted; then nothing, until the caller gives up."""
RESETS = Fault(Answer.RESET)
"""Accepted; then the connection breaks."""
GATEWAY = Fault(Answer.PAGE)
"""Accepted; then a proxy says 502 in HTML."""
HALF = Fault(Answer.HALF)
"""Accepted; then half a JSON."""
LOST = Fault(Answer.RESET, done=False)
"""The connection breaks before anybody looked at the call."""
AWAY = Fault(Answer.PAGE, done=False)
"""A proxy says 502 for a server that is not there."""
DEAF = Fault(Answer.NONE, done=False)
"""Nobody looks at the call, and nobody says so."""
ACCEPTED = (HANGS, RESETS, GATEWAY, HALF)
"""All that goes wrong after the platform accepted."""


def slow(seconds: float) -> Fault:
    """Right, but late."""
    return Fault(Answer.RIGHT, seconds=seconds)


def refused(code: int, after: int = 0) -> Fault:
    """Telegram's ``error_code`` (429 with ``after``) or VK's."""
    return Fault(Answer.REFUSAL, done=False, code=code, after=after)


async def spoil(
    request: web.Request, fault: Fault, carry_out: Callable[[], web.Response], refuse: Callable[[Fault], web.Response]
) -> web.StreamResponse:
    """Answer a call as the fault has it."""
    if fault.seconds:
        await asyncio.sleep(fault.seconds)
    right = carry_out() if fault.done else web.Response(text="")
    match fault.answer:
        case Answer.RIGHT:
            return right
        case Answer.REFUSAL:
            return refuse(fault)
        case Answer.PAGE:
            return web.Response(text=PAGE, status=502, content_type="text/html")
        case Answer.HALF:
            assert isinstance(right.body, bytes)
            return web.Response(body=right.body[: len(right.body) // 2], content_type="application/json")
        case Answer.NONE:
            await asyncio.Event().wait()  # until the caller is gone, or the server stops
        case Answer.RESET:
            reset(request)
    return web.Response()


def reset(request: web.Request) -> None:
    """Break the connection as a machine does that fell over: RST, without a word."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
