"""Writes random programs: source of a function of tensors and variables, with branches, loops, functions and tapes."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import numpy as np

from tests.fuzz.expressions import FLOAT, Expression, Pool, Shape, Value, broadcast, draw

_SHAPES: list[Shape] = [(), (3,), (3, 3), (1, 3), (2, 2), (2, 3, 2), (3, 1), (4,), (2, 3)]
_VARIABLES: dict[str, Shape] = {"v0": (3,), "v1": ()}
_DEEPEST = 2


@dataclasses.dataclass(frozen=True)
class Program:
    """A random program.

    Attributes:
        seed: What it was made of; the same seed gives the same program.
        source: Python that defines ``program(x0, x1, x2, n0, n1, v0, v1)``; it uses the names ``tf`` and ``F``.
        dtype: The NumPy name of ``F``.
        inputs: The arrays for its parameters that are tensors, by name.
        variables: The initial values of its parameters that are variables, by name.
    """

    seed: int
    source: str
    dtype: str
    inputs: dict[str, np.ndarray]
    variables: dict[str, np.ndarray]


def program(seed: int) -> Program:
    """The program of that seed."""
    rng = random.Random(seed)
    dtype = "float32" if rng.random() < 0.2 else "float64"
    shapes = {"x0": (3,), "x1": (2, 3), "x2": rng.choice(_SHAPES)}
    values = np.random.RandomState(seed)
    inputs = {name: _numbers(values, shape, dtype) for name, shape in shapes.items()}
    inputs |= {"n0": values.randint(-5, 6, 3).astype(np.int32), "n1": values.randint(-5, 6, ()).astype(np.int32)}
    variables = {name: _numbers(values, shape, dtype) for name, shape in _VARIABLES.items()}
    return Program(seed, _Writer(rng, shapes).program(), dtype, inputs, variables)


def _numbers(values: np.random.RandomState, shape: Shape, dtype: str) -> np.ndarray:
    """Uniform numbers, some of them whole: 0 and 1 are where gradients go wrong."""
    found = values.uniform(-2, 2, shape)
    return np.where(values.uniform(size=shape) < 0.1, np.round(found), found).astype(dtype)


class _Writer:
    """Writes the statements of one program; a block has a pool of values of its own, the enclosing ones included."""

    def __init__(self, rng: random.Random, shapes: dict[str, Shape]) -> None:
        self._rng = rng
        self._lines: list[str] = []
        self._indent = 1
        self._depth = 0
        self._count = 0
        self._budget = 5 + int(26 * rng.random() ** 3)  # 5 to 30, most of them small
        self._foreign: set[str] = set()  # what the function being written cannot assign: names of the enclosing one
        values = [Value(name, FLOAT, shape) for name, shape in (shapes | _VARIABLES).items()]
        self._pool = Pool(rng, [*values, Value("n0", "int32", (3,)), Value("n1", "int32", ())])

    def program(self) -> str:
        """The whole source."""
        self._lines = ["def program(x0, x1, x2, n0, n1, v0, v1):"]
        while self._budget > 0:
            self._statement()
        results = self._pool.values[-4:]
        self._line(f"return [{', '.join([f'{v.name} + 0' if v.name in _VARIABLES else v.name for v in results])}]")
        return "\n".join(self._lines) + "\n"

    # Parts ------------------------------------------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._indent + text)

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _bind(self, expression: Expression) -> Value:
        name = self._name("t")
        self._line(f"{name} = {expression.text}")
        self._pool.values.append(Value(name, expression.dtype, expression.shape))
        self._budget -= 1
        return self._pool.values[-1]

    def _block(self, header: str, write: Callable[[], None], *values: Value) -> None:
        """A nested block: what it defines is not seen after it."""
        self._line(header)
        outer = self._pool
        self._pool = Pool(self._rng, [*outer.values, *values])
        self._indent, self._depth = self._indent + 1, self._depth + 1
        write()
        self._indent, self._depth = self._indent - 1, self._depth - 1
        self._pool = outer

    def _statements(self, most: int) -> None:
        for _ in range(self._rng.randint(0, most)):
            self._statement()

    def _statement(self) -> None:
        compound = self._depth < _DEEPEST and self._rng.random() < 0.35
        if compound:
            self._rng.choice(_COMPOUND)(self)
        else:
            self._bind(draw(self._pool))

    def _target(self) -> Value:
        """A floating value to compute anew; never a parameter that the gradient is asked of."""
        own = [v for v in self._pool.values if v.dtype == FLOAT and v.name[0] == "t" and v.name not in self._foreign]
        return self._rng.choice(own) if own else self._bind(Expression("x0 * 0.5", FLOAT, (3,)))

    def _like(self, name: str, shape: Shape, bounded: bool = True) -> str:
        """An expression of a floating value `name` and others, of the same shape."""
        other = self._pool.pick() or Value("x0", FLOAT, (3,))
        forms = [f"tf.tanh({name} + tf.reduce_sum({other.name}))", f"tf.sin({name}) * 0.5", f"{name} * 0.5"]
        if broadcast(shape, other.shape) == shape:
            forms += [f"tf.tanh({name} * {other.name})", f"tf.tanh({name}) + {other.name}"] * 2
            forms += [] if bounded else [f"{name} * {other.name}", f"{name} + {other.name}"]
        return self._rng.choice(forms)

    def _update(self, target: Value) -> None:
        self._line(f"{target.name} = {self._like(target.name, target.shape)}")
        self._budget -= 1

    def _condition(self) -> str:
        flag = self._pool.pick("bool")
        if flag is not None and self._rng.random() < 0.5:
            return f"tf.reduce_any({flag.name})"
        number = self._pool.pick() or Value("x0", FLOAT, (3,))
        return f"tf.reduce_sum({number.name}) > {self._rng.choice(['0.1', '-1.3', '2.7'])}"

    # Conditionals -----------------------------------------------------------------------------------------------

    def _if(self) -> None:
        target = self._target()

        def branch() -> None:
            self._statements(2)
            self._update(target)
            if self._rng.random() < 0.2:
                self._assign()

        self._block(f"if {self._condition()}:", branch)
        if self._rng.random() < 0.7:
            self._block("else:", branch)

    def _cond(self) -> None:
        target = self._target()
        one, other = (self._like(target.name, target.shape, bounded=False) for _ in range(2))
        self._bind(Expression(f"tf.cond({self._condition()}, lambda: {one}, lambda: {other})", FLOAT, target.shape))

    def _switch(self) -> None:
        target, index = self._target(), self._pool.pick("int32", lambda v: v.shape == ())
        branches = ", ".join([f"lambda: {self._like(target.name, target.shape, False)}" for _ in range(3)])
        text = f"tf.switch_case({index.name if index else 'n1'} % 3, [{branches}])"
        self._bind(Expression(text, FLOAT, target.shape))

    # Loops ------------------------------------------------------------------------------------------------------

    def _for(self) -> None:
        target, i = self._target(), self._name("i")
        limit = self._rng.choice(["3", "tf.shape(x1)[0]", "tf.abs(n1)"])

        def body() -> None:
            self._statements(2)
            self._update(target)
            if self._rng.random() < 0.3:
                self._line(f"if tf.reduce_sum({target.name}) > 0.7:")
                self._line(f"    {self._rng.choice(['break', 'continue'])}")
                self._update(target)

        self._block(f"for {i} in tf.range({limit}):", body, Value(i, "int32", ()))

    def _for_rows(self) -> None:
        rows = self._pool.ranked(1, 3)
        if rows is None:
            return
        target, row = self._target(), self._name("r")
        self._block(f"for {row} in {rows.name} + 0:", lambda: self._update(target), Value(row, FLOAT, rows.shape[1:]))

    def _while(self) -> None:
        target, count = self._target(), self._name("k")
        self._line(f"{count} = tf.constant(0)")
        more = f" and tf.reduce_sum(tf.abs({target.name})) > 0.3" if self._rng.random() < 0.5 else ""

        def body() -> None:
            self._statements(1)
            self._update(target)
            self._line(f"{count} += 1")

        self._block(f"while {count} < 3{more}:", body)

    def _while_loop(self) -> None:
        target = self._target()
        a = self._name("a")
        body = self._like(a, target.shape)
        text = (
            f"tf.while_loop(lambda i, {a}: i < 3, lambda i, {a}: (i + 1, {body}), (tf.constant(0), {target.name}))[1]"
        )
        self._bind(Expression(text, FLOAT, target.shape))

    def _map(self) -> None:
        rows = self._pool.ranked(1, 3, empty=False)
        if rows is None:
            return
        r, a = self._name("r"), self._name("a")
        body = self._like(r, rows.shape[1:])
        fold = f"lambda {a}, {r}: tf.tanh({a}) * 0.5 + {body}"
        text, shape = self._rng.choice([
            (f"tf.map_fn(lambda {r}: {body}, {rows.name})", rows.shape),
            (f"tf.vectorized_map(lambda {r}: {body}, {rows.name})", rows.shape),
            (f"tf.scan({fold}, {rows.name})", rows.shape),
            (f"tf.foldl({fold}, {rows.name})", rows.shape[1:]),
            (f"tf.foldr({fold}, {rows.name})", rows.shape[1:]),
        ])  # fmt: skip
        self._bind(Expression(text, FLOAT, shape))

    def _array(self) -> None:
        target, name, i = self._target(), self._name("a"), self._name("i")
        self._line(f"{name} = tf.TensorArray(F, size=3)")
        body = self._like(target.name, target.shape)
        self._line(f"for {i} in tf.range(3):")
        self._line(f"    {name} = {name}.write({i}, {body} * tf.cast({i}, F))")
        self._bind(Expression(f"{name}.stack()", FLOAT, (3, *target.shape)))

    # Functions, gradients, variables ----------------------------------------------------------------------------

    def _function(self) -> None:
        given, a, name = self._target(), self._name("a"), self._name("f")
        result: list[Value] = []

        def body() -> None:
            foreign, self._foreign = self._foreign, {v.name for v in self._pool.values}
            self._statements(3)
            result.append(self._bind(draw(self._pool)))
            self._line(f"return {result[0].name}")
            self._foreign = foreign

        if self._rng.random() < 0.7:
            self._line("@tf.function")
        self._block(f"def {name}({a}):", body, Value(a, FLOAT, given.shape))
        for argument in (given.name, f"{given.name} * 0.5")[: self._rng.randint(1, 2)]:
            self._bind(Expression(f"{name}({argument})", result[0].dtype, result[0].shape))

    def _custom_gradient(self) -> None:
        given, name = self._target(), self._name("g")
        self._line("@tf.custom_gradient")
        self._line(f"def {name}(a):")
        self._line(f"    return tf.sin(a) * 2.0, lambda dy: dy * {self._rng.choice(['3.0', 'a', 'tf.cos(a)'])}")
        self._bind(Expression(f"{name}({given.name})", FLOAT, given.shape))

    def _tape(self) -> None:
        source = self._pool.pick() or Value("x0", FLOAT, (3,))
        tape, before = self._name("p"), len(self._pool.values)

        def body() -> None:
            self._line(f"{tape}.watch({source.name})")
            inner = self._bind(Expression(self._like(source.name, source.shape), FLOAT, source.shape))
            self._pool.values.append(inner)
            self._statements(2)
            found = [v for v in self._pool.values[before:] if v.dtype == FLOAT]
            self._line(f"{tape}_y = {self._rng.choice(found).name}")

        self._block(f"with tf.GradientTape() as {tape}:", body)
        text = f'tf.convert_to_tensor({tape}.gradient({tape}_y, {source.name}, unconnected_gradients="zero"))'
        self._bind(Expression(text, FLOAT, source.shape))

    def _assign(self) -> None:
        name = self._rng.choice(sorted(_VARIABLES))
        method = self._rng.choice(["assign", "assign_add", "assign_sub"])
        self._line(f"{name}.{method}({self._like(name, _VARIABLES[name])})")
        self._budget -= 1


_COMPOUND = [
    _Writer._if, _Writer._if, _Writer._cond, _Writer._switch, _Writer._for, _Writer._for, _Writer._for_rows,
    _Writer._while, _Writer._while_loop, _Writer._map, _Writer._map, _Writer._array, _Writer._function,
    _Writer._function, _Writer._custom_gradient, _Writer._tape, _Writer._assign, _Writer._assign,
]  # fmt: skip
