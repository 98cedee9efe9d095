"""`keras.backend`: settings of the session, under their older name."""

from headwater.keras._random import SeedGenerator
from headwater.keras._state import (
    clear_session,
    epsilon,
    floatx,
    get_uid,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = ["SeedGenerator", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format", "set_epsilon",
           "set_floatx", "set_image_data_format"]  # fmt: skip
