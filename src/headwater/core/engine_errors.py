"""The one place where what JAX and XLA raise becomes TensorFlow's kind of error, and what users raise does not."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator

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


# The packages that kernels are made of: what is raised in them says that an op cannot take its inputs.
_ENGINE = ("headwater", "jax", "jaxlib", "numpy", "scipy", "ml_dtypes", "opt_einsum", "malt", "gast")
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
# Python's own limits are no property of an op's inputs.
_LIMITS = (RecursionError, MemoryError)


def reraise_foreign(error: Exception) -> None:
    """Raises what is not the engine's, but came while the engine was at work: `error`, or what the engine made it of.

    A signal's handler runs between any two lines: what it raises (a timeout, say) must reach whoever waits for it.
    """
    roots = tuple(_engine_folders())
    if not _is_of_engine(error, roots):
        raise error
    within: BaseException | None = error.__cause__ or error.__context__
    while isinstance(within, Exception) and _was_caught_by_engine(within, roots):
        if not _is_of_engine(within, roots):
            raise within
        within = within.__cause__ or within.__context__


def _is_of_engine(error: Exception, roots: tuple[str, ...]) -> bool:
    if isinstance(error, _LIMITS) or type(error).__module__.split(".")[0] not in ("builtins", *_ENGINE):
        return False
    for file in reversed(_files(error)):  # the standard library raises on behalf of its caller
        if file.startswith(roots):
            return True
        if not _is_standard(file):
            return False
    return True


def _was_caught_by_engine(error: Exception, roots: tuple[str, ...]) -> bool:
    files = _files(error)
    return bool(files) and (files[0].startswith(roots) or _is_standard(files[0]))


def _files(error: Exception) -> list[str]:
    return [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]


def _engine_folders() -> Iterator[str]:
    for name in _ENGINE:
        for folder in getattr(sys.modules.get(name), "__path__", ()):
            yield folder + os.sep


def _is_standard(file: str) -> bool:
    within = file.startswith(_STANDARD) and "site-packages" not in file and "dist-packages" not in file
    return within or file.startswith(("<frozen", "<__array_function__"))


def map_engine_error(error: BaseException, what: str) -> BaseException:
    """The error a user sees for an engine error raised while running `what`."""
    if isinstance(error, OpError):
        return error
    text = str(error).strip().split("\n\n--------------------")[0]
    kind: type[OpError] = InvalidArgumentError
    if isinstance(error, jax.errors.JaxRuntimeError):
        kind = _BY_STATUS.get(text.split(":", 1)[0].strip(), InternalError)
    return kind(None, None, f"{what}: {text}")


def stems_from(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an error is of a kind, or was raised because of one that is."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found is not None


def without_engine_notes(error: OpError) -> OpError:
    """The error without what JAX notes on exceptions that pass through it."""
    error.__notes__ = [note for note in getattr(error, "__notes__", []) if "JAX has removed" not in note]
    return error
