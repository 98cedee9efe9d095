"""`tf.io`, `tf.io.gfile`, `tf.audio`: files, pictures, records, messages."""

from __future__ import annotations

import base64
import gzip
import io
import pathlib
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

import headwater as tf
from headwater.data.records import read_records
from headwater.ops._records import masked_crc

gfile = tf.io.gfile
Invalid = tf.errors.InvalidArgumentError


def _picture(*shape: int) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.stack([(x * 7 + y * 3 + 40 * c) % 256 for c in range(shape[2])], -1).astype(np.uint8)


# Files -----------------------------------------------------------------------------------------------------------


def test_files_eager_and_in_a_function(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "deep" / "a.txt")

    @tf.function
    def copy(source: Any, target: Any) -> Any:
        tf.io.write_file(target, tf.strings.upper(tf.io.read_file(source)))
        return tf.strings.length(tf.io.read_file(source))

    tf.io.write_file(path, "text")
    assert int(copy(path, path + "2")) == 4
    assert tf.io.read_file(path + "2").numpy() == b"TEXT"
    assert tf.io.matching_files(str(tmp_path / "*" / "a*")).numpy().tolist() == [path.encode(), (path + "2").encode()]
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.read_file(str(tmp_path / "none"))


def test_gfile(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path / "x")
    gfile.makedirs(folder)
    path = gfile.join(folder, "a.txt")
    with gfile.GFile(path, "w") as f:
        f.write("one\ntwo\n")
    with gfile.GFile(path, "a") as f:
        f.write("drei \u00e4")
    with gfile.GFile(path) as f:
        assert f.readline() == "one\n"
        assert f.readlines() == ["two\n", "drei \u00e4"]
        f.seek(0)
        assert f.read(3) == "one"
        assert f.size() == 15
    assert gfile.GFile(path, "rb").read()[-2:] == "\u00e4".encode()
    assert (gfile.exists(path), gfile.isdir(folder), gfile.isdir(path)) == (True, True, False)
    assert gfile.listdir(folder) == ["a.txt"]
    gfile.copy(path, path + "2")
    with pytest.raises(tf.errors.AlreadyExistsError):
        gfile.copy(path, path + "2")
    gfile.rename(path + "2", path, overwrite=True)
    assert gfile.glob(folder + "/*") == [path]
    assert [names for _, _, names in gfile.walk(folder)] == [["a.txt"]]
    assert gfile.stat(path).length == 15
    gfile.remove(path)
    with pytest.raises(tf.errors.NotFoundError):
        gfile.GFile(path).read()
    with pytest.raises(tf.errors.NotFoundError, match="gs"):
        gfile.exists("gs://bucket/a")
    gfile.rmtree(folder)
    assert not gfile.exists(folder)


# Pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_round_trip(channels: int) -> None:
    picture = _picture(5, 7, channels)
    assert tf.io.decode_png(tf.io.encode_png(picture)).numpy().tolist() == picture.tolist()


def test_png_of_16_bits_and_conversions() -> None:
    wide = (np.arange(12, dtype=np.uint16) * 5000).reshape(3, 4, 1)
    encoded = tf.io.encode_png(wide)
    assert tf.io.decode_png(encoded, dtype=tf.uint16).numpy().tolist() == wide.tolist()
    assert tf.io.decode_png(encoded).numpy().tolist() == (wide >> 8).tolist()
    grey = tf.io.encode_png(_picture(2, 2, 1))
    assert tf.io.decode_png(grey, channels=3).shape == [2, 2, 3]
    assert (
        tf.io.decode_png(grey, dtype=tf.uint16).numpy().tolist() == (_picture(2, 2, 1).astype(np.uint16) * 257).tolist()
    )
    floats = tf.io.decode_image(grey, dtype=tf.float32).numpy()
    assert np.allclose(floats, _picture(2, 2, 1) / 255.0)
    batch = np.stack([_picture(2, 2, 3)] * 2)
    assert tf.io.encode_png(batch).shape == [2]


def test_jpeg() -> None:
    smooth = np.broadcast_to(np.linspace(0, 255, 32)[None, :, None], (32, 32, 3)).astype(np.uint8)
    encoded = tf.io.encode_jpeg(smooth, quality=95)
    assert np.abs(tf.io.decode_jpeg(encoded).numpy().astype(int) - smooth).max() <= 6
    assert tf.io.decode_jpeg(encoded, channels=1).shape == [32, 32, 1]
    assert tf.io.decode_jpeg(encoded, ratio=4).shape == [8, 8, 3]
    assert tf.io.extract_jpeg_shape(encoded).numpy().tolist() == [32, 32, 3]
    assert len(tf.io.encode_jpeg(smooth, quality=10).numpy()) < len(encoded.numpy())
    assert bool(tf.io.is_jpeg(encoded))
    with pytest.raises(Invalid, match="channels"):
        tf.io.encode_jpeg(_picture(4, 4, 4))


def test_gif_and_bmp() -> None:
    out = io.BytesIO()
    frames = [Image.fromarray(np.full([4, 5, 3], v, np.uint8)) for v in (0, 255)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert tf.io.decode_gif(out.getvalue()).numpy()[:, 0, 0, 0].tolist() == [0, 255]
    assert tf.io.decode_image(out.getvalue()).shape == [2, 4, 5, 3]
    assert tf.io.decode_image(out.getvalue(), expand_animations=False).shape == [4, 5, 3]
    out = io.BytesIO()
    Image.fromarray(_picture(3, 4, 3)).save(out, "BMP")
    assert tf.io.decode_bmp(out.getvalue()).numpy().tolist() == _picture(3, 4, 3).tolist()


def test_pictures_in_a_function_and_errors() -> None:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def load(data: Any) -> Any:
        return tf.cast(tf.io.decode_png(data, channels=3), tf.float32) / 255.0

    assert load.get_concrete_function().output_shapes.as_list() == [None, None, 3]
    assert load(tf.io.encode_png(_picture(2, 3, 3))).shape == [2, 3, 3]


_WIDE = (np.arange(9 * 11 * 4).reshape(9, 11, 4) * 165 + 7).astype(np.uint16)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _wide_png(colour: int, lines: list[bytes], interlaced: int = 0, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", 11, 9, 16, colour, 0, 0, interlaced)
    body = _chunk(b"IDAT", zlib.compress(b"".join(lines)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + body + _chunk(b"IEND", b"")


def _filtered(pixels: np.ndarray, kind: int) -> list[bytes]:
    """Rows by a filter of the PNG specification: 0 none, 1 left, 2 above, 3 their mean, 4 Paeth's choice."""
    size = 2 * pixels.shape[-1]
    rows = pixels.astype(">u2").view(np.uint8).reshape(len(pixels), -1).astype(int)
    left = np.pad(rows, [(0, 0), (size, 0)])[:, : rows.shape[1]]
    above = np.pad(rows, [(1, 0), (0, 0)])[:-1]
    corner = np.pad(rows, [(1, 0), (size, 0)])[:-1, : rows.shape[1]]
    distances = [abs(left + above - corner - x) for x in (left, above, corner)]
    paeth = np.choose(np.argmin(distances, axis=0), [left, above, corner])
    guess = [0 * rows, left, above, (left + above) // 2, paeth][kind]
    return [bytes([kind]) + row.astype(np.uint8).tobytes() for row in (rows - guess) % 256]


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (4, 2), (2, 3), (6, 4)])
def test_png_of_16_bits_by_filter_and_colour(colour: int, channels: int, kind: int) -> None:
    wide = _WIDE[..., :channels]
    data = _wide_png(colour, _filtered(wide, kind))
    assert np.array_equal(tf.io.decode_png(data, dtype=tf.uint16).numpy(), wide)
    assert np.array_equal(tf.io.decode_png(data).numpy(), wide >> 8)
    assert np.array_equal(tf.io.decode_image(data, dtype=tf.uint16).numpy(), wide)
    assert np.array_equal(tf.io.decode_png(tf.io.encode_png(wide), dtype=tf.uint16).numpy(), wide)


def test_png_of_16_bits_interlaced_transparent_and_with_other_channels() -> None:
    rgb = _WIDE[..., :3]
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    lines = [line for x, y, dx, dy in passes for line in _filtered(rgb[y::dy, x::dx], 1)]
    assert np.array_equal(tf.io.decode_png(_wide_png(2, lines, 1), dtype=tf.uint16).numpy(), rgb)
    clear = _wide_png(2, _filtered(rgb, 0), extra=_chunk(b"tRNS", rgb[2, 3].astype(">u2").tobytes()))
    alpha = tf.io.decode_png(clear, dtype=tf.uint16).numpy()[..., 3]
    assert alpha[2, 3] == 0
    assert np.count_nonzero(alpha == 65535) == alpha.size - 1
    plain = _wide_png(2, _filtered(rgb, 4))
    assert np.all(tf.io.decode_png(plain, 4, tf.uint16).numpy()[..., 3] == 65535)
    grey = tf.io.decode_png(plain, 1, tf.uint16).numpy()[..., 0]
    assert np.abs(grey - rgb @ [0.299, 0.587, 0.114]).max() < 10


@pytest.mark.parametrize("cut", [0, 20, 40, 80, -13])
def test_png_of_16_bits_that_is_broken(cut: int) -> None:
    whole = _wide_png(2, _filtered(_WIDE[..., :3], 2))
    broken = whole[:cut] if cut else whole.replace(b"IDAT", b"IDAX")
    with pytest.raises(Invalid, match="Invalid PNG data"):
        tf.io.decode_png(broken, dtype=tf.uint16)


def test_png_of_16_bits_with_a_filter_that_there_is_not() -> None:
    lines = [b"\x09" + line[1:] for line in _filtered(_WIDE[..., :3], 0)]
    with pytest.raises(Invalid, match="Invalid PNG data"):
        tf.io.decode_png(_wide_png(2, lines))


def _noise(height: int, width: int) -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return tf.io.encode_jpeg(picture).numpy()


def test_jpeg_that_is_cut_off() -> None:
    data = _noise(64, 64)
    with pytest.raises(Invalid, match="Invalid JPEG data"):
        tf.io.decode_jpeg(data[: len(data) // 2])
    found = tf.io.decode_jpeg(data[: len(data) // 2], try_recover_truncated=True, acceptable_fraction=0.2).numpy()
    assert found.shape == (64, 64, 3)
    assert np.array_equal(found[:12], tf.io.decode_jpeg(data).numpy()[:12])
    with pytest.raises(Invalid, match="Invalid JPEG data"):
        tf.io.decode_jpeg(data[:20], try_recover_truncated=True)


@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(17, 33), (64, 64), (5, 100)])
def test_jpeg_at_a_fraction_of_its_size(height: int, width: int, ratio: int) -> None:
    shape = tf.io.decode_jpeg(_noise(height, width), ratio=ratio).shape
    assert shape == [-(-height // ratio), -(-width // ratio), 3]


def test_part_of_a_jpeg() -> None:
    data = _noise(20, 30)
    whole = tf.io.decode_jpeg(data).numpy()
    crop = tf.function(lambda window: tf.io.decode_and_crop_jpeg(data, window, channels=3))
    assert np.array_equal(crop(tf.constant([2, 3, 5, 7])).numpy(), whole[2:7, 3:10])
    assert tf.io.decode_and_crop_jpeg(data, [0, 0, 10, 15], ratio=2).shape == [10, 15, 3]
    for window in ([10, 10, 20, 20], [-1, 0, 3, 3], [0, 0, 0, 3], [0, 0, 3]):
        with pytest.raises(Invalid, match=r"[Cc]rop.window"):
            tf.io.decode_and_crop_jpeg(data, window)
    with pytest.raises(Invalid, match="JPEG only"):
        tf.io.decode_and_crop_jpeg(tf.io.encode_png(whole), [0, 0, 1, 1])


def _saved(kind: str, *frames: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    first, *rest = [Image.fromarray(f) for f in frames]
    first.save(out, kind, **({"save_all": True, "append_images": rest} if rest else {}), **options)
    return out.getvalue()


def test_webp() -> None:
    rgb, rgba = _picture(6, 5, 3), _picture(6, 5, 4)
    one = _saved("WEBP", rgb, lossless=True)
    assert np.array_equal(tf.io.decode_webp(one).numpy(), rgb[None])
    assert np.array_equal(tf.io.decode_image(one, expand_animations=False).numpy(), rgb)
    assert tf.io.decode_webp(_saved("WEBP", rgba, lossless=True)).shape == [1, 6, 5, 4]
    two = _saved("WEBP", rgb, rgb[::-1].copy(), lossless=True)
    assert tf.io.decode_image(two).shape == [2, 6, 5, 3]
    for channels in (1, 2, 4):
        with pytest.raises(Invalid, match="channels"):
            tf.io.decode_webp(one, channels)
    with pytest.raises(Invalid, match="Invalid WEBP data"):
        tf.io.decode_webp(one[: len(one) // 2])


def test_kinds_of_pictures_and_the_ops_that_take_them() -> None:
    rgb = _picture(4, 5, 3)
    bmp, gif, two = _saved("BMP", rgb), _saved("GIF", rgb), _saved("GIF", rgb, rgb[::-1].copy())
    assert tf.io.decode_jpeg(gif).shape == tf.io.decode_png(gif).shape == [4, 5, 3]
    assert tf.io.decode_gif(tf.io.encode_png(rgb)).shape == [1, 4, 5, 3]
    assert tf.io.decode_bmp(_saved("BMP", _picture(4, 5, 4))).shape == [4, 5, 4]
    assert tf.io.decode_bmp(bmp, channels=4).numpy()[..., 3].tolist() == [[255] * 5] * 4
    for op, data, text in [
        (tf.io.decode_png, two, "frames"),
        (tf.io.decode_png, bmp, "wrong op"),
        (tf.io.decode_bmp, tf.io.encode_png(rgb), "wrong op"),
        (tf.io.decode_gif, b"", "empty"),
        (tf.io.decode_image, b"no picture", "Unknown image file format"),
        (tf.io.extract_jpeg_shape, gif, "Invalid JPEG data"),
    ]:
        with pytest.raises(Invalid, match=text):
            op(data)
    for op, data, channels in [
        (tf.io.decode_png, gif, 4),
        (tf.io.decode_png, bmp, 7),
        (tf.io.decode_bmp, bmp, 1),
        (tf.io.decode_jpeg, _noise(4, 4), 4),
        (tf.io.decode_image, tf.io.encode_png(rgb), 2),
    ]:
        with pytest.raises(Invalid, match="channels"):
            op(data, channels)


# Bytes -----------------------------------------------------------------------------------------------------------


def test_raw_base64_and_compression() -> None:
    assert tf.io.decode_raw([b"\1\0\2\0", b"\3\0\4\0"], tf.int16).numpy().tolist() == [[1, 2], [3, 4]]
    assert tf.io.decode_raw(b"\0\1", tf.uint16, little_endian=False).numpy().tolist() == [1]
    assert tf.io.decode_raw([b"a", b"bcd"], tf.uint8, fixed_length=2).numpy().tolist() == [[97, 0], [98, 99]]
    with pytest.raises(Invalid, match="same size"):
        tf.io.decode_raw([b"a", b"bcd"], tf.uint8)
    with pytest.raises(Invalid, match="multiple of 4"):
        tf.io.decode_raw([b"abc"], tf.float32)
    words = [b"", b"a", b"ab", b"\xff\xfe\xfd"]
    assert tf.io.decode_base64(tf.io.encode_base64(words)).numpy().tolist() == words
    assert tf.io.encode_base64(words, pad=True).numpy().tolist() == [base64.urlsafe_b64encode(w) for w in words]
    with pytest.raises(Invalid, match="base64"):
        tf.io.decode_base64("a+/b")
    assert tf.io.decode_compressed(gzip.compress(b"x"), "GZIP").numpy() == b"x"


def test_tensors_as_bytes() -> None:
    for value in (np.arange(6.0).reshape(2, 3), np.array([b"a", b"b"], object), np.array(True)):
        data = tf.io.serialize_tensor(value)
        back = tf.io.parse_tensor(data, tf.constant(value).dtype)
        assert back.numpy().tolist() == value.tolist()
    with pytest.raises(Invalid, match="Type mismatch"):
        tf.io.parse_tensor(tf.io.serialize_tensor(1), tf.float32)


def test_csv() -> None:
    found = tf.io.decode_csv(['1,"a,b",2.5', ",x,"], [[7], ["z"], [0.5]])
    assert [x.numpy().tolist() for x in found] == [[1, 7], [b"a,b", b"x"], [2.5, 0.5]]
    assert tf.io.decode_csv("1|NA|3", [[9], [0]], field_delim="|", na_value="NA", select_cols=[1, 2])[0].numpy() == 9
    with pytest.raises(Invalid, match="Expect 1 fields but have 2"):
        tf.io.decode_csv("1,2", [[0]])
    with pytest.raises(Invalid, match="required but missing"):
        tf.io.decode_csv("1,", [[0], tf.int32])
    with pytest.raises(Invalid, match="not a valid int32"):
        tf.io.decode_csv("x", [[0]])


# Records and messages --------------------------------------------------------------------------------------------


def test_checksum_of_a_known_text() -> None:
    crc = 0xE3069283  # CRC-32C of "123456789"
    assert masked_crc(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.parametrize("compression", [None, "", "GZIP", "ZLIB"])
def test_records(tmp_path: pathlib.Path, compression: str | None) -> None:
    path = tmp_path / "a.tfrecord"
    records = [b"", b"one", b"x" * 100_000]
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    assert list(read_records(path, compression)) == records


def test_corrupted_records(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"a record")
    data = path.read_bytes()
    assert struct.unpack("<Q", data[:8])[0] == 8
    path.write_bytes(data[:-1])
    with pytest.raises(tf.errors.DataLossError, match="truncated"):
        list(read_records(path))
    path.write_bytes(data[:14] + b"?" + data[15:])
    with pytest.raises(tf.errors.DataLossError, match="checksum"):
        list(read_records(path))
    with pytest.raises(tf.errors.DataLossError, match="decompressed"):
        list(read_records(path, "GZIP"))


def _example(**features: Any) -> bytes:
    def feature(values: Any) -> Any:
        if isinstance(values[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    example = tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in features.items()}))
    return bytes(example.SerializeToString())


def test_examples() -> None:
    features = {
        "x": tf.io.FixedLenFeature([2], tf.float32),
        "n": tf.io.FixedLenFeature([], tf.int64, default_value=9),
        "s": tf.io.FixedLenFeature([], tf.string, ""),
        "v": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    data = [_example(x=[1.0, 2.0], n=[3], s=[b"a"], v=[1, 2, 3]), _example(x=[4.0, 5.0])]
    expected = {"x": [[1.0, 2.0], [4.0, 5.0]], "n": [3, 9], "s": [b"a", b""], "v": [[1, 2, 3], [0, 0, 0]]}
    assert {k: v.numpy().tolist() for k, v in tf.io.parse_example(data, features).items()} == expected
    single = tf.function(lambda text: tf.io.parse_single_example(text, features))
    found = single(tf.constant(data[0]))
    assert {k: np.asarray(v.numpy()).tolist() for k, v in found.items()} == {k: v[0] for k, v in expected.items()}
    shapes = single.get_concrete_function(tf.TensorSpec([], tf.string)).output_shapes
    assert (shapes["x"].as_list(), shapes["v"].as_list()) == ([2], [None])
    restored = tf.train.Example.FromString(data[0])
    assert restored.features.feature["v"].int64_list.value[:] == [1, 2, 3]
    with pytest.raises(Invalid, match="required but could not be found"):
        tf.io.parse_single_example(_example(n=[1]), features)
    with pytest.raises(Invalid, match="Data types don't match"):
        tf.io.parse_single_example(_example(x=[1, 2]), features)
    with pytest.raises(Invalid, match="expected 2 values"):
        tf.io.parse_single_example(_example(x=[1.0]), features)
    with pytest.raises(Invalid, match="Could not parse"):
        tf.io.parse_single_example(b"\xff\xff", features)


# Sound -----------------------------------------------------------------------------------------------------------


def test_wav() -> None:
    sound = np.stack([np.sin(np.arange(100) / 5), np.cos(np.arange(100) / 5)], 1).astype(np.float32)
    data = tf.audio.encode_wav(sound, 16000)
    found, rate = tf.audio.decode_wav(data)
    assert int(rate) == 16000
    assert np.abs(found.numpy() - sound).max() < 1e-4
    assert tf.audio.decode_wav(data, desired_channels=1, desired_samples=120).audio.shape == [120, 1]
    with pytest.raises(Invalid, match="Header mismatch"):
        tf.audio.decode_wav(b"nothing of that kind")


def test_root_initializers() -> None:
    assert tf.zeros_initializer()([2], tf.int32).numpy().tolist() == [0, 0]
    assert tf.ones_initializer()([2]).numpy().tolist() == [1, 1]
    assert tf.constant_initializer([1, 2])([2]).numpy().tolist() == [1, 2]
    drawn = tf.random_uniform_initializer(2.0, 3.0)([50]).numpy()
    assert ((drawn >= 2) & (drawn < 3)).all()
    assert tf.random_normal_initializer.from_config(tf.random_normal_initializer(5.0, 0.0).get_config())(
        [2]
    ).numpy().tolist() == [5, 5]
    with pytest.raises(ValueError, match="floating point"):
        tf.random_normal_initializer()([2], tf.int32)


@pytest.mark.parametrize(
    ("dtype", "one"),
    [("int8", 0), ("int16", 128), ("int32", 8421376), ("int64", 36169534507319296), ("float64", 1 / 255)],
)
def test_pictures_as_other_numbers_are_scaled(dtype: str, one: float) -> None:
    image = tf.io.decode_image(tf.io.encode_png(np.array([[[0], [1], [255]]], np.uint8)), dtype=dtype)
    assert image.dtype.name == dtype
    assert image[0, 0, 0].numpy() == 0
    np.testing.assert_allclose(image[0, 1, 0], one, rtol=1e-15)
    np.testing.assert_allclose(image[0, 2, 0], 1 if dtype == "float64" else np.iinfo(dtype).max, rtol=5e-3)
