"""What goldens cannot record: channels first, forward mode, windows that fall back, errors' wording, statistics."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import headwater as tf


def _floats(*shape: int, seed: int = 0) -> Any:
    return tf.constant(np.random.RandomState(seed).uniform(-2, 2, shape).astype(np.float32))


def _first(x: Any) -> Any:
    return tf.constant(np.moveaxis(x.numpy(), -1, 1))


IMAGES, KERNEL = _floats(2, 7, 8, 4), _floats(3, 2, 4, 6, seed=1)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, layout: tf.nn.conv2d(x, KERNEL, 2, "SAME", layout),
        lambda x, layout: tf.nn.conv2d(x, _floats(3, 3, 2, 6), 1, "VALID", layout, dilations=2),
        lambda x, layout: tf.nn.max_pool2d(x, 3, 2, "SAME", layout),
        lambda x, layout: tf.nn.avg_pool2d(x, 2, 2, "SAME", layout),
        lambda x, layout: tf.nn.depthwise_conv2d(x, _floats(3, 3, 4, 2), [1, 1, 1, 1], "SAME", layout),
    ],
)
def test_channels_first_is_channels_last_transposed(call: Any) -> None:
    with tf.GradientTape(persistent=True) as tape:
        last, first = IMAGES, _first(IMAGES)
        tape.watch([last, first])
        wanted, got = call(last, "NHWC"), call(first, "NCHW")
    np.testing.assert_allclose(got.numpy(), np.moveaxis(wanted.numpy(), -1, 1), rtol=1e-4, atol=1e-4)
    gradient = np.moveaxis(tape.gradient(wanted, last).numpy(), -1, 1)
    np.testing.assert_allclose(tape.gradient(got, first).numpy(), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.nn.conv2d(x, KERNEL, 1, "SAME"),
        lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
        lambda x: tf.nn.depthwise_conv2d(x, _floats(3, 3, 4, 1), [1, 1, 1, 1], "SAME"),
        lambda x: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(x), x),
    ],
)
def test_forward_mode_agrees_with_differences(function: Any) -> None:
    direction = _floats(*IMAGES.shape, seed=5)
    with tf.autodiff.ForwardAccumulator(IMAGES, direction) as accumulator:
        result = function(IMAGES)
    step = 1e-2
    ahead, behind = (function(IMAGES + direction * s).numpy() for s in (step, -step))
    difference = (ahead - behind) / (2 * step)
    got = accumulator.jvp(result).numpy()
    assert np.mean(np.abs(got - difference)) < 0.02 * (1 + np.mean(np.abs(difference)))


def test_large_windows_agree_with_small_ones_composed() -> None:
    x = _floats(1, 24, 24, 2)
    once = tf.nn.max_pool2d(x, 12, 12, "VALID")  # more elements than the slices' limit
    twice = tf.nn.max_pool2d(tf.nn.max_pool2d(x, 6, 6, "VALID"), 2, 2, "VALID")
    np.testing.assert_array_equal(once.numpy(), twice.numpy())


@pytest.mark.parametrize(
    ("shape", "size", "strides", "padding"),
    [
        ((1, 4, 4, 1), 2, 2, "VALID"),
        ((2, 7, 5, 3), 2, 2, "VALID"),  # a row and a column that no window reaches
        ((2, 7, 5, 3), (3, 2), (3, 2), "SAME"),
        ((1, 5, 6, 2), 2, 2, [[0, 0], [1, 0], [1, 1], [0, 0]]),
        ((1, 6, 6, 2), 3, 2, "SAME"),  # windows that overlap
    ],
)
def test_the_gradient_of_a_pool_goes_to_the_first_of_equals(shape: Any, size: Any, strides: Any, padding: Any) -> None:
    x = tf.constant(np.random.RandomState(0).randint(0, 3, shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.max_pool2d(x, size, strides, padding)
    ones, pads = np.ones(y.shape), padding
    if padding == "SAME":
        steps = np.broadcast_to(strides, 2)
        missing = (np.array(y.shape[1:3]) - 1) * steps + np.broadcast_to(size, 2) - shape[1:3]
        pads = [[0, 0], *[[max(m, 0) // 2, max(m, 0) - max(m, 0) // 2] for m in missing], [0, 0]]
    wanted = _firsts(x.numpy(), ones, np.broadcast_to(size, 2), np.broadcast_to(strides, 2), pads)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), wanted)


def _firsts(x: Any, gradient: Any, size: Any, strides: Any, pads: Any) -> Any:
    """The gradient of a pool, window by window."""
    pads = np.zeros((4, 2), int) if pads == "VALID" else np.array(pads)
    padded = np.pad(x, pads, constant_values=-np.inf)
    total = np.zeros(padded.shape, x.dtype)
    for n, i, j, c in np.ndindex(*gradient.shape):
        rows = slice(i * strides[0], i * strides[0] + size[0])
        columns = slice(j * strides[1], j * strides[1] + size[1])
        place = np.unravel_index(padded[n, rows, columns, c].argmax(), size)
        total[n, rows.start + place[0], columns.start + place[1], c] += gradient[n, i, j, c]
    (top, _), (left, _) = pads[1:3]
    return total[:, top : top + x.shape[1], left : left + x.shape[2]]


def test_dropout_keeps_the_mean_and_follows_the_seed() -> None:
    tf.random.set_seed(3)
    x = tf.ones([10000])
    kept = tf.nn.dropout(x, 0.3, seed=1).numpy()
    assert abs(kept.mean() - 1) < 0.05
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
    tf.random.set_seed(3)
    np.testing.assert_array_equal(tf.nn.dropout(x, 0.3, seed=1).numpy(), kept)


def test_dropout_shares_choices_along_noise_shape() -> None:
    kept = tf.nn.dropout(tf.ones([5, 50]), 0.5, noise_shape=[1, None]).numpy()
    assert (kept == kept[0]).all()


def test_embedding_gradients_are_slices() -> None:
    table = tf.Variable(tf.ones([4, 2]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [3, 3, 0]))
    gradient = tape.gradient(loss, table)
    assert isinstance(gradient, tf.IndexedSlices)
    np.testing.assert_array_equal(gradient.indices.numpy(), [3, 3, 0])
    np.testing.assert_array_equal(gradient.values.numpy(), np.ones([3, 2]))


@pytest.mark.parametrize("label", [7, -1])
def test_labels_that_are_no_class_are_refused(label: int) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"label value of {label} .* \[0, 4\), in labels\[1\]"):
        tf.nn.sparse_softmax_cross_entropy_with_logits([1, label], tf.zeros([2, 4]))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: tf.nn.conv2d(IMAGES, _floats(3, 3, 3, 6), 1, "SAME"), "evenly divisible"),
        (lambda: tf.nn.conv2d(IMAGES, KERNEL, [1, 2], "SAME", "CHWN"), "data_format"),
        (lambda: tf.nn.conv2d(IMAGES, KERNEL, [2, 1, 1, 1], "SAME"), "batch and channel"),
        (lambda: tf.nn.max_pool2d(IMAGES, 9, 1, "VALID"), "at least as large as the window"),
        (lambda: tf.nn.softmax(tf.constant([1, 2])), "tf.cast"),
        (lambda: tf.nn.bias_add(IMAGES, tf.zeros([3])), "biases"),
        (lambda: tf.nn.ctc_loss([[1]], tf.zeros([2, 1, 3]), [1], [2], blank_index=3), "one of 3 classes"),
        (lambda: tf.image.random_jpeg_quality(IMAGES[0], 60, 50), "must be less"),
        (lambda: tf.io.decode_json_example('{"nope": 1}'), "parsing JSON"),
    ],
)
def test_errors_say_what_was_expected(call: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError, tf.errors.InvalidArgumentError), match=text):
        call()


def test_random_image_functions_use_their_range() -> None:
    tf.random.set_seed(1)
    image = tf.fill([2, 2, 3], 0.5)
    shifts = [float(tf.image.random_brightness(image, 0.2)[0, 0, 0]) - 0.5 for _ in range(40)]
    assert min(shifts) >= -0.2 and max(shifts) < 0.2 and max(shifts) - min(shifts) > 0.2
    numbered = tf.reshape(tf.range(36), [6, 6, 1])
    corners = {int(tf.image.random_crop(numbered, [5, 5, 1])[0, 0, 0]) for _ in range(60)}
    assert corners == {0, 1, 6, 7}
    flips = {int(tf.image.random_flip_left_right(numbered)[0, 0, 0]) for _ in range(30)}
    assert flips == {0, 5}


def test_images_of_unknown_size_are_resized() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, None], tf.uint8)])
    def prepare(image: Any) -> Any:
        image = tf.image.resize_with_pad(tf.image.random_saturation(image, 0.5, 1.5), 8, 10)
        assert image.shape.as_list() == [8, 10, 3]
        return image

    assert prepare(tf.zeros([5, 7, 3], tf.uint8)).shape == [8, 10, 3]


def test_short_time_transforms_invert() -> None:
    x = _floats(64)
    window = tf.signal.inverse_stft_window_fn(4)
    back = tf.signal.inverse_stft(tf.signal.stft(x, 16, 4), 16, 4, window_fn=window)
    np.testing.assert_allclose(back[12:-12].numpy(), x[12:-12].numpy(), atol=1e-4)
    halves = tf.signal.inverse_mdct(tf.signal.mdct(x, 16))
    np.testing.assert_allclose(halves[8:-8].numpy(), x[8:-8].numpy(), atol=1e-4)


def test_the_ctc_loss_is_the_sum_over_all_alignments() -> None:
    logits = _floats(4, 1, 3)
    p = tf.nn.softmax(logits)[:, 0].numpy()
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [k for k, _ in itertools.groupby(path)]
        if [k for k in merged if k] == [1, 1]:
            total += np.prod([p[t, k] for t, k in enumerate(path)])
    np.testing.assert_allclose(tf.nn.ctc_loss([[1, 1]], logits, [2], [4]).numpy(), [-np.log(total)], rtol=1e-5)


def test_noise_of_glimpses_stays_between_the_images_numbers() -> None:
    image = tf.reshape(tf.range(100.0, 125.0), [1, 5, 5, 1])
    for noise in ("uniform", "gaussian"):
        seen = tf.image.extract_glimpse(image, [20, 20], [[0.0, 0.0]], noise=noise).numpy()
        assert seen.min() == 100 and seen.max() <= 124 and len(np.unique(seen)) > 100
