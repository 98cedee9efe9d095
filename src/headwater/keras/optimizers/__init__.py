"""`keras.optimizers`: how variables follow their gradients."""

from __future__ import annotations

from typing import Any

from headwater.keras._lookup import resolve, table_of
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras.optimizers import schedules
from headwater.keras.optimizers._adam import Adam, Adamax, AdamW, Nadam
from headwater.keras.optimizers._base import Optimizer
from headwater.keras.optimizers._descent import SGD, Adadelta, Adagrad, RMSprop

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Nadam", "Optimizer", "RMSprop", "deserialize",
           "get", "schedules", "serialize"]  # fmt: skip

_TABLE = table_of(SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Nadam, RMSprop)


def get(identifier: Any) -> Any:
    """The optimizer that a name, config, class or instance stands for.

    >>> tf.keras.optimizers.get("adam")
    <Adam name=adam>
    """
    return resolve(identifier, _TABLE, "optimizer")
