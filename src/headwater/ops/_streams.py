"""Where stateful random ops take their numbers from: hidden generator states, seeded by `tf.random.set_seed`.

A state is a variable like a `tf.random.Generator`'s: a 128-bit counter and a 64-bit key. A draw takes the state as key
and counter and moves the counter on, so random ops stay pure functions and a graph shows its randomness as state.
"""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.context import context
from headwater.core.graph import init_scope, untaped
from headwater.core.op import op
from headwater.core.runtime import state_lock
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import _philox

STATE_SIZE = 3  # counter (low, high), key

# The global seed that goes with an op's own seed where none was set, as in TensorFlow.
_DEFAULT_GLOBAL_SEED = 87654321


@op("RngReadAndSkip", differentiable=False)
def READ_AND_SKIP(state: Any, shape: Any) -> Any:
    """Key and counter for a draw of `shape`, and the state after it."""
    words = lax.bitcast_convert_type(state, jnp.uint64)
    counter, key = words[:-1], words[-1:]
    wide = counter if counter.shape[0] == 2 else jnp.concatenate([counter, jnp.zeros_like(counter)])
    moved = _philox.skip(wide, jnp.prod(shape.astype(jnp.int64)))[: counter.shape[0]]
    return key, wide, lax.bitcast_convert_type(jnp.concatenate([moved, key]), jnp.int64)


@op("RngFoldInReplica", differentiable=False)
def _FOLD_IN_REPLICA(key: Any, replica: Any) -> Any:
    counter = jnp.stack([replica.astype(jnp.uint64), jnp.zeros([], jnp.uint64)])
    return _philox.bits64(key, counter, (1,))


class HiddenState(Variable):
    """The state of a generator that users do not see: listings of a function's variables leave it out."""

    _hidden = True


class _Streams:
    """The hidden states of this process.

    Attributes:
        seed: What `set_seed` was given, or None.
        deterministic: Whether drawing without any seed is an error.
        shared: By op seed (None: the global stream), the state that eager ops share.
        placed: States of single ops in graphs, by unique id, with their op seeds: such an op has a state of its own.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.seed: int | None = None
        self.deterministic = False
        self.shared: dict[int | None, Variable] = {}
        self.placed: weakref.WeakValueDictionary[int, Variable] = weakref.WeakValueDictionary()
        self.placed_seeds: dict[int, int] = {}

    def find(self, op_seed: int | None) -> Variable:
        """The state an op with this seed (or none) draws from."""
        with self.lock:
            if op_seed is not None and context.graph is not None:
                state = self._make(op_seed)
                self.placed[state._uid] = state
                self.placed_seeds[state._uid] = op_seed
                return state
            if op_seed not in self.shared:
                self.shared[op_seed] = self._make(op_seed)
            return self.shared[op_seed]

    def reset(self, seed: int) -> None:
        """Starts every stream again, from this global seed."""
        with self.lock, init_scope():
            self.seed = seed
            self.shared = {key: state for key, state in self.shared.items() if key is None}
            for state in self.shared.values():
                state.assign(self._initial(None))
            self.placed_seeds = {key: value for key, value in self.placed_seeds.items() if key in self.placed}
            for key, state in self.placed.items():
                state.assign(self._initial(self.placed_seeds[key]))

    def _make(self, op_seed: int | None) -> Variable:
        with init_scope():
            return HiddenState(self._initial(op_seed), trainable=False, name="rng_state")

    def _initial(self, op_seed: int | None) -> Any:
        if self.seed is None and op_seed is None:
            if self.deterministic:
                raise RuntimeError(
                    "Random ops require a seed to be set when determinism is enabled. Please set a seed before running "
                    "the op, e.g. by calling tf.random.set_seed(1)."
                )
            digest = os.urandom(8)
        else:
            pair = (_DEFAULT_GLOBAL_SEED if self.seed is None else self.seed, op_seed)
            digest = hashlib.blake2b(repr(pair).encode(), digest_size=8).digest()
        return np.asarray([0, 0, int.from_bytes(digest, "little", signed=True)], np.int64)


streams = _Streams()


def draw(state: Variable, shape: Tensor) -> tuple[Tensor, Tensor]:
    """Key and counter for `shape` numbers, and moves the state past them."""
    with untaped():
        if context.graph is not None:
            key, counter, moved = READ_AND_SKIP(context.graph.read(state), shape)
            context.graph.write(state, moved)
        else:
            with state_lock:
                key, counter, moved = READ_AND_SKIP(state._tensor, shape)
                state._put(moved._array)
        if context.replica is not None:
            key = _FOLD_IN_REPLICA(key, convert_to_tensor(context.replica.replica_id_in_sync_group))
    return key, counter


def draw_from_stream(shape: Tensor, seed: Any = None) -> tuple[Tensor, Tensor]:
    """Key and counter for a stateful op with this op seed."""
    return draw(streams.find(None if seed is None else int(seed)), shape)


def set_seed(seed: int) -> None:
    """Sets the global seed: stateful random ops start again from it.

    Ops without a seed of their own share one stream, eagerly and in functions. An op with a `seed` draws from a stream
    that follows from both seeds; in a function each such op has its own.

    Args:
        seed: An integer.

    >>> tf.random.set_seed(1)
    >>> first = tf.random.uniform([2])
    >>> tf.random.set_seed(1)
    >>> bool((first == tf.random.uniform([2])).numpy().all())
    True
    """
    streams.reset(int(seed))
