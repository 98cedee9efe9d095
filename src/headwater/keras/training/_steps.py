"""How steps are run: many in one dispatch where nobody needs to look in between, else one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp

from headwater.core import nest
from headwater.core.function import Function
from headwater.core.runtime import ScannedProgram
from headwater.core.spec import TensorSpec, spec_of
from headwater.core.tensor import EagerTensor, Tensor
from headwater.keras.training._data import ArrayData, IterableData

# How long one dispatch may take, so that progress is shown and an interrupt is heard.
_SECONDS_PER_DISPATCH = 0.2
_FIRST_STEPS = 16

Step = tuple[int, int, Callable[[], Any]]  # first step, last step, what runs them and gives the last one's result


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
        self._scans: dict[int, ScannedProgram] = {}
        self._pace = _FIRST_STEPS

    def _concrete(self, specs: Any) -> Any:
        flat = nest.flatten(specs)
        key = (
            str(nest.map_structure(lambda s: 0, specs)),
            tuple([(s.shape.rank, str(s.shape), s.dtype.name) for s in flat]),
        )
        if key not in self._traces:
            self._traces[key] = self._function.get_concrete_function(specs)
        return self._traces[key]

    def run_one(self, batch: Any) -> Any:
        """Runs the step on one batch."""
        if self._eagerly:
            return self._step(batch)
        leaves = nest.flatten(batch, expand_composites=False)
        if not all(isinstance(x, Tensor) for x in leaves):
            return self._function(batch)
        specs = nest.map_structure(_batch_spec, batch)
        return self._concrete(specs).call_flat(leaves)

    def steps(self, data: ArrayData | IterableData, each: bool) -> Iterator[Step]:
        """The steps of one epoch.

        Args:
            data: Where batches come from.
            each: Whether every step is wanted separately.
        """
        if each or self._eagerly or not isinstance(data, ArrayData) or data.on_host:
            yield from self._one_by_one(data)
            return
        concrete = self._concrete(data.specs)
        if concrete.graph.is_staged:
            yield from self._one_by_one(data)
            return
        scan = self._scans.setdefault(id(concrete), ScannedProgram(concrete.graph))
        done = 0
        for block, start, end in data.segments():
            order = jnp.asarray(block)
            while start < end:
                stop = min(end, start + self._pace)
                yield done, done + stop - start - 1, self._many(concrete, scan, data.arrays, order, start, stop)
                done += stop - start
                start = stop

    def _one_by_one(self, data: ArrayData | IterableData) -> Iterator[Step]:
        for index, batch in enumerate(data):
            yield index, index, lambda batch=batch: self.run_one(batch)  # type: ignore[misc]

    def _many(self, concrete: Any, scan: ScannedProgram, arrays: Any, order: Any, start: int, stop: int) -> Any:
        def run() -> Any:
            begun = time.perf_counter()
            first = not scan.is_compiled(order.shape)
            outputs = scan(arrays, order, start, stop)
            for array in outputs:
                array.block_until_ready()
            seconds = time.perf_counter() - begun
            if not first and seconds > 0:
                self._pace = max(1, int((stop - start) * _SECONDS_PER_DISPATCH / seconds))
            return concrete.structure([EagerTensor(array) for array in outputs])

        return run


def _batch_spec(value: Any) -> TensorSpec:
    spec = spec_of(value)
    return TensorSpec([None, *spec.shape[1:]], spec.dtype) if spec.shape.rank else spec
