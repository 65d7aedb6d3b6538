"""Each promise holds for honest decisions and names every kind of dishonest one."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, make_campaign, make_explained, make_model
from evenhand.ledger import columns_from_explained
from evenhand.promises import Ground, Totals, check_decisions, check_limits, check_run, check_totals
from evenhand.terms import LimitOutcome, Measure, Reason, SoftOutcome, Standing

CAMPAIGN = make_campaign()
MODEL = make_model(CAMPAIGN)


def _ground(campaign=CAMPAIGN, model=MODEL, **changes):
    text = campaign.model_dump_json()
    ground = Ground(campaign, text, hashlib.sha256(text.encode()).hexdigest(), model, NOON)
    return dataclasses.replace(ground, **changes)


def _columns(n=60, seed=0, campaign=CAMPAIGN, model=MODEL):
    return columns_from_explained(make_explained(n, campaign, model, seed=seed), 0, n, 1)


COLUMNS = _columns()
GROUND = _ground()
MODEL_FEATURES = len(MODEL.view.binnings)


def _codes(violations):
    return [(violation.promise, violation.code) for violation in violations]


def _first(mask):
    return int(np.flatnonzero(mask)[0])


def _with(field, row, value):
    changed = np.array(getattr(COLUMNS, field))
    changed[row] = value
    return dataclasses.replace(COLUMNS, **{field: changed})


@given(st.integers(0, 80), st.integers(0, 2**20), st.integers(1, 4), st.integers(0, 5))
def test_honest_decisions_keep_every_promise(n, seed, offers, terms):
    """Nothing is found in what real arithmetic made."""
    campaign = make_campaign(offers=offers, terms=terms, per_offer=min(1, terms))
    model = make_model(campaign, seed)
    ground = _ground(campaign, model)
    columns = _columns(n, seed, campaign, model)
    assert check_run(ground) == ()
    assert check_decisions(columns, ground) == ()
    assert check_totals(Totals.none(offers).plus(columns), ground) == ()


BY_CHANGE = make_campaign(model={"target": "increment"})
CHANGES = make_model(BY_CHANGE)


@given(st.integers(0, 80), st.integers(0, 2**20), st.integers(1, 4))
def test_honest_decisions_by_what_an_offer_changes_keep_every_promise(n, seed, offers):
    """Changes below zero are recorded as what they are."""
    campaign = make_campaign(offers=offers, model={"target": "increment"})
    model = make_model(campaign, seed)
    ground = _ground(campaign, model)
    columns = _columns(n, seed, campaign, model)
    assert check_run(ground) == ()
    assert check_decisions(columns, ground) == ()


@given(st.integers(0, 59), st.integers(-(2**31), 2**31 - 1))
def test_a_recorded_change_is_the_score_and_nothing_else(row, value):
    """Whatever is written in its place is found, also where it would be a probability."""
    columns = _columns(campaign=BY_CHANGE, model=CHANGES)
    changed = columns.probability.copy()
    changed[row] = value
    found = _codes(check_decisions(dataclasses.replace(columns, probability=changed), _ground(BY_CHANGE, CHANGES)))
    assert (("explained", "probability") in found) == (value != columns.probability[row])


@pytest.mark.parametrize(("campaign", "model"), [(BY_CHANGE, MODEL), (CAMPAIGN, CHANGES)])
def test_a_model_of_the_one_cannot_decide_a_campaign_by_the_other(campaign, model):
    """Chances are no changes: such a run is refused before its first decision."""
    assert _codes(check_run(_ground(campaign, model))) == [("explained", "model-shape")]


REFUSED = COLUMNS.standing == Standing.REFUSED
CONTEXTUAL = COLUMNS.standing == Standing.CONTEXTUAL
PERSONALISED = COLUMNS.standing == Standing.PERSONALISED
CHOSEN = PERSONALISED & (COLUMNS.offer >= 0)


@pytest.mark.parametrize(
    ("field", "where", "value", "expected"),
    [
        ("offer", REFUSED, 0, ("private", "refused-but-used")),
        ("score", REFUSED, 7, ("private", "refused-but-used")),
        ("runner_up_value", REFUSED, 7, ("private", "refused-but-used")),
        ("flip_code", CONTEXTUAL, 4, ("private", "contextual-but-personal")),
        ("permission", PERSONALISED, Reason.DIRECT_MARKETING_OBJECTION, ("private", "objection-but-personalised")),
        ("permission", PERSONALISED, Reason.CONSENT_WITHDRAWN, ("private", "personalised-without-basis")),
        ("permission", PERSONALISED, Reason.BASIS_LEGITIMATE_INTEREST, ("private", "personalised-without-basis")),
        ("permission", PERSONALISED, 77, ("explained", "unknown-index")),
        ("standing", PERSONALISED, 9, ("explained", "unknown-index")),
        ("permission", REFUSED, Reason.CONSENT_VALID, ("explained", "reason")),
        ("outcome", REFUSED, Reason.CONSENT_EXPIRED, ("explained", "reason")),
        ("outcome", CHOSEN, Reason.BEYOND_LIMITS, ("explained", "reason")),
        ("score", CHOSEN, 1, ("explained", "score")),
        ("probability", CHOSEN, 2_000_000, ("explained", "probability")),
        ("value", CHOSEN, 1, ("explained", "value")),
        ("price", CHOSEN, 1, ("explained", "margin")),
        ("margin", CHOSEN, 1, ("explained", "margin")),
        ("top_contributions", CHOSEN, 1, ("explained", "top-terms")),
        ("at", CHOSEN, 0, ("governed", "decided-early")),
    ],
)
def test_each_kind_of_dishonest_decision_is_named(field, where, value, expected):
    """One changed value in one row: that promise is broken, at that row."""
    row = _first(where)
    found = [v for v in check_decisions(_with(field, row, value), GROUND) if (v.promise, v.code) == expected]
    assert [violation.rows for violation in found] == [(row,)]


@given(st.sampled_from(["score", "value", "margin"]), st.integers(0, 59), st.integers(-(2**40), 2**40))
def test_no_other_amount_passes(field, row, value):
    """Whatever amount is written instead of the true one, for anybody."""
    assert bool(check_decisions(_with(field, row, value), GROUND)) == (getattr(COLUMNS, field)[row] != value)


@given(st.integers(0, 3), st.integers(1, 7))
def test_a_code_of_somebody_without_personalisation_is_found(term, code):
    """One bin code in one term of a contextual or refused person is enough."""
    for where, expected in ((REFUSED, "refused-but-used"), (CONTEXTUAL, "contextual-but-personal")):
        codes = [np.array(column) for column in COLUMNS.codes]
        codes[term][..., _first(where)] = code
        found = check_decisions(dataclasses.replace(COLUMNS, codes=tuple(codes)), GROUND)
        assert ("private", expected) in _codes(found)


@given(st.permutations(range(4)))
def test_only_the_largest_contributions_in_order_pass(order):
    """Any other choice or order of true contributions is refused, unless sizes tie."""
    row = _first(CHOSEN)
    reference = int(COLUMNS.reference[row])
    shares = [
        int(table[reference, code[row] if code.ndim == 1 else code[reference, row]])
        for table, code in zip(MODEL.tables, COLUMNS.codes, strict=True)
    ]
    terms = COLUMNS.top_terms.copy()
    amounts = COLUMNS.top_contributions.copy()
    terms[row], amounts[row] = order[:3], [shares[t] for t in order[:3]]
    found = check_decisions(dataclasses.replace(COLUMNS, top_terms=terms, top_contributions=amounts), GROUND)
    honest = list(order[:3]) == sorted(range(4), key=lambda t: -abs(shares[t]))[:3]
    assert (found == ()) == honest


def test_direct_channels_keep_people_out_altogether():
    """By post, a person whose consent was withdrawn is refused, not addressed in a contextual way."""
    found = check_decisions(COLUMNS, _ground(make_campaign(channel="post")))
    assert ("private", "direct-but-contextual") in _codes(found)
    opted_out = make_campaign(channel="post")
    assert check_decisions(_columns(campaign=opted_out), _ground(opted_out)) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"role": "sensitive"}, ("fair", "sensitive-feature")),
        ({"role": "forbidden"}, ("private", "feature")),
        ({"confirmed": False}, ("private", "feature")),
        ({"special_category": True}, ("private", "feature")),
        (None, ("private", "feature")),
    ],
)
def test_a_column_that_is_no_feature_is_never_read(change, expected):
    """Sensitive, forbidden, unconfirmed, special or undeclared: the model may not read it."""
    columns = {name: column.model_dump() for name, column in CAMPAIGN.columns.items()}
    if change is None:
        del columns["f1"]
    else:
        columns["f1"].update(change)
    assert expected in _codes(check_run(_ground(make_campaign(columns=columns))))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "Baking"}, "purpose-unknown"),
        ({"consents": None}, "consent-source-missing"),
        ({"legal_basis": "legitimate_interest"}, "balancing-missing"),
        (
            {"legal_basis": "legitimate_interest", "balancing": {"record": "r", "expires": "2026-11-22"}},
            "balancing-missing",
        ),
        (
            {"limits": {"disparity": [{"id": "sex", "groups": ["sex"], "bound": 0.8, "mode": "aware"}]}},
            "necessity-missing",
        ),
    ],
)
def test_what_people_must_declare_is_declared(changes, code):
    """Purpose, consent source, a balancing test that is still valid, necessity."""
    assert ("governed", code) in _codes(check_run(_ground(make_campaign(**changes))))


def test_the_campaign_that_ran_is_the_one_declared():
    """Another text, or another campaign than the text says, does not pass."""
    assert ("governed", "campaign-changed") in _codes(check_run(_ground(campaign_digest="0" * 64)))
    other = dataclasses.replace(GROUND, campaign=make_campaign(seed=1))
    assert ("governed", "campaign-changed") in _codes(check_run(other))


def test_no_decision_is_older_than_its_run():
    """Every decision dated before the start is named."""
    found = check_decisions(COLUMNS, _ground(at=NOON + timedelta(seconds=1)))
    assert _codes(found) == [("governed", "decided-early")]
    assert len(found[0].rows) == 60


def test_a_model_of_other_offers_explains_nothing():
    """The tables must be those of the campaign's offers."""
    assert ("explained", "model-shape") in _codes(check_run(_ground(model=make_model(make_campaign(offers=2)))))


LIMITED = make_campaign(
    offers=1,
    limits={
        "budget": "10",
        "contacts": {"total": 5},
        "disparity": [{"id": "sex", "groups": ["sex"], "bound": 0.8}],
    },
)
KEPT = (
    LimitOutcome("budget", "budget", 10_000_000.0, 9_000_000.0, True, False),
    LimitOutcome("contacts", "contacts", 5.0, 5.0, True, True),
    LimitOutcome("sex", "disparity", 0.8, 0.81, True, True, measure=Measure.SELECTION_RATE_RATIO),
)


def test_every_declared_limit_is_accounted_for():
    """An outcome for each, as declared, and held by its own figures too."""
    ground = _ground(LIMITED)
    assert check_limits(KEPT, ground) == ()
    assert _codes(check_limits(KEPT[1:], ground)) == [("fair", "limit-missing")]
    for change, code in (
        ({"declared": 0.5}, "limit-changed"),
        ({"used": 0.79}, "limit-broken"),
        ({"held": False}, "limit-broken"),
    ):
        changed = (*KEPT[:2], dataclasses.replace(KEPT[2], **change))
        assert ("fair", code) in _codes(check_limits(changed, ground))
    over = (dataclasses.replace(KEPT[0], used=10_000_001.0), *KEPT[1:])
    assert _codes(check_limits(over, ground)) == [("fair", "limit-broken")]


def test_totals_are_recomputed_from_the_decisions():
    """Capacity, contacts and budget count whole decisions, to the unit."""
    ground = _ground(LIMITED)
    assert check_totals(Totals(5, 0, 0, 5, (5,)), ground) == ()
    assert _codes(check_totals(Totals(6, 0, 0, 6, (6,)), ground)) == [("fair", "limit-exceeded")]
    assert len(check_totals(Totals(40, 0, 0, 40, (40,)), ground)) == 2
    offer = LIMITED.offers[0].model_copy(update={"capacity": 3})
    small = LIMITED.model_copy(update={"offers": (offer,)})
    assert "capacity:o0" in check_totals(Totals(4, 0, 0, 4, (4,)), _ground(small))[0].what


def test_an_offer_that_reaches_too_few_people_is_found():
    """One person short of a minimum, in what is declared of it or in the decisions themselves, breaks the promise."""
    campaign = make_campaign(offers=1)
    offer = campaign.offers[0].model_copy(update={"minimum": 20})
    ground = _ground(campaign.model_copy(update={"offers": (offer,), "limits": make_campaign().limits}))
    assert check_totals(Totals(50, 0, 0, 50, (20,)), ground) == ()
    assert _codes(check_totals(Totals(50, 0, 0, 50, (19,)), ground)) == [("fair", "limit-missed")]
    contacts = LimitOutcome("contacts", "contacts", 10_000_000, 19, held=True, binding=False)
    short = LimitOutcome("minimum:o0", "minimum", 20, 19, held=True, binding=True)
    assert _codes(check_limits([contacts, short], ground)) == [("fair", "limit-broken")]
    assert _codes(check_limits([contacts], ground)) == [("fair", "limit-missing")]
    assert check_limits([contacts, dataclasses.replace(short, used=20)], ground) == ()


def _conditioned():
    campaign = make_campaign()
    offers = (campaign.offers[0].model_copy(update={"eligible": "member"}), *campaign.offers[1:])
    return _ground(campaign.model_copy(update={"offers": offers}))


def test_an_offer_that_is_closed_to_a_person_is_found():
    """Chosen or second, by a condition that was declared or was not, read of a person without personalisation."""
    excluded = np.zeros((len(COLUMNS), 3), dtype=bool)
    excluded[CONTEXTUAL, 0] = True
    honest = dataclasses.replace(COLUMNS, excluded=excluded)
    fair = [found for found in check_decisions(honest, _conditioned()) if found.promise == "fair"]
    assert {row for found in fair for row in found.rows} == set(
        np.flatnonzero(CONTEXTUAL & ((COLUMNS.offer == 0) | (COLUMNS.runner_up == 0))).tolist()
    )
    row = _first(CHOSEN & (COLUMNS.offer == 0))
    closed = excluded.copy()
    closed[row, 0] = True
    found = check_decisions(dataclasses.replace(COLUMNS, excluded=closed), _conditioned())
    assert any(one.code == "not-eligible" and row in one.rows for one in found)
    undeclared = check_decisions(dataclasses.replace(COLUMNS, excluded=closed), GROUND)
    assert any(one.code == "excluded-undeclared" and row in one.rows for one in undeclared)
    read = np.zeros((len(COLUMNS), 3), dtype=bool)
    found = check_decisions(dataclasses.replace(COLUMNS, excluded=read), _conditioned())
    assert [one.rows for one in found if one.code == "condition-read"] == [tuple(np.flatnonzero(CONTEXTUAL).tolist())]
    read[_first(REFUSED), 0] = True
    found = check_decisions(dataclasses.replace(COLUMNS, excluded=read), _conditioned())
    assert ("private", "refused-but-used") in _codes(found)


def test_a_reason_of_not_being_eligible_needs_every_offer_closed():
    """One open offer is enough to make the reason a wrong one, and all closed ask for it."""
    row = _first(PERSONALISED & (COLUMNS.offer < 0) & (COLUMNS.runner_up >= 0))
    outcome = np.array(COLUMNS.outcome)
    outcome[row] = Reason.NOT_ELIGIBLE
    found = check_decisions(dataclasses.replace(COLUMNS, outcome=outcome), GROUND)
    assert ("explained", "reason") in _codes(found)
    excluded = np.zeros((len(COLUMNS), 3), dtype=bool)
    excluded[row] = True
    found = check_decisions(dataclasses.replace(COLUMNS, excluded=excluded), GROUND)
    assert [one.rows for one in found if (one.promise, one.code) == ("explained", "reason")] == [(row,)]


SOFT = SoftOutcome(0.02, 1_000_000, 0.7, 19_000, 45_000)


@pytest.mark.parametrize(
    ("changes", "soft", "expected"),
    [
        ({}, {}, None),
        ({"used": 0.69}, {}, "limit-broken"),
        ({"held": True}, {}, "limit-given-up"),
        ({}, {"cost": 21_000}, "limit-given-up"),
        ({}, {"needed": 15_000}, "limit-given-up"),
        ({}, {"needed": None}, None),
        ({}, {"ceiling": 0.05}, "limit-changed"),
        ({"held": True, "used": 0.8}, {"bound": 0.8, "cost": 15_000, "needed": 15_000}, None),
        ({"held": False, "used": 0.8}, {"bound": 0.8, "cost": 15_000, "needed": 15_000}, "limit-given-up"),
    ],
)
def test_a_soft_limit_is_given_up_at_its_ceiling_and_nowhere_else(changes, soft, expected):
    """Kept to the bound that was settled, at a cost within the ceiling, and only because the whole costs more."""
    limits = {"disparity": [{"id": "sex", "groups": ["sex"], "bound": 0.8, "ceiling": 0.02}]}
    ground = _ground(make_campaign(limits=limits))
    outcome = LimitOutcome("sex", "disparity", 0.8, 0.7, held=False, binding=True)
    told = dataclasses.replace(outcome, soft=dataclasses.replace(SOFT, **soft), **changes)
    assert _codes(check_limits([told], ground)) == ([] if expected is None else [("fair", expected)])
    assert _codes(check_limits([outcome], ground)) == [("fair", "limit-changed")]


@given(st.integers(0, 59), st.integers(0, MODEL_FEATURES - 1))
def test_a_factor_switched_off_and_used_is_found(row, place):
    """Whoever is marked as having switched a factor off, and has a code of it or is not personalised, is named."""
    off = np.zeros((60, place + 1), dtype=bool)
    off[row, place] = True
    changed = dataclasses.replace(COLUMNS, switched_off=off)
    used = bool(np.atleast_2d(COLUMNS.codes[place])[:, row].any())
    is_broken = used or COLUMNS.standing[row] != Standing.PERSONALISED
    found = check_decisions(changed, GROUND)
    assert (("private", "switched-off-but-used") in _codes(found)) == is_broken


def test_a_value_withheld_of_somebody_who_did_not_ask_for_it_is_found():
    """Leaving a fact out behind a person's back is no favour."""
    row = _first(COLUMNS.standing == Standing.PERSONALISED)
    codes = [np.array(code) for code in COLUMNS.codes]
    codes[0][..., row] = 0
    found = check_decisions(dataclasses.replace(COLUMNS, codes=tuple(codes)), GROUND)
    assert ("private", "withheld-unasked") in _codes(found)
