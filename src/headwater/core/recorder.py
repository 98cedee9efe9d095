"""`Recorder`: what sees op calls as they happen. Tapes and accumulators are recorders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.core.context import context
from headwater.core.op import Op
from headwater.core.tensor import SymbolicTensor, Tensor


class Recorder:
    """What sees the op calls of one Graph (or of eager code) while it is active. As it stands, it takes no notice.

    It knows tensors by identity. A tensor may be captured by many Graphs, so what users pass goes through `own`: the
    tensor as the recorder's Graph has it, which is also how the Graph's op calls are recorded.
    """

    def __init__(self) -> None:
        self._graph: Any = context.graph
        self._inner: list[Any] = []  # the Graphs in it that are being traced, and seen

    def record(self, op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], outputs: Sequence[Tensor]) -> None:
        """Called after every op call."""

    def watch_read(self, variable: Any, tensor: Tensor) -> None:
        """Called when a variable is read."""

    def called(self, graph: Any) -> None:
        """Told of each call of a traced function, before it runs."""

    def follows(self, tensor: Tensor) -> bool:
        """Whether results computed from the tensor would be recorded."""
        return False

    def enter(self, graph: Any) -> bool:
        """Asked at the start of the trace of a Graph inside of this one's: whether it goes along."""
        return False

    def leave(self) -> None:
        """Called at the end of a trace that it went along with."""

    def own(self, tensor: Tensor) -> Tensor:
        """The tensor as the recorder's Graph, or one in it that is being traced, has it."""
        graph = self._graph
        if graph is None or (isinstance(tensor, SymbolicTensor) and tensor.graph in (graph, *self._inner)):
            return tensor
        return graph.own(tensor)

    def start(self) -> None:
        """From now on it sees what happens."""
        if context.graph is not self._graph and context.graph not in self._inner:
            self._graph, self._inner = context.graph, []
        context.enter(recorders=(*context.recorders, self))

    def stop(self) -> None:
        """From now on it sees nothing."""
        context.enter(recorders=tuple([r for r in context.recorders if r is not self]))
