"""How the promises run: quick with every `make test`, in full with `make promises`; figures and seeds are printed."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing

import pytest

from tests.promises.zygote import Process, Zygote

FULL = os.environ.get("SUTKI_PROMISES") == "full"
"""Whether this is `make promises`."""
SEED = int(os.environ.get("SUTKI_SEED") or random.SystemRandom().randrange(2**31))
"""The seed of this run: `SUTKI_SEED=… make promises` repeats it."""


def size(*, quick: int, full: int) -> int:
    """How much of something this run takes."""
    return full if FULL else quick


@pytest.fixture
def seeded() -> random.Random:
    """Chance that can be repeated."""
    return random.Random(SEED)  # noqa: S311  # chance, not secrecy


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Collects what was measured: ``figures(lost=0, kills=60)``. Said with the seed when the test ends, however it ends."""
    told: dict[str, object] = {}

    def tell(**values: object) -> None:
        told.update(values)

    yield tell
    line = f"{request.node.name}: " + ", ".join(f"{name} {value}" for name, value in told.items()) + f" (seed {SEED})"
    request.node.user_properties.append(("figures", line))


@pytest.fixture(scope="session")
def warm_process() -> Iterator[Process]:
    """A process that has everything imported; it is made once, in about three seconds."""
    with closing(Process()) as process:
        yield process


@pytest.fixture
async def zygote(warm_process: Process) -> AsyncIterator[Zygote]:
    """Starts children that need not import anything; what still runs at the end of the test is killed."""
    async with Zygote(warm_process) as zygote:
        yield zygote
