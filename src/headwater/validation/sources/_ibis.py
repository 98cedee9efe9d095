"""From the columns of an Ibis table to features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.plan import Feature, Kind


def ibis() -> Any:
    """The Ibis module. Raises ImportError, naming the extra, where it is not installed."""
    try:
        import ibis as module  # noqa: PLC0415  optional, and not needed before there is data
    except ImportError as error:
        raise ImportError(
            "Statistics of tables elsewhere need Ibis, which is not installed. Remedy: pip install "
            "'headwater[validation-cluster]', and what Ibis needs for your engine, such as 'ibis-framework[pyspark]'."
        ) from error
    return module


def feature(path: tuple[str, ...], column: str, kind: Any) -> Feature:
    """A column as a feature.

    Args:
        path: The feature's path.
        column: The name of its column.
        kind: Its Ibis type.
    """
    depth = 0
    while kind.is_array():
        kind, depth = kind.value_type, depth + 1
    if kind.is_struct():
        fields = [feature((*path, name), f"c{i}", inner) for i, (name, inner) in enumerate(kind.items(), start=1)]
        return Feature(path, Kind.STRUCT, column, depth, tuple(fields))
    return Feature(path, _kind(kind, path), column, depth)


def _kind(kind: Any, path: Sequence[str]) -> Kind:
    if kind.is_integer() or kind.is_boolean():
        return Kind.INT
    if kind.is_floating() or kind.is_decimal():
        return Kind.FLOAT
    if kind.is_binary():
        return Kind.BYTES
    if kind.is_string():
        return Kind.STRING
    raise DataError(
        f"values of type {kind} cannot be looked at within lists and structures. Expected numbers, texts or bytes. "
        "Remedy: cast them first.",
        column=".".join(path),
    )


def plain(column: Any) -> Any:
    """A column in a type that `feature` knows: booleans as numbers, dates and the like as texts."""
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int8")
    if kind.is_decimal():
        return column.cast("float64")
    known = kind.is_numeric() or kind.is_string() or kind.is_binary() or kind.is_array() or kind.is_struct()
    return column if known else column.cast("string")
