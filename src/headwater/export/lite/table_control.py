"""Rules for conditionals and loops: their sub-Graphs become subgraphs of the file (see `table`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headwater.core.graph import Node
from headwater.export.lite.program import Value, Writer
from headwater.export.lite.table import Unsupported, rule


@rule("If")
def _if(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    if inputs[0].dtype != np.bool_:
        raise Unsupported("a switch over an integer. Use tf.cond.")
    then, other = w.lower(node.attrs["branch0"]), w.lower(node.attrs["branch1"])
    w.many("IF", inputs, node.outputs, thenSubgraphIndex=then, elseSubgraphIndex=other)


@rule("While")
def _while(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    cond, body = w.lower(node.attrs["cond"]), w.lower(node.attrs["body"])
    count = node.attrs["count"]
    # Subgraphs see nothing of their surroundings: what the loop reads goes round with its variables, unchanged.
    unchanged = [(v.dtype, v.shape) for v in inputs[count:]]
    loop = w.program.subgraphs[body]
    loop.outputs += loop.inputs[count:]
    w.many("WHILE", inputs, [*node.outputs, *unchanged], condSubgraphIndex=cond, bodySubgraphIndex=body)
