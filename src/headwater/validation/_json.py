"""What was found, as JSON for programs."""

from __future__ import annotations

import json
import math
from typing import Any

from headwater.validation._protos import anomalies_pb2
from headwater.validation.page._anomalies import Distance, distances
from headwater.validation.page._features import Dataset, path_of

_Info = anomalies_pb2.AnomalyInfo


def as_json(dataset: Dataset, anomalies: Any) -> str:
    """A JSON object, a line per entry.

    Args:
        dataset: The data that was looked at.
        anomalies: What is wrong with it; None if there was no schema to check it against.
    """
    infos = {} if anomalies is None else {name: anomalies.anomaly_info[name] for name in sorted(anomalies.anomaly_info)}
    found = [_anomaly(path_of(info) if info.path.step else (name,), info) for name, info in infos.items()]
    if anomalies is not None and anomalies.HasField("dataset_anomaly_info"):
        found.insert(0, _anomaly((), anomalies.dataset_anomaly_info))
    document = {
        "data": dataset.name,
        "examples": dataset.examples,
        "features": len(dataset.message.features),
        "validated": anomalies is not None,
        "data_missing": anomalies is not None and anomalies.data_missing,
        "anomalies": found,
        "distances": [] if anomalies is None else [_distance(row) for row in distances(anomalies)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _anomaly(path: tuple[str, ...], info: Any) -> dict[str, Any]:
    """An anomaly; that of the whole data set has no feature and an empty path."""
    return {
        "feature": ".".join(path) or None,
        "path": list(path),
        "severity": _Info.Severity.Name(info.severity),
        "short_description": info.short_description,
        "description": info.description,
        "reasons": [
            {
                "type": _Info.Type.Name(reason.type),
                "short_description": reason.short_description,
                "description": reason.description,
            }
            for reason in info.reason
        ],
    }


def _distance(distance: Distance) -> dict[str, Any]:
    """A distance; JSON has no infinities, and null stands for a threshold that is not set."""
    fields = distance._asdict()
    return {name: None if _is_infinite(value) else value for name, value in fields.items()}


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
