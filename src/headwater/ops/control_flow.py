"""Conditionals and loops that take functions: `tf.cond`, `tf.while_loop` and their relatives."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headwater.core import autograph, control, nest
from headwater.core.context import context
from headwater.core.spec import TensorSpec
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import array, math
from headwater.ops._slice import row
from headwater.ops.debugging import Assert
from headwater.ops.tensor_array import TensorArray

__all__ = [
    "case",
    "cond",
    "control_dependencies",
    "group",
    "no_op",
    "switch_case",
    "tuple",
    "while_loop",
]
ROOT_NAMES = (*__all__,)

autograph.set_functions(
    cast=array.cast, maximum=math.maximum, minimum=math.minimum, range=array.range, reduce_max=math.reduce_max,
    reduce_min=math.reduce_min, row=row, shape=array.shape, zeros=array.zeros, zeros_like=array.zeros_like,
)  # fmt: skip
autograph.set_functions(**{"assert": Assert})

_tuple: Any = tuple  # `tuple` is `tf.tuple` here


def call_function(function: Callable[..., Any], *args: Any) -> Any:
    """Calls a function of the user's, converted if calls are."""
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
        return call_function(true_fn if pred else false_fn)
    tensor = convert_to_tensor(pred)
    if not tensor.dtype.is_bool:
        raise TypeError(
            f"tf.cond: pred must be a boolean scalar, received dtype {tensor.dtype.name}. Compare or cast it."
        )
    branches = (lambda: call_function(true_fn), lambda: call_function(false_fn))
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
            return call_function(default)
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
        chosen = int(branch_index)
        return call_function(functions[chosen if 0 <= chosen < len(functions) else -1])
    index = convert_to_tensor(branch_index)
    if not index.dtype.is_integer:
        raise TypeError(f"tf.switch_case: branch_index must be an integer scalar, received dtype {index.dtype.name}.")
    names = [f"branch {i}" for i in range(len(functions))]
    return control.branch(index, [functools.partial(call_function, f) for f in functions], names, "tf.switch_case")


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

    def test() -> Any:
        return autograph.as_condition(call_function(cond, *state), "tf.while_loop")

    def step() -> None:
        result = call_function(body, *state)
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
    names = [f"loop variable {i}" for i in range(len(state))]
    autograph.staged_loop(test, step, lambda: _tuple(state), set_state, names, options, shapes=shapes)
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
            f"tf.while_loop: shape_invariants must have the structure of loop_vars: expected {len(loop_vars)} "
            f"elements, received {len(shape_invariants)}."
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


def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> Any:
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
