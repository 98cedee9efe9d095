"""Loss scaling: gradients too small for 16 bits are computed of a larger loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.graph import init_scope
from headwater.core.spec import IndexedSlices
from headwater.core.tensor import convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._arguments import Integer, Positive, arguments
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object, serialize_keras_object
from headwater.keras.optimizers._base import Optimizer
from headwater.ops import control_flow, math

# What configs of other versions may hold although only the inner optimizer has it, where it is not used.
_UNUSED = {
    "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}  # fmt: skip


@builtin("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale, and divides gradients by it before they reach another optimizer.

    The scale adapts: a step with gradients that are not finite changes nothing but halves the scale;
    `dynamic_growth_steps` finite steps double it.

    Args:
        inner_optimizer: The optimizer that updates variables.
        initial_scale: The scale at first.
        dynamic_growth_steps: After how many finite steps the scale is doubled.
        name: Its name.
        **kwargs: Accepted where they have their default values; give them to `inner_optimizer`.

    >>> optimizer = tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1), initial_scale=8.0)
    >>> v = tf.Variable(1.0)
    >>> optimizer.build([v])
    >>> with tf.GradientTape() as tape:
    ...     loss = optimizer.scale_loss(v * 2.0)
    >>> steps = optimizer.apply_gradients([(tape.gradient(loss, v), v)])
    >>> v.numpy()
    np.float32(0.8)
    """

    @arguments(initial_scale=Positive(), dynamic_growth_steps=Integer(1))
    def __init__(
        self, inner_optimizer: Any, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "Loss scales are always dynamic: for a fixed one set `loss_scale_factor` of the optimizer."
            )
        wrong = {k: v for k, v in kwargs.items() if k not in _UNUSED or v != _UNUSED[k]}
        if wrong:
            raise ValueError(f"LossScaleOptimizer does not take {wrong}. Give such arguments to the inner optimizer.")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self.step_counter = self._variable(np.zeros([], np.int64), "step_counter")
        self.dynamic_scale = self._variable(np.asarray(self.initial_scale, np.float32), "dynamic_scale")
        if not self.inner_optimizer.built:
            self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """All variables, those of the inner optimizer last."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def _unbuilt_variables(self) -> list[Variable]:
        return [*super()._unbuilt_variables, *self.inner_optimizer._unbuilt_variables]

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        scale = convert_to_tensor(self.dynamic_scale if self.built else np.float32(self.initial_scale))
        return loss * math.cast(scale, convert_to_tensor(loss).dtype)

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables if all gradients are finite, and the scale in any case."""
        grads = list(grads)
        if not self.built:
            with init_scope():
                self.build(list(trainable_variables or []))

        def update() -> Any:
            self.inner_optimizer.apply([self._divided(g) for g in grads], trainable_variables)
            self._count_step()
            return convert_to_tensor(True)

        def skip() -> Any:
            self.step_counter.assign(np.int64(0), read_value=False)
            self.dynamic_scale.assign(convert_to_tensor(self.dynamic_scale) * 0.5, read_value=False)
            return convert_to_tensor(False)

        control_flow.cond(_all_finite(grads), update, skip)

    def _divided(self, gradient: Any) -> Any:
        if gradient is None:
            return None
        scale = convert_to_tensor(self.dynamic_scale)
        if isinstance(gradient, IndexedSlices):
            values = gradient.values / math.cast(scale, gradient.values.dtype)
            return IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return gradient / math.cast(scale, gradient.dtype)

    def _count_step(self) -> None:
        """Counts a finite step; the last one of so many doubles the scale."""
        steps, scale = convert_to_tensor(self.step_counter), convert_to_tensor(self.dynamic_scale)
        grows = math.equal(steps, np.int64(self.dynamic_growth_steps - 1))
        self.step_counter.assign((steps + 1) * math.cast(math.logical_not(grows), "int64"), read_value=False)
        self.dynamic_scale.assign(scale * (1.0 + math.cast(grows, "float32")), read_value=False)

    @property
    def keeps_averages(self) -> bool:
        """Whether the inner optimizer keeps averages."""
        return self.inner_optimizer.keeps_averages

    def average_of(self, variable: Variable) -> Variable:
        """The inner optimizer's average."""
        return self.inner_optimizer.average_of(variable)

    def finalize_variable_values(self, var_list: Any) -> None:
        """At the end of training: what the inner optimizer does then."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name, "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale, "dynamic_growth_steps": self.dynamic_growth_steps,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` gave."""
        inner = config["inner_optimizer"]
        if isinstance(inner, dict):
            inner = deserialize_keras_object(inner, custom_objects)
        return cls(inner, **{k: v for k, v in config.items() if k != "inner_optimizer"})


def _all_finite(gradients: Sequence[Any]) -> Any:
    values = [g.values if isinstance(g, IndexedSlices) else convert_to_tensor(g) for g in gradients if g is not None]
    finite = convert_to_tensor(True)
    for value in values:
        finite = math.logical_and(finite, math.reduce_all(math.is_finite(value)))
    return finite
