"""Functions of matrices: exponentials, logarithms, roots, pseudo-inverses and ranks."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core.op import Op, op
from headwater.core.tensor import Tensor
from headwater.ops._decompose import conjugate_transpose, square_matrices, widened
from headwater.ops._inputs import COMPLEX, FLOATING, INEXACT, tensor_of

EXPONENTIAL = Op("MatrixExponential", widened(lambda x: jax.scipy.linalg.expm(square_matrices(x))))


def _host_function(name: str, scipy_name: str, gradient: Any = None) -> Op:
    """A function of matrices that SciPy computes on the host: JAX has none for batches."""

    def kernel(x: Any) -> Any:
        from scipy import linalg  # noqa: PLC0415  (for these functions alone)

        rows = square_matrices(x).reshape(math.prod(x.shape[:-2]), *x.shape[-2:]).astype(np.complex128)
        found = np.stack([getattr(linalg, scipy_name)(m) for m in rows]) if len(rows) else rows
        real_result = found.real if np.dtype(x.dtype).kind == "f" else found
        return real_result.reshape(x.shape).astype(x.dtype)

    return Op(
        name, kernel, effect="host", spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape), gradient=gradient
    )


@op("MatrixSquareRootGrad")
def _SQUARE_ROOT_SLOPE(root: Any, given: Any) -> Any:
    """The X of ``R X + X R = given``, where R is the adjoint of the root; as one linear system of n * n unknowns."""
    size = root.shape[-1]
    adjoint, eye = conjugate_transpose(root), jnp.eye(size, dtype=root.dtype)
    left = jnp.einsum("...ij,kl->...ikjl", adjoint, eye)
    right = jnp.einsum("ij,...kl->...ikjl", eye, jnp.conj(root))
    system = (left + right).reshape(*root.shape[:-2], size * size, size * size)
    unknowns = jnp.linalg.solve(system, given.reshape(*root.shape[:-2], size * size, 1))
    return unknowns.reshape(root.shape)


LOGARITHM = _host_function("MatrixLogarithm", "logm")
SQUARE_ROOT = _host_function(
    "MatrixSquareRoot", "sqrtm", lambda inputs, outputs, given, attrs: [_SQUARE_ROOT_SLOPE(outputs[0], given[0])]
)
PSEUDO_INVERSE = Op("PseudoInverse", widened(lambda x, *, rcond: jnp.linalg.pinv(x, rtol=rcond)))
MATRIX_RANK = Op(
    "MatrixRank",
    lambda x, *, tol: (
        jnp.sum(_singular(x) > _tolerance(x, tol), -1, dtype=np.int32) if x.size else jnp.zeros(x.shape[:-2], np.int32)
    ),
    differentiable=False,
)


@widened
def _singular(x: Any) -> Any:
    return jnp.linalg.svd(x, compute_uv=False)


def _tolerance(x: Any, tol: float | None) -> Any:
    if tol is not None:
        return tol
    largest = jnp.max(_singular(x), -1, keepdims=True)
    return np.finfo(x.dtype).eps * max(x.shape[-2:]) * largest


def expm(input: Any, name: str | None = None) -> Tensor:
    """Computes the exponential of square matrices.

    >>> tf.linalg.expm([[0.0, 0.0], [0.0, 0.0]]).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return EXPONENTIAL(tensor_of(input, "MatrixExponential", INEXACT), name=name)


def logm(input: Any, name: str | None = None) -> Tensor:
    """Computes the principal logarithm of complex square matrices (on the host, without gradient).

    >>> tf.linalg.logm(tf.cast(tf.eye(1), tf.complex64)).numpy()
    array([[0.+0.j]], dtype=complex64)
    """
    return LOGARITHM(tensor_of(input, "MatrixLogarithm", COMPLEX), name=name)


def sqrtm(input: Any, name: str | None = None) -> Tensor:
    """Computes the square root of square matrices (on the host).

    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy()
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    return SQUARE_ROOT(tensor_of(input, "MatrixSquareRoot", INEXACT), name=name)


def pinv(a: Any, rcond: float | None = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Computes the Moore-Penrose pseudo-inverse of matrices.

    Args:
        a: Matrices.
        rcond: Singular values below this part of the largest count as 0; ten times the longer side and the dtype's
            epsilon by default.
        validate_args: Accepted for compatibility.
        name: A name for the operation.

    >>> tf.linalg.pinv([[2.0], [0.0]]).numpy()
    array([[0.5, 0. ]], dtype=float32)
    """
    return PSEUDO_INVERSE(
        tensor_of(a, "PseudoInverse", FLOATING), rcond=None if rcond is None else float(rcond), name=name
    )


def matrix_rank(a: Any, tol: float | None = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Counts the singular values above `tol`.

    >>> tf.linalg.matrix_rank([[1.0, 0.0], [2.0, 0.0]]).numpy()
    np.int32(1)
    """
    return MATRIX_RANK(tensor_of(a, "MatrixRank", FLOATING), tol=None if tol is None else float(tol), name=name)
