"""`keras.preprocessing.sequence`: sequences of word numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headwater.keras.utils._padding import pad_sequences

__all__ = ["make_sampling_table", "pad_sequences", "skipgrams"]

_EULER_GAMMA = 0.577


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Any:
    """How probably to keep each word, by its rank in frequency, if frequencies follow Zipf's law (Mikolov, 2013).

    Args:
        size: How many words there are.
        sampling_factor: The frequency below which a word is always kept.

    Returns:
        An array [size] of probabilities.

    >>> tf.keras.preprocessing.sequence.make_sampling_table(3).round(5)
    array([0.00315, 0.00315, 0.00548])
    """
    rank = np.maximum(np.arange(size), 1)
    inverse_frequency = rank * (np.log(rank) + _EULER_GAMMA) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse_frequency))


def skipgrams(
    sequence: Sequence[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0,
    shuffle: bool = True, categorical: bool = False, sampling_table: Any = None, seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:  # fmt: skip
    """Pairs of a word with one near it (label 1), and with a random one (label 0).

    Args:
        sequence: Word numbers; 0 is no word.
        vocabulary_size: The largest word number plus 1.
        window_size: How far off a word may be.
        negative_samples: How many pairs with random words there are, for each other pair.
        shuffle: Whether the pairs are put in random order.
        categorical: Whether labels are ``[0, 1]`` and ``[1, 0]``.
        sampling_table: How probably to keep each word; see `make_sampling_table`.
        seed: The seed of the order.

    Returns:
        The pairs and their labels.

    >>> tf.keras.preprocessing.sequence.skipgrams([1, 2, 0], 3, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1]], [1, 1])
    """
    near, far = ([0, 1], [1, 0]) if categorical else (1, 0)
    pairs = list(_pairs(sequence, window_size, sampling_table))
    labels: list[Any] = [near] * len(pairs)
    count = int(len(pairs) * negative_samples)
    if count:
        words = [pair[0] for pair in pairs]
        random.shuffle(words)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [far] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for items in (pairs, labels):  # both in the same order
            random.seed(seed)
            random.shuffle(items)
    return pairs, labels


def _pairs(sequence: Sequence[int], window: int, table: Any) -> Iterator[list[int]]:
    for place, word in enumerate(sequence):
        if not word or (table is not None and table[word] < random.random()):
            continue
        for other in range(max(0, place - window), min(len(sequence), place + window + 1)):
            if other != place and sequence[other]:
                yield [word, sequence[other]]
