"""DuckDB, with the limits that `StatsOptions` set."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.options import StatsOptions


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
            _set(connection, "memory_limit", options.memory_limit)
            if options.threads is not None:
                _set(connection, "threads", options.threads)
            yield connection
        finally:
            connection.close()


def _set(connection: Any, name: str, value: Any) -> None:
    try:
        connection.execute(f"SET {name} = ?", [value])
    except duckdb().Error as error:
        raise ValueError(f"{name} cannot be {value!r}. Expected what DuckDB takes, such as '2GB': {error}") from None


@contextlib.contextmanager
def data_errors(file: str | None = None) -> Iterator[None]:
    """Turns what DuckDB raises about data into `DataError`."""
    try:
        yield
    except duckdb().OutOfMemoryException as error:
        raise MemoryError(
            f"The statistics need more memory than memory_limit allows. Raise StatsOptions.memory_limit. ({error})"
        ) from None
    except duckdb().Error as error:
        raise DataError(str(error).split("\n\nLINE ")[0], file) from None
