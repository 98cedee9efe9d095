"""Layers that join several inputs."""

from __future__ import annotations

from typing import Any

from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.keras.losses import _unit
from headwater.ops import array, linalg, math


class _Merge(Layer):
    """Joins a list of inputs, two at a time; ranks may differ (axes of size 1 are put after the batch)."""

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list | tuple) or not input_shape or not isinstance(input_shape[0], list | tuple):
            raise ValueError(f"A merge layer should be called on a list of inputs. Received: input_shape={input_shape}")

    def _pair(self, x: Any, y: Any) -> Any:
        raise TypeError(f"{type(self).__name__} must define _pair")

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, list | tuple):
            raise ValueError(f"A merge layer should be called on a list of inputs. Received: inputs={inputs}")
        rank = max(x.shape.rank for x in inputs)
        parts = [_with_rank(x, rank) for x in inputs]
        result = parts[0]
        for part in parts[1:]:
            result = self._pair(result, part)
        return self._finish(result, len(parts))

    def _finish(self, result: Any, count: int) -> Any:
        return result


def _with_rank(x: Any, rank: int) -> Any:
    while x.shape.rank < rank:
        x = array.expand_dims(x, 1)
    return x


@builtin("keras.layers")
class Add(_Merge):
    """The sum of the inputs.

    >>> tf.keras.layers.Add()([tf.ones([1, 2]), tf.ones([1, 2])]).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def _pair(self, x: Any, y: Any) -> Any:
        return x + y


@builtin("keras.layers")
class Subtract(_Merge):
    """The difference of two inputs."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(
                f"A `Subtract` layer should be called on exactly 2 inputs. Received: input_shape={input_shape}"
            )

    def _pair(self, x: Any, y: Any) -> Any:
        return x - y


@builtin("keras.layers")
class Multiply(_Merge):
    """The product of the inputs, element by element."""

    def _pair(self, x: Any, y: Any) -> Any:
        return x * y


@builtin("keras.layers")
class Average(_Merge):
    """The mean of the inputs."""

    def _pair(self, x: Any, y: Any) -> Any:
        return x + y

    def _finish(self, result: Any, count: int) -> Any:
        return result / count


@builtin("keras.layers")
class Maximum(_Merge):
    """The largest of the inputs, element by element."""

    def _pair(self, x: Any, y: Any) -> Any:
        return math.maximum(x, y)


@builtin("keras.layers")
class Minimum(_Merge):
    """The smallest of the inputs, element by element."""

    def _pair(self, x: Any, y: Any) -> Any:
        return math.minimum(x, y)


@builtin("keras.layers")
class Concatenate(_Merge):
    """The inputs one after another along `axis`.

    Args:
        axis: The axis.
        **kwargs: See `Layer`.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return array.concat(list(inputs), axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@builtin("keras.layers")
class Dot(_Merge):
    """Products of two inputs, summed over an axis of each.

    Args:
        axes: An axis, or one per input.
        normalize: Whether inputs are scaled to norm 1 along it, which gives cosines.
        **kwargs: See `Layer`.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = axes
        self.normalize = normalize

    def call(self, inputs: Any) -> Any:
        x, y = inputs
        a, b = [axis % t.shape.rank for axis, t in zip(self._axis_pair(), (x, y), strict=True)]
        if self.normalize:
            x, y = _unit(x, a), _unit(y, b)
        x = array.transpose(x, [i for i in range(x.shape.rank) if i != a] + [a])
        y = array.transpose(y, [0, b] + [i for i in range(1, y.shape.rank) if i != b])
        if x.shape.rank == 2 and y.shape.rank == 2:
            return math.reduce_sum(x * y, axis=1, keepdims=True)
        if x.shape.rank == 2:
            return array.squeeze(linalg.matmul(array.expand_dims(x, 1), y), axis=1)
        if y.shape.rank == 2:
            return array.squeeze(linalg.matmul(x, array.expand_dims(y, 2)), axis=-1)
        return linalg.matmul(x, y)

    def _axis_pair(self) -> tuple[int, int]:
        return (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _function(cls: type, name: str) -> Any:
    def merge(inputs: Any, **kwargs: Any) -> Any:
        return cls(**kwargs)(inputs)

    merge.__name__ = name
    merge.__doc__ = f"`{cls.__name__}` as a function of a list of inputs."
    return merge


add = _function(Add, "add")
subtract = _function(Subtract, "subtract")
multiply = _function(Multiply, "multiply")
average = _function(Average, "average")
maximum = _function(Maximum, "maximum")
minimum = _function(Minimum, "minimum")
concatenate = _function(Concatenate, "concatenate")
dot = _function(Dot, "dot")
