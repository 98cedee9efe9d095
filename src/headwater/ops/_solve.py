"""Linear equations."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._create import zeros
from headwater.ops._decompose import SINGULAR, conjugate_transpose, failing, widened
from headwater.ops._diagonal import diag_part
from headwater.ops._elementwise import conj
from headwater.ops._inputs import INEXACT, matched_numbers
from headwater.ops._join import concat, stack
from headwater.ops._products import matrix_transpose


def _batched(a: Any, b: Any) -> tuple[Any, Any]:
    """Matrices and right sides with their batch dimensions broadcast."""
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return jnp.broadcast_to(a, batch + a.shape[-2:]), jnp.broadcast_to(b, batch + b.shape[-2:])


@op("MatrixSolve", same_dtype=True, check=failing(SINGULAR))
@widened
def SOLVE(matrix: Any, rhs: Any, *, adjoint: bool) -> Any:
    if matrix.shape[-2] != rhs.shape[-2]:
        raise ValueError(f"Expected as many rows on both sides, received shapes {matrix.shape} and {rhs.shape}.")
    if matrix.shape[:-2] != rhs.shape[:-2]:
        raise ValueError(f"Expected the same batch on both sides, received shapes {matrix.shape} and {rhs.shape}.")
    return jnp.linalg.solve(conjugate_transpose(matrix) if adjoint else matrix, rhs)


@op("MatrixTriangularSolve", same_dtype=True)
def TRIANGULAR_SOLVE(matrix: Any, rhs: Any, *, lower: bool, adjoint: bool) -> Any:
    a, b = _batched(matrix, rhs)
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint)


@op("MatrixSolveLs", same_dtype=(0, 1))
@widened
def LEAST_SQUARES(matrix: Any, rhs: Any, regularizer: Any, *, fast: bool) -> Any:
    a, b = _batched(matrix, rhs)
    rows, columns = a.shape[-2:]
    if not fast:
        return jnp.linalg.pinv(a) @ b
    penalty = regularizer.astype(a.dtype) * jnp.eye(min(rows, columns), dtype=a.dtype)
    if rows >= columns:
        return _positive_solve(conjugate_transpose(a) @ a + penalty, conjugate_transpose(a) @ b)
    return conjugate_transpose(a) @ _positive_solve(a @ conjugate_transpose(a) + penalty, b)


def _positive_solve(a: Any, b: Any) -> Any:
    factor = jnp.linalg.cholesky(a)
    half = lax.linalg.triangular_solve(factor, b, left_side=True, lower=True)
    return lax.linalg.triangular_solve(factor, half, left_side=True, lower=True, transpose_a=True, conjugate_a=True)


@op("TridiagonalSolve", same_dtype=True, spec=lambda inputs, attrs: (inputs[1].dtype, inputs[1].shape))
@widened
def TRIDIAGONAL_SOLVE(diagonals: Any, rhs: Any, *, partial_pivoting: bool) -> Any:
    upper, main, lower = (diagonals[..., i, :] for i in range(3))
    size = main.shape[-1]
    matrix = jnp.zeros((*main.shape, size), main.dtype)
    steps = np.arange(size)
    matrix = matrix.at[..., steps, steps].set(main)
    matrix = matrix.at[..., steps[:-1], steps[1:]].set(upper[..., :-1])
    matrix = matrix.at[..., steps[1:], steps[:-1]].set(lower[..., 1:])
    return jnp.linalg.solve(matrix, rhs)


@op("TridiagonalMatMul", same_dtype=True)
def TRIDIAGONAL_MATMUL(upper: Any, main: Any, lower: Any, rhs: Any) -> Any:
    if not upper.shape == main.shape == lower.shape == rhs.shape[:-1]:
        shapes = [list(x.shape) for x in (upper, main, lower)]
        raise ValueError(f"Expected diagonals of shape {list(rhs.shape[:-1])}, that of rhs's rows, received {shapes}.")
    pad = [(0, 0)] * (rhs.ndim - 2)
    after = jnp.pad(rhs[..., 1:, :], [*pad, (0, 1), (0, 0)])
    before = jnp.pad(rhs[..., :-1, :], [*pad, (1, 0), (0, 0)])
    return upper[..., None] * after + main[..., None] * rhs + lower[..., None] * before


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Solves ``matrix @ x = rhs`` for square matrices.

    Args:
        matrix: Square matrices.
        rhs: Right-hand sides, one per column.
        adjoint: Whether to solve with the adjoint of `matrix`.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If a matrix has no inverse (not checked inside a compiled program).

    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy()
    array([[1. ],
           [0.5]], dtype=float32)
    """
    a, b = matched_numbers("MatrixSolve", INEXACT, matrix, rhs)
    return SOLVE(a, b, adjoint=bool(adjoint), name=name)


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solves ``matrix @ x = rhs`` for triangular matrices; the other triangle is not looked at.

    >>> tf.linalg.triangular_solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy()
    array([[1. ],
           [0.5]], dtype=float32)
    """
    a, b = matched_numbers("MatrixTriangularSolve", INEXACT, matrix, rhs)
    return TRIANGULAR_SOLVE(a, b, lower=bool(lower), adjoint=bool(adjoint), name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """Solves ``A @ x = rhs`` where `chol` is the Cholesky factor of A.

    >>> tf.linalg.cholesky_solve([[2.0]], [[8.0]]).numpy()
    array([[2.]], dtype=float32)
    """
    half = triangular_solve(chol, rhs)
    return triangular_solve(chol, half, adjoint=True, name=name)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None) -> Tensor:
    """Solves linear equations in the least-squares sense.

    Args:
        matrix: Matrices ``[..., m, n]``.
        rhs: Right-hand sides ``[..., m, k]``.
        l2_regularizer: The weight of the squared norm of the solution.
        fast: Whether to solve the normal equations by `cholesky`; else by the pseudo-inverse, which copes with
            matrices that lack full rank.
        name: A name for the operation.

    >>> tf.linalg.lstsq([[1.0], [1.0]], [[1.0], [3.0]]).numpy().round(4)
    array([[2.]], dtype=float32)
    """
    a, b = matched_numbers("MatrixSolveLs", INEXACT, matrix, rhs)
    return LEAST_SQUARES(a, b, convert_to_tensor(l2_regularizer, a.dtype.real_dtype), fast=bool(fast), name=name)


# Band matrices ---------------------------------------------------------------------------------------------------


def _compact(diagonals: Any, diagonals_format: str) -> Tensor:
    """The three diagonals as rows of one tensor: above, main, below; aligned by row of the matrix."""
    if diagonals_format == "compact":
        return convert_to_tensor(diagonals)
    if diagonals_format == "matrix":
        return diag_part(diagonals, k=(-1, 1), align="LEFT_RIGHT")
    if diagonals_format != "sequence":
        raise ValueError(f"Expected a format of compact, sequence or matrix, received {diagonals_format!r}.")
    upper, main, lower = (convert_to_tensor(d) for d in diagonals)
    size = main.shape[-1]
    if upper.shape[-1] != size:
        upper = concat([upper, zeros([*upper.shape.as_list()[:-1], 1], upper.dtype)], -1)
    if lower.shape[-1] != size:
        lower = concat([zeros([*lower.shape.as_list()[:-1], 1], lower.dtype), lower], -1)
    return stack([upper, main, lower], -2)


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """Solves linear equations with matrices that have three diagonals.

    Args:
        diagonals: ``[..., 3, m]``: the diagonal above (its last element is not used), the main one, the one below
            (its first is not used). See `diagonals_format`.
        rhs: Right-hand sides ``[..., m]`` or ``[..., m, k]``.
        diagonals_format: ``"compact"``, ``"sequence"`` (three tensors) or ``"matrix"`` (whole matrices).
        transpose_rhs: Whether `rhs` is ``[..., k, m]``.
        conjugate_rhs: Whether `rhs` is conjugated first.
        name: A name for the operation.
        partial_pivoting: Accepted for compatibility: always on.
        perturb_singular: Accepted for compatibility.

    >>> tf.linalg.tridiagonal_solve([[0.0, 0.0], [2.0, 4.0], [0.0, 0.0]], [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    a, b = matched_numbers("TridiagonalSolve", INEXACT, _compact(diagonals, diagonals_format), rhs)
    b = conj(b) if conjugate_rhs else b
    vector = b.shape.rank == (a.shape.rank or 0) - 1
    if vector:
        b = b[..., None]
    elif transpose_rhs:
        b = matrix_transpose(b)
    result = TRIDIAGONAL_SOLVE(a, b, partial_pivoting=True, name=name)
    return result[..., 0] if vector else matrix_transpose(result) if transpose_rhs else result


def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Tensor:
    """Multiplies matrices that have three diagonals; see `tridiagonal_solve` for the arguments.

    >>> tf.linalg.tridiagonal_matmul([[0.0, 0.0], [2.0, 4.0], [0.0, 0.0]], [[1.0], [1.0]]).numpy()
    array([[2.],
           [4.]], dtype=float32)
    """
    a, b = matched_numbers("TridiagonalMatMul", INEXACT, _compact(diagonals, diagonals_format), rhs)
    return TRIDIAGONAL_MATMUL(a[..., 0, :], a[..., 1, :], a[..., 2, :], b, name=name)


def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solves linear equations with triangular matrices of which only some diagonals are not zero.

    Args:
        bands: ``[..., k, m]``: the main diagonal, then those below (for ``lower``); or those above, the main one last.
            Diagonals below begin with unused elements, those above end with them.
        rhs: Right-hand sides ``[..., m, n]``.
        lower: Whether the matrices are lower triangular.
        adjoint: Whether to solve with the adjoint.
        name: A name for the operation.

    >>> tf.linalg.banded_triangular_solve([[2.0, 4.0]], [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    a, b = matched_numbers("BandedTriangularSolve", INEXACT, bands, rhs)
    return BANDED_SOLVE(a, b, lower=bool(lower), adjoint=bool(adjoint), name=name)


@op("BandedTriangularSolve", same_dtype=True, spec=lambda inputs, attrs: (inputs[1].dtype, inputs[1].shape))
def BANDED_SOLVE(bands: Any, rhs: Any, *, lower: bool, adjoint: bool) -> Any:
    count, size = bands.shape[-2:]
    steps = np.arange(size)
    matrix = jnp.zeros((*bands.shape[:-2], size, size), bands.dtype)
    for i in range(count):
        if lower:
            matrix = matrix.at[..., steps[i:], steps[: size - i]].set(bands[..., i, i:])
        else:
            k = count - 1 - i
            matrix = matrix.at[..., steps[: size - k], steps[k:]].set(bands[..., i, : size - k])
    return TRIANGULAR_SOLVE.kernel(matrix, rhs, lower=lower, adjoint=adjoint)
