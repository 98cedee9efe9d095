"""`tf.audio`: sound as WAV files and as arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

from headwater.core import dtypes
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._io_ops import DECODE_WAV, ENCODE_WAV

__all__ = ["decode_wav", "encode_wav"]


class DecodeWav(NamedTuple):
    """Samples ``[length, channels]``, and how many there are a second."""

    audio: Tensor
    sample_rate: Tensor


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> DecodeWav:
    """The samples of a WAV file of 16 bits.

    Args:
        contents: The file's bytes, a scalar string.
        desired_channels: So many channels, the last one repeated where there are fewer; -1: as many as there are.
        desired_samples: So many samples, cut off or filled up with silence; -1: as many as there are.
        name: A name for the op.

    Returns:
        ``audio``, float32 in [-1, 1] of shape ``[length, channels]``, and ``sample_rate``, int32.

    >>> audio, rate = tf.audio.decode_wav(tf.audio.encode_wav([[0.5], [-0.5]], 8000))
    >>> int(rate), audio.shape
    (8000, TensorShape([2, 1]))
    """
    found = convert_to_tensor(contents, None if isinstance(contents, Tensor) else dtypes.string)
    return DecodeWav(*DECODE_WAV(found, channels=int(desired_channels), samples=int(desired_samples), name=name))


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Tensor:
    """Samples ``[length, channels]`` in [-1, 1] as a WAV file of 16 bits.

    >>> tf.audio.encode_wav([[0.0]], 8000).numpy()[:4]
    b'RIFF'
    """
    return ENCODE_WAV(convert_to_tensor(audio, dtypes.float32), convert_to_tensor(sample_rate, dtypes.int32), name=name)
