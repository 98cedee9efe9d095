"""The plan through Ibis, for engines that DuckDB's SQL does not reach.

Only what every engine of columns does well is asked for: sums, counts of what fulfils a condition, groups. No column is
sorted as a whole. A quantile is found by narrowing: rows are counted between bounds taken from a sample, again between
bounds within what is left, until the different values left are few enough to be fetched.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.counts import FEW
from headwater.validation.figures.frames import Asked, Frames, Moments, Values
from headwater.validation.figures.plan import Distribution, Feature, Number, Texts, Valency

# Rows between so many bounds are counted at once, and a sample of about so many rows suggests the bounds.
_BOUNDS = 128
_SAMPLE = 20_000

# Functions that Ibis has no word for, by engine: the length of a text in bytes; bytes as text, null if they are none.
_LENGTHS = {"duckdb": "strlen", "bigquery": "byte_length"}
_DECODERS = {
    "duckdb": ("decode", "try"), "pyspark": ("try_validate_utf8",), "bigquery": ("safe_convert_bytes_to_string",)
}  # fmt: skip


class Portable(Frames):
    """Computes figures of Ibis tables.

    Args:
        ibis: The module.
        engine: The name of the tables' backend.
        asked: What is asked.
    """

    def __init__(self, ibis: Any, engine: str, asked: Asked) -> None:
        super().__init__(asked)
        self._ibis = ibis
        self._engine = engine
        self._length_of_text = _function(ibis, _LENGTHS.get(engine, "octet_length"), "string", "int64")
        self._length_of_bytes = _function(ibis, "octet_length", "binary", "int64")

    def _totals(self, relation: Any, weight: str | None) -> tuple[int, float | None]:
        n, w = _row(relation, [relation.count(), relation[weight].sum() if weight else self._ibis.literal(0.0)])
        return n, w if weight else None

    def _weights(
        self, relation: Any, columns: Sequence[str], weight: str
    ) -> Sequence[tuple[float | None, float | None]]:
        w = relation[weight]
        present = [_there(relation[c]) for c in columns]
        flat = _row(relation, [w.sum(where=where) for p in present for where in (p, ~p)])
        return list(zip(flat[::2], flat[1::2], strict=True))

    def _valency(self, relation: Any, column: str, depth: int, weight: str | None) -> Valency:
        groups = relation.group_by(k=self._leaves(relation[column], depth))
        w = relation[weight].sum() if weight else self._ibis.null("float64")
        found = [(r["k"], r["n"], r["w"]) for r in _rows(groups.agg(n=relation.count(), w=w))]
        return Valency(sorted(found, key=lambda row: (row[0] is None, row[0])))

    def _leaves(self, value: Any, depth: int) -> Any:
        """How many elements lie so many levels down; null where there is no list."""
        if depth == 0:
            count = self._ibis.literal(1, "int64")
        elif depth == 1:
            count = value.length()
        elif self._engine == "duckdb":  # whose flatten skips nulls, and which takes Ibis' functions of elements no more
            return self._leaves(value.flatten(), depth - 1)
        else:
            count = value.map(lambda inner: self._leaves(inner, depth - 1).fill_null(0)).sums().fill_null(0)
        return self._ibis.ifelse(value.isnull(), self._ibis.null("int64"), count)

    def _unnested(self, relation: Any, column: str, weight: str | None) -> tuple[Any, str]:
        there = relation.filter(relation[column].notnull())
        kept = {weight: there[weight]} if weight else {}
        return there.select(v=there[column].unnest(), **kept), "v"

    def _instances(self, relation: Any, column: str, fields: Sequence[Feature], weight: str | None) -> Any:
        there = relation.filter(relation[column].notnull())
        kept = {weight: there[weight]} if weight else {}
        return there.select(**{f.column: there[column][f.path[-1]] for f in fields}, **kept)

    # Texts ----------------------------------------------------------------------------------------------------------

    def _texts(self, values: Sequence[Values], weighted: bool) -> Sequence[Texts]:
        return [self._counted_texts(v, self._count(v, weighted)) for v in values]

    def _count(self, v: Values, weighted: bool) -> Any:
        """What each value counts."""
        return (
            v.relation[v.weight].cast("float64") if weighted else self._ibis.ifelse(_there(v.relation[v.column]), 1, 0)
        )

    def _counted_texts(self, values: Values, count: Any) -> Texts:
        column = values.relation[values.column]
        groups = counts(values.relation.filter(column.notnull()).select(x=column, n=count))
        length = (self._length_of_bytes if values.kind.is_binary else self._length_of_text)(groups.x)
        wanted = [groups.count(), groups.n.sum(), (groups.n * length).sum(), length.max(), length.min()]
        if values.kind.is_binary:
            wanted.append(groups.n.sum(where=self._is_broken(groups.x, values)))
        unique, total, bytes_, longest, shortest, *broken = _row(groups, wanted)
        ordered = groups.order_by([self._ibis.desc("n"), self._ibis.desc("x")]).limit(self._asked.top)
        top = [(row["x"], row["n"]) for row in _rows(ordered)]
        mean = float(bytes_ / total) if total else 0.0
        return Texts(total or 0, unique, top, mean, int(sum(filter(None, broken))), longest or 0, shortest or 0)

    def _is_broken(self, x: Any, values: Values) -> Any:
        """Whether bytes are not valid UTF-8."""
        if self._engine not in _DECODERS:
            raise DataError(
                f"{self._engine} cannot tell which bytes are text. Remedy: cast the column to a string.",
                column=".".join(values.feature.path),
            )
        for name in _DECODERS[self._engine]:
            x = _function(self._ibis, name, "binary" if x.type().is_binary() else "string", "string")(x)
        return x.isnull()

    # Numbers --------------------------------------------------------------------------------------------------------

    def _numbers(self, values: Sequence[Values], weighted: bool) -> Sequence[Distribution]:
        doubles = [v.relation[v.column].cast("float64") for v in values]
        counts = [self._count(v, weighted) for v in values]
        return self._distributions(
            [_Numbers(v.relation, x, n) for v, x, n in zip(values, doubles, counts, strict=True)]
        )

    def _distributions(self, asked: Sequence[_Numbers]) -> list[Distribution]:
        found = [self._fetched(numbers) for numbers in asked]
        scanned = iter(self._scanned([a for a, few in zip(asked, found, strict=True) if few is None]))
        return [next(scanned) if few is None else few for few in found]

    def _fetched(self, numbers: _Numbers) -> Distribution | None:
        """The distribution by the different numbers, if they are few."""
        rows = _rows(counts(numbers.table).limit(FEW + 1))
        if len(rows) > FEW:
            return None
        # A NaN may come back as such or as a null.
        nan = sum(r["n"] for r in rows if _is_nan(r["x"]))
        pairs = sorted((r["x"], r["n"]) for r in rows if not _is_nan(r["x"]))
        return Distribution.of_counts(pairs, self._asked.cuts, nan)

    def _scanned(self, asked: Sequence[_Numbers]) -> list[Distribution]:
        if not asked:
            return []
        relation, cuts = asked[0].relation, self._asked.cuts
        flat = iter(_row(relation, [part for numbers in asked for part in numbers.moments]))
        moments = [Moments(*(next(flat) or 0 for _ in range(8))) for _ in asked]
        for numbers, m in zip(asked, moments, strict=True):
            ranks = m.rank(cuts)
            if ranks:
                m.at_rank = Quantiles(self._ibis, numbers.finite_table).at_ranks(ranks, m)
        bounds = [m.bounds(cuts) for m in moments]
        wanted = [part for a, m, b in zip(asked, moments, bounds, strict=True) for part in a.below(m.mean, b)]
        flat = iter(_row(relation, wanted))
        for m, ends in zip(moments, bounds, strict=True):
            m.squares, m.below = next(flat) or 0.0, {b: next(flat) or 0 for b in ends}
        return [m.distribution() for m in moments]


@dataclasses.dataclass(frozen=True)
class _Numbers:
    """A column of numbers, each of which counts as much as another expression of the same relation says."""

    relation: Any
    value: Any
    count: Any

    @property
    def finite(self) -> Any:
        """Whether a value is a finite number. Backends differ on what is infinite, and on comparisons with NaN."""
        return (self.value > -math.inf) & (self.value < math.inf) & ~self.value.isnan()

    @property
    def table(self) -> Any:
        """The numbers `x` and what they count, `n`."""
        return self.relation.filter(_there(self.value)).select(x=self.value, n=self.count)

    def total(self, where: Any) -> Any:
        """What the rows count for which something holds."""
        return self.count.sum(where=where)

    @property
    def finite_table(self) -> Any:
        """The same of finite numbers."""
        return self.relation.filter(self.finite).select(x=self.value, n=self.count)

    @property
    def moments(self) -> list[Any]:
        """The arguments of `Moments`."""
        x, finite = self.value, self.finite
        infinite = [self.total(~x.isnan() & (x == end)) for end in (-math.inf, math.inf)]
        ends = x.min(where=finite), x.max(where=finite)
        mean = (x * self.count).sum(where=finite) / self.total(finite)
        return [self.total(_there(x)), self.total(finite), *infinite, *ends, self.total(x == 0), mean]

    def below(self, mean: float, bounds: Sequence[float]) -> list[Any]:
        """The sum of the squares of what numbers differ from their mean, and what counts up to each bound."""
        squares = ((self.value - mean) * (self.value - mean) * self.count).sum(where=self.finite)
        return [squares, *(self.total(self.finite & (self.value <= bound)) for bound in bounds)]


# Quantiles --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Window:
    """Numbers above one and up to another bound, what counts before them, and the ranks that lie among them."""

    low: float
    high: float
    before: Number
    ranks: Sequence[Number]


class Quantiles:
    """Finds the numbers at ranks.

    Args:
        ibis: The module.
        table: Finite numbers `x` and what they count, `n`.
    """

    def __init__(self, ibis: Any, table: Any) -> None:
        self._ibis = ibis
        self._table = table

    def at_ranks(self, ranks: Sequence[Number], moments: Moments) -> dict[Number, float]:
        """The first numbers of which more counts up to them than the ranks say."""
        found: dict[Number, float] = {}
        first = Window(-math.inf, moments.greatest, 0, ranks)
        windows, rows = self._narrowed([first], self._table.count().to_pyarrow().as_py(), found)
        while windows and rows > FEW:
            windows, rows = self._narrowed(windows, rows, found)
        if windows:
            found.update(self._looked_up(windows))
        return found

    def _narrowed(
        self, windows: Sequence[Window], rows: Number, found: dict[Number, float]
    ) -> tuple[list[Window], Number]:
        """Smaller windows around the ranks, and how many rows lie in them; fills in what is found."""
        inside = self._inside(windows)
        ends = {end for w in windows for end in (w.low, w.high)}
        bounds = sorted({*ends, *self._pivots(inside, rows)})
        groups = inside.group_by(bucket=self._bucket(inside.x, bounds[1:]))
        buckets = {r["bucket"]: r for r in _rows(groups.agg(rows=inside.count(), n=inside.n.sum()))}
        smaller: list[Window] = []
        left: Number = 0
        for window in windows:
            before: Number = window.before
            for i, (low, high) in enumerate(itertools.pairwise(bounds)):
                if i not in buckets or low < window.low or high > window.high:
                    continue
                upto = before + buckets[i]["n"]
                ranks = [r for r in window.ranks if before <= r < upto]
                if ranks and math.nextafter(high, -math.inf) == low:
                    found.update(dict.fromkeys(ranks, high))
                elif ranks:
                    smaller.append(Window(low, high, before, ranks))
                    left += buckets[i]["rows"]
                before = upto
        return smaller, left

    def _looked_up(self, windows: Sequence[Window]) -> Iterator[tuple[Number, float]]:
        rows = sorted((r["x"], r["n"]) for r in _rows(counts(self._inside(windows))))
        for window in windows:
            values = [(x, n) for x, n in rows if window.low < x <= window.high]
            upto = list(itertools.accumulate((n for _, n in values), initial=window.before))[1:]
            for rank in window.ranks:
                yield rank, values[min(bisect.bisect_right(upto, rank), len(values) - 1)][0]

    def _inside(self, windows: Sequence[Window]) -> Any:
        x = self._table.x
        return self._table.filter(self._ibis.or_(*((x > w.low) & (x <= w.high) for w in windows)))

    def _pivots(self, table: Any, rows: Number) -> Iterator[float]:
        """Numbers that part those of a table evenly, as far as a sample shows, and the numbers just below them."""
        share = max(round(_SAMPLE / max(rows, 1), 6), 1e-6)  # no more digits than SQL takes
        sample = table.sample(share) if share < 1 else table
        values = sorted({row["x"] for row in _rows(sample.select("x").limit(2 * _SAMPLE))})
        step = max(1, 2 * len(values) // _BOUNDS)
        for pivot in values[step // 2 :: step]:
            yield pivot
            yield math.nextafter(pivot, -math.inf)

    def _bucket(self, x: Any, bounds: Sequence[float], first: int = 0) -> Any:
        """The number of the first bound that is not below, found by halving."""
        if len(bounds) <= 1:
            return self._ibis.literal(first, "int64")
        half = len(bounds) // 2
        lower, upper = self._bucket(x, bounds[:half], first), self._bucket(x, bounds[half:], first + half)
        return self._ibis.ifelse(x <= bounds[half - 1], lower, upper)


def counts(table: Any) -> Any:
    """The different `x` of a table and what each counts, `n`."""
    return table.group_by("x").agg(n=table.n.sum())


def _there(value: Any) -> Any:
    """Whether there is a value. Ibis takes NaN for none on some engines."""
    return (value.notnull() | value.isnan()).fill_null(False) if value.type().is_floating() else value.notnull()


def _row(relation: Any, wanted: Sequence[Any]) -> list[Any]:
    """Several figures of a relation, in one scan."""
    row = _rows(relation.agg(**{f"a{i}": part for i, part in enumerate(wanted)}))[0]
    return [row[f"a{i}"] for i in range(len(wanted))]


def _rows(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def _is_nan(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _function(ibis: Any, name: str, argument: str, result: str) -> Callable[[Any], Any]:
    """A function of the engine that Ibis does not know."""
    dtype = ibis.expr.datatypes.dtype
    signature = ((dtype(argument),), dtype(result))
    made: Callable[[Any], Any] = ibis.udf.scalar.builtin(lambda value: None, name=name, signature=signature)
    return made
