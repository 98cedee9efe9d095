"""How much more likely values of a label are where a feature has some value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headwater.validation.figures.finish import shown
from headwater.validation.figures.plan import Feature, Kind, Number
from headwater.validation.generators._base import Data, StatsGenerator


@dataclasses.dataclass(frozen=True)
class _Series:
    """A value of the label, in how many rows it is, and the values `x` with their lift, rows, and common rows."""

    y: Any
    count: Number
    lifts: Sequence[tuple[Any, float, Number, Number]]


class LiftStatsGenerator(StatsGenerator):
    """The lift of values of categorical features: P(Y = y | X = x) / P(Y = y).

    It is 1 where they are independent. Rows with several values count for each of them.

    Args:
        y: The label, a categorical feature.
        xs: The other features.
    """

    def __init__(self, y: str, xs: Iterable[str]) -> None:
        self._y = y
        self._xs = list(xs)

    def add(self, data: Data, statistics: Any) -> None:
        """Adds `cross_features` and, for each value of the label, custom statistics of the other features."""
        rows = data.fetch(f"SELECT count(*) FROM {data.relation}")[0][0]
        for x in self._xs:
            cross = statistics.cross_features.add()
            cross.path_x.step.append(x)
            cross.path_y.step.append(self._y)
            for weight in (None, data.weight) if data.weight else (None,):
                for series in self._series(data, x, weight, rows):
                    _fill(cross.categorical_cross_stats.lift.lift_series.add(), series, weight is not None,
                          data.features[x], data.features[self._y])  # fmt: skip
                    histogram = data.feature(statistics, x).custom_stats.add(name=f"Lift (Y={shown(series.y)})")
                    for value, lift, _, _ in series.lifts:
                        histogram.rank_histogram.buckets.add(label=shown(value), sample_count=lift)

    def _series(self, data: Data, x: str, weight: str | None, rows: int) -> Iterator[_Series]:
        of_x = _counts(data, [x], weight)
        of_y = _counts(data, [self._y], weight)
        both = _counts(data, [x, self._y], weight)
        for (y,), y_count in _ordered(of_y, data.features[self._y]):
            lifts = []
            for (value,), count in _ordered(of_x, data.features[x]):
                common = both.get((value, y), 0)
                # The rate of the label is that among all rows, whatever they weigh.
                lifts.append((value, common / count / (y_count / rows) if count and y_count else 0.0, count, common))
            yield _Series(y, y_count, sorted(lifts, key=lambda lift: -lift[1]))


def _ordered(counts: dict[tuple[Any, ...], Number], feature: Feature) -> list[tuple[tuple[Any, ...], Number]]:
    in_order = int if feature.kind is Kind.CATEGORY else lambda value: value
    return sorted(counts.items(), key=lambda pair: in_order(pair[0][0]))


def _counts(data: Data, names: Sequence[str], weight: str | None) -> dict[tuple[Any, ...], Number]:
    """How many rows hold values of features together, or what these rows weigh."""
    relation, kept = data.relation, f", {weight}" if weight else ""
    lists = ", ".join(f"list_distinct({data.listed(name)}) AS l{i}" for i, name in enumerate(names))
    relation = f"(SELECT {lists}{kept} FROM {relation})"
    for i in range(len(names)):
        others = "".join(f", v{k}" for k in range(i)) + "".join(f", l{k}" for k in range(i + 1, len(names)))
        relation = f"(SELECT unnest(l{i}) AS v{i}{others}{kept} FROM {relation})"
    values = ", ".join(f"v{i}" for i in range(len(names)))
    count = f"sum({weight}::DOUBLE)" if weight else "count(*)"
    rows = data.fetch(f"SELECT {values}, {count} FROM {relation} GROUP BY {values}")
    return {tuple(row[:-1]): row[-1] for row in rows}


def _fill(message: Any, series: _Series, weighted: bool, x: Feature, y: Feature) -> None:
    prefix = "weighted_" if weighted else ""
    setattr(message, _value_field("y", y), _value(series.y, y))
    setattr(message, f"{prefix}y_count", series.count)
    for value, lift, count, common in series.lifts:
        added = message.lift_values.add(lift=lift)
        setattr(added, _value_field("x", x), _value(value, x))
        setattr(added, f"{prefix}x_count", count)
        setattr(added, f"{prefix}x_and_y_count", common)


def _value_field(side: str, feature: Feature) -> str:
    return f"{side}_int" if feature.kind is Kind.CATEGORY else f"{side}_string"


def _value(value: Any, feature: Feature) -> Any:
    return int(value) if feature.kind is Kind.CATEGORY else shown(value)
