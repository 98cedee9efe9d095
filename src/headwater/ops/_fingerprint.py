"""Hashes of byte strings that are fixed for ever: the same numbers in every release and in TensorFlow.

Sources: FarmHash's Fingerprint64 (G. Pike, 2014, published algorithm), MurmurHash64A (A. Appleby, 2008), SipHash-2-4
(Aumasson, Bernstein, 2012).
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _word(text: bytes, at: int) -> int:
    return int.from_bytes(text[at : at + 8], "little")


def _half(text: bytes, at: int) -> int:
    return int.from_bytes(text[at : at + 4], "little")


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return ((value >> by) | (value << (64 - by))) & _MASK


def _shift_mix(value: int) -> int:
    value &= _MASK
    return value ^ (value >> 47)


def _mix(u: int, v: int, multiplier: int) -> int:
    a = _shift_mix(((u ^ v) & _MASK) * multiplier)
    b = _shift_mix((v ^ a) * multiplier)
    return (b * multiplier) & _MASK


def fingerprint64(text: bytes) -> int:
    """FarmHash's 64-bit fingerprint."""
    size = len(text)
    if size <= 16:
        return _short(text, size)
    if size <= 32:
        return _medium(text, size)
    return _upto64(text, size) if size <= 64 else _long(text, size)


def _short(text: bytes, size: int) -> int:
    multiplier = (_K2 + size * 2) & _MASK
    if size >= 8:
        a, b = (_word(text, 0) + _K2) & _MASK, _word(text, size - 8)
        c = (_rotate(b, 37) * multiplier + a) & _MASK
        d = ((_rotate(a, 25) + b) * multiplier) & _MASK
        return _mix(c, d, multiplier)
    if size >= 4:
        return _mix(size + (_half(text, 0) << 3), _half(text, size - 4), multiplier)
    if size > 0:
        y = text[0] + (text[size >> 1] << 8)
        z = size + (text[size - 1] << 2)
        return (_shift_mix((y * _K2) ^ (z * _K0)) * _K2) & _MASK
    return _K2


def _ends(text: bytes, size: int, first: int, multiplier: int) -> tuple[int, int, int]:
    """The words every longer hash begins with: the first one's product, and the two sums of both ends."""
    a, b = (_word(text, 0) * first) & _MASK, _word(text, 8)
    c, d = (_word(text, size - 8) * multiplier) & _MASK, (_word(text, size - 16) * _K2) & _MASK
    y = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    return a, y, (a + _rotate(b + _K2, 18) + c) & _MASK


def _medium(text: bytes, size: int) -> int:
    multiplier = (_K2 + size * 2) & _MASK
    _, y, z = _ends(text, size, _K1, multiplier)
    return _mix(y, z, multiplier)


def _upto64(text: bytes, size: int) -> int:
    multiplier = (_K2 + size * 2) & _MASK
    a, y, z = _ends(text, size, _K2, multiplier)
    z = _mix(y, z, multiplier)
    e, f = (_word(text, 16) * multiplier) & _MASK, _word(text, 24)
    g = ((y + _word(text, size - 32)) * multiplier) & _MASK
    h = ((z + _word(text, size - 24)) * multiplier) & _MASK
    u = (_rotate(e + f, 43) + _rotate(g, 30) + h) & _MASK
    return _mix(u, (e + _rotate(f + a, 18) + g) & _MASK, multiplier)


def _weak(text: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = struct.unpack_from("<4Q", text, at)
    a = (a + w) & _MASK
    b = _rotate(b + a + z, 21)
    c = a
    a = (a + x + y) & _MASK
    return (a + z) & _MASK, (b + _rotate(a, 44) + c) & _MASK


def _long(text: bytes, size: int) -> int:
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = (_shift_mix(y * _K2 + 113) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _word(text, 0)) & _MASK
    last = size - 64
    for at in range(0, (size - 1) // 64 * 64, 64):
        x, y, z, v, w = _round(text, at, x, y, z, v, w, _K1, 1)
        z, x = x, z
    multiplier = (_K1 + ((z & 0xFF) << 1)) & _MASK
    w = ((w[0] + ((size - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x, y, z, v, w = _round(text, last, x, y, z, v, w, multiplier, 9)
    z, x = x, z
    first = (_mix(v[0], w[0], multiplier) + _shift_mix(y) * _K0 + z) & _MASK
    return _mix(first, (_mix(v[1], w[1], multiplier) + x) & _MASK, multiplier)


def _round(
    text: bytes, at: int, x: int, y: int, z: int, v: tuple[int, int], w: tuple[int, int], multiplier: int, factor: int
) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    x = (_rotate(x + y + v[0] + _word(text, at + 8), 37) * multiplier) & _MASK
    y = (_rotate(y + v[1] + _word(text, at + 48), 42) * multiplier) & _MASK
    x ^= (w[1] * factor) & _MASK
    y = (y + v[0] * factor + _word(text, at + 40)) & _MASK
    z = (_rotate(z + w[0], 33) * multiplier) & _MASK
    v = _weak(text, at, (v[1] * multiplier) & _MASK, (x + w[0]) & _MASK)
    w = _weak(text, at + 32, (z + w[1]) & _MASK, (y + _word(text, at + 16)) & _MASK)
    return x, y, z, v, w


def murmur64(text: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A, with the seed of TensorFlow's `string_to_hash_bucket`."""
    m = 0xC6A4A7935BD1E995
    value = seed ^ ((len(text) * m) & _MASK)
    whole = len(text) // 8 * 8
    for at in range(0, whole, 8):
        k = (_word(text, at) * m) & _MASK
        k = ((k ^ (k >> 47)) * m) & _MASK
        value = ((value ^ k) * m) & _MASK
    if whole < len(text):
        value = ((value ^ _word(text, whole)) * m) & _MASK
    value = ((value ^ (value >> 47)) * m) & _MASK
    return value ^ (value >> 47)


def siphash(text: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 under a key of two 64-bit words."""
    k0, k1 = key[0] & _MASK, key[1] & _MASK
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        _sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = (v[0] + v[1]) & _MASK
        v[1] = _rotate(v[1], 51) ^ v[0]
        v[0] = _rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & _MASK
        v[3] = _rotate(v[3], 48) ^ v[2]
        v[0] = (v[0] + v[3]) & _MASK
        v[3] = _rotate(v[3], 43) ^ v[0]
        v[2] = (v[2] + v[1]) & _MASK
        v[1] = _rotate(v[1], 47) ^ v[2]
        v[2] = _rotate(v[2], 32)
