"""Which examples are anomalous by themselves: goes through a schema and features side by side, as `_walk` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headwater.validation._evidence import TYPE_OF_KIND, Dataset, Evidence, Kind
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._cells import Cells
from headwater.validation.anomalies._check import Type, examine
from headwater.validation.anomalies._conditions import Case, conditions, length_conditions, wrong_type
from headwater.validation.anomalies._presence import MISSING_CHECKS, NEW_CHECKS
from headwater.validation.anomalies._specification import SPECIFICATION_CHECKS
from headwater.validation.anomalies._subject import Context, Described, Subject, is_validated
from headwater.validation.anomalies._types import DOMAINS_OF_STRINGS
from headwater.validation.anomalies._walk import Parent
from headwater.validation.figures.finish import TYPES
from headwater.validation.figures.plan import Feature

ALWAYS, NEVER = "true", "false"
_ONLY_IN_STATISTICS = Type.FEATURE_TYPE_LOW_FRACTION_PRESENT


class Fault(NamedTuple):
    """A way in which examples are anomalous.

    Args:
        path: the feature.
        type: the `AnomalyInfo.Type`.
        examples: SQL that is true of the examples that TensorFlow Data Validation calls anomalous.
        rows: SQL that is true of those whose values are at fault; "false" where a column is, or the schema.
        value: SQL that gives the value of an example.
    """

    path: FeaturePath
    type: int
    examples: str
    rows: str
    value: str = "NULL"

    @property
    def reason(self) -> str:
        """The name of its type."""
        return Type.Type.Name(self.type)

    @property
    def slice(self) -> str:
        """What the statistics of the anomalous examples are called."""
        return f"{self.path.serialized()}_{self.reason}"


def find_faults(schema: schema_pb2.Schema, features: Sequence[Feature]) -> list[Fault]:
    """All ways in which examples can be anomalous, one for each feature and type of anomaly."""
    context = Context.of(schema, Dataset(statistics_pb2.DatasetFeatureStatistics()))
    columns = [(feature, Cells.of(feature)) for feature in features]
    paths = {FeaturePath(path) for feature in features for path in _paths(feature)}
    found: dict[tuple[FeaturePath, int], Fault] = {}
    for fault in (*_of_data(context.mended, columns, context), *_of_missing(schema, FeaturePath(), paths, context)):
        key = fault.path, fault.type
        found[key] = _joined(found[key], fault) if key in found else fault
    return list(found.values())


def _joined(fault: Fault, other: Fault) -> Fault:
    return fault._replace(examples=_or(fault.examples, other.examples), rows=_or(fault.rows, other.rows))


def _or(condition: str, other: str) -> str:
    return ALWAYS if ALWAYS in (condition, other) else f"({condition}) OR ({other})"


def _paths(feature: Feature) -> Iterator[tuple[str, ...]]:
    yield feature.path
    for field in feature.fields:
        yield from _paths(field)


def _of_data(mended: Parent, columns: Sequence[tuple[Feature, Cells]], context: Context) -> Iterator[Fault]:
    described = {feature.name: feature for feature in mended.feature}
    for column, cells in columns:
        path = FeaturePath(column.path)
        feature = described.get(path[-1])
        if feature is None:
            yield from _constant(_examined_as_new(path, context))
        elif is_validated(feature):
            yield from _of_feature(path, feature, column, cells, context)
            if column.fields and is_validated(feature):
                yield from _of_data(feature.struct_domain, list(cells.fields(column)), context)


def _of_missing(parent: Parent, path: FeaturePath, there: set[FeaturePath], context: Context) -> Iterator[Fault]:
    for feature in parent.feature:
        here = path.child(feature.name)
        if is_validated(feature) and here not in there:
            missing = Described(here, _copy(feature), context)
            examine(missing, MISSING_CHECKS)
            yield from _constant(missing)
        if is_validated(feature):
            yield from _of_missing(feature.struct_domain, here, there, context)


def _examined_as_new(path: FeaturePath, context: Context) -> Described:
    new = Described(path, schema_pb2.Feature(), context)
    examine(new, NEW_CHECKS)
    return new


def _constant(described: Described) -> Iterator[Fault]:
    """What was found whatever the values are."""
    for finding in described.findings:
        yield Fault(described.path, finding.type, ALWAYS, NEVER)


def _of_feature(
    path: FeaturePath, feature: schema_pb2.Feature, column: Feature, cells: Cells, context: Context
) -> Iterator[Fault]:
    kind = TYPES[column.kind]
    nothing = statistics_pb2.FeatureNameStatistics(type=kind, num_stats=statistics_pb2.NumericStatistics())
    subject = Subject(path, feature, context, evidence=Evidence(path, nothing, context.dataset))
    examine(subject, SPECIFICATION_CHECKS)
    yield from _constant(subject)
    if is_validated(feature):
        case = Case(feature, kind, cells, context.domains)
        for type_, examples, rows in _of_values(case):
            yield Fault(path, type_, examples, rows, f"{cells.sql}::VARCHAR")


def _of_values(case: Case) -> Iterator[tuple[int, str, str]]:
    """Types of anomalies, the examples that have them, and those whose values are to blame."""
    present = case.cells.is_present
    if case.feature.presence.min_fraction == 1 and not case.cells.many:
        yield _ONLY_IN_STATISTICS, NEVER, f"NOT ({present})"
    for type_, condition in length_conditions(case):
        examples = f"({present}) AND ({condition})"
        yield type_, examples, NEVER if condition == ALWAYS else examples
    if TYPE_OF_KIND[case.kind] != case.feature.type:
        wrong = wrong_type(case)
        yield Type.UNEXPECTED_DATA_TYPE, present, NEVER if wrong is None else case.cells.any(wrong)
    if case.kind == Kind.BYTES and case.feature.WhichOneof("domain_info") in DOMAINS_OF_STRINGS:
        yield Type.DOMAIN_INVALID_FOR_TYPE, present, NEVER
    for type_, condition in conditions(case):
        yield type_, condition, condition


def _copy(feature: schema_pb2.Feature) -> schema_pb2.Feature:
    copy = schema_pb2.Feature()
    copy.CopyFrom(feature)
    return copy
