"""`Metric`: a value accumulated over batches, its state in variables so that graphs can carry it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core.dtypes import as_dtype
from headwater.core.graph import init_scope
from headwater.core.tensor import Tensor
from headwater.core.variable import Variable
from headwater.keras import _copying, _policy, initializers
from headwater.keras._attributes import attributes_of
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._state import auto_name, snake_case
from headwater.keras._variables import placed


@builtin("keras.metrics")
class Metric(Configurable):
    """Base of metrics: subclasses make state with `add_variable`, and define `update_state` and `result`.

    Args:
        dtype: The dtype of its state.
        name: Its name in logs.

    >>> metric = tf.keras.metrics.Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.result()
    <tf.Tensor: shape=(), dtype=float32, numpy=2.0>
    """

    # Whether values should go "up" or "down" in training; None where that is not known.
    _direction: str | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(snake_case(type(self).__name__))
        self._dtype_policy = _policy.get(dtype)
        self._variables: list[Variable] = []
        self._initial: list[Callable[[], Tensor]] = []

    @property
    def dtype(self) -> str:
        """The dtype of the state."""
        return self._dtype_policy.variable_dtype

    def add_variable(
        self,
        shape: Any = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that `reset_state` sets back."""
        kind = as_dtype(dtype or self.dtype)
        make = initializers.get(initializer)
        with init_scope():
            value = lambda: make(tuple(shape), dtype=kind)  # noqa: E731
            variable = placed(Variable(value(), trainable=False, name=f"{self.name}/{name or 'variable'}"))
        self._variables.append(variable)
        self._initial.append(value)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None, **kwargs: Any
    ) -> Variable:
        """Makes a variable that `reset_state` sets back."""
        if isinstance(shape, str):
            shape, name = (), shape
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state, that of metrics inside included."""
        return self._variables + [v for m in attributes_of(self, Metric) for v in m.variables]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The state."""
        return self.variables

    @property
    def weights(self) -> list[Variable]:
        """The state."""
        return self.variables

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch into account."""
        raise NotImplementedError(f"Metric {type(self).__name__} must define update_state().")

    def result(self) -> Any:
        """The value so far: a scalar, or a dict of scalars."""
        raise NotImplementedError(f"Metric {type(self).__name__} must define result().")

    def reset_state(self) -> None:
        """Sets the state back to the start."""
        for variable, value in zip(self._variables, self._initial, strict=True):
            variable.assign(value())
        for inner in attributes_of(self, Metric):
            inner.reset_state()

    def reset_states(self) -> None:
        """Sets the state back to the start."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The state at the start."""
        return [value() for value in self._initial]

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    def __reduce__(self) -> Any:
        return _copying.reduce_state(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
