"""`tf.math` over axes: reductions, scans, sorting and ranking, segments, counting."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from tests.goldens.case import Case, bools, complexes, floats, ints
from tests.goldens.runner import resolve

X = floats(2, 3, 4)
POSITIVE = floats(2, 3, 4, low=0.1, high=3.0)
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], np.float32)
N = ints(2, 3, 4)
B = bools(2, 3, 4)
Z = complexes(2, 3, 4)
MATRIX = floats(2, 3)
EMPTY = np.zeros((0, 3), np.float32)
AXES: dict[str, Any] = {"all": None, "last": -1, "pair": [0, 2], "none": []}


def _reduce(
    name: str, variant: str, args: np.ndarray, axis: Any = None, keepdims: bool = False, **options: Any
) -> Case:
    def fn(tf: Any, x: Any) -> Any:
        return resolve(tf, f"math.{name}")(x, axis=axis, keepdims=keepdims)

    return Case(f"math.{name}{variant and '/' + variant}", fn, [args], **options)


def _reductions() -> list[Case]:
    floating = (
        "reduce_sum",
        "reduce_mean",
        "reduce_max",
        "reduce_min",
        "reduce_prod",
        "reduce_std",
        "reduce_variance",
        "reduce_logsumexp",
        "reduce_euclidean_norm",
    )
    cases = []
    for name in floating:
        # TensorFlow's product gradient is made of cumulative products of a permuted copy: no static shapes there.
        options = {"rtol": 2e-5, "atol": 2e-6}
        cases += [_reduce(name, v if v != "all" else "", X, a, **options) for v, a in AXES.items()]
        cases.append(_reduce(name, "keepdims", X, 1, True, **options))
        cases.append(_reduce(name, "keepdims_all", X, None, True, grad2=False, **options))
        cases.append(_reduce(name, "float64", X.astype(np.float64), 0, grad2=False))
        cases.append(_reduce(name, "scalar", np.float32(1.5), grad2=False))
    for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"):
        cases.append(_reduce(name, "int32", N, 1))
        cases.append(_reduce(name, "int64", N.astype(np.int64), -2))
        cases.append(_reduce(name, "float16", X.astype(np.float16), 1, grad2=False))
        cases.append(_reduce(name, "bfloat16", X.astype(ml_dtypes.bfloat16), 1, grad=False))
        cases.append(_reduce(name, "empty", EMPTY, 0, grad2=False))
    for name in ("reduce_sum", "reduce_mean", "reduce_prod", "reduce_std", "reduce_variance"):
        cases.append(_reduce(name, "complex", Z, 1, grad2=False, rtol=1e-4, atol=1e-5))
    for name in ("reduce_max", "reduce_min", "reduce_logsumexp"):
        cases.append(_reduce(name, "ties", TIES, 1, grad2=False))
    for name in ("reduce_prod", "reduce_euclidean_norm", "reduce_std", "reduce_logsumexp"):
        cases.append(_reduce(name, "zeros", np.array([[0.0, 2.0], [0.0, 0.0]], np.float32), 1, grad2=False))
    infinite = np.array([[-np.inf, -np.inf], [np.inf, 0.0]], np.float32)
    cases.append(_reduce("reduce_logsumexp", "infinite", infinite, 1, grad=False))
    for name in ("reduce_all", "reduce_any"):
        cases += [_reduce(name, v if v != "all" else "", B, a) for v, a in AXES.items()]
        cases.append(_reduce(name, "keepdims", B, 1, True))
    for name in ("count_nonzero",):
        cases += [_reduce(name, "", N), _reduce(name, "axis", N, 1), _reduce(name, "bool", B, [0, 1], True)]
        cases.append(Case("math.count_nonzero/dtype", lambda tf, n: tf.math.count_nonzero(n, dtype=tf.int32), [N]))
        cases.append(Case("math.count_nonzero/float", lambda tf, x: tf.math.count_nonzero(x, axis=0), [TIES]))
    cases += [
        Case("math.reduce_sum/operator_python", lambda tf: tf.reduce_sum([[1, 2], [3, 4]])),
        Case("math.reduce_mean/python", lambda tf: tf.reduce_mean([1.0, 2.0, 4.0], 0)),
        Case("math.reduce_sum/tensor_axis", lambda tf, x: tf.reduce_sum(x, tf.constant([0, 1])), [X]),
        Case("math.zero_fraction", lambda tf, n: tf.math.zero_fraction(n), [N]),
        Case("math.zero_fraction/float", lambda tf, x: tf.math.zero_fraction(x), [TIES]),
    ]
    return cases


def _scans() -> list[Case]:
    cases = []
    for name in ("cumsum", "cumprod", "cumulative_logsumexp"):
        for exclusive in (False, True):
            for reverse in (False, True):
                variant = "_".join(["exclusive"] * exclusive + ["reverse"] * reverse)

                def fn(tf: Any, x: Any, name: str = name, e: bool = exclusive, r: bool = reverse) -> Any:
                    return resolve(tf, f"math.{name}")(x, axis=1, exclusive=e, reverse=r)

                grad2 = name == "cumsum" and not variant
                cases.append(
                    Case(
                        f"math.{name}{variant and '/' + variant}",
                        fn,
                        [X],
                        grad2=grad2,
                        rtol=2e-5,
                        atol=1e-5,
                        grad=name != "cumulative_logsumexp" or not exclusive,
                    )
                )
    cases += [
        Case("math.cumsum/default", lambda tf, x: tf.cumsum(x), [MATRIX]),
        Case("math.cumsum/int", lambda tf, n: tf.cumsum(n, axis=-1), [N]),
        Case("math.cumprod/int", lambda tf, n: tf.math.cumprod(n, axis=-1), [N]),
        Case("math.cumsum/float16", lambda tf, x: tf.cumsum(x, axis=0), [MATRIX.astype(np.float16)], grad2=False),
    ]
    return cases


def _arg(name: str) -> list[Case]:
    def fn(axis: Any = None, **options: Any) -> Any:
        return lambda tf, x: resolve(tf, f"math.{name}")(x, axis, **options)

    return [
        Case(f"math.{name}", fn(), [X]),
        Case(f"math.{name}/last", fn(-1), [X]),
        Case(f"math.{name}/vector", fn(), [MATRIX[0]]),
        Case(f"math.{name}/ties", fn(1), [TIES]),
        Case(f"math.{name}/int32_out", lambda tf, x: resolve(tf, f"math.{name}")(x, 1, tf.int32), [X]),
        Case(f"math.{name}/ints", fn(0), [N]),
        Case(f"math.{name}/bool", fn(0), [B])
        if name == "argmax"
        else Case(f"math.{name}/uint8", fn(0), [N.astype("u1")]),
        Case(f"math.{name}/error_axis", fn(3), [X], raises=True),
    ]


def _ranking() -> list[Case]:
    predictions = np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]], np.float32)
    return [
        *_arg("argmax"),
        *_arg("argmin"),
        Case("sort", lambda tf, x: tf.sort(x), [X], grad2=False),
        Case("sort/descending", lambda tf, x: tf.sort(x, direction="DESCENDING"), [X], grad2=False),
        Case("sort/axis", lambda tf, x: tf.sort(x, axis=0), [X], grad=False),
        Case("sort/int", lambda tf, n: tf.sort(n, axis=1, direction="DESCENDING"), [N]),
        Case("sort/nonfinite", lambda tf: tf.sort(tf.constant([3.0, -np.inf, np.inf, 0.5]))),
        Case("argsort", lambda tf, x: tf.argsort(x), [X]),
        Case("argsort/descending", lambda tf, x: tf.argsort(x, direction="DESCENDING"), [X]),
        Case("argsort/axis", lambda tf, x: tf.argsort(x, axis=0, stable=True), [X]),
        Case("argsort/ties", lambda tf, x: tf.argsort(x, stable=True), [TIES]),
        Case("argsort/ties_descending", lambda tf, x: tf.argsort(x, direction="DESCENDING", stable=True), [TIES]),
        Case("sort/error_direction", lambda tf, x: tf.sort(x, direction="UP"), [X], raises=True),
        Case("math.top_k", lambda tf, x: tf.math.top_k(x, 2), [X]),
        Case("math.top_k/default", lambda tf, x: tf.math.top_k(x), [X], grad2=False),
        Case("math.top_k/ties", lambda tf, x: tf.math.top_k(x, k=2), [TIES], grad2=False),
        Case("math.top_k/int", lambda tf, n: tf.math.top_k(n, k=3).values, [N]),
        Case("math.top_k/index_type", lambda tf, n: tf.math.top_k(n, k=3, index_type=tf.int64).indices, [N]),
        Case("math.top_k/error_large", lambda tf, x: tf.math.top_k(x, k=9), [X], raises=True),
        Case("math.in_top_k", lambda tf, p: tf.math.in_top_k([1, 0], p, 1), [predictions], grad=False),
        Case(
            "math.in_top_k/two",
            lambda tf, p: tf.math.in_top_k(targets=[2, 1], predictions=p, k=2),
            [predictions],
            grad=False,
        ),
        Case("math.approx_max_k", lambda tf, x: tf.math.approx_max_k(x, 2), [floats(3, 8)], grad=False, unknown=False),
        Case("math.invert_permutation", lambda tf, p: tf.math.invert_permutation(p), [np.array([2, 0, 1], np.int32)]),
        Case(
            "math.invert_permutation/error",
            lambda tf, p: tf.math.invert_permutation(p),
            [np.array([0, 0, 1], np.int32)],
            raises=True,
            function=False,
        ),
    ]


def _segments() -> list[Case]:
    x, ids = floats(5, 2), np.array([0, 0, 1, 3, 3], np.int32)
    mixed = np.array([1, 0, -1, 3, 1], np.int32)
    cases = []
    for name in ("sum", "mean", "max", "min", "prod"):

        def segment(tf: Any, x: Any, ids: Any, name: str = name) -> Any:
            return resolve(tf, f"math.segment_{name}")(x, ids)

        # The number of segments is a value, so its static size depends on how much is folded.
        options: dict[str, Any] = {"static": "refines", "grad2": name in ("sum", "mean"), "function": False}
        cases.append(Case(f"math.segment_{name}", segment, [x, ids], grad=name != "prod", **options))
        cases.append(
            Case(
                f"math.segment_{name}/ids_known",
                lambda tf, x, s=segment: s(tf, x, tf.constant(ids)),
                [x],
                grad=name != "prod",
                static="refines",
                grad2=False,
            )
        )
        if name != "mean":
            cases.append(Case(f"math.segment_{name}/int", segment, [ints(5, 2), ids.astype(np.int64)], function=False))
    for name in ("sum", "mean", "max", "min", "prod", "sqrt_n"):

        def unsorted(tf: Any, x: Any, ids: Any, name: str = name) -> Any:
            return resolve(tf, f"math.unsorted_segment_{name}")(x, ids, 4)

        grad2 = name in ("sum", "mean")
        cases.append(Case(f"math.unsorted_segment_{name}", unsorted, [x, mixed], grad2=grad2))
        cases.append(
            Case(
                f"math.unsorted_segment_{name}/matrix_ids",
                unsorted,
                [floats(2, 3, 2), ints(2, 3, low=0, high=4)],
                grad2=grad2,
                static="refines",
            )
        )
        if name not in ("mean", "sqrt_n"):
            cases.append(Case(f"math.unsorted_segment_{name}/int", unsorted, [ints(5, 2), mixed]))
    ties = np.array([[1.0], [1.0], [2.0], [2.0], [2.0]], np.float32)
    for name in ("max", "min"):

        def tied(tf: Any, x: Any, name: str = name) -> Any:
            return resolve(tf, f"math.unsorted_segment_{name}")(x, tf.constant([0, 0, 1, 1, 2]), 3)

        cases.append(Case(f"math.unsorted_segment_{name}/ties", tied, [ties], grad2=False))
    return cases


def _counting() -> list[Case]:
    n = np.array([1, 1, 2, 0, 5, 2], np.int32)
    w = floats(6, seed=4)
    square = np.array([[1, 0, 2], [2, 2, 2]], np.int32)
    fixed: dict[str, Any] = {"static": "refines"}
    return [
        Case("math.bincount", lambda tf, n: tf.math.bincount(n), [n], function=False),
        Case("math.bincount/lengths", lambda tf, n: tf.math.bincount(n, minlength=4, maxlength=4), [n], **fixed),
        Case(
            "math.bincount/weights",
            lambda tf, n: tf.math.bincount(n, weights=tf.constant(w), minlength=8, maxlength=8),
            [n],
            **fixed,
        ),
        Case(
            "math.bincount/dtype",
            lambda tf, n: tf.math.bincount(n, minlength=6, maxlength=6, dtype=tf.int64),
            [n],
            **fixed,
        ),
        Case(
            "math.bincount/axis",
            lambda tf, n: tf.math.bincount(n, axis=-1, minlength=4, maxlength=4),
            [square],
            **fixed,
        ),
        Case(
            "math.bincount/binary",
            lambda tf, n: tf.math.bincount(n, axis=-1, minlength=4, maxlength=4, binary_output=True),
            [square],
            **fixed,
        ),
        Case(
            "math.confusion_matrix",
            lambda tf, a, b: tf.math.confusion_matrix(a, b, num_classes=3),
            [np.array([1, 2, 0, 2], np.int32), np.array([1, 1, 0, 2], np.int32)],
            **fixed,
        ),
        Case("math.confusion_matrix/eager", lambda tf: tf.math.confusion_matrix([1, 2, 4], [2, 2, 4]), function=False),
        Case(
            "math.confusion_matrix/weights",
            lambda tf, a, b: tf.math.confusion_matrix(
                a, b, num_classes=3, weights=[0.5, 1.0, 2.0, 0.25], dtype=tf.float32
            ),
            [np.array([1, 2, 0, 2]), np.array([1, 1, 0, 2])],
            **fixed,
        ),
        Case("histogram_fixed_width", lambda tf, x: tf.histogram_fixed_width(x, [-2.0, 2.0], nbins=5), [X], grad=False),
        Case(
            "histogram_fixed_width_bins",
            lambda tf, x: tf.histogram_fixed_width_bins(x, [-1.0, 1.0], nbins=5),
            [X],
            grad=False,
        ),
        Case("math.sobol_sample", lambda tf: tf.math.sobol_sample(3, 5, skip=1), atol=1e-6),
    ]


def _softmax() -> list[Case]:
    return [
        Case("math.softmax", lambda tf, x: tf.math.softmax(x), [MATRIX]),
        Case("math.softmax/axis", lambda tf, x: tf.math.softmax(x, axis=1), [X], rankless=False),
        Case("math.log_softmax", lambda tf, x: tf.math.log_softmax(x), [MATRIX]),
        Case("math.log_softmax/axis", lambda tf, x: tf.math.log_softmax(x, axis=0), [X], rankless=False),
        Case("math.l2_normalize", lambda tf, x: tf.math.l2_normalize(x, axis=1), [MATRIX]),
        Case("math.l2_normalize/all", lambda tf, x: tf.math.l2_normalize(x), [MATRIX]),
        Case("math.l2_normalize/axes", lambda tf, x: tf.math.l2_normalize(x, axis=[0, 2]), [X]),
        Case(
            "math.l2_normalize/zeros",
            lambda tf, x: tf.math.l2_normalize(x, axis=0),
            [np.zeros((2, 3), np.float32)],
            grad2=False,
        ),
    ]


def _errors() -> list[Case]:
    return [
        Case("math.reduce_sum/error_axis", lambda tf, x: tf.reduce_sum(x, axis=5), [X], raises=True),
        Case("math.reduce_sum/error_bool", lambda tf, b: tf.reduce_sum(b), [B], raises=True),
        Case("math.reduce_any/error_float", lambda tf, x: tf.reduce_any(x), [X], raises=True),
        Case("math.reduce_mean/error_string", lambda tf: tf.reduce_mean(tf.constant(["a"])), raises=True),
        Case("math.cumsum/error_axis", lambda tf, x: tf.cumsum(x, axis=4), [X], raises=True),
        Case("math.reduce_std/error_int", lambda tf, n: tf.math.reduce_std(n), [N], raises=True),
    ]


CASES = [*_reductions(), *_scans(), *_ranking(), *_segments(), *_counting(), *_softmax(), *_errors()]
