"""Likeness of images, and their gradients."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from headwater.core import dtypes
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._image_color import convert_image_dtype
from headwater.ops.math import cast


def _pair(a: Any, b: Any, max_val: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Two images and their largest value, as floats."""
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    largest = convert_image_dtype(cast(convert_to_tensor(max_val), a.dtype), dtypes.float32)
    return convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32), largest


@op("PSNR")
def _PSNR(a: Any, b: Any, largest: Any) -> Any:
    error = jnp.mean(jnp.square(a - b), (-3, -2, -1))
    return 20 * jnp.log10(largest) - 10 * jnp.log10(error)


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio between images, in decibels.

    Args:
        a: Images [..., height, width, channels].
        b: Images of the same shape.
        max_val: The largest value a pixel can have.
        name: A name for the result.

    Returns:
        A float32 tensor [...].

    >>> tf.image.psnr(tf.zeros([4, 4, 3]), tf.ones([4, 4, 3]), max_val=10.0).numpy().round(4)
    np.float32(20.0)
    """
    return _PSNR(*_pair(a, b, max_val), name=name)


def _blur(x: Any, size: int, sigma: float) -> Any:
    """A Gaussian window over height and width, without padding, separable."""
    places = jnp.arange(size, dtype=x.dtype) - (size - 1) / 2
    weights = jnp.exp(-0.5 * jnp.square(places) / sigma**2)
    weights = weights / jnp.sum(weights)
    height, width = x.shape[-3] - size + 1, x.shape[-2] - size + 1
    if height < 1 or width < 1:
        raise ValueError(f"expected images at least as large as the filter {size}, received {list(x.shape)}")
    rows: Any = sum(weights[i] * x[..., i : i + height, :, :] for i in range(size))
    return sum(weights[i] * rows[..., i : i + width, :] for i in range(size))


def _similarity(a: Any, b: Any, largest: Any, attrs: dict[str, Any]) -> tuple[Any, Any]:
    """Luminance times contrast-structure, and the latter alone, per pixel and channel."""
    size, sigma = attrs["filter_size"], attrs["filter_sigma"]
    c1, c2 = jnp.square(attrs["k1"] * largest), jnp.square(attrs["k2"] * largest)
    mean_a, mean_b = _blur(a, size, sigma), _blur(b, size, sigma)
    product, squares = mean_a * mean_b * 2, jnp.square(mean_a) + jnp.square(mean_b)
    luminance = (product + c1) / (squares + c1)
    both = _blur(a * b, size, sigma) * 2
    each = _blur(jnp.square(a) + jnp.square(b), size, sigma)
    structure = (both - product + c2) / (each - squares + c2)
    return luminance * structure, structure


@op("SSIM")
def _SSIM(a: Any, b: Any, largest: Any, *, index_map: bool, **attrs: Any) -> Any:
    whole, _ = _similarity(a, b, largest, attrs)
    return jnp.mean(whole, -1) if index_map else jnp.mean(whole, (-3, -2, -1))


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Tensor:
    """The structural similarity of images (Wang et al. 2004), 1 for equal ones.

    Args:
        img1: Images [..., height, width, channels].
        img2: Images of the same shape.
        max_val: The largest value a pixel can have.
        filter_size: The side of the Gaussian window.
        filter_sigma: Its standard deviation.
        k1: Keeps the luminance term stable.
        k2: Keeps the contrast term stable.
        return_index_map: Whether to return the value at each place instead of their mean.

    Returns:
        A float32 tensor [...], or [..., height, width] of places.

    >>> float(tf.image.ssim(tf.ones([12, 12, 1]), tf.ones([12, 12, 1]), 1.0))
    1.0
    """
    return _SSIM(
        *_pair(img1, img2, max_val),
        index_map=bool(return_index_map),
        filter_size=int(filter_size),
        filter_sigma=float(filter_sigma),
        k1=float(k1),
        k2=float(k2),
    )


def _halve(x: Any) -> Any:
    """The mean of blocks of 2 x 2; an odd last row or column is mirrored."""
    for axis in (x.ndim - 3, x.ndim - 2):
        if x.shape[axis] % 2:
            pads = [(0, 0)] * x.ndim
            pads[axis] = (0, 1)
            x = jnp.pad(x, pads, mode="symmetric")
        shape = (*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :])
        x = jnp.mean(x.reshape(shape), axis + 1)
    return x


@op("MultiscaleSSIM")
def _MULTISCALE(a: Any, b: Any, largest: Any, *, powers: tuple[float, ...], **attrs: Any) -> Any:
    result: Any = 1.0
    for level, power in enumerate(powers):
        if level:
            a, b = _halve(a), _halve(b)
        whole, structure = _similarity(a, b, largest, attrs)
        used = whole if level == len(powers) - 1 else structure
        result = result * jnp.maximum(jnp.mean(used, (-3, -2)), 0) ** power
    return jnp.mean(result, -1)


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Any = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity over several scales, each half the one before (Wang et al. 2003).

    Args:
        img1: Images [..., height, width, channels].
        img2: Images of the same shape.
        max_val: The largest value a pixel can have.
        power_factors: The weight of each scale.
        filter_size: The side of the Gaussian window.
        filter_sigma: Its standard deviation.
        k1: Keeps the luminance term stable.
        k2: Keeps the contrast term stable.

    Returns:
        A float32 tensor [...].

    >>> image = tf.ones([1, 32, 32, 1])
    >>> tf.image.ssim_multiscale(image, image, 1.0, power_factors=(0.5, 0.5)).numpy().round(4)
    array([1.], dtype=float32)
    """
    return _MULTISCALE(
        *_pair(img1, img2, max_val),
        powers=tuple(float(p) for p in power_factors),
        filter_size=int(filter_size),
        filter_sigma=float(filter_sigma),
        k1=float(k1),
        k2=float(k2),
    )


@op("TotalVariation")
def _TOTAL_VARIATION(x: Any) -> Any:
    if x.ndim not in (3, 4):
        raise ValueError(f"'images' must be either 3 or 4-dimensional, received {list(x.shape)}")
    down = jnp.abs(x[..., 1:, :, :] - x[..., :-1, :, :])
    across = jnp.abs(x[..., 1:, :] - x[..., :-1, :])
    axes = (-3, -2, -1)
    return jnp.sum(down, axes) + jnp.sum(across, axes)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the absolute differences of neighbouring pixels, per image.

    >>> float(tf.image.total_variation(tf.constant([[[0.0], [3.0]], [[0.0], [1.0]]])))
    6.0
    """
    return _TOTAL_VARIATION(convert_to_tensor(images), name=name)


@op("ImageGradients")
def _GRADIENTS(x: Any) -> Any:
    if x.ndim != 4:
        raise ValueError(f"expected a 4D tensor [batch, height, width, channels], received {list(x.shape)}")
    down = jnp.pad(x[:, 1:] - x[:, :-1], ((0, 0), (0, 1), (0, 0), (0, 0)))
    across = jnp.pad(x[:, :, 1:] - x[:, :, :-1], ((0, 0), (0, 0), (0, 1), (0, 0)))
    return down, across


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """The differences to the pixel below and to the right, 0 in the last row and column.

    >>> down, across = tf.image.image_gradients(tf.reshape(tf.range(4.0), [1, 2, 2, 1]))
    >>> down[0, :, :, 0].numpy()
    array([[2., 2.],
           [0., 0.]], dtype=float32)
    """
    image = convert_to_tensor(image)
    if image.shape.rank not in (4, None):
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch, height, width, channels], received {image.shape}."
        )
    return _GRADIENTS(image)


def _sobel(x: Any) -> Any:
    if x.ndim != 4:
        raise ValueError(f"expected a 4D tensor [batch, height, width, channels], received {list(x.shape)}")
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    height, width = x.shape[1:3]

    def at(row: int, column: int) -> Any:
        return padded[:, row : row + height, column : column + width]

    down = sum(w * (at(2, j) - at(0, j)) for j, w in enumerate((1, 2, 1)))
    across = sum(w * (at(i, 2) - at(i, 0)) for i, w in enumerate((1, 2, 1)))
    return jnp.stack([down, across], -1)


_SOBEL = Op("SobelEdges", _sobel)


def sobel_edges(image: Any) -> Tensor:
    """The vertical and horizontal derivatives by Sobel's filters, in a new last dimension of 2.

    >>> tf.image.sobel_edges(tf.zeros([1, 4, 4, 3])).shape
    TensorShape([1, 4, 4, 3, 2])
    """
    return _SOBEL(convert_to_tensor(image))
