"""Where batches come from: arrays held on the device, or anything that is iterated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import nest
from headwater.core.dtypes import as_dtype, from_numpy
from headwater.core.spec import TensorSpec
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._state import floatx
from headwater.keras.training._device_cache import DeviceCache


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """``x`` alone (in a tuple if it is one), or ``(x, y)``, or ``(x, y, sample_weight)``."""
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """``(x, y, sample_weight)`` of what a data source gave, None where there is none.

    >>> tf.keras.utils.unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: {data}"
        )
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


class ArrayData:
    """Arrays of equal length, moved to the device once; batches are gathered there by index.

    Args:
        x: A structure of arrays.
        y: A structure of arrays, or None.
        sample_weight: A structure of arrays, or None.
        class_weight: Weights by class number, in place of `sample_weight`.
        batch_size: The batch size.
        shuffle: Whether each epoch has an order of its own.
        steps: How many batches make an epoch; None: all.
        cache: Where device copies of earlier calls are kept.
    """

    def __init__(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, batch_size: int | None = None,
        shuffle: Any = False, steps: int | None = None, cache: DeviceCache | None = None,
    ) -> None:  # fmt: skip
        put = (cache or DeviceCache()).put
        if class_weight is not None:
            sample_weight = weights_of_classes(as_array(y), class_weight)
        parts = [x] if y is None else [x, y] if sample_weight is None else [x, y, sample_weight]
        arrays = [map_arrays(as_array, part) for part in parts]
        if y is not None and sample_weight is None and _has_none(arrays):
            raise ValueError("Expected arrays, received None within x or y.")
        self.structure: Any = tuple(arrays)
        flat = nest.flatten(self.structure)
        self.rows = _common_length(flat)
        self.batch_size = min(int(batch_size or 32), max(self.rows, 1))
        self.shuffle = bool(shuffle)
        self.on_host = any(a.dtype == object for a in flat)
        self.arrays = flat if self.on_host else [put(a) for a in flat]
        self.specs = nest.pack_sequence_as(self.structure, [
            TensorSpec([None, *a.shape[1:]], from_numpy(np.dtype(a.dtype))) for a in flat
        ])  # fmt: skip
        self.steps = min(steps or math.inf, math.ceil(self.rows / self.batch_size))
        self.batches = int(self.steps)

    def order(self) -> Any:
        """The row numbers of one epoch."""
        return (
            np.random.permutation(self.rows).astype(np.int32) if self.shuffle else np.arange(self.rows, dtype=np.int32)
        )

    def blocks(self) -> list[Any]:
        """The row numbers of one epoch as matrices, one row per batch: the full batches, then the last one."""
        order = self.order()[: self.batches * self.batch_size]
        full = len(order) // self.batch_size
        cut = full * self.batch_size
        blocks = [order[:cut].reshape(full, self.batch_size)] if full else []
        return blocks + ([order[cut:][None]] if cut < len(order) else [])

    def __iter__(self) -> Iterator[Any]:
        """The batches of one epoch, as structures of tensors."""
        for block in self.blocks():
            for rows in block:
                leaves = [EagerTensor(a[rows] if self.on_host else jnp.take(a, rows, axis=0)) for a in self.arrays]
                yield nest.pack_sequence_as(self.structure, leaves)


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
        self._iterator: Iterator[Any] | None = None
        size = len(source) if hasattr(source, "__len__") and hasattr(source, "__getitem__") else _cardinality(source)
        self.batches: int | None = steps if steps is not None else size
        self.first = self._peek() if not hasattr(source, "__getitem__") else self._prepare(source[0])

    def _peek(self) -> Any:
        self._iterator = iter(self._source)
        try:
            item = next(self._iterator)
        except StopIteration:
            raise ValueError("The data has no batches: expected at least one.") from None
        self._iterator = _chain(item, self._iterator)
        return self._prepare(item)

    def _items(self) -> Iterator[Any]:
        if hasattr(self._source, "__getitem__"):
            order = list(range(len(self._source)))
            if self._shuffle:
                np.random.shuffle(order)
            yield from (self._source[i] for i in order)
            if hasattr(self._source, "on_epoch_end"):
                self._source.on_epoch_end()
            return
        if self._iterator is None:
            self._iterator = iter(self._source)
        for item in self._iterator:  # noqa: UP028  (`yield from` would close the user's generator after an epoch)
            yield item
        self._iterator = None

    def __iter__(self) -> Iterator[Any]:
        count = 0
        while self._limit is None or count < self._limit:
            before = count
            for item in self._items():
                yield self._prepare(item)
                count += 1
                if self._limit is not None and count >= self._limit:
                    return
            if self._limit is None or count == before:
                return

    def _prepare(self, item: Any) -> Any:
        if isinstance(item, list):
            item = tuple(item)
        x, y, weight = unpack_x_y_sample_weight(item)
        if self._class_weight is not None:
            weight = weights_of_classes(np.asarray(y), self._class_weight)
        data = pack_x_y_sample_weight(x, y, weight)
        data = data if isinstance(data, tuple) else (data,)
        return map_arrays(as_batch, data)


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


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


def map_arrays(function: Callable[[Any], Any], structure: Any) -> Any:
    """Applies `function` to the arrays of a structure; a list of numbers counts as one array."""
    if isinstance(structure, dict):
        return {k: map_arrays(function, v) for k, v in structure.items()}
    if isinstance(structure, list | tuple) and not _is_numbers(structure):
        return type(structure)([map_arrays(function, v) for v in structure])
    return function(structure)


def _is_numbers(value: Any) -> bool:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return isinstance(value, bool | int | float | str | bytes | np.generic)


def _has_none(structure: Any) -> bool:
    return any(x is None for x in nest.flatten(structure))


def as_array(value: Any) -> Any:
    """Data as a NumPy or device array; float64 becomes floatx, integers stay what they are."""
    if isinstance(value, Tensor | Variable):
        value = convert_to_tensor(value)._array
    elif not isinstance(value, jax.Array):
        value = np.asarray(value)
    if value.dtype.kind in "SUO":
        return convert_to_tensor(value)._array
    return (
        value.astype(as_dtype(floatx()).as_numpy_dtype)
        if value.dtype.kind == "f" and value.dtype != floatx()
        else value
    )


def as_batch(value: Any) -> Any:
    """One batch of data as a tensor."""
    if value is None or (isinstance(value, Tensor) and not value.dtype.is_floating):
        return value
    if isinstance(value, nest.CompositeTensor):
        return value
    array = as_array(value)
    return EagerTensor(array if array.dtype == object else jnp.asarray(array))


def _common_length(arrays: list[Any]) -> int:
    lengths = {int(a.shape[0]) if a.ndim else -1 for a in arrays}
    if -1 in lengths:
        raise ValueError("Expected data with a batch dimension, received a scalar.")
    if len(lengths) > 1:
        raise ValueError(
            "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. Received "
            f"sizes {[int(a.shape[0]) for a in arrays]}."
        )
    return lengths.pop()


def weights_of_classes(y: Any, class_weight: dict[int, float]) -> Any:
    """A weight per sample, from that of its class (the largest element for one-hot labels)."""
    y = np.asarray(y)
    if y.ndim > 1:
        y = y[..., 0] if y.shape[-1] == 1 else np.argmax(y, axis=-1)
    labels = y.astype(np.int64)
    weights = np.ones(labels.shape, floatx())
    for label, weight in class_weight.items():
        weights[labels == label] = weight
    return weights


def split_validation(arrays: Any, fraction: float) -> tuple[Any, Any]:
    """The data without, and of, the last `fraction` of the rows."""
    flat = [a for a in nest.flatten(arrays) if a is not None]
    rows = _common_length([as_array(a) for a in flat])
    cut = math.floor(rows * (1.0 - fraction))
    if cut in (0, rows):
        raise ValueError(
            f"Training data contains {rows} samples, which is not sufficient to split it into a validation and "
            f"training "
            f"set as specified by `validation_split={fraction}`. Either provide more data, or a different value."
        )
    take = lambda s: nest.map_structure(lambda a: None if a is None else as_array(a)[s], arrays)  # noqa: E731
    return take(slice(0, cut)), take(slice(cut, None))


def batched(values: Iterable[Any]) -> Any:
    """Structures of arrays, one per batch, joined along the first axis."""
    parts = list(values)
    if not parts:
        return None
    columns = zip(*[nest.flatten(p) for p in parts], strict=True)
    return nest.pack_sequence_as(parts[0], [np.concatenate([np.asarray(c) for c in column]) for column in columns])
