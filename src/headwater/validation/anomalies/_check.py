"""A check: one declaration that says when it applies, finds fault, words it, and mends the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from headwater.validation._protos import anomalies_pb2

Type = anomalies_pb2.AnomalyInfo
Fields = Mapping[str, Any]
HERE: Fields = {}  # what a check returns whose words are always the same


class Finding(NamedTuple):
    """One reason why something is anomalous.

    Args:
        type: an `AnomalyInfo.Type`.
        short: the short description.
        long: the description, which may be empty.
        severity: an `AnomalyInfo.Severity`.
    """

    type: int
    short: str
    long: str
    severity: int = Type.ERROR


class Examined(Protocol):
    """What `examine` needs of a subject: a place for its findings."""

    findings: list[Finding]


S = TypeVar("S", bound=Examined)


def always(_: Examined) -> bool:
    return True


def leave(_: Examined, __: Fields) -> None:
    """Mends nothing: there is nothing in the schema that could be changed to accept such data."""


@dataclass(frozen=True)
class Check(Generic[S]):
    """What can be wrong in one way, and what follows.

    Args:
        type: the `AnomalyInfo.Type` of its findings; None for what is mended without a word.
        short: the short description, with the names of fields in braces.
        long: the description, likewise.
        find: returns the fields of what it finds (`HERE` if there are none), or None; or a list, of one per finding.
        mend: changes the schema so that it accepts what was found.
        when: whether it applies to a subject.
        last: whether a finding ends the examination, since nothing that follows could mean anything.
        severity: an `AnomalyInfo.Severity`.
    """

    type: int | None
    short: str = ""
    long: str = ""
    find: Callable[[S], Fields | list[Fields] | None] = lambda _: HERE
    mend: Callable[[S, Fields], None] = leave
    when: Callable[[S], bool] = always
    last: bool = False
    severity: int = Type.ERROR

    def examine(self, subject: S) -> bool:
        """Adds what it finds to the subject's findings and mends. Returns whether it found anything."""
        if not self.when(subject):
            return False
        found = self.find(subject)
        if found is None:
            return False
        every = found if isinstance(found, list) else [found]
        for fields in every:
            if self.type is not None:
                subject.findings.append(self._word(self.type, fields))
            self.mend(subject, fields)
        return bool(every)

    def _word(self, type_: int, fields: Fields) -> Finding:
        return Finding(type_, self.short.format_map(fields), self.long.format_map(fields), self.severity)


@dataclass(frozen=True)
class Each(Generic[S]):
    """A table of which all rows are gone through for one part of a subject (a nesting level, say), then for the next.

    Args:
        parts: the parts of a subject, themselves subjects that share its list of findings.
        checks: the table.
    """

    parts: Callable[[S], Iterable[Any]]
    checks: tuple[Check[Any], ...]

    last: ClassVar = False

    def examine(self, subject: S) -> bool:
        """Examines every part. Returns whether anything was found."""
        found = [check.examine(part) for part in self.parts(subject) for check in self.checks]
        return any(found)


def examine(subject: S, checks: Iterable[Check[S] | Each[S]]) -> None:
    """Runs checks in order, each on the schema as the ones before have mended it."""
    for check in checks:
        if check.examine(subject) and check.last:
            return
