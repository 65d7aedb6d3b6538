"""What many decisions came to is read as their facts have it; what nobody can read any more is told apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from builders import MemoryLedger, begin_run, make_explained
from evenhand.ledger import decisions, erase_subject, expire_run, finish, outcomes, record
from evenhand.terms import LedgerError
from ledger.test_people import MemoryKeys

AT = datetime(2026, 5, 1, tzinfo=UTC)
PEOPLE = 40


@pytest.fixture(params=[True, False], ids=["under keys", "in the clear"])
def told(request):
    """A ledger with two runs, and the facts of their decisions."""
    store, explained = MemoryLedger(MemoryKeys() if request.param else None), make_explained(PEOPLE)
    facts = []
    for identity in ("000001", "000002"):
        with begin_run(store, identity=identity) as run:
            record(explained, run)
            finish(run, {})
        facts += decisions(store, run.run_id)
    return store, facts


def test_what_decisions_came_to_is_as_their_facts_have_it(told):
    """Moment, offer and reason of each; what the ledger does not have is left out, also behind the end of a run."""
    store, facts = told
    found = outcomes(store, [one.decision_id for one in facts])
    assert found == {one.decision_id: (one.at, one.offer, one.outcome) for one in facts}
    assert {one.offer >= 0 for one in facts} == {True, False}
    run = facts[0].run_id
    odd = ["", "x", ".1", f"{run}.0", f"{run}.-1", f"{run}.x", f"{run}.{PEOPLE + 1}", f"{run}.{PEOPLE + 5}", "none.1"]
    assert outcomes(store, odd) == outcomes(store, []) == {}


def test_what_nobody_can_read_any_more_is_there_and_has_no_outcome(told):
    """An erased person's decisions, and those whose time is over; a kept text that is missing is an error."""
    store, facts = told
    if store.people is None:
        return
    one, other = facts[0], facts[1]
    erase_subject(store, bytes.fromhex(one.subject), at=AT)
    assert outcomes(store, [one.decision_id, other.decision_id]) == {
        one.decision_id: None,
        other.decision_id: (other.at, other.offer, other.outcome),
    }
    expire_run(store, one.run_id, at=AT)
    assert outcomes(store, [other.decision_id]) == {other.decision_id: None}
    store.kept_payloads.clear()
    with pytest.raises(LedgerError, match="not what is kept beside it"):
        outcomes(
            store,
            [next(each.decision_id for each in facts if each.run_id != one.run_id and each.subject != one.subject)],
        )
