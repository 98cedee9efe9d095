"""Goes through a schema and statistics side by side, and examines every feature of either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from headwater.validation._evidence import Evidence
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import examine
from headwater.validation.anomalies._presence import MISSING_CHECKS, NEW_CHECKS
from headwater.validation.anomalies._subject import Context, Described, Subject, is_validated
from headwater.validation.anomalies._tables import FEATURE_CHECKS
from headwater.validation.schema._describe import add_string_domain, describe

Parent: TypeAlias = schema_pb2.Schema | schema_pb2.StructDomain


def walk(context: Context) -> Iterator[Described]:
    """Examines all features, mending `context.mended`.

    Yields:
        Every feature examined: those of the schema in its order, each followed by its fields, then those that are new.
    """
    root = FeaturePath()
    yield from _walk_known(context.schema, context.mended, root, context)
    yield from _walk_new(context.mended, root, context)


def _walk_known(given: Parent, mended: Parent, path: FeaturePath, context: Context) -> Iterator[Described]:
    for feature, working_copy in zip(given.feature, mended.feature):
        if not is_validated(feature):
            continue
        fields = _copy_of_fields(feature)
        here = path.child(feature.name)
        evidence = context.dataset.features.get(here)
        if evidence is None:
            yield _examined_as_missing(here, working_copy, context)
            yield from _walk_known(fields, working_copy.struct_domain, here, context)
            continue
        yield _examined(evidence, working_copy, context)
        if is_validated(working_copy) and working_copy.HasField("struct_domain"):
            yield from _walk_known(fields, working_copy.struct_domain, here, context)
        else:
            yield from _walk_missing(fields, here, context)
        if is_validated(working_copy):
            yield from _walk_new(working_copy.struct_domain, here, context)


def _copy_of_fields(feature: schema_pb2.Feature) -> schema_pb2.StructDomain:
    """The fields as the schema has them, which mending the feature may drop."""
    copy = schema_pb2.StructDomain()
    if feature.HasField("struct_domain"):
        copy.CopyFrom(feature.struct_domain)
    return copy


def _walk_missing(fields: schema_pb2.StructDomain, path: FeaturePath, context: Context) -> Iterator[Described]:
    """Examines fields of what has turned out to be no struct, where the data do not have them."""
    for feature in fields.feature:
        if not is_validated(feature):
            continue
        here = path.child(feature.name)
        if here not in context.dataset.features:
            yield _examined_as_missing(here, feature, context)
        yield from _walk_missing(feature.struct_domain, here, context)


def _walk_new(mended: Parent, path: FeaturePath, context: Context) -> Iterator[Described]:
    known = {feature.name for feature in mended.feature}
    for evidence in context.dataset.children.get(path, ()):
        if evidence.path[-1] not in known:
            yield _add(mended, evidence, context)


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
