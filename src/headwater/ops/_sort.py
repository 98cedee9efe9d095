"""Order: the largest, the sorted, the ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, element, first, outside
from headwater.core.dtypes import as_dtype
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._common import single_axis
from headwater.ops._inputs import BOOL, FLOATING, INTEGER, NUMBER, REAL, one_axis, static_integers, tensor_of


def _numpy(dtype: Any) -> Any:
    return np.dtype(as_dtype(dtype).as_numpy_dtype)


# The place of the largest and smallest ---------------------------------------------------------------------------


@op("ArgMax", differentiable=False)
def ARG_MAX(x: Any, *, axis: int, output_type: Any) -> Any:
    return jnp.argmax(x, one_axis(axis, x.ndim)).astype(output_type)


@op("ArgMin", differentiable=False)
def ARG_MIN(x: Any, *, axis: int, output_type: Any) -> Any:
    return jnp.argmin(x, one_axis(axis, x.ndim)).astype(output_type)


def argmax(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """Finds the index of the largest element along an axis; of ties, the first.

    Args:
        input: A tensor.
        axis: The axis; 0 by default.
        output_type: The dtype of the indices.
        name: A name for the operation.

    >>> tf.argmax([[1, 5], [7, 4]], axis=1).numpy()
    array([1, 0])
    """
    x = tensor_of(input, "ArgMax", NUMBER + BOOL)
    return ARG_MAX(x, axis=0 if axis is None else single_axis(axis), output_type=_numpy(output_type), name=name)


def argmin(input: Any, axis: Any = None, output_type: Any = dtypes.int64, name: str | None = None) -> Tensor:
    """Finds the index of the smallest element along an axis; of ties, the first.

    >>> tf.argmin([[1, 5], [7, 4]], axis=1).numpy()
    array([0, 1])
    """
    x = tensor_of(input, "ArgMin", NUMBER + BOOL)
    return ARG_MIN(x, axis=0 if axis is None else single_axis(axis), output_type=_numpy(output_type), name=name)


# The largest, in order -------------------------------------------------------------------------------------------


class TopKV2(NamedTuple):
    """The largest elements and their positions."""

    values: Tensor
    indices: Tensor


@op("TopKV2", static=(1,))
def TOP_K(x: Any, k: Any, *, sorted: bool, index_type: Any) -> Any:
    count = int(k)
    if x.ndim == 0 or x.shape[-1] < count:
        raise ValueError(f"input must have last dimension >= k = {count} but is {x.shape[-1] if x.ndim else None}.")
    values, indices = lax.top_k(x, count)
    return values, indices.astype(index_type)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32, name: str | None = None
) -> TopKV2:
    """Finds the `k` largest elements along the last axis, largest first; of ties, the first come first.

    Args:
        input: A tensor.
        k: How many.
        sorted: Accepted for compatibility: the result is always sorted.
        index_type: The dtype of the positions.
        name: A name for the operation.

    Returns:
        ``(values, indices)``.

    Raises:
        InvalidArgumentError: (ValueError while tracing) if there are fewer elements.

    >>> tf.math.top_k([1, 9, 5], k=2).values.numpy()
    array([9, 5], dtype=int32)
    """
    x = tensor_of(input, "TopKV2", REAL)
    return TopKV2(*TOP_K(x, static_integers(k), sorted=bool(sorted), index_type=_numpy(index_type), name=name))


@op("InTopKV2", static=(2,), differentiable=False)
def IN_TOP_K(predictions: Any, targets: Any, k: Any) -> Any:
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise ValueError(
            f"Expected predictions [rows, classes] and targets [rows], received {list(predictions.shape)} and "
            f"{list(targets.shape)}."
        )
    classes = predictions.shape[1]
    chosen = jnp.take_along_axis(predictions, jnp.clip(targets, 0, classes - 1)[:, None], 1)
    better = jnp.sum(predictions > chosen, 1)
    sane = jnp.isfinite(predictions).all(1) & (targets >= 0) & (targets < classes)
    return (better < int(k)) & sane


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Tensor:
    """Says for each row of predictions whether the target class is among the `k` largest (ties count).

    >>> tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).numpy()
    array([ True, False])
    """
    classes = tensor_of(targets, "InTopKV2", INTEGER, dtypes.int32)
    return IN_TOP_K(convert_to_tensor(predictions), classes, static_integers(k), name=name)


@op("ApproxTopK")
def APPROX_TOP_K(x: Any, *, k: int, axis: int, recall_target: float, is_max_k: bool, aggregate_to_topk: bool) -> Any:
    find = lax.approx_max_k if is_max_k else lax.approx_min_k
    return tuple(find(x, k, axis, recall_target, aggregate_to_topk=aggregate_to_topk))


def _approximate(operand: Any, k: int, axis: int, recall: float, whole: bool, is_max: bool, name: Any) -> Any:
    x = tensor_of(operand, "ApproxTopK", FLOATING)
    options: dict[str, Any] = {"recall_target": float(recall), "is_max_k": is_max, "aggregate_to_topk": bool(whole)}
    return APPROX_TOP_K(x, k=int(k), axis=int(axis), name=name, **options)


def approx_max_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Finds about the `k` largest elements along an axis: exact on CPU, faster and approximate on TPU.

    Args:
        operand: A tensor of floats.
        k: How many.
        reduction_dimension: The axis.
        recall_target: Which part of the true ones must be found.
        reduction_input_size_override: Accepted for compatibility.
        aggregate_to_topk: Whether exactly `k` are returned.
        name: A name for the operation.

    Returns:
        ``(values, indices)``.

    >>> tf.math.approx_max_k([1.0, 9.0, 5.0], 2)[0].numpy()
    array([9., 5.], dtype=float32)
    """
    return _approximate(operand, k, reduction_dimension, recall_target, aggregate_to_topk, True, name)


def approx_min_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Finds about the `k` smallest elements along an axis; see `approx_max_k`.

    >>> tf.math.approx_min_k([1.0, 9.0, 5.0], 2)[0].numpy()
    array([1., 5.], dtype=float32)
    """
    return _approximate(operand, k, reduction_dimension, recall_target, aggregate_to_topk, False, name)


# Sorting ---------------------------------------------------------------------------------------------------------

_DIRECTIONS = ("ASCENDING", "DESCENDING")


def _descending(x: Any) -> Any:
    """Numbers in the opposite order (for integers without overflow)."""
    return ~x if jnp.issubdtype(x.dtype, jnp.integer) else -x


@op("Sort")
def SORT(x: Any, *, axis: int, direction: str) -> Any:
    ordered = jnp.sort(x, one_axis(axis, x.ndim))
    return ordered if direction == "ASCENDING" else jnp.flip(ordered, axis)


@op("ArgSort", differentiable=False)
def ARG_SORT(x: Any, *, axis: int, direction: str) -> Any:
    keys = x if direction == "ASCENDING" else _descending(x)
    return jnp.argsort(keys, one_axis(axis, x.ndim), stable=True).astype(np.int32)


def _check_direction(direction: str) -> None:
    if direction not in _DIRECTIONS:
        raise ValueError(f"Expected a direction of {' or '.join(_DIRECTIONS)}, received {direction!r}.")


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Sorts along an axis.

    Args:
        values: A tensor of real numbers.
        axis: The axis.
        direction: ``"ASCENDING"`` or ``"DESCENDING"``.
        name: A name for the operation.

    Raises:
        ValueError: If `direction` is another.

    >>> tf.sort([3, 1, 2]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    _check_direction(direction)
    return SORT(tensor_of(values, "Sort", REAL), axis=single_axis(axis), direction=direction, name=name)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """Finds the int32 indices that sort along an axis. Always stable: equal elements keep their order.

    >>> tf.argsort([3, 1, 2]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    _check_direction(direction)
    return ARG_SORT(tensor_of(values, "ArgSort", REAL), axis=single_axis(axis), direction=direction, name=name)


def _occurrences(x: Any) -> Any:
    """How often each position stands in `x`."""
    if isinstance(x, np.ndarray):
        return np.bincount(x[(x >= 0) & (x < x.size)].astype(np.int64), minlength=x.size)
    return jnp.zeros(x.size, np.int32).at[x].add(1, mode="drop")


def _no_permutation(x: Any) -> Verdict:
    if not x.size:
        return None
    bad, place = first(outside(x, 0, x.size))
    twice, value = first(_occurrences(x) > 1)
    return bad | twice, (bad, element(x, place), value), (x.size,)


def _say_no_permutation(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
    bad, value, twice = found[:3]
    return f"{value} is not between 0 and {known[0]}" if bad else f"{twice} is duplicated in the input."


@op("InvertPermutation", differentiable=False, check=Check(_no_permutation, _say_no_permutation, values=(0,)))
def INVERT_PERMUTATION(x: Any) -> Any:
    if x.ndim != 1:
        raise ValueError(f"Expected a vector, received shape {list(x.shape)}.")
    return jnp.zeros_like(x).at[x].set(jnp.arange(x.shape[0], dtype=x.dtype))


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """Inverts a permutation: ``y[x[i]] == i``.

    Raises:
        InvalidArgumentError: If `x` is not a permutation of ``0..n-1``.

    >>> tf.math.invert_permutation([2, 0, 1]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return INVERT_PERMUTATION(tensor_of(x, "InvertPermutation", INTEGER, dtypes.int32), name=name)


@op("IsNonDecreasing", differentiable=False)
def IS_NON_DECREASING(x: Any) -> Any:
    flat = jnp.reshape(x, -1)
    return jnp.all(flat[1:] >= flat[:-1])


@op("IsStrictlyIncreasing", differentiable=False)
def IS_STRICTLY_INCREASING(x: Any) -> Any:
    flat = jnp.reshape(x, -1)
    return jnp.all(flat[1:] > flat[:-1])


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Says whether the elements, in row-major order, never get smaller.

    >>> bool(tf.math.is_non_decreasing([1, 1, 3]))
    True
    """
    return IS_NON_DECREASING(tensor_of(x, "IsNonDecreasing", REAL), name=name)


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Says whether the elements, in row-major order, always get larger.

    >>> bool(tf.math.is_strictly_increasing([1, 1, 3]))
    False
    """
    return IS_STRICTLY_INCREASING(tensor_of(x, "IsStrictlyIncreasing", REAL), name=name)
