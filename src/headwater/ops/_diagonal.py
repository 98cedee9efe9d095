"""Diagonals and bands of matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._inputs import check_shape, matched, static_value
from headwater.ops._reduce import reduce_sum

_ALIGNMENTS = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")
Band = tuple[int, int]


def _band(k: Any) -> Band:
    """The lowest and highest diagonal of an argument `k`: one number or two."""
    value = np.atleast_1d(np.asarray(static_value(k))).tolist()
    if len(value) not in (1, 2) or value[0] > value[-1]:
        raise ValueError(f"Expected k to be a number or a pair (low, high), received {k!r}.")
    return int(value[0]), int(value[-1])


def _check_alignment(align: str) -> str:
    if align not in _ALIGNMENTS:
        raise ValueError(f"Expected align to be one of {', '.join(_ALIGNMENTS)}, received {align!r}.")
    return align


def _entries(rows: int, columns: int, band: Band, align: str, width: int) -> Iterator[tuple[int, int, Any, Any]]:
    """For each diagonal from the highest down: offset in its row, length, and where its elements are."""
    for d in range(band[1], band[0] - 1, -1):
        length = min(rows + min(d, 0), columns - max(d, 0))
        upper, lower = align.split("_")
        left = (d >= 0 and upper == "LEFT") or (d <= 0 and lower == "LEFT")
        steps = np.arange(length)
        yield 0 if left else width - length, length, steps - min(d, 0), steps + max(d, 0)


def _sides(shape: tuple[Any, ...]) -> tuple[Any, Any]:
    if len(shape) < 2:
        raise ValueError(f"Expected matrices, of rank 2 or more, received shape {list(shape)}.")
    return shape[-2], shape[-1]


def _width(rows: int, columns: int, band: Band) -> int:
    """The length of the longest diagonal."""
    return min(rows + min(band[1], 0), columns - max(band[0], 0))


def _check_band(rows: int, columns: int, band: Band) -> None:
    low, high = min(1 - rows, 0), max(columns - 1, 0)
    for k in band:
        if not low <= k <= high:
            raise ValueError(
                f"Expected diagonals between {low} and {high}, received {k} of {rows} x {columns} matrices."
            )


def _put(matrix: Any, diagonal: Any, band: Band, align: str) -> Any:
    rows, columns = matrix.shape[-2:]
    single = band[0] == band[1]
    for i, (offset, length, r, c) in enumerate(_entries(rows, columns, band, align, diagonal.shape[-1])):
        line = diagonal if single else diagonal[..., i, :]
        matrix = jnp.asarray(matrix).at[..., r, c].set(line[..., offset : offset + length])
    return matrix


def _unknown_matrices(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    k, shape = attrs["k"], inputs[0].shape
    batch = shape[:-1] if k[0] == k[1] else shape[:-2]
    return inputs[0].dtype, batch.concatenate([None, None])


@op("MatrixDiagV3", same_dtype=True, unknown=_unknown_matrices)
def MATRIX_DIAG(diagonal: Any, padding: Any, *, k: Band, num_rows: int, num_cols: int, align: str) -> Any:
    width = diagonal.shape[-1]
    rows, columns = width - min(k[1], 0), width + max(k[0], 0)
    if num_rows == num_cols == -1:
        num_rows = num_cols = max(rows, columns)
    wanted = num_rows if num_rows != -1 else rows, num_cols if num_cols != -1 else columns
    if wanted[0] < rows or wanted[1] < columns or (wanted[0] > rows and wanted[1] > columns):
        raise ValueError(
            f"Expected num_rows >= {rows} and num_cols >= {columns}, one of them equal, received {list(wanted)}."
        )
    rows, columns = wanted
    if k[0] != k[1] and (diagonal.ndim < 2 or diagonal.shape[-2] != k[1] - k[0] + 1):
        raise ValueError(
            f"Expected {k[1] - k[0] + 1} diagonals in the last axis but one, received shape {list(diagonal.shape)}."
        )
    batch = diagonal.shape[:-1] if k[0] == k[1] else diagonal.shape[:-2]
    return _put(jnp.broadcast_to(padding, (*batch, rows, columns)), diagonal, k, align)


def _diagonals(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    k, shape = attrs["k"], inputs[0].shape
    if shape.rank is None:
        return inputs[0].dtype, shape
    rows, columns = _sides(tuple(shape))
    width = None if rows is None or columns is None else _width(rows, columns, k)
    return inputs[0].dtype, shape[:-2].concatenate([width] if k[0] == k[1] else [k[1] - k[0] + 1, width])


@op("MatrixDiagPartV3", same_dtype=True, spec=_diagonals)
def MATRIX_DIAG_PART(x: Any, padding: Any, *, k: Band, align: str) -> Any:
    rows, columns = _sides(x.shape)
    _check_band(rows, columns, k)
    width = _width(rows, columns, k)
    lines = []
    for offset, length, r, c in _entries(rows, columns, k, align, width):
        line = jnp.broadcast_to(padding, (*x.shape[:-2], width))
        lines.append(line.at[..., offset : offset + length].set(x[..., r, c]))
    return lines[0] if len(lines) == 1 else jnp.stack(lines, -2)


@op("MatrixSetDiagV3", same_dtype=True, spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape))
def MATRIX_SET_DIAG(x: Any, diagonal: Any, *, k: Band, align: str) -> Any:
    rows, columns = _sides(x.shape)
    _check_band(rows, columns, k)
    band = [k[1] - k[0] + 1] if k[0] != k[1] else []
    check_shape("diagonals", diagonal, (*x.shape[:-2], *band, _width(rows, columns, k)))
    return _put(x, diagonal, k, align)


@op("MatrixBandPart", spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape))
def MATRIX_BAND_PART(x: Any, *, num_lower: int, num_upper: int) -> Any:
    distance = jnp.arange(x.shape[-2])[:, None] - jnp.arange(x.shape[-1])
    kept = jnp.ones(distance.shape, bool)
    if num_lower >= 0:
        kept &= distance <= num_lower
    if num_upper >= 0:
        kept &= -distance <= num_upper
    return jnp.where(kept, x, jnp.zeros_like(x))


@op("Diag")
def DIAG(x: Any) -> Any:
    return jnp.reshape(jnp.diag(jnp.reshape(x, -1)), (*x.shape, *x.shape))


@op("DiagPart")
def DIAG_PART(x: Any) -> Any:
    half = x.shape[: x.ndim // 2]
    if x.ndim % 2 or half != x.shape[x.ndim // 2 :]:
        raise ValueError(f"Expected a shape whose two halves are equal, received {x.shape}.")
    count = int(np.prod(half))
    return jnp.reshape(jnp.diagonal(jnp.reshape(x, (count, count))), half)


def diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: int = -1,
    num_cols: int = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Makes matrices with given diagonals.

    Args:
        diagonal: The diagonals' elements along the last axis; for a band, one row each from the highest down.
        name: A name for the operation.
        k: Which diagonal (0 the main one, positive above), or the lowest and highest of a band.
        num_rows: The number of rows; -1 means as many as are needed.
        num_cols: The number of columns.
        padding_value: What stands elsewhere.
        align: How shorter diagonals of a band lie in their rows: first those above, then those below.

    >>> tf.linalg.diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    x, padding = matched(convert_to_tensor(diagonal), padding_value)
    return MATRIX_DIAG(
        x, padding, k=_band(k), num_rows=int(num_rows), num_cols=int(num_cols), align=_check_alignment(align), name=name
    )


def diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """Takes diagonals out of matrices; see `diag` for the arguments.

    >>> tf.linalg.diag_part([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    x, padding = matched(convert_to_tensor(input), padding_value)
    return MATRIX_DIAG_PART(x, padding, k=_band(k), align=_check_alignment(align), name=name)


def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Tensor:
    """Gives matrices with their diagonals replaced; see `diag` for the arguments.

    >>> tf.linalg.set_diag([[1, 2], [3, 4]], [8, 9]).numpy()
    array([[8, 2],
           [3, 9]], dtype=int32)
    """
    return MATRIX_SET_DIAG(*matched(input, diagonal), k=_band(k), align=_check_alignment(align), name=name)


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Keeps a band around the main diagonal and zeros the rest.

    Args:
        input: Matrices.
        num_lower: How many diagonals below are kept; negative means all.
        num_upper: How many above.
        name: A name for the operation.

    >>> tf.linalg.band_part([[1, 2], [3, 4]], -1, 0).numpy()
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    lower, upper = int(static_value(num_lower)), int(static_value(num_upper))
    return MATRIX_BAND_PART(convert_to_tensor(input), num_lower=lower, num_upper=upper, name=name)


def trace(x: Any, name: str | None = None) -> Tensor:
    """Adds up the main diagonal of matrices.

    >>> tf.linalg.trace([[1, 2], [3, 4]]).numpy()
    np.int32(5)
    """
    return reduce_sum(diag_part(x), -1, name=name)


def tensor_diag(diagonal: Any, name: str | None = None) -> Tensor:
    """Makes a tensor of twice the rank, with the given elements on its diagonal.

    >>> tf.linalg.tensor_diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return DIAG(convert_to_tensor(diagonal), name=name)


def tensor_diag_part(input: Any, name: str | None = None) -> Tensor:
    """Takes the diagonal of a tensor whose shape is one shape twice; undoes `tensor_diag`.

    >>> tf.linalg.tensor_diag_part([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    return DIAG_PART(convert_to_tensor(input), name=name)
