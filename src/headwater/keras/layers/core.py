"""Dense, Activation, Embedding, Lambda and other basic layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core import dtypes
from headwater.core.tensor import convert_to_tensor
from headwater.keras import _registry, activations, constraints, initializers, regularizers
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.ops import array, linalg, math, nn


@builtin("keras.layers")
class Dense(Layer):
    """``activation(inputs @ kernel + bias)``, over the last axis.

    Args:
        units: The size of the output's last axis.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape [inputs, units].
        bias_initializer: First values of the bias, shape [units].
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Dense(3, kernel_initializer="ones")(tf.ones([1, 2]))
    <tf.Tensor: shape=(1, 3), dtype=float32, numpy=array([[2., 2., 2.]], dtype=float32)>
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("quantization_config", None)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(units, int) or units <= 0:
            raise ValueError(
                f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
            )
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        if size is None:
            raise ValueError(
                f"The last dimension of the inputs to a Dense layer must be known. Received: {input_shape}."
            )
        self.kernel = self.add_weight(
            shape=(size, self.units), initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint, name="kernel",
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint, name="bias",
            )  # fmt: skip
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = linalg.matmul(inputs, self.in_compute_dtype(self.kernel))
        if self.bias is not None:
            x = nn.bias_add(x, self.in_compute_dtype(self.bias))
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "units": self.units, "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias, "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer, "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer, "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
        }  # fmt: skip


@builtin("keras.layers")
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: A function or its name.
        **kwargs: See `Layer`.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@builtin("keras.layers")
class Identity(Layer):
    """Gives its input."""

    def call(self, inputs: Any) -> Any:
        return inputs


@builtin("keras.layers")
class Embedding(Layer):
    """Rows of a table, chosen by integers.

    Args:
        input_dim: How many rows.
        output_dim: Their size.
        embeddings_initializer: First values of the table.
        embeddings_regularizer: A penalty on the table.
        embeddings_constraint: Applied to the table after updates.
        weights: First values as arrays, in place of the initializer.
        **kwargs: See `Layer`.
    """

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None, weights: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.pop("input_length", None)
        if kwargs.pop("mask_zero", False):
            raise ValueError("Embedding: masks are not supported; expected mask_zero=False.")
        kwargs.pop("quantization_config", None)
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.autocast = False
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any = None) -> None:
        if not self.built:
            self.embeddings = self.add_weight(
                shape=(self.input_dim, self.output_dim), initializer=self.embeddings_initializer,
                regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint, name="embeddings",
            )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        indices = convert_to_tensor(inputs)
        if not indices.dtype.is_integer:
            indices = math.cast(indices, dtypes.int32)
        return array.gather(self.in_compute_dtype(self.embeddings), indices)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "input_dim": self.input_dim, "output_dim": self.output_dim,
            "embeddings_initializer": self.embeddings_initializer,
            "embeddings_regularizer": self.embeddings_regularizer,
            "embeddings_constraint": self.embeddings_constraint, "mask_zero": False,
        }  # fmt: skip


@builtin("keras.layers")
class Lambda(Layer):
    """Applies a function.

    Args:
        function: The function of the inputs.
        output_shape: Accepted for compatibility; shapes are found by tracing.
        arguments: Further keyword arguments of the function.
        **kwargs: See `Layer`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = dict(arguments or {})

    def call(self, inputs: Any) -> Any:
        return self.function(inputs, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "function": self.function, "arguments": self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        function = config.get("function")
        if isinstance(function, str):
            found = _registry.get_registered_object(function)
            if found is None:
                raise TypeError(f"Could not locate function '{function}'. Pass it in custom_objects.")
            config = {**config, "function": found}
        return cls(**config)


@builtin("keras.layers")
class Rescaling(Layer):
    """``inputs * scale + offset``.

    >>> tf.keras.layers.Rescaling(1.0 / 255)(tf.constant([255.0])).numpy()
    array([1.], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        inputs = math.cast(convert_to_tensor(inputs), self.compute_dtype)
        scale, offset = [convert_to_tensor(v, self.compute_dtype) for v in (self.scale, self.offset)]
        return inputs * scale + offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
