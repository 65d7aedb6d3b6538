"""Which files a campaign from the network may name, and who mends what a check finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.policy import CHECKS, Owner, owner_of, review_sources

OPEN = {"people.csv", "tables/said.csv", "own-rules.yaml"}


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"subjects": {"file": "people.txt"}}, ("subjects", "file")),
        ({"consents": {"sql": "DATABASE_URL", "table": "said"}}, ("consents", "sql")),
        ({"monitor": [{"events": {"file": "../people.csv"}}]}, ("monitor", 0, "events", "file")),
        ({"balancing": {"file": "balancing.yaml"}}, ("balancing", "file")),
        ({"law": {"packs": ["own-rules.yaml", "other.yaml"]}}, ("law", "packs", 1)),
        ({"subjects": {"file": ["people.csv"]}}, ("subjects", "file")),
        ({"subjects": {"file": 7}}, ("subjects", "file")),
    ],
)
def test_a_place_that_names_another_file_is_found(data, where):
    """Wherever in the file it stands, with the way to it and what to do."""
    (found,) = review_sources(data, OPEN)
    assert found.path == where
    assert found.finding.id == "EH-POL-170"
    assert found.finding.remedy


def test_open_files_and_columns_called_file_are_fine():
    """Names of columns are no names of files."""
    data = {
        "subjects": {"file": "people.csv", "sql": None},
        "consents": {"file": "tables/said.csv"},
        "law": {"packs": ["own-rules.yaml"]},
        "columns": {"file": {"role": "feature"}, "sql": {"role": "forbidden"}},
    }
    assert review_sources(data, OPEN) == ()


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["file", "sql", "a", "law"]), inner),
    max_leaves=12,
)


@given(_PLAIN)
def test_with_no_open_file_no_file_and_no_database_passes(data):
    """Whatever the data is, each value of a key `file` or `sql` is found or holds nothing."""

    def named(value):
        if isinstance(value, dict):
            return sum((v is not None) if k in ("file", "sql") else named(v) for k, v in value.items())
        return sum(map(named, value)) if isinstance(value, list) else 0

    assert len(review_sources(data, ())) == named(data)


def test_every_finding_has_an_owner():
    """Whom a block leads to is settled for each check, and for what data shows."""
    assert {owner_of(id) for id in CHECKS} == set(Owner)
    assert owner_of("EH-DATA-001") is Owner.DATA_SCIENTIST
