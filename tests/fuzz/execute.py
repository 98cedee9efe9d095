"""Runs one random program in one mode, on whatever module plays `tf`: it needs nothing of Headwater."""

from __future__ import annotations

import functools
import itertools
import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.fuzz.generate import Program

MODES = ("eager", "function", "inside", "captured", "captured_outside", "unknown", "twice")


class Outcome(NamedTuple):
    """What a run gave, as arrays by name (None: no gradient), or its error."""

    values: dict[str, Any]
    error: str = ""


def run(tf: Any, program: Program, mode: str) -> Outcome:
    """Runs the program.

    Args:
        tf: The module.
        program: The program.
        mode: ``"eager"``; ``"function"``: a function under a tape; ``"inside"``: the tape is in the function;
            ``"captured"`` and ``"captured_outside"``: the same with inputs that the function captures; ``"unknown"``:
            traced without known dimensions; ``"twice"``: a function in a function.
    """
    try:
        return Outcome(_run(tf, program, mode))
    except Exception as error:
        return Outcome({}, f"{type(error).__name__}: {error}"[:600])


def _run(tf: Any, program: Program, mode: str) -> dict[str, Any]:
    function = _compiled(tf, program)
    inputs = [tf.constant(x) for x in program.inputs.values()]
    variables = [tf.Variable(x) for x in program.variables.values()]
    outputs, gradients = _RUNNERS[mode](tf, function, inputs, variables)
    named = {f"output {i}": np.asarray(x) for i, x in enumerate(outputs)}
    names = [*[n for n, x in program.inputs.items() if x.dtype.kind == "f"], *program.variables]
    named |= {f"gradient of {n}": g if g is None else np.asarray(g) for n, g in zip(names, gradients, strict=True)}
    return named | {n: v.numpy() for n, v in zip(program.variables, variables, strict=True)}


def _compiled(tf: Any, program: Program) -> Callable[..., Any]:
    names: dict[str, Any] = {"tf": tf, "F": getattr(tf, program.dtype)}
    exec(code(program.source), names)
    return names["program"]


@functools.lru_cache(1)
def code(source: str) -> Any:
    """The same code for all runs of a program: what is kept by code, as AutoGraph's conversions are, is made once."""
    file = f"<program {next(_NUMBERS)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return compile(source, file, "exec")


_NUMBERS = itertools.count()


def _differentiated(tf: Any, function: Any, inputs: Any, variables: Any, *arguments: Any) -> tuple[Any, Any]:
    sources = [x for x in inputs if x.dtype.is_floating] + list(variables)
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = function(*arguments)
    targets = [y for y in outputs if y.dtype.is_floating]
    gradients = tape.gradient(targets, sources) if targets else [None] * len(sources)
    return outputs, [None if g is None else tf.convert_to_tensor(g) for g in gradients]


def _eager(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    return _differentiated(tf, function, inputs, variables, *inputs, *variables)


def _function(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    traced = tf.function(lambda *given: function(*given, *variables))
    return _differentiated(tf, traced, inputs, variables, *inputs)


def _inside(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    return tf.function(lambda *given: _differentiated(tf, function, given, variables, *given, *variables))(*inputs)


def _captured(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    return tf.function(lambda: _differentiated(tf, function, inputs, variables, *inputs, *variables))()


def _captured_outside(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    return _differentiated(tf, tf.function(lambda: function(*inputs, *variables)), inputs, variables)


def _unknown(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    signature = [tf.TensorSpec([None] * len(x.shape), x.dtype) for x in inputs]
    traced = tf.function(lambda *given: function(*given, *variables), input_signature=signature)
    return _differentiated(tf, traced, inputs, variables, *inputs)


def _twice(tf: Any, function: Any, inputs: Any, variables: Any) -> tuple[Any, Any]:
    inner = tf.function(lambda *given: function(*given, *variables))
    outer = tf.function(lambda *given: _differentiated(tf, inner, given, variables, *given))
    return outer(*inputs)


_RUNNERS = {
    "eager": _eager, "function": _function, "inside": _inside, "captured": _captured,
    "captured_outside": _captured_outside, "unknown": _unknown, "twice": _twice,
}  # fmt: skip
