"""Structured logs on the standard error stream: no secret and nobody's words get into them, whoever logs.

Our code logs ids, counts and kinds: ``structlog.get_logger().info("inbox.stored", account=…, count=…)``. What libraries log is written
from warnings up only, since at DEBUG they print whole requests; and of their records and of exceptions only what cannot hold a text.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bots.redaction import redact

OURS = ("bots", "handlers", "incidents", "storage", "scheduler", "locales", "sandbox")
WITHHELD = "(withheld: may hold somebody's words)"

# Loggers whose arguments are names of their own things (a job, a revision, a client's address), never what people wrote.
_HARMLESS = ("apscheduler", "alembic", "aiohttp.server")
_WARNING = re.compile(r".*?:\d+: \w+")
"""Where a warning was raised and of what kind it is: what it says may quote the value it is about."""
# Exceptions whose messages are made by Python or SQLite from names of theirs. Any other may quote the value it failed on.
_TELLING = (OSError, EOFError, ImportError, NameError, AttributeError, TypeError, NotImplementedError, RecursionError, MemoryError)
_TELLING_MODULES = ("sqlite3",)


def start(level: str = "info", *, json: bool = False, stream: TextIO | None = None) -> None:
    """Set up logging for the whole process; calling it again changes it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    render = structlog.processors.JSONRenderer(ensure_ascii=False, default=str) if json else _console(out)
    handler.setFormatter(_Redacting(foreign_pre_chain=shared, processors=[_clean, render]))
    handler.addFilter(_only_names)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    # A tick that comes while the last one still works is left out, as it should be: /readyz tells when the clock stands still.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    _quieten_vkbottle()
    logging.captureWarnings(capture=True)


def catch_strays() -> None:
    """Take up exceptions that Python itself would print whole: of a thread, and of what cannot raise."""
    stray = structlog.get_logger("bots.stray")
    threading.excepthook = lambda told: stray.error("thread_broke", exc_info=told.exc_value)
    sys.unraisablehook = lambda told: stray.error("stray_exception", exc_info=told.exc_value)


def _console(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _quieten_vkbottle() -> None:
    """It puts a handler of its own on its logger when that has none, which would bypass ours and print texts."""
    logger = logging.getLogger("vkbottle")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = True


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """The last look at a finished line."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _only_names(record: logging.LogRecord) -> bool:
    """Leave of a library's record its template: what it would be filled with may be a person's words."""
    if not isinstance(record.msg, dict) and not _ours(record.name) and not record.name.startswith(_HARMLESS):
        template = getattr(record.msg, "fmt", record.msg)  # vkbottle wraps its templates
        if record.name == "py.warnings":
            found = _WARNING.match(record.getMessage())
            template = found[0] if found else "a warning"
        # asyncio puts the failed task with its exception below the first line; the exception comes by itself.
        record.msg = str(template).partition("\n")[0]
        record.args = None
    return True


def _ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into frames and harmless words, and redact every value."""
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    event.pop("stack_info", None)
    failure = _failure(event.pop("exc_info", None))
    if failure is not None:
        event["exception"] = describe(failure)
    return {name: _redacted(value) for name, value in event.items()}


def _failure(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple) and len(info) == 3 and isinstance(info[1], BaseException):
        return info[1]
    return sys.exc_info()[1] if info else None


def _redacted(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_redacted(name): _redacted(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_redacted(item) for item in value]
    return redact(str(value))


def describe(failure: BaseException) -> str:
    """Where it happened and what kind it is, through all its causes; what it says only when that cannot be a text or a secret."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = failure
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(_one(current, current.__traceback__))
        if isinstance(current, BaseExceptionGroup):
            parts += [describe(part) for part in current.exceptions]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return redact("\ncaused by ".join(parts))


def _one(failure: BaseException, trace: TracebackType | None) -> str:
    kind = type(failure)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    frames = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
    return "\n".join([f"{name}: {_says(failure)}", *frames])


def _says(failure: BaseException) -> str:
    if not failure.args:
        return ""
    telling = isinstance(failure, _TELLING) or type(failure).__module__.partition(".")[0] in (*OURS, *_TELLING_MODULES)
    return str(failure).partition("\n")[0] if telling else WITHHELD
