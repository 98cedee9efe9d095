"""AutoGraph: Python control flow on tensors becomes part of the graph."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from headwater.core.autograph import notes
from headwater.core.autograph.calls import converted_call, do_not_convert, enabled, in_graph, is_enabled
from headwater.core.autograph.conversion import set_loop_options, set_verbosity, to_code, to_graph, trace
from headwater.core.autograph.loops import counted_loop, for_stmt, register_iterable, staged_loop, while_stmt
from headwater.core.autograph.values import as_condition, bound_of, set_functions

__all__ = [
    "as_condition",
    "bound_of",
    "call_converted",
    "convert_function",
    "converted_call",
    "counted_loop",
    "do_not_convert",
    "enabled",
    "for_stmt",
    "is_enabled",
    "register_iterable",
    "set_functions",
    "set_loop_options",
    "set_verbosity",
    "staged_loop",
    "to_code",
    "to_graph",
    "trace",
    "while_stmt",
]


def convert_function(python_function: Callable[..., Any]) -> Callable[..., Any]:
    """`python_function` with its control flow converted, wherever it comes from; conversion happens at the call."""

    @notes.noted
    def call(*args: Any, **kwargs: Any) -> Any:
        with enabled(True):
            return converted_call(python_function, args, kwargs)

    if isinstance(python_function, types.FunctionType | types.MethodType):
        functools.update_wrapper(call, python_function)
    call.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return call


def call_converted(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls `function`, converted where that makes a difference: while tracing, and unless conversion is off."""
    if not in_graph() or not is_enabled():
        return function(*args, **kwargs)
    try:
        return converted_call(function, args, kwargs)
    except Exception as error:
        notes.add_note(error)
        raise
