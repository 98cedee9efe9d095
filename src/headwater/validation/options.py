"""`StatsOptions`: what statistics are made of, and how finely."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import schema_pb2
from headwater.validation.generators._base import StatsGenerator

# Options whose statistics do not follow from how often values occur.
_OF_ROWS = ("vocab_paths", "generators", "label_feature", "enable_semantic_domain_stats", "per_feature_weight_override")


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
        schema: A schema. It says which whole numbers are categories and which bytes are images, and which features are
            composed of others (sparse and weighted ones), for which statistics of their own are added.
        label_feature: The label: for each categorical feature of `schema` the lift of its values is added.
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
        infer_type_from_schema: Whether types of CSV columns come from `schema`. A value of another type is an error.
        enable_semantic_domain_stats: Whether natural language, times and images are recognised among values.
        per_feature_weight_override: For features (names, or paths of one step) the column of weights to use instead of
            `weight_feature`.
        vocab_paths: The files of the vocabularies that natural language domains of `schema` name: one token per line.
        add_default_generators: Whether the common statistics are computed; without, only what `generators` and
            `schema` add.
        generators: `headwater.validation.generators.StatsGenerator`s, which add statistics of their own.
        feature_allowlist: The features to look at; None: all.
        memory_limit: How much memory the computation may take, such as ``"4GB"``; what does not fit goes to
            temporary files. None: 125 MB for each thread and 5 MB for each million rows.
        threads: How many threads; None: one per core.
        temp_directory: Where temporary files go.

    Raises:
        ValueError: If a number is out of range, or an option could have no effect.
    """

    generators: Sequence[StatsGenerator] | None = None
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
    per_feature_weight_override: Mapping[Any, str] | None = None
    vocab_paths: Mapping[str, str | os.PathLike[str]] | None = None
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
        self._check_what_belongs_together()

    def _check_what_belongs_together(self) -> None:
        for generator in self.generators or ():
            if not isinstance(generator, StatsGenerator):
                raise ValueError(
                    "generators must hold instances of subclasses of headwater.validation.generators.StatsGenerator, "
                    f"received {generator!r}."
                )
        missing = sorted({d.vocabulary for d in self.language_domains.values()} - set(self.vocab_paths or ()))
        if self.vocab_paths is not None and missing:
            raise ValueError(f"vocab_paths has no files for the vocabularies {missing}, which the schema names.")
        if self.vocab_paths is not None and not self.language_domains:
            raise ValueError(
                "vocab_paths needs a schema in which a feature has a natural_language_domain with a vocabulary."
            )
        if self.infer_type_from_schema and self.schema is None:
            raise ValueError("infer_type_from_schema needs a schema. Remedy: pass schema=..., or leave it out.")
        if self.label_feature is not None and not self._label_is_categorical():
            raise ValueError(
                f"label_feature {self.label_feature!r} needs a schema in which it is categorical (BYTES, or INT with "
                "int_domain.is_categorical). Remedy: schema=infer_schema(statistics), amended where the label is a "
                "number; or leave label_feature out."
            )
        allowed = self.feature_allowlist
        if self.label_feature is not None and allowed is not None and self.label_feature not in allowed:
            raise ValueError(f"label_feature {self.label_feature!r} must be in feature_allowlist, to be looked at.")
        for path in self.per_feature_weight_override or ():
            if not isinstance(path, str) and len(path) != 1:
                raise ValueError(f"Weights are those of whole features, not of parts such as {path}.")

    def _label_is_categorical(self) -> bool:
        features = [] if self.schema is None else self.schema.feature
        return any(f.name == self.label_feature and is_categorical(f) for f in features)

    @property
    def other_columns(self) -> list[str]:
        """Columns that are needed whatever features are looked at."""
        sliced = [name for slicer in self.slice_functions or () for name in slicer.features]
        single = [name for name in (self.weight_feature, self.label_feature) if name is not None]
        return [*sliced, *single, *self.weights.values()]

    @property
    def language_domains(self) -> dict[str, Any]:
        """The domains, by feature, of natural language with a vocabulary."""
        features = [] if self.schema is None else self.schema.feature
        return {f.name: f.natural_language_domain for f in features if f.natural_language_domain.vocabulary}

    @property
    def looks_at_all_columns(self) -> bool:
        """Whether statistics are of several columns together, or of a sample, which has to be the same for all."""
        return bool(self.sample_rate is not None or self.label_feature or self.generators or self._is_composed)

    @property
    def _is_composed(self) -> bool:
        return self.schema is not None and bool(self.schema.sparse_feature or self.schema.weighted_feature)

    @property
    def weights(self) -> dict[str, str]:
        """The columns of weights of features that have one of their own."""
        override = self.per_feature_weight_override or {}
        return {key if isinstance(key, str) else key[0]: column for key, column in override.items()}

    def refuse_what_needs_rows(self, who: str) -> None:
        """Raises ValueError if statistics are asked for that do not follow from counts, which is all that is there."""
        given = [name for name in _OF_ROWS if getattr(self, name)]
        given += ["schema"] if self._is_composed else []
        given += [] if self.add_default_generators else ["add_default_generators"]
        if given:
            raise ValueError(
                f"{who} counts only, on which {given} have no effect. Remedy: leave them out, or compute statistics of "
                "the data by another function."
            )

    def check_names(self, names: Sequence[str]) -> None:
        """Raises DataError if columns are asked for that are not among these."""
        missing = [name for name in [*(self.feature_allowlist or ()), *self.other_columns] if name not in names]
        if missing:
            raise DataError(f"there are no columns {missing}. The columns are {list(names)}.")


def is_categorical(feature: Any) -> bool:
    """Whether the values of a schema's feature are names rather than amounts."""
    if feature.type == schema_pb2.BYTES:
        return not feature.HasField("image_domain")
    whole = feature.type == schema_pb2.INT
    named = feature.HasField("bool_domain") or feature.HasField("natural_language_domain")
    return whole and (feature.int_domain.is_categorical or named)
