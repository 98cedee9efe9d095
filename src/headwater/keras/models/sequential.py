"""`Sequential`: a stack of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.keras import _serialization
from headwater.keras._registry import builtin
from headwater.keras._tensor import KerasTensor
from headwater.keras.layers._base import Layer
from headwater.keras.layers._calls import named_after
from headwater.keras.layers._input import InputLayer
from headwater.keras.layers._shapes import is_shape
from headwater.keras.layers._tracking import Held
from headwater.keras.models._functional import Network
from headwater.keras.models.model import Model


@builtin("keras")
class Sequential(Model):
    """Layers one after another.

    Args:
        layers: The layers; the first may be a `keras.Input`.
        trainable: Whether its weights are trained.
        name: The model's name.

    >>> model = tf.keras.Sequential([tf.keras.Input(shape=(4,)), tf.keras.layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    stays_open = True

    def __init__(
        self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._stack: list[Layer] = []
        self._source = Held(None)
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Puts a layer on top."""
        if isinstance(layer, KerasTensor) and layer.history is not None and isinstance(layer.history[0], InputLayer):
            layer = layer.history[0]
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} of type "
                f"{type(layer)}"
            )
        if isinstance(layer, InputLayer):
            if self._stack or self._source.value is not None:
                raise ValueError(f"Sequential model '{self.name}' has already been configured with an input.")
            self._source.value = layer
        else:
            if any(other.name == layer.name for other in self._stack):
                raise ValueError(
                    f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is "
                    f"already the "
                    "name of a layer in this model. Give it another with the `name` argument."
                )
            given = layer._given_input_shape.value
            if given is not None and self._source.value is None and not self._stack:
                self._source.value = InputLayer(shape=given)
            self._stack.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer off."""
        layer = self._stack.pop()
        self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Connects the layers, once the input is known."""
        self._set_network(None)
        self.built = False
        if not self._stack:
            return
        first_shape = getattr(self._stack[0], "input_shape", None)
        if self._source.value is None and is_shape(first_shape):
            self._source.value = InputLayer(batch_shape=first_shape)
        if self._source.value is None:
            return
        first = x = self._source.value.output
        with named_after(self):
            for layer in self._stack:
                x = layer(x)
        self._set_network(Network(first, x, self.name))

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape, batch dimension first."""
        if not is_shape(input_shape):  # several inputs: the layers are applied one by one
            return
        if not self._stack:
            raise ValueError(f"Sequential model '{self.name}' has no layers to build. Call `model.add(layer)` first.")
        shape = tuple(input_shape)
        if self._source.value is None:
            self._source.value = InputLayer(batch_shape=shape, dtype=self._stack[0].compute_dtype)
        elif self._source.value.batch_shape != shape:
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape "
                f"{self._source.value.batch_shape}. You cannot build it with input_shape {shape}."
            )
        if self._network is None:
            self._rebuild()

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if self._network is not None:
            return self._network.run(inputs)
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    @property
    def layers(self) -> list[Layer]:
        return list(self._stack)

    @property
    def _saved_class_name(self) -> str | None:
        return None

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype_policy}
        layers = ([self._source.value] if self._source.value is not None else []) + self._stack
        config["layers"] = [_serialization.serialize_keras_object(layer) for layer in layers]
        if self._source.value is not None:
            config["build_input_shape"] = self._source.value.batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, copy: Any = None) -> Any:
        """A model from what `get_config` gave; `copy` makes the layers of their configs."""
        copy = copy or _serialization._deserialize
        with _serialization._registry.CustomObjectScope(custom_objects):
            model = cls(name=config.get("name"), trainable=config.get("trainable", True))
            for entry in config["layers"]:
                model.add(copy(entry), rebuild=False)
            model._rebuild()
            if model._network is None and config.get("build_input_shape"):
                model.build(tuple(config["build_input_shape"]))
        return model

    def get_build_config(self) -> dict[str, Any] | None:
        return None if self._source.value is None else {"input_shape": self._source.value.batch_shape}
