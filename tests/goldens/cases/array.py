"""Tensors made, reshaped, joined, cut and cast: the root namespace and `tf.dtypes`."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from tests.goldens.case import Case, bools, complexes, floats, ints, strings

X = floats(2, 3)
Y = floats(2, 3, seed=1)
CUBE = floats(2, 3, 4)
ROW = floats(3, seed=2)
N = ints(2, 3)
B = bools(2, 3)
Z = complexes(2, 3)
IMAGE = floats(1, 4, 4, 2)
SCALAR = np.float32(1.5)


def _shapes() -> list[Case]:
    return [
        Case("reshape", lambda tf, x: tf.reshape(x, [3, 2]), [X]),
        Case("reshape/infer", lambda tf, x: tf.reshape(x, [-1, 2]), [CUBE]),
        Case("reshape/flat", lambda tf, x: tf.reshape(x, [-1]), [X]),
        Case("reshape/scalar", lambda tf, x: tf.reshape(x, []), [floats(1, 1)], static="refines"),
        Case("reshape/from_shape", lambda tf, x: tf.reshape(x, [tf.shape(x)[0], -1]), [CUBE], static="refines"),
        Case("reshape/whole_shape", lambda tf, x, y: tf.reshape(x, tf.shape(y)), [floats(6), X], static="refines"),
        Case(
            "reshape/by_concat",
            lambda tf, x: tf.reshape(x, tf.concat([tf.shape(x)[:-1], [2, 2]], 0)),
            [CUBE],
            static="refines",
        ),
        Case("reshape/int64", lambda tf, n: tf.reshape(n, tf.constant([6], tf.int64)), [N]),
        Case("reshape/string", lambda tf, s: tf.reshape(s, [2, 1]), [strings(b"a", b"b")]),
        Case("reshape/error", lambda tf, x: tf.reshape(x, [4, 2]), [X], raises=True),
        Case("reshape/error_two_unknown", lambda tf, x: tf.reshape(x, [-1, -1]), [X], raises=True, function=False),
        Case("reshape/error_infer", lambda tf, x: tf.reshape(x, [-1, 4]), [X], raises=True),
        Case("transpose", lambda tf, x: tf.transpose(x), [CUBE]),
        Case("transpose/perm", lambda tf, x: tf.transpose(x, perm=[1, 0, 2]), [CUBE]),
        Case("transpose/conjugate", lambda tf, z: tf.transpose(z, conjugate=True), [Z], grad2=False),
        Case("transpose/vector", lambda tf, x: tf.transpose(x), [ROW]),
        Case("transpose/error", lambda tf, x: tf.transpose(x, [0, 1]), [CUBE], raises=True),
        Case("expand_dims", lambda tf, x: tf.expand_dims(x, 0), [X]),
        Case("expand_dims/last", lambda tf, x: tf.expand_dims(x, -1), [X]),
        Case("expand_dims/negative", lambda tf, x: tf.expand_dims(x, axis=-2), [X]),
        Case("expand_dims/error", lambda tf, x: tf.expand_dims(x, 4), [X], raises=True),
        Case("squeeze", lambda tf, x: tf.squeeze(x), [floats(1, 2, 1)]),
        Case("squeeze/axis", lambda tf, x: tf.squeeze(x, axis=[0]), [floats(1, 2, 1)]),
        Case("squeeze/negative", lambda tf, x: tf.squeeze(x, -1), [floats(1, 2, 1)]),
        Case("squeeze/error", lambda tf, x: tf.squeeze(x, axis=0), [X], raises=True),
        Case("shape", lambda tf, x: tf.shape(x), [CUBE]),
        Case("shape/int64", lambda tf, x: tf.shape(x, out_type=tf.int64), [CUBE]),
        Case("shape/indexed", lambda tf, x: tf.shape(x)[1], [CUBE]),
        Case("shape/scalar", lambda tf, x: tf.shape(x), [SCALAR], unknown=False),
        Case("shape_n", lambda tf, x, y: tf.shape_n([x, y]), [CUBE, X]),
        Case("size", lambda tf, x: tf.size(x), [CUBE]),
        Case("size/int64", lambda tf, x: tf.size(x, out_type=tf.int64), [X]),
        Case("rank", lambda tf, x: tf.rank(x), [CUBE]),
        Case("broadcast_to", lambda tf, x: tf.broadcast_to(x, [2, 3]), [ROW]),
        Case("broadcast_to/ones", lambda tf, x: tf.broadcast_to(x, [2, 2, 3]), [floats(2, 1)]),
        Case("broadcast_to/from_shape", lambda tf, x, y: tf.broadcast_to(x, tf.shape(y)), [ROW, X], static="refines"),
        Case("broadcast_to/error", lambda tf, x: tf.broadcast_to(x, [2, 4]), [X], raises=True),
        Case(
            "broadcast_static_shape",
            lambda tf: tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3])),
            function=False,
        ),
        Case(
            "broadcast_static_shape/unknown",
            lambda tf: tf.broadcast_static_shape(tf.TensorShape([None, 1]), tf.TensorShape([5, 3])),
            function=False,
        ),
        Case(
            "broadcast_static_shape/error",
            lambda tf: tf.broadcast_static_shape(tf.TensorShape([2, 2]), tf.TensorShape([3])),
            function=False,
            raises=True,
        ),
        Case(
            "broadcast_dynamic_shape",
            lambda tf, x, y: tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(y)),
            [CUBE, floats(3, 1)],
            static="refines",
        ),
        Case("ensure_shape", lambda tf, x: tf.ensure_shape(x, [None, 3]), [X]),
        Case("ensure_shape/error", lambda tf, x: tf.ensure_shape(x, [None, 4]), [X], raises=True),
        Case(
            "required_space_to_batch_paddings",
            lambda tf: tf.required_space_to_batch_paddings([5, 7], [2, 3]),
            function=False,
        ),
        Case(
            "unravel_index",
            lambda tf, n: tf.unravel_index(n, [3, 4]),
            [np.array([1, 7, 11], np.int32)],
            static="refines",
        ),
        Case("get_static_value", lambda tf: tf.get_static_value(tf.constant([1, 2])), function=False),
    ]


def _making() -> list[Case]:
    return [
        Case("fill", lambda tf: tf.fill([2, 3], 9)),
        Case("fill/tensor", lambda tf, x: tf.fill([2, 3], x), [SCALAR], rankless=False),
        Case("fill/from_shape", lambda tf, x: tf.fill(tf.shape(x), 2.0), [X], grad=False, static="refines"),
        Case("fill/string", lambda tf: tf.fill([2], "a")),
        Case("zeros", lambda tf: (tf.zeros([2, 3]), tf.zeros((2,), tf.int32), tf.zeros([]), tf.zeros([2], tf.bool))),
        Case("zeros/from_shape", lambda tf, x: tf.zeros([tf.shape(x)[0], 2]), [X], grad=False, static="refines"),
        Case("zeros/string", lambda tf: tf.zeros([2], tf.string)),
        Case("ones", lambda tf: (tf.ones([2, 3]), tf.ones((2,), tf.int32), tf.ones([], tf.float64))),
        Case("ones/bool_complex", lambda tf: (tf.ones([2], tf.bool), tf.ones([2], tf.complex64))),
        Case("ones/error_string", lambda tf: tf.ones([2], tf.string), raises=True),
        Case("zeros_like", lambda tf, x: tf.zeros_like(x), [X]),
        Case("zeros_like/dtype", lambda tf, x: tf.zeros_like(x, dtype=tf.int64), [X], grad=False),
        Case("zeros_like/python", lambda tf: tf.zeros_like([[1, 2], [3, 4]])),
        Case("ones_like", lambda tf, x: tf.ones_like(x), [X]),
        Case("ones_like/dtype", lambda tf, n: tf.ones_like(n, dtype=tf.float32), [N]),
        Case("eye", lambda tf: tf.eye(3)),
        Case("eye/columns", lambda tf: tf.eye(2, num_columns=3, dtype=tf.int32)),
        Case("eye/batch", lambda tf: tf.eye(2, batch_shape=[3])),
        Case("range", lambda tf: (tf.range(5), tf.range(2, 9, 3), tf.range(5, 0, -2))),
        Case("range/floats", lambda tf: (tf.range(0.0, 1.0, 0.25), tf.range(3.5), tf.range(1, 3, 0.5))),
        Case("range/dtype", lambda tf: (tf.range(4, dtype=tf.int64), tf.range(0, 3, dtype=tf.float32))),
        Case("range/shape", lambda tf, x: tf.range(tf.shape(x)[0]), [X], grad=False, static="refines"),
        Case("range/tensor", lambda tf, n: tf.range(n), [np.array(4, np.int32)], function=False),
        Case("range/error_zero_step", lambda tf: tf.range(0, 5, 0), raises=True, function=False),
        Case("linspace", lambda tf: tf.linspace(0.0, 1.0, 5)),
        Case(
            "linspace/tensors",
            lambda tf, a, b: tf.linspace(a, b, 4),
            [floats(3), floats(3, seed=3)],
            grad2=False,
            static="refines",
        ),
        Case(
            "linspace/axis",
            lambda tf, a, b: tf.linspace(a, b, 4, axis=-1),
            [floats(3), floats(3, seed=3)],
            grad2=False,
            static="refines",
        ),
        Case("linspace/one", lambda tf: tf.linspace(2.0, 5.0, 1)),
        Case("linspace/float64", lambda tf: tf.linspace(np.float64(0), np.float64(3), 7)),
        Case("one_hot", lambda tf, n: tf.one_hot(n, 4), [np.array([0, 2, -1, 5], np.int32)]),
        Case(
            "one_hot/values",
            lambda tf, n: tf.one_hot(n, depth=3, on_value=5, off_value=1, dtype=tf.int32),
            [np.array([[0, 2], [1, 3]], np.int64)],
        ),
        Case("one_hot/axis", lambda tf, n: tf.one_hot(n, 3, axis=0), [np.array([[0, 2], [1, 1]], np.int32)]),
        Case("one_hot/uint8", lambda tf, n: tf.one_hot(n, 3), [np.array([0, 2, 1], np.uint8)]),
        Case(
            "one_hot/bool",
            lambda tf, n: tf.one_hot(n, 3, on_value=True, off_value=False),
            [np.array([0, 2, 1], np.int32)],
        ),
        Case("one_hot/error_float", lambda tf, x: tf.one_hot(x, 3), [ROW], raises=True),
        Case("sequence_mask", lambda tf, n: tf.sequence_mask(n, 4), [np.array([1, 0, 3], np.int32)]),
        Case(
            "sequence_mask/own_length",
            lambda tf, n: tf.sequence_mask(n),
            [np.array([1, 0, 3], np.int32)],
            function=False,
        ),
        Case(
            "sequence_mask/dtype",
            lambda tf, n: tf.sequence_mask(n, maxlen=3, dtype=tf.float32),
            [np.array([[1, 0], [2, 3]], np.int32)],
        ),
        Case("meshgrid", lambda tf, x, y: tf.meshgrid(x, y), [ROW, floats(2)], static="refines"),
        Case("meshgrid/ij", lambda tf, x, y: tf.meshgrid(x, y, indexing="ij"), [ROW, floats(2)], static="refines"),
        Case("meshgrid/three", lambda tf: tf.meshgrid([1, 2], [3, 4, 5], [6, 7])),
        Case(
            "convert_to_tensor",
            lambda tf: (
                tf.convert_to_tensor([1, 2]),
                tf.convert_to_tensor([1.5]),
                tf.convert_to_tensor(np.arange(3.0)),
                tf.convert_to_tensor(True),
                tf.convert_to_tensor("a"),
                tf.convert_to_tensor([[1, 2.5]]),
                tf.convert_to_tensor(3 + 1j),
            ),
        ),
        Case("convert_to_tensor/dtype", lambda tf: tf.convert_to_tensor([1, 2], dtype=tf.float16)),
        Case("convert_to_tensor/hint", lambda tf: tf.convert_to_tensor([1.5, 2], dtype_hint=tf.int32)),
        Case("convert_to_tensor/tensors", lambda tf, x: tf.convert_to_tensor([x, [1.0, 2.0, 3.0]]), [ROW]),
        Case(
            "convert_to_tensor/numpy",
            lambda tf: (
                tf.convert_to_tensor(np.int64(3)),
                tf.convert_to_tensor(np.float32(2)),
                tf.convert_to_tensor(np.array([True])),
                tf.convert_to_tensor(np.array(["a", "b"])),
            ),
        ),
        Case("convert_to_tensor/error_ragged", lambda tf: tf.convert_to_tensor([[1, 2], [3]]), raises=True),
        Case("convert_to_tensor/error_dtype", lambda tf, x: tf.convert_to_tensor(x, dtype=tf.int32), [X], raises=True),
        Case("convert_to_tensor/error_none", lambda tf: tf.convert_to_tensor(None), raises=True),
        Case("convert_to_tensor/error_mixed", lambda tf: tf.convert_to_tensor([1, "a"]), raises=True),
        Case("convert_to_tensor/error_float_as_int", lambda tf: tf.convert_to_tensor(1.5, dtype=tf.int32), raises=True),
        Case(
            "constant",
            lambda tf: (
                tf.constant(1),
                tf.constant(2.0),
                tf.constant([1, 2], tf.int64),
                tf.constant(0, shape=[2, 2]),
                tf.constant([1, 2, 3, 4], shape=[2, 2]),
                tf.constant(b"xy"),
            ),
        ),
        Case("constant/int64_value", lambda tf: tf.constant(2**31 - 1)),
        Case("constant/error_shape", lambda tf: tf.constant([1, 2, 3], shape=[2, 2]), raises=True),
        Case("identity", lambda tf, x: tf.identity(x), [X]),
        Case("identity_n", lambda tf, x, y: tf.identity_n([x, y]), [X, Y]),
        Case("stop_gradient", lambda tf, x: tf.stop_gradient(x) * x, [X]),
        Case("guarantee_const", lambda tf, x: tf.guarantee_const(x), [X], grad=False),
    ]


def _joining() -> list[Case]:
    return [
        Case("concat", lambda tf, x, y: tf.concat([x, y], 0), [X, Y]),
        Case("concat/last", lambda tf, x, y: tf.concat([x, y], axis=-1), [X, floats(2, 1)]),
        Case("concat/one", lambda tf, x: tf.concat([x], 0), [X]),
        Case("concat/int", lambda tf, n: tf.concat([n, [[1, 2, 3]]], 0), [N]),
        Case("concat/string", lambda tf, s: tf.concat([s, s], 0), [strings(b"a", b"b")]),
        Case("concat/error_shape", lambda tf, x, y: tf.concat([x, y], 0), [X, floats(2, 2)], raises=True),
        Case("concat/error_dtype", lambda tf, x, n: tf.concat([x, n], 0), [X, N], raises=True),
        Case("concat/error_rank", lambda tf, x, y: tf.concat([x, y], 0), [X, ROW], raises=True),
        Case("concat/error_scalars", lambda tf: tf.concat([1, 2], 0), raises=True),
        Case("stack", lambda tf, x, y: tf.stack([x, y]), [X, Y]),
        Case("stack/last", lambda tf, x, y: tf.stack([x, y], axis=-1), [X, Y]),
        Case("stack/scalars", lambda tf, x: tf.stack([tf.reduce_sum(x), 1.0]), [X]),
        Case("stack/python", lambda tf: tf.stack([1, 2, 3])),
        Case("stack/error", lambda tf, x, y: tf.stack([x, y]), [X, ROW], raises=True),
        Case("unstack", lambda tf, x: tf.unstack(x), [X], unknown=False),
        Case("unstack/axis", lambda tf, x: tf.unstack(x, axis=-1), [X], unknown=False),
        Case("unstack/num", lambda tf, x: tf.unstack(x, num=2), [X]),
        Case("unstack/error", lambda tf, x: tf.unstack(x, num=3), [X], raises=True),
        Case("split", lambda tf, x: tf.split(x, 3, axis=1), [X]),
        Case("split/sizes", lambda tf, x: tf.split(x, [1, -1], axis=-1), [CUBE]),
        Case("split/default", lambda tf, x: tf.split(x, 2), [X]),
        Case("split/one", lambda tf, x: tf.split(x, 1), [X]),
        Case("split/error", lambda tf, x: tf.split(x, 2, axis=1), [X], raises=True),
        Case("tile", lambda tf, x: tf.tile(x, [2, 3]), [X]),
        Case("tile/once", lambda tf, x: tf.tile(x, [1, 1]), [X]),
        Case("tile/from_shape", lambda tf, x: tf.tile(x, [tf.shape(x)[0], 1]), [X], static="refines"),
        Case("tile/string", lambda tf, s: tf.tile(s, [2]), [strings(b"a", b"b")]),
        Case("tile/error", lambda tf, x: tf.tile(x, [2]), [X], raises=True),
        Case("repeat", lambda tf, x: tf.repeat(x, 2, axis=1), [X], static="refines"),
        Case("repeat/flat", lambda tf, x: tf.repeat(x, 2), [X], static="refines"),
        Case("repeat/each", lambda tf, x: tf.repeat(x, [2, 0, 1], axis=1), [X], static="refines", unknown=False),
        Case(
            "repeat/tensor", lambda tf, x, n: tf.repeat(x, n, axis=0), [X, np.array([2, 1], np.int32)], function=False
        ),
        Case("pad", lambda tf, x: tf.pad(x, [[1, 0], [2, 1]]), [X]),
        Case("pad/value", lambda tf, x: tf.pad(x, [[1, 1], [0, 0]], constant_values=3.0), [X]),
        Case("pad/reflect", lambda tf, x: tf.pad(x, [[1, 1], [2, 1]], mode="REFLECT"), [X]),
        Case("pad/symmetric", lambda tf, x: tf.pad(x, [[2, 1], [1, 3]], "SYMMETRIC"), [X]),
        Case("pad/int", lambda tf, n: tf.pad(n, tf.constant([[0, 1], [1, 0]])), [N]),
        Case("pad/error_mode", lambda tf, x: tf.pad(x, [[1, 0], [2, 1]], "EDGE"), [X], raises=True),
        Case("pad/error_reflect", lambda tf, x: tf.pad(x, [[2, 0], [0, 0]], "REFLECT"), [X], raises=True),
        Case("pad/error_rank", lambda tf, x: tf.pad(x, [[1, 0]]), [X], raises=True),
        Case("reverse", lambda tf, x: tf.reverse(x, [1]), [X]),
        Case("reverse/axes", lambda tf, x: tf.reverse(x, axis=[0, -1]), [CUBE]),
        Case("reverse/error", lambda tf, x: tf.reverse(x, [3]), [X], raises=True),
        Case(
            "reverse_sequence",
            lambda tf, x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0),
            [CUBE, np.array([2, 3], np.int64)],
        ),
        Case(
            "reverse_sequence/axes",
            lambda tf, x, n: tf.reverse_sequence(x, n, seq_axis=0, batch_axis=2),
            [CUBE, np.array([2, 1, 0, 2], np.int32)],
        ),
        Case("roll", lambda tf, x: tf.roll(x, 1, 0), [X]),
        Case("roll/axes", lambda tf, x: tf.roll(x, shift=[1, -2], axis=[0, 1]), [X]),
        Case("roll/tensor", lambda tf, x, n: tf.roll(x, n, 1), [X, np.array(2, np.int32)], rankless=False),
        Case("space_to_batch_nd", lambda tf, x: tf.space_to_batch_nd(x, [2, 2], [[0, 0], [0, 0]]), [IMAGE]),
        Case("space_to_batch", lambda tf, x: tf.space_to_batch(x, [2, 2], [[1, 1], [0, 2]]), [IMAGE]),
        Case("batch_to_space", lambda tf, x: tf.batch_to_space(x, [2, 2], [[0, 0], [1, 0]]), [floats(4, 2, 2, 1)]),
    ]


def _casting() -> list[Case]:
    wild = np.array([-1.7, 0.0, 1.2, 2.5], np.float32)
    huge = np.array([-1e10, -129.6, 126.9, 300.0, 1e10], np.float32)
    return [
        *(
            Case(f"cast/to_{d}", lambda tf, x, d=d: tf.cast(x, d), [wild], grad2=False)
            for d in ("float16", "bfloat16", "float64", "int32", "int64", "int8", "bool", "complex64")
        ),
        *(
            Case(
                f"cast/from_{d.__name__}",
                lambda tf, x: tf.cast(x, tf.float32),
                [np.array([0, 1, 3]).astype(d)],
                grad2=False,
            )
            for d in (np.int32, np.int64, np.uint8, np.bool_, np.float64, np.float16, ml_dtypes.bfloat16)
        ),
        Case("cast", lambda tf, x: tf.cast(x, tf.float32), [X]),
        Case("cast/python", lambda tf: tf.cast([1, 2], tf.float32)),
        Case("cast/complex_to_real", lambda tf, z: tf.cast(tf.math.real(z), tf.int32), [Z], grad=False),
        Case("cast/error_string", lambda tf: tf.cast(tf.constant("1"), tf.float32), raises=True),
        Case("saturate_cast", lambda tf, x: tf.saturate_cast(x, tf.uint8), [huge], grad=False),
        Case("saturate_cast/int8", lambda tf, x: tf.saturate_cast(x, tf.int8), [huge], grad=False),
        Case("saturate_cast/int_to_uint", lambda tf, n: tf.saturate_cast(n, tf.uint8), [N]),
        Case("saturate_cast/same", lambda tf, x: tf.saturate_cast(x, tf.float32), [X]),
        Case("bitcast", lambda tf, x: tf.bitcast(x, tf.int32), [X], grad=False),
        Case("bitcast/narrow", lambda tf, x: tf.bitcast(x, tf.uint8), [X], grad=False),
        Case("bitcast/wide", lambda tf, n: tf.bitcast(n, tf.int32), [ints(3, 4, dtype=np.uint8)]),
        Case("as_dtype", lambda tf: tf.zeros([1], tf.as_dtype("float16"))),
    ]


CASES = [*_shapes(), *_making(), *_joining(), *_casting()]
