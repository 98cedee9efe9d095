"""Variants of every golden case that nobody writes by hand: other dtypes, other sizes, other forms of the arguments.

A variant is one rule, applied to all cases alike. TensorFlow decides what the answer of each is (`make_variants.py`
records it), as the values of the plain call or as the fact that it fails.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.goldens.case import Case
from tests.goldens.cases import AREAS, load
from tests.goldens.runner import to_numpy
from tests.goldens.store import DATA

FILE = DATA / "_variants.jsonl"
# How many elements of an output are kept.
_KEPT = 12


@dataclasses.dataclass(frozen=True)
class Variant:
    """One rule.

    Args:
        array: Changes each argument that is a tensor, before it is one.
        static: Changes each number and list that is passed to the function under test.
        given: Makes an argument of an array.
        binding: TensorFlow's refusal counts too. Where it is only that a kernel or a conversion is missing, an answer
            is welcome.
    """

    array: Callable[[np.ndarray], np.ndarray] | None = None
    static: Callable[[Any], Any] | None = None
    given: Callable[[Any, np.ndarray], Any] = lambda tf, a: tf.constant(a)
    binding: bool = False


def _to(source: str, target: str) -> Callable[[np.ndarray], np.ndarray]:
    def change(a: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return a.astype(target) if a.dtype == source else a

    return change


def _cut(*place: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda a: a[place] if a.ndim else a


def _is_ints(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(type(v) is int for v in value)


def _number(value: Any) -> Any:
    kind = {int: np.int64, float: np.float64, bool: np.bool_}.get(type(value))
    if kind is not None:
        return kind(value)
    return [np.int64(v) for v in value] if _is_ints(value) else value


_INTEGERS = ("int8", "uint8", "int16", "uint16", "uint32", "int64", "uint64")
VARIANTS = {
    **{d: Variant(array=_to("float32", d)) for d in ("float16", "float64")},
    **{d: Variant(array=_to("int32", d)) for d in _INTEGERS},
    "no rows": Variant(array=_cut(slice(0, 0))),
    "no columns": Variant(array=_cut(..., slice(0, 0))),
    "one row": Variant(array=_cut(slice(0, 1)), binding=True),
    "one column": Variant(array=_cut(..., slice(0, 1)), binding=True),
    "arrays": Variant(given=lambda tf, a: a),
    "lists": Variant(given=lambda tf, a: a.tolist()),
    "numpy numbers": Variant(static=_number),
    "0-d arrays": Variant(static=lambda v: np.array(v) if type(v) in (int, float) else v),
    "vectors": Variant(static=lambda v: np.array(v) if _is_ints(v) else v),
    "scalars": Variant(static=lambda v: v[0] if _is_ints(v) and len(v) == 1 else v),
    "tuples": Variant(static=lambda v: tuple(v) if isinstance(v, list) and _is_ints(v) else v),
}


class _Rewritten:
    """The module under test, whose function at `path` gets other static arguments."""

    def __init__(self, inner: Any, path: list[str], change: Callable[[Any], Any], changed: list[bool]) -> None:
        self._inner, self._path, self._change, self._changed = inner, path, change, changed

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not self._path or name != self._path[0]:
            return found
        if len(self._path) > 1:
            return _Rewritten(found, self._path[1:], self._change, self._changed)
        return functools.partial(self._call, found)

    def _call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*map(self._new, args), **{k: self._new(v) for k, v in kwargs.items()})

    def _new(self, value: Any) -> Any:
        new = self._change(value)
        self._changed[0] |= new is not value
        return new


def run(tf: Any, case: Case, variant: Variant, traced: bool = False) -> list[np.ndarray] | None:
    """The outputs of one variant of a case; None if it changes nothing."""
    arrays = [np.asarray(a) if variant.array is None else variant.array(a) for a in case.args]
    changed = [any(new is not old for new, old in zip(arrays, case.args, strict=True)) or variant.array is None]
    module: Any = tf
    if variant.static is not None:
        changed[0] = False
        module = _Rewritten(tf, case.symbol.split("."), variant.static, changed)

    def call() -> Any:
        given = [variant.given(tf, a) for a in arrays]
        return tf.nest.flatten(case.fn(module, *given), expand_composites=True)

    outputs = tf.function(call, autograph=case.autograph)() if traced else call()
    return [to_numpy(t) for t in outputs] if changed[0] else None


def rows() -> Iterator[tuple[str, Case, Variant]]:
    """Every variant of every case that has an answer of its own, by name."""
    for area in AREAS:
        for case in load(area):
            if case.values and not case.raises and not area.startswith(("random", "strings")):
                for label, variant in VARIANTS.items():
                    if case.args or variant.static is not None:
                        yield f"{area}:{case.name}@{label}", case, variant


def summary(outputs: list[np.ndarray]) -> list[Any]:
    """Dtype, shape and a few elements of each output: what is recorded."""
    return [[a.dtype.name, list(a.shape), [_text(v) for v in _few(a)]] for a in outputs]


def _few(array: np.ndarray) -> list[Any]:
    flat = array.ravel()
    return flat[:: max(1, -(-flat.size // _KEPT))].tolist()


def _text(value: Any) -> Any:
    if isinstance(value, complex):
        return [_text(value.real), _text(value.imag)]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return float(f"{float(value):.7g}") if isinstance(value, float) or hasattr(value, "dtype") else value


def recorded() -> dict[str, Any]:
    """The recorded answers by name of the row: a summary of the outputs, or the name of an error."""
    return dict(json.loads(line) for line in FILE.read_text().splitlines())


def in_sample(name: str, of: int) -> bool:
    """Whether a row is in the fixed sample of about one in `of`."""
    return zlib.crc32(name.encode()) % of == 0
