"""A schema as a table: what each feature may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headwater.validation._protos import schema_pb2, text_format
from headwater.validation.page._features import Path
from headwater.validation.page._html import Html, element, visible
from headwater.validation.page._numbers import number, share
from headwater.validation.page._tables import sortable

HEADINGS = ("Feature", "Type", "Presence", "Valency", "Domain", "Constraints", "In the file")
VALUES_SHOWN = 12
LONGEST_CELL = 600
LONGEST_DEFINITION = 4_000


def walk(schema: Any, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every feature with its path, those within structs after the struct."""
    for feature in schema.feature:
        path = (*prefix, feature.name)
        yield path, feature
        yield from walk(feature.struct_domain, path)


def schema_rows(schema: Any) -> list[tuple[Path, list[str]]]:
    """Path and the texts of the columns after it, for every feature."""
    domains = {domain.name: domain for kind in ("string", "int", "float") for domain in _list(schema, kind)}
    return [
        (
            path,
            [
                schema_pb2.FeatureType.Name(feature.type).removeprefix("TYPE_"),
                _presence(feature),
                _valency(feature),
                _domain(feature, domains),
                ", ".join(_constraints(feature)),
            ],
        )
        for path, feature in walk(schema)
    ]


def _list(schema: Any, kind: str) -> Sequence[Any]:
    found: Sequence[Any] = getattr(schema, f"{kind}_domain")
    return found


def _presence(feature: Any) -> str:
    if not feature.HasField("presence"):
        return ""
    if feature.presence.min_fraction >= 1:
        return "required"
    return f"in at least {share(feature.presence.min_fraction)}" if feature.presence.min_fraction else "optional"


def _valency(feature: Any) -> str:
    if feature.HasField("shape"):
        sizes = [str(dim.size) for dim in feature.shape.dim]
        return "single" if sizes in (["1"], []) else f"shape {' × '.join(sizes)}"
    counts = feature.value_counts.value_count if feature.HasField("value_counts") else [feature.value_count]
    return " of ".join(_between(count.min, count.max, "any number") for count in counts)


def _between(low: float, high: float, neither: str) -> str:
    if low and high:
        return number(low) if low == high else f"{number(low)} to {number(high)}"
    if high:
        return f"at most {number(high)}"
    return f"at least {number(low)}" if low else neither


def _domain(feature: Any, domains: dict[str, Any]) -> str:
    kind = feature.WhichOneof("domain_info")
    domain = domains.get(feature.domain) if kind == "domain" else getattr(feature, kind) if kind else None
    if domain is None:
        return feature.domain if kind == "domain" else ""
    if kind == "struct_domain":
        return f"{len(domain.feature)} features"
    if hasattr(domain, "value"):
        return _values(domain.value)
    limits = [f"{sign} {number(getattr(domain, name))}" for name, sign in (("min", "≥"), ("max", "≤"))
              if name in domain.DESCRIPTOR.fields_by_name and domain.HasField(name)]  # fmt: skip
    limits += [f"no {word}" for name, word in (("disallow_nan", "NaN"), ("disallow_inf", "infinity"))
               if getattr(domain, name, False)]  # fmt: skip
    return " and ".join(limits) or str(kind).removesuffix("_domain").replace("_", " ")


def _values(values: Sequence[str]) -> str:
    shown = ", ".join(repr(visible(value, 40)) for value in values[:VALUES_SHOWN])
    return shown if len(values) <= VALUES_SHOWN else f"{shown} and {number(len(values) - VALUES_SHOWN)} more"


def _constraints(feature: Any) -> Iterator[str]:
    if feature.lifecycle_stage:
        yield schema_pb2.LifecycleStage.Name(feature.lifecycle_stage).lower().replace("_", " ")
    if feature.deprecated:
        yield "deprecated"
    for word in ("in", "not_in"):
        environments = getattr(feature, f"{word}_environment")
        if environments:
            yield f"{word.replace('_', ' ')} {' and '.join(environments)}"
    for kind in ("skew", "drift"):
        for field, limit in getattr(feature, f"{kind}_comparator").ListFields():
            yield f"{kind}: {field.name.replace('_', ' ')} ≤ {number(limit.threshold)}"
    if feature.HasField("unique_constraints"):
        yield f"{_between(feature.unique_constraints.min, feature.unique_constraints.max, 'any number of')} distinct"
    if feature.HasField("distribution_constraints"):
        yield f"{share(feature.distribution_constraints.min_domain_mass)} within the domain"


class Definitions:
    """The texts of a schema's features as they stand in its file, each with the string domain that it names."""

    def __init__(self, schema: Any) -> None:
        self.features = dict(walk(schema))
        self.domains = {domain.name: domain for domain in schema.string_domain}

    def __getitem__(self, path: Path) -> str:
        """A feature's text, empty where the schema lacks it."""
        if path not in self.features:
            return ""
        feature = self.features[path]
        part = schema_pb2.Schema(feature=[feature])
        if feature.domain in self.domains:
            part.string_domain.append(self.domains[feature.domain])
        return str(text_format.MessageToString(part, as_utf8=True))


def _rest(schema: Any) -> str:
    """What a schema holds besides features and string domains."""
    rest = schema_pb2.Schema()
    rest.CopyFrom(schema)
    rest.ClearField("feature")
    rest.ClearField("string_domain")
    return str(text_format.MessageToString(rest, as_utf8=True))


def schema_section(schema: Any) -> list[Html]:
    """The table, a definition to unfold per feature, and what concerns no single feature."""
    rest, rows, definitions = _rest(schema), schema_rows(schema), Definitions(schema)
    return [
        sortable("schema", "Schema", HEADINGS, [_row(path, texts, definitions[path]) for path, texts in rows]),
        *([element("h3", "For the whole data set"), pre(rest)] if rest else []),
    ]


def _row(path: Path, texts: Sequence[str], definition: str) -> Html:
    cells = [element("td", visible(text, LONGEST_CELL)) for text in texts]
    unfolded = element("details", element("summary", "Definition"), pre(definition))
    return element("tr", element("th", visible(".".join(path)), scope="row"), cells, element("td", unfolded))


def pre(text: str) -> Html:
    """Text as it stands in a file, line by line."""
    cut = text[:LONGEST_DEFINITION] + ("\n…" if len(text) > LONGEST_DEFINITION else "")
    return element("pre", "\n".join(visible(line) for line in cut.splitlines()))
