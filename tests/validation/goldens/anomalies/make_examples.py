"""Writes which examples TensorFlow Data Validation finds anomalous, and the statistics of those.

Run it in an environment with tensorflow-data-validation 1.16.1:  python make_examples.py
"""

from __future__ import annotations

import gzip
import json
import pathlib
import tempfile

import tensorflow as tf
import tensorflow_data_validation as tfdv
from example_cases import OF_RECORDS, RECORDS, TRIPS
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

HERE = pathlib.Path(__file__).parent
KINDS = {"id": "int64_list", "n": "int64_list", "fare": "float_list", "pay": "bytes_list", "code": "bytes_list"}


def options(schema):
    return tfdv.StatsOptions(schema=text_format.Parse(schema, schema_pb2.Schema()))


def found(validate, place, schema, number_of):
    statistics, samples = validate(place, options(schema), num_sampled_examples=100)
    return {
        "schema": text_format.MessageToString(text_format.Parse(schema, schema_pb2.Schema()), as_one_line=True),
        "examples": {reason: sorted(number_of(examples)) for reason, examples in sorted(samples.items())},
        "statistics": {
            dataset.name: text_format.MessageToString(dataset, as_one_line=True, as_utf8=True)
            for dataset in sorted(statistics.datasets, key=lambda dataset: dataset.name)
        },
    }


def record(i):
    example = tf.train.Example()
    for name, values in RECORDS.items():
        if values[i] is not None:
            held = getattr(example.features.feature[name], KINDS[name])
            held.value.extend(v.encode() if isinstance(v, str) else v for v in values[i])
    return example.SerializeToString()


def write_records(path):
    with tf.io.TFRecordWriter(path) as file:
        for i in range(len(RECORDS["id"])):
            file.write(record(i))


def id_of_record(examples):
    return [example.features.feature["id"].int64_list.value[0] for example in examples]


if __name__ == "__main__":
    place = str(HERE / "trips.csv")
    of_csv = {
        name: found(tfdv.validate_examples_in_csv, place, schema, lambda table: [int(i) for i in table["id"]])
        for name, schema in TRIPS.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        write_records(f"{folder}/records")
        of_records = {
            name: found(tfdv.validate_examples_in_tfrecord, f"{folder}/records", schema, id_of_record)
            for name, schema in OF_RECORDS.items()
        }
    content = {"csv": of_csv, "records": of_records}
    packed = gzip.compress((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode(), mtime=0)
    (HERE / "examples.json.gz").write_bytes(packed)
