"""Order and counts: top_k, in_top_k, zero_fraction, and averages of losses over replicas."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from headwater.core.context import context
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops.array import shape_of
from headwater.ops.math import cast, divide_no_nan, reduce_sum

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
    return divide_no_nan(reduce_sum(loss), cast(size, dtype))


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
