"""Products of matrices and tensors."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core.dimensions import is_symbolic
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape, broadcast_shapes, unknown_shape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _exact
from headwater.ops._cast import cast
from headwater.ops._common import convert_pair
from headwater.ops._elementwise import conj
from headwater.ops._inputs import matched, static_rank, static_value
from headwater.ops._shape import expand_dims, squeeze, transpose


def _matmul(a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"Expected matrices of rank 2 or more, received ranks {a.ndim} and {b.ndim}. Use expand_dims.")
    if transpose_a:
        a = jnp.swapaxes(a, -1, -2)
    if transpose_b:
        b = jnp.swapaxes(b, -1, -2)
    return jnp.matmul(a, b)


MATMUL = Op("MatMul", _matmul, same_dtype=True)
BATCH_MATMUL = Op("BatchMatMulV2", _matmul, same_dtype=True)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Multiplies matrices, held by the last two axes; earlier axes broadcast.

    Args:
        a: A tensor of rank 2 or more.
        b: A tensor of the same dtype.
        transpose_a: Whether `a`'s matrices are transposed first.
        transpose_b: The same for `b`.
        adjoint_a: Whether `a`'s matrices are conjugated and transposed first.
        adjoint_b: The same for `b`.
        a_is_sparse: Accepted for compatibility.
        b_is_sparse: Accepted for compatibility.
        output_type: The dtype of the result, for 8-bit integers: int32.
        grad_a: Accepted for compatibility.
        grad_b: Accepted for compatibility.
        name: A name for the operation.

    Raises:
        ValueError: If one matrix is to be both transposed and adjoint.
        InvalidArgumentError: (ValueError while tracing) if the inner dimensions differ.

    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[11.]], dtype=float32)>
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ValueError("Only one of `transpose` and `adjoint` can be True for each matrix.")
    a, b = convert_pair(a, b)
    if output_type is not None and as_dtype(output_type) is not a.dtype:
        a, b = cast(a, output_type), cast(b, output_type)
    a, b = conj(a) if adjoint_a else a, conj(b) if adjoint_b else b
    first, second = bool(transpose_a or adjoint_a), bool(transpose_b or adjoint_b)
    product = MATMUL if a.shape.rank == b.shape.rank == 2 else BATCH_MATMUL
    return product(a, b, transpose_a=first, transpose_b=second, name=name)


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Multiplies matrices with vectors; see `matmul`.

    >>> tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    """
    a, b = convert_pair(a, b)
    product = matmul(a, expand_dims(b, -1), transpose_a=transpose_a, adjoint_a=adjoint_a)
    return squeeze(product, -1, name=name)


def _label_sizes(terms: str, shapes: Sequence[TensorShape]) -> tuple[dict[str, int | None], TensorShape]:
    """The size of each label, which is one and the same everywhere, and the shape that ``...`` stands for."""
    sizes: dict[str, int | None] = {}
    rest = TensorShape([])
    for term, shape in zip(terms.split(","), shapes, strict=True):
        before, dots, after = term.partition("...")
        if len(shape) < len(before + after) or (not dots and len(shape) != len(term)):
            raise ValueError(f"Expected {len(before + after)} dimensions for term {term!r}, received shape {shape}.")
        end = len(shape) - len(after)
        rest = broadcast_shapes(rest, shape[len(before) : end])
        for label, size in zip(before + after, (*shape[: len(before)], *shape[end:]), strict=True):
            if None not in (size, sizes.get(label)) and size != sizes[label]:
                raise ValueError(f"Expected one size for label {label!r}, received {sizes[label]} and {size}.")
            sizes[label] = size if sizes.get(label) is None else sizes[label]
    return sizes, rest


def _einsum_spec(inputs: Any, attrs: dict[str, Any]) -> Any:
    """The result's shape by labels; `...` stands for whatever axes the labels leave over."""
    terms, _, result = attrs["equation"].partition("->")
    if "->" not in attrs["equation"]:
        labels = terms.replace(",", "").replace("...", "")
        result = "..." * ("..." in terms) + "".join(sorted(c for c in set(labels) if labels.count(c) == 1))
    if any(x.shape.rank is None for x in inputs):
        return inputs[0].dtype, unknown_shape(None if "..." in result else len(result))
    sizes, rest = _label_sizes(terms, [x.shape for x in inputs])
    before, dots, after = result.partition("...")
    dims = [[sizes[c] for c in before], list(rest) if dots else [], [sizes[c] for c in after]]
    return inputs[0].dtype, TensorShape([d for part in dims for d in part])


def _shape_known(dims: Any) -> TensorShape:
    return TensorShape([None if is_symbolic(d) else d for d in dims])


@op("Einsum", same_dtype=True, spec=_einsum_spec)
def EINSUM(*inputs: Any, equation: str) -> Any:
    _label_sizes(equation.partition("->")[0], [_shape_known(x.shape) for x in inputs])
    return _exact.on_bits(lambda *bits: jnp.einsum(equation, *bits), *inputs)


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """Sums products of elements by Einstein's convention.

    Args:
        equation: Such as ``"ij,jk->ik"``; ``...`` stands for further axes.
        *inputs: One tensor per term.
        **kwargs: ``name``; ``optimize`` is accepted for compatibility.

    >>> tf.einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).numpy()
    array([[11]], dtype=int32)
    """
    name = kwargs.pop("name", None)
    kwargs.pop("optimize", None)
    if kwargs:
        raise TypeError(f"Invalid keyword arguments for einsum: {', '.join(kwargs)}.")
    return EINSUM(*matched(*inputs), equation=equation.replace(" ", ""), name=name)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Sums products over axes of two tensors.

    Args:
        a: A tensor.
        b: A tensor of the same dtype.
        axes: A number (that many last axes of `a` and first of `b`), or the two lists of axes.
        name: A name for the operation.

    Returns:
        A tensor whose axes are those left of `a`, then those left of `b`.

    Raises:
        ValueError: If there are not as many axes for `a` as for `b`.

    >>> tf.tensordot([[1, 2], [3, 4]], [10, 1], 1).numpy()
    array([12, 34], dtype=int32)
    """
    a, b = matched(a, b)
    first, second = _contracted(axes, static_rank(a, "tensordot"), static_rank(b, "tensordot"))
    letters = iter(string.ascii_letters)
    names_a = [next(letters) for _ in a.shape]
    names_b = [names_a[first[second.index(i)]] if i in second else next(letters) for i in range(len(b.shape))]
    kept = [n for i, n in enumerate(names_a) if i not in first] + [n for i, n in enumerate(names_b) if i not in second]
    return EINSUM(a, b, equation=f"{''.join(names_a)},{''.join(names_b)}->{''.join(kept)}", name=name)


def _contracted(axes: Any, rank_a: int, rank_b: int) -> tuple[list[int], list[int]]:
    value = axes if isinstance(axes, list | tuple) else static_value(axes)
    if not isinstance(value, list | tuple) and np.ndim(value) == 0:
        count = int(value)
        return list(range(rank_a - count, rank_a)), list(range(count))
    first, second = (np.atleast_1d(np.asarray(v)).tolist() for v in value)
    if len(first) != len(second):
        raise ValueError(f"Different number of contraction axes for a and b: {len(first)} != {len(second)}.")
    return [i % rank_a for i in first], [i % rank_b for i in second]


def _cross_spec(inputs: Any, attrs: dict[str, Any]) -> Any:
    shape = inputs[0].shape.merge_with(inputs[1].shape)
    if shape.rank == 0 or shape[-1] not in (3, None):
        raise ValueError(f"Expected shapes that end in 3, received {shape}.")
    return inputs[0].dtype, shape


@op("Cross", same_dtype=True, spec=_cross_spec)
def CROSS(a: Any, b: Any) -> Any:
    if a.shape[-1] != 3 or a.shape != b.shape:
        raise ValueError(f"Expected two tensors of one shape that ends in 3, received {a.shape} and {b.shape}.")
    return jnp.cross(a, b)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Computes the cross product of 3-vectors, held by the last axis.

    >>> tf.linalg.cross([1, 0, 0], [0, 1, 0]).numpy()
    array([0, 0, 1], dtype=int32)
    """
    return CROSS(*matched(a, b), name=name)


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """Swaps the last two axes.

    Args:
        a: A tensor of rank 2 or more.
        name: A name for the operation.
        conjugate: Whether complex elements are conjugated too.

    >>> tf.linalg.matrix_transpose([[1, 2]]).numpy()
    array([[1],
           [2]], dtype=int32)
    """
    x = convert_to_tensor(a)
    rank = x.shape.rank
    if rank is None:
        return SWAP(conj(x) if conjugate else x, name=name)
    if rank < 2:
        raise ValueError(f"Argument `a` should be a (batch) matrix with rank >= 2, received shape {x.shape}.")
    return transpose(x, [*range(rank - 2), rank - 1, rank - 2], conjugate=conjugate, name=name)


@op("MatrixTranspose")
def SWAP(x: Any) -> Any:
    return jnp.swapaxes(x, -1, -2)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """Swaps the last two axes and conjugates.

    >>> tf.linalg.adjoint([[1j, 2]]).numpy()
    array([[0.-1.j],
           [2.-0.j]])
    """
    return matrix_transpose(matrix, name=name or "adjoint", conjugate=True)
