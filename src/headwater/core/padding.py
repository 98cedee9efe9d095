"""Programs for inputs of any length: padded to one of a few sizes, with what is beyond the true length kept out.

A function is traced once with JAX's symbolic dimensions. The resulting jaxpr says of every value which of its
dimensions vary, and of every number which follows from them. It is then evaluated on arrays of a larger, fixed size,
whose rows beyond the true length hold anything at all: each primitive has a rule by which what is within the true
length depends only on what is (`headwater.core.padding_rules`). Sums, say, replace the rest by zeros. A primitive
without a rule is refused, and the function is compiled for each length instead.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export, lax

from headwater.core.padding_rules import ALWAYS, RULES, Refused, at, bind, varies
from headwater.core.transfer import given

_LEAST_BUCKET = 16


def bucket(size: int) -> int:
    """The padded size for a true one."""
    return max(_LEAST_BUCKET, 1 << (size - 1).bit_length())


def pad(array: Any, shape: Sequence[int]) -> np.ndarray:
    """The array at the beginning of a larger one."""
    padded = np.zeros(shape, array.dtype)
    padded[tuple([slice(n) for n in array.shape])] = np.asarray(array)
    return padded


class Padded:
    """A function of arrays some of whose dimensions vary, as one of arrays padded to larger sizes.

    Args:
        function: A JAX function ``(*fixed, inputs)``.
        names: For each input a tuple with the name of each varying dimension, None for the others. Dimensions of the
            same name have the same size.
    """

    def __init__(self, function: Callable[..., Any], names: Sequence[Sequence[str | None]]) -> None:
        self._function = function
        self._names = names
        self.symbols = sorted({name for shape in names for name in shape if name})
        self._outputs: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """Takes the fixed arguments, the padded inputs, and the true sizes by name; gives padded results."""
        *fixed, inputs, sizes = arguments
        buckets = {n: d for a, names in zip(inputs, self._names) for n, d in zip(names, a.shape) if n}
        text = ", ".join(self.symbols)
        dims = dict(zip(self.symbols, export.symbolic_shape(text, constraints=[f"{s} >= 2" for s in self.symbols])))
        specs = [
            jax.ShapeDtypeStruct([dims[n] if n else d for n, d in zip(names, a.shape)], a.dtype)
            for a, names in zip(inputs, self._names)
        ]
        jaxpr, shapes = jax.make_jaxpr(self._function, return_shape=True)(*fixed, specs)
        self._outputs = shapes
        results = _Evaluator(sizes, buckets).closed(jaxpr, jax.tree.leaves((*fixed, inputs)))
        return jax.tree.unflatten(jax.tree.structure(shapes), results)

    def cut(self, results: Any, sizes: dict[str, int]) -> Any:
        """The results without what is beyond the true sizes."""

        def one(array: Any, spec: Any) -> Any:
            if not varies(spec.shape):
                return array
            return given(np.asarray(array)[tuple([slice(at(d, sizes)) for d in spec.shape])].copy())

        return jax.tree.map(one, results, self._outputs)


@functools.cache
def _grows(dim: Any) -> bool:
    """Whether a dimension is a sum of products of varying sizes and a constant, so that it grows with them."""
    terms = [(term, k) for term, k in dim._sorted_terms if not term.is_constant]
    return all(k > 0 and all(factor.to_var() for factor, _ in term._factors) for term, k in terms)


class _Evaluator:
    """Evaluates jaxprs with symbolic dimensions on padded arrays.

    Args:
        sizes: The true sizes by name, scalars known at run time.
        buckets: The padded sizes by name.
    """

    def __init__(self, sizes: dict[str, Any], buckets: dict[str, int]) -> None:
        self.sizes = sizes
        self.buckets = buckets

    def value(self, dim: Any) -> Any:
        """The true size."""
        return at(dim, self.sizes)

    def size(self, dim: Any) -> int:
        """The padded size, which must not be less than the true one."""
        if not isinstance(dim, int) and not _grows(dim):
            raise Refused(f"a dimension of {dim}")
        return int(at(dim, self.buckets))

    def shape(self, dims: Sequence[Any]) -> list[int]:
        """The padded sizes."""
        return [self.size(d) for d in dims]

    def masked(self, array: Any, dims: Sequence[Any], axes: Sequence[int], fill: Any) -> Any:
        """The array with `fill` beyond the true sizes along those of the axes that vary."""
        for axis in axes:
            if not isinstance(dims[axis], int):
                within = lax.broadcasted_iota(np.int64, array.shape, axis) < self.value(dims[axis])
                array = jnp.where(within, array, jnp.asarray(fill, array.dtype))
        return array

    def closed(self, jaxpr: Any, arguments: Sequence[Any]) -> list[Any]:
        """The results of a jaxpr that brings its constants along."""
        return self.run(jaxpr.jaxpr, jaxpr.consts, arguments)

    def run(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
        """The results of a jaxpr, in order."""
        env: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))

        def read(variable: Any) -> Any:
            return variable.val if hasattr(variable, "val") else env[variable]

        for equation in jaxpr.eqns:
            results = self._equation(equation, [read(v) for v in equation.invars])
            many = equation.primitive.multiple_results
            env.update(zip(equation.outvars, results if many else [results], strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _equation(self, equation: Any, values: list[Any]) -> Any:
        name = equation.primitive.name
        shapes = [v.aval.shape for v in (*equation.invars, *equation.outvars) if hasattr(v.aval, "shape")]
        if name not in ALWAYS and not any(map(varies, shapes)):
            return bind(equation, values)
        rule = RULES.get(name)
        if rule is None:
            raise Refused(f"no rule for {name}")
        for variable in equation.outvars:
            self.shape(variable.aval.shape)
        dims = [v.aval.shape for v in equation.invars]
        return rule(self, equation, dims, *values)
