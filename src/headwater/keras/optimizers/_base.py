"""`Optimizer`: what all optimizers share; each one adds the update of a single variable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.core.graph import init_scope
from headwater.core.spec import IndexedSlices
from headwater.core.tape import GradientTape, dense
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._state import auto_name, snake_case
from headwater.keras.optimizers.schedules import LearningRateSchedule
from headwater.ops import array, math


@builtin("keras.optimizers")
class Optimizer(Configurable):
    """Base of optimizers: subclasses make slots in `build` and define `update_step`.

    Args:
        learning_rate: A float, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: Variables shrink by this times the learning rate before each update; None for none.
        clipnorm: Each gradient's norm is cut to this.
        clipvalue: Each gradient's elements are cut to ± this.
        global_clipnorm: The norm of all gradients together is cut to this.
        use_ema: Whether to keep an exponential moving average of the variables.
        ema_momentum: Its momentum.
        ema_overwrite_frequency: Every how many updates variables are set to their average; None: at the end only.
        loss_scale_factor: Gradients are divided by this; `scale_loss` multiplies by it.
        gradient_accumulation_steps: Accepted None only.
        name: Its name.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("jit_compile", None)
        if kwargs.pop("decay", None) is not None:
            raise ValueError("Argument `decay` is no longer supported. Use a learning rate schedule.")
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        if gradient_accumulation_steps is not None:
            raise ValueError("`gradient_accumulation_steps` must be None. Accumulate gradients in a custom train_step.")
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError("Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set.")
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._variables: list[Variable] = []
        self._trainable: list[Variable] = []
        self._index: dict[int, int] = {}
        self._no_decay: tuple[set[int], list[str]] = (set(), [])
        self.iterations = self._variable(np.zeros([], np.int64), "iteration")
        self._schedule: Any = None
        if isinstance(learning_rate, LearningRateSchedule) or callable(learning_rate):
            self._schedule = learning_rate
        else:
            self._rate = self._variable(np.asarray(learning_rate, np.float32), "learning_rate")

    # Variables --------------------------------------------------------------------------------------------------

    def _variable(self, value: Any, name: str) -> Variable:
        with init_scope():
            variable = Variable(value, trainable=False, name=f"{self.name}/{name}")
        self._variables.append(variable)
        return variable

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Makes a variable of this optimizer."""
        from_zero = np.zeros(tuple(shape), dtype or "float32") if initializer == "zeros" else initializer(shape, dtype)
        return self._variable(from_zero, name or "variable")

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Makes a slot of a variable: a variable of its shape and dtype.

        Args:
            reference_variable: The variable.
            name: The slot's name, such as ``"momentum"``.
            initializer: ``"zeros"``, or the initial value (a number or a tensor).
        """
        shape, dtype = tuple(reference_variable.shape), reference_variable.dtype.as_numpy_dtype
        value = np.zeros(shape, dtype) if isinstance(initializer, str) else initializer
        if isinstance(value, int | float):
            value = np.full(shape, value, dtype)
        base = reference_variable.name.removesuffix(":0").replace("/", "_")
        return self._variable(value, f"{base}_{name or 'slot'}")

    def slots(self, variables: Sequence[Variable], *names: str) -> list[list[Variable]]:
        """One list of slots per name; they are made variable by variable, the order in which they are saved."""
        made = [[self.add_variable_from_reference(v, name) for name in names] for v in variables]
        return [list(column) for column in zip(*made)] if made else [[] for _ in names]

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots for these variables."""
        self._trainable = list(variables)
        self._index = {v._uid: i for i, v in enumerate(variables)}
        if self.use_ema:
            self._averages = [self.add_variable_from_reference(v, "average") for v in variables]
        self.built = True

    @property
    def variables(self) -> list[Variable]:
        """All variables: iterations, learning rate, slots."""
        return list(self._variables)

    def _slot_index(self, variable: Variable) -> int:
        if variable._uid not in self._index:
            raise ValueError(
                f"Unknown variable: {variable.name}. This optimizer can only be called for the variables it was built "
                "with. Expected all variables to be given to build(), or make a new optimizer."
            )
        return self._index[variable._uid]

    # Learning rate ----------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or the value of the schedule at this iteration."""
        return self._rate if self._schedule is None else self._current_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or (callable(value) and not isinstance(value, Variable | Tensor)):
            self._schedule = value
        elif self._schedule is not None:
            raise TypeError(
                "This optimizer was made with a LearningRateSchedule, so its learning rate is not settable."
            )
        else:
            self._rate.assign(np.asarray(value, np.float32))

    lr = learning_rate

    def _current_rate(self) -> Tensor:
        if self._schedule is None:
            return convert_to_tensor(self._rate)
        if isinstance(self._schedule, LearningRateSchedule):
            return math.cast(convert_to_tensor(self._schedule(convert_to_tensor(self.iterations))), "float32")
        return math.cast(convert_to_tensor(self._schedule()), "float32")

    # Updates ----------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], **kwargs: Any) -> None:
        """Updates variables.

        Args:
            grads_and_vars: Pairs of gradient and variable; gradients of None are skipped.
            **kwargs: Accepted for compatibility.

        >>> v = tf.Variable(1.0)
        >>> tf.keras.optimizers.SGD(0.1).apply_gradients([(tf.constant(2.0), v)])
        >>> v.numpy()
        np.float32(0.8)
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables by their gradients, in the same order (default: those of `build`)."""
        variables = self._trainable if trainable_variables is None else list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"Expected one gradient per variable ({len(variables)}), received {len(grads)}.")
        if not self.built:
            with init_scope():
                self.build(variables)
        for variable in variables:
            self._slot_index(variable)
        pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError(
                f"No gradients provided for any variable: {[v.name for v in variables]}. Expected a loss that depends "
                "on them. Is the loss computed inside the tape, from the variables, without numpy()?"
            )
        values = self._prepared([g for g, _ in pairs])
        rate = self._current_rate()
        self._decay([v for _, v in pairs], rate)
        for gradient, (_, variable) in zip(values, pairs, strict=True):
            self.update_step(gradient, variable, math.cast(rate, variable.dtype))
        if self.use_ema:
            self._average([v for _, v in pairs])
        self.iterations.assign_add(np.int64(1), read_value=False)
        for _, variable in pairs:
            if variable.constraint is not None:
                variable.assign(variable.constraint(convert_to_tensor(variable)), read_value=False)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable and its slots."""
        raise NotImplementedError(f"Optimizer {type(self).__name__} must define update_step().")

    def minimize(self, loss: Any, var_list: Any, tape: Any = None) -> None:
        """Computes gradients of `loss` (a tensor, with its `tape`; or a function) and applies them."""
        if callable(loss):
            with GradientTape() as tape:
                value = loss()
            variables = var_list() if callable(var_list) else var_list
            self.apply(tape.gradient(value, variables), variables)
        elif tape is None:
            raise ValueError("`tape` is required when a Tensor `loss` is passed. Pass the tape that recorded it.")
        else:
            self.apply(tape.gradient(loss, var_list), var_list)

    def _prepared(self, gradients: list[Any]) -> list[Any]:
        """Gradients dense, unscaled and clipped."""
        gradients = [dense(g) if isinstance(g, IndexedSlices) else convert_to_tensor(g) for g in gradients]
        if self.loss_scale_factor is not None:
            gradients = [g / self.loss_scale_factor for g in gradients]
        if self.clipnorm:
            return [_clip_norm(g, _norm([g]), self.clipnorm) for g in gradients]
        if self.global_clipnorm:
            norm = _norm(gradients)
            return [_clip_norm(g, norm, self.global_clipnorm) for g in gradients]
        if self.clipvalue:
            limit = float(self.clipvalue)
            return [math.maximum(math.minimum(g, limit), -limit) for g in gradients]
        return gradients

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, where there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # Weight decay and averages ----------------------------------------------------------------------------------

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Sequence[str] | None = None) -> None:
        """These variables, and those whose names match one of the patterns, do not decay."""
        self._no_decay = ({v._uid for v in var_list or []}, list(var_names or []))

    def _decay(self, variables: Sequence[Variable], rate: Any) -> None:
        if self.weight_decay is None:
            return
        uids, patterns = self._no_decay
        for variable in variables:
            if variable._uid not in uids and not any(re.search(p, variable.name) for p in patterns):
                factor = math.cast(rate, variable.dtype) * self.weight_decay
                variable.assign_sub(convert_to_tensor(variable) * factor, read_value=False)

    def _average(self, variables: Sequence[Variable]) -> None:
        momentum = self.ema_momentum
        for variable in variables:
            average = self._averages[self._slot_index(variable)]
            first = math.cast(math.equal(convert_to_tensor(self.iterations), np.int64(0)), variable.dtype)
            kept = momentum * (1.0 - first)
            average.assign(kept * average + (1.0 - kept) * variable, read_value=False)
            if self.ema_overwrite_frequency:
                due = math.equal((convert_to_tensor(self.iterations) + 1) % self.ema_overwrite_frequency, np.int64(0))
                variable.assign(array.where(due, convert_to_tensor(average), convert_to_tensor(variable)))

    def finalize_variable_values(self, var_list: Any) -> None:
        """At the end of training: variables become their averages, if those are kept."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(convert_to_tensor(self._averages[self._slot_index(variable)]))

    # Configs and weights ----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name, "learning_rate": self._rate_config(), "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm, "global_clipnorm": self.global_clipnorm, "clipvalue": self.clipvalue,
            "use_ema": self.use_ema, "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency, "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }  # fmt: skip

    def _rate_config(self) -> Any:
        return float(self._rate.numpy()) if self._schedule is None else self._schedule

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts all variables into `store` by number."""
        for index, variable in enumerate(self._variables):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes all variables from `store`, if their number agrees."""
        if len(store) != len(self._variables):
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(self._variables)} "
                f"variables "
                f"whereas the saved optimizer has {len(store)} variables.",
                stacklevel=2,
            )
            return
        for index, variable in enumerate(self._variables):
            variable.assign(np.asarray(store[str(index)]).astype(variable.dtype.as_numpy_dtype))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all variables from arrays in order."""
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _norm(gradients: Sequence[Any]) -> Any:
    total = math.reduce_sum(math.square(gradients[0]))
    for gradient in gradients[1:]:
        total = total + math.cast(math.reduce_sum(math.square(gradient)), total.dtype)
    return math.sqrt(total)


def _clip_norm(gradient: Any, norm: Any, limit: float) -> Any:
    norm = math.cast(norm, gradient.dtype)
    return gradient * float(limit) / math.maximum(norm, float(limit))
