"""`keras.optimizers`: how variables follow their gradients."""

from __future__ import annotations

from typing import Any

from headwater.keras._lookup import described, resolve, table_of
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras.optimizers import schedules
from headwater.keras.optimizers._adam import Adam, Adamax, AdamW, Lamb, Lion, Nadam
from headwater.keras.optimizers._base import Optimizer
from headwater.keras.optimizers._descent import SGD, Adadelta, Adagrad, RMSprop
from headwater.keras.optimizers._factored import Adafactor, Ftrl
from headwater.keras.optimizers._loss_scale import LossScaleOptimizer

__all__ = ["SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
           "LossScaleOptimizer", "Nadam", "Optimizer", "RMSprop", "deserialize", "get", "schedules",
           "serialize"]  # fmt: skip

_TABLE = table_of(
    SGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, LossScaleOptimizer, Nadam, RMSprop
)


def get(identifier: Any) -> Any:
    """The optimizer that a name, config, class or instance stands for; None stays None.

    >>> tf.keras.optimizers.get("adam").beta_1
    0.9
    """
    found = resolve(identifier, _TABLE, "optimizer")
    if found is not None and not isinstance(found, Optimizer):
        raise ValueError(
            f"Could not interpret optimizer identifier: {identifier!r}. Expected a name, a config or an Optimizer."
        )
    return found


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that `serialize` described."""
    return described(config, _TABLE, "optimizer", custom_objects)
