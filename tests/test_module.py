"""`tf.Module` and `tf.name_scope`."""

from __future__ import annotations

from typing import Any

import pytest

import headwater as tf


class _Model(tf.Module):
    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.v = tf.Variable(1.0, name="v")
        self.parts: list[Any] = [tf.Variable(2.0), {"a": _Part(), "b": tf.Variable(3, trainable=False)}]
        with self.name_scope:
            self.w = tf.Variable(4.0, name="w")
        self.again = self.v

    @tf.Module.with_name_scope
    def make(self) -> str:
        return str(tf.Variable(1.0, name="q").name)


class _Part(tf.Module):
    def __init__(self) -> None:
        super().__init__("inner")
        self.u = tf.Variable(5.0)


def _numbers(variables: Any) -> list[float]:
    return [float(v) for v in variables]


def test_variables_are_found_by_attribute_name_submodules_last() -> None:
    model = _Model()
    assert _numbers(model.variables) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert _numbers(model.trainable_variables) == [1.0, 2.0, 4.0, 5.0]
    assert _numbers(model.non_trainable_variables) == [3.0]
    assert [m.name for m in model.submodules] == ["inner"]


def test_names_and_scopes() -> None:
    model = _Model()
    assert model.name == "_model"
    assert _Model("big").w.name == "big/w:0"
    assert _Model("big").make() == "big/q:0"
    with pytest.raises(ValueError, match="not a valid module name"):
        tf.Module("a b")
    with tf.name_scope("a") as outer:
        assert outer == "a/"
        assert tf.Variable(1, name="x").name == "a/x:0"
        with tf.name_scope("b") as inner:
            assert inner == "a/b/"
        with tf.name_scope("c/") as whole:
            assert whole == "c/"
        with tf.name_scope("") as root:
            assert root == ""


def test_a_module_in_its_own_attribute_is_not_a_submodule_of_itself() -> None:
    model = _Part()
    model.me = model  # type: ignore[attr-defined]
    assert model.submodules == ()
    assert len(model.variables) == 1


def test_nodes_carry_the_scope() -> None:
    @tf.function
    def f(x: Any) -> Any:
        with tf.name_scope("layer"):
            return x + 1

    names = [n.name for n in f.get_concrete_function(tf.TensorSpec([])).graph.nodes]
    assert any(name.startswith("layer/") for name in names)
