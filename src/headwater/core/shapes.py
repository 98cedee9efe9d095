"""`TensorShape` (unknown dimensions and unknown rank included) and the static broadcast rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, overload


def _as_dimension(value: Any) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    inner = getattr(value, "value", value)  # tf.compat.v1.Dimension
    if inner is None:
        return None
    try:
        number = inner.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            f"Dimension value must be None or have an __index__ method, received {value!r} of type "
            f"{type(value).__name__}."
        ) from None
    if number == -1:
        return None
    if number < 0:
        raise ValueError(f"Dimension {number} must be >= 0 (or None for unknown).")
    return int(number)


class TensorShape:
    """The shape of a tensor; each dimension may be unknown (None), and so may the rank.

    Args:
        dims: A list of dimensions, an integer, another shape, or None for unknown rank.

    >>> tf.TensorShape([None, 4])
    TensorShape([None, 4])
    >>> tf.TensorShape([2, 3]).num_elements()
    6
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: tuple[int | None, ...] | None
        if dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        elif isinstance(dims, tuple | list):
            self._dims = tuple(map(_as_dimension, dims))
        elif hasattr(dims, "unknown_rank") and hasattr(dims, "dim"):  # TensorShapeProto
            self._dims = None if dims.unknown_rank else tuple(_as_dimension(d.size) for d in dims.dim)
        elif isinstance(dims, Iterable) and getattr(dims, "shape", None) != ():
            self._dims = tuple(map(_as_dimension, dims))
        else:
            self._dims = (_as_dimension(dims),)

    @property
    def rank(self) -> int | None:
        """The number of dimensions, or None."""
        return None if self._dims is None else len(self._dims)

    @property
    def ndims(self) -> int | None:
        """The number of dimensions, or None."""
        return self.rank

    @property
    def dims(self) -> list[int | None] | None:
        """The dimensions as a list, or None."""
        return None if self._dims is None else list(self._dims)

    def as_list(self) -> list[int | None]:
        """The dimensions as a list. Raises ValueError for unknown rank."""
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self) -> Any:
        """The shape as a ``TensorShapeProto``."""
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto  # noqa: PLC0415 (slow to import)

        if self._dims is None:
            return TensorShapeProto(unknown_rank=True)
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1 if d is None else d) for d in self._dims])

    def num_elements(self) -> int | None:
        """The number of elements, or None if it is not known."""
        if not self.is_fully_defined():
            return None
        count = 1
        for dimension in self._dims or ():
            count *= dimension or 0
        return count

    def is_fully_defined(self) -> bool:
        """Whether rank and every dimension are known."""
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError unless everything is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether one concrete shape could satisfy both."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return True
        if len(self._dims) != len(other._dims):
            return False
        return all(a is None or b is None or a == b for a, b in zip(self._dims, other._dims, strict=True))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError unless one concrete shape could satisfy both."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible.")

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError if both ranks are known and differ."""
        other = as_shape(other)
        if self.rank is not None and other.rank is not None and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank.")

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError unless the rank can be `rank`."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}.")

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, with rank `rank`. Raises ValueError if it has another."""
        return self.merge_with(unknown_shape(rank))

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is lower."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}.")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is higher."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}.")
        return self

    def merge_with(self, other: Any) -> TensorShape:
        """What is known of either. Raises ValueError if they contradict each other."""
        other = as_shape(other)
        self.assert_is_compatible_with(other)
        if self._dims is None:
            return other
        if other._dims is None:
            return self
        return TensorShape([b if a is None else a for a, b in zip(self._dims, other._dims, strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The most specific shape that both satisfy."""
        other = as_shape(other)
        if self._dims is None or other._dims is None or len(self._dims) != len(other._dims):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._dims, other._dims, strict=True)])

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor of this shape is also of shape `other`."""
        if other._dims is None:
            return True
        if self._dims is None or len(self._dims) != len(other._dims):
            return False
        return all(b is None or a == b for a, b in zip(self._dims, other._dims, strict=True))

    def concatenate(self, other: Any) -> TensorShape:
        """This shape's dimensions followed by those of `other`."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + other._dims)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of a shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[int | None]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self._dims)

    @overload
    def __getitem__(self, key: int) -> int | None: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: int | slice) -> int | TensorShape | None:
        if self._dims is not None:
            return TensorShape(self._dims[key]) if isinstance(key, slice) else self._dims[key]
        if isinstance(key, slice):
            start, stop = key.start or 0, key.stop
            known = stop is not None and start >= 0 and stop >= start and key.step is None
            return unknown_shape(stop - start) if known else TensorShape(None)
        return None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TensorShape):
            return self._dims == other._dims
        try:
            return self._dims == as_shape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        return f"({self._dims[0]},)" if len(self._dims) == 1 else f"({', '.join(map(str, self._dims))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self.dims,)


def as_shape(shape: Any) -> TensorShape:
    """`shape` as a `TensorShape`."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None) -> TensorShape:
    """A shape of which at most the rank is known."""
    return TensorShape(None if rank is None else [None] * rank)


def broadcast_shapes(*shapes: TensorShape) -> TensorShape:
    """The static shape of an elementwise result. Raises ValueError if the shapes do not broadcast."""
    if any(shape.rank is None for shape in shapes):
        return TensorShape(None)
    rank = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for axis in range(-rank, 0):
        dims = [shape._dims[axis] for shape in shapes if shape._dims is not None and len(shape) >= -axis]
        big = {d for d in dims if d is not None and d != 1}
        if len(big) > 1:
            raise ValueError(f"Incompatible shapes: {' vs. '.join(str(list(shape)) for shape in shapes)}.")
        result.append(big.pop() if big else None if None in dims else 1)
    return TensorShape(result)
