"""Checks of single examples: the schema as SQL conditions, so that examples need not be looked at one by one.

A rule here says of a value what the check of the same type says of statistics; the tests hold both together. Whole data
sets alone can have too few examples with a feature, too few different values, or another distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from headwater.validation._evidence import Kind
from headwater.validation._numerals import DECIMAL, HEX, INT, NAN, SPACE
from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._cells import Cells, Predicate
from headwater.validation.anomalies._check import Type
from headwater.validation.figures.duck import literal
from headwater.validation.figures.finish import INVALID

NUMBERS = (Kind.INT, Kind.FLOAT)


class Case(NamedTuple):
    """A feature under examination.

    Args:
        feature: its schema.
        kind: what the data hold, a type of statistics.
        cells: its values.
        domains: the schema's string domains by name.
    """

    feature: schema_pb2.Feature
    kind: int
    cells: Cells
    domains: dict[str, schema_pb2.StringDomain]

    @property
    def strings(self) -> tuple[str, ...] | None:
        """The strings that its domain enumerates, if it does."""
        domain = self.feature.WhichOneof("domain_info")
        if domain == "string_domain":
            return tuple(self.feature.string_domain.value)
        return tuple(self.domains[self.feature.domain].value) if domain == "domain" else None


class Rule(NamedTuple):
    """What can be wrong with an example's values.

    Args:
        type: the `AnomalyInfo.Type`.
        find: SQL that is true of examples with such values; None where the rule does not apply.
        ends: whether such values make the domain meaningless, so that no rule after this one applies to the example.
    """

    type: int
    find: Callable[[Case], str | None]
    ends: bool = False


# --------------------------------------------------------------------------- values as numbers


def text(value: str) -> str:
    """A string as an SQL literal; NUL would end the statement."""
    return "(" + " || chr(0) || ".join(map(literal, value.split("\0"))) + ")"


def _literal_float(value: float) -> str:
    return f"'{value!r}'::DOUBLE"


def _stripped(x: str) -> str:
    return f"trim({x}, {_escaped(SPACE)})"


def _escaped(text: str) -> str:
    r"""Blanks as an SQL literal that shows them: E' \t'."""
    return "E'" + "".join(c if c == " " else f"\\x{ord(c):02x}" for c in text) + "'"


def _matches(x: str, *patterns: str) -> str:
    pattern = "|".join(patterns)
    return f"regexp_full_match({_stripped(x)}, {literal(f'(?i)(?:{pattern})')})"


def _int_of(kind: int) -> Predicate:
    """A value as a 64-bit integer, NULL if it is none."""
    if kind == Kind.INT:
        return lambda x: x
    return lambda x: (
        f"CASE WHEN TRY_CAST({x} AS BIGINT)::VARCHAR = {x} THEN {x}::BIGINT "  # most, and quickly
        f"WHEN {_matches(x, INT)} THEN TRY_CAST({_stripped(x)} AS BIGINT) END"
    )


def _float_of(kind: int) -> Predicate:
    """A value as a number of 32 bits, in which domains have them, but never NaN; NULL if it is none.

    Of strings, hexadecimal numbers are left out: DuckDB does not read them.
    """

    def number(x: str) -> str:
        wide = x if kind == Kind.FLOAT else _double(x)
        narrow = f"coalesce(TRY_CAST({wide} AS FLOAT), sign({wide}) * 'inf'::FLOAT)"  # too large for 32 bits
        return f"(CASE WHEN NOT isnan({wide}) THEN {narrow} END)"

    return number


def _double(x: str) -> str:
    return f"CASE WHEN {_matches(x, DECIMAL)} THEN TRY_CAST({_stripped(x)} AS DOUBLE) END"


def _is_nan(kind: int) -> Predicate:
    if kind == Kind.FLOAT:
        return lambda x: f"isnan({x})"
    return lambda x: _matches(x, NAN)


def _no_int(x: str) -> str:
    return f"{x} IS NOT NULL AND {_int_of(Kind.STRING)(x)} IS NULL"


def _no_float(x: str) -> str:
    return f"NOT {_matches(x, DECIMAL, NAN, HEX)}"


# --------------------------------------------------------------------------- rules


def _has(domain: str, *kinds: int) -> Callable[[Case], bool]:
    return lambda case: case.kind in kinds and case.feature.HasField(domain)


def _any(applies: Callable[[Case], bool], holds: Callable[[Case], Predicate | None]) -> Callable[[Case], str | None]:
    """Finds examples with some value of which it holds, in features to which it applies."""

    def find(case: Case) -> str | None:
        predicate = holds(case) if applies(case) else None
        return None if predicate is None else case.cells.any(predicate)

    return find


def _beyond(domain: str, bound: str, sign: str, read: Callable[[int], Predicate]) -> Callable[[Case], Predicate | None]:
    """Values below a bound of the domain, or above it."""

    def holds(case: Case) -> Predicate | None:
        of = getattr(case.feature, domain)
        if not of.HasField(bound):
            return None
        value, number = getattr(of, bound), read(case.kind)
        limit = str(value) if isinstance(value, int) else _literal_float(value)
        return lambda x: f"{number(x)} {sign} {limit}"

    return holds


def _forbidden(option: str, holds: Callable[[int], Predicate]) -> Callable[[Case], Predicate | None]:
    return lambda case: holds(case.kind) if getattr(case.feature.float_domain, option) else None


def _is_infinite(kind: int) -> Predicate:
    return lambda x: f"isinf({_float_of(kind)(x)})"


def _no_truth(case: Case) -> Predicate:
    domain = case.feature.bool_domain
    truths = [getattr(domain, name) for name in ("true_value", "false_value") if domain.HasField(name)]
    return lambda x: _not_in(x, truths)


def _not_in(x: str, strings: tuple[str, ...] | list[str]) -> str:
    return f"{x} NOT IN ({', '.join(map(text, strings))})" if strings else f"{x} IS NOT NULL"


def _invalid(case: Case) -> str | None:
    if case.kind != Kind.STRING or case.strings is None:
        return None
    return case.cells.any(lambda x: f"{x} = '{INVALID}'")


def _too_strange(case: Case) -> str | None:
    """Examples of which more values are strange than the schema tolerates."""
    if case.kind != Kind.STRING or case.strings is None:
        return None
    strings = case.strings
    constraints = case.feature.distribution_constraints
    tolerated = 1 - (constraints.min_domain_mass if constraints.HasField("min_domain_mass") else 1.0)
    if not tolerated:
        return case.cells.any(lambda x: _not_in(x, strings))
    strange = case.cells.number(lambda x: _not_in(x, strings))
    return f"{strange} > {_literal_float(tolerated)} * {case.cells.number(lambda x: f'{x} IS NOT NULL')}"


_STRINGS, _INTS, _FLOATS = (Kind.STRING,), (Kind.INT, Kind.STRING), (Kind.FLOAT, Kind.STRING)
_INT_DOMAIN, _FLOAT_DOMAIN = _has("int_domain", *_INTS), _has("float_domain", *_FLOATS)

VALUE_RULES: tuple[Rule, ...] = (
    Rule(Type.BOOL_TYPE_SMALL_INT, _any(_has("bool_domain", Kind.INT), lambda _: lambda x: f"{x} < 0"), ends=True),
    Rule(Type.BOOL_TYPE_BIG_INT, _any(_has("bool_domain", Kind.INT), lambda _: lambda x: f"{x} > 1"), ends=True),
    Rule(
        Type.BOOL_TYPE_UNEXPECTED_FLOAT,
        _any(_has("bool_domain", Kind.FLOAT), lambda _: lambda x: f"{x} NOT IN (0, 1)"),
        ends=True,
    ),
    Rule(Type.BOOL_TYPE_UNEXPECTED_STRING, _any(_has("bool_domain", *_STRINGS), _no_truth), ends=True),
    Rule(
        Type.INT_TYPE_NOT_INT_STRING,
        _any(_has("int_domain", *_STRINGS), lambda _: _no_int),
        ends=True,
    ),
    Rule(Type.INT_TYPE_SMALL_INT, _any(_INT_DOMAIN, _beyond("int_domain", "min", "<", _int_of))),
    Rule(Type.INT_TYPE_BIG_INT, _any(_INT_DOMAIN, _beyond("int_domain", "max", ">", _int_of))),
    Rule(Type.FLOAT_TYPE_HAS_NAN, _any(_FLOAT_DOMAIN, _forbidden("disallow_nan", _is_nan))),
    Rule(
        Type.FLOAT_TYPE_STRING_NOT_FLOAT,
        _any(_has("float_domain", *_STRINGS), lambda _: _no_float),
        ends=True,
    ),
    Rule(Type.FLOAT_TYPE_SMALL_FLOAT, _any(_FLOAT_DOMAIN, _beyond("float_domain", "min", "<", _float_of))),
    Rule(Type.FLOAT_TYPE_BIG_FLOAT, _any(_FLOAT_DOMAIN, _beyond("float_domain", "max", ">", _float_of))),
    Rule(Type.FLOAT_TYPE_HAS_INF, _any(_FLOAT_DOMAIN, _forbidden("disallow_inf", _is_infinite))),
    Rule(Type.ENUM_TYPE_INVALID_UTF8, _invalid, ends=True),
    Rule(Type.ENUM_TYPE_UNEXPECTED_STRING_VALUES, _too_strange),
)


def conditions(case: Case) -> Iterator[tuple[int, str]]:
    """The types of anomalies an example's values can have, each with SQL that is true of examples that have it."""
    valid = "true"
    for rule in VALUE_RULES:
        condition = rule.find(case)
        if condition is None:
            continue
        yield rule.type, condition if valid == "true" else f"({valid}) AND ({condition})"
        if rule.ends:
            valid = f"NOT ({condition})" if valid == "true" else f"{valid} AND NOT ({condition})"


# --------------------------------------------------------------------------- numbers of values


def length_conditions(case: Case) -> Iterator[tuple[int, str]]:
    """The same for how many values examples have."""
    feature, levels = case.feature, [case.cells.level(depth) for depth in range(max(1, case.cells.depth))]
    counts = [feature.value_count] if feature.HasField("value_count") else list(feature.value_counts.value_count)
    if counts and len(counts) != len(levels):
        yield Type.VALUE_NESTEDNESS_MISMATCH, "true"
        counts = []
    for count, level in zip(counts, levels):
        yield Type.FEATURE_TYPE_LOW_NUMBER_VALUES, f"{level.shortest} < {count.min}"
        if count.HasField("max"):
            yield Type.FEATURE_TYPE_HIGH_NUMBER_VALUES, f"{level.longest} > {count.max}"
    if feature.HasField("shape"):
        varies = " OR ".join(level.varies for level in levels)
        size = math.prod(dim.size for dim in feature.shape.dim)
        length = " * ".join(level.shortest for level in levels)
        yield Type.INVALID_FEATURE_SHAPE, f"({varies} OR {length} <> {size})"


# --------------------------------------------------------------------------- types


def wrong_type(case: Case) -> Predicate | None:
    """Which values are not of the type the schema says, if the data's type does not say so of all of them."""
    if case.feature.type == schema_pb2.INT and case.kind == Kind.FLOAT:
        return lambda x: f"NOT coalesce({x} = trunc({x}), false) OR isinf({x})"
    if case.kind != Kind.STRING:
        return None
    return {schema_pb2.INT: _no_int, schema_pb2.FLOAT: _no_float}.get(case.feature.type)
