"""Writes what TensorFlow Data Validation says about data beside other data.

Run it in an environment with tensorflow-data-validation 1.16.1:  python make_anomalies.py
"""

from __future__ import annotations

import gzip
import json
import pathlib
import random
import sys

import tensorflow_data_validation as tfdv
from google.protobuf import json_format, text_format
from tensorflow_data_validation.anomalies.proto import custom_validation_config_pb2
from tensorflow_data_validation.api import validation_api
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[3]))

from tests.validation.goldens.anomalies import checked_cases, custom_cases, slice_cases  # noqa: E402
from tests.validation.goldens.anomalies.comparator_cases import cases, random_case  # noqa: E402

RANDOM = 300


def text(message):
    return text_format.MessageToString(message, as_one_line=True, as_utf8=True)


def statistics_of(source):
    return None if source is None else text_format.Parse(source, statistics_pb2.DatasetFeatureStatisticsList())


def of_case(case):
    """A case with its anomalies, without the baseline, which is the schema."""
    schema = text_format.Parse(case.schema, schema_pb2.Schema())
    names = ("statistics", "previous", "serving", "version")
    statistics = {name: statistics_of(getattr(case, name)) for name in names}
    anomalies = validation_api.validate_statistics_internal(
        statistics["statistics"],
        schema,
        previous_span_statistics=statistics["previous"],
        serving_statistics=statistics["serving"],
        previous_version_statistics=statistics["version"],
    )
    anomalies.ClearField("baseline")
    given = {name: None if message is None else text(message) for name, message in statistics.items()}
    return {"schema": text(schema), **given, "anomalies": text(anomalies)}


def of_checked(case):
    """The same with the schema that would accept the data."""
    schema = text_format.Parse(case.schema, schema_pb2.Schema())
    return {**of_case(case), "updated": text(tfdv.update_schema(schema, statistics_of(case.statistics)))}


def with_messages(value):
    """The configuration with paths as messages."""
    if isinstance(value, list):
        return [with_messages(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {k: {"step": v} if k.endswith("_path") else with_messages(v) for k, v in value.items()}


def of_custom(config, environment):
    schema = text_format.Parse(custom_cases.SCHEMA, schema_pb2.Schema())
    schema.default_environment.extend(["X", "Y"])
    statistics, previous = statistics_of(custom_cases.STATISTICS), statistics_of(custom_cases.PREVIOUS)
    message = custom_validation_config_pb2.CustomValidationConfig()
    json_format.ParseDict(with_messages(config), message)
    anomalies = tfdv.validate_statistics(statistics, schema, environment, previous, custom_validation_config=message)
    anomalies.ClearField("baseline")
    return {
        "config": config,
        "environment": environment,
        "schema": text(schema),
        "statistics": text(statistics),
        "previous": text(previous),
        "anomalies": text(anomalies),
    }


def of_slices(schema, statistics, previous, serving):
    anomalies = tfdv.validate_corresponding_slices(
        statistics_of(statistics),
        text_format.Parse(schema, schema_pb2.Schema()),
        None,
        statistics_of(previous),
        statistics_of(serving),
    )
    anomalies.baseline.feature.sort(key=lambda feature: feature.name)  # they have the order of a set
    given = {"schema": schema, "statistics": statistics, "previous": previous, "serving": serving}
    return {**given, "anomalies": text(anomalies)}


def write(name, value):
    content = (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
    (HERE / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)


if __name__ == "__main__":
    print(tfdv.__version__)
    write("compared.json", {case.name: of_case(case) for case in cases()})
    write("checked.json", {case.name: of_checked(case) for case in checked_cases.cases()})
    write("custom.json", {name: of_custom(*case) for name, case in custom_cases.CASES.items()})
    write("slices.json", {name: of_slices(*case) for name, case in slice_cases.CASES.items()})
    write("distances.json.gz", [of_case(random_case(random.Random(seed))) for seed in range(RANDOM)])
