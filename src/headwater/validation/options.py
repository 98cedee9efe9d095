"""`StatsOptions`: what statistics are made of, and how finely."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import json_format

from headwater.validation._errors import DataError
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2
from headwater.validation.generators._base import StatsGenerator

# Options whose statistics do not follow from how often values occur.
_OF_ROWS = ("vocab_paths", "generators", "label_feature", "enable_semantic_domain_stats", "per_feature_weight_override")


_LEAST = {
    "num_top_values": 1, "num_rank_histogram_buckets": 1, "num_values_histogram_buckets": 2,
    "num_histogram_buckets": 1, "num_quantiles_histogram_buckets": 1,
}  # fmt: skip
_TYPES: Sequence[tuple[str, Any, str]] = (
    ("schema", schema_pb2.Schema, "a Schema message"),
    ("feature_allowlist", Sequence, "a list of names"),
    ("generators", Sequence, "a list"),
    ("slice_functions", Sequence, "a list"),
    ("vocab_paths", Mapping, "a dictionary"),
    ("per_feature_weight_override", Mapping, "a dictionary"),
)


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


# TensorFlow Data Validation's name of it.
experimental_get_feature_value_slicer = get_feature_value_slicer


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
        semantic_domain_stats_sample_rate: The share of examples in which they are looked for, from 0 to 1; None: all.
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
        experimental_slice_functions: Another name of `slice_functions`.
        epsilon: Accepted for compatibility, as the six below: figures are exact, and DuckDB decides how it works.
        desired_batch_size: See `epsilon`.
        use_sketch_based_topk_uniques: See `epsilon`.
        experimental_use_sketch_based_topk_uniques: See `epsilon`.
        experimental_result_partitions: See `epsilon`.
        experimental_num_feature_partitions: See `epsilon`.
        experimental_filter_read_paths: See `epsilon`.

    Raises:
        TypeError: If an option is of another type.
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
    semantic_domain_stats_sample_rate: float | None = None
    per_feature_weight_override: Mapping[Any, str] | None = None
    vocab_paths: Mapping[str, str | os.PathLike[str]] | None = None
    add_default_generators: bool = True
    feature_allowlist: Sequence[str] | None = None
    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: str | os.PathLike[str] | None = None

    experimental_slice_functions: dataclasses.InitVar[Sequence[FeatureValueSlicer] | None] = None
    epsilon: dataclasses.InitVar[float] = 0.0
    desired_batch_size: dataclasses.InitVar[int | None] = None
    use_sketch_based_topk_uniques: dataclasses.InitVar[bool | None] = None
    experimental_use_sketch_based_topk_uniques: dataclasses.InitVar[bool | None] = None
    experimental_result_partitions: dataclasses.InitVar[int] = 1
    experimental_num_feature_partitions: dataclasses.InitVar[int] = 1
    experimental_filter_read_paths: dataclasses.InitVar[bool] = False

    def __post_init__(
        self, experimental_slice_functions: Sequence[FeatureValueSlicer] | None, *without_effect: object
    ) -> None:
        if experimental_slice_functions is not None:
            if self.slice_functions is not None:
                raise ValueError("slice_functions and experimental_slice_functions mean the same. Remedy: pass one.")
            self.slice_functions = experimental_slice_functions
        self._check_types()
        self._check_numbers()
        self._check_slicers()
        self._check_what_belongs_together()

    def _check_types(self) -> None:
        for name, expected, what in _TYPES:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, expected) or isinstance(value, str)):
                raise TypeError(f"{name} must be {what}, received {value!r} of type {type(value).__name__}.")

    def _check_numbers(self) -> None:
        for name in ("sample_rate", "semantic_domain_stats_sample_rate"):
            rate = getattr(self, name)
            if rate is not None and not 0 < rate <= 1:
                raise ValueError(f"{name} must be above 0 and at most 1, received {rate}.")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, received {getattr(self, name)}.")

    def _check_slicers(self) -> None:
        for slicer in self.slice_functions or ():
            if not isinstance(slicer, FeatureValueSlicer):
                raise ValueError(
                    f"slice_functions must hold what get_feature_value_slicer returns, received {slicer!r}."
                )

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

    # As JSON ----------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The options as JSON, which `from_json` reads.

        Raises:
            ValueError: If there are generators or slicers, which are Python objects.

        >>> StatsOptions.from_json(StatsOptions(num_top_values=3).to_json()).num_top_values
        3
        """
        for name in ("generators", "slice_functions"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{name} are Python objects, which JSON does not hold. Remedy: set them after reading."
                )
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        found = {name: value for name, value in found.items() if value is not None}
        if self.schema is not None:
            found["schema_json"] = json_format.MessageToJson(found.pop("schema"))
        if self.per_feature_weight_override is not None:
            override = found.pop("per_feature_weight_override")
            found["per_feature_weight_override_json"] = {_path_to_json(k): v for k, v in override.items()}
        return json.dumps({"TYPE_NAME": "StatsOptions", **found}, default=os.fspath)

    @classmethod
    def from_json(cls, options_json: str) -> StatsOptions:
        """The options of a JSON text that `to_json` wrote, or that of TensorFlow Data Validation.

        Raises:
            ValueError: If the text is of something else, or has options that are not known here.
        """
        given = json.loads(options_json)
        if not isinstance(given, dict) or given.pop("TYPE_NAME", "StatsOptions") != "StatsOptions":
            raise ValueError(f"Expected the JSON of StatsOptions, received {options_json[:80]!r}.")
        found = {name.lstrip("_"): value for name, value in given.items() if value is not None}
        if "schema_json" in found:
            found["schema"] = json_format.Parse(found.pop("schema_json"), schema_pb2.Schema())
        if "per_feature_weight_override_json" in found:
            override = found.pop("per_feature_weight_override_json")
            found["per_feature_weight_override"] = {FeaturePath(json.loads(k)): v for k, v in override.items()}
        unknown = sorted(set(found) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"The JSON has the options {unknown}, which are not known here. Remedy: leave them out.")
        return cls(**found)

    # What follows -----------------------------------------------------------------------------------------------

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


def _path_to_json(path: Any) -> str:
    return json.dumps([path] if isinstance(path, str) else list(path))


def is_categorical(feature: Any) -> bool:
    """Whether the values of a schema's feature are names rather than amounts."""
    if feature.type == schema_pb2.BYTES:
        return not feature.HasField("image_domain")
    whole = feature.type == schema_pb2.INT
    named = feature.HasField("bool_domain") or feature.HasField("natural_language_domain")
    return whole and (feature.int_domain.is_categorical or named)
