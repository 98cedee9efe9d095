"""Arguments that must be floating-point (or complex) tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core.context import context
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import Op
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor


def floating(value: Any, what: str, *, complex_too: bool = False, hint: Any = None) -> Tensor:
    """`value` as a tensor of a floating dtype.

    Args:
        value: The argument.
        what: How errors call the function.
        complex_too: Whether complex dtypes are fine.
        hint: The dtype Python values take where they can.

    Raises:
        TypeError, InvalidArgumentError: For another dtype; the former while tracing, as in TensorFlow.
    """
    tensor = value if type(value) is EagerTensor else convert_to_tensor(value, dtype_hint=hint)
    if tensor.dtype.is_floating or (complex_too and tensor.dtype.is_complex):
        return tensor
    text = (
        f"{what}: expected a floating-point tensor, received dtype {tensor.dtype.name} with shape {tensor.shape}. "
        "Use tf.cast(x, tf.float32)."
    )
    raise TypeError(text) if context.graph is not None else InvalidArgumentError(None, None, text)


def floating_unary(op: Op, argument: str, module: str, doc: str, *, complex_too: bool = False) -> Callable[..., Any]:
    """A public ``f(features, name=None)`` that calls `op` on a floating tensor.

    Args:
        op: The op.
        argument: TensorFlow's name of the argument: ``"features"`` or ``"x"``.
        module: The module that the function is part of.
        doc: The docstring.
        complex_too: Whether complex dtypes are fine.
    """

    def by_features(features: Any, name: str | None = None) -> Any:
        return op(floating(features, op.name, complex_too=complex_too), name=name)

    def by_x(x: Any, name: str | None = None) -> Any:
        return op(floating(x, op.name, complex_too=complex_too), name=name)

    function = by_x if argument == "x" else by_features
    function.__doc__ = doc
    function.__module__ = module
    function.__name__ = function.__qualname__ = op.name.lower()
    return function
