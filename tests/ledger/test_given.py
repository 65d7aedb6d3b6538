"""Earlier offers, counted from the ledger's own decisions: which count, of whom, and that verification counts again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from builders import MemoryLedger, begin_run, make_campaign, make_explained, model_from_json
from evenhand.ledger import RecordedOffers, erase_subject, finish, record, verify
from evenhand.terms import Asked, DataError, Explained
from ledger.test_people import MemoryKeys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PEOPLE = 700


def campaign_with(*each: dict[str, Any], name: str = "tiny", controller: str = "Shop") -> Any:
    """A campaign with these limits over time."""
    return make_campaign(
        campaign=name,
        controller={"name": controller, "contact": "privacy@shop.example"},
        limits={"contacts": {"total": 10_000_000, "each": list(each)}},
    )


def recorded(store: MemoryLedger, campaign: Any, at: datetime, identity: str, people: int = PEOPLE) -> Explained:
    """A run of the campaign at that moment; the same people each time, whatever its limits over time say."""
    explained = make_explained(people, campaign, at=at)
    with begin_run(store, campaign=campaign, at=at, identity=identity) as run:
        record(explained, run)
        finish(run, {})
    return explained


@pytest.mark.parametrize("keys", [None, MemoryKeys])
def test_what_counts_is_an_offer_less_than_the_period_away_on_either_side(keys):
    """A day before is out, a second less is in; so is what was decided as of a later moment; nobody else counts."""
    store = MemoryLedger(keys() if keys else None)
    asking = campaign_with({"offers": 1, "within": "P1D"}, {"offers": 9, "within": "P1W"})
    at = (NOON, NOON + timedelta(seconds=1), NOON + timedelta(days=3))
    runs = [recorded(store, campaign_with(), moment, f"00000{n}") for n, moment in enumerate(at)]
    got = [explained.allocated.gets() for explained in runs]
    subjects = runs[0].allocated.scored.minimised.permitted.asked.subjects
    asked = Asked(subjects, NOON + timedelta(days=1))
    found = RecordedOffers(store).count(asked, asking)
    np.testing.assert_array_equal(found, [got[1], got[0].astype(int) + got[1] + got[2]])
    few = np.flatnonzero(got[1])[:5]
    np.testing.assert_array_equal(RecordedOffers(store).count(Asked(subjects[few], asked.at), asking), found[:, few])
    stranger = Asked(np.array([b"f" * 32], dtype="S32"), asked.at)
    assert not RecordedOffers(store).count(stranger, asking).any()


def test_other_campaigns_count_and_other_controllers_do_not():
    """`of: campaign` narrows it to the campaign's own id."""
    store = MemoryLedger()
    one = recorded(store, campaign_with(name="one"), NOON, "000001").allocated.gets()
    recorded(store, campaign_with(name="one", controller="Bakery"), NOON, "000002")
    asking = campaign_with({"offers": 1, "within": "P1D"}, {"offers": 1, "within": "P1D", "of": "campaign"}, name="two")
    asked = make_explained(PEOPLE, asking, at=NOON).allocated.scored.minimised.permitted.asked
    np.testing.assert_array_equal(RecordedOffers(store).count(asked, asking), [one, np.zeros(PEOPLE)])


def test_a_replay_counts_what_was_recorded_before_its_run():
    """With a run named, it and whatever came after it are left out."""
    store = MemoryLedger()
    first = recorded(store, campaign_with(), NOON, "000001")
    recorded(store, campaign_with(), NOON, "000002")
    asking = campaign_with({"offers": 5, "within": "P1D"})
    asked = first.allocated.scored.minimised.permitted.asked
    run = "20261123T120000Z-000002"
    gets = first.allocated.gets().astype(int)
    np.testing.assert_array_equal(RecordedOffers(store).count(asked, asking), [2 * gets])
    np.testing.assert_array_equal(RecordedOffers(store, before=run).count(asked, asking), [gets])


def test_an_erased_person_counts_for_nothing():
    """Nobody can read any more what they were offered."""
    keys = MemoryKeys()
    store = MemoryLedger(keys)
    explained = recorded(store, campaign_with(), NOON, "000001")
    asked = explained.allocated.scored.minimised.permitted.asked
    row = int(np.flatnonzero(explained.allocated.gets())[0])
    erase_subject(store, bytes.fromhex(asked.subjects[row].decode()), at=NOON)
    asking = campaign_with({"offers": 1, "within": "P1D"})
    found = RecordedOffers(store).count(asked, asking)[0]
    assert found[row] == 0
    assert found.sum() == explained.allocated.gets().sum() - 1


def test_lost_keys_are_an_error_and_not_people_who_got_nothing():
    """Where nobody erased them, what they were offered is not known, and nothing is decided."""
    keys = MemoryKeys()
    store = MemoryLedger(keys)
    explained = recorded(store, campaign_with(), NOON, "000001")
    asked = explained.allocated.scored.minimised.permitted.asked
    for row in range(3):
        del keys.kept[bytes.fromhex(asked.subjects[row].decode())]
    asking = campaign_with({"offers": 1, "within": "P1D"})
    with pytest.raises(DataError, match="3 earlier decisions cannot be opened"):
        RecordedOffers(store).count(asked, asking)


def test_verification_counts_again_and_finds_who_got_too_much():
    """Two runs of which nobody held anybody back: the second is named, with how many, and no person."""
    store = MemoryLedger()
    limited = campaign_with({"offers": 1, "within": "P1D"})
    gets = int(recorded(store, limited, NOON, "000001").allocated.gets().sum())
    assert verify(store, model_from_json).ok
    recorded(store, limited, NOON + timedelta(hours=3), "000002")
    found = verify(store, model_from_json)
    assert [f"gave {gets} people more offers than 1 within P1D" in one.what for one in found.problems] == [True]
    store = MemoryLedger()
    recorded(store, limited, NOON, "000001")
    recorded(store, limited, NOON + timedelta(days=1), "000002")
    assert verify(store, model_from_json).ok
