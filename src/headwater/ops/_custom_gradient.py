"""What `tf.custom_gradient` is made of: the user's gradient function, checked, and its op in graphs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import autograph, control, nest, watch
from headwater.core.context import context
from headwater.core.graph import Graph, tracing, walk
from headwater.core.lowering import as_function
from headwater.core.op import Op, is_differentiable
from headwater.core.runtime import execute
from headwater.core.tape import ZEROS_LIKE, dense
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable

# What both ways share ---------------------------------------------------------------------------------------------


def is_input(value: Any) -> bool:
    """Whether an argument is passed as a tensor; others are constants."""
    return isinstance(value, Tensor | Variable | np.ndarray | np.generic | int | float | complex) and not isinstance(
        value, bool
    )


def as_tensor(value: Any) -> Any:
    """An argument as a tensor, if it is passed as one."""
    return convert_to_tensor(value) if is_input(value) and not isinstance(value, Variable) else value


def checked_result(pair: Any, f: Any) -> tuple[Any, Callable[..., Any]]:
    """The two things that the user's function must return."""
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not callable(pair[1]):
        raise ValueError(
            f"tf.custom_gradient: {getattr(f, '__name__', f)!r} must return (result, gradient function), "
            f"received {pair!r}."
        )
    return pair[0], pair[1]


def _takes_variables(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def check_variables(variables: Sequence[Variable], function: Callable[..., Any]) -> None:
    """Raises TypeError if the gradient function has to give gradients of variables and cannot."""
    if variables and not _takes_variables(function):
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must accept a 'variables' "
            f"keyword argument. The function uses {[v.name for v in variables]}."
        )


class Arguments:
    """The arguments of a call, positional ones first, then keywords in the order of the function's parameters.

    Attributes:
        leaves: All of them, flattened.
        positional: How many leaves are positional; their numbers become tensors, too.
        places: Which leaves are passed as tensors.
    """

    def __init__(self, f: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> None:
        names = list(inspect.signature(f).parameters) if kwargs else []
        self._names = sorted(kwargs, key=lambda name: names.index(name) if name in names else len(names))
        self._structure = (args, [kwargs[name] for name in self._names])
        self.leaves = nest.flatten(self._structure)
        self.positional = len(nest.flatten(args))
        self.places = [i for i, x in enumerate(self.leaves) if is_input(x) and self._is_passed(i)]

    def _is_passed(self, index: int) -> bool:
        return index < self.positional or isinstance(self.leaves[index], Tensor | Variable)

    def filled(self, tensors: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Positional and keyword arguments with `tensors` at their `places`."""
        leaves = list(self.leaves)
        for place, tensor in zip(self.places, tensors, strict=True):
            leaves[place] = tensor
        args, values = nest.pack_sequence_as(self._structure, leaves)
        return args, dict(zip(self._names, values, strict=True))

    def spread(self, gradients: Sequence[Any]) -> list[Any]:
        """Gradients by leaf: users may give one per positional argument, one per argument, or one per tensor of those.

        Raises:
            ValueError: If the number of gradients is none of these.
        """
        for leaves in (self.leaves[: self.positional], self.leaves):
            is_tensor = [isinstance(x, Tensor | Variable) for x in leaves]
            rest = [None] * (len(self.leaves) - len(leaves))
            if len(gradients) == len(leaves):
                return [*gradients, *rest]
            if len(gradients) == sum(is_tensor):
                given = iter(gradients)
                return [*[next(given) if x else None for x in is_tensor], *rest]
        raise ValueError(
            f"custom_gradient function expected to return {len(self.leaves)} gradients, but returned "
            f"{len(gradients)} instead."
        )


def input_gradients(
    function: Callable[..., Any], given: Sequence[Any], variables: Sequence[Variable], arguments: Arguments
) -> list[Any]:
    """Calls the user's gradient function: one gradient per argument passed as a tensor, then one per variable."""
    if variables:
        pair = autograph.call_converted(function, tuple(given), {"variables": list(variables)})
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError("grad_fn with variables must return (gradients of arguments, gradients of variables).")
        found, of_variables = pair[0], nest.flatten(pair[1])
        if len(of_variables) != len(variables):
            raise ValueError(
                f"Must return gradient for each variable: expected {len(variables)}, got {len(of_variables)}."
            )
    else:
        found, of_variables = autograph.call_converted(function, tuple(given), {}), []
    by_leaf = arguments.spread(nest.flatten(found))
    return [*[by_leaf[i] for i in arguments.places], *of_variables]


# In a graph -------------------------------------------------------------------------------------------------------
# The op holds two Graphs: `forward` gives the results, then what `backward` needs (residuals); `backward` takes the
# cotangents of the results as inputs and the residuals as captures, and gives the gradients of some operands.


def _custom_kernel(*operands: Any, forward: Graph, backward: Graph, call: _CustomCall) -> Any:
    run = watch.apart(_forward_function(forward, call), watch.concern(walk(forward)))
    if context.forward_mode:
        return run([jnp.asarray(a) for a in operands])[0][0]

    @jax.custom_vjp
    def custom(*arrays: Any) -> Any:
        (results, _), status = run(arrays)
        return results, status

    def fwd(*arrays: Any) -> Any:
        (results, residuals), status = run(arrays)
        return (results, status), (residuals, arrays)

    def bwd(kept: Any, cotangents: Any) -> Any:
        residuals, arrays = kept
        smooth = [jnp.conj(cotangents[0][i]) for i in call.smooth]
        gradients = as_function(backward)(smooth, residuals, [])[0]
        by_position = dict(zip(call.wrt, gradients, strict=True))
        return tuple([_cotangent(a, by_position.get(i)) for i, a in enumerate(arrays)])

    custom.defvjp(fwd, bwd)
    results, status = custom(*[jnp.asarray(a) for a in operands])
    watch.note(status)
    return results


def _cotangent(array: Any, gradient: Any) -> Any:
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return np.zeros(array.shape, jax.dtypes.float0)
    return (
        jnp.zeros_like(array) if gradient is None else jnp.conj(jnp.asarray(gradient, array.dtype)).reshape(array.shape)
    )


def _forward_function(forward: Graph, call: _CustomCall) -> Callable[..., Any]:
    """``operands -> ((results, final states), residuals)``."""

    def run(operands: Sequence[Any], call_graph: Any = None) -> Any:
        inputs, rest = operands[: call.inputs], operands[call.inputs :]
        captures, entries = control._arguments(call.layout, rest)
        runner = as_function(forward) if call_graph is None else call_graph
        outputs, states = runner(list(inputs), captures, entries)
        finals = control._finals(forward, call.layout, rest, states, call.written)
        asarray = jnp.asarray if call_graph is None else lambda x: x
        return tuple([asarray(x) for x in (*outputs[: call.results], *finals)]), [
            asarray(x) for x in outputs[call.results :]
        ]

    return run


class _CustomCall:
    """The layout of a custom call: an attribute, so it can be hashed (by identity).

    Attributes:
        inputs: How many operands are inputs of the forward Graph; captures and states follow.
        results: How many outputs of it are results.
        smooth: Which results have gradients.
        layout: Where the forward Graph finds its captures and states among the operands.
        written: Which states are changed.
        wrt: Which operands `backward` gives gradients for.
    """

    def __init__(self, inputs: int, results: int, smooth: tuple[int, ...], layout: Any, written: Any, wrt: Any) -> None:
        self.inputs = inputs
        self.results = results
        self.smooth = smooth
        self.layout = layout
        self.written = written
        self.wrt = wrt


def _custom_stages(operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    forward = attrs["forward"]
    run = _forward_function(forward, attrs["call"])
    return run(operands, lambda i, c, s: execute(forward, i, c, s))[0]


def _custom_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    call: _CustomCall = attrs["call"]
    rest = inputs[call.inputs :]
    return [(x.dtype, x.shape) for x in (*attrs["forward"].outputs[: call.results], *[rest[i] for i in call.written])]


def _custom_gradient(inputs: Any, outputs: Any, found: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The gradient where the Graphs run in stages: the forward pass again, for the residuals, then the backward one."""
    forward, backward, call = attrs["forward"], attrs["backward"], attrs["call"]
    if not forward.is_staged and not backward.is_staged:
        return NotImplemented
    results = _RESIDUALS(*inputs, forward=forward, call=call)
    given = [ZEROS_LIKE(outputs[i]) if found[i] is None else dense(found[i]) for i in call.smooth]
    gradients = _BACKWARD(*given, *results, backward=backward)
    by_position = dict(zip(call.wrt, gradients, strict=True))
    return [by_position.get(i) for i in range(len(inputs))]


_CUSTOM = Op(
    "CustomGradient",
    _custom_kernel,
    graphs=("forward", "backward"),
    stages=_custom_stages,
    spec=_custom_spec,
    gradient=_custom_gradient,
    same_dtype=False,
)

_RESIDUALS = Op(
    "CustomGradientResiduals",
    lambda *operands, forward, call: tuple(_forward_function(forward, call)(operands)[1]),
    graphs=("forward",),
    stages=lambda operands, attrs: tuple(
        _forward_function(attrs["forward"], attrs["call"])(
            operands, lambda i, c, s: execute(attrs["forward"], i, c, s)
        )[1]
    ),
    spec=lambda inputs, attrs: [(x.dtype, x.shape) for x in attrs["forward"].outputs[attrs["call"].results :]],
)

_BACKWARD = Op(
    "CustomGradientBackward",
    lambda *operands, backward: tuple(_backward(as_function(backward), backward, operands)),
    graphs=("backward",),
    stages=lambda operands, attrs: tuple(
        _backward(lambda i, c, s: execute(attrs["backward"], i, c, s), attrs["backward"], operands)
    ),
    spec=lambda inputs, attrs: [(x.dtype, x.shape) for x in attrs["backward"].outputs],
)


def _backward(run: Any, backward: Graph, operands: Sequence[Any]) -> Any:
    count = len(backward.inputs)
    return run(list(operands[:count]), list(operands[count:]), [])[0]


def call_in_graph(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Adds a call of a function with its own gradient to the graph being traced."""
    arguments = Arguments(f, args, kwargs)
    inputs = [convert_to_tensor(arguments.leaves[i]) for i in arguments.places]
    specs = [(x.dtype, x.shape) for x in inputs]
    name = getattr(f, "__name__", "custom_gradient")
    found: list[Any] = []

    def body(*tensors: Tensor) -> Any:
        args, kwargs = arguments.filled(tensors)
        result, gradient = checked_result(autograph.call_converted(f, args, kwargs), f)
        found.append(gradient)
        return result

    forward, structure = control.trace_body(body, specs, name, prune=False)
    gradient = found[0]
    variables = [s.variable for s in forward.states.values() if s.variable.trainable]
    check_variables(variables, gradient)
    results = list(forward.outputs)
    smooth = tuple([i for i, x in enumerate(results) if is_differentiable(x.dtype)])
    backward, wrt, residuals = _trace_backward(forward, gradient, results, smooth, variables, arguments)
    forward.outputs = [*results, *residuals]
    forward.prune()
    operands = control.Operands([forward])
    written = tuple([operands.state_positions[i] for i in operands.written])
    positions = tuple([len(inputs) + operands.position(k) if isinstance(k, Variable) else k for k, _ in wrt])
    call = _CustomCall(len(inputs), len(results), smooth, operands.layouts[0], written, positions)
    made = _CUSTOM(*inputs, *operands.tensors, forward=forward, backward=backward, call=call, name=name)
    operands.write_back(made[len(results) :])
    rest = iter(made[: len(results)])
    leaves = [None if x is None else next(rest) for x in nest.flatten(structure, expand_composites=True)]
    return nest.pack_sequence_as(structure, leaves, expand_composites=True)


def _trace_backward(
    forward: Graph,
    gradient: Any,
    results: Sequence[Tensor],
    smooth: Sequence[int],
    variables: Any,
    arguments: Arguments,
) -> tuple[Graph, list[Any], list[Any]]:
    """Traces the user's gradient function: its Graph, which operands it gives gradients for, and its residuals."""
    backward = Graph(f"gradient of {forward.name}", outer=forward)
    with tracing(backward):
        given: list[Any] = [None] * len(results)
        for i in smooth:
            given[i] = backward.add_input(results[i].dtype, results[i].shape, f"grad{i}")
        given = [ZEROS_LIKE(backward.own(x)) if g is None else g for x, g in zip(results, given, strict=True)]
        found = input_gradients(gradient, given, variables, arguments)
        keys: list[Any] = [*range(len(arguments.places)), *variables]
        dtypes = [x.dtype for x in (*forward.inputs, *variables)]
        wrt = [
            (key, backward.own(convert_to_tensor(dense(g), dtype)))
            for key, g, dtype in zip(keys, found, dtypes, strict=True)
            if g is not None and is_differentiable(dtype)
        ]
    if any(s.modified for s in backward.states.values()):
        raise ValueError("tf.custom_gradient: the gradient function must not assign to variables.")
    backward.outputs = [x for _, x in wrt]
    # Variables read by the gradient have the values they had at the end of the forward pass: residuals like others.
    for uid, state in backward.states.items():
        backward.captures[id(state)] = (forward.states[uid].value, state.entry)
    backward.states = {}
    backward.prune()
    captured = backward.captured
    return backward, wrt, [forward.own(outer) for outer, _ in captured]
