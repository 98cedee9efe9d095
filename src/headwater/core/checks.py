"""Checks of values: what TensorFlow's kernels refuse on a CPU, such as an index that is out of range.

A compiled program cannot raise. So an op says with `Op(check=...)` when its inputs are invalid, by arrays: as a
*status*, a small vector of integers that holds the number of the check if it fails (else 0) and what its message needs.
Eager calls look at it at once; `headwater.core.watch` carries it out of whole programs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core.dimensions import integers, is_symbolic
from headwater.core.errors import InvalidArgumentError, OpError

# A status: the number of the check that fails (0: none), what was found, and which trace of the program made it. Small,
# and made elementwise, as loops carry it from step to step.
_WIDTH = 8
_MOST_FOUND = _WIDTH - 2

# Whether the inputs are invalid; the integers found, scalars; and integers that are known when the program is traced.
Verdict = tuple[Any, Sequence[Any], Sequence[int]] | None
Facts = dict[int, Sequence[int]]  # those known integers by the number of the check


class Check:
    """What makes the inputs of an op invalid.

    Args:
        find: Takes what the kernel takes; gives None where nothing can be wrong (floating-point numbers, say), or a
            `Verdict`. It looks at the values of inputs in `values` alone, and gives NumPy results for NumPy values.
        describe: The message, from the integers found, those known, and the attributes.
        values: Positions of the inputs whose values are looked at, from the end if negative.
        error: The class of the error.
        of_result: `find` takes the kernel's result too, as its first argument.
        of_integers: Nothing is wrong with numbers of other dtypes at the first of `values`.
    """

    def __init__(
        self,
        find: Callable[..., Verdict],
        describe: Callable[[list[int], Sequence[int], dict[str, Any]], str],
        values: Sequence[int] = (1,),
        error: type[OpError] = InvalidArgumentError,
        of_result: bool = False,
        of_integers: bool = False,
    ) -> None:
        self._find = find
        self._describe = describe
        self._values = tuple(values)
        self._error = error
        self.of_result = of_result
        self._of_integers = of_integers

    def status(self, number: int, result: Any, inputs: Sequence[Any], attrs: dict[str, Any], facts: Facts) -> Any:
        """The status of these inputs; None where nothing can be wrong.

        Args:
            number: What it says if they are invalid.
            result: What the kernel gives.
            inputs: What it takes.
            attrs: The attributes.
            facts: Gets what is known.
        """
        verdict = self._find(*((result,) if self.of_result else ()), *inputs, **attrs)
        if verdict is None or _is_false(verdict[0]):
            return None
        bad, found, facts[number] = _with_sizes(*verdict)
        status = clear()
        for place, value in enumerate((number, *found[:_MOST_FOUND])):
            status = jnp.where(place == _LANES, jnp.asarray(value).astype(jnp.int64), status)
        return jnp.where(bad, status, clear())

    def passes_surely(self, inputs: Sequence[Any], attrs: dict[str, Any]) -> bool:
        """Whether these symbolic inputs are valid by what is known while tracing: ``x // 2`` needs no check."""
        try:
            looked_at = {i % len(inputs) for i in self._values}
            stand_ins = [_constant(x) if i in looked_at else None for i, x in enumerate(inputs)]
            known = [_Known(x) if value is None else value for x, value in zip(inputs, stand_ins, strict=True)]
            verdict = None if self.of_result else self._find(*known, **attrs)
        except (TypeError, AttributeError, ValueError, IndexError):  # a value or a dimension is not known
            return False
        return not self.of_result and (verdict is None or _is_false(verdict[0]))

    def verify(self, result: Any, inputs: Sequence[Any], op: Any, attrs: dict[str, Any]) -> None:
        """Raises if these concrete inputs are invalid. Looks at them on the host, which costs less than a program.

        Args:
            result: What the kernel gave, or None if it has not run.
            inputs: What it takes.
            op: The op.
            attrs: Its attributes.
        """
        if (result is None) == self.of_result:
            return
        if self._of_integers and inputs[self._values[0]].dtype.kind not in "iu":
            return  # without waiting for the values
        looked_at = {i % len(inputs) for i in self._values}
        arrays = [np.asarray(x) if i in looked_at or self.of_result else x for i, x in enumerate(inputs)]
        results = (jax.tree.map(np.asarray, result),) if self.of_result else ()
        verdict = self._find(*results, *arrays, **attrs)
        if verdict is not None and bool(verdict[0]):
            raise self._failure([int(n) for n in verdict[1]], verdict[2], op, attrs)

    def failure(self, status: Any, traces: Sequence[Facts], op: Any, attrs: dict[str, Any]) -> OpError:
        """The error for a status that says so, made by one of the traces."""
        return self._failure(status[1:-1].tolist(), traces[int(status[-1])][int(status[0])], op, attrs)

    def _failure(self, found: list[int], known: Sequence[int], op: Any, attrs: dict[str, Any]) -> OpError:
        sizes = [found[fact.place] if isinstance(fact, _Found) else fact for fact in known]
        return self._error(None, op, f"{self._describe(found, sizes, attrs)} [Op:{op.name}]")


class _Found(NamedTuple):
    """A size known at run time alone, which is among what is found."""

    place: int


def _with_sizes(bad: Any, found: Sequence[Any], known: Sequence[Any]) -> tuple[Any, Sequence[Any], Sequence[Any]]:
    """A verdict with dimensions that stand for any size among what is found, as far as there is room."""
    symbols = list(dict.fromkeys(d for d in known if is_symbolic(d)))[: _MOST_FOUND - len(found)]
    if not symbols:
        return bad, found, known
    places = {d: _Found(len(found) + i) for i, d in enumerate(symbols)}
    return bad, [*found, *map(jnp.asarray, symbols)], [places.get(d, d) for d in known]


_LANES = np.arange(_WIDTH)


def clear() -> Any:
    """The status where nothing fails."""
    return jnp.zeros(_WIDTH, jnp.int64)


def passes(status: Any) -> Any:
    """Whether a status says that nothing fails."""
    return status[0] == 0


def merged(*statuses: Any) -> Any:
    """The first of some statuses that fails; ``()`` of those."""
    result = statuses[0]
    for status in statuses[1:] if type(result) is not tuple else ():
        result = jnp.where(passes(result), status, result)
    return result


def stamped(status: Any, trace: int) -> Any:
    """A status that says in which trace it was made."""
    return jnp.where(_LANES == _WIDTH - 1, trace, status)


def _is_false(value: Any) -> bool:
    return isinstance(value, np.bool_ | bool) and not value


def _constant(tensor: Any) -> Any:
    """The value of a tensor that depends on no input, else None."""
    probes = tensor.probes
    same = probes is not None and all(np.array_equal(p, probes[0]) for p in probes[1:])
    return probes[0] if same else None


class _Known:
    """What is known of an input while tracing: dtype and shape (None where a dimension is unknown)."""

    def __init__(self, tensor: Any) -> None:
        self.dtype = np.dtype(tensor.dtype.as_numpy_dtype)
        self.shape = tuple(tensor.shape.as_list())
        self.ndim = len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements. Raises TypeError if it is not known."""
        return int(np.prod(self.shape))


# Finding what is wrong -------------------------------------------------------------------------------------------


def library(array: Any) -> Any:
    """NumPy for its arrays, else `jax.numpy`, whose functions compile a program each where they are called eagerly."""
    return np if isinstance(array, np.ndarray | np.generic) else jnp


def first(bad: Any) -> tuple[Any, Any]:
    """Whether any element is true, and the flat position of the first (if there is one)."""
    if bad.size == 0:
        return np.False_, np.int64(0)
    if bad.size == 1:
        return bad.reshape(()), np.int64(0)
    if isinstance(bad, np.ndarray | np.bool_):
        return np.any(bad), np.argmax(bad)
    place = jnp.min(jnp.where(jnp.ravel(bad), jnp.arange(bad.size), bad.size))
    return place < bad.size, jnp.minimum(place, bad.size - 1)


def element(array: Any, place: Any) -> Any:
    """The element at a flat position; 0 of an empty array."""
    flat = array.reshape(-1)
    return (flat if isinstance(place, np.integer) else jnp.asarray(flat))[place] if array.size else np.int64(0)


def outside(indices: Any, low: int, high: Any) -> Any:
    """Which integers are not in ``[low, high)``, whatever their dtype can hold."""
    info = np.iinfo(indices.dtype)
    high = jnp.asarray(high) if is_symbolic(high) else high
    bad = indices >= high if isinstance(high, jax.Array) or high <= info.max else np.zeros(indices.shape, bool)
    return bad | (indices < low) if low > info.min else bad


def place_name(position: int, shape: Sequence[int]) -> str:
    """``[1,2]`` for a flat position in an array of that shape; nothing for a scalar."""
    return "[" + ",".join(str(int(i)) for i in np.unravel_index(position, tuple(shape))) + "]" if shape else ""


# Kinds of checks -------------------------------------------------------------------------------------------------


def in_range(
    name: str,
    bound: Callable[..., int],
    position: int = 1,
    text: str = "{name}{place} = {found} is not in [0, {bound})",
    low: int | None = 0,
    error: type[OpError] = InvalidArgumentError,
) -> Check:
    """The check that integers are in ``[0, bound)``.

    Args:
        name: How the message calls them.
        bound: ``(*inputs, **attrs)`` -> the bound.
        position: Which input they are.
        text: The message, in which ``{place}`` says which of them it is.
        low: The least number allowed; None: any.
        error: The class of the error.
    """

    def find(*inputs: Any, **attrs: Any) -> Verdict:
        indices, high = inputs[position], bound(*inputs, **attrs)
        if not np.issubdtype(indices.dtype, np.integer):
            return None
        bad, place = first(outside(indices, np.iinfo(np.int64).min if low is None else low, high))
        return bad, (place, element(indices, place)), (high, *indices.shape)

    def describe(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
        return text.format(name=name, place=place_name(found[0], known[1:]), found=found[1], bound=known[0])

    return Check(find, describe, (position,), error)


def coordinates(shape: Callable[..., Sequence[int]], what: str, position: int = 1) -> Check:
    """The check that rows of integers are positions in an array.

    Args:
        shape: ``(*inputs, **attrs)`` -> the sizes of the axes that a row indexes, or of those and more.
        what: How the message calls the array.
        position: Which input the rows are.
    """

    def find(*inputs: Any, **attrs: Any) -> Verdict:
        indices, sizes = inputs[position], shape(*inputs, **attrs)
        count = indices.shape[-1]
        rows = indices.reshape(-1, count).astype(np.int64) if indices.size else np.zeros((0, count), np.int64)
        limits = integers(sizes[:count], np.int64)
        rows = rows if isinstance(limits, np.ndarray) else jnp.asarray(rows)
        bad, place = first(((rows < 0) | (rows >= limits)).any(-1))
        row = [rows[place, i] if indices.size else np.int64(0) for i in range(min(count, _MOST_FOUND - 1))]
        return bad, (place, *row), (count, len(sizes), *sizes, *indices.shape[:-1])

    def describe(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
        count, rank, *rest = known
        where, sizes = place_name(found[0], rest[rank:]), ",".join(str(n) for n in rest[:rank])
        return f"indices{where} = {found[1 : 1 + count]} does not index into {what} [{sizes}]"

    return Check(find, describe, (position,))


def none_of(wrong: Callable[..., Any], text: str, position: int = 1, name: str = "", **options: Any) -> Check:
    """The check that no element of an input is wrong.

    Args:
        wrong: ``(input) -> `` which elements are, or None if none can be.
        text: The message.
        position: Which input it is.
        name: How the message calls the input, to say which element.
        **options: Those of `Check`.
    """

    def find(*inputs: Any, **attrs: Any) -> Verdict:
        bad = wrong(inputs[position])
        if bad is None:
            return None
        found, place = first(bad)
        return found, (place, element(inputs[position], place)) if name else (), inputs[position].shape

    def describe(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
        return f"{text}: {name}{place_name(found[0], known)} = {found[1]}" if name else text

    return Check(find, describe, (position,), **options)
