"""A .tflite program before it is bytes: values, builtin operators, and the `Writer` that op rules write them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headwater.core.graph import Graph
from headwater.core.tensor import SymbolicTensor

Shape = tuple[int | None, ...]


class Value:
    """A tensor of the program; `data` is its content if it is a constant."""

    __slots__ = ("data", "dtype", "name", "shape")

    def __init__(self, name: str, dtype: Any, shape: Sequence[int | None], data: Any = None) -> None:
        self.name = name
        self.dtype = np.dtype(dtype)
        self.shape: Shape = tuple(shape)
        self.data = data

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<Value {self.name!r} {self.dtype}{list(self.shape)}{'' if self.data is None else ' constant'}>"


@dataclass(eq=False)
class Operator:
    """One builtin operator: its name in the schema, values (None: an input left out) and option fields."""

    code: str
    inputs: list[Value | None]
    outputs: list[Value]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Subgraph:
    """Operators in order, with what goes in and comes out."""

    name: str
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)


@dataclass(eq=False)
class Program:
    """All subgraphs; the first is the one that users call."""

    subgraphs: list[Subgraph] = field(default_factory=list)


class Writer:
    """What op rules write into: one subgraph being built.

    A rule calls ``w("ADD", [x, y], out, ...)``, where `out` is the node's output tensor, or ``(dtype, shape)`` of an
    intermediate value.
    """

    def __init__(self, program: Program, name: str, lower: Any) -> None:
        self.program = program
        self.subgraph = Subgraph(name)
        self.values: dict[int, Value] = {}  # id of a core tensor -> its value here
        self.prefix = ""
        self._lower = lower
        self._names: dict[str, int] = {}

    def __call__(self, code: str, inputs: Sequence[Value | None], out: Any, **options: Any) -> Value:
        """Adds an operator with one output, and returns that."""
        return self.many(code, inputs, [out], **options)[0]

    def many(self, code: str, inputs: Sequence[Value | None], outs: Sequence[Any], **options: Any) -> list[Value]:
        """Adds an operator with several outputs."""
        outputs = [self._output(out) for out in outs]
        self.subgraph.operators.append(Operator(code, list(inputs), outputs, options))
        return outputs

    def constant(self, data: Any, dtype: Any = None, name: str = "const") -> Value:
        """A constant value."""
        array = np.asarray(data, dtype, order="C")
        return Value(self._unique(f"{self.prefix}/{name}"), array.dtype, array.shape, array)

    def vector(self, numbers: Any, name: str = "const") -> Value:
        """A constant int32 vector (or scalar)."""
        return self.constant(numbers, np.int32, name)

    def placeholder(self, tensor: SymbolicTensor) -> Value:
        """A value that the caller of the subgraph gives."""
        value = self.values[id(tensor)] = self._named(tensor, tensor.node.name)
        self.subgraph.inputs.append(value)
        return value

    def finish(self, outputs: Sequence[Value]) -> None:
        """Sets the subgraph's outputs: what is an input, a constant, or an output already is copied."""
        self.prefix = "output"
        made = {id(v) for op in self.subgraph.operators for v in op.outputs}
        for value in outputs:
            fresh = id(value) in made and value not in self.subgraph.outputs
            self.subgraph.outputs.append(value if fresh else self._copy(value))

    def _copy(self, value: Value) -> Value:
        if value.shape.count(None) <= 1:
            shape = self.vector([-1 if d is None else d for d in value.shape], "shape")
        else:
            shape = self("SHAPE", [value], (np.int32, (value.rank,)), outType=2)
        return self("RESHAPE", [value, shape], (value.dtype, value.shape))

    def lower(self, graph: Graph) -> int:
        """Writes another Graph as a subgraph of the program; returns its position."""
        position: int = self._lower(self.program, graph)
        return position

    def _output(self, out: Any) -> Value:
        if isinstance(out, SymbolicTensor):
            value = self.values[id(out)] = self._named(out, self.prefix or out.node.name)
            return value
        dtype, shape = out
        return Value(self._unique(f"{self.prefix}/part"), dtype, shape)

    def _named(self, tensor: SymbolicTensor, name: str) -> Value:
        return Value(self._unique(name), tensor.dtype.as_numpy_dtype, tensor.shape.as_list())

    def _unique(self, name: str) -> str:
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else f"{name}_{count}"
