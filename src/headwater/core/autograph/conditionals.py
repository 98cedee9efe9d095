"""`if`, `and`, `or`, `not`: as Python where Python can decide, else as branches of the graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from headwater.core import control, nest
from headwater.core.autograph.values import (
    StagedList,
    Undefined,
    UndefinedReturnValue,
    as_condition,
    as_tensors,
    blank_like,
    is_carriable,
    is_staged,
    leaves_of,
)
from headwater.core.context import context
from headwater.core.graph import Graph, tracing
from headwater.core.tensor import SymbolicTensor, Tensor, convert_to_tensor

State = tuple[Any, ...]
Getter = Callable[[], State]
Setter = Callable[[State], None]

# id of a tensor made by `not_` -> references to it and to what it negates
_NEGATIONS: dict[int, tuple[weakref.ref[Any], weakref.ref[Any]]] = {}

_KEEP = object()  # a variable that neither branch changes


def if_stmt(
    cond: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get_state: Getter,
    set_state: Setter,
    symbol_names: Sequence[str],
    nouts: int,
) -> None:
    """An `if` statement.

    Args:
        cond: The condition.
        body: Runs the branch taken if it holds.
        orelse: Runs the other branch.
        get_state: Gives the variables that the branches change.
        set_state: Sets them.
        symbol_names: Their names.
        nouts: How many of them, from the first on, are read afterwards.
    """
    if not is_staged(cond):
        (body if cond else orelse)()
        return
    condition = as_condition(cond, "if statement")
    initial = get_state()

    def run(branch: Callable[[], None]) -> State:
        set_state(initial)
        branch()
        return get_state()[:nouts]

    results = _branches(condition, (lambda: run(body), lambda: run(orelse)), symbol_names[:nouts])
    set_state((*results, *initial[nouts:]))


def _branches(condition: Tensor, functions: Sequence[Callable[[], State]], names: Sequence[str]) -> State:
    """Traces both branches and joins what they leave in each variable."""
    graphs, outcomes = [], []
    for function, label in zip(functions, ("main branch", "else branch"), strict=True):
        graph = Graph(label, outer=context.graph)
        with tracing(graph):
            outcomes.append(function())
        graphs.append(graph)
    results: list[Any] = []
    pairs: list[tuple[Any, Any]] = []
    for name, first, second in zip(names, *outcomes, strict=True):
        joined = _join(name, first, second, graphs, _negated(condition))
        results.append(joined[0])
        if joined[0] is _KEEP:
            pairs.append(joined[1])
    for graph, side in zip(graphs, (0, 1), strict=True):
        with tracing(graph):
            graph.outputs = [graph.own(x) for pair in pairs for x in leaves_of(pair[side])]
    tensors = iter(control.join(condition, graphs))
    structures = iter(pairs)
    final = []
    for result in results:
        if result is _KEEP:
            structure = next(structures)[0]
            leaves = [next(tensors) for _ in leaves_of(structure)]
            result = nest.pack_sequence_as(structure, leaves, expand_composites=True)
        final.append(result)
    return tuple(final)


def _negated(condition: Tensor) -> Any:
    found = _NEGATIONS.get(id(condition))
    return found[1]() if found is not None and found[0]() is condition else None


def _join(name: str, first: Any, second: Any, graphs: Sequence[Graph], negated: Any) -> tuple[Any, Any]:
    """A variable after both branches: ``(value, None)``, or ``(_KEEP, its values in both)`` if the graph decides."""
    if isinstance(first, UndefinedReturnValue) or isinstance(second, UndefinedReturnValue):
        return _join_returns(first, second, graphs)
    for value, label in ((first, "main"), (second, "else")):
        if isinstance(value, Undefined):
            if isinstance(first, Undefined) and isinstance(second, Undefined):
                return first, None
            raise ValueError(f"'{name}' must also be initialized in the {label} branch")
    if first is second and not is_carriable(first):
        return first, None
    # Known after both branches: the same constant, or true because of `if not done: done = True`.
    inverted = first is True and negated is not None and second is negated
    if isinstance(first, bool) and (first is second or inverted):
        return first, None
    for value, label in ((first, "main"), (second, "else")):
        if value is None:
            raise ValueError(
                f"'{name}' is None at the end of the {label} branch, but not of the other one. Expected a tensor after "
                "both."
            )
    if isinstance(first, StagedList):
        with tracing(graphs[0]):
            first = first._like_other(second)
    if isinstance(second, StagedList):
        with tracing(graphs[1]):
            second = second._like_other(first)
    first, second = _converted(name, first, "main", graphs[0]), _converted(name, second, "else", graphs[1])
    _check_same(name, first, second)
    return _KEEP, (first, second)


def _join_returns(first: Any, second: Any, graphs: Sequence[Graph]) -> tuple[Any, Any]:
    """The result of a function after a branch that returns and one that does not (yet): blank in the latter."""
    if isinstance(first, UndefinedReturnValue) and isinstance(second, UndefinedReturnValue):
        return first, None
    side = 0 if isinstance(first, UndefinedReturnValue) else 1
    given = second if side == 0 else first
    if given is None:
        return None, None
    given = _converted("return value", given, "else" if side == 0 else "main", graphs[1 - side])
    with tracing(graphs[1 - side]):
        leaves = [graphs[1 - side].own(x) for x in leaves_of(given)]
    with tracing(graphs[side]):
        blank = [blank_like(x, graphs[1 - side]) for x in leaves]
    blanks = nest.pack_sequence_as(given, blank, expand_composites=True)
    return _KEEP, (blanks, given) if side == 0 else (given, blanks)


def _converted(name: str, value: Any, label: str, graph: Graph) -> Any:
    with tracing(graph):
        try:
            return as_tensors(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"'{name}' is {value!r} (of type {type(value).__name__}) at the end of the {label} branch. Expected a "
                f"tensor, or what converts to one, where the condition is a tensor. {error}"
            ) from None


def _check_same(name: str, first: Any, second: Any) -> None:
    try:
        nest.assert_same_structure(first, second, expand_composites=True)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"'{name}' does not have the same nested structure in the main and else branches. {error}"
        ) from None
    for a, b in zip(leaves_of(first), leaves_of(second), strict=True):
        if a.dtype is not b.dtype:
            raise TypeError(
                f"'{name}' has dtype {a.dtype.name} in the main branch, but dtype {b.dtype.name} in the else branch. "
                "Expected the same dtype. Use tf.cast."
            )


def if_exp(cond: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], expr_repr: str) -> Any:
    """A conditional expression, ``a if cond else b``."""
    if not is_staged(cond):
        return if_true() if cond else if_false()
    condition = as_condition(cond, "conditional expression")
    functions = (lambda: (if_true(),), lambda: (if_false(),))
    return _branches(condition, functions, [f"... if {expr_repr} else ..."])[0]


def not_(value: Any) -> Any:
    """``not value``."""
    if not is_staged(value):
        return not value
    tensor = as_condition(value, "'not'")
    result = ~tensor
    if isinstance(tensor, SymbolicTensor):
        key = id(result)
        _NEGATIONS[key] = weakref.ref(result, lambda _: _NEGATIONS.pop(key, None)), weakref.ref(tensor)
    return result


def and_(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """``first and second``, the second evaluated only where the first holds."""
    value = first()
    if not is_staged(value):
        return value and second()
    condition = as_condition(value, "'and'")
    graph, other = _operand(second, "'and'")
    if _is_simple(graph):
        return condition & other()
    return control.branch(condition, (other, lambda: convert_to_tensor(False)), ("'and'", "'and'"), "'and'")


def or_(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """``first or second``, the second evaluated only where the first does not hold."""
    value = first()
    if not is_staged(value):
        return value or second()
    condition = as_condition(value, "'or'")
    graph, other = _operand(second, "'or'")
    if _is_simple(graph):
        return condition | other()
    return control.branch(condition, (lambda: convert_to_tensor(True), other), ("'or'", "'or'"), "'or'")


def _operand(function: Callable[[], Any], what: str) -> tuple[Graph, Callable[[], Tensor]]:
    """The trace of a right operand, and a function that adds it to the current graph."""
    graph, _ = control.trace_body(lambda: as_condition(function(), what), [], what)
    return graph, lambda: control.call(graph, [])[0]


def _is_simple(graph: Graph) -> bool:
    """Whether evaluating the operand always is as good as evaluating it on demand."""
    return all(n.op.effect == "pure" and not n.op.graphs for n in graph.nodes) and not any(
        s.modified for s in graph.states.values()
    )
