"""A backup is whole and private; what is restored from it sends nothing again, reminds of nothing past and gives no number twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from bots.channel import Address, OpenThread, RenameThread, Reply, Update
from incidents.deadlines import CITIZEN_NUDGE, DEADLINE, Policy, plan, start
from incidents.incident import Status, Timer
from storage.alone import Alone, NotAlone
from storage.backup import back_up
from storage.conversations import Draft
from storage.marks import BACKUP, RESTORE, Marks
from storage.posts import DROPPED, QUEUED, SENT, UNCERTAIN, Post, Purpose
from storage.restore import CannotRestore, restore
from storage.restored import AFTER_RESTORE, FEWEST, Settled, settle
from storage.store import Store, Tx
from storage.tables import history, metadata
from tests.storage.given import CITIZEN, NOON, OFFICE, later, reported, updates
from tests.stories.house import ALTAI

REGION = (Path(__file__).parents[2] / "examples" / "altai.toml").read_text(encoding="utf-8")


@pytest.fixture
def fresh_url(tmp_path: Path, database_url: str) -> str:
    """A second database of the same kind that nothing was put into yet (on PostgreSQL, the same one: it is emptied)."""
    return database_url if database_url.startswith("postgresql") else f"sqlite+aiosqlite:///{tmp_path / 'fresh' / 'sutki.db'}"


async def counts(store: Store) -> dict[str, int]:
    async with store.transaction() as tx:
        return {
            table.name: (await tx.connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in metadata.sorted_tables
        }


async def restored(url: str, file: Path, *, hours: float = 3.0) -> tuple[Store, Settled]:
    done = await restore(url, file, later(hours=hours), force=url.startswith("postgresql"))
    return Store(url), done.settled


async def state_of(store: Store, row: int) -> str:
    async with store.transaction() as tx:
        return await tx.outbox.state(row)


# --- backing up --------------------------------------------------------------------------------------------------------


async def test_everything_is_in_it_and_comes_back(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        await tx.regions.loaded(REGION, NOON)
        case = await reported(tx, "Яма на Ленина, 15 — «глубокая» ☠", status=Status.ASSIGNED)
        await tx.inbox.put("vk/biysk", updates("1", "2"), NOON)
        await tx.outbox.put(Post(to=CITIZEN, out=Reply("принято"), purpose=Purpose.RECEIPT, incident=case.id), NOON)
    before = await counts(store)
    made = await back_up(store, tmp_path / "copy.sqlite3", later(minutes=1))
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert made.size == made.file.stat().st_size
    again, _ = await restored(fresh_url, made.file)
    after = await counts(again)
    async with again.transaction() as tx:
        found = await tx.incidents.get(case.id)
        assert (await tx.regions.current()) == REGION
        backup = await Marks(tx.connection).get(BACKUP)
    await again.close()
    assert {**after, "marks": 0} == {**before, "marks": 0}
    assert found is not None
    assert found.report.text == "Яма на Ленина, 15 — «глубокая» ☠"
    assert found.incident.reported_at == NOON
    assert backup is not None
    assert backup.at == later(minutes=1)


async def test_it_is_made_beside_a_house_that_writes(sqlite_store: Store, tmp_path: Path) -> None:
    async with sqlite_store.transaction() as tx:
        await reported(tx)
    other = Store(str(sqlite_store.url))
    for number in range(5):
        made = await back_up(other, tmp_path / f"copy-{number}.sqlite3", later(minutes=number))
        async with sqlite_store.transaction() as tx:
            await reported(tx)
        connection = sqlite3.connect(made.file)
        assert connection.execute("SELECT count(*) FROM incidents").fetchone()[0] == number + 1
        connection.close()
    await other.close()


async def test_its_age_is_remembered_and_no_other_file_is_touched(store: Store, tmp_path: Path) -> None:
    taken = tmp_path / "copy.sqlite3"
    taken.write_text("somebody's")
    with pytest.raises(FileExistsError):
        await back_up(store, taken, NOON)
    assert taken.read_text() == "somebody's"
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob(".*")))
    async with store.transaction() as tx:
        assert await Marks(tx.connection).get(BACKUP) is None
    await back_up(store, tmp_path / "other.sqlite3", NOON)
    async with store.transaction() as tx:
        assert (await Marks(tx.connection).get(BACKUP)) == (NOON, "other.sqlite3")


async def test_what_was_erased_is_not_in_it(sqlite_store: Store, tmp_path: Path) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("1"), NOON)
        await tx.connection.execute(text('UPDATE inbox SET raw = \'{"text": "canary-7391"}\''))
    async with sqlite_store.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM inbox"))
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    assert b"canary-7391" not in made.file.read_bytes()


async def test_what_an_unfinished_backup_left_goes(sqlite_store: Store, tmp_path: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        (tmp_path / f".copy.sqlite3.unfinished{ending}").write_text("of one that was killed")
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    await restore(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}", made.file, NOON, force=False)
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob(".*")))


# --- what is not sent again --------------------------------------------------------------------------------------------


def test_every_purpose_has_its_line() -> None:
    assert set(AFTER_RESTORE) == set(Purpose)


async def test_what_waited_is_not_sent_and_an_answer_is_asked_about(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.ANSWERED)
        draft = Draft(incident=case.id, person=case.report.person, address=OFFICE, user_id="5", message="9", text="Починили", state="sent")
        draft = await tx.conversations.write(draft, NOON)
        rows = {
            purpose: await tx.outbox.put(
                Post(
                    to=Address("vk/biysk", f"chat {purpose}"),
                    out=Reply("слова"),
                    purpose=purpose,
                    incident=case.id,
                    draft=draft.id * (purpose == "answer"),
                ),
                NOON,
            )
            for purpose in Purpose
        }
        edit = await tx.outbox.put(Post(to=OFFICE, out=Reply("правка"), purpose=Purpose.CARD, incident=case.id, instead_of_row=1), NOON)
        topic = await tx.outbox.put(Post(to=OFFICE, out=OpenThread("№ 1"), purpose=Purpose.CARD, topic_of=case.id), NOON)
        whisper = await tx.outbox.put(Post(to=OFFICE, out=Reply("ок", whisper_to="p")), NOON)
        await tx.outbox.claim("vk/biysk", NOON, limit=2)  # some wait, some are being sent
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file)
    assert {purpose.value: await state_of(again, row) for purpose, row in rows.items()} == {
        "answer": UNCERTAIN,
        "receipt": DROPPED,
        "card": DROPPED,
        "reminder": DROPPED,
        "notice": DROPPED,
    }
    assert [await state_of(again, row) for row in (edit, topic, whisper)] == [QUEUED, DROPPED, DROPPED]
    assert (settled.answers, settled.cards) == (1, (case.id,))
    async with again.transaction() as tx:
        told = [row.raw for row in await tx.inbox.waiting(later(hours=3))]
    assert [(raw["kind"], raw["state"], raw["draft"]) for raw in told] == [("outcome", UNCERTAIN, draft.id)]
    await again.close()


async def test_a_change_of_what_is_not_sent_is_not_sent_either(store: Store, tmp_path: Path, fresh_url: str) -> None:
    """What is said to one person goes as a message of its own when there is none that it could change."""
    async with store.transaction() as tx:
        preview = await tx.outbox.put(Post(to=OFFICE, out=Reply("предпросмотр")), NOON)
        edit = await tx.outbox.put(Post(to=OFFICE, out=Reply("правка"), instead_of_row=preview), NOON)
        stands = await tx.outbox.put(Post(to=CITIZEN, out=Reply("принято")), NOON)
        (claimed,) = await tx.outbox.claim(CITIZEN.account, NOON)
        await tx.outbox.mark_sent([(claimed, ("77",))], NOON)
        kept = await tx.outbox.put(Post(to=CITIZEN, out=Reply("решено"), instead_of_row=stands), NOON)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file)
    assert [await state_of(again, row) for row in (preview, edit, kept)] == [DROPPED, DROPPED, QUEUED]
    await again.close()
    assert settled.unsent == 1


async def test_the_title_of_a_topic_is_changed_all_the_same(store: Store, tmp_path: Path, fresh_url: str) -> None:
    """It is written down with the topic as if it stood there already: nobody would change it until the next time."""
    async with store.transaction() as tx:
        renames = await tx.outbox.put(Post(to=OFFICE, out=RenameThread("№ 1 ✅"), topic_of=1), NOON)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file)
    assert (await state_of(again, renames), settled.unsent) == (QUEUED, 0)
    await again.close()


async def test_an_answer_that_is_in_doubt_once_more_is_asked_about_once_more(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        case = await reported(tx, status=Status.ANSWERED)
        draft = Draft(incident=case.id, person=case.report.person, address=OFFICE, user_id="5", message="9", text="Починили", state="sent")
        draft = await tx.conversations.write(draft, NOON)
        row = await tx.outbox.put(Post(to=CITIZEN, out=Reply("слова"), purpose=Purpose.ANSWER, incident=case.id, draft=draft.id), NOON)
    first = await back_up(store, tmp_path / "first.sqlite3", NOON)
    again, _ = await restored(fresh_url, first.file, hours=1)
    async with again.transaction() as tx:
        (told,) = await tx.inbox.waiting(later(hours=2))
        await tx.inbox.done([told.id], later(hours=2))
        await tx.outbox.again(row)
    second = await back_up(again, tmp_path / "second.sqlite3", later(hours=2))
    await again.close()
    done = await restore(fresh_url, second.file, later(hours=5), force=True)
    last = Store(fresh_url)
    async with last.transaction() as tx:
        told_again = [raw.raw["row"] for raw in await tx.inbox.waiting(later(hours=6))]
    await last.close()
    assert (done.settled.answers, told_again) == (1, [row])


async def test_an_answer_that_was_to_be_sent_in_a_moment_is_given_back(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        raw = {"kind": "send-draft", "draft": 5}
        await tx.inbox.later("send-draft/5/u1", raw, lane="draft/5", at=NOON, handle_after=later(seconds=30))
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file)
    async with again.transaction() as tx:
        (row,) = await tx.inbox.waiting(NOON)
    await again.close()
    assert (dict(row.raw), settled.drafts) == ({"kind": "give-back", "draft": 5}, 1)


# --- clocks ------------------------------------------------------------------------------------------------------------


async def test_reminders_that_fell_due_meanwhile_are_skipped_and_the_next_one_comes(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        await tx.regions.loaded(REGION, NOON)
        case = await reported(tx, status=Status.ASSIGNED, organisation="zhkh-barnaul")
        running = start(case.incident, Policy(), ALTAI.zone_of(""))
        await tx.incidents.save(type(case)(running, case.report))
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file, hours=23)
    async with again.transaction() as tx:
        found = await tx.incidents.get(case.id)
        steps = await tx.reminders.of(case.id)
        due = await tx.incidents.to_wake(later(hours=23))
        rows = (await tx.connection.execute(select(func.count()).select_from(history))).scalar_one()
    await again.close()
    assert found is not None
    assert list(due) == []
    assert settled.reminders == len(steps) >= 2
    assert all(skipped for *_, skipped in steps)
    assert found.incident.wake_at == found.incident.due_at == later(hours=24)
    assert rows == 0


async def test_what_the_house_was_to_say_meanwhile_is_not_said_again(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        for key, hours in (("held/1/1/deadline/5", 1), ("away-begins/7", 2), ("away-ends/7", 9)):
            await tx.inbox.later(key, {"kind": key.partition("/")[0]}, lane="", at=NOON, handle_after=later(hours=hours))
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, _ = await restored(fresh_url, made.file, hours=5)
    async with again.transaction() as tx:
        waits = [row.key for row in await tx.inbox.waiting(later(hours=10))]
    await again.close()
    assert waits == ["away-ends/7"]


async def test_nobodys_incident_is_closed_for_a_silence_that_may_be_ours(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        await tx.regions.loaded(REGION, NOON)
        facts = {"timer": Timer.PAUSED, "turn": 2, "started_at": later(days=-5), "due_at": later(hours=1), "wake_at": later(hours=1)}
        case = await reported(tx, status=Status.WAITING, version=3, organisation="zhkh-barnaul", **facts)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, _ = await restored(fresh_url, made.file, hours=5)
    async with again.transaction() as tx:
        found = await tx.incidents.get(case.id)
    await again.close()
    assert found is not None
    assert (found.incident.status, found.incident.due_at, found.incident.wake_at) == (Status.WAITING, later(hours=29), later(hours=29))


@pytest.mark.parametrize("timer", [Timer.PAUSED, Timer.RATING])
async def test_nor_is_one_that_was_to_be_closed_soon_after_the_restore(store: Store, tmp_path: Path, fresh_url: str, timer: Timer) -> None:
    async with store.transaction() as tx:
        facts = {"timer": timer, "turn": 2, "started_at": later(days=-5)}
        soon = await reported(tx, status=Status.WAITING, due_at=later(hours=4), wake_at=later(hours=4), **facts)
        far = await reported(tx, status=Status.WAITING, due_at=later(hours=28), wake_at=later(hours=28), **facts)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, _ = await restored(fresh_url, made.file)
    async with again.transaction() as tx:
        found = [await tx.incidents.get(case.id) for case in (soon, far)]
    await again.close()
    assert [one and (one.incident.due_at, one.incident.wake_at) for one in found] == [
        (later(hours=27), later(hours=27)),
        (later(hours=28), later(hours=28)),
    ]


async def test_who_was_to_be_asked_once_more_in_the_morning_still_is(store: Store, tmp_path: Path, fresh_url: str) -> None:
    policy, zone = Policy(), ALTAI.zone_of("")
    async with store.transaction() as tx:
        await tx.regions.loaded(REGION, NOON)
        # asked at 23:00 for 25 hours: a day before the end it is night, and no evening comes before that
        facts = {"timer": Timer.PAUSED, "turn": 2, "started_at": later(hours=4), "due_at": later(hours=29), "wake_at": later(hours=12)}
        case = await reported(tx, status=Status.WAITING, organisation="zhkh-barnaul", **facts)
    made = await back_up(store, tmp_path / "copy.sqlite3", later(hours=5))
    assert [one.step.name for one in plan(case.incident, policy, zone)] == [CITIZEN_NUDGE, DEADLINE]
    again, _ = await restored(fresh_url, made.file, hours=6)
    async with again.transaction() as tx:
        found = await tx.incidents.get(case.id)
    await again.close()
    assert found is not None
    assert [(one.step.name, one.at) for one in plan(found.incident, policy, zone)] == [
        (CITIZEN_NUDGE, later(hours=12)),
        (DEADLINE, later(hours=36)),
    ]


# --- numbers -----------------------------------------------------------------------------------------------------------


async def test_a_number_given_after_the_backup_is_never_given_again(store: Store, tmp_path: Path, fresh_url: str) -> None:
    async with store.transaction() as tx:
        first = await reported(tx)
        row = await tx.outbox.put(Post(to=CITIZEN, out=Reply("принято")), NOON)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    again, settled = await restored(fresh_url, made.file)
    async with again.transaction() as tx:
        following = await reported(tx)
        next_row = await tx.outbox.put(Post(to=CITIZEN, out=Reply("принято")), NOON)
    await again.close()
    assert following.id == settled.next_number
    assert following.id > first.id + FEWEST - 1000
    assert next_row > row + FEWEST


# --- whose it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replaced", [True, False], ids=["over a file", "into a folder"])
@pytest.mark.parametrize("user", [0, 1000], ids=["root", "the service"])
async def test_what_root_restores_belongs_to_whom_the_service_runs_as(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, replaced: bool
) -> None:
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    target = tmp_path / "fresh" / "sutki.db"
    target.parent.mkdir()
    if replaced:
        shutil.copyfile(made.file, target)
    owner = (target if replaced else target.parent).stat()
    given: dict[str, tuple[int, int, bool]] = {}

    def chown(file: Path, uid: int, gid: int) -> None:
        given[file.name] = (uid, gid, target.exists())

    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("os.chown", chown)
    await restore(f"sqlite+aiosqlite:///{target}", made.file, NOON, force=True)
    before_it_is_in_place = (owner.st_uid, owner.st_gid, replaced)
    names = ["sutki.db.lock", ".sutki.db.restoring"] if user == 0 else []
    assert given == dict.fromkeys(names, before_it_is_in_place)


# --- what is refused ---------------------------------------------------------------------------------------------------


async def test_a_database_with_something_in_it_is_not_overwritten_unless_that_is_meant(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    async with store.transaction() as tx:
        await reported(tx)
    made = await back_up(store, tmp_path / "copy.sqlite3", NOON)
    async with store.transaction() as tx:
        await reported(tx)
    with pytest.raises(CannotRestore, match="occupied"):
        await restore(database_url, made.file, NOON, force=False)
    assert (await counts(store))["incidents"] == 2
    await store.close()
    done = await restore(database_url, made.file, NOON, force=True)
    again = Store(database_url)
    assert (await counts(again))["incidents"] == 1
    await again.close()
    if done.put_aside:
        connection = sqlite3.connect(done.put_aside)
        assert connection.execute("SELECT count(*) FROM incidents").fetchone()[0] == 2
        connection.close()


async def test_a_house_that_runs_is_not_restored_under_its_feet(
    sqlite_url: str, postgresql_url: str, sqlite_store: Store, tmp_path: Path
) -> None:
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    alone = Alone(Path(str(sqlite_store.url.database)))
    with pytest.raises(NotAlone):
        await restore(sqlite_url, made.file, NOON, force=True)
    alone.close()
    other = Store(postgresql_url)
    async with other.transaction() as tx:
        await tx.leases.take("account vk/biysk", "somebody", timedelta(minutes=5))
    await other.close()
    with pytest.raises(CannotRestore, match="running"):
        await restore(postgresql_url, made.file, NOON, force=True)


# --- what an earlier one left behind -----------------------------------------------------------------------------------


def _killed(file: Path, copy: Path) -> None:
    """What is left of a restore that was killed: its copy, half changed, and the journal by which SQLite would take the change back."""
    shutil.copyfile(file, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("PRAGMA cache_size=1")  # what does not fit is written before the end
    connection.execute("BEGIN")
    connection.execute("UPDATE inbox SET raw = raw || ' '")
    left = {beside: beside.read_bytes() for beside in (copy, Path(f"{copy}-journal"))}
    connection.execute("ROLLBACK")
    connection.close()
    for beside, body in left.items():
        beside.write_bytes(body)


async def test_a_restore_that_was_killed_does_not_spoil_the_next_one(sqlite_store: Store, tmp_path: Path) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates(*(str(number) for number in range(300))), NOON)
    first = await back_up(sqlite_store, tmp_path / "first.sqlite3", NOON)
    async with sqlite_store.transaction() as tx:  # the next day: the same rows, and what became of them
        await tx.connection.execute(text("UPDATE inbox SET state = 'done', error = 'newer'"))
    second = await back_up(sqlite_store, tmp_path / "second.sqlite3", NOON)
    target = tmp_path / "fresh" / "sutki.db"
    target.parent.mkdir()
    await asyncio.to_thread(_killed, first.file, target.with_name(".sutki.db.restoring"))
    await restore(f"sqlite+aiosqlite:///{target}", second.file, later(hours=3), force=True)
    connection = sqlite3.connect(target)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT error, count(*) FROM inbox GROUP BY error").fetchall() == [("newer", 300)]
    connection.close()
    assert sorted(one.name for one in target.parent.iterdir()) == ["sutki.db", "sutki.db.lock"]


async def test_the_journal_of_a_database_that_is_gone_is_not_taken_for_the_new_ones(sqlite_store: Store, tmp_path: Path) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates(*(str(number) for number in range(300))), NOON)
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    target = tmp_path / "fresh" / "sutki.db"
    target.parent.mkdir()
    await asyncio.to_thread(_killed, made.file, target)
    target.unlink()  # somebody did, and left what lay beside it
    await restore(f"sqlite+aiosqlite:///{target}", made.file, later(hours=3), force=False)
    assert not target.with_name("sutki.db-journal").exists()
    again = Store(f"sqlite+aiosqlite:///{target}")
    async with again.transaction() as tx:
        assert await Marks(tx.connection).get(RESTORE) is not None
    await again.close()


async def test_a_copy_that_came_out_damaged_is_not_put_in_place(
    sqlite_store: Store, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sqlite_store.transaction() as tx:
        await tx.inbox.put("vk/biysk", updates("1", "2"), NOON)
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    await sqlite_store.close()

    async def spoils(tx: Tx, at: datetime) -> Settled:
        settled = await settle(tx, at)
        for statement in ("PRAGMA writable_schema=ON", "UPDATE sqlite_master SET rootpage = 3 WHERE name = 'outbox'"):
            await tx.connection.execute(text(statement))
        return settled

    monkeypatch.setattr("storage.restore.settle", spoils)
    with pytest.raises(CannotRestore, match="unsound"):
        await restore(sqlite_url, made.file, NOON, force=True)
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*.before-restore-*")))
    assert (await counts(sqlite_store))["inbox"] == 2


def _scribble(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[8192:12288] = b"\xaa" * 4096
    file.write_bytes(body)


@pytest.mark.parametrize(
    ("why", "spoil"),
    [
        ("foreign", lambda file: file.write_bytes(b"PGDMP" + b"\0" * 500)),
        ("foreign", lambda file: file.write_bytes(b"")),
        ("damaged", lambda file: file.write_bytes(file.read_bytes()[:9000])),
        ("damaged", _scribble),
        ("newer", lambda file: _say(file, "UPDATE alembic_version SET version_num = '9999'")),
        ("foreign", lambda file: _say(file, "DROP TABLE alembic_version")),
    ],
    ids=["other", "empty", "cut", "scribbled", "newer", "not ours"],
)
async def test_what_is_no_whole_backup_of_ours_changes_nothing(sqlite_store: Store, tmp_path: Path, why: str, spoil: object) -> None:
    async with sqlite_store.transaction() as tx:
        for number in range(50):
            await reported(tx, user=str(number))
    made = await back_up(sqlite_store, tmp_path / "copy.sqlite3", NOON)
    spoil(made.file)  # type: ignore[operator]  # one of the above
    fresh = tmp_path / "fresh" / "sutki.db"
    with pytest.raises(CannotRestore, match=why):
        await restore(f"sqlite+aiosqlite:///{fresh}", made.file, NOON, force=True)
    assert not fresh.exists()


def _say(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_backup_of_either_database_goes_into_the_other(sqlite_store: Store, postgresql_url: str, tmp_path: Path) -> None:
    """A trial on SQLite moves to PostgreSQL by its backup, and back."""
    async with sqlite_store.transaction() as tx:
        await reported(tx)
        row = await tx.outbox.put(Post(to=OFFICE, out=RenameThread("№ 1", closed=True), purpose=Purpose.CARD), NOON)
        (claimed,) = await tx.outbox.claim(OFFICE.account, NOON)
        await tx.outbox.mark_sent([(claimed, ())], NOON)
    first = await back_up(sqlite_store, tmp_path / "one.sqlite3", NOON)
    await restore(postgresql_url, first.file, NOON, force=False)
    middle = Store(postgresql_url)
    second = await back_up(middle, tmp_path / "two.sqlite3", NOON)
    await middle.close()
    await restore(f"sqlite+aiosqlite:///{tmp_path / 'back.db'}", second.file, NOON, force=False)
    last = Store(f"sqlite+aiosqlite:///{tmp_path / 'back.db'}")
    assert {**await counts(last), "marks": 0} == {**await counts(sqlite_store), "marks": 0}
    assert await state_of(last, row) == SENT
    async with last.transaction() as tx:
        mark = await Marks(tx.connection).get(RESTORE)
    await last.close()
    assert mark is not None
    assert json.loads(mark.value)["last_number"] >= 1


async def test_half_a_letter_goes_from_one_database_into_the_other_and_back(
    sqlite_store: Store, postgresql_url: str, tmp_path: Path
) -> None:
    """A raw update is kept as it came, and what a messenger cut may end in the middle of a pair."""
    half = {"text": "яма \ud83d", "name": "Анна"}
    async with sqlite_store.transaction() as tx:
        await tx.inbox.put("vk/biysk", [Update(key="1", raw=half, lane="501")], NOON)
    first = await back_up(sqlite_store, tmp_path / "one.sqlite3", NOON)
    await restore(postgresql_url, first.file, NOON, force=False)
    middle = Store(postgresql_url)
    second = await back_up(middle, tmp_path / "two.sqlite3", NOON)
    await middle.close()
    last, _ = await restored(f"sqlite+aiosqlite:///{tmp_path / 'back.db'}", second.file)
    async with last.transaction() as tx:
        assert [row.raw for row in await tx.inbox.waiting(NOON)] == [half]
    await last.close()
