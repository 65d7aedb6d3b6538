"""Pseudonyms: the same for the same id and key, and nothing without the key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.features import Register, pseudonymise
from evenhand.terms import DataError, UsageError

KEY = bytes(range(32))


@given(ids=st.lists(st.text(min_size=1), unique=True, max_size=20))
def test_each_id_has_one_pseudonym_of_its_own(ids):
    """32 hex digits each, all different, and the same alone as in a batch."""
    made = pseudonymise(ids, KEY)
    assert made.dtype == "S32"
    assert len(set(made.tolist())) == len(ids)
    assert all(pseudonymise([id_], KEY)[0] == one and int(one, 16) >= 0 for id_, one in zip(ids, made, strict=True))


def test_another_key_gives_another_pseudonym():
    """Without the key, ids cannot be tried out."""
    assert pseudonymise(["klant-1"], KEY)[0] != pseudonymise(["klant-1"], bytes(32))[0]


def test_a_short_key_is_refused():
    """A key of another length is a mistake in the call."""
    with pytest.raises(UsageError, match="has 5 bytes"):
        pseudonymise(["a"], b"short")


def test_empty_ids_are_counted():
    """An empty id belongs to nobody."""
    with pytest.raises(DataError, match="1 of 3 subject ids are empty"):
        pseudonymise(["a", "", "b"], KEY)


@given(
    ids=st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=8),
    asked=st.lists(st.text(min_size=1, max_size=3), max_size=8),
)
def test_a_register_gives_the_same_pseudonyms_and_knows_who_is_there(ids, asked):
    """Looked up or worked out anew, a pseudonym is the same; strangers have no row."""
    people = Register(ids, KEY)
    asked = asked + ids[:2]
    assert people.pseudonyms.tolist() == pseudonymise(ids, KEY).tolist()
    assert people.pseudonyms_of(asked).tolist() == pseudonymise(asked, KEY).tolist()
    assert people.rows_of(asked).tolist() == [ids.index(one) if one in ids else -1 for one in asked]
