"""Seeds: for the host's draws, and `SeedGenerator` for draws inside graphs."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from headwater.core.context import context
from headwater.core.graph import init_scope
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._state import auto_name, session
from headwater.keras._variables import placed
from headwater.ops import math

# Drives everything that was not given a seed; `set_random_seed` resets it through Python's own generator.
_LARGEST_SEED = 10**9


def make_seed() -> int:
    """A seed for something that was given none."""
    return random.randint(1, _LARGEST_SEED)


@builtin("keras.random")
class SeedGenerator(Configurable):
    """A source of seeds whose place in its stream is a variable, so that graphs can draw from it.

    Args:
        seed: An int; None picks one.
        name: The name of its variable's scope.

    >>> tf.keras.random.SeedGenerator(7).next()
    <tf.Tensor: shape=(2,), dtype=uint32, numpy=array([7, 0], dtype=uint32)>
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}. Expected `seed` and `name`.")
        seed = int(seed) if isinstance(seed, np.integer) else seed
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed!r}")
        if seed is not None and seed < 0:
            raise ValueError(f"Argument `seed` must be non-negative. Received: seed={seed}")
        self._initial_seed = seed
        self.name = name or auto_name("seed_generator")
        value = np.array([make_seed() if seed is None else seed % 2**32, 0], np.uint32)
        self.state = placed(Variable(value, trainable=False, name=f"{self.name}/seed_generator_state"))

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, shape [2], uint32; `ordered` ones are counted, others jump about below a million."""
        seed = convert_to_tensor(self.state)
        if ordered:
            self.state.assign_add(np.array([0, 1], np.uint32), read_value=False)
        else:
            further = math.floormod((math.cast(seed, "int64") + 1) * np.int64(5387), np.int64(933199))
            self.state.assign(math.cast(further, "uint32"), read_value=False)
        return seed

    def next_host_seed(self) -> int:
        """The next seed as a Python integer; not available while tracing."""
        if context.graph is not None:
            raise ValueError("A SeedGenerator's host seed cannot be drawn inside a tf.function. Draw it outside.")
        first, second = self.next()._numpy().tolist()
        return int(first) << 32 | int(second)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed}


_GLOBAL = "seed generator"


def global_generator() -> SeedGenerator:
    """The generator of the session, for draws that are given no seed; its own comes from Python's generator."""
    if _GLOBAL not in session:
        with init_scope():
            session[_GLOBAL] = SeedGenerator(make_seed(), name="global_seed_generator")
    return session[_GLOBAL]


def forget_global_generator() -> None:
    """Lets the next draw that is given no seed make a new generator."""
    session.pop(_GLOBAL, None)
