"""`Optimizer`: what all optimizers share; each one adds the update of a single variable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.core.dtypes import as_dtype
from headwater.core.graph import init_scope
from headwater.core.spec import IndexedSlices
from headwater.core.tape import GradientTape, dense
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import initializers
from headwater.keras._arguments import Flag, Positive, Rate, Value, arguments
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object, serialize_keras_object
from headwater.keras._state import auto_name, floatx, snake_case
from headwater.keras._variables import path_of, placed
from headwater.keras.optimizers.schedules import LearningRateSchedule
from headwater.ops import array, control_flow, math


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
        gradient_accumulation_steps: Variables are updated every so many steps only, by the mean of the gradients since.
        name: Its name.
    """

    @arguments(
        learning_rate=Rate(),
        weight_decay=Value(optional=True),
        clipnorm=Value(0, optional=True),
        clipvalue=Value(0, optional=True),
        global_clipnorm=Value(0, optional=True),
        use_ema=Flag(),
        loss_scale_factor=Positive(optional=True),
    )
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
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise ValueError(
                "`gradient_accumulation_steps` must be an integer >= 2 or None. Received: "
                f"gradient_accumulation_steps={gradient_accumulation_steps}"
            )
        if use_ema:
            _check_ema(ema_momentum, ema_overwrite_frequency)
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
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
        self._index: dict[Any, int] = {}
        self._no_decay: tuple[set[Any], list[str]] = (set(), [])
        self._iterations = self._variable(np.zeros([], np.int64), "iteration")
        self._schedule: Any = None
        if isinstance(learning_rate, LearningRateSchedule) or callable(learning_rate):
            self._schedule = learning_rate
        else:
            self._rate = self._variable(np.asarray(learning_rate, np.float32), "learning_rate")
        self._count_unbuilt = len(self._variables)

    # Variables --------------------------------------------------------------------------------------------------

    def _variable(self, value: Any, name: str) -> Variable:
        with init_scope():
            variable = placed(Variable(value, trainable=False, name=f"{self.name}/{name}"))
        self._variables.append(variable)
        return variable

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, aggregation: Any = None, layout: Any = None,
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Makes a variable of this optimizer.

        Args:
            shape: Its shape.
            initializer: An initializer or its name.
            dtype: Its dtype; default floatx.
            aggregation: Accepted for compatibility.
            layout: Accepted for compatibility.
            name: Its name.
        """
        make = initializers.get(initializer)
        return self._variable(lambda: make(tuple(shape), dtype=as_dtype(dtype or floatx())), name or "variable")

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Makes a slot of a variable: a variable of its shape and dtype.

        Args:
            reference_variable: The variable.
            name: The slot's name, such as ``"momentum"``.
            initializer: An initializer or its name, or the initial value (a number or a tensor).
        """
        shape, dtype = tuple(reference_variable.shape), reference_variable.dtype.as_numpy_dtype
        value = np.zeros(shape, dtype) if initializer == "zeros" else initializer
        if isinstance(value, int | float):
            value = np.full(shape, value, dtype)
        elif isinstance(value, str) or callable(value):
            value = initializers.get(value)(shape, dtype=reference_variable.dtype)
        base = path_of(reference_variable).replace("/", "_")
        return self._variable(value, f"{base}_{name or 'slot'}")

    def slots(self, variables: Sequence[Variable], *names: str) -> list[list[Variable]]:
        """One list of slots per name; they are made variable by variable, the order in which they are saved."""
        return self.add_optimizer_variables(variables, list(names))

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Slots of variables: a list of them, or one list for each of several names.

        Args:
            trainable_variables: The variables.
            name: The slots' name, or a list of names.
            initializer: How they start, or a list of that.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = initializer if isinstance(initializer, list | tuple) else [initializer] * len(names)
        made = [
            [self.add_variable_from_reference(v, n, s) for n, s in zip(names, starts, strict=True)]
            for v in trainable_variables
        ]
        columns = [list(column) for column in zip(*made, strict=True)] if made else [[] for _ in names]
        return columns[0] if isinstance(name, str) else columns

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots for these variables."""
        self._trainable = list(variables)
        self._index = {v.ref(): i for i, v in enumerate(variables)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._gathered = self.add_optimizer_variables(variables, "gradient_accumulator")
        self.built = True

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        if not self.gradient_accumulation_steps:
            return self._iterations
        return convert_to_tensor(self._iterations) // np.int64(self.gradient_accumulation_steps)

    @property
    def variables(self) -> list[Variable]:
        """All variables: iterations, learning rate, slots."""
        return list(self._variables)

    def _slot_index(self, variable: Variable) -> int:
        if variable.ref() not in self._index:
            raise ValueError(
                f"Unknown variable: {path_of(variable)}. This optimizer can only be called for the variables it was "
                "built with. Expected all variables to be given to build(), or make a new optimizer."
            )
        return self._index[variable.ref()]

    # Learning rate ----------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or the value of the schedule at this iteration."""
        return self._rate if self._schedule is None else self._current_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or (callable(value) and not isinstance(value, Variable | Tensor)):
            if self._schedule is None:
                self._variables = [v for v in self._variables if v is not self._rate]
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
            return math.cast(convert_to_tensor(self._schedule(convert_to_tensor(self._iterations))), "float32")
        return math.cast(convert_to_tensor(self._schedule()), "float32")

    # Updates ----------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], **kwargs: Any) -> Any:
        """Updates variables.

        Args:
            grads_and_vars: Pairs of gradient and variable; gradients of None are skipped.
            **kwargs: Accepted for compatibility.

        Returns:
            The variable that counts steps.

        >>> v = tf.Variable(1.0)
        >>> steps = tf.keras.optimizers.SGD(0.1).apply_gradients([(tf.constant(2.0), v)])
        >>> v.numpy()
        np.float32(0.8)
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Updates variables by their gradients, in the same order (default: those of `build`)."""
        if trainable_variables is None and not self.built:
            raise ValueError("Gradients without variables need a built optimizer. Call build(variables) first.")
        variables = self._trainable if trainable_variables is None else list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"Expected one gradient per variable ({len(variables)}), received {len(grads)}.")
        if not variables:
            return
        if not self.built:
            with init_scope():
                self.build(variables)
        for variable in variables:
            self._slot_index(variable)
        pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError(
                f"No gradients provided for any variable: {[path_of(v) for v in variables]}. Expected a loss that "
                "depends on them. Is the loss computed inside the tape, from the variables, without numpy()?"
            )
        if len(pairs) < len(variables):
            _warn_of_missing([path_of(v) for g, v in zip(grads, variables, strict=True) if g is None])
        variables = [v for _, v in pairs]
        values = self._unscaled([g for g, _ in pairs], variables)
        if self.gradient_accumulation_steps:
            self._gather(values, variables, self.gradient_accumulation_steps)
        else:
            self._update(values, variables)
        if self.use_ema:
            self._average(self._trainable)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(convert_to_tensor(variable)), read_value=False)
        self._iterations.assign_add(np.int64(1), read_value=False)

    def _update(self, gradients: list[Any], variables: list[Variable]) -> None:
        """Clips gradients, lets variables decay, and updates them."""
        gradients = self._clip_gradients(gradients)
        rate = self._current_rate()
        self._decay(variables, rate)
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, math.cast(rate, variable.dtype))

    def _gather(self, gradients: list[Any], variables: list[Variable], steps: int) -> None:
        """Adds up gradients; every so many steps variables are updated by their mean."""
        gathered = [self._gathered[self._slot_index(v)] for v in variables]
        sums = [convert_to_tensor(a) + g for a, g in zip(gathered, gradients, strict=True)]

        def update() -> Any:
            self._update([s / steps for s in sums], variables)
            for total in self._gathered:
                total.assign(array.zeros_like(convert_to_tensor(total)), read_value=False)
            return convert_to_tensor(True)

        def wait() -> Any:
            for total, value in zip(gathered, sums, strict=True):
                total.assign(value, read_value=False)
            return convert_to_tensor(False)

        due = math.equal((convert_to_tensor(self._iterations) + 1) % np.int64(steps), np.int64(0))
        control_flow.cond(due, update, wait)

    def assign(self, variable: Any, value: Any) -> None:
        """Sets a variable."""
        variable.assign(value, read_value=False)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value, read_value=False)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value, read_value=False)

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

    def _unscaled(self, gradients: list[Any], variables: list[Variable]) -> list[Any]:
        """Gradients dense, in the dtypes of their variables, and unscaled."""
        gradients = [dense(g) if isinstance(g, IndexedSlices) else convert_to_tensor(g) for g in gradients]
        gradients = [math.cast(g, v.dtype) for g, v in zip(gradients, variables, strict=True)]
        scale = self.loss_scale_factor
        return gradients if scale is None else [g / scale for g in gradients]

    def _clip_gradients(self, gradients: list[Any]) -> list[Any]:
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
        self._no_decay = ({v.ref() for v in var_list or []}, list(var_names or []))

    def _decay(self, variables: Sequence[Variable], rate: Any) -> None:
        if self.weight_decay is None:
            return
        kept, patterns = self._no_decay
        for variable in variables:
            if variable.ref() not in kept and not any(re.search(p, variable.name.removesuffix(":0")) for p in patterns):
                factor = math.cast(rate, variable.dtype) * self.weight_decay
                variable.assign_sub(convert_to_tensor(variable) * factor, read_value=False)

    def _average(self, variables: Sequence[Variable]) -> None:
        momentum = self.ema_momentum
        for variable in variables:
            average = self.average_of(variable)
            first = math.cast(math.equal(convert_to_tensor(self.iterations), np.int64(0)), variable.dtype)
            kept = momentum * (1.0 - first)
            average.assign(kept * average + (1.0 - kept) * variable, read_value=False)
            if self.ema_overwrite_frequency:
                due = math.equal((convert_to_tensor(self.iterations) + 1) % self.ema_overwrite_frequency, np.int64(0))
                variable.assign(array.where(due, convert_to_tensor(average), convert_to_tensor(variable)))

    @property
    def keeps_averages(self) -> bool:
        """Whether `average_of` knows averages once it is built."""
        return self.use_ema

    def average_of(self, variable: Variable) -> Variable:
        """The variable that keeps the average of `variable`, where averages are kept."""
        return self._averages[self._slot_index(variable)]

    def finalize_variable_values(self, var_list: Any) -> None:
        """At the end of training: variables become their averages, if those are kept."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(convert_to_tensor(self.average_of(variable)))

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
        return float(self._rate.numpy()) if self._schedule is None else serialize_keras_object(self._schedule)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` gave."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": deserialize_keras_object(rate, custom_objects)}
        return cls(**config)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts all variables into `store` by number."""
        for index, variable in enumerate(self.variables):
            store[str(index)] = variable.numpy()

    @property
    def _unbuilt_variables(self) -> list[Variable]:
        """The variables that there are before it is built."""
        return self._variables[: self._count_unbuilt]

    def load_own_variables(self, store: Any) -> None:
        """Takes all variables from `store`, or those of an optimizer that was not built; warns if they are others."""
        arrays = [np.asarray(store[str(index)]) for index in range(len(store))]
        for variables in (self.variables, self._unbuilt_variables):
            if [tuple(v.shape) for v in variables] == [a.shape for a in arrays]:
                for variable, array in zip(variables, arrays, strict=True):
                    variable.assign(array.astype(variable.dtype.as_numpy_dtype))
                return
        warnings.warn(
            f"Skipping variable loading for optimizer '{self.name}', because it has {len(self.variables)} variables of "
            f"shapes {[tuple(v.shape) for v in self.variables]} whereas the saved optimizer has {len(arrays)} "
            f"variables of shapes {[a.shape for a in arrays]}. It starts afresh.",
            stacklevel=2,
        )

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all variables from arrays in order."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _check_ema(momentum: float, frequency: Any) -> None:
    if not 0 <= momentum <= 1:
        raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={momentum}")
    if frequency is not None and not (isinstance(frequency, int) and frequency >= 1):
        raise ValueError(
            f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={frequency}"
        )


def _warn_of_missing(names: list[str]) -> None:
    warnings.warn(
        f"Gradients do not exist for variables {names}: they are not updated. Does the loss depend on them?",
        stacklevel=3,
    )


def _norm(gradients: Sequence[Any]) -> Any:
    total = math.reduce_sum(math.square(gradients[0]))
    for gradient in gradients[1:]:
        total = total + math.cast(math.reduce_sum(math.square(gradient)), total.dtype)
    return math.sqrt(total)


def _clip_norm(gradient: Any, norm: Any, limit: float) -> Any:
    norm = math.cast(norm, gradient.dtype)
    return gradient * float(limit) / math.maximum(norm, float(limit))
