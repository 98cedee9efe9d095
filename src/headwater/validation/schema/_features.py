"""Finding features in a schema, and their domains."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from headwater.validation._paths import FeaturePath, as_path
from headwater.validation._protos import schema_pb2

# The fields of a feature that are a domain, by the class of what they hold.
_DOMAIN_FIELDS = {
    getattr(schema_pb2, domain.message_type.name): domain.name
    for domain in schema_pb2.Feature.DESCRIPTOR.oneofs_by_name["domain_info"].fields
    if domain.message_type is not None
}


def get_feature(schema: schema_pb2.Schema, feature_path: str | FeaturePath) -> schema_pb2.Feature:
    """The part of a schema that describes a feature; changes of it are changes of the schema.

    Args:
        schema: the schema.
        feature_path: the name of a column, or a path into structs.

    Raises:
        TypeError: if `schema` is no Schema.
        ValueError: if the schema has no such feature, or a step before the last is no struct.

    >>> from headwater.validation._protos import schema_pb2
    >>> schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="age", type="INT")])
    >>> get_feature(schema, "age").presence.min_fraction = 1.0
    >>> schema.feature[0].presence.min_fraction
    1.0
    """
    require_schema(schema)
    path = as_path(feature_path)
    features = schema.feature
    for step in path.parent():
        struct = _named(features, step, path)
        if struct.type != schema_pb2.STRUCT:
            raise ValueError(
                f"expected the step {step!r} of the path {str(path)!r} to be a STRUCT; the schema has it as "
                f"{schema_pb2.FeatureType.Name(struct.type)}. Remedy: pass the path of a feature of the schema."
            )
        features = struct.struct_domain.feature
    return _named(features, path[-1], path)


def generate_dummy_schema_with_paths(paths: Iterable[FeaturePath]) -> schema_pb2.Schema:
    """A schema that has features of these paths and says nothing else of them.

    Args:
        paths: the paths; those of fields of structs bring the structs with them.

    >>> schema = generate_dummy_schema_with_paths([FeaturePath(["trip", "fare"]), FeaturePath(["driver"])])
    >>> [f.name for f in schema.feature], schema.feature[0].struct_domain.feature[0].name
    (['trip', 'driver'], 'fare')
    """
    schema = schema_pb2.Schema()
    for path in map(as_path, paths):
        container: Any = schema
        for step in path:
            known = [feature for feature in container.feature if feature.name == step]
            feature = known[0] if known else container.feature.add(name=step)
            container = feature.struct_domain  # is set by what is added to it
    return schema


def _named(features: Iterable[schema_pb2.Feature], name: str, path: FeaturePath) -> schema_pb2.Feature:
    names = []
    for feature in features:
        if feature.name == name:
            return feature
        names.append(feature.name)
    raise ValueError(
        f"feature {str(path)!r} not found in the schema: there is no {name!r} among {_some(names)}. "
        "Remedy: check the spelling; a dot in a string is part of a column's name, so give the path of a field of a "
        "struct as FeaturePath(['struct', 'field'])."
    )


def get_domain(schema: schema_pb2.Schema, feature_path: str | FeaturePath) -> Any:
    """The domain of a feature, a message such as `IntDomain`; changes of it are changes of the schema.

    Raises:
        TypeError: if `schema` is no Schema.
        ValueError: if the schema has no such feature, or the feature has no domain, or one that is not defined.

    >>> from headwater.validation._protos import schema_pb2
    >>> schema = schema_pb2.Schema()
    >>> _ = schema.feature.add(name="payment", type="BYTES", domain="payments")
    >>> _ = schema.string_domain.add(name="payments", value=["Cash", "Card"])
    >>> get_domain(schema, "payment").value
    ['Cash', 'Card']
    """
    feature = get_feature(schema, feature_path)
    kind = feature.WhichOneof("domain_info")
    if kind is None:
        raise ValueError(f"feature {str(feature_path)!r} has no domain. Remedy: give it one with set_domain.")
    if kind != "domain":
        return getattr(feature, kind)
    return _string_domain(schema, feature.domain)


def _string_domain(schema: schema_pb2.Schema, name: str) -> schema_pb2.StringDomain:
    names = [domain.name for domain in schema.string_domain]
    if name in names:
        return schema.string_domain[names.index(name)]
    raise ValueError(
        f"string domain {name!r} not found in the schema, which defines {_some(names)}. "
        f"Remedy: schema.string_domain.add(name={name!r}, value=[...]), or name one of those."
    )


def set_domain(schema: schema_pb2.Schema, feature_path: str | FeaturePath, domain: Any) -> None:
    """Gives a feature a domain in place of the one it has.

    Args:
        schema: the schema to change.
        feature_path: the name of a column, or a path into structs.
        domain: a message such as `IntDomain` or `StringDomain`, or the name of a string domain of the schema.

    Raises:
        TypeError: if `schema` is no Schema, `domain` no domain, or the feature a struct.
        ValueError: if the schema has no such feature or no such string domain.

    >>> from headwater.validation._protos import schema_pb2
    >>> schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="age", type="INT")])
    >>> set_domain(schema, "age", schema_pb2.IntDomain(min=0, max=120))
    >>> get_domain(schema, "age").max
    120
    """
    feature = get_feature(schema, feature_path)
    if feature.type == schema_pb2.STRUCT:
        raise TypeError(
            f"feature {str(feature_path)!r} is a struct, whose domain is its fields. "
            "Remedy: set the domains of the fields, or add some to its struct_domain.feature."
        )
    if not isinstance(domain, (str, *_DOMAIN_FIELDS)):
        kinds = ", ".join(sorted(cls.__name__ for cls in _DOMAIN_FIELDS))
        raise TypeError(
            f"expected a domain, received {type(domain).__name__}. "
            f"Remedy: pass the name of a string domain of the schema, or one of {kinds}."
        )
    if feature.WhichOneof("domain_info") is not None:
        warnings.warn(f"the domain of feature {str(feature_path)!r} is replaced", UserWarning, stacklevel=2)
    if isinstance(domain, str):
        feature.domain = _string_domain(schema, domain).name
    else:
        getattr(feature, _DOMAIN_FIELDS[type(domain)]).CopyFrom(domain)


def require_schema(schema: object) -> None:
    """Raises TypeError unless it is a Schema."""
    if not isinstance(schema, schema_pb2.Schema):
        raise TypeError(
            f"expected a Schema, received {type(schema).__name__}. "
            "Remedy: pass what infer_schema or load_schema_text returns."
        )


def check_schema(schema: schema_pb2.Schema, environment: str | None = None) -> None:
    """Raises unless it is a Schema in which names stand for one thing, and knows the environment."""
    require_schema(schema)
    _check_names("string domain", [domain.name for domain in schema.string_domain])
    _check_features(schema.feature, FeaturePath())
    if environment is not None and environment not in schema.default_environment:
        raise ValueError(
            f"Environment {environment} not found in the schema, which has {_some(schema.default_environment)}. "
            f"Remedy: schema.default_environment.append({environment!r}), or pass one of those."
        )


def _check_features(features: Iterable[schema_pb2.Feature], parent: FeaturePath) -> None:
    _check_names("feature", [str(parent.child(feature.name)) for feature in features])
    for feature in features:
        if feature.HasField("struct_domain"):
            _check_features(feature.struct_domain.feature, parent.child(feature.name))


def _check_names(what: str, names: list[str]) -> None:
    if len(set(names)) == len(names):
        return
    twice = next(name for name in names if names.count(name) > 1)
    raise ValueError(
        f"the schema has {names.count(twice)} {what}s named {twice!r}; expected one. "
        "Remedy: remove or rename the others."
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(map(repr, listed[:10])) or "none"
    return f"{shown} and {len(listed) - 10} more" if len(listed) > 10 else shown
