"""`keras.config`: settings of the session."""

from headwater.keras._policy import dtype_policy, set_dtype_policy
from headwater.keras._state import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = ["dtype_policy", "epsilon", "floatx", "image_data_format", "set_dtype_policy", "set_epsilon", "set_floatx",
           "set_image_data_format"]  # fmt: skip
