"""The plan as DuckDB's SQL.

Relations have columns with names of our own (`c0`, `c1`, … and `w` for the weight), so no name or value of the data
ever becomes part of a statement. Numbers that repeat a lot are counted by value, and everything follows from the
counts. The figures of other columns come from three scans for all of them: counts, extremes and means; quantiles at
ranks that follow from the counts; deviations from the means, and counts below bounds that follow from the other scans.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from headwater.validation.figures.counts import distribution, few, number, of_few, texts
from headwater.validation.figures.plan import (
    Cuts,
    DatasetFigures,
    Distribution,
    Feature,
    FeatureFigures,
    Kind,
    Valency,
)

# Quantiles of more numbers than this are found in several passes that keep only some of the numbers in memory.
_MANY = 4_000_000
_PIVOTS = 256

# Numbers are counted by value where at most this share of some rows differ.
_LOOK_AT = 8_192
_REPEATING = 0.3


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is asked of the values of every feature."""

    cuts: Cuts
    top: int

    @classmethod
    def nothing(cls) -> Asked:
        """Nothing but counts."""
        return cls(Cuts(1, 1), 1)


class Duck:
    """Computes figures in a DuckDB connection.

    Args:
        connection: The connection.
        asked: What is asked.
    """

    def __init__(self, connection: Any, asked: Asked) -> None:
        self._connection = connection
        self._asked = asked

    def dataset(self, name: str, relation: str, features: Sequence[Feature], weight: str | None) -> DatasetFigures:
        """The figures of a relation.

        Args:
            name: The data set's name.
            relation: What can stand in FROM.
            features: Its features.
            weight: The column of weights, or None.
        """
        wanted = f"count(*), {f'sum({weight}::DOUBLE)' if weight else 'NULL'}"
        rows, total = self._row(f"SELECT {wanted} FROM {relation}")
        found = self._frame(relation, rows, features, weight)
        return DatasetFigures(name, rows, total if weight is None else float(total or 0), found)

    # Frames -----------------------------------------------------------------------------------------------------

    def _frame(self, relation: str, rows: int, features: Sequence[Feature], weight: str | None) -> list[FeatureFigures]:
        single = [f for f in features if f.depth == 0 and f.kind is not Kind.STRUCT]
        found = {f.path: [x] for f, x in zip(single, self._singles(relation, rows, single, weight), strict=True)}
        for feature in features:
            if feature.path not in found:
                found[feature.path] = list(self._several(relation, feature, weight))
        return [figures for f in features for figures in found[f.path]]

    def _singles(
        self, relation: str, rows: int, features: Sequence[Feature], weight: str | None
    ) -> list[FeatureFigures]:
        """Features of at most one value per row, all from the same scans."""
        found = self._values([Values(relation, f.column, f, weight) for f in features])
        weights = self._weights(relation, [f.column for f in features], weight)
        for figures, (present, missing) in zip(found, weights, strict=True):
            n = figures.count
            counts = [(1, n, present), (None, rows - n, missing)]
            figures.rows = Valency([count for count in counts if count[1]])
        return found

    def _weights(
        self, relation: str, columns: Sequence[str], weight: str | None
    ) -> Sequence[tuple[float | None, float | None]]:
        """For each column: the weight of rows with and without a value."""
        if weight is None or not columns:
            return [(None, None)] * len(columns)
        w = f"{weight}::DOUBLE"
        parts = [f"sum({w}) FILTER ({c} IS NOT NULL), sum({w}) FILTER ({c} IS NULL)" for c in columns]
        flat = self._row(f"SELECT {', '.join(parts)} FROM {relation}")
        return list(zip(flat[::2], flat[1::2], strict=True))

    def _several(self, relation: str, feature: Feature, weight: str | None) -> Iterator[FeatureFigures]:
        """A feature of lists or structures, and the features within."""
        levels, column, kept = [], feature.column, f", {weight}" if weight else ""
        leaves = f"len({'flatten(' * (feature.depth - 1)}{column}{')' * (feature.depth - 1)})"
        single = f"CASE WHEN {column} IS NOT NULL THEN 1 END"
        whole = self._valency(relation, leaves if feature.depth else single, weight)
        for _ in range(feature.depth):
            single_level = feature.depth == 1
            levels.append(whole if single_level else self._valency(relation, f"len({column})", weight))
            relation = f"(SELECT unnest({column}) AS v{kept} FROM {relation} WHERE {column} IS NOT NULL)"
            column = "v"
        if feature.kind is not Kind.STRUCT:
            figures = self._values([Values(relation, column, feature, weight)])[0]
            figures.rows, figures.levels = whole, levels
            yield figures
            return
        yield FeatureFigures(feature, whole, levels)
        fields = ", ".join(f"struct_extract_at({column}, {i}) AS c{i}" for i in range(1, len(feature.fields) + 1))
        instances = f"(SELECT {fields}{kept} FROM {relation} WHERE {column} IS NOT NULL)"
        yield from self._frame(instances, whole.total, feature.fields, weight)

    def _valency(self, relation: str, length: str, weight: str | None) -> Valency:
        w = f"sum({weight}::DOUBLE)" if weight else "NULL"
        query = f"SELECT {length} AS k, count(*), {w} FROM {relation} GROUP BY k ORDER BY k NULLS LAST"
        return Valency(self._connection.execute(query).fetchall())

    # Values -----------------------------------------------------------------------------------------------------

    def _values(self, values: Sequence[Values]) -> list[FeatureFigures]:
        """The figures of the values of columns of one relation."""
        found = [FeatureFigures(v.feature, Valency()) for v in values]
        numeric = [i for i, v in enumerate(values) if v.kind.is_numeric]
        for i, numbers in zip(numeric, self._numbers([values[i] for i in numeric]), strict=True):
            found[i].numbers = numbers
        for i, v in enumerate(values):
            if v.kind.is_text:
                found[i].texts = texts(self._connection, v.counts, v.kind, self._asked.top)
            if v.weight and v.kind.is_numeric:
                found[i].weighted_numbers = distribution(self._connection, v.weights, self._asked.cuts)
            if v.weight and v.kind.is_text:
                found[i].weighted_texts = texts(self._connection, v.weights, v.kind, self._asked.top)
        return found

    def _numbers(self, values: Sequence[Values]) -> list[Distribution]:
        found = {i: counted for i in self._repeating(values) if (counted := self._counted(values[i]))}
        rest = [v for i, v in enumerate(values) if i not in found]
        scanned = iter(self._scanned(rest))
        return [found[i] if i in found else next(scanned) for i in range(len(values))]

    def _repeating(self, values: Sequence[Values]) -> list[int]:
        """Which columns repeat their values a lot, as far as some rows show."""
        if not values:
            return []
        wanted = ", ".join(f"count(DISTINCT {v.column}), count({v.column})" for v in values)
        flat = self._row(f"SELECT {wanted} FROM (SELECT * FROM {values[0].relation} LIMIT {_LOOK_AT})")
        return [i for i in range(len(values)) if flat[2 * i] <= _REPEATING * flat[2 * i + 1]]

    def _counted(self, v: Values) -> Distribution | None:
        """The distribution by the values and how often each occurs; None if there are too many."""
        counts = few(self._connection, v.counts)
        return None if counts is None else of_few(counts, self._asked.cuts)

    def _scanned(self, values: Sequence[Values]) -> list[Distribution]:
        if not values:
            return []
        flat = iter(self._row(f"SELECT {', '.join(v.moments for v in values)} FROM {values[0].relation}"))
        moments = [_Moments(*[next(flat) for _ in range(8)]) for _ in values]
        self._set_quantiles(values, moments)
        self._set_below(values, moments)
        return [m.distribution() for m in moments]

    def _set_quantiles(self, values: Sequence[Values], moments: Sequence[_Moments]) -> None:
        asked: list[tuple[Values, _Moments, list[int]]] = []
        many: list[tuple[Values, _Moments, list[int]]] = []
        for v, m in zip(values, moments, strict=True):
            ranks = [min(math.floor(r), m.total - 1) for r in self._asked.cuts.quantile_ranks(m.total)]
            m.ranks = [r - m.negative for r in ranks] if m.total else []
            inner = sorted({r for r in m.ranks if 0 <= r < m.finite})
            if inner:
                (many if m.finite > _MANY else asked).append((v, m, inner))
        if asked:
            # DuckDB's element for a share q of n is the one of rank ceil(q * n) - 1.
            wanted = [
                f"quantile_disc({v.finite}, [{', '.join(repr((r + 0.5) / m.finite) for r in inner)}])"
                for v, m, inner in asked
            ]
            results = self._row(f"SELECT {', '.join(wanted)} FROM {values[0].relation}")
            for (_, m, inner), result in zip(asked, results, strict=True):
                m.at_rank = dict(zip(inner, map(float, result), strict=True))
        for v, m, inner in many:
            m.at_rank = self._many_quantiles(v, m, inner)

    def _many_quantiles(self, v: Values, m: _Moments, ranks: Sequence[int]) -> dict[int, float]:
        """Elements at ranks among many numbers: between pivots of a sample, only what lies around the ranks is kept."""
        shares = ", ".join(repr(k / _PIVOTS) for k in range(1, _PIVOTS))
        sample = f"(SELECT {v.finite} AS x FROM {v.relation} USING SAMPLE 1 PERCENT (system, 42))"
        pivots = self._row(f"SELECT quantile_disc(x, [{shares}]) FROM {sample} WHERE x IS NOT NULL")[0] or []
        points = sorted({float(p) for p in pivots} | {m.least, m.greatest})
        bounds = sorted({b for p in points for b in (math.nextafter(p, -math.inf), p)})
        below = self._below([(v, bounds)], ["0.0"])[0][0]
        found: dict[int, float] = {}
        windows: dict[tuple[float, float], list[int]] = {}
        for rank in ranks:
            i = next(i for i, b in enumerate(bounds) if below[b] > rank)
            if i and bounds[i - 1] == math.nextafter(bounds[i], -math.inf):
                found[rank] = bounds[i]
            else:
                windows.setdefault((bounds[i - 1] if i else -math.inf, bounds[i]), []).append(rank)
        if windows:
            found.update(self._within(v, below, windows))
        return found

    def _within(
        self, v: Values, below: dict[float, int], windows: dict[tuple[float, float], list[int]]
    ) -> Iterator[tuple[int, float]]:
        """Elements at ranks that are known to lie above one and at most at another bound."""
        wanted = []
        for (low, high), ranks in windows.items():
            before = below.get(low, 0)
            shares = ", ".join(repr((rank - before + 0.5) / (below[high] - before)) for rank in ranks)
            above = f"{v.finite} > {number(low)} AND " if low in below else ""
            wanted.append(f"quantile_disc({v.finite}, [{shares}]) FILTER ({above}{v.finite} <= {number(high)})")
        results = self._row(f"SELECT {', '.join(wanted)} FROM {v.relation}")
        for ranks, elements in zip(windows.values(), results, strict=True):
            yield from zip(ranks, map(float, elements), strict=True)

    def _set_below(self, values: Sequence[Values], moments: Sequence[_Moments]) -> None:
        asked = []
        for v, m in zip(values, moments, strict=True):
            if m.finite:
                bounds = {m.least, m.greatest, *m.at_rank.values()}
                bounds.update(self._asked.cuts.standard_bounds(m.least, m.greatest))
                asked.append((v, m, sorted(bounds)))
        squares = [f"sum(({v.finite} - {number(m.mean)}) ** 2)" for v, m, _ in asked]
        found = self._below([(v, b) for v, _, b in asked], squares)
        for (_, m, _), (below, square) in zip(asked, found, strict=True):
            m.below, m.squares = below, square

    def _below(
        self, asked: Sequence[tuple[Values, Sequence[float]]], also: Sequence[str]
    ) -> list[tuple[dict[float, int], float]]:
        """For each column of a relation and bounds: how many finite numbers are at most each bound, and one figure."""
        if not asked:
            return []
        counts = [f"histogram({v.finite}, [{', '.join(map(number, bounds))}])" for v, bounds in asked]
        results = self._row(f"SELECT {', '.join([*counts, *also])} FROM {asked[0][0].relation}")
        found = []
        for (_, bounds), inside, figure in zip(asked, results, results[len(asked) :], strict=False):
            sums = itertools.accumulate(inside.get(b, 0) for b in bounds)
            found.append((dict(zip(bounds, sums, strict=True)), figure))
        return found

    def _row(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query).fetchone()
        return row


@dataclasses.dataclass(frozen=True)
class Values:
    """The values of a feature: a column of a relation, with NULL where there is none."""

    relation: str
    column: str
    feature: Feature
    weight: str | None

    @property
    def kind(self) -> Kind:
        """What the values are."""
        return self.feature.kind

    @property
    def counts(self) -> str:
        """The different values `x` and how often each occurs, `n`."""
        where = f"WHERE {self.column} IS NOT NULL"
        return f"(SELECT {self.column} AS x, count(*) AS n FROM {self.relation} {where} GROUP BY x)"

    @property
    def weights(self) -> str:
        """The different values `x` with the sums `n` of their weights."""
        return (
            f"(SELECT {self.column} AS x, sum({self.weight}::DOUBLE) AS n FROM {self.relation} "
            f"WHERE {self.column} IS NOT NULL GROUP BY x)"
        )

    @property
    def finite(self) -> str:
        """The finite numbers, NULL for others."""
        if self.kind is Kind.INT:
            return f"{self.column}::DOUBLE"
        return f"CASE WHEN isfinite({self.column}) THEN {self.column}::DOUBLE END"

    @property
    def moments(self) -> str:
        """The arguments of `_Moments`, in SQL."""
        c, x = self.column, self.finite
        infinite = [
            f"count(*) FILTER ({c} = '{sign}Infinity'::DOUBLE)" if self.kind is Kind.FLOAT else "0"
            for sign in ("-", "")
        ]
        return f"count({c}), count({x}), {', '.join(infinite)}, min({x}), max({x}), count(*) FILTER ({c} = 0), avg({x})"


@dataclasses.dataclass
class _Moments:
    """What the first scan says of a column of numbers, completed by the other scans."""

    count: int
    finite: int
    negative: int
    positive: int
    least: float
    greatest: float
    zeros: int
    mean: float
    squares: float = 0.0
    ranks: list[int] = dataclasses.field(default_factory=list)
    at_rank: dict[int, float] = dataclasses.field(default_factory=dict)
    below: dict[float, int] = dataclasses.field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.finite + self.negative + self.positive

    def distribution(self) -> Distribution:
        if not self.total:
            return Distribution(nan=self.count)
        whole = self.finite == self.total
        below = {b: n + self.negative for b, n in self.below.items()}
        if self.negative:
            below = {-math.inf: self.negative, **below}
        if self.positive:
            below[math.inf] = self.total
        return Distribution(
            self.total,
            self.count - self.total,
            self.zeros,
            self.mean if whole else None,
            math.sqrt(self.squares / self.total) if whole else None,
            -math.inf if self.negative else self.least if self.finite else math.inf,
            math.inf if self.positive else self.greatest if self.finite else -math.inf,
            [self._element(rank) for rank in self.ranks],
            below,
            (self.least, self.greatest) if self.finite else None,
        )

    def _element(self, rank: int) -> float:
        if rank < 0:
            return -math.inf
        return self.at_rank[rank] if rank < self.finite else math.inf


def quoted(name: str) -> str:
    """A name as an SQL identifier: the only way a name of the data gets into a statement."""
    if "\0" in name:
        raise ValueError(f"A column name contains a NUL character: {name!r}. Expected a name without; rename it.")
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
