"""Reading `Example` messages into dense tensors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import StaticValue, op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor, to_numpy
from headwater.ops._example_protos import messages

_FIELDS = {"float32": "float_list", "int64": "int64_list", "string": "bytes_list"}


class FixedLenFeature(NamedTuple):
    """A feature with the same number of values in every example.

    Args:
        shape: The shape of its values.
        dtype: float32, int64 or string.
        default_value: What examples without the feature have; None: it is an error.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of elements of one shape; shorter ones are filled up to the longest of the batch.

    Args:
        shape: The shape of one element.
        dtype: float32, int64 or string.
        allow_missing: Must be True for `Example` messages.
        default_value: What is filled up with; None: zero, or an empty string.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class _Column(NamedTuple):
    """A feature as a hashable attribute."""

    key: str
    dtype: str
    shape: tuple[int, ...]
    default: StaticValue | None
    sequence: bool


def columns(features: Any) -> tuple[_Column, ...]:
    """Features by key, in the order of the keys. Raises ValueError for kinds that are not dense."""
    if not features:
        raise ValueError(f"Missing `features`: expected a dictionary of features, received {features!r}.")
    return tuple([_column(key, features[key]) for key in sorted(features)])


def _column(key: str, feature: Any) -> _Column:
    if not isinstance(feature, FixedLenFeature | FixedLenSequenceFeature):
        raise ValueError(
            f"Feature {key!r} is a {type(feature).__name__}. Expected FixedLenFeature or FixedLenSequenceFeature, "
            "whose results are dense."
        )
    dtype = as_dtype(feature.dtype)
    if dtype.name not in _FIELDS:
        raise TypeError(
            f"Feature {key!r} has dtype {dtype.name}. Expected float32, int64 or string; use tf.cast."
        )
    shape = tuple([int(d or 0) for d in TensorShape(feature.shape).as_list()])
    sequence = isinstance(feature, FixedLenSequenceFeature)
    if isinstance(feature, FixedLenSequenceFeature) and not feature.allow_missing:
        raise ValueError(f"Unsupported: FixedLenSequenceFeature {key!r} requires allow_missing to be True.")
    default = feature.default_value
    if default is None:
        return _Column(key, dtype.name, shape, None, sequence)
    array = np.broadcast_to(to_numpy(default.numpy() if isinstance(default, Tensor) else default, dtype), shape)
    return _Column(key, dtype.name, shape, StaticValue(np.array(array)), sequence)


def _specs(inputs: Any, attrs: Any) -> Any:
    batch = inputs[0].shape
    return [
        (as_dtype(c.dtype), batch.concatenate(TensorShape([*([None] if c.sequence else []), *c.shape])))
        for c in attrs["features"]
    ]


@op("ParseExampleV2", effect="host", spec=_specs)
def PARSE_EXAMPLE(serialized: Any, *, features: tuple[_Column, ...]) -> Any:
    """One array per feature from a vector of messages, or from one."""
    parsed = [_message(text).features.feature for text in serialized.reshape(-1).tolist()]
    return tuple([_stack(parsed, column, serialized.shape) for column in features])


def _message(text: bytes) -> Any:
    from google.protobuf.message import DecodeError  # noqa: PLC0415  slow to import

    example = messages()["Example"]()
    try:
        example.ParseFromString(text)
    except DecodeError as error:
        raise InvalidArgumentError(
            None,
            None,
            f"Could not parse example input, value: {text[:100]!r}. Expected a serialized Example. ({error})",
        ) from None
    return example


def _values(features: Any, column: _Column) -> Any:
    """The values of one example; None where it lacks the feature."""
    if column.key not in features:
        return None
    feature = features[column.key]
    kind = feature.WhichOneof("kind")
    if kind is None:
        return None
    if kind != _FIELDS[column.dtype]:
        raise InvalidArgumentError(
            None,
            None,
            f"Key: {column.key}. Data types don't match. Expected type: {column.dtype}, but the example has a {kind}.",
        )
    found = getattr(feature, kind).value
    if column.dtype != "string":
        return np.asarray(found, as_dtype(column.dtype).as_numpy_dtype)
    texts = np.empty(len(found), object)
    texts[:] = list(found)
    return texts


def _stack(examples: list[Any], column: _Column, batch: tuple[int, ...]) -> Any:
    rows = [_values(example, column) for example in examples]
    if column.sequence:
        return _padded(rows, column, batch)
    size = int(np.prod(column.shape))
    for index, row in enumerate(rows):
        if row is None:
            if column.default is None:
                raise InvalidArgumentError(
                    None, None, f"Name: <unknown>, Feature: {column.key} (data type: {column.dtype}) is required but "
                    f"could not be found (example {index}). Give a default_value if it may be missing.",
                )  # fmt: skip
            rows[index] = column.default.array.reshape(-1)
        elif row.size != size:
            raise InvalidArgumentError(
                None, None, f"Key: {column.key}. Can't parse serialized Example: expected {size} values for shape "
                f"{list(column.shape)}, received {row.size} (example {index}).",
            )  # fmt: skip
    return _joined(rows, column).reshape((*batch, *column.shape))


def _padded(rows: list[Any], column: _Column, batch: tuple[int, ...]) -> Any:
    size = int(np.prod(column.shape))
    lengths = [0 if row is None else row.size // size for row in rows]
    longest = max(lengths, default=0)
    blank = b"" if column.dtype == "string" else 0
    filler = blank if column.default is None else column.default.array.reshape(-1)[0]
    full = [
        np.concatenate(
            [_joined([] if row is None else [row], column), _joined([[filler] * (longest * size - n * size)], column)]
        )
        for row, n in zip(rows, lengths, strict=True)
    ]
    return _joined(full, column).reshape((*batch, longest, *column.shape))


def _joined(rows: list[Any], column: _Column) -> Any:
    dtype = object if column.dtype == "string" else as_dtype(column.dtype).as_numpy_dtype
    return np.concatenate([np.asarray(row, dtype).reshape(-1) for row in rows]) if rows else np.zeros([0], dtype)


def parse_example(serialized: Any, features: Any, example_names: Any = None, name: str | None = None) -> dict[str, Any]:
    """Tensors from a vector of serialized `Example` messages.

    Args:
        serialized: Strings, of shape ``[batch]``.
        features: By name, a `FixedLenFeature` or `FixedLenSequenceFeature`.
        example_names: Accepted for compatibility.
        name: A name for the op.

    Returns:
        By name, a tensor of shape ``[batch, *feature.shape]``.

    Raises:
        InvalidArgumentError: If a message is malformed, or lacks a feature without default.

    >>> example = tf.train.Example()
    >>> example.features.feature["x"].float_list.value.append(1.5)
    >>> tf.io.parse_example([example.SerializeToString()], {"x": tf.io.FixedLenFeature([], tf.float32)})
    {'x': <tf.Tensor: shape=(1,), dtype=float32, numpy=array([1.5], dtype=float32)>}
    """
    found = columns(features)
    results = PARSE_EXAMPLE(convert_to_tensor(serialized, dtypes.string), features=found, name=name)
    return dict(zip([c.key for c in found], results, strict=True))


def parse_single_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """Tensors from one serialized `Example` message; see `parse_example`.

    >>> example = tf.train.Example()
    >>> example.features.feature["n"].int64_list.value.extend([1, 2])
    >>> tf.io.parse_single_example(example.SerializeToString(), {"n": tf.io.FixedLenFeature([2], tf.int64)})
    {'n': <tf.Tensor: shape=(2,), dtype=int64, numpy=array([1, 2])>}
    """
    return parse_example(serialized, features, example_names, name)
