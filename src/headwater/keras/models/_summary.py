"""The table that `Model.summary` prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any


def print_summary(model: Any, line_length: int | None, print_fn: Callable[[str], Any], expand_nested: bool) -> None:
    """Prints layers, output shapes, numbers of weights, and sums."""
    rows = [("Layer (type)", "Output Shape", "Param #")]
    rows += list(_rows(model, expand_nested, 0))
    widths = [max(len(row[i]) for row in rows) + 2 for i in range(3)]
    if line_length:
        widths[0] += max(0, line_length - sum(widths) - 4)
    print_fn(f'Model: "{model.name}"')
    print_fn("┏" + "┳".join("━" * w for w in widths) + "┓")
    print_fn("┃" + "┃".join(_cells(rows[0], widths)) + "┃")
    print_fn("┡" + "╇".join("━" * w for w in widths) + "┩")
    for index, row in enumerate(rows[1:]):
        if index:
            print_fn("├" + "┼".join("─" * w for w in widths) + "┤")
        print_fn("│" + "│".join(_cells(row, widths)) + "│")
    print_fn("└" + "┴".join("─" * w for w in widths) + "┘")
    _print_totals(model, print_fn)


def _rows(model: Any, expand_nested: bool, depth: int) -> Iterable[tuple[str, str, str]]:
    for layer in model.layers:
        shape = str(_shapes(layer._inbound_nodes[0].structure)) if layer._inbound_nodes else _shape_as_built(layer)
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        yield "  " * depth + f"{layer.name} ({type(layer).__name__})", shape, count
        if expand_nested and hasattr(layer, "layers"):
            yield from _rows(layer, True, depth + 1)


def _shape_as_built(layer: Any) -> str:
    """The output's shape for inputs of the shape the layer was built for, as far as that is known."""
    built_for = layer._build_shape.value
    if built_for is None or built_for[0] is None:
        return "?"
    try:
        return str(layer.compute_output_shape(built_for[0]))
    except (NotImplementedError, TypeError, ValueError):
        return "?"


def _shapes(structure: Any) -> Any:
    if hasattr(structure, "shape"):
        return tuple(structure.shape)
    if isinstance(structure, dict):
        return {k: _shapes(v) for k, v in structure.items()}
    return [_shapes(v) for v in structure]


def _cells(row: tuple[str, str, str], widths: list[int]) -> list[str]:
    first, second, third = row
    return [f" {first:<{widths[0] - 1}}", f" {second:<{widths[1] - 1}}", f"{third:>{widths[2] - 1}} "]


def _print_totals(model: Any, print_fn: Callable[[str], Any]) -> None:
    trained, fixed = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    slots = optimizer.variables if optimizer is not None and optimizer.built else []
    print_fn(f" Total params: {_amount([*trained, *fixed, *slots])}")
    print_fn(f" Trainable params: {_amount(trained)}")
    print_fn(f" Non-trainable params: {_amount(fixed)}")
    if slots:
        print_fn(f" Optimizer params: {_amount(slots)}")


def _amount(variables: list[Any]) -> str:
    """How many elements, and how many bytes."""
    sizes = [v.shape.num_elements() for v in variables]
    total = sum(n * v.dtype.size for n, v in zip(sizes, variables, strict=True))
    power = min(int(math.log(total, 1024)), 3) if total else 0
    return f"{sum(sizes):,} ({total / 1024**power:.2f} {('B', 'KB', 'MB', 'GB')[power]})"
