"""Headwater against TensorFlow on variants of every golden case: a fixed sample, and all of them in `make long`."""

from __future__ import annotations

import fnmatch
import functools
from typing import Any

import numpy as np
import pytest

import headwater as tf
from tests.goldens import variants
from tests.goldens.case import Case
from tests.goldens.variants import Variant

_TOLERANCE = {"float16": 5e-3, "bfloat16": 5e-2, "float64": 1e-6, "complex128": 1e-6}
_SAMPLE, _TRACED_SAMPLE = 200, 1000
_REFUSALS = (tf.errors.OpError, ValueError, TypeError, IndexError)
# Where TensorFlow is not followed, as patterns of rows, and why.
_BETTER = {
    "math:math.erf/edges@float64": "erf(-inf) in float64 is NaN there",
    "linalg:tensordot/axes@no columns": "axes of no elements need not agree there",
    "image:image.resize_with_pad@one row": "pictures of one row are refused there",
    "image:image.ssim/map@no rows": "no pictures have maps of another size there",
    "image:image.adjust_hue/bytes@lists": "small integers of 31 bits are computed in float32: the last bit is noise",
    "signal:signal.*rfft/length@no columns": "what lies behind an empty input is read there",
    "signal:signal.inverse_stft@no columns": "the same",
    "signal:signal.mdct@one column": "signals shorter than a frame are refused there, but by `frame` and `stft`",
}


def _is_better(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _BETTER)


@functools.cache
def _recorded() -> dict[str, Any]:
    return variants.recorded()


def _rows() -> list[Any]:
    found = [
        (name, case, variant) for name, case, variant in variants.rows() if name in _recorded() and not _is_better(name)
    ]
    return [
        pytest.param(*row, id=row[0], marks=[pytest.mark.long] * (not variants.in_sample(row[0], _SAMPLE)))
        for row in found
    ]


def _agree(found: list[Any], expected: list[Any]) -> bool:
    if [output[:2] for output in found] != [output[:2] for output in expected]:
        return False
    for mine, theirs in zip(found, expected, strict=True):
        near = _TOLERANCE.get(theirs[0], 0.0 if "int" in theirs[0] else 1e-4)
        if not (mine[2] == theirs[2] or np.allclose(mine[2], theirs[2], rtol=near, atol=near, equal_nan=True)):
            return False
    return True


def _check(name: str, case: Case, variant: Variant, traced: bool) -> None:
    expected = _recorded()[name]
    if isinstance(expected, str):
        with pytest.raises(_REFUSALS) as caught:
            variants.run(tf, case, variant, traced)
        assert not type(caught.value).__module__.startswith("jax")
        return
    outputs = variants.run(tf, case, variant, traced)
    assert outputs is not None
    found = variants.summary(outputs)
    assert _agree(found, expected), f"expected {expected}, received {found}"


@pytest.mark.parametrize(("name", "case", "variant"), _rows())
def test_variant(name: str, case: Case, variant: Variant) -> None:
    _check(name, case, variant, traced=False)


@pytest.mark.parametrize(
    ("name", "case", "variant"),
    [row for row in _rows() if variants.in_sample(row.id, _TRACED_SAMPLE) and row.values[1].function],
)
def test_variant_in_a_function(name: str, case: Case, variant: Variant) -> None:
    _check(name, case, variant, traced=True)


@pytest.mark.parametrize("pattern", _BETTER)
def test_every_exception_is_of_some_row(pattern: str) -> None:
    assert fnmatch.filter(_recorded(), pattern)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "case", "variant"), [row for row in variants.rows() if row[0] in _recorded() and _is_better(row[0])]
)
def test_exceptions_are_still_exceptions(name: str, case: Case, variant: Variant) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, *_REFUSALS)):
        _check(name, case, variant, traced=False)
