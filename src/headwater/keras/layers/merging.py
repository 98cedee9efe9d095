"""Layers that join several inputs."""

from __future__ import annotations

import functools
from typing import Any

from headwater.keras._arguments import Axes, Integer, arguments
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.keras.layers._promotion import with_one_dtype
from headwater.keras.losses._functions import unit
from headwater.ops import array, linalg, math


class _Merge(Layer):
    """Joins a list of inputs, two at a time; dtypes and ranks may differ (axes of size 1 are put after the batch)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list | tuple) or not input_shape or not isinstance(input_shape[0], list | tuple):
            raise ValueError(f"A merge layer should be called on a list of inputs. Received: input_shape={input_shape}")
        self._check_shapes([tuple(shape) for shape in input_shape])

    def _check_shapes(self, shapes: list[tuple[Any, ...]]) -> None:
        """Raises ValueError for shapes that do not go together."""
        if len({shape[0] for shape in shapes if shape} - {None}) > 1:
            raise ValueError(f"Cannot merge tensors with different batch sizes. Received tensors with shapes {shapes}")
        rank = max(len(shape) for shape in shapes)
        padded = [(*shape[:1], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
        for sizes in zip(*padded, strict=True):
            if len(set(sizes) - {None, 1}) > 1:
                raise ValueError(f"Inputs have incompatible shapes. Received shapes {shapes}")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """What all masked inputs count, or any of them does."""
        found = [m for m in previous_mask or [] if m is not None]
        if not found or len(found) != len(inputs):
            return None
        return functools.reduce(math.logical_or, found)

    def _pair(self, x: Any, y: Any) -> Any:
        raise TypeError(f"{type(self).__name__} must define _pair")

    def call(self, inputs: Any) -> Any:
        rank = max(x.shape.rank for x in inputs)
        parts = [_with_rank(x, rank) for x in with_one_dtype(inputs)]
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
        return math.multiply(x, y)  # unlike `*`, not of booleans


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

    @arguments(axis=Integer())
    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def _check_shapes(self, shapes: list[tuple[Any, ...]]) -> None:
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(f"Concatenate: expected an axis in [-{rank}, {rank}), received axis={self.axis}.")
        others = [shape[: self.axis % rank] + shape[self.axis % rank + 1 :] for shape in shapes]
        fit = all(len(set(sizes) - {None}) <= 1 for sizes in zip(*others, strict=False))
        if not fit or any(len(shape) != rank for shape in shapes):
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                f"Received: input_shape={shapes}"
            )

    def call(self, inputs: Any) -> Any:
        return array.concat(with_one_dtype(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if previous_mask is None:
            return None
        masks = [_full_mask(x, m) for x, m in zip(inputs, previous_mask, strict=True)]
        return math.reduce_any(array.concat(masks, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _full_mask(x: Any, mask: Any) -> Any:
    """A mask of the shape of `x`, True where there is none."""
    everything = array.ones_like(x, dtype="bool")
    if mask is None:
        return everything
    mask = math.cast(mask, "bool")
    while mask.shape.rank < x.shape.rank:
        mask = array.expand_dims(mask, -1)
    return math.logical_and(everything, mask)


@builtin("keras.layers")
class Dot(_Merge):
    """Products of two inputs, summed over an axis of each.

    Args:
        axes: An axis, or one per input.
        normalize: Whether inputs are scaled to norm 1 along it, which gives cosines.
        **kwargs: See `Layer`.
    """

    @arguments(axes=Axes(count=2, wrong_type=TypeError))
    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes = axes
        self.normalize = normalize

    def _check_shapes(self, shapes: list[tuple[Any, ...]]) -> None:
        if len(shapes) != 2:
            raise ValueError(f"A `Dot` layer should be called on exactly 2 inputs. Received: input_shape={shapes}")
        x, y = shapes
        a, b = self._axis_pair()
        if any(axis % len(s) == 0 or not -len(s) <= axis < len(s) for axis, s in ((a, x), (b, y))):
            raise ValueError(
                f"Dot: expected axes of the inputs other than that of the batch, received axes={self.axes}. "
                f"Full input shapes: {x}, {y}"
            )
        if None not in (x[a], y[b]) and x[a] != y[b]:
            raise ValueError(
                f"Incompatible input shapes: axis values {x[a]} (at axis {a}) != {y[b]} (at axis {b}). "
                f"Full input shapes: {x}, {y}"
            )

    def call(self, inputs: Any) -> Any:
        x, y = with_one_dtype(inputs)
        a, b = [axis % t.shape.rank for axis, t in zip(self._axis_pair(), (x, y), strict=True)]
        if self.normalize:
            x, y = unit(x, a), unit(y, b)
        names = iter("abcdefghijklmnop")
        left = ["z", *[next(names) for _ in x.shape[1:]]]
        right = ["z", *[next(names) for _ in y.shape[1:]]]
        left[a] = right[b] = "s"
        kept = [n for n in left + right[1:] if n != "s"]
        product = linalg.einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)
        return product if len(kept) > 1 else array.expand_dims(product, 1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

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
