"""Adam and its relatives. Keras' epsilon is the paper's "epsilon hat": it is added before the bias correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.tensor import convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._arguments import Flag, Value, arguments
from headwater.keras._registry import builtin
from headwater.keras.optimizers._base import Optimizer
from headwater.ops import array, math


@builtin("keras.optimizers")
class Adam(Optimizer):
    """Steps along the mean of gradients, divided by the root of the mean of their squares (Kingma and Ba, 2015).

    ``m += (1 - beta_1) * (g - m); v += (1 - beta_2) * (g² - v)``
    ``w -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)``

    Args:
        learning_rate: The step size.
        beta_1: How much of the mean is kept.
        beta_2: How much of the mean of squares is kept.
        epsilon: Added to the root.
        amsgrad: Whether to divide by the largest `v` so far (Reddi et al., 2018).
        **kwargs: See `Optimizer`.
    """

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1), epsilon=Value(0), amsgrad=Flag())
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._momenta, self._velocities = self.slots(variables, "momentum", "velocity")
        if self.amsgrad:
            (self._largest,) = self.slots(variables, "velocity_hat")

    def _correction(self, dtype: Any) -> Any:
        step = math.cast(convert_to_tensor(self.iterations) + 1, dtype)
        first = math.pow(convert_to_tensor(self.beta_1, dtype), step)
        second = math.pow(convert_to_tensor(self.beta_2, dtype), step)
        return math.sqrt(1.0 - second) / (1.0 - first)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._slot_index(variable)
        rate = learning_rate * self._correction(variable.dtype)
        m, v = convert_to_tensor(self._momenta[index]), convert_to_tensor(self._velocities[index])
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (math.square(gradient) - v) * (1 - self.beta_2)
        self._momenta[index].assign(m, read_value=False)
        self._velocities[index].assign(v, read_value=False)
        if self.amsgrad:
            v = math.maximum(convert_to_tensor(self._largest[index]), v)
            self._largest[index].assign(v, read_value=False)
        variable.assign_sub(m * rate / (math.sqrt(v) + self.epsilon), read_value=False)

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return {**super().get_config(), **own}


@builtin("keras.optimizers")
class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019)."""

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1), epsilon=Value(0), amsgrad=Flag())
    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, name=name, weight_decay=weight_decay, **kwargs
        )
        if weight_decay is None:
            raise ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None")


@builtin("keras.optimizers")
class Adamax(Optimizer):
    """Adam with the largest gradient so far in place of the root of squares (Kingma and Ba, 2015, section 7)."""

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1), epsilon=Value(0))
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._means, self._norms = self.slots(variables, "momentum", "norm")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._slot_index(variable)
        step = math.cast(convert_to_tensor(self.iterations) + 1, variable.dtype)
        m, u = convert_to_tensor(self._means[index]), convert_to_tensor(self._norms[index])
        m = m + (gradient - m) * (1 - self.beta_1)
        u = math.maximum(self.beta_2 * u, math.abs(gradient))
        self._means[index].assign(m, read_value=False)
        self._norms[index].assign(u, read_value=False)
        power = math.pow(convert_to_tensor(self.beta_1, variable.dtype), step)
        variable.assign_sub(learning_rate * m / ((1.0 - power) * (u + self.epsilon)), read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


@builtin("keras.optimizers")
class Nadam(Adam):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1), epsilon=Value(0))
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    def build(self, variables: Sequence[Variable]) -> None:
        Optimizer.build(self, variables)
        self._momenta, self._velocities = self.slots(variables, "momentum", "velocity")
        self._product = self._variable(np.ones([], np.float32), "u_product")

    def _schedule_of(self, step: Any, dtype: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * math.pow(convert_to_tensor(0.96, dtype), step))

    def _update(self, gradients: list[Any], variables: list[Variable]) -> None:
        step = math.cast(convert_to_tensor(self.iterations) + 1, "float32")
        self._before = convert_to_tensor(self._product)
        self._product.assign(self._before * self._schedule_of(step, "float32"), read_value=False)
        super()._update(gradients, variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index, dtype = self._slot_index(variable), variable.dtype
        step = math.cast(convert_to_tensor(self.iterations) + 1, dtype)
        u, following = self._schedule_of(step, dtype), self._schedule_of(step + 1.0, dtype)
        product = math.cast(self._before, dtype) * u
        m, v = convert_to_tensor(self._momenta[index]), convert_to_tensor(self._velocities[index])
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (math.square(gradient) - v) * (1 - self.beta_2)
        self._momenta[index].assign(m, read_value=False)
        self._velocities[index].assign(v, read_value=False)
        m_hat = following * m / (1.0 - product * following) + (1.0 - u) * gradient / (1.0 - product)
        v_hat = v / (1.0 - math.pow(convert_to_tensor(self.beta_2, dtype), step))
        variable.assign_sub(m_hat * learning_rate / (math.sqrt(v_hat) + self.epsilon), read_value=False)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("amsgrad")
        return config


@builtin("keras.optimizers")
class Lion(Optimizer):
    """Steps of equal size, by the sign of the mean of gradients (Chen et al., 2023).

    ``w -= rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g``

    Args:
        learning_rate: The step size.
        beta_1: How much of the mean is in the step.
        beta_2: How much of the mean is kept.
        **kwargs: See `Optimizer`.
    """

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1))
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(f"`beta_1` must be in the range (0, 1]. Received: beta_1={beta_1}")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        (self._means,) = self.slots(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self._means[self._slot_index(variable)]
        mean = convert_to_tensor(slot)
        step = math.sign(mean * self.beta_1 + gradient * (1.0 - self.beta_1))
        variable.assign_sub(learning_rate * step, read_value=False)
        slot.assign(mean * self.beta_2 + gradient * (1.0 - self.beta_2), read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}


@builtin("keras.optimizers")
class Lamb(Adam):
    """Adam with steps as large as the variable's norm says (You et al., 2019). Arguments as for `Adam`."""

    @arguments(beta_1=Value(0, 1), beta_2=Value(0, 1), epsilon=Value(0))
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index, dtype = self._slot_index(variable), variable.dtype
        step = math.cast(convert_to_tensor(self.iterations) + 1, dtype)
        m, v = convert_to_tensor(self._momenta[index]), convert_to_tensor(self._velocities[index])
        m = m + (gradient - m) * (1 - self.beta_1)
        v = v + (math.square(gradient) - v) * (1 - self.beta_2)
        self._momenta[index].assign(m, read_value=False)
        self._velocities[index].assign(v, read_value=False)
        m = m / (1.0 - math.pow(convert_to_tensor(self.beta_1, dtype), step))
        v = v / (1.0 - math.pow(convert_to_tensor(self.beta_2, dtype), step))
        move = m / (math.sqrt(v) + self.epsilon)
        sizes = [math.sqrt(math.reduce_sum(math.square(x))) for x in (convert_to_tensor(variable), move)]
        both = math.logical_and(sizes[0] > 0, sizes[1] > 0)
        ratio = array.where(both, math.divide_no_nan(sizes[0], sizes[1]), array.ones_like(sizes[0]))
        variable.assign_sub(ratio * learning_rate * move, read_value=False)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("amsgrad")
        return config
