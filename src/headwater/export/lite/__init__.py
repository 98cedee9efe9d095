"""LiteRT (``.tflite``) models from Graphs, without TensorFlow. Needs the extra ``[lite]``."""

from headwater.export.inference import inference_function
from headwater.export.lite.convert import convert_concrete_function, convert_keras_model
from headwater.export.lite.run import run, verify
from headwater.export.lite.runtime import interpreter

__all__ = ["convert_concrete_function", "convert_keras_model", "inference_function", "interpreter", "run", "verify"]
