"""Inputs of ever new lengths: few executables, the right values, and memory that is bounded."""

import collections
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import headwater as tf
from headwater.core import padding, shaped

_compiled: collections.Counter[str] = collections.Counter()
jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: _compiled.update([name]))
_EVENT = "/jax/core/compile/backend_compile_duration"

W = np.linspace(-1, 1, 12, dtype="f4").reshape(3, 4)


def _loop(x: Any) -> Any:
    return tf.while_loop(lambda i, s: i < tf.shape(x)[0], lambda i, s: (i + 1, s * 0.5 + x[i]), [0, tf.zeros([3])])[1]


def _gradient(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_mean(tf.nn.relu(x @ W) ** 2) + tf.reduce_sum(x[1:] * x[:-1])
    return tape.gradient(loss, x)


# What pads, by kind of what must not see the padding. Each takes float32 [n, 3].
_PADDED: dict[str, Callable[[Any], Any]] = {
    "place by place": lambda x: tf.nn.gelu(x) * 2.0 + 1.0,
    "sum": lambda x: tf.reduce_sum(tf.exp(x), 0),
    "mean": lambda x: tf.reduce_mean(x + 3.0),
    "largest of negative": lambda x: tf.reduce_max(x - 10.0, 0),
    "smallest of positive": lambda x: tf.reduce_min(x + 10.0, 0),
    "product": lambda x: tf.reduce_prod(x + 2.0, 0),
    "all and any": lambda x: tf.stack([tf.reduce_all(x > -9.0), tf.reduce_any(x > 9.0)]),
    "place of the largest": lambda x: tf.argmax(x - 10.0, 0),
    "contracted": lambda x: tf.matmul(x + 1.0, x + 1.0, transpose_a=True),
    "infinite beyond the end": lambda x: tf.matmul(1.0 / x, x, transpose_a=True),
    "not contracted": lambda x: tf.matmul(x, W),
    "attention": lambda x: tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x),
    "flattened": lambda x: tf.reshape(x, [-1]) * 2.0,
    "shifted": lambda x: x[1:] - x[:-1],
    "first and last": lambda x: x[0] + x[-1],
    "joined": lambda x: tf.concat([x, x + 1.0, tf.zeros([2, 3])], 0),
    "extended": lambda x: tf.pad(x, [[1, 2], [0, 1]]),
    "running sum": lambda x: tf.cumsum(x, 0),
    "running sum from the end": lambda x: tf.cumsum(x, 0, reverse=True),
    "looked up": lambda x: tf.gather(W, tf.cast(tf.abs(x[:, 0]) > 0.5, tf.int32)),
    "its size": lambda x: tf.cast(tf.shape(x)[0], tf.float32) * tf.reduce_sum(x),
    "gradient": _gradient,
}


def _x(n: int) -> np.ndarray:
    return np.sin(np.arange(1.0, 3 * n + 1)).astype("f4").reshape(n, 3)


@pytest.mark.parametrize("kind", _PADDED)
def test_what_is_beyond_the_length_is_kept_out(kind: str) -> None:
    fn = _PADDED[kind]
    f = tf.function(fn, input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    for n in (4, 5, 6):
        f(tf.constant(_x(n)))
    program = f.get_concrete_function().program._compiled
    f(tf.constant(_x(7)))
    assert next(iter(program._padded.values())) is not None, program._refusal
    before = _compiled[_EVENT]
    results = [f(tf.constant(_x(n))).numpy() for n in (8, 9, 32)]
    assert _compiled[_EVENT] == before, "lengths up to 32 share one executable"
    for n, result in zip((8, 9, 32), results, strict=True):
        np.testing.assert_allclose(result, fn(tf.constant(_x(n))).numpy(), rtol=1e-5, atol=1e-5)


def _recurrent(x: Any) -> Any:
    n = tf.shape(x)[0]
    states = tf.TensorArray(tf.float32, size=n)

    def step(i: Any, state: Any, states: Any) -> Any:
        state = tf.tanh(state @ W[:, :3] + x[i][None])
        return i + 1, state, states.write(i, state[0])

    return tf.while_loop(lambda i, *_: i < n, step, [0, tf.zeros([1, 3]), states])[2].stack()


def _causal_attention(x: Any) -> Any:
    n = tf.shape(x)[0]
    allowed = tf.linalg.band_part(tf.ones([n, n]), -1, 0)
    return tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True) + (allowed - 1.0) * 1e9), x)


def _rows(x: Any) -> Any:
    return tf.range(tf.shape(x)[0])


def _third(x: Any) -> Any:
    return tf.shape(x)[0] // 3


_WINDOW = np.linspace(-1, 1, 36, dtype="f4").reshape(3, 3, 4)

# What moves data, or makes them of sizes that follow from the length. Each takes float32 [n, 3], and is differentiable.
_MOVED: dict[str, Callable[[Any], Any]] = {
    "stacked": lambda x: tf.stack([x, x * 2.0], 1) + tf.stack(tf.unstack(x, axis=1)[:1], 1)[:, None],
    "tiled": lambda x: tf.tile(x, [2, 1]) * tf.tile(x[:, :1], [2, 3]),
    "a row for each": lambda x: x * tf.tile(x[:1], [tf.shape(x)[0], 1]) + tf.broadcast_to(x[0], tf.shape(x)),
    "split": lambda x: tf.split(tf.concat([x, 2.0 * x], 0), 2, 0)[1] * tf.split(x, [1, 2], 1)[0],
    "numbered": lambda x: (
        x * tf.cast(_rows(x), tf.float32)[:, None] + tf.cast(tf.range(9, 9 - tf.shape(x)[0], -1), "float32")[:, None]
    ),
    "sorted": lambda x: tf.sort(x, 0) + tf.cast(tf.argsort(x, 0, stable=True), tf.float32) * x,
    "largest": lambda x: tf.math.top_k(x[:, 0], 3)[0],
    "reversed": lambda x: tf.reverse(x, [0]) * x[::-1, :1],
    "every second": lambda x: x[::2] * 2.0 + x[:1],
    "first half": lambda x: x[: tf.shape(x)[0] // 2] ** 2,
    "second half": lambda x: x[tf.shape(x)[0] // 2 :] ** 2,
    "rolled": lambda x: tf.roll(x, 1, 0) * x,
    "rolled back": lambda x: tf.roll(x, -2, 0) * x,
    "rolled around": lambda x: tf.roll(tf.transpose(x), 70, 1),
    "thirds in another order": lambda x: tf.concat([x[_third(x) : -1], x[-1:], x[: _third(x)] * 2.0], 0),
    "running sums": lambda x: tf.cumsum(x, 0, exclusive=True) + tf.cumsum(x, 0, exclusive=True, reverse=True),
    "transposed and flattened": lambda x: tf.reshape(tf.transpose(x), [-1]) ** 2,
    "halves side by side": lambda x: tf.reshape(tf.concat([x, x * x], 0), [2, -1, 3])[1],
    "gathered from the end": lambda x: tf.gather_nd(x, (tf.shape(x)[0] - 1 - _rows(x))[:, None]),
    "gathered from each row": lambda x: tf.gather(x, tf.argmax(x, 1), axis=1, batch_dims=1),
    "scattered": lambda x: tf.tensor_scatter_nd_add(x, [[0], [2]], x[:2]),
    "segments": lambda x: tf.math.unsorted_segment_sum(x, _rows(x) // 2, tf.shape(x)[0]),
    "pooled": lambda x: tf.nn.max_pool1d(x[None], 2, 2, "VALID")[0],
    "averaged": lambda x: tf.nn.avg_pool1d(x[None], 3, 1, "SAME"),
    "convolved": lambda x: tf.nn.conv1d(x[None], _WINDOW, 1, "SAME"),
    "convolved, dilated": lambda x: tf.nn.conv1d(tf.pad(x, [[4, 0], [0, 0]])[None], _WINDOW, 1, "VALID", dilations=2),
    "masked": lambda x: tf.where(tf.sequence_mask([2, 3], tf.shape(x)[0])[..., None], x[None], 0.5),
    "causal attention": _causal_attention,
    "loop": _loop,
    "recurrent": _recurrent,
    "mapped": lambda x: tf.map_fn(lambda row: tf.reduce_sum(row) * row, x),
    "summed products": lambda x: tf.einsum("ni,mi->nm", x, x),
}


@pytest.mark.parametrize("kind", _MOVED)
def test_moved_data_and_their_gradients_do_not_see_the_padding(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaped, "_EXACT", 1)

    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = _MOVED[kind](x)
            loss = tf.reduce_sum(y * tf.cos(y))
        return y, tf.convert_to_tensor(tape.gradient(loss, x))

    f = tf.function(both, input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    f(tf.constant(_x(4)))
    results, expected = f(tf.constant(_x(33))), tf.function(both)(tf.constant(_x(33)))
    program = f.get_concrete_function().program._compiled
    assert len(program._exact) == 1, program._refusal
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_allclose(result.numpy(), value.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", [0, 2, 9])
def test_a_part_that_is_written_over_ends_where_it_does(start: int) -> None:
    def write(inputs: Any) -> Any:
        (x,) = inputs
        return jax.lax.dynamic_update_slice_in_dim(x, -x[: x.shape[0] // 2], start, 0)

    x = np.arange(1.0, 12.0, dtype="f4")
    result = padding.Padded(write, [("n",)], 2)([padding.pad(x, [32])], {"n": np.int64(11)})
    np.testing.assert_array_equal(result.cut({"n": 11}), write([x]))


def test_results_are_as_long_as_the_variables_of_the_call_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaped, "_EXACT", 1)
    start = tf.Variable(np.ones(2, "f4"), shape=[None])
    f = tf.function(lambda x: tf.concat([start, x], 0), input_signature=[tf.TensorSpec([None], tf.float32)])
    for before, n in ((2, 3), (2, 4), (5, 5), (2, 6), (5, 7), (2, 8)):
        start.assign(np.full(before, -1, "f4"))
        assert f(tf.ones([n])).numpy().tolist() == [-1] * before + [1] * n
    assert len(f.get_concrete_function().program._compiled._exact) == 1


def test_sizes_in_messages_are_the_true_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaped, "_EXACT", 1)
    spec = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int32)]
    f = tf.function(lambda x, i: tf.gather(x, i), input_signature=spec)
    f(tf.ones([4]), 3)
    assert float(f(tf.range(9.0), 8)) == 8.0
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"= 9 is not in \[0, 9\)"):
        f(tf.ones([9]), 9)


# What is compiled for each length, as there is no rule for it.
_REFUSED: dict[str, Callable[[Any], Any]] = {
    "evenly spaced": lambda x: tf.linspace(0.0, 1.0, tf.shape(x)[0]) + x[:, 0],
    "a diagonal": lambda x: tf.linalg.diag(x[:, 0]),
    "random": lambda x: tf.random.stateless_uniform(tf.shape(x), [1, 2]) + x,
}


@pytest.mark.parametrize("kind", _REFUSED)
def test_what_has_no_rule_is_compiled_for_each_length(kind: str) -> None:
    fn = _REFUSED[kind]
    f = tf.function(fn, input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    for n in range(2, 8):
        np.testing.assert_allclose(f(tf.constant(_x(n))).numpy(), fn(tf.constant(_x(n))).numpy(), rtol=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_empty_and_single_inputs_are_never_padded(n: int) -> None:
    f = tf.function(lambda x: x + W[:, :3], input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    g = tf.function(lambda x: tf.reduce_sum(x, 0), input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    for k in (3, 4, 5, 6, n):
        np.testing.assert_allclose(g(tf.constant(_x(k))).numpy(), _x(k).sum(0), rtol=1e-5, atol=1e-6)
    assert f(tf.constant(_x(1))).shape == (3, 3)


def test_two_inputs_of_one_length_and_one_of_another() -> None:
    spec = [tf.TensorSpec([None], tf.float32)] * 3
    f = tf.function(lambda x, y, z: tf.reduce_sum(x * y) + tf.reduce_max(z), input_signature=spec)
    for n in range(2, 12):
        a, b = np.arange(1.0, n + 1, dtype="f4"), -np.arange(1.0, 2 * n, dtype="f4")
        assert float(f(tf.constant(a), tf.constant(a), tf.constant(b))) == float((a * a).sum() + b.max())


def test_variables_are_assigned_by_padded_programs() -> None:
    total = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def add(x: Any) -> Any:
        return total.assign_add(tf.reduce_sum(x))

    for n in range(2, 12):
        add(tf.ones([n]))
    assert float(total) == sum(range(2, 12))


def test_training_on_new_lengths_compiles_few_steps() -> None:
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [layers.Input((None, 3)), layers.Dense(4, "relu"), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    batch = lambda n: (np.ones((4, n, 3), "f4"), np.ones((4, 1), "f4"))  # noqa: E731
    for n in range(5, 11):
        model.train_on_batch(*batch(n))
    before = _compiled[_EVENT]
    losses = [model.train_on_batch(*batch(n)) for n in range(11, 17)]
    assert _compiled[_EVENT] == before and losses == sorted(losses, reverse=True)


@pytest.fixture
def few_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shaped, "_MAX_KEPT", 4)


def test_executables_are_bounded_and_that_is_said_once(few_kept: None) -> None:
    f = tf.function(lambda x: tf.linalg.diag(x), input_signature=[tf.TensorSpec([None], tf.float32)])
    with pytest.warns(UserWarning, match="cannot be compiled once for padded ones") as said:
        _ = [f(tf.ones([n])) for n in range(2, 12)]
    assert len(said) == 1 and "tf.pad" in str(said[0].message)
    assert len(f.get_concrete_function().program._compiled._exact) == 4


def test_eager_programs_are_bounded() -> None:
    x = [tf.constant(_x(n)) for n in range(1, 9)]
    for value in x:
        tf.tanh(value)
    shaped.eager_programs.bound(0)
    assert sum(p._cache_size() for _, _, p in shaped.eager_programs._kept) == 0
    np.testing.assert_allclose(tf.tanh(x[3]).numpy(), np.tanh(_x(4)), rtol=1e-6)


def test_filled_tensors_ranges_and_constants_compile_nothing() -> None:
    tf.constant(_x(2)), tf.zeros([2]), tf.range(3)
    before = _compiled[_EVENT]
    for n in range(20, 30):
        tf.constant(_x(n)), tf.zeros([n, 2]), tf.ones([n], tf.int32), tf.range(n), tf.fill([n], 2.5)
    assert _compiled[_EVENT] == before


def _trained(exact: int, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The weights of a small recurrent text model after a few sentences of ever new lengths."""
    monkeypatch.setattr(shaped, "_EXACT", exact)
    table = tf.Variable(np.sin(np.arange(40.0)).reshape(10, 4).astype("f4"))
    mixing = tf.Variable(np.cos(np.arange(64.0)).reshape(8, 8).astype("f4"))
    optimizer = tf.keras.optimizers.Adam(0.1)
    optimizer.build([table, mixing])

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def step(words: Any) -> Any:
        present = tf.cast(words > 0, tf.float32)
        with tf.GradientTape() as tape:
            vectors = tf.nn.embedding_lookup(table, words)
            state = tf.zeros([tf.shape(words)[0], 4])
            for i in tf.range(tf.shape(words)[1]):
                gate, new = tf.split(tf.matmul(tf.concat([vectors[:, i], state], 1), mixing), 2, 1)
                share = tf.sigmoid(gate) * present[:, i][:, None]
                state = share * tf.tanh(new) + (1.0 - share) * state
            loss = tf.reduce_mean(state**2)
        weights = [table, mixing]
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    for n in (3, 5, 7):
        step(tf.constant(np.arange(2 * n).reshape(2, n) % 10, tf.int32))
    assert len(step.get_concrete_function().program._compiled._exact) == min(exact, 3)
    return [table.numpy(), mixing.numpy()]


def test_a_text_model_trains_alike_with_and_without_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    padded, exact = _trained(1, monkeypatch), _trained(9, monkeypatch)
    for a, b in zip(padded, exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
