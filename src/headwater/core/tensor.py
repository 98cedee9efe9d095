"""Tensors: eager ones hold an array, symbolic ones a place in a Graph; and how Python values become tensors."""

from __future__ import annotations

import contextlib
import functools
import math
import numbers
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import numpy as np

from headwater.core import dtypes, transfer
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype, from_numpy
from headwater.core.errors import InaccessibleTensorError, OperatorNotAllowedInGraphError
from headwater.core.shapes import TensorShape, as_shape

jax.config.update("jax_enable_x64", True)

# Constants up to this many elements become part of the traced graph; larger ones are passed to it.
INLINE_CONSTANT_SIZE = 64

_GRAPH_BOOL = (
    "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed: its value is known only when the graph runs. "
    "Expected a Python bool or an eager tensor. Remedy: let AutoGraph convert this function (it is not converted when "
    "autograph=False, or when its source is not available), or use tf.cond / tf.while_loop / tf.where."
)


class Tensor:
    """A multi-dimensional array of one dtype.

    Tensors are immutable. Eager tensors hold their value; tensors inside a `tf.function` stand for a value that is
    computed when the function runs. The arithmetic operators and indexing are set by `headwater.ops`.

    >>> tf.constant([[1, 2], [3, 4]])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 2],
           [3, 4]], dtype=int32)>
    """

    __slots__ = ("__weakref__", "_keras_mask", "_slice_of")  # the mask: set by Keras' layers only
    __array_priority__ = 100

    if TYPE_CHECKING:
        _array: Any

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __getitem__(self, key: Any) -> Tensor: ...

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        raise TypeError(f"{type(self).__name__} must define dtype")

    @property
    def shape(self) -> TensorShape:
        """The shape, as far as it is known."""
        raise TypeError(f"{type(self).__name__} must define shape")

    @property
    def ndim(self) -> int:
        """The number of dimensions. Raises ValueError if it is not known."""
        return len(self.shape)

    def get_shape(self) -> TensorShape:
        """The shape, as far as it is known."""
        return self.shape

    def ref(self) -> Reference:
        """A hashable reference to this object, for use in sets and as a dictionary key."""
        return Reference(self)

    def __getattr__(self, name: str) -> Any:
        # A slice of a variable can be assigned to: `_slice_of` makes the assignment.
        if name in ("assign", "assign_add", "assign_sub"):
            with contextlib.suppress(AttributeError):
                return functools.partial(object.__getattribute__(self, "_slice_of"), name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __copy__(self) -> Tensor:
        return self

    def __len__(self) -> int:
        shape = self.shape
        if not shape.rank:
            raise TypeError(f"Scalar tensor (or one of unknown rank) has no len(); received shape {shape}.")
        if shape[0] is None:
            raise TypeError("len() is not known while tracing: the first dimension is None. Use tf.shape(x)[0].")
        return shape[0]


class Reference:
    """A hashable reference to a tensor or variable, equal to other references of the same object."""

    __slots__ = ("_target",)

    def __init__(self, target: Any) -> None:
        self._target = target

    def deref(self) -> Any:
        """The object referred to."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other._target is self._target

    def __hash__(self) -> int:
        return id(self._target)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._target!r}>"


class EagerTensor(Tensor):
    """A tensor that holds its value: a JAX array, or for strings a NumPy array of bytes objects."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def dtype(self) -> DType:
        return from_numpy(self._array.dtype)

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._array.shape)

    @property
    def device(self) -> str:
        """The full name of the device that holds the value."""
        return device_name(self._array)

    @property
    def backing_device(self) -> str:
        """The full name of the device that holds the value."""
        return self.device

    @property
    def ndim(self) -> int:
        return int(self._array.ndim)

    @property
    def _id(self) -> int:
        return id(self)

    def numpy(self) -> Any:
        """The value as a NumPy array that the caller may change (a scalar for shape ``()``)."""
        if self._array.ndim == 0:
            return np.asarray(self._array)[()]
        return np.array(self._array)

    def _numpy(self) -> Any:
        """The value as a NumPy array that must not be changed (no copy where the device allows)."""
        return np.asarray(self._array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = np.asarray(self._array)
        if array.dtype == object and dtype is None and copy is None:
            copy = True  # strings are held in an array that could be written into; those of JAX are read-only
        return array if dtype is None and not copy else np.array(array, dtype=dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __jax_array__(self) -> Any:
        return self._array

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ValueError(
                f"The truth value of a tensor with shape {self.shape} is ambiguous. Expected one element. Use "
                "tf.reduce_any() or tf.reduce_all()."
            )
        return bool(self._array)

    def __int__(self) -> int:
        return int(self._scalar())

    def __float__(self) -> float:
        return float(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __index__(self) -> int:
        return self._numpy().__index__()

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._scalar(), digits)

    def _scalar(self) -> Any:
        if self._array.size != 1:
            raise TypeError(f"Only tensors with one element convert to Python scalars, received shape {self.shape}.")
        return np.asarray(self._array).reshape(())[()]

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[index] for index in range(self._array.shape[0]))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._numpy(),)

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self

    def __repr__(self) -> str:
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={array_text(self._array, repr)}>"

    def __str__(self) -> str:
        return f"tf.Tensor({array_text(self._array, str)}, shape={self.shape}, dtype={self.dtype.name})"

    def set_shape(self, shape: Any) -> None:
        """Checks that the value has this shape. Raises ValueError if not."""
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"Tensor's shape {self.shape} is not compatible with supplied shape {as_shape(shape)}.")


def _restore(array: Any) -> EagerTensor:
    return EagerTensor(to_device(array))


def array_text(array: Any, form: Callable[[Any], str]) -> str:
    """The value as TensorFlow prints it after ``numpy=`` (`form` is `repr`) or in ``str`` (`form` is `str`)."""
    value = np.asarray(array)
    if value.ndim == 0:
        return repr(value.item()) if form is repr or value.dtype == object else str(value[()])
    text = form(value)
    return "\n" + text if "\n" in text else text


def device_name(array: Any) -> str:
    """TensorFlow's full name of the device that holds `array`."""
    devices = getattr(array, "devices", None)
    if devices is None:
        return "/job:localhost/replica:0/task:0/device:CPU:0"
    device = min(devices(), key=lambda d: d.id)
    return f"/job:localhost/replica:{0}/task:{device.process_index}/device:{device_kind(device)}:{device.id}"


def device_kind(device: Any) -> str:
    """``CPU``, ``GPU`` or ``TPU``."""
    return {"cpu": "CPU", "gpu": "GPU", "cuda": "GPU", "rocm": "GPU", "tpu": "TPU"}.get(
        device.platform, device.platform.upper()
    )


class SymbolicTensor(Tensor):
    """A tensor of a graph being traced: output `index` of `node`.

    Attributes:
        graph: The Graph it belongs to.
        node: The Node that makes it.
        index: Which of the node's outputs.
        probes: Its value at each probe size of the unknown dimensions, where it follows from shapes and constants
            alone (see `headwater.core.infer`), else None.
    """

    __slots__ = ("_dtype", "_graph", "_shape", "index", "node", "probes")

    def __init__(self, graph: Any, node: Any, index: int, dtype: DType, shape: TensorShape, probes: Any = None) -> None:
        self._graph = weakref.ref(graph)
        self.node = node
        self.index = index
        self._dtype = dtype
        self._shape = shape
        self.probes = probes

    @property
    def _array(self) -> Any:
        raise InaccessibleTensorError(
            f"{self!r} cannot be used here: it belongs to the graph of a tf.function (or of a branch or loop body of "
            "one) and has no value outside it. Expected an eager tensor. Return it from the function, or keep it in "
            "a tf.Variable."
        )

    @property
    def graph(self) -> Any:
        """The graph this tensor belongs to."""
        return self._graph()

    @property
    def op(self) -> Any:
        """The node that makes this tensor."""
        return self.node

    @property
    def value_index(self) -> int:
        """Which output of its node this is."""
        return self.index

    @property
    def name(self) -> str:
        """``node:index``."""
        return f"{self.node.name}:{self.index}"

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def device(self) -> str:
        """The device asked for by `tf.device`, or an empty string."""
        return str(self.node.device or "")

    def set_shape(self, shape: Any) -> None:
        """Adds what the caller knows of the shape. Raises ValueError if it contradicts what is known."""
        self._shape = self._shape.merge_with(shape)

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(_GRAPH_BOOL)

    def __iter__(self) -> Iterator[Tensor]:
        if self._shape.rank == 0:
            raise TypeError("Cannot iterate over a scalar tensor.")
        if self._shape.rank is None or self._shape[0] is None:
            raise OperatorNotAllowedInGraphError(
                f"Iterating over a symbolic `tf.Tensor` of shape {self._shape} is not allowed: its length is known "
                "only when the graph runs. Let AutoGraph convert the loop, or use tf.map_fn / tf.while_loop."
            )
        return (self[index] for index in range(self._shape[0]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError(
            f"Cannot convert {self!r} to a NumPy array: it is symbolic, its value is known only when the graph runs. "
            "Use tf functions instead of NumPy ones here, or tf.numpy_function."
        )

    def __int__(self) -> int:
        raise TypeError(f"{self!r} is symbolic and has no int value while tracing. Use tf.cast(x, tf.int32).")

    def __float__(self) -> float:
        raise TypeError(f"{self!r} is symbolic and has no float value while tracing. Use tf.cast(x, tf.float32).")

    def __index__(self) -> int:
        raise TypeError(
            f"{self!r} is symbolic and cannot index a Python sequence or drive range() while tracing. Use tf.range, "
            "tf.gather or a tf.TensorArray."
        )

    def __getattr__(self, name: str) -> Any:
        if name in ("numpy", "tolist", "item"):
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}': {self!r} is symbolic. Its value is known "
                "only when the graph runs; return it, or look at it with tf.print or tf.py_function."
            )
        return super().__getattr__(name)

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self._shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        return f'Tensor("{self.name}", shape={self._shape}, dtype={self._dtype.name})'

    def __deepcopy__(self, memo: Any) -> SymbolicTensor:
        return self


# Conversions of other classes: class -> function(value, dtype, name) -> Tensor or NotImplemented.
_CONVERSIONS: dict[type, Callable[..., Any]] = {}
C = TypeVar("C", bound=Callable[..., Any])


def register_tensor_conversion_function(base_type: Any, conversion_func: C, priority: int = 100) -> C:
    """Registers how objects of a class become tensors.

    Args:
        base_type: The class, or a tuple of classes.
        conversion_func: Called with ``(value, dtype=None, name=None, as_ref=False)``; returns a tensor.
        priority: Accepted for compatibility; the most derived class wins.
    """
    for cls in base_type if isinstance(base_type, tuple) else (base_type,):
        _CONVERSIONS[cls] = conversion_func
    return conversion_func


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Tensor:
    """Makes a tensor of a Python value, NumPy array, variable or tensor.

    Python integers become int32 (int64 where they need it), floats float32; NumPy arrays keep their dtype.

    Args:
        value: What to convert.
        dtype: The dtype it must have; None lets the value decide.
        dtype_hint: A dtype to try first, without an error where it does not fit.
        name: A name for the tensor.

    Returns:
        A `Tensor`.

    Raises:
        ValueError: If `value` is a tensor of another dtype, or not rectangular.
        TypeError: If the value has no tensor form of that dtype.

    >>> tf.convert_to_tensor([1, 2.5])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1. , 2.5], dtype=float32)>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype is not wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype {value.dtype.name}: {value!r}. "
                f"Use tf.cast(x, tf.{wanted.name})."
            )
        return value
    for cls in type(value).__mro__:
        if cls in _CONVERSIONS:
            result = _CONVERSIONS[cls](value, dtype=wanted, name=name, as_ref=False)
            if result is not NotImplemented:
                return convert_to_tensor(result, wanted)
    if wanted is None and dtype_hint is not None:
        try:
            return convert_to_tensor(value, dtype_hint)
        except (TypeError, ValueError):
            pass
    if type(value) in (int, float, bool) and context.graph is None and context.device is None:
        return EagerTensor(_scalar(value, type(value).__name__, math.copysign(1, value), wanted))
    if _holds_tensors(value):
        return _PACK[0](value, wanted)
    return from_array(to_numpy(value, wanted), name)


# Set by headwater.ops: stacks a (nested) list that contains tensors.
_PACK: list[Callable[[Any, DType | None], Any]] = []


def set_pack(pack: Callable[[Any, DType | None], Any]) -> None:
    """Registers how a (nested) list that contains tensors becomes one tensor."""
    _PACK[:] = [pack]


@functools.lru_cache(maxsize=4096)
def _scalar(value: Any, kind: str, sign: float, dtype: DType | None) -> Any:
    # Arrays are shared by value, tensors never: tapes and captures know a tensor by its identity.
    return transfer.given(np.array(to_numpy(value, dtype)))


def from_array(array: Any, name: str | None = None) -> Tensor:
    """A constant tensor of a NumPy array: part of the graph being traced, or eager."""
    if context.graph is not None:
        return context.graph.constant(array, name)
    return EagerTensor(to_device(array))


def to_device(array: Any) -> Any:
    """A NumPy array as a JAX array on the current device; arrays of strings stay on the host."""
    return array if array.dtype == object else transfer.put(array, context.device)


def _holds_tensors(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    for item in value:
        if isinstance(item, Tensor) or (type(item) in _CONVERSIONS and type(item) is not np.ndarray):
            return True
        if isinstance(item, list | tuple) and _holds_tensors(item):
            return True
        if type(item) in (int, float, bool, str, bytes):
            return any(isinstance(other, Tensor) or type(other) in _CONVERSIONS for other in value)
    return False


_PYTHON_KINDS = {bool: "b", int: "i", float: "f", complex: "c", str: "S", bytes: "S"}
_KIND_NAMES = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex", "S": "string"}
_ACCEPTS = {"b": "b", "i": "iu", "f": "fiu", "c": "cfiu", "S": "S"}  # dtype kind -> kinds of Python values it takes


def to_numpy(value: Any, dtype: DType | None = None) -> Any:
    """A Python or NumPy value as the NumPy array of a tensor, by TensorFlow's conversion rules."""
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array_interface__"):
        array = np.asarray(value)
        if array.dtype.kind in "SUO":
            return _strings(array, value, dtype)
        found = from_numpy(array.dtype)  # an unknown dtype is an error here
        return array.astype((dtype or found).as_numpy_dtype, copy=False)
    if isinstance(value, jax.Array):
        return value if dtype is None else value.astype(dtype.as_numpy_dtype)
    if dtype is dtypes.string and not isinstance(value, str | bytes | list | tuple):
        raise TypeError(f"Cannot convert {value!r} to a tensor of dtype string. Expected str or bytes.")
    if hasattr(value, "__array__") and not isinstance(value, numbers.Number):
        return to_numpy(np.asarray(value), dtype)
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise _not_rectangular(value) from error
    leaf = _first_leaf(value)
    if array.dtype.kind in "Of" and isinstance(leaf, numbers.Integral):
        array = _integers_beyond(array, value, dtype)
    if array.dtype.kind in "SUO":
        return _strings(array, value, dtype)
    if isinstance(leaf, np.generic | np.ndarray):
        if dtype is not None:
            return array.astype(dtype.as_numpy_dtype)
        # The first number decides, as in TensorFlow, not NumPy's promotion.
        if leaf.size and np.issubdtype(leaf.dtype, np.floating):
            return array.astype(leaf.dtype, copy=False)
    # A list of NumPy integers is a list of integers: int32 where they fit, whatever their width.
    return _python_numbers(array, value, dtype)


def _python_numbers(array: Any, value: Any, dtype: DType | None) -> Any:
    kind = array.dtype.kind
    if dtype is None:
        if array.size == 0 and kind == "f":
            return array.astype(np.float32)
        if kind in "iu":
            return array.astype(_integer_type(array))
        return array.astype({"b": np.bool_, "f": np.float32, "c": np.complex128}[kind])
    if array.size and not (kind == "b" and array.ndim == 0):  # True and False are also the numbers 1 and 0
        wants = "f" if dtype.is_floating else "i" if dtype.is_integer else np.dtype(dtype.as_numpy_dtype).kind
        if kind not in _ACCEPTS.get(wants, ""):
            raise TypeError(
                f"Cannot convert {_shorten(value)} to a tensor of dtype {dtype.name}: expected "
                f"{_KIND_NAMES.get(wants, dtype.name)} values, received {_KIND_NAMES[kind]}. Convert it first, or "
                "use tf.cast."
            )
        low, high = _same_bits(dtype) if dtype.is_integer else (None, None)
        if low is not None and (array.max() > high or array.min() < low):
            raise ValueError(
                f"Cannot convert {_shorten(value)} to a tensor of dtype {dtype.name}: expected values in "
                f"[{dtype.min}, {dtype.max}]. Use a wider dtype."
            )
    return array.astype(dtype.as_numpy_dtype)


def _integers_beyond(array: Any, value: Any, dtype: DType | None) -> Any:
    """The array of numbers that begin with an integer: integers beyond int64, of which NumPy makes floats, exactly."""
    exact = np.asarray(value, object)
    if not all(isinstance(x, numbers.Integral) for x in exact.flat):
        return array
    wanted = np.uint64 if dtype is None or dtype.is_integer else np.float64
    try:
        return np.array([int(x) for x in exact.flat], wanted).reshape(exact.shape)
    except OverflowError as error:
        raise ValueError(
            f"Cannot convert {_shorten(value)} to a tensor of dtype {'uint64' if dtype is None else dtype.name}: an "
            "integer is out of range. Give a floating-point number (1e20) instead."
        ) from error


def _same_bits(dtype: DType) -> tuple[int, int]:
    """The integers that are some value of a dtype if only its bits count: -1 is 255 in uint8, as in TensorFlow."""
    bits = 8 * np.dtype(dtype.as_numpy_dtype).itemsize
    return -(2 ** (bits - 1)), int(dtype.max) if bits > 32 else 2**bits - 1


def _integer_type(array: Any) -> Any:
    """The first of int32, int64 and uint64 that holds these integers."""
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    return next((t for t in (np.int32, np.int64) if np.iinfo(t).min <= low and high <= np.iinfo(t).max), np.uint64)


def _strings(array: Any, value: Any, dtype: DType | None) -> Any:
    if dtype not in (None, dtypes.string):
        raise TypeError(
            f"Cannot convert {_shorten(value)} to a tensor of dtype {dtype.name}: expected numbers. Use "
            "tf.strings.to_number for text."
        )
    result = np.empty(array.shape, dtype=object)
    flat = result.reshape(-1)
    source = np.asarray(value, dtype=object) if array.dtype.kind in "SU" else array
    for index, item in enumerate(source.reshape(-1)):
        if isinstance(item, str):
            flat[index] = item.encode()
        elif isinstance(item, bytes):
            flat[index] = bytes(item)
        elif isinstance(item, list | tuple):
            raise _not_rectangular(value)
        else:
            raise _unsupported(source.reshape(-1))
    return result


def _unsupported(items: Any) -> ValueError:
    """The error for objects that are not all strings."""
    odd = [item for item in items if not isinstance(item, numbers.Number | np.bool_ | str | bytes)]
    expected = "Expected numbers, booleans, strings, NumPy arrays, tensors, or (nested) lists of one kind of them."
    if not odd and items.size > 1:
        kinds = sorted({type(item).__name__ for item in items})
        return ValueError(f"Can't convert Python sequence with mixed types to Tensor: {kinds}. {expected}")
    item = [*odd, *items][0]
    return ValueError(
        f"Attempt to convert a value ({_shorten(item)}) with an unsupported type ({type(item)}) to a Tensor. {expected}"
    )


def _not_rectangular(value: Any) -> ValueError:
    return ValueError(
        f"Can't convert non-rectangular Python sequence to Tensor: {_shorten(value)}. Expected nested lists of equal "
        "lengths. Use tf.ragged.constant for ragged ones."
    )


def _first_leaf(value: Any) -> Any:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return value


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
