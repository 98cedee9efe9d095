"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad_sequences(
    sequences: Any, maxlen: int | None = None, dtype: Any = "int32", padding: str = "pre", truncating: str = "pre",
    value: Any = 0.0,
) -> Any:  # fmt: skip
    """Sequences of different lengths as one array, filled up and cut to a common length.

    Args:
        sequences: A list of sequences (lists or arrays).
        maxlen: The length; default that of the longest.
        dtype: The array's dtype; ``object`` for strings of any length.
        padding: Where to fill up: ``"pre"`` (before) or ``"post"``.
        truncating: Where to cut: ``"pre"`` or ``"post"``.
        value: What to fill up with.

    Returns:
        An array [sequences, length, ...].

    Raises:
        ValueError: If these are no sequences, or their elements have different shapes.

    >>> tf.keras.utils.pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    """
    for what, given in (("Padding", padding), ("Truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f'{what} type "{given}" not understood. Expected "pre" or "post".')
    lengths = _lengths(sequences)
    if not lengths and maxlen is None:
        raise ValueError("pad_sequences: expected at least one sequence, or `maxlen`. Received none.")
    length = max(lengths) if maxlen is None else maxlen
    step = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    if isinstance(value, str) and dtype is not object and not np.issubdtype(dtype, np.str_):
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\nYou should set `dtype=object` for "
            "variable length strings."
        )
    padded = np.full((len(sequences), length, *step), value, dtype=dtype)
    for index, sequence in enumerate(sequences):
        if kept := _cut(sequence, length, truncating):
            rows = np.asarray(kept, dtype=dtype)
            if rows.shape[1:] != step:
                raise ValueError(
                    f"Shape of sample {rows.shape[1:]} of sequence at position {index} is different from expected "
                    f"shape {step}"
                )
            place = slice(len(kept)) if padding == "post" else slice(length - len(kept), None)
            padded[index, place] = rows
    return padded


def _lengths(sequences: Any) -> list[int]:
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"`sequences` must be iterable, with a length. Received: {sequences!r}")
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {sequence!r}")
    return [len(sequence) for sequence in sequences]


def _cut(sequence: Any, length: int, truncating: str) -> list[Any]:
    items = list(sequence)
    return items[:length] if truncating == "post" else items[max(len(items) - length, 0) :]
