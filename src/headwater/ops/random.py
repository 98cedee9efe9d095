"""`tf.random`: random numbers, stateless (a function of a seed) and stateful (the next ones of a stream)."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.ops import _random_ops as ops
from headwater.ops._create import shape_of
from headwater.ops._generator import (
    Algorithm,
    Generator,
    check_algorithm,
    create_rng_state,
    get_global_generator,
    set_global_generator,
)
from headwater.ops._inputs import static_integers
from headwater.ops._join import stack
from headwater.ops._random_draw import (
    Source,
    check_dtype,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
    from_seed,
    numpy_dtype,
)
from headwater.ops._streams import draw_from_stream, set_seed

__all__ = [
    "Algorithm", "Generator", "categorical", "create_rng_state", "experimental", "fold_in", "gamma",
    "get_global_generator", "normal", "poisson", "set_global_generator", "set_seed", "shuffle", "split",
    "stateless_binomial", "stateless_categorical", "stateless_gamma", "stateless_normal",
    "stateless_parameterized_truncated_normal", "stateless_poisson", "stateless_truncated_normal",
    "stateless_uniform", "truncated_normal", "uniform",
]  # fmt: skip

_COUNTS = (dtypes.int32, dtypes.int64)
_UNIFORM = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64)


def _stream(seed: Any) -> Source:
    return lambda shape: draw_from_stream(shape, seed)


# Stateful -------------------------------------------------------------------------------------------------------


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: str | None = None,
) -> Tensor:
    """Uniform random numbers in ``[minval, maxval)``.

    Args:
        shape: The shape of the result.
        minval: The lower end, broadcast with `shape` (integers: a scalar).
        maxval: The upper end, excluded; 1 for floats.
        dtype: float16, bfloat16, float32, float64, int32 or int64.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        ValueError: If an integer dtype comes without `maxval`.

    >>> tf.random.uniform([2, 3], 1, 7, tf.int32).shape
    TensorShape([2, 3])
    """
    dtype = check_dtype(dtype, _UNIFORM)
    if dtype.is_integer and maxval is None:
        raise ValueError(f"Must specify maxval for integer dtype {dtype.name}.")
    return draw_uniform(_stream(seed), shape, 0 if minval is None else minval, maxval, dtype, name)


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: str | None = None,
) -> Tensor:
    """Normal random numbers.

    Args:
        shape: The shape of the result.
        mean: The mean, broadcast with `shape`.
        stddev: The standard deviation, broadcast with `shape`.
        dtype: float16, bfloat16, float32 or float64.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    >>> tf.random.normal([4]).dtype
    tf.float32
    """
    return draw_normal(_stream(seed), shape, mean, stddev, dtype, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: Any = None,
    name: str | None = None,
) -> Tensor:
    """Normal random numbers, redrawn where they are further than two standard deviations from the mean.

    Args:
        shape: The shape of the result.
        mean: The mean, broadcast with `shape`.
        stddev: The standard deviation before truncation, broadcast with `shape`.
        dtype: float16, bfloat16, float32 or float64.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    >>> bool((abs(tf.random.truncated_normal([100]).numpy()) <= 2).all())
    True
    """
    return draw_truncated_normal(_stream(seed), shape, mean, stddev, dtype, name)


def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, seed: Any = None, name: str | None = None
) -> Tensor:
    """Gamma random numbers, differentiable in both parameters.

    Args:
        shape: How many to draw per pair of parameters: the result's shape begins with it.
        alpha: The shape parameter.
        beta: The inverse scale, broadcast with `alpha`; 1 by default.
        dtype: The dtype of the parameters and the result.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    >>> tf.random.gamma([10], [0.5, 1.5]).shape
    TensorShape([10, 2])
    """
    return _gamma(_stream(seed), shape, alpha, beta, dtype, False, name)


def _gamma(source: Source, shape: Any, alpha: Any, beta: Any, dtype: Any, whole: bool, name: str | None) -> Tensor:
    dims = static_integers(shape)
    alpha = convert_to_tensor(alpha, dtype)
    beta = convert_to_tensor(1 if beta is None else beta, dtype)
    return ops.GAMMA(dims, *source(dims), alpha, beta, whole=whole, name=name)


def poisson(shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: Any = None, name: str | None = None) -> Tensor:
    """Poisson random numbers.

    Args:
        shape: How many to draw per rate: the result's shape begins with it.
        lam: The rate.
        dtype: The dtype of the result.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    >>> tf.random.poisson([10], [0.5, 1.5]).shape
    TensorShape([10, 2])
    """
    return _poisson(_stream(seed), shape, lam, dtype, False, name)


def _poisson(source: Source, shape: Any, lam: Any, dtype: Any, whole: bool, name: str | None) -> Tensor:
    dims = static_integers(shape)
    rate = convert_to_tensor(lam, dtype_hint=dtypes.float32)
    return ops.POISSON(dims, *source(dims), rate, dtype=numpy_dtype(as_dtype(dtype)), whole=whole, name=name)


def categorical(logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: str | None = None) -> Tensor:
    """Classes drawn by unnormalised log-probabilities.

    Args:
        logits: Of shape ``[batch, classes]``.
        num_samples: How many to draw per row.
        dtype: int32 or int64; int64 by default.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    Returns:
        Of shape ``[batch, num_samples]``.

    >>> tf.random.categorical([[0.0, -1000.0]], 4)
    <tf.Tensor: shape=(1, 4), dtype=int64, numpy=array([[0, 0, 0, 0]])>
    """
    return _categorical(_stream(seed), logits, num_samples, dtype, name)


def _categorical(source: Source, logits: Any, num_samples: Any, dtype: Any, name: str | None) -> Tensor:
    logits = convert_to_tensor(logits)
    dtype = check_dtype(dtypes.int64 if dtype is None else dtype, _COUNTS)
    if logits.shape.rank not in (2, None):
        raise ValueError(f"logits should be a matrix [batch, classes], got shape {logits.shape}.")
    rows = shape_of(logits)[0]
    count = convert_to_tensor(num_samples)
    key, counter = source(static_integers([rows, num_samples]))
    return ops.CATEGORICAL(logits, count, key, counter, dtype=numpy_dtype(dtype), name=name)


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """`value` with its first dimension in random order.

    Args:
        value: A tensor of at least one dimension.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the op.

    >>> sorted(tf.random.shuffle([3, 1, 2]).numpy().tolist())
    [1, 2, 3]
    """
    value = convert_to_tensor(value)
    if value.shape.rank == 0:
        return value
    key, counter = draw_from_stream(static_integers([shape_of(value)[0]]), seed)
    return ops.SHUFFLE(value, key, counter, name=name)


# Stateless ------------------------------------------------------------------------------------------------------


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Uniform numbers that follow from the seed alone, the same as TensorFlow's on a CPU.

    Args:
        shape: The shape of the result.
        seed: Two integers.
        minval: The lower end; with `maxval` None and an integer dtype: all values.
        maxval: The upper end, excluded; 1 for floats.
        dtype: A float, int32 or int64; uint32 and uint64 without bounds.
        name: A name for the op.
        alg: Accepted for compatibility; numbers are Philox's.

    >>> tf.random.stateless_uniform([2], seed=[1, 2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.8440604 , 0.19204533], dtype=float32)>
    """
    check_algorithm(alg)
    return draw_uniform(from_seed(seed), shape, minval, maxval, dtype, name)


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Normal numbers that follow from the seed (two integers) alone, the same as TensorFlow's on a CPU.

    >>> tf.random.stateless_normal([2], seed=[1, 2])[0] > 0.54
    <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    check_algorithm(alg)
    return draw_normal(from_seed(seed), shape, mean, stddev, dtype, name)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Truncated normal numbers that follow from the seed (two integers) alone, as TensorFlow's on a CPU.

    >>> bool(abs(tf.random.stateless_truncated_normal([2], seed=[1, 2])[0] - 0.54411) < 1e-4)
    True
    """
    check_algorithm(alg)
    return draw_truncated_normal(from_seed(seed), shape, mean, stddev, dtype, name)


def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Gamma numbers that follow from the seed alone; the parameters broadcast to `shape`, the result's whole shape.

    >>> tf.random.stateless_gamma([10, 2], seed=[1, 2], alpha=[0.5, 1.5]).shape
    TensorShape([10, 2])
    """
    return _gamma(from_seed(seed), shape, alpha, beta, dtype, True, name)


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Poisson numbers that follow from the seed alone; the rates broadcast to `shape`, the result's whole shape.

    >>> tf.random.stateless_poisson([10, 2], seed=[1, 2], lam=[5.0, 15.0]).shape
    TensorShape([10, 2])
    """
    return _poisson(from_seed(seed), shape, lam, dtype, True, name)


def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Numbers of successes in `counts` trials that follow from the seed alone.

    >>> tf.random.stateless_binomial([3], seed=[1, 2], counts=10.0, probs=1.0)
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([10, 10, 10], dtype=int32)>
    """
    probs = convert_to_tensor(probs, dtype_hint=dtypes.float32)
    counts = convert_to_tensor(counts, dtype_hint=probs.dtype)
    dims = static_integers(shape)
    dtype = numpy_dtype(as_dtype(output_dtype))
    return ops.BINOMIAL(dims, *from_seed(seed)(dims), counts, probs, dtype=dtype, name=name)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities ``[batch, classes]``, following from the seed alone.

    >>> tf.random.stateless_categorical([[0.0, -1000.0]], 3, seed=[1, 2])
    <tf.Tensor: shape=(1, 3), dtype=int64, numpy=array([[0, 0, 0]])>
    """
    return _categorical(from_seed(seed), logits, num_samples, dtype, name)


def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Tensor:
    """Normal numbers between `minvals` and `maxvals`, following from the seed alone; parameters broadcast to `shape`.

    >>> x = tf.random.stateless_parameterized_truncated_normal([9], [1, 2], minvals=1.0, maxvals=1.5)
    >>> bool(x[0] >= 1) and bool(x[0] <= 1.5)
    True
    """
    parameters = [convert_to_tensor(v) for v in (means, stddevs, minvals, maxvals)]
    dims = static_integers(shape)
    return ops.PARAMETERIZED_TRUNCATED_NORMAL(dims, *from_seed(seed)(dims), *parameters, name=name)


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Tensor:
    """`num` seeds from one: of shape ``[num, 2]``, in the seed's dtype.

    >>> tf.random.split([1, 2])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1105988140, 1738052849],
           [-335576002,  370444179]], dtype=int32)>
    """
    seed = convert_to_tensor(seed)
    return stateless_uniform([num, 2], seed, None, None, seed.dtype, alg=alg)


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Tensor:
    """A seed from a seed and an integer, such as a replica's number, in the dtype of `data`.

    >>> tf.random.fold_in([1, 2], 3).shape
    TensorShape([2])
    """
    data = convert_to_tensor(data)
    return stack([stateless_uniform([], seed, None, None, data.dtype, alg=alg), data])


def _index_shuffle(index: Any, seed: Any, max_index: Any) -> Tensor:
    """Where `index` comes to stand in a permutation of ``0 ... max_index`` that follows from the seed alone.

    Nothing of the size of the permutation is made, so `max_index` may be large.

    Args:
        index: An integer of ``0 ... max_index``, or a vector of them.
        seed: Two integers, or a matrix ``[n, 2]``.
        max_index: The largest index, of the shape of `index` or a scalar.

    Returns:
        A scalar if all arguments are, else a vector, in the dtype of `index`.

    >>> tf.random.experimental.index_shuffle(tf.range(4), [5, 9], 3)
    <tf.Tensor: shape=(4,), dtype=int32, numpy=array([2, 0, 1, 3], dtype=int32)>
    """
    index = convert_to_tensor(index)
    largest = convert_to_tensor(max_index, index.dtype)
    seed = convert_to_tensor(seed)
    return ops.INDEX_SHUFFLE(index, seed, largest)


def _stateless_shuffle(value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None) -> Tensor:
    """`value` with its first dimension in an order that follows from the seed alone."""
    check_algorithm(alg)
    value = convert_to_tensor(value)
    return ops.STATELESS_SHUFFLE(value, *from_seed(seed)(value), name=name)


experimental = types.SimpleNamespace(
    Algorithm=Algorithm,
    Generator=Generator,
    create_rng_state=create_rng_state,
    get_global_generator=get_global_generator,
    index_shuffle=_index_shuffle,
    set_global_generator=set_global_generator,
    stateless_fold_in=fold_in,
    stateless_shuffle=_stateless_shuffle,
    stateless_split=split,
)
