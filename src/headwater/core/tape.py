"""`GradientTape`: it records op calls, eager or symbolic, and differentiates them.

A tape keeps ``(op, inputs, attributes, outputs)`` of calls that depend on what it watches. A gradient walks the records
backwards and calls each op's gradient op, which is an op call like any other: jitted once when eager, a node when
tracing, and recorded by outer tapes, from which higher orders follow.
"""

from __future__ import annotations

import contextlib
import enum
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import jax.numpy as jnp

from headwater.core import control, nest
from headwater.core.checks import in_range
from headwater.core.graph import CAPTURE
from headwater.core.infer import constant_value, used_inputs
from headwater.core.op import Op, is_differentiable
from headwater.core.recorder import Recorder
from headwater.core.shapes import TensorShape
from headwater.core.spec import IndexedSlices
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable

ONES_LIKE = Op("OnesLike", jnp.ones_like, same_dtype=False, differentiable=False)
ZEROS_LIKE = Op("ZerosLike", jnp.zeros_like, same_dtype=False, differentiable=False)
ADD_N = Op("AddN", lambda *xs: sum(xs[1:], start=xs[0]), same_dtype=True)


def _scatter_rows(values: Any, indices: Any, shape: Any) -> Any:
    return jnp.zeros(tuple(shape), values.dtype).at[indices].add(values)


def _dense_spec(inputs: Any, attrs: Any) -> Any:
    values, _, shape = inputs
    known = constant_value(shape)
    return values.dtype, TensorShape([None, *values.shape[1:]]) if known is None else TensorShape(known.tolist())


SLICES_TO_DENSE = Op(
    "IndexedSlicesToTensor",
    _scatter_rows,
    static=(2,),
    spec=_dense_spec,
    check=in_range("indices", lambda values, indices, shape: int(shape[0])),
)
_JOIN = Op("IndexedSlicesConcat", lambda *xs: jnp.concatenate(xs))


def _stack_identity(y: Any) -> Any:
    size = 1
    for n in y.shape:
        size *= n
    return jnp.eye(size, dtype=y.dtype).reshape((size, *y.shape))


_ROWS = Op("JacobianRows", _stack_identity)
_UNSTACK = Op(
    "JacobianUnstack",
    lambda rows, y: rows.reshape((*y.shape, *rows.shape[1:])),
    spec=lambda inputs, attrs: (inputs[0].dtype, inputs[1].shape.concatenate(inputs[0].shape[1:])),
)
_BATCH_ROWS = Op(
    "BatchJacobianRows",
    lambda y: jnp.moveaxis(jnp.broadcast_to(_stack_identity(y[0])[None], (y.shape[0], y[0].size, *y.shape[1:])), 1, 0),
)
_BATCH_UNSTACK = Op(
    "BatchJacobianUnstack",
    lambda rows, y: jnp.moveaxis(rows, 0, 1).reshape((*y.shape, *rows.shape[2:])),
    spec=lambda inputs, attrs: (inputs[0].dtype, inputs[1].shape.concatenate(inputs[0].shape[2:])),
)


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


# What a tape forgets at the end of the trace of an inner Graph.
_FORGOTTEN = ("_records", "_tracked", "_kept", "_reads", "_used", "_recording")

# Op, inputs, attributes, outputs, and the positions of inputs that count (None: all).
Record = tuple[Op, Sequence[Tensor], dict[str, Any], Sequence[Tensor], Sequence[int] | None]


class GradientTape(Recorder):
    """Records operations for automatic differentiation.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        super().__init__()
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._recording = False
        self._used = False
        self._variables: dict[int, Variable] = {}
        self._outside: list[dict[str, Any]] = []  # what was so before the traces it is in began
        self._clear()

    def _clear(self) -> None:
        self._records: list[Record] = []
        self._tracked: set[int] = set()
        self._kept: list[Tensor] = []
        self._reads: dict[int, dict[int, Tensor]] = {}  # by variable: what it was read as
        self._explicit: set[int] = set()

    # Recording --------------------------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise ValueError("Tape is still recording. This can happen if you try to re-enter an already-active tape.")
        self._recording = True
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._recording:
            self._recording = False
            self.stop()

    def record(self, op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], outputs: Sequence[Tensor]) -> None:
        tracked = self._tracked
        for x in inputs:
            if id(x) in tracked:
                break
        else:
            return
        used: Sequence[int] | None = None
        if op.is_derived or op.connected is not None:
            used = used_inputs(op, inputs, attrs) if op.connected is None else op.connected(inputs, attrs)
            if not any(id(inputs[i]) in tracked for i in used):
                return
        if op.differentiable:
            self._records.append((op, inputs, attrs, outputs, used))
            tracked.update([id(y) for y in outputs if is_differentiable(y.dtype)])

    def watch_read(self, variable: Variable, tensor: Tensor) -> None:
        wanted = (self._watch_accessed and variable.trainable) or variable._uid in self._explicit
        if wanted and is_differentiable(variable.dtype):
            self._watch_variable(variable, tensor)

    def follows(self, tensor: Tensor) -> bool:
        return id(tensor) in self._tracked

    def enter(self, graph: Any) -> bool:
        self._outside.append({key: getattr(self, key) for key in _FORGOTTEN})
        self._records, self._tracked, self._kept = list(self._records), set(self._tracked), list(self._kept)
        self._reads = {uid: dict(tensors) for uid, tensors in self._reads.items()}
        self._inner.append(graph)
        return True

    def leave(self) -> None:
        self._inner.pop()
        vars(self).update(self._outside.pop())

    def _watch_variable(self, variable: Variable, tensor: Tensor) -> None:
        self._variables[variable._uid] = variable
        self._reads.setdefault(variable._uid, {})[id(tensor)] = tensor
        self._tracked.add(id(tensor))

    def _watch_tensor(self, tensor: Tensor) -> None:
        for tracked, kept in [(o["_tracked"], o["_kept"]) for o in self._outside] + [(self._tracked, self._kept)]:
            tracked.add(id(tensor))
            kept.append(tensor)
        for graph in self._inner:  # those that captured it already
            for outer, inner in graph.captured:
                if id(inner) not in self._tracked:
                    self.record(CAPTURE, (outer,), {}, (inner,))

    def watch(self, tensor: Any) -> None:
        """Watches tensors or variables.

        Args:
            tensor: A tensor or variable, or a structure of them. Only floating and complex ones have gradients.
        """
        for x in nest.flatten(tensor, expand_composites=True):
            if not hasattr(x, "dtype") or not isinstance(x, Tensor | Variable):
                raise ValueError(
                    f"Passed in object {x!r} of type {type(x).__name__}, expected a tf.Tensor or tf.Variable."
                )
            if not is_differentiable(x.dtype):
                warnings.warn(
                    f"The dtype of the watched tensor must be floating (e.g. tf.float32), got {x.dtype!r}", stacklevel=2
                )
            elif isinstance(x, Variable):
                self._explicit.add(x._uid)
                self._watch_variable(x, x._read())
            else:
                self._watch_tensor(self.own(x))

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched, in order of first use."""
        return tuple(self._variables.values())

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Operations in the block are not recorded."""
        if not self._recording:
            raise ValueError("The tape is not recording: stop_recording() belongs inside the `with` block of the tape.")
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def reset(self) -> None:
        """Forgets everything recorded and watched so far."""
        self._clear()
        self._variables = {}

    # Differentiation --------------------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of `target` (summed over its elements) with respect to `sources`.

        Args:
            target: A tensor, or a structure of tensors whose gradients are added up.
            sources: Tensors or variables in any structure.
            output_gradients: One gradient per target to start from, of its shape; None means ones.
            unconnected_gradients: ``"none"`` or ``"zero"``: what sources get that the target does not depend on.

        Returns:
            A structure like `sources` of tensors, `IndexedSlices` or None.

        Raises:
            RuntimeError: If the tape is not persistent and was used before.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians). Use "
                "tf.GradientTape(persistent=True)."
            )
        unconnected = UnconnectedGradients(unconnected_gradients)
        self._used = True
        if self._recording and not self._persistent:
            self.__exit__()
        targets = [self._target(x) for x in nest.flatten(target, expand_composites=True) if x is not None]
        given = [None] * len(targets)
        if output_gradients is not None:
            given = [None if g is None else g for g in nest.flatten(output_gradients)]
            if len(given) != len(targets):
                raise ValueError(f"Expected one output gradient per target ({len(targets)}), received {len(given)}.")
        flat = nest.flatten(sources)
        gradients = self._gradients(targets, flat, given, unconnected)
        if not self._persistent:
            self._clear()
        return nest.pack_sequence_as(sources, gradients)

    def _gradients(
        self, targets: Sequence[Tensor], sources: Sequence[Any], given: Sequence[Any], unconnected: UnconnectedGradients
    ) -> list[Any]:
        cotangents: dict[int, Any] = {}
        itself = {id(x) for x in targets}
        for target, gradient in zip(targets, given, strict=True):
            if not is_differentiable(target.dtype):
                warnings.warn(
                    f"The dtype of the target tensor must be floating (e.g. tf.float32) when calling "
                    f"GradientTape.gradient, got {target.dtype!r}",
                    stacklevel=4,
                )
                continue
            start = ONES_LIKE(target) if gradient is None else convert_to_tensor(gradient, target.dtype)
            accumulate(cotangents, target, start)
        source_tensors = [self._tensors_of(source) for source in sources]
        wanted = {id(x) for tensors in source_tensors for x in tensors}
        back_propagate(self._records, cotangents, wanted)
        results: list[Any] = []
        for source, tensors in zip(sources, source_tensors, strict=True):
            reached = [id(x) for x in tensors if id(x) in self._tracked or id(x) in itself]
            parts = [cotangents[key] for key in reached if key in cotangents]
            if parts:
                results.append(parts[0] if len(parts) == 1 else _sum(parts))
            elif unconnected is UnconnectedGradients.ZERO:
                results.append(ZEROS_LIKE(convert_to_tensor(source)))
            else:
                results.append(None)
        return results

    def _target(self, target: Any) -> Tensor:
        tensor = self.own(convert_to_tensor(target))
        if isinstance(target, Variable):
            self._reads.setdefault(target._uid, {})[id(tensor)] = tensor
        return tensor

    def _tensors_of(self, source: Any) -> list[Tensor]:
        if isinstance(source, Variable):
            return list(self._reads.get(source._uid, {}).values())
        if not isinstance(source, Tensor):
            source_type = type(source).__name__
            raise TypeError(f"Expected tensors or variables as sources, received {source!r} of type {source_type}.")
        return [self.own(source)]

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of each element of `target` with respect to each element of `sources`.

        Args:
            target: A tensor.
            sources: Tensors or variables in any structure.
            unconnected_gradients: See `gradient`.
            parallel_iterations: Accepted for compatibility.
            experimental_use_pfor: Accepted for compatibility; rows are always computed at once.

        Returns:
            A structure like `sources` of tensors of shape ``target.shape + source.shape``, or None.
        """
        return self._rows(target, sources, UnconnectedGradients(unconnected_gradients), _ROWS, _UNSTACK)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Tensor,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The per-example jacobian, where example i of `target` depends only on example i of `source`.

        Args:
            target: A tensor of shape ``[b, ...]``.
            source: A tensor of shape ``[b, ...]``.
            unconnected_gradients: See `gradient`.
            parallel_iterations: Accepted for compatibility.
            experimental_use_pfor: Accepted for compatibility.

        Returns:
            A tensor of shape ``[b] + target.shape[1:] + source.shape[1:]``, or None.
        """
        a, b = target.shape, source.shape
        if a.rank is None or b.rank is None or a.rank < 2 or b.rank < 2:
            raise ValueError(f"batch_jacobian needs target and source of rank 2 or more, received shapes {a} and {b}.")
        if a[0] is not None and b[0] is not None and a[0] != b[0]:
            raise ValueError(f"Need first dimension of target shape ({a}) and source shape ({b}) to match.")
        unconnected = UnconnectedGradients(unconnected_gradients)
        return self._rows(target, source, unconnected, _BATCH_ROWS, _BATCH_UNSTACK)

    def _rows(self, target: Tensor, sources: Any, unconnected: UnconnectedGradients, rows: Op, unstack: Op) -> Any:
        if self._used and not self._persistent:
            raise RuntimeError("A non-persistent GradientTape can only be used to compute one set of jacobians.")
        self._used = True
        if self._recording and not self._persistent:
            self.__exit__()
        flat = nest.flatten(sources)
        target = self._target(target)

        def row(cotangent: Tensor) -> list[Any]:
            found = self._gradients([target], flat, [cotangent], unconnected)
            return [None if g is None else dense(g) for g in found]

        results = [None if g is None else unstack(g, target) for g in control.vectorized_map(row, rows(target))]
        if not self._persistent:
            self._clear()
        return nest.pack_sequence_as(sources, results)


def accumulate(cotangents: dict[int, Any], tensor: Tensor, gradient: Any) -> None:
    """Adds `gradient` to what is known for `tensor`."""
    before = cotangents.get(id(tensor))
    cotangents[id(tensor)] = gradient if before is None else _sum([before, gradient])


def back_propagate(records: Sequence[Record], cotangents: dict[int, Any], wanted: set[int]) -> None:
    """Pulls `cotangents` (by id of tensor) back through `records` as far as the tensors `wanted` need."""
    needed = set(wanted)
    chosen = []
    for record in records:
        inputs, used = record[1], record[4]
        candidates = range(len(inputs)) if used is None else used
        positions = tuple([i for i in candidates if id(inputs[i]) in needed and is_differentiable(inputs[i].dtype)])
        if positions:
            chosen.append((record, positions))
            needed.update([id(y) for y in record[3]])
    for (op, inputs, attrs, outputs, _), positions in reversed(chosen):
        found = [cotangents.get(id(y)) for y in outputs]
        if all(g is None for g in found):
            continue
        for position, gradient in zip(positions, _pull(op, inputs, attrs, outputs, found, positions), strict=True):
            if gradient is not None:
                accumulate(cotangents, inputs[position], gradient)


def _pull(
    op: Op, inputs: Any, attrs: dict[str, Any], outputs: Any, found: Sequence[Any], positions: tuple[int, ...]
) -> Sequence[Any]:
    if op.gradient is not None:
        gradients = op.gradient(inputs, outputs, found, attrs)
        if gradients is not NotImplemented:
            return [gradients[i] for i in positions]
    smooth = [g for y, g in zip(outputs, found, strict=True) if is_differentiable(y.dtype)]
    return op.pull_back(inputs, attrs, positions, [None if g is None else dense(g) for g in smooth])


def dense(gradient: Any) -> Tensor:
    """An `IndexedSlices` as a tensor; a tensor as it is."""
    if not isinstance(gradient, IndexedSlices):
        return gradient
    if gradient.dense_shape is None:
        raise ValueError("IndexedSlices without dense_shape cannot become a tensor. Give it the shape of the whole.")
    return SLICES_TO_DENSE(gradient.values, gradient.indices, gradient.dense_shape)


def _sum(gradients: Sequence[Any]) -> Any:
    if all(isinstance(g, IndexedSlices) for g in gradients):
        values = _JOIN(*[g.values for g in gradients])
        indices = _JOIN(*[g.indices for g in gradients])
        return IndexedSlices(values, indices, gradients[0].dense_shape)
    return ADD_N(*[dense(g) for g in gradients])
