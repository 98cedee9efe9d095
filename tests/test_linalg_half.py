"""Factorizations of 16-bit floats: computed in float32, given back in their own dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf

_MATRIX = np.array([[4.0, 1.0], [1.0, 3.0]])
_CALLS: dict[str, Callable[[Any], Any]] = {
    "inv": tf.linalg.inv,
    "qr": tf.linalg.qr,
    "cholesky": tf.linalg.cholesky,
    "eigh": tf.linalg.eigh,
    "solve": lambda x: tf.linalg.solve(x, x[:, :1] * 2),
    "lstsq": lambda x: tf.linalg.lstsq(x, x[:, :1] * 2),
}


@pytest.mark.parametrize("name", _CALLS)
def test_half_precision(name: str) -> None:
    narrow = tf.nest.flatten(_CALLS[name](tf.constant(_MATRIX, tf.float16)))
    wide = tf.nest.flatten(_CALLS[name](tf.constant(_MATRIX, tf.float32)))
    assert all(n.dtype is tf.float16 for n in narrow)
    for n, w in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(n.numpy(), w.numpy(), atol=1e-2)


def test_gradient_has_the_dtype_of_the_matrix() -> None:
    x = tf.constant(_MATRIX, tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.linalg.inv(x) ** 2)
    gradient = tape.gradient(y, x)
    assert gradient.dtype is tf.float16
    np.testing.assert_allclose(gradient.numpy(), [[-0.0556, 0.0571], [0.0571, -0.1127]], atol=1e-3)
