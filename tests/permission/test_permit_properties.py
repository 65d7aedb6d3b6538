"""What holds for any records that people could have left."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consent_cases import NOW, Said, answer, book, campaign, subjects, words
from evenhand.permission import permit
from evenhand.policy import ancestors
from evenhand.terms import Asked, ConsentStatus, Standing

STATUSES = {
    "consent": [status.value for status in ConsentStatus],
    "objection": ["Objected", "ObjectionWithdrawn"],
    "opt_out": ["OptedOut", "OptOutWithdrawn"],
    "restriction": ["Restricted", "RestrictionLifted"],
    "sale": ["SaleOptedOut", "SaleOptOutWithdrawn"],
    "minor": ["yes", "no", "unknown"],
}
PERMITTING = {
    "ConsentGiven",
    "RenewedConsentGiven",
    "ObjectionWithdrawn",
    "OptOutWithdrawn",
    "RestrictionLifted",
    "SaleOptOutWithdrawn",
    "no",
}
PURPOSES = [
    "PersonalisedAdvertising",
    "Advertising",
    "Marketing",
    "DirectMarketing",
    "TargetedAdvertising",
    "",
    "Other",
]
REACHING = {"PersonalisedAdvertising", *ancestors("PersonalisedAdvertising"), "DirectMarketing", "", "Other"}
DAYS = [f"2026-0{month}-01" for month in range(1, 6)]

records = st.sampled_from(sorted(STATUSES)).flatmap(
    lambda kind: st.builds(
        Said,
        who=st.integers(0, 3),
        kind=st.just(kind),
        status=st.sampled_from(STATUSES[kind]),
        purpose=st.sampled_from(PURPOSES),
        at=st.sampled_from([*DAYS, "2026-07-01"]),
    )
)
histories = st.lists(records, max_size=14)
settings_of_a_campaign = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["email", "post", "web", "app"]),
        "legal_basis": st.sampled_from(["consent", "contract", "legitimate_interest"]),
    }
)
PEOPLE = range(5)


def _latest(said: list[Said], who: int, kind: str, purpose: str) -> set[str]:
    """All statuses at the latest moment that counts, read the plain way."""
    own = [r for r in said if (r.who, r.kind, r.purpose) == (who, kind, purpose) and r.at < "2026-06-01"]
    return {record.status for record in own if record.at == max(other.at for other in own)}


@given(histories, settings_of_a_campaign)
def test_a_standing_restriction_is_never_followed_by_personalisation(said, how):
    """Until it is lifted the data is kept and not used; only an objection is told before it (G-18)."""
    answers = answer(said, PEOPLE, **how)
    for person in PEOPLE:
        if any("Restricted" in _latest(said, person, "restriction", purpose) for purpose in REACHING):
            refused = "REFUSED" if how["channel"] in {"email", "post"} else "CONTEXTUAL"
            assert answers[person][0] == refused
            assert answers[person][1] in {"RESTRICTED", "DIRECT_MARKETING_OBJECTION"}


@given(histories, settings_of_a_campaign)
def test_an_objection_is_never_followed_by_personalisation(said, how):
    """While it stands: never personalised, and nothing at all on a direct channel (G-21b)."""
    answers = answer(said, PEOPLE, **how)
    for person in PEOPLE:
        if any("Objected" in _latest(said, person, "objection", purpose) for purpose in REACHING):
            refused = "REFUSED" if how["channel"] in {"email", "post"} else "CONTEXTUAL"
            assert answers[person] == (refused, "DIRECT_MARKETING_OBJECTION")


@given(histories, st.sampled_from(["email", "web"]))
def test_only_given_or_renewed_consent_as_the_latest_word_personalises(said, channel):
    """On consent as basis; ties count as no."""
    for person, (standing, _) in enumerate(answer(said, PEOPLE, channel=channel)):
        if standing == "PERSONALISED":
            latest = _latest(said, person, "consent", "PersonalisedAdvertising")
            assert latest
            assert latest <= {"ConsentGiven", "RenewedConsentGiven"}


@given(histories, records.filter(lambda record: record.status not in PERMITTING), settings_of_a_campaign)
def test_a_later_no_never_raises_anybodys_standing(said, later, how):
    """Whatever its kind, purpose and status."""
    before = answer(said, PEOPLE, **how)
    after = answer([*said, later._replace(at="2026-05-31")], PEOPLE, **how)
    for (was, _), (becomes, _) in zip(before, after, strict=True):
        assert Standing[becomes] <= Standing[was]


@given(histories, settings_of_a_campaign, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(said, how, random):
    """A table has no order."""
    shuffled = random.sample(said, len(said))
    assert answer(said, PEOPLE, **how) == answer(shuffled, PEOPLE, **how)


@given(histories, settings_of_a_campaign)
def test_one_person_alone_gets_the_answer_of_the_batch(said, how):
    """Batch and live are the same road."""
    together = answer(said, PEOPLE, **how)
    assert together == [answer(said, [person], **how)[0] for person in PEOPLE]


@given(histories, settings_of_a_campaign)
def test_the_records_of_others_do_not_matter(said, how):
    """Nobody's standing depends on what somebody else said."""
    own = [answer([record for record in said if record.who == person], [person], **how)[0] for person in PEOPLE]
    assert answer(said, PEOPLE, **how) == own


@given(st.permutations(list(range(40))))
def test_the_order_of_people_does_not_matter(people):
    """Each row is answered by itself."""
    said = book([Said(person, "consent", "ConsentGiven") for person in range(0, 40, 3)])
    permitted = permit(Asked(subjects(people), NOW), campaign(), said)
    expected = [("PERSONALISED" if person % 3 == 0 else "CONTEXTUAL") for person in people]
    assert [standing for standing, _ in words(permitted)] == expected
    assert np.array_equal(permitted.asked.subjects, subjects(people))
