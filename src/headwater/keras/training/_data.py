"""Where batches come from: arrays held on the device, or anything that is iterated.

A *pass* goes through all of the data once. An *epoch* is a whole pass, or as many batches as `steps` says: then it goes
on where the epoch before ended, and a pass that ends in the middle of an epoch ends that epoch, with a warning.
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import nest
from headwater.core.dtypes import from_numpy
from headwater.core.spec import TensorSpec
from headwater.core.tensor import EagerTensor, Tensor, to_device
from headwater.core.variable import Variable
from headwater.keras.training._arrays import (
    as_batch,
    as_rows,
    common_length,
    has_none,
    map_arrays,
    pack_x_y_sample_weight,
    unpack_x_y_sample_weight,
    weights_of_classes,
    weights_of_samples,
)
from headwater.keras.training._device_cache import DeviceCache

# A matrix of row numbers, a batch in each of its rows; the first batch that is meant, and the one after the last.
Segment = tuple[Any, int, int]
_END = object()


def _warn_of_end(wanted: int, seen: int) -> None:
    warnings.warn(
        f"Your input ran out of data: expected {wanted} batches for this epoch, received {seen}. The epoch ends "
        "here. Give `steps_per_epoch * epochs` batches (let a generator loop, `.repeat()` a dataset) or ask for fewer "
        "steps.",
        stacklevel=2,
    )


class ArrayData:
    """Arrays of equal length, moved to the device once; batches are gathered there by index.

    Args:
        x: A structure of arrays.
        y: A structure of arrays, or None.
        sample_weight: A structure of arrays, or None.
        class_weight: Weights by class number, in place of `sample_weight`.
        batch_size: The batch size; default: `steps` batches make a pass, or 32.
        shuffle: Whether each pass has an order of its own; ``"batch"``: only within batches.
        steps: How many batches make an epoch; None: all.
        cache: Where device copies of earlier calls are kept.
    """

    def __init__(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, batch_size: int | None = None,
        shuffle: Any = False, steps: int | None = None, cache: DeviceCache | None = None,
    ) -> None:  # fmt: skip
        sample_weight = weights_of_samples(y, sample_weight, class_weight)
        parts = [x] if y is None else [x, y] if sample_weight is None else [x, y, sample_weight]
        arrays = [map_arrays(lambda a: None if a is None else as_rows(a), part) for part in parts]
        if y is not None and sample_weight is None and has_none(arrays[1]):
            raise ValueError("Expected arrays, received None within y.")
        self.structure: Any = pack_x_y_sample_weight(*arrays)
        flat = [a for a in nest.flatten(self.structure) if a is not None]
        self.rows = common_length(flat)
        if self.rows == 0:
            raise ValueError(
                f"Expected data of at least one sample, received arrays of shapes {[tuple(a.shape) for a in flat]}. "
                "Was everything filtered out? A single empty batch can be given to the model itself, or to "
                "`predict_on_batch`."
            )
        self.batch_size = min(int(batch_size or (math.ceil(self.rows / steps) if steps else 32)), self.rows)
        self.shuffle = shuffle
        self.on_host = any(a.dtype == object for a in flat)
        self._given = flat
        self._cache = cache or DeviceCache()
        self.specs = self._packed([TensorSpec([None, *a.shape[1:]], from_numpy(np.dtype(a.dtype))) for a in flat])
        self._size = math.ceil(self.rows / self.batch_size)
        self.batches = steps or self._size
        self._blocks: list[Any] = []
        self.rewind()

    @functools.cached_property
    def arrays(self) -> list[Any]:
        """All of the data on the device."""
        return [self._cache.put(a) for a in self._given]

    def rewind(self) -> None:
        """Begins a pass with the next epoch."""
        self._seen = 0

    def _order(self) -> Any:
        """The row numbers of one pass."""
        order = np.arange(self.rows, dtype=np.int32)
        if self.shuffle == "batch":
            for start in range(0, self.rows, self.batch_size):
                np.random.shuffle(order[start : start + self.batch_size])
        elif self.shuffle:
            np.random.shuffle(order)
        return order

    def _new_pass(self) -> list[Any]:
        """The row numbers of one pass as matrices, one row per batch: the full batches, then the last one."""
        order = self._order()
        cut = self.rows - self.rows % self.batch_size
        blocks = [order[:cut].reshape(-1, self.batch_size), order[None, cut:]]
        return [block for block in blocks if block.size]

    def segments(self) -> Iterator[Segment]:
        """The batches of the next epoch. The matrices are those of a whole pass, so their shapes never change."""
        if self._seen == 0:
            self._blocks = self._new_pass()
        begin, end = self._seen, min(self._seen + self.batches, self._size)
        self._seen = end % self._size
        before = 0
        for block in self._blocks:
            start, stop = max(begin - before, 0), min(end - before, len(block))
            if start < stop:
                yield block, start, stop
            before += len(block)
        if end - begin < self.batches:
            _warn_of_end(self.batches, end - begin)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next epoch, as structures of tensors."""
        for block, start, stop in self.segments():
            for rows in block[start:stop]:
                yield self.batch(rows)

    def batch(self, rows: Any) -> Any:
        """One batch, as a structure of tensors."""
        leaves = [self._take(a, rows) for a in self._given]
        return self._packed([EagerTensor(to_device(a)) for a in leaves])

    def _packed(self, values: list[Any]) -> Any:
        """A value per array, in the structure of the data; None where an optional input is left out."""
        left = iter(values)
        return nest.map_structure(lambda a: None if a is None else next(left), self.structure)

    def window(self, rows: Any) -> list[Any]:
        """Consecutive batches, an array of shape [batches, batch, ...] for each array."""
        return [self._take(a, rows.reshape(-1)).reshape(*rows.shape, *a.shape[1:]) for a in self._given]

    def _take(self, array: Any, rows: Any) -> Any:
        if not self.shuffle:
            return array[int(rows[0]) : int(rows[-1]) + 1]
        return jnp.take(array, rows, axis=0) if isinstance(array, jax.Array) else array[rows]


class IterableData:
    """Batches from a generator, a dataset, or a `PyDataset`.

    Args:
        source: What is iterated; items are ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.
        class_weight: Weights by class number.
        steps: How many batches make an epoch; None: until the end.
        shuffle: Whether the order of a `PyDataset`'s batches changes.
    """

    def __init__(self, source: Any, class_weight: Any = None, steps: int | None = None, shuffle: Any = False) -> None:
        self._source = source
        self._class_weight = class_weight
        self._limit = steps
        self._shuffle = shuffle
        self._by_number = hasattr(source, "__getitem__")
        self._size = _number_of_batches(source) if self._by_number else _cardinality(source)
        self.batches: int | None = steps or self._size
        self._pass: Iterator[Any] | None = None
        self._seen = 0
        self.first = self._prepare(source[0]) if self._by_number else self._peek()

    def _peek(self) -> Any:
        items = iter(self._source)
        first = next(items, _END)
        if first is _END:
            raise ValueError("The data has no batches: expected at least one.")
        self._pass = itertools.chain([first], items)
        return self._prepare(first)

    def rewind(self) -> None:
        """Begins a pass with the next epoch, if the source can be gone through again."""
        if self._seen and not isinstance(self._source, Iterator):
            self._end_pass()

    def _end_pass(self) -> None:
        self._pass, self._seen = None, 0

    def _new_pass(self) -> Iterator[Any]:
        if not self._by_number:
            return iter(self._source)
        if self._size is None:
            return (self._source[i] for i in itertools.count())
        order = np.arange(self._size)
        if self._shuffle:
            np.random.shuffle(order)
        return (self._source[int(i)] for i in order)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next epoch, as structures of tensors."""
        self._tell("on_epoch_begin")
        items = self._pass = self._pass or self._new_pass()
        count = 0
        while self._limit is None or count < self._limit:
            item = next(items, _END)
            if item is _END:
                break
            count += 1
            self._seen += 1
            yield self._prepare(item)
        wanted = self._limit or 1
        if count < wanted or self._limit is None or self._seen == self._size:
            self._end_pass()
        if count < wanted:
            _warn_of_end(wanted, count)
        self._tell("on_epoch_end")

    def _tell(self, moment: str) -> None:
        getattr(self._source, moment, lambda: None)()

    def _prepare(self, item: Any) -> Any:
        if isinstance(item, list):
            item = tuple(item)
        x, y, weight = unpack_x_y_sample_weight(item)
        if self._class_weight is not None:
            weight = weights_of_classes(y, self._class_weight)
        return map_arrays(as_batch, pack_x_y_sample_weight(x, y, weight))


def _number_of_batches(source: Any) -> int | None:
    """How many batches a source by number has; None: without end."""
    return source.num_batches if hasattr(source, "num_batches") else len(source)


def _cardinality(source: Any) -> int | None:
    count = getattr(source, "cardinality", None)
    if count is None:
        try:
            return len(source)
        except TypeError:
            return None
    size = int(count())
    return size if size >= 0 else None


def make_data(
    x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, batch_size: int | None = None,
    shuffle: Any = False, steps: int | None = None, cache: DeviceCache | None = None,
) -> ArrayData | IterableData:  # fmt: skip
    """The data source for the arguments of `fit`, `evaluate` and `predict`."""
    if x is None:
        raise ValueError("Expected input data `x`, received None.")
    if _is_iterable_source(x):
        if y is not None or sample_weight is not None:
            raise ValueError(
                f"When providing `x` as a {type(x).__name__}, `y` and `sample_weight` should not be passed. "
                f"Instead, the "
                "targets should be included as part of `x`."
            )
        return IterableData(x, class_weight, steps, shuffle)
    return ArrayData(x, y, sample_weight, class_weight, batch_size, shuffle, steps, cache)


def _is_iterable_source(x: Any) -> bool:
    if isinstance(x, np.ndarray | Tensor | Variable | jax.Array | dict | list | tuple) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")
