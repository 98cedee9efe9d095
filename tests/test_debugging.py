"""`tf.debugging`: what each assertion accepts and refuses, eager, while tracing, and when a graph runs."""

import numpy as np
import pytest

import headwater as tf
from headwater.ops import debugging

c = tf.constant
InvalidArgument = tf.errors.InvalidArgumentError

COMPARISONS = [
    # function, arguments that pass, arguments that fail, the sign in the message
    (debugging.assert_equal, ([1, 2], [1, 2]), ([1, 2], [1, 3]), "=="),
    (debugging.assert_none_equal, ([1, 2], [3, 3]), ([1, 2], [1, 3]), "!="),
    (debugging.assert_less, ([1, 2], 3), ([1, 3], 3), "<"),
    (debugging.assert_less_equal, ([1, 3], 3), ([1, 4], 3), "<="),
    (debugging.assert_greater, ([4, 5], 3), ([3, 5], 3), ">"),
    (debugging.assert_greater_equal, ([3, 5], 3), ([2, 5], 3), ">="),
    (debugging.assert_positive, ([1, 2],), ([0, 2],), ">"),
    (debugging.assert_negative, ([-1, -2],), ([0, -2],), "<"),
    (debugging.assert_non_negative, ([0, 2],), ([-1, 2],), ">="),
    (debugging.assert_non_positive, ([0, -2],), ([1, -2],), "<="),
    (debugging.assert_near, ([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0], [1.0, 2.1]), "tolerance"),
]


@pytest.mark.parametrize(("check", "good", "bad", "sign"), COMPARISONS)
def test_comparisons(check, good, bad, sign):
    text = f"(?s)my words.*{sign}"

    def traced(*values):
        check(*values, message="my words")
        return values[0]

    graph = tf.function(traced)
    constants = tf.function(lambda: traced(*[c(v) for v in bad]))
    check(*[c(v) for v in good], message="my words")
    graph(*[c(v) for v in good])
    with pytest.raises(InvalidArgument, match=text):
        check(*[c(v) for v in bad], message="my words")
    with pytest.raises(InvalidArgument, match=text) as caught:
        graph(*[c(v) for v in bad])
    assert __file__ in str(caught.value)
    with pytest.raises(InvalidArgument, match=text):
        constants()


def test_the_message_of_a_comparison():
    with pytest.raises(InvalidArgument) as caught:
        debugging.assert_equal(c([1, 2]), c([1, 3]), message="hm")
    assert str(caught.value).split("\n") == [
        "hm", "Condition x == y did not hold.", "Indices of first 1 different values:", "[[1]]",
        "Corresponding x values:", "[2]", "Corresponding y values:", "[3]", "First 2 elements of x:", "[1 2]",
        "First 2 elements of y:", "[1 3]",
    ]  # fmt: skip


def test_assert():
    debugging.Assert(c(True), ["fine"])
    with pytest.raises(InvalidArgument, match=r"(?s)to be true. Summarized data: b'msg'\n1, 2, 3, \.\.\."):
        debugging.Assert(c(False), ["msg", c([1, 2, 3, 4, 5])])
    with pytest.raises(InvalidArgument, match=r"1, 2, \.\.\."):
        debugging.Assert(c(False), [c([1, 2, 3, 4, 5])], summarize=2)
    f = tf.function(lambda x: (debugging.Assert(x > 0, ["x is", x]), x)[1])
    assert int(f(c(1))) == 1
    with pytest.raises(InvalidArgument, match=r"(?s)assertion failed: \[x is\]\n\[-1\]"):
        f(c(-1))


def test_assertions_do_not_stop_gradients():
    @tf.function
    def f(x):
        debugging.assert_positive(x)
        return debugging.check_numerics(x * x, "y")

    x = c(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 6.0


@pytest.mark.parametrize(
    ("check", "good", "bad", "kind", "text"),
    [
        (
            debugging.assert_rank,
            ([1, 2], 1),
            ([1, 2], 2),
            ValueError,
            r"must have rank 2.  Received rank 1, shape \(2,\)",
        ),
        (debugging.assert_rank_at_least, ([[1]], 1), ([1], 2), ValueError, "must have rank at least 2"),
        (debugging.assert_rank_in, ([1], [0, 1]), ([1], [2, 3]), ValueError, r"must have rank in \(2, 3\)"),
        (debugging.assert_scalar, (1,), ([1],), ValueError, r"Expected scalar shape, saw shape: \(1,\)"),
        (debugging.assert_integer, ([1],), ([1.0],), TypeError, "integer type"),
        (debugging.assert_type, ([1], tf.int32), ([1.0], tf.int32), TypeError, "must be of type .*int32"),
        (debugging.assert_proper_iterable, ([1],), ("text",), TypeError, "proper"),
    ],
)
def test_shapes_and_types(check, good, bad, kind, text):
    check(*good)
    with pytest.raises(kind, match=text):
        check(*bad)


def test_ranks_known_only_at_run_time():
    @tf.function(input_signature=[tf.TensorSpec(None)])
    def f(x):
        debugging.assert_rank(x, 2)
        return tf.reduce_sum(x)

    assert float(f(tf.ones([2, 3]))) == 6.0
    with pytest.raises(InvalidArgument, match="rank 2"):
        f(tf.ones([3]))


def test_assert_shapes():
    x, y = tf.zeros([2, 3]), tf.zeros([3])
    debugging.assert_shapes([(x, ("N", "D")), (y, ("D",)), (c(1), ()), (x, (None, 3)), (x, ("*", "D")), (x, (2, ...))])
    for pairs, text in [
        ([(x, ("N", "D", 1))], "must have rank 3"),
        ([(x, ("N", 4))], "Specified explicitly.*dimension 1 must have size 4"),
        ([(x, ("N", "D")), (y, ("N",))], "Specified by tensor .* dimension 0.*must have size 2"),
        ([(x, ("*", 2))], "must have size 2"),
    ]:
        with pytest.raises(ValueError, match=text):
            debugging.assert_shapes(pairs)

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        debugging.assert_shapes([(x, (3,))])
        return x

    assert f(y).shape == (3,)
    with pytest.raises(InvalidArgument, match="must have size 3"):
        f(tf.zeros([2]))


def test_float_dtypes():
    assert debugging.assert_same_float_dtype([c([1.0])]) is tf.float32
    with pytest.raises(ValueError, match="must be of the same type"):
        debugging.assert_same_float_dtype([c([1.0]), c([1.0], tf.float64)])
    with pytest.raises(ValueError, match="floating point"):
        debugging.assert_same_float_dtype([c([1])])


@pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["eager", "graph"])
@pytest.mark.parametrize(
    ("values", "found"), [([1, np.nan], "NaN"), ([1, np.inf], "Inf"), ([-np.inf, np.nan], "Inf and NaN")]
)
def test_check_numerics(run, values, found):
    f = run(lambda x: debugging.check_numerics(x, "here"))
    np.testing.assert_array_equal(f(c([1.0, 2.0])), [1, 2])
    with pytest.raises(InvalidArgument, match=f"here : Tensor had {found} values"):
        f(c(values, tf.float32))
    with pytest.raises(InvalidArgument, match="here"):
        run(lambda x: debugging.assert_all_finite(x, "here"))(c(values, tf.float32))


def test_is_numeric_tensor():
    assert debugging.is_numeric_tensor(c(1))
    assert not debugging.is_numeric_tensor(c("a"))
    assert not debugging.is_numeric_tensor(1)
