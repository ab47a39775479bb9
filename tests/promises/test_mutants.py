"""Every guard that ``make promises-mutants`` switches off is still there to be switched off, and somebody is named to notice."""

from __future__ import annotations

import ast

import pytest

from tests.promises.mutants import MUTANTS, ROOT, Mutant, files_of, wrong_in


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_a_mutant_can_be_made(mutant: Mutant) -> None:
    assert wrong_in(ROOT, mutant) == []
    for file in {off.file for off in mutant.off}:
        source = (ROOT / file).read_text(encoding="utf-8")
        for off in mutant.off:
            source = source.replace(off.was, off.becomes) if off.file == file else source
        ast.parse(source)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_somebody_is_to_notice(mutant: Mutant) -> None:
    assert [promise for promise in mutant.promises if files_of(promise)]


def test_each_guard_has_a_name_of_its_own() -> None:
    assert len({mutant.guard for mutant in MUTANTS}) == len(MUTANTS)
