"""How steps are run: many in one dispatch where nobody needs to look in between, else one by one."""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import nest
from headwater.core.function import Function
from headwater.core.graph import Graph
from headwater.core.runtime import MappedProgram, ScannedProgram
from headwater.core.spec import TensorSpec, spec_of
from headwater.core.tensor import EagerTensor, Tensor
from headwater.keras.training._data import ArrayData, IterableData

# How long one dispatch may take, so that progress is shown and an interrupt is heard.
_SECONDS_PER_DISPATCH = 0.2
_FIRST_STEPS = 16

# How many batches one program predicts at most, and how large their inputs and outputs may be together. Depends on
# nothing but the model and the batch size, so that data of any length is predicted by the same program.
_WINDOW = 64
_WINDOW_BYTES = 1 << 26

Step = tuple[int, int, Callable[[], Any]]  # first step, last step, what runs them and gives the result


class StepRunner:
    """A step of a model, traced once per kind of batch.

    Args:
        step: The step: a function of one batch ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.
        eagerly: Whether to run the Python code directly.
    """

    def __init__(self, step: Callable[[Any], Any], eagerly: bool = False) -> None:
        self._step = step
        self._eagerly = eagerly
        self._function = Function(step, reduce_retracing=True)
        self._traces: dict[Any, Any] = {}
        self._programs: dict[Any, Any] = {}
        self._compiled: set[Any] = set()
        self._pace = _FIRST_STEPS

    def _concrete(self, specs: Any) -> Any:
        flat = [s for s in nest.flatten(specs) if s is not None]
        key = (
            str(nest.map_structure(lambda s: None if s is None else 0, specs)),
            tuple([(s.shape.rank, str(s.shape), s.dtype.name) for s in flat]),
        )
        if key not in self._traces:
            self._traces[key] = self._function.get_concrete_function(specs)
        return self._traces[key]

    def run_one(self, batch: Any) -> Any:
        """Runs the step on one batch."""
        if self._eagerly:
            return self._step(batch)
        leaves = [x for x in nest.flatten(batch, expand_composites=False) if x is not None]
        if not all(isinstance(x, Tensor) for x in leaves):
            return self._function(batch)
        specs = nest.map_structure(_batch_spec, batch)
        return self._concrete(specs).call_flat(leaves)

    def steps(self, data: ArrayData | IterableData, each: bool) -> Iterator[Step]:
        """The steps of one epoch; what runs some of them gives the last one's result.

        Args:
            data: Where batches come from.
            each: Whether every step is wanted separately.
        """
        if each or not isinstance(data, ArrayData) or (concrete := self._repeatable(data)) is None:
            yield from _one_by_one(data, self.run_one)
            return
        scan = self._program(ScannedProgram, concrete)
        done = 0
        for block, first, last in data.segments():
            order = jnp.asarray(block)
            for start, stop in self._dispatches(first, last):
                yield done, done + stop - start - 1, self._scan(concrete, scan, data.arrays, order, start, stop)
                done += stop - start

    def outputs(self, data: ArrayData | IterableData, each: bool) -> Iterator[Step]:
        """The steps of one epoch; what runs some of them gives the outputs of all, joined along the first axis.

        Args:
            data: Where batches come from, in order.
            each: Whether every step is wanted separately.
        """
        if each or not isinstance(data, ArrayData) or (concrete := self._repeatable(data)) is None:
            yield from _one_by_one(data, self._predict_one)
            return
        if not all(x.shape.rank for x in concrete.graph.outputs):  # nothing to join
            yield from _one_by_one(data, self._predict_one)
            return
        many = self._program(MappedProgram, concrete)
        done = 0
        for block, first, last in data.segments():
            length = _window_length(concrete.graph, block.shape[1])
            if last - first < length:
                for rows in block[first:last]:
                    yield done, done, functools.partial(self._predict_one, data.batch(rows))
                    done += 1
                continue
            for base, begin in _windows(first, last, length):
                batches = jax.device_put(data.window(block[base : base + length]))
                for start, stop in self._dispatches(begin - base, length):
                    yield done, done + stop - start - 1, self._map(concrete, many, batches, start, stop)
                    done += stop - start

    def _repeatable(self, data: ArrayData) -> Any:
        """The step's trace if one dispatch can run many of its steps on this data, else None."""
        if self._eagerly or data.on_host:
            return None
        concrete = self._concrete(data.specs)
        return None if concrete.graph.is_staged else concrete

    def _program(self, kind: Any, concrete: Any) -> Any:
        key = kind, id(concrete)
        if key not in self._programs:
            self._programs[key] = kind(concrete.graph)
        return self._programs[key]

    def _dispatches(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The steps cut into parts that take about as long as one dispatch should."""
        while start < end:
            stop = min(end, start + self._pace)
            yield start, stop
            start = stop

    def _scan(self, concrete: Any, scan: ScannedProgram, arrays: Any, order: Any, start: int, stop: int) -> Any:
        def run() -> Any:
            outputs = self._timed(("scan", order.shape), stop - start, lambda: scan(arrays, order, start, stop))
            return concrete.structure([EagerTensor(array) for array in outputs])

        return run

    def _map(self, concrete: Any, many: MappedProgram, batches: Any, start: int, stop: int) -> Any:
        def run() -> Any:
            key = ("map", batches[0].shape)
            outputs = self._timed(key, stop - start, lambda: many(batches, start, stop))
            return concrete.structure([_joined(np.asarray(array)[start:stop]) for array in outputs])

        return run

    def _timed(self, key: Any, steps: int, dispatch: Callable[[], Any]) -> Any:
        """Runs some steps, waits for them, and learns the pace from all but the first time, which compiles."""
        begun = time.perf_counter()
        outputs = jax.block_until_ready(dispatch())
        seconds = time.perf_counter() - begun
        if key in self._compiled and seconds > 0:
            self._pace = max(1, int(steps * _SECONDS_PER_DISPATCH / seconds))
        self._compiled.add(key)
        return outputs

    def _predict_one(self, batch: Any) -> Any:
        return nest.map_structure(np.asarray, self.run_one(batch))


def grouped(steps: Iterator[Step], size: int, join: Callable[[list[Any]], Any] | None = None) -> Iterator[Step]:
    """Steps put together, so many at a time: what runs them gives the last result, or all of them joined."""
    steps = iter(steps)
    while group := list(itertools.islice(steps, size)):
        yield group[0][0], group[-1][1], functools.partial(_run_all, [run for _, _, run in group], join)


def _run_all(runs: list[Callable[[], Any]], join: Callable[[list[Any]], Any] | None) -> Any:
    results = [run() for run in runs]
    return results[-1] if join is None else join(results)


def _one_by_one(data: ArrayData | IterableData, run: Callable[[Any], Any]) -> Iterator[Step]:
    for index, batch in enumerate(data):
        yield index, index, functools.partial(run, batch)


def _joined(outputs: Any) -> Any:
    """Outputs of shape [steps, batch, ...] as [steps · batch, ...], in memory of their own."""
    return outputs.reshape(-1, *outputs.shape[2:]).copy()


def _windows(first: int, last: int, length: int) -> Iterator[tuple[int, int]]:
    """Where each window of batches begins, and its first batch that is meant: the last window reaches back."""
    for begin in range(first, last, length):
        yield min(begin, last - length), begin


def _window_length(graph: Graph, batch: int) -> int:
    """How many batches one program predicts."""
    size = sum(
        math.prod([batch if n is None else n for n in x.shape.as_list()]) * x.dtype.size
        for x in [*graph.inputs, *graph.outputs]
    )
    return max(1, min(_WINDOW, _WINDOW_BYTES // max(size, 1)))


def _batch_spec(value: Any) -> TensorSpec | None:
    if value is None:
        return None
    spec = spec_of(value)
    return TensorSpec([None, *spec.shape[1:]], spec.dtype) if spec.shape.rank else spec
