"""Settings: what an administrator may write, what is said when it is wrong, and what is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from bots import redaction
from bots.environment import language, variables
from bots.settings import BadSettings, Listen, Log, Problem, Settings, read

TOKEN = "7012345678:AAH9" + "x-_Z" * 8


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in variables():
        if name.startswith("SUTKI_"):
            monkeypatch.delenv(name)
    return tmp_path


def given(**values: str) -> Settings:
    return read(needs_region=False, given={f"SUTKI_{name.upper()}": value for name, value in values.items()})


def problems(**values: str) -> list[tuple[str, str]]:
    with pytest.raises(BadSettings) as wrong:
        given(**values)
    return [(problem.key, problem.arguments.get("variable", "")) for problem in wrong.value.problems]


def test_nothing_given_is_enough_to_begin_with(tmp_path: Path) -> None:
    settings = given()
    assert settings.database == "sqlite+aiosqlite:///data/sutki.db"
    assert settings.region == Path("region.toml")
    assert settings.telegram_url == "https://api.telegram.org"
    assert settings.vk_url == "https://api.vk.ru/method/"
    assert settings.log == Log("info", json=False)
    assert settings.health == Listen("127.0.0.1", 8081)
    assert (tmp_path / "data").is_dir()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        given().region = Path("other")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgresql://u:p@db/s", "postgresql+asyncpg://u:p@db/s"),
        ("postgres://u:p@db:5432/s", "postgresql+asyncpg://u:p@db:5432/s"),
        ("postgresql+asyncpg://u@/s?host=/run", "postgresql+asyncpg://u@/s?host=/run"),
        ("postgresql://u:p@one,two:5433/s", "postgresql+asyncpg://u:p@/s?host=one:5432&host=two:5433"),
        ("postgresql://u:p@one,two/s?sslmode=require", "postgresql+asyncpg://u:p@/s?ssl=require&host=one:5432&host=two:5432"),
        ("postgresql://u:p@db/s?sslmode=require", "postgresql+asyncpg://u:p@db/s?ssl=require"),
        ("sqlite:///some/where.db", "sqlite+aiosqlite:///some/where.db"),
        ("sqlite+aiosqlite:///some/where.db", "sqlite+aiosqlite:///some/where.db"),
    ],
)
def test_database_addresses_are_understood_as_people_write_them(written: str, used: str) -> None:
    assert given(database=written).database == used


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    settings = given(database=f"sqlite:///{tmp_path}/a/b/c.db")
    assert settings.database_file == tmp_path / "a/b/c.db"
    assert (tmp_path / "a/b").is_dir()


def test_the_file_of_the_database_is_the_one_that_is_opened(tmp_path: Path) -> None:
    settings = given(database=f"sqlite:///{tmp_path}/my%20data/50%25.db")
    assert settings.database_file == tmp_path / "my data" / "50%.db" == Path(str(make_url(settings.database).database))


@pytest.mark.parametrize(
    "written",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///?mode=rwc",
        "sqlite:///:memory:",
        "sqlite:///%3Amemory%3A",
        "sqlite://data/sutki.db",
        "sqlite:///s.db?timeout=5",
        "sqlite:///s%00.db",
    ],
)
def test_a_database_that_would_be_in_memory_or_elsewhere_is_refused(written: str) -> None:
    assert problems(database=written) == [("cli-settings-database-file", "SUTKI_DATABASE")]


@pytest.mark.parametrize(
    ("rest", "key"),
    [
        ("u:p@db:abc/s", "database"),
        ("u:p@one:abc,two/s", "database"),
        ("u:p@db..example/s", "database"),
        ("u@/s?host=one:1&host=two", "database"),
        ("u:p@db:99999/s", "database-port"),
        ("u:p@one:1,two:65536/s", "database-port"),
        ("u:p@db/s?connect_timeout=5", "database-option"),
        ("u:p@db/s?application_name=sutki", "database-option"),
        ("u:p@db/s?sslmode=verify-full&sslrootcert=/etc/root.pem", "database-option"),
        ("u:p@ss?word=1@db/s", "database-option"),
    ],
)
def test_an_address_the_driver_would_not_understand_is_refused_and_not_shown(rest: str, key: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        given(database=f"postgresql://{rest}")
    (problem,) = wrong.value.problems
    assert problem.key == f"cli-settings-{key}"
    assert problem.arguments.keys() <= {"variable", "known"}
    assert "word" not in problem.arguments.get("known", "").split(", ")


@pytest.mark.parametrize("options", ["sslmode=verify-full&target_session_attrs=any", "passfile=/run/pg", "prepared_statement_cache_size=0"])
def test_what_the_driver_understands_may_stand_in_an_address(options: str) -> None:
    assert given(database=f"postgresql://u:p@db/s?{options}").database.endswith(options.replace("sslmode", "ssl"))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert problems(database=f"sqlite:///{tmp_path}/file/c.db") == [("cli-settings-folder", "")]


@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_base_addresses_may_end_in_a_slash_or_not(slash: str) -> None:
    settings = given(telegram_url=f"http://127.0.0.1:8080/telegram{slash}", vk_url=f"http://127.0.0.1:8080/method{slash}")
    assert settings.telegram_url == "http://127.0.0.1:8080/telegram"
    assert settings.vk_url == "http://127.0.0.1:8080/method/"


@pytest.mark.parametrize(
    ("written", "log"),
    [
        ("debug", Log("debug")),
        ("info,json", Log("info", json=True)),
        ("json", Log("info", json=True)),
        ("JSON, Warning", Log("warning", json=True)),
        ("console,error", Log("error")),
    ],
)
def test_log_takes_a_level_and_a_form_in_any_order(written: str, log: Log) -> None:
    assert given(log=written).log == log


@pytest.mark.parametrize(("written", "listen"), [("0.0.0.0:80", Listen("0.0.0.0", 80)), ("[::1]:8081", Listen("::1", 8081)), ("OFF", None)])  # noqa: S104  # only parsed
def test_health_is_an_address_or_off(written: str, listen: Listen | None) -> None:
    assert given(health=written).health == listen


@pytest.mark.parametrize("written", ["8081", "host:", "host:0", "host:65536", ":8081", "host:٣", "nonsense"])
def test_a_wrong_health_address_is_said(written: str) -> None:
    assert problems(health=written) == [("cli-settings-listen", "SUTKI_HEALTH")]


@pytest.mark.parametrize("written", ["api.telegram.org", "ftp://x", "https://", "http://x:port", "https://x/?a=b", "http://[::1"])
def test_a_wrong_base_address_is_said(written: str) -> None:
    assert problems(telegram_url=written) == [("cli-settings-address", "SUTKI_TELEGRAM_URL")]


@pytest.mark.parametrize(
    "written", ["ftp://proxy:hunter22@127.0.0.1", "proxy:hunter22@127.0.0.1", "https://hunter22@127.0.0.1:port", "//a:hun/@ter22@127.0.0.1"]
)
def test_a_wrong_base_address_is_said_without_user_and_password(written: str) -> None:
    for name in ("telegram_url", "vk_url"):
        with pytest.raises(BadSettings) as wrong:
            given(**{name: written})
        shown = wrong.value.problems[0].arguments["value"]
        assert "127.0.0.1" in shown
        assert not any(part in shown for part in ("hun", "ter22", "proxy", "@"))


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as wrong:
        read(given={"SUTKI_DATABASE": "mysql://root:hunter2@db/x", "SUTKI_LOG": "loud", "SUTKI_HEALTH": "x", "SUTKI_REGION": "no.toml"})
    keys = {problem.key for problem in wrong.value.problems}
    assert keys == {"cli-settings-database", "cli-settings-log", "cli-settings-listen", "cli-settings-region"}
    assert "hunter2" not in str(wrong.value)


def test_a_missing_region_file_is_said_only_where_one_is_needed(tmp_path: Path) -> None:
    given()
    with pytest.raises(BadSettings) as wrong:
        read(given={})
    assert wrong.value.problems[0].arguments == {"path": "region.toml"}
    (tmp_path / "region.toml").touch()
    assert read(given={}).region.is_file()


def test_the_environment_overrules_dotenv_and_empty_means_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SUTKI_LOG=debug\nSUTKI_HEALTH=off\nSOME_TOKEN='in the file'\n", encoding="utf-8")
    monkeypatch.setenv("SUTKI_LOG", "error")
    monkeypatch.setenv("SUTKI_HEALTH", "")
    settings = read(needs_region=False)
    assert settings.log == Log("error")
    assert settings.health == Listen("127.0.0.1", 8081)
    token = settings.token("SOME_TOKEN")
    assert token is not None
    assert token.get_secret_value() == "in the file"


def test_dotenv_in_another_encoding_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("SUTKI_LOG=debug\n# Токены бота\n".encode("cp1251"))
    with pytest.raises(BadSettings) as wrong:
        read(needs_region=False)
    assert wrong.value.problems == (Problem("cli-settings-dotenv-not-utf8", {"path": ".env", "line": "2"}),)


def test_dotenv_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bots.settings.variables", refuse)
    with pytest.raises(BadSettings) as wrong:
        read(needs_region=False)
    assert wrong.value.problems == (Problem("cli-settings-dotenv", {"path": ".env", "why": "Permission denied"}),)


def test_what_notepad_writes_first_is_no_part_of_a_name_or_a_token(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SUTKI_LOG=debug\nA_FILE=secret\n", encoding="utf-8-sig")
    (tmp_path / "secret").write_text(TOKEN, encoding="utf-8-sig")
    settings = read(needs_region=False)
    token = settings.token("A")
    assert settings.log == Log("debug")
    assert token is not None
    assert token.get_secret_value() == TOKEN


def test_a_token_comes_from_its_variable_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{TOKEN}\n", encoding="utf-8")
    settings = read(needs_region=False, given={"A": TOKEN, "B_FILE": str(tmp_path / "secret"), "C_FILE": str(tmp_path / "none"), "D": ""})
    found = {name: settings.token(name) for name in "ABCDE"}
    assert [value.get_secret_value() if value else None for value in found.values()] == [TOKEN, TOKEN, None, None, None]
    assert TOKEN not in repr(found)


def test_the_database_address_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:hunter22@db/s\n", encoding="utf-8")
    assert given(database_file=str(tmp_path / "url")).database == "postgresql+asyncpg://u:hunter22@db/s"
    assert problems(database_file=str(tmp_path / "none")) == [("cli-settings-file", "SUTKI_DATABASE_FILE")]


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:hunter22@db/s\r\n\nfor the town\n", encoding="utf-8", newline="")
    (tmp_path / "token").write_text(f"{TOKEN}\n# of the bot\n", encoding="utf-8")
    settings = read(needs_region=False, given={"SUTKI_DATABASE_FILE": str(tmp_path / "url"), "A_FILE": str(tmp_path / "token")})
    token = settings.token("A")
    assert settings.database == "postgresql+asyncpg://u:hunter22@db/s"
    assert token is not None
    assert token.get_secret_value() == TOKEN


def test_a_secret_in_another_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes("postgresql://u:hunter22@db/s".encode("utf-16"))
    assert problems(database_file=str(tmp_path / "secret")) == [("cli-settings-file-not-utf8", "SUTKI_DATABASE_FILE")]
    assert read(needs_region=False, given={"A_FILE": str(tmp_path / "secret")}).token("A") is None


def test_no_secret_shows_in_a_settings_object() -> None:
    settings = read(needs_region=False, given={"A": TOKEN, "SUTKI_DATABASE": "postgresql://u:hunter22@db/s"})
    for shown in (repr(settings), str(settings), repr(settings.token("A"))):
        assert TOKEN not in shown
        assert "hunter22" not in shown


def test_a_token_that_was_read_is_kept_out_of_the_logs() -> None:
    read(needs_region=False, given={"A": "an unusual kind of token"}).token("A")
    assert redaction.redact("got an unusual kind of token here") == "got *** here"


def test_a_mistyped_variable_is_noticed() -> None:
    known = {"SUTKI_LANGUAGE": "ru", "SUTKI_DATABASE_FILE": "", "SUTKI_VK_TOKEN": "a", "SUTKI_TELEGRAM_TOKEN_FILE": "b", "OTHER": "x"}
    settings = read(needs_region=False, given={"SUTKI_DATABSE": "x", "SUTKI_VK_TOKN": "y", **known})
    tokens = ["SUTKI_VK_TOKEN", "SUTKI_TELEGRAM_TOKEN"]
    assert settings.unknown(tokens) == {"SUTKI_DATABSE": "SUTKI_DATABASE", "SUTKI_VK_TOKN": "SUTKI_VK_TOKEN"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "SUTKI_LANGUAGE": "ru"}, "ru"),
    ],
)
def test_the_command_line_speaks_the_terminals_language(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUTKI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected
