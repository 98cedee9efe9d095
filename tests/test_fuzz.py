"""A fixed sample of the differential fuzzer's programs: however a program is run, its results and gradients agree."""

import pytest

import headwater as tf
from tests.fuzz.generate import program
from tests.fuzz.run import disagreement, is_unstable, modes_of, smaller


@pytest.mark.parametrize("seed", range(8))
def test_programs_agree_with_themselves(seed: int) -> None:
    one = program(seed)
    found = disagreement(tf, one, modes_of(seed, 1))
    assert not found or is_unstable(tf, one), f"{found}\n{one.source}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8, 400))
def test_more_programs_agree_with_themselves(seed: int) -> None:
    test_programs_agree_with_themselves(seed)


def test_disagreements_are_found_and_made_smaller() -> None:
    one = program(3)
    wrong = one.source.replace("return [", "v0.assign(v0 * tf.cast(tf.executing_eagerly(), F))\n    return [")
    assert wrong != one.source
    one = one.__class__(one.seed, wrong, one.dtype, one.inputs, one.variables)

    def is_wrong(candidate: object) -> bool:
        return "v0" in disagreement(tf, candidate, ["captured"])

    assert is_wrong(one)
    found = smaller(one, is_wrong)
    assert len(found.source.splitlines()) <= 3
