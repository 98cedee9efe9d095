"""What statistics show of each feature, in the words in which a schema asks for it.

Weighted figures stand for the plain ones where every feature has them, as in TensorFlow Data Validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2, statistics_pb2

DEFAULT_SLICE = "All Examples"

Kind = statistics_pb2.FeatureNameStatistics

TYPE_OF_KIND = {
    Kind.INT: schema_pb2.INT,
    Kind.FLOAT: schema_pb2.FLOAT,
    Kind.STRING: schema_pb2.BYTES,
    Kind.BYTES: schema_pb2.BYTES,
    Kind.STRUCT: schema_pb2.STRUCT,
}


class Level(NamedTuple):
    """How many values the lists of one nesting level have, and how many lists are missing."""

    missing: float
    min: int
    max: int

    @property
    def fixed(self) -> bool:
        """Whether all lists have the same number of values, and at least one."""
        return not self.missing and self.min == self.max > 0


class Evidence:
    """The statistics of one feature."""

    def __init__(self, path: FeaturePath, proto: statistics_pb2.FeatureNameStatistics, dataset: Dataset) -> None:
        self.path = path
        self.proto = proto
        self.dataset = dataset
        self.kind: int = proto.type
        self._stats = getattr(proto, proto.WhichOneof("stats"))

    @cached_property
    def _common(self) -> statistics_pb2.CommonStatistics | statistics_pb2.WeightedCommonStatistics:
        common = self._stats.common_stats
        return common.weighted_common_stats if self.dataset.by_weight else common

    @property
    def has_weights(self) -> bool:
        """Whether there are weighted figures, on every nesting level."""
        common = self._stats.common_stats
        if len(common.weighted_presence_and_valency_stats) != len(common.presence_and_valency_stats):
            return False
        return common.HasField("weighted_common_stats")

    @property
    def type(self) -> int:
        """The type a schema gives such data, a `schema_pb2.FeatureType`."""
        return TYPE_OF_KIND[self.kind]

    @property
    def kind_name(self) -> str:
        """INT, FLOAT, STRING, BYTES or STRUCT."""
        return Kind.Type.Name(self.kind)

    @property
    def present(self) -> float:
        """In how many examples the feature is; for a field of a struct, in how many structs."""
        return self._common.num_non_missing

    @property
    def missing(self) -> float:
        """In how many it is not."""
        return self._common.num_missing

    @property
    def fraction_present(self) -> float:
        """`present` as a share of all examples."""
        if not self.missing:
            return 1.0
        return self.present / self.dataset.examples if self.dataset.examples else 0.0

    @property
    def values(self) -> float:
        """How many values there are in all examples together; 0 where nobody counted."""
        common = self._stats.common_stats
        if self.dataset.by_weight:
            return common.weighted_common_stats.tot_num_values
        return common.tot_num_values or common.avg_num_values * common.num_non_missing

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Numbers of values per nesting level, the outermost first."""
        common = self._stats.common_stats
        nested = common.presence_and_valency_stats
        if not nested:
            return (Level(self.missing, common.min_num_values, common.max_num_values),)
        missing = common.weighted_presence_and_valency_stats if self.dataset.by_weight else nested
        return tuple(Level(m.num_missing, n.min_num_values, n.max_num_values) for m, n in zip(missing, nested))

    @cached_property
    def strings(self) -> dict[str, float]:
        """How often each string occurs, in the strings' order."""
        if not self.proto.HasField("string_stats"):
            return {}
        stats = self.proto.string_stats
        histogram = (stats.weighted_string_stats if self.dataset.by_weight else stats).rank_histogram
        return dict(sorted((bucket.label, bucket.sample_count) for bucket in histogram.buckets))

    @property
    def invalid_utf8(self) -> int:
        """How many values are no UTF-8."""
        return self.proto.string_stats.invalid_utf8_count

    @property
    def unique(self) -> int | None:
        """How many different values there are; None where they were not counted."""
        return self.proto.string_stats.unique if self.proto.HasField("string_stats") else None

    @property
    def min(self) -> float:
        """The smallest number."""
        return self.proto.num_stats.min

    @property
    def max(self) -> float:
        """The largest number."""
        return self.proto.num_stats.max

    @property
    def most_bytes(self) -> int:
        """How long the longest value is that is no string but bytes."""
        return self.proto.bytes_stats.max_num_bytes_int

    @property
    def histograms(self) -> Iterable[statistics_pb2.Histogram]:
        """The histograms of numbers."""
        return self.proto.num_stats.histograms

    @property
    def has_nan(self) -> bool:
        """Whether some numbers are not a number."""
        return any(histogram.num_nan for histogram in self.histograms)

    def custom(self, name: str) -> list[statistics_pb2.CustomStatistic]:
        """The custom statistics of that name."""
        return [custom for custom in self.proto.custom_stats if custom.name == name]


class Dataset:
    """The statistics of one data set, by feature.

    Entries that hold no figures of values (those of sparse and weighted features) are in `proto` only.
    """

    def __init__(self, proto: statistics_pb2.DatasetFeatureStatistics) -> None:
        self.proto = proto
        self.features: dict[FeaturePath, Evidence] = {}
        for entry in proto.features:
            if entry.WhichOneof("stats"):
                self._add(path_of(entry), entry)
        self._check_parents()
        self.by_weight = proto.weighted_num_examples > 0 and all(f.has_weights for f in self.features.values())
        self.examples: float = proto.weighted_num_examples if self.by_weight else proto.num_examples

    def _add(self, path: FeaturePath, entry: statistics_pb2.FeatureNameStatistics) -> None:
        if path in self.features:
            raise ValueError(
                f"statistics hold the feature {str(path)!r} twice; expected one entry per feature. "
                "Remedy: remove one, or make statistics of data whose columns have different names."
            )
        self.features[path] = Evidence(path, entry, self)

    def _check_parents(self) -> None:
        for path in self.features:
            if len(path) > 1 and path.parent() not in self.features:
                raise ValueError(
                    f"statistics hold the feature {str(path)!r} but not the struct {str(path.parent())!r} around it. "
                    "Remedy: make statistics of both, or of neither."
                )

    @cached_property
    def children(self) -> dict[FeaturePath, list[Evidence]]:
        """The features by the struct that holds them, in their names' order; those of the empty path are columns.

        Columns are in the order of the statistics.
        """
        found: dict[FeaturePath, list[Evidence]] = {}
        for path, evidence in self.features.items():
            found.setdefault(path.parent(), []).append(evidence)
        for parent, fields in found.items():
            if parent:
                fields.sort(key=lambda field: field.path)
        return found


def path_of(entry: statistics_pb2.FeatureNameStatistics) -> FeaturePath:
    """The path of an entry, which has either a name or a path."""
    return FeaturePath(entry.path.step) if entry.WhichOneof("field_id") == "path" else FeaturePath((entry.name,))


def default_dataset(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> Dataset:
    """The only data set, or of several slices that of all examples.

    Raises:
        TypeError: if `statistics` is no DatasetFeatureStatisticsList.
        ValueError: if there is no such data set, or a feature is in it twice.
    """
    if not isinstance(statistics, statistics_pb2.DatasetFeatureStatisticsList):
        raise TypeError(
            f"expected statistics as a DatasetFeatureStatisticsList, received {type(statistics).__name__}. "
            "Remedy: pass what generate_statistics_from_* or load_statistics returns."
        )
    datasets = statistics.datasets
    if len(datasets) == 1:
        return Dataset(datasets[0])
    for dataset in datasets:
        if dataset.name == DEFAULT_SLICE:
            return Dataset(dataset)
    raise ValueError(
        f"expected statistics of one data set, or of slices with one named {DEFAULT_SLICE!r}; "
        f"received {len(datasets)}: {[dataset.name for dataset in datasets]}. "
        "Remedy: pass a DatasetFeatureStatisticsList that holds only the data set you mean."
    )
