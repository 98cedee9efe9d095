"""The vocabulary of random programs: each entry gives the text of one expression, and its dtype and shape.

An entry is a function of the pool of values at hand; it returns None where no value fits. Texts are defined everywhere
(`log1p(abs(x))`, not `log(x)`), so that differences are faults and not rounding at a pole.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

FLOAT = "F"  # the program's floating dtype
Shape = tuple[int, ...]


class Value(NamedTuple):
    """A name in the program."""

    name: str
    dtype: str
    shape: Shape


class Expression(NamedTuple):
    """Text that computes a tensor."""

    text: str
    dtype: str
    shape: Shape


class Pool:
    """The values that an expression may use, and the random choices it makes."""

    def __init__(self, rng: random.Random, values: Sequence[Value]) -> None:
        self.rng = rng
        self.values = list(values)

    def pick(self, dtype: str = FLOAT, test: Callable[[Value], bool] | None = None) -> Value | None:
        """Some value of that dtype, more often a recent one."""
        fitting = [v for v in self.values if v.dtype == dtype and (test is None or test(v))]
        if not fitting:
            return None
        return self.rng.choice(fitting[-6:] if self.rng.random() < 0.7 else fitting)

    def ranked(self, low: int, high: int = 4, dtype: str = FLOAT, empty: bool = True) -> Value | None:
        """Some value of `low` to `high` dimensions."""
        return self.pick(dtype, lambda v: low <= len(v.shape) <= high and (empty or 0 not in v.shape))


_Entry = Callable[[Pool], Expression | None]
ENTRIES: list[tuple[float, _Entry]] = []


def entry(weight: float = 1.0) -> Callable[[_Entry], _Entry]:
    def add(function: _Entry) -> _Entry:
        ENTRIES.append((weight, function))
        return function

    return add


def draw(pool: Pool) -> Expression:
    """A random expression over the pool."""
    weights = [w for w, _ in ENTRIES]
    while True:
        found = pool.rng.choices(ENTRIES, weights)[0][1](pool)
        if found is not None and math.prod(found.shape) <= 400 and len(found.shape) <= 4:
            return found


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The shape of an elementwise result, or None where the shapes do not fit."""
    rank = max(len(a), len(b))
    pairs = list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        return None
    return tuple([n if m == 1 else m for m, n in pairs])


# Elementwise -----------------------------------------------------------------------------------------------------

_UNARY = """-{0}|abs({0})|tf.sin({0})|tf.cos({0})|tf.tanh({0})|tf.sigmoid({0})|tf.square({0})|tf.math.erf({0})
tf.exp(-tf.abs({0}))|tf.math.log1p(tf.abs({0}))|tf.sqrt(tf.abs({0}) + 0.5)|tf.math.rsqrt(tf.abs({0}) + 0.5)
tf.nn.relu({0})|tf.nn.elu({0})|tf.nn.selu({0})|tf.nn.softplus({0})|tf.nn.softsign({0})|tf.nn.gelu({0})
tf.nn.leaky_relu({0})
tf.math.atan({0})|tf.math.sinh(tf.tanh({0}))|tf.math.asinh({0})|tf.math.reciprocal(tf.abs({0}) + 1.0)|tf.nn.swish({0})
tf.sqrt(tf.abs({0}))|tf.math.reciprocal_no_nan({0})|tf.math.log_sigmoid({0})|tf.math.expm1(-tf.abs({0}))
tf.clip_by_value({0}, -1.0, 1.0)|{0} * 0.5|1.5 - {0}|{0} + 1|tf.identity({0})|tf.stop_gradient({0})|{0} / 2|{0} ** 2
tf.zeros_like({0})|tf.ones_like({0})|tf.math.lgamma(tf.abs({0}) + 1.0)|tf.math.digamma(tf.abs({0}) + 1.0)|tf.round({0})
tf.where({0} > 0, {0}, tf.zeros_like({0}))|tf.where({0} > 0, tf.sqrt({0}), tf.zeros_like({0}))
tf.math.sign({0})|tf.floor({0})
tf.math.xlogy({0}, tf.abs({0}) + 1.0)|tf.math.cumsum({0}, axis=-1) if {0}.shape.rank else {0}""".replace(
    "\n", "|"
).split("|")

_UNARY_INT = [
    "-{0}",
    "tf.abs({0})",
    "{0} * {0}",
    "{0} // 3",
    "{0} % 3",
    "tf.math.sign({0})",
    "{0} + 1",
    "{0} * 2",
    "tf.bitwise.bitwise_xor({0}, 5)",
    "tf.clip_by_value({0}, -3, 3)",
    "tf.square({0})",
    "tf.maximum({0}, 0)",
    "tf.bitwise.invert({0})",
    "tf.math.floormod({0}, -4)",
    "tf.truncatediv({0}, 3)",
    "tf.zeros_like({0})",
]

_BINARY = [
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} / (tf.abs({1}) + 1.0)",
    "tf.maximum({0}, {1})",
    "tf.minimum({0}, {1})",
    "tf.math.squared_difference({0}, {1})",
    "tf.math.atan2({0}, tf.abs({1}) + 0.5)",
    "tf.math.divide_no_nan({0}, {1})",
    "tf.pow(tf.abs({0}) + 0.5, tf.tanh({1}))",
    "tf.math.multiply_no_nan({0}, {1})",
    "{0} * tf.cast({1} > 0, F)",
    "tf.where({0} > {1}, {0}, {1})",
    "tf.where(tf.abs({0}) < tf.abs({1}), {0} * {1}, {1})",
]

_BINARY_INT = [
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "tf.maximum({0}, {1})",
    "{0} // (tf.abs({1}) % 5 + 1)",
    "{0} % (tf.abs({1}) % 5 + 2)",
    "tf.bitwise.bitwise_and({0}, {1})",
    "tf.where({0} > {1}, {0}, {1})",
    "tf.minimum({0}, {1})",
]


@entry(10)
def _unary(pool: Pool) -> Expression | None:
    x = pool.pick()
    return x and Expression(pool.rng.choice(_UNARY).format(x.name), FLOAT, x.shape)


@entry(3)
def _unary_int(pool: Pool) -> Expression | None:
    x = pool.pick("int32")
    return x and Expression(pool.rng.choice(_UNARY_INT).format(x.name), "int32", x.shape)


def _pair(pool: Pool, dtype: str, texts: Sequence[str]) -> Expression | None:
    x = pool.pick(dtype)
    y = x and pool.pick(dtype, lambda v: broadcast(x.shape, v.shape) is not None)
    if x is None or y is None:
        return None
    return Expression(pool.rng.choice(texts).format(x.name, y.name), dtype, broadcast(x.shape, y.shape) or ())


@entry(10)
def _binary(pool: Pool) -> Expression | None:
    return _pair(pool, FLOAT, _BINARY)


@entry(3)
def _binary_int(pool: Pool) -> Expression | None:
    return _pair(pool, "int32", _BINARY_INT)


@entry(1.5)
def _comparison(pool: Pool) -> Expression | None:
    found = _pair(
        pool, pool.rng.choice([FLOAT, "int32"]), ["{0} < {1}", "{0} >= {1}", "tf.equal({0}, {1})", "{0} != {1}"]
    )
    return found and found._replace(dtype="bool")


@entry(1)
def _logic(pool: Pool) -> Expression | None:
    texts = ["tf.logical_and({0}, {1})", "{0} | {1}", "tf.math.logical_xor({0}, {1})", "~{0} & {1}"]
    return _pair(pool, "bool", texts)


@entry(2)
def _where(pool: Pool) -> Expression | None:
    condition = pool.pick("bool")
    found = condition and _pair(pool, pool.rng.choice([FLOAT, "int32"]), ["{0}\n{1}"])
    shape = found and condition and broadcast(condition.shape, found.shape)
    if not found or not condition or shape is None:
        return None
    x, y = found.text.split("\n")
    return Expression(f"tf.where({condition.name}, {x}, {y})", found.dtype, shape)


@entry(2)
def _cast(pool: Pool) -> Expression | None:
    source, target = pool.rng.choice([(FLOAT, "int32"), ("int32", FLOAT), ("bool", FLOAT), ("bool", "int32")])
    x = pool.pick(source)
    inner = f"tf.clip_by_value({x.name}, -50.0, 50.0)" if x and source == FLOAT else x and x.name
    return x and Expression(f"tf.cast({inner}, {'F' if target == FLOAT else 'tf.int32'})", target, x.shape)


@entry(1.5)
def _constant(pool: Pool) -> Expression:
    number = pool.rng.choice(["0.0", "1.0", "0.5", "-2.0", "3.0"])
    shape = pool.rng.choice([(), (3,), (2, 3)])
    text = f"tf.constant({number}, F)" if not shape else f"tf.fill({list(shape)}, tf.constant({number}, F))"
    return Expression(text, FLOAT, shape)


# Reductions ------------------------------------------------------------------------------------------------------

_REDUCTIONS = ["sum", "mean", "max", "min", "prod", "logsumexp", "std", "variance"]


def _reduced(pool: Pool, x: Value, keep: bool) -> tuple[str, Shape]:
    count = pool.rng.randint(1, len(x.shape))
    axes = sorted(pool.rng.sample(range(len(x.shape)), count))
    written = [a if pool.rng.random() < 0.6 else a - len(x.shape) for a in axes]
    if keep:
        shape = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    else:
        shape = tuple([n for i, n in enumerate(x.shape) if i not in axes])
    return str(written[0] if count == 1 else written), shape


@entry(6)
def _reduce(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    if x is None:
        return None
    keep = pool.rng.random() < 0.3
    axes, shape = _reduced(pool, x, keep)
    name, inner = pool.rng.choice(_REDUCTIONS), x.name
    if name == "prod":
        inner = f"tf.tanh({x.name})"
    if name == "std":
        inner = f"{x.name} + tf.range({x.shape[-1]}, dtype=F)"
    return Expression(f"tf.math.reduce_{name}({inner}, axis={axes}, keepdims={keep})", FLOAT, shape)


@entry(1.5)
def _reduce_all(pool: Pool) -> Expression | None:
    choices = [(FLOAT, "sum"), (FLOAT, "mean"), ("int32", "sum"), ("int32", "mean"), ("bool", "any"), ("bool", "all")]
    dtype, name = pool.rng.choice(choices)
    x = pool.pick(dtype, lambda v: 0 not in v.shape)
    return x and Expression(f"tf.reduce_{name}({x.name})", dtype, ())


@entry(1)
def _softmax(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    name = pool.rng.choice(["tf.nn.softmax", "tf.nn.log_softmax", "tf.math.l2_normalize"])
    return x and Expression(f"{name}({x.name}, axis={pool.rng.randrange(len(x.shape))})", FLOAT, x.shape)


@entry(0.8)
def _moments(pool: Pool) -> Expression | None:
    x = pool.ranked(2, empty=False)
    which = pool.rng.randrange(2)
    return x and Expression(f"tf.nn.moments({x.name}, axes=[-1])[{which}]", FLOAT, x.shape[:-1])


@entry(1)
def _arg(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    name = pool.rng.choice(["argmax", "argmin"])
    return x and Expression(f"tf.{name}({x.name}, axis=-1, output_type=tf.int32)", "int32", x.shape[:-1])


# Moving data -----------------------------------------------------------------------------------------------------


def _some(pool: Pool, low: int, high: int = 4, empty: bool = True) -> Value | None:
    return pool.ranked(low, high, pool.rng.choice([FLOAT, FLOAT, FLOAT, "int32"]), empty)


@entry(2)
def _reshape(pool: Pool) -> Expression | None:
    x = _some(pool, 0, empty=False)
    if x is None:
        return None
    size = math.prod(x.shape)
    wanted = [(size,), (1, size), (size, 1)] + [(n, size // n) for n in (2, 3) if size % n == 0]
    shape = pool.rng.choice(wanted)
    written = list(shape)
    if pool.rng.random() < 0.5:
        written[pool.rng.randrange(len(written))] = -1
    texts = [f"{written}", f"tf.constant({list(shape)})"]
    if len(x.shape) == len(shape) and x.shape == shape:
        texts.append(f"tf.shape({x.name})")
    return Expression(f"tf.reshape({x.name}, {pool.rng.choice(texts)})", x.dtype, shape)


@entry(1.5)
def _transpose(pool: Pool) -> Expression | None:
    x = _some(pool, 2)
    if x is None:
        return None
    order = pool.rng.sample(range(len(x.shape)), len(x.shape))
    return Expression(f"tf.transpose({x.name}, {order})", x.dtype, tuple([x.shape[i] for i in order]))


@entry(1.5)
def _expand(pool: Pool) -> Expression | None:
    x = _some(pool, 0, 3)
    if x is None:
        return None
    at = pool.rng.randint(0, len(x.shape))
    return Expression(f"tf.expand_dims({x.name}, {at})", x.dtype, (*x.shape[:at], 1, *x.shape[at:]))


@entry(1)
def _squeeze(pool: Pool) -> Expression | None:
    x = pool.pick(FLOAT, lambda v: 1 in v.shape)
    return x and Expression(f"tf.squeeze({x.name})", FLOAT, tuple([n for n in x.shape if n != 1]))


@entry(1.5)
def _concat(pool: Pool) -> Expression | None:
    x = _some(pool, 1)
    if x is None:
        return None
    axis = pool.rng.randrange(len(x.shape))
    rest = lambda s: (*s[:axis], *s[axis + 1 :])  # noqa: E731
    y = pool.pick(x.dtype, lambda v: len(v.shape) == len(x.shape) and rest(v.shape) == rest(x.shape))
    if y is None:
        return None
    shape = (*x.shape[:axis], x.shape[axis] + y.shape[axis], *x.shape[axis + 1 :])
    return Expression(f"tf.concat([{x.name}, {y.name}], {axis})", x.dtype, shape)


@entry(1.5)
def _stack(pool: Pool) -> Expression | None:
    x = _some(pool, 0, 3)
    y = x and pool.pick(x.dtype, lambda v: v.shape == x.shape)
    if x is None or y is None:
        return None
    axis = pool.rng.randint(0, len(x.shape))
    return Expression(f"tf.stack([{x.name}, {y.name}], axis={axis})", x.dtype, (*x.shape[:axis], 2, *x.shape[axis:]))


@entry(1)
def _unstack(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    if x is None:
        return None
    axis = pool.rng.randrange(len(x.shape))
    which = pool.rng.randrange(x.shape[axis])
    return Expression(
        f"tf.unstack({x.name}, {x.shape[axis]}, axis={axis})[{which}]", FLOAT, (*x.shape[:axis], *x.shape[axis + 1 :])
    )


@entry(1)
def _split(pool: Pool) -> Expression | None:
    x = pool.pick(FLOAT, lambda v: len(v.shape) > 0 and v.shape[-1] in (2, 4, 6))
    return x and Expression(f"tf.split({x.name}, 2, axis=-1)[1]", FLOAT, (*x.shape[:-1], x.shape[-1] // 2))


@entry(3)
def _slice(pool: Pool) -> Expression | None:
    x = _some(pool, 1, empty=False)
    if x is None:
        return None
    n, rest = x.shape[0], x.shape[1:]
    step = len(range(0, n, 2))
    forms = [(f"{x.name}[{pool.rng.randrange(n)}]", rest), (f"{x.name}[-1]", rest), (f"{x.name}[::-1]", x.shape),
             (f"{x.name}[1:]", (n - 1, *rest)), (f"{x.name}[::2]", (step, *rest)),
             (f"{x.name}[tf.newaxis]", (1, *x.shape)), (f"{x.name}[..., 0]", x.shape[:-1]),
             (f"{x.name}[:-1]", (n - 1, *rest)),
             (f"{x.name}[..., tf.newaxis, :]", (*x.shape[:-1], 1, x.shape[-1]))]  # fmt: skip
    index = pool.pick("int32", lambda v: v.shape == ())
    if index is not None:
        forms += [(f"{x.name}[tf.abs({index.name} % {n})]", rest)] * 3
    text, shape = pool.rng.choice(forms)
    return Expression(text, x.dtype, shape)


@entry(2)
def _gather(pool: Pool) -> Expression | None:
    x = _some(pool, 1, 3, empty=False)
    index = pool.pick("int32", lambda v: len(v.shape) < 3)
    if x is None or index is None:
        return None
    axis = pool.rng.randrange(len(x.shape))
    text = f"tf.gather({x.name}, {index.name} % {x.shape[axis]}, axis={axis})"
    return Expression(text, x.dtype, (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))


@entry(1)
def _scatter(pool: Pool) -> Expression | None:
    x = pool.ranked(1, 3, empty=False)
    index = x and pool.pick("int32", lambda v: v.shape == x.shape[:1])
    if x is None or index is None:
        return None
    rows = f"({index.name} % {x.shape[0]})"
    forms = [f"tf.scatter_nd({rows}[:, tf.newaxis], {x.name}, {list(x.shape)})",
             f"tf.tensor_scatter_nd_add({x.name}, {rows}[:, tf.newaxis], {x.name})",
             f"tf.math.unsorted_segment_sum({x.name}, {rows}, {x.shape[0]})",
             f"tf.math.unsorted_segment_mean({x.name}, {rows}, {x.shape[0]})",
             f"tf.math.unsorted_segment_sum({x.name}, {rows}, {x.shape[0]}) / 2"]  # fmt: skip
    return Expression(pool.rng.choice(forms), FLOAT, x.shape)


@entry(1)
def _pad(pool: Pool) -> Expression | None:
    x = _some(pool, 1, 3, empty=False)
    if x is None:
        return None
    pads = [[pool.rng.randint(0, 1), pool.rng.randint(0, 1)] for _ in x.shape]
    mode = pool.rng.choice(["", "", ', "SYMMETRIC"'])
    shape = tuple([n + sum(p) for n, p in zip(x.shape, pads, strict=True)])
    return Expression(f"tf.pad({x.name}, {pads}{mode})", x.dtype, shape)


@entry(1)
def _tile(pool: Pool) -> Expression | None:
    x = _some(pool, 1, 2)
    if x is None:
        return None
    times = [pool.rng.randint(1, 2) for _ in x.shape]
    forms = [(f"tf.tile({x.name}, {times})", tuple([n * t for n, t in zip(x.shape, times, strict=True)])),
             (f"tf.broadcast_to({x.name}, {[2, *x.shape]})", (2, *x.shape)),
             (f"tf.repeat({x.name}, 2, axis=0)", (x.shape[0] * 2, *x.shape[1:]))]  # fmt: skip
    text, shape = pool.rng.choice(forms)
    return Expression(text, x.dtype, shape)


@entry(1.5)
def _rearranged(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    forms = ["tf.reverse({0}, [0])", "tf.roll({0}, 1, axis=0)", "tf.sort({0}, axis=-1)", "tf.cumsum({0}, axis=0)",
             "tf.math.top_k({0}, {1}).values", "tf.cumsum({0}, axis=0, exclusive=True, reverse=True)",
             "tf.math.cumprod(2 + tf.tanh({0}), axis=-1)", "tf.sort({0}, axis=-1, direction='DESCENDING')",
             "tf.gather({0}, tf.argsort(tf.reduce_sum(tf.reshape({0}, [{2}, -1]), axis=1)))"]  # fmt: skip
    return x and Expression(pool.rng.choice(forms).format(x.name, x.shape[-1], x.shape[0]), FLOAT, x.shape)


@entry(0.8)
def _one_hot(pool: Pool) -> Expression | None:
    x = pool.ranked(0, 2, "int32")
    return x and Expression(f"tf.one_hot({x.name}, 3, dtype=F)", FLOAT, (*x.shape, 3))


@entry(0.6)
def _selected(pool: Pool) -> Expression | None:
    """A result whose length depends on values, summed up."""
    x = pool.ranked(1, empty=False)
    if x is None:
        return None
    forms = [f"tf.reduce_sum(tf.boolean_mask({x.name}, {x.name} > 0))",
             f"tf.reduce_sum(tf.gather_nd({x.name}, tf.where({x.name} > 0)))",
             f"tf.reduce_sum(tf.unique(tf.stop_gradient(tf.reshape({x.name}, [-1]))).y)",
             f"tf.cast(tf.size(tf.where({x.name} > 0)), F)"]  # fmt: skip
    return Expression(pool.rng.choice(forms), FLOAT, ())


@entry(1)
def _shape_values(pool: Pool) -> Expression | None:
    x = pool.ranked(1, empty=False)
    if x is None:
        return None
    forms = [(f"tf.shape({x.name})", (len(x.shape),)), (f"tf.shape({x.name})[0]", ()), (f"tf.size({x.name})", ()),
             (f"tf.range({x.shape[0]})", (x.shape[0],)), (f"tf.range(tf.shape({x.name})[-1])", (x.shape[-1],)),
             (f"tf.rank({x.name})", ())]  # fmt: skip
    text, shape = pool.rng.choice(forms)
    return Expression(text, "int32", shape)


# Products --------------------------------------------------------------------------------------------------------


@entry(3)
def _matmul(pool: Pool) -> Expression | None:
    x, y = pool.ranked(2, 3, empty=False), pool.ranked(2, 2, empty=False)
    if x is None or y is None:
        return None
    if x.shape[-1] == y.shape[0]:
        return Expression(f"tf.matmul({x.name}, {y.name})", FLOAT, (*x.shape[:-1], y.shape[1]))
    if x.shape[-1] == y.shape[1]:
        return Expression(f"tf.matmul({x.name}, {y.name}, transpose_b=True)", FLOAT, (*x.shape[:-1], y.shape[0]))
    return None


@entry(1)
def _tensordot(pool: Pool) -> Expression | None:
    x = pool.ranked(1, 2, empty=False)
    y = x and pool.pick(FLOAT, lambda v: len(v.shape) in (1, 2) and v.shape[0] == x.shape[-1])
    if x is None or y is None:
        return None
    return Expression(f"tf.tensordot({x.name}, {y.name}, 1)", FLOAT, (*x.shape[:-1], *y.shape[1:]))


@entry(0.8)
def _einsum(pool: Pool) -> Expression | None:
    x = pool.ranked(2, 2, empty=False)
    if x is None:
        return None
    m, n = x.shape
    forms = [
        ("ij,ij->i", (m,)),
        ("ij,kj->ik", (m, m)),
        ("ij,ik->jk", (n, n)),
        ("ij,ij->", ()),
        ("ij,il->ijl", (m, n, n)),
    ]
    equation, shape = pool.rng.choice(forms)
    return Expression(f'tf.einsum("{equation}", {x.name}, tf.tanh({x.name}))', FLOAT, shape)


@entry(0.7)
def _linear_algebra(pool: Pool) -> Expression | None:
    x = pool.pick(FLOAT, lambda v: len(v.shape) == 2 and v.shape[0] == v.shape[1] and v.shape[0] > 1)
    if x is None:
        return None
    n = x.shape[0]
    well = f"(tf.tanh({x.name}) + {n + 2} * tf.eye({n}, dtype=F))"
    forms = [(f"tf.linalg.inv({well})", x.shape), (f"tf.linalg.diag_part({x.name})", (n,)),
             (f"tf.linalg.trace({x.name})", ()), (f"tf.linalg.det({well})", ()),
             (f"tf.linalg.solve({well}, {x.name})", x.shape),
             (f"tf.linalg.band_part({x.name}, -1, 0)", x.shape),
             (f"tf.linalg.cholesky(tf.matmul({well}, {well}, transpose_b=True))", x.shape)]  # fmt: skip
    text, shape = pool.rng.choice(forms)
    return Expression(text, FLOAT, shape)


@entry(0.7)
def _convolution(pool: Pool) -> Expression | None:
    x = pool.pick(FLOAT, lambda v: len(v.shape) == 2 and min(v.shape) > 1)
    if x is None:
        return None
    m, n = x.shape
    picture = f"{x.name}[tf.newaxis, :, :, tf.newaxis]"
    filters = "tf.reshape(tf.linspace(tf.constant(-1.0, F), 1.0, 4), [2, 2, 1, 1])"
    forms = [(f'tf.nn.conv2d({picture}, {filters}, 1, "SAME")', (1, m, n, 1)),
             (f'tf.nn.max_pool2d({picture}, 2, 1, "SAME")', (1, m, n, 1)),
             (f'tf.nn.avg_pool2d({picture}, 2, 1, "VALID")', (1, m - 1, n - 1, 1))]  # fmt: skip
    text, shape = pool.rng.choice(forms)
    return Expression(text, FLOAT, shape)
