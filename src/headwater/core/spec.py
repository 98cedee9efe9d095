"""`TensorSpec` and its relatives: what a function expects of an argument."""

from __future__ import annotations

from typing import Any

from headwater.core import dtypes
from headwater.core.dtypes import DType, as_dtype
from headwater.core.nest import CompositeTensor
from headwater.core.shapes import TensorShape, as_shape
from headwater.core.tensor import Tensor, convert_to_tensor


class TypeSpec:
    """Describes a kind of value: tensors of some shape and dtype, or composites of them."""

    @property
    def value_type(self) -> type:
        """The Python class of values of this kind."""
        raise TypeError(f"{type(self).__name__} must define value_type")

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether the value (or every value of the spec) is of this kind."""
        raise TypeError(f"{type(self).__name__} must define is_compatible_with")


class TensorSpec(TypeSpec):
    """The shape, dtype and name of a tensor argument.

    Args:
        shape: The shape; unknown dimensions are None.
        dtype: The dtype.
        name: The argument's name, used by exports.

    >>> tf.TensorSpec([None, 3], tf.float32)
    TensorSpec(shape=(None, 3), dtype=tf.float32, name=None)
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    @property
    def value_type(self) -> type:
        return Tensor

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of an existing tensor."""
        return cls(tensor.shape, tensor.dtype, name or getattr(tensor, "name", None))

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """A copy of `spec` with another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether the tensor's (or spec's) dtype is this and its shape could be this."""
        return (
            hasattr(spec_or_value, "dtype")
            and self._dtype.is_compatible_with(spec_or_value.dtype)
            and self._shape.is_compatible_with(spec_or_value.shape)
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor of this spec satisfies `other`."""
        return isinstance(other, TensorSpec) and self._dtype is other._dtype and self._shape.is_subtype_of(other._shape)

    def most_specific_compatible_type(self, other: TensorSpec) -> TensorSpec:
        """The most specific spec that both satisfy. Raises ValueError if the dtypes differ."""
        if self._dtype is not other._dtype:
            raise ValueError(f"No spec covers both {self} and {other}: their dtypes differ.")
        return TensorSpec(self._shape.most_specific_compatible_shape(other._shape), self._dtype, self._name)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TensorSpec)
            and self._dtype is other._dtype
            and self._shape == other._shape
            and self._name == other._name
        )

    def __hash__(self) -> int:
        return hash((self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorSpec, (self._shape, self._dtype, self._name)


class IndexedSlices(CompositeTensor):
    """Rows `values` at positions `indices` of an otherwise zero tensor: the gradient of `tf.gather`.

    Args:
        values: The rows, shape ``[n, ...]``.
        indices: Their positions, shape ``[n]``; repeated positions add up.
        dense_shape: The shape of the whole, or None.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> DType:
        """The dtype of the rows."""
        return self.values.dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole, as far as it is known."""
        known = None if self.dense_shape is None else getattr(self.dense_shape, "probes", None)
        if hasattr(self.dense_shape, "numpy"):
            return TensorShape(self.dense_shape.numpy().tolist())  # type: ignore[union-attr]
        if known is not None and all((p == known[0]).all() for p in known):
            return TensorShape(known[0].tolist())
        return TensorShape([None]).concatenate(self.values.shape[1:])

    def _components(self) -> tuple[Any, ...]:
        parts = (self.values, self.indices)
        return parts if self.dense_shape is None else (*parts, self.dense_shape)

    def _with_components(self, components: tuple[Any, ...]) -> IndexedSlices:
        return IndexedSlices(*components)

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values}, dense_shape={self.dense_shape})"


def spec_of(value: Any) -> TensorSpec:
    """The `TensorSpec` of a tensor, variable, or a value that converts to one."""
    if not (hasattr(value, "shape") and isinstance(getattr(value, "dtype", None), DType)):
        value = convert_to_tensor(value)
    return TensorSpec(value.shape, value.dtype)
