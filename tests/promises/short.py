"""What a child is changed by so that nobody has to wait: calls that are given up sooner (`first=` of `Zygote.start`)."""

from __future__ import annotations

LONGEST_CALL = 30.0
"""Seconds after which the real program gives a call up, on both platforms."""


def calls(seconds: float) -> None:
    """Give a call without files up after so many seconds."""
    from aiohttp import ClientTimeout

    from bots.telegram import wire
    from bots.vk import calls

    if calls._CALL.total != LONGEST_CALL or wire._LONGEST_CALL != LONGEST_CALL:
        raise AssertionError("calls are given up after another time than this suite takes for granted")
    wire._LONGEST_CALL = seconds  # type: ignore[assignment]
    calls._CALL = ClientTimeout(total=seconds, connect=10)
