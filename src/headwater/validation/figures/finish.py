"""From figures to tensorflow-metadata's statistics messages."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from headwater.validation._protos import statistics_pb2
from headwater.validation.figures.plan import (
    Cuts,
    DatasetFigures,
    Distribution,
    FeatureFigures,
    Kind,
    Texts,
    Valency,
)

if TYPE_CHECKING:
    from headwater.validation.options import StatsOptions

# What stands for values that cannot be shown.
INVALID = "__BYTES_VALUE__"
_LARGE = "__LARGE_BYTES__"
_MAX_SHOWN = 1024

TYPES = {
    Kind.INT: statistics_pb2.FeatureNameStatistics.INT,
    Kind.FLOAT: statistics_pb2.FeatureNameStatistics.FLOAT,
    Kind.STRING: statistics_pb2.FeatureNameStatistics.STRING,
    Kind.BYTES: statistics_pb2.FeatureNameStatistics.STRING,
    Kind.CATEGORY: statistics_pb2.FeatureNameStatistics.INT,
    Kind.BLOB: statistics_pb2.FeatureNameStatistics.BYTES,
    Kind.STRUCT: statistics_pb2.FeatureNameStatistics.STRUCT,
}


_STATS = {
    Kind.INT: "num_stats",
    Kind.FLOAT: "num_stats",
    Kind.STRING: "string_stats",
    Kind.BYTES: "string_stats",
    Kind.CATEGORY: "string_stats",
    Kind.BLOB: "bytes_stats",
    Kind.STRUCT: "struct_stats",
}


def dataset_message(figures: DatasetFigures, options: StatsOptions) -> Any:
    """A `DatasetFeatureStatistics` message."""
    message = statistics_pb2.DatasetFeatureStatistics(name=figures.name, num_examples=figures.examples)
    if figures.weight is not None:
        message.weighted_num_examples = figures.weight
    for feature in figures.features:
        _fill_feature(message.features.add(), feature, options)
    return message


def _fill_feature(message: Any, figures: FeatureFigures, options: StatsOptions) -> None:
    kind = figures.feature.kind
    message.path.step.extend(figures.feature.path)
    message.type = TYPES[kind]
    stats = getattr(message, _STATS[kind])
    _fill_common(stats.common_stats, figures, options)
    if figures.numbers is not None and figures.rows.total:
        _fill_numbers(stats, figures.numbers, figures.weighted_numbers, options)
    if figures.texts is not None and kind is Kind.BLOB:
        _fill_sizes(stats, figures.texts)
    elif figures.texts is not None:
        _fill_texts(stats, figures.texts, figures.weighted_texts, options)
    for level, valency in enumerate(figures.levels[1:], start=2):
        for name, cuts in (("quantiles", "QUANTILES"), ("standard", "STANDARD")):
            custom = message.custom_stats.add(name=f"level_{level}_value_list_length_{name}")
            _fill_lengths(custom.histogram, valency, options, cuts)


# Lists ----------------------------------------------------------------------------------------------------------


def _fill_common(message: Any, figures: FeatureFigures, options: StatsOptions) -> None:
    rows = figures.rows
    message.num_non_missing = rows.present
    message.num_missing = rows.missing
    if not rows.present:
        return
    message.min_num_values = rows.lengths[0][0]
    message.max_num_values = rows.lengths[-1][0]
    message.tot_num_values = rows.total
    message.avg_num_values = rows.total / rows.present
    _fill_lengths(message.num_values_histogram, rows, options, "QUANTILES")
    if rows.weighted is not None:
        present, missing, total = rows.weighted
        weighted = message.weighted_common_stats
        weighted.num_non_missing, weighted.num_missing, weighted.tot_num_values = present, missing, total
        weighted.avg_num_values = total / present if present else 0
    if len(figures.levels) > 1:
        for level in figures.levels:
            stats = message.presence_and_valency_stats.add(
                num_non_missing=level.present, num_missing=level.missing, tot_num_values=level.total
            )
            if level.lengths:
                stats.min_num_values = level.lengths[0][0]
                stats.max_num_values = level.lengths[-1][0]


def _fill_lengths(histogram: Any, valency: Valency, options: StatsOptions, kind: str) -> None:
    buckets = options.num_values_histogram_buckets
    lengths = [(float(length), n) for length, n in valency.lengths]
    distribution = Distribution.of_counts(lengths, Cuts(options.num_histogram_buckets, buckets))
    if kind == "QUANTILES":
        fill_quantiles(histogram, distribution, buckets)
    else:
        _fill_standard(histogram, distribution, options.num_histogram_buckets)


# Numbers --------------------------------------------------------------------------------------------------------


def _fill_numbers(message: Any, numbers: Distribution, weighted: Distribution | None, options: StatsOptions) -> None:
    _fill_moments(message, numbers)
    message.num_zeros = int(numbers.zeros)
    if numbers.total:
        message.min, message.max = _known(numbers.minimum), _known(numbers.maximum)
    _fill_histograms(message, numbers, options)
    if weighted is not None:
        _fill_moments(message.weighted_numeric_stats, weighted)
        _fill_histograms(message.weighted_numeric_stats, weighted, options)


def _fill_moments(message: Any, numbers: Distribution) -> None:
    if numbers.total:
        message.mean = math.nan if numbers.mean is None else numbers.mean
        message.std_dev = numbers.std or 0
        message.median = numbers.quantiles[-1]


def _fill_histograms(message: Any, numbers: Distribution, options: StatsOptions) -> None:
    _fill_standard(message.histograms.add(), numbers, options.num_histogram_buckets)
    fill_quantiles(message.histograms.add(), numbers, options.num_quantiles_histogram_buckets)


def _fill_standard(histogram: Any, numbers: Distribution, buckets: int) -> None:
    """Buckets of equal width between the finite numbers, each open at its low and closed at its high end."""
    histogram.num_nan = round(numbers.nan)
    if not numbers.total:
        return
    negative = numbers.below.get(-math.inf, 0)
    if negative:
        histogram.buckets.add(low_value=-math.inf, high_value=-math.inf, sample_count=negative)
    before = negative
    if numbers.finite:
        low, high = numbers.finite
        for bound in Cuts(buckets, 1).standard_bounds(low, high):
            below = numbers.below[bound]
            histogram.buckets.add(low_value=low, high_value=bound, sample_count=below - before)
            low, before = bound, below
    if numbers.maximum == math.inf:
        histogram.buckets.add(low_value=math.inf, high_value=math.inf, sample_count=numbers.total - before)


def fill_quantiles(histogram: Any, numbers: Distribution, buckets: int) -> None:
    """Buckets between quantiles. Those that end at the same number share the count of what ends there."""
    histogram.type = statistics_pb2.Histogram.QUANTILES
    histogram.num_nan = round(numbers.nan)
    if not numbers.total:
        return
    least, greatest = _known(numbers.minimum), _known(numbers.maximum)
    low, before = least, 0.0
    for high, group in itertools.groupby([*numbers.quantiles[: buckets - 1], greatest]):
        ends = len(list(group))
        counts = [0.0] * ends
        at_least = numbers.below[least] if before == 0 and high != least else 0
        counts = [(numbers.below[high] - before - at_least) / ends] * ends
        counts[0] += at_least
        for count in counts:
            histogram.buckets.add(low_value=low, high_value=high, sample_count=count)
            low = high
        before = numbers.below[high]


def _known(value: float | None) -> float:
    assert value is not None, "a distribution of at least one number has extremes"
    return value


# Texts ----------------------------------------------------------------------------------------------------------


def _fill_texts(message: Any, texts: Texts, weighted: Texts | None, options: StatsOptions) -> None:
    message.unique = texts.unique
    message.avg_length = texts.mean_length
    message.invalid_utf8_count = texts.invalid
    _fill_ranks(message, texts, options, options.frequency_threshold)
    if weighted is not None:
        _fill_ranks(message.weighted_string_stats, weighted, options, options.weighted_frequency_threshold)


def _fill_sizes(message: Any, blobs: Texts) -> None:
    message.avg_num_bytes = blobs.mean_length
    message.min_num_bytes, message.max_num_bytes = blobs.shortest, blobs.longest
    message.max_num_bytes_int = blobs.longest


def _fill_ranks(message: Any, texts: Texts, options: StatsOptions, threshold: float) -> None:
    top = sorted(((count, shown(value)) for value, count in texts.top if count >= threshold), reverse=True)
    for count, value in top[: options.num_top_values]:
        message.top_values.add(value=value, frequency=count)
    for rank, (count, value) in enumerate(top[: options.num_rank_histogram_buckets]):
        message.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)


def shown(value: str | bytes) -> str:
    """A value as the statistics list it."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return INVALID
    return _LARGE if len(value) > _MAX_SHOWN // 4 and len(value.encode()) > _MAX_SHOWN else value
