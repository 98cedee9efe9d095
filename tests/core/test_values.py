"""dtypes, shapes, nests, specs and tensors: TensorFlow's names, texts and conversion rules."""

import collections
import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

import headwater as tf
from headwater.ops.array import STRIDED_SLICE

# dtypes


def test_dtype_texts_and_identity():
    assert repr(tf.float32) == "tf.float32" and str(tf.int8) == "<dtype: 'int8'>"
    assert tf.as_dtype("half") is tf.float16 and tf.as_dtype(np.int64) is tf.int64 and tf.as_dtype(bool) is tf.bool
    assert tf.float32 == "float32" and tf.float32 == np.float32 and tf.float32 != tf.float64 and tf.float32 != "nothing"
    assert pickle.loads(pickle.dumps(tf.bfloat16)) is tf.bfloat16
    assert len({tf.float32, tf.as_dtype("float32"), tf.int32}) == 2


@pytest.mark.parametrize("bad", ["flaot32", [], 999])
def test_unknown_dtypes_are_type_errors(bad):
    with pytest.raises(TypeError, match="Cannot convert"):
        tf.as_dtype(bad)


def test_dtype_properties():
    assert tf.uint8.max == 255 and tf.int8.min == -128 and tf.bool.limits == (False, True)
    assert tf.bfloat16.is_floating and tf.bfloat16.size == 2 and not tf.bfloat16.is_integer
    assert tf.complex64.real_dtype is tf.float32 and tf.uint16.is_unsigned
    assert float(tf.float16.max) == 65504
    with pytest.raises(TypeError, match="limits"):
        tf.string.min  # noqa: B018


# shapes


def test_shapes():
    shape = tf.TensorShape([None, 3])
    assert (
        str(shape) == "(None, 3)"
        and repr(shape) == "TensorShape([None, 3])"
        and str(tf.TensorShape(None)) == "<unknown>"
    )
    assert str(tf.TensorShape([2])) == "(2,)"
    assert shape == [None, 3] and shape.as_list() == [None, 3] and shape.rank == len(shape) == 2
    assert shape[1] == 3 and shape[:1] == [None] and tf.TensorShape(None)[1:3] == [None, None]
    assert shape.concatenate([4]) == [None, 3, 4] and [1] + shape == [1, None, 3]  # noqa: RUF005
    assert shape.is_compatible_with([5, 3]) and not shape.is_compatible_with([5, 4])
    assert shape.merge_with([5, None]) == [5, 3]
    assert shape.most_specific_compatible_shape([7, 3]) == [None, 3]
    assert tf.TensorShape([2, 3]).num_elements() == 6 and shape.num_elements() is None
    assert not tf.TensorShape(None) and tf.TensorShape([])
    assert tf.TensorShape(np.int64(3)) == [3]
    assert tf.TensorShape(shape.as_proto()) == shape


def test_bad_shapes():
    with pytest.raises(ValueError, match="incompatible"):
        tf.TensorShape([2]).merge_with([3])
    with pytest.raises(ValueError, match="unknown"):
        tf.TensorShape(None).as_list()
    with pytest.raises(TypeError, match="Dimension value"):
        tf.TensorShape(["a"])
    with pytest.raises(ValueError, match=">= 0"):
        tf.TensorShape([-2])


# nests

Point = collections.namedtuple("Point", "x y")


def test_nests():
    structure = {"b": [1, (2, None)], "a": Point(3, {"z": 4})}
    assert tf.nest.flatten(structure) == [3, 4, 1, 2, None]
    assert tf.nest.pack_sequence_as(structure, "abcde".__iter__() and list("abcde")) == {
        "b": ["c", ("d", "e")],
        "a": Point("a", {"z": "b"}),
    }
    doubled = tf.nest.map_structure(lambda x, y: (x or 0) + (y or 0), structure, structure)
    assert doubled["a"] == Point(6, {"z": 8})
    ordered = collections.OrderedDict([("b", 1), ("a", 2)])
    assert tf.nest.flatten(ordered) == [2, 1]
    assert list(tf.nest.map_structure(str, ordered).items()) == [("b", "1"), ("a", "2")]
    assert tf.nest.flatten("abc") == ["abc"]


def test_nests_that_differ():
    with pytest.raises(ValueError, match="number of elements"):
        tf.nest.assert_same_structure([1, 2], [1])
    with pytest.raises(TypeError, match="sequence type"):
        tf.nest.assert_same_structure([1], (1,))
    tf.nest.assert_same_structure([1], (1,), check_types=False)
    with pytest.raises(ValueError, match="same keys"):
        tf.nest.assert_same_structure({"a": 1}, {"b": 1})
    with pytest.raises(ValueError, match="2 leaves"):
        tf.nest.pack_sequence_as([1, 2], [1])


# conversion


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (1, tf.int32, []),
        (2**40, tf.int64, []),
        (1.5, tf.float32, []),
        (True, tf.bool, []),
        (1j, tf.complex128, []),
        ("text", tf.string, []),
        ([], tf.float32, [0]),
        ([1, 2.5], tf.float32, [2]),
        ([[1], [2]], tf.int32, [2, 1]),
        (np.float64(1), tf.float64, []),
        ([np.float64(1), np.float64(2)], tf.float64, [2]),
        (np.array([1, 2]), tf.int64, [2]),
        (np.array(["a", "b"]), tf.string, [2]),
        (np.zeros(2, ml_dtypes.bfloat16), tf.bfloat16, [2]),
        (range(3), tf.int32, [3]),
    ],
)
def test_python_and_numpy_conversion(value, dtype, shape):
    tensor = tf.convert_to_tensor(value)
    assert tensor.dtype is dtype and tensor.shape == shape


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([np.int64(1)], "int32"),
        ([np.int64(2**40)], "int64"),
        ([np.uint64(5)], "int32"),
        ([np.uint8(1), 2], "int32"),
        ([[np.int8(1)]], "int32"),
        ([np.int64(1), 1.5], "float32"),
        ([np.array([1, 2])], "int32"),
        ([np.float64(1.5)], "float64"),
        ([np.float16(1.5)], "float16"),
        ([np.complex64(1)], "complex128"),
        ([np.float16(1), 2.0], "float16"),
        ([np.ones(2, np.float32), [1.0, 2.0]], "float32"),
        ([np.ones(2, np.float32), np.ones(2)], "float32"),
        ([np.ones(2), np.ones(2, np.float32)], "float64"),
        ([np.ones(2, np.float32), np.ones(2, np.int32)], "float32"),
        ([2.0, np.float64(1)], "float32"),
        (([np.float32(1), 2.0], (3.0, np.float64(2))), "float32"),
        ([np.ones(0), []], "float32"),
        (np.int64(1), "int64"),
        (np.uint8(1), "uint8"),
        (np.array([1]), "int64"),
    ],
)
def test_the_first_numpy_number_in_a_list_decides_and_integers_count_as_pythons(value, dtype):
    assert tf.constant(value).dtype.name == tf.function(lambda: tf.constant(value))().dtype.name == dtype


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: tf.constant(-1, tf.uint8), 255),
        (lambda: tf.constant([-1, 1], tf.uint32), [2**32 - 1, 1]),
        (lambda: tf.constant(-1, tf.uint64), 2**64 - 1),
        (lambda: tf.constant(0xFF000000, tf.int32), -(2**24)),
        (lambda: tf.constant([1, 2], tf.uint8) + (-1), [0, 1]),
        (lambda: tf.where([True, False], tf.constant([1, 2], tf.uint8), -1), [1, 255]),
        (lambda: tf.constant([1, 255], tf.uint8) == -1, [False, True]),
        (lambda: tf.concat([tf.constant([1], tf.int8), [200]], 0), [1, -56]),
        (lambda: tf.bitwise.bitwise_and(tf.constant([-2]), 0xFFFFFFFF), [-2]),
    ],
)
def test_integers_of_other_sign_count_by_their_bits(call, expected):
    assert call().numpy().tolist() == expected
    assert tf.function(call)().numpy().tolist() == expected


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        ([2**63, 1], "uint64", [2**63, 1]),
        ([[2**64 - 1], [0]], "uint64", [[2**64 - 1], [0]]),
        ((7, 2**63 + 1), "uint64", [7, 2**63 + 1]),
        ([np.uint64(2**63), np.int64(1)], "uint64", [2**63, 1]),
        (2**64, "float32", 2.0**64),
        ([2**64, 1], "float64", [2.0**64, 1.0]),
    ],
)
def test_integers_beyond_int64_are_exact(value, dtype, expected):
    assert tf.constant(value, dtype).numpy().tolist() == expected
    assert tf.Variable(value, dtype=dtype).numpy().tolist() == expected
    if dtype == "uint64":
        assert tf.constant(value).dtype is tf.uint64


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([2**64], None),
        (2**64, None),
        ([2**63, -1], None),
        ([2**70, 1], "int32"),
        ([2**63, 1], "int64"),
        ([10**400], "float32"),
    ],
)
def test_integers_out_of_range_are_value_errors(value, dtype):
    with pytest.raises(ValueError, match=r"out of range|expected values in"):
        tf.constant(value, dtype)


@pytest.mark.parametrize(
    ("value", "said"),
    [([1, None], "None"), ([[1.5], [None]], "None"), ([1, "a"], "mixed types"), (["a", object], "type")],
)
def test_errors_name_the_value_that_is_no_number(value, said):
    with pytest.raises(ValueError, match=said):
        tf.constant(value)


def test_dtypes_that_transforms_give_to_numpy_arrays():
    assert tf.signal.fft(np.zeros(2, complex)).dtype is tf.signal.fft([1j, 2.0]).dtype is tf.complex128
    assert tf.signal.fft([1.0, 2.0]).dtype is tf.signal.fft([]).dtype is tf.complex64
    assert tf.signal.rfft(np.zeros(2)).dtype is tf.complex64
    assert tf.signal.irfft([1.0 + 0j]).dtype is tf.float32
    assert tf.signal.dct(np.zeros(2)).dtype is tf.float64
    assert tf.math.nextafter(np.zeros(1), np.ones(1)).dtype is tf.float32
    assert tf.math.nextafter(tf.zeros([1], tf.float64), np.ones(1)).dtype is tf.float64


@pytest.mark.parametrize(("low", "high"), [(4.0, 2.0), ([4.0] * 3, 2.0), (4.0, [2.0] * 3)])
def test_the_lower_of_two_crossed_bounds_wins(low, high):
    assert tf.clip_by_value([1.0, 3.0, 5.0], low, high).numpy().tolist() == [4, 4, 4]


def test_conversion_with_a_dtype():
    assert tf.convert_to_tensor(1, tf.float32).dtype is tf.float32
    assert tf.convert_to_tensor([1, 2], tf.uint8).numpy().tolist() == [1, 2]
    assert tf.convert_to_tensor(np.array([1.7]), tf.int32).numpy().tolist() == [1]
    assert tf.convert_to_tensor([tf.constant(1), 2]).numpy().tolist() == [1, 2]
    assert tf.convert_to_tensor([[1.0, tf.constant(2.0)], [3.0, 4.0]]).numpy().tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("value", "dtype", "error", "text"),
    [
        (1.5, tf.int32, TypeError, "expected int values, received float"),
        ("a", tf.float32, TypeError, "expected numbers"),
        (3, tf.string, TypeError, "Expected str or bytes"),
        (300, tf.uint8, ValueError, r"\[0, 255\]"),
        ([[1], [2, 3]], None, ValueError, "non-rectangular"),
        ([["a"], ["b", "c"]], None, ValueError, "non-rectangular"),
        (object(), None, ValueError, "unsupported type"),
        (None, None, ValueError, "unsupported type"),
    ],
)
def test_values_that_do_not_convert(value, dtype, error, text):
    with pytest.raises(error, match=text):
        tf.convert_to_tensor(value, dtype)


def test_tensors_do_not_change_dtype_on_conversion():
    with pytest.raises(ValueError, match=r"requested dtype int32 .* float32"):
        tf.convert_to_tensor(tf.constant(1.0), tf.int32)


# tensors


@pytest.mark.parametrize(
    ("value", "text", "representation"),
    [
        (5, "tf.Tensor(5, shape=(), dtype=int32)", "<tf.Tensor: shape=(), dtype=int32, numpy=5>"),
        (1.5, "tf.Tensor(1.5, shape=(), dtype=float32)", "<tf.Tensor: shape=(), dtype=float32, numpy=1.5>"),
        ("a", "tf.Tensor(b'a', shape=(), dtype=string)", "<tf.Tensor: shape=(), dtype=string, numpy=b'a'>"),
        (
            [True],
            "tf.Tensor([ True], shape=(1,), dtype=bool)",
            "<tf.Tensor: shape=(1,), dtype=bool, numpy=array([ True])>",
        ),
        (
            [[1], [2]],
            "tf.Tensor(\n[[1]\n [2]], shape=(2, 1), dtype=int32)",
            "<tf.Tensor: shape=(2, 1), dtype=int32, numpy=\narray([[1],\n       [2]], dtype=int32)>",
        ),
    ],
)
def test_texts(value, text, representation):
    tensor = tf.constant(value)
    assert str(tensor) == text and repr(tensor) == representation


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (tf.constant(3), "3"),
        (tf.constant(0.1), "0.10000000149011612"),
        (tf.constant(0.1, tf.float64), "0.1"),
        (tf.constant(0.1, tf.float16), "0.0999755859375"),
        (tf.constant(0.1, tf.bfloat16), "0.10009765625"),
        (tf.constant(0.1 + 2j, tf.complex64), "(0.10000000149011612+2j)"),
        (tf.constant(True), "True"),
        (tf.constant("a'"), """b"a'\""""),
    ],
)
def test_scalars_format_as_their_value(tensor, text):
    assert f"{tensor}" == "{}".format(tensor) == text  # noqa: UP032
    head = f"shape=(), dtype={tensor.dtype.name}, numpy={text}>"
    assert repr(tensor) == f"<tf.Tensor: {head}" and str([tensor]) == f"[<tf.Tensor: {head}]"
    assert repr(tf.Variable(tensor, name="v")) == f"<tf.Variable 'v:0' {head.replace(',', '', 1)}"


def test_tensors_format_like_numpy():
    assert f"{tf.constant(0.5):.2f} {tf.constant(3):>4} {tf.constant(255):x}" == "0.50    3 ff"
    assert f"{tf.constant([1, 2])} {tf.zeros([2, 0])} {tf.constant(['a'])}" == "[1 2] [] [b'a']"
    assert f"{tf.constant([[1, 2], [3, 4]])}" == "[[1 2]\n [3 4]]"
    with pytest.raises(TypeError, match="unsupported format"):
        f"{tf.constant([1.0]):.2f}"
    variable = tf.Variable(3.0)
    assert f"{variable}" == repr(variable)


def test_strings_are_plain_bytes_wherever_they_come_from():
    text = tf.constant(["a", "b"])
    made = [
        text[0] + text[1], tf.strings.join([text, text])[0], tf.constant(np.str_("a")), tf.constant(np.array(["a"]))[0],
        tf.numpy_function(lambda: np.array([b"a", b"bc"]), [], tf.string)[1], tf.strings.as_string(12),
        tf.numpy_function(lambda: np.str_("é"), [], tf.string), tf.fill([1], "a")[0],
    ]  # fmt: skip
    assert {type(x.numpy()) for x in made} == {bytes}
    assert str(made[0]) == "tf.Tensor(b'ab', shape=(), dtype=string)"


def test_values_out():
    t = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    array = t.numpy()
    array[0, 0] = 9  # the caller's own copy
    assert t.numpy()[0, 0] == 1
    np.testing.assert_array_equal(np.asarray(t), [[1, 2], [3, 4]])
    assert isinstance(tf.constant(1.0).numpy(), np.float32)
    assert np.from_dlpack(t).shape == (2, 2)
    assert float(tf.constant(1.5)) == 1.5 and int(tf.constant([7])) == 7 and [10, 20][tf.constant(1)] == 20
    assert f"{tf.constant(1.239):.2f}" == "1.24"
    assert bool(tf.constant(True)) and not tf.constant(0)
    assert copy.deepcopy(t) is t
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(t)), t)


def test_iteration_length_and_truth():
    t = tf.constant([[1, 2], [3, 4]])
    assert [row.numpy().tolist() for row in t] == [[1, 2], [3, 4]] and len(t) == 2
    with pytest.raises(TypeError, match="scalar"):
        iter(tf.constant(1))
    with pytest.raises(TypeError, match="len"):
        len(tf.constant(1))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(t)


def test_hash_equality_and_references():
    a, b = tf.constant([1, 2]), tf.constant([1, 3])
    assert (a == b).numpy().tolist() == [True, False] and (a != b).numpy().tolist() == [False, True]
    assert (a == None) is False and (a != None) is True  # noqa: E711
    assert (a == "x") is False
    with pytest.raises(TypeError, match=r"unhashable.*ref\(\)"):
        hash(a)
    assert {a.ref(): 1}[a.ref()] == 1 and a.ref().deref() is a and a.ref() != b.ref()


@pytest.mark.parametrize(
    "key",
    [0, -1, slice(1, None), (slice(None), 1), (Ellipsis, 0), (None, slice(0, 2)), (0, Ellipsis, slice(None, None, -1)),
     (slice(2, 0, -1), slice(0, 3, 2)), (slice(-2, None), None, 1), (Ellipsis,), (slice(0, 0),), (1, 2, 3)],
)  # fmt: skip
def test_indexing_like_numpy(key):
    array = np.arange(60).reshape(3, 4, 5)
    tensor = tf.constant(array)
    np.testing.assert_array_equal(tensor[key], array[key])
    traced = tf.function(lambda x: x[key], autograph=False)
    np.testing.assert_array_equal(traced(tensor), array[key])
    general = tf.function(
        lambda x: x[key], input_signature=[tf.TensorSpec([None, None, None], tf.int64)], autograph=False
    )
    np.testing.assert_array_equal(general(tensor), array[key])
    assert general.get_concrete_function().outputs[0].shape.is_compatible_with(array[key].shape)


def test_indexing_with_tensors():
    x = tf.constant([[1, 2, 3], [4, 5, 6]])
    i = tf.constant(1)
    assert x[i].numpy().tolist() == [4, 5, 6] and x[:, i].numpy().tolist() == [2, 5] and int(x[i, -1]) == 6
    assert x[:, i:].numpy().tolist() == [[2, 3], [5, 6]]
    f = tf.function(lambda x, i: (x[i], x[0, i], x[:, i:], x[:, :-i]), autograph=False)
    a, b, c, d = f(x, i)
    assert a.numpy().tolist() == [4, 5, 6] and int(b) == 2
    assert c.numpy().tolist() == [[2, 3], [5, 6]] and d.numpy().tolist() == [[1, 2], [4, 5]]


@pytest.mark.parametrize(
    ("key", "error"), [(3, IndexError), ("a", TypeError), (1.0, TypeError), ((0, 0, 0), Exception)]
)
def test_bad_indices(key, error):
    with pytest.raises(error):
        tf.constant([[1, 2, 3], [4, 5, 6]])[key]
    with pytest.raises((error, ValueError)):
        tf.function(lambda x: x[key], autograph=False)(tf.constant([[1, 2, 3], [4, 5, 6]]))


def test_many_eager_positions_share_one_program():
    x = tf.range(100)
    x[0], x[1:3]
    before = len(STRIDED_SLICE._jitted)
    assert [int(x[i]) for i in range(20)] == list(range(20))
    assert [x[i : i + 2].numpy().tolist() for i in range(5)] == [[i, i + 1] for i in range(5)]
    assert len(STRIDED_SLICE._jitted) == before


def test_no_promotion_between_tensors():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected to be a float32 tensor but is a int32 tensor"):
        tf.constant(1.0) + tf.constant(1)
    with pytest.raises(TypeError, match="float32 tensor but is a int32"):
        tf.function(lambda x: x + tf.constant(1))(tf.constant(1.0))
    assert (tf.constant(1.0, tf.float64) + 1).dtype is tf.float64
    assert (2 - tf.constant(1, tf.uint8)).dtype is tf.uint8
    assert (np.float32(2) * tf.constant(1.0)).dtype is tf.float32


def test_shapes_that_do_not_broadcast():
    with pytest.raises(tf.errors.InvalidArgumentError, match="AddV2"):
        tf.ones([2]) + tf.ones([3])
    with pytest.raises(ValueError, match="Incompatible shapes"):
        tf.function(lambda x: x + tf.ones([3]))(tf.ones([2]))


def test_symbolic_tensors_have_no_value():
    seen = []

    @tf.function(autograph=False)
    def f(x):
        for use in (bool, int, float, np.asarray, lambda t: t.numpy(), lambda t: [1][t], len, list):
            with pytest.raises((TypeError, AttributeError)) as caught:
                use(x)
            seen.append(str(caught.value))
        assert str(x) == 'Tensor("x:0", shape=(None, 2), dtype=int32)'
        assert repr(x) == "<tf.Tensor 'x:0' shape=(None, 2) dtype=int32>"
        return x

    f.get_concrete_function(tf.TensorSpec([None, 2], tf.int32))
    assert len(seen) == 8 and all("symbolic" in text or "tracing" in text for text in seen)


def test_specs():
    spec = tf.TensorSpec([None, 3], tf.float32, "x")
    assert repr(spec) == "TensorSpec(shape=(None, 3), dtype=tf.float32, name='x')"
    assert spec.is_compatible_with(tf.ones([5, 3])) and not spec.is_compatible_with(tf.ones([5]))
    assert spec == tf.TensorSpec([None, 3], "float32", "x") and hash(spec) == hash(tf.TensorSpec([None, 3]))
    assert tf.TensorSpec.from_tensor(tf.ones([2])).shape == [2]
    assert spec.most_specific_compatible_type(tf.TensorSpec([4, 3])).shape == [None, 3]


# Tensors are known by identity: tapes, captures and references would mix what is shared by value.
FRESH = {
    "float": lambda: tf.constant(3.0),
    "integer": lambda: tf.constant(3),
    "boolean": lambda: tf.constant(True),
    "dtype": lambda: tf.constant(3.0, tf.float64),
    "list": lambda: tf.constant([3.0]),
    "numpy": lambda: tf.convert_to_tensor(np.float32(3.0)),
    "convert": lambda: tf.convert_to_tensor(3.0),
    "cast": lambda: tf.cast(3.0, tf.float32),
    "zeros": lambda: tf.zeros([]),
    "string": lambda: tf.constant("a"),
}


@pytest.mark.parametrize("make", FRESH.values(), ids=FRESH)
def test_equal_values_are_different_tensors(make):
    a, b = make(), make()
    assert a is not b and a.ref() != b.ref()
    assert len({a.ref(), b.ref()}) == 2


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["eager", "function"])
def test_gradients_tell_equal_constants_apart(how):
    a, b, c = tf.constant(3.0), tf.constant(3.0), tf.constant(3.0)

    def f():
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = a * a * b * c
        return tape.gradient(y, [a, b, c])

    da, db, dc = how(f)()
    assert (float(da), float(db), dc) == (54.0, 27.0, None)


def test_tangents_and_captures_tell_equal_constants_apart():
    a, b = tf.constant(3.0), tf.constant(3.0)
    with tf.autodiff.ForwardAccumulator(a, tf.constant(1.0)) as accumulator:
        y = a * b
    assert float(accumulator.jvp(y)) == 3.0
    concrete = tf.function(lambda: a + b).get_concrete_function()
    assert [x is y for x, y in zip(concrete.captured_inputs, [a, b], strict=True)] == [True, True]


def test_a_literal_in_the_tape_is_not_what_is_watched():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = 2.0 * x + 2.0 + tf.constant(2.0) * x
    assert float(tape.gradient(y, x)) == 4.0
