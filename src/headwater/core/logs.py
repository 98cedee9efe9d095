"""TensorFlow's logger, and what it is told about devices."""

from __future__ import annotations

import functools
import logging
import weakref
from typing import Any

import jax

from headwater.core.tensor import device_name


@functools.cache
def get_logger() -> logging.Logger:
    """The logger named ``"tensorflow"``, which everything that is logged goes to.

    It writes to ``sys.stderr``, unless the root logger was configured before the first call of this function.

    >>> tf.get_logger().name
    'tensorflow'
    """
    logger = logging.getLogger("tensorflow")
    if not logging.getLogger().handlers and not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logger.addHandler(handler)
    return logger


class _Placement:
    """Whether devices are logged, and the Graphs whose nodes were."""

    def __init__(self) -> None:
        self.is_logged = False
        self._told: weakref.WeakSet[Any] = weakref.WeakSet()
        self._level_before: int | None = None

    def switch(self, on: bool) -> None:
        """Begins or ends logging. A logger whose level nobody has set shows it."""
        logger = get_logger()
        if on and logger.level == logging.NOTSET:
            self._level_before = logger.level
            logger.setLevel(logging.INFO)
        elif not on and self._level_before is not None:
            logger.setLevel(self._level_before)
            self._level_before = None
        self.is_logged = on
        self._told.clear()

    def log(self, name: str, results: Any) -> None:
        """Says on which device an op or an executable gave its results."""
        if self.is_logged:
            get_logger().info("Executing op %s in device %s", name, _device_of(results))

    def log_nodes(self, owner: Any, nodes: Any, results: Any) -> None:
        """The same of the nodes of an executable, the first time it runs.

        Args:
            owner: What the nodes belong to.
            nodes: Graph nodes.
            results: What the executable gave.
        """
        if not self.is_logged or owner in self._told:
            return
        self._told.add(owner)
        device = _device_of(results)
        for node in nodes:
            get_logger().info("%s: (%s): %s", node.name, node.op.name, device)


placement = _Placement()


def _device_of(results: Any) -> str:
    return device_name(next((x for x in jax.tree.leaves(results) if isinstance(x, jax.Array)), None))
