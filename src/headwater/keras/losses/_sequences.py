"""The loss of label sequences that are not aligned with the frames."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._registry import builtin
from headwater.keras.losses._base import Wrapped
from headwater.ops import array, math, nn


def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """The negative log-probability of label sequences over all alignments with the frames (Graves et al., 2006).

    Args:
        y_true: Labels [batch, labels]: classes from 1, filled up with 0, which is no class.
        y_pred: Unnormalized log-probabilities [batch, frames, classes]; the class 0 stands for no label.

    Returns:
        A loss per sequence, [batch].

    Raises:
        ValueError: If the ranks are others.

    >>> frames = tf.math.log([[[0.2, 0.8], [0.5, 0.5]]])
    >>> tf.keras.losses.ctc([[1]], frames).numpy().round(4)
    array([0.1054], dtype=float32)
    """
    y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    if y_true.shape.rank not in (2, None):
        raise ValueError(
            "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
            f"Received: y_true.shape={y_true.shape}"
        )
    if y_pred.shape.rank not in (3, None):
        raise ValueError(
            "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. Received: "
            f"y_pred.shape={y_pred.shape}"
        )
    labels = math.cast(y_true, "int32")
    lengths = math.reduce_sum(math.cast(math.not_equal(labels, 0), "int32"), axis=-1)
    batch, frames = array.shape(y_pred)[0], array.shape(y_pred)[1]
    return nn.ctc_loss(labels, y_pred, lengths, array.fill([batch], frames), logits_time_major=False, blank_index=0)


@builtin("keras.losses")
class CTC(Wrapped):
    """See `ctc`."""

    _function = staticmethod(ctc)

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "ctc", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)
