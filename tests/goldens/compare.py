"""Compares one way of running a case with the recorded answer; each difference is one readable line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tests.goldens.case import Case
from tests.goldens.runner import Runner, shape_list, weights_for
from tests.goldens.store import Reader

# Relative and absolute tolerance of values by dtype.
_TOLERANCE = {
    "float16": (2e-3, 2e-3), "bfloat16": (2e-2, 2e-2), "float32": (1e-5, 1e-6), "float64": (1e-9, 1e-10),
    "complex64": (1e-5, 1e-6), "complex128": (1e-9, 1e-10),
}  # fmt: skip


def eager(runner: Runner, case: Case, golden: Reader) -> None:
    """Values, dtypes and gradients of the plain call."""
    record = golden.cases[case.name]
    if case.raises:
        raises(lambda: runner.outputs(case), record["error"])
        return
    _values(case, "eager value", runner.outputs(case), _outputs(golden, record))
    if "grads" in record:
        first, _, kinds = runner.eager_gradients(case, _weights(golden, record))
        assert kinds == record["kinds"], f"gradient kinds: expected {record['kinds']}, got {kinds}"
        _values(case, "eager gradient", first, _arrays(golden, record["grads"]), 10)


def function(runner: Runner, case: Case, golden: Reader) -> None:
    """Values and gradients to second order of one traced function."""
    record = golden.cases[case.name]
    if not case.function:
        return
    known = "unknown" if "unknown" in record else "known"
    if case.raises:
        # What TensorFlow finds only when the graph runs may be found while tracing: a ValueError then.
        allowed = {record["error"], record["traced_error"], "ValueError"}
        raises(lambda: runner.all_in_function(case, known, [], 0), *sorted(allowed))
        return
    order = 2 if "grads2" in record else 1 if "grads" in record else 0
    values, first, second = runner.all_in_function(case, known, _weights(golden, record), order)
    _values(case, "value in a function", values, _outputs(golden, record))
    if order:
        _values(case, "gradient in a function", first, _arrays(golden, record["grads"]), 10)
    if order == 2:
        # A linear op's gradient does not depend on its input: None in TensorFlow, zeros where an op is its own vjp.
        wanted = _arrays(golden, record["grads2"])
        wanted = [np.zeros_like(g) if w is None and g is not None else w for w, g in zip(wanted, second, strict=True)]
        _values(case, "second gradient", second, wanted, 100)


def static_shapes(runner: Runner, case: Case, golden: Reader) -> None:
    """What tracing knows of the result: with all dimensions known, with none, and without rank."""
    record = golden.cases[case.name]
    actual = [ref[1] for ref in record.get("outputs", [])]
    for known in ("known", "unknown", "rankless"):
        if known not in record:
            continue
        concrete = runner.traced(case, known).structured_outputs
        got = [shape_list(t) for t in concrete]
        loose = known == "rankless" or case.static == "refines"
        good = _compatible(got, actual) if loose else got == record[known]
        assert good, f"static shapes ({known}): expected {record[known]}, got {got}"
        if case.values:
            dtypes = [_dtype_name(t) for t in concrete]
            assert dtypes == [ref[0] for ref in record["outputs"]], f"static dtypes ({known}): {dtypes}"


def everything(runner: Runner, case: Case, golden: Reader) -> None:
    """All comparisons of one case."""
    eager(runner, case, golden)
    function(runner, case, golden)
    static_shapes(runner, case, golden)


def raises(call: Any, *allowed: str) -> None:
    """The call fails with one of these classes, or a subclass of one."""
    caught: Exception | None = None
    try:
        call()
    except Exception as error:
        caught = error
    names = {c.__name__ for c in type(caught).__mro__}
    assert names & set(allowed), f"expected {' or '.join(allowed)}, got {caught!r}"


def _compatible(got: list[Any], actual: list[Any]) -> bool:
    def fits(static: Any, real: list[int]) -> bool:
        if static is None:
            return True
        return len(static) == len(real) and all(s is None or s == r for s, r in zip(static, real, strict=True))

    return len(got) == len(actual) and all(fits(s, r) for s, r in zip(got, actual, strict=True))


def _dtype_name(value: Any) -> str:
    name = getattr(getattr(value, "dtype", None), "name", None)
    return name if name is not None else np.asarray(value).dtype.name


def _outputs(golden: Reader, record: dict[str, Any]) -> list[np.ndarray]:
    return [golden.array(ref) for ref in record["outputs"]]


def _arrays(golden: Reader, references: list[Any]) -> list[np.ndarray | None]:
    return [None if ref is None else golden.array(ref) for ref in references]


def _weights(golden: Reader, record: dict[str, Any]) -> list[np.ndarray]:
    return weights_for(_outputs(golden, record)) if "grads" in record else []


def _values(case: Case, what: str, got: list[Any], wanted: list[Any], slack: float = 1) -> None:
    assert len(got) == len(wanted), f"{what}: expected {len(wanted)} tensors, got {len(got)}"
    for i, (mine, theirs) in enumerate(zip(got, wanted, strict=True)):
        problem = _difference(case, mine, theirs, slack)
        assert not problem, f"{case.name}: {what} {i}: {problem}"


def _difference(case: Case, mine: Any, theirs: Any, slack: float) -> str:
    if mine is None or theirs is None:
        return "" if mine is theirs else f"expected {_brief(theirs)}, got {_brief(mine)}"
    if mine.dtype != theirs.dtype or mine.shape != theirs.shape:
        return f"expected {_brief(theirs)}, got {_brief(mine)}"
    if not case.values:
        return ""
    if theirs.dtype.name not in _TOLERANCE:
        return "" if np.array_equal(mine, theirs) else f"expected {_brief(theirs)}, got {_brief(mine)}"
    return _far(case, mine, theirs, slack)


def _far(case: Case, mine: np.ndarray, theirs: np.ndarray, slack: float) -> str:
    rtol, atol = _TOLERANCE[theirs.dtype.name]
    rtol, atol = case.rtol or rtol, case.atol or atol
    wide = np.complex128 if theirs.dtype.kind == "c" else np.float64
    mine, theirs = mine.astype(wide), theirs.astype(wide)
    if slack > 1 and theirs.size:
        # Gradients add up terms that cancel: their error goes with the largest of them.
        finite = np.abs(theirs[np.isfinite(theirs)])
        atol *= max(1.0, float(finite.max(initial=0.0)))
    if np.allclose(mine, theirs, rtol * slack, atol * slack, equal_nan=True):
        return ""
    return f"expected {_brief(theirs)}, got {_brief(mine)}"


def _brief(value: Any) -> str:
    if value is None:
        return "None"
    text = re.sub(r"\s+", " ", np.array2string(value, threshold=24, precision=8))
    return f"{value.dtype.name}{list(value.shape)} {text}"
