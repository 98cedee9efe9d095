"""Slices of examples by the values of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import literal
from headwater.validation.options import StatsOptions
from headwater.validation.sources._connection import duckdb


def slices(connection: Any, columns: Mapping[str, str], options: StatsOptions) -> list[tuple[str, str]]:
    """Names and conditions of the slices of the relation `examples`.

    An example with several values of a feature is in several slices.

    Args:
        connection: The connection.
        columns: The columns of `examples` by the features' names.
        options: Which say what makes a slice.

    Raises:
        DataError: If values to slice by are no texts.
    """
    if not options.slice_functions:
        return []
    relation = connection.sql("SELECT * FROM examples LIMIT 0")
    types = dict(zip(relation.columns, relation.types, strict=True))
    found = []
    for slicer in options.slice_functions:
        keys = [_Key(columns[name], types[columns[name]]) for name in slicer.features]
        query = f"SELECT DISTINCT {', '.join(k.text for k in keys)} FROM examples{''.join(k.joined for k in keys)}"
        try:
            rows = connection.execute(query).fetchall()
        except duckdb().ConversionException:
            raise DataError(
                f"values of the features {list(slicer.features)} are not valid UTF-8. Expected texts or numbers to "
                "slice by. Remedy: slice by other features."
            ) from None
        for name, values in slicer.slices(rows):
            found.append((name, " AND ".join(k.condition(v) for k, v in zip(keys, values, strict=True))))
    return found


class _Key:
    """A column to slice by, of values or of lists of values.

    Attributes:
        text: SQL for a value as text.
        joined: What is to be joined to the examples for it.
    """

    def __init__(self, column: str, kind: Any) -> None:
        self._column, self._is_list = column, kind.id == "list"
        self._kind = kind.children[0][1] if self._is_list else kind
        self.text = self._as_text(f"of_{column}.x" if self._is_list else column)
        self.joined = f", LATERAL (SELECT unnest({column})) AS of_{column}(x)" if self._is_list else ""

    def _as_text(self, value: str) -> str:
        return f"decode({value})" if str(self._kind) == "BLOB" else f"{value}::VARCHAR"

    def condition(self, value: str) -> str:
        """SQL that is true of the examples with a value."""
        if self._is_list:
            texts = f"list_transform({self._column}, lambda x: {self._as_text('x')})"
            return f"list_contains({texts}, {_literal(value)})"
        return f"{self.text} = {_literal(value)}"


def _literal(value: str) -> str:
    """A text as SQL, in which no statement could have a NUL character."""
    return literal(value) if "\0" not in value else f"decode(from_hex('{value.encode().hex()}'))"
