"""Data validation: statistics of a data set, a schema of what it should be, and the anomalies between the two.

The names, messages and files are TensorFlow Data Validation's; everything is computed by SQL in DuckDB, out of core.
Nothing here needs the engine. Install it with ``pip install 'headwater[validation]'``.
"""

from headwater.validation._errors import DataError
from headwater.validation._inference import infer_schema, update_schema
from headwater.validation._paths import FeaturePath
from headwater.validation.anomalies import (
    CustomValidationConfig,
    Drift,
    FeaturePairValidation,
    FeatureValidation,
    Validation,
    measure_drift,
    validate_corresponding_slices,
    validate_statistics,
    validate_statistics_in_environment,
)
from headwater.validation.anomalies_files import (
    load_anomalies_binary,
    load_anomalies_text,
    write_anomalies_binary,
    write_anomalies_text,
)
from headwater.validation.cluster import generate_statistics_from_ibis
from headwater.validation.examples import (
    AnomalousValue,
    AnomalousValues,
    anomalous_values_in_csv,
    anomalous_values_in_dataframe,
    anomalous_values_in_parquet,
    anomalous_values_in_tfrecord,
    validate_examples_in_csv,
    validate_examples_in_dataframe,
    validate_examples_in_parquet,
    validate_examples_in_tfrecord,
)
from headwater.validation.options import (
    FeatureValueSlicer,
    StatsOptions,
    experimental_get_feature_value_slicer,
    get_feature_value_slicer,
)
from headwater.validation.page import (
    compare_slices,
    display_anomalies,
    display_schema,
    get_statistics_html,
    visualize_statistics,
    write_html,
)
from headwater.validation.schema import (
    generate_dummy_schema_with_paths,
    get_domain,
    get_feature,
    load_schema_text,
    set_domain,
    write_schema_text,
)
from headwater.validation.shards import merge_shards, write_shard
from headwater.validation.statistics import (
    generate_statistics_from_csv,
    generate_statistics_from_dataframe,
    generate_statistics_from_json,
    generate_statistics_from_parquet,
    generate_statistics_from_tfrecord,
)
from headwater.validation.statistics_files import (
    load_statistics,
    load_stats_binary,
    load_stats_text,
    write_stats_binary,
    write_stats_text,
)

__all__ = [
    "AnomalousValue", "AnomalousValues", "CustomValidationConfig", "DataError", "Drift", "FeaturePairValidation",
    "FeaturePath", "FeatureValidation", "FeatureValueSlicer", "StatsOptions", "Validation", "anomalous_values_in_csv",
    "anomalous_values_in_dataframe", "anomalous_values_in_parquet", "anomalous_values_in_tfrecord", "compare_slices",
    "display_anomalies", "display_schema", "experimental_get_feature_value_slicer",
    "generate_dummy_schema_with_paths", "generate_statistics_from_csv", "generate_statistics_from_dataframe",
    "generate_statistics_from_ibis", "generate_statistics_from_json", "generate_statistics_from_parquet",
    "generate_statistics_from_tfrecord", "get_domain", "get_feature", "get_feature_value_slicer", "get_statistics_html",
    "infer_schema", "load_anomalies_binary", "load_anomalies_text", "load_schema_text", "load_statistics",
    "load_stats_binary", "load_stats_text", "measure_drift", "merge_shards", "set_domain", "update_schema",
    "validate_corresponding_slices", "validate_examples_in_csv", "validate_examples_in_dataframe",
    "validate_examples_in_parquet", "validate_examples_in_tfrecord", "validate_statistics",
    "validate_statistics_in_environment", "visualize_statistics", "write_anomalies_binary", "write_anomalies_text",
    "write_html", "write_schema_text", "write_shard", "write_stats_binary", "write_stats_text",
]  # fmt: skip
