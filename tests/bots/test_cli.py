"""The command line: instant, in two languages, and everything it refuses it explains in one line without a traceback."""

from __future__ import annotations

import io
import logging
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

import bots.__main__
from bots import redaction
from bots.__main__ import build
from bots.inviting import picture
from locales import texts

HERE = str(Path(__file__).parents[2])

REGION = """
[region]
id = "altai"
title = "Алтай"
timezone = "Asia/Barnaul"
operator = "ЦУР Алтая"
privacy_url = "https://example.org/privacy"

[[topics]]
id = "zhkh"
title = "ЖКХ"

[[organisations]]
id = "zhkh-barnaul"
title = "Комитет ЖКХ"

[[organisations]]
id = "roads"
title = "Дороги"

[[accounts]]
kind = "telegram"
name = "altai"
token_env = "TELEGRAM_ALTAI"
"""
HEAVY = {"aiogram", "vkbottle", "aiohttp", "sqlalchemy", "pydantic", "pydantic_settings", "structlog", "rich", "asyncio"}
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    ("run",),
    ("sandbox",),
    ("version",),
    ("region",),
    ("region", "check"),
    ("region", "load"),
    ("invite",),
    ("doctor",),
    ("backup",),
    ("restore",),
    ("dead-letters",),
    ("dead-letters", "list"),
    ("dead-letters", "show"),
    ("dead-letters", "replay"),
    ("dead-letters", "drop"),
    ("clock",),
    ("clock", "explain"),
    ("clock", "recompute"),
    ("suggest",),
    ("suggest", "train"),
    ("suggest", "evaluate"),
    ("suggest", "remove"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and how it ended."""

    returncode: int
    stdout: str
    stderr: str


Sutki = Callable[..., Said]


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, and nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SUTKI_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def program(clean: Path) -> Sutki:
    """Runs the command line as a process."""

    def run(*words: str, out: int = subprocess.PIPE, **variables: str) -> Said:
        environment = {**os.environ, "LANG": "en_US.UTF-8", "PYTHONPATH": HERE, "PYTHONUTF8": "1", **variables}
        command = [sys.executable, "-m", "bots", *words]
        ended = subprocess.run(command, cwd=clean, env=environment, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)  # noqa: S603  # ours
        return Said(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def sutki(clean: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sutki]:
    """Runs the command line in this process, in English."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*words: str, **variables: str) -> Said:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        said = CliRunner().invoke(build(texts("en")), words, catch_exceptions=False)
        return Said(said.exit_code, said.stdout, said.stderr)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    redaction._known.clear()


@pytest.fixture
def region(tmp_path: Path) -> Path:
    file = tmp_path / "region.toml"
    file.write_text(REGION, encoding="utf-8")
    return file


# --- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], language: str) -> None:
    said = CliRunner().invoke(build(texts(language)), [*command, "--help"])
    assert said.exit_code == 0
    flat = re.sub(r"\s+", " ", said.output)
    key = "-".join(("cli", *command, "help"))
    assert texts(language).say(key) in flat


def test_help_is_instant_and_imports_nothing_heavy(program: Sutki) -> None:
    watch = (
        "import sys; sys.argv = ['sutki', '--help']\ntry:\n    from bots.__main__ import main; main()\nfinally:\n    print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()  # noqa: S603
    assert not HEAVY & set(modules)
    bare, help_ = [], []
    while not help_ or (min(help_) >= 3 * min(bare) and len(help_) < 12):  # the quickest of each: other programs make any of them slow
        bare.append(_seconds(lambda: subprocess.run([sys.executable, "-c", "import typer, fluent.runtime"], check=True)))
        help_.append(_seconds(lambda: program("--help")))
    assert min(help_) < 3 * min(bare)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_the_language_is_the_terminals(program: Sutki) -> None:
    assert texts("ru").say("cli-doctor-help").split(".")[0] in program("--help", LANG="ru_RU.UTF-8").stdout
    assert texts("en").say("cli-doctor-help").split(".")[0] in program("--help", LANG="ru_RU.UTF-8", SUTKI_LANGUAGE="en").stdout


def test_a_terminal_without_cyrillic_is_no_reason_to_crash(program: Sutki) -> None:
    assert program("--help", LANG="ru_RU.KOI8-R", PYTHONIOENCODING="ascii", PYTHONUTF8="0").returncode == 0


@pytest.mark.parametrize("command", [("--help",), ("doctor",), ("dead-letters", "list"), ("clock", "recompute")])
def test_nobody_who_reads_to_the_end_is_no_fault_of_the_database(program: Sutki, region: Path, command: tuple[str, ...]) -> None:
    assert program("region", "load", "region.toml").returncode == 0
    reading, writing = os.pipe()
    os.close(reading)  # as `| head -1` does when it has its line
    try:
        said = program(*command, out=writing)
    finally:
        os.close(writing)
    assert said.stderr == ""


def test_version_names_what_a_report_of_an_error_needs(sutki: Sutki) -> None:
    said = sutki("version").stdout
    for name in ("sutki", "Python", "SQLite", "aiogram", "vkbottle"):
        assert name in said


# --- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("run",), ("doctor",), ("invite", "--role", "curator")])
def test_bad_settings_are_explained_all_at_once(sutki: Sutki, command: tuple[str, ...]) -> None:
    said = sutki(*command, SUTKI_LOG="loud", SUTKI_HEALTH="7", SUTKI_DATABASE="mysql://root:hunter2@db/x")
    assert said.returncode == 2
    for variable in ("SUTKI_LOG", "SUTKI_HEALTH", "SUTKI_DATABASE"):
        assert variable in said.stderr
    assert "hunter2" not in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("command", ["run", "doctor", "sandbox"])
def test_dotenv_in_another_encoding_is_named_with_its_line(sutki: Sutki, tmp_path: Path, command: str) -> None:
    (tmp_path / ".env").write_bytes("# Токены бота\nSUTKI_LOG=info\n".encode("cp1251"))
    said = sutki(command)
    assert said.returncode == 2
    assert ".env:1: the file must be in UTF-8" in said.stderr


def test_run_without_a_region_file_says_what_to_copy(sutki: Sutki) -> None:
    said = sutki("run")
    assert said.returncode == 2
    assert "examples/altai.toml" in said.stderr


def test_run_without_its_database_says_so_in_one_line(sutki: Sutki, region: Path) -> None:
    said = sutki("run", SUTKI_DATABASE="postgresql://sutki:hunter22@127.0.0.1:9/sutki")
    assert said.returncode == 1
    assert "SUTKI_DATABASE" in said.stderr
    assert "hunter22" not in said.stderr


@pytest.mark.parametrize("command", [("run",), ("dead-letters", "list"), ("clock", "recompute"), ("sandbox", "--folder", "data")])
def test_a_database_of_a_newer_program_is_named(sutki: Sutki, region: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    assert sutki("region", "load", "region.toml").returncode == 0
    (tmp_path / "data" / ".sutki-sandbox").touch()
    with closing(sqlite3.connect(tmp_path / "data" / "sutki.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    said = sutki(*command)
    assert said.returncode in (1, 2)
    assert texts("en").say("cli-database-newer", found="9999") in said.stderr


# --- the region file ---------------------------------------------------------------------------------------------------


def test_a_right_region_file_is_summed_up(sutki: Sutki, region: Path) -> None:
    said = sutki("region", "check", str(region))
    assert (said.returncode, said.stderr) == (0, "")
    assert "organisations: 2" in said.stdout


def test_every_error_of_a_region_file_has_its_line(sutki: Sutki, region: Path) -> None:
    region.write_text(REGION.replace("Asia/Barnaul", "Barnaul").replace('id = "roads"', 'id = "zhkh-barnaul"'), encoding="utf-8")
    said = sutki("region", "check", str(region))
    assert said.returncode == 1
    assert f"{region}:5: region.timezone: " in said.stderr
    assert f"{region}:18: organisations[2].id: " in said.stderr
    assert "2 errors" in said.stderr


def test_a_file_that_is_not_there_or_no_text_is_said(sutki: Sutki, tmp_path: Path) -> None:
    (tmp_path / "cp1251.toml").write_bytes("title = 'Алтай'".encode("cp1251"))
    for name, why in (("none.toml", "No such file"), (".", "directory"), ("cp1251.toml", "UTF-8")):
        said = sutki("region", "check", name)
        assert said.returncode == 1
        assert why in said.stderr
        assert "Traceback" not in said.stderr


def test_loading_shows_the_difference_and_is_idempotent(sutki: Sutki, region: Path) -> None:
    dry = sutki("region", "load", "region.toml", "--dry-run")
    assert "+ topic zhkh" in dry.stdout
    assert texts("en").say("cli-region-would") in dry.stdout
    first = sutki("region", "load", "region.toml")
    assert texts("en").say("cli-region-loaded") in first.stdout
    again = sutki("region", "load", "region.toml")
    assert texts("en").say("cli-region-same") in again.stdout
    assert "topic zhkh" not in again.stdout
    region.write_text(REGION.replace("Дороги", "Дорожный комитет").replace("[[topics]]", '[quiet_hours]\nfrom = "21:00"\n\n[[topics]]'))
    third = sutki("region", "load", "region.toml")
    changes = [line.strip() for line in third.stdout.splitlines() if line.lstrip().startswith(("+", "~", "-"))]
    assert changes == ["~ organisation roads", "~ general rules clock"]


# --- invitations and the doctor ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ((), "cli-invite-role-needed"),
        (("--role", "curator", "--organisation", "roads"), "cli-invite-organisation-not-needed"),
        (("--chat", "--role", "head"), "cli-invite-chat-role"),
        (("--chat", "--role", "curator", "--organisation", "roads"), "cli-invite-chat-role"),
    ],
)
def test_a_senseless_invitation_is_refused(sutki: Sutki, words: tuple[str, ...], key: str) -> None:
    said = sutki("invite", *words)
    assert said.returncode == 2
    assert texts("en").say(key) in said.stderr


def test_an_invitation_before_the_region_is_loaded_says_so(sutki: Sutki) -> None:
    said = sutki("invite", "--role", "curator")
    assert said.returncode == 1
    assert "sutki region load" in said.stderr


def test_inviting_names_the_organisations_there_are(sutki: Sutki, region: Path) -> None:
    assert sutki("region", "load", "region.toml").returncode == 0
    for words in (("--role", "official"), ("--chat",), ("--role", "head", "--organisation", "rods")):
        said = sutki("invite", *words)
        assert said.returncode == 2
        assert "zhkh-barnaul, roads" in said.stderr


def test_a_chat_is_given_its_command(sutki: Sutki, region: Path) -> None:
    assert sutki("region", "load", "region.toml").returncode == 0
    said = sutki("invite", "--chat", "--organisation", "roads")
    assert said.returncode == 0
    assert re.search(r"^/connect [0-9A-Z]{4}(-[0-9A-Z]{4}){3}$", said.stdout, flags=re.MULTILINE)


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(sutki: Sutki, region: Path) -> None:
    said = sutki("doctor", SUTKI_DATABSE="x")
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    assert any(line.startswith("✗") and "SUTKI_DATABSE" in line and "SUTKI_DATABASE" in line for line in lines)
    assert any(line.startswith("·") and "TELEGRAM_ALTAI" in line for line in lines)
    assert any(line.startswith("✓") and "region.toml" in line for line in lines)
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "99999999999999999999", "one"])
def test_a_number_that_no_incident_can_have_is_refused(sutki: Sutki, region: Path, number: str) -> None:
    assert sutki("region", "load", "region.toml").returncode == 0
    assert sutki("clock", "explain", "--", number).returncode == 2
    unknown = sutki("clock", "explain", "9223372036854775807")
    assert texts("en").say("clock-unknown", number=9223372036854775807) in unknown.stderr


# --- the sandbox's folder ----------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_sandbox_is_never_erased(sutki: Sutki, tmp_path: Path) -> None:
    precious = tmp_path / "home" / "letters.txt"
    precious.parent.mkdir()
    precious.write_text("dear", encoding="utf-8")
    said = sutki("sandbox", "--reset", "--folder", "home")
    assert said.returncode == 2
    assert precious.read_text(encoding="utf-8") == "dear"


@pytest.mark.parametrize("folder", ["file/sandbox", "x" * 300])
def test_a_folder_that_cannot_be_made_is_said(sutki: Sutki, tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    said = sutki("sandbox", "--folder", folder)
    assert said.returncode == 2
    assert said.stderr.startswith(f"The folder {folder} cannot be used: ")


def test_reset_forgets_a_sandbox_and_starts_nothing(sutki: Sutki, tmp_path: Path) -> None:
    assert sutki("sandbox", "--reset").returncode == 0, "nothing to forget is no error"
    folder = tmp_path / "data" / "sandbox"
    folder.mkdir(parents=True)
    for name in (".sutki-sandbox", "sutki.db"):
        (folder / name).touch()
    said = sutki("sandbox", "--reset")
    assert (said.returncode, folder.exists()) == (0, False)


# --- the picture -------------------------------------------------------------------------------------------------------


def test_the_picture_of_a_link_is_a_square_of_blocks() -> None:
    rows = picture("https://t.me/altai_bot?start=0123456789ABCDEFGHJKMNPQRS").strip("\n").splitlines()
    assert len({len(row) for row in rows}) == 1
    assert abs(len(rows) * 2 - len(rows[0])) <= 1
    assert set("".join(rows)) <= set(" ▀▄█")


def test_an_unexpected_failure_shows_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_words: object) -> None:
        raise ValueError("На Ленина 15 прорвало трубу")

    monkeypatch.setattr(bots.__main__, "build", fail)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    with pytest.raises(SystemExit) as left:
        bots.__main__.main()
    assert "ValueError" in str(left.value)
    assert "Ленина" not in str(left.value)
