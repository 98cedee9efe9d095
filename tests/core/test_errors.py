"""Errors: classes, texts, and that nothing of JAX or XLA reaches the user."""

import pickle

import jax
import numpy as np
import pytest

import headwater as tf
from headwater.core.engine_errors import map_engine_error
from headwater.core.errors import OpError
from headwater.core.op import Op


def _engine_error_classes():
    found = {jax.errors.JaxRuntimeError}
    for name in dir(jax.errors):
        value = getattr(jax.errors, name)
        if isinstance(value, type) and issubclass(value, Exception):
            found.add(value)
    return sorted(found, key=lambda c: c.__name__)


@pytest.mark.parametrize("kind", _engine_error_classes(), ids=lambda c: c.__name__)
def test_every_engine_error_has_a_tensorflow_class(kind):
    try:
        error = kind("INVALID_ARGUMENT: the reason")
    except Exception:  # some take tracers to quote
        error = kind.__new__(kind)
        Exception.__init__(error, "INVALID_ARGUMENT: the reason")
    mapped = map_engine_error(error, "Running f")
    assert isinstance(mapped, OpError)
    assert "the reason" in mapped.message and mapped.message.startswith("Running f")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("RESOURCE_EXHAUSTED", tf.errors.ResourceExhaustedError),
        ("NOT_FOUND", tf.errors.NotFoundError),
        ("UNIMPLEMENTED", tf.errors.UnimplementedError),
        ("SOMETHING_ELSE", tf.errors.InternalError),
    ],
)
def test_status_decides_the_class(status, kind):
    assert type(map_engine_error(jax.errors.JaxRuntimeError(f"{status}: why"), "f")) is kind


def test_error_attributes():
    error = tf.errors.NotFoundError(None, None, "no such thing")
    assert (error.message, error.error_code, str(error)) == ("no such thing", tf.errors.NOT_FOUND, "no such thing")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is tf.errors.NotFoundError and again.message == error.message


_FAILING = Op("TestFailing", lambda x: x.reshape(7), register=False)


def _user_errors():
    x, ints = tf.ones([2, 3]), tf.constant([1, 2])
    yield "eager kernel", lambda: _FAILING(x)
    yield "eager broadcast", lambda: x + tf.ones([2])
    yield "eager dtype", lambda: x + tf.ones([2, 3], tf.float64)
    yield "eager matmul", lambda: tf.matmul(x, x)
    yield "eager reshape", lambda: tf.reshape(x, [4])
    yield "eager stack", lambda: tf.stack([x, ints])
    yield "traced kernel", lambda: tf.function(lambda: _FAILING(x))()
    general = tf.function(lambda y: y + tf.ones([5]), input_signature=[tf.TensorSpec(None)])
    yield "run time broadcast", lambda: general(tf.ones([4]))
    by_value = tf.function(lambda n: tf.reshape(x, [n, n]))
    yield "stage", lambda: by_value(tf.constant(5))
    v = tf.Variable(1.0)
    grown = tf.function(lambda y: v.assign_add(tf.reduce_sum(_FAILING(y))), input_signature=[tf.TensorSpec(None)])
    yield "state", lambda: grown(tf.ones([3]))


@pytest.mark.parametrize("case", list(_user_errors()), ids=lambda c: c[0])
def test_no_engine_exception_reaches_the_user(case):
    with pytest.raises((OpError, TypeError, ValueError)) as caught:
        case[1]()
    module = type(caught.value).__module__
    assert module.split(".")[0] in ("headwater", "builtins"), type(caught.value)
    assert "jax" not in str(caught.value).lower()
    assert not any("JAX" in note for note in getattr(caught.value, "__notes__", []))


def test_a_failing_call_leaves_variables_as_they_were():
    v = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec([], tf.int32)])
    def f(x, n):
        v.assign_add([1.0, 1.0])
        return tf.reshape(x, [n, n])

    with pytest.raises(tf.errors.InvalidArgumentError):
        f(tf.ones([3]), 2)
    np.testing.assert_allclose(v, [1, 2])
    f(tf.ones([4]), 2)
    np.testing.assert_allclose(v, [2, 3])
