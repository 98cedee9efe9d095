"""A feature's values of one example, as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headwater.validation.figures.finish import INVALID
from headwater.validation.figures.plan import Feature, Kind

Predicate = Callable[[str], str]  # SQL about a value → SQL that is true or not


@dataclass(frozen=True)
class Cells:
    """What an example holds of a feature: one cell, or for a field of a struct one cell per instance of the struct.

    A cell is a value, or lists of values `depth` deep, or NULL where the feature is missing.

    Args:
        sql: the cell; the list of cells if there are `many`.
        depth: how deep lists are nested within a cell.
        many: whether there may be several cells.
    """

    sql: str
    depth: int
    many: bool = False

    @classmethod
    def of(cls, feature: Feature) -> Cells:
        """The cells of a column."""
        return cls(_as_read(feature.column, feature.kind, feature.depth), feature.depth)

    @property
    def is_present(self) -> str:
        """Whether there is a cell that is not missing."""
        return _some(self.sql, "{0} IS NOT NULL") if self.many else f"{self.sql} IS NOT NULL"

    def any(self, holds: Predicate) -> str:
        """Whether it holds of some value."""
        return f"coalesce({holds(self.sql)}, false)" if self._is_one else f"{self.number(holds)} > 0"

    def number(self, holds: Predicate) -> str:
        """Of how many values it holds."""
        if self._is_one:
            return f"(CASE WHEN {holds(self.sql)} THEN 1 ELSE 0 END)"
        return f"coalesce(len(list_filter({self._lists(self._deep - 1)}, lambda x: {holds('x')})), 0)"

    def level(self, depth: int) -> Level:
        """The lengths of the lists at one nesting level; a value by itself is a list of length 1."""
        if not self.depth:
            missing = _some(self.sql, "{0} IS NULL") if self.many else f"{self.sql} IS NULL"
            return Level("1", "1", missing)
        lists = self._lists(depth) if self.many else self._lists(depth - 1) if depth else f"[{self.sql}]"
        lengths = f"list_transform(list_filter({lists}, lambda x: x IS NOT NULL), lambda x: len(x))"
        return Level(f"list_min({lengths})", f"list_max({lengths})", _some(lists, "{0} IS NULL"))

    def fields(self, feature: Feature) -> Iterator[tuple[Feature, Cells]]:
        """The fields of a struct, with their cells."""
        instances = f"[{self.sql}]" if self._is_one else self._lists(self._deep - 1)
        there = f"list_filter({instances}, lambda s: s IS NOT NULL)"
        for at, field in enumerate(feature.fields, start=1):
            sql = f"list_transform({there}, lambda s: struct_extract_at(s, {at}))"
            yield field, Cells(_as_read(sql, field.kind, field.depth + 1), field.depth, many=True)

    @property
    def _is_one(self) -> bool:
        return not self._deep

    @property
    def _deep(self) -> int:
        """How deep lists are nested around a value."""
        return self.depth + self.many

    def _lists(self, times: int) -> str:
        """The lists with that many outer levels taken off."""
        return "flatten(" * times + self.sql + ")" * times


@dataclass(frozen=True)
class Level:
    """Lists at one nesting level, as SQL: the shortest length, the longest, and whether some are missing."""

    shortest: str
    longest: str
    missing: str

    @property
    def varies(self) -> str:
        """Whether their lengths differ, or some have no values."""
        return f"({self.missing} OR {self.shortest} IS DISTINCT FROM {self.longest} OR {self.shortest} = 0)"


def _as_read(sql: str, kind: Kind, depth: int) -> str:
    """Values as the schema speaks of them: categories as the numbers that they are, bytes as statistics list them."""
    if kind is Kind.CATEGORY:
        return f"{sql}::BIGINT{'[]' * depth}"
    return _decoded(sql, depth) if kind is Kind.BYTES else sql


def _decoded(sql: str, depth: int) -> str:
    if depth:
        return f"list_transform({sql}, lambda b{depth}: {_decoded(f'b{depth}', depth - 1)})"
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY(decode({sql})), '{INVALID}') END"


def _some(values: str, holds: str) -> str:
    return f"coalesce(len(list_filter({values}, lambda x: {holds.format('x')})) > 0, false)"
