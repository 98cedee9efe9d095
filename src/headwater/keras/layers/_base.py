"""`Layer`: weights, a computation, and how both are made from configs and input shapes."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from headwater.core import nest
from headwater.core.autograph import call_converted
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.graph import Graph, tracing
from headwater.core.variable import Variable
from headwater.keras import _copying, _policy, regularizers
from headwater.keras._arguments import Boolean, arguments
from headwater.keras._attributes import attributes_of, forget, holds, remember
from headwater.keras._masks import fill_arguments, pass_on
from headwater.keras._random import SeedGenerator
from headwater.keras._registry import builtin
from headwater.keras._serialization import objects_in
from headwater.keras._state import auto_name, snake_case
from headwater.keras._tensor import KerasTensor, Node, has_keras_tensors
from headwater.keras.layers._calls import as_input, calls, guarded_build, parameters_of, per_row
from headwater.keras.layers._containers import tracked
from headwater.keras.layers._shapes import as_tuples, map_shapes, shapes_of, spec_of
from headwater.keras.layers._spec import check_inputs
from headwater.keras.layers._tracking import Held, unique
from headwater.keras.layers._weighted import COMPLETE, Weighted
from headwater.keras.metrics._base import Metric
from headwater.ops import math


class _LayerMeta(type):
    """Remembers the arguments a layer was made with, for the default `get_config`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__call__(*args, **kwargs)
        layer.__dict__.setdefault("_init_arguments", Held((args, kwargs)))
        return layer


@builtin("keras.layers")
class Layer(Weighted, metaclass=_LayerMeta):
    """Base of all layers.

    Subclasses make their weights in ``build(self, input_shape)`` with `add_weight`, and compute in
    ``call(self, inputs)``, which may take ``training``. Layers, variables and metrics that are attributes (also
    within lists, tuples and dicts) are found by themselves.

    Args:
        activity_regularizer: A function of the output whose value is added to the loss.
        trainable: Whether its weights are trained.
        dtype: A dtype or dtype policy.
        autocast: Whether float inputs are cast to the compute dtype.
        name: Its name; default: the class name, numbered.

    >>> class Scale(tf.keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(tf.constant([1.0, 2.0]))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    """

    # Whether its arithmetic is in floats, so that integers and booleans are cast on their way in.
    computes_in_floats = False
    # Whether weights and layers may be added after it was built.
    stays_open = False
    # Whether it counts as built from the start: it has no weights and takes inputs of any shape.
    is_built_at_once = False

    @arguments(trainable=Boolean())
    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}")
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}"
            )
        self._name = auto_name(snake_case(type(self).__name__)) if name is None else name
        self._policy = _policy.get(dtype)
        self._trainable = trainable
        self._given_input_shape = Held(None if shape is None else tuple(shape))
        self._weight_list = Held([])
        self._loss_list = Held([])
        self._node_list = Held([])
        self._build_shape = Held(None)
        self._saved_input_spec = Held(None)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self.supports_masking = False
        self.built = self.is_built_at_once and type(self).build is Layer.build

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get(name)
        if before is not value:
            self._admit(value, f"attribute `{name}`")
            if isinstance(before, _STATEFUL):
                forget(self, before)
        super().__setattr__(name, tracked(value, self._admit))

    def _admit(self, value: Any, what: str = "a list, dict or set in its attributes") -> None:
        """Notes what comes to the layer. Raises ValueError for weights and layers that come when it is complete."""
        if isinstance(value, _MAY_HOLD):
            if self.__dict__.get("_state_is_complete") and holds(value, _REFUSED):
                raise ValueError(COMPLETE.format(layer=self._name, what=what))
            remember(self, value, _STATEFUL)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = guarded_build(cls.__dict__["build"])  # type: ignore[method-assign]

    # What subclasses define -------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Makes the weights. `input_shape` is a tuple with None for unknown sizes (or a structure of such)."""
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the output from tensors."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config: dict[str, Any] = {"name": self._name, "trainable": self._trainable, "dtype": self._policy}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = self.activity_regularizer
        if type(self).get_config is Layer.get_config:
            config.update(self._own_arguments())
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from what `get_config` gave."""
        return cls(**objects_in(config))

    def _own_arguments(self) -> dict[str, Any]:
        """What `__init__` was given, for layers without a `get_config` of their own."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        args, kwargs = self._init_arguments.value  # type: ignore[attr-defined]
        return {k: v for k, v in (dict(zip(names, args, strict=False)) | kwargs).items() if k not in _BASE_ARGUMENTS}

    # Losses and metrics -----------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds scalars (or a list of them), computed in `call`, to the loss."""
        for value in loss if isinstance(loss, list | tuple) else [loss]:
            self._loss_list.value.append(math.reduce_sum(value) if len(value.shape) else value)

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` and regularizers add to the loss."""
        found = [loss for layer in self._flatten_layers() for loss in layer._loss_list.value]
        penalized = [w for w in self.trainable_weights if getattr(w, "regularizer", None) is not None]
        return found + [w.regularizer(w) for w in penalized]  # type: ignore[attr-defined]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._loss_list.value.clear()

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of this layer and of those inside."""
        return unique([m for layer in self._flatten_layers() for m in attributes_of(layer, Metric)])

    # Calls ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_name" not in self.__dict__:
            raise RuntimeError(
                f"In layer {type(self).__name__}, you forgot to call `super().__init__()` in `__init__()`."
            )
        if has_keras_tensors((args, kwargs)):
            return self._call_symbolically(args, kwargs)
        convert = functools.partial(
            as_input, dtype=self.compute_dtype if self.autocast else None, even_integers=self.computes_in_floats
        )
        args = tuple([nest.map_structure(convert, a) for a in args])
        kwargs = {k: nest.map_structure(convert, v) for k, v in kwargs.items()}
        check_inputs(self.input_spec, args, self._name)
        if not calls.layers:
            self._clear_losses()
        before, scope, read_dtype = calls.training, context.scope, context.read_dtype
        calls.training = self._resolve_training(kwargs)
        calls.layers.append(self)
        context.scope = f"{scope}/{self._name}" if scope else self._name
        try:
            self._build_for(args, kwargs)
            fill_arguments(self._call_parameters, args, kwargs)
            context.read_dtype = self._read_dtype()
            outputs = call_converted(self.call, args, kwargs)
        finally:
            context.scope, context.read_dtype = scope, read_dtype
            calls.layers.pop()
            calls.training = before
        if args:
            pass_on(self, args[0], outputs, kwargs.get("mask"))
        if self.activity_regularizer is not None:
            for output in nest.flatten(outputs):
                self.add_loss(per_row(self.activity_regularizer(output), output))
        return outputs

    def _read_dtype(self) -> DType | None:
        """The dtype in which weights are read in `call`, None for their own."""
        policy = self._policy
        if not self.autocast or (context.read_dtype is None and policy.compute_dtype == policy.variable_dtype):
            return None
        dtype = as_dtype(policy.compute_dtype)
        return dtype if dtype.is_floating else None

    def _resolve_training(self, kwargs: dict[str, Any]) -> bool | None:
        """What `training` is in this call: the argument, else that of the enclosing call, else None."""
        training = kwargs.get("training")
        training = calls.training if training is None else training
        if self._accepts("training"):
            kwargs["training"] = training
            if training is None and self._call_parameters["training"].default not in (None, inspect.Parameter.empty):
                kwargs.pop("training")
        else:
            kwargs.pop("training", None)
        return training

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The output's mask, from the inputs and theirs; of use where `supports_masking` is set."""
        return previous_mask

    @property
    def _call_parameters(self) -> Any:
        return parameters_of(type(self).call)

    def _accepts(self, name: str) -> bool:
        return name in self._call_parameters

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Builds the layer for the shapes of its arguments."""
        if self.built:
            return
        if type(self).build is Layer.build:
            self.built = True
            self._complete_state()
            return
        self._with_shapes(self.build, type(self).build, args, kwargs)
        self.built = True
        self._complete_state()

    def _with_shapes(self, method: Any, declared: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`method` called with the shapes of a call's arguments: of the first, or of NAME for each ``NAME_shape``."""
        wanted = list(parameters_of(declared))[1:]
        if len(wanted) == 1 or not all(n.endswith("_shape") for n in wanted):
            return method(shapes_of(args[0] if args else next(iter(kwargs.values()), None)))
        names = list(self._call_parameters)[1:]
        given = dict(zip(names, args, strict=False)) | kwargs
        shapes = {f"{name}_shape": shapes_of(value) for name, value in given.items() if value is not None}
        return method(**{n: shapes.get(n) for n in wanted})

    def _complete_state(self) -> None:
        """From here on no weights and layers may be added; optimizers would not know of them."""
        if not self.stays_open:
            self.__dict__["_state_is_complete"] = True

    def _call_symbolically(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        check_inputs(self.input_spec, args, self._name)
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for KerasTensors as inputs.

        Their shapes are what the layer's own `compute_output_shape` says, if it has one; else `call` is traced into a
        graph that is then thrown away.
        """
        declared = type(self).compute_output_shape
        if declared is not Layer.compute_output_shape:
            self._build_for(args, kwargs)
            if all(layer.built for layer in self._flatten_layers(include_self=False)):
                return self._specs_of(self._with_shapes(self.compute_output_shape, declared, args, kwargs))
        return self._traced_spec(args, kwargs)

    def _specs_of(self, shapes: Any) -> Any:
        return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

    def _traced_spec(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        graph = Graph(self._name)
        with tracing(graph):
            swap = lambda x: graph.add_input(x.dtype, x.shape, "input") if isinstance(x, KerasTensor) else x  # noqa: E731
            inner = tuple([nest.map_structure(swap, a) for a in args])
            named = {k: nest.map_structure(swap, v) for k, v in kwargs.items()}
            outputs = self(*inner, **named)
        self._clear_losses()
        return nest.map_structure(spec_of, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for inputs of this shape (or structure of shapes)."""
        inputs = self._specs_of(input_shape)
        is_own = type(self).compute_output_spec is not Layer.compute_output_spec
        output = self.compute_output_spec(inputs) if is_own else self._traced_spec((inputs,), {})
        return nest.map_structure(lambda x: tuple(x.shape), output)

    # What it is -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def path(self) -> str:
        """The layer's name."""
        return self._name

    @property
    def dtype_policy(self) -> _policy.DTypePolicy:
        """The dtypes of inputs and weights. Setting it leaves weights that were made as they are."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self._policy = _policy.get(policy)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype the layer computes in."""
        return self._policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self._policy.variable_dtype

    @property
    def input_spec(self) -> Any:
        """What inputs must look like, or None."""
        return self._saved_input_spec.value

    @input_spec.setter
    def input_spec(self, spec: Any) -> None:
        self._saved_input_spec.value = spec

    @property
    def _inbound_nodes(self) -> list[Node]:
        return self._node_list.value

    @property
    def input(self) -> Any:
        """The KerasTensors the layer was called on. Raises AttributeError if it was not called exactly once."""
        return _single(self._only_node().inputs)

    @property
    def output(self) -> Any:
        """The KerasTensors the layer gave. Raises AttributeError if it was not called exactly once."""
        return self._only_node().structure

    def _only_node(self) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"The layer {self._name} has never been called and thus has no defined input or output."
            )
        return self._inbound_nodes[0]

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer as it was built when its config was made."""
        if "input_shape" in config and config["input_shape"] is not None:
            self.build(as_tuples(config["input_shape"]))
        elif config.get("shapes_dict"):
            self.build(**{k: as_tuples(v) for k, v in config["shapes_dict"].items()})

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` needs, or None."""
        shapes = self._build_shape.value
        if shapes is None:
            return None
        return {"input_shape": shapes[0]} if shapes[0] is not None else {"shapes_dict": shapes[1]}

    def __reduce__(self) -> Any:
        return _copying.reduce(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self._name}, built={self.built}>"


_BASE_ARGUMENTS = ("activity_regularizer", "trainable", "dtype", "autocast", "name")


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


# What a layer has in its attributes; and what of it may not come once it is complete.
_REFUSED: Any = (Layer, Metric, SeedGenerator)
_STATEFUL: Any = (*_REFUSED, Variable)
_MAY_HOLD: Any = (*_STATEFUL, list, tuple, dict, set)
