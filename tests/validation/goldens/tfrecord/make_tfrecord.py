"""Writes what TensorFlow Data Validation says of the cases. Run it in an environment with TFDV."""

import pathlib
import sys
import tempfile

import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.utils import slicing_util
from tfx_bsl.coders import sequence_example_coder

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import cases  # noqa: E402


def example(record: cases.Record) -> bytes:
    message = tf.train.Example()
    for name, values in record.items():
        feature = message.features.feature[name]
        if values is not None:
            target = getattr(feature, f"{values[0]}_list")
            target.SetInParent()
            target.value.extend(values[1])
    return message.SerializeToString()


def options(case: cases.Case) -> tfdv.StatsOptions:
    given = dict(case.options)
    if slices := given.pop("slices", None):
        given["experimental_slice_functions"] = [slicing_util.get_feature_value_slicer(slices)]
    return tfdv.StatsOptions(**given)


def write(name: str, statistics: object) -> None:
    text = text_format.MessageToString(statistics, as_one_line=True)
    (FOLDER / "data" / f"{name.replace(' ', '_')}.pbtxt").write_text(text + "\n")


def main() -> None:
    (FOLDER / "data").mkdir(exist_ok=True)
    for name, case in cases.CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/a.tfrecord"
            with tf.io.TFRecordWriter(path) as writer:
                for record in case.records:
                    writer.write(example(record))
            write(name, tfdv.generate_statistics_from_tfrecord(path, stats_options=options(case)))
    sequences(cases.SEQUENCES)


def sequences(records: list[cases.Sequence]) -> None:
    """Of the context alone, as of a file, and of the whole, as decoded for a pipeline."""
    contents = []
    for context, lists in records:
        message = tf.train.SequenceExample.FromString(example(context))
        for name, features in lists.items():
            feature_list = message.feature_lists.feature_list[name]
            for kind, values in features:
                target = getattr(feature_list.feature.add(), f"{kind}_list")
                target.SetInParent()
                target.value.extend(values)
        contents.append(message.SerializeToString())
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.tfrecord"
        with tf.io.TFRecordWriter(path) as writer:
            for content in contents:
                writer.write(content)
        write("sequences", tfdv.generate_statistics_from_tfrecord(path))
    decoder = sequence_example_coder.SequenceExamplesToRecordBatchDecoder("##SEQUENCE##")
    batch = decoder.DecodeBatch(contents)
    write("whole sequences", stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions()))


if __name__ == "__main__":
    main()
