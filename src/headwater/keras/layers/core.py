"""Dense, Activation, Embedding, Lambda and other basic layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from headwater.core import dtypes
from headwater.core.tensor import convert_to_tensor
from headwater.keras import _code, _registry, _serialization, activations, constraints, initializers, regularizers
from headwater.keras._arguments import Integer, arguments
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

    computes_in_floats = True

    @arguments(units=Integer(1))
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
        self.units = units
        self.activation = activations.get(activation)
        self.supports_masking = True
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
        return x if self.activation is None else self.activation(x)

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

    is_built_at_once = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return inputs if self.activation is None else self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@builtin("keras.layers")
class Identity(Layer):
    """Gives its input."""

    is_built_at_once = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs


@builtin("keras.layers")
class Embedding(Layer):
    """Rows of a table, chosen by integers from 0.

    Others are refused: a -1, which Keras takes for the last row, is a token that was not found more often than not.

    Args:
        input_dim: How many rows.
        output_dim: Their size.
        embeddings_initializer: First values of the table.
        embeddings_regularizer: A penalty on the table.
        embeddings_constraint: Applied to the table after updates.
        mask_zero: Whether 0 means "nothing here": it is masked in the layers after this one.
        weights: First values as arrays, in place of the initializer.
        **kwargs: See `Layer`.
    """

    @arguments(input_dim=Integer(1), output_dim=Integer(1))
    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        weights: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.pop("input_length", None)
        kwargs.pop("quantization_config", None)
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = bool(mask_zero)
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

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return math.not_equal(inputs, array.zeros_like(inputs)) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "input_dim": self.input_dim, "output_dim": self.output_dim,
            "embeddings_initializer": self.embeddings_initializer,
            "embeddings_regularizer": self.embeddings_regularizer,
            "embeddings_constraint": self.embeddings_constraint, "mask_zero": self.mask_zero,
        }  # fmt: skip


@builtin("keras.layers")
class Masking(Layer):
    """Masks the steps at which all features have one value; layers after this one pass over them.

    Args:
        mask_value: The value.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Masking()(tf.constant([[[0.0], [2.0]]]))._keras_mask.numpy()
    array([[False,  True]])
    """

    is_built_at_once = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def _mask(self, inputs: Any, keepdims: bool) -> Any:
        wanted = math.cast(convert_to_tensor(self.mask_value), inputs.dtype)
        return math.reduce_any(math.not_equal(inputs, wanted), axis=-1, keepdims=keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self._mask(inputs, keepdims=False)

    def call(self, inputs: Any) -> Any:
        return inputs * math.cast(self._mask(inputs, keepdims=True), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}


@builtin("keras.layers")
class Lambda(Layer):
    """Applies a function.

    Args:
        function: The function of the inputs; it may take ``mask`` and ``training``.
        output_shape: The output's shape without the batch dimension, or a function of the input's shape. Default:
            found by tracing.
        mask: The output's mask, or a function of inputs and mask.
        arguments: Further keyword arguments of the function.
        **kwargs: See `Layer`.
    """

    _reads_own_config = True

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
        self._output_shape = output_shape
        self.mask = mask
        self.supports_masking = mask is not None

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        offered = {"mask": mask, "training": training}
        taken = {k: v for k, v in offered.items() if k in _parameter_names(self.function)}
        return self.function(inputs, **{**self.arguments, **taken})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        own = {"function": _function_config(self.function), "arguments": self.arguments}
        if self._output_shape is not None:
            own["output_shape"] = _function_config(self._output_shape)
        if self.mask is not None:
            own["mask"] = _function_config(self.mask)
        return {**super().get_config(), **own}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Any:
        """A layer from what `get_config` gave. Raises ValueError if that holds Python code and `safe_mode` is set."""
        safe_mode = _registry.in_safe_mode() if safe_mode is None else safe_mode
        functions = {k: config[k] for k in ("function", "output_shape", "mask") if config.get(k) is not None}
        with _registry.safe_mode(safe_mode), _registry.CustomObjectScope(custom_objects):
            made = {k: _function_from(v) for k, v in functions.items()}
            return cls(**{**_serialization.objects_in(config), **made})


def _function_config(function: Any) -> Any:
    if getattr(function, "__name__", "") != "<lambda>":
        return function
    return _code.LiveFunction(function)


def _function_from(config: Any) -> Any:
    if isinstance(config, dict):
        if config.get("class_name") == "__lambda__":
            _serialization.refuse_code("a `Lambda` layer with a Python lambda")
        return (
            config.function
            if isinstance(config, _code.LiveFunction)
            else _serialization.deserialize_keras_object(config)
        )
    if callable(config):
        _serialization.refuse_code("a `Lambda` layer with a function that is not named in it")
        return config
    if isinstance(config, list | tuple):
        return tuple(config)
    if (found := _registry.get_registered_object(config)) is None:
        raise TypeError(f"Could not locate function '{config}'. Pass it in custom_objects.")
    return found


def _parameter_names(function: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # functions written in C
        return ()


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
