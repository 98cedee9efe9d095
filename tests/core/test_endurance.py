"""Memory that does not grow, and threads that do not disturb each other."""

import gc
import threading
import weakref

import jax
import numpy as np
import pytest

import headwater as tf
from headwater.core import function as function_module


def live():
    gc.collect()
    return len(gc.get_objects()), len(jax.live_arrays())


def grows(step, calls=10_000):
    """How many objects and arrays `calls` more steps leave behind."""
    for _ in range(20):
        step()
    before = live()
    for _ in range(calls):
        step()
    after = live()
    return after[0] - before[0], after[1] - before[1]


def test_cached_calls_do_not_grow():
    v = tf.Variable(tf.zeros([8]))

    @tf.function
    def f(x):
        v.assign_add(x)
        return v * 2.0

    x = tf.ones([8])
    objects, arrays = grows(lambda: f(x))
    assert objects < 200 and arrays <= 2


def test_eager_tape_steps_do_not_grow():
    w = tf.Variable(tf.ones([4]))
    x = tf.ones([4])

    def step():
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * x * w)
        w.assign_sub(tape.gradient(y, w) * 1e-6)

    objects, arrays = grows(step)
    assert objects < 200 and arrays <= 2


def test_functions_under_a_tape_do_not_grow():
    w = tf.Variable(tf.ones([4]))
    f = tf.function(lambda x: tf.reduce_sum(w * x))
    x = tf.ones([4])

    def step():
        with tf.GradientTape() as tape:
            y = f(x)
        return tape.gradient(y, w)

    objects, arrays = grows(step, 2_000)
    assert objects < 200 and arrays <= 2


def test_a_dropped_function_frees_its_captures():
    big = tf.ones([1000])
    f = tf.function(lambda x, captured=big: x + captured)
    f(tf.ones([1]))
    gone = weakref.ref(big)
    f = big = None
    gc.collect()
    assert f is None
    assert gone() is None


def run_threads(work, count=8):
    errors = []
    barrier = threading.Barrier(count)

    def guarded(i):
        try:
            barrier.wait()
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_first_tracing_by_many_threads_traces_once():
    traces = []

    @tf.function
    def inner(x):
        traces.append("inner")
        return x * 2.0

    @tf.function
    def outer(x):
        traces.append("outer")
        return inner(x) + 1.0

    results = [None] * 8

    def work(i):
        call = outer if i % 2 else inner
        results[i] = [float(call(tf.constant(float(i)))) for _ in range(50)]

    run_threads(work)
    assert sorted(traces) == ["inner", "outer"]
    for i, values in enumerate(results):
        assert values == [i * 2.0 + (1.0 if i % 2 else 0.0)] * 50


def test_differentiating_in_many_threads_gives_the_serial_results():
    w = tf.Variable([1.0, 2.0])
    f = tf.function(lambda x: tf.reduce_sum(w * x * x))
    results = [None] * 8

    def work(i):
        x = tf.constant([float(i), 1.0])
        found = []
        for _ in range(30):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x) + tf.reduce_sum(x * w)
            found.append([g.numpy().tolist() for g in tape.gradient(y, [x, w])])
        results[i] = found

    run_threads(work)
    for i, found in enumerate(results):
        assert found == [[[2.0 * i + 1, 6.0], [i * i + float(i), 2.0]]] * 30


def test_updates_from_many_threads_all_count():
    v = tf.Variable(0)
    readings = []

    @tf.function
    def bump():
        v.assign_add(1)
        return v + 0

    def work(i):
        for _ in range(200):
            bump()
            readings.append(int(v))

    run_threads(work)
    assert int(v) == 1600
    assert max(readings) == 1600


def test_tapes_belong_to_their_thread():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        run_threads(lambda i: x * x * x, 4)
    assert float(tape.gradient(y, x)) == 4.0
    assert len(tape._records) == 0


@pytest.mark.parametrize("eager", [True, False])
def test_large_results_are_right_under_load(eager):
    f = (lambda x: x @ x) if eager else tf.function(lambda x: x @ x)
    x = tf.ones([64, 64])
    run_threads(
        lambda i: [np.testing.assert_allclose(f(x * float(i)), np.full((64, 64), 64.0 * i * i)) for _ in range(10)]
    )


def executables():
    gc.collect()
    return len(jax.devices()[0].client.live_executables())


def _called(f, x):
    f(x)


def _differentiated(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    tape.gradient(y, x)


@pytest.mark.filterwarnings("ignore:The last")
@pytest.mark.parametrize("use", [_called, _differentiated])
def test_traces_for_ever_new_shapes_keep_few_executables(use, monkeypatch):
    monkeypatch.setattr(function_module, "_MAX_COMPILED", 3)
    f = tf.function(lambda x: tf.reduce_sum(tf.tanh(x)))
    xs = [tf.constant(np.ones(n, np.float32)) for n in range(1, 13)]
    for x in xs[:4]:
        use(f, x)
    before = executables()
    for x in xs[4:]:
        use(f, x)
    assert executables() <= before + 2
    assert f.experimental_get_tracing_count() == 12
    use(f, xs[0])  # compiled again, not traced again
    assert f.experimental_get_tracing_count() == 12
    np.testing.assert_allclose(f(xs[0]).numpy(), np.tanh(1.0), rtol=1e-6)


@pytest.mark.parametrize("use", [_called, _differentiated])
def test_functions_take_their_executables_with_them(use):
    def once(number):
        use(tf.function(lambda x: tf.reduce_sum(x * x) + number), tf.ones([3]))

    once(0.0)
    before = executables()
    for number in range(1, 6):
        once(float(number))
    assert executables() <= before


def test_gradients_of_calls_compile_nothing_of_their_own_for_each_shape():
    f = tf.function(lambda x: tf.tanh(x) * 2.0, input_signature=[tf.TensorSpec([None], tf.float32)])
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if name.endswith("/backend_compile_duration") else None
    )

    def counted(n):
        x, cotangent = tf.constant(np.ones(n, np.float32)), tf.constant(np.ones(n, np.float32))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        before = len(compiled)
        tape.gradient(y, x, cotangent)
        return len(compiled) - before

    assert [counted(n) for n in (3, 4, 5)] == [1, 1, 1]
