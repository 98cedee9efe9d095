"""Arguments whose shapes must agree: a size that does not is refused as TensorFlow does, never broadcast or cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf

_ONES = np.ones
# What is called, and arguments of which the first set fits and the others do not.
_CALLS: dict[str, tuple[Callable[..., Any], list[Any], list[list[Any]]]] = {
    "reverse_sequence": (
        lambda x, n: tf.reverse_sequence(x, n, seq_axis=1),
        [_ONES([2, 3]), [1, 2]],
        [[_ONES([2, 3]), [1]], [_ONES([2, 3]), [1, 2, 3]], [_ONES([2, 3]), [[1, 2]]]],
    ),
    "scatter_nd": (
        lambda i, u: tf.scatter_nd(i, u, [3, 2]),
        [[[0], [1]], _ONES([2, 2])],
        [[[[0], [1]], _ONES([1, 2])], [[[0], [1]], _ONES([2, 1])], [[[0], [1]], _ONES([2])], [[[0], [1]], _ONES([])]],
    ),
    "dynamic_partition": (
        lambda x, n: tf.dynamic_partition(x, n, 2),
        [_ONES([2, 3]), [0, 1]],
        [[_ONES([2, 3]), [0]], [_ONES([2, 3]), [0, 1, 1]], [_ONES([2, 3]), [[0, 1]]]],
    ),
    "dynamic_stitch": (
        lambda i, x: tf.dynamic_stitch([0, i], [tf.cast(5.0, tf.float64), x]),
        [[1, 0], _ONES([2])],
        [[[1, 0], _ONES([1])], [[1, 0], _ONES([3])], [[1, 0], _ONES([2, 1])]],
    ),
    "segment_sum": (
        tf.math.segment_sum,
        [_ONES([3, 2]), [0, 0, 1]],
        [[_ONES([1, 2]), [0, 0, 1]], [_ONES([3, 2]), [0]], [_ONES([4, 2]), [0, 0, 1]]],
    ),
    "unsorted_segment_max": (
        lambda x, i: tf.math.unsorted_segment_max(x, i, 3),
        [_ONES([3, 2]), [2, 0, 1]],
        [[_ONES([1, 2]), [2, 0, 1]], [_ONES([3, 2]), [0]], [_ONES([3, 1]), [[0, 1]] * 3]],
    ),
    "in_top_k": (
        lambda i, x: tf.math.in_top_k(i, tf.cast(x, tf.float32), 1),
        [[0, 1], _ONES([2, 3])],
        [[[0], _ONES([2, 3])], [[0, 1], _ONES([1, 3])], [[0, 1, 1], _ONES([2, 3])]],
    ),
    "solve": (
        lambda a, b: tf.linalg.solve(a + tf.eye(2, dtype=a.dtype), b),
        [_ONES([3, 2, 2]), _ONES([3, 2, 1])],
        [[_ONES([1, 2, 2]), _ONES([3, 2, 1])], [_ONES([3, 2, 2]), _ONES([1, 2, 1])]],
    ),
    "tridiagonal_matmul": (
        tf.linalg.tridiagonal_matmul,
        [_ONES([3, 3]), _ONES([3, 2])],
        [[_ONES([3, 1]), _ONES([3, 2])], [_ONES([3, 3]), _ONES([1, 2])]],
    ),
    "lu_reconstruct": (
        tf.linalg.lu_reconstruct,
        [_ONES([2, 2]), [0, 1]],
        [[_ONES([2, 2]), [0]], [_ONES([2, 2]), [0, 1, 0]]],
    ),
    "clip_by_value": (
        lambda x, low: tf.clip_by_value(x, low, 2.0),
        [_ONES([2, 3]), _ONES([1, 3])],
        [[_ONES([1, 3]), _ONES([2, 3])], [_ONES([2, 1]), _ONES([2, 3])]],
    ),
    "softmax_cross_entropy": (
        tf.nn.softmax_cross_entropy_with_logits,
        [_ONES([1, 3]), _ONES([2, 3])],
        [[_ONES([2, 3]), _ONES([1, 3])], [_ONES([3, 3]), _ONES([2, 3])]],
    ),
    "dilation2d": (
        lambda x, f: tf.nn.dilation2d(x, f, [1] * 4, "VALID", "NHWC", [1] * 4),
        [_ONES([1, 4, 4, 2]), np.ones([2, 2, 2])],
        [[_ONES([1, 4, 4, 2]), _ONES([2, 2, 1])], [_ONES([1, 4, 4, 1]), _ONES([2, 2, 2])]],
    ),
    "crop_and_resize": (
        lambda x, b, i: tf.image.crop_and_resize(x, tf.cast(b, tf.float32), i, [2, 2]),
        [_ONES([1, 4, 4, 1]), _ONES([2, 4]), [0, 0]],
        [[_ONES([1, 4, 4, 1]), _ONES([2, 4]), [0]], [_ONES([1, 4, 4, 1]), _ONES([1, 4]), [0, 0]]],
    ),
    "extract_glimpse": (
        lambda x, o: tf.image.extract_glimpse(tf.cast(x, tf.float32), [2, 2], tf.cast(o, tf.float32)),
        [_ONES([2, 4, 4, 1]), _ONES([2, 2])],
        [[_ONES([2, 4, 4, 1]), _ONES([1, 2])], [_ONES([2, 4, 4, 1]), _ONES([2, 1])]],
    ),
    "ctc_loss": (
        lambda x, n: tf.nn.ctc_loss([[1, 1], [1, 1]], tf.ensure_shape(tf.cast(x, tf.float32), [4, 2, 3]), n, [4, 4]),
        [_ONES([4, 2, 3]), [2, 2]],
        [[_ONES([4, 2, 3]), [2]], [_ONES([4, 2, 3]), [2, 2, 2]]],
    ),
    "diag": (
        lambda x: tf.linalg.diag(x, k=(0, 1)),
        [_ONES([2, 3])],
        [[_ONES([1, 3])], [_ONES([3, 3])], [_ONES([3])]],
    ),
    "diag_part": (
        lambda x: tf.linalg.diag_part(x, k=(-1, 1)),
        [_ONES([2, 2])],
        [[_ONES([2, 1])], [_ONES([1, 2])]],
    ),
    "set_diag": (
        tf.linalg.set_diag,
        [_ONES([2, 3]), _ONES([2])],
        [[_ONES([2, 3]), _ONES([1])], [_ONES([2, 3]), _ONES([3])], [_ONES([2, 3]), _ONES([1, 2])]],
    ),
    "set_diag of a band": (
        lambda x, d: tf.linalg.set_diag(x, d, k=(-1, 0)),
        [_ONES([2, 3]), _ONES([2, 2])],
        [[_ONES([2, 3]), _ONES([1, 2])], [_ONES([2, 3]), _ONES([3, 2])], [_ONES([1, 3]), _ONES([2, 1])]],
    ),
    "non_max_suppression": (
        lambda b, s: tf.image.non_max_suppression(b, s, 2),
        [_ONES([3, 4]), _ONES([3])],
        [[_ONES([3, 1]), _ONES([3])], [_ONES([3, 4]), _ONES([1])], [_ONES([2, 4]), _ONES([3])]],
    ),
    "non_max_suppression_overlaps": (
        lambda o, s: tf.image.non_max_suppression_overlaps(o, s, 2),
        [_ONES([3, 3]), _ONES([3])],
        [[_ONES([3, 1]), _ONES([3])], [_ONES([1, 3]), _ONES([3])], [_ONES([3, 3]), _ONES([2])]],
    ),
    "combined_non_max_suppression": (
        lambda b, s: tf.image.combined_non_max_suppression(b, s, 2, 2),
        [_ONES([1, 3, 1, 4]), _ONES([1, 3, 2])],
        [[_ONES([1, 3, 1, 1]), _ONES([1, 3, 2])], [_ONES([1, 3, 3, 4]), _ONES([1, 3, 2])]],
    ),
}  # fmt: skip
_REFUSALS = (tf.errors.InvalidArgumentError, ValueError)
_MESSAGE = "[Ee]xpected .*received"


def _tensors(arguments: list[Any]) -> list[Any]:
    return [tf.constant(a, tf.float64 if isinstance(a, np.ndarray) else tf.int32) for a in arguments]


@pytest.mark.parametrize("name", _CALLS)
def test_shapes_that_do_not_agree_are_refused(name: str) -> None:
    function, good, bad = _CALLS[name]
    function(*_tensors(good))
    for arguments in bad:
        with pytest.raises(_REFUSALS, match=_MESSAGE):
            function(*_tensors(arguments))


@pytest.mark.parametrize("name", _CALLS)
def test_shapes_known_only_at_run_time_are_refused(name: str) -> None:
    function, good, bad = _CALLS[name]
    unknown = [tf.TensorSpec([None] * t.shape.rank, t.dtype) for t in _tensors(good)]
    traced = tf.function(lambda *args: tf.nest.flatten(function(*args)), input_signature=unknown)
    traced(*_tensors(good))
    for arguments in bad:
        if [t.shape.rank for t in _tensors(arguments)] == [spec.shape.rank for spec in unknown]:
            with pytest.raises(_REFUSALS, match=_MESSAGE):
                traced(*_tensors(arguments))


@pytest.mark.parametrize(
    "call",
    [
        lambda: tf.linalg.diag_part([[1.0], [2.0]], k=1),
        lambda: tf.linalg.diag_part([[1.0], [2.0]], k=-2),
        lambda: tf.linalg.diag_part([1.0, 2.0]),
        lambda: tf.linalg.set_diag([1.0, 2.0], [1.0]),
        lambda: tf.linalg.diag([1.0, 2.0], k=5, num_rows=3, num_cols=3),
        lambda: tf.linalg.diag([1.0, 2.0], num_rows=1, num_cols=3),
        lambda: tf.linalg.diag([1.0, 2.0], num_rows=3, num_cols=3),
        lambda: tf.reverse_sequence([[1, 2], [3, 4]], [1, 2], seq_axis=0),
        lambda: tf.dynamic_stitch([[0], [1]], [[1]]),
        lambda: tf.roll([[1, 2], [3, 4]], [1], [0, 1]),
        lambda: tf.math.invert_permutation([[0]]),
        lambda: tf.signal.dct([1.0], type=1),
    ],
)
def test_diagonals_and_axes_that_are_not_there_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(_REFUSALS, match="Expected"):
        call()


def test_a_list_of_tables_is_one_table_whatever_its_tables_are() -> None:
    tables = [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]
    for made in (list, np.array, tf.constant):
        assert tf.nn.embedding_lookup([made(t) for t in tables], [2, 0]).numpy().tolist() == [[5, 6], [1, 2]]


def test_empty_arguments_are_no_mistake() -> None:
    assert tf.linalg.diag_part(np.zeros([0, 3])).shape == [0]
    assert tf.linalg.set_diag(np.zeros([0, 3]), np.zeros([0])).shape == [0, 3]
    assert tf.linalg.diag(np.zeros([0]), k=2).shape == [2, 2]
    assert tf.image.non_max_suppression(np.zeros([0, 4]), np.zeros([0]), 2).shape == [0]
    assert tf.math.segment_sum(np.zeros([3, 0]), [0, 0, 1]).shape == [2, 0]
    assert tf.math.unsorted_segment_min(np.zeros([0, 2]), np.zeros([0], np.int32), 2).shape == [2, 2]
    assert tf.dynamic_stitch([[0, 1]], [np.zeros([2, 0])]).shape == [2, 0]
    assert tf.searchsorted(np.zeros([2, 0]), np.ones([2, 3])).numpy().tolist() == [[0] * 3] * 2
    assert tf.math.bincount(np.zeros([2, 0], np.int32), axis=-1).shape == [2, 0]
    assert tf.linalg.sqrtm(np.zeros([2, 0, 0])).shape == [2, 0, 0]
    assert tf.nn.embedding_lookup(np.zeros([3, 0]), [[0, 1]]).shape == [1, 2, 0]
    assert tf.nn.conv2d(np.zeros([1, 7, 8, 3]), np.zeros([0, 2, 3, 4]), 2, "SAME").shape == [1, 4, 4, 4]
    assert tf.nn.conv2d(np.zeros([1, 7, 8, 0]), np.zeros([3, 2, 0, 4]), 1, "VALID").shape == [1, 5, 7, 4]
    assert tf.signal.overlap_and_add(np.zeros([5, 0], np.int32), 3).numpy().tolist() == [0] * 12
    assert tf.signal.rfft(np.zeros([2, 0])).shape == tf.signal.irfft(np.zeros([2, 0], complex)).shape == [2, 0]
    assert tf.signal.frame(np.zeros([2, 0]), 7, 3).shape == [2, 0, 7]
    assert tf.nn.weighted_moments(tf.ones([2]), 0, tf.zeros([2]))[0].numpy() == 0
    assert tf.nn.dilation2d(tf.ones([0, 4, 6, 3]), tf.ones([0, 3, 3]), [1] * 4, "SAME", "NHWC", [1] * 4).shape[1] == 4
    assert tf.nn.conv2d_transpose(tf.ones([0, 3, 2, 3]), tf.ones([0, 3, 4, 3]), [2, 6, 8, 4], 2).shape == [2, 6, 8, 4]
    assert tf.signal.inverse_mdct(np.zeros([2, 5, 0])).shape == [2, 0]
    assert tf.signal.dct(np.zeros([2, 0]), type=4).shape == [2, 0]
    assert tf.strings.ngrams(tf.zeros([2, 0], tf.string), 2).shape == [2, 0]
    assert tf.strings.unicode_encode(tf.zeros([2, 0], tf.int32), "UTF-8").numpy().tolist() == [b"", b""]
    assert tf.nn.compute_average_loss(tf.zeros([0])).numpy() == 0
    assert tf.nn.sufficient_statistics(tf.zeros([2, 4, 6, 0]), [0, 1])[0].numpy() == 8
    assert tf.dynamic_stitch([[], [1]], [[], [1.0]]).numpy().tolist() == [0, 1]
