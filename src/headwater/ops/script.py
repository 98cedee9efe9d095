"""Python inside graphs: `tf.print`, `tf.py_function`, `tf.numpy_function`."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from headwater.core.graph import tracing
from headwater.core.logs import get_logger
from headwater.core.op import Op, from_host, is_differentiable
from headwater.core.shapes import TensorShape
from headwater.core.tape import ZEROS_LIKE, GradientTape, dense
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor, to_device
from headwater.core.variable import Variable
from headwater.ops._text import tensor_text

ROOT_NAMES = ("numpy_function", "print", "py_function")
__all__ = ["numpy_function", "print", "py_function"]

# tf.print ---------------------------------------------------------------------------------------------------------


def _print_kernel(*arrays: Any, texts: tuple[str, ...], stream: Any, summarize: int, alone: bool) -> tuple[()]:
    if alone and arrays[0].ndim == 0 and arrays[0].dtype == object:
        _write(arrays[0].item().decode("utf-8", "backslashreplace") + texts[1], stream)
        return ()
    parts = [texts[0]]
    for array, text in zip(arrays, texts[1:], strict=True):
        parts += [tensor_text(array, summarize), text]
    _write("".join(parts), stream)
    return ()


_PRINT = Op("PrintV2", _print_kernel, effect="effect", spec=lambda inputs, attrs: [])


def print(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str | None = "\n",
    name: str | None = None,
) -> None:
    """Prints, each time the function runs.

    Args:
        *inputs: Tensors, Python values, and structures of them.
        output_stream: ``sys.stderr`` (the default), ``sys.stdout``, a logging level, or ``"file://" + path``.
        summarize: How many elements at both ends of each dimension are shown; -1: all.
        sep: What stands between inputs.
        end: What is printed at the end.
        name: Accepted for compatibility.

    >>> tf.print(tf.constant([1, 2, 3]), 7, output_stream=sys.stdout)
    [1 2 3] 7
    """
    texts, tensors = [""], []
    for position, value in enumerate(inputs):
        texts[-1] += sep if position else ""
        for part in _parts(value, top=True):
            if isinstance(part, str):
                texts[-1] += part
            else:
                tensors.append(part)
                texts.append("")
    texts[-1] += "\n" if end is None else end
    alone = len(inputs) == 1 and isinstance(inputs[0], Tensor | Variable)  # then a string is printed as it is
    _PRINT(
        *tensors, texts=tuple(texts), stream=_stream(output_stream), summarize=int(summarize), alone=alone, name=name
    )  # fmt: skip


def _parts(value: Any, top: bool) -> list[Any]:
    """A value's text, with the tensors in it standing for theirs."""
    if isinstance(value, Tensor | Variable):
        return [convert_to_tensor(value)]
    if isinstance(value, Mapping):
        items = [[f"{key!r}: ", *_parts(value[key], False)] for key in sorted(value)]
        return _joined("{", items, "}")
    if isinstance(value, range):
        value = list(value)
    if isinstance(value, list | tuple):
        items = [_parts(item, False) for item in value]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            items = [[f"{f}=", *parts] for f, parts in zip(value._fields, items, strict=True)]
            return _joined(f"{type(value).__name__}(", items, ")")
        close = ",)" if isinstance(value, tuple) and len(items) == 1 else ")"
        return _joined("[", items, "]") if isinstance(value, list) else _joined("(", items, close)
    return [str(value) if top and isinstance(value, str) else repr(value)]


def _joined(start: str, items: Sequence[list[Any]], close: str) -> list[Any]:
    parts: list[Any] = [start]
    for position, item in enumerate(items):
        parts += [", ", *item] if position else item
    return [*parts, close]


_LEVELS = {
    "tf.logging.debug": logging.DEBUG, "tf.logging.info": logging.INFO, "tf.logging.warning": logging.WARNING,
    "tf.logging.error": logging.ERROR,
}  # fmt: skip


def _stream(stream: Any) -> Any:
    """The stream as an attribute: standard ones by name, so that they are looked up at each call."""
    if stream is None or stream is sys.stderr or stream == "stderr":
        return "stderr"
    if stream is sys.stdout or stream == "stdout":
        return "stdout"
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    if isinstance(stream, int) and not isinstance(stream, bool):
        return stream
    if isinstance(stream, str) and stream in _LEVELS:
        return _LEVELS[stream]
    if hasattr(stream, "write"):
        return stream
    raise ValueError(
        f"Unknown output stream, output_stream={stream!r}. Expected sys.stderr, sys.stdout, a logging level or "
        '"file://" + path.'
    )


def _write(text: str, stream: Any) -> None:
    if isinstance(stream, int):
        get_logger().log(stream, "%s", text.rstrip("\n"))
    elif isinstance(stream, str) and stream.startswith("file://"):
        with open(os.path.expanduser(stream[len("file://") :]), "a", encoding="utf-8") as file:
            file.write(text)
    else:
        target = {"stderr": sys.stderr, "stdout": sys.stdout}[stream] if isinstance(stream, str) else stream
        target.write(text)
        target.flush()


# Python functions as ops ------------------------------------------------------------------------------------------


class _Signature:
    """The dtypes of a Python function's results: one, or a list."""

    def __init__(self, result: Any) -> None:
        if result is None:
            raise TypeError(
                "Missing required argument: 'Tout', the dtype of the result (a list of dtypes for several)."
            )
        self.many = isinstance(result, list | tuple)
        self.dtypes: tuple[DType, ...] = tuple([_dtype(d) for d in (result if self.many else [result])])

    def specs(self) -> Any:
        found = [(d, TensorShape(None)) for d in self.dtypes]
        return found if self.many else found[0]

    def flatten(self, result: Any, what: str) -> list[Any]:
        if not self.many:
            if result is None:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"{what} returned None, but Tout is {self.dtypes[0].name}. Return a value, or use Tout=[].",
                )
            return [result]
        values = (
            [] if result is None and not self.dtypes else list(result) if isinstance(result, list | tuple) else [result]
        )
        if len(values) != len(self.dtypes):
            raise InvalidArgumentError(
                None, None, f"{what} returned {len(values)} values, but Tout has {len(self.dtypes)} dtypes."
            )
        return values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Signature) and (self.many, self.dtypes) == (other.many, other.dtypes)

    def __hash__(self) -> int:
        return hash((self.many, self.dtypes))


def _dtype(value: Any) -> DType:
    return as_dtype(getattr(value, "dtype", value))


_KINDS: tuple[tuple[Any, type[OpError]], ...] = (
    ((TypeError, ValueError), InvalidArgumentError),
    (StopIteration, OutOfRangeError),
    (NotImplementedError, UnimplementedError),
    (MemoryError, ResourceExhaustedError),
)


def _run(function: Callable[[], Any], what: str) -> Any:
    """Runs a Python function of the user's outside any graph; its exceptions become this package's."""
    try:
        with tracing(None):
            return function()
    except OpError:
        raise
    except Exception as error:
        kind = next((kind for classes, kind in _KINDS if isinstance(error, classes)), UnknownError)
        raise kind(None, None, f"{type(error).__name__}: {error} (in {what})") from error


def _arguments(func: Any, inp: Any) -> list[Tensor]:
    if not callable(func):
        raise ValueError(f"Expected func to be callable. Received func={func!r} of type {type(func)}.")
    return [convert_to_tensor(x) for x in (inp or [])]


def _decorator(call: Callable[[Callable[..., Any], list[Any]], Any]) -> Callable[[Callable[..., Any]], Any]:
    """Makes a function one whose calls go through `call`, keywords bound to their positions."""

    def decorate(function: Callable[..., Any]) -> Any:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return call(function, [*bound.args, *bound.kwargs.values()])

        return wrapper

    return decorate


def _numpy_kernel(*arrays: Any, func: Any, signature: _Signature) -> Any:
    inputs = [_as_numpy(a) for a in arrays]
    what = _name(func)
    return _numpy_results(_run(lambda: func(*inputs), what), signature, what)


def _name(func: Any) -> str:
    return f"numpy_function {getattr(func, '__name__', func)!r}"


def _numpy_results(result: Any, signature: _Signature, what: str) -> Any:
    results = signature.flatten(result, what)
    found = [_result_array(r, d, i, what) for i, (r, d) in enumerate(zip(results, signature.dtypes, strict=True))]
    return tuple(found) if signature.many else found[0]


def _as_numpy(array: Any) -> Any:
    array = np.array(array)
    return array[()] if array.ndim == 0 else array


def _result_array(value: Any, dtype: DType, position: int, what: str) -> Any:
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind not in "OSU":
        found = as_dtype(np.asarray(value).dtype)
        if found is not dtype:
            raise InvalidArgumentError(
                None, None,
                f"{position}-th value returned by {what} is {found.name}, but expects {dtype.name}. Cast it with "
                f"astype, or change Tout.",
            )  # fmt: skip
        return np.asarray(value)
    return convert_to_tensor(value, dtype)._numpy()


_NUMPY = Op("PyFunc", _numpy_kernel, effect="effect", spec=lambda inputs, attrs: attrs["signature"].specs())
_NUMPY_PURE = Op("PyFuncStateless", _numpy_kernel, effect="host", spec=_NUMPY.spec)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Calls a Python function on NumPy arrays, each time the graph runs. Gradients stop there.

    Args:
        func: Takes NumPy arrays (scalars: NumPy scalars; strings: bytes), returns arrays. None makes a decorator.
        inp: The arguments, a list of tensors.
        Tout: The dtype of the result, or a list of dtypes.
        stateful: False lets a call whose results are not used be dropped.
        name: A name for the result.

    Returns:
        A tensor of unknown shape, or a list of them.

    >>> tf.numpy_function(lambda x: np.sinh(x), [tf.constant(0.0)], tf.float32)
    <tf.Tensor: shape=(), dtype=float32, numpy=0.0>
    """
    if func is None:
        return _decorator(lambda function, inputs: numpy_function(function, inputs, Tout, stateful, name))
    tensors = _arguments(func, inp)
    signature = _Signature(Tout)
    if context.graph is None:  # an ordinary call, which may raise whatever it likes
        arrays = _numpy_results(func(*[_as_numpy(x._array) for x in tensors]), signature, _name(func))
        found = [EagerTensor(from_host(a)) for a in (arrays if signature.many else [arrays])]
        return found if signature.many else found[0]
    result = (_NUMPY if stateful else _NUMPY_PURE)(*tensors, func=func, signature=signature, name=name)
    return list(result) if isinstance(result, tuple) else result


def _python_kernel(*arrays: Any, func: Any, signature: _Signature) -> Any:
    results = _call_python(func, [_eager(a) for a in arrays], signature)
    values = tuple([r._numpy() for r in results])
    return values if signature.many else values[0]


def _eager(array: Any) -> EagerTensor:
    return EagerTensor(array if isinstance(array, jax.Array) else to_device(np.asarray(array)))


def _call_python(func: Any, inputs: Sequence[Any], signature: _Signature) -> list[Any]:
    what = f"py_function {getattr(func, '__name__', func)!r}"
    results = signature.flatten(_run(lambda: func(*inputs), what), what)

    def converted() -> list[Any]:
        return [convert_to_tensor(_unwrapped(r), d) for r, d in zip(results, signature.dtypes, strict=True)]

    return _run(converted, what)


def _unwrapped(value: Any) -> Any:
    return convert_to_tensor(value) if isinstance(value, Variable) else value


def _python_gradient_kernel(*arrays: Any, func: Any, signature: _Signature, count: int, wrt: tuple[int, ...]) -> Any:
    inputs = [_eager(a) for a in arrays[:count]]
    given = [_eager(a) for a in arrays[count:]]
    sources = [inputs[i] for i in wrt]
    with tracing(None), GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(sources)
        results = signature.flatten(func(*inputs), "py_function")
        results = [convert_to_tensor(_unwrapped(r), d) for r, d in zip(results, signature.dtypes, strict=True)]
    targets = [r for r in results if is_differentiable(r.dtype)]
    gradients = tape.gradient(targets, sources, given, unconnected_gradients="zero")
    return tuple([dense(g)._numpy() for g in gradients])


_PYTHON_GRADIENT = Op(
    "EagerPyFuncGrad",
    _python_gradient_kernel,
    effect="host",
    spec=lambda inputs, attrs: [(inputs[i].dtype, inputs[i].shape) for i in attrs["wrt"]],
)


def _python_gradient(inputs: Any, outputs: Any, found: Sequence[Any], attrs: dict[str, Any]) -> list[Any]:
    wrt = tuple([i for i, x in enumerate(inputs) if is_differentiable(x.dtype)])
    pairs = [(y, g) for y, g in zip(outputs, found, strict=True) if is_differentiable(y.dtype)]
    given = [ZEROS_LIKE(y) if g is None else dense(g) for y, g in pairs]
    results = _PYTHON_GRADIENT(*inputs, *given, **attrs, count=len(inputs), wrt=wrt)
    gradients: list[Any] = [None] * len(inputs)
    for position, gradient in zip(wrt, results, strict=True):
        gradients[position] = gradient
    return gradients


_PYTHON = Op(
    "EagerPyFunc",
    _python_kernel,
    effect="effect",
    spec=lambda inputs, attrs: attrs["signature"].specs(),
    gradient=_python_gradient,
)


def py_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Calls a Python function on eager tensors, each time the graph runs. Gradients flow through it.

    The gradient calls the function once more, on a tape.

    Args:
        func: Takes eager tensors, returns tensors (or what converts to them). None makes a decorator.
        inp: The arguments, a list of tensors.
        Tout: The dtype of the result, or a list of dtypes.
        name: A name for the result.

    Returns:
        A tensor of unknown shape, or a list of them.

    Raises:
        UnknownError, InvalidArgumentError: If the function raises.

    >>> tf.py_function(lambda x: x.numpy() + 1, [tf.constant(1)], tf.int32)
    <tf.Tensor: shape=(), dtype=int32, numpy=2>
    """
    if func is None:
        return _decorator(lambda function, inputs: py_function(function, inputs, Tout, name))
    tensors = _arguments(func, inp)
    result = _PYTHON(*tensors, func=func, signature=_Signature(Tout), name=name)
    return list(result) if isinstance(result, tuple) else result
