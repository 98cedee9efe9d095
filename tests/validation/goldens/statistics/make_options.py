"""Writes what TensorFlow Data Validation says of cases with options. Run it in an environment with TFDV.

Names of cases as arguments: only those.
"""

import pathlib
import sys
import tempfile

import apache_beam as beam
import pyarrow as pa
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf import text_format
from tensorflow_data_validation.statistics.generators.cross_feature_stats_generator import CrossFeatureStatsGenerator
from tensorflow_metadata.proto.v0 import schema_pb2

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import option_cases  # noqa: E402

VOCABULARY = pathlib.Path(tempfile.mkdtemp()) / "vocabulary.txt"


def array(values: list) -> pa.Array:
    encode = [None if v is None else [x.encode() if isinstance(x, str) else x for x in v] for v in values]
    return pa.array(encode)


def main() -> None:
    for name, case in option_cases.CASES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        batch = pa.RecordBatch.from_arrays([array(v) for v in case.columns.values()], list(case.columns))
        options = dict(case.options)
        if case.schema:
            options["schema"] = text_format.Parse(case.schema, schema_pb2.Schema())
        if case.vocabulary:
            VOCABULARY.write_text("\n".join(case.vocabulary) + "\n")
            options["vocab_paths"] = {"v": str(VOCABULARY)}
        if case.crosses:
            options["generators"] = [CrossFeatureStatsGenerator(sample_rate=1.0)]
        target = FOLDER / "data" / f"options_{name.replace(' ', '_').replace(',', '')}.pbtxt"

        def write(statistics: object, target: pathlib.Path = target) -> None:
            target.write_text(text_format.MessageToString(statistics, as_one_line=True) + "\n")

        # Beam's own check of types refuses TFDV's pipeline for labels.
        with beam.Pipeline(options=PipelineOptions(pipeline_type_check=False)) as pipeline:
            _ = (
                pipeline
                | beam.Create([batch])
                | tfdv.GenerateStatistics(tfdv.StatsOptions(**options))
                | beam.Map(write)
            )


if __name__ == "__main__":
    main()
