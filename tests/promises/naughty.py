"""Texts that somebody might send to harm: what calls people, hides links, turns lines around, breaks formats, or is nothing at all."""

from __future__ import annotations

import random

CALLS = (
    *("@all", "@everyone", "@online", "@here", "@все", "@всех", "@онлайн", "@тут", "*all", "*все", "*online", "@ALL"),
    *("@id1", "@club1", "@public1", "@event1", "@durov", "@ivan_petrov", "@a1", "@Anna.Primerova", "@admin_bot", "@channel"),
    *("*id1", "*club1", "*durov", "*id1 (Павел)", "@id1 (Павел)", "@durov (срочно сюда)", "*public1 (сюда)"),
    *("[id1|Павел]", "[club1|Мэрия]", "[public1|x]", "[event1|x]", "[id1|@all]", "[@id1|x]", "[*id1|x]", "[durov|x]", "[id1|[id2|x]]"),
    *(
        "[https://evil.example|Госуслуги]",
        "[vk.com/id1|x]",
        "[#alias|Оплатить|https://vk.com/x]",
        "[//vk.com/x|x]",
        "[-1|x]",
        "[id1:bp-1|x]",
    ),
    *("&#64;all", "&#x40;all", "&commat;all", "&#91;id1|x]", "&#42;id1", "&lsqb;id1|x&rsqb;", "&amp;#64;all", "&#064;durov"),
)
LINKS = (
    *("[Госуслуги](https://evil.example)", "[Анна](tg://user?id=1)", '<a href="https://evil.example">Госуслуги</a>'),
    *(
        "tg://user?id=1",
        "javascript:alert(1)",
        "https://gosuslugi.ru@evil.example/",
        "https://evil.example/?a=1&b=[id1|x]",
        "evil。example",
    ),
    *("http://[::1]/", "//evil.example", "<https://evil.example>", "`https://evil.example`", "mailto:a@b.ru", "a@b.ru", "жалоба@почта.рф"),
    *("t.me/joinchat/AAAA", "https://t.me/+AAAA", "vk.me/join/AAAA", "ftp://a@b.c"),
)
FORMULAS = (
    *('=HYPERLINK("http://evil.example","Ок")', "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "＝1+1"),
    *("<b>ж</b>", "<script>alert(1)</script>", "</text>", "*ж*", "_к_", "~з~", "||с||", "`к`", "```\nк\n```", "<tg-spoiler>x</tg-spoiler>"),
    *("{ $text }", "{ -term }", "{ NUMBER(1) }", "{{x}}", "${x}", "%s%n%d", "%(text)s", "{0}", "{}", "\\n\\u0000", "\\", '"', "'", "''"),
    *("'; DROP TABLE incidents; --", '{"a": 1}', "[]", "null", "None", "undefined", "NaN", "../../etc/passwd", "a\\b", "№ 99999999999999"),
    *("/connect AAAA-AAAA", "/start x", "/queue@altai_bot", "/", "//", "#хэштег", "$USD", "+7 900 000-00-00"),
)
INVISIBLE = (
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u180e", "\u115f", "\u3164", "\uffa0", "\u2800"),
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u206a", "\u206f"),
    *(" ", "\u00a0", "\u2003", "\u3000", "\t", "\n", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\n\n\n"),
    *("\x00", "\x07", "\x08", "\x1b[31m", "\x7f", "\x9b", "\ufff9", "\ufffe", "\uffff", "\U000e0001", "\U000e0041", "\ufe0f", "\u20dd"),
    *("\ud800", "\udfff", "\udc4d\ud83d", "\ud83d"),
)
LETTERS = (
    *("я", "Яма на Ленина 15", "ß", "ı", "İ", "ﬁ", "Ǆ", "ÅÅ", "한국", "حفرة", "עברית", "ไทย", "𝕳𝖊𝖑𝖑𝖔", "①", "²", "٣", "…"),
    *("👍", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇷🇺", "☺️", "☺", "#️⃣", "🏴\U000e0067\U000e0062\U000e007f"),
    *("я" + "\u0301\u0489" * 40, "\u0301", "\u0e49" * 30, "ﷺ", "﷽", "𒐫", "\U0010ffff", "\ue000"),
)
EDGES = ("", "", " ", ".", "-", "+", "%", "_", "(", ")", "«", "»", ",", "!", "1", "я", "x", "\u2060", "\u200b", "\n", "@", "*", "[", "&")
"""What may stand just before or behind something that calls: where a rule looks for the edge of a word."""
LENGTHS = (63, 64, 65, 127, 128, 129, 199, 200, 201, 1023, 1024, 1025, 4095, 4096, 4097, 9000)
ALONE = (
    *CALLS,
    *LINKS,
    *FORMULAS,
    *INVISIBLE,
    *LETTERS,
    *(one * 5000 for one in ("\u200b", "\u2060 ", "\n", "\u0301", "👨‍👩‍👧‍👦", "@", "@all ", "[", "&#64;")),
)
"""Each as a whole text."""


def naughty(dice: random.Random) -> str:
    """A text of a few such pieces; sometimes one that ends just where a limit does."""
    pieces = []
    for _ in range(dice.randrange(1, 7)):
        kind = dice.choice((CALLS, CALLS, LINKS, FORMULAS, INVISIBLE, LETTERS))
        pieces += [dice.choice(EDGES), dice.choice(kind), dice.choice(EDGES)]
    text = "".join(pieces)
    if dice.random() < 0.15:
        wanted = dice.choice(LENGTHS) + dice.randrange(-3, 4)
        filling = dice.choice((*LETTERS, "@all ", "\u200b", " ", "[id1|x]", "\n"))
        text = (filling * wanted)[: max(wanted - len(text), 0)] + text
    return text
