"""A first campaign file from any table: every guess has its reason, and nothing is used before a person agrees."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.adapters.data.tables import open_table
from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.declared.draft import draft_campaign
from evenhand.policy import CONTACT_TO_FILL_IN, NAME_TO_FILL_IN, OFFER_TO_FILL_IN
from evenhand.terms import DataError, Origin, PolicyError, Role, Severity

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROWS = 600


def _customers(**more):
    rng = np.random.default_rng(1)
    responded = rng.integers(0, 2, ROWS)
    columns = {
        "klantnummer": np.arange(1000, 1000 + ROWS),
        "visits": rng.integers(0, 50, ROWS),
        "region": rng.choice(["north", "south"], ROWS),
        "churnScore": rng.random(ROWS),
        "leeftijd": rng.integers(18, 90, ROWS),
        "geslacht": rng.choice(["v", "m"], ROWS),
        "inkomen": rng.integers(10, 90, ROWS) * 1000,
        "religion": rng.choice(["a", "b"], ROWS),
        "email": [f"p{i}@example.org" for i in range(ROWS)],
        "naam": [f"Naam {i}" for i in range(ROWS)],
        "since": ["2024-01-02", "2023-05-06"] * (ROWS // 2),
        "constant": ["x"] * ROWS,
        "opt_in": rng.integers(0, 2, ROWS),
        "remark": [f"a rather long remark about what somebody said, number {i % 30}" for i in range(ROWS)],
        "revenue_after": responded * 10 + rng.random(ROWS),
        "duration": rng.integers(0, 900, ROWS),
        "responded": np.where(responded, "yes", "no"),
    }
    return pl.DataFrame(columns | more)


@pytest.fixture
def drafted(tmp_path):
    """Draft from a frame that was written to customers.csv; with the file's folder."""

    def make(frame=None, **options):
        (_customers() if frame is None else frame).write_csv(tmp_path / "customers.csv")
        return draft_campaign(tmp_path / "customers.csv", out=tmp_path / "campaign.yaml", **options)

    return make


def _answered(text):
    """What a person does at least: answer the category, name the consents, agree with every guess, write the texts."""
    text = text.replace("# category:", "category: ordinary").replace("confirmed: false\n", "confirmed: true\n")
    text = text.replace(NAME_TO_FILL_IN, "Shop").replace(CONTACT_TO_FILL_IN, "privacy@shop.example")
    text = text.replace(OFFER_TO_FILL_IN["nl"], "Gratis thee").replace(OFFER_TO_FILL_IN["en"], "Free tea")
    text = text.replace("VUL IN: ", "uw ").replace("FILL IN: ", "your ")
    return text.replace("# consents:\n#   file", "consents:\n  file")


def _roles(draft):
    return {guess.name: guess.role for guess in draft.guesses}


def test_each_column_gets_the_role_that_a_person_would_expect(drafted):
    """Dutch and English names, contents, and what leaks the outcome."""
    assert _roles(drafted()) == {
        "klantnummer": Role.IDENTIFIER,
        "visits": Role.FEATURE,
        "region": Role.FEATURE,
        "churnScore": Role.FEATURE,
        "leeftijd": Role.SENSITIVE,
        "geslacht": Role.SENSITIVE,
        "inkomen": Role.SENSITIVE,
        "religion": Role.SENSITIVE,
        "email": Role.FORBIDDEN,
        "naam": Role.FORBIDDEN,
        "since": Role.FORBIDDEN,
        "constant": Role.FORBIDDEN,
        "opt_in": Role.FORBIDDEN,
        "remark": Role.FORBIDDEN,
        "revenue_after": Role.FORBIDDEN,
        "duration": Role.FORBIDDEN,
        "responded": Role.OUTCOME,
    }


def test_origin_kind_and_special_category_are_guessed_too(drafted):
    """A score is inferred, religion is a special category, text is a category."""
    guesses = {guess.name: guess for guess in drafted().guesses}
    assert guesses["churnScore"].origin is Origin.INFERRED
    assert guesses["religion"].special_category
    assert (guesses["visits"].kind, guesses["region"].kind) == ("number", "category")


def test_every_guess_has_its_reason_beside_it_and_waits_for_a_person(drafted):
    """In the file, a comment before each column, and confirmed: false after it."""
    draft = drafted()
    for guess in draft.guesses:
        assert f"  # {guess.reason}\n  {guess.name}:\n    role: {guess.role}\n" in draft.text
    assert draft.text.count("confirmed: false\n") == len(draft.guesses)
    assert draft.columns["visits"]["reason"]


def test_an_unanswered_draft_cannot_run(drafted, tmp_path):
    """The category is missing, and nothing is confirmed."""
    path = tmp_path / "campaign.yaml"
    path.write_text(drafted().text)
    with pytest.raises(PolicyError, match="category"):
        load_campaign(path, at=NOW)


def test_an_answered_draft_loads_as_it_is(drafted, tmp_path):
    """Category, consents and agreement are all that it needs; the same table is history and subjects."""
    path = tmp_path / "campaign.yaml"
    path.write_text(_answered(drafted().text))
    loaded = load_campaign(path, at=NOW)
    assert not [finding for finding in loaded.findings if finding.severity is Severity.ERROR]
    campaign = loaded.campaign
    assert (campaign.identifier, campaign.outcome) == ("klantnummer", "responded")
    assert campaign.names(Role.FEATURE) == ("visits", "region", "churnScore")
    assert campaign.subjects.file == campaign.history.file == "customers.csv"
    assert open_table(campaign.subjects, tmp_path).ids(campaign.identifier, unique=True)[0] == "1000"


def test_every_placeholder_of_a_draft_is_found_with_its_line(drafted, tmp_path):
    """With everything else answered, what is left is exactly what the draft marks as a text to edit, line by line."""
    path = tmp_path / "campaign.yaml"
    text = drafted().text
    text = text.replace("# category:", "category: ordinary").replace("confirmed: false\n", "confirmed: true\n")
    path.write_text(text.replace("# consents:\n#   file", "consents:\n  file"))
    with pytest.raises(PolicyError, match="The name of the organisation is still the draft's") as refused:
        load_campaign(path, at=NOW)
    errors = [finding for finding in refused.value.findings if finding.severity is Severity.ERROR]
    told = {finding.line: finding.id for finding in errors}
    lines = enumerate(text.splitlines(), 1)
    marked = [line for line, shown in lines if "# edit:" in shown and "money" not in shown and "AI made" not in shown]
    assert sorted(told) == marked
    assert sorted(told.values()) == ["EH-POL-060", "EH-POL-061", "EH-POL-062", *["EH-POL-063"] * 3]
    warned = {finding.id for finding in refused.value.findings if finding.severity is Severity.WARNING}
    assert "EH-POL-064" in warned


def test_what_to_look_at_is_a_finding(drafted):
    """Personal data, leaks and consent columns; none of them shows a value."""
    findings = drafted().findings
    assert {(finding.id, finding.subject_matter) for finding in findings} == {
        ("EH-PII-003", "email"),
        ("EH-PII-007", "naam"),
        ("EH-DRAFT-006", "opt_in"),
        ("EH-DRAFT-002", "revenue_after"),
        ("EH-DRAFT-002", "duration"),
    }
    assert not any("@" in finding.what for finding in findings)


def test_impossible_ages_are_found(drafted):
    """Below 0 or above 120."""
    ages = [-1, 121, 400] + [30, 40, 50] * ((ROWS - 3) // 3)
    (finding,) = [found for found in drafted(_customers(leeftijd=ages)).findings if found.id == "EH-DRAFT-001"]
    assert finding.measured["impossible"] == 3


def test_a_year_of_birth_is_no_impossible_age(drafted):
    """Named after birth, but not an age."""
    frame = _customers().drop("leeftijd").with_columns(geboortejaar=pl.int_range(1940, 1940 + ROWS) % 60 + 1940)
    draft = drafted(frame)
    assert _roles(draft)["geboortejaar"] is Role.SENSITIVE
    assert not [found for found in draft.findings if found.id == "EH-DRAFT-001"]


def test_the_outcome_may_be_named(drafted):
    """--outcome decides; the other yes-or-no column becomes what it looks like."""
    draft = drafted(_customers(extra=[0, 1] * (ROWS // 2)), outcome="extra")
    assert _roles(draft)["extra"] is Role.OUTCOME
    assert _roles(draft)["responded"] is Role.FEATURE


@pytest.mark.parametrize(
    ("outcome", "match"),
    [
        ("respond", "did you mean 'responded'"),
        ("visits", "values of outcome 'visits'"),
        ("constant", "outcome 'constant'"),
    ],
)
def test_an_outcome_that_is_none_is_refused(drafted, outcome, match):
    """Not there, not yes or no."""
    with pytest.raises(DataError, match=match):
        drafted(outcome=outcome)


def test_what_is_missing_is_said(drafted):
    """No identifier, no outcome, no feature: a finding each, and still a file."""
    draft = drafted(pl.DataFrame({"sex": ["f", "m"] * 50, "wijk": ["a", "b"] * 50}))
    assert [finding.id for finding in draft.findings] == ["EH-DRAFT-003", "EH-DRAFT-004", "EH-DRAFT-005"]


@pytest.mark.parametrize(("name", "id_of"), [("Lid-nr.", "L{:05d}"), ("klantnummer", "{}")])
def test_of_a_history_with_several_rows_for_some_people_the_id_is_still_the_identifier(drafted, name, id_of):
    """It says that the table is a history, and where the table of people goes; no other column becomes the id."""
    people = [id_of.format(2000 + row // 2) for row in range(ROWS)]
    draft = drafted(_customers(klantnummer=people).rename({"klantnummer": name}))
    (several,) = [finding for finding in draft.findings if finding.id == "EH-DRAFT-004"]
    assert "some people in several rows" in several.what
    assert "subjects" in several.remedy
    roles = {guess.name: guess.role for guess in draft.guesses}
    assert [one for one, role in roles.items() if role is Role.IDENTIFIER] == [name]
    assert "some people have several rows" in draft.text


def test_awkward_names_are_quoted(drafted, tmp_path):
    """Spaces, quotes, colons, words of YAML, other scripts: the file stays readable."""
    awkward = {
        name: [i % 7 for i in range(ROWS)] for name in ("no", "a b: #c", 'say "x"', "naïve", "1st", "Ü|\tx", "a\\b")
    }
    path = tmp_path / "campaign.yaml"
    path.write_text(_answered(drafted(_customers(**awkward)).text), encoding="utf-8")
    assert set(awkward) <= set(load_campaign(path, at=NOW).campaign.columns)


def test_per_offer_columns_are_told_about_and_left_out(drafted, tmp_path):
    """NAME@OFFER is declared once, as NAME."""
    draft = drafted(_customers(**{"bought@a": [1] * ROWS, "bought@b": [0] * ROWS}))
    assert "# Per offer (columns NAME@OFFER): bought." in draft.text
    assert not any("@" in guess.name for guess in draft.guesses)
    (tmp_path / "campaign.yaml").write_text(_answered(draft.text))
    load_campaign(tmp_path / "campaign.yaml", at=NOW)


def test_a_database_table_and_a_frame_can_be_drafted_too(tmp_path):
    """sqlite:///FILE#TABLE is declared as such; a frame is told to be written to a file."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE people (id INTEGER, visits REAL, bought INTEGER)")
    connection.executemany("INSERT INTO people VALUES (?, ?, ?)", [(i, i % 9, i % 2) for i in range(60)])
    connection.commit()
    connection.close()
    draft = draft_campaign(f"sqlite:///{tmp_path / 'shop.db'}#people", out=tmp_path / "sub" / "campaign.yaml")
    assert 'subjects:\n  sql: "sqlite:///../shop.db"\n  table: "people"\n' in draft.text
    assert _roles(draft) == {"id": Role.IDENTIFIER, "visits": Role.FEATURE, "bought": Role.OUTCOME}
    assert _roles(draft_campaign(pd.DataFrame({"id": range(60), "y": [0, 1] * 30})))["y"] is Role.OUTCOME


def test_the_first_line_tells_an_editor_where_the_schema_is(drafted):
    """So that the editor completes and checks."""
    assert re.match(r"# yaml-language-server: \$schema=\S+\n", drafted().text)


@settings(max_examples=20)
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="@"), min_size=1, max_size=8), unique=True, max_size=3
    ),
    seed=st.integers(0, 2**32),
)
def test_any_table_gives_a_file_that_can_be_read(tmp_path_factory, names, seed):
    """Whatever the columns are called and hold, the draft is YAML whose columns are those of the table."""
    rng = np.random.default_rng(seed)
    kinds = (lambda: rng.normal(size=40), lambda: rng.choice(["a", "b", ""], 40), lambda: rng.integers(0, 2, 40))
    frame = pl.DataFrame({"id": range(40), "y": [0, 1] * 20} | {name: kinds[rng.integers(3)]() for name in names})
    text = _answered(draft_campaign(frame, outcome="y").text)
    path = tmp_path_factory.mktemp("draft") / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        columns = set(load_campaign(path, at=NOW).campaign.columns)
    except PolicyError as error:
        assert {finding.id for finding in error.findings if finding.severity is Severity.ERROR} <= {"EH-POL-032"}  # noqa: PT017
    else:
        assert columns == set(frame.columns)


@pytest.mark.parametrize(
    ("column", "nothing", "others"),
    [
        ("segment", "No E-Mail", ["Mens E-Mail", "Womens E-Mail"]),
        ("groep", "controlegroep", ["actie"]),
        ("aanbod", "geen", ["thee", "koffie"]),
        ("test_arm", "Control", ["A", "B"]),
        ("offer_shown", "none", ["tea"]),
    ],
)
def test_a_control_is_found_and_drafted_as_a_comment(tmp_path, column, nothing, others):
    """The column that says what was shown is no feature; the lines for increments wait behind a mark."""
    shown = (pl.Series([nothing, *others] * ROWS)).head(ROWS)
    out = tmp_path / "campaign.yaml"
    draft = draft_campaign(_customers(**{column: shown}), out=out)
    role = next(guess for guess in draft.guesses if guess.name == column)
    assert role.role is Role.FORBIDDEN
    assert "what was shown" in role.reason
    for line in (f"  # offer: {column}", f'  # control: "{nothing}"', "  # randomised: true", "#   target: increment"):
        assert line in draft.text


@pytest.mark.parametrize(
    ("column", "values"),
    [("pets", ["none", "dog", "cat"]), ("newsletter", ["no", "yes"]), ("offer", ["tea", "coffee"]), ("mail", ["none"])],
)
def test_no_control_is_seen_where_nothing_says_so(column, values):
    """No pets are no control group, and an offer column without nothing shown has none."""
    draft = draft_campaign(_customers(**{column: pl.Series(values * ROWS).head(ROWS)}))
    assert "control:" not in draft.text
    assert "target:" not in draft.text


def test_the_drafted_lines_for_increments_still_wait_for_a_person(tmp_path):
    """Taking the marks away is not enough: what a draft left to be filled in is listed, and nothing runs."""
    out = tmp_path / "campaign.yaml"
    draft = draft_campaign(_customers(segment=pl.Series(["No E-Mail", "tea"] * (ROWS // 2))), out=out)
    text = draft.text.replace("# category:", "category: ordinary")
    for line in ("offer: segment", 'control: "No E-Mail"', "randomised: true", "target: increment"):
        assert f"# {line}" in text or f"#   {line}" in text
        text = text.replace(f"  # {line}", f"  {line}").replace(f"#   {line}", f"  {line}")
    out.write_text(text.replace("# model:", "model:"), encoding="utf-8")
    with pytest.raises(PolicyError, match="more") as caught:
        load_campaign(out, at=NOW)
    found = {finding.id for finding in caught.value.findings}
    assert {"EH-POL-060", "EH-POL-061", "EH-POL-062", "EH-POL-030"} <= found
    assert not found & {"EH-POL-026", "EH-POL-027", "EH-POL-028"}
