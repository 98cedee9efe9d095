"""Writes what TensorFlow Data Validation says about the cases, and about random ones.

Run it in an environment with tensorflow-data-validation 1.16.1:  python make_goldens.py
"""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import random

import tensorflow_data_validation as tfdv
from cases import INFERRED, cases
from google.protobuf import text_format
from random_cases import random_case
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

HERE = pathlib.Path(__file__).parent
RANDOM = 150


def text(message, one_line=True):
    return text_format.MessageToString(message, as_one_line=one_line, as_utf8=True)


def parse_statistics(source):
    return text_format.Parse(source, statistics_pb2.DatasetFeatureStatisticsList())


def validated(statistics, schema, environment):
    """The anomalies without the baseline, which is the schema."""
    anomalies = tfdv.validate_statistics(statistics, schema, environment)
    anomalies.ClearField("baseline")
    return anomalies


def of_case(case):
    schema = text_format.Parse(case.schema, schema_pb2.Schema())
    statistics = parse_statistics(case.statistics)
    return {
        "schema": text(schema),
        "statistics": text(statistics),
        "environment": case.environment,
        "anomalies": text(validated(statistics, schema, case.environment)),
        "updated": text(tfdv.update_schema(schema, statistics)),
    }


def inferred(source):
    return {
        "statistics": text(parse_statistics(source)),
        "schema": text(tfdv.infer_schema(parse_statistics(source))),
        "without shapes, at most 2 strings": text(
            tfdv.infer_schema(parse_statistics(source), infer_feature_shape=False, max_string_domain_size=2)
        ),
    }


def encoded(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def of_random(seed):
    schema, statistics, environment = random_case(random.Random(seed))
    copy = statistics_pb2.DatasetFeatureStatisticsList()
    copy.CopyFrom(statistics)  # infer_schema changes its argument
    return {
        "schema": encoded(schema),
        "statistics": encoded(statistics),
        "environment": environment,
        "anomalies": encoded(validated(statistics, schema, environment)),
        "updated": encoded(tfdv.update_schema(schema, statistics)),
        "inferred": encoded(tfdv.infer_schema(copy)),
    }


def write(name, value):
    content = (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
    if name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    (HERE / name).write_bytes(content)


if __name__ == "__main__":
    write("validated.json", {case.name: of_case(case) for case in cases()})
    write("inferred.json", {name: inferred(source) for name, source in INFERRED.items()})
    write("random.json.gz", [of_random(seed) for seed in range(RANDOM)])
