"""Small data sets whose statistics TensorFlow Data Validation computed: columns as (DuckDB type, values)."""

import dataclasses
from typing import Any

NAN, INF = float("nan"), float("inf")


@dataclasses.dataclass(frozen=True)
class Case:
    columns: dict[str, tuple[str, list[Any]]]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


LENGTHS = [1, 5, 2, 2, 9, 4, 4, 4, 7, 3, 8, 6, 1, 1, 2, 30]
WORDS = [f"word {i * i % 17}" for i in range(60)]

CASES = {
    "integers": Case({"x": ("BIGINT", [k * k - 30 for k in range(20)]), "y": ("BIGINT", [None, 0, 7, None] * 5)}),
    "ties": Case({"x": ("BIGINT", [1] * 5 + [2, 3, 4, 5, 6]), "y": ("BIGINT", [1] * 3 + [2] * 2 + [3] * 4 + [9])}),
    "constant": Case({"x": ("BIGINT", [7] * 7), "y": ("DOUBLE", [0.0] * 7)}),
    "floats": Case({"x": ("DOUBLE", [None if k % 5 == 0 else k * 1.37 - 3 for k in range(40)])}),
    "nan and infinity": Case({"x": ("DOUBLE", [1.0, NAN, 2.0, None, INF, 3.0, -INF])}),
    "infinity": Case({"x": ("DOUBLE", [INF, 1.0])}),
    "all nan": Case({"x": ("DOUBLE", [NAN] * 3)}),
    "texts": Case({"x": ("VARCHAR", WORDS), "y": ("VARCHAR", ["a", None, "bb", "", "ü", "日本"] * 10)}),
    "large texts": Case({"x": ("VARCHAR", ["a" * 2000, "b", "b"])}),
    "bytes": Case({"x": ("BLOB[]", [[b"a", b"b"], [], None, [b"abc"], [b"\xff\xfe"]])}),
    "missing": Case({"x": ("BIGINT", [1, 2]), "y": ("VARCHAR", [None, None])}),
    "empty lists": Case({"x": ("BLOB[]", [[], []])}),
    "lists": Case(
        {
            "x": ("BIGINT[]", [[1, 2], [], None, [3], [0, 0, 0]]),
            "n": ("BIGINT[]", [[k] * k for k in (1, 2, 0, 4, 1)]),
        }
    ),
    "long lists": Case({"x": ("BIGINT[]", [list(range(n)) for n in LENGTHS])}),
    "lists of lists": Case({"x": ("BIGINT[][]", [[[1, 2], [3]], [[4]], None, [[]]])}),
    "structures": Case(
        {
            "x": (
                "STRUCT(a BIGINT[], b BLOB[])[]",
                [[{"a": [1, 2], "b": [b"x"]}, {"a": [3], "b": None}], [{"a": None, "b": None}], None],
            )
        }
    ),
    "weights": Case(
        {
            "x": ("DOUBLE", [1.5, 2.5, 3.5, None, 0.0]),
            "w": ("DOUBLE", [1.0, 2.0, 3.0, 4.0, 5.0]),
            "s": ("VARCHAR", ["a", "b", "b", "c", None]),
        },
        {"weight_feature": "w"},
    ),
    "weighted lists": Case(
        {"x": ("BIGINT[]", [[1, 2], [], None, [3, 3, 3]]), "w": ("DOUBLE", [1.0, 2.0, 3.0, 4.0])},
        {"weight_feature": "w"},
    ),
    "numbers of buckets": Case(
        {"x": ("BIGINT", list(range(50))), "s": ("VARCHAR", WORDS[:50])},
        {
            "num_top_values": 2,
            "num_rank_histogram_buckets": 3,
            "num_values_histogram_buckets": 3,
            "num_histogram_buckets": 4,
            "num_quantiles_histogram_buckets": 5,
        },
    ),
    "thresholds": Case({"s": ("VARCHAR", WORDS)}, {"frequency_threshold": 4}),
}  # fmt: skip

# Texts of CSV files.
CSV = {
    "mixed": "i,f,s,m,e,b,d\n"
    + "".join(
        f"{k * k - 30},{'' if k % 5 == 0 else round(k * 1.37 - 3, 3)},{'ab'[k % 2] * (k % 4 + 1)},"
        f"{'' if k % 3 else 7},,{['true', 'false'][k % 2]},2024-01-{k % 9 + 1:02}\n"
        for k in range(20)
    ),
    "numbers as texts": "a,b,c,d,e\n1e3,007, 5,0x10,+5\n2,008,6,0x11,6\n",
    "quotes": 'a,b\n"x, y",1\n"say ""hi""",2\n"a\tb",3\n,4\n',
    "late text": "a\n" + "".join(f"{k}\n" for k in range(3000)) + "oops\n",
    "late number": "a,b\n" + ",x\n" * 3000 + "5,x\n",
    "late fraction": "a\n" + "".join(f"{k}\n" for k in range(3000)) + "0.5\n",
}
