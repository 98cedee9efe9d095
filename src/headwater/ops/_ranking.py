"""Order and counts: top_k, in_top_k, zero_fraction, and averages of losses over replicas."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._floating import floating
from headwater.ops.array import shape_of
from headwater.ops.math import cast, reduce_sum


@op("TopKV2", static=(1,))
def _TOP_K(x: Any, k: Any, *, index_type: Any) -> Any:
    k = int(k)
    if x.ndim < 1 or x.shape[-1] < k:
        raise ValueError(f"input must have at least k columns: expected at least {k}, received {list(x.shape)}")
    values, indices = lax.top_k(x, k)
    return values, indices.astype(index_type)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32, name: str | None = None
) -> TopKV2:
    """The `k` largest elements along the last axis, in falling order; of equals the first counts as larger.

    Args:
        input: A tensor of rank 1 or more.
        k: How many, an integer or an int32 scalar.
        sorted: Accepted for compatibility; the result is always sorted.
        index_type: int16, int32 or int64.
        name: A name for the result.

    Returns:
        ``(values, indices)``.

    >>> values, indices = tf.nn.top_k([1, 9, 3], k=2)
    >>> values.numpy(), indices.numpy()
    (array([9, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    dtype = np.dtype(as_dtype(index_type).as_numpy_dtype)
    values, indices = _TOP_K(convert_to_tensor(input), convert_to_tensor(k, dtype_hint=dtypes.int32), index_type=dtype)
    return TopKV2(values, indices)


class TopKV2(NamedTuple):
    """What `top_k` returns."""

    values: Tensor
    indices: Tensor


@op("InTopKV2", static=(2,), differentiable=False)
def _IN_TOP_K(predictions: Any, targets: Any, k: Any) -> Any:
    count = predictions.shape[1]
    valid = (targets >= 0) & (targets < count)
    chosen = jnp.take_along_axis(predictions, jnp.clip(targets, 0, count - 1)[:, None].astype(np.int64), 1)
    better = jnp.sum(predictions > chosen, 1)
    return valid & jnp.all(jnp.isfinite(predictions), 1) & (better < int(k))


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the predictions for the targets are among the `k` largest of their rows (ties count).

    Args:
        targets: Class numbers [batch], int32 or int64.
        predictions: Scores [batch, classes], float32.
        k: How many count as top.
        name: A name for the result.

    Returns:
        A boolean tensor [batch]; False where a target is no class or a score is not finite.

    >>> tf.nn.in_top_k([1, 0], [[0.1, 0.9], [0.1, 0.9]], k=1).numpy()
    array([ True, False])
    """
    predictions = floating(predictions, "InTopKV2")
    targets = convert_to_tensor(targets)
    return _IN_TOP_K(predictions, targets, convert_to_tensor(k, dtype_hint=targets.dtype), name=name)


@op("ZeroFraction", differentiable=False)
def _ZERO_FRACTION(value: Any) -> Any:
    return jnp.mean((value == 0).astype(jnp.float32)) if value.size else jnp.float32(jnp.nan)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The fraction of zeros, a float32 scalar.

    >>> float(tf.nn.zero_fraction([0, 1, 0, 2]))
    0.5
    """
    return _ZERO_FRACTION(convert_to_tensor(value), name=name)


# Losses over replicas -------------------------------------------------------------------------------------------


def _replicas() -> int:
    return 1 if context.replica is None else int(context.replica.num_replicas_in_sync)


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Tensor:
    """The sum of the losses divided by the batch size of all replicas together.

    Args:
        per_example_loss: Losses, of rank 1 or more.
        sample_weight: Weights of the losses, broadcast to them.
        global_batch_size: The batch size; by default that of `per_example_loss` times the number of replicas.

    Returns:
        A scalar of the dtype of `per_example_loss`.

    Raises:
        ValueError, TypeError: If the losses or the batch size are not of the right rank or kind.

    >>> float(tf.nn.compute_average_loss([1.0, 3.0], global_batch_size=4))
    1.0
    """
    loss = convert_to_tensor(per_example_loss)
    dtype = loss.dtype
    if sample_weight is not None:
        weights = convert_to_tensor(sample_weight, dtype_hint=dtype)
        loss = loss * _aligned(cast(weights, dtype), loss)
    if loss.shape.rank == 0:
        raise ValueError("compute_average_loss: expected per-example losses of rank 1 or more, received a scalar.")
    size = convert_to_tensor(shape_of(loss)[0] * _replicas() if global_batch_size is None else global_batch_size)
    if size.shape.rank != 0:
        raise ValueError(f"compute_average_loss: expected a scalar global_batch_size, received shape {size.shape}.")
    if not size.dtype.is_integer:
        raise TypeError(
            f"compute_average_loss: expected an integer global_batch_size, received dtype {size.dtype.name}."
        )
    return reduce_sum(loss) / cast(size, dtype)


def _aligned(weights: Tensor, loss: Tensor) -> Tensor:
    """Weights of lower rank than the losses apply to their first dimensions."""
    missing = (loss.shape.rank or 0) - (weights.shape.rank or 0)
    return weights[(..., *[None] * missing)] if weights.shape.rank and missing > 0 else weights


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum of regularization losses divided by the number of replicas.

    >>> float(tf.nn.scale_regularization_loss([1.0, 2.0]))
    3.0
    """
    return reduce_sum(convert_to_tensor(regularization_loss)) / float(_replicas())


# Sequences ------------------------------------------------------------------------------------------------------


_LONGEST = Op("Longest", jnp.max, differentiable=False)


@op("CollapseRepeated", differentiable=False)
def _COLLAPSE(labels: Any, lengths: Any) -> Any:
    place = jnp.arange(labels.shape[1])
    fresh = jnp.concatenate([jnp.ones_like(labels[:, :1], bool), labels[:, 1:] != labels[:, :-1]], 1)
    kept = fresh & (place < lengths[:, None])
    order = jnp.argsort(~kept, axis=1, stable=True)
    count = jnp.sum(kept, 1)
    values = jnp.where(place < count[:, None], jnp.take_along_axis(labels, order, 1), 0)
    return values, count.astype(lengths.dtype)


def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Merges equal neighbours of each sequence.

    Args:
        labels: Integers [batch, time].
        seq_length: The length of each sequence [batch].
        name: A name for the result.

    Returns:
        ``(labels, lengths)``: the merged sequences, padded with 0 to the longest, and their lengths.

    >>> labels, lengths = tf.nn.collapse_repeated([[1, 1, 2, 2, 1]], [5])
    >>> labels.numpy(), lengths.numpy()
    (array([[1, 2, 1]], dtype=int32), array([3], dtype=int32))
    """
    labels, seq_length = convert_to_tensor(labels), convert_to_tensor(seq_length)
    values, lengths = _COLLAPSE(labels, seq_length, name=name)
    longest = _LONGEST(lengths)
    return values[:, :longest], lengths
