"""The columns of the tables of features: one declaration each for heading, figure, order and alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headwater.validation._protos import text_format
from headwater.validation.page._features import Feature, Side
from headwater.validation.page._html import visible
from headwater.validation.page._numbers import number, share

MANY_MISSING, MANY_ZEROS = 0.1, 0.5
"""Shares above which missing values and zeros are highlighted."""


@dataclass(frozen=True)
class Column:
    """A figure shown per feature and data set. `figure` is both what is shown and what is sorted by."""

    key: str
    label: str
    help: str
    figure: Callable[[Side], Any]
    show: Callable[[Any], str] = number
    high: float | None = None

    def is_high(self, value: float | None) -> bool:
        return self.high is not None and value is not None and value >= self.high

    def order(self, feature: Feature) -> float | None:
        """What the feature is sorted by: the worst of both data sets where there is a worst, else the first known."""
        known = [value for value in feature.each(self.figure) if value is not None]
        if not known:
            return None
        return max(known) if self.show is share else known[0]


def _field(key: str, label: str, help: str, name: str) -> Column:
    return Column(key, label, help, lambda side: side.figure(name))


COUNT = Column("count", "Count", "Examples that have the feature", lambda side: side.count)
MISSING = Column("missing", "Missing", "Share of examples without it", lambda side: side.missing, share, MANY_MISSING)
UNEVEN = Column(
    "uneven",
    "Non-uniform",
    "0: all buckets or values are equally frequent; 1: all values are in one",
    lambda side: side.non_uniformity,
    lambda value: "–" if value is None else f"{value:.2f}",
)
NUMERIC = (
    COUNT,
    MISSING,
    Column("zeros", "Zeros", "Share of values that are zero", lambda side: side.zeros, share, MANY_ZEROS),
    _field("mean", "Mean", "Mean of all values", "mean"),
    _field("std", "Std dev", "Standard deviation", "std_dev"),
    _field("min", "Min", "Smallest value", "min"),
    _field("median", "Median", "As many values are smaller as are greater", "median"),
    _field("max", "Max", "Greatest value", "max"),
    UNEVEN,
)
CATEGORICAL = (
    COUNT,
    MISSING,
    _field("unique", "Unique", "Distinct values", "unique"),
    Column("top", "Top share", "Share of the most frequent value", lambda side: side.top_share, share),
    _field("length", "Avg length", "Mean length of the values", "avg_length"),
    UNEVEN,
)
OTHER = (
    COUNT,
    MISSING,
    Column("least", "Fewest values", "Fewest values of an example", lambda side: side.common.min_num_values),
    Column("most", "Most values", "Most values of an example", lambda side: side.common.max_num_values),
    _field("unique", "Unique", "Distinct values", "unique"),
)
TABLES = (("numeric", "Numeric features", NUMERIC), ("categorical", "Categorical features", CATEGORICAL),
          ("other", "Other features", OTHER))  # fmt: skip


def _weighted(name: str) -> Callable[[Side], float | None]:
    """A field of the weighted statistics, None where there are none."""

    def figure(side: Side) -> float | None:
        for owner, field in (
            (side.statistics, "weighted_numeric_stats"),
            (side.statistics, "weighted_string_stats"),
            (side.common, "weighted_common_stats"),
        ):
            known = owner is not None and field in owner.DESCRIPTOR.fields_by_name and owner.HasField(field)
            if known and name in getattr(owner, field).DESCRIPTOR.fields_by_name:
                return float(getattr(getattr(owner, field), name))
        return None

    return figure


def _common(name: str) -> Callable[[Side], float | None]:
    return lambda side: float(getattr(side.common, name)) if side.count else None


DETAILS = (
    Column("type", "Type", "", lambda side: side.type, str),
    *(column for column in (*NUMERIC, *CATEGORICAL[2:]) if column is not UNEVEN),
    UNEVEN,
    Column("nan", "Not a number", "", lambda side: _special(side, "num_nan")),
    Column("utf8", "Invalid UTF-8", "", lambda side: side.figure("invalid_utf8_count") or None),
    Column("bytes", "Avg bytes", "", lambda side: side.figure("avg_num_bytes")),
    Column("bytes_min", "Fewest bytes", "", lambda side: side.figure("min_num_bytes")),
    Column("bytes_max", "Most bytes", "", lambda side: side.figure("max_num_bytes")),
    Column("values", "Values", "", _common("tot_num_values")),
    Column("values_min", "Fewest values per example", "", _common("min_num_values")),
    Column("values_avg", "Mean values per example", "", _common("avg_num_values")),
    Column("values_max", "Most values per example", "", _common("max_num_values")),
    Column("w_count", "Weighted count", "", _weighted("num_non_missing")),
    Column("w_missing", "Weighted missing", "", _weighted("num_missing")),
    Column("w_mean", "Weighted mean", "", _weighted("mean")),
    Column("w_std", "Weighted std dev", "", _weighted("std_dev")),
    Column("w_median", "Weighted median", "", _weighted("median")),
)
"""All figures of the panel below a feature; those that no data set has are left out."""


def _special(side: Side, name: str) -> float | None:
    histograms = side.statistics.histograms if side.kind == "numeric" else ()
    return float(max((getattr(histogram, name) for histogram in histograms), default=0)) or None


def figures(feature: Feature) -> list[list[str]]:
    """Label and one text per data set of every known figure, the generators' own (`custom_stats`) at the end."""
    rows = [
        [column.label, *("–" if value is None else column.show(value) for value in values)]
        for column in DETAILS
        for values in [[column.figure(side) if side else None for side in feature.sides]]
        if any(value is not None for value in values)
    ]
    return rows + _custom(feature)


def _custom(feature: Feature) -> list[list[str]]:
    tables = [{custom.name: custom for custom in side.message.custom_stats} if side else {} for side in feature.sides]
    names = dict.fromkeys(name for table in tables for name in table)
    return [[visible(name), *(_custom_text(table.get(name)) for table in tables)] for name in names]


def _custom_text(custom: Any) -> str:
    kind = custom.WhichOneof("val") if custom is not None else None
    if kind is None:
        return "–"
    value = getattr(custom, kind)
    if kind == "num":
        return number(value)
    return visible(value if kind == "str" else text_format.MessageToString(value, as_one_line=True, as_utf8=True))
