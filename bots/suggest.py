"""`sutki suggest …`: learn from what people corrected, and measure suggestions on texts whose topics are known."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer

from bots.learning import CORRECTED, ENOUGH, TEXTS, Example, held_back, learn
from bots.morphology import with_morphology
from incidents.reading import BOUND, read
from incidents.region import Region, parse
from incidents.scores import Scores, score
from incidents.suggest import BadModel, Learned, parse_model
from locales import Texts
from storage.store import Store
from storage.suggestions import Checked, Suggestions

WRONG = 1
MOST = 50_000
"""Texts that are learned from, the newest."""
_SHOWN = 20
"""Mistakes of a file that are shown."""
_CONFUSED = 10
"""Pairs of topics that are taken for each other most often."""


def _complain(text: str) -> int:
    typer.echo(text, err=True)
    return WRONG


def _progress(label: str) -> Callable[[Iterable[int], int], Iterable[int]]:
    """A bar in the terminal; nothing where the output is no terminal."""

    def show(items: Iterable[int], length: int) -> Iterable[int]:
        with typer.progressbar(items, length=length, label=label, file=typer.get_text_stream("stderr")) as bar:
            yield from bar

    return show


# --- training ----------------------------------------------------------------------------------------------------------


async def train(words: Texts, store: Store, at: datetime) -> int:
    """`sutki suggest train`."""
    if find_spec("sklearn") is None:
        return _complain(words.say("cli-suggest-no-library"))
    async with store.transaction() as tx:
        source = await tx.regions.current()
    if source is None:
        return _complain(words.say("cli-region-none-loaded"))
    region = with_morphology(parse(source))
    checked = [one for one in await _all_checked(store) if one.topic in region.topic]
    corrected = sum(one.corrected for one in checked)
    if len(checked) < ENOUGH or corrected < CORRECTED:
        return _complain(
            words.say("cli-suggest-too-few", checked=len(checked), enough=ENOUGH, corrected=corrected, enough_corrected=CORRECTED)
        )
    region, _ = await _with_model(store, region)
    examples = [Example(one.person, one.text, one.topic) for one in checked]
    if len({held_back(one.person) for one in examples}) < 2:
        return _complain(words.say("cli-suggest-one-side"))
    found = await asyncio.to_thread(learn, examples, region, _progress(words.say("cli-suggest-reading")))
    if found is None:
        return _complain(words.say("cli-suggest-no-topics", texts=TEXTS))
    typer.echo(words.say("cli-suggest-split", learned=found.learned, held=found.held, corrected=corrected))
    kind = words.say("cli-suggest-by-model" if region.learned else "cli-suggest-by-keywords")
    typer.echo(words.say("cli-suggest-before", kind=kind, **_figures(found.before)))
    typer.echo(words.say("cli-suggest-after", **_figures(found.after)))
    percent = round(found.surely * 100)
    if not found.better:
        typer.echo(words.say("cli-suggest-not-better", percent=percent))
        return 0
    figures = {
        "learned": found.learned,
        "held": found.held,
        "before": round(found.before.macro_f1, 4),
        "after": round(found.after.macro_f1, 4),
    }
    async with store.transaction() as tx:
        await Suggestions(tx.connection).install(found.body, figures, at)
    typer.echo(words.say("cli-suggest-installed", percent=percent, kilobytes=len(found.body.encode()) // 1000 + 1))
    return 0


async def _all_checked(store: Store) -> list[Checked]:
    """A page at a time, so that the bots need not wait."""
    found: list[Checked] = []
    before = 1 << 62
    while len(found) < MOST:
        async with store.transaction() as tx:
            page = await Suggestions(tx.connection).checked(before)
        if not page:
            break
        found += page
        before = page[-1].incident
    return found[:MOST]


async def _with_model(store: Store, region: Region) -> tuple[Region, str]:
    """The region with the model in force, and why it has none although there is one."""
    async with store.transaction() as tx:
        installed = await Suggestions(tx.connection).current()
    learned, why = usable(installed.body if installed else "", region)
    return replace(region, learned=learned), why


def usable(body: str, region: Region) -> tuple[Learned | None, str]:
    """The model for a region, or why it cannot be used; neither where none is in force."""
    if not body:
        return None, ""
    try:
        return parse_model(body, region.id, region.topic), ""
    except BadModel as bad:
        return None, bad.why


async def remove(words: Texts, store: Store, at: datetime) -> int:
    """`sutki suggest remove`: keywords alone again."""
    async with store.transaction() as tx:
        suggestions = Suggestions(tx.connection)
        there = await suggestions.current() is not None
        if there:
            await suggestions.install("", {}, at)
    typer.echo(words.say("cli-suggest-removed" if there else "cli-suggest-none"))
    return 0


# --- measuring ---------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A text of the file, its topic and, where the file says it, its territory."""

    text: str
    topic: str
    territory: str


async def model_of(words: Texts, store: Store, region: Region) -> Region | None:
    """The region with the model in force; None after it was said that there is none, or none that can be used."""
    found, why = await _with_model(store, region)
    if found.learned is None:
        _complain(words.say("cli-suggest-unusable", why=why) if why else words.say("cli-suggest-none"))
        return None
    return found


def evaluate(words: Texts, rows: Sequence[Row], region: Region) -> int:
    """`sutki suggest evaluate`: what the file says against what is suggested."""
    bar = _progress(words.say("cli-suggest-reading"))
    readings = [read.__wrapped__(rows[at].text, region) for at in bar(range(len(rows)), len(rows))]
    found = score([row.topic for row in rows], [reading.topic for reading in readings])
    kind = words.say("cli-suggest-by-model" if region.learned else "cli-suggest-by-keywords")
    typer.echo(words.say("cli-suggest-result", kind=kind, count=found.total, **_figures(found)))
    placed = [(row.territory, reading.territory) for row, reading in zip(rows, readings, strict=True) if row.territory]
    if placed:
        right, none = sum(truth == guess for truth, guess in placed), sum(not guess for _, guess in placed)
        share = f"{right / len(placed):.3f}"
        typer.echo(words.say("cli-suggest-territories", count=len(placed), accuracy=share, none=none))
    typer.echo("")
    typer.echo("\n".join(_by_topic(words, found)))
    typer.echo("")
    typer.echo("\n".join(_confusion(words, found)))
    return 0


def _figures(scores: Scores) -> dict[str, str]:
    return {"accuracy": f"{scores.accuracy:.3f}", "macro": f"{scores.macro_f1:.3f}"}


def _by_topic(words: Texts, scores: Scores) -> Iterable[str]:
    wide = max(len(topic) for topic in scores.by_topic) + 2
    heads = [words.say(f"cli-suggest-head-{name}") for name in ("count", "precision", "recall")]
    yield f"{words.say('cli-suggest-head-topic'):{wide}}" + "".join(f"{head:>10}" for head in [*heads, "F1"])
    for topic, one in scores.by_topic.items():
        yield f"{topic:{wide}}{one.count:>10}{one.precision:>10.3f}{one.recall:>10.3f}{one.f1:>10.3f}"


def _confusion(words: Texts, scores: Scores) -> Iterable[str]:
    """A line for each topic, a column for each guess; columns are numbered as lines are; «—»: no guess, «…»: any topic without a line."""
    topics = list(scores.by_topic)
    wide = max(len(topic) for topic in topics) + 6
    size = max(len(str(max(scores.pairs.values()))), 2) + 1
    columns = [*[str(number + 1) for number in range(len(topics))], "—", "…"]
    yield words.say("cli-suggest-confusion")
    yield " " * wide + "".join(f"{column:>{size}}" for column in columns)
    for number, truth in enumerate(topics):
        guessed = {guess: count for (one, guess), count in scores.pairs.items() if one == truth}
        counts = [*[guessed.get(topic, 0) for topic in topics], guessed.get("", 0)]
        counts.append(sum(guessed.values()) - sum(counts))
        yield f"{number + 1:>3} {truth:{wide - 4}}" + "".join(f"{count or '·':>{size}}" for count in counts)
    wrong = sorted(((count, pair) for pair, count in scores.pairs.items() if pair[0] != pair[1]), key=lambda one: (-one[0], one[1]))
    for count, (truth, guess) in wrong[:_CONFUSED]:
        yield words.say("cli-suggest-confused", truth=truth, guess=guess or "—", count=count)


# --- the file ----------------------------------------------------------------------------------------------------------


def read_file(words: Texts, file: Path, region: Region) -> list[Row] | None:
    """The texts of a file, or None after everything that is wrong with it was said, each with its line."""
    try:
        raw = file.read_bytes()
    except OSError as failure:
        _complain(words.say("cli-suggest-unreadable", path=str(file), why=failure.strerror or type(failure).__name__))
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        _complain(words.say("cli-suggest-not-utf8", path=str(file), line=raw.count(b"\n", 0, failure.start) + 1))
        return None
    rows, wrong = _rows(text, region)
    if not wrong and not rows:
        wrong = [(1, "cli-suggest-empty", {})]
    for line, key, arguments in wrong[:_SHOWN]:
        _complain(f"{file}:{line}: {words.say(key, **arguments)}")
    if len(wrong) > _SHOWN:
        _complain(words.say("cli-suggest-more", count=len(wrong) - _SHOWN))
    return None if wrong else rows


_Wrong = tuple[int, str, dict[str, str]]


def _rows(text: str, region: Region) -> tuple[list[Row], list[_Wrong]]:
    head = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if ";" in head and "," not in head else ",", strict=True)
    topics = {title.lower(): one.id for one in region.topics for title in (one.title, one.title_en, one.id) if title}
    places = {title.lower(): one.id for one in region.territories for title in (one.title, one.title_en, one.id) if title}
    rows: list[Row] = []
    wrong: list[_Wrong] = []
    line = 1
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("text", "topic") if name not in columns]
        if missing:
            return [], [(1, "cli-suggest-no-column", {"name": ", ".join(missing), "found": ", ".join(columns) or "—"})]
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                problem = _row(dict(zip(columns, cells, strict=False)), len(cells) == len(columns), topics, places, rows)
                wrong += [(line, *problem)] if problem else []
            line = reader.line_num + 1
    except csv.Error as failure:
        wrong.append((line, "cli-suggest-not-csv", {"why": str(failure)}))
    return rows, wrong


def _row(
    cells: dict[str, str], whole: bool, topics: dict[str, str], places: dict[str, str], rows: list[Row]
) -> tuple[str, dict[str, str]] | None:
    """Take a line in, or say what is wrong with it."""
    if not whole:
        return "cli-suggest-cells", {}
    text, topic, place = (cells.get(name, "").strip() for name in ("text", "topic", "territory"))
    if not text:
        return "cli-suggest-no-text", {}
    if topic.lower() not in topics:
        return "cli-suggest-unknown-topic", {"value": topic[:60] or "—", "known": ", ".join(sorted(set(topics.values())))}
    if place and place.lower() not in places:
        return "cli-suggest-unknown-territory", {"value": place[:60]}
    rows.append(Row(text[:BOUND], topics[topic.lower()], places[place.lower()] if place else ""))
    return None
