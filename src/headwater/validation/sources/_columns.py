"""From the columns of a DuckDB relation to features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import quoted
from headwater.validation.figures.plan import Feature, Kind

_INTEGERS = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
     "BOOLEAN")
)  # fmt: skip
_FLOATS = frozenset(("FLOAT", "DOUBLE"))


def feature(path: tuple[str, ...], column: str, kind: Any) -> Feature:
    """A column as a feature.

    Args:
        path: The feature's path.
        column: The name of its column.
        kind: Its DuckDB type.
    """
    depth = 0
    while kind.id in ("list", "array"):
        kind, depth = kind.children[0][1], depth + 1
    if kind.id == "struct":
        fields = [feature((*path, name), f"c{i}", inner) for i, (name, inner) in enumerate(kind.children, start=1)]
        return Feature(path, Kind.STRUCT, column, depth, tuple(fields))
    return Feature(path, _kind(str(kind), path), column, depth)


def _kind(name: str, path: Sequence[str]) -> Kind:
    if name in _INTEGERS:
        return Kind.INT
    if name in _FLOATS or name.startswith("DECIMAL"):
        return Kind.FLOAT
    if name == "BLOB":
        return Kind.BYTES
    if name == "VARCHAR":
        return Kind.STRING
    raise DataError(
        f"values of type {name} cannot be looked at within lists and structures. Expected numbers, texts or bytes. "
        "Remedy: cast them first.",
        column=".".join(path),
    )


def plain(column: str, kind: Any) -> str:
    """SQL that gives a column in a type that `feature` knows: booleans as numbers, dates and the like as texts.

    Lists without any value, of which nobody can say what they would hold, are lists of texts.
    """
    name = str(kind)
    if name == "BOOLEAN":
        return f"{column}::TINYINT"
    if name.startswith("DECIMAL") or name in ("HUGEINT", "UHUGEINT"):
        return f"{column}::DOUBLE" if name.startswith("DECIMAL") else column
    if kind.id in ("list", "array", "struct") and _holds_null(kind):
        return f"{column}::{_with_texts(kind)}"
    if kind.id in ("list", "array", "struct") or name in _INTEGERS | _FLOATS | {"BLOB", "VARCHAR"}:
        return column
    return f"{column}::VARCHAR"


def _holds_null(kind: Any) -> bool:
    if kind.id in ("list", "array", "struct"):
        return any(_holds_null(inner) for name, inner in kind.children if name != "size")
    return str(kind) == '"NULL"'


def _with_texts(kind: Any) -> str:
    """A type as SQL, with texts where there is nothing but nulls."""
    if kind.id in ("list", "array"):
        size = "" if kind.id == "list" else kind.children[1][1]
        return f"{_with_texts(kind.children[0][1])}[{size}]"
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{quoted(name)} {_with_texts(inner)}' for name, inner in kind.children)})"
    return "VARCHAR" if str(kind) == '"NULL"' else str(kind)
