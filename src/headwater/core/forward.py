"""`ForwardAccumulator`: it computes tangents as ops run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.core import nest
from headwater.core.op import Op, is_differentiable
from headwater.core.recorder import Recorder
from headwater.core.tape import ZEROS_LIKE, UnconnectedGradients
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable


class ForwardAccumulator(Recorder):
    """Computes jacobian-vector products as operations run (forward mode).

    Args:
        primals: Tensors or variables, in any structure.
        tangents: Tensors of the same structure and shapes: the direction.

    >>> x = tf.constant(3.0)
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as acc:
    ...     y = x * x
    >>> acc.jvp(y)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        super().__init__()
        nest.assert_same_structure(primals, tangents)
        self._tangents: dict[int, Tensor] = {}
        self._variables: dict[int, Tensor] = {}
        self._kept: list[Any] = []
        for primal, tangent in zip(nest.flatten(primals), nest.flatten(tangents), strict=True):
            tangent = convert_to_tensor(tangent, primal.dtype)
            if not primal.shape.is_compatible_with(tangent.shape):
                raise ValueError(f"Expected a tangent of shape {primal.shape}, received shape {tangent.shape}.")
            self._kept.append(primal)
            if isinstance(primal, Variable):
                self._variables[primal._uid] = tangent
            else:
                self._kept.append(self.own(primal))
                self._tangents[id(self.own(primal))] = tangent

    def __enter__(self) -> ForwardAccumulator:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def follows(self, tensor: Tensor) -> bool:
        return id(tensor) in self._tangents

    def watch_read(self, variable: Variable, tensor: Tensor) -> None:
        if variable._uid in self._variables:
            self._tangents[id(tensor)] = self._variables[variable._uid]
            self._kept.append(tensor)

    def record(self, op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], outputs: Sequence[Tensor]) -> None:
        wrt = tuple([i for i, x in enumerate(inputs) if id(x) in self._tangents])
        smooth = [y for y in outputs if is_differentiable(y.dtype)]
        if not wrt or not smooth or not op.differentiable:
            return
        self.stop()
        try:
            given = [self._tangents[id(inputs[i])] for i in wrt]
            results = op.push_forward(inputs, attrs, wrt, given)
        finally:
            self.start()
        for output, tangent in zip(smooth, results, strict=True):
            self._tangents[id(output)] = tangent
        self._kept.extend(outputs)

    def jvp(self, primals: Any, unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE) -> Any:
        """The tangents of results.

        Args:
            primals: Tensors or variables, in any structure.
            unconnected_gradients: ``"none"`` or ``"zero"`` for those that do not depend on the inputs.

        Returns:
            A structure like `primals`.
        """
        unconnected = UnconnectedGradients(unconnected_gradients)

        def tangent(x: Any) -> Any:
            found = self._variables.get(x._uid) if isinstance(x, Variable) else self._tangents.get(id(self.own(x)))
            if found is None and unconnected is UnconnectedGradients.ZERO:
                return ZEROS_LIKE(convert_to_tensor(x))
            return found

        return nest.map_structure(tangent, primals)
