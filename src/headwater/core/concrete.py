"""`ConcreteFunction`: one trace of a function, and how its calls run and differentiate."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from headwater.core import control, nest, transfer, watch
from headwater.core.context import context
from headwater.core.errors import InvalidArgumentError
from headwater.core.function_type import FunctionType, type_text
from headwater.core.graph import CONST, Graph, Node, walk
from headwater.core.logs import placement
from headwater.core.op import Op, conjugate, is_differentiable
from headwater.core.runtime import Program, compile_function, log_placement
from headwater.core.shaped import bounded
from headwater.core.spec import TensorSpec
from headwater.core.tape import GradientTape, dense
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable


class ConcreteFunction:
    """One trace of a function: a Graph and the structures of its arguments and results.

    Calling it with tensors that fit runs the Graph.
    """

    def __init__(
        self, graph: Graph, arguments: Any, results: Any, name: str, argument_names: Sequence[str] = ()
    ) -> None:
        self.graph = graph
        self.name = name
        self.structured_input_signature = arguments
        self._argument_names = tuple(argument_names)
        self._results = results
        self.single = len(graph.outputs) == 1 and isinstance(results, Tensor)
        self._program: Program | None = None
        self._differentiable: dict[Any, Any] = {}

    # Calling ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the Graph with these arguments (in the order of its inputs, or by their names)."""
        leaves = self._leaves(args, kwargs)
        tensors = []
        for leaf, inner in zip(leaves, self.graph.inputs, strict=True):
            tensor = convert_to_tensor(leaf, None if isinstance(leaf, Tensor | Variable) else inner.dtype)
            if tensor.dtype is not inner.dtype or not inner.shape.is_compatible_with(tensor.shape):
                raise InvalidArgumentError(
                    None, None,
                    f"{self.name}: argument {inner.node.name!r} must be {inner.dtype.name} of shape {inner.shape}, "
                    f"received {tensor.dtype.name} of shape {tensor.shape}.",
                )  # fmt: skip
            tensors.append(tensor)
        return self.call_flat(tensors)

    def _leaves(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """The values of the Graph's inputs: given in their order or by their names, or like the Python function's."""
        names = [x.node.name for x in self.graph.inputs]
        flat = nest.flatten(args, expand_composites=True)
        rest = names[len(flat) :]
        are_tensors = all(isinstance(x, Tensor | Variable | np.ndarray | np.generic) for x in flat)
        if are_tensors and len(flat) + len(kwargs) == len(names) and all(n in kwargs for n in rest):
            return [*flat, *[kwargs[n] for n in rest]]
        return self.function_type.bind(args, kwargs)

    def call_flat(self, tensors: Sequence[Tensor]) -> Any:
        """Runs the Graph on its input tensors, in order; returns the structured results."""
        if context.graph is not None:
            outputs: Sequence[Tensor] = control.call(self.graph, tensors, self.name)
        elif context.recorders:
            outputs = self._call_recorded(tensors)
        else:
            outputs = [EagerTensor(array) for array in self.program([x._array for x in tensors])]
        return outputs[0] if self.single else self.structure(outputs)

    @property
    def program(self) -> Program:
        """The Graph bound to its variables and captured tensors."""
        program = self._program  # another thread may drop it
        if program is None:
            program = self._program = Program(self.graph)
        return program

    def bound_to(self, variables: dict[int, Variable]) -> ConcreteFunction:
        """The same trace for other variables, given by the uid of those that it was made with."""
        own = {s.variable._uid: s.variable for s in self.graph.states.values()}

        def signature(x: Any) -> Any:
            variable = variables.get(getattr(x(), "_uid", 0)) if isinstance(x, weakref.ref) else None
            return x if variable is None else weakref.ref(variable)

        arguments = nest.map_structure(signature, self.structured_input_signature)
        bound = ConcreteFunction(
            self.graph.bound_to({k: v for k, v in variables.items() if k in own}),
            arguments, self._results, self.name, self._argument_names,
        )  # fmt: skip
        bound._program = self.program.bound_to(bound.graph)
        bound._differentiable = self._differentiable
        return bound

    @property
    def is_compiled(self) -> bool:
        """Whether it may hold executables."""
        return self._program is not None or bool(self._differentiable)

    def drop_executables(self) -> None:
        """Gives back what was compiled; a later call compiles again."""
        program, self._program = self._program, None
        if program is not None:
            program.drop_executables()
        self._differentiable.clear()  # not a new one: traces bound to other variables share it

    def structure(self, outputs: Sequence[Tensor]) -> Any:
        """The outputs in the structure that the Python function returned."""
        rest = iter(outputs)
        flat = [None if x is None else next(rest) for x in nest.flatten(self._results, expand_composites=True)]
        return nest.pack_sequence_as(self._results, flat, expand_composites=True)

    # Under a tape -----------------------------------------------------------------------------------------------

    def _call_recorded(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Runs eagerly while tapes are active: those that follow an argument get a record of the call."""
        for recorder in context.recorders:
            recorder.called(self.graph)
        operands = control.Operands([self.graph])
        inputs = [*tensors, *operands.tensors]
        written = tuple([operands.state_positions[i] for i in operands.written])
        attrs = _CallAttrs(graph=self.graph, layout=operands.layouts[0], written=written)
        wrt = tuple([
            i for i in control.call_connected(inputs, attrs)
            if is_differentiable(inputs[i].dtype) and any(r.follows(inputs[i]) for r in context.recorders)
        ])  # fmt: skip
        if not wrt or not any(is_differentiable(x.dtype) for x in self.graph.outputs):
            return [EagerTensor(array) for array in self.program([x._array for x in tensors])]
        if self.graph.is_staged:
            arrays = control.CALL.run([x._array for x in inputs], attrs)
        else:
            forward, attrs.run_pull_back = self._forward(wrt, attrs)
            arrays, attrs.pull_back = forward([x._array for x in inputs])
            attrs.wrt = wrt
            log_placement(self.graph, arrays)
        outputs = [EagerTensor(array) for array in arrays]
        for recorder in context.recorders:
            recorder.record(_RECORDED_CALL, inputs, attrs, outputs)
        count = len(self.graph.outputs)
        operands.write_back(outputs[count:])
        return outputs[:count]

    def _forward(self, wrt: tuple[int, ...], attrs: dict[str, Any]) -> Any:
        """The compiled call that also gives what pulls cotangents back to the inputs at `wrt`, and what runs that."""
        key = (wrt, attrs["layout"], attrs["written"])
        made = self._differentiable.get(key)
        if made is None:
            fixed = dict(attrs)

            def forward(arrays: Sequence[Any]) -> Any:
                run = watch.apart(functools.partial(control.CALL.kernel, **fixed), bool(watched))

                def chosen(*values: Any) -> Any:
                    full = list(arrays)
                    for position, value in zip(wrt, values, strict=True):
                        full[position] = value
                    results, status = run(*full)
                    return tuple([r for r in results if is_differentiable(r.dtype)]), (results, status)

                _, pull_back, (results, status) = jax.vjp(chosen, *[arrays[i] for i in wrt], has_aux=True)
                watch.note(status)
                return results, pull_back

            watched = watch.Watch(walk(self.graph))
            compiled = bounded(compile_function(watched.around(forward), self.graph))
            # Its own, as each pull-back is a program of its own: it must go with this trace.
            run_pull_back = bounded(jax.jit(lambda pull_back, cotangents: pull_back(cotangents)))
            made = (lambda arrays: watched.verified(compiled(arrays))), run_pull_back
            self._differentiable[key] = made
        return made

    # What it is -------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The Graph's inputs, then its captures."""
        return [*self.graph.inputs, *[inner for _, inner in self.graph.captured]]

    @property
    def outputs(self) -> list[Tensor]:
        """The Graph's outputs."""
        return list(self.graph.outputs)

    @property
    def structured_outputs(self) -> Any:
        """The results, as a structure of specs."""
        return nest.map_structure(
            lambda x: None if x is None else TensorSpec(x.shape, x.dtype), self._results, expand_composites=True
        )

    @property
    def output_shapes(self) -> Any:
        """The shapes of the results, in their structure."""
        return nest.map_structure(lambda x: None if x is None else x.shape, self._results)

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of the results, in their structure."""
        return nest.map_structure(lambda x: None if x is None else x.dtype, self._results)

    @property
    def captured_inputs(self) -> list[Any]:
        """The outer tensors and variables that the Graph uses."""
        return [*[outer for outer, _ in self.graph.captured], *self.variables]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables the Graph reads or assigns, but for the states of hidden random number generators."""
        found = [s.variable for s in self.graph.states.values()]
        return tuple([v for v in found if not getattr(v, "_hidden", False)])

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of them that are trainable."""
        return tuple([v for v in self.variables if v.trainable])

    @functools.cached_property
    def function_type(self) -> FunctionType:
        """The parameters and results in words."""
        arguments, keywords = self.structured_input_signature
        return FunctionType(arguments, keywords, self._argument_names, self.structured_outputs)

    @property
    def inference_fn(self) -> ConcreteFunction:
        """The function that runs the Graph: this one."""
        return self

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The arguments and results in words; on one line, without captures, if not `verbose`."""
        if not verbose:
            return str(self.function_type)
        lines = ["Input Parameters:"]
        lines += [f"  {line}" for line in self.function_type.lines()] or ["  None"]
        lines += ["Output Type:", f"  {type_text(self.function_type.output)}", "Captures:"]
        lines += [f"  {v.name}: {TensorSpec(v.shape, v.dtype)}" for v in self.variables]
        lines += [f"  {TensorSpec(x.shape, x.dtype)}" for x, _ in self.graph.captured]
        return "\n".join([*lines, *([] if self.captured_inputs else ["  None"])])

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.name} at 0x{id(self):X}>"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"


class _CallAttrs(dict[str, Any]):
    """Attributes of a recorded call, with what its forward pass kept for the backward pass."""

    pull_back: Any = None
    run_pull_back: Any = None
    wrt: tuple[int, ...] = ()


def _zeros_like(array: Any) -> Any:
    return transfer.put(np.zeros(array.shape, array.dtype))


def _call_gradient(inputs: Any, outputs: Any, found: Sequence[Any], attrs: Any) -> Any:
    if attrs["graph"].is_staged:
        return _staged_gradient(inputs, outputs, found, attrs)
    pull_back = getattr(attrs, "pull_back", None)
    if pull_back is None or not context.plain:
        return NotImplemented  # the gradient is itself watched: use the op's own, which can be differentiated again
    smooth = [(y, g) for y, g in zip(outputs, found, strict=True) if is_differentiable(y.dtype)]
    cotangents = tuple([_zeros_like(y._array) if g is None else conjugate(dense(g)._array) for y, g in smooth])
    gradients = attrs.run_pull_back(pull_back, cotangents)
    placement.log(f"{attrs['graph'].name}Grad", gradients)
    result: list[Any] = [None] * len(inputs)
    for position, gradient in zip(attrs.wrt, gradients, strict=True):
        result[position] = EagerTensor(conjugate(gradient))
    return result


def _staged_gradient(inputs: Any, outputs: Any, found: Sequence[Any], attrs: Any) -> Any:
    """The gradient of a Graph that runs in stages: its nodes are recorded again, one by one, on a tape."""
    graph, layout = attrs["graph"], attrs["layout"]
    count = len(graph.inputs)
    smooth = [i for i, x in enumerate(inputs) if is_differentiable(x.dtype)]
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([inputs[i] for i in smooth])
        rest = inputs[count:]
        env: dict[int, Any] = {id(x): t for x, t in zip(graph.inputs, inputs[:count], strict=True)}
        env |= {id(inner): rest[p] for (_, inner), p in zip(graph.captured, layout[0], strict=True)}
        env |= {id(s.entry): rest[p] for s, p in zip(graph.states.values(), layout[1], strict=True)}
        replay(graph.nodes, env, graph.outputs)
        again = [env[id(x)] for x in graph.outputs]
    pairs = [(y, g) for y, g in zip(again, found, strict=False) if g is not None]
    gradients = tape.gradient([y for y, _ in pairs], [inputs[i] for i in smooth], [dense(g) for _, g in pairs])
    result: list[Any] = [None] * len(inputs)
    for position, gradient in zip(smooth, gradients, strict=True):
        result[position] = gradient
    return result


def replay(nodes: Sequence[Node], env: dict[int, Any], wanted: Sequence[Tensor] = ()) -> None:
    """Calls the ops of `nodes` again on the tensors in `env` (by id of the symbolic tensor).

    Effects whose results nothing takes are left out: what has been printed is not printed again.
    """
    taken = {id(x) for x in (*wanted, *[x for node in nodes for x in node.inputs])}
    for node in nodes:
        if node.op is CONST:
            env[id(node.outputs[0])] = convert_to_tensor(node.attrs["value"])
        elif node.op.effect != "effect" or any(id(x) in taken for x in node.outputs):
            results = node.op(*[env[id(x)] for x in node.inputs], **node.attrs)
            for tensor, value in zip(node.outputs, results if node.many else (results,), strict=True):
                env[id(tensor)] = value


# A recorded call differentiates by what its forward pass kept; CALL itself by its kernel.
_RECORDED_CALL = Op(
    "RecordedCall",
    control.CALL.kernel,
    graphs=("graph",),
    spec=control.CALL.spec,
    gradient=_call_gradient,
    connected=control.call_connected,
)
control.CALL.gradient = _call_gradient
