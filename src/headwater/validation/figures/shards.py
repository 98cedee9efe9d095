"""Counts of every feature's values in one table, which adds up over the parts of a data set.

A row of the table says how often something occurs in a feature: a value (`part` -1), a number of values in a row
(`part` 0), a length of a list at some level (`part` 1, 2, …). The rows of feature -1 count the examples.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

from headwater.validation.figures.counts import distribution, texts
from headwater.validation.figures.duck import Duck
from headwater.validation.figures.frames import Asked, Values
from headwater.validation.figures.plan import DatasetFigures, Feature, FeatureFigures, Kind, Valency

COLUMNS = "feature INTEGER, part INTEGER, length BIGINT, number DOUBLE, text BLOB, n BIGINT, w DOUBLE"
_VALUE, _ROWS = -1, 0
_EXAMPLES = -1


def walk(features: Sequence[Feature]) -> Iterator[Feature]:
    """Features and those within them, in the order of their figures."""
    for feature in features:
        yield feature
        yield from walk(feature.fields)


class Counter(Duck):
    """Fills a table of counts instead of computing figures.

    Args:
        connection: The connection, which has a table `counts` with `COLUMNS`.
        features: The features of the data.
    """

    def __init__(self, connection: Any, features: Sequence[Feature]) -> None:
        super().__init__(connection, Asked.nothing())
        self._numbers_of = {feature.path: i for i, feature in enumerate(walk(features))}

    def count(self, relation: str, features: Sequence[Feature], weight: str | None) -> None:
        """Counts the features of a relation."""
        figures = self.dataset("", relation, features, weight)
        self._insert(_EXAMPLES, _ROWS, [(None, figures.examples, figures.weight)])
        for found in figures.features:
            place = self._numbers_of[found.feature.path]
            for part, valency in enumerate((found.rows, *found.levels)):
                self._insert(place, part, valency.counts)

    def _insert(self, feature: int, part: int, counts: Sequence[tuple[int | None, int, float | None]]) -> None:
        rows = [(feature, part, length, None, None, n, w) for length, n, w in counts]
        if rows:
            self._connection.executemany("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _singles(
        self, relation: str, rows: int, features: Sequence[Feature], weight: str | None
    ) -> list[FeatureFigures]:
        found = self._values([Values(relation, f.column, f, weight) for f in features])
        for figures, feature in zip(found, features, strict=True):
            figures.rows = self._valency(relation, feature.column, 0, weight)
        return found

    def _values(self, values: Sequence[Values]) -> list[FeatureFigures]:
        found = []
        for v in values:
            weight = f"sum({v.weight}::DOUBLE)" if v.weight else "NULL"
            number = f"{v.column}::DOUBLE" if v.kind.is_numeric else "NULL"
            text = (v.column if v.kind.is_binary else f"encode({v.column})") if v.kind.is_text else "NULL"
            self._connection.execute(
                f"INSERT INTO counts SELECT {self._numbers_of[v.feature.path]}, {_VALUE}, NULL, {number}, {text}, "
                f"count(*), {weight} FROM {v.relation} WHERE {v.column} IS NOT NULL GROUP BY {v.column}"
            )
            found.append(FeatureFigures(v.feature, Valency()))
        return found


class Merger:
    """Computes figures from a table of counts.

    Args:
        connection: The connection, which has a relation `counts` with `COLUMNS`.
        asked: What is asked.
    """

    def __init__(self, connection: Any, asked: Asked) -> None:
        self._connection = connection
        self._asked = asked

    def dataset(self, name: str, features: Sequence[Feature], weighted: bool) -> DatasetFigures:
        """The figures of all counts together."""
        examples = self._valency(_EXAMPLES, _ROWS, weighted)
        found = [self._figures(i, feature, weighted) for i, feature in enumerate(walk(features))]
        return DatasetFigures(name, examples.missing, examples.weighted[1] if examples.weighted else None, found)

    def _figures(self, i: int, feature: Feature, weighted: bool) -> FeatureFigures:
        levels = [self._valency(i, level, weighted) for level in range(1, feature.depth + 1)]
        figures = FeatureFigures(feature, self._valency(i, _ROWS, weighted), levels)
        kind = feature.kind
        if kind.is_numeric:
            figures.numbers = distribution(self._connection, self._values(i, kind, "n"), self._asked.cuts)
            if weighted:
                figures.weighted_numbers = distribution(self._connection, self._values(i, kind, "w"), self._asked.cuts)
        elif kind.is_text:
            figures.texts = texts(self._connection, self._values(i, kind, "n"), kind, self._asked.top)
            if weighted:
                figures.weighted_texts = texts(self._connection, self._values(i, kind, "w"), kind, self._asked.top)
        return figures

    def _valency(self, feature: int, part: int, weighted: bool) -> Valency:
        query = (
            f"SELECT length, sum(n)::BIGINT, {'sum(w)' if weighted else 'NULL'} FROM counts "
            f"WHERE feature = {feature} AND part = {part} GROUP BY length ORDER BY length NULLS LAST"
        )
        return Valency(self._connection.execute(query).fetchall())

    def _values(self, feature: int, kind: Kind, count: str) -> str:
        value = "number" if kind.is_numeric else "text" if kind.is_binary else "decode(text)"
        total = f"sum({count}){'::BIGINT' if count == 'n' else ''}"
        where = f"WHERE feature = {feature} AND part = {_VALUE}"
        return f"(SELECT {value} AS x, {total} AS n FROM counts {where} GROUP BY x)"


# What is in a file of counts ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Description:
    """What a file of counts is about: its features, and whether they are weighted."""

    features: tuple[Feature, ...]
    weighted: bool

    def to_json(self) -> str:
        """As text."""
        return json.dumps({"version": 1, "weighted": self.weighted, "features": [_plain(f) for f in self.features]})

    @classmethod
    def from_json(cls, text: str) -> Description:
        """From text. Raises ValueError if it is something else."""
        try:
            found = json.loads(text)
            if found["version"] != 1:
                raise ValueError(f"version {found['version']} is not known; expected 1")
            return cls(tuple([_feature(f) for f in found["features"]]), bool(found["weighted"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error!r} in {text[:200]!r}") from None


def _plain(feature: Feature) -> dict[str, Any]:
    fields = [_plain(f) for f in feature.fields]
    return {"path": feature.path, "kind": feature.kind.value, "depth": feature.depth, "fields": fields}


def _feature(plain: dict[str, Any]) -> Feature:
    fields = tuple([_feature(f) for f in plain["fields"]])
    return Feature(tuple(plain["path"]), Kind(plain["kind"]), "", plain["depth"], fields)
