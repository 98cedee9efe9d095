"""Distances between two distributions, as statistics hold them: counted labels, or histograms.

The first three reproduce TensorFlow Data Validation's figures. The last, `cumulative_distance`, is for numbers; TFDV
has nothing like it: its L-infinity distance of numbers is always 0.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

Counts = Mapping[str, float]


class Bucket(NamedTuple):
    """Values from `low` to `high`, of which there are `mass`; `low == high` is one value, many times."""

    low: float
    high: float
    mass: float


class Histogram(NamedTuple):
    """Buckets in rising order, and how many values were not numbers."""

    buckets: tuple[Bucket, ...]
    nan: float = 0.0

    @property
    def total(self) -> float:
        """How many values it holds, NaN included."""
        return math.fsum(bucket.mass for bucket in self.buckets) + self.nan


class Difference(NamedTuple):
    """The largest difference and the value where it is."""

    size: float
    where: str


NONE = Difference(0.0, "")


def infinity_norm(counts: Counts, other: Counts) -> Difference:
    """The largest difference between a label's shares.

    0.1 says: the share of some label differs by ten percentage points, and of no label by more.

    Args:
        counts: how often each label occurs.
        other: the same in the data to compare with.

    Returns:
        The difference, 0 to 1, and its label: the alphabetically last one of several.

    >>> infinity_norm({"a": 1, "b": 1}, {"a": 3, "b": 1})
    Difference(size=0.25, where='b')
    """
    total, other_total = _divisor(counts.values()), _divisor(other.values())
    return _largest(counts, other, lambda here, there: here / total - there / other_total)


def normalized_abs_difference(counts: Counts, other: Counts) -> Difference:
    """The largest difference between a label's counts, as a share of all values in both.

    Unlike the L-infinity distance it also sees that a data set grew while its shares stayed.

    >>> normalized_abs_difference({"a": 1, "b": 1}, {"a": 5, "b": 1})
    Difference(size=0.5, where='a')
    """
    total = _divisor((*counts.values(), *other.values()))
    return _largest(counts, other, lambda here, there: here / total - there / total)


def _largest(counts: Counts, other: Counts, difference: Callable[[float, float], float]) -> Difference:
    sizes = ((abs(difference(counts.get(k, 0.0), other.get(k, 0.0))), k) for k in counts.keys() | other.keys())
    return Difference(*max(sizes, default=NONE))


def _divisor(counts: Iterable[float]) -> float:
    return math.fsum(counts) or 1.0


def jensen_shannon(counts: Counts, other: Counts) -> float | None:
    """The Jensen–Shannon divergence of labels, in bits: 0 for equal shares, 1 where no label is in both.

    Returns:
        The divergence; None where either side is empty.

    >>> round(jensen_shannon({"a": 1, "b": 1}, {"a": 3, "b": 1}), 4)
    0.0488
    """
    labels = sorted(counts.keys() | other.keys())
    return _divergence([counts.get(k, 0.0) for k in labels], [other.get(k, 0.0) for k in labels])


def jensen_shannon_of_histograms(histogram: Histogram, other: Histogram) -> float | None:
    """The Jensen–Shannon divergence of numbers, in bits, as TFDV approximates it.

    The bounds of both histograms are united, and buckets cut by a bound are split as if their values were spread
    evenly. A value with a bucket to itself (`low == high`) is a cell of its own. What lies in buckets that reach to
    infinity matches nothing of the other side. Neither do NaN; they count only where both histograms have the same
    finite bounds (so does TFDV).

    Returns:
        The divergence; None where either side holds nothing that counts.
    """
    finite, other_finite = _finite(histogram), _finite(other)
    cells = _cells((finite, other_finite))
    same_bounds = _bounds(finite) == _bounds(other_finite)
    alone = histogram.total - (0 if same_bounds else histogram.nan) - math.fsum(bucket.mass for bucket in finite)
    other_alone = other.total - (0 if same_bounds else other.nan) - math.fsum(bucket.mass for bucket in other_finite)
    return _divergence([*_spread(finite, cells), alone, 0.0], [*_spread(other_finite, cells), 0.0, other_alone])


def _divergence(masses: Sequence[float], others: Sequence[float]) -> float | None:
    total, other_total = math.fsum(masses), math.fsum(others)
    if not (total > 0 and other_total > 0):
        return None
    here = there = 0.0
    for mass, other in zip(masses, others):
        p, q = mass / total, other / other_total
        middle = (p + q) / 2
        here += p * math.log2(p / middle) if p > 0 else 0.0
        there += q * math.log2(q / middle) if q > 0 else 0.0
    return (here + there) / 2


def _finite(histogram: Histogram) -> list[Bucket]:
    return [bucket for bucket in histogram.buckets if math.isfinite(bucket.low) and math.isfinite(bucket.high)]


def _bounds(buckets: Iterable[Bucket]) -> set[float]:
    return {bound for bucket in buckets for bound in (bucket.low, bucket.high)}


def _cells(sides: Sequence[Sequence[Bucket]]) -> list[tuple[float, float]]:
    """What lies between neighbouring bounds, and before it the single value at its lower bound if a bucket holds it."""
    buckets = [bucket for side in sides for bucket in side]
    bounds = sorted(_bounds(buckets))
    single = {bucket.low for bucket in buckets if bucket.low == bucket.high}
    between = pairwise(bounds)
    return sorted([*((value, value) for value in single), *between])


def _spread(buckets: Iterable[Bucket], cells: Sequence[tuple[float, float]]) -> list[float]:
    """The buckets' values dealt out to the cells, in proportion to width."""
    masses = [0.0] * len(cells)
    for low, high, count in buckets:
        at = bisect_left(cells, (low, low) if low == high else (low, math.nextafter(low, math.inf)))
        if low == high:
            masses[at] += count
            continue
        while at < len(cells) and cells[at][1] <= high:
            start, end = cells[at]
            masses[at] += count * ((end - start) / (high - low))
            at += 1
    return masses


def cumulative_distance(histogram: Histogram, other: Histogram, *, quantiles: bool) -> Difference:
    """The largest difference between the shares of values up to some point (the Kolmogorov–Smirnov distance).

    0.1 says: there is a number x so that the share of values up to x differs by ten percentage points, and no x for
    which it differs by more. NaN are taken as greater than every number.

    Between the bounds of a quantile histogram shares are interpolated, save where that would invent differences: in
    the outermost buckets, which end at a single extreme value, and beside a value that fills buckets of its own. There
    the share is anything between both bounds', and the smallest possible difference is taken. So it is everywhere in a
    histogram of equal widths, whose buckets can each hold nearly all values: there the result is the least that the
    true distance can be.

    Args:
        histogram: of the data.
        other: of the data to compare with.
        quantiles: whether the histograms are of quantiles rather than of equal widths.

    Returns:
        The distance, 0 to 1, and the number x.
    """
    if not (histogram.total > 0 and other.total > 0):
        return NONE
    here, there = _Cumulative(histogram, quantiles), _Cumulative(other, quantiles)
    points = sorted(_bounds(histogram.buckets) | _bounds(other.buckets) | {math.inf})
    gaps = [(_gap(here.share(x, side), there.share(x, side)), x) for x in points for side in ("below", "upto")]
    size, where = max(gaps, key=lambda gap: gap[0])
    return Difference(size, "NaN" if where == math.inf else f"{where:g}") if size else NONE


def _gap(interval: tuple[float, float], other: tuple[float, float]) -> float:
    return max(0.0, interval[0] - other[1], other[0] - interval[1])


class _Cumulative:
    """The share of values below a number, as far as a histogram tells it."""

    def __init__(self, histogram: Histogram, quantiles: bool) -> None:
        self.quantiles = quantiles
        self.buckets = sorted(histogram.buckets)
        self.total = histogram.total
        self.highs = [bucket.high for bucket in self.buckets]
        self.before = list(accumulate((bucket.mass for bucket in self.buckets), initial=0.0))
        single = {bucket.low for bucket in self.buckets if bucket.low == bucket.high}
        self.vague = [
            not quantiles or at in (0, len(self.buckets) - 1) or bool({bucket.low, bucket.high} & single)
            for at, bucket in enumerate(self.buckets)
        ]

    def share(self, x: float, side: str) -> tuple[float, float]:
        """The least and the greatest possible share of values that are < x (`below`) or <= x (`upto`)."""
        at = bisect_left(self.highs, x)
        least = possible = self.before[at]
        while at < len(self.buckets) and self.buckets[at].low <= x:
            surely, perhaps = self._counted(at, x, side)
            least, possible, at = least + surely, possible + perhaps, at + 1
        return least / self.total, possible / self.total

    def _counted(self, at: int, x: float, side: str) -> tuple[float, float]:
        low, high, count = self.buckets[at]
        if low == high:
            return (count, count) if side == "upto" else (0.0, 0.0)
        if self.quantiles and x == high and side == "upto":
            return count, count
        if x == low and (side == "below" or (self.quantiles and at > 0)):
            return 0.0, 0.0
        if self.vague[at]:
            return 0.0, count
        inside = count * ((x - low) / (high - low))
        return inside, inside
