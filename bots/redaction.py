"""Takes secrets out of any text: what looks like a token of a messenger, and every secret this process has read."""

from __future__ import annotations

import re

HIDDEN = "***"

_LOOKS_LIKE_A_SECRET = re.compile(
    r"""
    (?<! \d ) \d{5,}:[A-Za-z0-9_-]{30,}                         # 123456:AA…, also behind /bot in an address
    | vk1\.a\.[A-Za-z0-9_-]{10,}                                 # a VK access token
    | (?<! [0-9a-f] ) [0-9a-f]{85} (?! [0-9a-f] )              # a VK access token of the older kind
    | (?<= access_token= ) [^\s&"'<>]+                           # in an address
    | (?<= access_token":\s" ) [^"]+ | (?<= access_token":" ) [^"]+ | (?<= access_token':\s' ) [^']+
    | (?<= :// ) [^\s/:@"']+ : [^\s/@"']+ (?= @ )                # name:password@ of a database
    """,
    re.VERBOSE,
)

_USER = re.compile(r"\A((?:[a-z]+:)?//)?.*@", re.DOTALL | re.IGNORECASE)

_known: set[str] = set()


def hide(secret: str) -> None:
    """Never let this value through again. Values too short to be a secret are left alone: they would blot out ordinary words."""
    if len(secret) >= 8:
        _known.add(secret)


def redact(text: str) -> str:
    """The same text with three stars for every secret."""
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return _LOOKS_LIKE_A_SECRET.sub(HIDDEN, text)


def without_user(address: str) -> str:
    """The address of a server as people may see it: without the user and the password that may stand in it."""
    return _USER.sub(r"\1", address)
