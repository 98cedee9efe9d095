"""Calls out of converted code: the user's functions are converted in turn, library functions called as they are."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from headwater.core.autograph import builtin_functions
from headwater.core.autograph.values import UndefinedReturnValue, is_staged
from headwater.core.context import context

# What is never converted, by the first part of the module's name: the standard library and libraries without
# TensorFlow code in them.
_LIBRARIES = frozenset({
    *sys.stdlib_module_names, "headwater", "numpy", "scipy", "pandas", "matplotlib", "PIL", "jax", "jaxlib", "malt",
    "absl", "google", "h5py", "tensorboard", "wrapt", "pytest", "_pytest", "IPython", "tqdm",
}) - {"__main__"}  # fmt: skip

_NOT_CONVERTIBLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# Functions made by converted code, which are converted already.
_ARTIFACTS: weakref.WeakSet[Any] = weakref.WeakSet()


class _Status(threading.local):
    enabled = True


_status = _Status()


@contextlib.contextmanager
def enabled(value: bool) -> Iterator[None]:
    """Turns conversion on or off for the calls in the block."""
    before, _status.enabled = _status.enabled, value
    try:
        yield
    finally:
        _status.enabled = before


def is_enabled() -> bool:
    """Whether the user's functions are converted when converted or library code calls them."""
    return _status.enabled


class FunctionScope:
    """Surrounds the body of a converted function."""

    def __init__(self, function_name: str, scope_name: str, options: Any) -> None:
        self.name = scope_name
        self.function_name = function_name

    def __enter__(self) -> FunctionScope:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def ret(self, value: Any, did_return: Any) -> Any:
        """The function's result."""
        if isinstance(value, UndefinedReturnValue):
            return None
        if value is not None and is_staged(did_return):
            raise ValueError(
                f"'{self.function_name}' returns a value on some paths only, and which path is taken depends on a "
                "tensor: the else branch must also have a return statement. Return a value on every path."
            )
        return value


def with_function_scope(thunk: Callable[[FunctionScope], Any], scope_name: str, options: Any) -> Any:
    """A `FunctionScope` around the body of a lambda."""
    with FunctionScope("lambda", scope_name, options) as scope:
        return thunk(scope)


def autograph_artifact(function: Any) -> Any:
    """Marks a function made by converted code."""
    _ARTIFACTS.add(function)
    return function


def converted_call(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, scope: FunctionScope | None = None
) -> Any:
    """Calls `function` from converted code.

    Args:
        function: Any callable.
        args: The positional arguments.
        kwargs: The keyword arguments, or None.
        scope: That of the function the call is in.
    """
    kwargs = kwargs or {}
    if isinstance(function, functools.partial):
        return converted_call(function.func, (*function.args, *args), {**function.keywords, **kwargs}, scope)
    if isinstance(function, types.BuiltinFunctionType | type):
        return builtin_functions.call(function, args, kwargs, scope)
    target, prefix = _target(function)
    if target is None or not _status.enabled:
        return function(*args, **kwargs)
    converted = _CONVERTER[0](target)
    if converted is None:
        return function(*args, **kwargs)
    return converted(*prefix, *args, **kwargs)


# Converts a function, or gives None where it cannot; set by the conversion.
_CONVERTER: list[Callable[[Any], Any]] = [lambda function: None]


def set_converter(converter: Callable[[Any], Any]) -> None:
    """Sets what converts a function."""
    _CONVERTER[0] = converter


def _target(function: Any) -> tuple[Any, tuple[Any, ...]]:
    """The Python function behind a callable of the user's, and the arguments bound to it; None: not to be converted."""
    if isinstance(function, types.MethodType):
        inner, prefix = function.__func__, (function.__self__,)
        return (_target(inner)[0], prefix) if isinstance(inner, types.FunctionType) else (None, ())
    if isinstance(function, types.FunctionType):
        return (function if is_convertible(function) else None), ()
    call = getattr(type(function), "__call__", None)  # noqa: B004 - looked up as Python does, on the type
    if isinstance(call, types.FunctionType) and is_convertible(call):
        return call, (function,)
    return None, ()


def is_convertible(function: types.FunctionType) -> bool:
    """Whether a function is the user's, and of a kind that can be converted."""
    if function in _ARTIFACTS or getattr(function, "__ag_do_not_convert__", False):
        return False
    module = str(function.__globals__.get("__name__", "")).partition(".")[0]
    code = function.__code__
    if code.co_filename.startswith("<doctest"):
        return True
    return module not in _LIBRARIES and not code.co_flags & _NOT_CONVERTIBLE and code.co_filename != "<string>"


def do_not_convert(function: Any = None) -> Any:
    """Makes a function that is called as it is, and whose callees are too.

    Args:
        function: The function; None makes a decorator.

    Returns:
        The wrapped function, or a decorator.

    >>> @tf.autograph.experimental.do_not_convert
    ... def f(x):
    ...     return x if x is not None else 0
    >>> f(None)
    0
    """
    if function is None:
        return do_not_convert

    def unconverted(*args: Any, **kwargs: Any) -> Any:
        with enabled(False):
            return function(*args, **kwargs)

    if inspect.isroutine(function):
        functools.update_wrapper(unconverted, function)
    unconverted.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return unconverted


def in_graph() -> bool:
    """Whether a graph is being traced: only then does conversion change anything."""
    return context.graph is not None
