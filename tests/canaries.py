"""What must never be found in a log: tokens as tests give them, and words that citizens of the tests say and are called."""

from __future__ import annotations

import re
from collections.abc import Callable

from bots.channel import Event, Said

_CANARIES = re.compile(
    r"""
    \d{6,}:(?:AA|canary)[\w-]{6,} | vk1\.a\.[\w-]{6,}        # tokens
    | анарейк | canary-(?:telegram|vk|token|word)            # what tests call so
    | прорвало | Примеров | Образцов | Выдуманов             # what the stories' people write, and their names
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LONG = 12
"""Characters from which on a text is nobody's but its author's."""
said: set[str] = set()
"""What was said in the test that runs."""
elsewhere: list[Callable[[], str]] = []
"""Tells what the other processes of the test logged."""


def hear(event: Event) -> None:
    """Remember what somebody says: it is a canary until the test ends."""
    if isinstance(event, Said) and len(event.text) >= _LONG and " " in event.text:
        said.add(event.text)


def found_in(text: str) -> list[str]:
    """The canaries in a log."""
    return sorted({*_CANARIES.findall(text), *(words for words in said if words in text)})
