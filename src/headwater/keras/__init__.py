"""`tf.keras`: layers, models and their training."""

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
from headwater.keras import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    optimizers,
    preprocessing,
    random,
    regularizers,
    saving,
    utils,
)
from headwater.keras._policy import DTypePolicy
from headwater.keras._tensor import KerasTensor
from headwater.keras.layers import Input, InputSpec, Layer
from headwater.keras.losses import Loss
from headwater.keras.metrics import Metric
from headwater.keras.models import Model, Sequential
from headwater.keras.optimizers import Optimizer

__all__ = [
    "DTypePolicy", "Input", "InputSpec", "KerasTensor", "Layer", "Loss", "Metric", "Model", "Optimizer", "Sequential",
    "activations", "backend", "callbacks", "config", "constraints", "datasets", "initializers", "layers", "losses",
    "metrics", "mixed_precision", "models", "optimizers", "preprocessing", "random", "regularizers", "saving", "utils",
]  # fmt: skip
