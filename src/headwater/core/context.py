"""What is active on the current thread: the graph being traced, the recorders (tapes), the device, the names.

`Op` consults it at every call; tracing and tapes set it. Nothing here knows either of them.
"""

from __future__ import annotations

import threading
from typing import Any


class Context(threading.local):
    """Per-thread state of the engine.

    Attributes:
        graph: The `Graph` being traced, or None when ops run eagerly.
        recorders: The tapes and accumulators that see every op call of the current graph (or of eager code).
        device: The XLA device that ops are placed on, or None for the default.
        plain: True while none of the above is set: ops then take the shortest path.
        scope: The current name scope, without a trailing slash.
        derivatives: What is being derived of the kernel that is evaluated, the outermost first: "forward" for tangents,
            "reverse" for gradients.
        replica: The replica context of a distribution strategy, or None.
        read_dtype: The dtype in which variables that allow it are read, or None for their own.
        dimensions: What is known of arrays in terms of symbolic dimensions while a Graph is lowered with them, or None.
        checks: What collects the statuses of checks while a Graph is lowered, or None.
    """

    def __init__(self) -> None:
        self.graph: Any = None
        self.recorders: tuple[Any, ...] = ()
        self.device: Any = None
        self.plain = True
        self.scope = ""
        self.derivatives: tuple[str, ...] = ()
        self.replica: Any = None
        self.read_dtype: Any = None
        self.dimensions: Any = None
        self.checks: Any = None

    @property
    def forward_mode(self) -> bool:
        """Whether kernels are being evaluated for tangents, which rules for reverse mode only forbid."""
        return "forward" in self.derivatives

    def enter(self, **changes: Any) -> dict[str, Any]:
        """Sets attributes and returns what `restore` needs to undo it."""
        before = {key: getattr(self, key) for key in changes}
        self.restore(before)
        for key, value in changes.items():
            setattr(self, key, value)
        self._refresh()
        return before

    def restore(self, before: dict[str, Any]) -> None:
        """Undoes an `enter`."""
        for key, value in before.items():
            setattr(self, key, value)
        self._refresh()

    def _refresh(self) -> None:
        self.plain = self.graph is None and not self.recorders and self.device is None


context = Context()
