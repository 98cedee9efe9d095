"""`tf.lite`: LiteRT models from traced functions and Keras models, and LiteRT's interpreter (extra ``[lite]``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater.core.concrete import ConcreteFunction

__all__ = ["Interpreter", "TFLiteConverter"]


def _exporter() -> Any:
    from headwater.export import lite  # noqa: PLC0415  an optional part, and `import headwater` is to be quick

    return lite


class TFLiteConverter:
    """Converts a model to a LiteRT model (``.tflite``).

    Make one by `from_keras_model` or `from_concrete_functions`.

    Attributes:
        batch_size: A fixed size for unknown first dimensions of the inputs; None (the default) leaves them open. LiteRT
            for the web and some accelerators need a fixed one.

    >>> double = tf.function(lambda x: x + x).get_concrete_function(tf.TensorSpec([None, 2], name="x"))
    >>> model = TFLiteConverter.from_concrete_functions([double]).convert()
    >>> Interpreter(model_content=model).get_signature_list()
    {'serving_default': {'inputs': ['x'], 'outputs': ['output_0']}}
    """

    def __init__(self, function: Callable[[], ConcreteFunction]) -> None:
        self._function = function
        self.batch_size: int | None = None

    @classmethod
    def from_keras_model(cls, model: Any) -> TFLiteConverter:
        """A converter of a built Keras model, as it is called with ``training=False``."""
        return cls(lambda: _exporter().inference_function(model))

    @classmethod
    def from_concrete_functions(cls, funcs: Sequence[ConcreteFunction], trackable_obj: Any = None) -> TFLiteConverter:
        """A converter of a traced function.

        Args:
            funcs: One concrete function.
            trackable_obj: Accepted for compatibility.
        """
        if len(funcs) != 1 or not isinstance(funcs[0], ConcreteFunction):
            raise ValueError(
                f"Expected a list of one concrete function, received {funcs!r}. Use f.get_concrete_function(...)."
            )
        return cls(lambda: funcs[0])

    def convert(self) -> bytes:
        """The content of a ``.tflite`` file.

        Raises:
            UnimplementedError: If LiteRT has no operator for something in the model; lists all of it.
        """
        content: bytes = _exporter().convert_concrete_function(self._function(), self.batch_size)
        return content


def Interpreter(*args: Any, **kwargs: Any) -> Any:
    """LiteRT's own ``Interpreter``, which takes ``model_path=`` or ``model_content=``."""
    return _exporter().interpreter().Interpreter(*args, **kwargs)
