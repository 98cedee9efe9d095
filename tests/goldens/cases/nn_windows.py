"""`tf.nn`: convolutions and pooling."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tests.goldens.case import Case, floats, ints
from tests.goldens.runner import resolve

SEQUENCE = floats(2, 9, 3)
IMAGES = floats(2, 7, 8, 3)
VOLUMES = floats(1, 4, 5, 6, 2)
K1 = floats(3, 3, 4, seed=1)
K2 = floats(3, 2, 3, 4, seed=1)
K3 = floats(2, 2, 2, 2, 3, seed=1)
LOOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4, "rankless": False, "static": "refines", "fixed": [1]}


def _call(tf: Any, *args: Any, symbol: str, **options: Any) -> Any:
    return resolve(tf, symbol)(*args, **options)


def _case(name: str, *args: np.ndarray, call: dict[str, Any] | None = None, **options: Any) -> Case:
    symbol = "nn." + name.split("/")[0]
    return Case("nn." + name, functools.partial(_call, symbol=symbol, **(call or {})), args, **(LOOSE | options))


def _convolutions() -> list[Case]:
    same: dict[str, Any] = {"strides": 1, "padding": "SAME"}
    valid: dict[str, Any] = {"strides": 1, "padding": "VALID"}
    pairs = [[0, 0], [2, 1], [0, 3], [0, 0]]
    groups = floats(2, 2, 2, 6, seed=1)
    depthwise = floats(3, 2, 3, 2, seed=1)
    return [
        _case("conv2d", IMAGES, K2, call=same),
        _case("conv2d/valid", IMAGES, K2, call=valid),
        _case("conv2d/strides", IMAGES, K2, call={"strides": [1, 2, 3, 1], "padding": "SAME"}),
        _case("conv2d/strides_valid", IMAGES, K2, call={"strides": [2, 2], "padding": "VALID"}),
        _case("conv2d/dilations", IMAGES, K2, call=same | {"dilations": 2}),
        _case("conv2d/dilations_valid", IMAGES, K2, call=valid | {"dilations": [1, 2, 1, 1]}),
        _case("conv2d/explicit", IMAGES, K2, call={"strides": 2, "padding": pairs}),
        _case("conv2d/groups", floats(2, 5, 5, 4), groups, call=same, grad2=False),
        _case("conv2d/one", IMAGES, floats(1, 1, 3, 5, seed=1), call=valid),
        _case("conv2d/float64", IMAGES.astype(float), K2.astype(float), call=same),
        _case("conv2d/batches", floats(2, 3, 5, 5, 3), K2, call=same, unknown=False),
        _case("conv2d/error_channels", IMAGES, floats(2, 2, 4, 2), call=same, raises=True, unknown=False),
        _case("conv2d/error_padding", IMAGES, K2, call={"strides": 1, "padding": "NONE"}, raises=True),
        _case("conv1d", SEQUENCE, K1, call={"stride": 1, "padding": "SAME"}),
        _case("conv1d/stride", SEQUENCE, K1, call={"stride": 2, "padding": "VALID"}),
        _case("conv1d/dilations", SEQUENCE, K1, call={"stride": 1, "padding": "SAME", "dilations": 2}),
        _case("conv3d", VOLUMES, K3, call={"strides": [1] * 5, "padding": "SAME"}),
        _case("conv3d/strides", VOLUMES, K3, call={"strides": [1, 1, 2, 2, 1], "padding": "VALID"}),
        _case("convolution", IMAGES, K2, call={"data_format": "NHWC"}),
        _case("convolution/same", SEQUENCE, K1, call={"padding": "SAME", "strides": 2}),
        _case("convolution/volume", VOLUMES, K3, call={"padding": "SAME", "data_format": "NDHWC"}),
        _case("convolution/dilations", IMAGES, K2, call={"padding": "SAME", "dilations": [2, 2]}, unknown=False),
        _case("depthwise_conv2d", IMAGES, depthwise, call={"strides": [1] * 4, "padding": "SAME"}),
        _case("depthwise_conv2d/strides", IMAGES, depthwise, call={"strides": [1, 2, 2, 1], "padding": "VALID"}),
        _case("depthwise_conv2d/one", IMAGES, depthwise[..., :1], call={"strides": [1] * 4, "padding": "VALID"}),
        _case(
            "depthwise_conv2d/dilations",
            IMAGES,
            depthwise,
            call={"strides": [1] * 4, "padding": "SAME", "dilations": [2, 2]},
            unknown=False,
        ),
        _case(
            "separable_conv2d",
            IMAGES,
            depthwise,
            floats(1, 1, 6, 4, seed=2),
            call={"strides": [1] * 4, "padding": "SAME"},
            rtol=1e-3,
            fixed=[1, 2],
        ),
        _case("atrous_conv2d", IMAGES, K2, call={"rate": 2, "padding": "SAME"}, unknown=False),
    ]


def _transposes() -> list[Case]:
    small = floats(2, 3, 4, 3)
    kernel = floats(3, 3, 2, 3, seed=1)
    line = floats(2, 4, 3)
    return [
        _case(
            "conv2d_transpose",
            small,
            kernel,
            call={"output_shape": [2, 6, 8, 2], "strides": 2, "padding": "SAME"},
        ),
        _case(
            "conv2d_transpose/valid",
            small,
            kernel,
            call={"output_shape": [2, 7, 9, 2], "strides": [1, 2, 2, 1], "padding": "VALID"},
        ),
        _case(
            "conv2d_transpose/one",
            small,
            kernel,
            call={"output_shape": [2, 3, 4, 2], "strides": 1},
        ),
        Case(
            "nn.conv2d_transpose/computed",
            lambda tf, x, f: tf.nn.conv2d_transpose(x, f, [tf.shape(x)[0], 6, 8, 2], 2),
            [small, kernel],
            **LOOSE,
        ),
        _case("conv1d_transpose", line, floats(3, 2, 3), call={"output_shape": [2, 8, 2], "strides": 2}),
        _case(
            "conv3d_transpose",
            floats(1, 2, 3, 2, 2),
            floats(2, 2, 2, 3, 2),
            call={"output_shape": [1, 4, 6, 4, 3], "strides": [1, 2, 2, 2, 1]},
        ),
        _case("conv_transpose", small, kernel, call={"output_shape": [2, 6, 8, 2], "strides": 2}),
        _case(
            "atrous_conv2d_transpose",
            small,
            kernel,
            call={"output_shape": [2, 3, 4, 2], "rate": 2, "padding": "SAME"},
        ),
    ]


def _pooling() -> list[Case]:
    ties = ints(2, 6, 6, 2, low=0, high=3).astype(np.float32)
    cases = []
    for kind in ("max", "avg"):
        image = ties if kind == "max" else IMAGES
        second = {"grad2": kind == "max"}
        cases += [
            _case(f"{kind}_pool2d", image, call={"ksize": 2, "strides": 2, "padding": "VALID"}, **second),
            _case(f"{kind}_pool2d/overlap", image, call={"ksize": 3, "strides": 2, "padding": "SAME"}, **second),
            _case(
                f"{kind}_pool2d/sizes",
                image,
                call={"ksize": [1, 3, 2, 1], "strides": [1, 1, 2, 1], "padding": "SAME"},
                **second,
            ),
            _case(
                f"{kind}_pool2d/large",
                floats(1, 10, 10, 1),
                call={"ksize": 9, "strides": 1, "padding": "SAME"},
                **second,
            ),
            _case(
                f"{kind}_pool2d/float64",
                IMAGES.astype(float),
                call={"ksize": 2, "strides": 1, "padding": "SAME"},
                **second,
            ),
            _case(f"{kind}_pool2d/error", IMAGES, call={"ksize": 9, "strides": 1, "padding": "VALID"}, raises=True),
            _case(f"{kind}_pool", IMAGES, call={"ksize": 2, "strides": 2, "padding": "SAME"}, **second),
            _case(f"{kind}_pool/sequence", SEQUENCE, call={"ksize": 2, "strides": 2, "padding": "SAME"}, **second),
            _case(f"{kind}_pool1d", SEQUENCE, call={"ksize": 3, "strides": 2, "padding": "VALID"}, **second),
            _case(f"{kind}_pool3d", VOLUMES, call={"ksize": 2, "strides": 2, "padding": "SAME"}, grad2=False),
        ]
    return [
        *cases,
        _case(
            "max_pool2d/explicit",
            IMAGES,
            call={"ksize": 2, "strides": 2, "padding": [[0, 0], [1, 0], [1, 1], [0, 0]]},
            grad2=False,
        ),
        _case("pool", IMAGES, call={"window_shape": [2, 2], "pooling_type": "MAX"}),
        _case(
            "pool/dilations",
            IMAGES,
            call={"window_shape": [2, 2], "pooling_type": "AVG", "dilations": [2, 2]},
            grad2=False,
        ),
        _case("pool/error", IMAGES, call={"window_shape": [2, 2], "pooling_type": "SUM"}, raises=True),
        _case("max_pool_with_argmax", ties, call={"ksize": 2, "strides": 2, "padding": "VALID"}, grad2=False),
        _case("max_pool_with_argmax/same", IMAGES, call={"ksize": 3, "strides": 2, "padding": "SAME"}, grad2=False),
        _case(
            "max_pool_with_argmax/batch",
            IMAGES,
            call={"ksize": 2, "strides": 2, "padding": "SAME", "include_batch_in_index": True},
            grad2=False,
        ),
    ]


CASES = [*_convolutions(), *_transposes(), *_pooling()]
