"""Headwater: TensorFlow 2's programming model and model life cycle on XLA, without TensorFlow.

>>> import headwater as tf
>>> tf.constant(2) + 3
<tf.Tensor: shape=(), dtype=int32, numpy=5>

The public names stand in `_root`. They are loaded, with the engine, when the first of them is used: parts that do not
need the engine (`headwater.validation`) start without it.
"""

import importlib
import importlib.util

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if not name.startswith("_") and importlib.util.find_spec(f"headwater.{name}"):
        return importlib.import_module(f"headwater.{name}")
    if not name.startswith("__") or name == "__all__":
        root = importlib.import_module("headwater._root")
        public = {key: value for key, value in vars(root).items() if not key.startswith("_")}
        globals().update(public, __all__=list(public))
    try:
        return globals()[name]
    except KeyError:
        raise AttributeError(f"module 'headwater' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *importlib.import_module("headwater").__all__})
