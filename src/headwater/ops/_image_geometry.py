"""Flips, turns, crops, padding and patches of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.checks import in_range
from headwater.core.errors import OutOfRangeError
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _windows
from headwater.ops._inputs import shape_held_by
from headwater.ops._resize import ResizeMethod, resize
from headwater.ops._windows import Window
from headwater.ops.array import stack
from headwater.ops.math import cast


def as_image(image: Any, what: str) -> Tensor:
    """`image` as a tensor of rank 3 or 4 (or unknown)."""
    tensor = convert_to_tensor(image)
    if tensor.shape.rank not in (3, 4, None):
        raise ValueError(f"{what}: 'image' must have either 3 or 4 dimensions, received shape {tensor.shape}.")
    return tensor


# Flips and turns ------------------------------------------------------------------------------------------------

FLIP = Op("ImageFlip", lambda x, *, axis: jnp.flip(x, axis))


def flip_left_right(image: Any) -> Tensor:
    """Mirrors the columns of an image or a batch of images.

    >>> tf.image.flip_left_right(tf.constant([[[1], [2]]]))[0, :, 0].numpy()
    array([2, 1], dtype=int32)
    """
    return FLIP(as_image(image, "flip_left_right"), axis=-2)


def flip_up_down(image: Any) -> Tensor:
    """Mirrors the rows of an image or a batch of images.

    >>> tf.image.flip_up_down(tf.constant([[[1]], [[2]]]))[:, 0, 0].numpy()
    array([2, 1], dtype=int32)
    """
    return FLIP(as_image(image, "flip_up_down"), axis=-3)


_ROTATE = Op("ImageRot90", lambda x, *, k: jnp.rot90(x, k, axes=(-3, -2)))
_SWAP = Op("ImageTranspose", lambda x: jnp.swapaxes(x, -3, -2))


def rot90(image: Any, k: int = 1, name: str | None = None) -> Tensor:
    """Turns an image or a batch of images counter-clockwise by `k` quarters.

    >>> tf.image.rot90(tf.constant([[[1], [2]]]))[:, 0, 0].numpy()
    array([2, 1], dtype=int32)
    """
    return _ROTATE(as_image(image, "rot90"), k=int(k) % 4, name=name)


def transpose(image: Any, name: str | None = None) -> Tensor:
    """Swaps rows and columns of an image or a batch of images.

    >>> tf.image.transpose(tf.constant([[[1], [2]]])).shape
    TensorShape([2, 1, 1])
    """
    return _SWAP(as_image(image, "transpose"), name=name)


# Crops and padding ----------------------------------------------------------------------------------------------


def _vector(*values: Any) -> Tensor:
    if not any(isinstance(v, Tensor) for v in values):
        return convert_to_tensor(np.asarray([int(v) for v in values], np.int32))
    return stack([cast(convert_to_tensor(v), dtypes.int32) for v in values])


@op("CropToBoundingBox", static=(2,))
def _CROP(image: Any, offset: Any, size: Any) -> Any:
    top, left = image.ndim - 3, image.ndim - 2
    shape = list(image.shape)
    shape[top], shape[left] = (int(s) for s in size)
    if min(shape[top], shape[left]) < 1 or shape[top] > image.shape[top] or shape[left] > image.shape[left]:
        raise ValueError(f"expected a positive target size within the image {list(image.shape)}, received {list(size)}")
    starts: list[Any] = [0] * image.ndim
    starts[top], starts[left] = offset[0], offset[1]
    return lax.dynamic_slice(image, [jnp.asarray(s, np.int32) for s in starts], shape)


@op("PadToBoundingBox", static=(2,))
def _PAD(image: Any, offset: Any, size: Any) -> Any:
    top, left = image.ndim - 3, image.ndim - 2
    shape = list(image.shape)
    shape[top], shape[left] = (int(s) for s in size)
    if shape[top] < image.shape[top] or shape[left] < image.shape[left]:
        raise ValueError(
            f"expected a target size at least that of the image {list(image.shape)}, received {list(size)}"
        )
    starts: list[Any] = [0] * image.ndim
    starts[top], starts[left] = offset[0], offset[1]
    canvas = jnp.zeros(shape, image.dtype)
    return lax.dynamic_update_slice(canvas, image, [jnp.asarray(s, np.int32) for s in starts])


def _check_box(image: Tensor, top: Any, left: Any, height: Any, width: Any, crops: bool, what: str) -> None:
    """Checks what is known while the call is made."""
    for offset, size, axis, side in ((top, height, -3, "height"), (left, width, -2, "width")):
        have = image.shape[axis] if image.shape.rank is not None else None
        if not isinstance(offset, int | np.integer) or not isinstance(size, int | np.integer):
            continue
        if offset < 0:
            raise ValueError(f"{what}: offset_{side} must be >= 0, received {offset}.")
        if crops and size <= 0:
            raise ValueError(f"{what}: target_{side} must be > 0, received {size}.")
        if have is not None and (offset + size > have if crops else offset + have > size):
            inequality = "<= image" if crops else ">= offset + image"
            raise ValueError(
                f"{what}: expected target_{side} (from offset {offset}) {inequality} {side} {have}, received {size}."
            )


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of an image (or of each of a batch) below and right of an offset.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        offset_height: The first row.
        offset_width: The first column.
        target_height: How many rows.
        target_width: How many columns.

    Returns:
        A tensor of the dtype of `image`.

    Raises:
        ValueError: If the box is not inside the image.

    >>> tf.image.crop_to_bounding_box(tf.zeros([5, 6, 3]), 1, 2, 3, 4).shape
    TensorShape([3, 4, 3])
    """
    image = as_image(image, "crop_to_bounding_box")
    box = (offset_height, offset_width, target_height, target_width)
    _check_box(image, *box, True, "crop_to_bounding_box")
    return _CROP(image, _vector(*box[:2]), _vector(*box[2:]))


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Puts an image (or each of a batch) on a larger one of zeros.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        offset_height: The row at which it starts.
        offset_width: The column at which it starts.
        target_height: The height of the result.
        target_width: The width of the result.

    Returns:
        A tensor of the dtype of `image`.

    Raises:
        ValueError: If the image does not fit.

    >>> tf.image.pad_to_bounding_box(tf.ones([1, 1, 1]), 0, 1, 1, 3)[0, :, 0].numpy()
    array([0., 1., 0.], dtype=float32)
    """
    image = as_image(image, "pad_to_bounding_box")
    box = (offset_height, offset_width, target_height, target_width)
    _check_box(image, *box, False, "pad_to_bounding_box")
    return _PAD(image, _vector(*box[:2]), _vector(*box[2:]))


@op("CentralCrop")
def _CENTRAL_CROP(image: Any, *, fraction: float) -> Any:
    keep: list[Any] = [slice(None)] * image.ndim
    for axis in (image.ndim - 3, image.ndim - 2):
        size = image.shape[axis]
        start = int((size - size * fraction) / 2)
        keep[axis] = slice(start, size - start)
    return image[tuple(keep)]


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The central part of an image, in both directions.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        central_fraction: The fraction of each side that stays, in (0, 1].

    Returns:
        A tensor of the dtype of `image`.

    Raises:
        ValueError: If the fraction is out of range.

    >>> tf.image.central_crop(tf.zeros([8, 8, 3]), 0.5).shape
    TensorShape([4, 4, 3])
    """
    image = as_image(image, "central_crop")
    if not 0.0 < central_fraction <= 1.0:
        raise ValueError(f"central_fraction must be within (0, 1], received {central_fraction}.")
    return image if central_fraction == 1 else _CENTRAL_CROP(image, fraction=float(central_fraction))


@op("ResizeWithCropOrPad", static=(1,))
def _CROP_OR_PAD(image: Any, size: Any) -> Any:
    for axis, target in zip((image.ndim - 3, image.ndim - 2), (int(s) for s in size), strict=True):
        have = image.shape[axis]
        if target < 1:
            raise ValueError(f"target sizes must be > 0, received {list(size)}")
        start = max((have - target) // 2, 0)
        image = lax.slice_in_dim(image, start, start + min(have, target), axis=axis)
        before = max((target - have) // 2, 0)
        pads = [(0, 0)] * image.ndim
        pads[axis] = (before, max(target - have - before, 0))
        image = jnp.pad(image, pads)
    return image


def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Cuts off or pads with zeros, evenly on both sides, to a size.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        target_height: The height of the result.
        target_width: The width of the result.

    Returns:
        A tensor of the dtype of `image`.

    >>> tf.image.resize_with_crop_or_pad(tf.ones([1, 1, 1]), 1, 3)[0, :, 0].numpy()
    array([0., 1., 0.], dtype=float32)
    """
    image = as_image(image, "resize_with_crop_or_pad")
    for value, side in ((target_height, "height"), (target_width, "width")):
        if isinstance(value, int) and value <= 0:
            raise ValueError(f"target_{side} must be > 0, received {value}.")
    return _CROP_OR_PAD(image, _vector(target_height, target_width))


def _fitted(x: Any, *, target: tuple[int, int]) -> Any:
    """The size that fits into the target with the image's proportions, and where it starts."""
    sizes = (x.shape[-3], x.shape[-2])
    ratio = max(float(n) / t for n, t in zip(sizes, target, strict=True))
    scaled = [n / ratio for n in sizes]
    starts = [max(0, int(np.floor((t - s) / 2))) for s, t in zip(scaled, target, strict=True)]
    return np.asarray([max(int(np.floor(s)), 1) for s in scaled] + starts, np.int32)


_FITTED = Op("FittedSize", _fitted, shape_only=True, differentiable=False)


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: Any = ResizeMethod.BILINEAR, antialias: bool = False
) -> Tensor:
    """Resizes without changing the proportions, and pads with zeros.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        target_height: The height of the result.
        target_width: The width of the result.
        method: One of `ResizeMethod`.
        antialias: Whether to filter when shrinking.

    Returns:
        A tensor as `resize` gives.

    >>> tf.image.resize_with_pad(tf.ones([2, 1, 1]), 2, 3)[0, :, 0].numpy()
    array([0., 1., 0.], dtype=float32)
    """
    image = as_image(image, "resize_with_pad")
    target = (int(target_height), int(target_width))
    if min(target) <= 0:
        raise ValueError(f"resize_with_pad: target sizes must be > 0, received {target}.")
    fitted = _FITTED(image, target=target)
    return _PAD(resize(image, fitted[:2], method, antialias=antialias), fitted[2:], _vector(*target))


# Patches --------------------------------------------------------------------------------------------------------


@op("ExtractImagePatches")
def _EXTRACT_PATCHES(images: Any, *, ksizes: Any, strides: Any, rates: Any, padding: str) -> Any:
    window = Window(ksizes[1:3], strides[1:3], rates[1:3], padding, 1)
    counts = _windows.positions(images, window)
    padded = _windows.pad(images, window, 0)
    for axis, place in ((1, 0), (3, 1)):  # the second axis has moved by one when its turn comes
        steps = jnp.arange(counts[place]) * window.strides[place]
        index = steps[:, None] + jnp.arange(window.size[place]) * window.dilations[place]
        padded = jnp.take(padded, index, axis=axis, mode="clip")
    patches = padded.transpose(0, 1, 3, 2, 4, 5)
    return patches.reshape(*patches.shape[:3], math.prod(patches.shape[3:]))


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None) -> Tensor:
    """The windows of images, flattened into the channels.

    Args:
        images: [batch, height, width, channels].
        sizes: ``[1, height, width, 1]`` of a window.
        strides: ``[1, rows, columns, 1]`` between windows.
        rates: ``[1, rows, columns, 1]`` between a window's pixels.
        padding: ``"SAME"`` or ``"VALID"``.
        name: A name for the result.

    Returns:
        A tensor [batch, rows, columns, height * width * channels].

    >>> tf.image.extract_patches(tf.zeros([1, 8, 8, 3]), [1, 4, 4, 1], [1, 4, 4, 1], [1, 1, 1, 1], "VALID").shape
    TensorShape([1, 2, 2, 48])
    """
    what = "extract_patches"
    around = {
        n: (1, *_windows.spatial(v, 2, 1, what, n), 1)
        for n, v in (("ksizes", sizes), ("strides", strides), ("rates", rates))
    }
    mode, _ = _windows.padding_attributes(padding, 2, 1, what)
    return _EXTRACT_PATCHES(convert_to_tensor(images), name=name, **around, padding=mode)


def _crops(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    image, boxes, _, size = inputs
    ends = [shape[place] if shape.rank else None for shape, place in ((boxes.shape, 0), (image.shape, -1))]
    return dtypes.float32, TensorShape(ends[:1]).concatenate(shape_held_by(size)).concatenate(ends[1:])


@op(
    "CropAndResize",
    static=(3,),
    unknown=_crops,
    check=in_range(
        "box_index",
        lambda image, boxes, indices, size, **attrs: int(image.shape[0]),
        position=2,
        text="{name}{place} = {found} is outside [0, {bound})",
        error=OutOfRangeError,
    ),
)
def _CROP_AND_RESIZE(
    image: Any, boxes: Any, indices: Any, size: Any, *, method: str, extrapolation_value: float
) -> Any:
    image = jnp.asarray(image, jnp.float32)
    if boxes.shape != (*indices.shape, 4) or indices.ndim != 1:
        raise ValueError(
            f"Expected boxes [n, 4] and box_indices [n], received {list(boxes.shape)} and {list(indices.shape)}."
        )

    def places(low: Any, high: Any, count: int, new: int) -> Any:
        if new == 1:
            return 0.5 * (low + high)[:, None] * (count - 1)
        step = (high - low) * (count - 1) / (new - 1)
        return low[:, None] * (count - 1) + jnp.arange(new, dtype=jnp.float32) * step[:, None]

    (height, width), (new_height, new_width) = image.shape[1:3], (int(s) for s in size)
    y = places(boxes[:, 0], boxes[:, 2], height, new_height)
    x = places(boxes[:, 1], boxes[:, 3], width, new_width)
    inside = ((y >= 0) & (y <= height - 1))[:, :, None] & ((x >= 0) & (x <= width - 1))[:, None, :]

    def pixels(rows: Any, columns: Any) -> Any:
        rows = jnp.clip(rows, 0, height - 1).astype(np.int32)
        columns = jnp.clip(columns, 0, width - 1).astype(np.int32)
        return image[indices[:, None, None], rows[:, :, None], columns[:, None, :]]

    if method == "nearest":
        found = pixels(jnp.round(y), jnp.round(x))
    else:
        top, left = jnp.floor(y), jnp.floor(x)
        down, across = (y - top)[:, :, None, None], (x - left)[:, None, :, None]
        upper = pixels(top, left) * (1 - across) + pixels(top, jnp.ceil(x)) * across
        lower = pixels(jnp.ceil(y), left) * (1 - across) + pixels(jnp.ceil(y), jnp.ceil(x)) * across
        found = upper * (1 - down) + lower * down
    return jnp.where(inside[..., None], found, extrapolation_value)


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> Tensor:
    """Cuts boxes out of images and resizes them all to one size (corners aligned).

    Args:
        image: [batch, height, width, channels].
        boxes: [boxes, 4]: top, left, bottom, right as fractions of the image; may lie outside, or be flipped.
        box_indices: For each box, which image of the batch.
        crop_size: The height and width of the results.
        method: ``"bilinear"`` or ``"nearest"``.
        extrapolation_value: What is outside of the image.
        name: A name for the result.

    Returns:
        A float32 tensor [boxes, crop height, crop width, channels].

    >>> tf.image.crop_and_resize(tf.ones([1, 4, 4, 2]), [[0.0, 0.0, 1.0, 1.0]], [0], [2, 3]).shape
    TensorShape([1, 2, 3, 2])
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"crop_and_resize: expected method 'bilinear' or 'nearest', received {method!r}.")
    return _CROP_AND_RESIZE(
        convert_to_tensor(image),
        convert_to_tensor(boxes, dtypes.float32),
        convert_to_tensor(box_indices, dtypes.int32),
        convert_to_tensor(crop_size, dtype_hint=dtypes.int32),
        method=method,
        extrapolation_value=float(extrapolation_value),
        name=name,
    )
