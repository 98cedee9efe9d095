"""`tf.random.Generator`: a stream of random numbers whose state is a variable the user holds."""

from __future__ import annotations

import enum
import os
import threading
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.graph import init_scope
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import _random_ops as ops
from headwater.ops._cast import cast
from headwater.ops._create import zeros_like
from headwater.ops._inputs import static_integers
from headwater.ops._join import stack
from headwater.ops._random_draw import draw_normal, draw_truncated_normal, draw_uniform, numpy_dtype
from headwater.ops._streams import draw


class Algorithm(enum.Enum):
    """Random number algorithms. All draw Philox blocks; they differ in the size of a generator's state."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


_STATE_SIZES = {1: 3, 2: 2, 3: 3}
_WORD = (1 << 64) - 1


def check_algorithm(alg: Any) -> int:
    """An algorithm (name, number, tensor or `Algorithm`) as its number. Raises ValueError for an unknown one."""
    if isinstance(alg, Algorithm):
        return alg.value
    try:
        if isinstance(alg, str):
            return Algorithm[alg.upper()].value
        return Algorithm(int(alg)).value
    except (KeyError, ValueError):
        raise ValueError(
            f"Argument `alg` got unsupported value {alg!r}. Supported values are 1 or 'philox', 2 or 'threefry', 3 or "
            "'auto_select'."
        ) from None


def create_rng_state(seed: Any, alg: Any) -> Tensor:
    """A generator's state from an integer or a vector of integers.

    Args:
        seed: An integer of any size (cut into 64-bit words), or a vector, padded with zeros on the left.
        alg: ``"philox"`` or ``"threefry"``.

    Returns:
        An int64 vector: the counter, then the key.

    >>> tf.random.create_rng_state(1234, "philox")
    <tf.Tensor: shape=(3,), dtype=int64, numpy=array([1234,    0,    0])>
    """
    size = _STATE_SIZES[check_algorithm(alg)]
    if isinstance(seed, int):
        words = [(seed >> (64 * i)) & _WORD for i in range(size)]
    else:
        words = [int(w) & _WORD for w in np.asarray(seed).reshape(-1)[:size]]
    words = [0] * (size - len(words)) + words
    return convert_to_tensor(np.asarray(words, np.uint64).view(np.int64))


class Generator:
    """A random number generator. Its state is in a variable, so it can be saved, copied and used in functions.

    Args:
        copy_from: Another generator to copy.
        state: A vector of integers to start from, with `alg`.
        alg: ``"philox"``, ``"threefry"``, ``"auto_select"`` or an `Algorithm`.

    >>> g = tf.random.Generator.from_seed(1)
    >>> g.normal([2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 0.43842274, -0.53439844], dtype=float32)>
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        if copy_from is not None:
            if state is not None or alg is not None:
                raise ValueError("Expected either `copy_from`, or `state` and `alg`; received both.")
            state, alg = copy_from.state.read_value(), copy_from.algorithm
        elif state is None or alg is None:
            raise ValueError("Expected `state` and `alg`, or `copy_from`. Use Generator.from_seed(seed).")
        self._alg = check_algorithm(alg)
        self._state = Variable(_as_state(state, self._alg), trainable=False, dtype=dtypes.int64, name="StateVar")

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator that starts from a state vector (a tensor, array or variable)."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator that starts from a seed: an integer or a vector of integers."""
        alg = Algorithm.PHILOX if alg is None else alg
        return cls(state=create_rng_state(seed, alg), alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts from the operating system's randomness."""
        alg = check_algorithm(Algorithm.PHILOX if alg is None else alg)
        return cls(state=np.frombuffer(os.urandom(8 * _STATE_SIZES[alg]), np.int64), alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator from a key (scalar) and a counter (vector of two; threefry: one)."""
        alg = check_algorithm(alg)
        return cls(state=_join_state(key, counter, alg), alg=alg)

    # State ------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Variable:
        """The variable that holds the state: the counter, then the key."""
        return self._state

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self._alg

    @property
    def key(self) -> Tensor:
        """The part of the state that draws do not change."""
        return self._state.read_value()[-1]

    def reset(self, state: Any) -> None:
        """Replaces the state."""
        self._state.assign(_as_state(state, self._alg))

    def reset_from_seed(self, seed: Any) -> None:
        """Starts again from a seed."""
        self._state.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Starts again from a key and a counter."""
        self._state.assign(_join_state(key, counter, self._alg))

    def skip(self, delta: Any) -> Tensor:
        """Moves on as a draw of `delta` numbers would; returns the state before."""
        before = self._state.read_value()
        draw(self._state, static_integers([delta]))
        return before

    # Numbers ----------------------------------------------------------------------------------------------------

    def _source(self, shape: Tensor) -> tuple[Tensor, Tensor]:
        return draw(self._state, shape)

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Tensor:
        """Normal numbers; `mean` and `stddev` broadcast with `shape`."""
        return draw_normal(self._source, shape, mean, stddev, dtype, name)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Tensor:
        """Normal numbers, redrawn where they are further than two standard deviations from the mean."""
        return draw_truncated_normal(self._source, shape, mean, stddev, dtype, name)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, name: str | None = None
    ) -> Tensor:
        """Uniform numbers in ``[minval, maxval)``; both None: integers of all values."""
        return draw_uniform(self._source, shape, minval, maxval, dtype, name)

    def uniform_full_int(self, shape: Any, dtype: Any = dtypes.uint64, name: str | None = None) -> Tensor:
        """Integers uniform over all values of the dtype."""
        return draw_uniform(self._source, shape, None, None, dtype, name)

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = dtypes.int32, name: str | None = None) -> Any:
        """Numbers of successes in `counts` trials of probability `probs`, which broadcast to the end of `shape`."""
        probs = convert_to_tensor(probs, dtype_hint=dtypes.float32)
        counts = convert_to_tensor(counts, dtype_hint=probs.dtype)
        dims = static_integers(shape)
        reserved = ops.BINOMIAL_RESERVED(dims, counts, probs)
        return ops.BINOMIAL(
            dims, *draw(self._state, reserved), counts, probs, dtype=numpy_dtype(dtypes.as_dtype(dtype)), name=name
        )

    # Other generators -------------------------------------------------------------------------------------------

    def _keys(self, count: int) -> Tensor:
        return self.uniform_full_int([count], dtype=dtypes.int64)

    def make_seeds(self, count: int = 1) -> Tensor:
        """Seeds for stateless ops: int64 of shape ``[2, count]``, one seed a column."""
        keys = self._keys(count)
        return stack([keys, zeros_like(keys)])

    def split(self, count: int = 1) -> list[Generator]:
        """`count` generators, independent of this one and of each other."""
        keys = self._keys(count)
        zeros = [0] * (_STATE_SIZES[self._alg] - 1)
        return [Generator(state=[*zeros, int(key)], alg=self._alg) for key in keys.numpy()]

    def __copy__(self) -> Generator:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Generator:
        return Generator(copy_from=self)


def _as_state(state: Any, alg: int) -> Any:
    tensor = convert_to_tensor(np.asarray(state, np.int64) if isinstance(state, list | tuple) else state)
    tensor = cast(tensor, dtypes.int64)
    if not tensor.shape.is_compatible_with([_STATE_SIZES[alg]]):
        raise ValueError(
            f"The state of a {Algorithm(alg).name.lower()} generator must have shape ({_STATE_SIZES[alg]},), received "
            f"{tensor.shape}. Use Generator.from_seed(seed)."
        )
    return tensor


def _join_state(key: Any, counter: Any, alg: int) -> Any:
    counter = np.asarray(counter).reshape(-1)
    if counter.shape != (_STATE_SIZES[alg] - 1,):
        raise ValueError(f"Expected a counter of shape ({_STATE_SIZES[alg] - 1},), received {counter.shape}.")
    return np.concatenate([counter.astype(np.int64), np.asarray(key).reshape(1).astype(np.int64)])


_lock = threading.Lock()
_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The process's generator, made from the operating system's randomness when it is first asked for."""
    with _lock:
        if not _global:
            with init_scope():
                _global.append(Generator.from_non_deterministic_state())
        return _global[0]


def set_global_generator(generator: Generator) -> None:
    """Makes `generator` the one that `get_global_generator` gives."""
    with _lock:
        _global[:] = [generator]
