"""`keras.preprocessing`: data as older programs prepare it."""

from headwater.keras.preprocessing import image, sequence

__all__ = ["image", "sequence"]
