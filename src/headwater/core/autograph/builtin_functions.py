"""Python's built-in functions as converted code calls them: on tensors they give tensors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from headwater.core import dtypes
from headwater.core.autograph.values import FUNCTIONS, is_staged
from headwater.core.tensor import convert_to_tensor


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], scope: Any) -> Any:
    """Calls a built-in function, or a class.

    Args:
        function: The function or class.
        args: The positional arguments.
        kwargs: The keyword arguments.
        scope: The scope of the calling function, for functions that look at their caller.
    """
    try:
        of_tensors, of_caller = _OF_TENSORS.get(function), _OF_CALLER.get(function)
    except TypeError:  # not hashable
        return function(*args, **kwargs)
    if of_tensors is not None and any(is_staged(x) for x in args):
        return of_tensors(*args, **kwargs)
    if of_caller is not None and scope is not None:
        return of_caller(scope, *args)
    return function(*args, **kwargs)


def _len(value: Any) -> Any:
    tensor = convert_to_tensor(value)
    if tensor.shape.rank == 0:
        raise ValueError("len requires a tensor of rank 1 or more, received a scalar.")
    if tensor.shape.rank is not None and tensor.shape[0] is not None:
        return tensor.shape[0]
    return FUNCTIONS["shape"](tensor)[0]


def _cast(dtype: Any) -> Callable[..., Any]:
    return lambda value: FUNCTIONS["cast"](value, dtype)


def _extreme(pairwise: str, whole: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(f"min and max of tensors take no keywords, received {sorted(kwargs)}.")
        if len(args) == 1:
            return FUNCTIONS[whole](args[0], axis=0)
        result = args[0]
        for other in args[1:]:
            result = FUNCTIONS[pairwise](result, other)
        return result

    return function


_OF_TENSORS: dict[Any, Callable[..., Any]] = {
    len: _len,
    int: _cast(dtypes.int32),
    float: _cast(dtypes.float32),
    bool: _cast(dtypes.bool),
    range: lambda *args: FUNCTIONS["range"](*args),
    min: _extreme("minimum", "reduce_min"),
    max: _extreme("maximum", "reduce_max"),
}


# Functions that look at their caller ----------------------------------------------------------------------------------
# The caller's code runs in nested functions after conversion; `scope` marks the frames that belong to it.


def _frame(scope: Any, innermost: bool) -> Any:
    frame: Any = sys._getframe(1)
    found = None
    while frame is not None:
        if frame.f_locals.get(scope.name) is scope:
            found = frame
            if innermost:
                break
        frame = frame.f_back
    return found


def _super(scope: Any, *args: Any) -> Any:
    if args:
        return super(*args)
    frame = _frame(scope, innermost=False)
    cls = frame.f_locals["__class__"]
    return super(cls, frame.f_locals[frame.f_code.co_varnames[0]])


def _eval(scope: Any, source: Any, globals_: Any = None, locals_: Any = None) -> Any:
    frame = _frame(scope, innermost=True)
    return eval(
        source, frame.f_globals if globals_ is None else globals_, frame.f_locals if locals_ is None else locals_
    )


_OF_CALLER: dict[Any, Callable[..., Any]] = {
    super: _super,
    eval: _eval,
    locals: lambda scope: dict(_frame(scope, innermost=True).f_locals),
    globals: lambda scope: _frame(scope, innermost=True).f_globals,
}
