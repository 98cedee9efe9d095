"""Random schemas and statistics, right and wrong in every way at once."""

from __future__ import annotations

import random

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

Kind = statistics_pb2.FeatureNameStatistics
STRINGS = (
    "x", "y", "z", "1", "0", "true", "false", "TRUE", " 2", "-7", "1.5", "nan", "inf", "-inf", "", "é", 'a"b', "x\ny",
    "99999999999999999999", "2e3",
)  # fmt: skip
FOUND = (
    "mid_domain {}", "url_domain {}", 'time_domain { string_format: "%Y" }', "nonsense", "int_domain { min: 2 }",
    "natural_language_domain {}", "bool_domain {}", "float_domain { max: 3 }", 'string_domain { value: "x" }',
)  # fmt: skip
SHARED = ("q", "r")
KINDS = (Kind.INT, Kind.INT, Kind.FLOAT, Kind.STRING, Kind.STRING, Kind.STRING, Kind.BYTES)
TYPES = {Kind.INT: 2, Kind.FLOAT: 3, Kind.STRING: 1, Kind.BYTES: 1, Kind.STRUCT: 4}
DOMAINS = {
    Kind.INT: ("int", "int", "bool", ""),
    Kind.FLOAT: ("float", "float", "bool", ""),
    Kind.STRING: ("string", "domain", "string", "bool", "int", "float", "mid", ""),
    None: ("int", "float", "string", "domain", "bool", "mid", "time", "natural_language", "url", "image", "", "", ""),
}


class Maker:
    """Makes one case."""

    def __init__(self, source: random.Random) -> None:
        self.pick = source.choice
        self.some = source.sample
        self.chance = lambda probability: source.random() < probability
        self.examples = self.pick([10, 10, 10, 3, 20])
        self.weighted = self.chance(0.25)
        self.kinds: dict[str, int] = {}
        self.schema = schema_pb2.Schema(default_environment=["T", "S"][: self.pick([1, 2, 2])])
        self.statistics = statistics_pb2.DatasetFeatureStatisticsList()
        self.dataset = self.statistics.datasets.add(num_examples=self.examples)
        if self.chance(0.9 if self.weighted else 0.2):
            self.dataset.weighted_num_examples = self.examples * self.pick([0.5, 1, 3])

    def make(self) -> None:
        for name in SHARED:
            self.schema.string_domain.add(name=name, value=self.some(STRINGS, self.pick([0, 2, 6])))
        for name in ("a", "b", "c.d", "e"):
            place = self.pick(["both"] * 8 + ["data", "schema"])
            if place != "schema":
                self.evidence(name)
            if place != "data":
                self.describe(self.schema.feature.add(), name)
        if self.chance(0.3):
            self.struct()

    def struct(self) -> None:
        self.evidence("s")
        for name in ("u", "v.w"):
            if self.chance(0.8):
                self.evidence("s", name)
        if self.chance(0.6):
            feature = self.schema.feature.add(name="s", type=schema_pb2.STRUCT)
            self.presence(feature)
            for name in ("u", "v.w", "gone"):
                if self.chance(0.5):
                    self.describe(feature.struct_domain.feature.add(), name)

    # statistics

    def evidence(self, *path: str) -> None:
        entry = self.dataset.features.add()
        entry.path.step.extend(path)
        entry.type = self.kinds[path[-1]] = Kind.STRUCT if path == ("s",) else self.pick(KINDS)
        if entry.type == Kind.STRUCT:
            self.common(entry.struct_stats.common_stats, nested=False)
        elif entry.type in (Kind.INT, Kind.FLOAT) and self.chance(0.9):
            self.numbers(entry.num_stats, entry.type)
        elif entry.type == Kind.BYTES and self.chance(0.5):
            self.common(entry.bytes_stats.common_stats)
            entry.bytes_stats.unique = self.pick([0, 2, 9])
        else:
            self.strings(entry.string_stats)
        for _ in range(self.pick([0] * 12 + [1, 1, 2])):
            entry.custom_stats.add(name="domain_info", str=self.pick(FOUND))

    def common(self, common, nested: bool = True) -> None:
        n = self.examples
        present = max(0, min(n, self.pick([n, n, n, n - 1, n // 2, 0, 1])))
        low = self.pick([0, 1, 1, 1, 2, 3]) if present else 0
        high = max(low, self.pick([0, 1, 1, 1, 2, 3, 5])) if present else 0
        common.num_non_missing, common.num_missing = present, n - present
        common.min_num_values, common.max_num_values, common.avg_num_values = low, high, (low + high) / 2
        if self.chance(0.8):
            common.tot_num_values = int(present * (low + high) / 2)
        if nested and self.chance(0.2):
            self.levels(common)
        if self.weighted:
            weights = common.weighted_common_stats
            weights.num_non_missing = present * self.pick([0.3, 1, 2.5, 0.05])
            weights.num_missing = common.num_missing * self.pick([0.3, 1, 0])
            weights.avg_num_values, weights.tot_num_values = common.avg_num_values, common.tot_num_values * 0.7

    def levels(self, common) -> None:
        for depth in range(self.pick([1, 2, 2, 3])):
            level = common.presence_and_valency_stats.add(num_non_missing=common.num_non_missing)
            level.num_missing = self.pick([0, 0, 1]) if depth else common.num_missing
            level.min_num_values = self.pick([0, 1, 2]) if depth else common.min_num_values
            level.max_num_values = level.min_num_values + self.pick([0, 0, 2]) if depth else common.max_num_values
            common.weighted_presence_and_valency_stats.add(num_missing=level.num_missing * self.pick([0, 0.5, 1]))

    def numbers(self, stats, kind: int) -> None:
        self.common(stats.common_stats)
        ints = [-5, -1, 0, 0, 1, 1, 2, 7, 100]
        floats = [-5.5, -1, 0, 0, 1, 1, 2.25, 0.5, 1e10, float("inf"), float("-inf")]
        stats.min, stats.max = sorted(self.pick(ints if kind == Kind.INT else floats) for _ in range(2))
        for kind_of_histogram in (0, 1):
            if self.chance(0.4):
                histogram = stats.histograms.add(type=kind_of_histogram, num_nan=self.pick([0, 0, 0, 3]))
                low = self.pick([-2, -0.5, 0, 0.2, 1, 1.5])
                high = low + self.pick([0, 0.3, 1])
                histogram.buckets.add(low_value=low, high_value=high, sample_count=self.pick([0, 1, 2]))

    def strings(self, stats) -> None:
        self.common(stats.common_stats)
        self.ranks(stats.rank_histogram, 1)
        stats.unique = self.pick([0, 1, 2, 5])
        if self.weighted:
            self.ranks(stats.weighted_string_stats.rank_histogram, self.pick([0.5, 3]))

    def ranks(self, histogram, weight: float) -> None:
        for label in self.some(STRINGS, self.pick([0, 1, 2, 2, 3, 5])):
            histogram.buckets.add(label=label, sample_count=self.pick([1, 2, 5, 0.4, 0.1]) * weight)

    # schema

    def describe(self, feature, name: str) -> None:
        feature.name = name
        kind = self.kinds.get(name)
        if self.chance(0.97):
            feature.type = TYPES[kind] if kind is not None and self.chance(0.9) else self.pick([1, 1, 2, 3])
        self.presence(feature)
        self.lengths(feature)
        self.domain(feature, self.pick(DOMAINS.get(kind, DOMAINS[None])))
        if self.chance(0.2):
            feature.distribution_constraints.SetInParent()
            self.maybe(feature.distribution_constraints, "min_domain_mass", [0, 0.3, 0.5, 0.7, 0.9, 0.99, 1])
        if self.chance(0.2):
            feature.unique_constraints.SetInParent()
            self.maybe(feature.unique_constraints, "min", [0, 1, 3])
            self.maybe(feature.unique_constraints, "max", [0, 1, 3])
        if self.chance(0.08):
            feature.lifecycle_stage = self.pick([1, 2, 3, 4, 5, 6, 7])
        for names in (feature.in_environment, feature.not_in_environment):
            if self.chance(0.1):
                names.append(self.pick("TS"))

    def maybe(self, message, name: str, values) -> None:
        if self.chance(0.6):
            setattr(message, name, self.pick(values))

    def presence(self, feature) -> None:
        if self.chance(0.5):
            self.maybe(feature.presence, "min_fraction", [1, 1, 0.5, 0.9, -0.1, 1.5, 0])
            self.maybe(feature.presence, "min_count", [1, 1, 5, 50, 0, -1])

    def lengths(self, feature) -> None:
        stated = self.pick(["value_count", "value_counts", "shape", "", "", ""])
        if stated:
            getattr(feature, stated).SetInParent()
        counts = [feature.value_count] if stated == "value_count" else []
        if stated == "value_counts":
            counts = [feature.value_counts.value_count.add() for _ in range(self.pick([0, 1, 2, 2]))]
        for count in counts:
            self.maybe(count, "min", [0, 1, 1, 2, -1])
            self.maybe(count, "max", [0, 1, 1, 2, 3, 5, -1])
        if stated == "shape":
            for _ in range(self.pick([0, 1, 1, 2])):
                feature.shape.dim.add(size=self.pick([0, 1, 1, 1, 1, 2, 3, -1]))

    def domain(self, feature, name: str) -> None:
        if name == "domain":
            feature.domain = self.pick([*SHARED, "undefined"])
        elif name:
            domain = getattr(feature, f"{name}_domain")
            domain.SetInParent()
            getattr(self, f"{name}_domain", lambda _: None)(domain)

    def int_domain(self, domain) -> None:
        self.maybe(domain, "min", [-10, 0, 1, 3])
        self.maybe(domain, "max", [0, 1, 5, 200])

    def float_domain(self, domain) -> None:
        self.maybe(domain, "min", [-10, 0, 1.5, 3])
        self.maybe(domain, "max", [0, 1, 5.25, 200])
        self.maybe(domain, "disallow_nan", [True, False])
        self.maybe(domain, "disallow_inf", [True, False])

    def string_domain(self, domain) -> None:
        domain.value.extend(self.some(STRINGS, self.pick([0, 1, 3, 8])))
        if self.chance(0.2):
            domain.value.extend(["x", "x"])

    def bool_domain(self, domain) -> None:
        self.maybe(domain, "true_value", ["true", "1", "x"])
        self.maybe(domain, "false_value", ["false", "0", "x"])


def random_case(source: random.Random):
    """Returns a schema, statistics, and an environment."""
    maker = Maker(source)
    maker.make()
    return maker.schema, maker.statistics, maker.pick([None, None, "T"])
