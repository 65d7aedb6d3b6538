"""The DPV purposes."""

from __future__ import annotations

import pytest

from evenhand.policy import (
    PURPOSES,
    ancestors,
    is_direct_marketing_kind,
    is_known,
    is_marketing,
    nearest_purpose,
    purpose_term,
)


def test_every_parent_is_itself_a_known_purpose():
    """The tree has no loose ends, and all of it hangs on Purpose."""
    for term in PURPOSES:
        assert all(is_known(parent) for parent in PURPOSES[term])
        assert term == "Purpose" or "Purpose" in ancestors(term)
        assert term not in ancestors(term)


def test_recruitment_targeting_is_both_recruitment_and_targeted():
    """As in DPV 2.3, the term has two parents."""
    assert {"RecruitmentAdvertising", "TargetedAdvertising", "PersonalisedAdvertising", "Marketing"} <= set(
        ancestors("RecruitmentTargetedAdvertising")
    )


@pytest.mark.parametrize(
    ("purpose", "direct"),
    [
        ("DirectMarketing", True),
        ("PersonalisedAdvertising", True),
        ("RecruitmentTargetedAdvertising", True),
        ("PoliticalCampaign", True),
        ("Advertising", False),
        ("PublicRelations", False),
        ("SocialMediaMarketing", False),
        ("NobodyKnows", True),
    ],
)
def test_marketing_aimed_at_a_person_is_direct_marketing(purpose, direct):
    """An objection to direct marketing reaches profiling too; when in doubt it does."""
    assert is_direct_marketing_kind(purpose) is direct


def test_purposes_outside_marketing_are_not_marketing():
    """Hiring and personalisation are known, because marketing terms hang below them, and are no marketing."""
    assert is_known("PersonnelHiring")
    assert not is_marketing("PersonnelHiring")
    assert not is_marketing("Personalisation")
    assert is_marketing("Marketing")


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("PersonalizedAdvertising", "PersonalisedAdvertising"),
        ("direct marketing", "DirectMarketing"),
        ("dpv:TargettedAdvertising", "TargetedAdvertising"),
        ("xyzzy", None),
    ],
)
def test_the_purpose_that_was_meant_is_named(written, term):
    """Other spellings lead to the term; nonsense leads to nothing."""
    assert nearest_purpose(written) == term


def test_a_purpose_may_be_written_as_an_iri():
    """Consent records often carry the prefix or the whole address."""
    assert {
        purpose_term(text)
        for text in ("DirectMarketing", "dpv:DirectMarketing", "https://w3id.org/dpv#DirectMarketing")
    } == {"DirectMarketing"}
