"""Fourier and cosine transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops._cast import cast
from headwater.ops._common import as_shape_tensor, axes
from headwater.ops._inputs import COMPLEX, tensor_of

# Complex to complex ---------------------------------------------------------------------------------------------


def _complex(value: Any, what: str) -> Tensor:
    """`value` as a complex tensor. Real numbers that are no tensors become complex64, as in TensorFlow."""
    if isinstance(value, Tensor | Variable):
        return tensor_of(value, what, COMPLEX)
    tensor = convert_to_tensor(value)
    return tensor if tensor.dtype.is_complex else cast(tensor, dtypes.complex64)


def _single(value: Any, what: str) -> Tensor:
    """`value` as a complex tensor. All numbers that are no tensors become complex64, as in TensorFlow."""
    return _complex(convert_to_tensor(value, dtype_hint=dtypes.complex64), what)


def _last(rank: int) -> tuple[int, ...]:
    return tuple(range(-rank, 0))


def _transform(op: Op, doc: str) -> Callable[..., Tensor]:
    def function(input: Any, name: str | None = None) -> Tensor:
        return op(_complex(input, op.name), name=name)

    function.__doc__ = doc
    function.__name__ = function.__qualname__ = op.name.lower()
    return function


def _fft_op(name: str, kernel: Any, rank: int) -> Op:
    return Op(name, lambda x: kernel(x, axes=_last(rank)).astype(x.dtype))


fft = _transform(
    _fft_op("FFT", jnp.fft.fftn, 1),
    """The discrete Fourier transform over the last dimension.

    >>> tf.signal.fft(tf.constant([1 + 0j, 1 + 0j], tf.complex64)).numpy()
    array([2.+0.j, 0.+0.j], dtype=complex64)
    """,
)
fft2d = _transform(_fft_op("FFT2D", jnp.fft.fftn, 2), "The discrete Fourier transform over the last two dimensions.")
fft3d = _transform(_fft_op("FFT3D", jnp.fft.fftn, 3), "The discrete Fourier transform over the last three dimensions.")
ifft = _transform(_fft_op("IFFT", jnp.fft.ifftn, 1), "The inverse of `fft`.")
ifft2d = _transform(_fft_op("IFFT2D", jnp.fft.ifftn, 2), "The inverse of `fft2d`.")
ifft3d = _transform(_fft_op("IFFT3D", jnp.fft.ifftn, 3), "The inverse of `fft3d`.")


# Real to complex and back ---------------------------------------------------------------------------------------


def _fit(x: Any, sizes: Any, over: tuple[int, ...]) -> Any:
    """Cuts or pads with zeros to `sizes` along the axes `over`."""
    for axis, size in zip(over, sizes, strict=True):
        axis = axis % x.ndim
        x = x[(slice(None),) * axis + (slice(0, size),)]
        pads = [(0, 0)] * x.ndim
        pads[axis] = (0, max(size - x.shape[axis], 0))
        x = jnp.pad(x, pads)
    return x


def _rfft_op(name: str, rank: int) -> Op:
    def kernel(x: Any, length: Any, *, axis: tuple[int, ...]) -> Any:
        sizes = [int(n) for n in length] if length.size else [x.shape[a] for a in axis]
        dtype = np.complex128 if x.dtype == np.float64 else np.complex64
        if 0 in sizes:
            return _fit(x, sizes, axis).astype(dtype)
        return jnp.fft.rfftn(_fit(x, sizes, axis), axes=axis).astype(dtype)

    return Op(name, kernel, static=(1,))


def _irfft_op(name: str, rank: int) -> Op:
    def kernel(x: Any, length: Any, *, axis: tuple[int, ...]) -> Any:
        sizes = [x.shape[a] for a in axis]
        sizes[-1] = max(2 * (sizes[-1] - 1), 0)
        sizes = [int(n) for n in length] if length.size else sizes
        dtype = np.float64 if x.dtype == np.complex128 else np.float32
        if 0 in sizes:
            return _fit(jnp.real(x), sizes, axis).astype(dtype)
        kept = [*sizes[:-1], sizes[-1] // 2 + 1]
        return jnp.fft.irfftn(_fit(x, kept, axis), s=sizes, axes=axis).astype(dtype)

    return Op(name, kernel, static=(1,))


_RFFT = {rank: _rfft_op(name, rank) for rank, name in ((1, "RFFT"), (2, "RFFT2D"), (3, "RFFT3D"), (0, "RFFTND"))}
_IRFFT = {rank: _irfft_op(name, rank) for rank, name in ((1, "IRFFT"), (2, "IRFFT2D"), (3, "IRFFT3D"), (0, "IRFFTND"))}


def _length(fft_length: Any) -> Tensor:
    return as_shape_tensor([] if fft_length is None else fft_length)


def _real(value: Any, what: str) -> Tensor:
    tensor = convert_to_tensor(value, dtype_hint=dtypes.float32)
    if tensor.dtype in (dtypes.float32, dtypes.float64):
        return tensor
    raise ValueError(f"{what}: expected a float32 or float64 tensor, received dtype {tensor.dtype.name}. Use tf.cast.")


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """The Fourier transform of real numbers over the last dimension: the half that is not implied by symmetry.

    Args:
        input_tensor: A float32 or float64 tensor.
        fft_length: A list with the length to which the last dimension is cut or padded first.
        name: A name for the result.

    Returns:
        A complex tensor whose last dimension is ``length // 2 + 1``.

    >>> tf.signal.rfft([1.0, 1.0]).numpy()
    array([2.+0.j, 0.+0.j], dtype=complex64)
    """
    return _RFFT[1](_real(input_tensor, "RFFT"), _length(fft_length), axis=(-1,), name=name)


def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """`rfft` over the last two dimensions; `fft_length` has two elements.

    >>> tf.signal.rfft2d(tf.zeros([4, 6])).shape
    TensorShape([4, 4])
    """
    return _RFFT[2](_real(input_tensor, "RFFT2D"), _length(fft_length), axis=(-2, -1), name=name)


def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """`rfft` over the last three dimensions; `fft_length` has three elements.

    >>> tf.signal.rfft3d(tf.zeros([2, 4, 6])).shape
    TensorShape([2, 4, 4])
    """
    return _RFFT[3](_real(input_tensor, "RFFT3D"), _length(fft_length), axis=(-3, -2, -1), name=name)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `rfft`.

    Args:
        input_tensor: A complex tensor.
        fft_length: A list with the length of the result's last dimension; ``2 * (n - 1)`` by default.
        name: A name for the result.

    Returns:
        A real tensor.

    >>> tf.signal.irfft(tf.signal.rfft([1.0, 2.0])).numpy()
    array([1., 2.], dtype=float32)
    """
    return _IRFFT[1](_single(input_tensor, "IRFFT"), _length(fft_length), axis=(-1,), name=name)


def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `rfft2d`.

    >>> tf.signal.irfft2d(tf.signal.rfft2d(tf.zeros([4, 6]))).shape
    TensorShape([4, 6])
    """
    return _IRFFT[2](_single(input_tensor, "IRFFT2D"), _length(fft_length), axis=(-2, -1), name=name)


def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `rfft3d`.

    >>> tf.signal.irfft3d(tf.signal.rfft3d(tf.zeros([2, 4, 6]))).shape
    TensorShape([2, 4, 6])
    """
    return _IRFFT[3](_single(input_tensor, "IRFFT3D"), _length(fft_length), axis=(-3, -2, -1), name=name)


# Any axes -------------------------------------------------------------------------------------------------------


def _fftnd_op(name: str, transform: Any) -> Op:
    def kernel(x: Any, length: Any, *, axis: tuple[int, ...]) -> Any:
        sizes = [int(n) for n in length] if length.size else [x.shape[a] for a in axis]
        return transform(_fit(x, sizes, axis), axes=axis).astype(x.dtype)

    return Op(name, kernel, static=(1,))


_FFTND, _IFFTND = _fftnd_op("FFTND", jnp.fft.fftn), _fftnd_op("IFFTND", jnp.fft.ifftn)


def _over(x: Tensor, given: Any, fft_length: Any) -> tuple[int, ...]:
    found = axes(given)
    if found is not None:
        return found
    return _last(x.shape.rank if fft_length is None else len(list(fft_length)))  # type: ignore[arg-type]


def _check_norm(norm: str | None) -> None:
    if norm not in (None, "backward"):
        raise ValueError(f"Expected norm None or 'backward', received {norm!r}.")


def fftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """The discrete Fourier transform over any axes (all by default).

    >>> tf.signal.fftnd(tf.ones([2, 3], tf.complex64), axes=[0]).shape
    TensorShape([2, 3])
    """
    _check_norm(norm)
    x = _complex(input_tensor, "FFTND")
    return _FFTND(x, _length(fft_length), axis=_over(x, axes, fft_length), name=name)


def ifftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """The inverse of `fftnd`.

    >>> tf.signal.ifftnd(tf.ones([2, 3], tf.complex64), axes=[0]).shape
    TensorShape([2, 3])
    """
    _check_norm(norm)
    x = _complex(input_tensor, "IFFTND")
    return _IFFTND(x, _length(fft_length), axis=_over(x, axes, fft_length), name=name)


def rfftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """`rfft` over any axes (all by default), the last of which is halved.

    >>> tf.signal.rfftnd(tf.ones([2, 6])).shape
    TensorShape([2, 4])
    """
    _check_norm(norm)
    x = _real(input_tensor, "RFFTND")
    return _RFFT[0](x, _length(fft_length), axis=_over(x, axes, fft_length), name=name)


def irfftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """The inverse of `rfftnd`.

    >>> tf.signal.irfftnd(tf.signal.rfftnd(tf.ones([2, 6]))).shape
    TensorShape([2, 6])
    """
    _check_norm(norm)
    x = _complex(input_tensor, "IRFFTND")
    return _IRFFT[0](x, _length(fft_length), axis=_over(x, axes, fft_length), name=name)


# Shifts ---------------------------------------------------------------------------------------------------------

_SHIFT = Op("FFTShift", lambda x, *, axis: jnp.fft.fftshift(x, axis))
_UNSHIFT = Op("IFFTShift", lambda x, *, axis: jnp.fft.ifftshift(x, axis))


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Moves frequency 0 to the middle.

    >>> tf.signal.fftshift([0, 1, 2, -1]).numpy()
    array([ 2, -1,  0,  1], dtype=int32)
    """
    return _SHIFT(convert_to_tensor(x), axis=_axes(axes), name=name)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `fftshift`.

    >>> tf.signal.ifftshift([2, -1, 0, 1]).numpy()
    array([ 0,  1,  2, -1], dtype=int32)
    """
    return _UNSHIFT(convert_to_tensor(x), axis=_axes(axes), name=name)


_axes = axes


# Cosine transforms ----------------------------------------------------------------------------------------------


@op("DCT")
def _DCT(x: Any, *, type: int, n: int | None, axis: int, norm: str | None) -> Any:
    return jnp.moveaxis(_cosine(jnp.moveaxis(x, axis, -1), type, n, norm), -1, axis)


def _cosine(x: Any, type: int, n: int | None, norm: str | None) -> Any:
    if n is not None:
        x = _fit(x, [n], (-1,))
    size = x.shape[-1]
    if type == 1 and size < 2:
        raise ValueError(f"Expected two elements or more for a transform of type 1, received {size}.")
    if not size:
        return x
    wide = np.complex128 if x.dtype == np.float64 else np.complex64
    if type == 1:
        mirrored = jnp.concatenate([x, x[..., -2:0:-1]], -1)
        return jnp.real(jnp.fft.rfft(mirrored)).astype(x.dtype)
    steps = jnp.arange(size, dtype=x.dtype)
    if type == 2:
        turn = jnp.exp((-1j * np.pi / (2 * size)) * steps).astype(wide)
        result = 2 * jnp.real(jnp.fft.fft(_fit(x, [2 * size], (-1,)))[..., :size] * turn)
        return _scaled(result, size, norm).astype(x.dtype)
    if type == 3:
        if norm == "ortho":
            x = x * jnp.where(steps == 0, math.sqrt(size), math.sqrt(size / 2))
        else:
            x = x * size
        turn = (2 * jnp.exp((1j * np.pi / (2 * size)) * steps)).astype(wide)
        return jnp.fft.irfft(x.astype(wide) * turn, 2 * size)[..., :size].astype(x.dtype)
    turn = jnp.exp((-1j * np.pi / (2 * size)) * steps).astype(wide)
    odd = jnp.exp((-1j * np.pi / (4 * size)) * (2 * steps + 1)).astype(wide)
    result = 2 * jnp.real(jnp.fft.fft(_fit(x.astype(wide) * turn, [2 * size], (-1,)))[..., :size] * odd)
    return (result * math.sqrt(0.5 / size) if norm == "ortho" else result).astype(x.dtype)


def _scaled(x: Any, size: int, norm: str | None) -> Any:
    if norm != "ortho":
        return x
    return x * jnp.where(jnp.arange(size) == 0, 0.5 / math.sqrt(size), math.sqrt(0.5 / size))


def _check_dct(input: Any, type: int, norm: str | None) -> Tensor:
    if type not in (1, 2, 3, 4):
        raise ValueError(f"Types I, II, III and IV (I)DCT are supported, received type {type}.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if type == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    return _real(convert_to_tensor(input), "DCT")


def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Tensor:
    """The discrete cosine transform of types I to IV over one dimension.

    Args:
        input: A float32 or float64 tensor.
        type: 1, 2, 3 or 4.
        n: The length to which it is cut or padded first.
        axis: The axis to transform.
        norm: None, or ``"ortho"`` for an orthonormal transform.
        name: A name for the result.

    Returns:
        A tensor of the dtype of `input`.

    Raises:
        ValueError: If `type` or `norm` is unknown.

    >>> tf.signal.dct([1.0, 1.0]).numpy().round(4) + 0
    array([4., 0.], dtype=float32)
    """
    x = _check_dct(input, type, norm)
    return _DCT(x, type=int(type), n=None if n is None else int(n), axis=int(axis), norm=norm, name=name)


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Tensor:
    """The inverse of `dct` of the same type; without ``norm="ortho"`` times ``2 * n`` (type I: ``2 * (n - 1)``).

    >>> tf.signal.idct(tf.signal.dct([1.0, 2.0], norm="ortho"), norm="ortho").numpy().round(4)
    array([1., 2.], dtype=float32)
    """
    if n is not None:
        raise ValueError(f"idct: expected n None, received {n}. Cut or pad the input.")
    inverse = {1: 1, 2: 3, 3: 2, 4: 4}
    x = _check_dct(input, type, norm)
    return _DCT(x, type=inverse[type], n=None, axis=int(axis), norm=norm, name=name)
