"""Goes through statistics and a schema side by side, and examines every feature of either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from headwater.validation._evidence import Evidence
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import examine
from headwater.validation.anomalies._composed import Composed, composed_names, examine_composed
from headwater.validation.anomalies._presence import MISSING_CHECKS, NEW_CHECKS
from headwater.validation.anomalies._subject import Context, Described, Subject, is_validated
from headwater.validation.anomalies._tables import FEATURE_CHECKS
from headwater.validation.schema._describe import add_string_domain, describe

Parent: TypeAlias = schema_pb2.Schema | schema_pb2.StructDomain

_NO_FIELDS = schema_pb2.StructDomain()


def walk(context: Context) -> Iterator[Described | Composed]:
    """Examines all features, mending `context.mended`.

    Yields:
        Every feature examined: first the sparse and the weighted ones, then those of the data in their order, each
        struct followed by its fields, then those that the schema has and the data do not.
    """
    root = FeaturePath()
    context.composed = composed_names(context.mended)
    yield from examine_composed(context)
    yield from _walk_data(context.mended, root, context)
    yield from _walk_missing(context.schema, context.mended, root, context)


def _walk_data(mended: Parent, path: FeaturePath, context: Context) -> Iterator[Described]:
    evidences = context.dataset.children.get(path)
    if not evidences:
        return
    described = {feature.name: feature for feature in mended.feature}
    for evidence in evidences:
        if not path and evidence.path[-1] in context.composed:
            continue  # it only tells of others
        feature = described.get(evidence.path[-1])
        if feature is None:
            yield _add(mended, evidence, context)
        elif is_validated(feature):
            yield _examined(evidence, feature, context)
            if is_validated(feature):
                yield from _walk_data(feature.struct_domain, evidence.path, context)


def _walk_missing(given: Parent, mended: Parent, path: FeaturePath, context: Context) -> Iterator[Described]:
    """Examines what the schema as given has and the data do not. Mends it too, unless a struct around it has gone."""
    twins = {feature.name: feature for feature in mended.feature}
    for feature in given.feature:
        if not is_validated(feature):
            continue
        here = path.child(feature.name)
        twin = twins.get(feature.name)
        missing = here not in context.dataset.features
        if missing:
            yield _examined_as_missing(here, _copy(feature) if twin is None else twin, context)
        if feature.HasField("struct_domain"):
            kept = twin.struct_domain if twin is not None and (missing or is_validated(twin)) else _NO_FIELDS
            yield from _walk_missing(feature.struct_domain, kept, here, context)


def _examined(evidence: Evidence, feature: schema_pb2.Feature, context: Context) -> Subject:
    subject = Subject(evidence.path, feature, context, evidence=evidence)
    examine(subject, FEATURE_CHECKS)
    return subject


def _examined_as_missing(path: FeaturePath, feature: schema_pb2.Feature, context: Context) -> Described:
    missing = Described(path, feature, context)
    examine(missing, MISSING_CHECKS)
    return missing


def _add(parent: Parent, evidence: Evidence, context: Context) -> Described:
    feature = parent.feature.add()
    subject = Described(evidence.path, feature, context)
    examine(subject, NEW_CHECKS)
    _describe(feature, evidence, context)
    return subject


def _describe(feature: schema_pb2.Feature, evidence: Evidence, context: Context) -> None:
    """Fills in a new feature and, if it is a struct, its fields."""
    feature.name = evidence.path[-1]
    values = describe(feature, evidence, context.options)
    if values:
        feature.domain = add_string_domain(context.mended, evidence.path.serialized(), values, context.taken)
    for child in context.dataset.children.get(evidence.path, ()):
        _describe(feature.struct_domain.feature.add(), child, context)


def _copy(feature: schema_pb2.Feature) -> schema_pb2.Feature:
    copy = schema_pb2.Feature()
    copy.CopyFrom(feature)
    return copy
