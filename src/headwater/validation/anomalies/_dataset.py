"""Checks of a data set as a whole: how many examples it has, by itself and beside other data."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from headwater.validation._evidence import Dataset
from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Finding, Type
from headwater.validation.anomalies._subject import Context


@dataclass
class Whole:
    """A data set under examination.

    Args:
        context: what is given.
        findings: what checks have found.
    """

    context: Context
    findings: list[Finding] = field(default_factory=list)

    @property
    def constraints(self) -> schema_pb2.DatasetConstraints:
        """What the schema asks of it, in the schema that checks mend."""
        return self.context.mended.dataset_constraints


@dataclass
class Growth:
    """The numbers of examples in two data sets.

    Args:
        comparator: what the schema allows, in the schema that checks mend.
        other: what messages call the other data set.
        now: how many examples there are.
        before: how many there are in the other data set.
        findings: those of the data set.
    """

    comparator: schema_pb2.NumericValueComparator
    other: str
    now: float
    before: float
    findings: list[Finding]


_COMPARATORS: tuple[tuple[str, str, Callable[[Context], Dataset | None]], ...] = (
    ("num_examples_drift_comparator", "previous span", lambda context: context.previous),
    ("num_examples_version_comparator", "previous version", lambda context: context.previous_version),
)


def _growths(whole: Whole) -> Iterator[Growth]:
    for name, other, find in _COMPARATORS:
        dataset = find(whole.context)
        if dataset is not None and whole.constraints.HasField(name):
            now, before = _sizes(whole.context.dataset, dataset)
            yield Growth(getattr(whole.constraints, name), other, now, before, whole.findings)


def _sizes(current: Dataset, other: Dataset) -> tuple[float, float]:
    """Numbers of examples, by weight if both have weights: a weight does not compare with a number."""
    if current.by_weight and other.by_weight:
        return current.examples, other.examples
    return current.proto.num_examples, other.proto.num_examples


def _beyond(bound: str, is_beyond: Callable[[float, float], bool]) -> Callable[[Growth], Fields | None]:
    def find(growth: Growth) -> Fields | None:
        if not growth.before or not growth.comparator.HasField(bound):
            return None
        ratio, threshold = growth.now / growth.before, getattr(growth.comparator, bound)
        found = {"ratio": ratio, "threshold": threshold, "other": growth.other}
        return found if is_beyond(ratio, threshold) else None

    return find


def _from_nothing(growth: Growth) -> Fields | None:
    if growth.before or not growth.comparator.HasField("max_fraction_threshold"):
        return None
    return {"other": growth.other}


def _move(bound: str) -> Callable[[Growth, Fields], None]:
    def mend(growth: Growth, fields: Fields) -> None:
        setattr(growth.comparator, bound, fields["ratio"])

    return mend


def _drop_max(growth: Growth, _: Fields) -> None:
    growth.comparator.ClearField("max_fraction_threshold")


def _outside(bound: str, is_beyond: Callable[[float, float], bool]) -> Callable[[Whole], Fields | None]:
    def find(whole: Whole) -> Fields | None:
        constraints, seen = whole.constraints, whole.context.dataset.examples
        is_bad = constraints.HasField(bound) and is_beyond(seen, getattr(constraints, bound))
        return {"seen": seen} if is_bad else None

    return find


def _lower_min(whole: Whole, fields: Fields) -> None:
    whole.constraints.min_examples_count = math.floor(fields["seen"])


def _raise_max(whole: Whole, fields: Fields) -> None:
    whole.constraints.max_examples_count = math.ceil(fields["seen"])


_RATIO = (
    "The ratio of num examples in the current dataset versus the {other} is {ratio:g} (up to six significant digits)"
)

DATASET_CHECKS: tuple[Check[Whole] | Each[Whole], ...] = (
    Each(
        _growths,
        (
            Check(
                Type.COMPARATOR_HIGH_NUM_EXAMPLES,
                "High num examples in current dataset versus the {other}, which has 0.",
                "The {other} has 0 examples, so there is a high number of examples in the current dataset versus the "
                "{other}.",
                _from_nothing,
                _drop_max,
            ),
            Check(
                Type.COMPARATOR_HIGH_NUM_EXAMPLES,
                "High num examples in current dataset versus the {other}.",
                _RATIO + ", which is above the threshold {threshold:g}.",
                _beyond("max_fraction_threshold", operator.gt),
                _move("max_fraction_threshold"),
            ),
            Check(
                Type.COMPARATOR_LOW_NUM_EXAMPLES,
                "Low num examples in current dataset versus the {other}.",
                _RATIO + ", which is below the threshold {threshold:g}.",
                _beyond("min_fraction_threshold", operator.lt),
                _move("min_fraction_threshold"),
            ),
        ),
    ),
    Check(
        Type.DATASET_LOW_NUM_EXAMPLES,
        "Low num examples in dataset.",
        "The dataset has {seen:g} examples, which is fewer than expected.",
        _outside("min_examples_count", operator.lt),
        _lower_min,
    ),
    Check(
        Type.DATASET_HIGH_NUM_EXAMPLES,
        "High num examples in dataset.",
        "The dataset has {seen:g} examples, which is more than expected.",
        _outside("max_examples_count", operator.gt),
        _raise_max,
    ),
)
