"""TFRecord files of `Example`s, which `headwater.data` decodes.

They are read twice, in batches: for the features and their kinds, then for the values, which become a table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.options import StatsOptions
from headwater.validation.sources._connection import duckdb

SUFFIXES = tuple(f"{name}{packed}" for name in ("tfrecord", "tfrecords") for packed in ("", ".gz", ".zlib"))

_AT_ONCE = 500  # columns in a statement


def kinds_of(files: Sequence[str], options: StatsOptions) -> dict[str, str]:
    """The kinds of values of the features that the options ask for, or of all.

    Raises:
        DataError: If a file is damaged, a record is no `Example`, a feature has values of several kinds, or one that is
            asked for is in no record.
    """
    from headwater.data.examples import read_examples  # noqa: PLC0415  imports NumPy

    wanted = options.feature_allowlist
    chosen = None if wanted is None else dict.fromkeys([*wanted, *options.other_columns])
    with _record_errors():
        examples = read_examples(list(files), None if chosen is None else list(chosen))
        kinds, absent = examples.kinds, examples.absent
    if absent:
        raise DataError(f"there are no features {list(absent)} in any record. Remedy: correct the names.", files[0])
    return {name: "bytes" if kind == "null" else kind for name, kind in kinds.items()}


def create(
    connection: Any, name: str, files: Sequence[str], kinds: Mapping[str, str], lists: bool = False
) -> list[str]:
    """Makes a relation of records, with columns `c0`, `c1`, … for the features; returns the features' names.

    Args:
        connection: The connection.
        name: The relation's name.
        files: The files.
        kinds: The features to read, and their kinds.
        lists: Whether all columns are lists. Otherwise those of one value per example are not, whose figures come from
            fewer scans, and are the same.

    Raises:
        DataError: If a file is damaged, or a record is no `Example`.
    """
    from headwater.data.examples import read_examples  # noqa: PLC0415  imports NumPy

    with _record_errors():
        examples = read_examples(list(files), dict(kinds))
    columns = [f"c{i}" for i in range(len(kinds))]
    if not columns:
        with _record_errors():
            rows = sum(batch.rows for batch in examples)
        connection.execute(f"CREATE VIEW {name} AS SELECT NULL FROM range({rows})")
        return []
    _store(connection, examples, columns)
    single = frozenset() if lists else _single(connection, columns)
    selected = [f"{c}[1] AS {c}" if c in single else c for c in columns]
    connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(selected)} FROM records")
    return list(kinds)


def rows_of(file: str) -> int:
    """How many records a file has."""
    from headwater.data.examples import read_examples  # noqa: PLC0415  imports NumPy

    with _record_errors():
        return sum(batch.rows for batch in read_examples([file], {}))


class _Watched:
    """An Arrow stream that remembers what went wrong in it: DuckDB keeps the text only."""

    def __init__(self, examples: Any) -> None:
        self._examples = examples
        self.errors: list[BaseException] = []

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._examples.stream(self.errors.append)


def _store(connection: Any, examples: Any, columns: Sequence[str]) -> None:
    watched = _Watched(examples)
    with _record_errors():
        try:
            connection.register("stream", watched)
            connection.execute(f"CREATE TABLE records AS SELECT * FROM stream AS t({', '.join(columns)})")
        except duckdb().Error:
            if watched.errors:
                raise watched.errors[0] from None
            raise
        finally:
            connection.unregister("stream")


def _single(connection: Any, columns: Sequence[str]) -> frozenset[str]:
    """The columns of lists that all have one element."""
    found: set[str] = set()
    for start in range(0, len(columns), _AT_ONCE):
        some = columns[start : start + _AT_ONCE]
        query = f"SELECT {', '.join(f'coalesce(bool_and(len({c}) = 1), true)' for c in some)} FROM records"
        found.update(c for c, single in zip(some, connection.execute(query).fetchone(), strict=True) if single)
    return frozenset(found)


@contextlib.contextmanager
def _record_errors() -> Iterator[None]:
    """Turns what is raised about records into `DataError`."""
    from headwater.core.errors import OpError  # noqa: PLC0415  imports NumPy
    from headwater.data.examples import ExampleError, RecordError  # noqa: PLC0415

    try:
        yield
    except (ExampleError, RecordError) as error:
        raise DataError(error.reason, error.file, error.record, error.feature, error.offset) from None
    except OpError as error:  # a file that cannot be opened
        raise DataError(error.message) from None
