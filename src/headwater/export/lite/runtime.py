"""The one place that imports LiteRT: its schema's object classes and its interpreter (extra ``[lite]``)."""

from __future__ import annotations

from typing import Any

_HINT = (
    "Writing and running .tflite models needs LiteRT, which is not installed. Install it with: "
    "pip install 'headwater[lite]'"
)


def schema() -> Any:
    """The module with the classes of the .tflite schema (``ModelT``, ``OperatorT`` ...)."""
    try:
        from ai_edge_litert import schema_py_generated  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise ImportError(_HINT) from error
    return schema_py_generated


def interpreter() -> Any:
    """The module with LiteRT's ``Interpreter``."""
    try:
        from ai_edge_litert import interpreter as module  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise ImportError(_HINT) from error
    return module


def builder() -> Any:
    """The module `flatbuffers`, which LiteRT brings."""
    try:
        import flatbuffers  # type: ignore[import-untyped]  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise ImportError(_HINT) from error
    return flatbuffers
