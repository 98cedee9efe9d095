"""Models as pictures, drawn by Graphviz through pydot; neither is needed for anything else."""

from __future__ import annotations

import dataclasses
import html
import importlib
import importlib.util
import os
from typing import Any

from headwater.keras.models import Model
from headwater.keras.models._summary import kind_of


@dataclasses.dataclass(frozen=True)
class _Style:
    """What is shown of each layer."""

    shapes: bool
    dtypes: bool
    names: bool
    activations: bool
    trainable: bool
    nested: bool

    def label(self, layer: Any) -> str:
        """A layer as an HTML-like table of Graphviz."""
        columns = max(1, 2 * self.shapes + self.dtypes + self.trainable)
        kind = html.escape(kind_of(layer))
        title = f"<b>{html.escape(layer.name)}</b> ({kind})" if self.names else f"<b>{kind}</b>"
        rows = [
            f'<tr><td colspan="{columns}" bgcolor="black"><font point-size="16" color="white">{title}</font></td></tr>'
        ]
        if self.activations and (activation := getattr(layer, "activation", None)) is not None:
            name = html.escape(getattr(activation, "__name__", str(activation)))
            rows.append(f"<tr>{_cell(f'Activation: <b>{name}</b>', span=columns)}</tr>")
        if cells := self._facts(layer):
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return f'<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{"".join(rows)}</table>>'

    def _facts(self, layer: Any) -> list[str]:
        node = layer._inbound_nodes[0] if layer._inbound_nodes else None
        cells = []
        if self.shapes:
            if node is not None and node.inputs:
                cells.append(_cell(f"Input shape: <b>{_shapes(node.inputs)}</b>"))
            cells.append(_cell(f"Output shape: <b>{'?' if node is None else _shapes(node.outputs)}</b>"))
        if self.dtypes:
            dtypes = "?" if node is None else ", ".join(x.dtype.name for x in node.outputs)
            cells.append(_cell(f"Output dtype: <b>{dtypes}</b>"))
        if self.trainable and layer.weights:
            word, color = ("Trainable", "forestgreen") if layer.trainable else ("Non-trainable", "firebrick")
            cells.append(f'<td bgcolor="{color}"><font point-size="14" color="white"><b>{word}</b></font></td>')
        return cells


def _cell(text: str, span: int | None = None) -> str:
    more = "" if span is None else f' colspan="{span}"'
    return f'<td bgcolor="white"{more}><font point-size="14">{text}</font></td>'


def _shapes(tensors: list[Any]) -> str:
    shapes = [tuple(x.shape) for x in tensors]
    return str(shapes[0] if len(shapes) == 1 else shapes)


class _Drawing:
    """A graph of pydot, filled with a model's layers.

    Args:
        pydot: The module.
        graph: The graph.
        style: What is shown.
    """

    def __init__(self, pydot: Any, graph: Any, style: _Style) -> None:
        self.pydot, self.graph, self.style = pydot, graph, style

    def add(self, model: Any) -> None:
        """Adds the layers and what runs from one to the next."""
        if not _is_graph(model):
            self._add_box(model)
            return
        for layer in model.layers:
            if self.style.nested and _is_graph(layer):
                cluster = _cluster(self.pydot, layer)
                _Drawing(self.pydot, cluster, self.style).add(layer)
                self.graph.add_subgraph(cluster)
            else:
                self._add_box(layer)
        inside = {id(layer) for layer in model.layers}
        for node in model._network.nodes:
            for source in node.inputs:
                before = source.history[0]
                if id(before) in inside:
                    self._connect(self._end(before, -1), self._end(node.layer, 0))

    def _add_box(self, layer: Any) -> None:
        box = {"label": self.style.label(layer), "fontname": "Helvetica", "border": 0, "margin": 0}
        self.graph.add_node(self.pydot.Node(str(id(layer)), **box))

    def _end(self, layer: Any, place: int) -> str:
        """The box that lines to (0) or from (-1) a layer end at."""
        while self.style.nested and _is_graph(layer):
            layer = layer.layers[place]
        return str(id(layer))

    def _connect(self, source: str, target: str) -> None:
        self.graph.add_edge(self.pydot.Edge(source, target, penwidth="2"))


def _is_graph(layer: Any) -> bool:
    return isinstance(layer, Model) and layer._network is not None


def _cluster(pydot: Any, model: Any) -> Any:
    return pydot.Cluster(model.name, label=model.name, labeljust="l", style="dashed")


def model_to_dot(
    model: Any, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True,
    rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200, subgraph: bool = False,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
) -> Any:  # fmt: skip
    """A model as a graph of pydot.

    Args:
        model: A model that is built.
        show_shapes: Whether the shapes of inputs and outputs are shown.
        show_dtype: Whether the dtypes of outputs are shown.
        show_layer_names: Whether names are shown.
        rankdir: ``"TB"``, from top to bottom, or ``"LR"``, from left to right.
        expand_nested: Whether the layers of models inside are shown.
        dpi: Dots per inch.
        subgraph: Whether a part of a graph is wanted, rather than a graph.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.
        splines: How lines run.

    Returns:
        A `pydot.Dot`, or a `pydot.Cluster` for a part of a graph.

    Raises:
        ValueError: If the model is not built.
        ImportError: If pydot is not installed.
    """
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model on "
            "a batch of data."
        )
    pydot = _pydot("model_to_dot")
    style = _Style(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, expand_nested
    )  # fmt: skip
    if subgraph:
        graph = _cluster(pydot, model)
    else:
        graph = pydot.Dot()
        for name, value in {"rankdir": rankdir, "concentrate": True, "dpi": dpi, "splines": splines}.items():
            graph.set(name, value)
        graph.set_node_defaults(shape="record")
    _Drawing(pydot, graph, style).add(model)
    return graph


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = False, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho", **kwargs: Any,
) -> Any:  # fmt: skip
    """Draws a model into a file.

    Args:
        model: A model that is built.
        to_file: The file; its ending says what kind it is.
        show_shapes: See `model_to_dot`, also for the others.
        show_dtype: Whether dtypes are shown.
        show_layer_names: Whether names are shown.
        rankdir: From top to bottom or from left to right.
        expand_nested: Whether the layers of models inside are shown.
        dpi: Dots per inch.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.
        splines: How lines run.
        **kwargs: None are known.

    Returns:
        In a notebook the picture, else None.

    Raises:
        ValueError: If the model is not built, or for unknown arguments.
        ImportError: If pydot or Graphviz is not installed.
    """
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
    dot = model_to_dot(
        model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi,
        show_layer_activations=show_layer_activations, show_trainable=show_trainable, splines=splines,
    )  # fmt: skip
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1][1:] or "png"
    try:
        dot.write(path, format=kind)
    except FileNotFoundError as error:
        raise ImportError(
            "You must install graphviz (see instructions at https://graphviz.gitlab.io/download/) for `plot_model` to "
            f"work, and the folder of {path} must exist: {error}"
        ) from None
    return _shown(path) if kind != "pdf" else None


def _pydot(function: str) -> Any:
    if importlib.util.find_spec("pydot") is None:
        raise ImportError(f"You must install pydot (`pip install pydot`) for `{function}` to work.")
    return importlib.import_module("pydot")


def _shown(path: str) -> Any:
    """The picture, in a notebook."""
    try:
        return importlib.import_module("IPython.display").Image(filename=path)
    except ImportError:
        return None
