"""`tf.train`: the messages that hold examples."""

from __future__ import annotations

from typing import Any

from headwater.ops._example_protos import NAMES, messages

__all__ = list(NAMES)


def __getattr__(name: str) -> Any:
    if name in NAMES:
        return messages()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *NAMES})
