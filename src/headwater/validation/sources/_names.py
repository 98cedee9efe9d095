"""What columns are called in the data. DuckDB calls them otherwise where it sees no difference, such as "A" and "a"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.sources._files import file_list


def parquet_names(connection: Any, files: Sequence[str]) -> list[str]:
    """The names of the columns of Parquet files.

    Raises:
        DataError: If the files have not the same columns, of the same types.
    """
    first: list[tuple[Any, ...]] = []
    for file in files:
        query = f"SELECT name, type, logical_type, num_children FROM parquet_schema({file_list([file])})"
        _root, *nodes = connection.execute(query).fetchall()
        if not first:
            first = nodes
        if nodes != first:
            mine, others = _only_in(nodes, first) or "no others", _only_in(first, nodes) or "no others"
            raise DataError(
                f"has {mine} where {files[0]} has {others}. Expected the same columns of the same types in the same "
                "order in all files. Remedy: write them with one schema.",
                file,
            )
    names, inner = [], 0
    for name, _, _, children in first:
        if inner == 0:
            names.append(name)
        inner += (children or 0) - (inner > 0)
    return names


def _only_in(nodes: Sequence[tuple[Any, ...]], others: Sequence[tuple[Any, ...]]) -> str:
    known = set(others)
    return ", ".join(f"{name!r} ({kind or 'nested'})" for name, kind, *_ in (n for n in nodes if n not in known))


def table_names(table: Any) -> list[str] | None:
    """The names of the columns of a table in memory; None if it does not say."""
    if isinstance(table, Mapping):
        return [str(name) for name in table]
    for attribute in ("column_names", "columns"):
        if not callable(names := getattr(table, attribute, ())) and len(names):
            return [name if isinstance(name, str) else str(name) for name in names]
    schema = getattr(table, "schema", None)
    names = getattr(schema, "names", None)
    return list(names) if isinstance(names, list) else None
