"""SGD and the optimizers that scale steps by what gradients were: formulas as in TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._arguments import Flag, Value, arguments
from headwater.keras._registry import builtin
from headwater.keras.optimizers._base import Optimizer
from headwater.ops import math


@builtin("keras.optimizers")
class SGD(Optimizer):
    """Gradient descent with momentum.

    ``m = momentum * m - rate * g; w += m``; with `nesterov` ``w += momentum * m - rate * g``.

    Args:
        learning_rate: The step size.
        momentum: How much of the last step is kept.
        nesterov: Whether to look ahead by the momentum (Sutskever et al., 2013).
        **kwargs: See `Optimizer`.
    """

    @arguments(nesterov=Flag())
    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name=name, **kwargs)
        if not isinstance(momentum, int | float) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a float between [0, 1]. Received: momentum={momentum}")
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        if self.momentum:
            (self._momenta,) = self.slots(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not self.momentum:
            variable.assign_sub(gradient * learning_rate, read_value=False)
            return
        slot = self._momenta[self._slot_index(variable)]
        step = self.momentum * convert_to_tensor(slot) - gradient * learning_rate
        slot.assign(step, read_value=False)
        move = self.momentum * step - gradient * learning_rate if self.nesterov else step
        variable.assign_add(move, read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@builtin("keras.optimizers")
class Adagrad(Optimizer):
    """``a += g²; w -= rate * g / sqrt(a + epsilon)`` (Duchi et al., 2011)."""

    @arguments(initial_accumulator_value=Value(0), epsilon=Value(0))
    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        start = self.initial_accumulator_value
        self._sums = [self.add_variable_from_reference(v, "accumulator", float(start)) for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self._sums[self._slot_index(variable)]
        total = convert_to_tensor(slot) + math.square(gradient)
        slot.assign(total, read_value=False)
        variable.assign_sub(learning_rate * gradient / math.sqrt(total + self.epsilon), read_value=False)

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


@builtin("keras.optimizers")
class RMSprop(Optimizer):
    """``v = rho * v + (1 - rho) * g²; w -= rate * g / sqrt(v + epsilon)`` (Hinton, 2012).

    Args:
        learning_rate: The step size.
        rho: How much of the mean of squares is kept.
        momentum: How much of the last step is kept.
        epsilon: Added under the root.
        centered: Whether the squared mean of gradients is subtracted from `v`.
        **kwargs: See `Optimizer`.
    """

    @arguments(rho=Value(0, 1), momentum=Value(0, 1), epsilon=Value(0), centered=Flag())
    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        (self._squares,) = self.slots(variables, "velocity")
        if self.momentum > 0:
            (self._momenta,) = self.slots(variables, "momentum")
        if self.centered:
            (self._means,) = self.slots(variables, "average_gradient")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index, rho = self._slot_index(variable), self.rho
        square = rho * convert_to_tensor(self._squares[index]) + (1 - rho) * math.square(gradient)
        self._squares[index].assign(square, read_value=False)
        if self.centered:
            mean = rho * convert_to_tensor(self._means[index]) + (1 - rho) * gradient
            self._means[index].assign(mean, read_value=False)
            square = square - math.square(mean)
        step = learning_rate * gradient / math.sqrt(square + self.epsilon)
        if self.momentum > 0:
            step = self.momentum * convert_to_tensor(self._momenta[index]) + step
            self._momenta[index].assign(step, read_value=False)
        variable.assign_sub(step, read_value=False)

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}


@builtin("keras.optimizers")
class Adadelta(Optimizer):
    """Steps as large as earlier steps were, relative to gradients (Zeiler, 2012)."""

    @arguments(rho=Value(0, 1), epsilon=Value(0))
    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._gradients, self._steps = self.slots(variables, "accumulated_grad", "accumulated_delta_var")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index, rho = self._slot_index(variable), self.rho
        square = rho * convert_to_tensor(self._gradients[index]) + (1 - rho) * math.square(gradient)
        steps = convert_to_tensor(self._steps[index])
        step = -math.sqrt(steps + self.epsilon) * gradient / math.sqrt(square + self.epsilon)
        self._gradients[index].assign(square, read_value=False)
        self._steps[index].assign(rho * steps + (1 - rho) * math.square(step), read_value=False)
        variable.assign_add(learning_rate * step, read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
