"""The variables of this process and of the file .env, and what is read from them before anything else is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DOTENV = ".env"


def variables(folder: Path | None = None) -> Mapping[str, str]:
    """What .env in the folder (the working directory) says, overruled by what the process was given. Empty values count as not given.

    Raises OSError, UnicodeDecodeError.
    """
    from dotenv import dotenv_values  # noqa: PLC0415  # not needed for `sutki --help`

    written = dotenv_values((folder or Path.cwd()) / DOTENV, encoding="utf-8-sig")  # Notepad puts a mark before the first name
    return {name: value for name, value in {**written, **os.environ}.items() if value}


def language() -> str:
    """The language of the command line: SUTKI_LANGUAGE, else the terminal's, and English when neither names one that we have."""
    for name in ("SUTKI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
