"""`Variable`: a tensor that can be assigned to, by eager code and from within graphs."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import transfer
from headwater.core.checks import coordinates, in_range
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.graph import IDENTITY, init_scope, uid, untaped
from headwater.core.op import Op
from headwater.core.runtime import state_lock
from headwater.core.shapes import TensorShape, as_shape
from headwater.core.tensor import (
    EagerTensor,
    Reference,
    SymbolicTensor,
    Tensor,
    array_text,
    convert_to_tensor,
    register_tensor_conversion_function,
)

_assign_add = Op("AssignAdd", lambda value, delta: value + delta, same_dtype=True)
_assign_sub = Op("AssignSub", lambda value, delta: value - delta, same_dtype=True)


def _scatter(how: str) -> Op:
    """Updates rows: ``value[indices[i]]`` by ``updates[i]``."""
    return Op(
        f"Scatter{how.title()}",
        lambda value, indices, updates: getattr(jnp.asarray(value).at[indices], how)(updates),
        same_dtype=(0, 2),
        check=in_range("indices", lambda value, indices, updates: int(value.shape[0])),
    )


def _scatter_nd(how: str) -> Op:
    """Updates elements: ``value[tuple(indices[i])]`` by ``updates[i]``."""

    def kernel(value: Any, indices: Any, updates: Any) -> Any:
        return getattr(jnp.asarray(value).at[tuple(jnp.moveaxis(indices, -1, 0))], how)(updates)

    check = coordinates(lambda value, indices, updates: value.shape, "shape")
    return Op(f"ScatterNd{how.title()}", kernel, same_dtype=(0, 2), check=check)


_HOW = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "min": "min",
    "max": "max",
    "update": "set",
}
_SCATTER = {name: _scatter(how) for name, how in _HOW.items()}
_SCATTER_ND = {name: _scatter_nd(how) for name, how in _HOW.items()}
_GATHER = Op(
    "ResourceGather",
    lambda value, indices: jnp.take(value, indices, axis=0),
    check=in_range("indices", lambda value, indices: int(value.shape[0])),
)
_GATHER_ND = Op(
    "ResourceGatherNd",
    lambda value, indices: value[tuple(jnp.moveaxis(indices, -1, 0))],
    check=coordinates(lambda value, indices: value.shape, "param shape"),
)

# Functions that make variables in place of `Variable`, innermost last (distribution strategies, user scopes).
_creators: list[Callable[..., Any]] = []
_creators_lock = threading.local()

# How a symbolic initial value is computed outside the function that is being traced; set by `function`.
lift_initial_value: list[Callable[[Any], Any]] = []


def creators() -> list[Callable[..., Any]]:
    """The variable creators of this thread, innermost last."""
    if not hasattr(_creators_lock, "stack"):
        _creators_lock.stack = []
    return _creators_lock.stack


@contextlib.contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Variables made in the block go through `variable_creator`.

    Args:
        variable_creator: Called with ``(next_creator, **kwargs)``; returns a variable, usually
            ``next_creator(**kwargs)`` with changed arguments.

    >>> with tf.variable_creator_scope(lambda make, **kwargs: make(**{**kwargs, "trainable": False})):
    ...     v = tf.Variable(1.0)
    >>> v.trainable
    False
    """
    creators().append(variable_creator)
    try:
        yield
    finally:
        creators().remove(variable_creator)


class _VariableMeta(type):
    """Lets scopes (`tf.variable_creator_scope`, strategies) decide what ``tf.Variable(...)`` makes."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        stack = creators()
        if cls is not Variable or not stack:
            return super().__call__(*args, **kwargs)
        if args:
            kwargs = dict(zip(_ARGUMENTS, args, strict=False)) | kwargs
        kwargs = dict.fromkeys(_ARGUMENTS) | {"validate_shape": True} | kwargs
        make: Callable[..., Any] = super().__call__
        for creator in stack:
            make = _with_creator(creator, make)
        return make(**kwargs)


def _with_creator(creator: Callable[..., Any], inner: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **kwargs: creator(inner, **kwargs)


_ARGUMENTS = (
    "initial_value", "trainable", "validate_shape", "caching_device", "name", "variable_def", "dtype", "import_scope",
    "constraint", "synchronization", "aggregation", "shape",
)  # fmt: skip


class Variable(metaclass=_VariableMeta):
    """A tensor whose value can change.

    Args:
        initial_value: A tensor, anything that converts to one, or a function without arguments that gives one.
        trainable: Whether `GradientTape` watches it. Default True.
        validate_shape: False leaves the shape unknown.
        caching_device: Accepted for compatibility.
        name: Its name; ``:0`` is appended as in TensorFlow.
        variable_def: Accepted for compatibility.
        dtype: The dtype the initial value is converted to.
        import_scope: Accepted for compatibility.
        constraint: A function applied by optimizers after each update.
        synchronization: When a distributed copy is read or summed.
        aggregation: How distributed updates are combined.
        shape: A shape less specific than that of the initial value, such as ``[None, 3]``.

    >>> v = tf.Variable(3, name="my_var")
    >>> v
    <tf.Variable 'my_var:0' shape=() dtype=int32, numpy=3>
    >>> v.assign_add(1)
    <tf.Variable 'UnreadVariable' shape=() dtype=int32, numpy=4>
    """

    __array_priority__ = 100

    # How values are cast, for variables that are read in `context.read_dtype` and assigned in any dtype; else None.
    _cast: Callable[[Tensor, DType], Tensor] | None = None

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        experimental_enable_variable_lifting: bool | None = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("The initial_value argument to tf.Variable must be specified and must not be None.")
        graph = context.graph
        if graph is not None and not _may_create(graph):
            raise ValueError(
                "tf.function only supports singleton tf.Variables created on the first call: this function made a "
                "variable again when it was traced a second time. Make the variable outside the function, or only "
                "once (`if self.v is None: self.v = tf.Variable(...)`)."
            )
        scope = context.scope
        with init_scope():
            value = initial_value() if callable(initial_value) else initial_value
            if isinstance(value, SymbolicTensor):
                value = lift_initial_value[0](value)
            tensor = convert_to_tensor(value, None if isinstance(value, Tensor) else dtype)
        if dtype is not None and tensor.dtype is not as_dtype(dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for initial value with dtype "
                f"{tensor.dtype.name}. Use tf.cast."
            )
        base = name or "Variable"
        self._name = (f"{scope}/{base}" if scope else base) + ":0"
        self._graph_name = self._name[:-2]
        self._dtype = tensor.dtype
        self._shape = tensor.shape if validate_shape else TensorShape(None)
        if shape is not None:
            self._shape = as_shape(shape)
            if not self._shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"The initial value's shape {tensor.shape} is not compatible with the explicitly supplied "
                    f"`shape` argument {self._shape}."
                )
        self._trainable = True if trainable is None else bool(trainable)
        self._constraint = constraint
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._uid = uid()
        # The array is copied so that no one else's tensor loses its buffer when an executable takes ours.
        self._tensor = EagerTensor(transfer.copied(tensor._array))
        self._exposed = False
        if graph is not None:
            _note_created(graph, self)

    # The value --------------------------------------------------------------------------------------------------

    def _read(self) -> Tensor:
        """The current value, seen by tapes as a read of this variable."""
        if context.graph is not None:
            return context.graph.read(self)
        with state_lock:
            self._exposed = True
            tensor = EagerTensor(self._tensor._array)  # each read is a tensor of its own
        for recorder in context.recorders:
            recorder.watch_read(self, tensor)
        return tensor

    def _use(self) -> Tensor:
        """The current value in the dtype in which it is used here."""
        tensor = self._read()
        if self._cast is None or context.read_dtype is None:
            return tensor
        return self._cast(tensor, context.read_dtype)

    def _expose(self) -> Any:
        """The current array, which the caller may keep."""
        with state_lock:
            self._exposed = True
            return self._tensor._array

    def _peek(self) -> Any:
        """The current array, for use under `state_lock` only."""
        return self._tensor._array

    def _release(self) -> Any:
        """The current array, for an executable that consumes its buffer. Under `state_lock` only."""
        return _copy(self._tensor._array) if self._exposed else self._tensor._array

    def _put(self, array: Any) -> None:
        """Makes a fresh array, known to no one else, the value."""
        self._tensor = EagerTensor(array)
        self._exposed = False

    def value(self) -> Tensor:
        """The value as a tensor."""
        return self._use() if context.graph is None else IDENTITY(self._use())

    def read_value(self) -> Tensor:
        """The value as a tensor."""
        return self.value()

    def numpy(self) -> Any:
        """The value as a NumPy array."""
        if context.graph is not None:
            raise TypeError(
                f"numpy() of {self._name!r} is not available inside a tf.function, where its value is known only when "
                "the graph runs. Use the variable itself, or tf.py_function."
            )
        return EagerTensor(self._expose()).numpy()

    def eval(self, session: Any = None) -> Any:
        """The value as a NumPy array."""
        return self.numpy()

    def initialized_value(self) -> Tensor:
        """The value as a tensor."""
        return self._read()

    # Assignment -------------------------------------------------------------------------------------------------

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Replaces the value.

        Args:
            value: The new value, of this variable's dtype and a compatible shape.
            use_locking: Accepted for compatibility; assignments are atomic.
            name: Accepted for compatibility.
            read_value: Whether to return the variable (in a graph: its new value) or None.

        Returns:
            The variable, or None.

        Raises:
            ValueError: If the shape does not fit.
            InvalidArgumentError, ValueError: If the dtype does not fit.
        """
        tensor = self._convert(value, "assign")
        if not self._shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Cannot assign value to variable '{self._name}': Shape mismatch. The variable shape {self._shape}, "
                f"and the assigned value shape {tensor.shape} are incompatible."
            )
        return self._store(tensor, read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds `delta` to the value. See `assign`."""
        return self._accumulate(_assign_add, delta, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts `delta` from the value. See `assign`."""
        return self._accumulate(_assign_sub, delta, read_value)

    def _accumulate(self, op: Op, delta: Any, read_value: bool) -> Any:
        tensor = self._convert(delta, op.name)
        if tensor.shape.rank != 0 and not self._shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Cannot {op.name} to variable '{self._name}': the variable's shape {self._shape} and the value's "
                f"shape {tensor.shape} are incompatible."
            )
        with untaped():
            current = context.graph.read(self) if context.graph is not None else self._tensor
            result = op(current, tensor)
        return self._store(result, read_value, fresh=True)

    def _convert(self, value: Any, what: str) -> Tensor:
        tensor = convert_to_tensor(value, None if isinstance(value, Tensor | Variable) else self._dtype)
        if tensor.dtype is not self._dtype and self._cast is not None:
            tensor = self._cast(tensor, self._dtype)
        if tensor.dtype is not self._dtype:
            raise ValueError(
                f"Cannot {what} a value of dtype {tensor.dtype.name} to variable '{self._name}' of dtype "
                f"{self._dtype.name}. Use tf.cast(value, tf.{self._dtype.name})."
            )
        return tensor

    def _store(self, tensor: Tensor, read_value: bool, fresh: bool = False) -> Any:
        if context.graph is not None:
            context.graph.write(self, tensor)
            return _UnreadVariable(self) if read_value else None
        with state_lock:
            self._tensor = EagerTensor(tensor._array)
            self._exposed = not fresh
        return _UnreadVariable(self) if read_value else None

    # Parts --------------------------------------------------------------------------------------------------------

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Adds rows given as `IndexedSlices`; repeated indices add up."""
        return self._update(_SCATTER["add"], sparse_delta.indices, sparse_delta.values)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtracts rows given as `IndexedSlices`."""
        return self._update(_SCATTER["sub"], sparse_delta.indices, sparse_delta.values)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiplies rows by `IndexedSlices`."""
        return self._update(_SCATTER["mul"], sparse_delta.indices, sparse_delta.values)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divides rows by `IndexedSlices`."""
        return self._update(_SCATTER["div"], sparse_delta.indices, sparse_delta.values)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Takes the minimum of rows and `IndexedSlices`."""
        return self._update(_SCATTER["min"], sparse_delta.indices, sparse_delta.values)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Takes the maximum of rows and `IndexedSlices`."""
        return self._update(_SCATTER["max"], sparse_delta.indices, sparse_delta.values)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces rows by `IndexedSlices`."""
        return self._update(_SCATTER["update"], sparse_delta.indices, sparse_delta.values)

    batch_scatter_update = scatter_update

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds `updates` at `indices`, shape ``[n, k]``: each addresses the first k dimensions."""
        return self._update(_SCATTER_ND["add"], indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts `updates` at `indices`. See `scatter_nd_add`."""
        return self._update(_SCATTER_ND["sub"], indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Puts `updates` at `indices`. See `scatter_nd_add`."""
        return self._update(_SCATTER_ND["update"], indices, updates)

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows at `indices`."""
        return _GATHER(self._use(), convert_to_tensor(indices))

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The parts at `indices`, shape ``[..., k]``: each addresses the first k dimensions."""
        return _GATHER_ND(self._use(), convert_to_tensor(indices))

    def _update(self, op: Op, indices: Any, updates: Any) -> Any:
        values = self._convert(updates, op.name)
        with untaped():
            result = op(self._read(), convert_to_tensor(indices), values)
        return self._store(result, True, fresh=True)

    # What it is -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name, ending in ``:0``."""
        return self._name

    @property
    def _shared_name(self) -> str:
        return self._graph_name

    @property
    def dtype(self) -> DType:
        """The dtype of the elements, as they are read here."""
        if self._cast is None or context.read_dtype is None:
            return self._dtype
        return context.read_dtype

    @property
    def shape(self) -> TensorShape:
        """The shape, as declared."""
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    def get_shape(self) -> TensorShape:
        """The shape, as declared."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Makes the declared shape more specific."""
        self._shape = self._shape.merge_with(shape)

    @property
    def trainable(self) -> bool:
        """Whether `GradientTape` watches it by default."""
        return self._trainable

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function optimizers apply after an update, or None."""
        return self._constraint

    @property
    def synchronization(self) -> Any:
        """When a distributed copy is read or summed."""
        return self._synchronization

    @property
    def aggregation(self) -> Any:
        """How distributed updates are combined."""
        return self._aggregation

    @property
    def device(self) -> str:
        """The full name of the device that holds the value."""
        return self._tensor.device

    @property
    def handle(self) -> Variable:
        """The variable itself."""
        return self

    def ref(self) -> Reference:
        """A hashable reference to this object, for use in sets and as a dictionary key."""
        return Reference(self)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Always true: variables are made with their value."""
        return convert_to_tensor(True)

    @property
    def _unique_id(self) -> str:
        return f"_{self._graph_name}_{self._uid}"

    def __hash__(self) -> int:
        raise TypeError("Variable is unhashable. Instead, use variable.ref() as the key.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._read().__array__(dtype, copy)

    def __jax_array__(self) -> Any:
        return self._read()._array

    def __bool__(self) -> bool:
        return bool(self._read())

    def __int__(self) -> int:
        return int(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __complex__(self) -> complex:
        return complex(self.numpy())

    def __index__(self) -> int:
        return self._read().__index__()

    def __iter__(self) -> Any:
        return iter(self._use())

    def __len__(self) -> int:
        return len(self._read())

    def __copy__(self) -> Variable:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = Variable(
            EagerTensor(self._expose()), self._trainable, name=self._graph_name, constraint=self._constraint,
            synchronization=self._synchronization, aggregation=self._aggregation, shape=self._shape,
        )  # fmt: skip
        copied._name, copied._graph_name = self._name, self._graph_name
        copied._cast = self._cast
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.numpy(), self._trainable, self._graph_name, self._shape)

    def _text(self, name: str) -> str:
        head = f"<tf.Variable '{name}' shape={self._shape} dtype={self._dtype.name}"
        if context.graph is not None:
            return head + ">"
        return f"{head}, numpy={array_text(self._expose(), repr)}>"

    def __repr__(self) -> str:
        return self._text(self._name)


class _UnreadVariable(Variable):
    """What `assign` returns: the variable, which in a graph is read when it is used."""

    def __init__(self, variable: Variable) -> None:
        self.__dict__ = variable.__dict__

    def __repr__(self) -> str:
        return self._text("UnreadVariable")


def _copy(array: Any) -> Any:
    return array.copy() if isinstance(array, np.ndarray) else jnp.array(array, copy=True)


def _restore(value: Any, trainable: bool, name: str, shape: Any) -> Variable:
    return Variable(convert_to_tensor(value), trainable, name=name, shape=shape)


def _may_create(graph: Any) -> bool:
    while graph is not None:
        if not graph.may_create_variables:
            return False
        graph = graph.outer
    return True


def _note_created(graph: Any, variable: Variable) -> None:
    while graph.outer is not None:
        graph = graph.outer
    graph.created_variables.append(weakref.ref(variable))


register_tensor_conversion_function(
    Variable,
    lambda value, dtype=None, name=None, as_ref=False: value._use(),
)
