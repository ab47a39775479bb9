"""Fixtures of the stories: a house with people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.store import Store
from tests.stories.house import House
from tests.stories.plans import Plans


@pytest.fixture
def house_url(request: pytest.FixtureRequest) -> str:
    """The database of the house: SQLite, and PostgreSQL too where a story says ``on_both``."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture
async def house(house_url: str) -> AsyncIterator[House]:
    """A whole house for Altai, with nobody in it."""
    store = Store(house_url)
    plans = Plans(store) if store.is_sqlite else None
    made = House(store)
    await made.open()
    yield made
    await store.close()
    assert plans is None or plans.whole_tables() == {}
