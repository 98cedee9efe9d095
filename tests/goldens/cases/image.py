"""`tf.image`: sizes, colours, crops, patches, likeness, boxes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tests.goldens.case import Case, floats, ints
from tests.goldens.runner import resolve

IMAGES = floats(2, 5, 7, 3, low=0.0, high=1.0)
IMAGE = IMAGES[0]
BYTES = ints(5, 7, 3, low=0, high=256, dtype=np.uint8)
LOOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5, "rankless": False, "static": "refines", "grad2": False}


def _call(tf: Any, *args: Any, symbol: str, **options: Any) -> Any:
    return resolve(tf, symbol)(*args, **options)


def _case(name: str, *args: np.ndarray, call: dict[str, Any] | None = None, **options: Any) -> Case:
    symbol = "image." + name.split("/")[0]
    return Case("image." + name, functools.partial(_call, symbol=symbol, **(call or {})), args, **(LOOSE | options))


def _sizes() -> list[Case]:
    cases = []
    for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        grad = method != "area"
        for label, size in (("up", [9, 10]), ("down", [3, 4])):
            call = {"size": size, "method": method}
            cases.append(_case(f"resize/{method}_{label}", IMAGES, call=call, grad=grad, rtol=1e-3, atol=1e-4))
        call = {"size": [3, 4], "method": method, "antialias": True}
        cases.append(_case(f"resize/{method}_antialias", IMAGES, call=call, grad=grad, rtol=1e-3, atol=1e-4))
    return [
        *cases,
        _case("resize/bytes", BYTES, call={"size": [10, 4]}),
        _case("resize/bytes_nearest", BYTES, call={"size": [10, 4], "method": "nearest"}),
        _case("resize/same", BYTES, call={"size": [5, 7]}, unknown=False),
        _case("resize/ratio", IMAGE, call={"size": [12, 8], "preserve_aspect_ratio": True}, unknown=False),
        _case("resize/large", floats(1, 37, 53, 1), call={"size": [64, 48]}, grad=False),
        _case("resize/error_rank", floats(3, 3), call={"size": [5, 7]}, raises=True, unknown=False),
        _case("resize/error_method", IMAGE, call={"size": [5, 6], "method": "none"}, raises=True, unknown=False),
        _case("resize_with_pad", IMAGE, call={"target_height": 10, "target_width": 6}, unknown=False),
        _case("resize_with_pad/batch", IMAGES, call={"target_height": 4, "target_width": 12}, unknown=False),
        _case("resize_with_crop_or_pad", IMAGES, call={"target_height": 8, "target_width": 4}),
        _case("resize_with_crop_or_pad/other", IMAGE, call={"target_height": 2, "target_width": 10}),
        _case(
            "crop_to_bounding_box",
            IMAGES,
            call={"offset_height": 1, "offset_width": 2, "target_height": 3, "target_width": 4},
        ),
        _case(
            "crop_to_bounding_box/error",
            IMAGE,
            call={"offset_height": 4, "offset_width": 2, "target_height": 3, "target_width": 4},
            raises=True,
            unknown=False,
        ),
        _case(
            "pad_to_bounding_box",
            IMAGE,
            call={"offset_height": 1, "offset_width": 2, "target_height": 8, "target_width": 9},
        ),
        _case("central_crop", IMAGES, call={"central_fraction": 0.5}),
        _case("central_crop/odd", IMAGE, call={"central_fraction": 0.7}),
        _case("central_crop/error", IMAGE, call={"central_fraction": 1.5}, raises=True),
        _case("flip_left_right", IMAGES),
        _case("flip_up_down", IMAGE),
        *[_case(f"rot90/{k}", IMAGE, call={"k": k}) for k in (1, 2, 3, 4)],
        _case("rot90/batch", IMAGES),
        _case("transpose", IMAGES),
        _case(
            "extract_patches",
            IMAGES,
            call={"sizes": [1, 3, 2, 1], "strides": [1, 2, 2, 1], "rates": [1, 1, 1, 1], "padding": "VALID"},
        ),
        _case(
            "extract_patches/same",
            IMAGES,
            call={"sizes": [1, 3, 3, 1], "strides": [1, 2, 1, 1], "rates": [1, 2, 1, 1], "padding": "SAME"},
            unknown=False,
        ),
    ]


def _crops() -> list[Case]:
    boxes = np.array([[0.1, 0.2, 0.8, 0.9], [-0.2, 0.0, 1.2, 0.5], [0.9, 0.9, 0.1, 0.2]], np.float32)
    which = np.array([0, 1, 1], np.int32)

    def crop(tf: Any, image: Any, *, size: Any, method: str = "bilinear") -> Any:
        return tf.image.crop_and_resize(image, tf.constant(boxes), which, size, method, 0.5)

    return [
        Case("image.crop_and_resize", functools.partial(crop, size=[4, 3]), [IMAGES], **LOOSE),
        Case("image.crop_and_resize/one", functools.partial(crop, size=[1, 3]), [IMAGES], **LOOSE),
        Case(
            "image.crop_and_resize/nearest",
            functools.partial(crop, size=[4, 3], method="nearest"),
            [IMAGES],
            **(LOOSE | {"grad": False}),
        ),
    ]


def _colors() -> list[Case]:
    cases = []
    for name in (
        "rgb_to_hsv",
        "hsv_to_rgb",
        "rgb_to_yuv",
        "yuv_to_rgb",
        "rgb_to_yiq",
        "yiq_to_rgb",
        "rgb_to_grayscale",
    ):
        cases.append(_case(name, IMAGES, grad=name != "hsv_to_rgb" and name != "rgb_to_hsv"))
    calls = {
        "adjust_brightness": {"delta": 0.3},
        "adjust_contrast": {"contrast_factor": 1.6},
        "adjust_gamma": {"gamma": 0.7, "gain": 1.2},
        "adjust_hue": {"delta": 0.2},
        "adjust_saturation": {"saturation_factor": 0.4},
        "per_image_standardization": {},
    }
    for name, call in calls.items():
        cases.append(_case(name, IMAGE, call=call, grad=name in ("adjust_brightness", "adjust_gamma")))
        cases.append(_case(f"{name}/bytes", BYTES, call=call))
    pairs = [
        (np.uint8, "float32"), (np.uint8, "float16"), (np.uint8, "uint16"), (np.uint16, "uint8"), (np.int32, "uint8"),
    ]  # fmt: skip
    for source, target in pairs:
        top = 256 if source is np.uint8 else 60000
        image = ints(3, 4, low=0, high=top, dtype=source)
        cases.append(_case(f"convert_image_dtype/{source.__name__}_{target}", image, call={"dtype": target}))
    return [
        *cases,
        _case("rgb_to_grayscale/bytes", BYTES),
        _case("grayscale_to_rgb", IMAGE[..., :1]),
        _case("convert_image_dtype/float_uint8", floats(3, 4, low=0, high=1), call={"dtype": "uint8"}, grad=False),
        _case(
            "convert_image_dtype/saturate",
            floats(3, 4, low=-1, high=2),
            call={"dtype": "uint8", "saturate": True},
            grad=False,
        ),
        _case("adjust_gamma/error", IMAGE, call={"gamma": -1}, raises=True),
    ]


def _random() -> list[Case]:
    seed = (3, 5)
    cases = [
        _case("stateless_random_flip_left_right", IMAGE, call={"seed": seed}),
        _case("stateless_random_flip_up_down", IMAGE, call={"seed": seed}),
        _case("stateless_random_flip_left_right/batch", IMAGES, call={"seed": seed}),
        _case("stateless_random_brightness", IMAGE, call={"max_delta": 0.4, "seed": seed}),
        _case("stateless_random_contrast", IMAGE, call={"lower": 0.5, "upper": 1.5, "seed": seed}, grad=False),
        _case("stateless_random_saturation", IMAGE, call={"lower": 0.5, "upper": 1.5, "seed": seed}, grad=False),
        _case("stateless_random_hue", IMAGE, call={"max_delta": 0.3, "seed": seed}, grad=False),
        _case("stateless_random_crop", IMAGE, call={"size": [2, 3, 3], "seed": seed}, grad=False),
    ]
    plain: dict[str, Any] = {"values": False, "grad": False}
    return [
        *cases,
        _case("random_flip_left_right", IMAGE, **plain),
        _case("random_flip_up_down", IMAGES, **plain),
        _case("random_brightness", BYTES, call={"max_delta": 0.4}, **plain),
        _case("random_contrast", BYTES, call={"lower": 0.5, "upper": 1.5}, **plain),
        _case("random_saturation", BYTES, call={"lower": 0.5, "upper": 1.5}, **plain),
        _case("random_hue", BYTES, call={"max_delta": 0.3}, **plain),
        _case("random_crop", IMAGE, call={"size": [2, 3, 3]}, **plain),
        _case("random_hue/error", IMAGE, call={"max_delta": 0.9}, raises=True),
        _case("random_contrast/error", IMAGE, call={"lower": 1.5, "upper": 0.5}, raises=True),
    ]


def _likeness() -> list[Case]:
    a, b = floats(2, 14, 15, 3, low=0, high=1), floats(2, 14, 15, 3, seed=1, low=0, high=1)
    small: dict[str, Any] = {"max_val": 1.0, "power_factors": (0.4, 0.6), "filter_size": 4}
    return [
        _case("psnr", a, b, call={"max_val": 1.0}),
        _case("psnr/bytes", BYTES, BYTES[::-1].copy(), call={"max_val": 255}, unknown=False),
        _case("ssim", a, b, call={"max_val": 1.0}, unknown=False, rtol=1e-3),
        _case(
            "ssim/map",
            a,
            b,
            call={"max_val": 1.0, "filter_size": 5, "return_index_map": True},
            unknown=False,
            rtol=1e-3,
        ),
        _case("ssim_multiscale", a, b, call=small, unknown=False, grad=False, rtol=1e-3),
        _case("total_variation", IMAGES),
        _case("total_variation/one", IMAGE),
        _case("image_gradients", IMAGES, unknown=False),
        _case("sobel_edges", IMAGES),
    ]


def _boxes() -> list[Case]:
    corners = np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 0.5, 1, 1.5], [3, 3, 2, 2], [0, 0, 0.9, 1]], np.float32)
    scores = np.array([0.9, 0.75, 0.6, 0.95, 0.5], np.float32)
    many = np.stack([corners, corners[::-1]])[:, :, None] / 3
    classes = floats(2, 5, 2, low=0, high=1)
    plain: dict[str, Any] = {"grad": False}
    return [
        _case("non_max_suppression", corners, scores, call={"max_output_size": 3}, **plain),
        _case(
            "non_max_suppression/thresholds",
            corners,
            scores,
            call={"max_output_size": 5, "iou_threshold": 0.9, "score_threshold": 0.55},
            **plain,
        ),
        _case(
            "non_max_suppression_with_scores",
            corners,
            scores,
            call={"max_output_size": 5, "soft_nms_sigma": 0.5, "iou_threshold": 1.0},
            **plain,
        ),
        _case(
            "non_max_suppression_overlaps",
            floats(5, 5, low=0, high=1),
            scores,
            call={"max_output_size": 4},
            **plain,
        ),
        _case(
            "non_max_suppression_padded",
            corners[None],
            scores[None],
            call={"max_output_size": 4, "pad_to_max_output_size": True},
            unknown=False,
            **plain,
        ),
        _case(
            "non_max_suppression_padded/edge",
            np.array([[0, 0, 1, 1], [0, 0, 1, 0.5], [0, 0, 1, 0.25]], np.float32),
            np.array([0.9, 0.8, 0.7], np.float32),
            call={"max_output_size": 3},
            unknown=False,
            **plain,
        ),
        _case(
            "non_max_suppression_padded/sorted",
            np.stack([corners, corners[::-1]])[None],
            np.stack([scores, scores])[None],
            call={"max_output_size": 3, "pad_to_max_output_size": True, "sorted_input": True, "score_threshold": 0.6},
            unknown=False,
            **plain,
        ),
        _case(
            "non_max_suppression_padded/error_batch",
            corners[None],
            scores[None],
            call={"max_output_size": 4},
            raises=True,
            unknown=False,
        ),
        _case(
            "combined_non_max_suppression",
            many,
            classes,
            call={"max_output_size_per_class": 3, "max_total_size": 4},
            unknown=False,
            **plain,
        ),
        Case(
            "image.draw_bounding_boxes",
            lambda tf, x, b: tf.image.draw_bounding_boxes(x, b, tf.constant([[1.0, 0.0, 0.5]])),
            [IMAGES, np.array([[[0.1, 0.2, 0.8, 0.9]], [[0.0, 0.0, 0.5, 1.0]]], np.float32)],
            **(LOOSE | plain),
        ),
    ]


def _glimpse(name: str, x: Any, size: list[int], options: dict[str, Any], **more: Any) -> Case:
    offsets = np.array([[-0.9, 0.9], [1.7, -1.2]], np.float32)
    return Case(
        f"image.extract_glimpse/{name}",
        lambda tf, x, o: tf.image.extract_glimpse(x, size, o, **options),
        [x, offsets],
        **(LOOSE | {"grad": False} | more),
    )


def _glimpses() -> list[Case]:
    cases = []
    for centered in (True, False):
        for normalized in (True, False):
            options = {"centered": centered, "normalized": normalized, "noise": "zero"}
            name = f"{'centered' if centered else 'corner'}_{'parts' if normalized else 'pixels'}"
            cases.append(_glimpse(name, IMAGES, [3, 2], options))
    return [
        *cases,
        _glimpse("error_noise", IMAGES, [2, 2], {"noise": "x"}, raises=True),
        _glimpse("error_rank", IMAGE, [2, 2], {}, raises=True, unknown=False),
        _case("adjust_jpeg_quality", BYTES, call={"jpeg_quality": 95}, values=False),
        _case("adjust_jpeg_quality/coarse", BYTES, call={"jpeg_quality": 30}, values=False),
        _case("adjust_jpeg_quality/floats", IMAGE, call={"jpeg_quality": 90}, grad=False, atol=0.04),
        _case("adjust_jpeg_quality/grey", BYTES[..., :1], call={"jpeg_quality": 80}, values=False),
        _case("adjust_jpeg_quality/integers", BYTES.astype(np.int32), call={"jpeg_quality": 80}),
        _case("adjust_jpeg_quality/error", BYTES, call={"jpeg_quality": 101}, raises=True),
        _case("adjust_jpeg_quality/error_channels", BYTES[..., :2], call={"jpeg_quality": 50}, raises=True),
        _case("adjust_jpeg_quality/error_rank", IMAGES, call={"jpeg_quality": 50}, raises=True),
        _case(
            "random_jpeg_quality",
            IMAGE,
            call={"min_jpeg_quality": 75, "max_jpeg_quality": 95},
            values=False,
            grad=False,
        ),
        _case("random_jpeg_quality/error", IMAGE, call={"min_jpeg_quality": 95, "max_jpeg_quality": 75}, raises=True),
        _case(
            "stateless_random_jpeg_quality",
            BYTES,
            call={"min_jpeg_quality": 20, "max_jpeg_quality": 95, "seed": (1, 2)},
            values=False,
        ),
    ]


CASES = [*_glimpses(), *_sizes(), *_crops(), *_colors(), *_random(), *_likeness(), *_boxes()]
