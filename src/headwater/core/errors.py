"""TensorFlow's error classes.

Every class carries ``message``, ``error_code`` and (where known) the node and the user's source line.
Messages say what was expected, what was received and what to do about it.
"""

from __future__ import annotations

from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """The base of all errors raised by ops.

    Args:
        node_def: The op call the error belongs to, or None.
        op: The `Op`, or None.
        message: What was expected, what was received, and the remedy.
        error_code: One of the codes of this module.
    """

    code = UNKNOWN

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int | None = None) -> None:
        super().__init__(message)
        self.node_def = node_def
        self.op = op
        self.message = message
        self.error_code = self.code if error_code is None else error_code

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, None, self.message, self.error_code)


class CancelledError(OpError):
    """The operation was cancelled."""

    code = CANCELLED


class UnknownError(OpError):
    """An error whose kind is not known."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """An argument has a value, shape or dtype that the op cannot take."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """A deadline passed before the operation ended."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, key or device is not there."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """What should be made is there already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    code = PERMISSION_DENIED


class UnauthenticatedError(OpError):
    """The caller is not known."""

    code = UNAUTHENTICATED


class ResourceExhaustedError(OpError):
    """Memory or another resource ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The system is not in the state that the operation needs."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted."""

    code = ABORTED


class OutOfRangeError(OpError):
    """An iteration or a read went past the end."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation is not available for these arguments."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """An invariant of the engine does not hold."""

    code = INTERNAL


class UnavailableError(OpError):
    """A service cannot be reached."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data is corrupt or lost."""

    code = DATA_LOSS


class OperatorNotAllowedInGraphError(TypeError):
    """A symbolic tensor was used where Python needs a value."""


class InaccessibleTensorError(TypeError):
    """A symbolic tensor was used outside the function it belongs to."""
