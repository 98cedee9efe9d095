"""Determinants, inverses and factorizations of matrices."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, library, none_of
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._diagonal import diag_part
from headwater.ops._elementwise import log, real
from headwater.ops._inputs import INEXACT, check_shape, matched, tensor_of
from headwater.ops._reduce import reduce_sum

K = TypeVar("K", bound=Callable[..., Any])


def square_matrices(x: Any) -> Any:
    """`x`. Raises ValueError, in a kernel, unless it holds square matrices."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"Expected square matrices, received shape {list(x.shape)}.")
    return x


def conjugate_transpose(x: Any) -> Any:
    """The adjoint of each matrix, in a kernel."""
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def widened(kernel: K) -> K:
    """The kernel with 16-bit floats computed in float32, the narrowest that factorizations know."""

    def cast(values: Any, source: Any, target: Any) -> Any:
        return jax.tree.map(lambda a: a.astype(target) if a.dtype == source else a, values)

    @functools.wraps(kernel)
    def wide(*arrays: Any, **attrs: Any) -> Any:
        narrow = arrays[0].dtype
        if narrow not in (jnp.float16, jnp.bfloat16):
            return kernel(*arrays, **attrs)
        return cast(kernel(*cast(arrays, narrow, jnp.float32), **attrs), jnp.float32, narrow)

    return wide  # type: ignore[return-value]


# Determinants and inverses ---------------------------------------------------------------------------------------

DETERMINANT = Op("MatrixDeterminant", widened(lambda x: jnp.linalg.det(square_matrices(x))))
LOG_DETERMINANT = Op("LogMatrixDeterminant", widened(lambda x: tuple(jnp.linalg.slogdet(square_matrices(x)))))
CHOLESKY = Op("Cholesky", widened(lambda x: jnp.linalg.cholesky(square_matrices(x))))


def failing(text: str) -> Check:
    """The check that a solver found something: its result is finite if its inputs are."""

    def find(result: Any, *inputs: Any, **attrs: Any) -> Verdict:
        results = result if isinstance(result, tuple) else (result,)
        numbers = library(results[0])
        failed = ~numbers.isfinite(results[0]).all()
        for x in inputs:
            failed = failed & numbers.isfinite(x).all()
        return failed, (), ()

    return Check(find, lambda found, known, attrs: text, of_result=True)


SINGULAR = "Input is not invertible. Use tf.linalg.pinv or tf.linalg.lstsq."


@op("MatrixInverse", check=failing(SINGULAR))
@widened
def INVERSE(x: Any, *, adjoint: bool) -> Any:
    return jnp.linalg.inv(conjugate_transpose(square_matrices(x)) if adjoint else square_matrices(x))


def det(input: Any, name: str | None = None) -> Tensor:
    """Computes the determinant of square matrices.

    >>> tf.linalg.det([[2.0, 0.0], [0.0, 3.0]]).numpy()
    np.float32(6.0)
    """
    return DETERMINANT(tensor_of(input, "MatrixDeterminant", INEXACT), name=name)


class LogMatrixDeterminant(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Tensor
    log_abs_determinant: Tensor


def slogdet(input: Any, name: str | None = None) -> LogMatrixDeterminant:
    """Computes the sign and the logarithm of the absolute value of determinants.

    >>> tf.linalg.slogdet([[-1.0, 0.0], [0.0, 1.0]]).sign.numpy()
    np.float32(-1.0)
    """
    return LogMatrixDeterminant(*LOG_DETERMINANT(tensor_of(input, "LogMatrixDeterminant", INEXACT), name=name))


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """Computes the logarithm of the determinant of Hermitian positive definite matrices, by `cholesky`.

    >>> tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]).numpy()
    np.float32(0.0)
    """
    return reduce_sum(log(real(diag_part(cholesky(matrix)))), -1, name=name) * 2.0


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Inverts square matrices (or their adjoints).

    Raises:
        InvalidArgumentError: If a matrix has no inverse.

    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    return INVERSE(tensor_of(input, "MatrixInverse", INEXACT), adjoint=bool(adjoint), name=name)


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """Computes the lower triangular L with ``x = L @ adjoint(L)`` of Hermitian positive definite matrices.

    The result is NaN where a matrix is not positive definite.

    >>> tf.linalg.cholesky([[4.0, 0.0], [0.0, 9.0]]).numpy()
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    return CHOLESKY(tensor_of(input, "Cholesky", INEXACT), name=name)


# Orthogonal factorizations ---------------------------------------------------------------------------------------


@op("Svd")
@widened
def SVD(x: Any, *, full_matrices: bool, compute_uv: bool) -> Any:
    if not compute_uv:
        return jnp.linalg.svd(x, compute_uv=False)
    u, s, vh = jnp.linalg.svd(x, full_matrices=full_matrices)
    return s, u, conjugate_transpose(vh)


@op("Qr")
@widened
def QR(x: Any, *, full_matrices: bool) -> Any:
    return tuple(jnp.linalg.qr(x, mode="complete" if full_matrices else "reduced"))


def _lower_half(x: Any) -> Any:
    """The Hermitian matrix of a lower triangle: the upper one is not looked at, and has no gradient."""
    lower = jnp.tril(square_matrices(x), -1)
    diagonal = jnp.tril(jnp.triu(x))
    return lower + conjugate_transpose(lower) + diagonal


_NOT_FOUND = "eigen decomposition was not successful. The input might not be valid."


def _not_finite(x: Any) -> Any:
    return ~library(x).isfinite(library(x).tril(square_matrices(x)))


@op("SelfAdjointEigV2", check=none_of(_not_finite, f"Self-adjoint {_NOT_FOUND}", position=0))
@widened
def EIGH(x: Any, *, compute_v: bool) -> Any:
    values, vectors = jnp.linalg.eigh(_lower_half(x), symmetrize_input=False)
    return (values.astype(x.dtype), vectors) if compute_v else (values.astype(x.dtype),)


@jax.custom_jvp
def _eig(x: Any) -> tuple[Any, Any]:
    values, vectors = jnp.linalg.eig(x)
    return values, vectors


@_eig.defjvp
def _eig_tangent(primals: Any, tangents: Any) -> Any:
    """Vectors keep their length; those of equal values do not turn towards each other."""
    values, vectors = _eig(*primals)
    change = jnp.linalg.solve(vectors, tangents[0].astype(vectors.dtype) @ vectors)
    gaps = values[..., None, :] - values[..., :, None]
    apart = gaps != 0
    moved = vectors @ jnp.where(apart, change / jnp.where(apart, gaps, 1), 0)
    longer = jnp.sum(jnp.conj(vectors) * moved, -2, keepdims=True).real
    return (values, vectors), (jnp.diagonal(change, axis1=-2, axis2=-1), moved - vectors * longer)


@jax.custom_jvp
def _eigvals(x: Any) -> Any:
    return jnp.linalg.eigvals(x)


@_eigvals.defjvp
def _eigvals_tangent(primals: Any, tangents: Any) -> Any:
    (values, _), (change, _) = jax.jvp(_eig, primals, tangents)
    return values, change


@op("Eig", check=none_of(lambda x: ~library(x).isfinite(x), f"E{_NOT_FOUND[1:]}", position=0))
def EIG(x: Any, *, compute_v: bool) -> Any:
    return _eig(square_matrices(x)) if compute_v else (_eigvals(square_matrices(x)),)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Computes the singular value decomposition ``x = u @ diag(s) @ adjoint(v)``.

    Args:
        tensor: Matrices ``[..., m, n]``.
        full_matrices: Whether u is ``[m, m]`` and v ``[n, n]``.
        compute_uv: Whether u and v are wanted.
        name: A name for the operation.

    Returns:
        ``(s, u, v)``, or s alone. v is not transposed, unlike NumPy's.

    >>> s, u, v = tf.linalg.svd([[3.0, 0.0], [0.0, 2.0]])
    >>> s.numpy()
    array([3., 2.], dtype=float32)
    """
    x = tensor_of(tensor, "Svd", INEXACT)
    return SVD(x, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv), name=name)


class Qr(NamedTuple):
    """An orthogonal (unitary) and an upper triangular factor."""

    q: Tensor
    r: Tensor


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Computes the factorization ``x = q @ r``, q with orthonormal columns, r upper triangular.

    >>> q, r = tf.linalg.qr([[2.0, 1.0], [0.0, 3.0]])
    >>> tf.abs(r).numpy()
    array([[2., 1.],
           [0., 3.]], dtype=float32)
    """
    return Qr(*QR(tensor_of(input, "Qr", INEXACT), full_matrices=bool(full_matrices), name=name))


def eigh(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Computes eigenvalues (in increasing order) and eigenvectors of Hermitian matrices.

    Only the lower triangle is looked at.

    >>> e, v = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy()
    array([1., 2.], dtype=float32)
    """
    values, vectors = EIGH(tensor_of(tensor, "SelfAdjointEigV2", INEXACT), compute_v=True, name=name)
    return values, vectors


def eigvalsh(tensor: Any, name: str | None = None) -> Tensor:
    """Computes the eigenvalues of Hermitian matrices, in increasing order.

    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([1., 2.], dtype=float32)
    """
    return EIGH(tensor_of(tensor, "SelfAdjointEigV2", INEXACT), compute_v=False, name=name)[0]


def eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Computes eigenvalues and eigenvectors, complex and in no order (on CPU).

    >>> e, v = tf.linalg.eig([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    values, vectors = EIG(tensor_of(tensor, "Eig", INEXACT), compute_v=True, name=name)
    return values, vectors


def eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """Computes eigenvalues, complex and in no order (on CPU).

    >>> tf.linalg.eigvals([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    return EIG(tensor_of(tensor, "Eig", INEXACT), compute_v=False, name=name)[0]


# Triangular factorization ----------------------------------------------------------------------------------------


class Lu(NamedTuple):
    """Both triangular factors in one matrix, and the permutation of rows."""

    lu: Tensor
    p: Tensor


def _zero_pivot(result: Any, x: Any, **attrs: Any) -> Verdict:
    return (library(result[0]).diagonal(result[0], axis1=-2, axis2=-1) == 0).any(), (), ()


@op("Lu", check=Check(_zero_pivot, lambda found, known, attrs: "Input is not invertible.", of_result=True))
@widened
def LU(x: Any, *, output_idx_type: Any) -> Any:
    factors, _, permutation = lax.linalg.lu(square_matrices(x))
    return factors, permutation.astype(output_idx_type)


def _triangles(factors: Any) -> tuple[Any, Any]:
    return jnp.tril(factors, -1) + jnp.eye(factors.shape[-1], dtype=factors.dtype), jnp.triu(factors)


@op("LuReconstruct")
def LU_RECONSTRUCT(factors: Any, permutation: Any) -> Any:
    lower, upper = _triangles(factors)
    check_shape("perm", permutation, factors.shape[:-1])
    return jnp.take_along_axis(lower @ upper, jnp.argsort(permutation, -1)[..., None], -2)


@op("LuSolve")
@widened
def LU_SOLVE(factors: Any, permutation: Any, rhs: Any) -> Any:
    rows = jnp.take_along_axis(rhs, permutation[..., None], -2)
    half = lax.linalg.triangular_solve(factors, rows, left_side=True, lower=True, unit_diagonal=True)
    return lax.linalg.triangular_solve(factors, half, left_side=True, lower=False)


def lu(input: Any, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Lu:
    """Computes the factorization of square matrices into triangular ones, with rows permuted.

    Args:
        input: Square matrices.
        output_idx_type: The dtype of the permutation.
        name: A name for the operation.

    Returns:
        ``(lu, p)``: L (with ones on its diagonal) below and U above, with ``gather(x, p) = L @ U``.

    >>> tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]]).p.numpy()
    array([1, 0], dtype=int32)
    """
    index = np.dtype(as_dtype(output_idx_type).as_numpy_dtype)
    return Lu(*LU(tensor_of(input, "Lu", INEXACT), output_idx_type=index, name=name))


def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Multiplies the factors of `lu` again.

    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]])).numpy()
    array([[0., 2.],
           [4., 0.]], dtype=float32)
    """
    return LU_RECONSTRUCT(convert_to_tensor(lower_upper), convert_to_tensor(perm), name=name)


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Solves linear equations by the factors of `lu`.

    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]]), [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    factors, right = matched(lower_upper, rhs)
    return LU_SOLVE(factors, convert_to_tensor(perm), right, name=name)


def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Inverts matrices by the factors of `lu`.

    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]])).numpy()
    array([[0.  , 0.25],
           [0.5 , 0.  ]], dtype=float32)
    """
    factors = convert_to_tensor(lower_upper)
    return LU_SOLVE(factors, convert_to_tensor(perm), IDENTITY_LIKE(factors), name=name)


@op("IdentityMatrixLike", differentiable=False)
def IDENTITY_LIKE(x: Any) -> Any:
    return jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)
