"""Data as arrays: structures of them, conversion, lengths, weights, parts."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from headwater.core import nest
from headwater.core.dtypes import as_dtype
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor, to_device
from headwater.core.variable import Variable
from headwater.keras._state import floatx


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


def has_none(structure: Any) -> bool:
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


def as_rows(value: Any) -> Any:
    """Data of many samples as an array: a pandas Series, being a column of a table, gives [n, 1], as in Keras.

    A single batch is not data of many samples: there a Series is [n].
    """
    pandas = sys.modules.get("pandas")
    is_column = pandas is not None and isinstance(value, pandas.Series)
    return as_array(np.asarray(value)[:, None] if is_column else value)


def as_batch(value: Any) -> Any:
    """One batch of data as a tensor."""
    if value is None or (isinstance(value, Tensor) and not value.dtype.is_floating):
        return value
    if isinstance(value, nest.CompositeTensor):
        return value
    array = as_array(value)
    return EagerTensor(to_device(array))


def common_length(arrays: list[Any]) -> int:
    lengths = {int(a.shape[0]) if a.ndim else -1 for a in arrays}
    if -1 in lengths:
        raise ValueError("Expected data with a batch dimension, received a scalar.")
    if len(lengths) > 1:
        raise ValueError(
            "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. Received "
            f"sizes {[int(a.shape[0]) for a in arrays]}."
        )
    return lengths.pop()


def weights_of_samples(y: Any, sample_weight: Any, class_weight: dict[int, float] | None) -> Any:
    """A weight per sample, as given or by class; None for neither. Raises ValueError for both."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError(
            "`class_weight` and `sample_weight` cannot be given at the same time. Multiply them into `sample_weight`."
        )
    return weights_of_classes(y, class_weight)


def weights_of_classes(y: Any, class_weight: dict[int, float]) -> Any:
    """A weight per sample, from that of its class (the largest element for one-hot labels).

    Raises:
        ValueError: If there are labels for several outputs, or none.
    """
    leaves: list[Any] = []
    map_arrays(leaves.append, y)
    if len(leaves) != 1 or leaves[0] is None:
        raise ValueError(
            f"`class_weight` needs the labels of one output, received those of {len(leaves)}. "
            "Give `sample_weight` instead, which can be one array per output."
        )
    y = np.asarray(leaves[0])
    if y.ndim > 1:
        y = y[..., 0] if y.shape[-1] == 1 else np.argmax(y, axis=-1)
    labels = y.astype(np.int64)
    weights = np.ones(labels.shape, floatx())
    for label, weight in class_weight.items():
        weights[labels == label] = weight
    return weights


def split_validation(arrays: Any, fraction: float) -> tuple[Any, Any]:
    """The data without, and of, the last `fraction` of the rows."""
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"Expected `validation_split` between 0 and 1, received {fraction}.")
    arrays = tuple([map_arrays(lambda a: None if a is None else as_rows(a), part) for part in arrays])
    flat = [a for a in nest.flatten(arrays) if a is not None]
    rows = common_length([as_rows(a) for a in flat])
    cut = math.floor(rows * (1.0 - fraction))
    if cut in (0, rows):
        raise ValueError(
            f"Training data contains {rows} samples, which is not sufficient to split it into a validation and "
            f"training "
            f"set as specified by `validation_split={fraction}`. Either provide more data, or a different value."
        )
    take = lambda s: nest.map_structure(lambda a: None if a is None else as_rows(a)[s], arrays)  # noqa: E731
    return take(slice(0, cut)), take(slice(cut, None))


def batched(values: Iterable[Any]) -> Any:
    """Structures of arrays, one per batch, joined along the first axis."""
    parts = list(values)
    if not parts:
        return None
    columns = zip(*[nest.flatten(p) for p in parts], strict=True)
    return nest.pack_sequence_as(parts[0], [np.concatenate([np.asarray(c) for c in column]) for column in columns])
