"""Drawings of models: what stands in the graph, by a stand-in for pydot; and what is said without it."""

from __future__ import annotations

import re
import sys
import types
from typing import Any

import pytest

import headwater as tf

keras = tf.keras


class _Recorder:
    """Remembers what it was made of and what was added."""

    def __init__(self, *names: str, **attributes: Any) -> None:
        self.names, self.attributes, self.parts = names, attributes, []

    def set(self, name: str, value: Any) -> None:
        self.attributes[name] = value

    def add_node(self, part: Any) -> None:
        self.parts.append(part)

    set_node_defaults = lambda self, **attributes: None  # noqa: E731
    add_edge = add_subgraph = add_node


@pytest.fixture
def pydot(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pydot")
    module.__spec__ = types.SimpleNamespace(name="pydot")  # type: ignore[assignment]
    for name in ("Dot", "Node", "Edge", "Cluster"):
        setattr(module, name, type(name, (_Recorder,), {}))
    monkeypatch.setitem(sys.modules, "pydot", module)


def _model() -> Any:
    inner = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2, name="first"), keras.layers.ReLU(name="last")], name="inner"
    )
    inputs = keras.Input((4,), name="data")
    hidden = inner(inputs)
    frozen = keras.layers.Dense(2, activation="tanh", name="frozen", trainable=False)(hidden)
    return keras.Model(inputs, keras.layers.Add(name="sum")([hidden, frozen]))


def _seen(graph: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """The boxes' texts, and the lines between boxes by their first words."""
    boxes: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    parts = list(graph.parts)
    for part in parts:
        kind = type(part).__name__
        if kind == "Node":
            boxes[part.names[0]] = re.sub(r"<[^<>]*>|[<>]", " ", part.attributes["label"])
        elif kind == "Edge":
            lines.append(part.names)
        else:
            parts += part.parts
    word = {key: text.split()[0] for key, text in boxes.items()}
    return [" ".join(text.split()) for text in boxes.values()], [(word[a], word[b]) for a, b in lines]


@pytest.mark.usefixtures("pydot")
def test_layers_are_boxes_and_tensors_lines() -> None:
    boxes, lines = _seen(keras.utils.model_to_dot(_model()))
    assert [box.split()[0] for box in boxes] == ["data", "inner", "frozen", "sum"]
    assert lines == [("data", "inner"), ("inner", "frozen"), ("inner", "sum"), ("frozen", "sum")]


@pytest.mark.usefixtures("pydot")
def test_models_inside_are_drawn_layer_by_layer_on_request() -> None:
    boxes, lines = _seen(keras.utils.model_to_dot(_model(), expand_nested=True))
    assert [box.split()[0] for box in boxes] == ["data", "frozen", "sum", "first", "last"]
    assert set(lines) == {("data", "first"), ("first", "last"), ("last", "frozen"), ("last", "sum"), ("frozen", "sum")}


@pytest.mark.usefixtures("pydot")
def test_what_is_shown_of_a_layer() -> None:
    shown = {"show_shapes": True, "show_dtype": True, "show_layer_activations": True, "show_trainable": True}
    boxes, _ = _seen(keras.utils.model_to_dot(_model(), **shown))
    assert boxes[2:] == [
        "frozen (Dense) Activation: tanh Input shape: (None, 2) Output shape: (None, 2) Output dtype: float32 "
        "Non-trainable",
        "sum (Add) Input shape: [(None, 2), (None, 2)] Output shape: (None, 2) Output dtype: float32",
    ]
    assert _seen(keras.utils.model_to_dot(_model(), show_layer_names=False))[0][3] == "Add"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="has not yet been built"):
        keras.utils.plot_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        keras.utils.plot_model(_model(), colour="red")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install pydot"):
        keras.utils.plot_model(_model())
