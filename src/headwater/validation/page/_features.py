"""What the page shows of a feature, read from the statistics of one data set or of two."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headwater.validation._protos import statistics_pb2
from headwater.validation.page._html import visible

DEFAULT_SLICE = "All Examples"
Path = tuple[str, ...]
Bucket = tuple[float, float, float]
"""Lowest value, highest value, number of values."""

KINDS = {"num_stats": "numeric", "string_stats": "categorical", "bytes_stats": "other", "struct_stats": "other"}
STANDARD, QUANTILES = statistics_pb2.Histogram.STANDARD, statistics_pb2.Histogram.QUANTILES


@dataclass(frozen=True)
class Side:
    """A feature's statistics in one data set. What is not known is None."""

    message: Any

    @cached_property
    def statistics(self) -> Any:
        """The numeric, string, bytes or struct statistics; None where there are none."""
        kind = self.message.WhichOneof("stats")
        return getattr(self.message, kind) if kind else None

    @property
    def kind(self) -> str:
        return KINDS.get(self.message.WhichOneof("stats"), "other")

    @property
    def type(self) -> str:
        return str(statistics_pb2.FeatureNameStatistics.Type.Name(self.message.type))

    @cached_property
    def common(self) -> Any:
        return statistics_pb2.CommonStatistics() if self.statistics is None else self.statistics.common_stats

    @property
    def count(self) -> int:
        """Examples that have the feature."""
        return int(self.common.num_non_missing)

    @property
    def missing(self) -> float | None:
        """Share of the examples that lack the feature."""
        return _ratio(self.common.num_missing, self.common.num_missing + self.common.num_non_missing)

    @property
    def values(self) -> float:
        """Values in all examples together."""
        return self.common.tot_num_values or self.common.num_non_missing

    def figure(self, name: str) -> float | None:
        """A field of the numeric, string or bytes statistics, None where these have no such field or no values."""
        fields = None if self.statistics is None else self.statistics.DESCRIPTOR.fields_by_name
        if not fields or name not in fields or not self.count:
            return None
        return float(getattr(self.statistics, name))

    @property
    def zeros(self) -> float | None:
        """Share of the values that are zero."""
        zeros = self.figure("num_zeros")
        return None if zeros is None else _ratio(zeros, self.values)

    @cached_property
    def top_values(self) -> list[tuple[str, float]]:
        """The most frequent values and how often each occurs, as far as the statistics name them."""
        ranks = self._string("rank_histogram", "buckets")
        if ranks and all(bucket.low_rank == bucket.high_rank for bucket in ranks):
            return [(bucket.label, bucket.sample_count) for bucket in ranks]
        return [(top.value, top.frequency) for top in self._string("top_values")]

    @property
    def top_share(self) -> float | None:
        """Share of the most frequent value."""
        return _ratio(self.top_values[0][1], self.values) if self.top_values else None

    def _string(self, *names: str) -> Any:
        if self.kind != "categorical":
            return ()
        found = self.statistics
        for name in names:
            found = getattr(found, name)
        return found

    def histogram(self, kind: int) -> list[Bucket]:
        """The finite buckets of the values' histogram of this kind; none if there is no such histogram."""
        for histogram in self.statistics.histograms if self.kind == "numeric" else ():
            if histogram.type == kind and histogram.buckets:
                return buckets_of(histogram)
        return []

    @property
    def lengths(self) -> list[Bucket]:
        """Quantiles of the number of values an example has."""
        return buckets_of(self.common.num_values_histogram)

    @cached_property
    def non_uniformity(self) -> float | None:
        """Distance of the values from a uniform distribution, 0 (uniform) to 1 (one value, or one bucket).

        It is the share of the values that would have to move for all buckets of the standard histogram, or all distinct
        strings, to be equally full, divided by the largest such share possible.
        """
        if self.kind == "categorical":
            masses, cells = [count for _, count in self.top_values], int(self.figure("unique") or 0)
            return _unevenness(masses, cells, self.values)
        masses = [count for *_, count in self.histogram(STANDARD)]
        return _unevenness(masses, len(masses), sum(masses))


def _unevenness(masses: Sequence[float], cells: int, total: float) -> float | None:
    if not masses or not total:
        return None
    if cells < 2:
        return 1.0
    surplus = sum(max(0.0, mass / total - 1 / cells) for mass in masses)
    return min(1.0, surplus / (1 - 1 / cells))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def buckets_of(histogram: Any) -> list[Bucket]:
    """A histogram's buckets with finite bounds and counts."""
    triples = ((bucket.low_value, bucket.high_value, bucket.sample_count) for bucket in histogram.buckets)
    return [triple for triple in triples if all(map(math.isfinite, triple))]


@dataclass(frozen=True)
class Feature:
    """A feature in the data sets that are shown, None where one lacks it."""

    path: Path
    sides: tuple[Side | None, ...]

    @property
    def name(self) -> str:
        return visible(".".join(self.path))

    @cached_property
    def known(self) -> list[Side]:
        """The data sets that have it, the first one first."""
        return [side for side in self.sides if side]

    @property
    def kind(self) -> str:
        return self.known[0].kind

    def each(self, value: Callable[[Side], Any]) -> list[Any]:
        """A figure in every data set, None where the feature is absent."""
        return [value(side) if side else None for side in self.sides]


@dataclass(frozen=True)
class Dataset:
    """A data set under the name it is shown by."""

    name: str
    message: Any

    @property
    def examples(self) -> int:
        return int(self.message.num_examples)


def choose(statistics: Any, name: str) -> Dataset:
    """The data set of a list that is shown: the only one, or that of all examples among the slices.

    Raises:
        ValueError: The list is empty, or has several data sets of which none is of all examples.
    """
    if len(statistics.datasets) == 1:
        return Dataset(name, statistics.datasets[0])
    return Dataset(name, slice_of(statistics, DEFAULT_SLICE))


def slice_of(statistics: Any, key: str) -> Any:
    """The statistics of one slice.

    Raises:
        ValueError: There is no such slice.
    """
    for dataset in statistics.datasets:
        if dataset.name == key:
            return dataset
    names = ", ".join(repr(visible(dataset.name)) for dataset in statistics.datasets) or "none"
    raise ValueError(f"Expected statistics with a slice {key!r}; received slices: {names}. Remedy: name one of these.")


def features_of(
    datasets: Sequence[Dataset], allowlist: Iterable[Any] | None = None, denylist: Iterable[Any] | None = None
) -> list[Feature]:
    """The features of all data sets, those of the first one first, in the order of the statistics.

    Raises:
        ValueError: Both lists are given.
    """
    if allowlist is not None and denylist is not None:
        raise ValueError(
            "Expected allowlist_features or denylist_features; received both. Remedy: leave one of them out."
        )
    tables = [{path_of(message): Side(message) for message in dataset.message.features} for dataset in datasets]
    paths = dict.fromkeys(path for table in tables for path in table)
    if allowlist is not None:
        wanted = {steps(path) for path in allowlist}
        paths = dict.fromkeys(path for path in paths if path in wanted)
    unwanted = {steps(path) for path in denylist or ()}
    return [Feature(path, tuple(table.get(path) for table in tables)) for path in paths if path not in unwanted]


def path_of(message: Any) -> Path:
    """The path of a feature's statistics or of an anomaly; a bare name is a path of one step."""
    return tuple(message.path.step) or (getattr(message, "name", ""),)


def steps(path: Any) -> Path:
    """The steps of a path given as a string, a sequence of strings or a `FeaturePath`.

    >>> steps("fare"), steps(["vehicle", "fuel"])
    (('fare',), ('vehicle', 'fuel'))
    """
    if isinstance(path, str):
        return (path,)
    return tuple(path.steps() if hasattr(path, "steps") else path)
