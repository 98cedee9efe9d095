"""Conditionals, loops and maps that take functions: `tf.cond`, `tf.while_loop`, `tf.map_fn` and their relatives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from headwater.core import autograph, control, nest
from headwater.core.context import context
from headwater.core.infer import constant_value
from headwater.core.spec import TensorSpec
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import array, math
from headwater.ops.debugging import Assert
from headwater.ops.tensor_array import TensorArray

ROOT_NAMES = (
    "case", "cond", "control_dependencies", "foldl", "foldr", "group", "map_fn", "no_op", "scan", "switch_case",
    "tuple", "vectorized_map", "while_loop",
)  # fmt: skip
__all__ = list(ROOT_NAMES)

autograph.set_functions(
    cast=array.cast, maximum=math.maximum, minimum=math.minimum, range=array.range, reduce_max=math.reduce_max,
    reduce_min=math.reduce_min, shape=array.shape, zeros=array.zeros, zeros_like=array.zeros_like,
)  # fmt: skip
autograph.set_functions(**{"assert": Assert})

_tuple = tuple


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return autograph.call_converted(function, args, {})


# Conditionals -----------------------------------------------------------------------------------------------------


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Calls one of two functions.

    Args:
        pred: A boolean scalar.
        true_fn: Called if it is true.
        false_fn: Called if it is false.
        name: Accepted for compatibility.

    Returns:
        What the function returns. In a graph both must return the same structure of tensors, of the same dtypes.

    >>> x, y = tf.constant(2), tf.constant(5)
    >>> tf.cond(x < y, lambda: tf.add(x, y), lambda: tf.square(y))
    <tf.Tensor: shape=(), dtype=int32, numpy=7>
    """
    if not callable(true_fn) or not callable(false_fn):
        raise TypeError(f"tf.cond: true_fn and false_fn must be callable, received {true_fn!r} and {false_fn!r}.")
    if not _is_traced(pred):
        return _call(true_fn if pred else false_fn)
    tensor = convert_to_tensor(pred)
    if not tensor.dtype.is_bool:
        raise TypeError(
            f"tf.cond: pred must be a boolean scalar, received dtype {tensor.dtype.name}. Compare or cast it."
        )
    branches = (lambda: _call(true_fn), lambda: _call(false_fn))
    return control.branch(tensor, branches, ("true_fn", "false_fn"), "tf.cond")


def _is_traced(value: Any) -> bool:
    return isinstance(value, Tensor | Variable) and context.graph is not None


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """Calls the function of the first predicate that holds.

    Args:
        pred_fn_pairs: ``(boolean scalar, function)`` pairs.
        default: Called if none holds; None makes that an error.
        exclusive: Whether it is an error that several hold.
        strict: Accepted for compatibility.
        name: Accepted for compatibility.

    Returns:
        What the function returns.

    >>> x = tf.constant(3)
    >>> tf.case([(x < 2, lambda: tf.constant(10)), (x < 5, lambda: tf.constant(20))], default=lambda: tf.constant(30))
    <tf.Tensor: shape=(), dtype=int32, numpy=20>
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, Mapping) else pred_fn_pairs)
    pairs = [(p.deref() if hasattr(p, "deref") else p, f) for p, f in pairs]
    for pair in pairs:
        if not callable(pair[1]):
            raise TypeError(f"tf.case: expected (predicate, function) pairs, received {pair!r}.")
    predicates = [p for p, _ in pairs]
    if exclusive and len(pairs) > 1:
        count = math.add_n([array.cast(p, "int32") for p in predicates])
        Assert(
            count <= 1, ["Input error: exclusive=True: more than 1 conditions (", predicates, ") evaluated as True:"]
        )
    if default is None:
        holds = predicates[0]
        for other in predicates[1:]:
            holds = math.logical_or(holds, other)
        Assert(holds, ["Input error: None of conditions evaluated as True:", *predicates])
        default = pairs.pop()[1]

    def rest(position: int) -> Any:
        if position == len(pairs):
            return _call(default)
        predicate, function = pairs[position]
        return cond(predicate, function, lambda: rest(position + 1))

    return rest(0)


def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None, name: str | None = None
) -> Any:
    """Calls the function at a position.

    Args:
        branch_index: An int32 scalar.
        branch_fns: A list of functions, or a dictionary (or pairs) from 0, 1, ... to functions.
        default: Called where no function has that position; None means the last one.
        name: Accepted for compatibility.

    Returns:
        What the function returns.

    >>> tf.switch_case(tf.constant(1), [lambda: tf.constant(10), lambda: tf.constant(20)])
    <tf.Tensor: shape=(), dtype=int32, numpy=20>
    """
    functions = _branches(branch_fns)
    if default is not None:
        functions.append(default)
    if not all(callable(f) for f in functions):
        raise TypeError(f"tf.switch_case: expected functions, received {functions!r}.")
    if not _is_traced(branch_index):
        index = int(branch_index)
        return _call(functions[index if 0 <= index < len(functions) else -1])
    index = convert_to_tensor(branch_index)
    if not index.dtype.is_integer:
        raise TypeError(f"tf.switch_case: branch_index must be an integer scalar, received dtype {index.dtype.name}.")
    names = [f"branch {i}" for i in range(len(functions))]
    return control.branch(index, [lambda f=f: _call(f) for f in functions], names, "tf.switch_case")


def _branches(branch_fns: Any) -> list[Any]:
    if isinstance(branch_fns, Mapping):
        pairs = list(branch_fns.items())
    elif branch_fns and isinstance(branch_fns[0], _tuple):
        pairs = list(branch_fns)
    else:
        pairs = list(enumerate(branch_fns))
    if not pairs:
        raise ValueError("tf.switch_case: branch_fns must not be empty.")
    found = dict(pairs)
    if sorted(found) != list(range(len(pairs))):
        keys = ",".join(str(k) for k in sorted(found))
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(pairs)}) but found {{{keys}}}"
        )
    return [found[i] for i in range(len(pairs))]


# Loops ------------------------------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeats `body` while `cond` holds.

    Args:
        cond: Takes the loop variables, returns a boolean scalar.
        body: Takes the loop variables, returns their next values.
        loop_vars: The initial values: a list or tuple of tensors, `TensorArray`s and structures of them.
        shape_invariants: The shapes that hold in every iteration, in the structure of `loop_vars`; None means those
            of the initial values.
        parallel_iterations: Accepted for compatibility.
        back_prop: False stops gradients at the results.
        swap_memory: Accepted for compatibility.
        maximum_iterations: The most iterations made, or None.
        name: Accepted for compatibility.

    Returns:
        The final values, in the structure of `loop_vars`.

    Raises:
        TypeError, ValueError: If a variable's structure, dtype or shape changes.

    >>> tf.while_loop(lambda i: i < 10, lambda i: [i + 3], [tf.constant(0)])
    [<tf.Tensor: shape=(), dtype=int32, numpy=12>]
    """
    if not callable(cond) or not callable(body):
        raise TypeError("tf.while_loop: cond and body must be callable.")
    if not isinstance(loop_vars, list | _tuple) or not loop_vars:
        raise ValueError(
            f"tf.while_loop: loop_vars must be a list or tuple with one element at least, got {loop_vars!r}."
        )
    if context.graph is None:
        return _eager_while(cond, body, loop_vars, maximum_iterations)
    state: list[Any] = list(loop_vars)
    shapes = _invariants(loop_vars, shape_invariants)

    def step() -> None:
        result = _call(body, *state)
        values = list(result) if isinstance(result, list | _tuple) else [result]
        if len(values) != len(state):
            raise ValueError(
                f"tf.while_loop: The two structures don't have the same nested structure: loop_vars has {len(state)} "
                f"elements, and body returned {len(values)}: {result!r}. Return one value per loop variable."
            )
        state[:] = values

    def set_state(values: Sequence[Any]) -> None:
        state[:] = values

    options = {} if maximum_iterations is None else {"maximum_iterations": maximum_iterations}
    autograph.staged_loop(
        lambda: autograph.as_condition(_call(cond, *state), "tf.while_loop"), step, lambda: _tuple(state), set_state,
        [f"loop variable {i}" for i in range(len(state))], options, shapes=shapes,
    )  # fmt: skip
    result = nest.pack_sequence_as_shallow(loop_vars, state)
    return result if back_prop else nest.map_structure(array.stop_gradient, result, expand_composites=True)


def _eager_while(cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any) -> Any:
    count = 0
    single = len(loop_vars) == 1
    values = loop_vars
    while cond(*values) and (maximum_iterations is None or count < int(maximum_iterations)):
        result = body(*values)
        values = (result,) if single and not isinstance(result, list | _tuple) else result
        nest.assert_same_structure(list(loop_vars), list(values))
        count += 1
    values = nest.map_structure(lambda x: x if isinstance(x, TensorArray) else convert_to_tensor(x), list(values))
    return nest.pack_sequence_as_shallow(loop_vars, values)


def _invariants(loop_vars: Any, shape_invariants: Any) -> dict[int, list[Any]]:
    if shape_invariants is None:
        return {}
    if len(shape_invariants) != len(loop_vars):
        raise ValueError(
            f"tf.while_loop: shape_invariants must have the structure of loop_vars: expected {len(loop_vars)} elements, "
            f"received {len(shape_invariants)}."
        )
    found = {}
    for i, (value, invariant) in enumerate(zip(loop_vars, shape_invariants, strict=True)):
        if isinstance(value, TensorArray):
            continue
        shapes = [s.shape if isinstance(s, TensorSpec) else s for s in nest.flatten(invariant)]
        leaves = nest.flatten(value, expand_composites=True)
        if len(shapes) != len(leaves):
            raise ValueError(
                f"tf.while_loop: expected {len(leaves)} shape invariants for {value!r}, got {invariant!r}."
            )
        if any(s is not None for s in shapes):
            found[i] = shapes
    return found


# Maps and folds ---------------------------------------------------------------------------------------------------


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
    return nest.map_structure(lambda x: x[index], tensors)


def _repeat(length: Tensor, body: Callable[[Any], None], state: list[Any]) -> None:
    """Calls `body`, which changes `state`, with each position."""
    if context.graph is None:
        for position in range(int(length)):
            body(position)
        return

    def set_state(values: Sequence[Any]) -> None:
        state[:] = values

    names = [f"state {i}" for i in range(len(state))]
    autograph.counted_loop(length, body, lambda: _tuple(state), set_state, names)


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
        result = _call(fn, _slices(tensors, position))
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
        return control.vectorized_map(lambda x: _call(fn, x), elems)
    except ValueError as error:
        if not fallback_to_while_loop or "must not assign" not in str(error):
            raise
    tensors, length = _length(elems, "tf.vectorized_map")
    first = [None]

    def note(x: Any) -> Any:
        result = nest.map_structure(convert_to_tensor, _call(fn, x))
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
    result = _call(fn, total, item)
    nest.assert_same_structure(start, result)
    return nest.map_structure(lambda x, like: convert_to_tensor(x, dtype_hint=like.dtype), result, start)


# Order ------------------------------------------------------------------------------------------------------------
# Effects happen in program order, in graphs too, so nothing is left for these to do.


def group(*inputs: Any, name: str | None = None) -> None:
    """Groups operations. Effects already happen in program order.

    >>> tf.group(tf.constant(1), tf.constant(2))
    """


def no_op(name: str | None = None) -> None:
    """Does nothing.

    >>> tf.no_op()
    """


def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors, as a list.

    >>> tf.tuple([tf.constant(1)])
    [<tf.Tensor: shape=(), dtype=int32, numpy=1>]
    """
    return [None if x is None else convert_to_tensor(x) for x in tensors]


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """A block that runs after the given operations. Effects already happen in program order.

    >>> with tf.control_dependencies([tf.constant(1)]):
    ...     x = tf.constant(2)
    """
    for x in control_inputs or ():
        if callable(x) and not isinstance(x, Tensor | Variable):
            x()
    yield
