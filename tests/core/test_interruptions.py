"""What users raise while the engine is at work (handlers of signals, say) arrives as it is, and breaks nothing."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import pytest

import headwater as tf
from headwater.core.engine_errors import reraise_foreign
from headwater.core.op import Op


class Stop(Exception):
    """What a handler raises."""


KINDS = [TimeoutError, Stop, ValueError, TypeError, RuntimeError, KeyError]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def handled(request: pytest.FixtureRequest) -> Iterator[type[Exception]]:
    def stop(*_: Any) -> None:
        raise request.param("mine")

    before = signal.signal(signal.SIGUSR1, stop)
    yield request.param
    signal.signal(signal.SIGUSR1, before)


class Interrupted:
    """A kernel during whose n-th evaluation a signal arrives."""

    def __init__(self, evaluation: int) -> None:
        self.left = evaluation

    def __call__(self, x: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGUSR1)
        return x * 2


def make(evaluation: int, **options: Any) -> Op:
    return Op("Interrupted", Interrupted(evaluation), register=False, **options)


def padding() -> None:
    kernel = Interrupted(0)
    op = Op("Interrupted", kernel, register=False)
    function = tf.function(op, input_signature=[tf.TensorSpec([None])])
    for length in (2, 3, 4):
        function(tf.ones([length]))
    kernel.left = 1
    function(tf.ones([5]))


PLACES: dict[str, Callable[[], Any]] = {
    "eager": lambda: make(1)(tf.constant([1.0])),
    "on the host": lambda: make(1, effect="host")(tf.constant([1.0])),
    "shapes": lambda: tf.function(make(1))(tf.constant([1.0])),
    "unknown shapes": lambda: tf.function(make(2), input_signature=[tf.TensorSpec([None])])(tf.constant([1.0])),
    "unknown ranks": lambda: tf.function(make(3), input_signature=[tf.TensorSpec(None)])(tf.constant([1.0])),
    "lowering": lambda: tf.function(make(2))(tf.constant([1.0])),
    "padding": padding,
    "folding": lambda: tf.function(lambda: make(2)(tf.constant([1.0])))(),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_a_handler_raises_arrives_as_it_is(handled: type[Exception], place: str) -> None:
    with pytest.raises(handled, match="mine") as raised:
        PLACES[place]()
    assert type(raised.value) is handled


def test_what_the_engine_raises_is_mapped_whatever_is_handled_outside() -> None:
    try:
        raise Stop
    except Stop:
        with pytest.raises(tf.errors.InvalidArgumentError, match="MatMul"):
            tf.linalg.matmul(tf.ones([2, 3]), tf.ones([2, 3]))


def test_a_handlers_exception_that_the_engine_wrapped_is_found() -> None:
    scope: dict[str, Any] = {"__file__": jax.__file__}
    code = """
def wrapping(f):
    try:
        f()
    except TypeError as error:
        raise TypeError("wrapped") from error
"""
    exec(compile(code, os.path.join(os.path.dirname(jax.__file__), "wrapping.py"), "exec"), scope)

    def handler() -> None:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="wrapped") as raised:
        scope["wrapping"](handler)
    error = raised.value.with_traceback(raised.tb.tb_next)  # without this file's frame: the guards stand in the engine
    with pytest.raises(TypeError, match="mine"):
        reraise_foreign(error)


def test_limits_of_python_are_no_argument_errors() -> None:
    @tf.function
    def deep(x: Any) -> Any:
        return deep_python(x)

    def deep_python(x: Any) -> Any:
        return deep_python(tf.identity(x))

    with pytest.raises(RecursionError):
        deep(tf.constant(1.0))


def test_variables_outlive_interruptions() -> None:
    variable, x = tf.Variable(tf.zeros([300, 300])), tf.ones([300, 300])

    @tf.function
    def step() -> None:
        variable.assign(tf.tanh(variable @ x) + 1.0)

    def stop(*_: Any) -> None:
        raise Stop

    step()
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for number in range(30):
            with pytest.raises(Stop):  # noqa: PT012
                signal.setitimer(signal.ITIMER_REAL, 0.003 + number / 10_000)
                until = time.monotonic() + 10
                while time.monotonic() < until:
                    step()
            assert variable.numpy().shape == (300, 300)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
