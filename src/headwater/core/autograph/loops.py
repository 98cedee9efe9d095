"""`while` and `for`: as Python where Python can decide, else as loops of the graph."""

from __future__ import annotations

import collections.abc
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.core import control, nest
from headwater.core.autograph.conditionals import Getter, Setter, State, if_stmt
from headwater.core.autograph.values import (
    FUNCTIONS,
    StagedList,
    Undefined,
    UndefinedReturnValue,
    as_condition,
    as_tensors,
    blank_like,
    is_carriable,
    is_staged,
    is_undefined,
    leaves_of,
    look,
    set_bound,
)
from headwater.core.context import context
from headwater.core.graph import Graph, tracing
from headwater.core.infer import constant_value
from headwater.core.shapes import as_shape
from headwater.core.tensor import SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable

Body = Callable[..., None]
Handler = Callable[..., None]

# class -> function with the arguments of `for_stmt`
_ITERABLES: dict[type, Handler] = {}


def register_iterable(cls: type, handler: Handler) -> None:
    """Registers how a converted `for` goes over objects of a class.

    Args:
        cls: The class.
        handler: Called with the arguments of `for_stmt`; see there.
    """
    _ITERABLES[cls] = handler


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], None],
    get_state: Getter,
    set_state: Setter,
    symbol_names: Sequence[str],
    opts: dict[str, Any],
) -> None:
    """A `while` loop.

    Args:
        test: Evaluates the condition.
        body: Runs one iteration.
        get_state: Gives the variables that the loop changes.
        set_state: Sets them.
        symbol_names: Their names.
        opts: What `set_loop_options` was given.
    """
    while True:
        value = test() if context.graph is None else look(test, "condition of while loop")[1]
        if is_staged(value):
            break
        if not value:
            return
        body()
    staged_loop(lambda: as_condition(test(), "while loop"), body, get_state, set_state, symbol_names, opts)


def for_stmt(
    iterated: Any,
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Getter,
    set_state: Setter,
    symbol_names: Sequence[str],
    opts: dict[str, Any],
) -> None:
    """A `for` loop.

    Args:
        iterated: What it goes over.
        extra_test: Whether it goes on (after a `break` or `return`), or None.
        body: Runs one iteration with the item.
        get_state: Gives the variables that the loop changes.
        set_state: Sets them.
        symbol_names: Their names.
        opts: What `set_loop_options` was given, and ``iterate_names``.
    """
    arguments = (extra_test, body, get_state, set_state, symbol_names, opts)
    for cls in type(iterated).__mro__:
        if cls in _ITERABLES:
            return _ITERABLES[cls](iterated, *arguments)
    if not is_staged(iterated):
        return _python_for(iterated, *arguments)
    if isinstance(iterated, SymbolicTensor) and iterated.node.op.name == "Range" and iterated.graph is context.graph:
        return _range_for(iterated, *arguments)
    return _tensor_for(convert_to_tensor(iterated), *arguments)


def _python_for(
    iterated: Any, extra_test: Any, body: Body, get_state: Any, set_state: Any, names: Any, opts: Any
) -> None:
    if extra_test is None:
        for item in iterated:
            body(item)
        return
    for item in iterated:
        goes_on = extra_test()
        if not is_staged(goes_on):
            if not goes_on:
                return
            body(item)
            continue
        if not isinstance(iterated, collections.abc.Sized):
            raise NotImplementedError(
                "break and return statements which depend on a TF condition are not supported in Python for loops over "
                f"{type(iterated).__name__} objects, whose length is not known. Did you intend to make it a TF loop? "
                "Use tf.range or a tensor."
            )
        if_stmt(goes_on, lambda item=item: body(item), lambda: None, get_state, set_state, names, len(names))  # type: ignore[misc]


def _range_for(
    iterated: SymbolicTensor, extra_test: Any, body: Body, get_state: Any, set_state: Any, names: Any, opts: Any
) -> None:
    start, limit, delta = iterated.node.inputs
    step = constant_value(delta)

    def test(position: Tensor) -> Any:
        if step is not None:
            return position < limit if step > 0 else position > limit
        return ((delta > 0) & (position < limit)) | ((delta < 0) & (position > limit))

    first = constant_value(start)
    bound = limit if step is not None and step > 0 and first is not None and first >= 0 else None
    trips = _trips(start, limit, delta, iterated)
    complete = bool(first == 0 and step == 1)
    counter = _Counter(start, lambda p: p + delta, test, lambda p: p, trips, bound, complete)
    _staged_for(counter, extra_test, body, get_state, set_state, names, opts)


def _trips(start: Tensor, limit: Tensor, delta: Tensor, numbers: SymbolicTensor) -> Tensor | None:
    """How many numbers a range has, without making them."""
    if numbers.shape[0] is not None:
        return convert_to_tensor(np.int32(numbers.shape[0]))
    if not start.dtype.is_integer or constant_value(delta) is None:
        return None
    return -((start - limit) // delta)


def _tensor_for(
    iterated: Tensor, extra_test: Any, body: Body, get_state: Any, set_state: Any, names: Any, opts: Any
) -> None:
    if iterated.shape.rank == 0:
        raise ValueError(f"Cannot iterate over a scalar tensor, received {iterated}. Use tf.range to count up to it.")
    static = iterated.shape[0] if iterated.shape.rank is not None else None
    if static == 0:
        return
    length = convert_to_tensor(np.int32(static)) if static is not None else FUNCTIONS["shape"](iterated)[0]
    zero = convert_to_tensor(np.int32(0))
    counter = _Counter(
        zero, lambda p: p + 1, lambda p: p < length, lambda p: FUNCTIONS["row"](iterated, p), length, length, True
    )
    _staged_for(counter, extra_test, body, get_state, set_state, names, opts)


def counted_loop(
    length: Tensor, body: Callable[[Tensor], None], get_state: Getter, set_state: Setter, names: Sequence[str]
) -> None:
    """Calls `body` with 0, 1, ... up to, not including, the int32 scalar `length`, as a loop of the graph.

    Args:
        length: The number of iterations.
        body: Runs one iteration.
        get_state: Gives the variables that the loop changes.
        set_state: Sets them.
        names: Their names.
    """
    zero = convert_to_tensor(np.int32(0))
    counter = _Counter(zero, lambda p: p + 1, lambda p: p < length, lambda p: p, length, length, True)
    _staged_for(counter, None, body, get_state, set_state, names, {})


class _Counter(NamedTuple):
    """How a staged `for` counts."""

    start: Tensor  # the hidden variable's first value
    step: Callable[[Tensor], Tensor]  # its next value
    test: Callable[[Tensor], Tensor]  # whether the loop goes on
    item: Callable[[Tensor], Tensor]  # the item it stands for
    trips: Tensor | None  # the number of iterations, where it can be computed
    bound: Any = None  # what the hidden variable, never negative, stays below; or None
    complete: bool = False  # whether it takes all values from 0 up to the bound


def _staged_for(
    counter: _Counter, extra_test: Any, body: Body, get_state: Any, set_state: Any, names: Any, opts: Any
) -> None:
    """A `for` loop of the graph: a `while` loop with a hidden counter."""
    position: list[Any] = [counter.start]

    def test() -> Any:
        goes_on = counter.test(position[0])
        if extra_test is not None:
            goes_on = goes_on & convert_to_tensor(extra_test())
        return goes_on

    def step() -> None:
        here = position[0]
        if counter.bound is not None:
            set_bound(here, counter.bound)
        body(counter.item(here))
        position[0] = counter.step(here)

    def get_all() -> State:
        return position[0], *get_state()

    def set_all(state: State) -> None:
        position[0] = state[0]
        set_state(tuple(state[1:]))

    whole = extra_test is None
    staged_loop(
        test, step, get_all, set_all, ["loop counter", *names], opts, trips=counter.trips if whole else None,
        bound=counter.bound, complete=whole and counter.complete,
    )  # fmt: skip


def staged_loop(
    test: Callable[[], Any],
    body: Callable[[], None],
    get_state: Getter,
    set_state: Setter,
    names: Sequence[str],
    opts: dict[str, Any],
    trips: Tensor | None = None,
    bound: Any = None,
    complete: bool = False,
    shapes: dict[int, list[Any]] | None = None,
) -> None:
    """A loop of the graph.

    Args:
        test: Evaluates the condition, a boolean scalar.
        body: Runs one iteration.
        get_state: Gives the variables that the loop changes.
        set_state: Sets them.
        names: Their names.
        opts: What `set_loop_options` was given.
        trips: The number of iterations, if the loop makes a number known at its start.
        bound: What the counter of a `for` loop, never negative, stays below; or None.
        complete: Whether the counter takes all values from 0 up to the bound.
        shapes: The shapes that hold in every iteration, for the leaves of variables by position.
    """
    initial = get_state()
    shapes = {**(shapes or {}), **_shape_invariants(initial, opts.get("shape_invariants"))}
    prepared = _prepare(initial, body, get_state, set_state, names, bound)
    carried = [i for i, value in enumerate(prepared) if is_carriable(value)]
    limit = opts.get("maximum_iterations")
    counting = limit is not None
    if limit is not None and trips is not None:
        known = constant_value(trips)
        counting = known is None or not isinstance(limit, int)
        trips = None if counting else convert_to_tensor(np.int32(min(int(known), limit)))

    def place(values: Sequence[Any]) -> State:
        full = list(prepared)
        for i, value in zip(carried, values, strict=True):
            full[i] = value
        return tuple(full)

    def loop_test(*values: Any) -> Any:
        set_state(place(values[hidden:]))
        goes_on = convert_to_tensor(test())
        return goes_on & (values[0] < limit) if counting else goes_on

    def loop_body(*values: Any) -> Any:
        set_state(place(values[hidden:]))
        body()
        after = get_state()
        for i, value in enumerate(after):
            if i not in carried and value is not prepared[i] and not is_undefined(value):
                raise _not_carried(names[i], prepared[i], value)
        results = [_checked(names[i], prepared[i], after[i]) for i in carried]
        for i, value in zip(carried, results, strict=True):
            befores, afters = _lists(prepared[i]), _lists(value)
            if i not in shapes and any(a._grew(b) for a, b in zip(afters, befores, strict=True)):
                raise _Grew(i)
            filled[i] = [x._filled is not None for x in _lists(after[i])]
        return [*[x + 1 for x in values[:hidden]], *results]

    filled: dict[int, list[bool]] = {}
    hidden = int(counting)
    count = [convert_to_tensor(np.int32(0))] * hidden
    values = [as_tensors(prepared[i]) for i in carried]
    invariants: list[Any] = [None] * hidden
    leaf_names = ["iteration"] * hidden
    for i, value in zip(carried, values, strict=True):
        leaves = leaves_of(value)
        invariants += shapes.get(i, [None] * len(leaves))
        leaf_names += [names[i] if len(leaves) == 1 else f"{names[i]}[{k}]" for k in range(len(leaves))]
    try:
        finals = control.loop(
            loop_test, loop_body, [*count, *values], trips=trips, names=leaf_names, what="loop",
            shape_invariants=invariants if any(s is not None for s in invariants) else None,
        )[hidden:]  # fmt: skip
    except _Grew as grew:
        set_state(initial)
        shapes[grew.position] = _any_length(prepared[grew.position])
        staged_loop(test, body, get_state, set_state, names, opts, trips, bound, complete, shapes)
        return
    if complete and limit is None:
        for k, i in enumerate(carried):
            facts = iter(zip(filled[i], _lists(prepared[i]), strict=True))
            finals[k] = _map_lists(finals[k], functools.partial(_completed, facts, bound))
    set_state(place(finals))


def _lists(value: Any) -> list[StagedList]:
    """The lists in a structure."""
    return [x for x in nest.flatten(value) if isinstance(x, StagedList)]


def _map_lists(value: Any, function: Callable[[Any], Any]) -> Any:
    """A structure with its lists replaced."""
    if isinstance(value, StagedList):
        return function(value)
    if not nest.is_nested(value) or not _lists(value):
        return value
    return nest.map_structure(lambda x: function(x) if isinstance(x, StagedList) else x, value)


def _completed(facts: Iterator[tuple[bool, Any]], bound: Any, final: Any) -> Any:
    filled, before = next(facts)
    return final._after_full_loop(before, bound) if filled else final


def _any_length(value: Any) -> list[Any]:
    """The shapes of a structure's leaves, if its lists may grow."""
    shapes: list[Any] = []
    for x in nest.flatten(value):
        shapes += x._any_length() if isinstance(x, StagedList) else [None] * len(leaves_of(x))
    return shapes


class _Grew(Exception):
    """A list outgrew its buffer in a loop that was traced for a buffer of fixed length."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def _checked(name: str, before: Any, after: Any) -> Any:
    """A variable after one iteration, as tensors of the structure it had before."""
    if is_undefined(after):
        raise ValueError(f"'{name}' must also be initialized at the end of the loop body.")
    if after is None:
        raise ValueError(f"'{name}' is None at the end of the iteration. Expected a tensor, as before the loop.")
    befores = _lists(before)
    if befores and len(befores) == len(_lists(after)):
        others = iter(befores)
        after = _map_lists(after, lambda x: x._like_other(next(others)))
    try:
        after = nest.map_structure(convert_to_tensor, after, expand_composites=True)
        nest.assert_same_structure(before, after, expand_composites=True)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"'{name}' does not have the same nested structure after one iteration as before the loop. {error}"
        ) from None
    return after


def _not_carried(name: str, before: Any, after: Any) -> Exception:
    return TypeError(
        f"'{name}' is {before!r} before the loop, and {after!r} after one iteration. Expected tensors (or what "
        "converts to them), or an object that stays the same, where the loop depends on tensors."
    )


def _prepare(
    initial: State, body: Callable[[], None], get_state: Getter, set_state: Setter, names: Sequence[str], bound: Any
) -> State:
    """The variables before the loop; those whose kind only an iteration shows are found by tracing one aside."""
    prepared = [_map_lists(v, lambda x: x._before_loop(bound)) for v in initial]
    unclear = [i for i, v in enumerate(prepared) if not is_carriable(v) or any(x._unclear for x in _lists(v))]
    if not unclear:
        return tuple(prepared)

    def once() -> State:
        set_state(tuple([as_tensors(v) if i not in unclear and is_carriable(v) else v for i, v in enumerate(prepared)]))
        body()
        return get_state()

    graph, after = _trace_aside(once, prepared, unclear, names)
    for i in unclear:
        prepared[i] = _first_value(names[i], prepared[i], after[i], graph)
    set_state(initial)
    return tuple(prepared)


def _trace_aside(
    once: Callable[[], State], prepared: Sequence[Any], unclear: Sequence[int], names: Sequence[str]
) -> tuple[Graph, State]:
    try:
        return look(once, "loop body")
    except UnboundLocalError as error:
        missing = [names[i] for i in unclear if isinstance(prepared[i], Undefined)]
        listed = ", ".join(f"'{n}'" for n in missing)
        raise ValueError(f"{listed} must be defined before the loop: {error}") from error


def _first_value(name: str, before: Any, after: Any, graph: Graph) -> Any:
    """What a variable without a (usable) value before the loop starts with."""
    if after is before or is_undefined(after):
        return before
    if isinstance(before, Variable) and is_carriable(after):
        return convert_to_tensor(before)
    if before is None or isinstance(before, Undefined | UndefinedReturnValue):
        if after is None:
            return None
        if not is_carriable(after):
            return before
        with tracing(graph):
            leaves = [graph.own(convert_to_tensor(x)) for x in leaves_of(after)]
        blanks = [blank_like(x, graph) for x in leaves]
        return nest.pack_sequence_as(after, blanks, expand_composites=True)
    befores, afters = _lists(before), _lists(after)
    if befores and len(befores) == len(afters):
        others = iter(afters)
        return _map_lists(before, lambda x: _cleared_up(x, next(others), graph))
    return before


def _cleared_up(before: Any, after: Any, graph: Graph) -> Any:
    """A list with a buffer for such elements as the iteration traced aside wrote."""
    if not before._unclear:
        return before
    with tracing(graph):
        element = after._element_tensor()
    return before if element is None else before._with_elements_like(blank_like(graph.own(element), graph))


def _shape_invariants(initial: State, pairs: Any) -> dict[int, list[Any]]:
    """The shapes given by `set_loop_options`, by the position of the variable."""
    found: dict[int, list[Any]] = {}
    for value, shape in pairs or ():
        for i, own in enumerate(initial):
            if own is value:
                leaves = leaves_of(own)
                shapes = [as_shape(shape)] if len(leaves) == 1 else [as_shape(s) for s in _shapes(shape)]
                found[i] = shapes
    return found


def _shapes(structure: Any) -> Iterator[Any]:
    if isinstance(structure, list | tuple) and any(not isinstance(x, int | None) for x in structure):
        for part in structure:
            yield from _shapes(part)
    else:
        yield structure
