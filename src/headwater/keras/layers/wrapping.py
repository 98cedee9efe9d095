"""Layers around another layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core import nest
from headwater.core.context import context
from headwater.core.tensor import convert_to_tensor
from headwater.keras import initializers
from headwater.keras._arguments import Integer, arguments
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.ops import array, linalg, maps, math, nn


@builtin("keras.layers")
class Wrapper(Layer):
    """Base of layers around another one: it builds the other and keeps it in its config.

    Args:
        layer: The other layer.
        **kwargs: See `Layer`.

    >>> class Twice(tf.keras.layers.Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(self.layer(inputs))
    >>> Twice(tf.keras.layers.Dense(2, kernel_initializer="ones"))(tf.ones([1, 2])).numpy()
    array([[4., 4.]], dtype=float32)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Layer {layer!r} supplied to Wrapper isn't a supported layer type. Please ensure wrapped layer is a "
                "valid Keras layer."
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the other layer for the same shape."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": self.layer}


@builtin("keras.layers")
class TimeDistributed(Wrapper):
    """Applies a layer to every step of a sequence, [batch, steps, ...].

    Args:
        layer: The layer; it gets [batch, ...].
        **kwargs: See `Layer`.

    >>> tf.keras.layers.TimeDistributed(tf.keras.layers.Conv2D(8, 3))(tf.zeros([1, 10, 28, 28, 1])).shape
    TensorShape([1, 10, 26, 26, 8])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Please initialize `TimeDistributed` layer with a `keras.layers.Layer` instance. Received: {layer!r}"
            )
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Builds the other layer for the shape of a step."""
        shape = tuple(input_shape)
        if len(shape) < 3 or not all(n is None or isinstance(n, int) for n in shape):
            raise ValueError(
                "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: "
                f"{input_shape}"
            )
        super().build((shape[0], *shape[2:]))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        masked = mask is not None and self.layer._accepts("mask")
        steps = [_swapped(inputs), *([_swapped(convert_to_tensor(mask))] if masked else [])]

        def apply(step: Any) -> tuple[Any, Any]:
            options = {"mask": step[1]} if masked else {}
            return _with_losses(self.layer, lambda: self.layer(step[0], training=training, **options))

        outputs, losses = _eagerly(apply, steps) if context.graph is None else maps.vectorized_map(apply, steps)
        self.add_loss([math.reduce_sum(loss) for loss in losses])
        return nest.map_structure(_swapped, outputs)


def _swapped(x: Any) -> Any:
    """The first two axes in the other order."""
    return array.transpose(x, [1, 0, *range(2, x.shape.rank)])


def _eagerly(function: Callable[[Any], Any], steps: list[Any]) -> Any:
    """`function` of each step; results stacked."""
    results = [function([part[index] for part in steps]) for index in range(steps[0].shape[0])]
    return nest.map_structure(lambda *parts: array.stack(parts), *results)


def _with_losses(layer: Layer, call: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What a call of a layer gives, and the losses it adds, which the layers then know nothing of."""
    kept = [(inner._loss_list.value, len(inner._loss_list.value)) for inner in layer._flatten_layers()]
    outputs = call()
    added = [loss for losses, count in kept for loss in losses[count:]]
    for losses, count in kept:
        del losses[count:]
    return outputs, added


@builtin("keras.layers")
class SpectralNormalization(Wrapper):
    """Divides the weights of a layer by their largest singular value, at each step of training (Miyato et al., 2018).

    Args:
        layer: A layer with a `kernel` or `embeddings`.
        power_iterations: How many iterations the singular value is estimated by.
        **kwargs: See `Layer`.

    Raises:
        ValueError: If the layer has neither.

    >>> layer = tf.keras.layers.SpectralNormalization(tf.keras.layers.Dense(2, kernel_initializer="ones"))
    >>> layer(tf.ones([1, 2]), training=True).numpy().round(4)
    array([[1., 1.]], dtype=float32)
    """

    @arguments(power_iterations=Integer(1))
    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if kernel is None:
            raise ValueError(f"{type(self.layer).__name__} object has no attribute 'kernel' nor 'embeddings'")
        self.kernel = kernel
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02), trainable=False, name="vector_u",
            dtype=self.kernel.dtype,
        )  # fmt: skip

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        """Power iterations for the singular value, by which the kernel is divided."""
        kernel = convert_to_tensor(self.kernel)
        matrix = array.reshape(kernel, [-1, kernel.shape[-1]])
        u = convert_to_tensor(self.vector_u)
        for _ in range(self.power_iterations):
            v = nn.l2_normalize(linalg.matmul(u, matrix, transpose_b=True))
            u = nn.l2_normalize(linalg.matmul(v, matrix))
        sigma = linalg.matmul(linalg.matmul(v, matrix), u, transpose_b=True)
        self.vector_u.assign(u)
        self.kernel.assign(array.reshape(matrix / sigma, array.shape(kernel)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}
