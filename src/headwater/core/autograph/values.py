"""What converted code handles that plain Python does not: names without a value yet, and values known only later."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import control, dtypes, nest
from headwater.core.context import context
from headwater.core.graph import CONST, PLACEHOLDER, Graph, tracing
from headwater.core.infer import constant_value
from headwater.core.tensor import SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable

# Functions of the vocabulary that converted code needs ("shape", "range", ...), given by the ops.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def set_functions(**functions: Callable[..., Any]) -> None:
    """Gives converted code the functions of the vocabulary that it needs."""
    FUNCTIONS.update(functions)


# id of a loop's hidden counter -> references to it and to what it stays below
_BOUNDS: dict[int, tuple[weakref.ref[Any], weakref.ref[Any]]] = {}


def set_bound(counter: Tensor, bound: Tensor) -> None:
    """Says that `counter` is at least 0 and stays below `bound`."""
    key = id(counter)
    _BOUNDS[key] = weakref.ref(counter, lambda _: _BOUNDS.pop(key, None)), weakref.ref(bound)


def bound_of(tensor: Any) -> Tensor | None:
    """What a tensor, if it is the counter of a loop (seen from inside a branch or loop, too), stays below."""
    while isinstance(tensor, SymbolicTensor):
        found = _BOUNDS.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]()
        captures = tensor.graph.captures.values() if tensor.node.op is PLACEHOLDER else ()
        tensor = next((outer for outer, inner in captures if inner is tensor), None)
    return None


def stays_below(tensor: Any, size: int | None) -> bool:
    """Whether a tensor is the counter of a loop that is known to end before `size`."""
    bound = bound_of(tensor) if size is not None else None
    limit = None if bound is None else constant_value(bound)
    return limit is not None and int(limit) <= size  # type: ignore[operator]


class StagedList(nest.CompositeTensor):
    """A list of tensors (`tf.TensorArray`) that branches and loops carry as a buffer and a size.

    The shape of its elements may be known only after the first write, and its length may grow.
    """

    _unclear = False  # whether only the first write tells the shape of the elements
    _filled: Any = None  # the loop counter whose element the last operation wrote, if it did

    def _element_tensor(self) -> Tensor | None:
        """An element, if there is one."""
        raise TypeError(f"{type(self).__name__} must define _element_tensor")

    def _with_elements_like(self, element: Tensor) -> Any:
        """This list with a buffer for such elements."""
        raise TypeError(f"{type(self).__name__} must define _with_elements_like")

    def _like_other(self, other: Any) -> Any:
        """This list with a buffer like that of the same variable elsewhere."""
        raise TypeError(f"{type(self).__name__} must define _like_other")

    def _before_loop(self, bound: Tensor | None) -> Any:
        """This list with room for writes at positions below `bound`."""
        raise TypeError(f"{type(self).__name__} must define _before_loop")

    def _grew(self, before: Any) -> bool:
        """Whether the buffer has not the length it had."""
        raise TypeError(f"{type(self).__name__} must define _grew")

    def _any_length(self) -> list[Any]:
        """The shapes of the components, if the list may grow."""
        raise TypeError(f"{type(self).__name__} must define _any_length")

    def _after_full_loop(self, before: Any, bound: Tensor) -> Any:
        """This list after a loop whose every iteration wrote the element at its counter."""
        raise TypeError(f"{type(self).__name__} must define _after_full_loop")


class Undefined:
    """Stands for a name that has no value yet; whatever is looked up in it has none either."""

    __slots__ = ("symbol_name",)

    def __init__(self, symbol_name: str) -> None:
        self.symbol_name = symbol_name

    def read(self) -> Any:
        """Raises UnboundLocalError: the name is read."""
        raise UnboundLocalError(f"'{self.symbol_name}' is used before assignment")

    def __getattr__(self, name: str) -> Undefined:
        return self

    def __getitem__(self, key: Any) -> Undefined:
        return self

    def __repr__(self) -> str:
        return self.symbol_name


class UndefinedReturnValue:
    """Stands for the result of a function that has not returned yet."""


def ld(value: Any) -> Any:
    """Reads a name."""
    return value.read() if isinstance(value, Undefined) else value


def ldu(load: Callable[[], Any], name: str) -> Any:
    """Reads a composite name such as ``x.y``, which may not exist."""
    try:
        return load()
    except (KeyError, AttributeError, NameError, IndexError):
        return Undefined(name)


def is_undefined(value: Any) -> bool:
    """Whether the value stands for the lack of one."""
    return isinstance(value, Undefined | UndefinedReturnValue)


def is_staged(value: Any) -> bool:
    """Whether Python cannot decide by this value, because it is known only when the graph runs."""
    return isinstance(value, SymbolicTensor) or (isinstance(value, Tensor | Variable) and context.graph is not None)


def as_condition(value: Any, what: str) -> Tensor:
    """A staged condition as a boolean scalar.

    Raises:
        ValueError: If it is something else.
    """
    tensor = convert_to_tensor(value)
    if tensor.dtype is dtypes.bool and tensor.shape.rank in (0, None):
        return tensor
    cast = "" if tensor.dtype is dtypes.bool else " to use a number as a condition, compare it or use `tf.cast`;"
    if tensor.shape.rank not in (0, None):
        cast += " to combine the elements of a tensor, use `tf.reduce_all` or `tf.reduce_any`;"
    raise ValueError(
        f"condition of {what} expected to be `tf.bool` scalar, got {tensor};{cast} to check for None, use `is not None`"
    )


def leaves_of(value: Any) -> list[Any]:
    """The tensors, numbers and other parts of a structure."""
    return nest.flatten(value, expand_composites=True)


def is_carriable(value: Any) -> bool:
    """Whether a value consists of tensors and of what converts to them."""
    kinds = Tensor | np.ndarray | np.generic | bool | int | float | complex | str | bytes
    return not is_undefined(value) and all(isinstance(x, kinds) for x in leaves_of(value))


def as_tensors(value: Any) -> Any:
    """A structure with tensors for leaves."""
    return nest.map_structure(convert_to_tensor, value, expand_composites=True)


def blank_like(tensor: Tensor, source: Graph) -> Tensor:
    """Zeros of the dtype and shape of a tensor of the finished trace `source`, in the graph being traced.

    The shape may be known only when the program is built: then the trace is called for it, and since nothing but
    shapes is used, XLA drops what it computes.
    """
    if tensor.shape.is_fully_defined():
        if tensor.dtype is dtypes.string:
            return convert_to_tensor(np.full(tensor.shape.as_list(), b"", dtype=object))
        return FUNCTIONS["zeros"](tensor.shape.as_list(), tensor.dtype)
    return FUNCTIONS["zeros_like"](control.call(only(source, [tensor]), [])[0])


def only(source: Graph, outputs: Sequence[Tensor]) -> Graph:
    """The part of a traced Graph without inputs that `outputs` need; it changes no state."""
    part = Graph(source.name, outer=source.outer)
    needed: set[int] = set()
    stack: list[Any] = list(outputs)
    while stack:
        tensor = stack.pop()
        if id(tensor) not in needed:
            needed.add(id(tensor))
            stack.extend(tensor.node.inputs)
    part.nodes = [n for n in source.nodes if n.op is CONST or any(id(x) in needed for x in n.outputs)]
    part.captures = {k: pair for k, pair in source.captures.items() if id(pair[1]) in needed}
    for key, state in source.states.items():
        if id(state.entry) in needed:
            part.states[key] = type(state)(state.variable, state.entry)
    part.outputs = list(outputs)
    return part


def look(function: Callable[[], Any], name: str) -> tuple[Graph, Any]:
    """Traces `function` into a Graph of its own, to see what it gives; nothing is added to the current one."""
    graph = Graph(name, outer=context.graph)
    with tracing(graph):
        return graph, function()
