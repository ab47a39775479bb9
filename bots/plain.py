"""Makes a text that a stranger typed safe to store and to show: no control letters, nothing that turns the line around. Pure."""

from __future__ import annotations

import re

_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control letters, but the tab and the line break; PostgreSQL takes no NUL
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, embeddings, overrides, isolates
    "\u206a-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"  # deprecated formatting, byte order mark, annotations, no letters at all
)


def plain(text: str) -> str:
    r"""The same text without control letters (``\n`` and ``\t`` stay), direction overrides and halves of a surrogate pair.

    What joins letters into one picture stays: the zero-width joiner, variation selectors, tags of flags.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _HARMFUL.sub("", _BREAKS.sub("\n", whole))
