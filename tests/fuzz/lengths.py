"""Random programs on inputs of any length: what a function gives must not depend on how it is padded inside.

``python -m tests.fuzz.lengths --seed 0 --count 100`` prints the programs whose values or gradients, when called with
ever new lengths, differ from what the same code gives eagerly.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.fuzz.execute import code
from tests.fuzz.plain import uncompiled

# The first three are compiled as they are. Padded programs serve the others, if at all.
LENGTHS = (5, 6, 8, 9, 18, 3, 33)

# Of a [n] and a matrix m [n, 3] to the same shapes; {a} is another tensor of that shape.
_ROWS = (
    "tf.tanh({0})",
    "{0} * 0.5 + {a}",
    "tf.maximum({0}, {a})",
    "tf.where({0} > {a}, {0}, {a} * 0.5)",
    "tf.roll({0}, 2, 0)",
    "tf.roll({0}, -1, 0)",
    "tf.reverse({0}, [0])",
    "{0}[::-1]",
    "tf.cumsum({0}, 0) * 0.1",
    "tf.cumsum({0}, 0, exclusive=True, reverse=True) * 0.1",
    "tf.nn.softmax({0}, 0)",
    "tf.nn.log_softmax({0} * 0.3, axis=0) * 0.2",
    "{0} - tf.reduce_mean({0}, 0)",
    "{0} - tf.reduce_max({0}, 0)",
    "{0} / (1.0 + tf.reduce_sum(tf.abs({0}), 0))",
    "tf.concat([{0}[1:], {a}[:1]], 0)",
    "tf.concat([{a}[-1:], {0}[:-1]], 0)",
    "tf.concat([{0}[2:], {a}[:2]], 0)",
    "tf.concat([{0}[n // 2:], {a}[:n // 2]], 0)",
    "tf.concat([{0}, {a}], 0)[n // 2 : n // 2 + n]",
    "tf.concat([{0}, {a}, {0}], 0)[n:2 * n]",
    "tf.tile({0}, {twice})[n - 1 : 2 * n - 1]",
    "tf.repeat({0}, 2, 0)[::2]",
    "tf.stack([{0}, {a}], 1)[:, 1]",
    "tf.stack([{0}, {a}])[0]",
    "tf.split(tf.concat([{0}, {a}], 0), 2, 0)[1]",
    "tf.gather({0}, tf.range(n)[::-1])",
    "tf.gather({0}, tf.minimum(tf.range(n) + 1, n - 1))",
    "tf.gather({0}, tf.argsort({key}))",
    "tf.sort({0}, 0)",
    "tf.sort({0}, 0, direction='DESCENDING')",
    "tf.pad({0}, {pads})[2 : 2 + n]",
    "tf.pad({0}[1:], {front})",
    "tf.tensor_scatter_nd_update({0}, [[0], [n - 1]], {a}[:2])",
    "tf.tensor_scatter_nd_add({0}, [[n // 2]], {a}[:1])",
    "tf.math.unsorted_segment_sum({0}, tf.range(n) // 2, n)",
    "tf.math.unsorted_segment_max({0}, tf.range(n) % 2, 2)[:1] + {0}",
    "{0} * tf.cast(tf.range(n) < n - 1, tf.float32){column}",
    "{0} * tf.sequence_mask(n - 1, n, tf.float32){column}",
    "{0} + tf.cast(tf.argmax({0}, 0), tf.float32)",
    "{0} * tf.cast(n, tf.float32) * 0.1",
    "tf.boolean_mask(tf.concat([{0}, {a}], 0), tf.range(2 * n) < n)",
    "tf.map_fn(lambda r: tf.sin(r) * 0.5, {0})",
    "tf.scan(lambda s, r: s * 0.5 + r, {0})",
    "{0} - tf.math.reduce_logsumexp({0}, 0)",
    "tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s * 0.9 + {a}[i]), [0, {0}])[1]",
    "tf.TensorArray(tf.float32, n).unstack({0}).stack()",
    "tf.reduce_prod(1.0 + 0.01 * {0}, 0) * {0}",
    "tf.math.l2_normalize({0}, 0)",
)
_VECTORS = (
    "tf.one_hot(tf.argmax({0}), n) + {0}",
    "tf.linalg.matvec(tf.einsum('i,j->ij', {0}, {a}), {0})",
    "tf.tensordot({0}, {a}, 1) * {0}",
    "tf.reduce_sum(tf.expand_dims({0}, 0) * tf.expand_dims({a}, 1), 0)",
    "tf.math.top_k({0}, 1).values + {0}",
    "tf.reshape(tf.stack([{0}, {a}], 1), [-1])[n:]",
    "tf.signal.frame(tf.pad({0}, [[0, 2]]), 3, 1)[:, 2]",
    "tf.nn.conv1d({0}[None, :, None], tf.ones([3, 1, 1]), 1, 'SAME')[0, :, 0]",
    "tf.nn.max_pool1d({0}[None, :, None], 2, 1, 'SAME')[0, :, 0]",
    "tf.nn.avg_pool1d({0}[None, :, None], 3, 1, 'SAME')[0, :, 0]",
)
_MATRICES = (
    "tf.matmul({0}, tf.matmul({0}, {a}, transpose_a=True)) * 0.1",
    "tf.matmul(tf.nn.softmax(tf.matmul({0}, {a}, transpose_b=True)), {a})",
    "tf.transpose(tf.transpose({0}))",
    "tf.reshape({0}, [-1])[: 3 * n // 3 * 3 : 3][:, None] + {a}",
    "tf.nn.softmax({0})",
    "tf.reshape(tf.reshape({0}, [3, -1]), [n, 3])",
    "tf.nn.moments({0}, [0])[1] + {0}",
    "tf.reverse({0}, [1])",
    "tf.nn.conv1d({0}[None], tf.ones([2, 3, 3]) * 0.2, 1, 'SAME')[0]",
    "tf.einsum('ni,nj->nij', {0}, {a})[:, 0]",
    "tf.reverse_sequence({0}, tf.range(n) % 4, 1, 0)",
    "tf.linalg.band_part({0}, -1, 0)",
    "tf.concat([{0}[:, 1:], {a}[:, :1]], 1)",
)
_TO_MATRIX = ("tf.stack([{0}, {0} * 2.0, tf.reverse({0}, [0])], 1)", "{0}[:, None] * tf.constant([1.0, -0.5, 0.2])")
_TO_VECTOR = (
    "{0}[:, 1]",
    "tf.reduce_sum({0}, 1)",
    "tf.reduce_max({0}, 1)",
    "tf.reshape({0}, [-1])[:n]",
    "tf.norm({0} + 3.0, axis=1)",
)


class Program(NamedTuple):
    """A program of any length: its seed and its source, a function of ``x`` [n] and ``m`` [n, 3]."""

    seed: int
    source: str


def program(seed: int) -> Program:
    """The program of a seed: three to six statements on a vector and a matrix."""
    rng = random.Random(seed)
    kinds = {"x": 1, "m": 2}
    lines = ["def program(x, m):", "    n = tf.shape(x)[0]"]
    for number in range(rng.randint(3, 6)):
        name = rng.choice(list(kinds)[-3:])
        rank = kinds[name]
        other = rng.choice([k for k, r in kinds.items() if r == rank])
        table, result = rng.choice(_tables(rank))
        column, key = ("[:, None]", f"{name}[:, 0]") if rank == 2 else ("", name)
        rest = "" if rank == 1 else ", [0, 0]"
        text = rng.choice(table).replace("{column}", column).replace("{key}", key).replace("{front}", f"[[1, 0]{rest}]")
        text = text.replace("{pads}", f"[[2, 3]{rest}]").replace("{twice}", "[2]" if rank == 1 else "[2, 1]")
        lines.append(f"    t{number} = {text.replace('{0}', name).replace('{a}', other)}")
        kinds[f"t{number}"] = result
    return Program(seed, "\n".join([*lines, f"    return {list(kinds)[-1]}", ""]))


def _tables(rank: int) -> list[tuple[tuple[str, ...], int]]:
    if rank == 1:
        return [(_ROWS, 1), (_ROWS, 1), (_VECTORS, 1), (_TO_MATRIX, 2)]
    return [(_ROWS, 2), (_ROWS, 2), (_MATRICES, 2), (_TO_VECTOR, 1)]


def disagreement(tf: Any, one: Program) -> str:
    """Where the program's values or gradients depend on how it is run; an empty string if nowhere."""
    names: dict[str, Any] = {"tf": tf}
    exec(code(one.source), names)
    body = names["program"]

    def both(x: Any, m: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, m])
            y = body(x, m)
        return [y, *tape.gradient(y, [x, m], unconnected_gradients="zero")]

    specs = [tf.TensorSpec([None]), tf.TensorSpec([None, 3])]
    traced: Callable[..., Any] = tf.function(both, input_signature=specs)
    values = np.random.RandomState(one.seed)
    for n in LENGTHS:
        inputs = [tf.constant(values.uniform(-2, 2, shape).astype(np.float32)) for shape in ([n], [n, 3])]
        with uncompiled():
            wanted = [np.asarray(tf.convert_to_tensor(v)) for v in both(*inputs)]
        got = [np.asarray(tf.convert_to_tensor(v)) for v in traced(*inputs)]
        for what, a, b in zip(("value", "gradient of x", "gradient of m"), wanted, got, strict=True):
            scale = max(1.0, np.abs(a[np.isfinite(a)]).max(initial=0.0))
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-4 * scale, equal_nan=True):
                return f"{what} at length {n}: {a.ravel()[:9]} | {b.ravel()[:9]}"
    return ""


def main() -> int:
    """Runs the command; returns how many programs were wrong."""
    import headwater  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.lengths", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=100, help="how many programs")
    options = parser.parse_args()
    wrong = 0
    for seed in range(options.seed, options.seed + options.count):
        one = program(seed)
        try:
            found = disagreement(headwater, one)
        except Exception as error:
            found = f"{type(error).__name__}: {error}"[:500]
        if found:
            wrong += 1
            print(f"# seed {seed}: {found}\n{one.source}", flush=True)
    print(f"# {options.count} programs, {wrong} wrong", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
