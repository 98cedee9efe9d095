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

from headwater.validation.figures.plan import (
    Cuts,
    DatasetFigures,
    Distribution,
    Feature,
    FeatureFigures,
    Kind,
    Texts,
    Valency,
)

# Quantiles of more numbers than this are found in several passes that keep only some of the numbers in memory.
_MANY = 4_000_000
_PIVOTS = 256

# Numbers are counted by value where at most this share of some rows differ, and there are at most so many values.
_LOOK_AT = 8_192
_REPEATING = 0.3
_MAX_COUNTED = 100_000


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is asked of the values of every feature."""

    cuts: Cuts
    top: int


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
                found[feature.path] = list(self._several(relation, rows, feature, weight))
        return [figures for f in features for figures in found[f.path]]

    def _singles(
        self, relation: str, rows: int, features: Sequence[Feature], weight: str | None
    ) -> list[FeatureFigures]:
        """Features of at most one value per row, all from the same scans."""
        found = self._values([_Values(relation, f.column, f.kind, weight) for f in features])
        weighted = self._weights(relation, [f.column for f in features], weight)
        for figures, feature, weights in zip(found, features, weighted, strict=True):
            n = figures.count
            figures.feature = feature
            figures.rows = Valency(n, rows - n, [(1, n)] if n else [], weights)
        return found

    def _weights(
        self, relation: str, columns: Sequence[str], weight: str | None
    ) -> Sequence[tuple[float, float, float] | None]:
        """For each column: the weight of rows with and without a value, and of the values."""
        if weight is None or not columns:
            return [None] * len(columns)
        w = f"{weight}::DOUBLE"
        parts = [f"sum({w}) FILTER ({c} IS NOT NULL), sum({w}) FILTER ({c} IS NULL)" for c in columns]
        flat = [x or 0.0 for x in self._row(f"SELECT {', '.join(parts)} FROM {relation}")]
        return [(present, missing, present) for present, missing in zip(flat[::2], flat[1::2], strict=True)]

    def _several(self, relation: str, rows: int, feature: Feature, weight: str | None) -> Iterator[FeatureFigures]:
        """A feature of lists or structures, and the features within."""
        levels, column, places, kept = [], feature.column, rows, f", {weight}" if weight else ""
        leaves = f"len({'flatten(' * (feature.depth - 1)}{column}{')' * (feature.depth - 1)})"
        single = f"CASE WHEN {column} IS NOT NULL THEN 1 END"
        whole = self._valency(relation, leaves if feature.depth else single, rows, weight)
        for _ in range(feature.depth):
            single_level = feature.depth == 1
            levels.append(whole if single_level else self._valency(relation, f"len({column})", places, weight))
            relation = f"(SELECT unnest({column}) AS v{kept} FROM {relation} WHERE {column} IS NOT NULL)"
            column, places = "v", levels[-1].total
        if feature.kind is not Kind.STRUCT:
            figures = self._values([_Values(relation, column, feature.kind, weight)])[0]
            figures.feature, figures.rows, figures.levels = feature, whole, levels
            yield figures
            return
        yield FeatureFigures(feature, whole, levels)
        fields = ", ".join(f"struct_extract_at({column}, {i}) AS c{i}" for i in range(1, len(feature.fields) + 1))
        instances = f"(SELECT {fields}{kept} FROM {relation} WHERE {column} IS NOT NULL)"
        yield from self._frame(instances, whole.total, feature.fields, weight)

    def _valency(self, relation: str, length: str, places: int, weight: str | None) -> Valency:
        w = f"sum({weight}::DOUBLE)" if weight else "NULL"
        query = f"SELECT {length} AS k, count(*), {w} FROM {relation} GROUP BY k ORDER BY k"
        rows = self._connection.execute(query).fetchall()
        lengths = [(int(k), n) for k, n, _ in rows if k is not None]
        present = sum(n for _, n in lengths)
        weighted = None
        if weight:
            heavy = [(k, w or 0.0) for k, _, w in rows]
            weighted = (
                math.fsum(w for k, w in heavy if k is not None),
                math.fsum(w for k, w in heavy if k is None),
                math.fsum(k * w for k, w in heavy if k is not None),
            )
        return Valency(present, places - present, lengths, weighted)

    # Values -----------------------------------------------------------------------------------------------------

    def _values(self, values: Sequence[_Values]) -> list[FeatureFigures]:
        """The figures of the values of columns of one relation."""
        found = [FeatureFigures(Feature((), v.kind, v.column), Valency(0, 0, [])) for v in values]
        numeric = [i for i, v in enumerate(values) if v.kind.is_numeric]
        for i, numbers in zip(numeric, self._numbers([values[i] for i in numeric]), strict=True):
            found[i].numbers = numbers
        for i, v in enumerate(values):
            if v.kind.is_text:
                found[i].texts = self._texts(v)
            if v.weight and v.kind.is_numeric:
                found[i].weighted_numbers = self._counted(v, f"sum({v.weight}::DOUBLE)", limit=None)
            if v.weight and v.kind.is_text:
                found[i].weighted_texts = Texts(top=self._top(v, f"sum({v.weight}::DOUBLE)", "count(*)")[1])
        return found

    def _numbers(self, values: Sequence[_Values]) -> list[Distribution]:
        found = {i: counted for i in self._repeating(values) if (counted := self._counted(values[i], "count(*)"))}
        rest = [v for i, v in enumerate(values) if i not in found]
        scanned = iter(self._scanned(rest))
        return [found[i] if i in found else next(scanned) for i in range(len(values))]

    def _repeating(self, values: Sequence[_Values]) -> list[int]:
        """Which columns repeat their values a lot, as far as some rows show."""
        if not values:
            return []
        wanted = ", ".join(f"count(DISTINCT {v.column}), count({v.column})" for v in values)
        flat = self._row(f"SELECT {wanted} FROM (SELECT * FROM {values[0].relation} LIMIT {_LOOK_AT})")
        return [i for i in range(len(values)) if flat[2 * i] <= _REPEATING * flat[2 * i + 1]]

    def _counted(self, v: _Values, count: str, limit: int | None = _MAX_COUNTED) -> Distribution | None:
        """The distribution by the values and how often each occurs; None if there are more than `limit` values."""
        most = "" if limit is None else f" LIMIT {limit + 1}"
        query = (
            f"SELECT x::DOUBLE AS v, n FROM (SELECT {v.column} AS x, {count} AS n FROM {v.relation} "
            f"WHERE {v.column} IS NOT NULL GROUP BY x{most}) ORDER BY v"
        )
        counts = self._connection.execute(query).fetchall()
        if limit is not None and len(counts) > limit:
            return None
        nan = counts.pop()[1] if counts and math.isnan(counts[-1][0]) else 0  # DuckDB sorts NaN last
        return Distribution.of_counts(counts, self._asked.cuts, nan)

    def _scanned(self, values: Sequence[_Values]) -> list[Distribution]:
        if not values:
            return []
        flat = iter(self._row(f"SELECT {', '.join(v.moments for v in values)} FROM {values[0].relation}"))
        moments = [_Moments(*[next(flat) for _ in range(8)]) for _ in values]
        self._set_quantiles(values, moments)
        self._set_below(values, moments)
        return [m.distribution() for m in moments]

    def _set_quantiles(self, values: Sequence[_Values], moments: Sequence[_Moments]) -> None:
        asked: list[tuple[_Values, _Moments, list[int]]] = []
        many: list[tuple[_Values, _Moments, list[int]]] = []
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

    def _many_quantiles(self, v: _Values, m: _Moments, ranks: Sequence[int]) -> dict[int, float]:
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
        self, v: _Values, below: dict[float, int], windows: dict[tuple[float, float], list[int]]
    ) -> Iterator[tuple[int, float]]:
        """Elements at ranks that are known to lie above one and at most at another bound."""
        wanted = []
        for (low, high), ranks in windows.items():
            before = below.get(low, 0)
            shares = ", ".join(repr((rank - before + 0.5) / (below[high] - before)) for rank in ranks)
            above = f"{v.finite} > {_number(low)} AND " if low in below else ""
            wanted.append(f"quantile_disc({v.finite}, [{shares}]) FILTER ({above}{v.finite} <= {_number(high)})")
        results = self._row(f"SELECT {', '.join(wanted)} FROM {v.relation}")
        for ranks, elements in zip(windows.values(), results, strict=True):
            yield from zip(ranks, map(float, elements), strict=True)

    def _set_below(self, values: Sequence[_Values], moments: Sequence[_Moments]) -> None:
        asked = []
        for v, m in zip(values, moments, strict=True):
            if m.finite:
                bounds = {m.least, m.greatest, *m.at_rank.values()}
                bounds.update(self._asked.cuts.standard_bounds(m.least, m.greatest))
                asked.append((v, m, sorted(bounds)))
        squares = [f"sum(({v.finite} - {_number(m.mean)}) ** 2)" for v, m, _ in asked]
        found = self._below([(v, b) for v, _, b in asked], squares)
        for (_, m, _), (below, square) in zip(asked, found, strict=True):
            m.below, m.squares = below, square

    def _below(
        self, asked: Sequence[tuple[_Values, Sequence[float]]], also: Sequence[str]
    ) -> list[tuple[dict[float, int], float]]:
        """For each column of a relation and bounds: how many finite numbers are at most each bound, and one figure."""
        if not asked:
            return []
        counts = [f"histogram({v.finite}, [{', '.join(map(_number, bounds))}])" for v, bounds in asked]
        results = self._row(f"SELECT {', '.join([*counts, *also])} FROM {asked[0][0].relation}")
        found = []
        for (_, bounds), inside, figure in zip(asked, results, results[len(asked) :], strict=False):
            sums = itertools.accumulate(inside.get(b, 0) for b in bounds)
            found.append((dict(zip(bounds, sums, strict=True)), figure))
        return found

    def _texts(self, v: _Values) -> Texts:
        length = "octet_length(x)" if v.kind is Kind.BYTES else "strlen(x)"
        invalid = "sum(n) FILTER (try(decode(x)) IS NULL)" if v.kind is Kind.BYTES else "0"
        (unique, count, total, longest, shortest, broken), top = self._top(
            v, "count(*)", f"count(*), sum(n), sum(n * {length}), max({length}), min({length}), {invalid}"
        )
        mean = float(total / count) if count else 0.0
        return Texts(int(count or 0), unique, top, mean, int(broken or 0), longest or 0, shortest or 0)

    def _top(self, v: _Values, count: str, figures: str) -> tuple[Sequence[Any], list[tuple[Any, Any]]]:
        """Figures of the values and their counts, and the most frequent values."""
        query = (
            f"WITH g AS MATERIALIZED (SELECT {v.column} AS x, {count} AS n FROM {v.relation} "
            f"WHERE {v.column} IS NOT NULL GROUP BY x) "
            f"SELECT (SELECT row({figures}) FROM g), "
            f"(SELECT list(row(x, n)) FROM (SELECT x, n FROM g ORDER BY n DESC, x DESC LIMIT {self._asked.top}))"
        )
        found, top = self._row(query)
        return list(found.values()) if isinstance(found, dict) else found, [tuple(pair) for pair in top or ()]

    def _row(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query).fetchone()
        return row


@dataclasses.dataclass(frozen=True)
class _Values:
    """The values of a feature: a column of a relation, with NULL where there is none."""

    relation: str
    column: str
    kind: Kind
    weight: str | None

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


def _number(value: float) -> str:
    """A finite number as SQL."""
    return f"{value!r}::DOUBLE"


def quoted(name: str) -> str:
    """A name as an SQL identifier: the only way a name of the data gets into a statement."""
    if "\0" in name:
        raise ValueError(f"A column name contains a NUL character: {name!r}. Expected a name without; rename it.")
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
