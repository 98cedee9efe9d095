"""Writes random programs: source of a function of tensors and variables, with branches, loops, functions and tapes."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import numpy as np

import tests.fuzz.tables  # noqa: F401 - adds to the vocabulary
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
        before = len(self._lines)
        write()
        if len(self._lines) == before:
            self._line("pass")
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

    def _choice(self) -> None:
        """Python's conditional expression and operators on tensors."""
        target = self._target()
        one, other = (self._like(target.name, target.shape, bounded=False) for _ in range(2))
        condition = f"({self._condition()}) {self._rng.choice(['and', 'or', 'and not'])} ({self._condition()})"
        name = self._name("t")
        self._line(f"{name} = {one} if {condition} else {other}")
        self._pool.values.append(Value(name, FLOAT, target.shape))
        self._budget -= 1

    def _case(self) -> None:
        target = self._target()
        one, two, three = (self._like(target.name, target.shape, bounded=False) for _ in range(3))
        pairs = f"[({self._condition()}, lambda: {one}), ({self._condition()}, lambda: {two})]"
        self._bind(Expression(f"tf.case({pairs}, default=lambda: {three})", FLOAT, target.shape))

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
            if self._rng.random() < 0.2:
                self._assign()
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

    def _forever(self) -> None:
        """A loop that only `break` ends."""
        target, count = self._target(), self._name("k")
        self._line(f"{count} = tf.constant(0)")

        def body() -> None:
            self._line(f"{count} += 1")
            self._line(f"if {count} > 3 or {self._condition()}:")
            self._line("    break")
            self._statements(1)
            self._update(target)

        self._block(f"while {self._rng.choice(['True', 'tf.constant(True)', f'{count} < 9'])}:", body)

    def _python_loop(self) -> None:
        """A loop that tracing unrolls, with a list that grows."""
        target, j, found = self._target(), self._name("j"), self._name("l")
        body = self._like(target.name, target.shape)
        self._line(f"{found} = []")
        self._line(f"for {j} in range({self._rng.randint(1, 3)}):")
        self._line(f"    {found}.append({body} * ({j} + 1))")
        self._line(f"    {target.name} = {found}[-1]")
        self._bind(Expression(f"tf.add_n({found})", FLOAT, target.shape))

    def _two_loop_variables(self) -> None:
        target, a, b = self._target(), self._name("a"), self._name("b")
        bodies = f"i + 1, {self._like(a, target.shape)}, tf.tanh({a} * {b})"
        rest = self._rng.choice(
            ["", ", maximum_iterations=2", ", maximum_iterations=tf.abs(n1)", ", parallel_iterations=1"]
        )
        text = (
            f"tf.while_loop(lambda i, {a}, {b}: (i < 4) & (tf.reduce_sum({a}) < 3.0), "
            f"lambda i, {a}, {b}: ({bodies}), (tf.constant(0), {target.name}, {target.name} * 0.5){rest})"
            f"[{self._rng.choice([1, 2])}]"
        )
        self._bind(Expression(text, FLOAT, target.shape))

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
            (f"tf.scan({fold}, {rows.name}, reverse=True, initializer={rows.name}[0] * 0.5)", rows.shape),
            (f"tf.map_fn(lambda {a}: {a}[0] * tf.cast({a}[1], F), ({rows.name}, tf.range({rows.shape[0]})), "
             f"fn_output_signature=F)", rows.shape),
            (f"tf.map_fn(lambda {r}: ({body}, {r} * 2), {rows.name}, fn_output_signature=(F, F))[0]", rows.shape),
            (f"tf.scan(lambda {a}, {r}: ({a}[0] * 0.5 + {r}[0], {a}[1] + {r}[1]), ({rows.name},) * 2)[1]", rows.shape),
            (f"tf.stack([{body} for {r} in tf.unstack({rows.name}, {rows.shape[0]})])", rows.shape),
        ])  # fmt: skip
        self._bind(Expression(text, FLOAT, shape))

    def _array(self) -> None:
        target, name, i = self._target(), self._name("a"), self._name("i")
        self._line(f"{name} = tf.TensorArray(F, size=3)")
        body = self._like(target.name, target.shape)
        self._line(f"for {i} in tf.range(3):")
        self._line(f"    {name} = {name}.write({i}, {body} * tf.cast({i}, F))")
        self._bind(Expression(f"{name}.stack()", FLOAT, (3, *target.shape)))

    def _array_of_rows(self) -> None:
        rows = self._pool.ranked(1, 3, empty=False)
        if rows is None:
            return
        name = self._name("a")
        self._line(f"{name} = tf.TensorArray(F, size={rows.shape[0]}, clear_after_read=False).unstack({rows.name})")
        text, shape = self._rng.choice([
            (f"{name}.gather([0, {rows.shape[0] - 1}, 0])", (3, *rows.shape[1:])),
            (f"{name}.read(tf.abs(n1) % {rows.shape[0]}) * {name}.read(0)", rows.shape[1:]),
            (f"{name}.scatter([0], {rows.name}[-1:] * 2).stack()", rows.shape),
            (f"{name}.concat()", (rows.shape[0] * rows.shape[1], *rows.shape[2:])) if len(rows.shape) > 1 else
            (f"{name}.stack() + tf.cast({name}.size(), F)", rows.shape),
        ])  # fmt: skip
        self._bind(Expression(text, FLOAT, shape))

    # Functions, gradients, variables ----------------------------------------------------------------------------

    def _function(self) -> None:
        given, a, name = self._target(), self._name("a"), self._name("f")
        result: list[Value] = []

        def body() -> None:
            foreign, self._foreign = self._foreign, {v.name for v in self._pool.values}
            self._statements(3)
            result.append(self._bind(draw(self._pool)))
            if result[0].dtype == FLOAT and self._rng.random() < 0.3:
                self._line(f"if {self._condition()}:")
                self._line(f"    return {self._like(result[0].name, result[0].shape)}")
            self._line(f"return {result[0].name}")
            self._foreign = foreign

        if self._rng.random() < 0.7:
            self._line("@tf.function" + self._rng.choice(["", "", "", "(jit_compile=True)", "(reduce_retracing=True)"]))
        self._block(f"def {name}({a}):", body, Value(a, FLOAT, given.shape))
        for argument in (given.name, f"{given.name} * 0.5")[: self._rng.randint(1, 2)]:
            self._bind(Expression(f"{name}({argument})", result[0].dtype, result[0].shape))

    def _custom_gradient(self) -> None:
        given, name = self._target(), self._name("g")
        self._line("@tf.custom_gradient")
        self._line(f"def {name}(a):")
        self._line(f"    return tf.sin(a) * 2.0, lambda dy: dy * {self._rng.choice(['3.0', 'a', 'tf.cos(a)'])}")
        self._bind(Expression(f"{name}({given.name})", FLOAT, given.shape))

    def _wrapped(self) -> None:
        """A function of one value that is run in a way of its own."""
        given, a = self._target(), self._name("a")
        body = self._like(a, given.shape)
        form = self._rng.choice([
            "tf.recompute_grad(lambda {a}: tf.tanh({a}) * {a})({x})",
            "tf.numpy_function(lambda {a}: {a} * 2, [{x}], F) * 1.0",
            "tf.py_function(lambda {a}: {a} * {a}, [{x}], F)", "tf.function(lambda {a}: {body})({x})",
            "tf.function(lambda *, {a}: {body})({a}={x})", "tf.nest.map_structure(lambda {a}: {body}, [{x}, {x}])[1]",
            "tf.function(lambda {a}: {{'k': [{body}, {a}]}})({x})['k'][0]", "tf.grad_pass_through(tf.sin)({x})",
            "tf.function(lambda {a}: {a}[0] * {a}[1]['k'])([{x}, {{'k': {x}}}])",
        ])  # fmt: skip
        text = form.format(a=a, x=given.name, body=body)
        if "_function(" in text and "py" in text:
            text = f"tf.ensure_shape({text}, {given.name}.shape)"
        self._bind(Expression(text, FLOAT, given.shape))

    def _tape(self) -> None:
        """A gradient, of a gradient sometimes, or a directional derivative."""
        source = self._pool.pick() or Value("x0", FLOAT, (3,))
        self._bind(Expression(self._differentiated(source, self._rng.choice([1, 1, 2])), FLOAT, source.shape))

    def _differentiated(self, source: Value, order: int) -> str:
        """Writes a tape with statements of its own; returns the text of the gradient."""
        tape = self._name("p")
        options = self._rng.choice(["", "", "persistent=True"])

        def body() -> None:
            self._line(f"{tape}.watch({source.name})")
            if order > 1:
                self._line(f"{tape}_y = {self._differentiated(source, order - 1)}")
                return
            before = len(self._pool.values)
            self._bind(Expression(self._like(source.name, source.shape), FLOAT, source.shape))
            self._statements(2)
            if self._rng.random() < 0.15:
                self._block(f"with {tape}.stop_recording():", lambda: self._statements(2))
            found = [v for v in self._pool.values[before:] if v.dtype == FLOAT]
            self._line(f"{tape}_y = {self._rng.choice(found).name}")

        self._block(f"with tf.GradientTape({options}) as {tape}:", body)
        again = f" + {tape}.gradient({tape}_y, {source.name}, unconnected_gradients='zero')" if options else ""
        return f'tf.convert_to_tensor({tape}.gradient({tape}_y, {source.name}, unconnected_gradients="zero")){again}'

    def _forward(self) -> None:
        source = self._pool.pick() or Value("x0", FLOAT, (3,))
        name, result = self._name("q"), []

        def body() -> None:
            before = len(self._pool.values)
            self._bind(Expression(self._like(source.name, source.shape), FLOAT, source.shape))
            self._statements(2)
            result.append(self._rng.choice([v for v in self._pool.values[before:] if v.dtype == FLOAT]))
            self._line(f"{name}_y = {result[0].name}")

        self._block(f"with tf.autodiff.ForwardAccumulator({source.name}, tf.ones_like({source.name})) as {name}:", body)
        text = f'{name}.jvp({name}_y, unconnected_gradients="zero")'
        self._bind(Expression(text, FLOAT, result[0].shape))

    def _jacobian(self) -> None:
        source, tape = self._pool.ranked(0, 2, empty=False), self._name("p")
        if source is None:
            return
        self._line(f"with tf.GradientTape() as {tape}:")
        self._line(f"    {tape}.watch({source.name})")
        self._line(f"    {tape}_y = {self._like(source.name, source.shape)}")
        text = f'{tape}.jacobian({tape}_y, {source.name}, unconnected_gradients="zero")'
        self._bind(Expression(text, FLOAT, (*source.shape, *source.shape)))

    def _sparse_assign(self) -> None:
        self._line(self._rng.choice([
            "v0[1:].assign(v0[:2] * 0.5)", "v0[0].assign(v1 * 0.5)", "v0.scatter_nd_add([[1]], [v1 * 0.5])",
            "v0.scatter_update(tf.IndexedSlices([v1 * 0.5], [2]))",
            "v0.scatter_add(tf.IndexedSlices(tf.gather(v0, [0]), [1]))",
        ]))  # fmt: skip
        self._budget -= 1

    def _gathered_variable(self) -> None:
        self._bind(Expression("tf.gather(v0, [0, 2, 0])", FLOAT, (3,)))

    def _ordered(self) -> None:
        name = self._rng.choice(sorted(_VARIABLES))
        self._block(f"with tf.control_dependencies([{name}.assign_add({name} * 0.5)]):", self._assign)
        self._bind(Expression(f"{name} * 2.0", FLOAT, _VARIABLES[name]))

    def _assign(self) -> None:
        name = self._rng.choice(sorted(_VARIABLES))
        method = self._rng.choice(["assign", "assign_add", "assign_sub"])
        self._line(f"{name}.{method}({self._like(name, _VARIABLES[name])})")
        self._budget -= 1


_COMPOUND = [
    _Writer._if, _Writer._if, _Writer._cond, _Writer._switch, _Writer._for, _Writer._for, _Writer._for_rows,
    _Writer._while, _Writer._while_loop, _Writer._map, _Writer._map, _Writer._array, _Writer._function,
    _Writer._function, _Writer._custom_gradient, _Writer._tape, _Writer._assign, _Writer._assign,
    _Writer._choice, _Writer._case, _Writer._forever, _Writer._python_loop, _Writer._two_loop_variables,
    _Writer._array_of_rows, _Writer._wrapped, _Writer._wrapped, _Writer._tape, _Writer._forward, _Writer._jacobian,
    _Writer._sparse_assign, _Writer._gathered_variable, _Writer._ordered,
]  # fmt: skip
