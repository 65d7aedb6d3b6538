"""The book of what people said."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_cases import Said, book, subjects
from evenhand.permission import ConsentBook
from evenhand.terms import DataError

GOOD = Said(0, "consent", "ConsentGiven")


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (GOOD._replace(kind="jan@example.org"), "record 2 .* no valid kind"),
        (GOOD._replace(kind=""), "record 2 .* no valid kind"),
        (GOOD._replace(status="ja"), "record 2 .* no valid status for its kind"),
        (GOOD._replace(kind="objection"), "record 2 .* no valid status for its kind"),
        (GOOD._replace(at="NaT"), "record 2 .* no valid moment"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_by_its_number(wrong, what):
    """Never by its subject, and never by what stands in it; a book with a doubtful record is no book."""
    with pytest.raises(DataError, match=what) as caught:
        book([GOOD, wrong, GOOD])
    assert "jan@" not in str(caught.value)
    assert subjects([0])[0].decode() not in str(caught.value)


def test_the_number_of_unreadable_records_is_told_and_the_word_meant():
    """One look says how bad it is."""
    with pytest.raises(DataError, match=r"record 1 .* and 2 more have.*did you mean ConsentGiven\?"):
        book([GOOD._replace(status="ConsentGivn")] * 3)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("wish", "ConsentGiven", "use one of the words: consent, objection, opt_out,"),
        ("consent", "ConsentYes", "^use one of the words of consent: "),  # nobody is led from a yes to a no
        ("consent", "ja", "use one of the words of consent: .*ConsentGiven.*ConsentWithdrawn"),
        ("objection", "ConsentGiven", r"use one of the words of objection: ObjectionWithdrawn, Objected \("),
        (
            "factor",
            "SwitchOff",
            r"did you mean SwitchedOff\? use one of the words of factor: SwitchedOn, SwitchedOff \(",
        ),
    ],
)
def test_a_word_that_is_not_valid_is_refused_with_those_that_are(kind, status, words):
    """Of a status those of its kind, and no others."""
    with pytest.raises(DataError, match=r"no valid (kind|status for its kind)") as caught:
        book([GOOD._replace(kind=kind, status=status)])
    assert re.search(words, caught.value.remedy)


def test_columns_of_different_length_are_refused():
    """Five columns, one row each."""
    with pytest.raises(DataError, match="different lengths"):
        ConsentBook.from_columns(
            subjects=subjects([0]),
            kinds=["consent"],
            purposes=[],
            statuses=["ConsentGiven"],
            at=np.array(["2026"], "M8[us]"),
        )


def test_a_book_cannot_be_written_in():
    """What people said is read-only once read."""
    said = book([GOOD])
    with pytest.raises(ValueError, match="read-only"):
        said.at[0] = 0
    with pytest.raises(AttributeError, match="at"):
        said.at = said.at  # type: ignore[misc]


def test_a_book_takes_columns_of_any_kind():
    """Lists, arrays of text, arrays of objects with None, other time units, upper case and prefixes."""
    said = ConsentBook.from_columns(
        subjects=subjects([1, 2]),
        kinds=np.array(["Consent", "OBJECTION"]),
        purposes=np.array(["https://w3id.org/dpv#DirectMarketing", None], dtype=object),
        statuses=(" dpv:ConsentGiven", "Objected"),
        at=np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]"),
    )
    assert len(said) == 2
    assert set(said.purpose_terms) == {"DirectMarketing", ""}


@given(st.lists(st.binary(min_size=1, max_size=32).map(lambda raw: raw.rstrip(b"\0") or b"x"), max_size=30), st.data())
def test_subjects_are_found_exactly(names, data):
    """Each known subject finds its own records and all of them; a stranger finds none."""
    known = np.array(names, dtype="S32")
    kinds = ["consent"] * len(names)
    said = ConsentBook.from_columns(
        subjects=known,
        kinds=kinds,
        purposes=[f"p{row}" for row in range(len(names))],
        statuses=["ConsentGiven"] * len(names),
        at=np.zeros(len(names), dtype="datetime64[us]"),
    )
    asked = np.array(sorted({*names, b"stranger", b"\xff" * 32}), dtype="S32")
    who, which = said.records_of(asked)
    found = sorted(
        (bytes(asked[person]), said.purpose_terms[said.purposes[row]]) for person, row in zip(who, which, strict=True)
    )
    assert found == sorted((name, f"p{row}") for row, name in enumerate(names))
