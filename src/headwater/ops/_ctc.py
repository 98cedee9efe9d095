"""Connectionist temporal classification: the loss of label sequences that are not aligned with the frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._inputs import check_shape

# The logarithm of what is impossible, as large as TensorFlow has it: losses and their gradients stay finite.
_NEVER = float(np.log(1e-307))


def _never_unless(possible: Any) -> Any:
    return jnp.where(possible, 0.0, _NEVER)


def _with_blanks(labels: Any, blank: int) -> Any:
    """Labels with blanks between them and around: [batch, 2 * length + 1]."""
    batch, length = labels.shape
    return jnp.full((batch, 2 * length + 1), blank, labels.dtype).at[:, 1::2].set(labels)


def _of_states(log_p: Any, states: Any) -> Any:
    """What each frame says of each state; a label that is no class (padding) costs nothing."""
    known = (states >= 0) & (states < log_p.shape[-1])
    chosen = jnp.take_along_axis(log_p, jnp.where(known, states, 0)[None], axis=-1)
    return jnp.where(known[None], chosen, 0.0)


def _step(skips: Any, alpha: Any, frame: tuple[Any, Any]) -> tuple[Any, None]:
    """One frame: a state comes from itself, the one before, or past a blank between two labels."""
    log_p, counted = frame
    before = jnp.pad(alpha, ((0, 0), (1, 0)), constant_values=_NEVER)[:, :-1]
    skipped = jnp.pad(alpha, ((0, 0), (2, 0)), constant_values=_NEVER)[:, :-2] + skips
    moved = log_p + jax.nn.logsumexp(jnp.stack([alpha, before, skipped]), axis=0)
    return jnp.where(counted[:, None], moved, alpha), None


@op("CTCLossV2")
def _CTC_LOSS(labels: Any, logits: Any, label_length: Any, logit_length: Any, *, blank: int) -> Any:
    check_shape("label_length", label_length, logits.shape[1:2])
    log_p = jax.nn.log_softmax(logits.astype(jnp.promote_types(logits.dtype, jnp.float32)))
    states = _with_blanks(labels, blank)
    place = jnp.arange(states.shape[1])[None]
    is_label = place % 2 == 1
    skips = _never_unless(is_label & (states != jnp.pad(states, ((0, 0), (2, 0)))[:, :-2]) & (place > 1))
    said = _of_states(log_p, states)
    counted = jnp.arange(said.shape[0])[:, None] < logit_length[None]
    last = 2 * label_length[:, None]
    ends = _never_unless((place == last) | (place == last - 1))
    if not said.shape[0]:
        return jnp.full(labels.shape[:1], -_NEVER, logits.dtype)
    first = said[0] + _never_unless((place == 0) | (place == 1))
    alpha, _ = lax.scan(lambda a, f: _step(skips, a, f), first, (said[1:], counted[1:]))
    loss = -jax.nn.logsumexp(alpha + ends, axis=-1)
    return jnp.where(logit_length > 0, loss, -_NEVER).astype(logits.dtype)


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The negative log-probability of label sequences, over all alignments with the frames (Graves et al., 2006).

    Args:
        labels: Integers, [batch, labels], filled up with any number.
        logits: Unnormalized log-probabilities, [frames, batch, classes].
        label_length: How many labels count, [batch].
        logit_length: How many frames count, [batch].
        logits_time_major: False for logits of shape [batch, frames, classes].
        unique: Accepted for compatibility: what `ctc_unique_labels` gives changes no result.
        blank_index: The class that means no label, from the end if negative; default 0.
        name: A name for the result.

    Returns:
        A loss per sequence, [batch], in the dtype of `logits`. Of sequences that cannot be, it is about 707.

    Raises:
        ValueError: If a length is None, or the blank is no class.

    >>> logits = tf.math.log([[[0.2, 0.8]], [[0.5, 0.5]]])  # two frames, one sequence, classes blank and 1
    >>> tf.nn.ctc_loss([[1]], logits, [1], [2]).numpy().round(4)  # 0.8 * 0.5 + 0.8 * 0.5 + 0.2 * 0.5
    array([0.1054], dtype=float32)
    """
    logits = convert_to_tensor(logits, dtype_hint=dtypes.float32)
    if not logits_time_major:
        logits = _FRAMES_FIRST(logits)
    labels, *lengths = [convert_to_tensor(v, dtype_hint=dtypes.int32) for v in (labels, label_length, logit_length)]
    return _CTC_LOSS(labels, logits, *lengths, blank=_blank(blank_index, logits.shape), name=name)


@op("CTCFramesFirst")
def _FRAMES_FIRST(logits: Any) -> Any:
    return jnp.swapaxes(logits, 0, 1)


def _blank(index: int | None, shape: TensorShape) -> int:
    classes = shape[-1] if shape.rank == 3 else None
    if classes is None:
        raise ValueError(f"ctc_loss: expected logits of rank 3 with a known number of classes. Received shape {shape}.")
    blank = 0 if index is None else int(index)
    if not -classes <= blank < classes:
        raise ValueError(f"blank_index must be one of {classes} classes. Received: blank_index={index}.")
    return blank % classes


# Labels ---------------------------------------------------------------------------------------------------------


def _unique_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    return [(dtypes.int64, inputs[0].shape), (dtypes.int32, inputs[0].shape)]


@op("CTCUniqueLabels", effect="host", spec=_unique_spec)
def _UNIQUE(labels: Any) -> Any:
    values, places = np.zeros(labels.shape, np.int64), np.zeros(labels.shape, np.int32)
    for row, found, place in zip(labels, values, places, strict=True):
        first, inverse = np.unique(row, return_index=True, return_inverse=True)[1:]
        order = np.argsort(first)
        found[: len(order)] = row[first[order]]
        place[:] = np.argsort(order)[inverse]
    return values, places


def ctc_unique_labels(labels: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The different labels of each row, in the order they first occur, and where each label stands among them.

    Args:
        labels: Integers, [batch, labels].
        name: A name for the result.

    Returns:
        The labels, int64, filled up with 0; and the places, int32; both [batch, labels].

    >>> [x.numpy().tolist() for x in tf.nn.ctc_unique_labels([[3, 1, 3]])]
    [[[3, 1, 0]], [[0, 1, 0]]]
    """
    return _UNIQUE(convert_to_tensor(labels), name=name)
