"""Fixtures of the stories: a house with people in it."""

from __future__ import annotations

import pytest

from storage.store import Store
from tests.stories.house import House


@pytest.fixture
async def house(sqlite_store: Store) -> House:
    """A whole house for Altai on SQLite, with nobody in it."""
    made = House(sqlite_store)
    await made.open()
    return made
