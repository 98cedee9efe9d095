"""Running sums and products, and their kin."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.op import op
from headwater.core.tensor import Tensor
from headwater.ops._common import single_axis
from headwater.ops._inputs import FLOATING, NUMBER, one_axis, tensor_of


def _running(scan: Any, x: Any, axis: int, exclusive: bool, reverse: bool, start: float) -> Any:
    place = one_axis(axis, x.ndim)
    result = scan(x, place, reverse=reverse)
    if not exclusive or not x.shape[place]:
        return result
    pads = [(0, 0)] * x.ndim
    pads[place] = (0, 1) if reverse else (1, 0)
    cut = slice(1, None) if reverse else slice(None, -1)
    kept = result[(slice(None),) * place + (cut,)]
    return jnp.pad(kept, pads, constant_values=np.asarray(start, x.dtype))


@op("Cumsum")
def CUMSUM(x: Any, *, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _running(lax.cumsum, x, axis, exclusive, reverse, 0)


@op("Cumprod")
def CUMPROD(x: Any, *, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _running(lax.cumprod, x, axis, exclusive, reverse, 1)


@op("CumulativeLogsumexp")
def CUMULATIVE_LOGSUMEXP(x: Any, *, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _running(lax.cumlogsumexp, x, axis, exclusive, reverse, -np.inf)


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """Computes running sums along an axis.

    Args:
        x: A tensor of numbers.
        axis: The axis.
        exclusive: Whether each sum leaves out its own element.
        reverse: Whether to start from the end.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If the axis is out of range.

    >>> tf.cumsum([1, 2, 3]).numpy()
    array([1, 3, 6], dtype=int32)
    """
    x = tensor_of(x, "Cumsum", NUMBER)
    return CUMSUM(x, axis=single_axis(axis), exclusive=bool(exclusive), reverse=bool(reverse), name=name)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """Computes running products along an axis; see `cumsum` for the arguments.

    >>> tf.math.cumprod([1, 2, 3], exclusive=True).numpy()
    array([1, 1, 2], dtype=int32)
    """
    x = tensor_of(x, "Cumprod", NUMBER)
    return CUMPROD(x, axis=single_axis(axis), exclusive=bool(exclusive), reverse=bool(reverse), name=name)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Computes the logarithm of running sums of exponentials; see `cumsum` for the arguments.

    >>> tf.math.cumulative_logsumexp([0.0, 0.0]).numpy()
    array([0.       , 0.6931472], dtype=float32)
    """
    x = tensor_of(x, "CumulativeLogsumexp", FLOATING)
    return CUMULATIVE_LOGSUMEXP(x, axis=single_axis(axis), exclusive=bool(exclusive), reverse=bool(reverse), name=name)
