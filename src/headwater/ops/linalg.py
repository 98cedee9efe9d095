"""`tf.linalg`: products, factorizations, solvers."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import Tensor
from headwater.ops._common import convert_pair
from headwater.ops.math import MATMUL


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product of the last two dimensions; earlier ones broadcast.

    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[11.]], dtype=float32)>
    """
    a, b = convert_pair(a, b)
    return MATMUL(a, b, transpose_a=bool(transpose_a), transpose_b=bool(transpose_b), name=name)
