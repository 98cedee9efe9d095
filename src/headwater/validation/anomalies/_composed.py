"""Checks of what the schema composes of several features: sparse features and weighted features.

Statistics have an entry for each, under its name, whose custom statistics count what does not fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from headwater.validation._evidence import path_of
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Finding, Type, examine
from headwater.validation.anomalies._subject import UNVALIDATED_STAGES, Context, is_validated

Item: TypeAlias = schema_pb2.SparseFeature | schema_pb2.WeightedFeature


@dataclass
class Composed:
    """A sparse or weighted feature under examination.

    Args:
        path: its name.
        item: what the schema says, in the schema that checks mend.
        twins: what else in the schema has its name.
        entry: its statistics.
        findings: what checks have found.
    """

    path: FeaturePath
    item: Item
    twins: list[schema_pb2.Feature | schema_pb2.SparseFeature]
    entry: statistics_pb2.FeatureNameStatistics
    findings: list[Finding] = field(default_factory=list)

    def retire(self, *_: object) -> None:
        """Takes it out of validation: which of the features is at fault cannot be told."""
        self.item.lifecycle_stage = schema_pb2.DEPRECATED

    def retire_all(self, *_: object) -> None:
        """Takes everything of that name out of validation."""
        for one in (self.item, *self.twins):
            one.lifecycle_stage = schema_pb2.DEPRECATED

    def number(self, name: str) -> float:
        """A custom statistic, 0 if there is none of that name."""
        return next((custom.num for custom in self.entry.custom_stats if custom.name == name), 0.0)


def examine_composed(context: Context) -> Iterator[Composed]:
    """Examines all sparse and weighted features that the statistics have, mending `context.mended`."""
    for entry in context.dataset.proto.features:
        path = path_of(entry)
        if len(path) == 1:
            yield from _examined(path, entry, context.mended)


def composed_names(schema: schema_pb2.Schema) -> set[str]:
    """Names whose entries in statistics tell of sparse and weighted features: no features, and so no new ones."""
    items = (*schema.sparse_feature, *schema.weighted_feature)
    features = {feature.name for feature in schema.feature}
    return {item.name for item in items if _is_validated(item) or item.name not in features}


def _examined(
    path: FeaturePath, entry: statistics_pb2.FeatureNameStatistics, schema: schema_pb2.Schema
) -> Iterator[Composed]:
    (name,) = path
    features = [feature for feature in schema.feature if feature.name == name and is_validated(feature)]
    sparse = [item for item in schema.sparse_feature if item.name == name and _is_validated(item)]
    weighted = [item for item in schema.weighted_feature if item.name == name and _is_validated(item)]
    if weighted:
        subject = Composed(path, weighted[0], [*features, *sparse], entry)
        examine(subject, WEIGHTED_CHECKS)
        yield subject
    elif sparse:
        subject = Composed(path, sparse[0], [*features], entry)
        examine(subject, SPARSE_CHECKS)
        yield subject


def _is_validated(item: Item) -> bool:
    is_deprecated = isinstance(item, schema_pb2.SparseFeature) and item.deprecated
    return not is_deprecated and item.lifecycle_stage not in UNVALIDATED_STAGES


def _collides(subject: Composed) -> bool:
    return bool(subject.twins)


class Figure(NamedTuple):
    """A custom statistic.

    Args:
        subject: the feature.
        name: what is counted.
        of: the index feature it is about; None if about none.
        value: the count.
        findings: those of the feature.
    """

    subject: Composed
    name: str
    of: str | None
    value: float
    findings: list[Finding]


def _figures(subject: Composed) -> Iterator[Figure]:
    """In the order of the statistics, which is that of the reasons."""
    for custom in subject.entry.custom_stats:
        if custom.WhichOneof("val") == "num":
            yield Figure(subject, custom.name, None, custom.num, subject.findings)
        for bucket in custom.rank_histogram.buckets:
            yield Figure(subject, custom.name, bucket.label, int(bucket.sample_count), subject.findings)


def _is(*names: str, of_index: bool) -> Callable[[Figure], bool]:
    return lambda figure: figure.name in names and (figure.of is not None) == of_index


def _counted(figure: Figure) -> Fields | None:
    return figure._asdict() if figure.value else None


def _retire(figure: Figure, _: Fields) -> None:
    figure.subject.retire()


# --------------------------------------------------------------------------- sparse


SPARSE_CHECKS: tuple[Check[Composed] | Each[Composed], ...] = (
    Check(
        Type.SPARSE_FEATURE_NAME_COLLISION,
        "Sparse feature name collision",
        "Sparse feature name collision.",
        when=_collides,
        mend=Composed.retire_all,
        last=True,
    ),
    Each(
        _figures,
        (
            Check(
                Type.SPARSE_FEATURE_MISSING_VALUE,
                "Missing value feature",
                "Found {value:g} examples missing value feature",
                _counted,
                _retire,
                when=_is("missing_value", of_index=False),
            ),
            Check(
                Type.SPARSE_FEATURE_MISSING_INDEX,
                "Missing index feature",
                "Found {value} examples missing index feature: {of}",
                _counted,
                _retire,
                when=_is("missing_index", of_index=True),
            ),
            Check(
                Type.SPARSE_FEATURE_LENGTH_MISMATCH,
                "Length mismatch between value and index feature",
                "Mismatch between index feature: {of} and value column, with {name} = {value}",
                _counted,
                _retire,
                when=_is("min_length_diff", "max_length_diff", of_index=True),
            ),
        ),
    ),
)


# --------------------------------------------------------------------------- weighted


def _differing(subject: Composed) -> Fields | None:
    least, most = subject.number("min_weight_length_diff"), subject.number("max_weight_length_diff")
    return {"least": least, "most": most} if least or most else None


WEIGHTED_CHECKS: tuple[Check[Composed] | Each[Composed], ...] = (
    Check(
        Type.WEIGHTED_FEATURE_NAME_COLLISION,
        "Weighted feature name collision",
        "Weighted feature name collision.",
        when=_collides,
        mend=Composed.retire_all,
        last=True,
    ),
    Each(
        _figures,
        (
            Check(
                Type.WEIGHTED_FEATURE_MISSING_VALUE,
                "Missing value feature",
                "Found {value:g} examples missing value feature.",
                _counted,
                _retire,
                when=_is("missing_value", of_index=False),
            ),
            Check(
                Type.WEIGHTED_FEATURE_MISSING_WEIGHT,
                "Missing weight feature",
                "Found {value:g} examples missing weight feature.",
                _counted,
                _retire,
                when=_is("missing_weight", of_index=False),
            ),
        ),
    ),
    Check(
        Type.WEIGHTED_FEATURE_LENGTH_MISMATCH,
        "Length mismatch between value and weight feature",
        "Mismatch between weight and value feature with min_weight_length_diff = {least:g} and "
        "max_weight_length_diff = {most:g}.",
        _differing,
        Composed.retire,
    ),
)
