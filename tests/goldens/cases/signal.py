"""`tf.signal`: transforms, frames, windows, mel spectra."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tests.goldens.case import Case, complexes, floats, ints
from tests.goldens.runner import resolve

SIGNAL = floats(2, 24)
CUBE = floats(2, 3, 4, 6)
SPECTRUM = complexes(2, 3, 4, 6)
LOOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4, "rankless": False, "static": "refines", "grad2": False}


def _call(tf: Any, *args: Any, symbol: str, **options: Any) -> Any:
    return resolve(tf, symbol)(*args, **options)


def _case(name: str, *args: np.ndarray, call: dict[str, Any] | None = None, **options: Any) -> Case:
    symbol = "signal." + name.split("/")[0]
    return Case("signal." + name, functools.partial(_call, symbol=symbol, **(call or {})), args, **(LOOSE | options))


def _fourier() -> list[Case]:
    cases = [_case(name, SPECTRUM) for name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d")]
    cases += [_case(f"{name}/complex128", SPECTRUM.astype(np.complex128)) for name in ("fft", "ifft2d")]
    for rank, suffix in ((1, ""), (2, "2d"), (3, "3d")):
        length = [5, 4, 8][:rank] if rank > 1 else [8]
        cases += [
            _case(f"rfft{suffix}", CUBE, grad=rank < 3),
            _case(f"rfft{suffix}/length", CUBE, call={"fft_length": length}, grad=False),
            _case(f"irfft{suffix}", SPECTRUM, grad=False),
            _case(f"irfft{suffix}/length", SPECTRUM, call={"fft_length": length}, grad=False),
        ]
    return [
        *cases,
        _case("rfft/float64", CUBE.astype(float)),
        _case("fft/error_real", CUBE, raises=True),
        _case("rfft/error_int", ints(4), raises=True),
        _case("fftshift", CUBE),
        _case("fftshift/axes", CUBE, call={"axes": [1, 2]}),
        _case("ifftshift", CUBE, call={"axes": 1}),
        *[_case(f"dct/{kind}", SIGNAL, call={"type": kind}) for kind in (1, 2, 3, 4)],
        *[_case(f"dct/{kind}_ortho", SIGNAL, call={"type": kind, "norm": "ortho"}) for kind in (2, 3, 4)],
        _case("dct/n", SIGNAL, call={"n": 10}),
        _case("dct/n_longer", SIGNAL, call={"n": 30}),
        _case("dct/float64", SIGNAL.astype(float)),
        *[_case(f"idct/{kind}", SIGNAL, call={"type": kind}) for kind in (1, 2, 3, 4)],
        *[_case(f"idct/{kind}_ortho", SIGNAL, call={"type": kind, "norm": "ortho"}) for kind in (2, 3, 4)],
        _case("dct/error_type", SIGNAL, call={"type": 7}, raises=True),
    ]


def _frames() -> list[Case]:
    return [
        _case("frame", SIGNAL, call={"frame_length": 7, "frame_step": 3}),
        _case("frame/pad", SIGNAL, call={"frame_length": 7, "frame_step": 5, "pad_end": True, "pad_value": 1.5}),
        _case("frame/axis", CUBE, call={"frame_length": 2, "frame_step": 1, "axis": 1}),
        _case("frame/gaps", SIGNAL, call={"frame_length": 2, "frame_step": 5}),
        _case("overlap_and_add", floats(2, 5, 6), call={"frame_step": 2}),
        _case("overlap_and_add/uneven", floats(5, 7), call={"frame_step": 3}),
        _case("overlap_and_add/int", ints(5, 7), call={"frame_step": 3}),
        _case("stft", SIGNAL, call={"frame_length": 8, "frame_step": 4}),
        _case("stft/arguments", SIGNAL, call={"frame_length": 7, "frame_step": 3, "fft_length": 16, "pad_end": True}),
        _case("stft/plain", SIGNAL, call={"frame_length": 8, "frame_step": 4, "window_fn": None}),
        _case("inverse_stft", complexes(2, 5, 5), call={"frame_length": 8, "frame_step": 4}, grad=False),
        Case(
            "signal.inverse_stft/window",
            lambda tf, x: tf.signal.inverse_stft(x, 7, 3, 8, tf.signal.inverse_stft_window_fn(3)),
            [complexes(2, 5, 5)],
            **(LOOSE | {"grad": False}),
        ),
        _case("mdct", SIGNAL, call={"frame_length": 8}),
        _case("mdct/arguments", SIGNAL, call={"frame_length": 8, "norm": "ortho", "pad_end": True, "window_fn": None}),
        _case("inverse_mdct", floats(2, 5, 4), unknown=False),
        _case("inverse_mdct/ortho", floats(2, 5, 4), call={"norm": "ortho"}, unknown=False),
        _case("mfccs_from_log_mel_spectrograms", floats(3, 12)),
    ]


def _windows() -> list[Case]:
    cases = []
    for length in (1, 6, 9):
        for name in ("hann_window", "hamming_window"):
            for periodic in (True, False):
                call = {"window_length": length, "periodic": periodic}
                cases.append(_case(f"{name}/{length}_{periodic}", call=call))
        cases.append(_case(f"kaiser_window/{length}", call={"window_length": length, "beta": 5.0}))
        cases.append(_case(f"vorbis_window/{length}", call={"window_length": length}))
    mel = {"num_mel_bins": 8, "num_spectrogram_bins": 33, "sample_rate": 16000, "upper_edge_hertz": 7000.0}
    return [
        *cases,
        _case("kaiser_bessel_derived_window", call={"window_length": 8}),
        _case("linear_to_mel_weight_matrix"),
        _case("linear_to_mel_weight_matrix/arguments", call=mel),
        _case("linear_to_mel_weight_matrix/error", call={"lower_edge_hertz": -1.0}, raises=True),
        _case("linear_to_mel_weight_matrix/error_nyquist", call={"upper_edge_hertz": 9000.0}, raises=True),
    ]


CASES = [*_fourier(), *_frames(), *_windows()]
