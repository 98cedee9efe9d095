"""Ftrl, for sparse linear models; Adafactor, whose state is smaller than the variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._arguments import Flag, Positive, Value, arguments
from headwater.keras._registry import builtin
from headwater.keras.optimizers._base import Optimizer
from headwater.ops import array, math


@builtin("keras.optimizers")
class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013), with L2 shrinkage.

    Args:
        learning_rate: The step size.
        learning_rate_power: How steps shrink as squares of gradients add up; 0 for not at all.
        initial_accumulator_value: Where the sum of squares starts.
        l1_regularization_strength: A penalty that makes weights zero.
        l2_regularization_strength: A penalty on squares.
        l2_shrinkage_regularization_strength: A penalty on squares that acts through the gradient.
        beta: The beta of the paper.
        **kwargs: See `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        if learning_rate_power > 0:
            raise ValueError(f"`learning_rate_power` must be <= 0. Received: {learning_rate_power}")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for argument in _FTRL_ARGUMENTS[1:-1]:
            if getattr(self, argument) < 0:
                raise ValueError(f"`{argument}` must be >= 0. Received: {getattr(self, argument)}")

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        start = float(self.initial_accumulator_value)
        self._sums, self._linears = self.add_optimizer_variables(variables, ["accumulator", "linear"], [start, "zeros"])

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index, power = self._slot_index(variable), -self.learning_rate_power
        before, linear, value = [convert_to_tensor(v[index] if isinstance(v, list) else v)
                                 for v in (self._sums, self._linears, variable)]  # fmt: skip
        after = before + math.square(gradient)
        pull = gradient + 2.0 * self.l2_shrinkage_regularization_strength * value
        linear = linear + pull - (math.pow(after, power) - math.pow(before, power)) / learning_rate * value
        l2 = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        curve = math.pow(after, power) / learning_rate + 2.0 * l2
        l1 = float(self.l1_regularization_strength)
        variable.assign((math.minimum(math.maximum(linear, -l1), l1) - linear) / curve, read_value=False)
        self._sums[index].assign(after, read_value=False)
        self._linears[index].assign(linear, read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: getattr(self, name) for name in _FTRL_ARGUMENTS}}


_FTRL_ARGUMENTS = (
    "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength",
    "l2_shrinkage_regularization_strength", "beta",
)  # fmt: skip


@builtin("keras.optimizers")
class Adafactor(Optimizer):
    """Steps relative to the size of variables, by squares of gradients kept per row and column (Shazeer, 2018).

    Args:
        learning_rate: The largest step relative to the variable.
        beta_2_decay: How fast the mean of squares forgets: ``1 - step ** beta_2_decay`` is kept.
        epsilon_1: Added to squares of gradients.
        epsilon_2: The smallest size of a variable that steps are relative to.
        clip_threshold: Steps with a larger root mean square are cut to it.
        relative_step: Accepted for compatibility: as in Keras, the learning rate is at most ``1 / sqrt(step)`` anyway.
        **kwargs: See `Optimizer`.
    """

    @arguments(
        beta_2_decay=Value(), epsilon_1=Value(0), epsilon_2=Value(0), clip_threshold=Positive(), relative_step=Flag()
    )
    def __init__(
        self, learning_rate: Any = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3, clip_threshold: float = 1.0, relative_step: bool = True, name: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name=name, **kwargs)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._rows: list[Any] = []
        self._columns: list[Any] = []
        self._squares: list[Variable] = []
        for variable in variables:
            shape, dtype = tuple(variable.shape), variable.dtype
            factored = len(shape) >= 2
            self._rows.append(self.add_variable(shape[:-1], dtype=dtype, name="rows") if factored else None)
            columns = (*shape[:-2], *shape[-1:])
            self._columns.append(self.add_variable(columns, dtype=dtype, name="columns") if factored else None)
            self._squares.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._slot_index(variable)
        step = math.cast(convert_to_tensor(self.iterations) + 1, variable.dtype)
        slowest = math.minimum(learning_rate, 1.0 / math.sqrt(step))
        rate = math.maximum(_root_mean_square(convert_to_tensor(variable)), self.epsilon_2) * slowest
        kept = 1.0 - math.pow(step, self.beta_2_decay)
        square = self._mean_square(index, math.square(gradient) + self.epsilon_1, kept)
        move = gradient / math.sqrt(square)
        move = move / math.maximum(_root_mean_square(move) / self.clip_threshold, 1.0)
        variable.assign_sub(rate * move, read_value=False)

    def _mean_square(self, index: int, square: Any, kept: Any) -> Any:
        """The mean of squares, from means over rows and columns where there are any."""
        slot = self._squares[index]
        if self._rows[index] is None:
            mean = kept * convert_to_tensor(slot) + (1.0 - kept) * square
        else:
            rows = self._moved(self._rows[index], math.reduce_mean(square, axis=-1), kept)
            columns = self._moved(self._columns[index], math.reduce_mean(square, axis=-2), kept)
            rows = rows / math.reduce_mean(rows, axis=-1, keepdims=True)
            mean = array.expand_dims(rows, -1) * array.expand_dims(columns, -2)
        slot.assign(mean, read_value=False)
        return mean

    def _moved(self, slot: Variable, value: Any, kept: Any) -> Any:
        mean = kept * convert_to_tensor(slot) + (1.0 - kept) * value
        slot.assign(mean, read_value=False)
        return mean

    def get_config(self) -> dict[str, Any]:
        own = {
            "beta_2_decay": self.beta_2_decay, "epsilon_1": self.epsilon_1, "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold, "relative_step": self.relative_step,
        }  # fmt: skip
        return {**super().get_config(), **own}


def _root_mean_square(x: Any) -> Any:
    return math.sqrt(math.reduce_mean(math.square(x)))
