"""Small histograms as SVG, for the rows of the tables. The page's script draws the larger ones and other scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from headwater.validation.page._features import STANDARD, Bucket, Feature, Side
from headwater.validation.page._html import Html, element

SIDES = ("lhs", "rhs")
"""The classes of what belongs to the first and the second data set."""
WIDTH, HEIGHT = 140, 36
MOST_BARS = 16
NARROWEST = 0.02
"""Width of the bar of a single value, as a share of the chart's."""


def small_chart(feature: Feature) -> Html | None:
    """Overlaid bars of a feature's values, one colour a data set."""
    series = _numeric(feature) if feature.kind == "numeric" else _categorical(feature)
    if not any(series):
        return None
    tallest = max((bar[2] for bars in series for bar in bars), default=0.0)
    paths = [
        element("path", d=_path(bars, tallest), class_=name)
        for name, bars in zip(SIDES, series)
        if bars and tallest > 0
    ]
    return element("svg", paths, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="spark", aria_hidden="true")


def _path(bars: Iterable[Bucket], tallest: float) -> str:
    """Bars (left and right as shares of the width, height in any unit) as one path."""
    return "".join(
        f"M{_short(left * WIDTH)} {HEIGHT}V{_short(HEIGHT * (1 - height / tallest))}H{_short(right * WIDTH)}V{HEIGHT}z"
        for left, right, height in bars
        if height > 0
    )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _numeric(feature: Feature) -> list[list[Bucket]]:
    """Bars whose areas are the shares of values, so that data sets with other bounds can be compared."""
    histograms: list[list[Bucket]] = [buckets or [] for buckets in feature.each(lambda side: side.histogram(STANDARD))]
    bounds = [bound for buckets in histograms for low, high, _ in buckets for bound in (low, high)]
    if not bounds:
        return []
    low, high = min(bounds) / 2, max(bounds) / 2  # halves: their difference is finite whatever the values
    place = (lambda value: (value / 2 - low) / (high - low)) if high > low else (lambda value: 0.0)
    return [_bars(buckets, place) for buckets in histograms]


def _bars(buckets: Sequence[Bucket], place: Callable[[float], float]) -> list[Bucket]:
    total = sum(count for *_, count in buckets) or 1
    sides = [(place(low), max(place(high), place(low) + NARROWEST), count) for low, high, count in buckets]
    return [(left, right, count / total / (right - left)) for left, right, count in sides]


def _categorical(feature: Feature) -> list[list[Bucket]]:
    labels = top_labels(feature, MOST_BARS)
    if not labels:
        return []
    step = 1 / max(len(labels), 4)
    tables = [dict(side.top_values) if side else {} for side in feature.sides]
    return [
        [
            ((place + 0.08) * step, (place + 0.92) * step, table[label] / side.values)
            for place, label in enumerate(labels)
            if side and label in table
        ]
        for table, side in zip(tables, feature.sides, strict=True)
    ]


def top_labels(feature: Feature, most: int) -> list[str]:
    """The most frequent values: those of the first data set, then what only the other one has."""
    sides: Sequence[Side] = [side for side in feature.known if side.kind == "categorical"]
    shared = most if len(sides) < 2 else max(1, most * 3 // 4)
    labels = dict.fromkeys(label for label, _ in sides[0].top_values[:shared]) if sides else {}
    for side in sides[1:]:
        labels.update(dict.fromkeys(label for label, _ in side.top_values[:most]))
    return list(labels)[:most]
