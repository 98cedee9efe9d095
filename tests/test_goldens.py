"""Headwater against TensorFlow's recorded answers, one parametrised test per case and way of running it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

import headwater as tf
from tests.goldens import compare, store
from tests.goldens.case import Case
from tests.goldens.cases import AREAS, load
from tests.goldens.runner import Runner, parameters, resolve

_ALL = [(area, case) for area in AREAS for case in load(area)]
_each_case = pytest.mark.parametrize(("area", "case"), [pytest.param(a, c, id=f"{a}:{c.name}") for a, c in _ALL])
_RUNNER = Runner(tf)

# Every case is run eagerly. As part of a traced function, which must be compiled, a function's further cases
# ("name/variant") are left to `make long`.
_traced_case = pytest.mark.parametrize(
    ("area", "case"),
    [pytest.param(a, c, id=f"{a}:{c.name}", marks=[pytest.mark.long] * ("/" in c.name)) for a, c in _ALL],
)


@functools.cache
def _golden(area: str) -> store.Reader:
    return store.Reader(area)


@_each_case
def test_eager_value_and_gradient(area: str, case: Case) -> None:
    compare.eager(_RUNNER, case, _golden(area))


@_traced_case
def test_inside_a_function(area: str, case: Case) -> None:
    compare.function(_RUNNER, case, _golden(area))


@_traced_case
def test_static_shape(area: str, case: Case) -> None:
    compare.static_shapes(_RUNNER, case, _golden(area))


@pytest.mark.parametrize("area", AREAS)
def test_cases_and_goldens_are_the_same_set(area: str) -> None:
    names = [case.name for case in load(area)]
    assert len(names) == len(set(names)), "two cases share a name"
    assert names == list(_golden(area).cases), "cases changed: record again with tests/goldens/make_goldens.py"


def test_every_area_has_a_case_table() -> None:
    assert store.areas() == list(AREAS)


def _signatures() -> list[Any]:
    found = {case.symbol: area for area, case in _ALL}
    return [pytest.param(area, symbol, id=symbol) for symbol, area in found.items()]


@pytest.mark.parametrize(("area", "symbol"), _signatures())
def test_parameters_are_tensorflows(area: str, symbol: str) -> None:
    record = next(r for name, r in _golden(area).cases.items() if name.split("/")[0] == symbol)
    assert parameters(tf, symbol) == record["parameters"]


@pytest.mark.parametrize(("area", "symbol"), _signatures())
def test_every_public_name_of_a_function_is_there(area: str, symbol: str) -> None:
    record = next(r for name, r in _golden(area).cases.items() if name.split("/")[0] == symbol)
    different = [name for name in record["names"] if resolve(tf, name) is not resolve(tf, symbol)]
    assert not different, f"not the same function as tf.{symbol}: {different}"
