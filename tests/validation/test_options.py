"""Every option of statistics has the effect it has in TFDV, or says why it has none."""

import dataclasses
import json
import pathlib

import numpy as np
import pyarrow as pa
import pytest
from google.protobuf import text_format

import headwater.validation as tfdv
from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.generators import CrossFeatureStatsGenerator, StatsGenerator
from tests.validation.goldens.statistics.option_cases import CASES, CATEGORIES
from tests.validation.protos import differences
from tests.validation.test_statistics import assert_same

GOLDENS = pathlib.Path(__file__).parent / "goldens" / "statistics" / "data"


def golden(name):
    text = (GOLDENS / f"options_{name.replace(' ', '_').replace(',', '')}.pbtxt").read_text()
    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def schema(text):
    return text_format.Parse(text, schema_pb2.Schema())


def column(values):
    """Texts as texts, and as bytes where some are no texts."""
    given = [x for v in values if v for x in v]
    if any(isinstance(x, bytes) for x in given):
        values = [v and [x.encode() if isinstance(x, str) else x for x in v] for v in values]
    return pa.array(values)


def in_order(statistics):
    """Crosses in an order: TFDV's depends on the process."""
    for dataset in statistics.datasets:
        crosses = sorted(dataset.cross_features, key=lambda cross: (list(cross.path_x.step), list(cross.path_y.step)))
        del dataset.cross_features[:]
        dataset.cross_features.extend(crosses)
    return statistics


def languages(statistics):
    """Takes out the statistics of languages. What is a sample in them, or in no order, becomes comparable."""
    for dataset in statistics.datasets:
        for feature in dataset.features:
            for custom in feature.custom_stats:
                if custom.name == "nl_statistics":
                    found = statistics_pb2.NaturalLanguageStatistics()
                    assert custom.any.Unpack(found)
                    custom.ClearField("any")
                    sequences = set(found.reported_sequences)
                    del found.reported_sequences[:]
                    tokens = sorted(found.token_statistics, key=str)
                    del found.token_statistics[:]
                    yield found, sequences, tokens


@pytest.mark.parametrize("name", list(CASES))
def test_statistics_are_tfdvs(name, tmp_path):
    case = CASES[name]
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("\n".join(case.vocabulary) + "\n")
    has_language = "vocabulary" in case.schema
    options = tfdv.StatsOptions(
        vocab_paths={"v": vocabulary} if has_language else None,
        schema=schema(case.schema) if case.schema else None,
        generators=[CrossFeatureStatsGenerator()] if case.crosses else None,
        **case.options,
    )
    table = pa.table({name: column(values) for name, values in case.columns.items()})
    ours, theirs = tfdv.generate_statistics_from_dataframe(table, options), golden(name)
    if name == "crosses":
        # Of a feature that does not vary, TFDV's covariance is what rounding left.
        assert abs(theirs.datasets[0].cross_features[2].num_cross_stats.covariance) < 1e-14
        theirs.datasets[0].cross_features[2].num_cross_stats.ClearField("covariance")
    pairs = list(zip(languages(ours), languages(theirs), strict=True))
    assert bool(pairs) == has_language
    for (mine, sequences, tokens), (their, their_sequences, their_tokens) in pairs:
        assert list(differences(mine, their)) == []
        assert (sequences, len(tokens)) == (their_sequences, len(their_tokens))
        assert [d for a, b in zip(tokens, their_tokens, strict=True) for d in differences(a, b)] == []
    assert_same(in_order(ours), in_order(theirs))


# What is not as in TFDV, and options that cannot have an effect ---------------------------------------------------


def test_weights_of_single_features():
    """TFDV takes the weight of missing values from `weight_feature`, and gets -1 here."""
    table = {"x": [1, 2, None], "s": ["a", "b", "b"], "w": [1.0, 2.0, 3.0], "v": [2.0, 5.0, 7.0]}
    options = tfdv.StatsOptions(weight_feature="w", per_feature_weight_override={tfdv.FeaturePath(["x"]): "v"})
    found = tfdv.generate_statistics_from_dataframe(pa.table(table), options).datasets[0]
    x, s, *_ = found.features
    weighted = x.num_stats.common_stats.weighted_common_stats
    assert (weighted.num_non_missing, weighted.num_missing, weighted.tot_num_values) == (7, 7, 7)
    assert x.num_stats.weighted_numeric_stats.mean == pytest.approx(12 / 7)
    assert [(t.value, t.frequency) for t in s.string_stats.weighted_string_stats.top_values] == [("b", 5), ("a", 1)]
    assert found.weighted_num_examples == 6
    only = tfdv.StatsOptions(per_feature_weight_override={"x": "v"})
    x, s, *_ = tfdv.generate_statistics_from_dataframe(pa.table(table), only).datasets[0].features
    assert x.num_stats.common_stats.weighted_common_stats.num_missing == 7
    assert not s.string_stats.HasField("weighted_string_stats")


KNOWN = 'feature {name: "a" type: INT} feature {name: "b" type: FLOAT} feature {name: "c" type: BYTES}'


def csv(folder, text, **options):
    path = folder / "data.csv"
    path.write_text(text)
    found = tfdv.generate_statistics_from_csv(path, stats_options=tfdv.StatsOptions(**options)).datasets[0]
    return {f.path.step[0]: statistics_pb2.FeatureNameStatistics.Type.Name(f.type) for f in found.features}


def test_types_of_csv_come_from_the_schema(tmp_path):
    known = {"schema": schema(KNOWN), "infer_type_from_schema": True}
    expected = {"a": "INT", "b": "FLOAT", "c": "STRING"}
    assert csv(tmp_path, "a,b,c\n1,2,3\n,5,6\n", **known) == expected
    assert csv(tmp_path, "a,b,c\n,,\n", **known) == expected
    assert csv(tmp_path, "a,b\n1,2\n", **known) == {"a": "INT", "b": "FLOAT"}
    # TFDV leaves out columns that the schema does not know.
    assert csv(tmp_path, "d,a,b,c\n2.5,1,2,3\n", **known) == {"d": "FLOAT", **expected}
    assert csv(tmp_path, "a,b,c\n1,2,3\n,5,6\n") == {"a": "INT", "b": "INT", "c": "INT"}


@pytest.mark.parametrize(("text", "line", "column"), [("1.5,2,3", 3, "a"), ("1,x,3", 3, "b"), ("1e3,2,3", 3, "a")])
def test_values_of_other_types_than_the_schema_says(text, line, column, tmp_path):
    with pytest.raises(tfdv.DataError, match="the schema says") as raised:
        csv(tmp_path, f"a,b,c\n1,2,3\n{text}\n", schema=schema(KNOWN), infer_type_from_schema=True)
    assert (raised.value.row, raised.value.column) == (line, column)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"infer_type_from_schema": True}, "pass schema="),
        ({"label_feature": "y"}, "schema=infer_schema"),
        ({"label_feature": "f", "schema": CATEGORIES + 'feature {name: "f" type: FLOAT}'}, "categorical"),
        ({"label_feature": "y", "schema": CATEGORIES, "feature_allowlist": ["s"]}, "feature_allowlist"),
        ({"generators": ["lift"]}, "StatsGenerator"),
        ({"per_feature_weight_override": {("a", "b"): "w"}}, "whole features"),
    ],
)
def test_options_without_effect_are_refused(options, remedy):
    given = {**options, "schema": schema(options["schema"])} if "schema" in options else options
    with pytest.raises(ValueError, match=remedy):
        tfdv.StatsOptions(**given)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"schema": {}}, TypeError),
        ({"feature_allowlist": {}}, TypeError),
        ({"feature_allowlist": "a"}, TypeError),
        ({"slice_functions": len}, TypeError),
        ({"vocab_paths": ["v"]}, TypeError),
        ({"num_values_histogram_buckets": 1}, ValueError),
        ({"semantic_domain_stats_sample_rate": 1.5}, ValueError),
        ({"slice_functions": [], "experimental_slice_functions": []}, ValueError),
    ],
)
def test_options_of_other_types_or_out_of_range_are_refused(options, error):
    with pytest.raises(error, match=next(iter(options))):
        tfdv.StatsOptions(**options)


def test_options_of_tfdv_that_exact_figures_do_not_need():
    options = tfdv.StatsOptions(epsilon=0.1, desired_batch_size=10, use_sketch_based_topk_uniques=True)
    assert options == tfdv.StatsOptions()
    slicer = tfdv.experimental_get_feature_value_slicer({"a": None})
    assert tfdv.StatsOptions(experimental_slice_functions=[slicer]).slice_functions == [slicer]


def test_options_as_json():
    given = tfdv.StatsOptions(
        schema=schema(CATEGORIES), num_top_values=3, sample_rate=0.5, feature_allowlist=["s"], weight_feature="w",
        per_feature_weight_override={"s": "v", tfdv.FeaturePath(["y"]): "w"},
    )  # fmt: skip
    read = tfdv.StatsOptions.from_json(given.to_json())
    assert read.weights == given.weights
    assert dataclasses.replace(read, per_feature_weight_override=given.per_feature_weight_override) == given


def test_options_as_tfdv_writes_them():
    text = {"TYPE_NAME": "StatsOptions", "_generators": None, "_sample_rate": 0.5, "num_top_values": 7, "epsilon": 0.01,
            "_num_histogram_buckets": 4, "_schema": None, "_desired_batch_size": None}  # fmt: skip
    read = tfdv.StatsOptions.from_json(json.dumps(text))
    assert (read.sample_rate, read.num_top_values, read.num_histogram_buckets) == (0.5, 7, 4)


@pytest.mark.parametrize("text", ['{"TYPE_NAME": "Other"}', '{"_per_feature_stats_config": {}}', "[]"])
def test_json_of_something_else_is_refused(text):
    with pytest.raises(ValueError, match="JSON"):
        tfdv.StatsOptions.from_json(text)


def test_generators_and_slicers_are_no_json():
    with pytest.raises(ValueError, match="slice_functions"):
        tfdv.StatsOptions(slice_functions=[tfdv.get_feature_value_slicer({"a": None})]).to_json()


def test_semantic_domains_of_a_share_of_the_examples():
    words = np.array(["the quick brown fox"] * 1000)
    whole, part = (
        tfdv.generate_statistics_from_dataframe(
            {"a": words},
            tfdv.StatsOptions(enable_semantic_domain_stats=True, semantic_domain_stats_sample_rate=rate),
        ).datasets[0].features[0].custom_stats
        for rate in (None, 0.05)
    )  # fmt: skip
    assert [s.name for s in whole] == ["domain_info", "natural_language_match_rate"]
    assert not part  # some 50 examples are too few to tell


@pytest.mark.parametrize("options", [{"label_feature": "z"}, {"per_feature_weight_override": {"a": "z"}}])
def test_columns_that_are_not_there(options, tmp_path):
    of_label = {"schema": schema('feature {name: "z" type: BYTES}')} if "label_feature" in options else {}
    with pytest.raises(tfdv.DataError, match="there are no columns"):
        csv(tmp_path, "a,b\n1,2\n", **options, **of_label)


@pytest.mark.parametrize("option", [{"enable_semantic_domain_stats": True}, {"add_default_generators": False}])
def test_shards_refuse_what_counts_do_not_give(option, tmp_path):
    with pytest.raises(ValueError, match="Shards hold counts only"):
        tfdv.write_shard(tmp_path / "a.shard", {"a": np.array([1])}, stats_options=tfdv.StatsOptions(**option))


def test_tables_elsewhere_refuse_what_counts_do_not_give():
    ibis = pytest.importorskip("ibis")
    table = ibis.memtable({"a": [1]})
    for option in ({"generators": [CrossFeatureStatsGenerator()]}, {"schema": schema(KNOWN)}):
        with pytest.raises(ValueError, match="Remedy: leave"):
            tfdv.generate_statistics_from_ibis(table, stats_options=tfdv.StatsOptions(**option))


class Longest(StatsGenerator):
    """The longest text of a feature."""

    def add(self, data, statistics):
        (length,) = data.query("SELECT max(length({text})) FROM {examples}", text="te{x}t'")[0]
        data.feature(statistics, "te{x}t'").custom_stats.add(name="longest", num=length)


def test_custom_generators_see_slices_and_any_name():
    table = {"te{x}t'": np.array(["a", "bbb", "cc{}'"], dtype=object), "n": np.array([1, 1, 2])}
    options = tfdv.StatsOptions(
        generators=[Longest()], slice_functions=[tfdv.get_feature_value_slicer({"te{x}t'": None})]
    )
    found = tfdv.generate_statistics_from_dataframe(table, options)
    assert [d.features[0].custom_stats[0].num for d in found.datasets] == [5, 1, 3, 5]


def test_custom_generators_say_which_features_there_are():
    with pytest.raises(tfdv.DataError, match=r"no feature .* The features are \['n'\]"):
        tfdv.generate_statistics_from_dataframe({"n": np.array([1])}, tfdv.StatsOptions(generators=[Longest()]))


def test_inferred_schemas_know_semantic_domains():
    table = {
        "when": np.array(["2024-01-02"] * 100, dtype=object),
        "text": np.array(["the quick brown fox"] * 100, dtype=object),
    }
    options = tfdv.StatsOptions(enable_semantic_domain_stats=True)
    when, text = tfdv.infer_schema(tfdv.generate_statistics_from_dataframe(table, options)).feature
    assert when.time_domain.string_format == "%Y-%m-%d" and text.HasField("natural_language_domain")


def test_whole_numbers_that_should_be_texts_are_numbers_still():
    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="n", type=schema_pb2.BYTES)])
    options = tfdv.StatsOptions(schema=schema)
    found = tfdv.generate_statistics_from_dataframe({"n": np.array([1, 2, 3])}, options)
    assert found.datasets[0].features[0].WhichOneof("stats") == "num_stats"  # as in TensorFlow Data Validation


def test_vocabularies_that_are_missing_or_of_no_use(tmp_path):
    named = schema('feature {name: "t" type: BYTES natural_language_domain {vocabulary: "v"}}')
    with pytest.raises(ValueError, match=r"no files for the vocabularies \['v'\]"):
        tfdv.StatsOptions(schema=named, vocab_paths={"w": "w.txt"})
    with pytest.raises(ValueError, match="vocab_paths needs a schema"):
        tfdv.StatsOptions(vocab_paths={"v": "v.txt"})
    path = tmp_path / "v.txt"
    path.write_bytes(b"\xff\n")
    options = tfdv.StatsOptions(schema=named, vocab_paths={"v": path})
    with pytest.raises(tfdv.DataError, match=r"v\.txt: is not valid UTF-8"):
        tfdv.generate_statistics_from_dataframe(pa.table({"t": [["a"]]}), options)
