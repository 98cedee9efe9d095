"""What the checks of features look at: a feature's schema, its statistics, and what is given besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from headwater.validation._evidence import Dataset, Evidence
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import anomalies_pb2, schema_pb2
from headwater.validation.anomalies._check import Finding
from headwater.validation.schema._describe import Options

# Features in these stages are known not to be as described, so nobody wants to hear of it.
UNVALIDATED_STAGES = frozenset(
    {
        schema_pb2.PLANNED,
        schema_pb2.ALPHA,
        schema_pb2.DEPRECATED,
        schema_pb2.DEBUG_ONLY,
        schema_pb2.DISABLED,
    }
)


@dataclass
class Context:
    """What is given besides the feature.

    Args:
        schema: the schema as it was given.
        mended: its copy, in which checks mend.
        dataset: the statistics under examination.
        environment: where the data come from; empty for anywhere.
        previous: the statistics to find drift against.
        serving: the statistics to find skew against.
        previous_version: the statistics of an earlier version of the same data.
        options: how features are described that the schema does not know.
        cumulative: whether a string that one feature adds to a shared domain is no longer strange in the next.

    `domains` are the string domains by name, `taken` those names, and `composed` the names of sparse and weighted
    features, of which statistics have entries that are not about values.
    """

    schema: schema_pb2.Schema
    mended: schema_pb2.Schema
    dataset: Dataset
    environment: str = ""
    previous: Dataset | None = None
    serving: Dataset | None = None
    previous_version: Dataset | None = None
    options: Options = field(default_factory=Options)
    cumulative: bool = False
    domains: dict[str, schema_pb2.StringDomain] = field(init=False)
    taken: set[str] = field(init=False)
    composed: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._mended_domains = {domain.name: domain for domain in self.mended.string_domain}
        given = {domain.name: domain for domain in self.schema.string_domain}
        self.domains = self._mended_domains if self.cumulative else given
        self.taken = set(given)

    @classmethod
    def of(cls, schema: schema_pb2.Schema, dataset: Dataset, *rest: Any, **options: Any) -> Context:
        """The context of an examination, with a schema to mend that is still as given."""
        mended = schema_pb2.Schema()
        mended.CopyFrom(schema)
        return cls(schema, mended, dataset, *rest, **options)

    def allow(self, domain: str, values: Iterable[str]) -> None:
        """Adds values to a named string domain of the mended schema, each once."""
        mended = self._mended_domains[domain]
        known = set(mended.value)
        mended.value.extend(value for value in values if value not in known)


@dataclass
class Described:
    """A feature of the schema under examination; the data may not have it.

    Args:
        path: where it stands.
        feature: its schema, a part of `context.mended` that checks mend.
        context: what is given besides.
        findings: what checks have found.
    """

    path: FeaturePath
    feature: schema_pb2.Feature
    context: Context
    findings: list[Finding] = field(default_factory=list)

    def retire(self, *_: object) -> None:
        """Takes the feature out of validation, and its fields with it."""
        self.feature.lifecycle_stage = schema_pb2.DEPRECATED

    @property
    def domain_kind(self) -> str:
        """Which domain the schema gives the feature, such as "int_domain"; "UNSET" for none."""
        return self.feature.WhichOneof("domain_info") or "UNSET"

    def clear_domain(self, *_: object) -> None:
        """Takes the domain, if there is one, out of the feature, with the constraints that need one."""
        if (kind := self.feature.WhichOneof("domain_info")) is not None:
            self.feature.ClearField(kind)
            self.feature.ClearField("distribution_constraints")

    @property
    def enumerates(self) -> bool:
        """Whether its domain is one of enumerated strings."""
        return self.domain_kind in ("domain", "string_domain")


@dataclass(kw_only=True)
class Subject(Described):
    """A feature under examination that the data have.

    Args:
        evidence: its statistics.
        refuted: whether they contradict the kind of domain it has.
        distances: how far they are from those of other data.
    """

    evidence: Evidence
    refuted: bool = False
    distances: anomalies_pb2.DriftSkewInfo = field(default_factory=anomalies_pb2.DriftSkewInfo)

    def refute_domain(self, *_: object) -> None:
        """Takes the domain out of the feature because the data are of another kind."""
        self.clear_domain()
        self.refuted = True

    @property
    def allowed(self) -> Iterable[str]:
        """The strings that its domain enumerates."""
        if self.feature.HasField("string_domain"):
            return self.feature.string_domain.value
        return self.context.domains[self.feature.domain].value

    def allow(self, values: Iterable[str]) -> None:
        """Adds strings to its domain."""
        if self.feature.HasField("string_domain"):
            self.feature.string_domain.value.extend(values)
        else:
            self.context.allow(self.feature.domain, values)


def is_validated(feature: schema_pb2.Feature) -> bool:
    """Whether the feature is in a stage of its life in which data are held against its schema."""
    return not feature.deprecated and feature.lifecycle_stage not in UNVALIDATED_STAGES


def is_required(feature: schema_pb2.Feature) -> bool:
    """Whether the schema asks for the feature in some example."""
    return feature.presence.min_count > 0 or feature.presence.min_fraction > 0


def in_environment(feature: schema_pb2.Feature, environment: str, schema: schema_pb2.Schema) -> bool:
    """Whether data of that environment are to have the feature."""
    if not environment or environment in feature.in_environment:
        return True
    return environment not in feature.not_in_environment and environment in schema.default_environment
