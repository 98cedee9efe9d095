"""Messages that pages are made of: recorded ones, many, and hostile ones."""

import pathlib

from google.protobuf import text_format

from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2

GOLDENS = pathlib.Path(__file__).parent / "goldens" / "page"
HOSTILE = (
    "</script><script>document.title='HACKED'</script>",
    '"><img src=x onerror="document.title=\'HACKED\'">',
    "'; DROP TABLE raw; --",
    "<!--",
    "a\x00b",
    "\u202egnp.exe",
    "javascript:document.title='HACKED'",
    "{{constructor.constructor('document.title=1')()}}",
    "x" * 100_000,
    "ünï 日本 🚕",
)


def load(name: str, message):
    return text_format.Parse((GOLDENS / name).read_text(), message)


def train():
    return load("train.stats.pbtxt", statistics_pb2.DatasetFeatureStatisticsList())


def serving():
    return load("serving.stats.pbtxt", statistics_pb2.DatasetFeatureStatisticsList())


def hostile():
    """Statistics, schema and anomalies whose names and values are attacks."""
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(name="", num_examples=10)
    schema, anomalies = schema_pb2.Schema(), anomalies_pb2.Anomalies()
    for text in HOSTILE:
        feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append(text)
        stats = feature.string_stats
        stats.common_stats.num_non_missing = stats.common_stats.tot_num_values = 10
        stats.unique = 1
        stats.top_values.add(value=text, frequency=10)
        stats.rank_histogram.buckets.add(label=text, sample_count=10)
        schema.feature.add(name=text, type=schema_pb2.BYTES, domain="d")
        info = anomalies.anomaly_info[text]
        info.path.step.append(text)
        info.description = info.short_description = text
        info.reason.add(type=anomalies_pb2.AnomalyInfo.ENUM_TYPE_UNEXPECTED_STRING_VALUES, description=text)
    schema.string_domain.add(name="d", value=HOSTILE)
    return statistics, schema, anomalies


def many(count: int):
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(num_examples=8000)
    sources = list(train().datasets[0].features)
    for i in range(count):
        feature = dataset.features.add()
        feature.CopyFrom(sources[i % len(sources)])
        del feature.path.step[:]
        feature.path.step.append(f"feature {i}")
    return statistics
