"""Small data sets with options, whose statistics TensorFlow Data Validation computed: columns, schema, options."""

import dataclasses
from typing import Any

NAN = float("nan")


@dataclasses.dataclass(frozen=True)
class Case:
    columns: dict[str, list[Any]]
    schema: str = ""
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    crosses: bool = False
    vocabulary: tuple[str, ...] = ()


N = 30
X = [None if i % 7 == 0 else [i % 3] if i % 5 else [i % 3, 4, 4] for i in range(N)]
S = [[["a", "b", "c", "dd"][(i * i) % 4]] if i % 4 else None for i in range(N)]
Y = [["p"] if i % 3 else ["q"] if i % 2 else None for i in range(N)]
YS = [["p", "q"] if i % 4 == 0 else ["r"] for i in range(N)]
W = [[float(i % 4)] for i in range(N)]
CATEGORIES = (
    'feature {name: "x" type: INT int_domain {is_categorical: true}} feature {name: "s" type: BYTES} '
    'feature {name: "y" type: BYTES}'
)
LABEL = {"label_feature": "y"}
SEMANTIC = {"enable_semantic_domain_stats": True}
COMPOSED = (
    'weighted_feature {name: "wf" feature {step: "a"} weight_feature {step: "b"}} '
    'sparse_feature {name: "sf" index_feature {name: "a"} index_feature {name: "c"} value_feature {name: "b"}}'
)
A = [[1], [1, 2], None, [1], [], [1, 2, 3], None]
B = [[1.0], [1.0], [2.0, 3.0], None, [], [1.0, 2.0, 3.0], None]
C = [[1], None, [1, 2], [3], None, [1], [2]]
VOCABULARY = ("the", "cat", "sat", "[PAD]", "[UNK]", "on", "a")
TOKENS = [["the", "cat", "[PAD]"], ["dog", "sat", "[UNK]", "[PAD]", "[PAD]"], [], None, ["the", "dogs"]]
IDS = [[0, 1, 3], [9, 2, 4], [], None, [0, 6, 6, 3]]
LANGUAGE = (
    'feature {name: "t" type: BYTES natural_language_domain {vocabulary: "v" coverage {min_coverage: 0.5 '
    'excluded_string_tokens: "[PAD]" oov_string_tokens: "[UNK]"} token_constraints {string_value: "[PAD]"} '
    'token_constraints {string_value: "cat"} token_constraints {string_value: "[UNK]"} '
    'token_constraints {string_value: "none"}}} '
    'feature {name: "i" type: INT natural_language_domain {vocabulary: "v" coverage {excluded_int_tokens: 3 '
    'oov_string_tokens: "[UNK]"} token_constraints {int_value: 1} token_constraints {string_value: "the"}}}'
)
LENGTHS = (
    'feature {name: "t" type: BYTES natural_language_domain {vocabulary: "v" sequence_length_constraints '
    '{excluded_string_value: "[PAD]" excluded_string_value: "the" min_sequence_length: 1}}}'
)
PLAIN_LANGUAGE = 'feature {name: "t" type: BYTES natural_language_domain {}}'
TEXT = "the quick brown fox"
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"


def repeated(**values: list[tuple[Any, int]]) -> dict[str, list[Any]]:
    """Columns of values and how often each is there, filled up with missing values."""
    columns = {
        name: [v if isinstance(v, list) else [v] for v, n in pairs for _ in range(n)] for name, pairs in values.items()
    }
    longest = max(map(len, columns.values()))
    return {name: column + [None] * (longest - len(column)) for name, column in columns.items()}


CASES = {
    "language": Case({"t": TOKENS, "i": IDS}, LANGUAGE, vocabulary=VOCABULARY),
    "lengths of sequences": Case({"t": TOKENS}, LENGTHS, vocabulary=VOCABULARY),
    "plain language": Case({"t": TOKENS}, PLAIN_LANGUAGE, vocabulary=VOCABULARY),
    "categories": Case({"x": X, "s": S}, CATEGORIES),
    "weighted categories": Case({"x": X, "w": W}, CATEGORIES, {"weight_feature": "w"}),
    "booleans": Case({"x": [[0], [1], [1]]}, 'feature {name: "x" type: INT bool_domain {}}'),
    "texts of a category": Case({"x": [["a"], ["b"]]}, CATEGORIES),
    "images of the schema": Case(
        {"s": [[b"abc"], [b"a"], None, [b"abc"]]}, 'feature {name: "s" type: BYTES image_domain {}}'
    ),
    "label": Case({"x": X, "s": S, "y": Y}, CATEGORIES, LABEL),
    "label of several values": Case({"x": X, "s": S, "y": YS}, CATEGORIES, LABEL),
    "weighted label": Case({"x": X, "s": S, "y": Y, "w": W}, CATEGORIES, {**LABEL, "weight_feature": "w"}),
    "whole numbers as label": Case({"x": X, "s": S, "y": Y}, CATEGORIES, {"label_feature": "x"}),
    "label and bytes": Case(
        {"x": X, "s": [[b"\xff" if i % 5 < 2 else b"ok"] for i in range(N)], "y": Y}, CATEGORIES, LABEL
    ),
    "composed": Case({"a": A, "b": B, "c": C}, COMPOSED),
    "composed of what is not there": Case({"a": A, "c": C}, COMPOSED),
    "composed, all missing": Case({"a": [[1], None], "b": [[1.0], None], "c": [[1], None]}, COMPOSED),
    "nothing composed": Case({"z": [[1], [2]]}, COMPOSED),
    "crosses": Case(
        {
            "a": [[1], [2], [3], [4], None, [6]],
            "b": [[2.0], [1.0], [4.0], [NAN], [5.0], [6.0]],
            "c": [[1], [2, 3], [5], [2], [1], []],
            "d": [[7]] * 6,
            "s": [["a"]] * 6,
        },
        crosses=True,
    ),
    "only crosses": Case(
        {"a": [[1.0], [2.0], [4.0]], "b": [[2.0], [1.0], [4.0]]},
        options={"add_default_generators": False},
        crosses=True,
    ),
    "natural language": Case(
        repeated(
            enough=[(TEXT, 80), ("x", 20)], too_few=[(TEXT, 79), ("x", 21)], not_many=[(TEXT, 99)],
            lists=[([TEXT, TEXT], 50)], two_words=[("two words", 100)], three_words=[("one two tri", 100)],
            short=[("a b c d e", 100)], least=[("ab abc ab abc", 100)], most=[("abcdefgh abcdefgh abcdefgh", 100)],
            long=[("abcdefghi abcdefgh abcdefgh", 100)], cut=[("abcd " * 20 + "x" * 500, 100)],
            cut_in_word=[("abc de fgh " + "x" * 500, 100)], marks=[("well, this. is-a; test!", 100)],
            spaces=[("  abc   defg  hij ", 100)], tabs=[("abc\tdefg\nhij", 100)], umlauts=[("äöü ßßß ééé", 100)],
            numbers=[("12 34 567", 100)], empty=[(TEXT, 119), ("", 1)], bytes=[(TEXT.encode(), 120), (b"\xff", 1)],
        ),
        options=SEMANTIC,
    ),
    "times": Case(
        repeated(
            enough=[("2024-01-02", 80), ("x", 20)], too_few=[("2024-01-02", 79), ("x", 21)], short=[("01-02-03", 100)],
            month_first=[("01-02-2003", 100)], day_first=[("25-02-2003", 50), ("01-02-2003", 50)],
            mixed=[("2024-01-02", 50), ("2024/01/02", 50)], clock=[("10:20", 100)], fraction=[("10:20:30.5", 100)],
            words=[("Mon Jan  1 10:00:00 2024", 100)], month=[("1-January-2024", 100)], digits=[("20240102", 100)],
            digits_of_day=[("01022024", 100)], zone=[("2024-01-02T10:20:30Z", 100)],
            iso=[("2024-01-02T10:20:30.123", 100)], odd=[("2024-01-02 10:20:30x123", 100)],
            space=[(" 2024-01-02", 100)],
            line=[("2024-01-02\n", 100)], lists=[(["2024-01-02", "2024-01-02"], 50)],
            bytes=[(b"2024-01-02", 120), (b"\xff", 1)],
        ),
        options=SEMANTIC,
    ),
    "times as numbers": Case(
        repeated(
            days=[(7305, 100)], last_day=[(21914, 100)], after=[(21915, 100)], before=[(7304, 100)],
            seconds=[(631152000, 100)], milliseconds=[(631152000000, 80), (1, 20)],
            microseconds=[(1700000000000000, 100)],
            nanoseconds=[(1700000000000000000, 100)], mixed=[(7305, 50), (631152000, 50)], fractions=[(1.7e9, 100)],
            lists=[([1700000000, 1700000000], 50)],
        ),
        options=SEMANTIC,
    ),
    "images": Case(
        repeated(
            enough=[(PNG, 80), (b"x", 20)], too_few=[(PNG, 79), (b"x", 21)], mixed=[(PNG, 50), (JPEG, 40), (b"x", 10)],
            others=[(b"BM", 30), (b"GIF89a", 30), (JPEG, 40)], lists=[([PNG, JPEG], 60)], not_many=[(PNG, 99)],
        ),
        options=SEMANTIC,
    ),
}  # fmt: skip
