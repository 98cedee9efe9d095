"""One golden case: a call written once, run by TensorFlow to record and by headwater to compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """A call of one public function on fixed arguments.

    Args:
        name: the function's public path without `tf.`, and after a slash what is special about this case:
            `"math.add"`, `"math.add/broadcast"`.
        fn: takes the module that plays `tf`, then one tensor per entry of `args`; returns any structure of tensors.
        args: NumPy arrays (strings: arrays of `bytes` with dtype object); everything static belongs inside `fn`.
        grad: compare gradients with respect to every floating or complex argument. Ignored without such arguments.
        grad2: also compare the gradient of the sum of squares of those gradients.
        unknown: also trace with every dimension of every argument unknown; the values and gradients compared inside
            a function are then those of that trace.
        fixed: positions of arguments whose shape stays fully known in that trace.
        rankless: also trace with arguments of unknown rank.
        static: `"exact"` when the traced static shapes must be TensorFlow's, `"refines"` when a more precise but
            correct one is welcome.
        raises: the call must fail; the class of TensorFlow's exception is the golden.
        values: False for random results: only dtype and shape are compared.
        rtol, atol: tolerance of the values; gradients get ten times, second ones a hundred times that. None: by dtype.
        autograph: convert `fn` by AutoGraph when tracing.
        function: False when the case is not to be traced at all.
    """

    name: str
    fn: Callable[..., Any]
    args: Sequence[np.ndarray] = ()
    grad: bool = True
    grad2: bool = True
    unknown: bool = True
    fixed: Sequence[int] = ()
    rankless: bool = True
    static: str = "exact"
    raises: bool = False
    values: bool = True
    rtol: float | None = None
    atol: float | None = None
    autograph: bool = False
    function: bool = True

    @property
    def symbol(self) -> str:
        """The function's public path, without the variant."""
        return self.name.split("/")[0]


def floats(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0, dtype: Any = np.float32) -> np.ndarray:
    """Fixed pseudo-random numbers, uniform in `low`..`high`."""
    return np.random.RandomState(seed).uniform(low, high, shape).astype(dtype)


def ints(*shape: int, seed: int = 0, low: int = -5, high: int = 6, dtype: Any = np.int32) -> np.ndarray:
    """Fixed pseudo-random integers in `low`..`high - 1`."""
    return np.random.RandomState(seed).randint(low, high, shape).astype(dtype)


def bools(*shape: int, seed: int = 0) -> np.ndarray:
    """Fixed pseudo-random truth values."""
    return np.random.RandomState(seed).uniform(size=shape) < 0.5


def complexes(*shape: int, seed: int = 0, dtype: Any = np.complex64) -> np.ndarray:
    """Fixed pseudo-random complex numbers with both parts in -2..2."""
    return (floats(*shape, seed=seed) + 1j * floats(*shape, seed=seed + 1000)).astype(dtype)


def strings(*values: bytes) -> np.ndarray:
    """A vector of byte strings."""
    return np.array(values, dtype=object)
