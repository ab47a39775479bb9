"""What an official should look at once more before a text goes to a citizen; it warns, it never forbids. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from incidents.words import normal

BOUND = 20_000
"""Characters that are looked at."""

_CONSIDERED = re.compile(r"(?<!\w)рассмотрен[аоы]?(?!\w)")
_ORDER = re.compile(r"(?<!\w)в\s+установленном\s+(?:законом\s+)?порядке(?!\w)")
_COMPETENCE = re.compile(r"(?<!\w)не\s+(?:\w+\s+){0,2}в\s+(?:\w+\s+){0,2}компетенц|(?<!\w)не\s+(?:\w+\s+){0,2}компетенц")
_WHOSE = re.compile(r"(?<!\w)(?:обрати(?:тесь|ться)|передал|передан|направил|направлен|переадресова|отвечает|занимается)")
_PHONE = re.compile(r"(?<!\d)(?:\+7|8)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)|(?<![\d-])\d{2,3}-\d{2}-\d{2}(?![\d-])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}")
_DOCUMENT = re.compile(
    r"(?<!\d)(?:\d{2}\s?\d{2}\s?(?:№\s?)?\d{6}|\d{3}-\d{3}-\d{3}[\s-]\d{2}|\d{4}[\s-]?\d{4}[\s-]?\d{4}[\s-]?\d{4}|\d{12})(?!\d)"
)


def warnings(text: str, *, public: bool) -> Sequence[str]:
    """What to look at, as ends of locale keys (``draft-warning-…``). ``public``: everybody will read it, so nobody's data may be in it."""
    small = normal(text[:BOUND])
    found = []
    if _CONSIDERED.search(small):
        found.append("considered")
    if _ORDER.search(small):
        found.append("order")
    if _COMPETENCE.search(small) and not _WHOSE.search(small):
        found.append("competence")
    if public:
        found += [name for name, pattern in (("phone", _PHONE), ("email", _EMAIL), ("document", _DOCUMENT)) if pattern.search(small)]
    return found
