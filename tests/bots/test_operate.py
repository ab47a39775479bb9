"""Backups and dead letters from the command line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bots.__main__ import build
from bots.channel import Address, Reply, Update
from bots.operate import drop_letters, list_letters, put_back, replay_letters, show_letter
from bots.settings import read
from locales import texts
from storage.figures import Counter
from storage.inbox import DEAD, DONE, NEW
from storage.letters import Letters
from storage.migrate import upgrade
from storage.posts import DROPPED, FAILED, QUEUED, UNCERTAIN, Post, Purpose
from storage.store import Store
from tests.storage.given import NOON, later, reported

RU = texts("ru")
WORDS = "канарейка Мария, Ленина 15"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of one's own in the environment of the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUTKI_DATABASE", f"sqlite:///{tmp_path / 'sutki.db'}")
    return f"sqlite+aiosqlite:///{tmp_path / 'sutki.db'}"


def sutki(*words: str) -> tuple[int, str]:
    said = CliRunner().invoke(build(texts("en")), words, catch_exceptions=False)
    return said.exit_code, said.output


def inside(url: str, work: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        store = Store(url)
        await upgrade(store)
        await work(store)
        await store.close()

    asyncio.run(run())


async def _some(store: Store) -> None:
    async with store.transaction() as tx:
        await reported(tx)


# --- backups -----------------------------------------------------------------------------------------------------------


def test_a_backup_into_a_folder_is_named_by_the_time_and_old_ones_go(url: str, tmp_path: Path) -> None:
    inside(url, _some)
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for number in range(3):
        (folder / f"sutki-2026-01-0{number + 1}T00-00-00Z.sqlite3").write_text("old")
    code, said = sutki("backup", str(folder), "--keep", "2")
    assert code == 0, said
    assert "personal data" in said
    left = sorted(one.name for one in folder.iterdir())
    assert len(left) == 3
    assert "notes.txt" in left
    assert "sutki-2026-01-03T00-00-00Z.sqlite3" in left


def test_restoring_over_something_has_to_be_meant(url: str, tmp_path: Path) -> None:
    inside(url, _some)
    assert sutki("backup", str(tmp_path / "copy.sqlite3"))[0] == 0
    assert sutki("backup", str(tmp_path / "copy.sqlite3"))[0] == 1
    code, said = sutki("restore", str(tmp_path / "copy.sqlite3"))
    assert (code, "not empty" in said) == (1, True)
    code, said = sutki("restore", str(tmp_path / "copy.sqlite3"), "--force")
    assert code == 0, said
    assert re.search(r"The last number in the backup is 1, the next one will be \d{5}", said)
    assert "before-restore" in said
    assert list(tmp_path.glob("sutki.db.before-restore-*"))


@pytest.mark.parametrize("file", ["missing", "region"])
def test_what_is_no_backup_is_named(url: str, tmp_path: Path, file: str) -> None:
    (tmp_path / "region").write_text("[region]")
    code, said = sutki("restore", str(tmp_path / file))
    assert code == 1
    assert "Traceback" not in said
    assert not (tmp_path / "sutki.db").exists()


# --- dead letters ------------------------------------------------------------------------------------------------------


async def _dead(store: Store) -> None:
    async with store.transaction() as tx:
        case = await reported(tx)
        made = [Update(key=f"u{n}", raw={"text": WORDS}, lane=lane) for n, lane in enumerate(("501", "501", "501", "777"))]
        await tx.inbox.put("vk/biysk", made, NOON)
        ids = [row.id for row in await tx.inbox.waiting(NOON)]
        await tx.inbox.dead([ids[0], ids[1], ids[3]], "KeyError", later(minutes=1))
        for chat, purpose in (("1", Purpose.NOTICE), ("2", Purpose.ANSWER)):
            await tx.outbox.put(Post(to=Address("vk/biysk", chat), out=Reply(WORDS), purpose=purpose, incident=case.id), NOON)
        failed, doubted = await tx.outbox.claim("vk/biysk", NOON)
        await tx.outbox.fail(failed, "refused: wrong")
        await tx.outbox.uncertain(doubted, "nobody knows")


async def _states(store: Store) -> tuple[list[str], list[str]]:
    from sqlalchemy import select

    from storage.tables import inbox, outbox

    async with store.transaction() as tx:
        updates = (await tx.connection.execute(select(inbox.c.state).order_by(inbox.c.id))).scalars().all()
        messages = (await tx.connection.execute(select(outbox.c.state).order_by(outbox.c.id))).scalars().all()
    return list(updates), list(messages)


async def test_the_list_has_everything_and_nobodys_words(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    await _dead(store)
    assert await list_letters(RU, store) == 0
    said = capsys.readouterr().out
    assert said.count("  in-") == 3
    assert said.count("· failed ·") == said.count("· uncertain ·") == 1
    assert WORDS not in said
    assert "KeyError" in said


async def test_words_are_shown_only_when_asked_for_and_with_a_warning(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    await _dead(store)
    async with store.transaction() as tx:
        names = [letter.name for letter in await Letters(tx.connection).all(10)]
    for name in names:
        assert await show_letter(RU, store, name, raw=False) == 0
    assert WORDS not in capsys.readouterr().out
    for name in names:
        assert await show_letter(RU, store, name, raw=True) == 0
    said = capsys.readouterr()
    assert said.out.count(WORDS) == len(names)
    assert said.err.count("персональные данные") == len(names)


async def test_a_replay_keeps_the_order_of_its_conversation(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier letter of the same person comes along; another person's does not."""
    await _dead(store)
    async with store.transaction() as tx:
        _, second, other = [letter for letter in await Letters(tx.connection).all(10) if letter.way == "in"]
    assert await replay_letters(RU, store, [second.name], later(minutes=5), twice=False) == 0
    assert "Будет повторено: 2" in capsys.readouterr().out
    assert (await _states(store))[0] == [NEW, NEW, NEW, DEAD]
    async with store.transaction() as tx:
        keys = [row.key for row in await tx.inbox.waiting(later(minutes=2)) if row.lane == "501"]
    assert keys == ["u0", "u1", "u2"]
    assert await replay_letters(RU, store, [], later(minutes=5), twice=False) == 0
    assert DEAD not in (await _states(store))[0]
    assert other.account == "vk/biysk"


async def test_what_may_have_arrived_goes_again_only_when_that_is_meant(store: Store) -> None:
    await _dead(store)
    async with store.transaction() as tx:
        failed, doubted = [letter for letter in await Letters(tx.connection).all(10) if letter.way == "out"]
    assert await replay_letters(RU, store, [failed.name, doubted.name], later(minutes=5), twice=False) == 1
    assert (await _states(store))[1] == [FAILED, UNCERTAIN]
    assert await replay_letters(RU, store, [failed.name], later(minutes=5), twice=False) == 0
    assert (await _states(store))[1] == [QUEUED, UNCERTAIN]
    assert await replay_letters(RU, store, [doubted.name], later(minutes=5), twice=True) == 0
    assert (await _states(store))[1] == [QUEUED, QUEUED]


async def test_what_is_let_go_is_counted_no_more(store: Store) -> None:
    await _dead(store)
    async with store.transaction() as tx:
        names = [letter.name for letter in await Letters(tx.connection).all(10)]
    assert await drop_letters(RU, store, names, later(minutes=5)) == 0
    updates, messages = await _states(store)
    assert (updates, messages) == ([DONE, DONE, NEW, DONE], [DROPPED, DROPPED])
    async with store.transaction() as tx:
        figures = await Counter(tx.connection).figures(later(minutes=5))
    assert (figures.dead, figures.unsettled) == (0, 0)


@pytest.mark.parametrize("name", ["in-999", "out-999", "in-", "17", "in-1; DROP TABLE inbox", "in--1", "in-99999999999999999999", ""])
async def test_an_unknown_name_changes_nothing(sqlite_store: Store, name: str) -> None:
    await _dead(sqlite_store)
    assert await show_letter(RU, sqlite_store, name, raw=True) == 1
    assert await drop_letters(RU, sqlite_store, [name], NOON) == 1
    assert await replay_letters(RU, sqlite_store, [name], later(minutes=5), twice=True) == 1
    assert await _states(sqlite_store) == ([DEAD, DEAD, NEW, DEAD], [FAILED, UNCERTAIN])


@pytest.mark.parametrize("name", ["50%41", "№#1", "what?mode=memory", "a b"])
def test_any_path_will_do(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    inside(url, _some)
    folder = tmp_path / name
    folder.mkdir()
    assert sutki("backup", str(folder / "copy.sqlite3"))[0] == 0
    (tmp_path / "sutki.db").rename(folder / "sutki.db")
    monkeypatch.setenv("SUTKI_DATABASE", f"sqlite:///{quote(str(folder / 'sutki.db'))}")
    assert sutki("backup", str(folder / "again.sqlite3"))[0] == 0
    monkeypatch.setenv("SUTKI_DATABASE", f"sqlite:///{tmp_path / 'fresh.db'}")
    code, said = sutki("restore", str(folder / "again.sqlite3"))
    assert code == 0, said


async def test_a_house_that_runs_is_named(sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from storage.alone import Alone
    from storage.backup import back_up

    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    file = Path(str(sqlite_store.url.database))
    alone = Alone(file)
    settings = read(needs_region=False, given={"SUTKI_DATABASE": f"sqlite:///{file}"})
    assert await put_back(RU, settings, made.file, NOON + timedelta(hours=1), force=True) == 1
    alone.close()
    assert "работают боты" in capsys.readouterr().err


async def test_a_house_that_runs_is_found_by_whatever_address(
    sqlite_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from storage.alone import Alone
    from storage.backup import back_up

    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    settings = read(needs_region=False, given={"SUTKI_DATABASE": f"sqlite:///{tmp_path}/my%20data/sutki.db"})
    assert settings.database_file is not None
    alone = Alone(settings.database_file)  # as the house does
    assert await put_back(RU, settings, made.file, NOON + timedelta(hours=1), force=True) == 1
    alone.close()
    assert "работают боты" in capsys.readouterr().err


async def test_a_backup_is_not_put_over_the_tables_of_a_newer_program(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from storage.backup import back_up

    if store.is_sqlite:
        pytest.skip("the file is replaced as a whole")
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    async with store.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    settings = read(needs_region=False, given={"SUTKI_DATABASE": store.url.render_as_string(hide_password=False)})
    assert await put_back(RU, settings, made.file, NOON + timedelta(hours=1), force=True) == 1
    assert "9999" in capsys.readouterr().err
