"""Where a feature stands: its name, or the names on the way to it through structs."""

from __future__ import annotations

import re

from headwater.validation._protos import path_pb2

_PLAIN_STEP = re.compile(r"\([^()]*\)|[^().']+")


class FeaturePath(tuple[str, ...]):
    """The steps to a feature: one for a column, several for a field of a struct.

    >>> FeaturePath(["trip", "fare"]).parent()
    FeaturePath(['trip'])
    >>> str(FeaturePath(["trip", "fare"]))
    'trip.fare'
    """

    __slots__ = ()

    def steps(self) -> tuple[str, ...]:
        """The names on the way, the feature's own last."""
        return tuple(self)

    def parent(self) -> FeaturePath:
        """The path of the struct that holds the feature; empty for a column."""
        return FeaturePath(self[:-1])

    def child(self, step: str) -> FeaturePath:
        """The path of the field `step` of this struct."""
        return FeaturePath((*self, step))

    def serialized(self) -> str:
        """The steps joined by dots, those that hold one quoted: what names an entry of `Anomalies`.

        >>> FeaturePath(["trip", "fare.usd"]).serialized()
        "trip.'fare.usd'"
        """
        return ".".join(_quoted(step) for step in self)

    def to_proto(self) -> path_pb2.Path:
        """The same as a message of tensorflow-metadata."""
        return path_pb2.Path(step=self)

    @classmethod
    def from_proto(cls, proto: path_pb2.Path) -> FeaturePath:
        """The path that a message of tensorflow-metadata holds."""
        return cls(proto.step)

    @classmethod
    def from_string(cls, path: str) -> FeaturePath:
        """The path whose steps stand between the dots of `path`."""
        return cls(path.split("."))

    def __str__(self) -> str:
        return ".".join(self)

    def __repr__(self) -> str:
        return f"FeaturePath({list(self)!r})"


def as_path(path: str | FeaturePath) -> FeaturePath:
    """A name is the path of a column, dots and all."""
    return FeaturePath((path,)) if isinstance(path, str) else FeaturePath(path)


def _quoted(step: str) -> str:
    if _PLAIN_STEP.fullmatch(step):
        return step
    return "'" + step.replace("'", "''") + "'"
