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

ROOT = FeaturePath()
Parent: TypeAlias = schema_pb2.Schema | schema_pb2.StructDomain


def walk(context: Context) -> Iterator[Described]:
    """Examines all features, mending `context.mended`.

    Yields:
        Every feature examined: those of the schema in its order, each followed by its fields, then those that are new.
    """
    yield from _walk(context.mended, ROOT, context)


def _walk(parent: Parent, path: FeaturePath, context: Context) -> Iterator[Described]:
    known = set()
    for feature in parent.feature:
        here = path.child(feature.name)
        known.add(here)
        if is_validated(feature):
            yield from _walk_known(feature, here, context)
    for evidence in context.dataset.children.get(path, ()):
        if evidence.path not in known:
            yield _add(parent, evidence, context)


def _walk_known(feature: schema_pb2.Feature, path: FeaturePath, context: Context) -> Iterator[Described]:
    yield _examined(feature, path, context)
    if feature.HasField("struct_domain") or (path in context.dataset.children and is_validated(feature)):
        yield from _walk(feature.struct_domain, path, context)


def _examined(feature: schema_pb2.Feature, path: FeaturePath, context: Context) -> Described:
    evidence = context.dataset.features.get(path)
    if evidence is None:
        missing = Described(path, feature, context)
        examine(missing, MISSING_CHECKS)
        return missing
    subject = Subject(path, feature, context, evidence=evidence)
    examine(subject, FEATURE_CHECKS)
    return subject


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
