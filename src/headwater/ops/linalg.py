"""`tf.linalg`: products, factorizations, solvers, diagonals, norms; each defined in the private module of its kind."""

from __future__ import annotations

from headwater.ops._clip import global_norm
from headwater.ops._create import eye
from headwater.ops._decompose import (
    cholesky,
    det,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    inv,
    logdet,
    lu,
    lu_matrix_inverse,
    lu_reconstruct,
    lu_solve,
    qr,
    slogdet,
    svd,
)
from headwater.ops._diagonal import band_part, diag, diag_part, set_diag, tensor_diag, tensor_diag_part, trace
from headwater.ops._matrix_functions import expm, logm, matrix_rank, pinv, sqrtm
from headwater.ops._norm import norm, normalize
from headwater.ops._normalization import l2_normalize
from headwater.ops._products import MATMUL, adjoint, cross, einsum, matmul, matrix_transpose, matvec, tensordot
from headwater.ops._solve import (
    banded_triangular_solve,
    cholesky_solve,
    lstsq,
    solve,
    triangular_solve,
    tridiagonal_matmul,
    tridiagonal_solve,
)

__all__ = [
    "MATMUL",
    "adjoint",
    "band_part",
    "banded_triangular_solve",
    "cholesky",
    "cholesky_solve",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "einsum",
    "expm",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "logm",
    "lstsq",
    "lu",
    "lu_matrix_inverse",
    "lu_reconstruct",
    "lu_solve",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "normalize",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "sqrtm",
    "svd",
    "tensor_diag",
    "tensor_diag_part",
    "tensordot",
    "trace",
    "triangular_solve",
    "tridiagonal_matmul",
    "tridiagonal_solve",
]  # fmt: skip

# What the root namespace takes from here, under its name there.
ROOT_NAMES = {
    "eig": eig, "eigvals": eigvals, "einsum": einsum, "matmul": matmul, "matrix_square_root": sqrtm, "norm": norm,
    "tensordot": tensordot,
}  # fmt: skip
