"""Reviews of campaign files in the ledger: by somebody else, of exactly one file, and before anything starts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from builders import MemoryLedger, make_campaign, model_from_json
from evenhand.ledger import (
    GENESIS,
    Head,
    Kind,
    Tail,
    give_review,
    link,
    refuse_unreviewed,
    review_state,
    send_for_review,
    verify,
)
from evenhand.policy import Campaign
from evenhand.terms import PolicyError, UsageError

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FILE, OTHER = "a" * 64, "b" * 64
AUTHOR, REVIEWER = "staff-author", "staff-reviewer"


def _sent(store, digest=FILE, **more):
    return send_for_review(store, "tiny", digest, **{"by": AUTHOR, "at": AT, **more})


def _given(store, verdict="approved", digest=FILE, **more):
    said = {"by": REVIEWER, "roles": ["reviewer"], "reason": "fits the guideline", "at": AT, **more}
    return give_review(store, "tiny", digest, verdict, **said)


def _campaign(clause=None):
    made = make_campaign().model_dump(mode="json")
    return Campaign.model_validate(made | ({} if clause is None else {"review": clause}))


def test_a_campaign_that_asks_for_a_review_starts_only_as_it_was_approved():
    """Not unsent, not in review, not refused, and not as another file; each time with what to do."""
    store, asks = MemoryLedger(), _campaign({"by": ["reviewer"]})
    with pytest.raises(PolicyError, match="was not reviewed as it is now"):
        refuse_unreviewed(store, asks, FILE)
    _sent(store, reviewers=["Rosa Review"])
    with pytest.raises(PolicyError, match="is in review") as refused:
        refuse_unreviewed(store, asks, FILE)
    assert "Rosa Review" in refused.value.remedy
    _given(store, "refused", reason="the text misleads")
    with pytest.raises(PolicyError, match="was refused"):
        refuse_unreviewed(store, asks, FILE)
    _sent(store, note="reworded")
    found = _given(store)
    assert (found.state, found.told["role"], found.told["reason"]) == ("approved", "reviewer", "fits the guideline")
    refuse_unreviewed(store, asks, FILE)
    with pytest.raises(PolicyError, match="was not reviewed as it is now"):
        refuse_unreviewed(store, asks, OTHER)
    assert verify(store, model_from_json).ok


def test_what_was_sent_once_needs_a_review_for_ever_whatever_its_file_says():
    """Taking the clause out of the file takes nothing away; a campaign that was never sent is free."""
    store, free = MemoryLedger(), _campaign()
    refuse_unreviewed(store, free, FILE)
    _sent(store)
    for digest in (FILE, OTHER):
        with pytest.raises(PolicyError, match="does not start"):
            refuse_unreviewed(store, free, digest)
    _given(store)
    refuse_unreviewed(store, free, FILE)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"by": AUTHOR}, "wrote it or sent it"),
        ({"by": "Noor (machine two)"}, "wrote it or sent it"),
        ({"by": "STAFF-AUTHOR"}, "wrote it or sent it"),
        ({"roles": ["marketer"]}, "takes the role reviewer"),
        ({"roles": ["auditor"]}, "takes the role reviewer"),
        ({"reason": " "}, "a name or a reason is missing"),
        ({"by": ""}, "a name or a reason is missing"),
        ({"digest": OTHER}, "is not in review"),
    ],
)
def test_nobody_reviews_their_own_file_or_without_role_or_reason_or_another_file(said, words):
    """Nothing is written; the file stays in review."""
    store = MemoryLedger()
    _sent(store, authors=["Noor (machine one)"])
    entries = store.tail().entries
    with pytest.raises(UsageError, match=words):
        _given(store, **said)
    assert store.tail().entries == entries
    assert review_state(store, "tiny", FILE).state == "in-review"


def test_a_file_is_in_review_once_and_an_approval_is_final():
    """Sent twice is refused, approved too, and a verdict is given once; the clause says whose role counts."""
    store = MemoryLedger()
    _sent(store)
    with pytest.raises(UsageError, match="is in-review already"):
        _sent(store)
    _given(store, roles=["marketer", "auditor"], wanted=("auditor",))
    with pytest.raises(UsageError, match="is approved already"):
        _sent(store)
    with pytest.raises(UsageError, match="is not in review"):
        _given(store, "refused")
    with pytest.raises(UsageError, match="a name is missing"):
        send_for_review(store, "tiny", OTHER, by=" ", at=AT)


@pytest.mark.parametrize(
    ("kind", "was", "becomes"),
    [
        (Kind.REVIEWED, b'"by":"staff-reviewer"', b'"by":"staff-author"'),
        (Kind.REVIEWED, b'"reason":"fits the guideline"', b'"reason":""'),
        (Kind.REVIEWED, b'"sent":1', b'"sent":2'),
        (Kind.SENT_FOR_REVIEW, b"a" * 64, b"b" * 64),
    ],
)
def test_a_review_that_a_holder_of_the_key_forges_is_found(kind, was, becomes):
    """By its author, without a reason, of nothing, or of another file: hashes fit, but the story does not."""
    store = MemoryLedger()
    _sent(store)
    _given(store)
    rows, hash_ = [], GENESIS
    for row in store.rows:
        body = row[4].replace(was, becomes) if row[1] == kind else row[4]
        hash_ = link(hash_, body)
        rows.append((len(rows) + 1, row[1], row[2], hash_, body))
    store.rows, store.kept = rows, Head(Tail(len(rows), hash_))
    told = [problem.what for problem in verify(store, model_from_json).problems]
    assert any("reviews what was not sent, or without a reason, or by its own author" in what for what in told)
