"""What a benchmark says: one ratio, measured within one run, beside its target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio. ``at_least``: whether the target is a floor (a share of something) or a ceiling (times something)."""

    claim: str
    """What is compared with what, e.g. «(a) reports stored on SQLite ÷ bare aiogram dispatch»."""
    value: float
    target: float
    at_least: bool
    said: str = ""
    """The absolute figures behind it, with units."""

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        line = f"{'met   ' if self.met else 'MISSED'}  {self.value:8.3f}  (target {sign} {self.target:g})  {self.claim}"
        return f"{line}\n        {self.said}" if self.said else line
