"""`keras.random`: seeds for layers."""

from headwater.keras._random import SeedGenerator

__all__ = ["SeedGenerator"]
