"""`tf.nn`: activations, losses, normalization, ranking, embeddings."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tests.goldens.case import Case, complexes, floats, ints
from tests.goldens.runner import resolve

X = floats(3, 4)
KINKS = np.array([-7.0, -1.0, -0.0, 0.0, 0.5, 6.0, 8.0], np.float32)
IMAGES = floats(2, 4, 6, 3)
PROBABILITIES = (floats(3, 4, low=0.1, high=1.0) / floats(3, 4, low=0.1, high=1.0).sum(1, keepdims=True)).astype("f")
CLASSES = np.array([1, 0, 3], np.int32)


def _call(tf: Any, *args: Any, symbol: str, **options: Any) -> Any:
    return resolve(tf, symbol)(*args, **options)


def _case(name: str, *args: np.ndarray, call: dict[str, Any] | None = None, **options: Any) -> Case:
    symbol = "nn." + name.split("/")[0]
    return Case("nn." + name, functools.partial(_call, symbol=symbol, **(call or {})), args, **options)


def _activations() -> list[Case]:
    names = ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sigmoid", "tanh")
    linear = ("relu", "relu6", "leaky_relu")  # their slope does not depend on the input: None or zeros, both are right
    cases = [_case(n, KINKS, grad2=n not in linear) for n in names]
    cases += [_case(f"{n}/float16", X.astype(np.float16), grad2=False) for n in names]
    # TensorFlow's constants in gelu are of lower precision.
    cases += [
        _case(f"{n}/float64", X.astype(np.float64), rtol=1e-6 if n == "gelu" else None, grad2=n not in linear)
        for n in names
    ]
    cases += [_case(f"{n}/error_int", ints(3), raises=True) for n in ("elu", "gelu", "silu", "softplus", "sigmoid")]
    return [
        *cases,
        _case("relu/int", ints(5)),
        _case("leaky_relu/int", ints(5)),
        _case("leaky_relu/alpha", KINKS, call={"alpha": 0.01}, grad2=False),
        _case("gelu/approximate", KINKS, call={"approximate": True}),
        _case("silu/beta", KINKS, call={"beta": 1.7}),
        _case("swish", KINKS),
        _case("sigmoid/complex", complexes(3), grad2=False),
        _case("crelu", X),
        _case("crelu/axis", X, call={"axis": 0}),
        _case("softmax", X),
        _case("softmax/axis", IMAGES, call={"axis": 1}, rankless=False),
        _case("softmax/float16", X.astype(np.float16), grad2=False),
        _case("softmax/error_int", ints(3), raises=True),
        _case("softmax/error_axis", X, call={"axis": 5}, raises=True, unknown=False),
        _case("log_softmax", X),
        _case("log_softmax/axis", IMAGES, call={"axis": -2}, rankless=False),
    ]


def _losses() -> list[Case]:
    hot = np.eye(4, dtype=np.float32)[[1, 0, 3]]
    bits = (floats(3, 4, seed=2) > 0).astype(np.float32)
    return [
        Case(
            "nn.softmax_cross_entropy_with_logits",
            lambda tf, z, x: tf.nn.softmax_cross_entropy_with_logits(labels=z, logits=x),
            [PROBABILITIES, X],
            grad2=False,
        ),
        Case(
            "nn.softmax_cross_entropy_with_logits/second",
            lambda tf, x: tf.nn.softmax_cross_entropy_with_logits(tf.constant(hot), x),
            [X],
            rankless=False,
        ),
        Case(
            "nn.softmax_cross_entropy_with_logits/sums_differ",
            lambda tf, x: tf.nn.softmax_cross_entropy_with_logits(labels=tf.constant(hot * 2 + 1), logits=x),
            [X],
            rankless=False,
        ),
        _case(
            "softmax_cross_entropy_with_logits/axis", PROBABILITIES, X, call={"axis": 0}, grad2=False, static="refines"
        ),
        Case(
            "nn.sparse_softmax_cross_entropy_with_logits",
            lambda tf, z, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x),
            [CLASSES, X],
            static="refines",
        ),
        Case(
            "nn.sparse_softmax_cross_entropy_with_logits/rank3",
            lambda tf, z, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x),
            [ints(2, 4, 6, low=0, high=3, dtype=np.int64), IMAGES],
            rankless=False,
            static="refines",
        ),
        Case(
            "nn.sparse_softmax_cross_entropy_with_logits/error_rank",
            lambda tf, z, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z, logits=x),
            [CLASSES[:, None], X],
            raises=True,
        ),
        Case(
            "nn.sigmoid_cross_entropy_with_logits",
            lambda tf, z, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x),
            [bits, np.concatenate([X[:2], np.zeros((1, 4), np.float32)])],
        ),
        _case("sigmoid_cross_entropy_with_logits/error", bits, X[:2], raises=True, unknown=False),
        Case(
            "nn.weighted_cross_entropy_with_logits",
            lambda tf, z, x: tf.nn.weighted_cross_entropy_with_logits(labels=z, logits=x, pos_weight=2.5),
            [bits, X],
        ),
        _case("log_poisson_loss", floats(3, 4, low=0, high=4), X),
        _case("log_poisson_loss/full", floats(3, 4, low=0, high=4), X, call={"compute_full_loss": True}, rtol=1e-4),
        Case("nn.l2_loss", lambda tf, x: tf.nn.l2_loss(x), [X]),
        Case(
            "nn.compute_average_loss",
            lambda tf, x: tf.nn.compute_average_loss(x, global_batch_size=8),
            [X],
            static="refines",
            grad2=False,
        ),
        Case(
            "nn.compute_average_loss/weights",
            lambda tf, x, w: tf.nn.compute_average_loss(x, sample_weight=w),
            [X[:, 0], X[:, 1]],
            rankless=False,
            static="refines",
        ),
        Case("nn.scale_regularization_loss", lambda tf, x: tf.nn.scale_regularization_loss(x), [X], grad2=False),
    ]


def _normalization() -> list[Case]:
    mean, variance = floats(3, seed=1), floats(3, seed=2, low=0.5)
    scale, offset = floats(3, seed=3), floats(3, seed=4)
    weights = floats(2, 4, 6, 1, seed=5, low=0.1, high=1.0)
    loose: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
    return [
        _case("moments", IMAGES, call={"axes": [0, 1, 2]}, **loose),
        _case("moments/keepdims", IMAGES, call={"axes": [1, -1], "keepdims": True}, **loose),
        _case("moments/float16", X.astype(np.float16), call={"axes": [0]}, grad2=False),
        _case("moments/one_axis", X, call={"axes": 1}, **loose),
        Case(
            "nn.weighted_moments", lambda tf, x, w: tf.nn.weighted_moments(x, [0, 1, 2], w), [IMAGES, weights], **loose
        ),
        Case(
            "nn.weighted_moments/keepdims",
            lambda tf, x, w: tf.nn.weighted_moments(x, [1], w, keepdims=True),
            [IMAGES, weights],
            static="refines",
            **loose,
        ),
        Case(
            "nn.sufficient_statistics",
            lambda tf, x: tf.nn.sufficient_statistics(x, [0, 1])[:3],
            [IMAGES],
            rankless=False,
            static="refines",
            **loose,
        ),
        Case(
            "nn.normalize_moments",
            lambda tf, m, v: tf.nn.normalize_moments(tf.constant(5.0), m, v, None),
            [mean, variance],
            grad2=False,
        ),
        Case(
            "nn.batch_normalization",
            lambda tf, x, m, v, o, s: tf.nn.batch_normalization(x, m, v, o, s, 1e-3),
            [IMAGES, mean, variance, offset, scale],
            static="refines",
            **loose,
            grad2=False,
        ),
        Case(
            "nn.batch_normalization/plain",
            lambda tf, x, m, v: tf.nn.batch_normalization(x, m, v, None, None, 1e-3),
            [IMAGES, mean, variance],
            static="refines",
            **loose,
        ),
        Case(
            "nn.batch_norm_with_global_normalization",
            lambda tf, x, m, v, b, g: tf.nn.batch_norm_with_global_normalization(x, m, v, b, g, 1e-3, True),
            [IMAGES, mean, variance, offset, scale],
            static="refines",
            **loose,
            grad2=False,
        ),
        _case("l2_normalize", X),
        _case("l2_normalize/axis", IMAGES, call={"axis": [1, 3]}),
        _case("l2_normalize/zero", np.zeros((2, 3), np.float32), call={"axis": 1}, grad2=False),
        _case("local_response_normalization", IMAGES, **loose),
        _case(
            "local_response_normalization/arguments",
            IMAGES,
            call={"depth_radius": 1, "bias": 2.0, "alpha": 0.5, "beta": 0.75},
            **loose,
        ),
    ]


def _others() -> list[Case]:
    ties = np.array([[3, 1, 3, 2], [0, 0, 0, 1]], np.float32)
    table = floats(5, 3)
    ids = np.array([[4, 0], [2, 2]], np.int32)
    return [
        Case(
            "nn.bias_add",
            lambda tf, x, b: tf.nn.bias_add(x, b),
            [IMAGES, floats(3, seed=1)],
            grad2=False,
            rankless=False,
        ),
        Case(
            "nn.bias_add/matrix",
            lambda tf, x, b: tf.nn.bias_add(x, b),
            [X, floats(4, seed=1)],
            grad2=False,
            rankless=False,
        ),
        Case(
            "nn.bias_add/first",
            lambda tf, x, b: tf.nn.bias_add(x, b, "NCHW"),
            [IMAGES, floats(4, seed=1)],
            grad2=False,
            rankless=False,
        ),
        Case("nn.bias_add/error", lambda tf, x, b: tf.nn.bias_add(x, b), [X, floats(3)], raises=True, unknown=False),
        _case("top_k", ties, call={"k": 2}, grad2=False, static="refines"),
        _case("top_k/one", X, grad2=False, static="refines"),
        _case("top_k/int", ints(3, 5), call={"k": 3}, static="refines"),
        _case("top_k/error", X, call={"k": 9}, raises=True, unknown=False),
        Case("nn.in_top_k", lambda tf, z, x: tf.nn.in_top_k(z, x, 2), [CLASSES, X], rankless=False, static="refines"),
        Case(
            "nn.zero_fraction", lambda tf, x: tf.nn.zero_fraction(x), [np.array([0, 1, 0, 5], np.float32)], grad=False
        ),
        Case("nn.embedding_lookup", lambda tf, p, i: tf.nn.embedding_lookup(p, i), [table, ids], grad2=False),
        Case(
            "nn.embedding_lookup/max_norm",
            lambda tf, p, i: tf.nn.embedding_lookup(p, i, max_norm=1.0),
            [table, ids],
            grad2=False,
            rankless=False,
            static="refines",
        ),
        Case(
            "nn.embedding_lookup/dealt",
            lambda tf, p, q, i: tf.nn.embedding_lookup([p, q], i),
            [table[:3], table[2:], ids],
            grad=False,
            rankless=False,
            static="refines",
        ),
        Case("nn.dropout/zero", lambda tf, x: tf.nn.dropout(x, 0.0), [X]),
        Case("nn.dropout", lambda tf, x: tf.nn.dropout(x, 0.5), [X], values=False, grad=False, static="refines"),
        Case("nn.dropout/error_rate", lambda tf, x: tf.nn.dropout(x, 1.5), [X], raises=True),
        Case("nn.dropout/error_int", lambda tf, x: tf.nn.dropout(x, 0.5), [ints(3)], raises=True),
        Case(
            "nn.experimental.stateless_dropout",
            lambda tf, x: tf.nn.experimental.stateless_dropout(x, 0.4, seed=[1, 2], rng_alg="philox"),
            [X],
            static="refines",
            grad2=False,
        ),
        Case(
            "nn.experimental.general_dropout",
            lambda tf, x: tf.nn.experimental.general_dropout(x, 0.4, lambda shape, dtype: tf.ones(shape, dtype) * 0.5),
            [X],
            static="refines",
            grad2=False,
        ),
        _case("depth_to_space", floats(1, 2, 3, 8), call={"block_size": 2}, rankless=False, grad2=False),
        _case("space_to_depth", floats(1, 4, 6, 3), call={"block_size": 2}, rankless=False, grad2=False),
        Case(
            "nn.space_to_batch",
            lambda tf, x: tf.nn.space_to_batch(x, [2, 3], [[0, 0], [1, 2]]),
            [IMAGES],
            static="refines",
            grad2=False,
        ),
        Case(
            "batch_to_space",
            lambda tf, x: tf.batch_to_space(x, [2, 2], [[0, 1], [1, 0]]),
            [floats(8, 3, 3, 2)],
            static="refines",
            grad2=False,
        ),
        Case(
            "nn.dilation2d",
            lambda tf, x, f: tf.nn.dilation2d(x, f, [1, 1, 1, 1], "SAME", "NHWC", [1, 2, 1, 1]),
            [IMAGES, floats(2, 3, 3, seed=1)],
            grad2=False,
            fixed=[1],
            rankless=False,
            static="refines",
        ),
        Case(
            "nn.erosion2d",
            lambda tf, x, f: tf.nn.erosion2d(x, f, [1, 2, 1, 1], "VALID", "NHWC", [1, 1, 1, 1]),
            [IMAGES, floats(2, 2, 3, seed=1)],
            grad2=False,
            fixed=[1],
            rankless=False,
            static="refines",
        ),
        Case(
            "nn.collapse_repeated",
            lambda tf, x, n: tf.nn.collapse_repeated(x, n),
            [np.array([[1, 1, 2, 2, 1], [3, 3, 3, 0, 0]], np.int32), np.array([5, 3], np.int32)],
            rankless=False,
            static="refines",
        ),
    ]


CASES = [*_activations(), *_losses(), *_normalization(), *_others()]


def _ctc() -> list[Case]:
    logits, labels = floats(5, 3, 4), np.array([[1, 2, 2], [3, 1, 9], [2, -1, -1]], np.int32)
    lengths = np.array([3, 2, 1], np.int32), np.array([5, 4, 3], np.int32)
    options: dict[str, Any] = {"rankless": False, "unknown": False, "grad2": False, "static": "refines"}

    def loss(tf: Any, x: Any, **more: Any) -> Any:
        return tf.nn.ctc_loss(labels, x, *lengths, **more)

    return [
        Case("nn.ctc_loss", loss, [logits], **options),
        Case("nn.ctc_loss/batch_first", lambda tf, x: loss(tf, x, logits_time_major=False), [logits.swapaxes(0, 1)],
             **options),
        Case("nn.ctc_loss/last_blank", lambda tf, x: tf.nn.ctc_loss(labels % 3, x, *lengths, blank_index=-1), [logits],
             **options),
        Case("nn.ctc_loss/middle_blank", lambda tf, x: tf.nn.ctc_loss([[1, 3, 0]] * 3, x, *lengths, blank_index=2),
             [logits], **options),
        Case("nn.ctc_loss/no_labels", lambda tf, x: tf.nn.ctc_loss(labels, x, [0, 0, 1], lengths[1]), [logits],
             **options),
        Case("nn.ctc_loss/no_frames", lambda tf, x: tf.nn.ctc_loss(labels, x, lengths[0], [5, 0, 1]), [logits],
             **options),
        Case("nn.ctc_unique_labels", lambda tf, x: tf.nn.ctc_unique_labels(x),
             [np.array([[3, 1, 3, 0], [2, 2, 2, 2]], np.int32)], rankless=False, unknown=False, static="refines"),
    ]  # fmt: skip


CASES += _ctc()
