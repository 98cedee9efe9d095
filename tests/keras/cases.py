"""What Keras is asked, written once: run by real Keras to record, by headwater to compare. Each gives a list "
"of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.keras.answer_cases import ANSWERS
from tests.keras.epoch_cases import EPOCHS

Case = Callable[[Any], list[Any]]  # takes the module that plays tf


def floats(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def ints(*shape: int, seed: int = 0, high: int = 4) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, high, shape).astype(np.int32)


def probabilities(*shape: int, seed: int = 0) -> np.ndarray:
    p = floats(*shape, seed=seed, low=0.01, high=1.0)
    return p / p.sum(-1, keepdims=True)


def set_weights(layer: Any) -> None:
    layer.set_weights([floats(*w.shape, seed=i + 1, low=0.1, high=1.0) for i, w in enumerate(layer.weights)])


# Optimizers ------------------------------------------------------------------------------------------------------


def _optimizer(make: Callable[[Any], Any]) -> Case:
    def run(tf: Any) -> list[Any]:
        optimizer = make(tf.keras.optimizers)
        variables = [tf.Variable(floats(3, 2)), tf.Variable(floats(4, seed=1))]
        out = []
        for step in range(6):
            gradients = [tf.constant(floats(*v.shape, seed=10 + step + i)) for i, v in enumerate(variables)]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            out += [v.numpy() for v in variables]
        return [*out, *[np.asarray(v) for v in optimizer.variables if v.dtype != "string"]]

    return run


OPTIMIZERS: dict[str, Case] = {
    "sgd": _optimizer(lambda o: o.SGD(0.1)),
    "sgd momentum": _optimizer(lambda o: o.SGD(0.1, momentum=0.9)),
    "sgd nesterov": _optimizer(lambda o: o.SGD(0.1, momentum=0.9, nesterov=True)),
    "sgd weight_decay": _optimizer(lambda o: o.SGD(0.1, weight_decay=0.1)),
    "sgd clipnorm": _optimizer(lambda o: o.SGD(0.1, clipnorm=0.5)),
    "sgd clipvalue": _optimizer(lambda o: o.SGD(0.1, clipvalue=0.3)),
    "sgd global_clipnorm": _optimizer(lambda o: o.SGD(0.1, global_clipnorm=0.7)),
    "sgd ema": _optimizer(lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.8)),
    "sgd ema overwrite": _optimizer(lambda o: o.SGD(0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2)),
    "sgd loss_scale": _optimizer(lambda o: o.SGD(0.1, loss_scale_factor=4.0)),
    "adam": _optimizer(lambda o: o.Adam(0.1)),
    "adam arguments": _optimizer(lambda o: o.Adam(0.1, beta_1=0.8, beta_2=0.9, epsilon=0.1)),
    "adam amsgrad": _optimizer(lambda o: o.Adam(0.1, amsgrad=True)),
    "adamw": _optimizer(lambda o: o.AdamW(0.1, weight_decay=0.1)),
    "adamax": _optimizer(lambda o: o.Adamax(0.1)),
    "nadam": _optimizer(lambda o: o.Nadam(0.1)),
    "rmsprop": _optimizer(lambda o: o.RMSprop(0.1)),
    "rmsprop momentum": _optimizer(lambda o: o.RMSprop(0.1, rho=0.8, momentum=0.5)),
    "rmsprop centered": _optimizer(lambda o: o.RMSprop(0.1, centered=True, momentum=0.3)),
    "adagrad": _optimizer(lambda o: o.Adagrad(0.1)),
    "adagrad accumulator": _optimizer(lambda o: o.Adagrad(0.1, initial_accumulator_value=0.5, epsilon=0.01)),
    "adadelta": _optimizer(lambda o: o.Adadelta(0.1, rho=0.8, epsilon=1e-3)),
    "lion": _optimizer(lambda o: o.Lion(0.1, beta_1=0.8, beta_2=0.7)),
    "lamb": _optimizer(lambda o: o.Lamb(0.1)),
    "ftrl": _optimizer(lambda o: o.Ftrl(0.1)),
    "ftrl arguments": _optimizer(
        lambda o: o.Ftrl(
            0.1,
            learning_rate_power=-0.4,
            l1_regularization_strength=0.01,
            l2_regularization_strength=0.02,
            l2_shrinkage_regularization_strength=0.03,
            beta=0.1,
        )
    ),
    "sgd accumulating": _optimizer(lambda o: o.SGD(0.1, momentum=0.9, clipnorm=0.5, gradient_accumulation_steps=3)),
    "adam accumulating": _optimizer(lambda o: o.Adam(0.1, gradient_accumulation_steps=2)),
    "nadam accumulating": _optimizer(lambda o: o.Nadam(0.1, gradient_accumulation_steps=2)),
    "sgd accumulating ema": _optimizer(
        lambda o: o.SGD(0.1, gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.8)
    ),
    "loss scale": _optimizer(lambda o: o.LossScaleOptimizer(o.Adam(0.1), initial_scale=4.0, dynamic_growth_steps=2)),
    "sgd schedule": _optimizer(lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 2, 0.5))),
}


def _schedule(make: Callable[[Any], Any]) -> Case:
    def run(tf: Any) -> list[Any]:
        schedule = make(tf.keras.optimizers.schedules)
        return [np.asarray(schedule(step), np.float32) for step in (0, 1, 5, 10, 15, 40, 100)]

    return run


SCHEDULES: dict[str, Case] = {
    "exponential": _schedule(lambda s: s.ExponentialDecay(0.1, 10, 0.5)),
    "exponential staircase": _schedule(lambda s: s.ExponentialDecay(0.1, 10, 0.5, staircase=True)),
    "inverse": _schedule(lambda s: s.InverseTimeDecay(0.1, 10, 0.5)),
    "inverse staircase": _schedule(lambda s: s.InverseTimeDecay(0.1, 10, 0.5, staircase=True)),
    "piecewise": _schedule(lambda s: s.PiecewiseConstantDecay([5, 20], [1.0, 0.5, 0.1])),
    "polynomial": _schedule(lambda s: s.PolynomialDecay(0.1, 12, 0.01, power=2.0)),
    "polynomial cycle": _schedule(lambda s: s.PolynomialDecay(0.1, 12, 0.01, cycle=True)),
    "cosine": _schedule(lambda s: s.CosineDecay(0.1, 30, alpha=0.1)),
    "cosine warm-up": _schedule(lambda s: s.CosineDecay(0.0, 30, warmup_target=0.2, warmup_steps=8)),
    "cosine restarts": _schedule(lambda s: s.CosineDecayRestarts(0.1, 8, m_mul=0.8, alpha=0.05)),
    "cosine restarts even": _schedule(lambda s: s.CosineDecayRestarts(0.1, 8, t_mul=1.0)),
}

# Losses and metrics ----------------------------------------------------------------------------------------------

_Y, _P = floats(5, 4), floats(5, 4, seed=1)
_Y01 = (floats(5, 4) > 0).astype(np.float32)
_PROB, _ONE_HOT, _LABELS = probabilities(5, 4), np.eye(4, dtype=np.float32)[ints(5)], ints(5)
_WEIGHT = floats(5, seed=7, low=0.0, high=1.0)

_LOSS_INPUTS: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "MeanSquaredError": (_Y, _P, [{}]),
    "MeanAbsoluteError": (_Y, _P, [{}]),
    "MeanAbsolutePercentageError": (_Y, _P, [{}]),
    "MeanSquaredLogarithmicError": (_Y, _P, [{}]),
    "Hinge": (_Y01, _P, [{}]),
    "SquaredHinge": (_Y01 * 2 - 1, _P, [{}]),
    "CategoricalHinge": (_ONE_HOT, _P, [{}]),
    "Huber": (_Y, _P, [{}, {"delta": 0.5}]),
    "LogCosh": (_Y, _P, [{}]),
    "KLDivergence": (_PROB, probabilities(5, 4, seed=3), [{}]),
    "Poisson": (np.abs(_Y), np.abs(_P), [{}]),
    "CosineSimilarity": (_Y, _P, [{}, {"axis": 0, "reduction": "sum"}]),
    "BinaryCrossentropy": (_Y01, _PROB, [{}, {"from_logits": True}, {"label_smoothing": 0.2}]),
    "BinaryFocalCrossentropy": (
        _Y01,
        _PROB,
        [{}, {"gamma": 1.0, "apply_class_balancing": True}, {"from_logits": True}],
    ),
    "CategoricalCrossentropy": (_ONE_HOT, _PROB, [{}, {"from_logits": True}, {"label_smoothing": 0.2}]),
    "SparseCategoricalCrossentropy": (_LABELS, _PROB, [{}, {"from_logits": True}, {"ignore_class": 1}]),
    "CategoricalFocalCrossentropy": (_ONE_HOT, _PROB, [{}, {"alpha": 0.5, "gamma": 1.0}, {"label_smoothing": 0.1}]),
    "Dice": (_Y01, _PROB, [{"axis": -1, "reduction": "sum"}]),
    "Tversky": (_Y01, _PROB, [{"axis": 1, "alpha": 0.3, "beta": 0.6, "reduction": "none"}]),
    "CategoricalGeneralizedCrossEntropy": (_LABELS, _PROB, [{}, {"q": 0.2}]),
    "CTC": (np.array([[1, 2, 0], [3, 3, 1], [2, 0, 0], [1, 1, 0], [3, 1, 2]]), floats(5, 8, 4, seed=3), [{}]),
}


def _loss(name: str, y: Any, p: Any, arguments: dict[str, Any]) -> Case:
    def run(tf: Any) -> list[Any]:
        make = getattr(tf.keras.losses, name)
        predicted = tf.constant(p)
        with tf.GradientTape() as tape:
            tape.watch(predicted)
            total = make(**arguments)(y, predicted)
        gradient = tape.gradient(total, predicted)
        if "reduction" in arguments:
            return [total.numpy(), gradient.numpy()]
        each = make(**arguments, reduction="none")(y, predicted)
        summed = make(**arguments, reduction="sum")(y, predicted, sample_weight=_WEIGHT)
        mean = make(**arguments)(y, predicted, sample_weight=_WEIGHT)
        return [total.numpy(), gradient.numpy(), each.numpy(), summed.numpy(), mean.numpy()]

    return run


LOSSES: dict[str, Case] = {
    f"{name} {arguments}": _loss(name, y, p, arguments)
    for name, (y, p, options) in _LOSS_INPUTS.items()
    for arguments in options
}

_METRIC_INPUTS: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "Accuracy": (ints(5), ints(5, seed=1), [{}]),
    "BinaryAccuracy": (_Y01, _PROB, [{}, {"threshold": 0.2}]),
    "CategoricalAccuracy": (_ONE_HOT, _PROB, [{}]),
    "SparseCategoricalAccuracy": (_LABELS[:, None], _PROB, [{}]),
    "TopKCategoricalAccuracy": (_ONE_HOT, _PROB, [{"k": 2}]),
    "SparseTopKCategoricalAccuracy": (_LABELS, _PROB, [{"k": 2}]),
    "MeanSquaredError": (_Y, _P, [{}]),
    "RootMeanSquaredError": (_Y, _P, [{}]),
    "MeanAbsoluteError": (_Y, _P, [{}]),
    "MeanAbsolutePercentageError": (_Y, _P, [{}]),
    "MeanSquaredLogarithmicError": (_Y, _P, [{}]),
    "LogCoshError": (_Y, _P, [{}]),
    "Hinge": (_Y01, _P, [{}]),
    "SquaredHinge": (_Y01, _P, [{}]),
    "CategoricalHinge": (_ONE_HOT, _P, [{}]),
    "KLDivergence": (_PROB, probabilities(5, 4, seed=3), [{}]),
    "Poisson": (np.abs(_Y), np.abs(_P), [{}]),
    "CosineSimilarity": (_Y, _P, [{}]),
    "BinaryCrossentropy": (_Y01, _PROB, [{}, {"from_logits": True}]),
    "CategoricalCrossentropy": (_ONE_HOT, _PROB, [{}, {"label_smoothing": 0.1}]),
    "SparseCategoricalCrossentropy": (_LABELS, _PROB, [{}]),
    "Precision": (
        _Y01,
        _PROB,
        [{}, {"thresholds": [0.1, 0.3]}, {"top_k": 2}, {"class_id": 1, "thresholds": 0.2}, {"top_k": 1, "class_id": 2}],
    ),
    "Recall": (_Y01, _PROB, [{}, {"thresholds": 0.2}, {"top_k": 2}, {"class_id": 3, "thresholds": [0.1, 0.2]}]),
    "TruePositives": (_Y01, _PROB, [{"thresholds": 0.2}]),
    "FalsePositives": (_Y01, _PROB, [{"thresholds": [0.1, 0.3]}]),
    "TrueNegatives": (_Y01, _PROB, [{}]),
    "FalseNegatives": (_Y01, _PROB, [{"thresholds": 0.3}]),
    "AUC": (
        _Y01,
        _PROB,
        [
            {},
            {"num_thresholds": 11},
            {"curve": "PR"},
            {"curve": "PRGAIN", "num_thresholds": 20},
            {"summation_method": "majoring", "curve": "PR"},
            {"summation_method": "minoring"},
            {"multi_label": True},
            {"multi_label": True, "num_labels": 4, "label_weights": [0.1, 0.2, 0.3, 0.4], "curve": "PR"},
            {"label_weights": [0.1, 0.2, 0.3, 0.4]},
            {"from_logits": True},
            {"thresholds": [0.1, 0.2, 0.5]},
        ],
    ),
    "SensitivityAtSpecificity": (_Y01, _PROB, [{"specificity": 0.5}]),
    "SpecificityAtSensitivity": (_Y01, _PROB, [{"sensitivity": 0.3, "class_id": 1}]),
    "PrecisionAtRecall": (_Y01, _PROB, [{"recall": 0.5, "num_thresholds": 1}, {"recall": 0.5}]),
    "RecallAtPrecision": (_Y01, _PROB, [{"precision": 0.4}]),
    "FBetaScore": (_Y01, _PROB, [{"beta": 2.0, "threshold": 0.2}, {"average": "micro"}, {"average": "weighted"}]),
    "F1Score": (_Y01, _PROB, [{}, {"average": "macro", "threshold": 0.2}]),
    "R2Score": (_Y, _P, [{}, {"class_aggregation": None}, {"class_aggregation": "variance_weighted_average"}]),
    "PearsonCorrelation": (_Y, _P, [{}]),
    "ConcordanceCorrelation": (_Y, _P, [{}]),
    "IoU": (ints(5), ints(5, seed=1), [{"num_classes": 4, "target_class_ids": [0, 2]}]),
    "MeanIoU": (ints(5), ints(5, seed=1), [{"num_classes": 4}, {"num_classes": 3, "ignore_class": 0}]),
    "OneHotIoU": (_ONE_HOT, _PROB, [{"num_classes": 4, "target_class_ids": [1, 2]}]),
    "OneHotMeanIoU": (_ONE_HOT, _PROB, [{"num_classes": 4}]),
}


# Those that count in integers, so that their weights must be integers too.
_COUNTING = ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")


def _metric(name: str, y: Any, p: Any, arguments: dict[str, Any]) -> Case:
    def run(tf: Any) -> list[Any]:
        metric = getattr(tf.keras.metrics, name)(**arguments)
        out = []
        for weight in (None, np.ones(5, np.int32) if name in _COUNTING else _WEIGHT):
            metric.update_state(y, p, sample_weight=weight)
            out.append(np.asarray(metric.result()))
        metric.reset_state()
        metric.update_state(y[:3], p[:3])
        return [*out, np.asarray(metric.result())]

    return run


METRICS: dict[str, Case] = {
    f"{name} {arguments}": _metric(name, y, p, arguments)
    for name, (y, p, options) in _METRIC_INPUTS.items()
    for arguments in options
}

# Layers ----------------------------------------------------------------------------------------------------------


def _layer(make: Callable[[Any], Any], *inputs: Any, training: bool | None = None) -> Case:
    def run(tf: Any) -> list[Any]:
        layer = make(tf.keras.layers)
        tensors = [tf.constant(x) for x in inputs]
        given = tensors if len(tensors) > 1 else tensors[0]
        layer(given)
        set_weights(layer)
        smooth = [x for x in tensors if x.dtype == tf.float32]
        options = {} if training is None else {"training": training}
        with tf.GradientTape() as tape:
            tape.watch(smooth)
            output = layer(given, **options)
            total = tf.reduce_sum(tf.sin(output))
        gradients = tape.gradient(total, [*smooth, *layer.trainable_variables])
        dense = [tf.convert_to_tensor(g).numpy() for g in gradients]
        return [output.numpy(), *dense, *layer.get_weights(), np.array([len(layer.losses)])]

    return run


_IMAGE, _ROW, _STEPS = floats(2, 6, 5, 4), floats(3, 4), floats(2, 6, 4)
_VOLUME = floats(1, 3, 4, 3, 2)

LAYERS: dict[str, Case] = {
    "Dense": _layer(lambda k: k.Dense(3), _ROW),
    "Dense arguments": _layer(lambda k: k.Dense(3, activation="relu", use_bias=False, kernel_regularizer="l2"), _ROW),
    "Dense rank 3": _layer(lambda k: k.Dense(3, activation="softmax"), _STEPS),
    "Activation": _layer(lambda k: k.Activation("gelu"), _ROW),
    "Flatten": _layer(lambda k: k.Flatten(), _IMAGE),
    "Flatten channels_first": _layer(lambda k: k.Flatten(data_format="channels_first"), _IMAGE),
    "Reshape": _layer(lambda k: k.Reshape((-1, 2)), _ROW),
    "Permute": _layer(lambda k: k.Permute((2, 1)), _STEPS),
    "RepeatVector": _layer(lambda k: k.RepeatVector(3), _ROW),
    "Rescaling": _layer(lambda k: k.Rescaling(0.5, 1.0), _ROW),
    "Embedding": _layer(lambda k: k.Embedding(5, 3), ints(2, 4)),
    "ReLU": _layer(lambda k: k.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), _ROW),
    "LeakyReLU": _layer(lambda k: k.LeakyReLU(0.2), _ROW),
    "ELU": _layer(lambda k: k.ELU(0.5), _ROW),
    "PReLU": _layer(lambda k: k.PReLU(), _ROW),
    "PReLU shared": _layer(lambda k: k.PReLU(shared_axes=[1]), _STEPS),
    "Softmax": _layer(lambda k: k.Softmax(axis=1), _STEPS),
    "Conv1D": _layer(lambda k: k.Conv1D(3, 2), _STEPS),
    "Conv1D causal": _layer(lambda k: k.Conv1D(3, 2, padding="causal", dilation_rate=2), _STEPS),
    "Conv2D": _layer(lambda k: k.Conv2D(3, 3), _IMAGE),
    "Conv2D same": _layer(lambda k: k.Conv2D(3, (3, 2), strides=2, padding="same", activation="relu"), _IMAGE),
    "Conv2D dilation": _layer(lambda k: k.Conv2D(3, 2, dilation_rate=2, use_bias=False), _IMAGE),
    "Conv3D": _layer(lambda k: k.Conv3D(2, 2), floats(1, 3, 4, 3, 2)),
    "DepthwiseConv2D": _layer(lambda k: k.DepthwiseConv2D(3, depth_multiplier=2), _IMAGE),
    "DepthwiseConv2D steps": _layer(lambda k: k.DepthwiseConv2D(2, (2, 2), dilation_rate=2, padding="same"), _IMAGE),
    "DepthwiseConv1D": _layer(lambda k: k.DepthwiseConv1D(3, 2, "same", 2, activation="tanh"), _STEPS),
    "DepthwiseConv1D dilation": _layer(lambda k: k.DepthwiseConv1D(2, dilation_rate=2, use_bias=False), _STEPS),
    "SeparableConv1D": _layer(lambda k: k.SeparableConv1D(3, 2, depth_multiplier=2, padding="same"), _STEPS),
    "SeparableConv1D strides": _layer(lambda k: k.SeparableConv1D(2, 3, 2, pointwise_regularizer="l2"), _STEPS),
    "SeparableConv2D": _layer(lambda k: k.SeparableConv2D(3, (3, 2), depth_multiplier=2, activation="relu"), _IMAGE),
    "SeparableConv2D dilation": _layer(lambda k: k.SeparableConv2D(2, 2, dilation_rate=2, use_bias=False), _IMAGE),
    "EinsumDense": _layer(lambda k: k.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"), _STEPS),
    "EinsumDense heads": _layer(lambda k: k.EinsumDense("abc,cde->abde", (None, 2, 3), "tanh", "de"), _STEPS),
    "EinsumDense joined": _layer(lambda k: k.EinsumDense("abc,bcd->ad", 5), _STEPS),
    "EinsumDense last axes": _layer(lambda k: k.EinsumDense("...x,xy->...y", 2, bias_axes="y"), _IMAGE),
    "EinsumDense first axes": _layer(lambda k: k.EinsumDense("ab...,bc->ac...", (3, None), bias_axes="c"), _STEPS),
    "TimeDistributed": _layer(lambda k: k.TimeDistributed(k.Dense(3)), _STEPS),
    "TimeDistributed Conv1D": _layer(lambda k: k.TimeDistributed(k.Conv1D(2, 2)), _IMAGE),
    "TimeDistributed BatchNormalization": _layer(
        lambda k: k.TimeDistributed(k.BatchNormalization(momentum=0.7)), _STEPS, training=True
    ),
    "SpectralNormalization": _layer(lambda k: k.SpectralNormalization(k.Dense(3)), _ROW, training=True),
    "SpectralNormalization Conv2D": _layer(
        lambda k: k.SpectralNormalization(k.Conv2D(3, 2), power_iterations=3), _IMAGE, training=True
    ),
    "SpectralNormalization inference": _layer(lambda k: k.SpectralNormalization(k.Dense(3)), _ROW),
    "Conv1DTranspose": _layer(lambda k: k.Conv1DTranspose(3, 2, 3), _STEPS),
    "Conv1DTranspose padding": _layer(lambda k: k.Conv1DTranspose(3, 3, 2, "same", 0), _STEPS),
    "Conv2DTranspose": _layer(lambda k: k.Conv2DTranspose(3, (3, 2)), _IMAGE),
    "Conv2DTranspose same": _layer(lambda k: k.Conv2DTranspose(3, 3, 2, "same", activation="relu"), _IMAGE),
    "Conv2DTranspose padding": _layer(lambda k: k.Conv2DTranspose(2, 3, (2, 3), output_padding=(1, 2)), _IMAGE),
    "Conv2DTranspose dilation": _layer(lambda k: k.Conv2DTranspose(2, 2, dilation_rate=2, use_bias=False), _IMAGE),
    "Conv3DTranspose": _layer(lambda k: k.Conv3DTranspose(2, 2, 2), floats(1, 2, 3, 2, 2)),
    "MaxPooling1D": _layer(lambda k: k.MaxPooling1D(), _STEPS),
    "MaxPooling2D": _layer(lambda k: k.MaxPooling2D(), _IMAGE),
    "MaxPooling2D same": _layer(lambda k: k.MaxPooling2D(3, strides=2, padding="same"), _IMAGE),
    "AveragePooling1D": _layer(lambda k: k.AveragePooling1D(3), _STEPS),
    "AveragePooling2D": _layer(lambda k: k.AveragePooling2D(2, strides=1, padding="same"), _IMAGE),
    "GlobalMaxPooling1D": _layer(lambda k: k.GlobalMaxPooling1D(), _STEPS),
    "GlobalMaxPooling2D": _layer(lambda k: k.GlobalMaxPooling2D(keepdims=True), _IMAGE),
    "GlobalAveragePooling1D": _layer(lambda k: k.GlobalAveragePooling1D(), _STEPS),
    "GlobalAveragePooling2D": _layer(lambda k: k.GlobalAveragePooling2D(data_format="channels_first"), _IMAGE),
    "BatchNormalization": _layer(lambda k: k.BatchNormalization(), _IMAGE),
    "BatchNormalization training": _layer(
        lambda k: k.BatchNormalization(momentum=0.7, epsilon=0.1), _IMAGE, training=True
    ),
    "BatchNormalization axis": _layer(lambda k: k.BatchNormalization(axis=1, scale=False), _IMAGE, training=True),
    "BatchNormalization frozen": _layer(lambda k: k.BatchNormalization(trainable=False), _IMAGE, training=True),
    "LayerNormalization": _layer(lambda k: k.LayerNormalization(), _IMAGE),
    "LayerNormalization axes": _layer(lambda k: k.LayerNormalization(axis=[1, 2], epsilon=0.1, center=False), _IMAGE),
    "Add": _layer(lambda k: k.Add(), _ROW, floats(3, 4, seed=1), floats(3, 4, seed=2)),
    "Subtract": _layer(lambda k: k.Subtract(), _ROW, floats(3, 4, seed=1)),
    "Multiply": _layer(lambda k: k.Multiply(), _ROW, floats(3, 4, seed=1)),
    "Average": _layer(lambda k: k.Average(), _ROW, floats(3, 4, seed=1)),
    "Maximum": _layer(lambda k: k.Maximum(), _ROW, floats(3, 4, seed=1)),
    "Minimum": _layer(lambda k: k.Minimum(), _ROW, floats(3, 4, seed=1)),
    "Concatenate": _layer(lambda k: k.Concatenate(axis=1), _STEPS, floats(2, 3, 4)),
    "Dot": _layer(lambda k: k.Dot(axes=1), _ROW, floats(3, 4, seed=1)),
    "Dot normalized": _layer(lambda k: k.Dot(axes=(2, 1), normalize=True), _STEPS, floats(2, 4, 3)),
    "ActivityRegularization": _layer(lambda k: k.ActivityRegularization(0.1, 0.2), _ROW),
    "MaxPooling3D": _layer(lambda k: k.MaxPooling3D((1, 2, 2), padding="same"), _VOLUME),
    "AveragePooling3D": _layer(lambda k: k.AveragePooling3D(2, strides=1, padding="same"), _VOLUME),
    "GlobalMaxPooling3D": _layer(lambda k: k.GlobalMaxPooling3D(), _VOLUME),
    "GlobalAveragePooling3D": _layer(lambda k: k.GlobalAveragePooling3D(keepdims=True), _VOLUME),
    "ZeroPadding1D": _layer(lambda k: k.ZeroPadding1D((1, 2)), _STEPS),
    "ZeroPadding2D": _layer(lambda k: k.ZeroPadding2D(((2, 2), (0, 1)), data_format="channels_first"), _IMAGE),
    "ZeroPadding3D": _layer(lambda k: k.ZeroPadding3D((0, 1, 2)), _VOLUME),
    "Cropping1D": _layer(lambda k: k.Cropping1D((1, 0)), _STEPS),
    "Cropping2D": _layer(lambda k: k.Cropping2D(((1, 2), (0, 3))), _IMAGE),
    "Cropping3D": _layer(lambda k: k.Cropping3D(((1, 0), (0, 1), (0, 0))), _VOLUME),
    "UpSampling1D": _layer(lambda k: k.UpSampling1D(3), _STEPS),
    "UpSampling2D": _layer(lambda k: k.UpSampling2D((2, 3)), _IMAGE),
    "UpSampling2D bilinear": _layer(lambda k: k.UpSampling2D(2, interpolation="bilinear"), _IMAGE),
    "UpSampling3D": _layer(lambda k: k.UpSampling3D((1, 2, 1)), _VOLUME),
    "GroupNormalization": _layer(lambda k: k.GroupNormalization(2), _IMAGE),
    "GroupNormalization axis": _layer(lambda k: k.GroupNormalization(-1, axis=1, epsilon=0.1, scale=False), _IMAGE),
    "UnitNormalization": _layer(lambda k: k.UnitNormalization(), _STEPS),
    "UnitNormalization axes": _layer(lambda k: k.UnitNormalization(axis=(1, 2)), _STEPS),
    "RMSNormalization": _layer(lambda k: k.RMSNormalization(epsilon=0.1), _STEPS),
    "SpatialDropout2D inference": _layer(lambda k: k.SpatialDropout2D(0.5), _IMAGE),
    "AlphaDropout inference": _layer(lambda k: k.AlphaDropout(0.5), _ROW),
    "Dropout inference": _layer(lambda k: k.Dropout(0.5), _ROW),
}


def _activation(name: str) -> Case:
    def run(tf: Any) -> list[Any]:
        x = tf.constant(floats(3, 8, low=-4.0, high=4.0))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.keras.activations.get(name)(x)
            total = tf.reduce_sum(y * y)
        return [y.numpy(), tape.gradient(total, x).numpy()]

    return run


ACTIVATIONS: dict[str, Case] = {
    name: _activation(name)
    for name in (
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "softmax",
        "log_softmax",
        "elu",
        "selu",
        "softplus",
        "softsign",
        "silu",
        "gelu",
        "tanh",
        "sigmoid",
        "exponential",
        "hard_sigmoid",
        "hard_silu",
        "mish",
        "celu",
        "glu",
        "hard_shrink",
        "hard_tanh",
        "log_sigmoid",
        "soft_shrink",
        "sparse_plus",
        "sparse_sigmoid",
        "squareplus",
        "tanh_shrink",
    )
}


def _weight_function(module: str, make: Callable[[Any], Any]) -> Case:
    return lambda tf: [np.asarray(make(getattr(tf.keras, module))(tf.constant(floats(4, 3))))]


WEIGHT_FUNCTIONS: dict[str, Case] = {
    "L1": _weight_function("regularizers", lambda r: r.L1(0.1)),
    "L2": _weight_function("regularizers", lambda r: r.L2(0.1)),
    "L1L2": _weight_function("regularizers", lambda r: r.L1L2(0.1, 0.2)),
    "orthogonal rows": _weight_function("regularizers", lambda r: r.OrthogonalRegularizer(0.1)),
    "orthogonal columns": _weight_function("regularizers", lambda r: r.OrthogonalRegularizer(0.1, mode="columns")),
    "NonNeg": _weight_function("constraints", lambda c: c.NonNeg()),
    "MaxNorm": _weight_function("constraints", lambda c: c.MaxNorm(1.5, axis=1)),
    "UnitNorm": _weight_function("constraints", lambda c: c.UnitNorm()),
    "MinMaxNorm": _weight_function("constraints", lambda c: c.MinMaxNorm(0.5, 1.5, rate=0.7)),
}

# Random numbers --------------------------------------------------------------------------------------------------


def _drawn(draw: Callable[[Any, Any], Any]) -> Case:
    """What is drawn from a seed, from a generator twice, and from that of the session."""

    def run(tf: Any) -> list[Any]:
        source = tf.keras.random
        generator = source.SeedGenerator(2**31 + 5)
        tf.keras.utils.set_random_seed(5)
        return [np.asarray(draw(source, seed)) for seed in (7, -5, 2**33 + 5, generator, generator, None, None)]

    return run


RANDOM: dict[str, Case] = {
    "normal": _drawn(lambda r, seed: r.normal((3, 2), 1.0, 0.5, seed=seed)),
    "normal float64": _drawn(lambda r, seed: r.normal((3,), dtype="float64", seed=seed)),
    "uniform": _drawn(lambda r, seed: r.uniform((3, 2), 1, 5, seed=seed)),
    "truncated_normal": _drawn(lambda r, seed: r.truncated_normal((9,), seed=seed)),
    "randint": _drawn(lambda r, seed: r.randint((5,), 0, 10, seed=seed)),
    "randint int8": _drawn(lambda r, seed: r.randint((5,), -3, 10, "int8", seed)),
    "categorical": _drawn(lambda r, seed: r.categorical(np.log(_PROB), 6, seed=seed)),
    "gamma": _drawn(lambda r, seed: r.gamma((3, 2), np.array([2.0, 0.5], np.float32), seed=seed)),
    "binomial": _drawn(lambda r, seed: r.binomial((3, 2), np.array([10.0, 5.0]), np.array([0.3, 0.6]), seed=seed)),
    "beta": _drawn(lambda r, seed: r.beta((4,), 2.0, 3.0, seed=seed)),
    "dropout": _drawn(lambda r, seed: r.dropout(_ROW, 0.5, seed=seed)),
    "dropout shared": _drawn(lambda r, seed: r.dropout(_STEPS, 0.3, noise_shape=(None, 1, 4), seed=seed)),
    "shuffle": _drawn(lambda r, seed: r.shuffle(np.arange(12).reshape(6, 2), seed=seed)),
    "shuffle axis": _drawn(lambda r, seed: r.shuffle(np.arange(12).reshape(2, 6), axis=1, seed=seed)),
}

# Training --------------------------------------------------------------------------------------------------------


def _train(
    compile_with: Callable[[Any], dict[str, Any]], last: int = 4, activation: str = "softmax", y: Any = None, **fit: Any
) -> Case:
    def run(tf: Any) -> list[Any]:
        layers = tf.keras.layers
        inputs = layers.Input((6,))
        hidden = layers.Dense(5, activation="tanh", kernel_regularizer=fit.get("regularizer"))(inputs)
        model = tf.keras.Model(inputs, layers.Dense(last, activation=activation)(hidden))
        set_weights(model)
        model.compile(**compile_with(tf.keras))
        options = {k: v for k, v in fit.items() if k != "regularizer"}
        x = floats(50, 6).astype(np.float64)
        history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0, **options).history
        values = [np.asarray(history[k], np.float32) for k in sorted(history)]
        return [np.array(sorted(history)), *values, *model.get_weights(), model.predict(x, verbose=0)]

    return run


_CLASSES = ints(50)

TRAINING: dict[str, Case] = {
    "accuracy": _train(
        lambda k: {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}, y=_CLASSES
    ),
    "adam one-hot": _train(
        lambda k: {"optimizer": "adam", "loss": "categorical_crossentropy", "metrics": ["acc", "mse"]},
        y=np.eye(4, dtype=np.float32)[_CLASSES],
    ),
    "binary": _train(
        lambda k: {"optimizer": k.optimizers.RMSprop(0.01), "loss": "binary_crossentropy", "metrics": ["accuracy"]},
        last=1,
        activation="sigmoid",
        y=(_CLASSES > 1).astype(np.float32),
    ),
    "validation": _train(
        lambda k: {"optimizer": k.optimizers.SGD(0.1, momentum=0.9), "loss": "mse", "metrics": ["mae"]},
        last=2,
        activation="linear",
        y=floats(50, 2, seed=3),
        validation_split=0.3,
    ),
    "weights": _train(
        lambda k: {
            "optimizer": "sgd",
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["sparse_categorical_accuracy"],
        },
        y=_CLASSES,
        sample_weight=floats(50, seed=9, low=0.0, high=1.0),
    ),
    "class weights": _train(
        lambda k: {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"},
        y=_CLASSES,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5, 3: 0.0},
    ),
    "regularizer": _train(lambda k: {"optimizer": "sgd", "loss": "mse"}, last=2, y=floats(50, 2), regularizer="l1"),
}

GROUPS: dict[str, dict[str, Case]] = {
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "losses": LOSSES,
    "metrics": METRICS,
    "layers": LAYERS,
    "activations": ACTIVATIONS,
    "weight functions": WEIGHT_FUNCTIONS,
    "random": RANDOM,
    "training": TRAINING,
    "epochs": EPOCHS,
    "answers": ANSWERS,
}
