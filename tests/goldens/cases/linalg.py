"""`tf.linalg`: products, decompositions, solvers, diagonals, norms."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tests.goldens.case import Case, complexes, floats, ints
from tests.goldens.runner import resolve

X = floats(2, 3)
Y = floats(3, 4, seed=1)
BATCH = floats(2, 3, 4)
OTHER = floats(2, 4, 3, seed=1)
VECTOR = floats(3, seed=2)
SQUARE = floats(3, 3, seed=4) + 3 * np.eye(3, dtype=np.float32)
SQUARES = floats(2, 3, 3, seed=5) + 3 * np.eye(3, dtype=np.float32)
SPD = (SQUARES @ SQUARES.transpose(0, 2, 1)).astype(np.float32)
SYMMETRIC = (SQUARE + SQUARE.T).astype(np.float32)
RIGHT = floats(3, 2, seed=6)
RIGHTS = floats(2, 3, 2, seed=6)
Z = complexes(2, 3)
LOOSE: dict[str, Any] = {"rtol": 2e-4, "atol": 2e-5}


def _call(tf: Any, *args: Any, symbol: str, **options: Any) -> Any:
    return resolve(tf, symbol)(*args, **options)


def _case(name: str, *args: np.ndarray, call: dict[str, Any] | None = None, **options: Any) -> Case:
    """The function at `name` on these tensors, with the keyword arguments `call`."""
    symbol = "linalg." + name.split("/")[0]
    return Case("linalg." + name, functools.partial(_call, symbol=symbol, **(call or {})), args, **options)


def _products() -> list[Case]:
    t, u = floats(3, 2), floats(4, 3, seed=1)
    return [
        _case("matmul", X, Y),
        _case("matmul/batch", BATCH, OTHER),
        _case("matmul/broadcast", BATCH, floats(4, 2)),
        _case("matmul/transpose_a", t, Y, call={"transpose_a": True}),
        _case("matmul/transpose_b", X, u, call={"transpose_b": True}),
        _case("matmul/transpose_both", t, u, call={"transpose_a": True, "transpose_b": True}),
        _case("matmul/adjoint_a", Z, complexes(2, 2), call={"adjoint_a": True}, grad2=False, rtol=1e-4),
        _case("matmul/adjoint_b", Z, Z, call={"adjoint_b": True}, grad2=False, rtol=1e-4),
        _case("matmul/int", ints(2, 3), ints(3, 2)),
        _case("matmul/float64", X.astype(float), Y.astype(float)),
        _case("matmul/float16", X.astype(np.float16), Y.astype(np.float16), grad2=False),
        _case(
            "matmul/output_type", ints(2, 3, dtype=np.int8), ints(3, 2, dtype=np.int8), call={"output_type": np.int32}
        ),
        _case("matmul/error_inner", X, X, raises=True),
        _case("matmul/error_dtype", X, Y.astype(float), raises=True),
        _case("matmul/error_vector", X, VECTOR, raises=True),
        _case("matmul/error_flags", X, Y, call={"transpose_a": True, "adjoint_a": True}, raises=True),
        _case("matvec", X, VECTOR),
        _case("matvec/transpose", t, VECTOR, call={"transpose_a": True}),
        _case("matvec/batch", BATCH, floats(2, 4)),
        Case(
            "tensordot", lambda tf, a, b: tf.tensordot(a, b, 1), [BATCH, floats(4, 2)], static="refines", rankless=False
        ),
        Case(
            "tensordot/axes",
            lambda tf, a, b: tf.tensordot(a, b, [[1, 2], [2, 1]]),
            [BATCH, OTHER],
            static="refines",
            rankless=False,
        ),
        Case(
            "tensordot/outer",
            lambda tf, a, b: tf.tensordot(a, b, axes=0),
            [VECTOR, floats(2)],
            static="refines",
            rankless=False,
        ),
        Case(
            "tensordot/pair", lambda tf, a, b: tf.tensordot(a, b, axes=(1, 0)), [X, Y], static="refines", rankless=False
        ),
        *(
            Case(f"einsum/{i}", lambda tf, *a, e=e: tf.einsum(e, *a), args, static="refines")
            for i, (e, args) in enumerate(
                (
                    ("ij,jk->ik", [X, Y]),
                    ("bij,bjk->bik", [BATCH, OTHER]),
                    ("ij->ji", [X]),
                    ("ij->", [X]),
                    ("ii->i", [SQUARE]),
                    ("i,j->ij", [VECTOR, floats(2)]),
                    ("...ij,...jk->...ik", [BATCH, OTHER]),
                    ("ij,jk", [X, Y]),
                    ("bij,bij->b", [BATCH, BATCH]),
                    ("abc,cd,de->abe", [BATCH, floats(4, 2), floats(2, 2)]),
                )
            )
        ),
        Case("einsum/error", lambda tf, a, b: tf.einsum("ij,jk->ik", a, b), [X, X], raises=True),
        _case("cross", floats(2, 3), floats(2, 3, seed=1)),
        _case("matrix_transpose", BATCH),
        _case("matrix_transpose/conjugate", Z, call={"conjugate": True}, grad2=False),
        _case("adjoint", Z, grad2=False),
        _case("adjoint/real", BATCH),
    ]


def _diagonals() -> list[Case]:
    return [
        _case("diag", VECTOR),
        _case("diag/batch", X, static="refines"),
        _case("diag/k", VECTOR, call={"k": 1}, static="refines", unknown=False),
        _case("diag/k_band", floats(2, 3), call={"k": (-1, 0)}, static="refines", unknown=False),
        _case("diag/padding", VECTOR, call={"k": -1, "padding_value": 9.0}, static="refines", unknown=False),
        _case("diag/shape", VECTOR, call={"num_rows": 3, "num_cols": 5}, static="refines", unknown=False),
        _case("diag_part", SQUARE),
        _case("diag_part/batch", BATCH, static="refines"),
        _case("diag_part/k", BATCH, call={"k": 1}, static="refines", unknown=False),
        _case("diag_part/k_band", BATCH, call={"k": (-1, 1)}, static="refines", unknown=False),
        _case(
            "diag_part/align",
            BATCH,
            call={"k": (-1, 1), "align": "LEFT_RIGHT", "padding_value": 7.0},
            static="refines",
            unknown=False,
        ),
        _case("set_diag", SQUARE, VECTOR),
        _case("set_diag/batch", BATCH, floats(2, 3, seed=9), static="refines"),
        _case("set_diag/k", BATCH, floats(2, 3, seed=9), call={"k": 1}, static="refines", unknown=False),
        _case("set_diag/k_band", BATCH, floats(2, 2, 3, seed=9), call={"k": (-1, 0)}, static="refines", unknown=False),
        Case("linalg.band_part", lambda tf, x: tf.linalg.band_part(x, 1, 0), [BATCH]),
        Case("linalg.band_part/lower", lambda tf, x: tf.linalg.band_part(x, -1, 0), [BATCH]),
        Case("linalg.band_part/upper", lambda tf, x: tf.linalg.band_part(x, 0, -1), [BATCH]),
        Case("linalg.band_part/int", lambda tf, x: tf.linalg.band_part(x, 1, 1), [ints(3, 3)]),
        _case("trace", SQUARE),
        _case("trace/batch", BATCH),
        _case("tensor_diag", VECTOR),
        _case("tensor_diag/matrix", X),
        _case("tensor_diag_part", SQUARE),
        _case("tensor_diag_part/four", floats(2, 3, 2, 3), static="refines"),
        Case("linalg.eye", lambda tf: tf.linalg.eye(2, 3)),
    ]


def _decompositions() -> list[Case]:
    def rebuilt_svd(tf: Any, x: Any) -> Any:
        s, u, v = tf.linalg.svd(x)
        return s, tf.matmul(u * s[..., tf.newaxis, :], v, adjoint_b=True)

    def rebuilt_qr(tf: Any, x: Any) -> Any:
        q, r = tf.linalg.qr(x)
        return tf.matmul(q, r), tf.abs(tf.linalg.diag_part(r))

    def rebuilt_eigh(tf: Any, x: Any) -> Any:
        e, v = tf.linalg.eigh(x)
        return e, tf.matmul(v * e[..., tf.newaxis, :], v, adjoint_b=True)

    def full_shapes(tf: Any, x: Any) -> Any:
        s, u, v = tf.linalg.svd(x, full_matrices=True)
        q, r = tf.linalg.qr(x, full_matrices=True)
        return s, tf.abs(tf.linalg.det(u)), tf.abs(tf.linalg.det(v)), tf.abs(tf.linalg.det(q)), tf.matmul(q, r)

    once: dict[str, Any] = {**LOOSE, "grad2": False}
    return [
        _case("inv", SQUARES, **LOOSE),
        _case("inv/adjoint", SQUARE, call={"adjoint": True}, **once),
        _case("inv/error_singular", np.zeros((2, 2), np.float32), raises=True, function=False),
        _case("inv/error_shape", X, raises=True),
        _case("det", SQUARES, **LOOSE),
        _case("det/float64", SQUARE.astype(float), **once),
        _case("logdet", SPD, **once),
        _case("slogdet", SQUARES, **once),
        _case("slogdet/negative", -SQUARES, **once),
        _case("cholesky", SPD, **once),
        _case("cholesky/float64", SPD.astype(float), grad2=False),
        Case(
            "linalg.cholesky/indefinite",
            lambda tf, x: tf.math.is_nan(tf.linalg.trace(tf.linalg.cholesky(x))),
            [-SPD[0]],
            grad=False,
        ),
        Case("linalg.svd", rebuilt_svd, [floats(4, 3)], **once, static="refines", unknown=False),
        Case("linalg.svd/batch", rebuilt_svd, [BATCH], **once, static="refines", unknown=False),
        _case("svd/values", BATCH, call={"compute_uv": False}, **once, static="refines"),
        Case("linalg.svd/full", full_shapes, [floats(4, 3)], **once, grad=False, static="refines"),
        Case("linalg.qr", rebuilt_qr, [floats(4, 3)], **once, static="refines", unknown=False),
        Case("linalg.qr/batch", rebuilt_qr, [SQUARES], **once, static="refines", unknown=False),
        Case("linalg.eigh", rebuilt_eigh, [SYMMETRIC], **once, static="refines"),
        Case("linalg.eigh/batch", rebuilt_eigh, [SPD], **once, static="refines"),
        _case("eigvalsh", SPD, **once, static="refines"),
        Case(
            "linalg.eigvals",
            lambda tf, x: tf.sort(tf.abs(tf.linalg.eigvals(x))),
            [SQUARE],
            **once,
            grad=False,
            static="refines",
        ),
        Case(
            "linalg.eig",
            lambda tf, x: tf.sort(tf.abs(tf.linalg.eig(x)[0])),
            [SQUARE],
            **once,
            grad=False,
            static="refines",
        ),
        Case("linalg.lu", lambda tf, x: tf.linalg.lu(x), [SQUARES], **once, static="refines", grad=False),
        Case(
            "linalg.lu_reconstruct",
            lambda tf, x: tf.linalg.lu_reconstruct(*tf.linalg.lu(x)),
            [SQUARES],
            **once,
            static="refines",
            grad=False,
            rankless=False,
        ),
        Case(
            "linalg.lu_solve",
            lambda tf, x, b: tf.linalg.lu_solve(*tf.linalg.lu(x), b),
            [SQUARES, RIGHTS],
            **once,
            static="refines",
            grad=False,
            rankless=False,
        ),
        Case(
            "linalg.lu_matrix_inverse",
            lambda tf, x: tf.linalg.lu_matrix_inverse(*tf.linalg.lu(x)),
            [SQUARES],
            **once,
            static="refines",
            grad=False,
            rankless=False,
        ),
        _case("expm", SQUARES / 4, **once, static="refines", rankless=False),
        _case("logm", SPD.astype(np.complex64), **once, grad=False, static="refines"),
        _case("sqrtm", SPD, **once, static="refines", grad=False),
        _case("pinv", floats(4, 3), **once, static="refines", unknown=False),
        _case("matrix_rank", floats(4, 3), grad=False, static="refines"),
    ]


def _solving() -> list[Case]:
    lower = np.tril(SQUARES)
    once: dict[str, Any] = {**LOOSE, "grad2": False, "static": "refines"}
    bands = floats(3, 4, low=1.0, high=2.0) + np.array([[0], [4], [0]], np.float32)
    return [
        _case("solve", SQUARES, RIGHTS, **LOOSE),
        _case("solve/adjoint", SQUARE, RIGHT, call={"adjoint": True}, **once),
        _case("solve/error_shape", SQUARE, floats(2, 2), raises=True),
        _case("triangular_solve", lower, RIGHTS, **once),
        _case("triangular_solve/upper", np.triu(SQUARE), RIGHT, call={"lower": False}, **once),
        _case("triangular_solve/adjoint", np.tril(SQUARE), RIGHT, call={"adjoint": True}, **once),
        _case("cholesky_solve", np.linalg.cholesky(SPD), RIGHTS, **once),
        _case("lstsq", floats(4, 3), floats(4, 2, seed=1), **once, rankless=False),
        _case(
            "lstsq/regularized",
            floats(4, 3),
            floats(4, 2, seed=1),
            call={"l2_regularizer": 0.3},
            **once,
            rankless=False,
        ),
        _case("lstsq/wide", floats(3, 4), floats(3, 2, seed=1), **once, rankless=False, unknown=False),
        _case("tridiagonal_solve", bands, floats(4, 2), call={"diagonals_format": "compact"}, **once, rankless=False),
        _case("tridiagonal_matmul", bands, floats(4, 2), call={"diagonals_format": "compact"}, **once, rankless=False),
        _case("banded_triangular_solve", bands[:2] + 2, floats(4, 2), **once),
    ]


def _norms() -> list[Case]:
    zeros = np.zeros((2, 3), np.float32)
    return [
        _case("norm", X),
        _case("norm/axis", X, call={"axis": 1}),
        _case("norm/keepdims", BATCH, call={"axis": -1, "keepdims": True}),
        _case("norm/one", X, call={"ord": 1, "axis": 1}, grad2=False),
        _case("norm/inf", X, call={"ord": np.inf, "axis": 0}, grad2=False),
        _case("norm/three", X, call={"ord": 3, "axis": 1}, grad2=False),
        _case("norm/frobenius", BATCH, call={"ord": "fro", "axis": [-2, -1]}),
        _case("norm/matrix_one", BATCH, call={"ord": 1, "axis": [-2, -1]}, rankless=False, grad2=False),
        _case("norm/matrix_inf", BATCH, call={"ord": np.inf, "axis": [-2, -1]}, rankless=False, grad2=False),
        _case(
            "norm/matrix_two",
            BATCH,
            call={"ord": 2, "axis": [-2, -1]},
            rankless=False,
            grad2=False,
            static="refines",
            **LOOSE,
        ),
        _case("norm/zeros", zeros, grad2=False),
        _case("norm/zeros_axis", zeros, call={"axis": 1}, grad2=False),
        _case("norm/complex", Z, grad2=False, rtol=1e-4),
        _case("norm/error_ord", X, call={"ord": "nuc"}, raises=True),
        Case("norm/root", lambda tf, x: tf.norm(x, axis=0), [X]),
        _case("normalize", X),
        _case("normalize/axis", X, call={"axis": 1}),
        _case("l2_normalize", X, call={"axis": 1}),
    ]


CASES = [*_products(), *_diagonals(), *_decompositions(), *_solving(), *_norms()]
