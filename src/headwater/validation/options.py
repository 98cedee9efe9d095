"""`StatsOptions`: what statistics are made of, and how finely."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError

FeaturePath = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FeatureValueSlicer:
    """Slices of a data set by the values of features.

    Args:
        features: For each feature the values that make a slice, or None for every value that occurs. Several features
            make a slice for each combination of their values.
    """

    features: Mapping[str, Sequence[Any] | None]

    def slices(self, rows: Iterable[tuple[str | None, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names and values of the slices among the different values of the features, which are texts."""
        chosen = [None if values is None else set(map(_text, values)) for values in self.features.values()]
        for row in sorted(tuple(value for value in row if value is not None) for row in rows):
            if len(row) == len(chosen) and all(c is None or v in c for c, v in zip(chosen, row, strict=True)):
                yield "_".join(f"{name}_{value}" for name, value in zip(self.features, row, strict=True)), row


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def get_feature_value_slicer(features: Mapping[str, Sequence[Any] | None]) -> FeatureValueSlicer:
    """A slicer for `StatsOptions.slice_functions`: one slice for each value (or combination of values).

    >>> import headwater.validation as tfdv
    >>> tfdv.get_feature_value_slicer({"country": None, "year": [2024, 2025]})
    FeatureValueSlicer(features={'country': None, 'year': [2024, 2025]})
    """
    return FeatureValueSlicer(dict(features))


@dataclasses.dataclass
class StatsOptions:
    """How statistics are computed.

    Args:
        schema: A schema; with `infer_type_from_schema` its types decide how columns are read.
        label_feature: The label, for statistics across features.
        weight_feature: The column of example weights: weighted figures are added.
        slice_functions: `FeatureValueSlicer`s; each adds data sets named after its values.
        sample_rate: The share of examples to look at, from 0 to 1.
        num_top_values: How many of the most frequent values of a string feature are listed.
        frequency_threshold: Values that occur less often are not listed.
        weighted_frequency_threshold: The same for weighted frequencies.
        num_rank_histogram_buckets: How many of the most frequent values make the rank histogram.
        num_values_histogram_buckets: Buckets of the histogram of values per example.
        num_histogram_buckets: Buckets of equal width.
        num_quantiles_histogram_buckets: Buckets of equal content.
        infer_type_from_schema: Whether types of CSV columns come from `schema`.
        enable_semantic_domain_stats: Whether texts, times and images are recognised in string features.
        per_feature_weight_override: For features (by name) the weight column to use instead of `weight_feature`.
        add_default_generators: Whether the common statistics are computed at all.
        generators: Objects that add custom statistics; see `headwater.validation.generators`.
        feature_allowlist: The features to look at; None: all.
        memory_limit: How much memory the computation may take, such as ``"4GB"``; what does not fit goes to
            temporary files. None: 125 MB for each thread, which is quick enough for any amount of data.
        threads: How many threads; None: one per core.
        temp_directory: Where temporary files go.

    Raises:
        ValueError: If a number is out of range.
    """

    generators: Sequence[Any] | None = None
    schema: Any = None
    label_feature: str | None = None
    weight_feature: str | None = None
    slice_functions: Sequence[FeatureValueSlicer] | None = None
    sample_rate: float | None = None
    num_top_values: int = 20
    frequency_threshold: int = 1
    weighted_frequency_threshold: float = 1.0
    num_rank_histogram_buckets: int = 1000
    num_values_histogram_buckets: int = 10
    num_histogram_buckets: int = 10
    num_quantiles_histogram_buckets: int = 10
    infer_type_from_schema: bool = False
    enable_semantic_domain_stats: bool = False
    per_feature_weight_override: Mapping[str, str] | None = None
    add_default_generators: bool = True
    feature_allowlist: Sequence[str] | None = None
    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if self.sample_rate is not None and not 0 < self.sample_rate <= 1:
            raise ValueError(f"sample_rate must be above 0 and at most 1, received {self.sample_rate}.")
        for name in (
            "num_top_values", "num_rank_histogram_buckets", "num_values_histogram_buckets", "num_histogram_buckets",
            "num_quantiles_histogram_buckets",
        ):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, received {getattr(self, name)}.")
        for slicer in self.slice_functions or ():
            if not isinstance(slicer, FeatureValueSlicer):
                raise ValueError(
                    f"slice_functions must hold what get_feature_value_slicer returns, received {slicer!r}."
                )

    @property
    def other_columns(self) -> list[str]:
        """Columns that are needed whatever features are looked at."""
        sliced = [name for slicer in self.slice_functions or () for name in slicer.features]
        return sliced if self.weight_feature is None else [*sliced, self.weight_feature]

    def check_names(self, names: Sequence[str]) -> None:
        """Raises DataError if columns are asked for that are not among these."""
        missing = [name for name in [*(self.feature_allowlist or ()), *self.other_columns] if name not in names]
        if missing:
            raise DataError(f"there are no columns {missing}. The columns are {list(names)}.")
