"""Records what TensorFlow answers: `python tests/goldens/make_goldens.py [area ...]` with TensorFlow 2.21 installed.

With `--check` nothing is written: TensorFlow is compared with the recorded answers, which shows a case that does not
give the same answer twice, or not the same eagerly and traced.
"""

from __future__ import annotations

import functools
import inspect
import os
import pathlib
import sys
import warnings
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
warnings.filterwarnings("ignore")

import tensorflow as tf  # noqa: E402

from tests.goldens import compare, store  # noqa: E402
from tests.goldens.case import Case  # noqa: E402
from tests.goldens.cases import AREAS, load  # noqa: E402
from tests.goldens.runner import Runner, differentiable, parameters, resolve, weights_for  # noqa: E402


@functools.cache
def _names() -> dict[int, list[str]]:
    """Every public path, up to two levels deep, of every function, by the function's identity."""
    found: dict[int, list[str]] = {}
    for name in sorted(n for n in dir(tf) if not n.startswith("_") and n not in _SKIPPED):
        value = getattr(tf, name)
        inner = [n for n in dir(value) if not n.startswith("_")] if inspect.ismodule(value) else []
        for path, each in [(name, value), *((f"{name}.{n}", getattr(value, n)) for n in inner)]:
            if inspect.isfunction(each):
                found.setdefault(id(each), []).append(path)
    return found


_SKIPPED = ("compat", "keras", "raw_ops", "losses", "metrics", "initializers", "optimizers", "experimental", "tpu")


def record(runner: Runner, case: Case, writer: store.Writer) -> dict[str, Any]:
    """Everything TensorFlow answers for one case."""
    names = _names().get(id(resolve(tf, case.symbol)), [])
    out: dict[str, Any] = {"parameters": parameters(tf, case.symbol), "names": names}
    if case.raises:
        return out | {"error": _error(lambda: runner.outputs(case))} | _traced_error(runner, case)
    values = runner.outputs(case)
    out["outputs"] = [writer.add(v) for v in values]
    if case.function:
        out |= _static(runner, case)
    if differentiable(case):
        out |= _gradients(runner, case, writer, weights_for(values))
    return out


def _error(call: Any) -> str:
    try:
        call()
    except Exception as error:
        return type(error).__name__
    raise AssertionError("the case is declared to raise, and does not")


def _traced_error(runner: Runner, case: Case) -> dict[str, str]:
    return {"traced_error": _error(lambda: runner.all_in_function(case, "known", [], 0))} if case.function else {}


def _static(runner: Runner, case: Case) -> dict[str, Any]:
    out = {"known": runner.static_shapes(case, "known")}
    if case.unknown and case.args:
        out["unknown"] = runner.static_shapes(case, "unknown")
        if case.rankless:
            out["rankless"] = runner.static_shapes(case, "rankless")
    return out


def _gradients(runner: Runner, case: Case, writer: store.Writer, weights: list[Any]) -> dict[str, Any]:
    if not weights:
        return {}
    try:
        first, second, kinds = runner.eager_gradients(case, weights, 2 if case.grad2 else 1)
    except LookupError:
        # TensorFlow has no second gradient for some ops: then there is nothing to compare.
        first, second, kinds = runner.eager_gradients(case, weights, 1)
    out: dict[str, Any] = {"kinds": kinds, "grads": [None if g is None else writer.add(g) for g in first]}
    if second:
        out["grads2"] = [None if g is None else writer.add(g) for g in second]
    return out


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    chosen = [a for a in arguments if not a.startswith("-")] or list(AREAS)
    runner, failed = Runner(tf), 0
    for area in chosen:
        cases, writer, records = load(area), store.Writer(), {}
        for case in cases:
            try:
                if check:
                    compare.everything(runner, case, store.Reader(area))
                else:
                    records[case.name] = record(runner, case, writer)
            except Exception as error:
                failed += 1
                print(f"{area}: {case.name}: {type(error).__name__}: {str(error)[:600]}")
        if not check:
            writer.save(area, records)
        print(f"{area}: {len(cases)} cases of {len({c.symbol for c in cases})} functions")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
