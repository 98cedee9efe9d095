"""Graph → .tflite: the shared passes, one rule per op, fusion, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.concrete import ConcreteFunction
from headwater.core.errors import UnimplementedError
from headwater.core.graph import CONST, Graph, Node, describe_location, walk
from headwater.core.shapes import TensorShape
from headwater.core.tensor import SymbolicTensor
from headwater.export.inference import inference_function
from headwater.export.lite import table_control, table_einsum, table_form, table_nn  # noqa: F401  they add to the table
from headwater.export.lite.flat import to_bytes
from headwater.export.lite.fuse import fuse
from headwater.export.lite.program import Program, Value, Writer
from headwater.export.lite.table import RULES, Unsupported
from headwater.export.passes import freeze

# What may be complex64: LiteRT has spectra and their parts, but no arithmetic of complex numbers.
_COMPLEX = frozenset({"RFFT", "RFFT2D", "Placeholder"})
_DTYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool"})


def convert_concrete_function(
    concrete_function: ConcreteFunction, batch: int | None = None, output_names: Sequence[str] | None = None
) -> bytes:
    """A traced function as a LiteRT model.

    Args:
        concrete_function: The function, as ``tf.function(f).get_concrete_function(...)`` gives it. Its variables become
            constants.
        batch: A fixed size for the first dimension of all inputs, where that is unknown. None leaves it dynamic,
            which LiteRT for the web and some accelerators cannot take.
        output_names: Names of the outputs in the model's signature; by default those of the result's structure.

    Returns:
        The content of a ``.tflite`` file, with the signature ``serving_default``.

    Raises:
        UnimplementedError: If LiteRT has no operator for something in the function; lists all of it.
        InvalidArgumentError: If the function assigns to variables.
        ImportError: If the extra ``[lite]`` is not installed.

    >>> double = tf.function(lambda x: x + x).get_concrete_function(tf.TensorSpec([None, 3]))
    >>> model = convert_concrete_function(double)
    >>> from headwater.export.lite import verify
    >>> verify(model, [np.ones([2, 3], np.float32)], [2 * np.ones([2, 3], np.float32)])
    0.0
    """
    traced = concrete_function.graph
    graph = freeze(traced, [_with_batch(x, batch) for x in traced.inputs])
    names = {
        "inputs": [x.node.name for x in graph.inputs],
        "outputs": list(output_names or _output_names(concrete_function)),
    }
    return to_bytes(write_program(graph), names)


def _with_batch(tensor: SymbolicTensor, batch: int | None) -> TensorShape | None:
    if batch is None or not tensor.shape.rank or tensor.shape[0] is not None:
        return None
    return TensorShape([batch, *tensor.shape.as_list()[1:]])


def _output_names(function: ConcreteFunction) -> list[str]:
    structure = function.structured_outputs
    count = len(function.graph.outputs)
    if isinstance(structure, dict) and len(structure) == count:
        return [str(key) for key in sorted(structure)]
    return [f"output_{i}" for i in range(count)]


def write_program(graph: Graph) -> Program:
    """A frozen Graph as a program of LiteRT's operators."""
    problems: list[tuple[Node, str]] = []
    _check(graph, problems)
    program = Program()
    if not problems:
        _Lowering(problems)(program, graph)
    if problems:
        raise UnimplementedError(None, None, _report(graph, problems))
    return program


def _check(graph: Graph, problems: list[tuple[Node, str]]) -> None:
    for node in [*[x.node for x in graph.inputs], *walk(graph)]:
        if node.type not in RULES and node.op is not CONST and node.type != "Placeholder":
            problems.append((node, "LiteRT has no operator for it, or it is not in the table yet."))
            continue
        for x in node.outputs:
            if x.dtype.name not in _DTYPES and not (x.dtype.name == "complex64" and node.type in _COMPLEX):
                problems.append((node, f"its result has dtype {x.dtype.name}. Use tf.cast, to float32 for instance."))
            elif x.shape.rank is None:
                problems.append((node, "its result has unknown rank. Give an input_signature, or use tf.ensure_shape."))


def _report(graph: Graph, problems: Sequence[tuple[Node, str]]) -> str:
    lines = [f"  {node.type} ({node.name!r}): {why}\n    {describe_location(node.location)}" for node, why in problems]
    return (
        f"{graph.name} cannot be converted to LiteRT, because of {len(problems)} of its operations:\n"
        + "\n".join(lines)
        + "\nExpress them by other operations, or leave them out of the exported function and compute them before or "
        "after the model."
    )


class _Lowering:
    def __init__(self, problems: list[tuple[Node, str]]) -> None:
        self.problems = problems

    def __call__(self, program: Program, graph: Graph) -> int:
        """Writes `graph` as the next subgraph of `program`; returns its position."""
        w = Writer(program, "main" if not program.subgraphs else graph.name, self)
        position = len(program.subgraphs)
        program.subgraphs.append(w.subgraph)
        for x in (*graph.inputs, *[inner for _, inner in graph.captured]):
            w.placeholder(x)
        for node in graph.nodes:
            self.node(w, node)
        w.finish([w.values[id(x)] for x in graph.outputs])
        fuse(w.subgraph)
        return position

    def node(self, w: Writer, node: Node) -> None:
        """Writes one node by its rule."""
        if node.op is CONST:
            data = np.asarray(node.attrs["value"], order="C")
            w.values[id(node.outputs[0])] = Value(node.name, data.dtype, data.shape, data)
            return
        w.prefix = node.name
        try:
            RULES[node.type](w, node, [w.values[id(x)] for x in node.inputs])
        except Unsupported as error:
            self.problems.append((node, f"{node.type} with {error}"))
            for x in node.outputs:
                w.values[id(x)] = Value(node.name, x.dtype.as_numpy_dtype, x.shape.as_list())


def convert_keras_model(model: Any, batch: int | None = None) -> bytes:
    """A Keras model's inference as a LiteRT model.

    Args:
        model: A built model.
        batch: A fixed batch size, or None for a dynamic one.

    Returns:
        The content of a ``.tflite`` file, with the signature ``serving_default``.
    """
    return convert_concrete_function(inference_function(model), batch)
