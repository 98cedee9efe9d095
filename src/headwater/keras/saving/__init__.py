"""`keras.saving`: models as files, objects as configs."""

from headwater.keras._registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from headwater.keras._serialization import deserialize_keras_object, serialize_keras_object
from headwater.keras.saving._archive import load_model, save_model

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects", "get_registered_name",
    "get_registered_object", "load_model", "register_keras_serializable", "save_model", "serialize_keras_object",
]  # fmt: skip
