"""Loops on JAX values: `lax.while_loop` with a reverse-mode gradient, for trip counts known only at run time.

The forward loop keeps a fixed number of evenly spaced checkpoints, doubling their distance whenever they run out. The
backward loop goes through the segments between checkpoints from the last to the first, recomputes each segment into a
second set of checkpoints, and pulls the cotangents back step by step (compare Stumm and Walther, "New algorithms for
optimal online checkpointing", SIAM J. Sci. Comput. 32, 2010; the spacing here is the simple doubling one). Memory is
constant in the trip count; work is a small multiple of the forward loop up to some 100,000 steps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.context import context

# Checkpoints at each of the two levels.
_SLOTS = 64

Carry = tuple[Any, ...]
Step = Callable[[Any, Any], Any]


def while_loop(test: Step, body: Step, carry: Any, consts: Any) -> Any:
    """`lax.while_loop` on ``carry`` with loop-invariant ``consts``, differentiable in both, to any order.

    Args:
        test: ``(carry, consts) -> bool scalar``; closes over no traced values.
        body: ``(carry, consts) -> carry``; closes over no traced values.
        carry: A pytree of arrays.
        consts: A pytree of arrays.

    Returns:
        The carry when `test` fails first.
    """
    leaves, tree = _flatten(carry)
    constants, constant_tree = _flatten(consts)

    def flat_test(c: Carry, k: Carry) -> Any:
        return test(tree.unflatten(c), constant_tree.unflatten(k))

    def flat_body(c: Carry, k: Carry) -> Carry:
        return tuple(jax.tree.leaves(body(tree.unflatten(c), constant_tree.unflatten(k))))

    loop = _loop_for_tangents if context.derivatives[-1:] == ("forward",) else _loop
    return tree.unflatten(loop(flat_test, flat_body, tuple(leaves), tuple(constants)))


def _flatten(tree: Any) -> tuple[list[Any], Any]:
    return jax.tree.flatten(tree)


def _derived(function: Callable[..., Any], change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Callable[..., Any]:
    """The function, evaluated where other derivatives are still to come."""

    @functools.wraps(function)
    def evaluated(*args: Any) -> Any:
        before = context.enter(derivatives=change(context.derivatives))
        try:
            return function(*args)
        finally:
            context.restore(before)

    return evaluated


def _plain(test: Step, body: Step, carry: Carry, consts: Carry) -> Carry:
    return lax.while_loop(lambda c: test(c, consts), lambda c: body(c, consts), carry)


_loop = jax.custom_vjp(_plain, nondiff_argnums=(0, 1))
_loop_for_tangents = jax.custom_jvp(_plain, nondiff_argnums=(0, 1))


def _tangents(test: Step, body: Step, primals: Any, tangents: Any) -> Any:
    """One loop on values and tangents together."""
    (carry, consts), (carry_tangents, const_tangents) = primals, tangents
    moving = [i for i, x in enumerate(carry) if jnp.issubdtype(x.dtype, jnp.inexact)]
    varying = [i for i, k in enumerate(consts) if jnp.issubdtype(k.dtype, jnp.inexact)]

    def step(state: Any, known: Any) -> Any:
        carry, pushed = state
        consts, const_tangents = known

        def chosen(c: Carry, k: Carry) -> Any:
            result = tuple(body(_replace(carry, moving, c), _replace(consts, varying, k)))
            return tuple([result[i] for i in moving]), result

        primals = tuple([carry[i] for i in moving]), tuple([consts[i] for i in varying])
        _, pushed, result = _pushed(chosen, primals, (pushed, const_tangents))
        return result, pushed

    start = tuple(carry), tuple([carry_tangents[i] for i in moving])
    known = tuple(consts), tuple([const_tangents[i] for i in varying])
    final, pushed = while_loop(lambda s, k: test(s[0], k[0]), step, start, known)
    by_position = dict(zip(moving, pushed, strict=True))
    zeros = [by_position.get(i, np.zeros(x.shape, jax.dtypes.float0)) for i, x in enumerate(final)]
    return final, tuple(zeros)


def _pushed(function: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    return _derived(functools.partial(jax.jvp, has_aux=True), lambda d: (*d, "forward"))(function, primals, tangents)


def _forward(test: Step, body: Step, carry: Carry, consts: Carry) -> Any:
    buffers = tuple([jnp.zeros((_SLOTS, *x.shape), x.dtype) for x in carry])

    def step(state: Any, consts: Carry) -> Any:
        count, stride, saved, current = state
        full = count == stride * _SLOTS
        saved = lax.cond(full, _thin, lambda b: b, saved)
        stride = jnp.where(full, stride * 2, stride)
        saved = _save(saved, current, count // stride, count % stride == 0)
        return count + 1, stride, saved, tuple(body(current, consts))

    start = (jnp.int64(0), jnp.int64(1), buffers, tuple(carry))
    count, stride, saved, final = while_loop(lambda s, k: test(s[3], k), step, start, consts)
    return final, (count, stride, saved, consts)


def _thin(buffers: Carry) -> Carry:
    half = _SLOTS // 2
    return tuple([jnp.concatenate([b[::2], b[half:]]) for b in buffers])


def _save(buffers: Carry, values: Carry, slot: Any, wanted: Any) -> Carry:
    slot = jnp.where(wanted, slot, _SLOTS)  # out of bounds: dropped
    return tuple([b.at[slot].set(v, mode="drop") for b, v in zip(buffers, values, strict=True)])


def _load(buffers: Carry, slot: Any) -> Carry:
    return tuple([lax.dynamic_index_in_dim(b, slot, keepdims=False) for b in buffers])


def _repeat(body: Step, carry: Carry, times: Any, consts: Carry) -> Carry:
    """`body` applied `times` times."""
    state = (jnp.int64(0), times, tuple(carry))
    step = lambda s, k: (s[0] + 1, s[1], tuple(body(s[2], k)))  # noqa: E731
    return while_loop(lambda s, k: s[0] < s[1], step, state, consts)[2]


def _backward(test: Step, body: Step, residuals: Any, cotangents: Any) -> Any:
    count, stride, saved, consts = residuals
    floats = [i for i, b in enumerate(saved) if jnp.issubdtype(b.dtype, jnp.inexact)]
    varying = [i for i, k in enumerate(consts) if jnp.issubdtype(k.dtype, jnp.inexact)]
    fine = (stride + _SLOTS - 1) // _SLOTS  # the distance of second-level checkpoints

    def pull_back(state: Carry, gradient: Carry, consts: Carry) -> tuple[Carry, Carry]:
        def chosen(f: Carry, k: Carry) -> Carry:
            full = _replace(state, floats, f)
            result = body(full, _replace(consts, varying, k))
            return tuple([result[i] for i in floats])

        primals = tuple([state[i] for i in floats]), tuple([consts[i] for i in varying])
        pulled = _derived(lambda: jax.vjp(chosen, *primals)[1](gradient), lambda d: (*d, "reverse"))
        return pulled()

    def one_step(s: Any, k: Any) -> Any:
        position, start, segment, gradient, total = s
        consts, fine = k
        state = _repeat(body, _load(segment, position // fine), position % fine, consts)
        gradient, more = pull_back(state, gradient, consts)
        return position - 1, start, segment, gradient, tuple([a + b for a, b in zip(total, more, strict=True)])

    def one_segment(s: Any, k: Any) -> Any:
        index, gradient, total = s
        consts, count, stride, fine, saved = k
        start = index * stride
        length = jnp.minimum(stride, count - start)
        empty = tuple([jnp.zeros_like(b) for b in saved])

        def refine(r: Any, kk: Any) -> Any:
            consts, fine = kk
            position, length, segment, current = r
            segment = _save(segment, current, position // fine, position % fine == 0)
            return position + 1, length, segment, tuple(body(current, consts))

        first = (jnp.int64(0), length, empty, _load(saved, index))
        segment = while_loop(lambda r, kk: r[0] < r[1], refine, first, (consts, fine))[2]
        state = (length - 1, start, segment, gradient, total)
        _, _, _, gradient, total = while_loop(lambda r, kk: r[0] >= 0, one_step, state, (consts, fine))
        return index - 1, gradient, total

    gradient = tuple([cotangents[i] for i in floats])
    total = tuple([jnp.zeros_like(consts[i]) for i in varying])
    state = ((count + stride - 1) // stride - 1, gradient, total)
    known = (consts, count, stride, fine, saved)
    _, gradient, total = while_loop(lambda s, k: s[0] >= 0, one_segment, state, known)
    return _cotangents(saved, floats, gradient, drop_first=True), _cotangents(consts, varying, total)


def _replace(values: Carry, positions: list[int], new: Carry) -> Carry:
    result = list(values)
    for position, value in zip(positions, new, strict=True):
        result[position] = value
    return tuple(result)


def _cotangents(values: Carry, positions: list[int], given: Carry, drop_first: bool = False) -> Carry:
    """Cotangents for all values: those given, and JAX's float0 zeros for integers."""
    by_position = dict(zip(positions, given, strict=True))
    return tuple(
        [
            by_position[i] if i in by_position else np.zeros(v.shape[1:] if drop_first else v.shape, jax.dtypes.float0)
            for i, v in enumerate(values)
        ]
    )


def _outer(derivatives: tuple[str, ...]) -> tuple[str, ...]:
    return derivatives[:-1]


_loop.defvjp(_derived(_forward, _outer), _derived(_backward, _outer))
_loop_for_tangents.defjvp(_derived(_tangents, _outer))
