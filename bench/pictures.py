"""One picture for each claim, from what the benchmarks printed: `make bench | tee figures.txt`, `python -m bench.pictures figures.txt`.

Every bar is a figure as a share of its target, so that different ones stand beside each other: the line is the target.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.fonttype"] = "none"  # words stay words
mpl.rcParams["svg.hashsalt"] = "sutki"  # the same figures, the same file
from matplotlib import pyplot  # noqa: E402  # after it was told that there is no screen

TITLES: Mapping[str, str] = {
    "a": "The whole path of a report, as a share of bare aiogram dispatch",
    "b": "A storm of 12,000 reports",
    "c": "Delivery, as a share of what the limits and the way allow",
    "d": "A tick beside 1,000,000 open incidents ÷ beside 10,000",
    "e": "Start, idle processor, memory",
    "f": "Tickets stored per second ÷ theirs",
}
MET, MISSED, LINE = "#2f6f9f", "#c9622c", "#555555"
_LINE = re.compile(r"^(?:met|MISSED)\s+([\d.]+)\s+\(target ([≥≤]) ([\d.]+)\)\s+\(([a-f])\) (.+)$")


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure as it was printed (``bench.figures``)."""

    letter: str
    claim: str
    value: float
    target: float
    at_least: bool

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


def read(text: str) -> Sequence[Bar]:
    """The figures among what was printed, in the order of their letters."""
    found = [match.groups() for line in text.splitlines() if (match := _LINE.match(line.strip()))]
    bars = [Bar(letter, claim, float(value), float(target), sign == "≥") for value, sign, target, letter, claim in found]
    return sorted(bars, key=lambda bar: bar.letter)


def draw(letter: str, bars: Sequence[Bar], file: Path) -> None:
    """One claim's picture."""
    figure, axes = pyplot.subplots(figsize=(8, 0.7 + 0.62 * len(bars)))
    for place, bar in enumerate(reversed(bars)):
        share = min(bar.value / bar.target, 3.0) if bar.target else 0.0
        axes.barh(place, share, height=0.34, color=MET if bar.met else MISSED)
        axes.text(0, place + 0.22, bar.claim, fontsize=8, va="bottom")
        sign = "≥" if bar.at_least else "≤"
        beside = 1.02 if 0.7 < share < 1.0 else share + 0.02  # not on the line
        axes.text(beside, place, f"{bar.value:.3g}  ({sign} {bar.target:g})", fontsize=8, va="center")
    axes.axvline(1.0, color=LINE, linewidth=1)
    axes.set_xlim(0, max(1.6, *(min(bar.value / bar.target, 3.0) + 0.5 for bar in bars if bar.target)))
    axes.set_ylim(-0.4, len(bars) - 0.2)
    axes.set_yticks([])
    axes.set_xticks([1.0], ["target"], fontsize=8)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"({letter}) {TITLES[letter]}", fontsize=10, loc="left")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None}, facecolor="white")
    pyplot.close(figure)


def main() -> int:
    """Draw what was measured; claims that are not among the figures keep their pictures."""
    arguments = argparse.ArgumentParser(prog="python -m bench.pictures", description=__doc__)
    arguments.add_argument("figures", type=Path, help="what the benchmarks printed")
    arguments.add_argument("--folder", type=Path, default=Path("docs/images"))
    given = arguments.parse_args()
    bars = read(given.figures.read_text(encoding="utf-8"))
    for letter, of_one in groupby(bars, key=lambda bar: bar.letter):
        draw(letter, list(of_one), given.folder / f"performance-{letter}.svg")
    return 0 if bars else 1


if __name__ == "__main__":
    sys.exit(main())
