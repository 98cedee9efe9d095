"""How pairs of numeric features vary together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from headwater.validation.generators._base import Data, StatsGenerator


class CrossFeatureStatsGenerator(StatsGenerator):
    """Covariance and correlation (Pearson) of pairs of numeric features.

    Only rows count in which both features have exactly one value that is a number. All of them count: nothing is
    sampled.

    Args:
        feature_crosses: The pairs; None: all of them.
    """

    def __init__(self, feature_crosses: Sequence[tuple[str, str]] | None = None) -> None:
        self._crosses = feature_crosses

    def add(self, data: Data, statistics: Any) -> None:
        """Adds `cross_features` to the statistics."""
        numeric = [name for name, f in data.features.items() if f.kind.is_numeric and f.depth <= 1]
        for x, y in itertools.combinations(numeric, 2) if self._crosses is None else self._crosses:
            numbers = f"(SELECT {_number(data, x)} AS x, {_number(data, y)} AS y FROM {data.relation})"
            finite = f"(SELECT * FROM {numbers} WHERE NOT isnan(x) AND NOT isnan(y))"
            count, wild = data.fetch(f"SELECT count(*), count_if(isinf(x) OR isinf(y)) FROM {finite}")[0]
            cross = statistics.cross_features.add(count=count)
            cross.path_x.step.append(x)
            cross.path_y.step.append(y)
            cross.num_cross_stats.SetInParent()
            if wild:
                cross.num_cross_stats.covariance = math.nan
            elif count:
                covariance, x_deviation, y_deviation = data.fetch(
                    f"SELECT covar_pop(x, y), stddev_pop(x), stddev_pop(y) FROM {finite}"
                )[0]
                cross.num_cross_stats.covariance = covariance
                if x_deviation and y_deviation:
                    cross.num_cross_stats.correlation = covariance / (x_deviation * y_deviation)


def _number(data: Data, name: str) -> str:
    """A feature's only value in a row, else NULL."""
    column = data.column(name)
    if data.features[name].depth:
        return f"CASE WHEN len({column}) = 1 THEN {column}[1]::DOUBLE END"
    return f"{column}::DOUBLE"
