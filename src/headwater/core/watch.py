"""The checks of values in compiled programs: collected while Graphs are lowered, raised after the program ran.

A program cannot raise. So the statuses of `headwater.core.checks` are collected during lowering, carried out of
branches and loops, and merged into one small vector that says which check fails first. Whoever runs the program looks
at it.
Programs without checked nodes have no such output. Accelerators check nothing, as in TensorFlow: there nobody waits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core.checks import Facts, clear, merged, stamped
from headwater.core.context import context

# Collecting ------------------------------------------------------------------------------------------------------


class _Collector:
    """The statuses found so far in the stretch of a program that one JAX function makes.

    Attributes:
        numbers: What each checked node (by id) is called in statuses.
        facts: What is known of the checks in this trace.
        found: The statuses.
    """

    def __init__(self, numbers: dict[int, int], facts: Facts) -> None:
        self.numbers = numbers
        self.facts = facts
        self.found: list[Any] = []


def examine(node: Any, result: Any, inputs: Sequence[Any]) -> None:
    """Checks what a node takes and gives, if somebody collects."""
    collector = context.checks
    number = collector.numbers.get(id(node)) if collector is not None else None
    if number is None:
        return
    status = node.op.check.status(number, result, inputs, node.attrs, collector.facts)
    if status is not None:
        collector.found.append(status)


def concern(nodes: Iterable[Any]) -> bool:
    """Whether somebody collects the checks of these nodes."""
    return context.checks is not None and any(id(node) in context.checks.numbers for node in nodes)


def apart(function: Callable[..., Any], wanted: bool) -> Callable[..., Any]:
    """`function`, which JAX will trace on its own (a branch, a loop's body), with the status of its checks.

    Args:
        function: Lowers Graphs.
        wanted: What `concern` says of their nodes.

    Returns:
        A function that gives ``(result, status)``; the status is ``()`` where nothing is checked. Hand it to `note`.
    """
    return _collected(function, context.checks.numbers, context.checks.facts) if wanted else _bare(function)


def note(status: Any) -> None:
    """Adds what came out of an `apart` function to what is known here; a batch of statuses counts by its first."""
    if type(status) is not tuple and status.shape[0]:
        context.checks.found.append(_earliest(status) if status.ndim == 2 else status)


def _earliest(rows: Any) -> Any:
    return rows[jnp.argmax(rows[:, 0] != 0)]


def _collected(function: Callable[..., Any], numbers: dict[int, int], facts: Facts) -> Callable[..., Any]:
    def collecting(*args: Any) -> Any:
        collector = _Collector(numbers, facts)
        before = context.enter(checks=collector)
        try:
            result = function(*args)
        finally:
            context.restore(before)
        return result, merged(*collector.found) if collector.found else clear()

    return collecting


# Programs --------------------------------------------------------------------------------------------------------


def enabled() -> bool:
    """Whether this platform checks values."""
    return jax.default_backend() == "cpu"


class Watch:
    """The checks of a program.

    Args:
        nodes: All nodes that the program is made of, those of inner Graphs included.
    """

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._nodes: list[Any] = list(_watched(nodes)) if enabled() else []
        self._numbers = {id(node): i + 1 for i, node in enumerate(self._nodes)}
        self._traces: list[Facts] = []

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, which lowers these nodes, with the status of their checks: ``(result, status)``."""
        if not self:
            return _bare(function)

        @functools.wraps(function)
        def watched(*args: Any) -> Any:
            facts: Facts = {}
            self._traces.append(facts)
            result, status = _collected(function, self._numbers, facts)(*args)
            return result, stamped(status, len(self._traces) - 1)

        return watched

    def verified(self, pair: tuple[Any, Any]) -> Any:
        """The result of what `around` made, once its status is verified."""
        result, status = pair
        self.verify(status)
        return result

    def verify(self, status: Any) -> None:
        """Raises what a status says; waits for the program.

        Args:
            status: What `around` added to the program's results.
        """
        if type(status) is tuple:
            return
        found = np.asarray(status)
        if found[0]:
            node = self._nodes[int(found[0]) - 1]
            error = node.op.check.failure(found, self._traces, node.op, node.attrs)
            error.message += f"\nDefined at: {node.place}"
            raise error


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.wraps(function)(lambda *args: (function(*args), ()))


def _watched(nodes: Iterable[Any]) -> Iterator[Any]:
    """Each node, once, whose check may fail."""
    seen: set[int] = set()
    for node in nodes:
        if (
            node.op.check is not None
            and id(node) not in seen
            and not node.op.check.passes_surely(node.inputs, node.attrs)
        ):
            seen.add(id(node))
            yield node
