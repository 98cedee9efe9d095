"""`tf.nn`: what neural networks are made of."""

from __future__ import annotations

import types
from typing import Any

from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._activations import (
    crelu,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
)
from headwater.ops._convolution import (
    atrous_conv2d,
    atrous_conv2d_transpose,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    conv_transpose,
    convolution,
    depthwise_conv2d,
    separable_conv2d,
)
from headwater.ops._ctc import ctc_loss, ctc_unique_labels
from headwater.ops._elementwise import sigmoid, tanh
from headwater.ops._embedding import dropout, embedding_lookup, general_dropout, stateless_dropout
from headwater.ops._join import batch_to_space, space_to_batch
from headwater.ops._losses import (
    log_poisson_loss,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from headwater.ops._normalization import (
    batch_norm_with_global_normalization,
    batch_normalization,
    l2_loss,
    l2_normalize,
    local_response_normalization,
    lrn,
    moments,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
)
from headwater.ops._pooling import (
    avg_pool,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_with_argmax,
    pool,
)
from headwater.ops._ranking import (
    collapse_repeated,
    compute_average_loss,
    scale_regularization_loss,
)
from headwater.ops._rearrange import depth_to_space, dilation2d, erosion2d, space_to_depth
from headwater.ops._reduce import zero_fraction
from headwater.ops._sort import approx_max_k, approx_min_k, in_top_k, top_k

__all__ = [
    "approx_max_k",
    "approx_min_k",
    "atrous_conv2d",
    "atrous_conv2d_transpose",
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm_with_global_normalization",
    "batch_normalization",
    "bias_add",
    "collapse_repeated",
    "compute_average_loss",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "conv_transpose",
    "convolution",
    "crelu",
    "ctc_loss",
    "ctc_unique_labels",
    "depth_to_space",
    "depthwise_conv2d",
    "dilation2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "erosion2d",
    "experimental",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "local_response_normalization",
    "log_poisson_loss",
    "log_softmax",
    "lrn",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_with_argmax",
    "moments",
    "normalize_moments",
    "pool",
    "relu",
    "relu6",
    "scale_regularization_loss",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "space_to_batch",
    "space_to_depth",
    "sparse_softmax_cross_entropy_with_logits",
    "sufficient_statistics",
    "swish",
    "tanh",
    "top_k",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "zero_fraction",
]

ROOT_NAMES = ()

experimental = types.SimpleNamespace(general_dropout=general_dropout, stateless_dropout=stateless_dropout)


@op("BiasAdd", same_dtype=True)
def BIAS_ADD(value: Any, bias: Any, *, data_format: str) -> Any:
    axis = 1 if data_format == "NCHW" else value.ndim - 1
    if value.ndim < 2 or bias.shape != (value.shape[axis],):
        raise ValueError(
            f"Must provide as many biases as the channel dimension of the input tensor: {list(bias.shape)} vs. "
            f"{list(value.shape)}"
        )
    shape = [1] * value.ndim
    shape[axis] = bias.size
    return value + bias.reshape(shape)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Adds a vector along the channels.

    Args:
        value: A tensor of rank 2 or more.
        bias: A vector of the same dtype, as long as `value` has channels.
        data_format: ``"N...C"`` (the default) or ``"NC..."``.
        name: A name for the result.

    Returns:
        A tensor of the shape and dtype of `value`.

    >>> tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]).numpy()
    array([[11., 22.]], dtype=float32)
    """
    if data_format is not None and not data_format.startswith("N"):
        raise ValueError(f"bias_add: expected data_format 'N...C' or 'NC...', received {data_format!r}.")
    layout = "NCHW" if data_format is not None and data_format.startswith("NC") else "NHWC"
    value = convert_to_tensor(value)
    return BIAS_ADD(value, convert_to_tensor(bias, dtype_hint=value.dtype), data_format=layout, name=name)
