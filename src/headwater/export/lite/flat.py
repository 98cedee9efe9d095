"""A `Program` as the bytes of a .tflite file: a flatbuffer by LiteRT's own schema classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater.export.lite.program import Operator, Program, Subgraph, Value
from headwater.export.lite.runtime import builder, schema
from headwater.export.lite.versions import version

# Builtins whose options table is not called like the builtin.
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "CONV_3D": "Conv3DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "LOCAL_RESPONSE_NORMALIZATION": "LocalResponseNormalizationOptions",
    "TOPK_V2": "TopKV2Options",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "PADV2": "PadV2Options",
    "ATAN2": "ATan2Options",
    "RFFT2D": "Rfft2dOptions",
    **dict.fromkeys(
        ["SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL"], "ReducerOptions"
    ),
}
_ALIGNMENT = 16
_LAST_SHORT_CODE = 127  # newer builtins stand in the wider field


def to_bytes(program: Program, names: Mapping[str, Sequence[str]], signature: str = "serving_default") -> bytes:
    """The .tflite file.

    Args:
        program: What to write.
        names: ``"inputs"`` and ``"outputs"``: the signature's names of the first subgraph's inputs and outputs.
        signature: The name of the signature.
    """
    return _File(schema()).write(program, names, signature)


class _File:
    def __init__(self, s: Any) -> None:
        self.s = s
        self.buffers: list[Any] = [s.BufferT()]  # the first one means: no content
        self.codes: dict[tuple[str, int], int] = {}

    def write(self, program: Program, names: Mapping[str, Sequence[str]], signature: str) -> bytes:
        s = self.s
        model = s.ModelT()
        model.version, model.description = 3, "Headwater"
        model.subgraphs = [self.subgraph(sub) for sub in program.subgraphs]
        model.operatorCodes = [self.code(name, number) for name, number in self.codes]
        model.metadata = [self.metadata("min_runtime_version", b"2.3.0")]
        model.buffers = self.buffers
        definition = s.SignatureDefT()
        definition.signatureKey, definition.subgraphIndex = signature, 0
        first = model.subgraphs[0]
        definition.inputs = [self.entry(n, i) for n, i in zip(names["inputs"], first.inputs, strict=True)]
        definition.outputs = [self.entry(n, i) for n, i in zip(names["outputs"], first.outputs, strict=True)]
        model.signatureDefs = [definition]
        flat = builder().Builder(1 << 16)
        flat.Finish(model.Pack(flat), b"TFL3")
        return bytes(flat.Output())

    def subgraph(self, sub: Subgraph) -> Any:
        positions: dict[int, int] = {}
        tensors: list[Any] = []

        def place(value: Value | None) -> int:
            if value is None:
                return -1
            if id(value) not in positions:
                positions[id(value)] = len(tensors)
                tensors.append(self.tensor(value))
            return positions[id(value)]

        made = self.s.SubGraphT()
        made.name = sub.name
        made.inputs = [place(v) for v in sub.inputs]
        made.operators = [self.operator(op, place) for op in sub.operators]
        made.outputs = [place(v) for v in sub.outputs]
        made.tensors = tensors
        return made

    def tensor(self, value: Value) -> Any:
        made = self.s.TensorT()
        made.name, made.hasRank = value.name, True
        made.type = getattr(self.s.TensorType, value.dtype.name.upper())
        made.shape = [1 if d is None else d for d in value.shape]
        if None in value.shape:
            made.shapeSignature = [-1 if d is None else d for d in value.shape]
        made.buffer = 0 if value.data is None else self.buffer(value.data)
        return made

    def buffer(self, array: Any) -> int:
        buffer = _aligned_buffer(self.s)
        buffer.data = np.frombuffer(np.asarray(array, order="C").tobytes(), np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def operator(self, op: Operator, place: Any) -> Any:
        made = self.s.OperatorT()
        made.opcodeIndex = self.codes.setdefault((op.code, version(op)), len(self.codes))
        made.inputs = [place(v) for v in op.inputs]
        made.outputs = [place(v) for v in op.outputs]
        name = _OPTIONS.get(op.code) or op.code.title().replace("_", "") + "Options"
        options = getattr(self.s, f"{name}T", None)
        if options is not None:
            made.builtinOptions = options()
            made.builtinOptionsType = getattr(self.s.BuiltinOptions, name)
            for key, field in op.options.items():
                if not hasattr(made.builtinOptions, key):
                    raise AttributeError(f"{name} of {op.code} has no field {key!r}.")
                setattr(made.builtinOptions, key, field)
        elif op.options:
            raise AttributeError(f"{op.code} takes no options, received {op.options}.")
        return made

    def code(self, name: str, number: int) -> Any:
        made = self.s.OperatorCodeT()
        made.builtinCode = getattr(self.s.BuiltinOperator, name)
        made.deprecatedBuiltinCode = min(made.builtinCode, _LAST_SHORT_CODE)
        made.version = number
        return made

    def metadata(self, name: str, text: bytes) -> Any:
        made = self.s.MetadataT()
        made.name, made.buffer = name, self.buffer(np.frombuffer(text.ljust(16, b"\0"), np.uint8))
        return made

    def entry(self, name: str, position: int) -> Any:
        made = self.s.TensorMapT()
        made.name, made.tensorIndex = name, position
        return made


def _aligned_buffer(s: Any) -> Any:
    """A buffer whose content starts at a multiple of 16, as the schema asks and its object class does not do."""

    class AlignedBuffer(s.BufferT):
        def Pack(self, flat: Any) -> Any:
            content = bytes(self.data)
            flat.StartVector(1, len(content), _ALIGNMENT)
            flat.head -= len(content)
            flat.Bytes[flat.head : flat.head + len(content)] = content
            data = flat.EndVector()
            s.BufferStart(flat)
            s.BufferAddData(flat, data)
            return s.BufferEnd(flat)

    return AlignedBuffer()
