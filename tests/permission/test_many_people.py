"""A crowd is looked up and judged in columns; each of its people gets what they would get alone."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from consent_cases import NOW, Said, book, campaign, subjects, words
from evenhand.permission import ConsentBook, permit, recall
from evenhand.terms import Asked, ConsentStatus

EVERYTHING = {
    "consent": [status.value for status in ConsentStatus],
    "objection": ["Objected", "ObjectionWithdrawn"],
    "opt_out": ["OptedOut", "OptOutWithdrawn"],
    "restriction": ["Restricted", "RestrictionLifted"],
    "sale": ["SaleOptedOut", "SaleOptOutWithdrawn"],
    "minor": ["yes", "no", "16-17", "15", "14", "13", "under_13", "unknown"],
    "limit": ["LimitRequested", "LimitWithdrawn"],
    "opt_in": ["OptedIn", "OptedInByParent", "OptInWithdrawn"],
    "factor": ["SwitchedOff", "SwitchedOn"],
    "erasure": ["Erased"],
}
PURPOSES = ["PersonalisedAdvertising", "Advertising", "DirectMarketing", "Marketing", "", "Other"]
MOMENTS = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-06-02"]
ODD_OF_THE_LAST_WORD = 0xD6E8FEB86659FD93


def _crowd(people: int, records: int, seed: int) -> list[Said]:
    draw = np.random.default_rng(seed)
    said = []
    for who in draw.integers(0, people, records).tolist():
        kind = draw.choice(list(EVERYTHING))
        purposes = ["visits", "age"] if kind == "factor" else PURPOSES
        said.append(Said(who, kind, *(str(draw.choice(each)) for each in (EVERYTHING[kind], purposes, MOMENTS))))
    return said


@pytest.mark.parametrize("channel", ["email", "web"])
def test_everybody_in_a_crowd_gets_what_they_get_alone(channel):
    """Whatever they said, however often they are asked about, and whoever stands beside them."""
    people = [*range(5_000), *range(0, 5_000, 7)]
    said = book(_crowd(3_000, 9_000, seed=1))
    asked = Asked(subjects(people), NOW)
    together = permit(asked, campaign(channel=channel), said, recalled=recall(asked, said))
    answers = words(together)
    for row in [*range(120), *range(5_000, 5_040)]:
        alone = permit(Asked(subjects([people[row]]), NOW), campaign(channel=channel), said)
        assert words(alone) == [answers[row]]
        assert alone.switched_off.keys() <= together.switched_off.keys()
        for name, marked in together.switched_off.items():
            assert marked[row] == (name in alone.switched_off and alone.switched_off[name][0])


def test_a_crowd_about_whom_nothing_is_known_is_a_crowd_of_people():
    """An empty book answers for each of them."""
    asked = Asked(subjects(range(5_000)), NOW)
    permitted = permit(asked, campaign(), ConsentBook.empty())
    assert set(words(permitted)) == {("CONTEXTUAL", "CONSENT_NEVER_ASKED")}
    assert len(permitted.standing) == 5_000


def _ids_that_mix_alike() -> list[bytes]:
    """Two ids whose mixes differ in the last bits only, so that nothing but these tells which of them is meant."""
    step = pow(ODD_OF_THE_LAST_WORD, -1, 2**64)
    opening = b"0123456789abcdef01234567"
    return [opening + (0x3131313131313131 + step * one & 2**64 - 1).to_bytes(8, "little") for one in (0, 1)]


@pytest.mark.parametrize("known", [(0,), (1,), (0, 1), ()])
@pytest.mark.parametrize("asked", list(product((0, 1), repeat=2)))
def test_people_whose_ids_look_alike_are_told_apart(known, asked):
    """The bytes of an id decide, whatever short cut finds it."""
    ids = np.array(_ids_that_mix_alike(), dtype="S32")
    crowd = subjects(range(200))
    said = ConsentBook.from_columns(
        subjects=np.append(ids[list(known)], crowd[:50]),
        kinds=["consent"] * (len(known) + 50),
        purposes=["PersonalisedAdvertising"] * (len(known) + 50),
        statuses=["ConsentGiven"] * len(known) + ["ConsentWithdrawn"] * 50,
        at=np.full(len(known) + 50, np.datetime64("2026-01-01", "us")),
    )
    for others in (0, 200):
        permitted = permit(Asked(np.append(crowd[:others], ids[list(asked)]), NOW), campaign(), said)
        expected = ["PERSONALISED" if one in known else "CONTEXTUAL" for one in asked]
        assert [standing for standing, _ in words(permitted)][others:] == expected
