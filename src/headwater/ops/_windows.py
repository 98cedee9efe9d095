"""Sliding windows: arguments of convolutions and pools, and windows as shifted slices.

A window of k elements is k slices of the (padded) input, each shifted by one element. On CPUs a few dozen slices
combined element by element run many times faster than XLA's reduce-window, select-and-scatter and grouped convolution.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax

from headwater.core.context import context
from headwater.core.errors import InvalidArgumentError

# Windows of more elements than this are left to XLA's own operations.
MAX_SLICES = 64


class Window(NamedTuple):
    """A window over the spatial dimensions.

    Attributes:
        size: Elements per dimension.
        strides: Steps between windows.
        dilations: Steps between a window's elements.
        padding: ``"SAME"``, ``"VALID"``, or ``(before, after)`` per dimension.
        first: The axis of the first spatial dimension: 1 (channels last) or 2 (channels first).
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: Any
    first: int

    @property
    def extent(self) -> tuple[int, ...]:
        """Elements from the first to the last of a window."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True))

    def pads(self, x: Any) -> tuple[tuple[int, int], ...]:
        """``(before, after)`` per spatial dimension of `x`."""
        if not isinstance(self.padding, str):
            return tuple(self.padding)
        sizes = x.shape[self.first : self.first + len(self.size)]
        return tuple(lax.padtype_to_pads(sizes, self.extent, self.strides, self.padding))

    def full(self, values: Sequence[Any], rest: Any) -> tuple[Any, ...]:
        """`values` at the spatial axes, `rest` at the batch and channel axes."""
        return (rest,) * self.first + tuple(values) + (rest,) * (2 - self.first)

    @property
    def is_disjoint(self) -> bool:
        """Whether each element is in one window at most."""
        return self.strides == self.size and set(self.dilations) == {1}

    @property
    def one_window(self) -> tuple[int, ...]:
        """The shape of one window among windows that are laid `apart`."""
        return (1,) * self.first + tuple(n for k in self.size for n in (1, k)) + (1,) * (2 - self.first)

    @property
    def prefers_slices(self) -> bool:
        """Whether slices are the fast way on this platform."""
        return jax.default_backend() == "cpu" and int(np.prod(self.size)) <= MAX_SLICES


def pad(x: Any, window: Window, value: Any) -> Any:
    """`x` with the window's padding, filled with `value`."""
    config = window.full([(low, high, 0) for low, high in window.pads(x)], (0, 0, 0))
    return lax.pad(x, np.asarray(value, x.dtype), config)


def positions(x: Any, window: Window) -> list[int]:
    """The number of window positions per spatial dimension of `x`."""
    sizes = x.shape[window.first : window.first + len(window.size)]
    parts = zip(sizes, window.pads(x), window.extent, window.strides, strict=True)
    counts = [(n + low + high - e) // s + 1 for n, (low, high), e, s in parts]
    if any(c < 1 for c in counts):
        raise ValueError(
            f"expected spatial dimensions (with padding) at least as large as the window {window.extent}, received "
            f"{list(sizes)} padded by {window.pads(x)}. Use padding='SAME' or a smaller window"
        )
    return counts


def positions_of_nothing(x: Any, window: Window) -> list[int]:
    """The number of positions per spatial dimension of `x` of a window that may have no elements."""
    sizes = x.shape[window.first : window.first + len(window.size)]
    if window.padding == "SAME":
        return [-(-n // s) for n, s in zip(sizes, window.strides, strict=True)]
    parts = zip(sizes, window.pads(x), window.extent, window.strides, strict=True)
    return [(n + low + high - e) // s + 1 for n, (low, high), e, s in parts]


def slices(x: Any, window: Window, fill: Any = 0) -> list[Any]:
    """For each element of the window, in row-major order, its values at all window positions."""
    counts, padded = positions(x, window), pad(x, window, fill)
    found = []
    for offset in itertools.product(*[range(k) for k in window.size]):
        starts = [o * d for o, d in zip(offset, window.dilations, strict=True)]
        limits = [b + (c - 1) * s + 1 for b, c, s in zip(starts, counts, window.strides, strict=True)]
        begin, end = list(window.full(starts, 0)), list(padded.shape)
        for axis, limit in enumerate(limits, window.first):
            end[axis] = limit
        found.append(lax.slice(padded, begin, end, window.full(window.strides, 1)))
    return found


def scatter(parts: Sequence[Any], x: Any, window: Window) -> Any:
    """The transpose of `slices`: adds each part at its place of an array of the shape of `x`."""
    total: Any = None
    pads = window.pads(x)
    sizes = [n + low + high for n, (low, high) in zip(x.shape[window.first :], pads, strict=False)]
    for offset, part in zip(itertools.product(*[range(k) for k in window.size]), parts, strict=True):
        config = []
        for o, d, s, size, count in zip(
            offset, window.dilations, window.strides, sizes, part.shape[window.first :], strict=False
        ):
            config.append((o * d, size - (o * d + (count - 1) * s + 1), s - 1))
        placed = lax.pad(part, np.zeros((), part.dtype), window.full(config, (0, 0, 0)))
        total = placed if total is None else total + placed
    begin = window.full([low for low, _ in pads], 0)
    return lax.slice(total, begin, [b + n for b, n in zip(begin, x.shape, strict=True)])


def apart(part: Any, window: Window) -> Any:
    """`part` (one element per window) with an axis for the window's elements after each spatial dimension."""
    return lax.expand_dims(part, [window.first + 1 + 2 * i for i in range(len(window.size))])


def together(values: Any, x: Any, window: Window) -> Any:
    """The array of the shape of `x` whose disjoint windows, laid `apart`, are `values`; zero between them."""
    first, rank = window.first, len(window.size)
    covered = [values.shape[first + 2 * i] * k for i, k in enumerate(window.size)]
    flat = lax.reshape(values, (*values.shape[:first], *covered, *values.shape[first + 2 * rank :]))
    pads = [(-low, n + low - c, 0) for (low, _), n, c in zip(window.pads(x), x.shape[first:], covered, strict=False)]
    return lax.pad(flat, np.zeros((), flat.dtype), window.full(pads, (0, 0, 0)))


# Arguments ------------------------------------------------------------------------------------------------------


def channels_first(data_format: str | None, rank: int, what: str) -> bool:
    """Whether a data format such as ``"NCHW"`` has the channels before the `rank` spatial dimensions."""
    last, first = layouts(rank)
    if data_format in (None, last):
        return False
    if data_format == first:
        return True
    raise ValueError(f"{what}: expected data_format {last!r} or {first!r}, received {data_format!r}.")


def layouts(rank: int) -> tuple[str, str]:
    """The two data formats for a number of spatial dimensions, channels last and first."""
    spatial = {1: "W", 2: "HW", 3: "DHW"}[rank]
    return f"N{spatial}C", f"NC{spatial}"


def spatial(value: Any, rank: int, first: int, what: str, argument: str) -> tuple[int, ...]:
    """Window sizes, strides or dilations (one integer, one per spatial dimension, or per dimension), one per dimension.

    Args:
        value: The argument; None means 1.
        rank: The number of spatial dimensions.
        first: The axis of the first spatial dimension.
        what: How errors call the function.
        argument: How errors call the argument.
    """
    values = [1] if value is None else [int(v) for v in np.asarray(value).reshape(-1)]
    if len(values) == 1:
        values *= rank
    elif len(values) == rank + 2:
        others = values[:first] + values[first + rank :]
        values = values[first : first + rank]
        if argument != "ksize" and any(v != 1 for v in others):
            raise ValueError(
                f"{what}: expected {argument} of 1 in the batch and channel dimensions, received {value}. "
                "Set them to 1, or use pooling over other dimensions."
            )
        if argument == "ksize" and any(v != 1 for v in others):
            raise ValueError(f"{what}: pooling over the batch or channel dimension is not supported, received {value}.")
    elif len(values) != rank:
        raise ValueError(f"{what}: expected {argument} of length 1, {rank} or {rank + 2}, received {value}.")
    if any(v < 1 for v in values):
        raise ValueError(f"{what}: expected positive {argument}, received {value}.")
    return tuple(values)


def padding_attributes(padding: Any, rank: int, first: int, what: str) -> tuple[str, tuple[int, ...]]:
    """TensorFlow's attributes ``padding`` and ``explicit_paddings`` from a padding argument."""
    if isinstance(padding, str):
        if padding.upper() not in ("SAME", "VALID"):
            text = f"{what}: expected padding 'SAME', 'VALID' or a list of pairs, received {padding!r}."
            raise ValueError(text) if context.graph is not None else InvalidArgumentError(None, None, text)
        return padding.upper(), ()
    pairs = [(int(low), int(high)) for low, high in padding]
    if len(pairs) == rank:
        pairs = [(0, 0)] * first + pairs + [(0, 0)] * (2 - first)
    if len(pairs) != rank + 2:
        raise ValueError(f"{what}: expected {rank + 2} pairs of padding, one per dimension, received {padding}.")
    if any(p != (0, 0) for p in pairs[:first] + pairs[first + rank :]):
        raise ValueError(f"{what}: expected no padding of the batch and channel dimensions, received {padding}.")
    return "EXPLICIT", tuple(n for pair in pairs for n in pair)


def attribute_padding(padding: str, explicit: Sequence[int], rank: int, first: int) -> Any:
    """The `Window.padding` that the attributes ``padding`` and ``explicit_paddings`` mean."""
    if padding != "EXPLICIT":
        return padding
    pairs = list(zip(explicit[::2], explicit[1::2], strict=True))
    return tuple(pairs[first : first + rank])
