"""Lists, dicts and sets in attributes of layers: they stay what they are, and take nothing that comes too late."""

from __future__ import annotations

import collections
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf

layers = tf.keras.layers


class Holding(layers.Layer):
    """Holds things in many ways."""

    def __init__(self) -> None:
        super().__init__()
        self.items = [layers.Dense(1)]
        self.table = {"a": layers.Dense(1)}
        self.bag = {3}
        self.deep = ([{"x": []}],)
        self.sizes = [2, 3]
        self.counts = collections.defaultdict(list)

    def call(self, x: Any) -> Any:
        return self.table["a"](self.items[0](x))


@pytest.fixture
def built() -> Holding:
    layer = Holding()
    layer(np.ones((1, 2), np.float32))
    return layer


LATE: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda h, new: h.items.append(new),
    "extend": lambda h, new: h.items.extend([1, new]),
    "insert": lambda h, new: h.items.insert(0, new),
    "an element": lambda h, new: h.items.__setitem__(0, new),
    "a slice": lambda h, new: h.items.__setitem__(slice(0, 1), [new]),
    "addition": lambda h, new: h.items.__iadd__([new]),
    "a list in a list": lambda h, new: h.items.append([{"y": new}]),
    "a key": lambda h, new: h.table.__setitem__("b", new),
    "update": lambda h, new: h.table.update(b=new),
    "setdefault": lambda h, new: h.table.setdefault("b", new),
    "union": lambda h, new: h.table.__ior__({"b": new}),
    "a set": lambda h, new: h.bag.add(new),
    "an update of a set": lambda h, new: h.bag.update([new]),
    "deep inside": lambda h, new: h.deep[0][0]["x"].append(new),
    "an attribute": lambda h, new: setattr(h, "later", new),
    "an attribute with a dict": lambda h, new: setattr(h, "later", {"z": [new]}),
}


@pytest.mark.parametrize("way", LATE)
@pytest.mark.parametrize("make", [lambda: layers.Dense(1), tf.keras.metrics.Mean], ids=["layer", "metric"])
def test_what_comes_too_late_is_refused(built: Holding, way: str, make: Any) -> None:
    weights = len(built.weights)
    with pytest.raises(ValueError, match=r"is built already, so .* cannot add weights or layers"):
        LATE[way](built, make())
    assert len(built.weights) == weights


@pytest.mark.parametrize("way", LATE)
def test_other_values_may_come_at_any_time(built: Holding, way: str) -> None:
    LATE[way](built, "text")


@pytest.mark.parametrize("way", [way for way in LATE if way != "a slice"])
def test_what_comes_in_time_is_found(way: str) -> None:
    layer, new = Holding(), layers.Dense(1)
    LATE[way](layer, new)
    assert any(found is new for found in layer._flatten_layers())


def test_they_are_still_lists_and_dicts() -> None:
    layer = Holding()
    assert (layer.sizes, layer.bag, layer.deep) == ([2, 3], {3}, ([{"x": []}],))
    assert isinstance(layer.items, list) and isinstance(layer.table, dict)
    assert json.dumps([layer.sizes, layer.deep]) == '[[2, 3], [[{"x": []}]]]'
    for clone in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        assert [clone(layer.sizes), clone(layer.bag), clone(layer.deep)] == [layer.sizes, layer.bag, layer.deep]
    assert tf.nest.map_structure(lambda n: n + 1, layer.sizes) == [3, 4]
    assert tf.zeros(layer.sizes).shape == (2, 3)
    layer.counts["new"].append(1)
    assert layer.counts == {"new": [1]}


def test_what_is_taken_out_or_replaced_no_longer_counts() -> None:
    layer, first, second = Holding(), layers.Dense(1), layers.Dense(1)
    layer.one = first
    layer.items.clear()
    layer.one = second
    found = list(layer._flatten_layers(include_self=False))
    assert [x is y for x, y in zip(found, [layer.table["a"], second], strict=True)] == [True, True]
