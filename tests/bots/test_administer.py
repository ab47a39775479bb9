"""Loading the region, inviting people and the doctor, against a real database and channels that answer as told."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from bots import administer
from bots.administer import Connect, Difference
from bots.channel import Address, Channel, Identity, Refused, TryLater
from bots.doctor import Finding, Grade, examine
from bots.settings import Settings, read
from incidents.incident import Role
from incidents.region import Account, parse
from locales import LANGUAGES, texts
from storage.people import CHAT, PERSON
from storage.store import Store
from tests.bots.test_cli import REGION

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


class Told:
    """A channel that says of itself what the test wants."""

    def __init__(self, account: str, trouble: Exception | None = None, wrong: Sequence[str] = ()) -> None:
        self.account, self.trouble, self.wrong, self.asked = account, trouble, wrong, 0

    async def identify(self) -> Identity:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return Identity("42", "Алтай", "https://t.me/altai_bot", "https://t.me/altai_bot?start={code}")

    async def check(self) -> Sequence[str]:
        return self.wrong


def connecting(channel: Told | None) -> Connect:
    async def connect(_account: Account) -> Channel | None:
        return cast("Channel | None", channel)

    return connect


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    store = Store(sqlite_url)
    yield store
    await store.close()


# --- the region --------------------------------------------------------------------------------------------------------


async def test_a_dry_run_changes_nothing(store: Store) -> None:
    loaded = await administer.load_region(store, REGION, NOW, dry_run=True)
    assert Difference("+", "topic", "zhkh") in loaded.differences
    async with store.transaction() as tx:
        assert await tx.regions.current() is None


async def test_what_is_referred_to_is_never_dropped(store: Store) -> None:
    await administer.load_region(store, REGION, NOW, dry_run=False)
    async with store.transaction() as tx:
        person = await tx.people.meet("telegram/altai", "7", "Иванова", "ru", NOW)
        await tx.people.appoint(person.id, Role.OFFICIAL, "roads", Address("telegram/altai", "7"), NOW)
    without = REGION.replace('[[organisations]]\nid = "roads"\ntitle = "Дороги"\n', "")
    loaded = await administer.load_region(store, without, NOW, dry_run=False)
    assert loaded.in_use == (Difference("-", "organisation", "roads"),)
    async with store.transaction() as tx:
        assert await tx.regions.current() == REGION


def test_a_difference_names_each_section() -> None:
    before = parse(REGION)
    after = parse(
        REGION.replace('name = "altai"', 'name = "other"').replace('"ЖКХ"', '"Дома"').replace("Алтай", "Алтайский край")
        + '\n[[routes]]\norganisation = "roads"\ntopic = "zhkh"\n'
    )
    assert set(administer.compare(before, after)) == {
        Difference("~", "topic", "zhkh"),
        Difference("-", "account", "telegram/altai"),
        Difference("+", "account", "telegram/other"),
        Difference("+", "route", "zhkh × *"),
        Difference("~", "settings", "title"),
    }
    assert administer.compare(before, before) == ()


# --- invitations -------------------------------------------------------------------------------------------------------


async def test_a_link_opens_the_role_once(store: Store) -> None:
    channel = Told("telegram/altai")
    accounts = parse(REGION).accounts
    made = await administer.invite_person(store, accounts, connecting(channel), role=Role.HEAD, organisation="roads", days=3, at=NOW)
    assert made.expires_at == NOW + timedelta(days=3)
    assert [door.link for door in made.doors] == [f"https://t.me/altai_bot?start={made.code}"]
    async with store.transaction() as tx:
        invite = await tx.people.use_invite(made.code, PERSON, 1, NOW)
        assert invite is not None
        assert (invite.role, invite.organisation) == ("head", "roads")
        assert await tx.people.use_invite(made.code, PERSON, 1, NOW) is None
    await administer.invite_person(store, accounts, connecting(channel), role=Role.HEAD, organisation="roads", days=3, at=NOW)
    assert channel.asked == 1, "an account that is known is not asked again"


@pytest.mark.parametrize(
    ("channel", "trouble"),
    [(None, "token"), (Told("a", Refused("no")), "refused"), (Told("a", TryLater("later", 1)), "away")],
)
async def test_an_account_that_cannot_be_asked_is_named(store: Store, channel: Told | None, trouble: str) -> None:
    made = await administer.invite_person(
        store, parse(REGION).accounts, connecting(channel), role=Role.CURATOR, organisation="", days=3, at=NOW
    )
    assert [(door.account, door.trouble) for door in made.doors] == [("telegram/altai", trouble)]


@pytest.mark.parametrize(("organisation", "role"), [("roads", ""), ("", "curator")])
async def test_a_chat_code_may_be_typed_as_it_comes(store: Store, organisation: str, role: str) -> None:
    made = await administer.invite_chat(store, organisation=organisation, days=1, at=NOW)
    async with store.transaction() as tx:
        invite = await tx.people.use_invite(f" {made.code.lower().replace('-', '')} ", CHAT, 1, NOW)
    assert invite is not None
    assert (invite.organisation, invite.role) == (organisation, role)


def test_codes_pass_every_messenger_and_do_not_repeat() -> None:
    codes = {administer.link_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(code.isalnum() and code.isascii() and len(code) == 26 for code in codes)


# --- the doctor --------------------------------------------------------------------------------------------------------


@pytest.fixture
def platform() -> Iterator[Callable[[datetime], str]]:
    """Starts a server that refuses everything and says what time it is."""
    servers: list[ThreadingHTTPServer] = []

    def start(time: datetime) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(404)
                self.send_header("Date", format_datetime(time, usegmt=True))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def settings(url: str, tmp_path: Path, **more: str) -> Settings:
    (tmp_path / "region.toml").write_text(REGION, encoding="utf-8")
    given = {"SUTKI_TELEGRAM_URL": url, "SUTKI_DATABASE": f"sqlite:///{tmp_path}/x.db", "SUTKI_REGION": str(tmp_path / "region.toml")}
    return read(needs_region=False, given={**given, **more})


async def examined(settings: Settings, store: Store, channel: Told | None) -> dict[str, Finding]:
    return {finding.key: finding async for finding in examine(settings, store, connecting(channel), lambda: NOW)}


async def test_a_healthy_house_gets_no_advice(store: Store, tmp_path: Path, platform: Callable[[datetime], str]) -> None:
    await administer.load_region(store, REGION, NOW, dry_run=False)
    async with store.transaction() as tx:
        person = await tx.people.meet("telegram/altai", "7", "Иванова", "ru", NOW)
        await tx.people.appoint(person.id, Role.CURATOR, "", Address("telegram/altai", "7"), NOW)
        for organisation in ("roads", "zhkh-barnaul"):
            await tx.chats.connect("telegram/altai", f"-{organisation}", organisation, NOW)
    told = settings(platform(NOW + timedelta(seconds=5)), tmp_path, TELEGRAM_ALTAI="12345:token")
    found = await examined(told, store, Told("telegram/altai"))
    assert [finding for finding in found.values() if finding.grade is not Grade.WELL] == []
    assert {"cli-doctor-account-good", "cli-doctor-clock-good", "cli-doctor-database-good"} <= found.keys()


async def test_a_wrong_clock_is_measured(store: Store, tmp_path: Path, platform: Callable[[datetime], str]) -> None:
    found = await examined(settings(platform(NOW - timedelta(minutes=3)), tmp_path), store, Told("telegram/altai"))
    assert found["cli-doctor-clock-wrong"].arguments["seconds"] == 180


async def test_everything_an_empty_house_lacks_is_named(store: Store, tmp_path: Path) -> None:
    await administer.load_region(store, REGION + "\n", NOW, dry_run=False)
    found = await examined(settings("http://127.0.0.1:9", tmp_path), store, None)
    assert {key for key, finding in found.items() if finding.grade is Grade.NOTE} == {
        "cli-doctor-region-differs",
        "cli-doctor-token-missing",
    }
    wrong = {key for key, finding in found.items() if finding.grade is Grade.WRONG}
    assert wrong == {"cli-doctor-no-curator", "cli-doctor-organisation-empty", "cli-doctor-no-accounts"}


@pytest.mark.parametrize(
    ("channel", "key"),
    [
        (Told("a", Refused("no")), "cli-doctor-token-wrong"),
        (Told("a", TryLater("later", 1)), "cli-doctor-account-away"),
        (Told("a", wrong=["doctor-telegram-privacy"]), "cli-doctor-account-problem"),
    ],
)
async def test_what_is_wrong_with_an_account_is_named(store: Store, tmp_path: Path, channel: Told, key: str) -> None:
    found = await examined(settings("http://127.0.0.1:9", tmp_path), store, channel)
    assert found[key].grade is Grade.WRONG


async def test_the_address_of_a_messenger_is_named_without_user_and_password(store: Store, tmp_path: Path) -> None:
    told = settings("http://proxy:hunter22@127.0.0.1:9/bots", tmp_path)
    found = await examined(told, store, Told("a", TryLater("later", 1)))
    assert found["cli-doctor-account-away"].arguments["address"] == "http://127.0.0.1:9/bots"


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    store = Store("postgresql+asyncpg://u:hunter22@127.0.0.1:9/x")
    found = await examined(settings("http://127.0.0.1:9", tmp_path), store, None)
    await store.close()
    assert found["cli-doctor-database-away"].arguments == {"why": "ConnectionRefusedError"}


async def test_a_database_without_tables_is_named(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    found = await examined(settings("http://127.0.0.1:9", tmp_path), store, None)
    await store.close()
    assert found["cli-doctor-database-empty"].grade is Grade.NOTE


# --- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_a_channel_can_name_has_advice(language: str) -> None:
    from bots.vk import channel as vk

    keys = {"doctor-vk-token", "doctor-vk-away", "doctor-vk-longpoll", "doctor-vk-events", *vk._SWITCHES.values()}
    keys |= {f"doctor-vk-right-{right}" for right in vk._RIGHTS}
    keys |= {f"doctor-telegram-{what}" for what in ("token", "away", "webhook", "privacy", "groups")}
    assert {key for key in keys if not texts(language).has(key)} == set()
