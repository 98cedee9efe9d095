"""Boxes in images: suppression of overlapping ones, and drawing."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._inputs import FLOATING, check_shape, static_value, tensor_of

# Suppression ----------------------------------------------------------------------------------------------------


def _overlaps(box: Any, others: Any) -> Any:
    """The intersection over union of a box with others; corners may come in any order."""

    def sorted_corners(b: Any) -> Any:
        return np.concatenate([np.minimum(b[..., :2], b[..., 2:]), np.maximum(b[..., :2], b[..., 2:])], -1)

    box, others = sorted_corners(box), sorted_corners(others)
    area = np.prod(box[2:] - box[:2])
    areas = np.prod(others[:, 2:] - others[:, :2], -1)
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.prod(np.maximum(sides, 0), -1)
    union = area + areas - shared
    return np.where((area > 0) & (areas > 0), shared / np.where(union > 0, union, 1), 0)


def _overlap_among(boxes: Any, chosen: int, others: Any) -> Any:
    return _overlaps(boxes[chosen], boxes[others])


def _suppress(similarity: Any, scores: Any, count: int, threshold: float, least: float, sigma: float) -> Any:
    """Greedy choice by score. A positive `sigma` lowers the scores of overlapping boxes instead of dropping them.

    Args:
        similarity: ``similarity(i, others)`` of a box with others.
        scores: A score per box.
        count: How many to choose at most.
        threshold: The similarity from which on a box is dropped.
        least: Boxes with a lower score, or this one, are not chosen.
        sigma: See Bodla et al. 2017, "Soft-NMS".
    """
    scores = scores.astype(np.float64).copy()
    chosen: list[int] = []
    values: list[float] = []
    left = [int(i) for i in np.argsort(-scores, kind="stable") if scores[i] > least]
    while left and len(chosen) < count:
        best = max(left, key=lambda i: (scores[i], -i))
        left.remove(best)
        if scores[best] <= least:
            continue
        chosen.append(best)
        values.append(float(scores[best]))
        if not left:
            break
        found = similarity(best, np.asarray(left))
        if sigma > 0:
            for i, s in zip(left, found, strict=True):
                scores[i] *= np.exp(-0.5 * s * s / sigma) if s <= threshold else 0.0
        else:
            left = [i for i, s in zip(left, found, strict=True) if s <= threshold]
    return np.asarray(chosen, np.int32), np.asarray(values)


def _indices_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    return dtypes.int32, TensorShape([None])


def _scored_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    return [(dtypes.int32, TensorShape([None])), (inputs[1].dtype, TensorShape([None]))]


@op("NonMaxSuppressionV5", effect="host", spec=_scored_spec)
def _NMS(boxes: Any, scores: Any, count: Any, iou: Any, least: Any, sigma: Any) -> Any:
    check_shape("boxes", boxes, [len(scores), 4])
    chosen, values = _suppress(
        functools.partial(_overlap_among, boxes.astype(np.float64)),
        scores, int(count), float(iou), float(least), float(sigma),
    )  # fmt: skip
    return chosen, values.astype(scores.dtype)


@op("NonMaxSuppressionWithOverlaps", effect="host", spec=_indices_spec)
def _NMS_OVERLAPS(overlaps: Any, scores: Any, count: Any, threshold: Any, least: Any) -> Any:
    check_shape("overlaps", overlaps, [len(scores), len(scores)])
    return _suppress(lambda i, others: overlaps[others, i], scores, int(count), float(threshold), float(least), 0.0)[0]


def _numbers(*values: Any) -> list[Tensor]:
    return [convert_to_tensor(v, dtype_hint=dtypes.float32) for v in values]


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """`non_max_suppression` that also returns the scores, lowered where `soft_nms_sigma` is positive.

    Args:
        boxes: [boxes, 4], two opposite corners each.
        scores: [boxes].
        max_output_size: How many to choose at most.
        iou_threshold: The overlap with a chosen box (intersection over union) above which a box is dropped.
        score_threshold: Boxes with a lower score are not chosen.
        soft_nms_sigma: How fast scores fall with overlap; 0: boxes are dropped instead (Bodla et al. 2017).
        name: A name for the result.

    Returns:
        ``(indices, scores)`` of the chosen boxes, by falling score.

    >>> indices, scores = tf.image.non_max_suppression_with_scores(
    ...     [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [2.0, 2.0, 3.0, 3.0]], [0.9, 0.8, 0.7], 3)
    >>> indices.numpy()
    array([0, 2], dtype=int32)
    """
    numbers = _numbers(iou_threshold, score_threshold, soft_nms_sigma)
    count = convert_to_tensor(max_output_size)
    return _NMS(convert_to_tensor(boxes), convert_to_tensor(scores), count, *numbers, name=name)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """Chooses boxes greedily by score and drops those that overlap a chosen one too much.

    Args:
        boxes: [boxes, 4], two opposite corners each.
        scores: [boxes].
        max_output_size: How many to choose at most.
        iou_threshold: The overlap with a chosen box (intersection over union) above which a box is dropped.
        score_threshold: Boxes with a lower score are not chosen.
        name: A name for the result.

    Returns:
        The int32 indices of the chosen boxes, by falling score.

    >>> tf.image.non_max_suppression([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9]], [0.5, 0.9], 2).numpy()
    array([1], dtype=int32)
    """
    return non_max_suppression_with_scores(boxes, scores, max_output_size, iou_threshold, score_threshold, 0.0, name)[0]


def _padded_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    batch = inputs[1].shape[:-1] if inputs[1].shape.rank else TensorShape(None)
    if batch.rank is None:
        return [(dtypes.int32, batch), (dtypes.int32, batch)]
    return [(dtypes.int32, batch.concatenate([attrs["size"]])), (dtypes.int32, batch)]


def _chosen_of(boxes: Any, scores: Any, count: int, iou: float, least: float, in_order: bool) -> Any:
    """As `_suppress`, but an overlap of just the threshold drops a box."""
    if in_order:
        scores = np.where(scores > least, -np.arange(len(scores), dtype=np.float64), -np.inf)
        least = -np.inf
    below = float(np.nextafter(iou, -np.inf))
    return _suppress(functools.partial(_overlap_among, boxes.astype(np.float64)), scores, count, below, least, 0.0)[0]


@op("NonMaxSuppressionPadded", effect="host", spec=_padded_spec)
def _NMS_PADDED(boxes: Any, scores: Any, count: Any, iou: Any, least: Any, *, in_order: bool, size: int | None) -> Any:
    batch, count = scores.shape[:-1], int(count)
    check_shape("boxes", boxes, [*scores.shape, 4])
    pictures, each = math.prod(batch), scores.shape[-1]
    flat = zip(boxes.reshape(pictures, each, 4), scores.reshape(pictures, each), strict=True)
    chosen = [_chosen_of(b, s, count, float(iou), float(least), in_order) for b, s in flat]
    out = np.zeros([len(chosen), count], np.int32)
    for row, indices in zip(out, chosen, strict=True):
        row[: len(indices)] = indices
    return out.reshape(*batch, count), np.array([len(c) for c in chosen], np.int32).reshape(batch)


def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    pad_to_max_output_size: bool = False,
    name: str | None = None,
    sorted_input: bool = False,
    canonicalized_coordinates: bool = False,
    tile_size: int = 512,
) -> tuple[Tensor, Tensor]:
    """`non_max_suppression` of batches, and with a result of known size. A box is dropped from `iou_threshold` on.

    Args:
        boxes: [..., boxes, 4], two opposite corners each.
        scores: [..., boxes].
        max_output_size: How many to choose at most.
        iou_threshold: The overlap with a chosen box (intersection over union) from which on a box is dropped.
        score_threshold: Boxes with a lower score, or this one, are not chosen.
        pad_to_max_output_size: Whether the result has `max_output_size` places, filled up with 0; batches need it.
        name: A name for the result.
        sorted_input: Whether boxes are taken in the order given rather than by falling score.
        canonicalized_coordinates: Accepted for compatibility: corners may come in any order.
        tile_size: Accepted for compatibility.

    Returns:
        ``(indices, counts)``: the chosen boxes, by falling score, and how many of them there are.

    Raises:
        ValueError: If batches are given without `pad_to_max_output_size`.

    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [2.0, 2.0, 3.0, 3.0]]
    >>> indices, count = tf.image.non_max_suppression_padded(boxes, [0.9, 0.8, 0.7], 3, pad_to_max_output_size=True)
    >>> indices.numpy(), count.numpy()
    (array([0, 2, 0], dtype=int32), np.int32(2))
    """
    boxes, scores = _numbers(boxes, scores)
    if boxes.shape.rank != 2 and not pad_to_max_output_size:
        raise ValueError(
            "non_max_suppression_padded: 'pad_to_max_output_size' (value False) must be True for batched input. "
            f"Received boxes of shape {boxes.shape}."
        )
    count = convert_to_tensor(max_output_size)
    known = static_value(count) if pad_to_max_output_size else None
    size = None if known is None else int(known)
    numbers = _numbers(iou_threshold, score_threshold)
    indices, counts = _NMS_PADDED(boxes, scores, count, *numbers, in_order=bool(sorted_input), size=size, name=name)
    return (indices if pad_to_max_output_size else indices[:counts]), counts


def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """`non_max_suppression` by a matrix [boxes, boxes] of overlaps.

    >>> tf.image.non_max_suppression_overlaps([[1.0, 0.9], [0.9, 1.0]], [0.5, 0.9], 2).numpy()
    array([1], dtype=int32)
    """
    numbers = _numbers(overlap_threshold, score_threshold)
    count = convert_to_tensor(max_output_size)
    return _NMS_OVERLAPS(convert_to_tensor(overlaps), convert_to_tensor(scores), count, *numbers, name=name)


def _combined_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    batch, size = inputs[0].shape[0], attrs["size"]
    parts = [[batch, size, 4], [batch, size], [batch, size]]
    return [(dtypes.float32, TensorShape(s)) for s in parts] + [(dtypes.int32, TensorShape([batch]))]


@op("CombinedNonMaxSuppression", effect="host", spec=_combined_spec)
def _COMBINED(
    boxes: Any, scores: Any, *, per_class: int, total: int, size: int, iou: float, least: float, clip: bool
) -> Any:
    count = scores.shape[0]
    check_shape("boxes", boxes, [*scores.shape[:2], scores.shape[2] if boxes.shape[2] > 1 else 1, 4])
    out_boxes, out_scores = np.zeros((count, size, 4), np.float32), np.zeros((count, size), np.float32)
    out_classes, valid = np.zeros((count, size), np.float32), np.zeros(count, np.int32)
    for image in range(count):
        found: list[tuple[float, int, Any]] = []
        for label in range(scores.shape[2]):
            mine = boxes[image, :, label if boxes.shape[2] > 1 else 0]
            wide = mine.astype(np.float64)
            chosen, values = _suppress(
                lambda i, others, wide=wide: _overlaps(wide[i], wide[others]),
                scores[image, :, label],
                per_class,
                iou,
                least,
                0.0,
            )
            found += [(float(v), label, mine[i]) for i, v in zip(chosen, values, strict=True)]
        found.sort(key=lambda item: -item[0])
        kept = found[: min(total, size)]
        for place, (score, label, box) in enumerate(kept):
            out_boxes[image, place], out_scores[image, place], out_classes[image, place] = box, score, label
        valid[image] = len(kept)
    return np.clip(out_boxes, 0, 1) if clip else out_boxes, out_scores, out_classes, valid


def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    pad_per_class: bool = False,
    clip_boxes: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`non_max_suppression` for each class of each image of a batch, the best of all classes together.

    Args:
        boxes: [batch, boxes, classes or 1, 4]: top, left, bottom, right.
        scores: [batch, boxes, classes].
        max_output_size_per_class: How many to choose at most per class.
        max_total_size: How many to choose at most per image.
        iou_threshold: The overlap above which a box is dropped.
        score_threshold: Boxes with a lower score are not chosen.
        pad_per_class: Whether the results have ``max_output_size_per_class * classes`` places if that is less.
        clip_boxes: Whether boxes are cut to [0, 1].
        name: A name for the result.

    Returns:
        ``(boxes, scores, classes, counts)``, padded with 0: [batch, size, 4], [batch, size], [batch, size], [batch].

    >>> boxes, scores, classes, counts = tf.image.combined_non_max_suppression(
    ...     [[[[0.0, 0.0, 1.0, 1.0]], [[0.0, 0.0, 1.0, 0.9]]]], [[[0.5, 0.1], [0.9, 0.2]]], 2, 3)
    >>> classes.numpy(), counts.numpy()
    (array([[0., 1., 0.]], dtype=float32), array([2], dtype=int32))
    """
    boxes, scores = convert_to_tensor(boxes), convert_to_tensor(scores)
    per_class, total = int(max_output_size_per_class), int(max_total_size)
    size = min(total, per_class * int(scores.shape[2] or 1)) if pad_per_class else total
    return _COMBINED(
        boxes,
        scores,
        per_class=per_class,
        total=total,
        size=size,
        iou=float(iou_threshold),
        least=float(score_threshold),
        clip=bool(clip_boxes),
        name=name,
    )


# Drawing --------------------------------------------------------------------------------------------------------

_COLORS = np.asarray(
    [
        (1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1),
        (0.5, 0.5, 0, 1), (0.5, 0, 0, 1), (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1),
    ],
    np.float32,
)  # fmt: skip


def _image_spec(inputs: Sequence[Tensor], attrs: Any) -> Any:
    return inputs[0].dtype, inputs[0].shape


@op("DrawBoundingBoxesV2", effect="host", spec=_image_spec)
def _DRAW(images: Any, boxes: Any, colors: Any) -> Any:
    images = images.copy()
    _, height, width, depth = images.shape
    palette = colors if colors.size else _COLORS.copy()
    if depth == 1 and not colors.size:
        palette[:, 0] = 1
    for image, places in zip(images, boxes, strict=True):
        for number, (top, left, bottom, right) in enumerate(places):
            rows = [int(top * (height - 1)), int(bottom * (height - 1))]
            columns = [int(left * (width - 1)), int(right * (width - 1))]
            if rows[0] > rows[1] or columns[0] > columns[1]:
                continue
            if rows[0] >= height or rows[1] < 0 or columns[0] >= width or columns[1] < 0:
                continue
            color = palette[number % len(palette)][:depth]
            low, high = (max(columns[0], 0), min(columns[1], width - 1))
            up, down = (max(rows[0], 0), min(rows[1], height - 1))
            for row in rows:
                if 0 <= row < height:
                    image[row, low : high + 1] = color
            for column in columns:
                if 0 <= column < width:
                    image[up : down + 1, column] = color
    return images


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: str | None = None) -> Tensor:
    """Draws the outlines of boxes on images.

    Args:
        images: [batch, height, width, depth], floating-point.
        boxes: [batch, boxes, 4]: top, left, bottom, right as fractions of the image.
        colors: [colors, depth], taken in turn; None for a palette.
        name: A name for the result.

    Returns:
        A tensor of the shape and dtype of `images`.

    >>> image = tf.image.draw_bounding_boxes(tf.zeros([1, 3, 3, 1]), [[[0.0, 0.0, 1.0, 1.0]]], [[1.0]])
    >>> image[0, :, :, 0].numpy()
    array([[1., 1., 1.],
           [1., 0., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    images = tensor_of(images, "DrawBoundingBoxesV2", FLOATING, dtypes.float32)
    palette = np.zeros((0, 4), np.float32) if colors is None else colors
    return _DRAW(images, convert_to_tensor(boxes), convert_to_tensor(palette), name=name)
