"""`keras.layers`: the building blocks of models."""

from headwater.keras.layers._base import Layer
from headwater.keras.layers._input import Input, InputLayer
from headwater.keras.layers._spec import InputSpec
from headwater.keras.layers.core import Activation, Dense, Embedding, Identity, Lambda, Rescaling
from headwater.keras.layers.regularization import ActivityRegularization, Dropout, GaussianNoise
from headwater.keras.layers.reshaping import Flatten, Permute, RepeatVector, Reshape

__all__ = [
    "Activation", "ActivityRegularization", "Dense", "Dropout", "Embedding", "Flatten", "GaussianNoise", "Identity",
    "Input", "InputLayer", "InputSpec", "Lambda", "Layer", "Permute", "RepeatVector", "Rescaling", "Reshape",
]  # fmt: skip
