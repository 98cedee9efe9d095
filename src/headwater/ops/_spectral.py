"""Frames, windows, short-time Fourier transforms, mel spectra."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._common import single_axis
from headwater.ops._fourier import dct, irfft, rfft

# Frames ---------------------------------------------------------------------------------------------------------


@op("Frame", same_dtype=True)
def _FRAME(x: Any, fill: Any, *, length: int, step: int, pad_end: bool, axis: int) -> Any:
    axis = axis % x.ndim
    size = x.shape[axis]
    count = -(-size // step) if pad_end else max(0, 1 + (size - length) // step)
    if pad_end:
        pads = [(0, 0)] * x.ndim
        pads[axis] = (0, max(0, (count - 1) * step + length - size))
        x = jnp.pad(x, pads, constant_values=fill)
    if not count:
        return jnp.zeros((*x.shape[:axis], 0, length, *x.shape[axis + 1 :]), x.dtype)
    index = jnp.arange(count)[:, None] * step + jnp.arange(length)
    return jnp.take(x, index, axis=axis, mode="clip")


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: int = -1,
    name: str | None = None,
) -> Tensor:
    """Cuts one dimension into overlapping frames.

    Args:
        signal: A tensor of rank 1 or more.
        frame_length: The length of a frame.
        frame_step: The distance between the starts of frames.
        pad_end: Whether to pad so that every element starts no later than in the last frame.
        pad_value: What to pad with.
        axis: The dimension to cut.
        name: A name for the result.

    Returns:
        A tensor with ``[frames, frame_length]`` in place of the dimension.

    >>> tf.signal.frame([1, 2, 3, 4], 2, 1).numpy()
    array([[1, 2],
           [2, 3],
           [3, 4]], dtype=int32)
    """
    signal = convert_to_tensor(signal)
    fill = convert_to_tensor(pad_value, dtype_hint=signal.dtype)
    attrs = {"length": int(frame_length), "step": int(frame_step), "pad_end": bool(pad_end), "axis": single_axis(axis)}
    return _FRAME(signal, fill, name=name, **attrs)


# Beyond so many steps per frame the parts are added by position.
_MAX_PARTS = 64


@op("OverlapAndAdd")
def _OVERLAP(x: Any, *, step: int) -> Any:
    if x.ndim < 2:
        raise ValueError(f"expected frames of rank 2 or more, received {list(x.shape)}")
    *outer, frames, length = x.shape
    # A frame covers a number of whole steps; the parts of one position are added shifted.
    parts = max(-(-length // max(step, 1)), 1)
    if parts > _MAX_PARTS:
        index = jnp.arange(frames)[:, None] * step + jnp.arange(length)
        return jnp.zeros((*outer, (frames - 1) * step + length), x.dtype).at[..., index].add(x)
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, parts * step - length)]).reshape(*outer, frames, parts, step)
    total: Any = sum(jnp.pad(x[..., i, :], [(0, 0)] * len(outer) + [(i, parts - 1 - i), (0, 0)]) for i in range(parts))
    return total.reshape(*outer, (frames + parts - 1) * step)[..., : (frames - 1) * step + length]


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """Adds up overlapping frames, the transpose of `frame`.

    >>> tf.signal.overlap_and_add([[1, 1], [1, 1]], 1).numpy()
    array([1, 2, 1], dtype=int32)
    """
    return _OVERLAP(convert_to_tensor(signal), step=int(frame_step), name=name)


# Windows --------------------------------------------------------------------------------------------------------


def _raised_cosine(length: int, periodic: bool, a: float, b: float) -> Any:
    if length == 1:
        return np.ones(1)
    even = 1 - length % 2
    denominator = length + (int(periodic) * even) - 1
    return a - b * np.cos(2 * np.pi * np.arange(length) / denominator)


def _window(values: Any, dtype: Any, name: str | None) -> Tensor:
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    return convert_to_tensor(np.asarray(values).astype(dtype.as_numpy_dtype), name=name)


def hann_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """The Hann window.

    >>> tf.signal.hann_window(4).numpy()
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return _window(_raised_cosine(int(window_length), periodic, 0.5, 0.5), dtype, name)


def hamming_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """The Hamming window.

    >>> tf.signal.hamming_window(4).numpy()
    array([0.08, 0.54, 1.  , 0.54], dtype=float32)
    """
    return _window(_raised_cosine(int(window_length), periodic, 0.54, 0.46), dtype, name)


def kaiser_window(window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """The Kaiser window (Kaiser 1974).

    >>> tf.signal.kaiser_window(3).numpy().round(4)
    array([1.e-04, 1.e+00, 1.e-04], dtype=float32)
    """
    return _window(_kaiser(int(window_length), float(beta)), dtype, name)


def _kaiser(length: int, beta: float) -> Any:
    return np.ones(length) if length == 1 else np.kaiser(length, beta)


def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """The Kaiser-Bessel derived window, for `mdct`.

    >>> tf.signal.kaiser_bessel_derived_window(4).shape
    TensorShape([4])
    """
    half = int(window_length) // 2
    sums = np.cumsum(_kaiser(half + 1, float(beta)))
    rising = np.sqrt(sums[:-1] / sums[-1])
    return _window(np.concatenate([rising, rising[::-1]]), dtype, name)


def vorbis_window(window_length: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """The power-complementary window of Vorbis, for `mdct`.

    >>> tf.signal.vorbis_window(2).numpy().round(4)
    array([0.7071, 0.7071], dtype=float32)
    """
    length = int(window_length)
    sines = np.sin(np.pi / max(length, 1) * (np.arange(length) + 0.5))
    return _window(np.sin(np.pi / 2 * sines**2), dtype, name)


# Short-time Fourier transforms ----------------------------------------------------------------------------------


def _enclosing_power_of_two(value: int) -> int:
    return 1 if value <= 1 else 2 ** math.ceil(math.log2(value))


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Callable[..., Any] | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """The short-time Fourier transform: `rfft` of windowed frames.

    Args:
        signals: [..., samples], float32 or float64.
        frame_length: The length of a frame.
        frame_step: The distance between the starts of frames.
        fft_length: The length of the transform; by default the next power of two.
        window_fn: Takes a length and ``dtype=`` and gives a window; None: no window.
        pad_end: Whether to pad the end with zeros.
        name: A name for the result.

    Returns:
        A complex tensor [..., frames, fft_length // 2 + 1].

    >>> tf.signal.stft(tf.zeros([100]), frame_length=16, frame_step=8).shape
    TensorShape([11, 9])
    """
    signals = convert_to_tensor(signals, dtype_hint=dtypes.float32)
    length = int(frame_length)
    size = _enclosing_power_of_two(length) if fft_length is None else int(fft_length)
    frames = frame(signals, length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return rfft(frames, [size], name=name)


_RESIZE_LAST = Op(
    "FitLast",
    lambda x, *, size: jnp.pad(x[..., :size], [(0, 0)] * (x.ndim - 1) + [(0, max(size - x.shape[-1], 0))]),
)


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Callable[..., Any] | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """The inverse of `stft`; with ``window_fn=inverse_stft_window_fn(frame_step)`` an exact one.

    Args:
        stfts: A complex tensor [..., frames, fft_length // 2 + 1].
        frame_length: The length of a frame.
        frame_step: The distance between the starts of frames.
        fft_length: The length of the transform; by default the next power of two.
        window_fn: Takes a length and ``dtype=`` and gives a window; None: no window.
        name: A name for the result.

    Returns:
        A real tensor [..., samples].

    >>> tf.signal.inverse_stft(tf.zeros([11, 9], tf.complex64), 16, 8).shape
    TensorShape([96])
    """
    length = int(frame_length)
    size = _enclosing_power_of_two(length) if fft_length is None else int(fft_length)
    frames = _RESIZE_LAST(irfft(stfts, [size]), size=length)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step, name=name)


@op("InverseWindow")
def _INVERSE_WINDOW(window: Any, *, step: int) -> Any:
    (length,) = window.shape
    overlaps = -(-length // step)
    squares = jnp.pad(jnp.square(window), (0, overlaps * step - length)).reshape(overlaps, step)
    return window / jnp.tile(jnp.sum(squares, 0), overlaps)[:length]


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None
) -> Callable[..., Tensor]:
    """The `window_fn` with which `inverse_stft` undoes `stft` (Griffin & Lim 1984).

    >>> window = tf.signal.inverse_stft_window_fn(2)(4, dtype=tf.float32)
    >>> window.numpy()
    array([0., 1., 1., 1.], dtype=float32)
    """

    def inverse(frame_length: Any, dtype: Any) -> Tensor:
        return _INVERSE_WINDOW(forward_window_fn(int(frame_length), dtype=dtype), step=int(frame_step))

    return inverse


# Modified cosine transforms -------------------------------------------------------------------------------------


@op("FoldFrames")
def _FOLD(x: Any) -> Any:
    """A frame of four quarters a, b, c, d as the two halves that a type-IV cosine transform takes."""
    a, b, c, d = jnp.split(x, 4, -1)
    return jnp.concatenate([-jnp.flip(c, -1) - d, a - jnp.flip(b, -1)], -1)


@op("UnfoldFrames")
def _UNFOLD(x: Any) -> Any:
    first, second = jnp.split(x, 2, -1)
    return jnp.concatenate([second, -jnp.flip(second, -1), -jnp.flip(first, -1), -first], -1)


def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Callable[..., Any] | None = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The modified discrete cosine transform of frames that overlap by half (Princen & Bradley 1987).

    Args:
        signals: [..., samples], float32 or float64.
        frame_length: The length of a frame, divisible by 4.
        window_fn: Takes a length and ``dtype=`` and gives a window; None: a constant one.
        pad_end: Whether to pad the end with zeros.
        norm: None or ``"ortho"``.
        name: A name for the result.

    Returns:
        A tensor [..., frames, frame_length // 2].

    >>> tf.signal.mdct(tf.zeros([32]), 16).shape
    TensorShape([3, 8])
    """
    length = int(frame_length)
    if length % 4:
        raise ValueError(f"mdct: expected a frame_length divisible by 4, received {length}.")
    frames = frame(convert_to_tensor(signals, dtype_hint=dtypes.float32), length, length // 2, pad_end)
    window = 1.0 / math.sqrt(2) if window_fn is None else window_fn(length, dtype=frames.dtype)
    return dct(_FOLD(frames * window), type=4, norm=norm, name=name)


def inverse_mdct(
    mdcts: Any,
    window_fn: Callable[..., Any] | None = vorbis_window,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The inverse of `mdct`, exact but for the first and last half frame.

    >>> tf.signal.inverse_mdct(tf.zeros([3, 8])).shape
    TensorShape([32])
    """
    mdcts = convert_to_tensor(mdcts, dtype_hint=dtypes.float32)
    half = int(mdcts.shape[-1])
    frames = _UNFOLD(dct(mdcts, type=4, norm=norm))
    if norm is None:
        frames = frames * (0.5 / max(half, 1))
    window = 1.0 / math.sqrt(2) if window_fn is None else window_fn(2 * half, dtype=mdcts.dtype)
    return overlap_and_add(frames * window, half, name=name)


# Mel spectra ----------------------------------------------------------------------------------------------------


def _mel(hertz: Any) -> Any:
    """O'Shaughnessy's mel scale (1987)."""
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


@functools.lru_cache(maxsize=32)
def _mel_matrix(bins: int, spectrum: int, rate: float, low: float, high: float) -> Any:
    frequencies = _mel(np.linspace(0.0, rate / 2.0, spectrum)[1:])[:, None]
    edges = np.linspace(_mel(low), _mel(high), bins + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - lower) / (centre - lower), (upper - frequencies) / (upper - centre)
    return np.pad(np.maximum(0.0, np.minimum(rising, falling)), ((1, 0), (0, 0)))


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """The matrix that takes a linear spectrum to the mel scale by triangular bands.

    Args:
        num_mel_bins: The number of bands.
        num_spectrogram_bins: The number of linear bins, including frequency 0.
        sample_rate: Samples per second.
        lower_edge_hertz: Where the lowest band starts.
        upper_edge_hertz: Where the highest band ends.
        dtype: The dtype of the result.
        name: A name for the result.

    Returns:
        A tensor [num_spectrogram_bins, num_mel_bins].

    Raises:
        ValueError: If a number is out of range.

    >>> tf.signal.linear_to_mel_weight_matrix().shape
    TensorShape([129, 20])
    """
    bins, spectrum, rate = int(num_mel_bins), int(num_spectrogram_bins), float(sample_rate)
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if lower_edge_hertz < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower_edge_hertz}")
    if lower_edge_hertz >= upper_edge_hertz:
        raise ValueError(f"lower_edge_hertz {lower_edge_hertz} >= upper_edge_hertz {upper_edge_hertz}")
    if rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {rate}")
    if upper_edge_hertz > rate / 2:
        raise ValueError(f"upper_edge_hertz must not be larger than the Nyquist frequency. Got: {upper_edge_hertz}")
    return _window(_mel_matrix(bins, spectrum, rate, float(lower_edge_hertz), float(upper_edge_hertz)), dtype, name)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """Mel-frequency cepstral coefficients: a type-II cosine transform, scaled as HTK does.

    >>> tf.signal.mfccs_from_log_mel_spectrograms(tf.zeros([5, 20])).shape
    TensorShape([5, 20])
    """
    spectra = convert_to_tensor(log_mel_spectrograms, dtype_hint=dtypes.float32)
    size = spectra.shape[-1]
    if size == 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {spectra}")
    if size is None:
        return dct(spectra, type=2) * _HTK_SCALE(spectra)
    return dct(spectra, type=2, name=name) * (1.0 / math.sqrt(2.0 * size))


_HTK_SCALE = Op("HTKScale", lambda x: (1 / jnp.sqrt(2.0 * x.shape[-1])).astype(x.dtype))
