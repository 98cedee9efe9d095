"""`tf.nn`'s convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from headwater.core.graph import IDENTITY
from headwater.core.infer import constant_value
from headwater.core.op import Op, op
from headwater.core.tensor import SymbolicTensor, Tensor
from headwater.ops import _convolution_kernels as kernels
from headwater.ops import _windows
from headwater.ops._common import as_shape_tensor, convert_pair
from headwater.ops._windows import Window

# Ops ------------------------------------------------------------------------------------------------------------


def _window(filters: Any, attrs: dict[str, Any]) -> Window:
    rank = len(attrs["data_format"]) - 2
    first = 2 if attrs["data_format"].startswith("NC") else 1
    return Window(
        tuple(filters.shape[:rank]),
        attrs["strides"][first : first + rank],
        attrs["dilations"][first : first + rank],
        _windows.attribute_padding(attrs["padding"], attrs["explicit_paddings"], rank, first),
        first,
    )


def _convolve(x: Any, filters: Any, **attrs: Any) -> Any:
    return kernels.convolve(x, filters, _window(filters, attrs))


def _transpose(sizes: Any, filters: Any, y: Any, **attrs: Any) -> Any:
    shape = tuple(int(s) for s in sizes)
    if len(shape) != y.ndim:
        raise ValueError(f"expected output_shape of length {y.ndim}, received {list(shape)}")
    return kernels.transpose(y, filters, shape, _window(filters, attrs))


CONV2D = Op("Conv2D", _convolve, same_dtype=True)
CONV3D = Op("Conv3D", _convolve, same_dtype=True)
CONV2D_BACKPROP_INPUT = Op("Conv2DBackpropInput", _transpose, static=(0,), same_dtype=(1, 2))
CONV3D_BACKPROP_INPUT = Op("Conv3DBackpropInputV2", _transpose, static=(0,), same_dtype=(1, 2))


@op("DepthwiseConv2dNative", same_dtype=True)
def DEPTHWISE_CONV2D(x: Any, filters: Any, **attrs: Any) -> Any:
    return kernels.depthwise(x, filters, _window(filters, attrs))


def _attributes(
    strides: Any, padding: Any, data_format: str | None, dilations: Any, rank: int, what: str
) -> dict[str, Any]:
    """The attributes of a convolution op, always in the same order."""
    first = 2 if _windows.channels_first(data_format, rank, what) else 1
    full = Window((), (), (), "VALID", first).full
    mode, explicit = _windows.padding_attributes(padding, rank, first, what)
    return {
        "strides": full(_windows.spatial(strides, rank, first, what, "strides"), 1),
        "padding": mode,
        "explicit_paddings": explicit,
        "data_format": _windows.layouts(rank)[first - 1],
        "dilations": full(_windows.spatial(dilations, rank, first, what, "dilations"), 1),
    }


# Convolutions ---------------------------------------------------------------------------------------------------


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """A 2-D convolution (cross-correlation) of images.

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`); more batch dimensions are allowed.
        filters: [height, width, channels / groups, outputs] of the same dtype.
        strides: One integer, two, or one per dimension.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: One integer, two, or one per dimension.
        name: A name for the result.

    Returns:
        A tensor of the dtype of `input`.

    Raises:
        ValueError, InvalidArgumentError: If shapes or arguments do not fit.

    >>> x = tf.reshape(tf.range(9, dtype=tf.float32), [1, 3, 3, 1])
    >>> tf.nn.conv2d(x, tf.ones([2, 2, 1, 1]), strides=1, padding="VALID")[0, :, :, 0].numpy()
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """
    input, filters = convert_pair(input, filters)
    attrs = _attributes(strides, padding, data_format, dilations, 2, "conv2d")
    return CONV2D(input, filters, name=name, **attrs)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """A 3-D convolution of [batch, depth, height, width, channels] by [depth, height, width, channels, outputs].

    The arguments are those of `conv2d`.

    >>> tf.nn.conv3d(tf.ones([1, 3, 3, 3, 1]), tf.ones([2, 2, 2, 1, 4]), strides=[1] * 5, padding="VALID").shape
    TensorShape([1, 2, 2, 2, 4])
    """
    input, filters = convert_pair(input, filters)
    attrs = _attributes(strides, padding, data_format, dilations, 3, "conv3d")
    return CONV3D(input, filters, name=name, **attrs)


def _with_height(value: Any, what: str, first: int) -> Any:
    """A stride or dilation of a 1-D convolution for two dimensions, the first being 1."""
    (step,) = _windows.spatial(value, 1, first, what, "strides")
    return (1, step)


def _padding_with_height(padding: Any, first: int) -> Any:
    if isinstance(padding, str):
        return padding
    pairs = list(padding)
    return [*pairs[:first], (0, 0), *pairs[first:]] if len(pairs) == 3 else [(0, 0), *pairs]


def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """A 1-D convolution of [batch, width, channels] by [width, channels / groups, outputs].

    Args:
        input: A tensor of rank 3 or more.
        filters: A tensor of the same dtype.
        stride: The steps between windows.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NWC"`` or ``"NCW"``.
        dilations: The steps between a window's elements.
        name: A name for the result.

    Returns:
        A tensor [batch, new width, outputs].

    >>> tf.nn.conv1d(tf.ones([1, 4, 1]), tf.ones([2, 1, 1]), 1, "VALID")[0, :, 0].numpy()
    array([2., 2., 2.], dtype=float32)
    """
    input, filters = convert_pair(input, filters)
    first = 2 if _windows.channels_first(data_format, 1, "conv1d") else 1
    strides, dilation = _with_height(stride, "conv1d", first), _with_height(dilations, "conv1d", first)
    layout = _windows.layouts(2)[first - 1]
    image = input[..., None, :, :] if first == 1 else input[..., None, :]
    attrs = _attributes(strides, _padding_with_height(padding, first), layout, dilation, 2, "conv1d")
    result = CONV2D(image, filters[None], name=name, **attrs)
    return result[..., 0, :, :] if first == 1 else result[..., 0, :]


def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """A convolution over as many dimensions (1 to 3) as `filters` has before its last two.

    >>> tf.nn.convolution(tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 3]), padding="SAME").shape
    TensorShape([1, 4, 4, 3])
    """
    input, filters = convert_pair(input, filters)
    rank = _spatial_rank(input, filters, "convolution")
    function = {1: conv1d, 2: conv2d, 3: conv3d}[rank]
    return function(input, filters, strides, padding, data_format or _windows.layouts(rank)[0], dilations, name)


def _spatial_rank(input: Tensor, filters: Tensor, what: str) -> int:
    rank = filters.shape.rank if filters.shape.rank is not None else input.shape.rank
    if rank not in (3, 4, 5):
        raise ValueError(f"{what}: expected filters of rank 3, 4 or 5, received shape {filters.shape}.")
    return rank - 2


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Convolves each channel by filters of its own.

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`).
        filter: [height, width, channels, multiplier].
        strides: One per dimension; those of batch and channels 1.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: Two integers.
        name: A name for the result.

    Returns:
        A tensor with ``channels * multiplier`` channels.

    >>> tf.nn.depthwise_conv2d(tf.ones([1, 3, 3, 2]), tf.ones([2, 2, 2, 2]), [1, 1, 1, 1], "VALID").shape
    TensorShape([1, 2, 2, 4])
    """
    input, filter = convert_pair(input, filter)
    attrs = _attributes(strides, padding, data_format, dilations, 2, "depthwise_conv2d")
    return DEPTHWISE_CONV2D(input, filter, name=name, **attrs)


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """`depthwise_conv2d`, then a convolution by 1x1 filters that mixes the channels.

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`).
        depthwise_filter: [height, width, channels, multiplier].
        pointwise_filter: [1, 1, channels * multiplier, outputs].
        strides: One per dimension; those of batch and channels 1.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: Two integers.
        name: A name for the result.

    Returns:
        A tensor with as many channels as `pointwise_filter` has outputs.

    >>> tf.nn.separable_conv2d(
    ...     tf.ones([1, 3, 3, 2]), tf.ones([2, 2, 2, 1]), tf.ones([1, 1, 2, 5]), [1, 1, 1, 1], "SAME").shape
    TensorShape([1, 3, 3, 5])
    """
    middle = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return conv2d(middle, pointwise_filter, 1, "VALID", data_format or "NHWC", name=name)


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Tensor:
    """`conv2d` with gaps of ``rate - 1`` between the filters' elements.

    >>> tf.nn.atrous_conv2d(tf.ones([1, 5, 5, 1]), tf.ones([3, 3, 1, 1]), rate=2, padding="VALID").shape
    TensorShape([1, 1, 1, 1])
    """
    return conv2d(value, filters, 1, padding, dilations=rate, name=name)


# Transposes -----------------------------------------------------------------------------------------------------


def _with_batch_of(input: Tensor, sizes: Tensor) -> Tensor:
    """`input` with the batch size that `output_shape` states, where only that knows it."""
    known = constant_value(sizes)
    if known is None or not isinstance(input, SymbolicTensor) or input.shape.rank is None or input.shape[0] is not None:
        return input
    same: Tensor = IDENTITY(input)
    same.set_shape([int(known[0]), *input.shape[1:]])
    return same


def _transposed(op: Op, input: Any, filters: Any, output_shape: Any, name: str | None, attrs: dict[str, Any]) -> Tensor:
    input, filters = convert_pair(input, filters)
    sizes = as_shape_tensor(output_shape)
    return op(sizes, filters, _with_batch_of(input, sizes), name=name, **attrs)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose ("gradient") of `conv2d`: from its output's shape to its input's.

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`).
        filters: [height, width, outputs, channels] of the same dtype.
        output_shape: The shape of the result, a list or an integer vector.
        strides: One integer, two, or one per dimension.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: One integer, two, or one per dimension.
        name: A name for the result.

    Returns:
        A tensor of shape `output_shape`.

    >>> tf.nn.conv2d_transpose(tf.ones([1, 2, 2, 1]), tf.ones([2, 2, 3, 1]), [1, 4, 4, 3], strides=2).shape
    TensorShape([1, 4, 4, 3])
    """
    attrs = _attributes(strides, padding, data_format, dilations, 2, "conv2d_transpose")
    return _transposed(CONV2D_BACKPROP_INPUT, input, filters, output_shape, name, attrs)


def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv3d`. The arguments are those of `conv2d_transpose`.

    >>> tf.nn.conv3d_transpose(tf.ones([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 3, 1]), [1, 4, 4, 4, 3], strides=2).shape
    TensorShape([1, 4, 4, 4, 3])
    """
    attrs = _attributes(strides, padding, data_format, dilations, 3, "conv3d_transpose")
    return _transposed(CONV3D_BACKPROP_INPUT, input, filters, output_shape, name, attrs)


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d`. `filters` is [width, outputs, channels].

    >>> tf.nn.conv1d_transpose(tf.ones([1, 2, 1]), tf.ones([2, 3, 1]), [1, 4, 3], strides=2).shape
    TensorShape([1, 4, 3])
    """
    input, filters = convert_pair(input, filters)
    first = 2 if _windows.channels_first(data_format, 1, "conv1d_transpose") else 1
    what = "conv1d_transpose"
    attrs = _attributes(
        _with_height(strides, what, first),
        _padding_with_height(padding, first),
        _windows.layouts(2)[first - 1],
        _with_height(dilations, what, first),
        2,
        what,
    )
    sizes = as_shape_tensor(output_shape)
    input = _with_batch_of(input, sizes)
    if isinstance(output_shape, list | tuple):
        sizes = as_shape_tensor([*output_shape[:first], 1, *output_shape[first:]])
    else:
        sizes = as_shape_tensor([sizes[0], *([1, sizes[1]] if first == 1 else [sizes[1], 1]), sizes[2]])
    image = input[:, None] if first == 1 else input[:, :, None]
    result = CONV2D_BACKPROP_INPUT(sizes, filters[None], image, name=name, **attrs)
    return result[:, 0] if first == 1 else result[:, :, 0]


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `convolution`, over as many dimensions as `filters` has before its last two.

    >>> tf.nn.conv_transpose(tf.ones([1, 2, 1]), tf.ones([2, 3, 1]), [1, 4, 3], strides=2).shape
    TensorShape([1, 4, 3])
    """
    input, filters = convert_pair(input, filters)
    rank = _spatial_rank(input, filters, "conv_transpose")
    function = {1: conv1d_transpose, 2: conv2d_transpose, 3: conv3d_transpose}[rank]
    layout = data_format or _windows.layouts(rank)[0]
    return function(input, filters, output_shape, strides, padding, layout, dilations, name)


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """The transpose of `atrous_conv2d`.

    >>> tf.nn.atrous_conv2d_transpose(
    ...     tf.ones([1, 1, 1, 1]), tf.ones([3, 3, 2, 1]), [1, 5, 5, 2], rate=2, padding="VALID").shape
    TensorShape([1, 5, 5, 2])
    """
    return conv2d_transpose(value, filters, output_shape, 1, padding, dilations=rate, name=name)
