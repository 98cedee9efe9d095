"""The fuzzer's command: runs programs of consecutive seeds and prints those whose runs disagree, made smaller."""

from __future__ import annotations

import argparse
import ast
import contextlib
import dataclasses
import json
import os
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.fuzz.execute import MODES, Outcome, run
from tests.fuzz.generate import Program, program

_TOLERANCE = {"float32": 2e-3, "float64": 1e-7}

# Where TensorFlow is no reference: it has no kernel for the dtype or device, no gradient, or its tracing goes wrong.
_LACKING = (
    "is not in the list of allowed values", "not implemented", "Could not find device", "No registered",
    "Detected unsupported operations",
    "gradient registry has no entry", "No gradient defined",
    "is out of scope and cannot be used here", "Input 0 of node",
)  # fmt: skip
# What it raises for faults of its own.
_BROKEN = ("AssertionError", "InternalError")


def is_reference(outcome: Outcome) -> bool:
    """Whether TensorFlow could run the program, or refused it for what the program does."""
    return outcome.error.partition(":")[0] not in _BROKEN and not any(text in outcome.error for text in _LACKING)


def tolerance(one: Program) -> float:
    """How far results may be apart: TensorFlow computes pictures in float32 whatever their dtype."""
    return _TOLERANCE["float32" if "tf.image" in one.source or "tf.float32" in one.source else one.dtype]


def difference(a: Outcome, b: Outcome, within: float) -> str:
    """How two outcomes of a program differ, or an empty string."""
    if a.error or b.error:
        return "" if bool(a.error) == bool(b.error) else f"{a.error or 'no error'} | {b.error or 'no error'}"
    for name, x in a.values.items():
        y = b.values[name]
        if x is None or y is None:  # no gradient where another way to run finds zeros is TensorFlow's habit too
            if np.any(0.0 if x is None else x) or np.any(0.0 if y is None else y):
                return f"{name}: {x} | {y}"
        elif not _close(x, y, within):
            return f"{name}: {x.dtype}{x.shape} {x.ravel()[:9]} | {y.dtype}{y.shape} {y.ravel()[:9]}"
    return ""


def _close(x: Any, y: Any, tolerance: float) -> bool:
    if x.dtype != y.dtype or x.shape != y.shape:
        return False
    if x.dtype.kind != "f":
        return bool(np.array_equal(x, y))
    size = np.abs(x[np.isfinite(x)]).max(initial=1.0)
    return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance * size, equal_nan=True))


def modes_of(seed: int, count: int) -> list[str]:
    """The modes in which the program of that seed runs besides eagerly."""
    return random.Random(seed + 1).sample(MODES[1:], count)


def is_compiled(seed: int, each: int) -> bool:
    """Whether the program of that seed is one of those that are compiled: one in `each`, none if that is 0."""
    return each > 0 and random.Random(seed + 2).randrange(each) == 0


def disagreement(tf: Any, one: Program, modes: list[str], reference: Outcome | None = None) -> str:
    """Where the runs of a program differ from its eager run, or that from the reference; an empty string if nowhere."""
    eager = run(tf, one, "eager")
    if reference is not None and (found := difference(reference, eager, tolerance(one))):
        return f"TensorFlow | eager: {found}"
    for mode in modes:
        if found := difference(eager, run(tf, one, mode), tolerance(one)):
            return f"eager | {mode}: {found}"
    return ""


def is_unstable(tf: Any, one: Program) -> bool:
    """Whether the eager results jump when the inputs move a little: then rounding may decide."""
    noise = np.random.RandomState(0)
    step = tolerance(one) * 1e-3
    moved = {n: x + noise.uniform(-step, step, x.shape).astype(x.dtype) if x.dtype.kind == "f" else x
             for n, x in one.inputs.items()}  # fmt: skip
    other = dataclasses.replace(one, inputs=moved)
    return bool(difference(run(tf, one, "eager"), run(tf, other, "eager"), tolerance(one)))


# Making a program smaller ---------------------------------------------------------------------------------------


def smaller(one: Program, still_wrong: Callable[[Program], bool], tries: int = 100) -> Program:
    """A smaller program that is still wrong: statements are dropped as long as it stays so."""
    changed = True
    while changed:
        changed = False
        for source in _shorter(one.source):
            candidate, tries = dataclasses.replace(one, source=source), tries - 1
            if tries < 0:
                return one
            if still_wrong(candidate):
                one, changed = candidate, True
                break
    return one


def _shorter(source: str) -> Iterator[str]:
    """The program without one of its statements, with one result less, or without any of interest."""
    for index in reversed(range(sum(1 for _ in _places(ast.parse(source))))):
        for edit in _edits(*list(_places(ast.parse(source)))[index]):
            tree = ast.parse(source)
            edit(*list(_places(tree))[index])
            if (text := ast.unparse(tree) + "\n") != source:
                yield text


def _edits(body: list[Any], at: int) -> list[Callable[[list[Any], int], object]]:
    """What can be done to a statement: functions of the block and its place there."""
    if not isinstance(body[at], ast.Return):
        return [lambda body, at: body.pop(at)] if len(body) > 1 else []
    results = getattr(body[at].value, "elts", [])
    fewer = [lambda body, at, i=i: body[at].value.elts.pop(i) for i in range(len(results)) if len(results) > 1]
    return [lambda body, at: body.__setitem__(at, ast.parse("return [x0]").body[0]), *fewer] if results else []


def _places(tree: ast.AST) -> Iterator[tuple[Any, int]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            body = getattr(node, field, None)
            if isinstance(body, list) and not isinstance(node, ast.Module):
                yield from ((body, i) for i in range(len(body)))


# TensorFlow -------------------------------------------------------------------------------------------------------


class _Reference:
    """Outcomes from real TensorFlow in an environment of its own, many programs at a time."""

    def __init__(self, python: str) -> None:
        self._python = python

    def outcomes(self, programs: list[Program]) -> list[Outcome]:
        with tempfile.TemporaryDirectory() as folder:
            given, made = os.path.join(folder, "programs"), os.path.join(folder, "outcomes")
            with open(given, "wb") as file:
                pickle.dump(programs, file)
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
            command = [self._python, "-m", "tests.fuzz.run", "--serve", given, made]
            subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
            with open(made, "rb") as file:
                return list(pickle.load(file))


def _serve(given: str, made: str) -> None:
    import tensorflow  # noqa: PLC0415

    with open(given, "rb") as file:
        programs = pickle.load(file)
    with open(made, "wb") as file:
        pickle.dump([run(tensorflow, p, "eager") for p in programs], file)


# The command ------------------------------------------------------------------------------------------------------

_CHUNK = 500  # programs of one process: executables and traces are never given back


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns how many programs were wrong (of many: how many chunks of them had a wrong one)."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=100, help="how many programs")
    parser.add_argument("--modes", type=int, default=2, help="in how many modes besides eagerly (1 to 6)")
    parser.add_argument("--compiled", type=int, default=10, help="compile one in so many programs (1: all, 0: none)")
    parser.add_argument("--tensorflow", help="a Python that has TensorFlow, to compare with")
    parser.add_argument("--show", action="store_true", help="print the programs, do not run them")
    parser.add_argument("--json", help="a file for the programs that were wrong, one a line; it is added to")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        _serve(*options.serve)
        return 0
    if options.show:
        for seed in range(options.seed, options.seed + options.count):
            print(f"# seed {seed}\n{program(seed).source}")
        return 0
    if options.count > _CHUNK:
        return _in_processes(options)
    return _compare(options)


def _in_processes(options: argparse.Namespace) -> int:
    """Runs the programs in processes of `_CHUNK` of them."""
    wrong, end = 0, options.seed + options.count
    for first in range(options.seed, end, _CHUNK):
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            "--seed",
            str(first),
            "--count",
            str(min(_CHUNK, end - first)),
        ]
        command += ["--modes", str(options.modes), "--compiled", str(options.compiled)]
        command += ["--tensorflow", options.tensorflow] if options.tensorflow else []
        command += ["--json", options.json] if options.json else []
        wrong += subprocess.run(command, check=False).returncode != 0
    return wrong


def _compare(options: argparse.Namespace) -> int:
    from tests.fuzz.plain import uncompiled  # noqa: PLC0415 - TensorFlow's environment has no JAX

    programs = [program(s) for s in range(options.seed, options.seed + options.count)]
    known = _Reference(options.tensorflow).outcomes(programs) if options.tensorflow else [None] * len(programs)
    started, wrong, unstable = time.process_time(), 0, 0
    for one, reference in zip(programs, known, strict=True):
        with contextlib.nullcontext() if is_compiled(one.seed, options.compiled) else uncompiled():
            known_to = reference if reference is not None and is_reference(reference) else None
            found = _examine(one, modes_of(one.seed, options.modes), known_to)
        unstable += found is _UNSTABLE
        if found is None or found is _UNSTABLE:
            continue
        wrong += 1
        print(found["source"], flush=True)
        if options.json:
            with open(options.json, "a") as file:
                file.write(json.dumps({"seed": one.seed, **found}) + "\n")
    spent, memory = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"# seeds {options.seed} to {options.seed + len(programs) - 1}: {wrong} wrong, {unstable} unstable, "
        f"{sum(o is not None and not is_reference(o) for o in known)} not for TensorFlow, "
        f"{spent / len(programs):.2f} s each, {memory} MB", flush=True,
    )  # fmt: skip
    return wrong


_UNSTABLE: dict[str, str] = {}


def _examine(one: Program, modes: list[str], reference: Outcome | None) -> dict[str, str] | None:
    """How a program's runs disagree, with a smaller program that shows it; None if they agree."""
    import headwater  # noqa: PLC0415

    found = disagreement(headwater, one, modes, reference)
    if not found:
        return None
    if is_unstable(headwater, one):
        return _UNSTABLE
    print(f"# seed {one.seed}: {found}", flush=True)
    if not found.startswith("TensorFlow"):
        one = smaller(one, lambda p: _is_wrong(headwater, p, modes))
    return {"difference": found, "source": one.source}


def _is_wrong(tf: Any, one: Program, modes: list[str]) -> bool:
    """Whether a program runs eagerly and its other runs disagree."""
    return not run(tf, one, "eager").error and bool(disagreement(tf, one, modes)) and not is_unstable(tf, one)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
