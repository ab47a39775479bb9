"""The connection under one transaction: asks the disk once for many rows, and remembers what it read as long as that is true.

Rows that are added or changed wait and are written together, many of a table in one statement: before anything else is asked of
the database, and before the commit. So they are there when somebody looks, and what only writes costs no statement of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Integer, Select, Table, column, func, select, text
from sqlalchemy import table as named
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.batches import OLD, Batch, writing

_T = TypeVar("_T")
Values: TypeAlias = Mapping[str, Any]

_FIRST_BLOCK, _LARGEST_BLOCK = 8, 512
"""Ids that are taken from a sequence of PostgreSQL at once; the more are needed, the more at once."""


class Stale(Exception):
    """Somebody else changed the row in between; read it again and decide again."""


async def to_its_end(work: Awaitable[_T]) -> _T:
    """Do the work to its end, whoever cancels us meanwhile: a shield alone would let go of a connection still at work."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancellation:
            cancelled = cancellation
    if cancelled is not None:
        raise cancelled from (None if task.cancelled() else task.exception())
    return task.result()


class Connection(AsyncConnection):
    """A connection whose statements are not broken off, and whose new rows are written together.

    A statement cancelled half way costs its connection, and SQLite keeps the lock of a connection that was closed over a
    half-read statement: nobody could write until something happens to collect it.
    """

    def __init__(self, *arguments: Any, spare: MutableMapping[str, list[int]] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waiting: dict[Batch, list[dict[str, Any]]] = {}
        self._safe: dict[Batch, int] = {}
        """How many of the waiting rows were there before the savepoint: they outlive it, and are not changed any more."""
        self._savepoint: bool | None = None
        """Whether the database knows of the savepoint we are in; None: we are in none."""
        self._spoilt: BaseException | None = None
        """Rows of a turn that was over could not be written: nothing of this transaction may be kept."""
        self._memories: list[tuple[frozenset[Table], dict[Any, Any]]] = []
        self._ids: dict[Table, list[int]] = {}
        self._blocks: dict[Table, int] = {}
        self._spare = {} if spare is None else spare

    # --- statements --------------------------------------------------------------------------------------------------

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        """As always; what waits is written first."""
        statement = arguments[0]
        await self.settle(only_reads=getattr(statement, "is_select", False))
        if getattr(statement, "is_dml", False):
            self.changed(statement.table)
        return await to_its_end(super().execute(*arguments, **options))

    async def look(self, statement: Any) -> Any:
        """Read what no waiting row can change: tables to which none is added, or what is remembered of every row that was."""
        return await to_its_end(super().execute(statement))

    async def settle(self, *, only_reads: bool = False) -> None:
        """Write the rows that wait. Within a savepoint the database hears of it only now, and not for a look that needs none."""
        if self._spoilt is not None:
            raise self._spoilt
        if self._savepoint is False:
            ours = any(len(rows) > self._safe.get(batch, 0) for batch, rows in self._waiting.items())
            await self._write_for_all({batch: rows[: self._safe.get(batch, 0)] for batch, rows in self._waiting.items()})
            self._waiting = {batch: rows[self._safe.get(batch, 0) :] for batch, rows in self._waiting.items()} if ours else {}
            self._safe = {}
            if only_reads and not ours:
                return
            await self._tell("SAVEPOINT turn")
            self._savepoint = True
        waiting, self._waiting = self._waiting, {}
        await (self._write(waiting) if self._savepoint else self._write_for_all(waiting))

    async def _write_for_all(self, waiting: Mapping[Batch, Sequence[dict[str, Any]]]) -> None:
        """Rows that no savepoint of ours takes back. Where they cannot be written, the turns they are of must not pass for done."""
        try:
            await self._write(waiting)
        except BaseException as problem:
            self._spoilt = problem
            raise

    async def _write(self, waiting: Mapping[Batch, Sequence[dict[str, Any]]]) -> None:
        """New rows before changed ones, parents before children."""
        for batch in sorted(waiting, key=lambda one: (bool(one.key), _place(one.table))):
            if rows := waiting[batch]:
                if batch.read:
                    await self._check(batch, rows)
                how = writing(batch, frozenset(rows[0]), self.dialect)
                await to_its_end(self.exec_driver_sql(how.words, how.of(rows)))

    async def _check(self, batch: Batch, rows: Sequence[dict[str, Any]]) -> None:
        """Whether the rows still stand as they were read; from now on they do. On SQLite nobody else can write meanwhile."""
        if self._is_sqlite:
            return
        (key,), read = batch.key, batch.table.c[batch.read]
        before = {row[OLD + key]: row[batch.read] - 1 for row in reversed(rows)}
        statement = select(batch.table.c[key], read).where(batch.table.c[key].in_(sorted(before))).order_by(batch.table.c[key])
        now = {row[0]: row[1] for row in await to_its_end(super().execute(statement.with_for_update()))}
        if now != before:
            raise Stale(f"{batch.table.name} {sorted(one for one in before if now.get(one) != before[one])} changed meanwhile")

    async def _tell(self, words: str) -> None:
        await to_its_end(super().execute(text(words)))

    # --- rows that wait ----------------------------------------------------------------------------------------------

    def add(self, table: Table, values: Values, *, unless: tuple[str, ...] = ()) -> None:
        """A row to be written together with others. Every row of a table names the same columns.

        ``unless``: it is left when there is one with the same values in these columns.
        """
        self._waiting.setdefault(Batch(table, unless=unless), []).append(dict(values))

    def amend(self, table: Table, key: Values, values: Values, *, read: str = "") -> None:
        """A change to a row that is there, written together with others. Every change to a table names the same columns.

        ``read``: a column that counts changes and was read in this transaction. Where somebody else counted on meanwhile, Stale is
        raised when it is written.
        """
        self._waiting.setdefault(Batch(table, tuple(key), read), []).append({**values, **{OLD + name: key[name] for name in key}})

    @property
    def writes_together(self) -> bool:
        """Whether this is one turn of many, and its rows may wait for those of others."""
        return self._savepoint is not None

    def still_waits(self, table: Table, **key: Any) -> dict[str, Any] | None:
        """The new row with this key, to be changed before it is written; None when it is written, or older than the savepoint."""
        if rows := self._waiting.get(batch := Batch(table)):
            for at in range(len(rows) - 1, self._safe.get(batch, 0) - 1, -1):
                if key.items() <= rows[at].items():
                    return rows[at]
        return None

    async def next_id(self, table: Table, *, sparing: int = 0) -> int:
        """The id of a row that will be added. Every row of such a table gets its id here.

        ``sparing``: the ids are shown to people, take no more than so many at once, and keep what is left for the next transaction.
        """
        ids = self._spare.setdefault(table.name, []) if sparing and not self._is_sqlite else self._ids.setdefault(table, [])
        if not ids:
            ids += await self._take_ids(table, sparing)
        return ids.pop()

    async def _take_ids(self, table: Table, sparing: int) -> Sequence[int]:
        """Largest first. PostgreSQL counts by itself, for all processes; on SQLite nobody else can write while we may."""
        if self._is_sqlite:
            stored = (await to_its_end(super().execute(_highest(table)))).scalar() or 0
            newest = max([stored, *(row["id"] for row in self._waiting.get(Batch(table), ()))])
            return range(newest + _LARGEST_BLOCK, newest, -1)
        block = sparing
        if not sparing:
            block = self._blocks[table] = min(self._blocks.get(table, _FIRST_BLOCK // 4) * 4, _LARGEST_BLOCK)
        counted = select(func.nextval(func.pg_get_serial_sequence(table.name, "id"))).select_from(func.generate_series(1, block))
        return sorted((await to_its_end(super().execute(counted))).scalars(), reverse=True)

    @property
    def _is_sqlite(self) -> bool:
        return self.dialect.name == "sqlite"

    # --- what is remembered ------------------------------------------------------------------------------------------

    def memory(self, *tables: Table) -> dict[Any, Any]:
        """A place for what was read of these tables; it is emptied when a statement writes one of them.

        Whoever adds a row with ``add``, or writes with ``quietly``, keeps what is remembered true by hand.
        """
        place: dict[Any, Any] = {}
        self._memories.append((frozenset(tables), place))
        return place

    def changed(self, table: Table) -> None:
        """Forget what was read of a table."""
        for tables, place in self._memories:
            if table in tables:
                place.clear()

    async def quietly(self, statement: Any) -> Any:
        """Execute a statement that writes, and forget nothing."""
        await self.settle()
        return await to_its_end(super().execute(statement))

    # --- one turn of many --------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """All of this or nothing of it, whatever becomes of the rest of the transaction."""
        self._savepoint, self._safe = False, {batch: len(rows) for batch, rows in self._waiting.items()}
        try:
            yield
            if self._savepoint:
                await self.settle()
        except BaseException as problem:
            if await self._is_over():
                self._spoilt = problem
                raise
            if self._savepoint:
                self._waiting = {}
                await self._tell("ROLLBACK TO SAVEPOINT turn")
                await self._tell("RELEASE SAVEPOINT turn")
            else:
                self._waiting = {batch: rows[: self._safe.get(batch, 0)] for batch, rows in self._waiting.items()}
            self._savepoint, self._safe, self._ids = None, {}, {}
            await self.settle()  # what waits is remembered, and now nothing is
            for _, place in self._memories:
                place.clear()
            raise
        else:
            if self._savepoint:
                await self._tell("RELEASE SAVEPOINT turn")
        finally:
            self._savepoint, self._safe = None, {}

    async def _is_over(self) -> bool:
        """Whether SQLite took back the whole transaction, as it does on a full or broken disk: what came now would stand alone."""
        if not self._is_sqlite:
            return False
        driver = (await self.get_raw_connection()).driver_connection
        return driver is None or not driver.in_transaction


def _highest(table: Table) -> Select[int]:
    """The highest id that SQLite ever gave; of a table whose ids may come again (they mean nothing outside), the highest there is."""
    if table.dialect_options["sqlite"]["autoincrement"]:
        return select(column("seq", Integer)).select_from(named("sqlite_sequence")).where(column("name") == table.name)
    return select(func.max(table.c.id))


def _place(table: Table) -> int:
    """Parents before children."""
    order = table.metadata.info.get("order")
    if order is None:
        order = table.metadata.info["order"] = {one: at for at, one in enumerate(table.metadata.sorted_tables)}
    place: int = order[table]
    return place
