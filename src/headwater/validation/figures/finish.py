"""From figures to tensorflow-metadata's statistics messages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

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
from headwater.validation.options import StatsOptions

# What stands for values that cannot be shown.
_INVALID = "__BYTES_VALUE__"
_LARGE = "__LARGE_BYTES__"
_MAX_SHOWN = 1024

_TYPES = {
    Kind.INT: statistics_pb2.FeatureNameStatistics.INT,
    Kind.FLOAT: statistics_pb2.FeatureNameStatistics.FLOAT,
    Kind.STRING: statistics_pb2.FeatureNameStatistics.STRING,
    Kind.BYTES: statistics_pb2.FeatureNameStatistics.STRING,
    Kind.STRUCT: statistics_pb2.FeatureNameStatistics.STRUCT,
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
    if not kind.is_numeric and kind is not Kind.STRUCT and not figures.levels[-1].total:
        kind = Kind.STRING
    message.path.step.extend(figures.feature.path)
    message.type = _TYPES[kind]
    if kind.is_numeric and figures.levels[-1].total:
        _fill_common(message.num_stats.common_stats, figures.levels, options)
        _fill_numbers(message.num_stats, figures, options)
    elif kind is Kind.STRUCT:
        _fill_common(message.struct_stats.common_stats, figures.levels, options)
    else:
        message.type = statistics_pb2.FeatureNameStatistics.STRING if not kind.is_numeric else message.type
        holder = message.num_stats if kind.is_numeric else message.string_stats
        _fill_common(holder.common_stats, figures.levels, options)
        if figures.texts is not None:
            _fill_texts(message.string_stats, figures.texts, figures.weighted_texts, options)
    for level, valency in enumerate(figures.levels[1:], start=2):
        for name, cuts in (("quantiles", "QUANTILES"), ("standard", "STANDARD")):
            custom = message.custom_stats.add(name=f"level_{level}_value_list_length_{name}")
            _fill_lengths(custom.histogram, valency, options, cuts)


# Lists ----------------------------------------------------------------------------------------------------------


def _fill_common(message: Any, levels: Sequence[Valency], options: StatsOptions) -> None:
    first = levels[0]
    lengths = [length for length, _ in first.lengths]
    message.num_non_missing = first.present
    message.num_missing = first.missing
    if not first.present:
        return
    # How many values a row has in all, below whatever lists.
    message.min_num_values = min(lengths)
    message.max_num_values = max(lengths)
    message.tot_num_values = levels[-1].total
    message.avg_num_values = levels[-1].total / first.present
    _fill_lengths(message.num_values_histogram, first, options, "QUANTILES")
    if first.weighted is not None:
        present, missing, total = first.weighted
        weighted = message.weighted_common_stats
        weighted.num_non_missing, weighted.num_missing, weighted.tot_num_values = present, missing, total
        weighted.avg_num_values = total / present if present else 0
    if len(levels) > 1:
        for level in levels:
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
        _fill_quantiles(histogram, distribution, buckets)
    else:
        _fill_standard(histogram, distribution, options.num_histogram_buckets)


# Numbers --------------------------------------------------------------------------------------------------------


def _fill_numbers(message: Any, figures: FeatureFigures, options: StatsOptions) -> None:
    numbers = figures.numbers or Distribution()
    _fill_moments(message, numbers)
    message.num_zeros = int(numbers.zeros)
    if numbers.total:
        message.min, message.max = _known(numbers.minimum), _known(numbers.maximum)
    _fill_histograms(message, numbers, options)
    if figures.weighted_numbers is not None:
        _fill_moments(message.weighted_numeric_stats, figures.weighted_numbers)
        _fill_histograms(message.weighted_numeric_stats, figures.weighted_numbers, options)


def _fill_moments(message: Any, numbers: Distribution) -> None:
    if numbers.total:
        message.mean = math.nan if numbers.mean is None else numbers.mean
        message.std_dev = numbers.std or 0
        message.median = numbers.quantiles[-1]


def _fill_histograms(message: Any, numbers: Distribution, options: StatsOptions) -> None:
    _fill_standard(message.histograms.add(), numbers, options.num_histogram_buckets)
    _fill_quantiles(message.histograms.add(), numbers, options.num_quantiles_histogram_buckets)


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


def _fill_quantiles(histogram: Any, numbers: Distribution, buckets: int) -> None:
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


def _fill_ranks(message: Any, texts: Texts, options: StatsOptions, threshold: float) -> None:
    shown = [(_shown(value), count) for value, count in texts.top if count >= threshold]
    for value, count in shown[: options.num_top_values]:
        message.top_values.add(value=value, frequency=count)
    for rank, (value, count) in enumerate(shown[: options.num_rank_histogram_buckets]):
        message.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)


def _shown(value: str | bytes) -> str:
    """A value as the statistics list it."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return _INVALID
    return _LARGE if len(value) > _MAX_SHOWN // 4 and len(value.encode()) > _MAX_SHOWN else value
