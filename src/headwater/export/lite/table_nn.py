"""Rules for products, convolutions, pooling and normalisation (see `table`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.graph import Node
from headwater.export.forms import axes_of
from headwater.export.lite.program import Value, Writer
from headwater.export.lite.table import Unsupported, rule
from headwater.export.lite.table_einsum import product
from headwater.ops._resize import resampling

_PADDING = {"SAME": 0, "VALID": 1}


# Products -------------------------------------------------------------------------------------------------------


@rule("MatMul", "BatchMatMulV2")
def _matmul(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, y = inputs[0], inputs[1]
    turn_x, turn_y = (bool(_attr(node, f"transpose_{i}", f"adj_{j}")) for i, j in (("a", "x"), ("b", "y")))
    if y.data is not None and y.rank == 2 and not turn_x and x.rank >= 2 and x.dtype == np.float32:
        weights = w.constant(y.data if turn_y else y.data.T, name="weights")
        w("FULLY_CONNECTED", [x, weights, None], node.outputs[0], keepNumDims=x.rank > 2)
    else:
        w("BATCH_MATMUL", [x, y], node.outputs[0], adjX=turn_x, adjY=turn_y)


def _attr(node: Node, *names: str) -> Any:
    return next((node.attrs[n] for n in names if n in node.attrs), None)


@rule("BiasAdd")
def _bias_add(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    w("ADD", inputs, node.outputs[0])


def _channels_last(node: Node) -> None:
    layout = node.attrs.get("data_format") or "NHWC"
    if layout.startswith("NC"):
        raise Unsupported(f"the layout {layout}; LiteRT has channels last only. Build the model with channels_last.")


# Convolutions ---------------------------------------------------------------------------------------------------


def _window(value: Any) -> tuple[int, int]:
    """Height and width of a stride, dilation or window given for all four dimensions, for two, or for one."""
    numbers = [int(v) for v in np.asarray(1 if value is None else value).reshape(-1)]
    if len(numbers) == 4:
        if numbers[0] != 1 or numbers[3] != 1:
            raise Unsupported(f"strides or windows over the batch or the channels: {numbers}.")
        numbers = numbers[1:3]
    return (numbers[0], numbers[-1])


def _padded(w: Writer, node: Node, x: Value, fill: float | None = None) -> tuple[Value, int]:
    """The input, padded beforehand where the padding is explicit, and the padding the builtin is to do."""
    padding = node.attrs["padding"]
    explicit = node.attrs.get("explicit_paddings") or ()
    if isinstance(padding, str) and padding.upper() in _PADDING:
        return x, _PADDING[padding.upper()]
    pairs = np.asarray(explicit if len(explicit) else padding, np.int32).reshape(-1, 2)
    if pairs.shape[0] != x.rank:
        raise Unsupported(f"padding {padding!r}.")
    if not pairs.any():
        return x, _PADDING["VALID"]
    shape = [None if d is None else d + int(p.sum()) for d, p in zip(x.shape, pairs, strict=True)]
    if fill is None:
        return w("PAD", [x, w.vector(pairs, "paddings")], (x.dtype, shape)), _PADDING["VALID"]
    filler = w.constant(fill, x.dtype, "fill")
    return w("PADV2", [x, w.vector(pairs, "paddings"), filler], (x.dtype, shape)), _PADDING["VALID"]


def _filter(value: Value) -> Any:
    if value.data is None:
        raise Unsupported("a filter that is not a constant. Make it a tf.Variable or a constant.")
    return value.data


@rule("Conv2D")
def _conv2d(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    (x, padding), kernel = _padded(w, node, inputs[0]), _filter(inputs[1])
    stride, dilation = _window(node.attrs.get("strides")), _window(node.attrs.get("dilations"))
    weights = w.constant(kernel.transpose(3, 0, 1, 2), name="weights")  # HWIO -> OHWI
    w(
        "CONV_2D", [x, weights, None], node.outputs[0], padding=padding, strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1],
    )  # fmt: skip


@rule("Conv3D")
def _conv3d(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    (x, padding), kernel = _padded(w, node, inputs[0]), _filter(inputs[1])
    options: dict[str, int] = {}
    for name, suffix, attr in (("stride", "", "strides"), ("dilation", "Factor", "dilations")):
        numbers = [int(n) for n in node.attrs[attr]][1:4]
        options |= {f"{name}{axis}{suffix}": n for axis, n in zip("DHW", numbers, strict=True)}
    w("CONV_3D", [x, w.constant(kernel, name="weights"), None], node.outputs[0], padding=padding, **options)


@rule("DepthwiseConv2dNative")
def _depthwise(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    (x, padding), kernel = _padded(w, node, inputs[0]), _filter(inputs[1])
    height, width, channels, multiplier = kernel.shape
    stride, dilation = _window(node.attrs.get("strides")), _window(node.attrs.get("dilations"))
    weights = w.constant(kernel.reshape(1, height, width, channels * multiplier), name="weights")
    w(
        "DEPTHWISE_CONV_2D", [x, weights, None], node.outputs[0], padding=padding, strideH=stride[0],
        strideW=stride[1], dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
    )  # fmt: skip


@rule("Conv2DBackpropInput")
def _transpose_conv(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    if node.attrs["padding"] not in _PADDING or _window(node.attrs.get("dilations")) != (1, 1):
        raise Unsupported("explicit padding or dilation of a transposed convolution. Use SAME or VALID, dilation 1.")
    sizes, kernel, x = inputs[0], _filter(inputs[1]), inputs[2]
    stride = _window(node.attrs.get("strides"))
    weights = w.constant(kernel.transpose(2, 0, 1, 3), name="weights")  # HWOI -> OHWI
    w(
        "TRANSPOSE_CONV", [sizes, weights, x], node.outputs[0], padding=_PADDING[node.attrs["padding"]],
        strideH=stride[0], strideW=stride[1],
    )  # fmt: skip


# Pooling --------------------------------------------------------------------------------------------------------


@rule("LRN")
def _lrn(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    a = node.attrs
    w(
        "LOCAL_RESPONSE_NORMALIZATION", inputs, node.outputs[0], radius=int(a["depth_radius"]), bias=float(a["bias"]),
        alpha=float(a["alpha"]), beta=float(a["beta"]),
    )  # fmt: skip


@rule("MaxPool", "AvgPool")
def _pool(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    is_max = node.type == "MaxPool"
    if not is_max and node.attrs["padding"] not in _PADDING:
        raise Unsupported("explicit padding of an average pool. Use SAME or VALID, or tf.pad before it.")
    x, padding = _padded(w, node, inputs[0], float(np.finfo(np.float32).min))
    window, stride = _window(node.attrs["ksize"]), _window(node.attrs["strides"])
    w(
        "MAX_POOL_2D" if is_max else "AVERAGE_POOL_2D", [x], node.outputs[0], padding=padding, filterHeight=window[0],
        filterWidth=window[1], strideH=stride[0], strideW=stride[1],
    )  # fmt: skip


# Normalisation --------------------------------------------------------------------------------------------------


@rule("FusedBatchNormV3")
def _fused_batch_norm(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _channels_last(node)
    if node.attrs.get("is_training", True):
        raise Unsupported("batch statistics (training). Call the model with training=False.")
    x, scale, offset, mean, variance = inputs[:5]
    _normalize(w, node, x, mean, variance, scale, offset, float(node.attrs["epsilon"]))
    w.values |= {id(x): v for x, v in zip(node.outputs[1:], (mean, variance, mean, variance), strict=False)}


@rule("BatchNormalization")
def _batch_norm(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, mean, variance, *rest = inputs
    scale = rest.pop(0) if node.attrs["scaled"] else None
    offset = rest.pop(0) if node.attrs["offset"] else None
    _normalize(w, node, x, mean, variance, scale, offset, float(node.attrs["variance_epsilon"]))


def _normalize(
    w: Writer, node: Node, x: Value, mean: Value, variance: Value, scale: Value | None, offset: Value | None, eps: float
) -> None:
    """``(x - mean) / sqrt(variance + eps) * scale + offset`` as one product and one sum."""
    center, spread = _known(mean), _known(variance)
    gain = (1 if scale is None else _known(scale)) / np.sqrt(spread + eps)
    bias = (0 if offset is None else _known(offset)) - center * gain
    scaled = w("MUL", [x, w.constant(gain, x.dtype, "scale")], (x.dtype, x.shape))
    w("ADD", [scaled, w.constant(bias, x.dtype, "offset")], node.outputs[0])


def _known(statistic: Value) -> Any:
    if statistic.data is None:
        raise Unsupported("statistics that are not constants.")
    return np.asarray(statistic.data, np.float64)


@rule("L2Normalize")
def _l2_normalize(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x = inputs[0]
    axes = axes_of(node.attrs["axis"], x.rank) or []
    kept = [1 if i in axes else d for i, d in enumerate(x.shape)]
    total = w("SUM", [w("SQUARE", [x], (x.dtype, x.shape)), w.vector(axes, "axes")], (x.dtype, kept), keepDims=True)
    least = w("MAXIMUM", [total, w.constant(node.attrs["epsilon"], x.dtype, "epsilon")], (x.dtype, kept))
    w("MUL", [x, w("RSQRT", [least], (x.dtype, kept))], node.outputs[0])


@rule("Moments")
def _moments(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x = inputs[0]
    axes = axes_of(node.attrs["axis"], x.rank) or []
    places, kept = w.vector(axes, "axes"), [1 if i in axes else d for i, d in enumerate(x.shape)]
    keep = bool(node.attrs["keepdims"])
    center = w("MEAN", [x, places], (x.dtype, kept), keepDims=True)
    square = w("SQUARED_DIFFERENCE", [x, center], (x.dtype, x.shape))
    w("MEAN", [x, places], node.outputs[0], keepDims=keep)
    w("MEAN", [square, places], node.outputs[1], keepDims=keep)


# Images ---------------------------------------------------------------------------------------------------------


@rule("ResizeBilinear", "ResizeNearestNeighbor")
def _resize(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    code = "RESIZE_BILINEAR" if node.type == "ResizeBilinear" else "RESIZE_NEAREST_NEIGHBOR"
    corners, half = bool(node.attrs.get("align_corners")), bool(node.attrs.get("half_pixel_centers", True))
    w(code, inputs, node.outputs[0], alignCorners=corners, halfPixelCenters=half)


@rule("ResizeBicubic", "ResizeArea", "ScaleAndTranslate")
def _resample(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    """Two products with the shares that old rows and columns have in the new ones."""
    x, size = inputs
    old = [d for d in x.shape[1:3] if d is not None]
    if size.data is None or len(old) < 2:
        raise Unsupported("sizes that are known at run time only. Give the images' shape and the new size as numbers.")
    rows, columns = (
        w.constant(resampling(node.type, before, after, node.attrs), np.float32, "shares")
        for before, after in zip(old, size.data.tolist(), strict=True)
    )
    if x.dtype != np.float32:
        x = w("CAST", [x], (np.float32, x.shape))
    taller = (np.float32, (x.shape[0], size.data[0], *x.shape[2:]))
    x = product(w, taller, [(x, "nhwc"), (rows, "oh")], "nowc")
    product(w, node.outputs[0], [(x, "nowc"), (columns, "pw")], "nopc")


# Spectra --------------------------------------------------------------------------------------------------------


@rule("RFFT", "RFFT2D")
def _spectrum(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, given, out = inputs[0], inputs[1], node.outputs[0]
    axes = axes_of(node.attrs["axis"], x.rank)
    sizes = [x.shape[i] for i in axes or ()]
    wanted = sizes if given.shape == (0,) else None if given.data is None else given.data.tolist()
    if wanted is None or wanted != sizes or any(n is None or n & (n - 1) for n in wanted):
        raise Unsupported("a length that is not a known power of two. Cut or pad the input with numbers first.")
    if len(sizes) == 2:
        w("RFFT2D", [x, w.vector(sizes, "lengths")], out)
        return
    lead = x.shape[:-1]
    rows = w("EXPAND_DIMS", [x, w.vector(x.rank - 1, "axis")], (x.dtype, (*lead, 1, sizes[0])))
    rows = w("RFFT2D", [rows, w.vector([1, sizes[0]], "lengths")], (np.complex64, (*lead, 1, out.shape[-1])))
    w("SQUEEZE", [rows], out, squeezeDims=[x.rank - 1])
