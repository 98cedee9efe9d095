"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import divide, multiply
from headwater.ops._cast import cast
from headwater.ops._common import axes
from headwater.ops._decompose import svd
from headwater.ops._elementwise import abs, conj, sqrt
from headwater.ops._inputs import static_rank
from headwater.ops._reduce import reduce_max, reduce_sum
from headwater.ops._shape import expand_dims, transpose

_VECTOR_ORDERS = ("fro", "euclidean", 1, 2, np.inf)


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: str | None = None
) -> Tensor:
    """Computes norms of vectors or matrices.

    Args:
        tensor: A tensor of floats or complex numbers.
        ord: ``"euclidean"``, 1, 2, ``np.inf`` or any positive number for vectors; ``"fro"`` (the same as
            ``"euclidean"``), 1, 2 (the largest singular value) or ``np.inf`` for matrices.
        axis: An axis for vectors, two for matrices; None takes all elements as one vector.
        keepdims: Whether reduced axes stay, with size 1.
        name: A name for the operation.

    Returns:
        The norms, in the dtype of `tensor`.

    Raises:
        ValueError: If `ord` is not one of these.

    >>> tf.norm([[3.0, 4.0], [6.0, 8.0]], axis=1).numpy()
    array([ 5., 10.], dtype=float32)
    """
    x = convert_to_tensor(tensor)
    places, keep = axes(axis), bool(keepdims)
    matrices = places is not None and len(places) == 2
    _check_order(ord, matrices)
    if ord in ("fro", "euclidean") or (ord == 2 and not matrices):
        return sqrt(reduce_sum(multiply(x, conj(x)), places, keep), name=name)
    if matrices:
        return cast(_matrix_norm(x, ord, places or (), keep), x.dtype, name)
    sizes = abs(x)
    if ord == 1:
        found = reduce_sum(sizes, places, keep)
    elif ord == np.inf:
        found = reduce_max(sizes, places, keep)
    else:
        found = reduce_sum(sizes**ord, places, keep) ** (1.0 / ord)
    return cast(found, x.dtype, name)


def _check_order(order: Any, matrices: bool) -> None:
    if matrices and order not in _VECTOR_ORDERS:
        raise ValueError(f"'ord' must be one of {_VECTOR_ORDERS} for matrices, received {order!r}.")
    if not matrices and (
        (isinstance(order, str) and order not in _VECTOR_ORDERS) or (not isinstance(order, str) and order <= 0)
    ):
        raise ValueError(f"'ord' must be 'euclidean', np.inf or a positive number for vectors, received {order!r}.")


def _matrix_norm(x: Tensor, order: Any, places: tuple[int, ...], keep: bool) -> Tensor:
    rank = static_rank(x, "norm")
    rows, columns = (p % rank for p in places)
    if order == 2:
        moved = transpose(x, [*[i for i in range(rank) if i not in (rows, columns)], rows, columns])
        found = reduce_max(svd(moved, compute_uv=False), -1)
        for place in sorted((rows, columns)) if keep else ():
            found = expand_dims(found, place)
        return found
    first, second = (rows, columns) if order == 1 else (columns, rows)
    sums = reduce_sum(abs(x), first, keepdims=True)
    largest = reduce_max(sums, second, keepdims=True)
    return largest if keep else _without(largest, (rows, columns))


def _without(x: Tensor, places: tuple[int, int]) -> Tensor:
    return reduce_sum(x, places)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Divides by the norm.

    Args:
        tensor: A tensor of floats or complex numbers.
        ord: See `norm`.
        axis: See `norm`.
        name: A name for the operation.

    Returns:
        The normalized tensor, and the norms (with axes kept).

    >>> tf.linalg.normalize([3.0, 4.0])[0].numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = convert_to_tensor(tensor)
    size = norm(x, ord, axis, keepdims=True)
    return divide(x, cast(size, x.dtype), name=name), size
