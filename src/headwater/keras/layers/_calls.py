"""Calls of layers: which are under way, what they take, and where layers are built."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headwater.core.graph import init_scope
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._masks import attach, mask_of
from headwater.ops import array, math


class Calls(threading.local):
    """The layers being built or called on this thread, outermost first, and whether they are training."""

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.training: bool | None = None


calls = Calls()


@contextlib.contextmanager
def named_after(layer: Any) -> Iterator[bool]:
    """Weights that are made inside stand below this layer; gives whether they did not do so before."""
    outer = not calls.layers or calls.layers[-1] is not layer
    if outer:
        calls.layers.append(layer)
    try:
        yield outer
    finally:
        if outer:
            calls.layers.pop()


def guarded_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """`build` outside of any trace and in the layer's name scope; it remembers the shapes and sets `built`."""

    @functools.wraps(build)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        with named_after(self) as outer, init_scope():
            result = build(self, *args, **kwargs)
        self._build_shape.value = (args[0] if args else kwargs.get("input_shape"), None if args else kwargs)
        self.built = True
        if outer:
            self._complete_state()
        return result

    return guarded


@functools.lru_cache(maxsize=1024)
def parameters_of(function: Any) -> Any:
    return inspect.signature(function).parameters


def as_input(value: Any, dtype: str | None, even_integers: bool = False) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = convert_to_tensor(value)
    if not isinstance(value, Tensor) or dtype is None or value.dtype.name == dtype:
        return value
    if value.dtype.is_floating or (even_integers and (value.dtype.is_integer or value.dtype.is_bool)):
        cast = math.cast(value, dtype)
        attach(cast, mask_of(value))
        return cast
    return value


def per_row(loss: Any, output: Any) -> Any:
    """The loss divided by the number of rows of the output it was computed of."""
    if output.shape.rank == 0:
        return loss
    return math.divide_no_nan(loss, math.cast(array.shape(output)[0], loss.dtype))
