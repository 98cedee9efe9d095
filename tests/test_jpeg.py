"""JPEG pictures: the bytes written and the pixels read are TensorFlow's, by their checksums."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

import headwater as tf

ROWS, COLUMNS = np.mgrid[0:21, 0:27]
PICTURE = np.stack([COLUMNS * 37 + ROWS * 11, ROWS * ROWS * 3 + COLUMNS, COLUMNS * COLUMNS + ROWS * 5], -1)
PICTURE = (PICTURE % 256).astype(np.uint8)


def _sum(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def _file(halved=True, **options):
    return tf.io.encode_jpeg(PICTURE, quality=80, chroma_downsampling=halved, **options).numpy()


def test_bytes_written():
    assert zlib.crc32(_file()) == 2733216727
    assert zlib.crc32(_file(halved=False)) == 4292323041
    grey = tf.io.encode_jpeg(PICTURE[..., :1], density_unit="cm", x_density=10, y_density=20).numpy()
    assert zlib.crc32(grey) == 2823211853


READ = [
    (True, {}, 2067870915),
    (True, {"dct_method": "INTEGER_FAST"}, 2067870915),
    (True, {"dct_method": "INTEGER_ACCURATE"}, 2594581362),
    (True, {"fancy_upscaling": False}, 2848189102),
    (True, {"ratio": 2}, 457473335),
    (True, {"ratio": 4}, 2065255142),
    (True, {"channels": 1}, 4041754913),
    (False, {}, 3728302269),
    (False, {"dct_method": "INTEGER_ACCURATE"}, 1133234938),
    (False, {"fancy_upscaling": False}, 3728302269),
    (False, {"ratio": 2}, 266125884),
]


@pytest.mark.parametrize(("halved", "options", "expected"), READ)
def test_pixels_read(halved, options, expected):
    assert _sum(tf.io.decode_jpeg(_file(halved), **options).numpy()) == expected


def test_colors_halved_across_alone():
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, "JPEG", quality=80, subsampling=1)
    assert _sum(tf.io.decode_jpeg(out.getvalue()).numpy()) == 1707608696
    assert _sum(tf.io.decode_jpeg(out.getvalue(), ratio=2).numpy()) == 260590603


def test_other_functions_read_the_same_way():
    assert _sum(tf.io.decode_image(_file()).numpy()) == 2067870915
    assert _sum(tf.image.adjust_jpeg_quality(PICTURE, 40).numpy()) == 756357714
    assert _sum(tf.image.adjust_jpeg_quality(PICTURE, 40, dct_method="INTEGER_ACCURATE").numpy()) == 2160350675


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (5, 2), (16, 3)])
def test_one_color_stays_one_color(shape):
    picture = np.full([*shape, 3], (200, 30, 90), np.uint8)
    found = tf.io.decode_jpeg(tf.io.encode_jpeg(picture, quality=100)).numpy()
    assert found.shape == picture.shape and abs(found.astype(int) - picture).max() <= 2


def test_unknown_method():
    with pytest.raises(tf.errors.InvalidArgumentError, match="INTEGER_FAST"):
        tf.io.decode_jpeg(_file(), dct_method="exact")
