"""Features that a schema composes of others: do the parts fit together?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from headwater.validation.generators._base import Data, StatsGenerator


def composed(schema: Any) -> list[StatsGenerator]:
    """Generators for the sparse and the weighted features of a schema.

    Raises:
        ValueError: If the parts of a weighted feature are within others.
    """
    found: list[StatsGenerator] = [
        _Sparse(f.name, f.value_feature.name, tuple(i.name for i in f.index_feature)) for f in schema.sparse_feature
    ]
    for feature in schema.weighted_feature:
        steps = [list(path.step) for path in (feature.feature, feature.weight_feature)]
        if any(len(path) != 1 for path in steps):
            raise ValueError(
                f"The weighted feature {feature.name!r} has the parts {steps}. Expected features that are not within "
                "others. Remedy: take it out of the schema that StatsOptions is given."
            )
        found.append(_Weighted(feature.name, steps[0][0], steps[1][0]))
    return found


def _lengths(data: Data, names: Sequence[str]) -> list[str]:
    """SQL of how many values features have in a row; NULL where they are missing, or there is no such feature."""
    return [f"len({data.listed(name)})" if _is_list(data, name) else _single(data, name) for name in names]


def _is_list(data: Data, name: str) -> bool:
    return name in data.features and data.features[name].depth > 0


def _single(data: Data, name: str) -> str:
    return f"CASE WHEN {data.column(name)} IS NOT NULL THEN 1 END" if name in data.features else "NULL::BIGINT"


def _compared(data: Data, one: str, others: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """For each other feature: in how many rows it is missing, and it is there without `one`; extreme differences."""
    lengths = ", ".join(f"{length} AS l{i}" for i, length in enumerate(_lengths(data, [one, *others])))
    somewhere = " OR ".join(f"l{i} IS NOT NULL" for i in range(len(others) + 1))
    wanted = ", ".join(
        f"count(*) FILTER (l{i} IS NULL), count(*) FILTER (l0 IS NULL), "
        f"min(coalesce(l{i}, 0) - coalesce(l0, 0)), max(coalesce(l{i}, 0) - coalesce(l0, 0))"
        for i in range(1, len(others) + 1)
    )
    row = data.fetch(f"SELECT {wanted} FROM (SELECT {lengths} FROM {data.relation}) WHERE {somewhere}")[0]
    return [(row[n], row[n + 1], row[n + 2] or 0, row[n + 3] or 0) for n in range(0, len(row), 4)]


@dataclasses.dataclass(frozen=True)
class _Sparse(StatsGenerator):
    """Indices and values, of which each row should have equally many."""

    name: str
    value: str
    indices: tuple[str, ...]

    def add(self, data: Data, statistics: Any) -> None:
        compared = dict(zip(self.indices, _compared(data, self.value, self.indices), strict=True))
        stats = data.feature(statistics, self.name).custom_stats
        stats.add(name="missing_value", num=next(iter(compared.values()))[1] if compared else 0)
        for name, place in (("missing_index", 0), ("max_length_diff", 3), ("min_length_diff", 2)):
            histogram = stats.add(name=name).rank_histogram
            for index, facts in compared.items():
                histogram.buckets.add(label=index, sample_count=facts[place])


@dataclasses.dataclass(frozen=True)
class _Weighted(StatsGenerator):
    """Values and their weights, of which each row should have equally many."""

    name: str
    value: str
    weight: str

    def add(self, data: Data, statistics: Any) -> None:
        missing_weight, missing_value, least, most = _compared(data, self.value, [self.weight])[0]
        stats = data.feature(statistics, self.name).custom_stats
        stats.add(name="missing_weight", num=missing_weight)
        stats.add(name="missing_value", num=missing_value)
        stats.add(name="min_weight_length_diff", num=least)
        stats.add(name="max_weight_length_diff", num=most)
