"""Databases for tests: SQLite always, and a real PostgreSQL of this run's own where its programs can run."""

from __future__ import annotations

import asyncio
import io
import itertools
import logging
import os
import random
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from bots import logs
from storage.migrate import upgrade
from storage.store import Store
from tests import canaries, postgresql

LONGEST = ("tests/wire/test_run.py", "tests/promises/", "tests/page/")
_numbers = itertools.count(1)


@pytest.hookimpl(trylast=True)  # when the reporter is there
def pytest_configure(config: pytest.Config) -> None:
    """A slow machine is no falsified property; one seed for the processes of one run; what they measured is said by its reporter."""
    os.environ.setdefault("SUTKI_SEED", str(random.SystemRandom().randrange(2**31)))
    settings.register_profile("sutki", deadline=None)
    settings.load_profile("sutki")
    if reporter := config.pluginmanager.get_plugin("terminalreporter"):  # the processes of pytest-xdist have none
        config.pluginmanager.register(_Figures(reporter))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means: one more than there are processors, for much of what is tested waits (xdist counts real cores only)."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: side by side, the last one to end should be a short one."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


class _Figures:
    """Says what tests kept under ``figures`` (``tests/promises/conftest.py``)."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for line in [value for name, value in report.user_properties if name == "figures" and report.when == "teardown"]:
            self._reporter.ensure_newline()
            self._reporter.write_line(str(line))


@pytest.fixture(autouse=True)
def what_is_logged() -> Iterator[io.StringIO]:
    """What the program logs during a test, at DEBUG and as it runs for real. No test may end with anybody's words or a token in it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.start("debug", stream=stream)
    canaries.said.clear()
    canaries.elsewhere.clear()
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    assert canaries.found_in("\n".join([stream.getvalue(), *(told() for told in canaries.elsewhere)])) == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nor may there be any in what a test printed."""
    report = yield
    if call.when == "call" and report.passed and (found := canaries.found_in(report.capstderr)):
        report.outcome, report.longrepr = "failed", f"{item.name} printed {found}"
    return report


def _migrated(url: str) -> None:
    async def migrate() -> None:
        store = Store(url)
        try:
            await upgrade(store)
        finally:
            await store.close()

    asyncio.run(migrate())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that no test writes to."""
    file = tmp_path_factory.mktemp("template") / "sutki.db"
    _migrated(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server that ends with this run, however the run ends."""
    try:
        server = postgresql.Server()
    except postgresql.CannotRun as why:
        pytest.skip(str(why))
    with closing(server):
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: postgresql.Server) -> str:
    """The name of a migrated database that no test connects to."""
    asyncio.run(postgresql_server.create("template_sutki"))
    _migrated(postgresql_server.url("template_sutki"))
    return "template_sutki"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    shutil.copyfile(sqlite_template, tmp_path / "sutki.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'sutki.db'}"


@pytest.fixture
async def postgresql_url(postgresql_server: postgresql.Server, postgresql_template: str) -> AsyncIterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    name = f"test_{next(_numbers)}"
    await postgresql_server.create(name, template=postgresql_template)
    yield postgresql_server.url(name)
    await postgresql_server.drop(name)


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """An empty store on SQLite."""
    store = Store(sqlite_url)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty migrated database, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An empty store, once on SQLite and once on PostgreSQL."""
    store = Store(database_url)
    yield store
    await store.close()
