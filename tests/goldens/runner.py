"""Runs a case with whichever module plays `tf`, through public API alone."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tests.goldens.case import Case


class Runner:
    """Every way a case is run: eagerly, traced, and differentiated."""

    def __init__(self, tf: Any) -> None:
        self.tf = tf

    def tensors(self, case: Case) -> list[Any]:
        return [self.tf.constant(a) for a in case.args]

    def specs(self, case: Case, known: str) -> list[Any]:
        """Signatures of the arguments: `known` is "known", "unknown" (dimensions) or "rankless"."""
        return [
            self.tf.TensorSpec(self._shape(a, known if i not in case.fixed else "known"), self.tf.as_dtype(_dtype(a)))
            for i, a in enumerate(case.args)
        ]

    @staticmethod
    def _shape(array: np.ndarray, known: str) -> Any:
        return {"known": list(array.shape), "unknown": [None] * array.ndim, "rankless": None}[known]

    def flat(self, outputs: Any) -> list[Any]:
        """Tensors of a result in order; composites as their components."""
        return self.tf.nest.flatten(outputs, expand_composites=True)

    def outputs(self, case: Case) -> list[np.ndarray]:
        """Eager results."""
        return [to_numpy(t) for t in self.flat(case.fn(self.tf, *self.tensors(case)))]

    def traced(self, case: Case, known: str) -> Any:
        """The concrete function of the case alone."""
        fn = self.tf.function(lambda *args: self.flat(case.fn(self.tf, *args)), autograph=case.autograph)
        return fn.get_concrete_function(*self.specs(case, known))

    def static_shapes(self, case: Case, known: str) -> list[list[int | None] | None]:
        """Shapes that tracing infers, None for unknown rank."""
        return [shape_list(t) for t in self.traced(case, known).structured_outputs]

    def all_in_function(self, case: Case, known: str, weights: list[Any], order: int) -> tuple[Any, Any, Any]:
        """Values, gradients and second gradients from one traced function."""

        def everything(*args: Any) -> Any:
            if order == 0:
                return self.flat(case.fn(self.tf, *args)), [], []
            values, first, second = self.differentiate(case, list(args), weights, order)
            # A function cannot return None among tensors in every framework: leave the gaps out, keep their places.
            gaps.append(([g is None for g in first], [g is None for g in second]))
            return values, [g for g in first if g is not None], [g for g in second if g is not None]

        gaps: list[Any] = []
        fn = self.tf.function(everything, input_signature=self.specs(case, known), autograph=case.autograph)
        values, first, second = fn(*self.tensors(case))
        holes = gaps[-1] if gaps else ([], [])
        return [to_numpy(t) for t in values], _fill(first, holes[0]), _fill(second, holes[1])

    def eager_gradients(self, case: Case, weights: list[Any], order: int = 1) -> tuple[list[Any], list[Any], list[str]]:
        """First and second gradients, and whether each first one came dense, as slices or not at all."""
        kinds: list[str] = []
        _, first, second = self.differentiate(case, self.tensors(case), weights, order, kinds)
        return [_or_none(g) for g in first], [_or_none(g) for g in second], kinds

    def differentiate(
        self, case: Case, args: list[Any], weights: list[Any], order: int, kinds: list[str] | None = None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        tf = self.tf
        watched = [a for a in args if a.dtype.is_floating or a.dtype.is_complex]
        with tf.GradientTape() as outer:
            outer.watch(watched)
            with tf.GradientTape() as inner:
                inner.watch(watched)
                values = self.flat(case.fn(tf, *args))
                targets = [v for v in values if v.dtype.is_floating or v.dtype.is_complex]
            seeds = [tf.constant(w) for w in weights]
            first = inner.gradient(targets, watched, output_gradients=seeds)
            if kinds is not None:
                kinds.extend(_kind(tf, g) for g in first)
            first = [g if g is None else tf.convert_to_tensor(g) for g in first]
            squares = [tf.reduce_sum(_square(tf, g)) for g in first if g is not None] if order > 1 else []
        if not squares:
            return values, first, []
        second = outer.gradient(squares, watched)
        return values, first, [g if g is None else tf.convert_to_tensor(g) for g in second]


def _square(tf: Any, g: Any) -> Any:
    return tf.math.real(g * tf.math.conj(g)) if g.dtype.is_complex else g * g


def _kind(tf: Any, gradient: Any) -> str:
    if gradient is None:
        return "none"
    return "slices" if isinstance(gradient, tf.IndexedSlices) else "dense"


def _or_none(tensor: Any) -> Any:
    return None if tensor is None else to_numpy(tensor)


def _fill(tensors: list[Any], missing: list[bool]) -> list[Any]:
    found = iter(tensors)
    return [None if gone else to_numpy(next(found)) for gone in missing]


def _dtype(array: np.ndarray) -> Any:
    return "string" if array.dtype == object else array.dtype


def to_numpy(value: Any) -> np.ndarray:
    """A tensor's value; byte strings as an object array; a static shape as int64 with -1 for unknown."""
    if hasattr(value, "as_list"):
        return np.array([-1 if d is None else d for d in value.as_list()], np.int64)
    array = value.numpy() if hasattr(value, "numpy") else value
    if isinstance(array, bytes):
        return np.array(array, dtype=object)
    array = np.asarray(array)
    return array.astype(object) if array.dtype.kind == "S" else array


def shape_list(value: Any) -> list[int | None] | None:
    """A static shape as a list, None for unknown rank; a Python value counts as its array."""
    shape = getattr(value, "shape", None)
    if shape is None or isinstance(shape, tuple):
        return list(np.shape(value))
    return None if shape.rank is None else shape.as_list()


def weights_for(outputs: list[np.ndarray]) -> list[np.ndarray]:
    """Fixed output weights for the gradients, one per floating or complex output."""
    return [_weights(a) for a in outputs if a.dtype.kind in "fc" or a.dtype.name == "bfloat16"]


def _weights(array: np.ndarray) -> np.ndarray:
    wave = np.cos(1.0 + 0.7 * np.arange(array.size)).reshape(array.shape)
    return (wave * (1 - 0.5j) if array.dtype.kind == "c" else wave).astype(array.dtype)


def differentiable(case: Case) -> bool:
    """Whether gradients of the case are to be compared at all."""
    return case.grad and any(a.dtype.kind in "fc" or a.dtype.name == "bfloat16" for a in case.args)


def parameters(tf: Any, symbol: str) -> list[str]:
    """Names of the public function's parameters, in order."""
    return list(inspect.signature(resolve(tf, symbol)).parameters)


def resolve(tf: Any, symbol: str) -> Any:
    """The object at a dotted public path."""
    for part in symbol.split("."):
        tf = getattr(tf, part)
    return tf
