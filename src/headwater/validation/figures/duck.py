"""The plan as DuckDB's SQL.

Relations have columns with names of our own (`c0`, `c1`, … and `w` for the weight), so no name or value of the data
ever becomes part of a statement. Numbers that repeat a lot are counted by value, and everything follows from the
counts. The figures of other columns come from three scans for all of them: counts, extremes and means; quantiles at
ranks that follow from the counts; deviations from the means, and counts below bounds that follow from the other scans.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from headwater.validation.figures import together
from headwater.validation.figures.counts import distribution, few, number, of_few, texts
from headwater.validation.figures.frames import Asked, Frames, Moments, Values
from headwater.validation.figures.plan import Distribution, Feature, Kind, Number, Texts, Valency

_Thing = TypeVar("_Thing")

# Quantiles of more numbers than this are found in several passes that keep only some of the numbers in memory.
_MANY = 4_000_000
_PIVOTS = 256

# Numbers are counted by value where at most this share of some rows differ.
_LOOK_AT = 8_192
_REPEATING = 0.3

# So many columns are scanned at once, or counted together if there are more and few rows.
_SCANNED = 32
_TOGETHER = 500

# So many values are held in memory at once.
_HELD = 8_000_000


class Duck(Frames):
    """Computes figures in a DuckDB connection. Relations are what can stand in FROM.

    Args:
        connection: The connection.
        asked: What is asked.
    """

    def __init__(self, connection: Any, asked: Asked) -> None:
        super().__init__(asked)
        self._connection = connection
        self._sizes: dict[str, int] = {}

    def _totals(self, relation: str, weight: str | None) -> tuple[int, float | None]:
        total = self._row(f"SELECT sum({weight}::DOUBLE) FROM {relation}")[0] if weight else None
        return self._rows(relation), total

    def _rows(self, relation: str) -> int:
        if relation not in self._sizes:
            (self._sizes[relation],) = self._row(f"SELECT count(*) FROM {relation}")
        return self._sizes[relation]

    def _weights(
        self, relation: str, columns: Sequence[str], weight: str
    ) -> Sequence[tuple[float | None, float | None]]:
        w = f"{weight}::DOUBLE"
        parts = [f"sum({w}) FILTER ({c} IS NOT NULL), sum({w}) FILTER ({c} IS NULL)" for c in columns]
        flat = self._row(f"SELECT {', '.join(parts)} FROM {relation}")
        return list(zip(flat[::2], flat[1::2], strict=True))

    def _valency(self, relation: str, column: str, depth: int, weight: str | None) -> Valency:
        leaves = f"len({'flatten(' * (depth - 1)}{column}{')' * (depth - 1)})"
        length = leaves if depth else f"CASE WHEN {column} IS NOT NULL THEN 1 END"
        w = f"sum({weight}::DOUBLE)" if weight else "NULL"
        query = f"SELECT {length} AS k, count(*), {w} FROM {relation} GROUP BY k ORDER BY k NULLS LAST"
        return Valency(self._connection.execute(query).fetchall())

    def _unnested(self, relation: str, column: str, weight: str | None) -> tuple[str, str]:
        kept = f", {weight}" if weight else ""
        return f"(SELECT unnest({column}) AS v{kept} FROM {relation} WHERE {column} IS NOT NULL)", "v"

    def _instances(self, relation: str, column: str, fields: Sequence[Feature], weight: str | None) -> str:
        found = ", ".join(f"struct_extract_at({column}, {i}) AS c{i}" for i in range(1, len(fields) + 1))
        kept = f", {weight}" if weight else ""
        return f"(SELECT {found}{kept} FROM {relation} WHERE {column} IS NOT NULL)"

    def _texts(self, values: Sequence[Values], weighted: bool) -> Sequence[Texts]:
        counted = value_weights if weighted else value_counts
        if not self._together(values):
            return [texts(self._connection, counted(v), v.kind, self._asked.top) for v in values]
        return [found for group in _groups(values, _TOGETHER) for found in self._texts_together(group, weighted)]

    def _texts_together(self, values: Sequence[Values], weighted: bool) -> list[Texts]:
        first, columns = values[0], [v.column for v in values]
        weight = first.weight if weighted else None
        return together.texts(self._connection, first.relation, columns, weight, first.kind, self._asked.top)

    # Numbers --------------------------------------------------------------------------------------------------------

    def _numbers(self, values: Sequence[Values], weighted: bool) -> Sequence[Distribution]:
        is_many = self._together(values)
        found: list[Distribution] = []
        for group in _groups(values, _TOGETHER if is_many else _SCANNED):
            counted = self._numbers_together(group, weighted) if is_many else {}
            left = iter(self._apart([v for i, v in enumerate(group) if i not in counted], weighted))
            found += [counted[i] if i in counted else next(left) for i in range(len(group))]
        return found

    def _numbers_together(self, values: Sequence[Values], weighted: bool) -> dict[int, Distribution]:
        first, columns = values[0], [v.column for v in values]
        weight = first.weight if weighted else None
        rows, cuts = self._rows(first.relation), self._asked.cuts
        return together.numbers(self._connection, first.relation, rows, columns, weight, cuts)

    def _together(self, values: Sequence[Values]) -> bool:
        """Whether rows are so few, or columns so many, that counting all at once is quicker."""
        rows = self._rows(values[0].relation)
        return bool(rows <= together.FEW or (len(values) > _SCANNED and rows * _TOGETHER <= _HELD))

    def _apart(self, values: Sequence[Values], weighted: bool) -> Sequence[Distribution]:
        if weighted:
            return [distribution(self._connection, value_weights(v), self._asked.cuts) for v in values]
        found = {i: counted for i in self._repeating(values) if (counted := self._counted(values[i]))}
        rest = [v for i, v in enumerate(values) if i not in found]
        scanned = iter([d for group in _groups(rest, _SCANNED) for d in self._scanned(group)])
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
        counts = few(self._connection, value_counts(v))
        return None if counts is None else of_few(counts, self._asked.cuts)

    def _scanned(self, values: Sequence[Values]) -> list[Distribution]:
        if not values:
            return []
        flat = iter(self._row(f"SELECT {', '.join(moment_columns(v) for v in values)} FROM {values[0].relation}"))
        moments = [Moments(*[next(flat) for _ in range(8)]) for _ in values]
        self._set_quantiles(values, moments)
        self._set_below(values, moments)
        return [m.distribution() for m in moments]

    def _set_quantiles(self, values: Sequence[Values], moments: Sequence[Moments]) -> None:
        asked: list[tuple[Values, Moments, list[Number]]] = []
        many: list[tuple[Values, Moments, list[Number]]] = []
        for v, m in zip(values, moments, strict=True):
            inner = m.rank(self._asked.cuts)
            if inner:
                (many if m.finite > _MANY else asked).append((v, m, inner))
        most = max((m.finite for _, m, _ in asked), default=1)
        for group in _groups(asked, max(1, int(_HELD // most))):
            # DuckDB's element for a share q of n is the one of rank ceil(q * n) - 1.
            wanted = [
                f"quantile_disc({finite(v)}, [{', '.join(repr((r + 0.5) / m.finite) for r in inner)}])"
                for v, m, inner in group
            ]
            results = self._row(f"SELECT {', '.join(wanted)} FROM {values[0].relation}")
            for (_, m, inner), result in zip(group, results, strict=True):
                m.at_rank = dict(zip(inner, map(float, result), strict=True))
        for v, m, inner in many:
            m.at_rank = self._many_quantiles(v, m, inner)

    def _many_quantiles(self, v: Values, m: Moments, ranks: Sequence[Number]) -> dict[Number, float]:
        """Elements at ranks among many numbers: between pivots of a sample, only what lies around the ranks is kept."""
        shares = ", ".join(repr(k / _PIVOTS) for k in range(1, _PIVOTS))
        sample = f"(SELECT {finite(v)} AS x FROM {v.relation} USING SAMPLE 1 PERCENT (system, 42))"
        pivots = self._row(f"SELECT quantile_disc(x, [{shares}]) FROM {sample} WHERE x IS NOT NULL")[0] or []
        points = sorted({float(p) for p in pivots} | {m.least, m.greatest})
        bounds = sorted({b for p in points for b in (math.nextafter(p, -math.inf), p)})
        below = self._below([(v, bounds)], ["0.0"])[0][0]
        found: dict[Number, float] = {}
        windows: dict[tuple[float, float], list[Number]] = {}
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
        self, v: Values, below: dict[float, Number], windows: dict[tuple[float, float], list[Number]]
    ) -> Iterator[tuple[Number, float]]:
        """Elements at ranks that are known to lie above one and at most at another bound."""
        wanted = []
        for (low, high), ranks in windows.items():
            before = below.get(low, 0)
            shares = ", ".join(repr((rank - before + 0.5) / (below[high] - before)) for rank in ranks)
            above = f"{finite(v)} > {number(low)} AND " if low in below else ""
            wanted.append(f"quantile_disc({finite(v)}, [{shares}]) FILTER ({above}{finite(v)} <= {number(high)})")
        results = self._row(f"SELECT {', '.join(wanted)} FROM {v.relation}")
        for ranks, elements in zip(windows.values(), results, strict=True):
            yield from zip(ranks, map(float, elements), strict=True)

    def _set_below(self, values: Sequence[Values], moments: Sequence[Moments]) -> None:
        asked = [(v, m, bounds) for v, m in zip(values, moments, strict=True) if (bounds := m.bounds(self._asked.cuts))]
        squares = [f"sum(({finite(v)} - {number(m.mean)}) ** 2)" for v, m, _ in asked]
        found = self._below([(v, b) for v, _, b in asked], squares)
        for (_, m, _), (below, square) in zip(asked, found, strict=True):
            m.below, m.squares = below, square

    def _below(
        self, asked: Sequence[tuple[Values, Sequence[float]]], also: Sequence[str]
    ) -> list[tuple[dict[float, Number], float]]:
        """For each column of a relation and bounds: how many finite numbers are at most each bound, and one figure."""
        if not asked:
            return []
        counts = [f"histogram({finite(v)}, [{', '.join(map(number, bounds))}])" for v, bounds in asked]
        results = self._row(f"SELECT {', '.join([*counts, *also])} FROM {asked[0][0].relation}")
        found = []
        for (_, bounds), inside, figure in zip(asked, results, results[len(asked) :], strict=False):
            sums = itertools.accumulate(inside.get(b, 0) for b in bounds)
            found.append((dict(zip(bounds, sums, strict=True)), figure))
        return found

    def _row(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query).fetchone()
        return row


def _groups(things: Sequence[_Thing], size: int) -> list[Sequence[_Thing]]:
    """Things in groups of at most so many."""
    return [things[i : i + size] for i in range(0, len(things), size)]


def value_counts(v: Values) -> str:
    """The different values `x` and how often each occurs, `n`."""
    where = f"WHERE {v.column} IS NOT NULL"
    return f"(SELECT {v.column} AS x, count(*) AS n FROM {v.relation} {where} GROUP BY x)"


def value_weights(v: Values) -> str:
    """The different values `x` with the sums `n` of their weights."""
    return (
        f"(SELECT {v.column} AS x, sum({v.weight}::DOUBLE) AS n FROM {v.relation} "
        f"WHERE {v.column} IS NOT NULL GROUP BY x)"
    )


def finite(v: Values) -> str:
    """The finite numbers, NULL for others."""
    if v.kind is Kind.INT:
        return f"{v.column}::DOUBLE"
    return f"CASE WHEN isfinite({v.column}) THEN {v.column}::DOUBLE END"


def moment_columns(v: Values) -> str:
    """The arguments of `Moments`, in SQL."""
    c, x = v.column, finite(v)
    infinite = [
        f"count(*) FILTER ({c} = '{sign}Infinity'::DOUBLE)" if v.kind is Kind.FLOAT else "0" for sign in ("-", "")
    ]
    return f"count({c}), count({x}), {', '.join(infinite)}, min({x}), max({x}), count(*) FILTER ({c} = 0), avg({x})"


def quoted(name: str) -> str:
    """A name as an SQL identifier: the only way a name of the data gets into a statement."""
    if "\0" in name:
        raise ValueError(f"A column name contains a NUL character: {name!r}. Expected a name without; rename it.")
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
