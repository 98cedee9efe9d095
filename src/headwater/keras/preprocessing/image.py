"""`keras.preprocessing.image`: pictures and arrays."""

from headwater.keras.utils._pictures import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]
