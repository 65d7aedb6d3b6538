"""Whom a model was fitted on, as bits: nobody who was is missed, and few others are taken for one who was."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from evenhand.features import class_list, may_be_in


def _people(count, salt=b""):
    digests = [hashlib.sha256(salt + str(number).encode()).digest()[:16] for number in range(count)]
    return digests, np.array([one.hex() for one in digests], dtype="S32")


@given(people=some.lists(some.binary(min_size=16, max_size=16), max_size=60))
def test_everybody_who_taught_is_in_it(people):
    """Whoever they are, in any order and however often."""
    kept = class_list(np.array([one.hex() for one in people], dtype="S32"))
    assert all(may_be_in(kept, one) for one in people)
    assert kept == class_list(np.array([one.hex() for one in reversed([*people, *people])], dtype="S32"))


def test_few_others_are_taken_for_one_who_taught():
    """Of ten thousand others about one in a hundred is a maybe; a list takes about a byte and a quarter for each."""
    _, those = _people(5_000)
    others, _ = _people(10_000, b"other")
    kept = class_list(those)
    assert len(kept) == 6_250
    assert 20 < sum(may_be_in(kept, one) for one in others) < 200


def test_a_list_of_nobody_has_nobody():
    """No people: no maybe."""
    assert not may_be_in(class_list(np.zeros(0, dtype="S32")), bytes(16))
