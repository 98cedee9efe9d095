"""Resizing of images, by TensorFlow's sampling rules (half-pixel centres)."""

from __future__ import annotations

import enum
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor


class ResizeMethod(enum.StrEnum):
    """How `tf.image.resize` finds the values of new pixels."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


# Kernels of resampling: weight by distance, and the radius beyond which it is 0 ---------------------------------


def _triangle(x: Any) -> Any:
    return jnp.maximum(0, 1 - jnp.abs(x))


def _lanczos(radius: int) -> Any:
    def kernel(x: Any) -> Any:
        x = jnp.abs(x)
        window = jnp.sinc(x) * jnp.sinc(x / radius)
        return jnp.where(x > radius, 0, jnp.where(x <= 1e-3, 1, window))

    return kernel


def _gaussian(x: Any) -> Any:
    sigma = 0.5
    return jnp.where(jnp.abs(x) >= 1.5, 0, jnp.exp(-jnp.square(x) / (2 * sigma * sigma)))


def _cubic(b: float, c: float) -> Any:
    """The two-parameter family of cubics of Mitchell & Netravali (1988)."""

    def kernel(x: Any) -> Any:
        x = jnp.abs(x)
        near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)) / 6
        far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
        return jnp.where(x >= 2, 0, jnp.where(x >= 1, far, near))

    return kernel


_KERNELS: dict[str, tuple[Any, float]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic(0, 0.5), 2),
    "lanczos3": (_lanczos(3), 3),
    "lanczos5": (_lanczos(5), 5),
    "gaussian": (_gaussian, 1.5),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2),
}


def _resampling(size_in: int, size_out: int, method: str, antialias: bool) -> Any:
    """The matrix [out, in] of a separable resampling, rows summing to 1."""
    kernel, _ = _KERNELS[method]
    scale = size_out / size_in
    spread = max(1 / scale, 1.0) if antialias else 1.0
    centres = (jnp.arange(size_out, dtype=jnp.float32) + 0.5) / np.float32(scale)
    places = jnp.arange(size_in, dtype=jnp.float32) + 0.5
    weights = kernel((places - centres[:, None]) / np.float32(spread)).astype(jnp.float32)
    total = jnp.sum(weights, 1, keepdims=True)
    weights = jnp.where(jnp.abs(total) > 1000 * np.finfo(np.float32).tiny, weights / total, 0)
    inside = (centres >= 0) & (centres <= size_in)
    return jnp.where(inside[:, None], weights, 0)


def _apply(x: Any, rows: Any, columns: Any) -> Any:
    x = jnp.einsum("oh,nhwc->nowc", rows, x, precision="highest")
    return jnp.einsum("pw,nowc->nopc", columns, x, precision="highest")


def _sizes(size: Any) -> tuple[int, int]:
    height, width = (int(s) for s in np.asarray(size).reshape(-1))
    if height <= 0 or width <= 0:
        raise ValueError(f"output dimensions must be positive, received {height} x {width}")
    return height, width


@op("ScaleAndTranslate", static=(1,))
def _SCALE(x: Any, size: Any, *, kernel_type: str, antialias: bool) -> Any:
    height, width = _sizes(size)
    rows = _resampling(x.shape[1], height, kernel_type, antialias)
    columns = _resampling(x.shape[2], width, kernel_type, antialias)
    return _apply(x.astype(jnp.float32), rows, columns)


def _bilinear_axis(x: Any, size: int, axis: int) -> Any:
    """Two neighbours per new pixel, clamped at the borders."""
    count = x.shape[axis]
    if size == count:
        return x
    places = (jnp.arange(size, dtype=jnp.float32) + 0.5) * np.float32(count / size) - 0.5
    below = jnp.floor(places)
    low = jnp.clip(below, 0, count - 1).astype(np.int32)
    high = jnp.clip(jnp.ceil(places), 0, count - 1).astype(np.int32)
    shape = [1] * x.ndim
    shape[axis] = size
    weight = (places - below).reshape(shape)
    first, second = jnp.take(x, low, axis=axis, mode="clip"), jnp.take(x, high, axis=axis, mode="clip")
    return first + (second - first) * weight


@op("ResizeBilinear", static=(1,))
def _BILINEAR(x: Any, size: Any) -> Any:
    height, width = _sizes(size)
    x = x.astype(jnp.float32)
    return _bilinear_axis(_bilinear_axis(x, width, 2), height, 1)


def _bicubic_axis(size_in: int, size_out: int) -> Any:
    """Keys' cubic (a = -1/2) on four neighbours; those outside the image count nothing.

    TensorFlow looks the weights up in a table of 1024 steps, which is followed here.
    """
    steps = 1024
    places = (jnp.arange(size_out, dtype=jnp.float32) + 0.5) * np.float32(size_in / size_out) - 0.5
    below = jnp.floor(places)
    fraction = jnp.round((places - below) * steps) / steps
    index = below.astype(np.int32)[:, None] + jnp.arange(-1, 3)
    weights = _cubic(0, 0.5)(jnp.abs(fraction[:, None] - jnp.arange(-1, 3)))
    weights = jnp.where((index >= 0) & (index < size_in), weights, 0)
    total = jnp.sum(weights, 1, keepdims=True)
    weights = jnp.where(jnp.abs(total) >= 1000 * np.finfo(np.float32).tiny, weights / total, weights)
    hit = index[:, :, None] == jnp.arange(size_in)
    return jnp.sum(jnp.where(hit, weights[:, :, None], 0), 1).astype(jnp.float32)


@op("ResizeBicubic", static=(1,))
def _BICUBIC(x: Any, size: Any) -> Any:
    height, width = _sizes(size)
    return _apply(x.astype(jnp.float32), _bicubic_axis(x.shape[1], height), _bicubic_axis(x.shape[2], width))


def _area_axis(size_in: int, size_out: int) -> Any:
    """The share of each pixel in the interval that a new pixel covers."""
    scale = np.float32(size_in / size_out)
    low = (jnp.arange(size_out, dtype=jnp.float32) * scale)[:, None]
    high = low + scale
    place = jnp.arange(size_in, dtype=jnp.float32)
    return jnp.clip(jnp.minimum(high, place + 1) - jnp.maximum(low, place), 0, 1) / scale


@op("ResizeArea", static=(1,))
def _AREA(x: Any, size: Any) -> Any:
    height, width = _sizes(size)
    return _apply(x.astype(jnp.float32), _area_axis(x.shape[1], height), _area_axis(x.shape[2], width))


@op("ResizeNearestNeighbor", static=(1,))
def _NEAREST(x: Any, size: Any) -> Any:
    for axis, new in zip((1, 2), _sizes(size), strict=True):
        count = x.shape[axis]
        places = jnp.floor((jnp.arange(new, dtype=jnp.float32) + 0.5) * np.float32(count / new)).astype(np.int32)
        x = jnp.take(x, jnp.minimum(places, count - 1), axis=axis, mode="clip")
    return x


def resampling(op_name: str, size_in: int, size_out: int, attrs: Any) -> Any:
    """The matrix [out, in] by which a separable op of this name resizes one axis."""
    if op_name == "ScaleAndTranslate":
        return _resampling(size_in, size_out, attrs["kernel_type"], attrs["antialias"])
    return {"ResizeBicubic": _bicubic_axis, "ResizeArea": _area_axis}[op_name](size_in, size_out)


# The function ---------------------------------------------------------------------------------------------------

_METHODS = {"bilinear": _BILINEAR, "nearest": _NEAREST, "bicubic": _BICUBIC, "area": _AREA}
_NUMBERED = ("bilinear", "nearest", "bicubic", "area")


@op("KeepAspectRatio", differentiable=False)
def _KEEP_RATIO(size: Any, image: Any) -> Any:
    height, width = image[0].astype(jnp.float32), image[1].astype(jnp.float32)
    scale = jnp.minimum(size[0].astype(jnp.float32) / height, size[1].astype(jnp.float32) / width)
    return jnp.stack([jnp.round(height * scale), jnp.round(width * scale)]).astype(np.int32)


_IMAGE_SIZE = Op("ImageSize", lambda x: np.asarray(x.shape[1:3], np.int32), shape_only=True, differentiable=False)
_EXPAND = Op("ImageBatch", lambda x: x[None])
_SQUEEZE = Op("ImageUnbatch", lambda x: x[0])


def resize(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Tensor:
    """Resizes images.

    Args:
        images: [batch, height, width, channels] or [height, width, channels], of any numeric dtype.
        size: The new height and width, two integers or an int32 vector.
        method: One of `ResizeMethod`.
        preserve_aspect_ratio: Whether `size` is a maximum and the proportions stay.
        antialias: Whether to filter when shrinking (all methods but nearest and area).
        name: A name for the result.

    Returns:
        A float32 tensor; of the dtype of `images` for ``"nearest"``.

    Raises:
        ValueError: If shapes or the method do not fit.

    >>> tf.image.resize(tf.constant([[[0.0], [4.0]]]), [1, 4])[0, :, 0].numpy()
    array([0., 1., 3., 4.], dtype=float32)
    """
    images = convert_to_tensor(images)
    rank = images.shape.rank
    if rank is None:
        raise ValueError("'images' contains no shape.")
    if rank not in (3, 4):
        raise ValueError(f"'images' must have either 3 or 4 dimensions, received shape {images.shape}.")
    size = convert_to_tensor(size, dtype_hint=dtypes.int32)
    if not size.shape.is_compatible_with([2]):
        raise ValueError(f"'size' must be a 1-D Tensor of 2 elements: new_height, new_width; received {size.shape}.")
    if size.dtype is not dtypes.int32:
        raise ValueError(f"'size' must be a 1-D int32 Tensor, received dtype {size.dtype.name}.")
    batch = images if rank == 4 else _EXPAND(images)
    if preserve_aspect_ratio:
        size = _KEEP_RATIO(size, _IMAGE_SIZE(batch))
    batch = _resized(batch, size, _method_name(method), antialias, name)
    return batch if rank == 4 else _SQUEEZE(batch)


def _method_name(method: Any) -> str:
    if isinstance(method, int) and 0 <= method < len(_NUMBERED):
        return _NUMBERED[method]
    try:
        return ResizeMethod(method).value
    except ValueError:
        names = ", ".join(m.value for m in ResizeMethod)
        raise ValueError(f"Resize method is not implemented: expected one of {names}, received {method!r}.") from None


def _resized(batch: Tensor, size: Tensor, method: str, antialias: bool, name: str | None) -> Tensor:
    if method in ("nearest", "area") or (method in _METHODS and not antialias):
        result: Tensor = _METHODS[method](batch, size, name=name)
        return result
    scaled: Tensor = _SCALE(batch, size, kernel_type=method, antialias=bool(antialias), name=name)
    return scaled
