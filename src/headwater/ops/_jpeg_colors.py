"""The colours of a JPEG picture, stored at a fraction of the resolution: interpolated and mixed as libjpeg does.

Pillow offers libjpeg's accurate transform with interpolated colours, or its fast transform with repeated ones.
TensorFlow's default is fast and interpolated: the repeated colours are thinned out again and interpolated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# What each colour difference adds, in 1 / 65536: red by Cr, green by Cb and Cr, blue by Cb (ITU-R BT.601).
_TO_RED, _TO_GREEN, _TO_BLUE = 91881, (22554, 46802), 116130


def expansions(layers: Sequence[tuple[int, int, int, int]], ratio: int) -> list[tuple[int, int]]:
    """How often the values of each component are repeated down and across, when read at a fraction of the size.

    Args:
        layers: Number, samples across, samples down and table of each component, as Pillow has them.
        ratio: The fraction.
    """
    across, down = max(layer[1] for layer in layers), max(layer[2] for layer in layers)
    return [_expansion(layer, across, down, 8 // ratio) for layer in layers]


def _expansion(layer: tuple[int, int, int, int], across: int, down: int, least: int) -> tuple[int, int]:
    size = least  # a component of fewer samples gets a larger transform, which saves repeating it
    while size < 8 and not across * least % (layer[1] * size * 2) and not down * least % (layer[2] * size * 2):
        size *= 2
    return down * least // (layer[2] * size), across * least // (layer[1] * size)


def interpolated(component: Any, down: int, across: int) -> Any:
    """A component whose values are repeated, with those between them interpolated."""
    height, width = component.shape
    values = component[::down, ::across].astype(np.uint16)
    wide = across == 2 and values.shape[1] > 2
    if (down, across) == (2, 2) and wide:
        values = _across(_down(values), 8, 7, 4)
    elif (down, across) == (1, 2) and wide:
        values = _across(values, 1, 2, 2)
    elif (down, across) == (2, 1):
        near = _down(values)
        values = near + np.tile(np.array([[1], [2]], np.uint16), (len(values), 1)) >> np.uint16(2)
    else:
        return component
    return values[:height, :width].astype(np.uint8)


def _down(values: Any) -> Any:
    """Two rows for each: three parts of it and one of the row above, or below."""
    padded = np.pad(values, ((1, 1), (0, 0)), "edge")
    pair = np.stack([3 * values + padded[:-2], 3 * values + padded[2:]], 1)
    return pair.reshape(2 * len(values), -1).astype(np.uint16)


def _across(values: Any, left: int, right: int, bits: int) -> Any:
    """Two columns for each: three parts of it and one of its neighbour, rounded by these numbers."""
    padded = np.pad(values, ((0, 0), (1, 1)), "edge")
    pair = np.stack([3 * values + padded[:, :-2] + left, 3 * values + padded[:, 2:] + right], 2)
    return (pair >> bits).reshape(len(values), -1)


def to_rgb(luma: Any, blue: Any, red: Any) -> Any:
    """The three components mixed to red, green and blue."""
    step = np.arange(-128, 128)
    half = 1 << 15
    cr, cb = (_TO_RED * step + half) >> 16, (_TO_BLUE * step + half) >> 16
    green_b, green_r = -_TO_GREEN[0] * step + half, -_TO_GREEN[1] * step
    y = luma.astype(np.int32)
    mixed = [y + cr[red], y + ((green_b[blue] + green_r[red]) >> 16), y + cb[blue]]
    return np.stack([np.clip(c, 0, 255).astype(np.uint8) for c in mixed], -1)
