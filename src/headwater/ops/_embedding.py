"""Rows of tables by number, and dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core.checks import in_range
from headwater.core.op import Op, op
from headwater.core.spec import IndexedSlices
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.watch import enabled
from headwater.ops import random
from headwater.ops._common import as_shape_tensor
from headwater.ops.array import reshape, shape_of
from headwater.ops.array import shape as shape_tensor

# Embeddings -----------------------------------------------------------------------------------------------------


def _rows(params: Any, ids: Any) -> Any:
    """Where nothing is checked, a row that is not there is NaN (integers: the largest number)."""
    mode = "clip" if enabled() else "fill"
    return jnp.asarray(params).at[ids].get(mode=mode, wrap_negative_indices=False)


def _rows_gradient(inputs: Sequence[Tensor], outputs: Any, cotangents: Sequence[Any], attrs: Any) -> list[Any]:
    params, ids = inputs
    return [IndexedSlices(_FLATTEN_ROWS(cotangents[0], ids), reshape(ids, [-1]), shape_tensor(params)), None]


_FLATTEN_ROWS = Op("FlattenRows", lambda rows, ids: rows.reshape(ids.size, *rows.shape[ids.ndim :]))
_GATHER_ROWS = Op(
    "EmbeddingLookup",
    _rows,
    gradient=_rows_gradient,
    check=in_range("indices", lambda params, ids: int(params.shape[0])),
)


_JOIN = Op("EmbeddingTables", lambda *tables: jnp.concatenate(tables), same_dtype=True)


@op("ClipRowsByNorm")
def _CLIP_ROWS(rows: Any, *, max_norm: float, batch_rank: int) -> Any:
    axes = tuple(range(batch_rank, rows.ndim))
    total = jnp.sum(jnp.square(rows), axes, keepdims=True)
    norm = jnp.sqrt(jnp.where(total > 0, total, 1))
    return rows * max_norm / jnp.maximum(jnp.where(total > 0, norm, total), max_norm)


def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: str | None = None) -> Tensor:
    """The rows of `params` at `ids`.

    Args:
        params: A table [rows, ...], or a list of tables that continue one another, as arrays or lists.
        ids: Row numbers, int32 or int64, of any shape.
        max_norm: Rows with a larger l2-norm are scaled to it.
        name: A name for the result.

    Returns:
        A tensor of shape ``ids.shape + params.shape[1:]``. The gradient of `params` is a `tf.IndexedSlices`.

    Raises:
        InvalidArgumentError: If a number is no row (on a CPU; elsewhere the result is NaN).

    >>> tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0]]), [1, 0]).numpy()
    array([[3., 4.],
           [1., 2.]], dtype=float32)
    """
    ids = convert_to_tensor(ids)
    if isinstance(params, list | tuple) and len(params) == 1:
        params = params[0]
    if isinstance(params, list | tuple):
        rows = _GATHER_ROWS(_JOIN(*[convert_to_tensor(p) for p in params]), ids, name=name)
    else:
        rows = _GATHER_ROWS(convert_to_tensor(params), ids, name=name)
    if max_norm is None:
        return rows
    return _CLIP_ROWS(rows, max_norm=float(max_norm), batch_rank=ids.shape.rank)


# Dropout --------------------------------------------------------------------------------------------------------


@op("Dropout")
def _DROPOUT(x: Any, noise: Any, rate: Any) -> Any:
    return jnp.where(noise >= rate.astype(noise.dtype), x / (1 - rate).astype(x.dtype), 0)


def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Tensor:
    """Sets elements to 0 with probability `rate` and scales the others by ``1 / (1 - rate)`` (Srivastava et al. 2014).

    Args:
        x: A floating-point tensor.
        rate: The probability, a number or a scalar tensor in [0, 1).
        noise_shape: The shape of the choices, which broadcast with `x`; None stands for the dimension of `x`.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the result.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: If `rate` is outside [0, 1) or `x` is not floating-point.

    >>> kept = tf.nn.dropout(tf.ones([1000]), rate=0.5).numpy()
    >>> sorted(set(kept.tolist()))
    [0.0, 2.0]
    """
    return _dropout(x, rate, noise_shape, lambda shape, dtype: random.uniform(shape, dtype=dtype, seed=seed), name)


def _dropout(x: Any, rate: Any, noise_shape: Any, draw: Callable[[Any, Any], Tensor], name: str | None) -> Tensor:
    x = convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise ValueError(
            f"dropout: expected a floating-point tensor, since it will be scaled, received dtype {x.dtype.name}. "
            "Use tf.cast."
        )
    if isinstance(rate, int | float | np.number):
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
        if rate == 0:
            return x
        rate = np.asarray(rate, np.float32)
    rate = convert_to_tensor(rate)
    if rate.shape.rank not in (0, None):
        raise ValueError(f"`rate` must be a scalar tensor or a float. Received: rate={rate}")
    noise = draw(_noise_shape(x, noise_shape), x.dtype)
    return _DROPOUT(x, noise, rate, name=name)


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    if noise_shape is None:
        return shape_of(x)
    if hasattr(noise_shape, "as_list"):
        noise_shape = noise_shape.as_list()
    if isinstance(noise_shape, list | tuple) and None in noise_shape:
        known = x.shape.as_list() if x.shape.rank is not None else [None] * len(noise_shape)
        sizes = [known[i] if n is None else n for i, n in enumerate(noise_shape)]
        return as_shape_tensor([shape_tensor(x)[i] if n is None else n for i, n in enumerate(sizes)])
    return noise_shape


def stateless_dropout(
    x: Any, rate: Any, seed: Any, rng_alg: Any = "auto_select", noise_shape: Any = None, name: str | None = None
) -> Tensor:
    """`dropout` whose choices follow from `seed` (two integers) alone.

    >>> a = tf.nn.experimental.stateless_dropout(tf.ones([9]), 0.5, seed=[1, 2])
    >>> b = tf.nn.experimental.stateless_dropout(tf.ones([9]), 0.5, seed=[1, 2])
    >>> bool((a.numpy() == b.numpy()).all())
    True
    """

    def draw(shape: Any, dtype: Any) -> Tensor:
        return random.stateless_uniform(shape, seed, dtype=dtype, alg=rng_alg)

    return _dropout(x, rate, noise_shape, draw, name)


def general_dropout(
    x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any = None, name: str | None = None
) -> Tensor:
    """`dropout` whose choices come from ``uniform_sampler(shape=..., dtype=...)``.

    >>> never = lambda shape, dtype: tf.ones(shape, dtype)
    >>> tf.nn.experimental.general_dropout(tf.ones([2]), 0.5, never).numpy()
    array([2., 2.], dtype=float32)
    """
    return _dropout(x, rate, noise_shape, lambda shape, dtype: uniform_sampler(shape=shape, dtype=dtype), name)
