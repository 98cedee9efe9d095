"""Sizes beyond 32 bits: an error where nothing can hold them, never the end of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import headwater as tf


@pytest.mark.parametrize(
    "make",
    [
        lambda: tf.zeros([2**31, 2**31]),
        lambda: tf.ones([2**40, 2**40], tf.uint8),
        lambda: tf.fill([2**45], 1.0),
        lambda: tf.tile(tf.ones([1000]), [2**40]),
        lambda: tf.broadcast_to(1.0, [2**31, 2**15]),
    ],
)
def test_what_no_device_holds_is_an_error(make: Callable[[], Any]) -> None:
    with pytest.raises((tf.errors.ResourceExhaustedError, tf.errors.InvalidArgumentError)):
        make()
