"""Executables by shape: few are kept, and inputs of ever new lengths share padded ones.

An executable takes a megabyte and a half and some hundred milliseconds to compile, so neither may be spent for every
length a text can have. A function of inputs whose shapes vary is compiled for the first shapes as they are. From then
on it is compiled for a few padded sizes (`headwater.core.padding`) or, where that is not possible, for each shape, and
the executables not used for longest are dropped.
"""

from __future__ import annotations

import collections
import ctypes
import functools
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from headwater.core.context import context
from headwater.core.engine_errors import reraise_foreign, stems_from
from headwater.core.padding import Padded, bucket, pad
from headwater.core.padding_rules import Refused

# So many shapes are compiled as they are before lengths are taken to vary.
_EXACT = 3
# Sizes from which on lengths are padded: some programs are different ones for few rows, a window of three say.
_LEAST = (2, 16)
# Executables kept for each function.
_MAX_KEPT = 32
# Executables kept for all eager ops together, and how often they are counted.
_MAX_EAGER = 512
_COUNT_EVERY = 32

Shapes = tuple[tuple[int, ...], ...]


class ShapedProgram:
    """A function compiled for whatever shapes its inputs have.

    Args:
        function: A JAX function ``(*fixed, inputs)`` of a list of inputs.
        name: What a warning calls it.
        jit: Compiles a function of these arguments, or of these and one more.
    """

    def __init__(self, function: Callable[..., Any], name: str, jit: Callable[[Any], Any]) -> None:
        self._function = function
        self._name = name
        self._jit = jit
        self._exact: collections.OrderedDict[Shapes, Any] = collections.OrderedDict()
        self._padded: collections.OrderedDict[Any, _PaddedProgram | None] = collections.OrderedDict()
        self._refusal = ""
        self._said = False
        self._lock = threading.RLock()

    def __call__(self, *arguments: Any) -> Any:
        """Runs the function on its fixed arguments and the list of inputs."""
        shapes = tuple([x.shape for x in arguments[-1]])
        with self._lock:
            program = self._exact.get(shapes)
            if program is None:
                program = self._padded_program(shapes, arguments) or self._compiled(shapes)
            else:
                self._exact.move_to_end(shapes)
        return program(*arguments)

    def clear_cache(self) -> None:
        """Drops all executables."""
        with self._lock:
            self._exact.clear()
            self._padded.clear()

    def _compiled(self, shapes: Shapes) -> Any:
        # A function of its own for each shape, so that everything about it goes with it.
        program = self._exact[shapes] = self._jit(functools.partial(self._function))
        if len(self._exact) > _MAX_KEPT:
            self._exact.popitem(last=False)[1].clear_cache()
            give_back_memory()
            self._say_so()
        return program

    def _padded_program(self, shapes: Shapes, arguments: Sequence[Any]) -> Any:
        """The program for padded inputs, if lengths vary and it can be."""
        alike = [seen for seen in self._exact if [len(s) for s in seen] == [len(s) for s in shapes]]
        if len(alike) < _EXACT or not _on_host(arguments[-1]):
            return None
        names = _names([*alike, shapes])
        if names is None:
            return None
        fixed = tuple([d for s, n in zip(shapes, names, strict=True) for d, k in zip(s, n, strict=True) if not k])
        if (names, fixed) not in self._padded:
            self._padded[names, fixed] = self._new_padded(names, arguments)
            if len(self._padded) > _MAX_KEPT:
                self._padded.popitem(last=False)
        program = self._padded[names, fixed]
        return program if program is not None and program.takes(shapes) else None

    def _new_padded(self, names: Any, arguments: Sequence[Any]) -> _PaddedProgram | None:
        """A program from the least size on from which it is one and the same; None if there is none."""
        for least in _LEAST:
            program = _PaddedProgram(self._function, names, self._jit, least)
            try:
                program.check(arguments)
            except Exception as error:  # whatever is wrong with the inputs, the true program says
                reraise_foreign(error)
                self._refusal = str(error) if isinstance(error, Refused) else "what it does depends on sizes"
                if not stems_from(error, jax.errors.InconclusiveDimensionOperation):
                    break
            else:
                return program
        return None

    def _say_so(self) -> None:
        if not self._refusal or self._said:
            return
        self._said = True
        warnings.warn(
            f"{self._name} was compiled for more than {_MAX_KEPT} shapes of its inputs, as it cannot be compiled once "
            f"for padded ones ({self._refusal}). Those not used for longest are compiled again when they return. Pad "
            "the inputs to a few lengths (tf.pad) and mask what is added.",
            stacklevel=8,
        )


class _PaddedProgram:
    """The function compiled for padded inputs: one executable for each padded size."""

    def __init__(self, function: Callable[..., Any], names: Any, jit: Callable[[Any], Any], least: int) -> None:
        self._names = names
        self._least = least
        self._program = jit(Padded(function, names, least))

    def takes(self, shapes: Shapes) -> bool:
        """Whether no varying dimension is too small."""
        pairs = zip(shapes, self._names, strict=True)
        return all(d >= self._least for s, names in pairs for d, n in zip(s, names, strict=True) if n)

    def check(self, arguments: Sequence[Any]) -> None:
        """Traces the program; raises if it cannot be."""
        jax.eval_shape(self._program, *self._prepared(arguments)[0])

    def __call__(self, *arguments: Any) -> Any:
        prepared, sizes = self._prepared(arguments)
        return self._program(*prepared).cut(sizes)

    def _prepared(self, arguments: Sequence[Any]) -> tuple[list[Any], dict[str, int]]:
        *fixed, inputs = arguments
        sizes = {n: d for x, names in zip(inputs, self._names, strict=True) for n, d in zip(names, x.shape) if n}
        padded = [
            pad(x, [bucket(d) if n else d for n, d in zip(names, x.shape, strict=True)]) if any(names) else x
            for x, names in zip(inputs, self._names, strict=True)
        ]
        return [*fixed, padded, {n: np.int64(d) for n, d in sizes.items()}], sizes


def bounded(program: Any, most: int = _MAX_KEPT) -> Callable[..., Any]:
    """A compiled function that starts afresh when it has been compiled for too many kinds of arguments."""

    def call(*arguments: Any) -> Any:
        if program._cache_size() > most:
            program.clear_cache()
            give_back_memory()
        return program(*arguments)

    return call


def _names(seen: Sequence[Shapes]) -> Any:
    """A name for each dimension that varied, the same for those of equal size now; None if one is too small."""
    latest = seen[-1]
    sizes: dict[int, str] = {}
    names = []
    for i, shape in enumerate(latest):
        row: list[str | None] = []
        for axis, size in enumerate(shape):
            varies = any(shapes[i][axis] != size for shapes in seen)
            if varies and size < 2:  # empty, or broadcast
                return None
            row.append(sizes.setdefault(size, f"d{len(sizes)}") if varies else None)
        names.append(tuple(row))
    return tuple(names)


def _on_host(inputs: Sequence[Any]) -> bool:
    """Whether inputs are where padding them costs a copy and no more."""
    if context.device is not None or jax.default_backend() != "cpu":
        return False
    first = {jax.devices()[0]}
    return all(isinstance(x, np.ndarray) or (isinstance(x, jax.Array) and x.devices() == first) for x in inputs)


# Eager ops -------------------------------------------------------------------------------------------------------


class _EagerPrograms:
    """The compiled kernels of eager ops. The oldest go when there are too many, and come back when they are called."""

    def __init__(self) -> None:
        self._kept: collections.deque[tuple[dict[Any, Any], Any, Any]] = collections.deque()
        self._compiled = 0
        jax.monitoring.register_event_duration_secs_listener(self._listen)

    def add(self, cache: dict[Any, Any], key: Any, program: Any) -> None:
        """Takes note of a program that stands in a cache."""
        self._kept.append((cache, key, program))

    def _listen(self, event: str, duration_secs: float, **details: Any) -> None:
        if event.endswith("/backend_compile_duration"):
            self._compiled += 1
            if self._compiled % _COUNT_EVERY == 0:
                self.bound()

    def bound(self, most: int | None = None) -> None:
        """Drops the oldest programs beyond so many executables."""
        most = _MAX_EAGER if most is None else most
        total = sum(program._cache_size() for _, _, program in list(self._kept))
        before = total
        while total > most and self._kept:
            cache, key, program = self._kept.popleft()
            total -= program._cache_size()
            cache.pop(key, None)
            program.clear_cache()
        if total < before:
            give_back_memory()


eager_programs = _EagerPrograms()


@functools.cache
def _trim() -> Callable[[int], Any] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # another C library
        return None


def give_back_memory() -> None:
    """Returns what was freed to the system, where the C library keeps it."""
    trim = _trim()
    if trim is not None:
        trim(0)
