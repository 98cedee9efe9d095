"""`keras.datasets`: data to try models on. Digits ship with the package; others are downloaded on first use."""

from headwater.keras.datasets import digits, fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist"]
