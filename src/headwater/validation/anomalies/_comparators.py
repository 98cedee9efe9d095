"""Checks of a feature against other data: skew between training and serving, drift between spans of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from headwater.validation._evidence import Dataset, Evidence
from headwater.validation._protos import anomalies_pb2, schema_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Finding, Type
from headwater.validation.anomalies._measures import MEASURES, Measure, Measured, Pair
from headwater.validation.anomalies._subject import Context, Subject


class Control(NamedTuple):
    """Data to compare with.

    Args:
        comparator: the field of a feature's schema that holds the thresholds.
        current: what messages call the data under examination.
        other: what they call these.
        measurements: the field of `DriftSkewInfo` for what is measured.
        dataset: the statistics, if they were given.
    """

    comparator: str
    current: str
    other: str
    measurements: str
    dataset: Callable[[Context], Dataset | None]


CONTROLS = (
    Control("drift_comparator", "current", "previous", "drift_measurements", lambda context: context.previous),
    Control("skew_comparator", "training", "serving", "skew_measurements", lambda context: context.serving),
)


@dataclass
class Comparison:
    """A feature beside the same feature in other data.

    Args:
        feature: its schema, which checks mend.
        evidence: its statistics.
        control: which other data.
        dataset: the statistics of those.
        findings: those of the feature.
        info: what is reported of all its distances.
    """

    feature: schema_pb2.Feature
    evidence: Evidence
    control: Control
    dataset: Dataset
    findings: list[Finding]
    info: anomalies_pb2.DriftSkewInfo

    @property
    def comparator(self) -> schema_pb2.FeatureComparator:
        """The thresholds, in the schema that checks mend."""
        return getattr(self.feature, self.control.comparator)

    @property
    def is_wanted(self) -> bool:
        """Whether the schema asks for a comparison."""
        return any(self.threshold(measure) is not None for measure in MEASURES)

    @property
    def is_possible(self) -> bool:
        """Whether the other data have the feature."""
        return self.evidence.path in self.dataset.features

    @cached_property
    def distances(self) -> dict[Measure, Measured]:
        """What the measures give that find something to measure, or have a threshold to be reported beside."""
        if not self.is_possible:
            return {}
        source = self.comparator.jensen_shannon_divergence.source.type
        pair = Pair(self.evidence, self.dataset.features[self.evidence.path], source)
        found = {measure: measure.apply(pair) or self._nothing(measure) for measure in MEASURES}
        return {measure: distance for measure, distance in found.items() if distance is not None}

    def _nothing(self, measure: Measure) -> Measured | None:
        return None if self.threshold(measure) is None else measure.nothing

    def threshold(self, measure: Measure) -> float | None:
        """The greatest distance that the schema allows."""
        if not self.feature.HasField(self.control.comparator):
            return None
        allowed = getattr(self.comparator, measure.field)
        return allowed.threshold if allowed.HasField("threshold") else None

    def report(self, *_: object) -> None:
        """Adds the distances, with the thresholds as they are, to those reported of the feature."""
        for measure, distance in self.distances.items():
            getattr(self.info, self.control.measurements).add(
                type=measure.type, value=distance.value, threshold=self.threshold(measure)
            )


def comparisons(subject: Subject) -> Iterator[Comparison]:
    """The feature beside itself in each of the other data that were given."""
    for control in CONTROLS:
        dataset = control.dataset(subject.context)
        if dataset is not None:
            yield Comparison(subject.feature, subject.evidence, control, dataset, subject.findings, subject.distances)


def _missing(comparison: Comparison) -> Fields | None:
    if not comparison.is_wanted or comparison.is_possible or not comparison.dataset.examples:
        return None
    return {"other": comparison.control.other}


def _drop_comparator(comparison: Comparison, _: Fields) -> None:
    comparison.feature.ClearField(comparison.control.comparator)


def _too_far(measure: Measure) -> Callable[[Comparison], Fields | None]:
    def find(comparison: Comparison) -> Fields | None:
        threshold, distance = comparison.threshold(measure), comparison.distances.get(measure)
        if threshold is None or distance is None or distance.value <= threshold:
            return None
        where = f" The feature value with maximum difference is: {distance.where}" if measure.nothing else ""
        of = f"{measure.words} between {comparison.control.current} and {comparison.control.other}"
        return {"of": of, "value": distance.value, "threshold": threshold, "where": where}

    return find


def _raise_threshold(measure: Measure) -> Callable[[Comparison, Fields], None]:
    def mend(comparison: Comparison, fields: Fields) -> None:
        getattr(comparison.comparator, measure.field).threshold = fields["value"]

    return mend


_FAR = "The {of} is {value:g} (up to six significant digits), above the threshold {threshold:g}.{where}"

COMPARATOR_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Each(
        comparisons,
        (
            Check(None, mend=Comparison.report),  # before thresholds change
            Check(
                Type.COMPARATOR_CONTROL_DATA_MISSING,
                "{other} data missing",
                "{other} data is missing.",
                _missing,
                _drop_comparator,
            ),
            *(
                Check(measure.reason, "High {of}", _FAR, _too_far(measure), _raise_threshold(measure))
                for measure in MEASURES
            ),
        ),
    ),
)
