"""Parts of tensors: indexing, slicing, gathering, scattering, selecting, partitioning, searching."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.goldens.case import Case, bools, floats, ints, strings

X = floats(2, 3)
Y = floats(2, 3, seed=1)
CUBE = floats(2, 3, 4)
ROW = floats(3, seed=2)
TABLE = floats(5, 2)
N = ints(2, 3)
IDS = np.array([3, 0, 3], np.int32)


def _indexing() -> list[Case]:
    """Python's brackets become StridedSlice."""
    return [
        Case("strided_slice/brackets", lambda tf, x: (x[0], x[-1], x[0, 1], x[..., 0], x[:, 1:]), [CUBE]),
        Case("strided_slice/steps", lambda tf, x: (x[::-1], x[:, ::2], x[:, 2:0:-1], x[1:, :-1, 1:3]), [CUBE]),
        Case("strided_slice/newaxis", lambda tf, x: (x[tf.newaxis], x[:, None, ..., 0], x[..., tf.newaxis]), [CUBE]),
        Case("strided_slice/empty", lambda tf, x: (x[2:], x[:, 3:1]), [CUBE], grad=False, static="refines"),
        Case(
            "strided_slice/tensor_index",
            lambda tf, x, i: (x[i], x[:, i]),
            [CUBE, np.array(1, np.int32)],
            rankless=False,
        ),
        Case(
            "strided_slice/tensor_bounds",
            lambda tf, x: x[: tf.shape(x)[0] - 1, 1:],
            [CUBE],
            static="refines",
            rankless=False,
        ),
        Case("strided_slice/string", lambda tf, s: (s[0], s[1:]), [strings(b"a", b"b", b"c")]),
        Case("strided_slice/mask", lambda tf, x: x[x > 0], [X], function=False, grad2=False),
        Case("strided_slice", lambda tf, x: tf.strided_slice(x, [0, 1], [2, 3], [1, 1]), [X]),
        Case(
            "strided_slice/flags",
            lambda tf, x: tf.strided_slice(
                x, [0, 0, 0], [2, 2, 4], [1, 1, 2], begin_mask=1, end_mask=2, shrink_axis_mask=1
            ),
            [CUBE],
        ),
        Case("strided_slice/error_index", lambda tf, x: x[2], [X], raises=True),
        Case("strided_slice/error_many", lambda tf, x: x[0, 0, 0], [X], raises=True),
        Case("strided_slice/error_float", lambda tf, x: x[1.5], [X], raises=True),
        Case("slice", lambda tf, x: tf.slice(x, [0, 1], [2, 2]), [X]),
        Case("slice/to_end", lambda tf, x: tf.slice(x, [1, 0, 1], [1, -1, 2]), [CUBE]),
        Case("slice/from_shape", lambda tf, x: tf.slice(x, [0, 1], [tf.shape(x)[0], 1]), [X], static="refines"),
        Case("slice/error", lambda tf, x: tf.slice(x, [0, 1], [2, 3]), [X], raises=True),
    ]


def _gathering() -> list[Case]:
    pairs = np.array([[0, 1], [1, 2]], np.int32)
    return [
        Case("gather", lambda tf, x, i: tf.gather(x, i), [TABLE, IDS]),
        Case("gather/matrix_ids", lambda tf, x, i: tf.gather(x, i), [TABLE, np.array([[0, 4], [2, 2]], np.int64)]),
        Case("gather/scalar", lambda tf, x: tf.gather(x, 2), [TABLE]),
        Case("gather/axis", lambda tf, x, i: tf.gather(x, i, axis=1), [CUBE, np.array([2, 0], np.int32)]),
        Case("gather/last", lambda tf, x: tf.gather(x, [0, 3, 3], axis=-1), [CUBE]),
        Case(
            "gather/batch",
            lambda tf, x, i: tf.gather(x, i, batch_dims=1),
            [X, np.array([[2, 0], [1, 1]], np.int32)],
            rankless=False,
        ),
        Case(
            "gather/batch_axis",
            lambda tf, x, i: tf.gather(x, i, axis=2, batch_dims=1),
            [CUBE, np.array([[3, 0], [1, 1]], np.int32)],
            rankless=False,
        ),
        Case("gather/int", lambda tf, n, i: tf.gather(n, i), [ints(5, 2), IDS]),
        Case("gather/string", lambda tf, s, i: tf.gather(s, i), [strings(b"a", b"b", b"c", b"d"), IDS]),
        Case("gather/error_float", lambda tf, x: tf.gather(x, x), [TABLE], raises=True),
        Case("gather/error_range", lambda tf, x: tf.gather(x, [7]), [TABLE], raises=True, function=False),
        Case("gather_nd", lambda tf, x, i: tf.gather_nd(x, i), [CUBE, pairs], fixed=[1]),
        Case("gather_nd/full", lambda tf, x: tf.gather_nd(x, [[0, 1, 2], [1, 1, 1]]), [CUBE]),
        Case(
            "gather_nd/batch",
            lambda tf, x, i: tf.gather_nd(x, i, batch_dims=1),
            [CUBE, np.array([[[2], [0]], [[1], [1]]], np.int32)],
            fixed=[1],
            rankless=False,
            static="refines",
        ),
        Case("gather_nd/error_range", lambda tf, x: tf.gather_nd(x, [[5]]), [X], raises=True, function=False),
        Case("boolean_mask", lambda tf, x, m: tf.boolean_mask(x, m), [X, bools(2, 3)], function=False, grad2=False),
        Case("boolean_mask/rows", lambda tf, x: tf.boolean_mask(x, [True, False]), [CUBE], function=False, grad2=False),
        Case(
            "boolean_mask/axis",
            lambda tf, x: tf.boolean_mask(x, [True, False, True], axis=1),
            [CUBE],
            function=False,
            grad2=False,
        ),
    ]


def _scattering() -> list[Case]:
    spots = np.array([[4], [1], [1]], np.int32)
    rows = floats(3, 2, seed=5)
    pairs = np.array([[0, 1], [1, 2], [0, 1]], np.int32)
    distinct = np.array([[4], [1]], np.int32)
    cases = [
        Case("scatter_nd", lambda tf, i, u: tf.scatter_nd(i, u, [5, 2]), [spots, rows]),
        Case("scatter_nd/points", lambda tf, i, u: tf.scatter_nd(i, u, tf.constant([2, 3])), [pairs, floats(3)]),
        Case("scatter_nd/int", lambda tf, i, u: tf.scatter_nd(i, u, [5, 2]), [spots, ints(3, 2)]),
        Case(
            "tensor_scatter_nd_update",
            lambda tf, x, i, u: tf.tensor_scatter_nd_update(x, i, u),
            [TABLE, distinct, floats(2, 2, seed=6)],
        ),
        Case(
            "tensor_scatter_nd_update/points",
            lambda tf, x, i, u: tf.tensor_scatter_nd_update(x, i, u),
            [X, pairs[:2], floats(2)],
        ),
        Case(
            "tensor_scatter_nd_update/error",
            lambda tf, x: tf.tensor_scatter_nd_update(x, [[9]], [[1.0, 2.0]]),
            [TABLE],
            raises=True,
            function=False,
        ),
        Case(
            "tensor_scatter_nd_update/error_shape",
            lambda tf, x: tf.tensor_scatter_nd_update(x, [[1]], [[1.0]]),
            [TABLE],
            raises=True,
        ),
    ]
    for name in ("add", "sub", "max", "min"):

        def scatter(tf: Any, x: Any, i: Any, u: Any, name: str = name) -> Any:
            return getattr(tf, f"tensor_scatter_nd_{name}")(x, i, u)

        cases.append(Case(f"tensor_scatter_nd_{name}", scatter, [TABLE, spots, rows], grad2=name in ("add", "sub")))
        cases.append(Case(f"tensor_scatter_nd_{name}/int", scatter, [ints(5, 2), spots, ints(3, 2, seed=1)]))
    return cases


def _selecting() -> list[Case]:
    mask = bools(2, 3)
    return [
        Case("where", lambda tf, c, x, y: tf.where(c, x, y), [mask, X, Y]),
        Case("where/broadcast", lambda tf, c, x: tf.where(c, x, 0.0), [mask, X]),
        Case("where/row", lambda tf, c, x, y: tf.where(c, x, y), [bools(3), X, ROW]),
        Case("where/operator", lambda tf, x: tf.where(x > 0, x, tf.zeros_like(x)), [X]),
        Case("where/int", lambda tf, n: tf.where(n > 0, n, -1), [N]),
        Case("where/string", lambda tf, c: tf.where(c, "yes", "no"), [mask]),
        Case("where/indices", lambda tf, c: tf.where(c), [mask], function=False),
        Case("where/indices_int", lambda tf, n: tf.where(n), [N], function=False),
        Case("where/indices_vector", lambda tf, c: tf.where([False, True, True]), [mask], function=False),
        Case(
            "where/nan_safe", lambda tf, x: tf.where(x > 0, tf.math.log(tf.where(x > 0, x, 1.0)), 0.0), [X], grad2=False
        ),
        Case("where/error_dtypes", lambda tf, c, x, n: tf.where(c, x, n), [mask, X, N], raises=True),
        Case("where/error_one", lambda tf, c, x: tf.where(c, x), [mask, X], raises=True),
        Case("unique", lambda tf, n: tf.unique(n), [np.array([4, 1, 4, 2, 1], np.int32)], function=False),
        Case(
            "unique/float",
            lambda tf, x: tf.unique(x)[0],
            [np.array([0.5, 0.5, 2.0], np.float32)],
            function=False,
            grad=False,
        ),
        Case(
            "unique/int64_index",
            lambda tf, n: tf.unique(n, out_idx=tf.int64).idx,
            [np.array([4, 1, 4])],
            function=False,
        ),
        Case("unique/string", lambda tf, s: tf.unique(s), [strings(b"b", b"a", b"b")], function=False),
        Case("unique/error_matrix", lambda tf, n: tf.unique(n), [N], raises=True),
        Case(
            "unique_with_counts",
            lambda tf, n: tf.unique_with_counts(n),
            [np.array([4, 1, 4, 2, 1], np.int32)],
            function=False,
        ),
        Case(
            "unique_with_counts/count",
            lambda tf, n: tf.unique_with_counts(n).count,
            [np.array([4, 1, 4])],
            function=False,
        ),
        Case(
            "dynamic_partition",
            lambda tf, x, p: tf.dynamic_partition(x, p, 3),
            [TABLE, np.array([0, 2, 0, 1, 2], np.int32)],
            function=False,
            grad2=False,
        ),
        Case(
            "dynamic_partition/vector",
            lambda tf, n: tf.dynamic_partition(n, [1, 0, 1], 2),
            [np.array([5, 6, 7], np.int32)],
            function=False,
        ),
        Case(
            "dynamic_stitch",
            lambda tf, x, y: tf.dynamic_stitch([[0, 2], [1, 3]], [x, y]),
            [floats(2, 2), floats(2, 2, seed=1)],
            unknown=False,
            grad2=False,
            static="refines",
        ),
        Case(
            "dynamic_stitch/overwrite",
            lambda tf, n: tf.dynamic_stitch([0, [1, 0]], [n[0], n[1:]]),
            [ints(3)],
            static="refines",
        ),
        Case(
            "searchsorted",
            lambda tf, x: tf.searchsorted([1.0, 3.0, 5.0], x),
            [np.array([0.0, 3.0, 4.0, 9.0], np.float32)],
            grad=False,
            static="refines",
        ),
        Case(
            "searchsorted/right",
            lambda tf, x: tf.searchsorted([1.0, 3.0, 5.0], x, side="right", out_type=tf.int64),
            [np.array([0.0, 3.0, 4.0, 9.0], np.float32)],
            grad=False,
            static="refines",
        ),
        Case(
            "searchsorted/batch",
            lambda tf, s, n: tf.searchsorted(s, n),
            [np.array([[1, 3, 5], [2, 4, 6]], np.int32), np.array([[3, 6], [1, 4]], np.int32)],
            static="refines",
        ),
    ]


CASES = [*_indexing(), *_gathering(), *_scattering(), *_selecting()]
