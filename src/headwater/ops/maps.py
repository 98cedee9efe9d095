"""Functions applied along the first axis: `tf.map_fn`, `tf.vectorized_map`, `tf.scan`, `tf.foldl`, `tf.foldr`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import autograph, control, nest
from headwater.core.context import context
from headwater.core.infer import constant_value
from headwater.core.spec import TensorSpec
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import array
from headwater.ops._slice import row
from headwater.ops.control_flow import call_function
from headwater.ops.tensor_array import TensorArray

__all__ = ["foldl", "foldr", "map_fn", "scan", "vectorized_map"]
ROOT_NAMES = (*__all__,)


def _length(elems: Any, what: str) -> tuple[Any, Tensor]:
    """The elements as tensors, and how many there are along the first axis."""
    tensors = nest.map_structure(convert_to_tensor, elems)
    leaves = nest.flatten(tensors)
    if not leaves:
        raise ValueError(f"{what}: elems must contain at least one tensor.")
    for x in leaves:
        if x.shape.rank == 0:
            raise ValueError(f"{what}: elements in elems must be 1+ dimensional Tensors, not scalars; received {x!r}.")
    static = {x.shape[0] for x in leaves if x.shape.rank is not None and x.shape[0] is not None}
    if len(static) > 1:
        raise ValueError(f"{what}: the elements differ in their first dimension: {sorted(static)}. Expected the same.")
    size = convert_to_tensor(np.int32(static.pop())) if static else array.shape(leaves[0])[0]
    return tensors, size


def _slices(tensors: Any, index: Any) -> Any:
    return nest.map_structure(lambda x: row(x, index), tensors)


def _repeat(length: Tensor, body: Callable[[Any], None], state: list[Any]) -> None:
    """Calls `body`, which changes `state`, with each position."""
    if context.graph is None:
        for position in range(int(length)):
            body(position)
        return

    def set_state(values: Sequence[Any]) -> None:
        state[:] = values

    names = [f"state {i}" for i in range(len(state))]
    autograph.counted_loop(length, body, lambda: tuple(state), set_state, names)


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Applies a function to the slices along the first axis, one after the other.

    Args:
        fn: Takes a slice of `elems` (in its structure).
        elems: A tensor, or a structure of tensors with the same first dimension.
        dtype: Deprecated name of `fn_output_signature`.
        parallel_iterations: Accepted for compatibility.
        back_prop: False stops gradients at the results.
        swap_memory: Accepted for compatibility.
        infer_shape: Accepted for compatibility.
        name: Accepted for compatibility.
        fn_output_signature: The dtype (or `TensorSpec`, or structure of them) of `fn`'s results; None means those of
            `elems`.

    Returns:
        The results, stacked along a new first axis.

    >>> tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 4, 9], dtype=int32)>
    """
    if not callable(fn):
        raise TypeError(f"The provided function {fn!r} is not callable. fn must be callable.")
    tensors, length = _length(elems, "tf.map_fn")
    signature = dtype if fn_output_signature is None else fn_output_signature
    signature = nest.map_structure(lambda x: x.dtype, tensors) if signature is None else signature
    leaves = nest.flatten(signature)
    known = constant_value(length)
    size = length if known is None else int(known)
    state: list[Any] = [_array_for(leaf, size) for leaf in leaves]

    def step(position: Any) -> None:
        result = call_function(fn, _slices(tensors, position))
        nest.assert_same_structure(signature, result)
        parts = nest.flatten(result)
        state[:] = [a.write(position, part) for a, part in zip(state, parts, strict=True)]

    _repeat(length, step, state)
    stacked = nest.pack_sequence_as(signature, [a.stack() for a in state])
    return stacked if back_prop else nest.map_structure(array.stop_gradient, stacked)


def _array_for(signature: Any, size: Any) -> TensorArray:
    if isinstance(signature, TensorSpec):
        return TensorArray(signature.dtype, size=size, element_shape=signature.shape)
    return TensorArray(signature, size=size)


def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """Applies a function to the slices along the first axis, all at once.

    Args:
        fn: Takes a slice of `elems` (in its structure).
        elems: A tensor, or a structure of tensors with the same first dimension.
        fallback_to_while_loop: Whether functions that cannot run at once (they change variables) run in a loop.
        warn: Accepted for compatibility.

    Returns:
        The results, stacked along a new first axis.

    >>> tf.vectorized_map(lambda x: x * x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 4, 9], dtype=int32)>
    """
    try:
        return control.vectorized_map(lambda x: call_function(fn, x), elems)
    except ValueError as error:
        if not fallback_to_while_loop or "must not assign" not in str(error):
            raise
    tensors, _ = _length(elems, "tf.vectorized_map")
    first = [None]

    def note(x: Any) -> Any:
        result = nest.map_structure(convert_to_tensor, call_function(fn, x))
        first[0] = nest.map_structure(lambda y: y.dtype, result)
        return result

    control.trace_body(lambda: note(_slices(tensors, 0)), [], "tf.vectorized_map")
    return map_fn(fn, tensors, fn_output_signature=first[0])


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Folds a function over the slices along the first axis, and keeps all intermediate results.

    Args:
        fn: Takes the accumulated value and a slice of `elems`, returns the next accumulated value.
        elems: A tensor, or a structure of tensors with the same first dimension.
        initializer: The first accumulated value; None means the first slice.
        parallel_iterations: Accepted for compatibility.
        back_prop: False stops gradients at the results.
        swap_memory: Accepted for compatibility.
        infer_shape: Accepted for compatibility.
        reverse: Whether to go from the last slice to the first.
        name: Accepted for compatibility.

    Returns:
        The accumulated values, stacked along a new first axis.

    >>> tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 3, 6], dtype=int32)>
    """
    tensors, length = _length(elems, "tf.scan")
    first, start = _start(tensors, length, initializer, reverse)
    arrays = [TensorArray(x.dtype, size=_static(length), element_shape=x.shape) for x in nest.flatten(start)]
    if first:
        position = length - 1 if reverse else 0
        arrays = [a.write(position, x) for a, x in zip(arrays, nest.flatten(start), strict=True)]
    state: list[Any] = [start, arrays]

    def step(count: Any) -> None:
        position = _position(count, first, length, reverse)
        total = _accumulate(fn, state[0], _slices(tensors, position), start)
        state[:] = [total, [a.write(position, x) for a, x in zip(state[1], nest.flatten(total), strict=True)]]

    _repeat(length - first, step, state)
    result = nest.pack_sequence_as(start, [a.stack() for a in state[1]])
    return result if back_prop else nest.map_structure(array.stop_gradient, result)


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Folds a function over the slices along the first axis, from the first to the last.

    Args:
        fn: Takes the accumulated value and a slice of `elems`, returns the next accumulated value.
        elems: A tensor, or a structure of tensors with the same first dimension.
        initializer: The first accumulated value; None means the first slice.
        parallel_iterations: Accepted for compatibility.
        back_prop: False stops gradients at the result.
        swap_memory: Accepted for compatibility.
        name: Accepted for compatibility.

    Returns:
        The last accumulated value.

    >>> tf.foldl(lambda a, x: a * 10 + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(), dtype=int32, numpy=123>
    """
    return _fold(fn, elems, initializer, back_prop, False, "tf.foldl")


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Folds a function over the slices along the first axis, from the last to the first; see `foldl`.

    >>> tf.foldr(lambda a, x: a * 10 + x, tf.constant([1, 2, 3]))
    <tf.Tensor: shape=(), dtype=int32, numpy=321>
    """
    return _fold(fn, elems, initializer, back_prop, True, "tf.foldr")


def _fold(fn: Any, elems: Any, initializer: Any, back_prop: bool, reverse: bool, what: str) -> Any:
    tensors, length = _length(elems, what)
    first, start = _start(tensors, length, initializer, reverse)
    state: list[Any] = [start]

    def step(count: Any) -> None:
        position = _position(count, first, length, reverse)
        state[0] = _accumulate(fn, state[0], _slices(tensors, position), start)

    _repeat(length - first, step, state)
    return state[0] if back_prop else nest.map_structure(array.stop_gradient, state[0])


def _static(length: Tensor) -> Any:
    known = constant_value(length)
    return length if known is None else int(known)


def _start(tensors: Any, length: Tensor, initializer: Any, reverse: bool) -> tuple[int, Any]:
    """How many slices the initial value uses up, and the initial value."""
    if initializer is None:
        return 1, _slices(tensors, -1 if reverse else 0)
    return 0, nest.map_structure(convert_to_tensor, initializer)


def _position(count: Any, first: int, length: Tensor, reverse: bool) -> Any:
    return length - 1 - first - count if reverse else count + first if first else count


def _accumulate(fn: Any, total: Any, item: Any, start: Any) -> Any:
    result = call_function(fn, total, item)
    nest.assert_same_structure(start, result)
    return nest.map_structure(lambda x, like: convert_to_tensor(x, dtype_hint=like.dtype), result, start)
