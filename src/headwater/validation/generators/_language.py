"""Natural language that a schema describes: how far a vocabulary covers the tokens, how long they and sequences are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import statistics_pb2
from headwater.validation.figures.duck import literal
from headwater.validation.figures.finish import INVALID, fill_quantiles
from headwater.validation.figures.plan import Cuts, Distribution, Kind
from headwater.validation.generators._base import Data, StatsGenerator

_REPORTED = 6
_POSITIONS = 10


def read_vocabulary(path: str | os.PathLike[str]) -> list[str]:
    """The tokens of a vocabulary file, one per line; a token's number is its line's, counted from 0.

    Raises:
        DataError: If the file is not UTF-8.
    """
    with open(path, encoding="utf-8") as file:
        try:
            return file.read().splitlines()
        except UnicodeDecodeError as error:
            raise DataError(f"is not valid UTF-8 ({error}). Expected one token per line.", os.fspath(path)) from None


class NaturalLanguage(StatsGenerator):
    """Adds `NaturalLanguageStatistics` to the features whose domain in a schema names a vocabulary.

    Each value is a token, as text or as its number in the vocabulary; the values of an example are a sequence.

    Args:
        domains: The `NaturalLanguageDomain`s by feature.
        vocabularies: The tokens by the vocabulary's name.
        buckets: How many buckets histograms have.
        ranks: How many of the most frequent tokens are listed.
    """

    def __init__(
        self, domains: Mapping[str, Any], vocabularies: Mapping[str, Sequence[str]], buckets: int, ranks: int
    ) -> None:
        self._domains = domains
        self._vocabularies = vocabularies
        self._buckets = buckets
        self._ranks = ranks

    def add(self, data: Data, statistics: Any) -> None:
        for name, domain in self._domains.items():
            if name in data.features:
                tokens = _Tokens(data, name, domain, self._vocabularies[domain.vocabulary])
                message = statistics_pb2.NaturalLanguageStatistics()
                self._fill(message, tokens, domain)
                custom = data.feature(statistics, name).custom_stats.add(name="nl_statistics")
                custom.any.Pack(message)

    def _fill(self, message: Any, tokens: _Tokens, domain: Any) -> None:
        considered, covered, lengths, most = tokens.facts(self._ranks)
        message.feature_coverage = covered / considered if considered else 0
        if covered:
            message.avg_token_length = sum(length * n for length, n in lengths) / covered
        self._fill_lengths(message.token_length_histogram, lengths)
        for rank, (token, count) in enumerate(most):
            message.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=token, sample_count=count)
        sequences = tokens.sequence_lengths(domain.sequence_length_constraints)
        self._fill_lengths(message.sequence_length_histogram, sequences)
        if sequences:
            message.min_sequence_length, message.max_sequence_length = int(sequences[0][0]), int(sequences[-1][0])
        message.reported_sequences.extend(tokens.examples())
        for constraint in domain.token_constraints:
            _fill_token(message.token_statistics.add(), tokens, constraint)

    def _fill_lengths(self, histogram: Any, lengths: Sequence[tuple[float, int]]) -> None:
        distribution = Distribution.of_counts(lengths, Cuts(1, self._buckets))
        if distribution.total:
            fill_quantiles(histogram, distribution, self._buckets)


def _fill_token(message: Any, tokens: _Tokens, constraint: Any) -> None:
    if constraint.WhichOneof("value") == "int_value":
        message.int_token = constraint.int_value
    else:
        message.string_token = constraint.string_value
    sequences, having, total, most, positions = tokens.occurrences(constraint)
    if not total:
        return
    message.frequency = total
    message.fraction_of_sequences = having / sequences
    message.per_sequence_avg_frequency = total / having
    message.per_sequence_max_frequency = most
    for place, count in positions:
        message.positions.buckets.add(
            low_value=place / _POSITIONS, high_value=(place + 1) / _POSITIONS, sample_count=count
        )


class _Tokens:
    """The tokens of a feature, as SQL."""

    def __init__(self, data: Data, name: str, domain: Any, vocabulary: Sequence[str]) -> None:
        self._data = data
        kind = data.features[name].kind
        self._are_numbers = kind in (Kind.INT, Kind.CATEGORY)
        listed = data.listed(name)
        if kind is Kind.BYTES:
            listed = f"list_transform({listed}, lambda b: coalesce(try(decode(b)), {literal(INVALID)}))"
        elif self._are_numbers:
            listed = f"{listed}::BIGINT[]"
        self._sequences = f"(SELECT {listed} AS l FROM {data.relation} WHERE {data.column(name)} IS NOT NULL)"
        self._domain = domain
        self._numbers = {token: number for number, token in enumerate(vocabulary)} if self._are_numbers else {}
        self._vocabulary = vocabulary

    def facts(self, ranks: int) -> tuple[int, int, list[tuple[float, int]], list[tuple[str, int]]]:
        """How many tokens count, and are covered; lengths of those with how often; the most frequent of those."""
        connection = self._data.connection
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE tokens AS SELECT x, count(*) AS n FROM (SELECT unnest(l) AS x "
            f"FROM {self._sequences}) WHERE {self._none_of('x', self._domain.coverage, 'tokens')} GROUP BY x"
        )
        named = "SELECT x AS t, n FROM tokens"
        if self._are_numbers:
            connection.execute("CREATE OR REPLACE TEMP TABLE vocabulary AS SELECT unnest($1) AS t, unnest($2) AS x",
                               [list(self._vocabulary), list(range(len(self._vocabulary)))])  # fmt: skip
            named = "SELECT t, n FROM tokens LEFT JOIN vocabulary USING (x)"
        unknown = ", ".join(["''", *map(literal, self._domain.coverage.oov_string_tokens)])
        covered = f"(SELECT t, sum(n)::BIGINT AS n FROM ({named}) WHERE t NOT IN ({unknown}) GROUP BY t)"
        (considered,) = self._data.fetch("SELECT coalesce(sum(n), 0)::BIGINT FROM tokens")[0]
        lengths = self._data.fetch(
            f"SELECT length(t)::DOUBLE AS k, sum(n)::BIGINT FROM {covered} GROUP BY k ORDER BY k"
        )
        most = self._data.fetch(f"SELECT t, n FROM {covered} ORDER BY n DESC, t LIMIT {ranks}")
        connection.execute("DROP TABLE tokens")
        pairs = [(k, n) for k, n in lengths]
        return considered, sum(n for _, n in pairs), pairs, [(t, n) for t, n in most]

    def sequence_lengths(self, constraints: Any) -> list[tuple[float, int]]:
        """The lengths of sequences that are not empty, without the tokens that do not count, with how often."""
        kept = f"list_filter(l, lambda x: {self._none_of('x', constraints, 'value')})"
        query = (
            f"SELECT len({kept})::DOUBLE AS k, count(*) FROM {self._sequences} WHERE len(l) > 0 GROUP BY k ORDER BY k"
        )
        return [(k, n) for k, n in self._data.fetch(query)]

    def examples(self) -> list[str]:
        """Some sequences, as Python shows lists."""
        rows = self._data.fetch(f"SELECT l FROM {self._sequences} WHERE len(l) > 0 LIMIT {_REPORTED}")
        return [str([self._shown(token) for token in sequence]) for (sequence,) in rows]

    def occurrences(self, constraint: Any) -> tuple[int, int, int, int, list[tuple[int, int]]]:
        """Sequences, those with a token, how often it occurs, in one at most, and where, in tenths of a sequence."""
        token = self._literal(getattr(constraint, constraint.WhichOneof("value")))
        if token is None:
            return 0, 0, 0, 0, []
        number = f"len(list_filter(l, lambda x: x = {token}))"
        sequences, having, total, most = self._data.fetch(
            f"SELECT count(*), count_if(k > 0), coalesce(sum(k), 0)::BIGINT, max(k) FROM (SELECT {number} AS k "
            f"FROM {self._sequences})"
        )[0]
        places = f"SELECT unnest(l) AS x, unnest(range(len(l))) AS i, len(l) AS k FROM {self._sequences}"
        wanted = f"SELECT i * {_POSITIONS} // k AS place, count(*) FROM ({places}) WHERE x = {token}"
        positions = self._data.fetch(f"{wanted} GROUP BY place ORDER BY place")
        return sequences, having, total, most, [(place, n) for place, n in positions]

    def _none_of(self, token: str, constraints: Any, suffix: str) -> str:
        """SQL of whether a token is none of those that constraints exclude."""
        texts = [*getattr(constraints, f"excluded_string_{suffix}")]
        numbers = [*getattr(constraints, f"excluded_int_{suffix}")]
        excluded = ", ".join(filter(None, map(self._literal, [*texts, *numbers])))
        return f"{token} NOT IN ({excluded})" if excluded else "true"

    def _literal(self, token: str | int | None) -> str | None:
        """A token as SQL that may be compared with the values; None if no value can be it."""
        if isinstance(token, str) and self._are_numbers:
            token = self._numbers.get(token)
        if token is None or isinstance(token, int) != self._are_numbers:
            return None
        return str(token) if isinstance(token, int) else literal(token)

    def _shown(self, token: Any) -> Any:
        is_known = isinstance(token, int) and 0 <= token < len(self._vocabulary)
        return self._vocabulary[token] if is_known else token
