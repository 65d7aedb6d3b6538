"""The audit of history before anything is learned from it."""

from __future__ import annotations

import json
import re

import numpy as np
import polars as pl
import pytest

import evenhand as eh
from evenhand.disparity import audit
from evenhand.terms import Binning, DataError, FeatureView, Severity
from evenhand.worlds import HiringBias, hiring

N = 2000


@pytest.fixture
def history(wall):
    """A skewed history: women respond less in the record, `title` all but tells sex, `late` knows the outcome."""
    rng = np.random.default_rng(1)
    woman = rng.random(N) < 0.5
    outcome = (rng.random(N) < np.where(woman, 0.2, 0.5)).astype(np.uint8)
    sex = np.where(woman, "female", "male").astype(object)
    sex[:300] = "unknown"
    age = np.where(rng.random(N) < 0.5, "young", "old").astype(object)
    age[1990:] = "centenarian"
    title = np.where(rng.random(N) < 0.95, np.where(woman, 3, 4), 5)
    nothing = rng.integers(3, 6, N)
    gappy = np.where(rng.random(N) < np.where(woman, 0.3, 0.05), 1, rng.integers(3, 6, N))
    codes = tuple(c.astype(np.uint8) for c in (title, nothing, gappy, 3 + outcome))
    names = ("title", "nothing", "gappy", "late")
    view = FeatureView("P", tuple(Binning(n, "category", (), ("a", "b", "c")) for n in names), "0" * 64)
    return wall({"sex": sex.tolist(), "age": age.tolist()}), view, codes, outcome


def test_the_audit_finds_the_skew_the_proxy_the_gap_the_leak_and_the_small_group(history):
    """Each planted problem once, and nothing about the feature that is innocent. `gappy` and `late` tell sex too."""
    found = audit(*history).findings
    about = {(item.id, item.subject_matter) for item in found}
    assert about == {
        ("EH-DATA-001", "sex"),
        ("EH-DATA-002", "title"),
        ("EH-DATA-002", "gappy"),
        ("EH-DATA-002", "late"),
        ("EH-DATA-003", "gappy"),
        ("EH-DATA-004", "age"),
        ("EH-DATA-005", "late"),
        ("EH-DATA-006", "sex"),
        ("EH-DATA-009", "gappy"),
        ("EH-DATA-010", "sex"),
    }
    assert found[0].id == "EH-DATA-005"
    assert found[0].severity is Severity.ERROR


@pytest.mark.parametrize("planted", [True, False])
def test_planted_proxies_are_found_also_where_they_only_say_yes_or_no(planted):
    """In the hiring world the three proxies are named; the merely leaning and the honest features are not."""
    bias = None if planted else HiringBias.none()
    people = hiring(6_000, np.random.default_rng(11), bias)
    columns = {name: values for name, values in people.columns.items() if name not in ("applicant", "age_group")}
    found = eh.audit(pl.DataFrame(columns), outcome="hired", sensitive_features=["gender"]).findings
    named = {item.subject_matter for item in found if item.id == "EH-DATA-002"}
    assert named == (set(people.truth.proxies) if planted else set())
    assert {item.subject_matter for item in found if item.id == "EH-DATA-001"} == ({"gender"} if planted else set())


def test_intersections_are_audited_without_being_asked(history):
    """Sex and age together make groups of their own; only where they are declared are small ones among them named."""
    for declared in ((), [("sex", "age")]):
        result = audit(*history, intersections=declared)
        assert [comparison.features for comparison in result.outcome] == [("sex",), ("age",), ("sex", "age")]
        assert ("female", "young") in {rate.group for rate in result.outcome[2].rates}
        small = {item.subject_matter for item in result.findings if item.id == "EH-DATA-004"}
        assert small == {"age", *("sex & age" for _ in declared)}


def test_every_question_to_the_wall_says_why(history):
    """Nothing but `count` is called, and each question names the audit and its subject."""
    audit(*history)
    assert history[0].asked
    assert all(why.startswith("data audit: ") and len(why) > 15 for _, why in history[0].asked)


def test_the_audit_is_json_and_passes_no_verdict(history):
    """No text says that something is compliant, unbiased, debiased or discriminates."""
    text = json.dumps(audit(*history).to_dict(), allow_nan=False)
    assert not re.search(r"complian|unbias|debias|discriminat|fair\b", text, re.IGNORECASE)
    assert json.loads(text)["rows"] == N


def test_a_gap_that_can_be_chance_is_a_note(wall):
    """14 of 40 beside 20 of 40: named, with its doubt."""
    outcome = np.array([1] * 14 + [0] * 26 + [1] * 20 + [0] * 20, np.uint8)
    people = wall({"sex": ["female"] * 40 + ["male"] * 40})
    found = audit(people, FeatureView("P", (), "0" * 64), (), outcome).findings
    (finding,) = [item for item in found if item.id == "EH-DATA-001"]
    assert finding.severity is Severity.NOTE
    assert "can be chance" in finding.what


def test_codes_that_do_not_belong_to_the_outcomes_are_refused(history):
    """Another number of rows is an error."""
    people, view, codes, outcome = history
    with pytest.raises(DataError, match="do not belong together"):
        audit(people, view, codes, outcome[:-1])
