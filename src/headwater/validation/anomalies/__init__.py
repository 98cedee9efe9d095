"""What is wrong with data: one table of checks, walked over a schema and statistics side by side.

A check is one declaration (`_check.Check`): the type of anomaly, when it applies, how it finds fault with a feature's
statistics, what it says, and how it mends the schema so that it accepts the data. `validate_statistics` reports what
the checks say; `infer_schema` and `update_schema` keep what they mend.

| module | what stands there |
|---|---|
| `_check` | `Check`, `Finding`, and `examine`, which runs a table on a subject |
| `_subject` | `Subject`: what the checks of features look at |
| `_specification`, `_presence`, `_valency`, `_types` | tables of checks |
| `_numbers`, `_strings`, `_language`, `_images`, `_derived` | more of them |
| `_comparators`, `_measures`, `_distances`, `_drift` | a table of checks against other data, and what it measures |
| `_dataset`, `_composed` | tables of checks of the data set, and of sparse and weighted features |
| `_custom` | validations of the user's own, in SQL |
| `_conditions`, `_cells`, `_faults` | what checks say of single examples, as SQL |
| `_tables` | the tables one after the other: add yours here |
| `_walk` | goes through schema and statistics side by side and examines each feature |
| `_report` | findings → `Anomalies` |
| `_proposal` | how a feature's schema would have to change |
| `_validate`, `_slices` | the functions users call |

To add checks of features, write a table `MY_CHECKS: tuple[Check[Subject], ...]` and name it in
`_tables.FEATURE_CHECKS` at the place where its reasons are to stand. `Subject.feature` is the feature's schema,
`Subject.evidence` its statistics, `Subject.context` what is given besides (the environment, the data sets to compare
with). Checks of what is no feature (sparse features, the data set) have a subject of their own type; `examine` takes
any that has a list `findings`, and `_report.fill` writes those into an `AnomalyInfo`.
"""

from headwater.validation.anomalies._custom import (
    CustomValidationConfig,
    FeaturePairValidation,
    FeatureValidation,
    Validation,
)
from headwater.validation.anomalies._drift import Drift, measure_drift
from headwater.validation.anomalies._slices import validate_corresponding_slices
from headwater.validation.anomalies._validate import validate_statistics, validate_statistics_in_environment

__all__ = [
    "CustomValidationConfig",
    "Drift",
    "FeaturePairValidation",
    "FeatureValidation",
    "Validation",
    "measure_drift",
    "validate_corresponding_slices",
    "validate_statistics",
    "validate_statistics_in_environment",
]
