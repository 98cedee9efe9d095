"""`keras.models`: models, and how they are loaded."""

from headwater.keras.models.model import Model, clone_model, model_from_json
from headwater.keras.models.sequential import Sequential
from headwater.keras.saving._archive import load_model, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
