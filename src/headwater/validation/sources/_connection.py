"""DuckDB, with the limits that `StatsOptions` set."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.options import StatsOptions

# As much as DuckDB wants at least, and what grouping many different values needs besides, wherever they are kept.
_MEGABYTES_PER_THREAD = 125
_BYTES_PER_ROW = 5

# What a connection makes is in a catalog of its own, which is dropped with it.
_CATALOG = "work"


def duckdb() -> Any:
    """The DuckDB module. Raises ImportError, naming the extra, where it is not installed."""
    try:
        import duckdb  # noqa: PLC0415  optional, and not needed before there is data
    except ImportError as error:
        raise ImportError(
            "headwater.validation needs DuckDB, which is not installed. Remedy: pip install 'headwater[validation]'"
        ) from error
    return duckdb


class _Database:
    """DuckDB in memory, which spills to temporary files: open until closed, used by one connection at a time."""

    def __init__(self, options: StatsOptions) -> None:
        self._asked = self._of(options)
        self._folder = tempfile.TemporaryDirectory(prefix="headwater-", dir=options.temp_directory)
        self._connection = duckdb().connect(":memory:", config={"temp_directory": self._folder.name})
        if options.threads is not None:
            _set(self._connection, "threads", options.threads)
        (self._threads,) = self._connection.execute("SELECT current_setting('threads')").fetchone()

    @staticmethod
    def _of(options: StatsOptions) -> tuple[Any, ...]:
        return options.threads, options.temp_directory

    def suits(self, options: StatsOptions) -> bool:
        """Whether it was opened with what the options say."""
        return self._asked == self._of(options)

    def connect(self, options: StatsOptions, ordered: bool) -> Any:
        """A connection with a catalog of its own."""
        connection = self._connection.cursor()
        connection.execute(
            f"ATTACH ':memory:' AS {_CATALOG}; USE {_CATALOG}; SET enable_progress_bar = false; "
            f"SET preserve_insertion_order = {ordered}"
        )
        _set(connection, "memory_limit", options.memory_limit or f"{_MEGABYTES_PER_THREAD * self._threads}MB")
        return connection

    def disconnect(self, connection: Any) -> None:
        """Closes a connection and forgets all that it made."""
        connection.close()
        self._connection.execute(f"DETACH {_CATALOG}")

    def close(self) -> None:
        """Frees it, and removes the temporary files."""
        self._connection.close()
        self._folder.cleanup()


# The last one used stays open: opening takes longer than to look at a small table.
_idle: list[_Database] = []


def _close_idle() -> None:
    while _idle:
        _idle.pop().close()


atexit.register(_close_idle)
if hasattr(os, "register_at_fork"):  # the threads of DuckDB do not go on in another process
    os.register_at_fork(before=_close_idle)


@contextlib.contextmanager
def connected(options: StatsOptions, ordered: bool = False) -> Iterator[Any]:
    """A connection to an empty data base in memory that spills to temporary files; gone, with them, at the end.

    Args:
        options: The limits.
        ordered: Whether rows are to keep their order.
    """
    database = _taken(options)
    try:
        connection = database.connect(options, ordered)
        try:
            yield connection
        finally:
            database.disconnect(connection)
    except BaseException:
        database.close()
        raise
    _close_idle()
    _idle.append(database)


def _taken(options: StatsOptions) -> _Database:
    """A data base that nobody else uses."""
    try:
        database = _idle.pop()
    except IndexError:
        return _Database(options)
    if database.suits(options):
        return database
    database.close()
    return _Database(options)


def make_room(connection: Any, relation: str, options: StatsOptions) -> None:
    """Allows as much memory as the rows of a relation need, unless the options say how much."""
    if options.memory_limit is not None:
        return
    query = f"SELECT count(*), current_setting('threads') FROM {relation}"
    rows, threads = connection.execute(query).fetchone()
    if more := _BYTES_PER_ROW * rows // 1_000_000:
        _set(connection, "memory_limit", f"{_MEGABYTES_PER_THREAD * threads + more}MB")


def _set(connection: Any, name: str, value: Any) -> None:
    try:
        connection.execute(f"SET {name} = ?", [value])
    except duckdb().Error as error:
        raise ValueError(f"{name} cannot be {value!r}. Expected what DuckDB takes, such as '2GB': {error}") from None


# What DuckDB says before the message itself, and after it.
_AROUND = re.compile(r"^(?:[A-Z][A-Za-z ]+ Error: )+|\n\nLINE .*|\n+(?:Try |Possible solutions).*", re.DOTALL)
_RECORD = re.compile(r"in line (\d+)")


@contextlib.contextmanager
def data_errors(*files: str) -> Iterator[None]:
    """Turns what DuckDB raises about data into `DataError`, about that of the files which it names, or the first."""
    try:
        yield
    except duckdb().OutOfMemoryException as error:
        raise MemoryError(
            "The statistics need more memory than memory_limit allows. Remedy: raise StatsOptions.memory_limit, or "
            f"lower StatsOptions.threads. ({_AROUND.sub('', str(error))})"
        ) from None
    except duckdb().Error as error:
        text = _AROUND.sub("", str(error))
        row = _RECORD.search(text)
        file = next((f for f in files if f in text), files[0] if files else None)
        raise DataError(text, file, int(row[1]) if row else None) from None
