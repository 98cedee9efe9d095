"""DuckDB, with the limits that `StatsOptions` set."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.options import StatsOptions

# As much as DuckDB wants at least, and what grouping many different values needs besides, wherever they are kept.
_MEGABYTES_PER_THREAD = 125
_BYTES_PER_ROW = 5


def duckdb() -> Any:
    """The DuckDB module. Raises ImportError, naming the extra, where it is not installed."""
    try:
        import duckdb  # noqa: PLC0415  optional, and not needed before there is data
    except ImportError as error:
        raise ImportError(
            "headwater.validation needs DuckDB, which is not installed. Remedy: pip install 'headwater[validation]'"
        ) from error
    return duckdb


@contextlib.contextmanager
def connected(options: StatsOptions) -> Iterator[Any]:
    """A connection to a data base in memory that spills to temporary files; gone, with them, at the end."""
    with tempfile.TemporaryDirectory(prefix="headwater-", dir=options.temp_directory) as folder:
        connection = duckdb().connect(":memory:", config={"temp_directory": folder})
        try:
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET enable_progress_bar = false")
            if options.threads is not None:
                _set(connection, "threads", options.threads)
            _set(connection, "memory_limit", options.memory_limit or _enough(connection, 0))
            yield connection
        finally:
            connection.close()


def make_room(connection: Any, relation: str, options: StatsOptions) -> None:
    """Allows as much memory as the rows of a relation need, unless the options say how much."""
    if options.memory_limit is None:
        (rows,) = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
        _set(connection, "memory_limit", _enough(connection, rows))


def _enough(connection: Any, rows: int) -> str:
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchone()
    return f"{_MEGABYTES_PER_THREAD * threads + _BYTES_PER_ROW * rows // 1_000_000}MB"


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
