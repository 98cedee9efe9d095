"""The weights of layers: made, found, counted, read, set, and put into files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headwater.core.dtypes import as_dtype
from headwater.core.graph import init_scope
from headwater.core.variable import Variable
from headwater.keras import _policy, constraints, initializers, regularizers
from headwater.keras._attributes import attributes_of
from headwater.keras._random import SeedGenerator
from headwater.keras._variables import path_of, placed
from headwater.keras.layers._calls import calls
from headwater.keras.layers._shapes import weight_shape
from headwater.keras.layers._tracking import Held, declare, is_trainable, unique
from headwater.ops import math

COMPLETE = (
    "Layer '{layer}' is built already, so {what} cannot add weights or layers to it. Expected all of them to be made "
    "in `__init__()` or in `build()`."
)


class Weighted:
    """What has weights, of its own and in what it holds."""

    built: bool
    _name: str
    _policy: _policy.DTypePolicy
    _trainable: bool
    _weight_list: Held

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
            A `Variable` called `name`, whose path is ``layer/name``, after the models and layers it is in.
        """
        if self.__dict__.get("_state_is_complete"):
            raise ValueError(COMPLETE.format(layer=self._name, what=f"weight {name!r}"))
        if isinstance(shape, str):  # the older order of arguments: name first
            shape, name = (initializer if isinstance(initializer, tuple | list) else ()), shape
            initializer = None
        dtype = as_dtype(dtype or self._policy.variable_dtype)
        shape = weight_shape(shape, self._name, name)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.is_floating else "zeros"
        make = initializers.get(initializer)
        with init_scope():
            variable = placed(
                Variable(
                    make(shape, dtype=dtype),
                    trainable=trainable,
                    name=self._path(name or "variable"),
                    constraint=constraints.get(constraint),
                    aggregation=aggregation,
                )
            )
        variable.regularizer = regularizers.get(regularizer)  # type: ignore[attr-defined]
        if autocast and dtype.is_floating:
            variable._cast = math.cast
        declare(variable, self._trainable)
        self._weight_list.value.append(variable)
        return variable

    def _path(self, name: str) -> str:
        names = [layer.name for layer in calls.layers]
        if not calls.layers or calls.layers[-1] is not self:
            names.append(self._name)
        return "/".join([*names, name])

    def _own_variables(self) -> list[Variable]:
        found = list(self._weight_list.value)
        found += [v for v in attributes_of(self, Variable) if not any(v is other for other in found)]
        return [v for v in found if is_trainable(v)] + [v for v in found if not is_trainable(v)]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Any]:
        if include_self:
            yield self
        for layer in attributes_of(self, Weighted):
            yield layer
            if recursive:
                yield from layer._flatten_layers(include_self=False)

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer; in each layer those that can be trained first."""
        return unique(self._own_variables() + [w for layer in attributes_of(self, Weighted) for w in layer.weights])

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
        return unique(self.weights + seeds)

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
                declare(variable, bool(value))

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
                f"loading.{hint} Expected: {[path_of(v) for v in own]}"
            )
        for index, variable in enumerate(own):
            value = np.asarray(store[str(index)])
            if value.shape != tuple(variable.shape):
                raise ValueError(
                    f"Layer '{self._name}' expected shape {tuple(variable.shape)} for variable {path_of(variable)}, "
                    f"but received shape {value.shape} during loading."
                )
            variable.assign(value.astype(variable.dtype.as_numpy_dtype))
