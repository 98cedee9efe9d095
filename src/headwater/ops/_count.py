"""Counts: bins, histograms, confusion matrices; and points that fill a cube evenly."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, element, first, none_of
from headwater.core.dtypes import as_dtype
from headwater.core.infer import constant_value
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import add, maximum, minimum
from headwater.ops._cast import cast
from headwater.ops._create import ones_like
from headwater.ops._gather import scatter_nd
from headwater.ops._inputs import INTEGER, REAL, matched_numbers, static_integers, tensor_of
from headwater.ops._join import stack
from headwater.ops._reduce import reduce_max
from headwater.ops._shape import reshape


@op(
    "DenseBincount",
    static=(1,),
    check=none_of(lambda x: x < 0, "Input arr must be non-negative!", position=0, name="arr"),
)
def BINCOUNT(x: Any, size: Any, weights: Any, *, binary_output: bool, weighted: bool) -> Any:
    count = int(size)
    rows = x if x.ndim == 2 else jnp.reshape(x, (1, -1))
    values = jnp.reshape(weights, rows.shape) if weighted else jnp.ones(rows.shape, weights.dtype)
    places = jnp.where((rows >= 0) & (rows < count), rows, count)
    start = jnp.zeros((rows.shape[0], count), weights.dtype)
    lines = jnp.arange(rows.shape[0])[:, None]
    found = start.at[lines, places].add(values, mode="drop")
    found = (found != 0).astype(found.dtype) if binary_output else found
    return found if x.ndim == 2 else found[0]


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Tensor:
    """Counts how often each number 0, 1, 2, ... occurs.

    Args:
        arr: Integers of any shape; for ``axis=-1`` 1-D or 2-D.
        weights: What each occurrence adds; 1 by default. Its dtype is that of the result.
        minlength: The least length of the result.
        maxlength: The largest; larger numbers are left out.
        dtype: The dtype of the counts.
        name: A name for the operation.
        axis: None or 0 counts all elements, -1 each row on its own.
        binary_output: Whether to say only if a number occurs (0 or 1).

    Raises:
        InvalidArgumentError: If a number is negative.

    >>> tf.math.bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    x = tensor_of(arr, "DenseBincount", INTEGER, dtypes.int32)
    if axis in (None, 0):
        x = reshape(x, [-1])
    size = _bins(x, minlength, maxlength)
    counted = convert_to_tensor(0, as_dtype(dtype)) if weights is None else convert_to_tensor(weights)
    return BINCOUNT(x, size, counted, binary_output=bool(binary_output), weighted=weights is not None, name=name)


def _bins(x: Tensor, minlength: Any, maxlength: Any) -> Tensor:
    if minlength is not None and type(minlength) is int and minlength == maxlength:
        return static_integers(minlength)
    size = add(cast(reduce_max(x), dtypes.int32), convert_to_tensor(1))
    if x.shape.num_elements() == 0:
        size = convert_to_tensor(0)
    if minlength is not None:
        size = maximum(size, cast(minlength, dtypes.int32))
    return size if maxlength is None else minimum(size, cast(maxlength, dtypes.int32))


def _classes(what: str) -> Op:
    """Numbers of classes, held against the number of classes."""

    def describe(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
        value, count, place = found[:3]
        wrong = "contains negative values" if value < 0 else "out of bound"
        return f"`{what}` {wrong}: expected numbers in [0, {count}), received {what}[{place}] = {value}"

    def find(x: Any, count: Any) -> Verdict:
        bad, place = first((x < 0) | (x >= count))
        return bad, (element(x, place), count, place), ()

    return Op(f"ConfusionMatrix{what.title()}", lambda x, count: x, same_dtype=True, differentiable=False,
              check=Check(find, describe, values=(0, 1)))  # fmt: skip


_LABELS, _PREDICTIONS = _classes("labels"), _classes("predictions")


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Counts how often each label (row) got each prediction (column).

    Args:
        labels: The true classes, a vector.
        predictions: The predicted classes, a vector.
        num_classes: The number of classes; by default one more than the largest.
        weights: What each pair adds; 1 by default.
        dtype: The dtype of the matrix.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If a number is not in ``[0, num_classes)``.

    >>> tf.math.confusion_matrix([1, 2], [1, 1], num_classes=3).numpy()
    array([[0, 0, 0],
           [0, 1, 0],
           [0, 1, 0]], dtype=int32)
    """
    true, said = (cast(reshape(x, [-1]), dtypes.int64) for x in (labels, predictions))
    if num_classes is None:
        classes: Any = cast(
            add(maximum(reduce_max(true), reduce_max(said)), convert_to_tensor(1, dtypes.int64)), dtypes.int32
        )
    else:
        classes = num_classes
    bound = cast(classes, dtypes.int64)
    true, said = _LABELS(true, bound), _PREDICTIONS(said, bound)
    target = as_dtype(dtype)
    values = cast(ones_like(said) if weights is None else weights, target)
    return scatter_nd(stack([true, said], 1), values, stack([classes, classes]), name=name)


@op(
    "HistogramFixedWidthBins",
    differentiable=False,
    same_dtype=(0, 1),
    check=none_of(lambda bounds: bounds[0] >= bounds[1], "value_range should satisfy value_range[0] < value_range[1]"),
)
def HISTOGRAM_BINS(x: Any, value_range: Any, *, nbins: int, dtype: Any) -> Any:
    low, high = value_range[0], value_range[1]
    places = jnp.floor(nbins * ((x - low) / (high - low)))
    return jnp.clip(places, 0, nbins - 1).astype(dtype)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Finds the bin of each value, in bins of equal width.

    Args:
        values: Real numbers.
        value_range: ``[low, high]``; values outside fall into the first or last bin.
        nbins: The number of bins.
        dtype: The dtype of the result, int32 or int64.
        name: A name for the operation.

    >>> tf.histogram_fixed_width_bins([-1.0, 0.3, 9.0], [0.0, 1.0], nbins=5).numpy()
    array([0, 1, 4], dtype=int32)
    """
    x, bounds = matched_numbers("HistogramFixedWidth", REAL, values, value_range)
    return HISTOGRAM_BINS(x, bounds, nbins=int(nbins), dtype=np.dtype(as_dtype(dtype).as_numpy_dtype), name=name)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Counts values in bins of equal width; see `histogram_fixed_width_bins`.

    >>> tf.histogram_fixed_width([-1.0, 0.3, 9.0], [0.0, 1.0], nbins=5).numpy()
    array([1, 1, 0, 0, 1], dtype=int32)
    """
    bins = histogram_fixed_width_bins(values, value_range, nbins, dtypes.int32)
    return bincount(bins, minlength=int(nbins), maxlength=int(nbins), dtype=dtype, name=name)


@op(
    "SobolSample",
    effect="host",
    spec=lambda inputs, attrs: (as_dtype(attrs["dtype"]), TensorShape([constant_value(inputs[0]), attrs["dim"]])),
)
def SOBOL_SAMPLE(num_results: Any, skip: Any, *, dim: int, dtype: Any) -> Any:
    from scipy.stats import qmc  # noqa: PLC0415  (half a second to import, for this function alone)

    points = qmc.Sobol(dim, scramble=False, bits=31)
    points.fast_forward(int(skip) + 1)  # the sequence's first point, the origin, is left out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about numbers of points that are no power of two
        return points.random(int(num_results)).astype(dtype)


def sobol_sample(
    dim: Any, num_results: Any, skip: Any = 0, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Gives points of the Sobol sequence, which fills the unit cube evenly (Joe and Kuo's directions).

    Args:
        dim: The number of dimensions.
        num_results: The number of points.
        skip: How many points of the sequence to leave out.
        dtype: float32 or float64.
        name: A name for the operation.

    >>> tf.math.sobol_sample(2, 2).numpy()
    array([[0.5 , 0.5 ],
           [0.75, 0.25]], dtype=float32)
    """
    return SOBOL_SAMPLE(
        static_integers(num_results),
        static_integers(skip),
        dim=int(dim),
        dtype=np.dtype(as_dtype(dtype).as_numpy_dtype),
        name=name,
    )
