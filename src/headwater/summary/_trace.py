"""`tf.summary.trace_on`, `trace_export` and `trace_off`: the graphs of the functions called in between."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from headwater.core.graph import Graph
from headwater.core.recorder import Recorder
from headwater.summary import _writer

# Where the GraphDef of a Graph is made; a room above this one, so it is looked up when it is needed.
_EVENTS = "headwater.export.events"


class _Calls(Recorder):
    """Follows no tensor, but keeps the Graphs of the functions that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.graphs: list[Graph] = []

    def called(self, graph: Graph) -> None:
        if graph not in self.graphs:
            self.graphs.append(graph)


class _Active(threading.local):
    calls: _Calls | None = None


_active = _Active()


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: str | None = None) -> None:
    """Starts keeping the graphs of the `tf.function`s that this thread calls.

    Args:
        graph: Whether graphs are kept.
        profiler: Accepted for compatibility.
        profiler_outdir: Accepted for compatibility.
    """
    trace_off()
    if graph:
        _active.calls = _Calls()
        _active.calls.start()


def trace_off() -> None:
    """Stops keeping graphs, and forgets those kept."""
    calls, _active.calls = _active.calls, None
    if calls is not None:
        calls.stop()


def trace_export(name: str, step: Any = None, profiler_outdir: str | None = None) -> None:
    """Writes the graphs kept since `trace_on` for TensorBoard's graph tab, and stops keeping.

    Args:
        name: The tag under which TensorBoard lists them.
        step: The step; by default that of `tf.summary.experimental.set_step`.
        profiler_outdir: Accepted for compatibility.

    Raises:
        ValueError: If `trace_on` was not called, or there is no step.
    """
    calls = _active.calls
    if calls is None:
        raise ValueError("Must enable trace before export: call tf.summary.trace_on(graph=True) first.")
    step = _writer.get_step() if step is None else step
    if step is None:
        raise ValueError("No step set. Pass step=, or use tf.summary.experimental.set_step().")
    trace_off()
    writer = _writer.defaults.writer
    if writer is not None and writer.writes and calls.graphs:
        writer.add(importlib.import_module(_EVENTS).tagged_event(name, calls.graphs, int(step)))
