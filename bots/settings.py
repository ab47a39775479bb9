"""The settings: read once from the environment and .env into one frozen object; nobody else reads the environment."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bots.environment import DOTENV, variables
from bots.redaction import hide, without_user

PREFIX = "SUTKI_"
_LEVELS = ("debug", "info", "warning", "error")
_FORMS = ("console", "json")
_POSTGRESQL = {"postgres", "postgresql", "postgresql+asyncpg"}
_SQLITE = {"sqlite", "sqlite+aiosqlite"}
_OPTIONS = (
    "sslmode",
    "target_session_attrs",
    "host",
    "port",
    "user",
    "password",
    "passfile",
    "service",
    "servicefile",
    "krbsrvname",
    "gsslib",
)
"""What may stand behind the question mark of a PostgreSQL address; the driver takes the others from variables like PGSSLROOTCERT."""
_OF_SQLALCHEMY = ("database", "prepared_statement_cache_size", "prepared_statement_name_func")
"""What SQLAlchemy adds, or takes for itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings: a key of the locale and what it needs."""

    key: str
    arguments: Mapping[str, str] = field(default_factory=dict)


class BadSettings(Exception):
    """The settings cannot be used. Names every problem at once, and never the value of a secret."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.key} {dict(problem.arguments)}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Log:
    """How much is logged and in which form."""

    level: str = "info"
    json: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a server listens."""

    host: str
    port: int


def _wrong(key: str, **arguments: str) -> PydanticCustomError:
    return PydanticCustomError("sutki", "{key}", {"key": f"cli-settings-{key}", **arguments})


def _database(value: object) -> str:
    scheme, found, rest = str(value).partition("://")
    if found and scheme in _SQLITE:
        return f"sqlite+aiosqlite://{_file(rest)}"
    if found and scheme in _POSTGRESQL and rest:
        return _checked(f"postgresql+asyncpg://{_several(rest)}".replace("?sslmode=", "?ssl=").replace("&sslmode=", "&ssl="))
    raise _wrong("database")


def _file(rest: str) -> str:
    """Where an SQLite database lies; what would be only in memory, and gone at the end, has no name or a name of its own."""
    name = unquote(rest.removeprefix("/"))
    if not rest.startswith("/") or name in ("", ":memory:") or "\0" in name or "?" in rest:
        raise _wrong("database-file")
    return rest


def _several(rest: str) -> str:
    """Several servers as libpq writes them, ``who@one:5432,two/name``, for SQLAlchemy: ``who@/name?host=one:5432&host=two:5432``."""
    place, slash, name = rest.partition("/")
    who, at, servers = place.rpartition("@")
    if "," not in servers:
        return rest
    hosts = "&".join(f"host={server}" if ":" in server else f"host={server}:5432" for server in servers.split(","))
    return f"{who}{at}{slash}{name}{'&' if '?' in name else '?'}{hosts}"


def _checked(address: str) -> str:
    """The address, if SQLAlchemy and the driver will understand it. Nothing of it is shown: any piece may be one of a password."""
    try:
        url = make_url(address)
        options = url.get_dialect()().create_connect_args(url)[1]
        hosts, ports = options.get("host") or "localhost", options.get("port") or 5432  # lists where there are several servers
        for host in [hosts] if isinstance(hosts, str) else hosts:
            if not host.startswith("/"):
                host.encode("idna")  # as the driver does; ValueError when a part between dots is empty or too long
    except (ArgumentError, ValueError):
        raise _wrong("database") from None
    if not all(0 < port < 65536 for port in ([ports] if isinstance(ports, int) else ports)):
        raise _wrong("database-port")
    if not options.keys() <= {"ssl", *_OPTIONS, *_OF_SQLALCHEMY}:
        raise _wrong("database-option", known=", ".join(_OPTIONS))
    return address


def _address(value: object) -> str:
    text = str(value).rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise _wrong("address", value=without_user(str(value)))
    return text


def _method_address(value: object) -> str:
    return _address(value) + "/"


def _log(value: object) -> Log:
    if isinstance(value, Log):
        return value
    log = Log()
    for word in str(value).lower().replace(" ", "").split(","):
        if word in _LEVELS:
            log = Log(word, log.json)
        elif word in _FORMS:
            log = Log(log.level, word == "json")
        else:
            raise _wrong("log", value=word, levels=", ".join(_LEVELS), forms=", ".join(_FORMS))
    return log


def _listen(value: object) -> Listen | None:
    if value is None or isinstance(value, Listen):
        return value
    text = str(value).strip()
    if text.lower() == "off":
        return None
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _wrong("listen", value=text)
    return Listen(host, int(port))


def _hours(value: object) -> float | None:
    if value is None or isinstance(value, float):
        return value
    text = str(value).strip().lower()
    if text == "off":
        return None
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < 24 * 366:
        raise _wrong("hours", value=str(value))
    return hours


class Settings(BaseSettings):
    """Everything an administrator may set; each name is the field's in capitals after SUTKI_ (see .env.example)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    database: Annotated[str, BeforeValidator(_database)] = Field("sqlite+aiosqlite:///data/sutki.db", repr=False)
    """SQLAlchemy address; it may hold a password, so it is not shown."""
    region: Path = Path("region.toml")
    telegram_url: Annotated[str, BeforeValidator(_address)] = "https://api.telegram.org"
    """Without a slash at its end."""
    vk_url: Annotated[str, BeforeValidator(_method_address)] = "https://api.vk.ru/method/"
    """With a slash at its end."""
    log: Annotated[Log, BeforeValidator(_log)] = Log()
    health: Annotated[Listen | None, BeforeValidator(_listen)] = Listen("127.0.0.1", 8081)
    """Where /livez, /readyz and /metrics answer; None: nowhere."""
    backup_hours: Annotated[float | None, BeforeValidator(_hours)] = 26.0
    """How old the last backup may be before administrators hear of it; None: any age."""
    keep_days: int = Field(14, ge=2, le=3650)
    """For how long is kept what is needed no more: raw updates, sent messages, used buttons. A messenger repeats an update for a day."""
    lease: float = Field(15.0, ge=1.0, le=20.0)
    """Seconds for which a process that serves an account is believed to live; only with PostgreSQL. The rest of 30 is for taking over."""

    _variables: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``read`` hands in: it has already laid the environment over .env and opened the secret files."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    def token(self, variable: str) -> SecretStr | None:
        """The secret in the variable, or in the file whose path the variable with _FILE holds; None when there is none that can be read."""
        try:
            secret = _secret(self._variables, variable)
        except (OSError, UnicodeDecodeError):
            return None
        return SecretStr(secret) if secret else None

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database; None for any other."""
        url = make_url(self.database)  # as whoever opens it reads it: «%20» is a space
        return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None

    def unknown(self, tokens: Collection[str] = ()) -> dict[str, str]:
        """Variables that begin like ours but are neither settings nor these tokens, with the likeliest name that was meant (or nothing)."""
        ours = {PREFIX + name.upper() for name in type(self).model_fields} | {PREFIX + "LANGUAGE", PREFIX + "DATABASE_FILE"}
        ours |= {token + ending for token in tokens for ending in ("", "_FILE")}
        strange = sorted(name for name in self._variables if name.startswith(PREFIX) and name not in ours)
        return {name: next(iter(difflib.get_close_matches(name, ours, 1)), "") for name in strange}


def surroundings() -> Mapping[str, str]:
    """What .env and the environment say. Raises BadSettings when .env cannot be read."""
    try:
        return variables()
    except UnicodeDecodeError as failure:
        line = failure.object.count(b"\n", 0, failure.start) + 1
        raise BadSettings((Problem("cli-settings-dotenv-not-utf8", {"path": DOTENV, "line": str(line)}),)) from None
    except OSError as failure:
        why = failure.strerror or type(failure).__name__
        raise BadSettings((Problem("cli-settings-dotenv", {"path": DOTENV, "why": why}),)) from None


def read(*, needs_region: bool = True, given: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises BadSettings with everything that is wrong.

    ``given`` stands in for the environment and .env. ``needs_region``: a missing region file is a problem.
    """
    found = surroundings() if given is None else given
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for name in Settings.model_fields:
        try:
            value = _secret(found, PREFIX + name.upper()) if name == "database" else found.get(PREFIX + name.upper())
        except UnicodeDecodeError:
            problems.append(Problem("cli-settings-file-not-utf8", {"variable": PREFIX + name.upper() + "_FILE"}))
        except OSError as failure:
            problems.append(
                Problem("cli-settings-file", {"variable": PREFIX + name.upper() + "_FILE", "why": failure.strerror or "unreadable"})
            )
        else:
            if value:
                values[name] = value
    try:
        settings = Settings(**values)  # type: ignore[arg-type]  # texts; the validators make them what they should be
    except ValidationError as wrong:
        problems += [_problem(error) for error in wrong.errors(include_url=False, include_input=False)]
        settings = None
    region = settings.region if settings else Path(str(values.get("region", "region.toml")))
    if needs_region and not region.is_file():
        problems.append(Problem("cli-settings-region", {"path": str(region)}))
    if settings and not problems:
        problems += _make_folder(settings)
    if problems or settings is None:
        raise BadSettings(tuple(problems))
    settings._variables = dict(found)
    return settings


def _secret(found: Mapping[str, str], variable: str) -> str:
    """The variable's value, or the first line of the file it points to. From now on it is kept out of the logs.

    Raises OSError, UnicodeDecodeError.
    """
    value = found.get(variable, "")
    if not value and (path := found.get(variable + "_FILE")):
        value = Path(path).read_text(encoding="utf-8-sig").strip().partition("\n")[0].rstrip()
    if value and not value.startswith("sqlite"):
        hide(value)
    return value


def _problem(error: Any) -> Problem:
    variable = PREFIX + str(error["loc"][0]).upper()
    context = {name: str(value) for name, value in error.get("ctx", {}).items()}
    key = context.pop("key", "cli-settings-bad")
    return Problem(key, {"variable": variable, **context})


def _make_folder(settings: Settings) -> list[Problem]:
    file = settings.database_file
    if file is None:
        return []
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        return [Problem("cli-settings-folder", {"path": str(file.parent), "why": failure.strerror or type(failure).__name__})]
    return []
