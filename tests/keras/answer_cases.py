"""What training answers: values and their names, order and errors; what callbacks are told. Strings are arrays too."""

from __future__ import annotations

import contextlib
import csv
import os
import pathlib
import tempfile
import unittest.mock
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Case = Callable[[Any], list[Any]]  # takes the module that plays tf

X = np.arange(14, dtype=np.float32).reshape(7, 2) / 10
Y = X.sum(1, keepdims=True)
_ONE = np.ones((1, 1), np.float32)


def _values(answer: Any) -> list[Any]:
    """An answer of `evaluate`: numbers as they are listed, or the names and numbers of a dict."""
    if isinstance(answer, dict):
        return [np.array(list(answer)), np.array([float(v) for v in answer.values()], np.float32)]
    return [np.asarray(answer, np.float32)]


def _line(tf: Any, **options: Any) -> Any:
    """``w * x`` from w = 0."""
    k = tf.keras
    model = k.Sequential([k.Input((1,)), k.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(k.optimizers.SGD(0.1), "mse", **options)
    return model


def _two(tf: Any, as_dict: bool = False, **options: Any) -> Any:
    """Two outputs, a and b, each the sum of the inputs."""
    k = tf.keras
    inputs = k.Input((2,))
    outputs = {n: k.layers.Dense(1, kernel_initializer="ones", name=n)(inputs) for n in ("a", "b")}
    model = k.Model(inputs, outputs if as_dict else list(outputs.values()))
    model.compile("sgd", **options)
    return model


def _evaluated(y: Any, as_dict: bool = False, **options: Any) -> Case:
    def run(tf: Any) -> list[Any]:
        model = _two(tf, as_dict, **options)
        named = model.evaluate(X, y, verbose=0, return_dict=True)
        return [*_values(named), *_values(model.evaluate(X, y, verbose=0))]

    return run


def _on_batches(tf: Any) -> list[Any]:
    model = _line(tf, metrics=["mae"])
    trained = [model.train_on_batch(_ONE, _ONE) for _ in range(3)]
    return [
        *[np.asarray(t, np.float32) for t in trained],
        *_values(model.test_on_batch(_ONE, 2 * _ONE)),
        *_values(model.train_on_batch(_ONE, _ONE, return_dict=True)),
        *_values(model.train_on_batch(X[:, :1], Y, sample_weight=np.arange(7.0, dtype=np.float32))),
    ]


def _functions_in_order(tf: Any) -> list[Any]:
    def zz(y: Any, p: Any) -> Any:
        return tf.reduce_mean(p) * 0.0 + 2.0

    def aa(y: Any, p: Any) -> Any:
        return tf.reduce_mean(p) * 0.0 + 1.0

    model = _line(tf, metrics=[zz, aa])
    named = model.evaluate(X[:, :1], Y, verbose=0, return_dict=True)
    return [*_values(model.evaluate(X[:, :1], Y, verbose=0)), *_values(named)]


def _weighted_names(tf: Any) -> list[Any]:
    model = _line(tf, metrics=["mse"], weighted_metrics=["mse", "mae"])
    weight = np.arange(7.0, dtype=np.float32)
    named = model.evaluate(X[:, :1], Y, sample_weight=weight, verbose=0, return_dict=True)
    model.fit(X[:, :1], Y, verbose=0)
    return [*_values(named), np.array([len(model.variables)])]


def _accuracy_of(outputs: int, activation: str, y: Any, loss: str) -> Case:
    def run(tf: Any) -> list[Any]:
        k = tf.keras
        dense = k.layers.Dense(outputs, activation=activation, kernel_initializer="identity", bias_initializer="ones")
        model = k.Sequential([k.Input((3,)), dense])
        model.compile("sgd", loss, metrics=["acc"])
        x = np.eye(3, dtype=np.float32)[[0, 1, 2, 1]] * 3
        return _values(model.evaluate(x, y, verbose=0, return_dict=True))

    return run


def _own_loss(tf: Any) -> list[Any]:
    class Own(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = tf.keras.layers.Dense(1, kernel_initializer="ones")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return tf.reduce_mean(tf.abs(y - y_pred)) * 3.0

    model = Own()
    model.compile("sgd", metrics=["mae"])
    return [*_values(model.evaluate(X, Y * 2, verbose=0)), *_values(model.fit(X, Y * 2, verbose=0).history["loss"])]


def _added_losses(tf: Any) -> list[Any]:
    k = tf.keras

    class Adding(k.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(tf.reduce_mean(x))
            return x

    dense = k.layers.Dense(
        1, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer=k.regularizers.L2(0.5)
    )
    model = k.Sequential([k.Input((2,)), Adding(), dense])
    model.compile("sgd", "mse")
    history = model.fit(X, Y * 2, batch_size=3, shuffle=False, epochs=2, verbose=0).history["loss"]
    return [*_values(model.evaluate(X, Y * 2, verbose=0)), *_values(history)]


def _told(tf: Any) -> list[Any]:
    """The moments, batch numbers and names of values that a callback with a required argument `logs` is told."""
    seen: list[str] = []

    class Listener(tf.keras.callbacks.Callback):
        pass

    def listen(name: str) -> Any:
        def told(self: Any, *arguments: Any, **named: Any) -> None:
            *number, logs = [*arguments, *named.values()]
            seen.append(f"{name} {number} {sorted(logs)}")

        return told

    for kind in ("train", "test", "predict"):
        for moment in ("begin", "end"):
            for name in (f"on_{kind}_{moment}", f"on_{kind}_batch_{moment}", f"on_epoch_{moment}"):
                setattr(Listener, name, listen(name))
    model = _line(tf, metrics=["mae"], steps_per_execution=3)
    x = X[:6, :1]
    data = {"batch_size": 1, "verbose": 0, "callbacks": [Listener()]}
    model.fit(x, Y[:6], epochs=2, validation_data=(x, Y[:6]), **data)
    model.evaluate(x, Y[:6], **data)
    outputs = model.predict(x, **data)
    return [np.array(seen), np.array(outputs.shape)]


def _csv(tf: Any) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "log.csv"
        for epochs, options in ((3, {"validation_freq": 2, "validation_data": (X[:, :1], Y)}), (4, {})):
            logger = tf.keras.callbacks.CSVLogger(path, append=True)
            _line(tf).fit(
                X[:, :1], Y, epochs=epochs, initial_epoch=epochs - 3, shuffle=False, verbose=0, callbacks=[logger],
                **options,
            )  # fmt: skip
        with open(path, newline="") as file:
            rows = list(csv.reader(file))[:4]
    return [np.array(rows[0]), np.array([[cell == "NA" for cell in row] for row in rows])]


def _steps_of(tf: Any, callbacks: list[Any], stop: tuple[int, int] | None = None, **options: Any) -> Any:
    """Four epochs of four batches, which may break off; the model, and the epochs that it saw."""
    k = tf.keras

    class Break(k.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append(epoch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if (seen[-1], batch) == stop:
                raise KeyboardInterrupt

    seen: list[int] = []
    model = k.Sequential([k.Input((2,)), k.layers.Dense(1, kernel_initializer="ones")])
    model.compile(k.optimizers.SGD(0.1, momentum=0.5, **options), "mse")
    x = np.cos(np.arange(16, dtype=np.float32)).reshape(8, 2)
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(
            x, x @ [[2.0], [3.0]], batch_size=2, epochs=4, shuffle=False, verbose=0, validation_data=(x, x[:, :1]),
            callbacks=[*callbacks, Break()],
        )  # fmt: skip
    return model, seen


def _resumed(stop: tuple[int, int], **arguments: Any) -> Case:
    """Training that breaks off, and goes on: files in between, epochs, weights, iterations, files afterwards."""

    def run(tf: Any) -> list[Any]:
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "backup"
            backup = lambda: [tf.keras.callbacks.BackupAndRestore(str(place), **arguments)]  # noqa: E731
            _, before = _steps_of(tf, backup(), stop)
            kept = sorted(path.name for path in place.iterdir())
            progress = (place / "training_metadata.json").read_text()
            model, after = _steps_of(tf, backup())
            left = sorted(path.name for path in place.iterdir()) if place.exists() else ["none"]
        epochs = np.array([*before, -1, *after])
        return [
            np.array(kept), np.array(progress), epochs, *model.get_weights(), np.array(model.optimizer.iterations),
            np.array(left),
        ]  # fmt: skip

    return run


def _averaged(swap_on_epoch: bool) -> Case:
    """The weights at all moments while their averages take their place."""

    def run(tf: Any) -> list[Any]:
        seen: list[Any] = []
        names: list[str] = []

        class Watch(tf.keras.callbacks.Callback):
            pass

        def look(name: str) -> Any:
            def told(self: Any, *arguments: Any, **named: Any) -> None:
                seen.append(np.concatenate([w.ravel() for w in self.model.get_weights()]))
                names.append(name)

            return told

        for name in ("on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end", "on_train_end"):
            setattr(Watch, name, look(name))
        swap = tf.keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
        model, _ = _steps_of(tf, [swap, Watch()], use_ema=True, ema_momentum=0.6)
        return [np.array(names), np.array(seen), *model.get_weights()]

    return run


def _summaries(tf: Any) -> list[Any]:
    """The tables of a chain, of models with branches, shared layers and models inside, and of a class of one's own."""
    k = tf.keras
    dense = k.layers.Dense
    chain = k.Sequential([k.Input((4,)), dense(8, name="wide"), k.layers.BatchNormalization(name="norm")], name="chain")
    inputs, other = k.Input((4,), name="inputs"), k.Input((4,), name="other")
    shared = dense(4, name="shared")
    first = shared(inputs)
    both = k.layers.Add(name="a_name_so_long_that_it_does_not_fit")([first, shared(first), other])
    graph = k.Model([inputs, other], [both, k.layers.Concatenate(name="all")([first, both, other])], name="graph")
    outer = k.Model(inputs, dense(1, name="last", trainable=False)(chain(inputs)), name="outer")
    deep = k.Sequential([k.Input((4,)), outer], name="deep")

    class Own(k.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.parts = [dense(2, name="first"), k.Sequential([dense(3, name="inner")], name="stack")]

        def call(self, x: Any) -> Any:
            return self.parts[1](self.parts[0](x))

    own = Own()
    texts: list[str] = []
    own.summary(line_length=76, print_fn=texts.append)
    own(np.zeros((2, 4), np.float32))
    trained = k.models.clone_model(chain)
    trained.compile("adam", "mse")
    trained.optimizer.build(trained.trainable_variables)
    for model, options in (
        (chain, {}), (chain, {"line_length": 50, "show_trainable": True}), (chain, {"positions": [0.3, 0.6, 1.0]}),
        (graph, {}), (graph, {"show_trainable": True}), (graph, {"line_length": 70}), (outer, {"expand_nested": True}),
        (deep, {"expand_nested": True, "show_trainable": True}), (own, {"expand_nested": True}), (own, {}),
        (trained, {}), (graph, {"layer_range": ["sh", "a_"]}),
        (k.Sequential([dense(2, name="later")], name="unbuilt"), {}), (k.Sequential(name="empty"), {}),
    ):  # fmt: skip
        with unittest.mock.patch.dict(os.environ, {"COLUMNS": "80"}):
            model.summary(print_fn=texts.append, **options)
    return [np.array(text.splitlines()) for text in texts]


def _variable_names(tf: Any) -> list[Any]:
    """Names and paths of weights and states: of models in models, of layers in layers, of optimizers and metrics."""
    k = tf.keras
    inner = k.Sequential([k.layers.Dense(2, name="a"), k.layers.BatchNormalization(name="b")], name="inner")
    chain = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="c"), inner], name="chain")
    inputs = k.Input((3,))
    graph = k.Model(inputs, chain(k.layers.Dense(3, name="d")(inputs)), name="graph")
    later = k.Sequential([k.layers.Dense(2, name="e")], name="later")
    outer = k.Model(inputs, later(inputs))

    class Block(k.layers.Layer):
        def __init__(self, name: str) -> None:
            super().__init__(name=name)
            self.dense = k.layers.Dense(2, name="f")
            self.early = self.add_weight(shape=(2,), name="early")
            self.nameless = self.add_weight(shape=())

        def build(self, shape: Any) -> None:
            self.late = self.add_weight(shape=(2,), name="late")

        def call(self, x: Any) -> Any:
            return self.dense(x)

    class Own(k.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.block = Block("block")
            self.wrapped = k.layers.TimeDistributed(k.layers.Dense(1, name="g"), name="steps")

        def call(self, x: Any) -> Any:
            return self.wrapped(self.block(x)[:, None])

    own = Own()
    own(np.zeros((1, 3), np.float32))
    optimizer = k.optimizers.Adam(name="adam", use_ema=True)
    optimizer.build(chain.trainable_variables)
    found = [*graph.weights, *outer.weights, *own.weights, *optimizer.variables]
    found += [*k.metrics.Mean(name="mean").variables, *k.metrics.Precision(name="p").variables]
    return [np.array([v.name for v in found]), np.array([v.path for v in found])]


def _order_of_arrival(tf: Any) -> list[Any]:
    """Weights and layers come in the order in which lists and dicts got them, also in files."""
    k = tf.keras

    class Interleaved(k.Model):
        def __init__(self) -> None:
            super().__init__(name="m")
            self.first, self.second, self.named, self.nested = [], [], {}, [[]]
            for i in range(3):
                self.first.append(k.layers.Dense(2, name=f"first{i}"))
                self.second += [k.layers.LayerNormalization(name=f"second{i}")]
                self.named[str(i)] = k.layers.Dense(2, name=f"named{i}", use_bias=False)
            self.nested[0].append(k.layers.Dense(2, name="nested"))
            self.first.insert(0, k.layers.Dense(2, name="inserted"))
            self.last = k.layers.Dense(2, name="last")

        def call(self, x: Any) -> Any:
            for part in [*self.first, *self.second, *self.named.values(), *self.nested[0], self.last]:
                x = part(x)
            return x

    model = Interleaved()
    model(np.ones((1, 2), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "m.weights.h5")
        model.save_weights(path)
        again = Interleaved()
        again(np.ones((1, 2), np.float32))
        again.load_weights(path)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True)]
    return [np.array([v.path for v in model.weights]), np.array([x.name for x in model.layers]), np.array(same)]


def _padded(tf: Any) -> list[Any]:
    pad = tf.keras.utils.pad_sequences
    uneven = [[1], [2, 3], [4, 5, 6], []]
    grams = tf.keras.preprocessing.sequence.skipgrams([1, 2, 3, 0, 4], 5, window_size=1, negative_samples=0, seed=3)
    return [
        pad(uneven),
        pad(uneven, maxlen=2, padding="post", truncating="post", value=9),
        pad([[1.5], [2, 3]], dtype="float32", maxlen=4),
        pad([[[1, 2]], [[3, 4], [5, 6]]], padding="post"),
        pad([["a"], ["b", "c"]], dtype=object, value="x").astype(str),
        tf.keras.preprocessing.sequence.make_sampling_table(5),
        *[np.array(part) for part in grams],
    ]


def _errors(tf: Any) -> list[Any]:
    """The classes of errors of wrong arguments."""
    k = tf.keras
    x, line = X[:, :1], _line(tf)
    tries: list[Callable[[], Any]] = [
        lambda: line.fit(x, Y, validation_split=0.99, verbose=0),
        lambda: line.fit(x, Y, class_weight={0: 1.0}, sample_weight=np.ones(7), verbose=0),
        lambda: line.train_on_batch(x, Y, class_weight={0: 1.0}, sample_weight=np.ones(7)),
        lambda: _two(tf, loss="mse").fit(X, (Y, Y), class_weight={0: 1.0, 1: 2.0}, verbose=0),
        lambda: _two(tf, loss="mse", metrics={"c": "mae"}).evaluate(X, (Y, Y), verbose=0),
        lambda: _two(tf, loss={"a": "mse", "c": "mse"}).evaluate(X, (Y, Y), verbose=0),
        lambda: line.fit(x, Y, verbose=0, callbacks=[k.callbacks.EarlyStopping("no_such_value")]),
        lambda: k.optimizers.SGD(0.1, gradient_accumulation_steps=1),
        lambda: k.optimizers.SGD(0.1, use_ema=True, ema_momentum=2.0),
        lambda: k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), clipnorm=1.0),
        lambda: k.optimizers.get("no_such_optimizer"),
        lambda: k.losses.BinaryCrossentropy()(np.ones((2, 1, 3)), np.ones((2, 2, 3)) / 2),
        lambda: k.losses.BinaryCrossentropy()(np.ones(2), np.ones((2, 3)) / 2),
        lambda: k.losses.CategoricalCrossentropy()(np.ones((2, 1)), np.ones((2, 3)) / 3),
        lambda: k.losses.SparseCategoricalCrossentropy(axis=1)(np.zeros((1, 2)), np.ones((1, 3, 2)) / 3),
        lambda: k.losses.get("no_such_loss"),
        lambda: k.metrics.FBetaScore(beta=2),
        lambda: k.metrics.PrecisionAtRecall(1.2),
        lambda: k.metrics.AUC(num_labels=3),
    ]
    found = []
    for attempt in tries:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                attempt()
            found.append("none")
        except Exception as error:
            found.append(type(error).__name__)
    return [np.array(found)]


_BOTH = (Y, Y * 2)

ANSWERS: dict[str, Case] = {
    "on batches": _on_batches,
    "functions in order": _functions_in_order,
    "weighted names": _weighted_names,
    "losses listed": _evaluated(_BOTH, loss=["mse", "mae"]),
    "losses by name": _evaluated(
        {"a": Y, "b": Y * 2}, loss={"a": "bce", "b": "mae"}, loss_weights={"a": 1.0, "b": 0.5}
    ),
    "loss of one output": _evaluated(_BOTH, loss=["mse", None], metrics=[None, ["mae"]]),
    "loss and target of one output": _evaluated([Y], loss=[None, "mse"]),
    "metrics by name": _evaluated(_BOTH, loss="mse", metrics={"b": ["mae", "mse"]}, weighted_metrics={"b": ["mae"]}),
    "outputs in a dict": _evaluated({"a": Y, "b": Y * 2}, True, loss={"a": "mse", "b": "mae"}, metrics={"a": "mae"}),
    "acc of one-hot labels": _accuracy_of(
        3, "sigmoid", np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], "binary_crossentropy"
    ),
    "acc of class numbers": _accuracy_of(3, "softmax", np.array([0, 1, 2, 0]), "crossentropy"),
    "acc of binary labels": _accuracy_of(1, "sigmoid", np.array([[1], [0], [1], [0]]), "ce"),
    "loss of its own": _own_loss,
    "added losses": _added_losses,
    "callbacks are told": _told,
    "CSV with rare validation": _csv,
    "resumed after an epoch": _resumed((2, 1)),
    "resumed after some batches": _resumed((1, 2), save_freq=3, double_checkpoint=True),
    "resumed, state kept": _resumed((1, 0), delete_checkpoint=False),
    "averages in evaluation": _averaged(False),
    "averages between epochs": _averaged(True),
    "sequences": _padded,
    "order of arrival": _order_of_arrival,
    "names of variables": _variable_names,
    "summaries": _summaries,
    "errors": _errors,
}
