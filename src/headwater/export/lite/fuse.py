"""Rewrites of a program that make it smaller: bias, scale and activation go into the operator before them.

LiteRT runs operators as they stand in the file, so what is not fused here stays unfused.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headwater.export.lite.program import Operator, Subgraph, Value

# Where the output channels of the weights are.
_WEIGHTED = {"FULLY_CONNECTED": 0, "CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
_ACTIVATIONS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}  # ActivationFunctionType
_ACTIVATED = frozenset([*_WEIGHTED, "ADD", "SUB", "MUL", "DIV", "MAX_POOL_2D", "AVERAGE_POOL_2D"])

Rewrite = Callable[[Operator, Operator], bool]


def fuse(subgraph: Subgraph) -> None:
    """Fuses each operator into the one that makes its input, where that is its only reader."""
    readers: dict[int, int] = {id(v): 1 for v in subgraph.outputs}
    for op in subgraph.operators:
        for value in op.inputs:
            if value is not None:
                readers[id(value)] = readers.get(id(value), 0) + 1
    makers: dict[int, Operator] = {}
    kept: list[Operator] = []
    for op in subgraph.operators:
        maker = _maker(op, makers, readers)
        if maker is not None and (_fuse_scale(maker, op) or _fuse_bias(maker, op) or _fuse_activation(maker, op)):
            maker.outputs = op.outputs
            op = maker
        else:
            kept.append(op)
        makers.update({id(v): op for v in op.outputs})
    subgraph.operators = kept
    for op in kept:
        if op.code in _WEIGHTED and op.inputs[2] is None:
            op.inputs[2] = _no_bias(op)


def _no_bias(op: Operator) -> Value:
    """Zeros: most runtimes ask for a bias."""
    weights = op.inputs[1]
    assert weights is not None
    channels = weights.shape[_WEIGHTED[op.code]]
    return Value(f"{weights.name}/bias", np.float32, (channels,), np.zeros(channels, np.float32))


def _maker(op: Operator, makers: dict[int, Operator], readers: dict[int, int]) -> Operator | None:
    """The operator that makes the one input of `op` that is not a constant, if nobody else reads that."""
    varying = [v for v in op.inputs if v is not None and v.data is None]
    if len(varying) != 1 or len(op.outputs) != 1 or readers.get(id(varying[0])) != 1:
        return None
    maker = makers.get(id(varying[0]))
    return maker if maker is not None and maker.outputs == [varying[0]] else None


def _fuse_activation(maker: Operator, op: Operator) -> bool:
    if op.code not in _ACTIVATIONS or maker.code not in _ACTIVATED or maker.outputs[0].dtype != np.float32:
        return False
    if maker.options.get("fusedActivationFunction"):
        return False
    maker.options["fusedActivationFunction"] = _ACTIVATIONS[op.code]
    return True


def _per_channel(maker: Operator, op: Operator) -> Value | None:
    """The constant of a product or sum, if it has one number per output channel of `maker`."""
    if maker.code not in _WEIGHTED or maker.options.get("fusedActivationFunction"):
        return None
    constant = next((v for v in op.inputs if v is not None and v.data is not None), None)
    if constant is None or constant.dtype != np.float32 or op.outputs[0].shape != maker.outputs[0].shape:
        return None
    shape = constant.shape
    channels = maker.inputs[1].shape[_WEIGHTED[maker.code]]  # type: ignore[union-attr]
    return constant if shape and shape[-1] == channels and all(d == 1 for d in shape[:-1]) else None


def _fuse_bias(maker: Operator, op: Operator) -> bool:
    constant = _per_channel(maker, op)
    if constant is None or op.code not in ("ADD", "SUB") or op.options.get("fusedActivationFunction"):
        return False
    if op.code == "SUB" and op.inputs[1] is not constant:
        return False
    bias = constant.data.reshape(-1) * (-1 if op.code == "SUB" else 1)
    before = maker.inputs[2]
    if before is not None:
        bias = before.data + bias
    maker.inputs[2] = Value(constant.name if before is None else before.name, np.float32, bias.shape, bias)
    return True


def _fuse_scale(maker: Operator, op: Operator) -> bool:
    constant = _per_channel(maker, op)
    if constant is None or op.code != "MUL" or op.options.get("fusedActivationFunction"):
        return False
    weights, bias = maker.inputs[1], maker.inputs[2]
    factor = constant.data.reshape(-1)
    shape = [1] * weights.rank  # type: ignore[union-attr]
    shape[_WEIGHTED[maker.code]] = -1
    scaled = weights.data * factor.reshape(shape)  # type: ignore[union-attr]
    maker.inputs[1] = Value(weights.name, np.float32, scaled.shape, scaled)  # type: ignore[union-attr]
    if bias is not None:
        maker.inputs[2] = Value(bias.name, np.float32, bias.shape, bias.data * factor)
    return True
