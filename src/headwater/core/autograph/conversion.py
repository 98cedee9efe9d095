"""Conversion of Python functions, by diastatic-malt (TensorFlow's AutoGraph, spun off) with our operators."""

from __future__ import annotations

import ast
import functools
import os
import sys
import threading
import types
import warnings
import weakref
from typing import Any

from headwater.core.autograph import calls, conditionals, lambdas, loops, notes, values
from headwater.core.autograph.calls import is_convertible
from headwater.core.engine_errors import reraise_foreign
from headwater.core.errors import OperatorNotAllowedInGraphError
from headwater.core.graph import register_source_map

_lock = threading.RLock()

# code objects that could not be converted
_REFUSED: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Says how the loop whose first statement this is runs, if it runs in the graph.

    Args:
        parallel_iterations: Accepted for compatibility.
        swap_memory: Accepted for compatibility.
        maximum_iterations: The most iterations the loop makes.
        shape_invariants: ``(variable, shape)`` pairs: the shape that holds for the variable in every iteration.

    >>> @tf.function
    ... def f():
    ...     v = tf.constant([0])
    ...     for i in tf.range(3):
    ...         tf.autograph.experimental.set_loop_options(shape_invariants=[(v, tf.TensorShape([None]))])
    ...         v = tf.concat([v, [i]], 0)
    ...     return v
    >>> f()
    <tf.Tensor: shape=(4,), dtype=int32, numpy=array([0, 0, 1, 2], dtype=int32)>
    """


@functools.cache
def _transpiler() -> Any:
    """The transpiler, made on first use: importing malt takes a while."""
    from headwater.core.autograph._transpiler import Transpiler  # noqa: PLC0415 - heavy, and often not needed

    return Transpiler(_operators(), set_loop_options)


def _operators() -> types.ModuleType:
    """What converted code calls: the module it knows as ``ag__``."""
    module = types.ModuleType("ag__")
    for source, names in (
        (values, ("ld", "ldu", "Undefined", "UndefinedReturnValue")),
        (conditionals, ("if_stmt", "if_exp", "and_", "or_", "not_")),
        (loops, ("while_stmt", "for_stmt")),
        (calls, ("FunctionScope", "with_function_scope", "autograph_artifact", "converted_call")),
    ):
        for name in names:
            setattr(module, name, getattr(source, name))
    module.__dict__.update(assert_stmt=assert_stmt, caught=caught, without_else=without_else, STD=None)
    return module


def without_else(iterated: Any) -> Any:
    """What a loop with an `else` goes over, or its condition: no tensor."""
    if values.is_staged(iterated):
        raise OperatorNotAllowedInGraphError(
            f"A loop with an `else` block cannot go over a tensor (or have one as its condition): {iterated!r}. "
            "Remedy: set a flag where the loop breaks, and put the block into an `if` after the loop."
        )
    return iterated


def caught() -> Any:
    """The exception being handled."""
    return sys.exc_info()[1]


def assert_stmt(condition: Any, message: Any) -> None:
    """An `assert` statement."""
    if values.is_staged(condition):
        values.FUNCTIONS["assert"](values.as_condition(condition, "assert statement"), [message()])
    elif not condition:
        raise AssertionError(message())


def convert(function: types.FunctionType) -> Any:
    """The converted function, or None (after a warning) where it cannot be converted."""
    code = function.__code__
    if code in _REFUSED:
        return None
    # `functools.wraps` would make the source of the wrapped function be found.
    shown = lambdas.alone(code) if function.__name__ == "<lambda>" else code
    plain = types.FunctionType(shown, function.__globals__, shown.co_name, function.__defaults__, function.__closure__)
    plain.__kwdefaults__ = function.__kwdefaults__
    plain.__module__ = function.__module__
    with _lock:
        try:
            converted, module, source_map = _transpiler().transform(plain)
        except Exception as error:
            reraise_foreign(error)
            _REFUSED[code] = True
            _warn(function, error)
            return None
    _register(module.__file__, source_map)
    return converted


def _warn(function: Any, error: Exception) -> None:
    reason = str(error).strip() or type(error).__name__
    warnings.warn(
        f"AutoGraph could not transform {function} and will run it as-is.\nCause: {reason}\nTo silence this warning, "
        "decorate the function with @tf.autograph.experimental.do_not_convert",
        stacklevel=3,
    )


def _name(function: str | None) -> str:
    return "<lambda>" if function in (None, lambdas.NAME) else function


_registered: set[str] = set()


def _register(file: str, source_map: Any) -> None:
    if file in _registered:
        return
    _registered.add(file)
    lines = {
        generated.lineno: (lambdas.true_file(found.loc.filename), found.loc.lineno, _name(found.function_name))
        for generated, found in source_map.items()
    }
    known = sorted(lines)

    def locate(line: int) -> Any:
        earlier = [n for n in known if n <= line]
        return lines[earlier[-1]] if earlier else lines[known[0]] if known else None

    register_source_map(file, locate)
    notes.add_generated(file, locate)


calls.set_converter(convert)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accepted for compatibility: conversions say nothing but their warnings.

    >>> tf.autograph.set_verbosity(0)
    """


def trace(*args: Any) -> None:
    """Prints its arguments while the function is traced.

    >>> tf.autograph.trace("tracing")
    tracing
    """
    print(*args)


def to_code(function: Any) -> str:
    """The source of the converted function."""
    converted, module, _ = _transpiler().transform(_plain(function))
    with open(module.__file__) as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == converted.__name__:
            return ast.unparse(node) + os.linesep
    return ast.unparse(tree)


def _plain(function: Any) -> types.FunctionType:
    found = getattr(function, "python_function", function)
    found = getattr(found, "__func__", found)
    if not isinstance(found, types.FunctionType):
        raise ValueError(f"Expected a Python function, received {function!r}. Pass the function itself, or a method.")
    return found


def to_graph(function: Any) -> Any:
    """The converted function. Raises ValueError if it cannot be converted."""
    plain = _plain(function)
    if not is_convertible(plain):
        raise ValueError(f"{function!r} cannot be converted: it is a generator, a coroutine or library code.")
    converted = convert(plain)
    if converted is None:
        raise ValueError(f"{function!r} cannot be converted. See the warning above for the cause.")
    return calls.autograph_artifact(notes.noted(converted))
