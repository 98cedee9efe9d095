"""`EinsumDense`: a dense layer over the axes that an equation names."""

from __future__ import annotations

import re
from typing import Any

from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
from headwater.ops import linalg

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class _Plan:
    """The shapes that follow from an equation, the input's shape and the sizes asked of the output."""

    def __init__(self, equation: str, input_shape: Any, output_shape: tuple[Any, ...]) -> None:
        found = _EQUATION.fullmatch(equation.replace(" ", ""))
        before, given, after, self.kernel, out_before, self.output, out_after = found.groups() if found else ("",) * 7
        if found is None or (before, after) != (out_before, out_after) or (before and after):
            raise ValueError(
                f"Invalid einsum equation '{equation}'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z] "
                "or [X]...,[Y]->[Z]...."
            )
        self.unnamed_last = len(input_shape) - len(given) if after else 0
        named = input_shape[len(input_shape) - len(given) :] if before else input_shape[: len(given)]
        self.sizes: dict[str, Any] = dict(zip(given, named, strict=False))
        # The sizes asked of the output belong to its last named axes, or to those after the batch.
        axes, wanted = (self.output[::-1], output_shape[::-1]) if before else (self.output[1:], output_shape)
        for axis, size in zip(axes, wanted, strict=False):
            self._set(axis, size)

    def _set(self, axis: str, size: Any) -> None:
        known = self.sizes.get(axis)
        if known is not None and size is not None and known != size:
            raise ValueError(
                f"Input shape and output shape do not match at shared dimension '{axis}'. Input shape is {known}, and "
                f"output shape is {size}."
            )
        self.sizes[axis] = size if known is None else known

    def kernel_shape(self) -> tuple[Any, ...]:
        """The kernel's shape. Raises ValueError for an axis that nothing gives a size."""
        for axis in self.kernel:
            if axis not in self.sizes:
                raise ValueError(
                    f"Weight dimension '{axis}' did not have a match in either the input spec or the output spec "
                    f"'{self.output}'. For this layer, the weight must be fully specified."
                )
        return tuple([self.sizes[axis] for axis in self.kernel])

    def bias_shape(self, axes: str) -> tuple[Any, ...]:
        """The shape of a bias along some of the output's axes, which broadcasts with the output."""
        for axis in axes:
            if axis not in self.output:
                raise ValueError(
                    f"Bias dimension '{axis}' was requested, but is not part of the output spec '{self.output}'"
                )
        first = min(self.output.index(axis) for axis in axes)
        shape = [self.sizes[axis] if axis in axes else 1 for axis in self.output[first:]]
        return (*shape, *[1] * self.unnamed_last)


@builtin("keras.layers")
class EinsumDense(Layer):
    """``activation(einsum(equation, inputs, kernel) + bias)``: a dense layer over any axes.

    Args:
        equation: Of the form ``"abc,cd->abd"``: axes of the input (the first is the batch), of the kernel, and of the
            output. Input and output may have an ellipsis, both before or both after their named axes.
        output_shape: The output's shape without the batch dimension: an integer or a tuple; None for sizes that follow
            from the input.
        activation: A function or its name.
        bias_axes: The output's axes that the bias has, such as ``"d"``; None for no bias.
        kernel_initializer: First values of the kernel.
        bias_initializer: First values of the bias.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: Applied to the kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    Raises:
        ValueError: If the equation has another form, or does not fit the shapes.

    >>> tf.keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")(tf.zeros([2, 5, 3])).shape
    TensorShape([2, 5, 64])
    """

    computes_in_floats = True

    def __init__(
        self, equation: str, output_shape: Any, activation: Any = None, bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = tuple(output_shape) if isinstance(output_shape, list | tuple) else (output_shape,)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        plan = _Plan(self.equation, tuple(input_shape), self.partial_output_shape)
        self.kernel = self.add_weight(
            plan.kernel_shape(), self.kernel_initializer, name="kernel", regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.bias_axes:
            self.bias = self.add_weight(
                plan.bias_shape(self.bias_axes), self.bias_initializer, name="bias", regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip

    def call(self, inputs: Any, training: Any = None) -> Any:
        outputs = linalg.einsum(self.equation, inputs, self.in_compute_dtype(self.kernel))
        if self.bias is not None:
            outputs = outputs + self.in_compute_dtype(self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "equation": self.equation, "output_shape": self.partial_output_shape,
            "activation": activations.serialize(self.activation), "bias_axes": self.bias_axes,
            "kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer,
            "kernel_regularizer": self.kernel_regularizer, "bias_regularizer": self.bias_regularizer,
            "kernel_constraint": self.kernel_constraint, "bias_constraint": self.bias_constraint,
        }  # fmt: skip
