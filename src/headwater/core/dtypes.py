"""`DType` and TensorFlow's dtypes, with the rules by which Python and NumPy values become tensors."""

from __future__ import annotations

import builtins
from typing import Any

import ml_dtypes
import numpy as np

_BY_NAME: dict[str, DType] = {}
_BY_NUMPY: dict[Any, DType] = {}
_BY_ENUM: dict[int, DType] = {}


class DType:
    """The type of a tensor's elements.

    >>> tf.float32
    tf.float32
    >>> tf.as_dtype("int8").as_numpy_dtype
    <class 'numpy.int8'>
    """

    __slots__ = ("_enum", "_limits", "_name", "_numpy", "_type", "is_complex", "is_floating", "is_integer")

    def __init__(self, name: str, enum: int, numpy_type: Any) -> None:
        self._name = name
        self._enum = enum
        self._type = numpy_type
        self._numpy = np.dtype(object if numpy_type is np.object_ else numpy_type)
        kind = self._numpy.kind
        self.is_floating = kind == "f" or name in ("bfloat16", "float8_e5m2", "float8_e4m3fn")
        self.is_complex = kind == "c"
        self.is_integer = (kind in "iu" and not self.is_floating) or name in ("int4", "uint4")
        self._limits: tuple[Any, Any] | None = None
        _BY_NAME[name] = self
        _BY_ENUM[enum] = self
        if name not in ("resource", "variant"):
            _BY_NUMPY[self._numpy] = self

    @property
    def name(self) -> str:
        """TensorFlow's name, such as ``"float32"``."""
        return self._name

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type (``object`` for strings)."""
        return self._type

    @property
    def as_datatype_enum(self) -> int:
        """The number in TensorFlow's ``DataType`` proto."""
        return self._enum

    @property
    def is_numpy_compatible(self) -> builtins.bool:
        """Whether NumPy has the type."""
        return self._name not in ("resource", "variant")

    @property
    def is_bool(self) -> builtins.bool:
        """Whether this is the boolean type."""
        return self._name == "bool"

    @property
    def is_unsigned(self) -> builtins.bool:
        """Whether this is an unsigned integer."""
        return self._name.startswith("uint")

    @property
    def is_quantized(self) -> builtins.bool:
        """Always False: quantized types belong to exported files."""
        return False

    @property
    def base_dtype(self) -> DType:
        """The type itself: there are no reference types."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self._name, self)

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return 1 if self._name in ("string", "resource", "variant") else self._numpy.itemsize

    @property
    def min(self) -> Any:
        """The lowest value. Raises TypeError where there is none."""
        return self._limit(0)

    @property
    def max(self) -> Any:
        """The highest value. Raises TypeError where there is none."""
        return self._limit(1)

    @property
    def limits(self) -> tuple[Any, Any]:
        """(0, highest) for unsigned, (lowest, highest) otherwise."""
        return self.min, self.max

    def _limit(self, which: int) -> Any:
        if self._limits is None:
            if self.is_bool:
                self._limits = (False, True)
            elif self.is_floating:
                info = ml_dtypes.finfo(self._numpy)
                self._limits = (self._type(info.min), self._type(info.max))
            elif self.is_integer:
                bounds = ml_dtypes.iinfo(self._numpy)
                self._limits = (int(bounds.min), int(bounds.max))
            else:
                raise TypeError(f"Expected a real dtype with limits, received {self!r}.")
        return self._limits[which]

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether `other` names the same type."""
        return self == as_dtype(other)

    def __eq__(self, other: object) -> builtins.bool:
        if self is other:
            return True
        if other is None or isinstance(other, DType):
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __ne__(self, other: object) -> builtins.bool:
        return not self == other

    def __hash__(self) -> int:
        return self._enum

    def __repr__(self) -> str:
        return f"tf.{self._name}"

    def __str__(self) -> str:
        return f"<dtype: '{self._name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self._name,)

    def __copy__(self) -> DType:
        return self

    def __deepcopy__(self, memo: Any) -> DType:
        return self


float32 = DType("float32", 1, np.float32)
float64 = double = DType("float64", 2, np.float64)
int32 = DType("int32", 3, np.int32)
uint8 = DType("uint8", 4, np.uint8)
int16 = DType("int16", 5, np.int16)
int8 = DType("int8", 6, np.int8)
string = DType("string", 7, np.object_)
complex64 = DType("complex64", 8, np.complex64)
int64 = DType("int64", 9, np.int64)
bool = DType("bool", 10, np.bool_)
bfloat16 = DType("bfloat16", 14, ml_dtypes.bfloat16)
uint16 = DType("uint16", 17, np.uint16)
complex128 = DType("complex128", 18, np.complex128)
float16 = half = DType("float16", 19, np.float16)
resource = DType("resource", 20, np.object_)
variant = DType("variant", 21, np.object_)
uint32 = DType("uint32", 22, np.uint32)
uint64 = DType("uint64", 23, np.uint64)

_ALIASES: dict[Any, DType] = {
    float: float32,
    int: int32,
    np.bool_: bool,
    str: string,
    bytes: string,
    complex: complex128,
    "half": float16,
    "double": float64,
    "float": float32,
    "int": int32,
    "str": string,
}
_ALIASES[builtins.bool] = bool


def as_dtype(type_value: Any) -> DType:
    """The `DType` for a name, NumPy type, Python type, proto number or `DType`.

    Args:
        type_value: What names the type.

    Returns:
        The `DType`.

    Raises:
        TypeError: If nothing of that name is known.

    >>> tf.as_dtype("float16"), tf.as_dtype(np.int64), tf.as_dtype(float)
    (tf.float16, tf.int64, tf.float32)
    """
    if isinstance(type_value, DType):
        return type_value
    try:
        found = _ALIASES.get(type_value) or _BY_NAME.get(type_value) or _BY_ENUM.get(type_value)
    except TypeError:
        found = None
    if found is None:
        own = getattr(type_value, "dtype", None)
        if isinstance(own, DType):
            return own
        try:
            found = from_numpy(np.dtype(type_value))
        except TypeError:
            found = None
    if found is None:
        raise TypeError(
            f"Cannot convert {type_value!r} to a dtype. Expected a tf.DType, a name such as 'float32', a NumPy or a "
            "Python type."
        )
    return found


def from_numpy(dtype: np.dtype[Any]) -> DType:
    """The `DType` of a NumPy dtype. Raises TypeError if there is none."""
    found = _BY_NUMPY.get(dtype)
    if found is None:
        if dtype.kind in "SUO":
            return string
        found = _BY_NUMPY.get(dtype.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"NumPy dtype {dtype} has no tensor dtype. Expected a number, boolean or string type; convert the array "
            "with .astype(...) first."
        )
    return found
