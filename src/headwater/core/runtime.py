"""Running Graphs: executables, stages, XLA options, devices.

A Graph without host nodes is exactly one XLA executable per concrete input shapes; variables it assigns are donated.
Other Graphs are cut into stages that alternate between XLA and the host.
"""

from __future__ import annotations

import collections
import copy
import threading
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import checks, watch
from headwater.core.context import context
from headwater.core.engine_errors import map_engine_error, reraise_foreign, without_engine_notes
from headwater.core.errors import OpError
from headwater.core.graph import CONST, Graph, Node, has_effect, known_tensors, walk, walk_nodes
from headwater.core.logs import placement
from headwater.core.lowering import Environment, as_function, bind, evaluate
from headwater.core.op import StaticValue
from headwater.core.shaped import ShapedProgram
from headwater.core.store import use_compilation_cache

use_compilation_cache()

# Held while variables are handed to an executable that consumes their buffers, and while they are read.
state_lock = threading.RLock()

# Programs kept per stage whose shapes depend on values.
_MAX_PROGRAMS = 128

# XLA:CPU's fused convolution backend is slower than its default one for the gradients of convolutions.
_CONVOLUTION_GRADIENT_OPTIONS = {"xla_cpu_experimental_ynn_fusion_type": ""}


def compile_function(function: Callable[..., Any], graph: Graph | None = None, **options: Any) -> Any:
    """`jax.jit` with the XLA options that suit the Graph on this platform."""
    if graph is not None and (xla := xla_options(graph)):
        options["compiler_options"] = xla
    return jax.jit(function, **options)


def shaped_program(function: Callable[..., Any], graph: Graph, **options: Any) -> Any:
    """`function` of arguments whose last is the list of the Graph's inputs, compiled for the shapes that they have."""
    if all(x.shape.is_fully_defined() for x in graph.inputs):
        return compile_function(function, graph, **options)
    return ShapedProgram(function, graph.name, lambda f: compile_function(f, graph, **options))


def xla_options(graph: Graph) -> dict[str, Any]:
    """The XLA options for a Graph's executable on the default platform."""
    if jax.default_backend() != "cpu":
        return {}
    names = {node.op.name for node in walk(graph)}
    convolves = any(name.startswith(("Conv", "DepthwiseConv")) and name.endswith("Grad") for name in names)
    return dict(_CONVOLUTION_GRADIENT_OPTIONS) if convolves else {}


# Functional execution --------------------------------------------------------------------------------------------


def execute(graph: Graph, inputs: Sequence[Any], captures: Sequence[Any], entries: Sequence[Any]) -> Any:
    """Runs a Graph as the pure function it is, on arrays.

    Args:
        graph: A finished Graph.
        inputs: Its input arrays.
        captures: Arrays for `graph.captured`, in order.
        entries: Arrays for `graph.states`, in order.

    Returns:
        The list of output arrays and the list of the states' arrays at exit.
    """
    if graph.is_staged:
        if graph.runtime is None:
            graph.runtime = _Stages(graph)
        results = graph.runtime(inputs, captures, entries)
        placement.log(graph.name, results)
        return results
    if graph.runtime is None:
        graph.runtime = _Programs(graph)
    return _guarded(graph, graph.runtime, list(inputs), list(captures), list(entries))


class _Programs:
    """A Graph without host nodes, compiled once for each set of values of captures that were known while tracing.

    What follows from such a capture may decide a shape in the Graph, so it must be known when the program is built.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known = graph.known_captures
        self._watch = watch.Watch(walk(graph))
        self._programs: dict[Any, Any] = {}

    def __call__(self, inputs: list[Any], captures: list[Any], entries: list[Any]) -> Any:
        key = tuple([StaticValue(np.asarray(captures[i])) for i in self._known])
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = compile_function(self._watch.around(self._with(key)), self._graph)
        return self._watch.verified(program(inputs, captures, entries))

    def _with(self, key: Sequence[StaticValue]) -> Callable[..., Any]:
        function = as_function(self._graph)

        def program(inputs: list[Any], captures: list[Any], entries: list[Any]) -> Any:
            full = list(captures)
            for i, value in zip(self._known, key, strict=True):
                full[i] = value.array
            return function(inputs, full, entries)

        return program


def _guarded(graph: Graph, program: Any, *arguments: Any, landed: list[Any] | None = None) -> Any:
    """Calls a compiled program; what JAX and XLA raise becomes TensorFlow's kind of error.

    Args:
        graph: What it was compiled from.
        program: What `compile_function` gave.
        *arguments: Its arguments.
        landed: A list to put the results into whatever happens. Handlers of signals run as a call returns; what they
            raise then would lose the results, and the buffers that the program consumed are gone.
    """
    try:
        if landed is None:
            results = program(*arguments)
        else:
            landed.extend(map(program, *zip(arguments)))  # no Python runs between the call and the list
            results = landed[0]
    except OpError as error:
        raise without_engine_notes(error) from None
    except Exception as error:
        reraise_foreign(error)
        if "incompatible devices" not in str(error):
            raise map_engine_error(error, f"Running {graph.name}") from None
        device = min(set().union(*[a.devices() for a in jax.tree.leaves(arguments)]), key=lambda d: d.id)
        results = program(*jax.device_put(arguments, device))
        if landed is not None:
            landed.append(results)
    if placement.is_logged:
        log_placement(graph, results)
    return results


def log_placement(graph: Graph, results: Any) -> None:
    """Says on which device a Graph's executable ran, if that is wanted."""
    placement.log_nodes(graph, walk(graph), results)
    placement.log(graph.name, results)


class _Bound:
    """A Graph with the arrays of its captures and the variables of its states."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._watch = watch.Watch(walk(graph))
        self._function = self._watch.around(as_function(graph))
        self._captures = [outer._array for outer, _ in graph.captured]
        states = list(graph.states.values())
        self._variables = [s.variable for s in states]
        self._written = [i for i, s in enumerate(states) if s.modified]
        self._kept = [i for i, s in enumerate(states) if not s.modified]
        self._kept_back = [bool(self._watch) and _is_small(states[i].value) for i in self._written]

    def _apply(
        self, donated: Sequence[Any], read: Sequence[Any], captures: Sequence[Any], inputs: Sequence[Any]
    ) -> Any:
        """The Graph's outputs, the values at exit of the variables it assigns, and the status of its checks."""
        entries: list[Any] = [None] * len(self._variables)
        for i, value in zip((*self._written, *self._kept), (*donated, *read), strict=True):
            entries[i] = value
        (outputs, finals), status = self._function(inputs, captures, entries)
        return outputs, self._unless_failed([finals[i] for i in self._written], donated, status), status

    def _unless_failed(self, finals: Sequence[Any], entries: Sequence[Any], status: Any) -> list[Any]:
        """The new values of variables; if a check failed, the old ones of small variables."""
        return [
            jnp.where(checks.passes(status), new, old) if back else new
            for new, old, back in zip(finals, entries, self._kept_back, strict=True)
        ]

    def _steps(self, start: Any, stop: Any, body: Any, outputs: Any, donated: Any) -> Any:
        """Runs ``body(i, (outputs, states, status))`` from `start` to ``stop - 1``, or up to a check that fails."""
        if not self._watch:
            return jax.lax.fori_loop(start, stop, body, (outputs, donated, ()))
        first = start, (outputs, donated, checks.clear())
        running = lambda c: (c[0] < stop) & checks.passes(c[1][2])  # noqa: E731
        return jax.lax.while_loop(running, lambda c: (c[0] + 1, body(*c)), first)[1]

    def _dispatch(self, program: Any, *arguments: Any) -> list[Any]:
        """Runs a compiled ``(donated, read, captures, ...)``; the variables it assigns get their new buffers."""
        if not self._variables:
            outputs, _, status = _guarded(self.graph, program, [], [], self._captures, *arguments)
            self._watch.verify(status)
            return outputs
        landed: list[Any] = []
        with state_lock:
            donated = [self._variables[i]._release() for i in self._written]
            read = [self._variables[i]._peek() for i in self._kept]
            try:
                _guarded(self.graph, program, donated, read, self._captures, *arguments, landed=landed)
                self._land(landed)
            except BaseException:
                self._land(landed)
                raise
        outputs, _, status = landed[0]
        self._watch.verify(status)
        return outputs

    def _land(self, landed: Sequence[Any]) -> None:
        """Gives the variables that were assigned their new buffers, if the program ran."""
        for _, finals, _ in landed:
            for i, array in zip(self._written, finals, strict=True):
                self._variables[i]._put(array)


# Variables up to this size keep their value in a step that fails. For larger ones that would cost every step another
# pass over them; what ops give for invalid values is finite there, so they get the update of the valid part.
_SMALL_STATE = 1 << 12


def _is_small(value: Any) -> bool:
    size = value.shape.num_elements()
    return size is not None and size <= _SMALL_STATE


class Program(_Bound):
    """A Graph bound to its captured tensors and variables: call it with the input arrays.

    Args:
        graph: A finished Graph whose captures are eager tensors.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        # The one device that `tf.device` asked for inside: an XLA program runs on one.
        devices = {node.device for node in walk(graph)} - {None}
        self._device = devices.pop() if len(devices) == 1 else None
        self._compiled = None if graph.is_staged else shaped_program(self._apply, graph, donate_argnums=(0,))

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the Graph, with its effect on variables; returns the output arrays."""
        device = self._device or context.device
        if device is None:
            return self._run(list(inputs))
        with jax.default_device(device):
            return self._run(jax.device_put(list(inputs), device))

    def bound_to(self, graph: Graph) -> Program:
        """The same program, with the same executables, for the variables of a Graph that differs by them alone."""
        bound = copy.copy(self)
        bound.graph = graph
        bound._variables = [s.variable for s in graph.states.values()]
        return bound

    def drop_executables(self) -> None:
        """Gives back what was compiled; a later call compiles again."""
        if self._compiled is not None:
            self._compiled.clear_cache()

    def _run(self, inputs: list[Any]) -> list[Any]:
        if self._compiled is not None:
            return self._dispatch(self._compiled, inputs)
        entries = [v._expose() for v in self._variables]
        outputs, finals = execute(self.graph, inputs, self._captures, entries)
        for i in self._written:
            self._variables[i]._put(finals[i])
        return outputs


class ScannedProgram(_Bound):
    """A Graph run many times in one dispatch: one call is many steps of a loop, with its state kept on the device.

    Each step's inputs are the rows of given arrays that a matrix of row numbers names. How many steps one call runs
    is an argument of the program, so chunks of any length share one executable.

    Args:
        graph: A finished Graph without host nodes whose captures are eager tensors; its inputs are batches.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._compiled = compile_function(self._loop, graph, donate_argnums=(0,))

    def _step(self, donated: Any, read: Any, captures: Any, arrays: Any, rows: Any) -> Any:
        inputs = [jnp.take(array, rows, axis=0, mode="clip") for array in arrays]
        outputs, finals, status = self._apply(donated, read, captures, inputs)
        return [jnp.asarray(x) for x in outputs], finals, status

    def _loop(self, donated: Any, read: Any, captures: Any, arrays: Any, order: Any, start: Any, stop: Any) -> Any:
        shapes, _, _ = jax.eval_shape(self._step, donated, read, captures, arrays, order[0])

        def body(i: Any, carry: Any) -> Any:
            rows = jax.lax.dynamic_index_in_dim(order, i, keepdims=False)
            return self._step(carry[1], read, captures, arrays, rows)

        return self._steps(start, stop, body, [jnp.zeros(x.shape, x.dtype) for x in shapes], donated)

    def __call__(self, arrays: Sequence[Any], order: Any, start: int, stop: int) -> list[Any]:
        """Runs steps ``start`` to ``stop - 1``; returns the outputs of the last one.

        Args:
            arrays: One array per input of the Graph, samples along the first axis.
            order: Row numbers, integers of shape [steps, batch].
            start: The first step.
            stop: The step after the last; greater than `start`.
        """
        return self._dispatch(self._compiled, list(arrays), order, np.int32(start), np.int32(stop))


class MappedProgram(_Bound):
    """A Graph run on consecutive batches in one dispatch, with the outputs of each of them.

    Args:
        graph: A finished Graph without host nodes whose captures are eager tensors; its inputs are batches.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._compiled = compile_function(self._loop, graph, donate_argnums=(0,))

    def _loop(self, donated: Any, read: Any, captures: Any, batches: Any, start: Any, stop: Any) -> Any:
        def step(i: Any, values: Any) -> Any:
            inputs = [jax.lax.dynamic_index_in_dim(x, i, keepdims=False) for x in batches]
            outputs, finals, status = self._apply(values, read, captures, inputs)
            return [jnp.asarray(x) for x in outputs], finals, status

        def body(i: Any, carry: Any) -> Any:
            room, values, _ = carry
            outputs, finals, status = step(i, values)
            put = jax.lax.dynamic_update_index_in_dim
            return [put(kept, x, i, 0) for kept, x in zip(room, outputs, strict=True)], finals, status

        shapes, _, _ = jax.eval_shape(step, 0, donated)
        room = [jnp.zeros((len(batches[0]), *x.shape), x.dtype) for x in shapes]
        return self._steps(start, stop, body, room, donated)

    def __call__(self, batches: Sequence[Any], start: int, stop: int) -> list[Any]:
        """Runs on the batches ``start`` to ``stop - 1``; returns outputs of shape [steps, ...], zeros for others.

        Args:
            batches: An array of shape [steps, batch, ...] for each input of the Graph.
            start: The first batch.
            stop: The batch after the last.
        """
        return self._dispatch(self._compiled, list(batches), np.int32(start), np.int32(stop))


# Stages ----------------------------------------------------------------------------------------------------------


class _Stage:
    """Nodes that run together: as one XLA program per set of shape-deciding values, or one by one on the host."""

    def __init__(self, level: int) -> None:
        self.on_host = level % 2 == 1
        self.nodes: list[Node] = []
        self.inputs: list[Any] = []
        self.static: list[Any] = []
        self.outputs: list[Any] = []
        self.programs: collections.OrderedDict[Any, Any] = collections.OrderedDict()

    def run(self, env: Environment) -> None:
        if self.on_host:
            for node in self.nodes:
                _run_host_node(node, env)
            return
        static = tuple([StaticValue(np.asarray(env[id(x)])) for x in self.static])
        program = self.programs.get(static)
        if program is None:
            watched = watch.Watch(walk_nodes(self.nodes))
            compiled = jax.jit(watched.around(lambda arrays: self._lower(arrays, static)))
            program = self.programs[static] = lambda arrays: watched.verified(compiled(arrays))
            if len(self.programs) > _MAX_PROGRAMS:
                self.programs.popitem(last=False)
        try:
            results = program([env[id(x)] for x in self.inputs])
        except OpError as error:
            raise without_engine_notes(error) from None
        placement.log_nodes(self, self.nodes, results)
        bind(env, self.outputs, results)

    def _lower(self, arrays: Sequence[Any], static: Sequence[StaticValue]) -> list[Any]:
        env: Environment = {}
        bind(env, self.inputs, arrays)
        bind(env, self.static, [s.array for s in static])
        evaluate(self.nodes, env)
        return [env[id(x)] for x in self.outputs]


def _run_host_node(node: Node, env: Environment) -> None:
    try:
        result = node.op.run([env[id(x)] for x in node.inputs], node.attrs)
    except OpError as error:
        if "Defined at" not in error.message:
            error.message += f"\nDefined at: {node.place}"
        raise
    placement.log(node.op.name, result)
    bind(env, node.outputs, result if node.many else (result,))


class _Stages:
    """A Graph cut where values must be on the host: a list of stages."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._captured = [inner for _, inner in graph.captured]
        self._states = list(graph.states.values())
        self._known = known_tensors(graph)
        self._home: dict[int, int] = {}
        stages: dict[int, _Stage] = {}
        last_effect = 1
        for node in graph.nodes:
            level = self._level(node)
            if node.on_host and has_effect(node):
                level = last_effect = max(level, last_effect)
            stages.setdefault(level, _Stage(level)).nodes.append(node)
            for output in node.outputs:
                self._home[id(output)] = level
        self._stages = [stages[level] for level in sorted(stages)]
        self._connect(stages)

    def _level(self, node: Node) -> int:
        levels = [self._home.get(id(x), 0) for x in node.inputs]
        level = max(levels, default=0)
        if node.on_host:
            return level if level % 2 else level + 1
        level += level % 2
        for position in node.op.static:
            if position < len(node.inputs) and id(node.inputs[position]) not in self._known:
                home = self._home.get(id(node.inputs[position]), -1)
                level = max(level, home + 2 - home % 2)
        return level

    def _connect(self, stages: dict[int, _Stage]) -> None:
        """Finds what each stage takes and gives. Known tensors are recomputed wherever they are used."""
        makers = {id(x): node for node in self._graph.nodes for x in node.outputs}
        wanted: dict[int, Any] = {id(x): x for x in [*self._graph.outputs, *[s.value for s in self._states]]}
        fixed = {id(self._captured[i]) for i in self._graph.known_captures}
        for stage in self._stages:
            own = {id(x) for node in stage.nodes for x in node.outputs}
            if not stage.on_host:
                stage.nodes = _with_known(stage.nodes, self._known, makers, own)
                own = {id(x) for node in stage.nodes for x in node.outputs}
            taken: dict[int, Any] = {}
            static: dict[int, Any] = {}
            for node in stage.nodes:
                for position, x in enumerate(node.inputs):
                    if id(x) not in own:
                        by_value = not stage.on_host and (position in node.op.static or id(x) in fixed)
                        (static if by_value else taken)[id(x)] = x
            stage.static = list(static.values())
            stage.inputs = [x for key, x in taken.items() if key not in static]
            wanted.update(taken)
            wanted.update(static)
        for stage in self._stages:
            made = {id(x): x for node in stage.nodes for x in node.outputs}
            stage.outputs = [x for key, x in made.items() if key in wanted]

    def __call__(self, inputs: Sequence[Any], captures: Sequence[Any], entries: Sequence[Any]) -> Any:
        env: Environment = {}
        bind(env, self._graph.inputs, inputs)
        bind(env, self._captured, captures)
        bind(env, [s.entry for s in self._states], entries)
        for stage in self._stages:
            stage.run(env)
        return [env[id(x)] for x in self._graph.outputs], [env[id(s.value)] for s in self._states]


def _with_known(nodes: list[Node], known: set[int], makers: dict[int, Node], own: set[int]) -> list[Node]:
    """`nodes`, preceded by the nodes that make the known values they use."""
    extra: dict[int, Node] = {}

    def add(node: Node) -> None:
        for x in node.inputs:
            maker = makers.get(id(x))
            if id(x) not in known or id(x) in own or maker is None or id(maker) in extra:
                continue
            if maker.op is CONST or not maker.on_host:
                add(maker)
                extra[id(maker)] = maker

    for node in nodes:
        add(node)
    return [*extra.values(), *nodes]
