"""The vocabulary's rarer half, as tables: what is made of one value, chosen by its dtype and shape.

A row is the text of an expression (`{0}` is the value, `{m}` its first dimension and `{n}` its last), the dtype of the
result, and the shape of the result, either as it is or as a function of the value's shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tests.fuzz.expressions import FLOAT, Expression, Pool, Shape, entry

_Row = tuple[str, str, "Shape | Callable[[Shape], Shape]"]


def _table(weight: float, dtype: str, fits: Callable[[Shape], bool], rows: Sequence[_Row]) -> None:
    """Adds the rows to the vocabulary, for values of that dtype whose shapes fit."""

    def one_of(pool: Pool) -> Expression | None:
        x = pool.pick(dtype, lambda v: fits(v.shape))
        if x is None:
            return None
        text, result, shape = pool.rng.choice(rows)
        sizes = {"m": x.shape[0], "n": x.shape[-1], "size": math.prod(x.shape)} if x.shape else {"size": 1}
        return Expression(text.format(x.name, **sizes), result, shape(x.shape) if callable(shape) else shape)

    entry(weight)(one_of)


def _same(shape: Shape) -> Shape:
    return shape


def _first(shape: Shape) -> Shape:
    return shape[:1]


def _doubled(shape: Shape) -> Shape:
    return tuple([2 * n for n in shape])


def _is_full(shape: Shape) -> bool:
    return 0 not in shape


def _is_vector(shape: Shape) -> bool:
    return len(shape) == 1 and shape[0] > 1


def _is_matrix(shape: Shape) -> bool:
    return len(shape) == 2 and min(shape) > 1


def _is_square(shape: Shape) -> bool:
    return _is_matrix(shape) and shape[0] == shape[1]


def _has_rows(shape: Shape) -> bool:
    return len(shape) > 0 and _is_full(shape)


# Integers of every width ------------------------------------------------------------------------------------------

_ON_INTEGERS = [
    "{0} + {0}", "{0} * 3", "{0} - 7", "{0} // 3", "{0} % 3", "tf.abs({0})", "tf.square({0})", "tf.maximum({0}, 2)",
    "tf.bitwise.bitwise_or({0}, 6)", "tf.bitwise.invert({0})", "tf.bitwise.left_shift({0}, tf.ones_like({0}))",
    "tf.bitwise.right_shift({0}, tf.ones_like({0}))", "tf.clip_by_value({0}, 1, 4)", "-{0}", "{0} * {0} * {0}",
    "tf.where({0} > 2, {0}, {0} + 1)", "tf.math.sign({0})", "tf.zeros_like({0})", "tf.minimum({0}, {0} * 2)",
    "tf.math.floordiv({0}, 2)", "tf.reverse(tf.reshape({0}, [-1]), [0])[0] + {0}",
]  # fmt: skip
_SUMMED = ["sum", "mean", "max", "min", "prod"]


@entry(2)
def _width(pool: Pool) -> Expression | None:
    x = pool.pick("int32", lambda v: 0 not in v.shape)
    dtype = pool.rng.choice(["int8", "int16", "int64", "uint8", "uint16", "uint32", "uint64"])
    text = x and pool.rng.choice(_ON_INTEGERS).format(f"tf.cast({x.name}, tf.{dtype})")
    return x and Expression(f"tf.cast({text}, tf.int32)", "int32", x.shape)


@entry(1)
def _width_reduced(pool: Pool) -> Expression | None:
    x = pool.pick("int32", lambda v: _has_rows(v.shape))
    dtype = pool.rng.choice(["int8", "int16", "int64", "uint8", "int32"])
    text = x and f"tf.reduce_{pool.rng.choice(_SUMMED)}(tf.cast({x.name}, tf.{dtype}), axis=-1)"
    return x and Expression(f"tf.cast({text}, tf.int32)", "int32", x.shape[:-1])


_table(1.5, "int32", _has_rows, [
    ("tf.cumsum({0}, axis=-1)", "int32", _same),
    ("tf.sort({0}, axis=-1)", "int32", _same),
    ("tf.argsort({0}, axis=-1, stable=True)", "int32", _same),
    ("tf.reverse({0}, [-1])", "int32", _same),
    ("tf.math.cumprod({0}, axis=0, exclusive=True)", "int32", _same),
    ("tf.roll({0}, -1, axis=0)", "int32", _same),
    ("tf.math.bincount({0} % 5, minlength=5, maxlength=5)", "int32", (5,)),
    ("tf.reduce_max({0}, axis=0)", "int32", lambda s: s[1:]),
    ("tf.reduce_prod({0} % 3, axis=-1)", "int32", lambda s: s[:-1]),
    ("tf.searchsorted(tf.constant([-2, 0, 0, 3]), tf.reshape({0}, [-1]))", "int32", lambda s: (math.prod(s),)),
    ("tf.cast(tf.sequence_mask({0} % 4, 3), tf.int32)", "int32", lambda s: (*s, 3)),
    ("tf.histogram_fixed_width({0}, [-5, 5], nbins=4)", "int32", (4,)),
    ("tf.unique(tf.reshape({0}, [-1])).idx", "int32", lambda s: (math.prod(s),)),
    ("tf.math.invert_permutation(tf.argsort(tf.reshape({0}, [-1]), stable=True))", "int32", lambda s: (math.prod(s),)),
    ("tf.reduce_all({0} > -3, axis=-1)", "bool", lambda s: s[:-1]),
    ("tf.math.count_nonzero({0}, dtype=tf.int32)", "int32", ()),
    ("tf.math.count_nonzero({0}, axis=0, dtype=tf.int32)", "int32", lambda s: s[1:]),
    ("tf.one_hot({0}, 4, on_value=2, off_value=-1, axis=0)", "int32", lambda s: (4, *s)),
])  # fmt: skip
_table(0.7, "int32", lambda s: True, [
    ("tf.strings.to_number(tf.as_string({0}), tf.int32)", "int32", _same),
    ("tf.strings.length(tf.as_string({0}))", "int32", _same),
    ("tf.cast(tf.strings.to_hash_bucket_fast(tf.as_string({0}), 7), tf.int32)", "int32", _same),
    ('tf.strings.to_number(tf.strings.join([tf.as_string({0}), "5"], separator="."), F)', FLOAT, _same),
    ('tf.strings.regex_full_match(tf.as_string({0}), "-?[0-3]")', "bool", _same),
    ('tf.cast(tf.strings.substr(tf.as_string({0}), 0, 1) == "-", tf.int32)', "int32", _same),
    ("tf.cast(tf.cast({0}, tf.int64) * 3000000000 // 7, tf.int32)", "int32", _same),
    ("tf.cast(tf.cast({0}, tf.bool), F)", FLOAT, _same),
    ("tf.saturate_cast({0} * 50, tf.int8) == 127", "bool", _same),
])  # fmt: skip
_table(0.7, "bool", _has_rows, [
    ("tf.reduce_any({0}, axis=-1)", "bool", lambda s: s[:-1]),
    ("tf.reduce_all({0}, axis=0, keepdims=True)", "bool", lambda s: (1, *s[1:])),
    ("tf.cast({0}, tf.int32) - 1", "int32", _same),
    ("tf.size(tf.where({0}))", "int32", ()),
    ("tf.concat([{0}, ~{0}], 0)", "bool", lambda s: (2 * s[0], *s[1:])),
    ("{0}[::-1]", "bool", _same),
    ("tf.where({0}, tf.constant(0.0, F), 1.0)", FLOAT, _same),
    ("tf.math.count_nonzero({0}, axis=-1, dtype=tf.int32)", "int32", lambda s: s[:-1]),
])  # fmt: skip

# Empty and size-one dimensions ------------------------------------------------------------------------------------

_table(0.6, FLOAT, _has_rows, [
    ("{0}[:0]", FLOAT, lambda s: (0, *s[1:])),
    ("{0}[..., 1:1]", FLOAT, lambda s: (*s[:-1], 0)),
    ("tf.zeros([0, {n}], F)", FLOAT, lambda s: (0, s[-1])),
    ("{0}[:1]", FLOAT, lambda s: (1, *s[1:])),
    ("tf.concat([{0}, {0}[:0]], 0)", FLOAT, _same),
    ("tf.gather({0}, tf.range(0))", FLOAT, lambda s: (0, *s[1:])),
])  # fmt: skip
_table(0.6, FLOAT, lambda s: len(s) > 0 and s[0] == 0, [
    ("tf.reduce_sum({0}, axis=0)", FLOAT, lambda s: s[1:]),
    ("tf.reduce_prod({0}, axis=0)", FLOAT, lambda s: s[1:]),
    ("tf.reduce_max({0}, axis=0)", FLOAT, lambda s: s[1:]),
    ("tf.reduce_sum({0})", FLOAT, ()),
    ("tf.concat([{0}, tf.ones_like({0})], 0)", FLOAT, _same),
    ("tf.reverse({0}, [0])", FLOAT, _same),
    ("tf.pad({0}, [[1, 1]] + [[0, 0]] * (len({0}.shape) - 1))", FLOAT, lambda s: (2, *s[1:])),
    ("tf.cumsum({0})", FLOAT, _same),
    ("tf.reduce_any({0} > 0, axis=0)", "bool", lambda s: s[1:]),
    ("tf.tile({0}, [2] + [1] * (len({0}.shape) - 1))", FLOAT, _same),
    ("tf.reduce_logsumexp({0})", FLOAT, ()),
])  # fmt: skip

# Segments, scattered and selected rows ----------------------------------------------------------------------------

_table(2, FLOAT, lambda s: len(s) in (1, 2, 3) and _is_full(s), [
    *[(f"tf.math.segment_{name}({{0}}, tf.range({{m}}) // 2)", FLOAT, lambda s: ((s[0] + 1) // 2, *s[1:]))
      for name in ("sum", "mean", "max", "min", "prod")],
    *[(f"tf.math.unsorted_segment_{name}({{0}}, tf.range({{m}}) % 2, 2)", FLOAT, lambda s: (2, *s[1:]))
      for name in ("sum", "mean", "prod", "sqrt_n")],
    ("tf.nn.relu(tf.math.unsorted_segment_max({0}, tf.range({m}) % 2, 3))", FLOAT, lambda s: (3, *s[1:])),
    ("tf.tensor_scatter_nd_update({0}, [[0]], {0}[-1:])", FLOAT, _same),
    ("tf.tensor_scatter_nd_sub({0}, [[0], [0]], tf.stack([{0}[-1], {0}[0]]))", FLOAT, _same),
    ("tf.tensor_scatter_nd_max({0}, [[0]], {0}[-1:])", FLOAT, _same),
    ("tf.tensor_scatter_nd_min({0}, [[-1 + {m}]], {0}[:1])", FLOAT, _same),
    ("tf.gather_nd({0}, [[0], [{m} - 1]])", FLOAT, lambda s: (2, *s[1:])),
    ("tf.gather({0}, [[0, {m} - 1]])", FLOAT, lambda s: (1, 2, *s[1:])),
    ("tf.dynamic_stitch([[{m}], tf.range({m})], [{0}[:1] * 2, {0}])", FLOAT, lambda s: (s[0] + 1, *s[1:])),
    ("tf.dynamic_partition({0}, tf.zeros([{m}], tf.int32), 2)[0]", FLOAT, _same),
    ("tf.nn.embedding_lookup({0}, [0, {m} - 1])", FLOAT, lambda s: (2, *s[1:])),
    ("tf.slice({0}, [0] * len({0}.shape), [1] + [-1] * (len({0}.shape) - 1))", FLOAT, lambda s: (1, *s[1:])),
    ("{0}[::-2]", FLOAT, lambda s: (len(range(0, s[0], 2)), *s[1:])),
    ("{0}[{m} - 1:None:-1]", FLOAT, _same),
    ("{0}[-2:]", FLOAT, lambda s: (min(2, s[0]), *s[1:])),
    ("tf.stack(tf.unstack({0}, {m})[::-1])", FLOAT, _same),
    ("tf.boolean_mask({0}, tf.range({m}) < 1)", FLOAT, lambda s: (1, *s[1:])),
    ("tf.repeat({0}, tf.range({m}), axis=0)", FLOAT, lambda s: (sum(range(s[0])), *s[1:])),
    ("tf.ensure_shape({0}, {0}.shape)", FLOAT, _same),
    ("tf.strided_slice({0}, [0], [{m}], [2])", FLOAT, lambda s: (len(range(0, s[0], 2)), *s[1:])),
    ("tf.concat(tf.split({0}, {m}), 0)", FLOAT, _same),
    ("tf.split({0}, [1, {m} - 1])[0]", FLOAT, lambda s: (1, *s[1:])),
])  # fmt: skip
_table(1.5, FLOAT, _is_matrix, [
    ("tf.gather({0}, tf.zeros([{m}, 1], tf.int32), batch_dims=1)", FLOAT, lambda s: (s[0], 1)),
    ("tf.reverse_sequence({0}, tf.range({m}) % {n} + 1, seq_axis=1)", FLOAT, _same),
    ("tf.linalg.matvec({0}, {0}[0])", FLOAT, _first),
    ("tf.gather_nd({0}, [[0, 0], [{m} - 1, {n} - 1]])", FLOAT, (2,)),
    ("tf.linalg.matrix_transpose({0})", FLOAT, lambda s: s[::-1]),
    ("tf.linalg.set_diag({0}, tf.zeros([min({m}, {n})], F))", FLOAT, _same),
    ("tf.norm({0}, axis=0)", FLOAT, lambda s: s[1:]),
    ("tf.norm({0}, ord=1, axis=1)", FLOAT, _first),
    ("tf.norm({0}, ord=float('inf'), axis=1)", FLOAT, _first),
    ("tf.norm({0})", FLOAT, ()),
    ("tf.matmul({0}, {0}, transpose_a=True)", FLOAT, lambda s: (s[1], s[1])),
    ("tf.meshgrid({0}[0], {0}[:, 0])[1]", FLOAT, _same),
    ("tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax({0}), {0})", FLOAT, _first),
    ("tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros([{m}], tf.int32), {0})", FLOAT, _first),
    ("tf.nn.moments({0}, [0], keepdims=True)[1]", FLOAT, lambda s: (1, s[1])),
    ("tf.linalg.tensor_diag_part(tf.linalg.tensor_diag({0}[0]))", FLOAT, lambda s: s[1:]),
    ("tf.nn.batch_normalization({0}, {0}[0], tf.square({0}[1]), None, 2.0, 0.1)", FLOAT, _same),
    ("tf.cast(tf.nn.lrn(tf.cast({0}, tf.float32)[tf.newaxis, tf.newaxis])[0, 0], F)", FLOAT, _same),
    ("tf.clip_by_norm({0}, 1.0)", FLOAT, _same),
    ("tf.clip_by_global_norm([{0}, {0}[0]], 1.5)[0][0]", FLOAT, _same),
    ("tf.clip_by_norm({0}, 1.0, axes=[1])", FLOAT, _same),
    ("tf.nn.bias_add({0}, {0}[0])", FLOAT, _same),
    ("tf.nn.top_k({0}, 2).indices", "int32", lambda s: (s[0], 2)),
    ("tf.linalg.svd({0}, compute_uv=False)", FLOAT, lambda s: (min(s),)),
    ("tf.linalg.global_norm([{0}, {0}])", FLOAT, ()),
    ("tf.einsum('ij,j->i', {0}, {0}[0])", FLOAT, _first),
    ("tf.einsum('i...->...', {0})", FLOAT, lambda s: s[1:]),
    ("tf.reduce_sum({0}, axis=tf.constant([0, 1]))", FLOAT, ()),
    ("tf.linalg.normalize({0}, axis=1)[0]", FLOAT, _same),
])  # fmt: skip
_table(1, FLOAT, _is_vector, [
    ("tf.linalg.diag({0})", FLOAT, lambda s: (s[0], s[0])),
    ("tf.tensordot({0}, {0}, 0)", FLOAT, lambda s: (s[0], s[0])),
    ("tf.nn.l2_loss({0})", FLOAT, ()),
    ("tf.linspace({0}[0], {0}[1], 4)", FLOAT, (4,)),
    ("tf.linalg.diag({0}, k=1)", FLOAT, lambda s: (s[0] + 1, s[0] + 1)),
    ("tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid({0}), logits={0})", FLOAT, _same),
    ("tf.math.reduce_euclidean_norm({0})", FLOAT, ()),
    ("tf.nn.weighted_cross_entropy_with_logits(tf.sigmoid({0}), {0} + 0.0313, 2.0)", FLOAT, _same),
    ("tf.nn.log_poisson_loss(tf.abs({0}), {0})", FLOAT, _same),
    ("tf.nn.softmax({0}) * tf.nn.log_softmax({0})", FLOAT, _same),
    ("tf.math.cumulative_logsumexp({0})", FLOAT, _same),
    ("tf.add_n([{0}, {0}, {0} * 2])", FLOAT, _same),
    ("tf.foldl(lambda a, r: a * 0.5 + r, {0}, initializer=tf.constant(1.0, F))", FLOAT, ()),
    ("tf.math.accumulate_n([{0}, {0}])", FLOAT, _same),
    ("tf.math.polyval([{0}, {0} * 2], {0})", FLOAT, _same),
    ("tf.math.cumprod(2 + tf.tanh({0}), reverse=True)", FLOAT, _same),
    ("tf.nn.crelu({0})", FLOAT, lambda s: (2 * s[0],)),
    ("tf.math.reduce_std({0} + tf.range({n}, dtype=F))", FLOAT, ()),
    ("tf.signal.frame({0}, 2, 1)", FLOAT, lambda s: (s[0] - 1, 2)),
    ("tf.math.real(tf.signal.ifft(tf.signal.fft(tf.complex({0}, {0}))))", FLOAT, _same),
    ("tf.abs(tf.complex({0}, 1 + tf.abs({0})))", FLOAT, _same),
    ("tf.math.angle(tf.complex(1 + tf.abs({0}), {0}))", FLOAT, _same),
    ("tf.math.imag(tf.exp(tf.complex(tf.tanh({0}), {0})))", FLOAT, _same),
])  # fmt: skip
_table(1.2, FLOAT, _is_square, [
    ("tf.linalg.eigvalsh({0} + tf.transpose({0}) + tf.linalg.diag(9.0 * tf.range({n}, dtype=F)))", FLOAT, _first),
    ("tf.linalg.logdet(tf.matmul({0}, {0}, transpose_b=True) + tf.eye({n}, dtype=F))", FLOAT, ()),
    ("tf.linalg.expm(tf.tanh({0}))", FLOAT, _same),
    ("tf.linalg.slogdet(tf.tanh({0}) + 5 * tf.eye({n}, dtype=F))[1]", FLOAT, ()),
    ("tf.linalg.triangular_solve(tf.linalg.band_part({0}, -1, 0) + 9 * tf.eye({n}, dtype=F), {0})", FLOAT, _same),
    ("tf.linalg.triangular_solve({0} + 9 * tf.eye({n}, dtype=F), {0}, lower=False, adjoint=True)", FLOAT, _same),
    ("tf.linalg.cholesky_solve(tf.linalg.band_part({0}, -1, 0) + 9 * tf.eye({n}, dtype=F), {0})", FLOAT, _same),
    ("tf.linalg.lstsq(tf.tanh({0}) + 5 * tf.eye({n}, dtype=F), {0})", FLOAT, _same),
    ("tf.linalg.pinv(tf.tanh({0}) + 5 * tf.eye({n}, dtype=F))", FLOAT, _same),
    ("tf.linalg.diag_part({0}, k=1)", FLOAT, lambda s: (s[0] - 1,)),
    ("tf.linalg.adjoint({0})", FLOAT, _same),
    ("tf.linalg.matmul({0}, {0})", FLOAT, _same),
    ("tf.abs(tf.linalg.qr(tf.tanh({0}) + 5 * tf.eye({n}, dtype=F))[1])", FLOAT, _same),
    ("tf.linalg.solve(tf.tanh({0}) + 5 * tf.eye({n}, dtype=F), {0}, adjoint=True)", FLOAT, _same),
])  # fmt: skip

# Pictures ---------------------------------------------------------------------------------------------------------

_PICTURE = "tf.stack([{0}, {0} * 0.5, {0} + 1], axis=-1)[tf.newaxis]"  # of three channels
_FILTER, _ONES = "tf.fill([2, 2, 1, 1], tf.constant(0.5, F))", "[1, 1, 1, 1]"
_GREY = "{0}[tf.newaxis, ..., tf.newaxis]"
_table(1.2, FLOAT, _is_matrix, [
    *[(f'tf.cast(tf.image.resize(tf.cast({_PICTURE}, tf.float32), [4, 3], "{name}"{rest}), F)', FLOAT, (1, 4, 3, 3))
      for name in ("bilinear", "nearest", "bicubic", "lanczos3", "gaussian", "mitchellcubic")
      for rest in ("", ", antialias=True")],
    (f'tf.cast(tf.image.resize(tf.stop_gradient({_PICTURE}), [4, 3], method="area"), F)', FLOAT, (1, 4, 3, 3)),
    *[(f"tf.cast(tf.image.{name}({_PICTURE})[0, ..., 0], F)", FLOAT, _same)
      for name in ("flip_left_right", "flip_up_down", "per_image_standardization")],
    (f"tf.image.rot90({_PICTURE})[0, ..., 0]", FLOAT, lambda s: s[::-1]),
    (f"tf.cast(tf.image.adjust_contrast(tf.stop_gradient({_PICTURE}), 2.0)[0, ..., 1], F)", FLOAT, _same),
    (f"tf.cast(tf.image.adjust_brightness({_PICTURE}, 0.2)[0, ..., 1], F)", FLOAT, _same),
    (f"tf.image.total_variation({_PICTURE})", FLOAT, (1,)),
    (f"tf.image.sobel_edges({_PICTURE})[0, ..., 0, 1]", FLOAT, _same),
    (f"tf.image.rgb_to_grayscale({_PICTURE})[0, ..., 0]", FLOAT, _same),
    (f"tf.image.pad_to_bounding_box({_PICTURE}, 1, 0, {{m}} + 1, {{n}})[0, ..., 0]", FLOAT, lambda s: (s[0] + 1, s[1])),
    (f"tf.image.crop_to_bounding_box({_PICTURE}, 1, 0, 1, {{n}})[0, ..., 0]", FLOAT, lambda s: (1, s[1])),
    (f"tf.image.resize_with_crop_or_pad({_PICTURE}, 4, 2)[0, ..., 2]", FLOAT, (4, 2)),
    (f"tf.cast(tf.image.crop_and_resize({_PICTURE}, [[0.1, 0.0, 0.9, 1]], [0], [3, 2]), F)[0, ..., 0]", FLOAT, (3, 2)),
    ("tf.nn.space_to_depth(tf.tile({0}, [2, 2])[tf.newaxis, ..., tf.newaxis], 2)[0, ..., 3]", FLOAT, _same),
    (f"tf.nn.conv2d_transpose({_GREY}, {_FILTER}, [1, {{m}} * 2, {{n}} * 2, 1], 2)[0, ..., 0]", FLOAT, _doubled),
    (f"tf.nn.depthwise_conv2d({_GREY}, {_FILTER} * {{0}}[0, 0], {_ONES}, 'SAME')[0, ..., 0]", FLOAT, _same),
    ("tf.nn.conv1d({0}[tf.newaxis], tf.reshape({0}[0], [1, {n}, 1]), 1, 'VALID')[0, :, 0]", FLOAT, _first),
    (f"tf.nn.avg_pool2d({_GREY}, 2, 2, 'SAME')[0, ..., 0]", FLOAT, lambda s: ((s[0] + 1) // 2, (s[1] + 1) // 2)),
    (f"tf.image.extract_patches({_GREY}, [1, 2, 2, 1], {_ONES}, {_ONES}, 'SAME')[0, ..., 3]", FLOAT, _same),
    (f"tf.nn.dilation2d({_GREY}, {{0}}[:2, :2, None], {_ONES}, 'SAME', 'NHWC', {_ONES})[0, ..., 0]", FLOAT, _same),
])  # fmt: skip
