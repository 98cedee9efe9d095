"""A fixed sample of the differential fuzzer's programs: however a program is run, its results and gradients agree."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jax import lax

import headwater as tf
from tests.fuzz import lengths
from tests.fuzz.execute import Outcome
from tests.fuzz.generate import program
from tests.fuzz.plain import uncompiled
from tests.fuzz.run import disagreement, is_compiled, is_reference, is_unstable, modes_of, smaller


@pytest.mark.parametrize("seed", range(8))
def test_programs_agree_with_themselves(seed: int) -> None:
    one = program(seed)
    with contextlib.nullcontext() if seed < 2 or is_compiled(seed, 10) else uncompiled():
        found = disagreement(tf, one, modes_of(seed, 1))
        assert not found or is_unstable(tf, one), f"{found}\n{one.source}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8, 400))
def test_more_programs_agree_with_themselves(seed: int) -> None:
    test_programs_agree_with_themselves(seed)


@pytest.mark.parametrize("seed", range(3))
def test_programs_of_any_length_agree_with_themselves(seed: int) -> None:
    one = lengths.program(seed)
    assert not lengths.disagreement(tf, one), one.source


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3, 200))
def test_more_programs_of_any_length_agree_with_themselves(seed: int) -> None:
    test_programs_of_any_length_agree_with_themselves(seed)


def test_disagreements_are_found_and_made_smaller() -> None:
    one = program(3)
    wrong = one.source.replace("return [", "v0.assign(v0 * tf.cast(tf.executing_eagerly(), F))\n    return [")
    assert wrong != one.source
    one = one.__class__(one.seed, wrong, one.dtype, one.inputs, one.variables)

    def is_wrong(candidate: object) -> bool:
        return "v0" in disagreement(tf, candidate, ["captured"])

    with uncompiled():
        assert is_wrong(one)
        found = smaller(one, is_wrong)
    assert len(found.source.splitlines()) <= 3


_X = np.arange(-6.0, 6.0).reshape(2, 3, 2) / 2
_N = np.array([[-7, 3, 0], [5, -1, 2**31 - 1]], np.int32)
_PRIMITIVES: dict[str, Callable[[], Any]] = {
    "dimensions put in order before a reshape": lambda: lax.reshape(_X, (6, 2), (1, 2, 0)),
    "floats that no integer is": lambda: lax.convert_element_type(np.array([np.nan, 3e9, -np.inf, -1.7]), np.int32),
    "integers that overflow": lambda: lax.mul(lax.add(_N, _N), _N),
    "remainders": lambda: (lax.rem(_N, np.full((2, 3), 3, np.int32)), lax.rem(_X, np.full_like(_X, 0.7))),
    "products in batches": lambda: lax.dot_general(_X, _X, (((2,), (2,)), ((0,), (0,)))),
    "a window that reaches out": lambda: lax.dynamic_slice(_X, (1, 2, -1), (1, 2, 1)),
    "an update that reaches out": lambda: lax.dynamic_update_slice(_X, _X[:1, :2], (5, 2, 0)),
    "padding": lambda: lax.pad(_X, 1.5, ((1, 0, 0), (0, 2, 0), (0, 0, 1))),
    "sums from the end": lambda: (lax.cumsum(_X, 1, reverse=True), lax.cumprod(_N, 0)),
    "places": lambda: (lax.argmax(_X, 1, np.int32), lax.argmin(_N, 0, np.int64)),
    "bits": lambda: lax.bitcast_convert_type(_X, np.int64),
    "choices": lambda: (lax.select(_X > 0, _X, -_X), lax.clamp(-1.0, _X, 1.0)),
    "NaN among maxima": lambda: lax.max(np.array([np.nan, 1.0]), np.array([0.0, np.nan])),
    "order": lambda: (lax.rev(_X, (0, 2)), lax.transpose(_X, (2, 0, 1)), lax.concatenate([_X, _X], 1)),
    "steps": lambda: lax.slice(_X, (0, 0, 1), (2, 3, 2), (1, 2, 1)),
    "spread": lambda: lax.broadcast_in_dim(_X[0, 0], (3, 2, 2), (2,)),
    "reductions": lambda: (lax.reduce_max(_N, (0,)), lax.reduce_sum(_N, (0, 1)), lax.reduce_and(_X > 0, (1,))),
    "shapes of nothing": lambda: (lax.squeeze(_X[:, :1], (1,)), lax.iota(np.int32, 3), lax.full((0, 2), 1.0)),
}


@pytest.mark.parametrize("call", _PRIMITIVES.values(), ids=_PRIMITIVES)
def test_what_is_not_compiled_gives_the_same(call: Callable[[], Any]) -> None:
    with uncompiled():
        plain = call()
    compiled = call()
    for a, b in zip(*[x if isinstance(x, tuple) else (x,) for x in (plain, compiled)], strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)


def test_what_tensorflow_cannot_run_is_no_reference() -> None:
    refused = "InvalidArgumentError: Value for attr 'T' of uint8 is not in the list of allowed values: half, float"
    assert not is_reference(Outcome({}, refused))
    assert not is_reference(Outcome({}, "InternalError: ..."))
    assert is_reference(Outcome({}, "ValueError: AssertionError"))
    assert is_reference(Outcome({}, "InvalidArgumentError: indices[0] = 7 is not in [0, 3)"))
    assert is_reference(Outcome({"output 0": np.zeros(1)}))
