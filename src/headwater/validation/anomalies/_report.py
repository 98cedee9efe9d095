"""Findings → the `Anomalies` message, worded as TensorFlow Data Validation words it."""

from __future__ import annotations

from collections.abc import Iterable

from headwater.validation._paths import FeaturePath
from headwater.validation._protos import anomalies_pb2
from headwater.validation.anomalies._check import Finding

_SEVERAL = "Multiple errors"


def fill(info: anomalies_pb2.AnomalyInfo, findings: Iterable[Finding], path: FeaturePath | None = None) -> None:
    """Writes findings about one thing.

    The descriptions of several are joined. A finding without a description is passed over, unless it stands alone.
    """
    for finding in findings:
        info.reason.add(type=finding.type, short_description=finding.short, description=finding.long)
        info.severity = max(info.severity, finding.severity)
        if not info.description:
            info.short_description, info.description = finding.short, finding.long
        elif finding.long:
            info.short_description, info.description = _SEVERAL, f"{info.description} {finding.long}"
    if path is not None:
        info.path.CopyFrom(path.to_proto())
