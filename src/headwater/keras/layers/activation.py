"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras._arguments import Axes, Number, arguments
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.ops import array, math, nn


@builtin("keras.layers")
class ReLU(Layer):
    """``max(x, 0)``, with an optional cap, slope and threshold.

    Args:
        max_value: The cap.
        negative_slope: The slope below the threshold.
        threshold: Below it values count as negative.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.ReLU(max_value=6.0)(tf.constant([-1.0, 9.0])).numpy()
    array([0., 6.], dtype=float32)
    """

    is_built_at_once = True

    @arguments(max_value=Number(0, optional=True), negative_slope=Number(0), threshold=Number(0))
    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


@builtin("keras.layers")
class LeakyReLU(Layer):
    """`x`, or `negative_slope` times it where it is negative."""

    is_built_at_once = True

    @arguments(negative_slope=Number(0), alpha=Number(0))
    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = negative_slope
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@builtin("keras.layers")
class ELU(Layer):
    """`x`, or ``alpha * (exp(x) - 1)`` where it is negative."""

    is_built_at_once = True
    computes_in_floats = True

    @arguments(alpha=Number())
    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@builtin("keras.layers")
class Softmax(Layer):
    """Exponentials that sum to 1 along `axis`, or over several axes together; what is masked gets 0.

    Args:
        axis: An axis or several.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Softmax()(tf.constant([1.0, 1.0, 5.0]), mask=tf.constant([True, True, False])).numpy()
    array([0.5, 0.5, 0. ], dtype=float32)
    """

    is_built_at_once = True
    computes_in_floats = True

    @arguments(axis=Axes())
    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            self._check_mask(inputs, mask)
            inputs = array.where(math.cast(mask, "bool"), inputs, inputs.dtype.min / 2)
        outputs = activations.softmax(inputs, self.axis)
        return outputs if mask is None else outputs * math.cast(mask, outputs.dtype)

    def _check_mask(self, inputs: Any, mask: Any) -> None:
        sizes = zip(reversed(tuple(inputs.shape)), reversed(tuple(mask.shape)), strict=False)
        if len(mask.shape) > len(inputs.shape) or any(m not in (1, None, n) for n, m in sizes if n is not None):
            raise ValueError(
                f"Layer '{self.name}': the `mask` must be broadcastable to `inputs`. Received: inputs.shape="
                f"{tuple(inputs.shape)}, mask.shape={tuple(mask.shape)}"
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@builtin("keras.layers")
class PReLU(Layer):
    """`x`, or a learned slope times it where it is negative (He et al., 2015).

    Args:
        alpha_initializer: First values of the slopes.
        alpha_regularizer: A penalty on the slopes.
        alpha_constraint: Applied to the slopes after updates.
        shared_axes: Axes along which slopes are shared.
        **kwargs: See `Layer`.
    """

    computes_in_floats = True

    @arguments(shared_axes=Axes(optional=True))
    def __init__(
        self, alpha_initializer: Any = "zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
        shared_axes: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            None if shared_axes is None else list(shared_axes) if not isinstance(shared_axes, int) else [shared_axes]
        )
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        shape = tuple(1 if i in shared else n for i, n in enumerate(input_shape) if i > 0)
        self.alpha = self.add_weight(shape, self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer,
                                     constraint=self.alpha_constraint)  # fmt: skip

    def call(self, inputs: Any) -> Any:
        x = convert_to_tensor(inputs)
        return nn.relu(x) - self.in_compute_dtype(self.alpha) * nn.relu(math.negative(x))

    def get_config(self) -> dict[str, Any]:
        names = ("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
