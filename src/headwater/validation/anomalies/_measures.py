"""How far the values of a feature are from those it had in other data: a table of measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import NamedTuple

from headwater.validation._evidence import Evidence
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2
from headwater.validation.anomalies._check import Type
from headwater.validation.anomalies._distances import (
    NONE,
    Bucket,
    Counts,
    Histogram,
    cumulative_distance,
    infinity_norm,
    jensen_shannon,
    jensen_shannon_of_histograms,
    normalized_abs_difference,
)

Measurement = anomalies_pb2.DriftSkewInfo.Measurement
STANDARD, QUANTILES = statistics_pb2.Histogram.STANDARD, statistics_pb2.Histogram.QUANTILES

# How sure it has to be that a difference is more than chance.
_CERTAINTY = 0.95
_KOLMOGOROV = 1.3581  # the quantile of Kolmogorov's distribution at that certainty


class Pair(NamedTuple):
    """The statistics of a feature in two data sets.

    Weighted figures of `control` stand only beside weighted figures of `current`. Where only `current` has weights,
    they stand beside the plain figures of `control`.

    Args:
        current: in the data under examination.
        control: in the data to compare with.
        source: which histogram the Jensen–Shannon divergence is of, a `schema_pb2.HistogramSelection.Type`.
    """

    current: Evidence
    control: Evidence
    source: int = schema_pb2.HistogramSelection.DEFAULT

    @property
    def labels(self) -> tuple[Counts, Counts] | None:
        """How often each string occurs in either; None if neither has strings."""
        sides = tuple(_labels(side, by_weight) for side, by_weight in self._sides())
        return (sides[0], sides[1]) if any(sides) else None

    @property
    def is_listed(self) -> bool:
        """Whether all strings of both are counted, not only the most frequent ones, which differ by chance."""
        return all(_is_listed(side) for side in (self.current, self.control))

    def noise(self, of_labels: Callable[[Counts, Counts], float | None]) -> float | None:
        """What chance alone gives, if all strings are counted."""
        return of_labels(*self.labels) if self.labels is not None and self.is_listed else None

    def histograms(self, kind: int) -> tuple[Histogram, Histogram] | None:
        """The numbers of either, in the histogram of that kind; None unless both have one."""
        here, there = (_histogram(side, by_weight, kind) for side, by_weight in self._sides())
        return None if here is None or there is None else (here, there)

    def _sides(self) -> Iterator[tuple[Evidence, bool]]:
        by_weight = self.current.dataset.by_weight
        yield self.current, by_weight
        yield self.control, by_weight and self.control.dataset.by_weight


def _is_listed(side: Evidence) -> bool:
    return side.unique is None or side.unique <= len(side.proto.string_stats.rank_histogram.buckets)


def _labels(side: Evidence, by_weight: bool) -> Counts:
    stats = side.proto.string_stats
    histogram = (stats.weighted_string_stats if by_weight else stats).rank_histogram
    counts: dict[str, float] = {}
    for bucket in histogram.buckets:
        counts[bucket.label] = counts.get(bucket.label, 0.0) + bucket.sample_count
    return counts


def _histogram(side: Evidence, by_weight: bool, kind: int) -> Histogram | None:
    stats = side.proto.num_stats
    for histogram in (stats.weighted_numeric_stats if by_weight else stats).histograms:
        if histogram.type == kind:
            buckets = (Bucket(b.low_value, b.high_value, b.sample_count) for b in histogram.buckets)
            return Histogram(tuple(buckets), histogram.num_nan)
    return None


class Measured(NamedTuple):
    """What a measure gives.

    Args:
        value: the distance.
        where: the value of the feature where the difference is largest, if the measure knows of one.
        noise: the distance that two samples of these sizes from the same distribution exceed in one of twenty cases;
            None where that is not known.
    """

    value: float
    where: str = ""
    noise: float | None = None


class Measure(NamedTuple):
    """A way to compare two distributions.

    Args:
        field: its field in a `FeatureComparator`, which holds the threshold.
        type: its `DriftSkewInfo.Measurement.Type`.
        reason: the `AnomalyInfo.Type` of distances above the threshold.
        words: what messages call it.
        apply: measures; None where there is nothing that could be measured.
        nothing: what stands for None in reports where a threshold is set.
    """

    field: str
    type: int
    reason: int
    words: str
    apply: Callable[[Pair], Measured | None]
    nothing: Measured | None = None

    @property
    def name(self) -> str:
        """The name of its type: L_INFTY, NORMALIZED_ABSOLUTE_DIFFERENCE or JENSEN_SHANNON_DIVERGENCE."""
        return Measurement.Type.Name(self.type)


def _infinity(pair: Pair) -> Measured | None:
    if (labels := pair.labels) is not None:
        return Measured(*infinity_norm(*labels), noise=pair.noise(_noise_of_shares))
    for kind in (QUANTILES, STANDARD):
        if (histograms := pair.histograms(kind)) is not None:
            difference = cumulative_distance(*histograms, quantiles=kind == QUANTILES)
            return Measured(*difference, noise=_noise_of_cumulative(*(histogram.total for histogram in histograms)))
    return None


def _difference(pair: Pair) -> Measured | None:
    labels = pair.labels
    if labels is None:
        return None
    return Measured(*normalized_abs_difference(*labels), noise=pair.noise(_noise_of_counts))


def _divergence(pair: Pair) -> Measured | None:
    if (labels := pair.labels) is not None:
        value, noise = jensen_shannon(*labels), pair.noise(_noise_of_divergence)
    else:
        quantiles = pair.source == schema_pb2.HistogramSelection.QUANTILES
        histograms = pair.histograms(QUANTILES if quantiles else STANDARD)
        value, noise = None if histograms is None else jensen_shannon_of_histograms(*histograms), None
    return None if value is None else Measured(value, noise=noise)


_ZERO = Measured(*NONE)

MEASURES: tuple[Measure, ...] = (
    Measure(
        "infinity_norm",
        Measurement.L_INFTY,
        Type.COMPARATOR_L_INFTY_HIGH,
        "Linfty distance",
        _infinity,
        _ZERO,
    ),
    Measure(
        "normalized_abs_difference",
        Measurement.NORMALIZED_ABSOLUTE_DIFFERENCE,
        Type.COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH,
        "normalized absolute difference",
        _difference,
        _ZERO,
    ),
    Measure(
        "jensen_shannon_divergence",
        Measurement.JENSEN_SHANNON_DIVERGENCE,
        Type.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH,
        "approximate Jensen-Shannon divergence",
        _divergence,
    ),
)


# --------------------------------------------------------------------------- what chance alone gives


def _sizes(counts: Counts, other: Counts) -> tuple[float, float]:
    return math.fsum(counts.values()), math.fsum(other.values())


def _widest(counts: Counts, other: Counts) -> float:
    """What the difference of some label's shares is beyond its standard deviation, per √(1/n + 1/m)."""
    labels, total = counts.keys() | other.keys(), sum(_sizes(counts, other))
    shares = ((counts.get(label, 0.0) + other.get(label, 0.0)) / total for label in labels)
    spread = max(math.sqrt(share * (1 - share)) for share in shares)
    return spread * NormalDist().inv_cdf(1 - (1 - _CERTAINTY) / 2 / len(labels))


def _noise_of_shares(counts: Counts, other: Counts) -> float | None:
    n, m = _sizes(counts, other)
    return _widest(counts, other) * math.sqrt(1 / n + 1 / m) if n > 0 and m > 0 else None


def _noise_of_counts(counts: Counts, other: Counts) -> float | None:
    n, m = _sizes(counts, other)
    return _widest(counts, other) / math.sqrt(n + m) if n > 0 and m > 0 else None


def _noise_of_cumulative(n: float, m: float) -> float | None:
    """The two-sample Kolmogorov–Smirnov test (Smirnov 1939)."""
    return _KOLMOGOROV * math.sqrt(1 / n + 1 / m) if n > 0 and m > 0 else None


def _noise_of_divergence(counts: Counts, other: Counts) -> float | None:
    """8·ln 2·JSD/(1/n + 1/m) follows about χ² with one degree less than labels; its quantile by Wilson and Hilferty."""
    n, m = _sizes(counts, other)
    if not (n > 0 and m > 0):
        return None
    degrees = max(1, len(counts.keys() | other.keys()) - 1)
    scale = 2 / (9 * degrees)
    quantile = degrees * (1 - scale + NormalDist().inv_cdf(_CERTAINTY) * math.sqrt(scale)) ** 3
    return quantile * (1 / n + 1 / m) / (8 * math.log(2))
