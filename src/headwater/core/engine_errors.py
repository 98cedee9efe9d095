"""The one place where what JAX and XLA raise becomes TensorFlow's kind of error."""

from __future__ import annotations

import jax

from headwater.core.errors import (
    AbortedError,
    AlreadyExistsError,
    CancelledError,
    DataLossError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    OutOfRangeError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)

_BY_STATUS: dict[str, type[OpError]] = {
    "CANCELLED": CancelledError,
    "INVALID_ARGUMENT": InvalidArgumentError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
    "NOT_FOUND": NotFoundError,
    "ALREADY_EXISTS": AlreadyExistsError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "UNAUTHENTICATED": UnauthenticatedError,
    "RESOURCE_EXHAUSTED": ResourceExhaustedError,
    "FAILED_PRECONDITION": FailedPreconditionError,
    "ABORTED": AbortedError,
    "OUT_OF_RANGE": OutOfRangeError,
    "UNIMPLEMENTED": UnimplementedError,
    "INTERNAL": InternalError,
    "UNAVAILABLE": UnavailableError,
    "DATA_LOSS": DataLossError,
}


def map_engine_error(error: BaseException, what: str) -> BaseException:
    """The error a user sees for an engine error raised while running `what`."""
    if isinstance(error, OpError):
        return error
    text = str(error).strip().split("\n\n--------------------")[0]
    kind: type[OpError] = InvalidArgumentError
    if isinstance(error, jax.errors.JaxRuntimeError):
        kind = _BY_STATUS.get(text.split(":", 1)[0].strip(), InternalError)
    return kind(None, None, f"{what}: {text}")


def without_engine_notes(error: OpError) -> OpError:
    """The error without what JAX notes on exceptions that pass through it."""
    error.__notes__ = [note for note in getattr(error, "__notes__", []) if "JAX has removed" not in note]
    return error
