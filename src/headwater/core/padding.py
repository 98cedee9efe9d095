"""Programs for inputs of any length: padded to one of a few sizes, with what is beyond the true length kept out.

A function is traced once with JAX's symbolic dimensions. The resulting jaxpr says of every value which of its
dimensions vary, and of every number which follows from them. It is then evaluated on arrays of a larger, fixed size,
whose rows beyond the true length hold anything at all: each primitive has a rule by which what is within the true
length depends only on what is (`headwater.core.padding_rules`). Sums, say, replace the rest by zeros. A primitive
without a rule is refused, and the function is compiled for each length instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export, lax

from headwater.core import padding_moves  # noqa: F401 - declares its rules
from headwater.core.context import context
from headwater.core.dimensions import Dimensions, is_symbolic
from headwater.core.padding_rules import ALWAYS, RULES, Refused, at, bind, varies
from headwater.core.transfer import given

_LEAST_BUCKET = 32


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
        least: The least size of a varying dimension.
    """

    def __init__(self, function: Callable[..., Any], names: Sequence[Sequence[str | None]], least: int) -> None:
        self._function = function
        self._names = names
        self._least = least
        self.symbols = sorted({name for shape in names for name in shape if name})
        self._traces: dict[Any, Any] = {}

    def __call__(self, *arguments: Any) -> PaddedResults:
        """Takes the fixed arguments, the padded inputs, and the true sizes by name."""
        *fixed, inputs, sizes = arguments
        buckets = {n: d for a, names in zip(inputs, self._names) for n, d in zip(names, a.shape) if n}
        jaxpr, outputs = self._traced(fixed, inputs)
        results = _Evaluator(sizes, buckets, self._least).closed(jaxpr, jax.tree.leaves((*fixed, inputs)))
        return PaddedResults(results, tuple(jax.tree.leaves(outputs)), jax.tree.structure(outputs))

    def _traced(self, fixed: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """The jaxpr of the function with symbolic dimensions, and the shapes of its results: the same for all sizes."""
        key = tuple([jax.typeof(a) for a in jax.tree.leaves(fixed)])
        if key not in self._traces:
            constraints = [f"{s} {bound}" for s in self.symbols for bound in (f">= {self._least}", f"<= {2**31 - 1}")]
            symbols = export.symbolic_shape(", ".join(self.symbols), constraints=constraints)
            dims = dict(zip(self.symbols, symbols))
            specs = [
                jax.ShapeDtypeStruct([dims[n] if n else d for n, d in zip(names, a.shape)], a.dtype)
                for a, names in zip(inputs, self._names)
            ]
            before = context.enter(dimensions=Dimensions())
            try:
                self._traces[key] = jax.make_jaxpr(self._function, return_shape=True)(*fixed, specs)
            finally:
                context.restore(before)
        return self._traces[key]


@jax.tree_util.register_pytree_node_class
class PaddedResults:
    """What a padded function gives: the padded arrays, and what they are without padding.

    The latter is a part of their structure, so that each of the programs that a function is compiled to knows its own:
    it may follow from the fixed arguments.
    """

    def __init__(self, arrays: Sequence[Any], specs: tuple[Any, ...], structure: Any) -> None:
        self._arrays, self._specs, self._structure = arrays, specs, structure

    def tree_flatten(self) -> tuple[Sequence[Any], Any]:
        return self._arrays, (self._specs, self._structure)

    @classmethod
    def tree_unflatten(cls, known: Any, arrays: Sequence[Any]) -> PaddedResults:
        return cls(arrays, *known)

    def cut(self, sizes: dict[str, Any]) -> Any:
        """The results without what is beyond the true sizes."""

        def one(array: Any, spec: Any) -> Any:
            if not varies(spec.shape):
                return array
            return given(np.asarray(array)[tuple([slice(at(d, sizes)) for d in spec.shape])].copy())

        return jax.tree.unflatten(self._structure, map(one, self._arrays, self._specs))


def _range_of(dim: Any, sizes: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """The least and the greatest value of a dimension, or a little less and more, for these ranges of the sizes."""
    if not is_symbolic(dim):
        return int(dim), int(dim)
    low = high = 0
    for term, count in dim._sorted_terms:
        least, most = 1, 1
        for factor, power in term._factors:
            for _ in range(power):
                ends = [a * b for a in (least, most) for b in _range_of_factor(factor, sizes)]
                least, most = min(ends), max(ends)
        ends = [least * count, most * count]
        low, high = low + min(ends), high + max(ends)
    return low, high


def _range_of_factor(factor: Any, sizes: dict[str, tuple[int, int]]) -> tuple[int, int]:
    if factor.var is not None:
        return sizes[factor.var]
    (a, b), (c, d) = [_range_of(x, sizes) for x in factor.operands]
    if factor.operation in (factor.MAX, factor.MIN):
        choose = max if factor.operation == factor.MAX else min
        return choose(a, c), choose(b, d)
    if c < 1 or factor.operation not in (factor.FLOORDIV, factor.MOD):
        raise Refused(f"a dimension of {factor}")
    if factor.operation == factor.MOD:
        return 0, d - 1
    ends = [x // y for x in (a, b) for y in (c, d)]
    return min(ends), max(ends)


class _Evaluator:
    """Evaluates jaxprs with symbolic dimensions on padded arrays.

    Args:
        sizes: The true sizes by name, scalars known at run time.
        buckets: The padded sizes by name.
        least: The least size.
    """

    def __init__(self, sizes: dict[str, Any], buckets: dict[str, int], least: int) -> None:
        self.sizes = sizes
        self.buckets = buckets
        self._ranges = {name: (least, size) for name, size in buckets.items()}

    def value(self, dim: Any) -> Any:
        """The true size."""
        return at(dim, self.sizes)

    def size(self, dim: Any) -> int:
        """The padded size, which is not less than any true one."""
        return max(_range_of(dim, self._ranges)[1], 0)

    def least(self, dim: Any) -> int:
        """What a size is at least."""
        return _range_of(dim, self._ranges)[0]

    def shape(self, dims: Sequence[Any]) -> list[int]:
        """The padded sizes."""
        return [self.size(d) for d in dims]

    def masked(self, array: Any, dims: Sequence[Any], axes: Sequence[int], fill: Any) -> Any:
        """The array with `fill` beyond the true sizes along those of the axes that vary."""
        for axis in axes:
            if is_symbolic(dims[axis]):
                within = lax.broadcasted_iota(np.int64, array.shape, axis) < self.value(dims[axis])
                array = jnp.where(within, array, jnp.asarray(fill, array.dtype))
        return array

    def sized(self, equation: Any, result: Any) -> Any:
        """The result of a primitive that finds its shape itself, if it is the padded one."""
        expected = tuple(self.shape(equation.outvars[0].aval.shape))
        if result.shape != expected:
            raise Refused(f"{equation.primitive.name} of a result of shape {equation.outvars[0].aval.shape}")
        return result

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
        dims = [v.aval.shape for v in equation.invars]
        return rule(self, equation, dims, *values)
