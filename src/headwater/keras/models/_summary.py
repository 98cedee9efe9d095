"""The table that `Model.summary` prints."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Where columns end, as parts of the line, of chains of layers and of other models; and how long the line is at most.
_CHAIN: tuple[tuple[float, ...], int] = ((0.45, 0.80, 1.0), 88)
_GRAPH: tuple[tuple[float, ...], int] = ((0.3, 0.56, 0.74, 1.0), 108)
# What a further column takes of the line, and how much longer the line becomes for it.
_FURTHER, _FURTHER_LENGTH = 0.1, 12
_SMALLEST_COLUMN = 4
_MARGIN = 4  # what a line leaves free of the terminal


@dataclasses.dataclass(frozen=True)
class _Column:
    title: str
    justify: Callable[[str, int], str] = str.ljust


def print_summary(
    model: Any, line_length: int | None = None, positions: Sequence[float] | None = None, print_fn: Any = None,
    expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None,
) -> None:  # fmt: skip
    """Prints layers, output shapes, numbers of weights, and sums. See `Model.summary`."""
    sources = None if _is_chain(model) else _sources(model)
    columns = [_Column("Layer (type)"), _Column("Output Shape"), _Column("Param #", str.rjust)]
    columns += [] if sources is None else [_Column("Connected to")]
    ends, longest = _CHAIN if sources is None else _GRAPH
    if positions is not None and len(positions) != len(ends):
        raise ValueError(f"Expected `positions` for {len(ends)} columns. Received: {positions}")
    ends = tuple(positions or ends)
    if show_trainable:
        columns.append(_Column("Trainable", str.center))
        ends, longest = (*[end * (1 - _FURTHER) for end in ends], 1.0), longest + _FURTHER_LENGTH
    length = line_length or min(longest, shutil.get_terminal_size().columns - _MARGIN)
    rows = list(_rows(_in_range(model.layers, layer_range), expand_nested, show_trainable, sources, 0))
    lines = [f'Model: "{model.name}"', *_table(columns, rows, _widths(ends, length)), *_totals(model)]
    if print_fn is None:
        print("\n".join(lines))
    else:
        print_fn("\n".join(lines) + "\n")


# What stands in the table ------------------------------------------------------------------------------------------


def _is_chain(model: Any) -> bool:
    """Whether each layer takes what the one before gives, so that it need not be said."""
    if model._network is None or hasattr(model, "_stack"):
        return True
    nodes = model._network.nodes
    sources = [id(x) for node in nodes for x in node.inputs]
    layers = [id(node.layer) for node in nodes]
    return len(model._network.inputs) == 1 and len(sources) == len(nodes) == len(set(sources)) == len(set(layers))


def _sources(model: Any) -> dict[int, str]:
    """What each layer of a functional model is connected to."""
    kept = {id(node) for node in model._network.nodes}
    found = {}
    for layer in model.layers:
        nodes = [node for node in layer._inbound_nodes if id(node) in kept]
        places = [x.history for node in nodes for x in node.inputs]
        found[id(layer)] = ", ".join(f"{source.name}[{call}][{output}]" for source, call, output in places) or "-"
    return found


def _in_range(layers: list[Any], names: Any) -> list[Any]:
    """The layers from the first that one pattern matches to the last that the other does."""
    if names is None:
        return layers
    if not isinstance(names, list | tuple) or len(names) != 2:
        raise ValueError(f"layer_range must be a list or tuple of length 2. Received: layer_range={names!r}")
    first, last = [[i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in names]
    if not first or not last:
        raise ValueError(f"Passed layer_names do not match the layer names in the model. Received: {names}")
    ends = sorted([min(first), max(last)])
    return layers[ends[0] : ends[1] + 1]


def _rows(
    layers: list[Any], expand_nested: bool, show_trainable: bool, sources: dict[int, str] | None, depth: int
) -> Iterator[list[str]]:
    indent = "   " * depth + "└ " if depth else ""
    for layer in layers:
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        row = [f"{indent}{layer.name} ({kind_of(layer)})", _shape(layer), count]
        if sources is not None:
            row.append(sources.get(id(layer), "-"))
        if show_trainable:
            row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
        yield row
        if expand_nested and hasattr(layer, "layers"):
            yield from _rows(layer.layers, expand_nested, show_trainable, sources, depth + 1)


def kind_of(layer: Any) -> str:
    """The class of a layer, as files and tables name it."""
    return getattr(layer, "_saved_class_name", None) or type(layer).__name__


def _shape(layer: Any) -> str:
    """The shape of the layer's output, or a list of shapes; "?" where it is not known."""
    if layer._inbound_nodes:
        shapes = [tuple(x.shape) for x in layer._inbound_nodes[-1].outputs]
        return str(shapes[0] if len(shapes) == 1 else shapes)
    built_for = layer._build_shape.value
    if built_for is None or built_for[0] is None:
        return "?"
    try:
        return str(layer.compute_output_shape(built_for[0]))
    except (NotImplementedError, TypeError, ValueError):
        return "?"


def _totals(model: Any) -> Iterator[str]:
    trained, fixed = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    slots = optimizer.variables if optimizer is not None and optimizer.built else []
    yield f" Total params: {_amount([*trained, *fixed, *slots])}"
    yield f" Trainable params: {_amount(trained)}"
    yield f" Non-trainable params: {_amount(fixed)}"
    if slots:
        yield f" Optimizer params: {_amount(slots)}"


def _amount(variables: list[Any]) -> str:
    """How many elements, and how many bytes."""
    sizes = [v.shape.num_elements() for v in variables]
    total = sum(n * v.dtype.size for n, v in zip(sizes, variables, strict=True))
    power = min(int(math.log(total, 1024)), 3) if total else 0
    return f"{sum(sizes):,} ({total / 1024**power:.2f} {('B', 'KB', 'MB', 'GB')[power]})"


# How it is laid out ------------------------------------------------------------------------------------------------


def _widths(ends: Sequence[float], length: int) -> list[int]:
    """The widths between the lines, margins included. What lines and margins need is taken from all columns alike."""
    marks = [0, *[int(end * length) for end in ends]]
    widths = [b - a for a, b in itertools.pairwise(marks)]
    if min(widths) < _SMALLEST_COLUMN:
        raise ValueError(f"Insufficient console width to print summary: columns of {widths} in a line of {length}.")
    excess = 3 * len(widths) + 1
    for index in range(len(widths)):
        taken = round(excess / (len(widths) - index))
        widths[index] += 2 - taken
        excess -= taken
    return widths


def _table(columns: list[_Column], rows: list[list[str]], widths: list[int]) -> Iterator[str]:
    def rule(ends: str, line: str, crossing: str) -> str:
        return ends[0] + crossing.join(line * width for width in widths) + ends[1]

    def cells(texts: list[list[str]], bar: str) -> Iterator[str]:
        for line in zip(*texts, strict=True):
            parts = zip(columns, line, widths, strict=True)
            yield bar + bar.join(f" {column.justify(text, width - 2)} " for column, text, width in parts) + bar

    titles = _wrapped([column.title for column in columns], widths)
    height = len(titles[0])
    titles = [[""] * (height - len(used)) + used for used in ([t for t in title if t] for title in titles)]
    yield rule("┏┓", "━", "┳")
    yield from cells(titles, "┃")
    yield rule("┡┩", "━", "╇")
    for index, row in enumerate(rows):
        if index:
            yield rule("├┤", "─", "┼")
        yield from cells(_wrapped(row, widths), "│")
    yield rule("└┘", "─", "┴")


def _wrapped(texts: list[str], widths: list[int]) -> list[list[str]]:
    """The lines of each cell of a row, equally many; words that do not fit are cut."""
    cells = [_lines(text, width - 2) for text, width in zip(texts, widths, strict=True)]
    height = max(map(len, cells))
    return [lines + [""] * (height - len(lines)) for lines in cells]


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for word in re.findall(r"\s*\S+", text):
        if len(lines[-1] + word) <= width or not lines[-1]:
            lines[-1] += word
        else:
            lines.append(word.lstrip())
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
