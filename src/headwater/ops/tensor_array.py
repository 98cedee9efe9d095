"""`tf.TensorArray`: a list of tensors of one dtype that loops can write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.autograph.values import StagedList, blank_like, bound_of, stays_below
from headwater.core.checks import Check, Verdict, element, first, outside
from headwater.core.context import context
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError, OutOfRangeError
from headwater.core.infer import constant_value
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape, as_shape
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import array
from headwater.ops._inputs import dimensions
from headwater.ops.array import cast

ROOT_NAMES = ("TensorArray",)
__all__ = ["TensorArray"]

# A graph holds the elements as one buffer; its rows past the size are zeros.
_RESERVE = Op(
    "TensorArrayReserve",
    lambda size, element: jnp.zeros((*dimensions(size), *element.shape), element.dtype),
    static=(0,),
    same_dtype=False,
    differentiable=False,
)


def _no_element(text: str) -> Check:
    """The check that positions are those of elements of the buffer."""

    def find(buffer: Any, index: Any, *value: Any, there: bool = False) -> Verdict:
        if there:
            return None
        bad, place = first(outside(index, 0, buffer.shape[0]))
        return bad, (element(index, place),), (buffer.shape[0],)

    return Check(find, lambda found, known, attrs: text.format(found[0], known[0]))


@op(
    "TensorArrayWrite",
    same_dtype=(0, 2),
    check=_no_element("Trying to modify element {} in a list with {} elements."),
)
def _WRITE(buffer: Any, index: Any, value: Any, *, there: bool = False) -> Any:
    """`there` says that the element is known to exist."""
    inside = (index >= 0) & (index < buffer.shape[0])
    if buffer.shape[0] == 0:
        return buffer
    before = lax.stop_gradient(lax.dynamic_index_in_dim(buffer, index, 0, keepdims=False))
    value = jnp.where(inside, jnp.broadcast_to(value, before.shape), before)
    return lax.dynamic_update_index_in_dim(buffer, value, index, 0)


@op("TensorArrayRead", check=_no_element("Trying to access element {} in a list with {} elements."))
def _READ(buffer: Any, index: Any, *, there: bool = False) -> Any:
    if buffer.shape[0] == 0:
        return jnp.zeros(buffer.shape[1:], buffer.dtype)
    return lax.dynamic_index_in_dim(buffer, index, 0, keepdims=False)


# An element as an example of its shape, though there may be none.
_ANY = Op("TensorArrayAny", _READ.kernel)


@op("TensorArrayGrow", static=(1,))
def _GROW(buffer: Any, least: Any) -> Any:
    """The buffer with room for `least` elements, at least doubled if it must grow."""
    room = buffer.shape[0]
    extra = max(int(least), 2 * room) - room if int(least) > room else 0
    return jnp.pad(buffer, [(0, extra)] + [(0, 0)] * (buffer.ndim - 1))


_TRIM = Op("TensorArrayTrim", lambda buffer, size: buffer[: int(size)], static=(1,))
_GATHER = Op(
    "TensorArrayGather",
    lambda buffer, indices: jnp.take(buffer, indices, axis=0, mode="clip"),
    check=_no_element("Index {} out of range; list only has {} elements."),
)
_SCATTER = Op(
    "TensorArrayScatter",
    lambda buffer, indices, value: jnp.asarray(buffer).at[indices].set(value, mode="drop"),
    same_dtype=(0, 2),
    check=_no_element("Trying to scatter at index {} in a list with {} elements."),
)
_ROWS = Op("TensorArrayConcat", lambda buffer: buffer.reshape((buffer.shape[0] * buffer.shape[1], *buffer.shape[2:])))
_LARGER = Op("TensorArraySize", lambda size, least: jnp.maximum(size, least), differentiable=False)


class TensorArray(StagedList):
    """A list of tensors of one dtype, written and read by position; each write gives the new list.

    Args:
        dtype: The dtype of the elements.
        size: How many elements there are, an integer or a scalar tensor.
        dynamic_size: Whether writing past the end makes the list longer.
        clear_after_read: Whether an element can be read only once (None means True; graphs do not check).
        tensor_array_name: Accepted for compatibility.
        handle: Accepted for compatibility.
        flow: Accepted for compatibility.
        infer_shape: Whether all elements must have one shape.
        element_shape: The shape of the elements, as far as it is known.
        colocate_with_first_write_call: Accepted for compatibility.
        name: Accepted for compatibility.

    >>> ta = tf.TensorArray(tf.float32, size=2)
    >>> ta = ta.write(0, 1.0).write(1, 2.0)
    >>> ta.stack()
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        self._dtype = as_dtype(dtype)
        self._dynamic = bool(dynamic_size)
        if size is None:
            raise ValueError("Size must be declared for TensorArrays: tf.TensorArray(dtype, size=...).")
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._infer = bool(infer_shape)
        self._element_shape = as_shape(element_shape) if element_shape is not None else TensorShape(None)
        # Eager: the elements, or None where there is none yet, and the positions that were read (and cleared).
        self._items: list[Any] | None = None
        self._cleared: set[int] = set()
        # In a graph: the size, the buffer (None until the shape of the elements is known), and bounds of loops that
        # the buffer has room for.
        self._size: Any = None
        self._buffer: Tensor | None = None
        self._rooms: tuple[Any, ...] = ()
        self._filled: Any = None
        if context.graph is None:
            self._items = [None] * int(size)
        else:
            value = constant_value(convert_to_tensor(size)) if isinstance(size, Tensor | Variable) else size
            self._size = convert_to_tensor(size, dtypes.int32) if value is None else int(value)

    # What it is -------------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The dtype of the elements."""
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        """Whether writing past the end makes the list longer."""
        return self._dynamic

    @property
    def element_shape(self) -> TensorShape:
        """The shape of the elements, as far as it is known."""
        return self._element_shape

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, as an int32 scalar."""
        if self._items is not None:
            return convert_to_tensor(np.int32(len(self._items)))
        return self._size_tensor()

    def _size_tensor(self) -> Tensor:
        return convert_to_tensor(np.int32(self._size)) if isinstance(self._size, int) else self._size

    def identity(self) -> TensorArray:
        """The same list."""
        return self._copy()

    def close(self, name: str | None = None) -> None:
        """Does nothing: memory is freed with the last reference."""

    def _copy(self, **changes: Any) -> TensorArray:
        new = object.__new__(TensorArray)
        new.__dict__.update(self.__dict__)
        new._filled = None
        new.__dict__.update(changes)
        return new

    # As a part of structures ------------------------------------------------------------------------------------

    def _components(self) -> tuple[Any, ...]:
        if self._items is not None and context.graph is not None:
            return self._in_graph()._components()
        if self._items is not None:
            return (self.size(),) if self._no_shape() else (self.stack(), self.size())
        return (self._size_tensor(),) if self._buffer is None else (self._buffer, self._size_tensor())

    def _no_shape(self) -> bool:
        return not self._element_shape.is_fully_defined()

    def _with_components(self, components: tuple[Any, ...]) -> TensorArray:
        size = components[-1]
        buffer = components[0] if len(components) == 2 else None
        if isinstance(size, EagerTensor):
            items = [None] * int(size) if buffer is None else [buffer[i] for i in range(int(size))]
            return self._copy(_items=items, _cleared=set(), _buffer=None, _size=None)
        fixed = self._size if isinstance(self._size, int) and not self._dynamic else None
        if fixed is None and self._items is not None and not self._dynamic:
            fixed = len(self._items)
        element = self._element_shape
        if isinstance(buffer, SymbolicTensor):
            element = buffer.shape[1:] if buffer.shape.rank is not None else element
        return self._copy(_items=None, _buffer=buffer, _size=size if fixed is None else fixed, _element_shape=element)

    # What branches and loops need (see core.autograph) ----------------------------------------------------------

    @property
    def _unclear(self) -> bool:  # type: ignore[override]
        """Whether only the first write tells the shape of the elements."""
        if self._items is not None:
            return self._no_shape()
        return self._buffer is None

    def _element_tensor(self) -> Tensor | None:
        return None if self._buffer is None else _ANY(self._buffer, convert_to_tensor(np.int32(0)))

    def _with_elements_like(self, element: Tensor) -> TensorArray:
        return self._in_graph()._reserved(element)

    def _like_other(self, other: Any) -> TensorArray:
        """This list with a buffer, and room, like another's of the same variable in another branch."""
        if not isinstance(other, TensorArray):
            return self
        mine, theirs = self._in_graph(), other._in_graph() if other._items is not None else other
        if mine._buffer is None and theirs._buffer is not None:
            blank = blank_like(theirs._buffer, theirs._buffer.graph)
            mine = mine._copy(_buffer=blank, _element_shape=theirs._element_shape)
        if mine._buffer is not None and theirs._buffer is not None:
            here, there = mine._buffer.shape[0], theirs._buffer.shape[0]
            if here is not None and there is not None and here < there:
                mine = mine._copy(_buffer=_pad(mine._buffer, there - here))
        return mine

    def _before_loop(self, bound: Tensor | None) -> TensorArray:
        """This list with room for writes at positions below `bound`."""
        new = self._in_graph()
        if not new._dynamic or bound is None:
            return new
        if new._buffer is not None:
            new._buffer = _grow(new._buffer, bound)
        return new._copy(_rooms=(*new._rooms, bound))

    def _grew(self, before: TensorArray) -> bool:
        """Whether the buffer has not the length it had."""
        mine, theirs = self._buffer, before._buffer
        return mine is not None and theirs is not None and mine.shape[0] != theirs.shape[0]

    def _any_length(self) -> list[Any]:
        """The shapes of the components of a list that may grow."""
        assert self._buffer is not None
        return [TensorShape([None, *self._buffer.shape[1:]]), TensorShape([])]

    def _after_full_loop(self, before: TensorArray, bound: Tensor) -> TensorArray:
        """This list after a loop whose every iteration wrote the element at its counter."""
        return self._copy(_size=_larger(before._size, bound))

    # Graphs -----------------------------------------------------------------------------------------------------

    def _in_graph(self) -> TensorArray:
        """The list as a graph holds it."""
        if self._items is None:
            new = self._copy()
            if new._buffer is None and new._element_shape.is_fully_defined():
                shape = new._element_shape.as_list()
                return new._reserved(array.zeros(shape, self._dtype))
            return new
        known = any(x is not None for x in self._items) or self._element_shape.is_fully_defined()
        buffer = (
            convert_to_tensor(array.stack([self._item(i) for i in range(len(self._items))]))
            if self._items and known
            else None
        )
        return self._copy(_items=None, _size=len(self._items), _buffer=buffer)._in_graph()

    def _reserved(self, element: Tensor) -> TensorArray:
        room: Any = self._size_tensor()
        for bound in self._rooms:
            room = _larger_tensor(room, bound)
        buffer = _RESERVE(room, element)
        return self._copy(_buffer=buffer, _element_shape=self._element_shape.merge_with(element.shape))

    def _buffer_or_error(self) -> Tensor:
        if self._buffer is None:
            raise ValueError(
                "The TensorArray has no elements yet, and the shape of its elements is not known. Write an element "
                "first, or give element_shape."
            )
        return self._buffer

    def _checked(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value, dtype_hint=self._dtype)
        if tensor.dtype is not self._dtype:
            text = f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype {tensor.dtype.name}"
            raise InvalidArgumentError(None, None, text + ". Use tf.cast.")
        return tensor

    def _merged(self, shape: TensorShape) -> TensorShape:
        if not self._infer:
            return self._element_shape
        if not self._element_shape.is_compatible_with(shape):
            raise ValueError(f"Incompatible shape for value ({shape}), expected ({self._element_shape})")
        return self._element_shape.merge_with(shape)

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Sets one element.

        Args:
            index: The position, an integer scalar.
            value: The element.
            name: Accepted for compatibility.

        Returns:
            The list with the element set. Use it in place of the one before.

        Raises:
            OutOfRangeError: If the position is past the end of a list of fixed size.
        """
        tensor = self._checked(value)
        if context.graph is not None:
            return self._write_in_graph(convert_to_tensor(index), tensor)
        assert self._items is not None
        position = int(index)
        self._element_shape = self._merged(tensor.shape)
        if position >= len(self._items):
            if not self._dynamic:
                raise OutOfRangeError(
                    None, None,
                    f"Tried to write to index {position} but array is not resizeable and size is: {len(self._items)}",
                )  # fmt: skip
            self._items.extend([None] * (position + 1 - len(self._items)))
        if position < 0:
            raise OutOfRangeError(None, None, f"Reading from negative indices (index {position}) is not allowed.")
        self._items[position] = tensor
        self._cleared.discard(position)
        return self

    def _write_in_graph(self, index: Tensor, value: Tensor) -> TensorArray:
        new = self._in_graph()
        shape = new._merged(value.shape)
        if new._buffer is None:
            new = new._reserved(value)
        buffer, size = new._buffer_or_error(), new._size
        known = constant_value(index)
        filled = None
        if new._dynamic:
            end = convert_to_tensor(np.int32(int(known) + 1)) if known is not None else cast(index, dtypes.int32) + 1
            bound = bound_of(index)
            if bound is None or not any(r is bound for r in new._rooms):
                buffer = _grow(buffer, end)
            elif context.graph is index.graph:
                filled = index
            size = _larger(size, end)
        elif known is not None and isinstance(size, int) and not 0 <= int(known) < size and _runs(size):
            raise OutOfRangeError(
                None, None, f"Tried to write to index {int(known)} but array is not resizeable and size is: {size}"
            )
        there = new._dynamic or stays_below(index, buffer.shape[0])
        written = _WRITE(buffer, index, value, there=there)
        return new._copy(_buffer=written, _size=size, _element_shape=shape, _filled=filled)

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at a position.

        Raises:
            OutOfRangeError: If the position is past the end.
            InvalidArgumentError: If the element was read before and `clear_after_read` is set.
        """
        if context.graph is not None:
            new = self._in_graph()
            tensor = convert_to_tensor(index)
            known = constant_value(tensor)
            if known is not None and isinstance(new._size, int) and not new._dynamic and _runs(new._size):
                _check_read(int(known), new._size)
            buffer = new._buffer_or_error()
            return _READ(buffer, tensor, there=stays_below(tensor, buffer.shape[0]))
        assert self._items is not None
        position = int(index)
        _check_read(position, len(self._items))
        if position in self._cleared:
            raise InvalidArgumentError(
                None, None,
                f"Could not read index {position} twice because it was cleared after a previous read (perhaps try "
                "setting clear_after_read = false?)",
            )  # fmt: skip
        found = self._item(position)
        if self._clear:
            self._items[position] = None
            self._cleared.add(position)
        return found

    def _item(self, position: int) -> Tensor:
        assert self._items is not None
        found = self._items[position]
        if found is None:
            if not self._element_shape.is_fully_defined():
                raise ValueError(
                    f"Element {position} of the TensorArray was not written, and the shape of its elements is "
                    f"{self._element_shape}. Write it first, or give element_shape."
                )
            found = array.zeros(self._element_shape.as_list(), self._dtype)
        return found

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor, along a new first axis."""
        if context.graph is None:
            return self._stacked()
        new = self._in_graph()
        buffer, size = new._buffer_or_error(), new._size
        if not new._dynamic or (isinstance(size, int) and buffer.shape[0] == size):
            return buffer
        return _TRIM(buffer, new._size_tensor())

    def _stacked(self) -> Tensor:
        assert self._items is not None
        if not self._items:
            known = self._element_shape.is_fully_defined()
            return array.zeros([0, *(self._element_shape if known else ())], self._dtype)
        result = array.stack([self._item(i) for i in range(len(self._items))])
        if self._clear:
            self._cleared.update(range(len(self._items)))
            self._items = [None] * len(self._items)
        return result

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices` (a vector), as one tensor along a new first axis."""
        if context.graph is None:
            positions = np.asarray(indices).reshape(-1)
            return array.stack([self.read(int(i)) for i in positions])
        new = self._in_graph()
        return _GATHER(new._buffer_or_error(), convert_to_tensor(indices, dtype_hint=dtypes.int32))

    def concat(self, name: str | None = None) -> Tensor:
        """The elements joined along their first axis."""
        if context.graph is None:
            assert self._items is not None
            from_items = [self.read(i) for i in range(len(self._items))]
            return _JOIN(*from_items)
        return _ROWS(self.stack())

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The list of the slices of `value` along its first axis."""
        tensor = self._checked(value)
        if context.graph is not None:
            return self._replaced(tensor)
        assert self._items is not None
        count = len(tensor)
        if count > len(self._items) and not self._dynamic:
            raise ValueError(f"Cannot unstack {count} tensors into a TensorArray of static size {len(self._items)}")
        self._element_shape = self._merged(tensor.shape[1:])
        self._items = [tensor[i] for i in range(count)] + self._items[count:]
        self._cleared.clear()
        return self

    def _replaced(self, buffer: Tensor) -> TensorArray:
        shape = self._merged(buffer.shape[1:] if buffer.shape.rank is not None else TensorShape(None))
        size: Any = buffer.shape[0] if buffer.shape.rank is not None else None
        if size is None:
            size = array.shape(buffer)[0]
        return self._copy(_items=None, _buffer=buffer, _size=size, _element_shape=shape, _rooms=())

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Sets the elements at `indices` to the slices of `value` along its first axis."""
        tensor = self._checked(value)
        if context.graph is None:
            result = self
            for row, position in enumerate(np.asarray(indices).reshape(-1)):
                result = result.write(int(position), tensor[row])
            return result
        positions = convert_to_tensor(indices, dtype_hint=dtypes.int32)
        new = self._in_graph()
        shape = new._merged(tensor.shape[1:])
        if new._buffer is None:
            new = new._reserved(tensor[0])
        buffer, size = new._buffer_or_error(), new._size
        if new._dynamic:
            known = constant_value(positions)
            end = convert_to_tensor(np.int32(known.max() + 1)) if known is not None else _MAX(positions) + 1
            buffer, size = _grow(buffer, end), _larger(size, end)
        return new._copy(_buffer=_SCATTER(buffer, positions, tensor), _size=size, _element_shape=shape)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The list of consecutive pieces of `value`, of the given lengths, along its first axis.

        Raises:
            ValueError: In a graph, if the lengths are not known while tracing, or differ.
        """
        tensor = self._checked(value)
        known = constant_value(convert_to_tensor(lengths, dtype_hint=dtypes.int32))
        if known is None or (context.graph is not None and len(set(known.tolist())) > 1):
            raise ValueError("In a graph, TensorArray.split needs lengths that are known while tracing, and all equal.")
        ends = np.cumsum(known)
        pieces = [tensor[int(end - size) : int(end)] for end, size in zip(ends, known, strict=True)]
        if context.graph is not None:
            return self._replaced(array.stack(pieces))
        result = self
        for position, piece in enumerate(pieces):
            result = result.write(position, piece)
        return result


_JOIN = Op("TensorArrayJoin", lambda *xs: jnp.concatenate(xs), same_dtype=True)
_MAX = Op("TensorArrayLast", lambda indices: jnp.max(indices).astype(np.int32), differentiable=False)


def _runs(size: int) -> bool:
    """Whether what is being traced need run at all: the body of a loop over no elements does not."""
    return size > 0 or context.graph is None or context.graph.outer is None


def _check_read(position: int, size: int) -> None:
    if not 0 <= position < size:
        raise OutOfRangeError(None, None, f"Tried to read from index {position} but array size is: {size}")


def _pad(buffer: Tensor, extra: int) -> Tensor:
    return _GROW(buffer, convert_to_tensor(np.int32((buffer.shape[0] or 0) + extra)))


def _grow(buffer: Tensor, least: Any) -> Tensor:
    """The buffer with room for `least` elements; the same buffer where it is known to have it."""
    known = constant_value(least)
    room = buffer.shape[0]
    if known is not None and room is not None and int(known) <= room:
        return buffer
    return _GROW(buffer, cast(least, dtypes.int32))


def _larger(size: Any, least: Any) -> Any:
    known = constant_value(least)
    if isinstance(size, int) and known is not None:
        return max(size, int(known))
    return _larger_tensor(size, least)


def _larger_tensor(size: Any, least: Any) -> Tensor:
    size = convert_to_tensor(np.int32(size)) if isinstance(size, int) else size
    if constant_value(size) == 0 and constant_value(least) is None:
        least = cast(least, dtypes.int32)
    return _LARGER(size, cast(least, dtypes.int32))
