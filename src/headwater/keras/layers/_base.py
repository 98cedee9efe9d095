"""`Layer`: weights, a computation, and how both are made from configs and input shapes."""

from __future__ import annotations

import functools
import inspect
import math as python_math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.autograph import call_converted
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.graph import Graph, init_scope, tracing
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import _copying, _policy, constraints, initializers, regularizers
from headwater.keras._arguments import Boolean, arguments
from headwater.keras._attributes import attributes_of
from headwater.keras._random import SeedGenerator
from headwater.keras._registry import builtin
from headwater.keras._serialization import objects_in
from headwater.keras._state import auto_name, snake_case
from headwater.keras._tensor import KerasTensor, Node, has_keras_tensors
from headwater.keras.layers._masks import attach, fill_arguments, mask_of, pass_on
from headwater.keras.layers._spec import check_inputs
from headwater.keras.metrics._base import Metric
from headwater.ops import array, math


class _Calls(threading.local):
    """The layers being built or called on this thread, outermost first, and whether they are training."""

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.training: bool | None = None


_calls = _Calls()


class _LayerMeta(type):
    """Remembers the arguments a layer was made with, for the default `get_config`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__call__(*args, **kwargs)
        layer.__dict__.setdefault("_init_arguments", _Held((args, kwargs)))
        return layer


class _Held:
    """Holds a value in an attribute that is not searched for weights and layers."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


@builtin("keras.layers")
class Layer(metaclass=_LayerMeta):
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

    # Whether the layer's name is left out of the names of weights inside.
    is_transparent = False
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
        self._given_input_shape = _Held(None if shape is None else tuple(shape))
        self._weight_list = _Held([])
        self._loss_list = _Held([])
        self._node_list = _Held([])
        self._build_shape = _Held(None)
        self._saved_input_spec = _Held(None)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self.supports_masking = False
        self.built = self.is_built_at_once and type(self).build is Layer.build

    def __setattr__(self, name: str, value: Any) -> None:
        if self.__dict__.get("_state_is_complete") and _holds_state(value) and self.__dict__.get(name) is not value:
            raise ValueError(_COMPLETE.format(layer=self._name, what=f"attribute `{name}`"))
        super().__setattr__(name, value)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _guarded_build(cls.__dict__["build"])  # type: ignore[method-assign]

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

    # Weights ----------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that belongs to this layer.

        Args:
            shape: Its shape; default a scalar.
            initializer: An initializer or its name; default glorot_uniform for floats, else zeros.
            dtype: Its dtype; default the layer's variable dtype.
            trainable: Whether it is trained (while the layer is trainable).
            autocast: Whether it is read in the compute dtype of the layer that is being called.
            regularizer: A penalty on it, added to the loss.
            constraint: A function applied after each update.
            aggregation: How distributed updates are combined.
            name: Its name within the layer.

        Returns:
            A `Variable` named ``layer/name:0``.
        """
        if self.__dict__.get("_state_is_complete"):
            raise ValueError(_COMPLETE.format(layer=self._name, what=f"weight {name!r}"))
        if isinstance(shape, str):  # the older order of arguments: name first
            shape, name = (initializer if isinstance(initializer, tuple | list) else ()), shape
            initializer = None
        dtype = as_dtype(dtype or self.variable_dtype)
        shape = _weight_shape(shape, self._name, name)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.is_floating else "zeros"
        make = initializers.get(initializer)
        with init_scope():
            variable = Variable(
                make(shape, dtype=dtype),
                trainable=trainable,
                name=self._path(name or "variable"),
                constraint=constraints.get(constraint),
                aggregation=aggregation,
            )
        variable.regularizer = regularizers.get(regularizer)  # type: ignore[attr-defined]
        variable.path = variable._graph_name  # type: ignore[attr-defined]
        if autocast and dtype.is_floating:
            variable._cast = math.cast
        _declare(variable, self._trainable)
        self._weight_list.value.append(variable)
        return variable

    def _path(self, name: str) -> str:
        names = [layer.name for layer in _calls.layers if not layer.is_transparent]
        if not self.is_transparent and (not _calls.layers or _calls.layers[-1] is not self):
            names.append(self._name)
        return "/".join([*names, name])

    def _own_variables(self) -> list[Variable]:
        found = list(self._weight_list.value)
        found += [v for v in attributes_of(self, Variable) if not any(v is other for other in found)]
        return [v for v in found if _is_trainable(v)] + [v for v in found if not _is_trainable(v)]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Layer]:
        if include_self:
            yield self
        for layer in attributes_of(self, Layer):
            yield layer
            if recursive:
                yield from layer._flatten_layers(include_self=False)

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer; in each layer those that can be trained first."""
        return _unique(self._own_variables() + [w for layer in attributes_of(self, Layer) for w in layer.weights])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained."""
        return [w for w in self.weights if w.trainable] if self._trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that are not trained."""
        return [w for w in self.weights if not w.trainable] if self._trainable else self.weights

    @property
    def variables(self) -> list[Variable]:
        """All weights, then the states of seed generators."""
        seeds = [s.state for layer in self._flatten_layers() for s in attributes_of(layer, SeedGenerator)]
        return _unique(self.weights + seeds)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that are trained."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """All variables that are not trained."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained. Setting it sets the layers inside too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for variable in layer._own_variables():
                _declare(variable, bool(value))

    def in_compute_dtype(self, variable: Any) -> Any:
        """A weight as computations take it: cast where the layer computes in another dtype than it keeps."""
        policy = self._policy
        return variable if policy.compute_dtype == policy.variable_dtype else math.cast(variable, policy.compute_dtype)

    def get_weights(self) -> list[Any]:
        """The values of all weights, as NumPy arrays."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of all weights from arrays in the order of `get_weights`."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self._name}' with a weight list of length "
                f"{len(weights)}, "
                f"but the layer was expecting {len(own)} weights."
            )
        for variable, value in zip(own, weights, strict=True):
            if tuple(variable.shape) != np.shape(value):
                raise ValueError(
                    f"Layer {self._name} weight shape {tuple(variable.shape)} is not compatible with provided weight "
                    f"shape {np.shape(value)}."
                )
            variable.assign(np.asarray(value).astype(variable.dtype.as_numpy_dtype))

    def count_params(self) -> int:
        """The number of elements of all weights."""
        if not self.built:
            raise ValueError(f"You tried to call `count_params` on layer '{self._name}', but the layer isn't built.")
        return sum(w.shape.num_elements() or 0 for w in self.weights)

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
        return _unique([m for layer in self._flatten_layers() for m in attributes_of(layer, Metric)])

    # Calls ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_name" not in self.__dict__:
            raise RuntimeError(
                f"In layer {type(self).__name__}, you forgot to call `super().__init__()` in `__init__()`."
            )
        if has_keras_tensors((args, kwargs)):
            return self._call_symbolically(args, kwargs)
        convert = functools.partial(
            _as_input, dtype=self.compute_dtype if self.autocast else None, even_integers=self.computes_in_floats
        )
        args = tuple([nest.map_structure(convert, a) for a in args])
        kwargs = {k: nest.map_structure(convert, v) for k, v in kwargs.items()}
        check_inputs(self.input_spec, args, self._name)
        if not _calls.layers:
            self._clear_losses()
        before, scope, read_dtype = _calls.training, context.scope, context.read_dtype
        _calls.training = self._resolve_training(kwargs)
        _calls.layers.append(self)
        context.scope = f"{scope}/{self._name}" if scope else self._name
        try:
            self._build_for(args, kwargs)
            fill_arguments(self._call_parameters, args, kwargs)
            context.read_dtype = self._read_dtype()
            outputs = call_converted(self.call, args, kwargs)
        finally:
            context.scope, context.read_dtype = scope, read_dtype
            _calls.layers.pop()
            _calls.training = before
        if args:
            pass_on(self, args[0], outputs, kwargs.get("mask"))
        if self.activity_regularizer is not None:
            for output in nest.flatten(outputs):
                self.add_loss(_per_row(self.activity_regularizer(output), output))
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
        training = _calls.training if training is None else training
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
        return _parameters(type(self).call)

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
        wanted = list(_parameters(declared))[1:]
        if len(wanted) == 1 or not all(n.endswith("_shape") for n in wanted):
            return method(_shapes(args[0] if args else next(iter(kwargs.values()), None)))
        names = list(self._call_parameters)[1:]
        given = dict(zip(names, args, strict=False)) | kwargs
        shapes = {f"{name}_shape": _shapes(value) for name, value in given.items() if value is not None}
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
        return _map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

    def _traced_spec(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        graph = Graph(self._name)
        with tracing(graph):
            swap = lambda x: graph.add_input(x.dtype, x.shape, "input") if isinstance(x, KerasTensor) else x  # noqa: E731
            inner = tuple([nest.map_structure(swap, a) for a in args])
            named = {k: nest.map_structure(swap, v) for k, v in kwargs.items()}
            outputs = self(*inner, **named)
        self._clear_losses()
        return nest.map_structure(_spec_of, outputs)

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
            self.build(_tuples(config["input_shape"]))
        elif config.get("shapes_dict"):
            self.build(**{k: _tuples(v) for k, v in config["shapes_dict"].items()})

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` needs, or None."""
        shapes = self._build_shape.value
        if shapes is None:
            return None
        return {"input_shape": shapes[0]} if shapes[0] is not None else {"shapes_dict": shapes[1]}

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts the layer's own weights into `store` by name."""
        for index, variable in enumerate(self._own_variables()):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes the layer's own weights from `store`."""
        own = self._own_variables()
        if len(own) != len(store):
            hint = "" if self.built else " The layer was never built: expected build() to be called before loading."
            raise ValueError(
                f"Layer '{self._name}' expected {len(own)} variables, but received {len(store)} variables during "
                f"loading.{hint} Expected: {[v.name for v in own]}"
            )
        for index, variable in enumerate(own):
            value = np.asarray(store[str(index)])
            if value.shape != tuple(variable.shape):
                raise ValueError(
                    f"Layer '{self._name}' expected shape {tuple(variable.shape)} for variable {variable.name}, but "
                    f"received shape {value.shape} during loading."
                )
            variable.assign(value.astype(variable.dtype.as_numpy_dtype))

    def __reduce__(self) -> Any:
        return _copying.reduce(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self._name}, built={self.built}>"


_MOST_ELEMENTS = 2**48
_COMPLETE = (
    "Layer '{layer}' is built already, so {what} cannot add weights or layers to it. Expected all of them to be made "
    "in `__init__()` or in `build()`."
)
_BASE_ARGUMENTS = ("activity_regularizer", "trainable", "dtype", "autocast", "name")


def current_training() -> bool | None:
    """Whether the layer being called is training, as far as its callers said."""
    return _calls.training


def _guarded_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` outside of any trace and in the layer's name scope; it remembers the shapes and sets `built`."""

    @functools.wraps(build)
    def guarded(self: Layer, *args: Any, **kwargs: Any) -> Any:
        outer = not _calls.layers or _calls.layers[-1] is not self
        if outer:
            _calls.layers.append(self)
        try:
            with init_scope():
                result = build(self, *args, **kwargs)
        finally:
            if outer:
                _calls.layers.pop()
        self._build_shape.value = (args[0] if args else kwargs.get("input_shape"), None if args else kwargs)
        self.built = True
        if outer:
            self._complete_state()
        return result

    return guarded


@functools.lru_cache(maxsize=1024)
def _parameters(function: Any) -> Any:
    return inspect.signature(function).parameters


def _declare(variable: Variable, layer_trainable: bool) -> None:
    """Makes a variable trainable if it was made so and its layer is."""
    if not hasattr(variable, "_made_trainable"):
        variable._made_trainable = variable._trainable  # type: ignore[attr-defined]
    variable._trainable = variable._made_trainable and layer_trainable  # type: ignore[attr-defined]


def _is_trainable(variable: Variable) -> bool:
    return getattr(variable, "_made_trainable", variable._trainable)


def _unique(items: list[Any]) -> list[Any]:
    return list({id(x): x for x in items}.values())


def _per_row(loss: Any, output: Any) -> Any:
    """The loss divided by the number of rows of the output it was computed of."""
    if output.shape.rank == 0:
        return loss
    return math.divide_no_nan(loss, math.cast(array.shape(output)[0], loss.dtype))


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _as_input(value: Any, dtype: str | None, even_integers: bool = False) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = convert_to_tensor(value)
    if not isinstance(value, Tensor) or dtype is None or value.dtype.name == dtype:
        return value
    if value.dtype.is_floating or (even_integers and (value.dtype.is_integer or value.dtype.is_bool)):
        cast = math.cast(value, dtype)
        attach(cast, mask_of(value))
        return cast
    return value


def _holds_state(value: Any) -> bool:
    """Whether an attribute of this value brings weights, layers or metrics with it."""
    if isinstance(value, list | tuple):
        return any(_holds_state(v) for v in value if not isinstance(v, list | tuple | dict))
    return isinstance(value, Layer | Metric | SeedGenerator)


def _weight_shape(shape: Any, layer: str, name: str | None) -> tuple[int, ...]:
    """The shape of a weight, all of whose sizes must be known."""
    given = () if shape is None else (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not all(isinstance(n, int | np.integer) and n >= 0 for n in given):
        raise ValueError(
            f"Layer '{layer}': the weight {name!r} cannot have the shape {given}. Expected a known size, an integer, "
            "for every axis; if some are None, give the model's Input the sizes that build() needs."
        )
    if python_math.prod(given) > _MOST_ELEMENTS:
        raise ValueError(f"Layer '{layer}': the weight {name!r} of shape {given} is larger than any memory.")
    return tuple(int(n) for n in given)


def _shapes(value: Any) -> Any:
    """The shapes of a structure of tensors, as tuples."""
    if value is None:
        return None
    return nest.map_structure(lambda x: tuple(x.shape) if hasattr(x, "shape") else None, value)


def _spec_of(value: Any) -> Any:
    return KerasTensor(value.shape, value.dtype) if isinstance(value, Tensor | Variable) else value


def _is_shape(value: Any) -> bool:
    return isinstance(value, TensorShape) or (
        isinstance(value, list | tuple) and all(n is None or isinstance(n, int | np.integer) for n in value)
    )


def _map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    if _is_shape(shapes):
        return function(shapes)
    if isinstance(shapes, dict):
        return {k: _map_shapes(function, v) for k, v in shapes.items()}
    found = [_map_shapes(function, v) for v in shapes]
    return tuple(found) if isinstance(shapes, tuple) else found


def _tuples(shapes: Any) -> Any:
    return _map_shapes(tuple, shapes)
