"""`Model`: a layer that can be trained, evaluated, saved; functional, or defined by its `call`."""

from __future__ import annotations

import json
from typing import Any

from headwater.core import nest
from headwater.keras import _serialization
from headwater.keras._registry import builtin
from headwater.keras._state import auto_name
from headwater.keras._tensor import KerasTensor
from headwater.keras.layers._base import Layer
from headwater.keras.layers._input import InputLayer
from headwater.keras.layers._shapes import is_shape, map_shapes, shapes_of
from headwater.keras.layers._tracking import Held
from headwater.keras.models._functional import Network, network_from_config
from headwater.keras.models._summary import print_summary
from headwater.keras.saving import _archive, _weights
from headwater.keras.training._trainer import Trainer


@builtin("keras", "Functional")
class Model(Trainer, Layer):
    """A trainable network of layers.

    ``Model(inputs, outputs)`` makes a functional model of the layers between the two. Subclasses make layers in
    ``__init__`` and define ``call``.

    Args:
        inputs: A `keras.Input`, or a list, tuple or dict of them.
        outputs: What layers gave, in any structure.
        name: The model's name.
        **kwargs: See `Layer`.

    >>> inputs = tf.keras.Input(shape=(4,))
    >>> model = tf.keras.Model(inputs, tf.keras.layers.Dense(2)(inputs))
    >>> model(tf.zeros([3, 4])).shape
    TensorShape([3, 2])
    """

    _reads_own_config = True

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any) -> None:
        functional = inputs is not None or outputs is not None
        if functional and (inputs is None or outputs is None):
            raise ValueError("A functional model needs both `inputs` and `outputs`.")
        if name is None and functional and type(self) is Model:
            name = auto_name("functional")
        Layer.__init__(self, name=name, **kwargs)
        Trainer.__init__(self)
        self._network_holder = Held(None)
        if functional:
            self._set_network(Network(inputs, outputs, self.name))

    @property
    def stays_open(self) -> bool:  # type: ignore[override]
        """Whether weights and layers may be added after it was built."""
        return self._network is not None

    def _set_network(self, network: Network | None) -> None:
        self._network_holder.value = network
        self._functional_layers = network.layers if network else []
        if network:
            self.built = True
            self.supports_masking = True

    @property
    def _network(self) -> Network | None:
        return self._network_holder.value

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Computes the outputs."""
        if self._network is None:
            raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")
        self._network.check_sizes(inputs)
        return self._network.run(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks of a functional model's outputs are those its layers attach."""
        return None if self._network is not None else super().compute_mask(inputs, previous_mask)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights by calling the model on inputs of this shape (a tuple, or a structure of tuples)."""
        if self._network is not None or self.built:
            return
        shapes = map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), input_shape)
        if is_shape(input_shape) and None in tuple(input_shape)[1:] and not tuple(input_shape):
            raise ValueError(f"Expected an input shape with a batch dimension, received {input_shape}.")
        self.built = True  # weights are made by the layers inside
        self.compute_output_spec(shapes)

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if type(self).build is Model.build:
            self.built = True  # the layers inside are built when `call` reaches them
            self._complete_state()
            self._build_shape.value = (shapes_of(args[0] if args else next(iter(kwargs.values()), None)), None)
        else:
            super()._build_for(args, kwargs)

    # Structure --------------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order they run (functional) or were assigned."""
        if self._network is not None:
            return list(self._network.layers)
        return list(self._flatten_layers(include_self=False, recursive=False))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number."""
        if (name is None) == (index is None):
            raise ValueError("Expected either a layer name or a layer index.")
        if index is not None:
            if len(self.layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(self.layers)} layers."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[layer.name for layer in self.layers]}.")

    @property
    def inputs(self) -> list[KerasTensor] | None:
        """The KerasTensors that data enters by, or None for models defined by `call`."""
        return None if self._network is None else self._network.inputs

    @property
    def outputs(self) -> list[KerasTensor] | None:
        """The KerasTensors of the outputs, or None for models defined by `call`."""
        return None if self._network is None else self._network.outputs

    @property
    def input(self) -> Any:
        return super().input if self._network is None else self._network.inputs_structure

    @property
    def output(self) -> Any:
        return super().output if self._network is None else self._network.outputs_structure

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [x.name for x in self.inputs or []]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs."""
        return [x.history[0].name for x in self.outputs or [] if x.history]

    @property
    def input_shape(self) -> Any:
        """The shapes of the inputs, as tuples."""
        return nest.map_structure(lambda x: tuple(x.shape), self.input)

    @property
    def output_shape(self) -> Any:
        """The shapes of the outputs, as tuples."""
        return nest.map_structure(lambda x: tuple(x.shape), self.output)

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Any = None, expand_nested: bool = False,
        show_trainable: bool = False, layer_range: Any = None,
    ) -> None:  # fmt: skip
        """Prints layers, shapes and numbers of weights.

        Args:
            line_length: How long lines are; default as the terminal allows.
            positions: Where columns end, as parts of the line.
            print_fn: Called with the whole text in place of `print`.
            expand_nested: Whether the layers of models inside are shown.
            show_trainable: Whether it is shown which layers are trained.
            layer_range: The names (or regular expressions) of the first and the last layer to be shown.

        Raises:
            ValueError: If the line is too short, or no layer has these names.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    # Configs ----------------------------------------------------------------------------------------------------

    @property
    def _saved_class_name(self) -> str | None:
        return "Functional" if type(self) is Model and self._network is not None else None

    @property
    def _saved_module(self) -> str | None:
        return "keras.src.models.functional" if self._saved_class_name else None

    def get_config(self) -> dict[str, Any]:
        if self._network is not None and type(self) is Model:
            return {"name": self.name, "trainable": self.trainable, **self._network.get_config()}
        return Layer.get_config(self) | self._own_arguments()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, copy: Any = None) -> Any:
        """A model from what `get_config` gave; `copy` makes the layers of their configs."""
        with _serialization._registry.CustomObjectScope(custom_objects):
            if "layers" in config and "input_layers" in config:
                inputs, outputs = network_from_config(config, copy)
                model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
                if config.get("trainable") is False:
                    model.trainable = False
                return model
            return cls(**_serialization.objects_in(config))

    def get_build_config(self) -> dict[str, Any] | None:
        return {"input_shape": None} if self._network is not None else super().get_build_config()

    def to_json(self, **kwargs: Any) -> str:
        """The model's config as JSON; weights are not in it."""
        return json.dumps(_serialization.serialize_keras_object(self), **kwargs)

    # Saving -----------------------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes config, weights and optimizer state to a ``.keras`` file.

        Args:
            filepath: Where; must end in ``.keras``, or in ``.h5`` for the older format.
            overwrite: Whether an existing file may be replaced.
            **kwargs: ``include_optimizer``: whether the optimizer's state is written.
        """
        _archive.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Writes the weights to a ``.weights.h5`` file."""
        _weights.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads weights from a ``.weights.h5``, ``.keras`` or (older) ``.h5`` file.

        Args:
            filepath: The file.
            skip_mismatch: Whether layers whose weights have other shapes are left as they are.
            **kwargs: ``by_name``: whether layers of an older ``.h5`` file are found by name rather than in order.
        """
        _weights.load_weights(self, filepath, skip_mismatch, **kwargs)


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Any = None,
    call_function: Any = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same layers with weights of its own, freshly initialized; compiled as the model is.

    Args:
        model: The model.
        input_tensors: `keras.Input`s that take the place of the model's, functional models only.
        clone_function: Makes the copy of a layer; default: from its config. Inputs are always copied from theirs.
        call_function: Accepted None only.
        recursive: Whether `clone_function` is given the layers of models inside rather than these models.
        **kwargs: None are known.

    Returns:
        The copy.

    Raises:
        ValueError: If layers are to be made otherwise than from configs, and the model is neither functional nor
            Sequential.
    """
    if call_function is not None or kwargs:
        raise ValueError(f"clone_model: expected no {sorted(kwargs) or ['call_function']}. Use `clone_function`.")
    if (input_tensors is not None or clone_function is not None) and not _has_layer_graph(model):
        raise ValueError(
            "Arguments `clone_function` and `input_tensors` are only supported for Sequential models or Functional "
            f"models. Received model of type '{type(model).__name__}'."
        )
    with _serialization._registry.safe_mode(False):  # the layers, lambdas included, are this process' own
        clone = _copied(model, clone_function, recursive)
    if input_tensors is not None:
        clone = type(model)(inputs=input_tensors, outputs=clone(input_tensors), name=model.name)
    if model.compiled:
        clone.compile_from_config(_serialization.serialize_keras_object(model.get_compile_config()))
    return clone


def _has_layer_graph(model: Any) -> bool:
    return isinstance(model, Model) and (model._network is not None or hasattr(model, "_stack"))


def _copied(model: Any, function: Any, recursive: bool) -> Any:
    config = model.get_config()
    if function is None:
        return type(model).from_config(config)
    by_name = {layer.name: layer for layer in model.layers}

    def copy(entry: dict[str, Any]) -> Any:
        layer = by_name.get(entry["config"]["name"])
        if layer is None or isinstance(layer, InputLayer):
            return _serialization._deserialize(entry)
        return _copied(layer, function, True) if recursive and _has_layer_graph(layer) else function(layer)

    return type(model).from_config(config, copy=copy)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `Model.to_json` described."""
    return _serialization.deserialize_keras_object(json.loads(json_string), custom_objects)


__all__ = ["Model", "clone_model", "model_from_json"]
