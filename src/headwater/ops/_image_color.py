"""Colours of images: dtypes, adjustments, colour spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._floating import floating
from headwater.ops._inputs import FLOATING, tensor_of
from headwater.ops.math import cast

_HALF_OR_SINGLE = (dtypes.float16, dtypes.float32)


@op("SaturateCast")
def _SATURATE(x: Any, *, dtype: Any) -> Any:
    limits = jnp.iinfo(dtype)
    low: Any = limits.min
    high: Any = limits.max
    if jnp.issubdtype(x.dtype, jnp.floating):
        # The largest number of the source that the target can hold.
        high = float(np.nextafter(x.dtype.type(high), x.dtype.type(0))) if float(x.dtype.type(high)) > high else high
        return jnp.clip(x, low, high).astype(dtype)
    source = jnp.iinfo(x.dtype)
    return jnp.clip(x, max(low, source.min), min(high, source.max)).astype(dtype)


_NEAREST = Op("NearestInteger", lambda x, *, dtype: x.astype(dtype), differentiable=False)


def _to_integer(x: Tensor, dtype: Any, saturate: bool) -> Tensor:
    if saturate:
        return _SATURATE(x, dtype=np.dtype(dtype.as_numpy_dtype))
    if x.dtype.is_floating and dtype.size > 2:  # the largest number as a float32 is one more: 1.0 must not wrap around
        return _NEAREST(x, dtype=np.dtype(dtype.as_numpy_dtype))
    return cast(x, dtype)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """Converts between dtypes of images: floats are in [0, 1], integers use their whole range.

    Args:
        image: An image.
        dtype: The dtype wanted.
        saturate: Whether values out of range are cut off rather than wrapped.
        name: A name for the result.

    Returns:
        A tensor of the same shape.

    Raises:
        AttributeError: If `dtype` is neither floating nor integer.

    >>> tf.image.convert_image_dtype(tf.constant([0, 51, 255], tf.uint8), tf.float32).numpy().round(3)
    array([0. , 0.2, 1. ], dtype=float32)
    """
    image, target = convert_to_tensor(image), as_dtype(dtype)
    if not (target.is_floating or target.is_integer):
        raise AttributeError(
            f"convert_image_dtype: dtype must be either floating point or integer, received {target.name}."
        )
    source = image.dtype
    if source is target:
        return image
    if source.is_integer and target.is_integer:
        if source.max > target.max:
            scale = (source.max + 1) // (target.max + 1)
            return _to_integer(image // scale, target, saturate)
        return _to_integer(image, target, saturate) * ((target.max + 1) // (source.max + 1))
    if source.is_floating and target.is_floating:
        return cast(image, target, name=name)
    if source.is_integer:
        return cast(image, target) * (1.0 / source.max)
    return _to_integer(image * (target.max + 0.5), target, saturate)


def _adjusted(image: Any, function: Any) -> Tensor:
    """`function` of the image as floats, in the image's dtype."""
    image = convert_to_tensor(image)
    floats = image if image.dtype in _HALF_OR_SINGLE else convert_image_dtype(image, dtypes.float32)
    return convert_image_dtype(function(floats), image.dtype, saturate=True)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Adds `delta` to all pixels, as numbers in [0, 1].

    >>> tf.image.adjust_brightness(tf.constant([[[0.25]]]), 0.5).numpy()
    array([[[0.75]]], dtype=float32)
    """
    return _adjusted(image, lambda x: x + cast(convert_to_tensor(delta), x.dtype))


@op("AdjustContrastv2")
def _ADJUST_CONTRAST(images: Any, factor: Any) -> Any:
    mean = jnp.mean(images, (-3, -2), keepdims=True)
    return ((images - mean) * factor + mean).astype(images.dtype)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Scales the distance of each channel to its mean.

    Args:
        images: Images of rank 3 or more, channels last.
        contrast_factor: The factor, a scalar.

    Returns:
        A tensor of the shape and dtype of `images`.

    >>> tf.image.adjust_contrast(tf.constant([[[0.0], [1.0]]]), 0.5)[0, :, 0].numpy()
    array([0.25, 0.75], dtype=float32)
    """
    factor = cast(convert_to_tensor(contrast_factor, dtype_hint=dtypes.float32), dtypes.float32)
    return _adjusted(images, lambda x: _ADJUST_CONTRAST(x, factor))


_POWER = Op("ImageGamma", lambda x, gamma, gain: (gain * x**gamma).astype(x.dtype))


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """``gain * image ** gamma``, for pixels in [0, 1].

    Args:
        image: An image.
        gamma: The exponent, not negative.
        gain: The factor.

    Returns:
        A tensor of the shape and dtype of `image`.

    Raises:
        ValueError: If `gamma` is negative.

    >>> tf.image.adjust_gamma(tf.constant([[[0.5]]]), 2.0).numpy()
    array([[[0.25]]], dtype=float32)
    """
    if isinstance(gamma, int | float) and gamma < 0:
        raise ValueError(f"adjust_gamma: gamma should be a non-negative real number, received {gamma}.")

    def power(x: Tensor) -> Tensor:
        return _POWER(x, *[cast(convert_to_tensor(v), x.dtype) for v in (gamma, gain)])

    return _adjusted(image, power)


# Channels -------------------------------------------------------------------------------------------------------


def _colored(images: Any, count: int, what: str) -> Tensor:
    """`images` as a tensor, whose channels are checked as far as they are known."""
    return _with_count(convert_to_tensor(images), count, what)


def _in_hsv(images: Any, op: str, what: str) -> Tensor:
    """`images` of three channels as a tensor of a floating dtype."""
    return _with_count(tensor_of(images, op, FLOATING, dtypes.float32), 3, what)


def _with_count(tensor: Tensor, count: int, what: str) -> Tensor:
    rank = tensor.shape.rank
    if rank is not None and (rank < 1 or tensor.shape[-1] not in (count, None)):
        raise ValueError(f"{what}: expected images with {count} channel(s), last, received shape {tensor.shape}.")
    return tensor


def _with_channels(count: int | None) -> Callable[..., Any]:
    """The output's spec: the first input's, with so many channels (None: as many)."""

    def spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
        shape = inputs[0].shape
        channels = attrs.get("channels", count)
        if channels is not None and shape.rank is not None:
            shape = TensorShape([*shape[:-1], channels])
        return inputs[0].dtype, shape

    return spec


# Hue, saturation, value -----------------------------------------------------------------------------------------


def _rgb_to_hsv(rgb: Any) -> Any:
    if rgb.ndim < 1 or rgb.shape[-1] != 3:
        raise ValueError(f"input must have 3 channels, received {list(rgb.shape)}")
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = jnp.max(rgb, -1)
    spread = value - jnp.min(rgb, -1)
    saturation = jnp.where(value > 0, spread / jnp.where(value > 0, value, 1), 0)
    norm = 1 / (6 * jnp.where(spread > 0, spread, 1))
    hue = jnp.where(
        red == value,
        norm * (green - blue),
        jnp.where(green == value, norm * (blue - red) + 2 / 6, norm * (red - green) + 4 / 6),
    )
    hue = jnp.where(spread > 0, hue, 0)
    return jnp.stack([jnp.where(hue < 0, hue + 1, hue), saturation, value], -1).astype(rgb.dtype)


def _hsv_to_rgb(hsv: Any) -> Any:
    if hsv.ndim < 1 or hsv.shape[-1] != 3:
        raise ValueError(f"input must have 3 channels, received {list(hsv.shape)}")
    hue, saturation, value = hsv[..., 0] * 6, hsv[..., 1], hsv[..., 2]
    parts = (jnp.abs(hue - 3) - 1, 2 - jnp.abs(hue - 2), 2 - jnp.abs(hue - 4))
    pure = jnp.stack([jnp.clip(p, 0, 1) for p in parts], -1)
    saturation, value = saturation[..., None], value[..., None]
    return (((1 - saturation) + saturation * pure) * value).astype(hsv.dtype)


RGB_TO_HSV = Op("RGBToHSV", _rgb_to_hsv, spec=_with_channels(3))
HSV_TO_RGB = Op("HSVToRGB", _hsv_to_rgb, spec=_with_channels(3))


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Red, green and blue in [0, 1] to hue, saturation and value in [0, 1].

    >>> tf.image.rgb_to_hsv([0.0, 1.0, 0.0]).numpy().round(4)
    array([0.3333, 1.    , 1.    ], dtype=float32)
    """
    return RGB_TO_HSV(_in_hsv(images, "RGBToHSV", "rgb_to_hsv"), name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value in [0, 1] to red, green and blue.

    >>> tf.image.hsv_to_rgb([0.0, 1.0, 1.0]).numpy()
    array([1., 0., 0.], dtype=float32)
    """
    return HSV_TO_RGB(_in_hsv(images, "HSVToRGB", "hsv_to_rgb"), name=name)


@op("AdjustHue", spec=_with_channels(3))
def _ADJUST_HUE(images: Any, delta: Any) -> Any:
    hsv = _rgb_to_hsv(images.astype(jnp.float32))
    hue = hsv[..., :1] + delta
    return _hsv_to_rgb(jnp.concatenate([hue - jnp.floor(hue), hsv[..., 1:]], -1)).astype(images.dtype)


@op("AdjustSaturation", spec=_with_channels(3))
def _ADJUST_SATURATION(images: Any, scale: Any) -> Any:
    hsv = _rgb_to_hsv(images.astype(jnp.float32))
    saturation = jnp.clip(hsv[..., 1:2] * scale, 0, 1)
    return _hsv_to_rgb(jnp.concatenate([hsv[..., :1], saturation, hsv[..., 2:]], -1)).astype(images.dtype)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Turns the hue of an RGB image by `delta`, in [-1, 1].

    >>> tf.image.adjust_hue(tf.constant([[[1.0, 0.0, 0.0]]]), 0.5).numpy()
    array([[[0., 1., 1.]]], dtype=float32)
    """
    delta = cast(convert_to_tensor(delta, dtype_hint=dtypes.float32), dtypes.float32)
    return _adjusted(_colored(image, 3, "adjust_hue"), lambda x: _ADJUST_HUE(x, delta, name=name))


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Scales the saturation of an RGB image.

    >>> tf.image.adjust_saturation(tf.constant([[[1.0, 0.5, 0.5]]]), 0.0).numpy()
    array([[[1., 1., 1.]]], dtype=float32)
    """
    scale = cast(convert_to_tensor(saturation_factor, dtype_hint=dtypes.float32), dtypes.float32)
    return _adjusted(_colored(image, 3, "adjust_saturation"), lambda x: _ADJUST_SATURATION(x, scale, name=name))


# Linear colour spaces -------------------------------------------------------------------------------------------

# Each row is what one of the input's channels gives to the output's. NTSC's luma and chroma.
_MATRICES = {
    "gray": ((0.2989,), (0.5870,), (0.1140,)),
    "rgb_to_yuv": (
        (0.299, -0.14714119, 0.61497538),
        (0.587, -0.28886916, -0.51496512),
        (0.114, 0.43601035, -0.10001026),
    ),
    "yuv_to_rgb": ((1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0)),
    "rgb_to_yiq": ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955)),
    "yiq_to_rgb": ((1.0, 1.0, 1.0), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049)),
}


@op("ColorTransform", spec=_with_channels(None))
def _MIX(images: Any, *, matrix: str, channels: int) -> Any:
    if images.ndim < 1 or images.shape[-1] != 3:
        raise ValueError(f"expected 3 channels, received {list(images.shape)}")
    weights = jnp.asarray(_MATRICES[matrix], images.dtype)
    return jnp.matmul(images, weights, precision=lax.Precision.HIGHEST)


def _mix(images: Any, matrix: str) -> Tensor:
    return _MIX(floating(_colored(images, 3, matrix), matrix), matrix=matrix, channels=3)


def rgb_to_yuv(images: Any) -> Tensor:
    """Red, green and blue in [0, 1] to luma and two differences of colour (YUV).

    >>> tf.image.rgb_to_yuv([1.0, 1.0, 1.0]).numpy().round(3) + 0
    array([1., 0., 0.], dtype=float32)
    """
    return _mix(images, "rgb_to_yuv")


def yuv_to_rgb(images: Any) -> Tensor:
    """YUV to red, green and blue.

    >>> tf.image.yuv_to_rgb([1.0, 0.0, 0.0]).numpy()
    array([1., 1., 1.], dtype=float32)
    """
    return _mix(images, "yuv_to_rgb")


def rgb_to_yiq(images: Any) -> Tensor:
    """Red, green and blue in [0, 1] to luma and two differences of colour (YIQ).

    >>> tf.image.rgb_to_yiq([1.0, 1.0, 1.0]).numpy().round(3) + 0
    array([1., 0., 0.], dtype=float32)
    """
    return _mix(images, "rgb_to_yiq")


def yiq_to_rgb(images: Any) -> Tensor:
    """YIQ to red, green and blue.

    >>> tf.image.yiq_to_rgb([1.0, 0.0, 0.0]).numpy()
    array([1., 1., 1.], dtype=float32)
    """
    return _mix(images, "yiq_to_rgb")


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """The weighted mean of red, green and blue, as one channel of the same dtype.

    >>> tf.image.rgb_to_grayscale(tf.constant([[[1.0, 1.0, 1.0]]])).numpy().round(3)
    array([[[1.]]], dtype=float32)
    """
    images = _colored(images, 3, "rgb_to_grayscale")
    gray = _MIX(convert_image_dtype(images, dtypes.float32), matrix="gray", channels=1, name=name)
    return convert_image_dtype(gray, images.dtype)


@op("GrayscaleToRGB", spec=_with_channels(3))
def _TRIPLE(images: Any) -> Any:
    if images.ndim < 1 or images.shape[-1] != 1:
        raise ValueError(f"expected one channel, received {list(images.shape)}")
    return jnp.repeat(images, 3, -1)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """One channel repeated as red, green and blue.

    >>> tf.image.grayscale_to_rgb(tf.constant([[[2]]])).numpy()
    array([[[2, 2, 2]]], dtype=int32)
    """
    return _TRIPLE(_colored(images, 1, "grayscale_to_rgb"), name=name)


@op("PerImageStandardization")
def _STANDARDIZE(image: Any) -> Any:
    axes = (-3, -2, -1)
    count = image.shape[-1] * image.shape[-2] * image.shape[-3]
    centred = image - jnp.mean(image, axes, keepdims=True)
    deviation = jnp.sqrt(jnp.mean(jnp.square(centred), axes, keepdims=True))
    return centred / jnp.maximum(deviation, lax.rsqrt(jnp.asarray(count, image.dtype)))


def per_image_standardization(image: Any) -> Tensor:
    """Scales each image to mean 0 and variance 1 (a constant image to 0).

    >>> tf.image.per_image_standardization(tf.constant([[[1.0], [3.0]]]))[0, :, 0].numpy()
    array([-1.,  1.], dtype=float32)
    """
    image = convert_to_tensor(image)
    if image.shape.rank is not None and image.shape.rank < 3:
        raise ValueError(f"per_image_standardization: expected images of rank 3 or more, received shape {image.shape}.")
    return _STANDARDIZE(cast(image, dtypes.float32))
