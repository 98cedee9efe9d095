"""Schemas and statistics to compare data with other data by; every reason has data that give it and data that do not.

Names end in "bad" where the reason they begin with is to be given, else in "good".
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.validation.goldens.schema.cases import data, floats, numbers, strings


class Case(NamedTuple):
    """A schema and statistics to hold against it, beside others."""

    name: str
    schema: str
    statistics: str
    previous: str | None = None
    serving: str | None = None
    version: str | None = None


def histogram(*buckets: tuple[object, object, float], kind: str = "STANDARD", nan: int = 0) -> str:
    inside = " ".join(
        f"buckets {{ low_value: {low} high_value: {high} sample_count: {count} }}" for low, high, count in buckets
    )
    return f"histograms {{ type: {kind} num_nan: {nan} {inside} }}"


def schema(*thresholds: str, type: str = "BYTES") -> str:
    return f'feature {{ name: "a" type: {type} {" ".join(thresholds)} }}'


def at(measure: str, threshold: float, more: str = "") -> str:
    return f"{measure} {{ threshold: {threshold} {more} }}"


def drift(*limits: str) -> str:
    return f"drift_comparator {{ {' '.join(limits)} }}"


def skew(*limits: str) -> str:
    return f"skew_comparator {{ {' '.join(limits)} }}"


L_INFTY, NAD, JSD = "infinity_norm", "normalized_abs_difference", "jensen_shannon_divergence"
REASONS = {
    L_INFTY: "COMPARATOR_L_INFTY_HIGH",
    NAD: "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
    JSD: "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
}
CASH = data(strings({"Cash": 6, "Card": 4}))
CARD = data(strings({"Cash": 2, "Card": 7, "Cheque": 1}))
EMPTY = "datasets { }"
FLAT = data(floats(0, 4, more=histogram((0, 2, 5), (2, 4, 5))))
STEEP = data(floats(0, 4, more=histogram((0, 2, 9), (2, 4, 1))))
QUANTILES = (
    data(floats(0, 4, more=histogram((0, 4, 10)) + histogram((0, 1, 5), (1, 4, 5), kind="QUANTILES"))),
    data(floats(0, 4, more=histogram((0, 4, 10)) + histogram((0, 3, 5), (3, 4, 5), kind="QUANTILES"))),
)
ALL = tuple(at(measure, 0.01) for measure in REASONS)


def of_strings() -> Iterator[Case]:
    for measure, reason in REASONS.items():
        yield Case(f"{reason} drift bad", schema(drift(at(measure, 0.05))), CASH, previous=CARD)
        yield Case(f"{reason} drift good", schema(drift(at(measure, 0.9))), CASH, previous=CARD)
        yield Case(f"{reason} skew bad", schema(skew(at(measure, 0.05))), CASH, serving=CARD)
        yield Case(f"{reason} skew good", schema(skew(at(measure, 0.9))), CASH, serving=CARD)
        yield Case(f"{reason} nothing there good", schema(drift(at(measure, 0))), data(strings({})), data(strings({})))
        yield Case(f"{reason} nothing before", schema(drift(at(measure, 0))), CASH, data(strings({})))
        integers = schema(drift(at(measure, 0.01)), type="INT")
        yield Case(f"{reason} of integers without histogram", integers, data(numbers()), data(numbers()))
    everything = schema(drift(*ALL), skew(*ALL))
    yield Case("several drift and skew", everything, CASH, previous=CARD, serving=data(strings({"Card": 1})))
    yield Case("several with none to compare", everything, CASH)


def of_numbers() -> Iterator[Case]:
    reason, flat = REASONS[JSD], schema(drift(at(JSD, 0.05)), type="FLOAT")
    of_quantiles = schema(drift(at(JSD, 0.05, "source { type: QUANTILES }")), type="FLOAT")
    of_standard = schema(drift(at(JSD, 0.05, "source { type: STANDARD }")), type="FLOAT")
    yield Case(f"{reason} numbers bad", flat, FLAT, previous=STEEP)
    yield Case(f"{reason} numbers good", flat, FLAT, previous=FLAT)
    yield Case(f"{reason} quantiles bad", of_quantiles, *QUANTILES)
    yield Case(f"{reason} quantiles not looked at good", of_standard, *QUANTILES)
    yield Case(f"{reason} no quantiles", of_quantiles, FLAT, previous=STEEP)
    yield Case(f"{reason} no histograms", flat, data(floats()), previous=data(floats()))


def of_missing() -> Iterator[Case]:
    reason, other = "COMPARATOR_CONTROL_DATA_MISSING", data(strings({"x": 1}, name="b"))
    both = schema(drift(at(L_INFTY, 0.1)), skew(at(L_INFTY, 0.1)))
    yield Case(f"{reason} drift bad", schema(drift(at(L_INFTY, 0.1))), CASH, previous=other)
    yield Case(f"{reason} skew bad", schema(skew(at(L_INFTY, 0.1))), CASH, serving=other)
    yield Case(f"{reason} both bad", both, CASH, previous=other, serving=other)
    yield Case(f"{reason} one bad", both, CASH, previous=CASH, serving=other)
    yield Case(f"{reason} empty good", schema(drift(at(L_INFTY, 0.1))), CASH, previous=EMPTY)
    yield Case(f"{reason} no threshold good", schema(), CASH, previous=other)
    yield Case(f"{reason} idle comparator", schema("drift_comparator { infinity_norm {} }"), CASH, previous=other)


def constraints(text: str) -> str:
    return f"{schema()} dataset_constraints {{ {text} }}"


def of_growth() -> Iterator[Case]:
    few, many = data(strings({"x": 1}), examples=4), data(strings({"x": 1}), examples=10)
    none = data(strings({"x": 1}, present=0), examples=0)
    for name, which in (("drift", "previous"), ("version", "version")):
        field = f"num_examples_{name}_comparator"
        low = constraints(f"{field} {{ min_fraction_threshold: 0.7 }}")
        high = constraints(f"{field} {{ max_fraction_threshold: 1.3 }}")
        both = constraints(f"{field} {{ min_fraction_threshold: 1.1 max_fraction_threshold: 1.0 }}")
        for reason, text, bad, good in (
            ("COMPARATOR_LOW_NUM_EXAMPLES", low, (few, many), (many, few)),
            ("COMPARATOR_HIGH_NUM_EXAMPLES", high, (many, few), (few, many)),
        ):
            yield Case(f"{reason} {which} bad", text, bad[0], **{which: bad[1]})
            yield Case(f"{reason} {which} good", text, good[0], **{which: good[1]})
        yield Case(f"growth where nothing is right, {which}", both, many, **{which: many})
        yield Case(f"growth from nothing {which}", high, many, **{which: none})
        yield Case(f"growth without other data {which}", both, many)
        yield Case(f"growth, other data empty {which}", both, many, **{which: EMPTY})
    low, high = constraints("min_examples_count: 5"), constraints("min_examples_count: 1 max_examples_count: 5")
    yield Case("DATASET_LOW_NUM_EXAMPLES bad", low, few)
    yield Case("DATASET_LOW_NUM_EXAMPLES good", low, many)
    yield Case("DATASET_HIGH_NUM_EXAMPLES bad", high, many)
    yield Case("DATASET_HIGH_NUM_EXAMPLES good", high, few)
    yield Case("all of the data set", constraints(ALL_OF_DATASET), many, previous=few, version=few)


ALL_OF_DATASET = (
    "num_examples_drift_comparator { max_fraction_threshold: 1 } min_examples_count: 20 max_examples_count: 5 "
    "num_examples_version_comparator { max_fraction_threshold: 1 }"
)


def cases() -> Iterator[Case]:
    for part in (of_strings, of_numbers, of_missing, of_growth):
        yield from part()


# --------------------------------------------------------------------------- distances at random


def _bounds(source: random.Random) -> list[float]:
    grid = [-3, -2, -1, 0, 0.5, 1, 1.5, 2, 4, 8] if source.random() < 0.5 else [source.gauss(0, 3) for _ in range(9)]
    bounds = sorted(source.sample(grid, source.randint(2, 6)))
    if source.random() < 0.25:  # a single value with a bucket to itself
        bounds.append(bounds[-1])
    if source.random() < 0.15:
        bounds.append(float("inf"))
    if source.random() < 0.15:
        bounds.insert(0, float("-inf"))
    return bounds


def _random_histogram(source: random.Random, kind: str) -> str:
    bounds = _bounds(source)
    count = source.choice([1, 10, 1000])
    nan = source.choice([0, 0, 0, 3])
    buckets = [(low, high, round(count * source.random(), 2)) for low, high in itertools.pairwise(bounds)]
    return histogram(*buckets, kind=kind, nan=nan)


def _random_strings(source: random.Random) -> str:
    labels = source.sample("abcdefghij", source.randint(0, 6))
    return data(strings({label: round(100 * source.random(), 2) for label in labels}))


def _random_numbers(source: random.Random) -> str:
    return data(floats(more=" ".join(_random_histogram(source, kind) for kind in ("STANDARD", "QUANTILES"))))


def random_case(source: random.Random) -> Case:
    """Every distance of two random distributions."""
    if source.random() < 0.4:
        text = schema(drift(*(at(measure, 1e-6) for measure in REASONS)))
        return Case("strings", text, _random_strings(source), previous=_random_strings(source))
    kind = source.choice(["STANDARD", "QUANTILES"])
    text = schema(drift(at(JSD, 1e-6, f"source {{ type: {kind} }}")), type="FLOAT")
    return Case("numbers", text, _random_numbers(source), previous=_random_numbers(source))
