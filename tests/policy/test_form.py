"""What people read when a campaign's form is wrong, and the published schema."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from campaign_cases import NOW, PLAIN, changed
from evenhand.policy import Campaign, campaign_fields, campaign_schema, read_campaign

ROOT = Path(__file__).parents[2]
LOADED = YAML(typ="safe", pure=True).load((ROOT / "tests/data/campaign_full.yaml").read_text(encoding="utf-8"))
FULL = json.loads(json.dumps(LOADED, default=str))
JARGON = ("validat", "pydantic", "extra", "str_", "type_error", "Input", "NoneType", "dict")

WRONG_FORM = [
    ({"purpose": None}, "EH-POL-004", "purpose: this is missing."),
    ({"controller.contact": None}, "EH-POL-004", "controller, contact: this is missing."),
    ({"purpse": "x"}, "EH-POL-003", "The key purpse is not one that evenhand knows."),
    ({"offers.0.vallue": 1}, "EH-POL-003", "The key vallue in offers, number 1 is not one"),
    ({"category": "employmnt"}, "EH-POL-006", "category: this is not one of the words allowed here."),
    ({"evenhand": 2}, "EH-POL-006", "evenhand: this is not one of the words allowed here."),
    ({"offers.0.value": -1}, "EH-POL-007", "offers, number 1, value: this must be at least 0."),
    ({"offers": []}, "EH-POL-007", "offers: this must be a list of at least 1."),
    ({"offers.0.value": "1.1234567"}, "EH-POL-007", "at most 6 digits after the point"),
    ({"limits.budget": "veel"}, "EH-POL-005", "limits, budget: this must be a number"),
    ({"seed": 1.5}, "EH-POL-007", "seed: this must be a whole number."),
    ({"offers.0.made_by_ai": "maybe"}, "EH-POL-005", "this must be true or false."),
    ({"columns.visits.meaning.nl": 3}, "EH-POL-005", "columns, visits, meaning, nl: this must be a text."),
    ({"retention.decisions": "2 years"}, "EH-POL-007", "an ISO 8601 duration such as P24M"),
    ({"campaign": "Lente 1"}, "EH-POL-007", "lower-case letters, digits"),
    ({"columns": ["a"]}, "EH-POL-005", "columns: this must be a mapping"),
    ({"offers": {"id": "x"}}, "EH-POL-005", "offers: this must be a list"),
    ({"history.train_before": [1]}, "EH-POL-005", "history, train_before: this must be a number"),
    ({"history.hold_out": 0.95}, "EH-POL-007", "history, hold_out: this must be less than 0.9."),
]


@pytest.mark.parametrize(("changes", "id", "what"), WRONG_FORM)
def test_a_wrong_form_is_told_in_words_that_people_use(changes, id, what):
    """The place in words, one sentence, a remedy; none of the validator's own words."""
    campaign, findings = read_campaign(changed(changes), at=NOW)
    told = next(item.finding for item in findings if item.finding.id == id)
    assert campaign is None
    assert what in told.what
    assert not [word for word in JARGON if word in told.what + told.remedy]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"purpse": "x"}, "did you mean purpose?"),
        ({"columns.visits.meening": {}}, "did you mean meaning?"),
        ({"limits.disparity.0.bond": 1}, "did you mean bound?"),
        ({"category": "emplyment"}, "did you mean employment?"),
        ({"columns.visits.role": "featur"}, "did you mean feature?"),
        ({"limits.disparity.0.measure": "selection_ratio"}, "did you mean selection_rate_ratio?"),
        ({"columns.visits.kind": "numbr"}, "did you mean number?"),
    ],
)
def test_a_slip_of_the_keyboard_is_answered_with_what_was_meant(changes, hint):
    """Unknown keys and unknown words, at any depth."""
    assert read_campaign(changed(changes), at=NOW)[1][0].finding.remedy.startswith(hint)


def test_all_problems_are_told_at_once():
    """Every case above that can stand beside the others is found in one reading."""
    document = changed({"purpse": 1, "category": "x", "seed": -1, "offers.0.value": -1, "offers.1.made_by_ai": "?"})
    paths = {item.path for item in read_campaign(document, at=NOW)[1]}
    assert paths == {("purpse",), ("category",), ("seed",), ("offers", 0, "value"), ("offers", 1, "made_by_ai")}


@pytest.mark.parametrize("path", ["subjects.sql", "category", "legal_basis", "seed", "retention.decisions", "offers"])
def test_no_message_repeats_a_value(path):
    """A secret in the wrong field does not come back in the message."""
    secret = "postgresql://jan:hunter2@db/shop"
    findings = read_campaign(changed({path: secret}), at=NOW)[1]
    assert findings
    assert not [item for item in findings if "hunter2" in repr(item)]


@pytest.mark.parametrize("document", [None, [], "evenhand: 1", 3])
def test_something_that_is_no_mapping_is_one_finding(document):
    """A list or a text is not a campaign."""
    campaign, findings = read_campaign(document, at=NOW)
    assert campaign is None
    assert [item.finding.id for item in findings] == ["EH-POL-005"]


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*PLAIN, "x"]), _JUNK, max_size=6))
def test_no_content_of_a_mapping_can_do_more_than_be_found_wrong(junk):
    """Whatever stands in the file, the answer is findings."""
    campaign, findings = read_campaign({**PLAIN, **junk}, at=NOW)
    assert campaign is not None or findings


def test_money_is_read_exactly():
    """Text, whole numbers and decimals become the same micro-units."""
    for value in ("4.10", Decimal("4.1"), 4.1):
        campaign, _ = read_campaign(changed({"offers.0.value": value}), at=NOW)
        assert campaign is not None
        assert campaign.offers[0].value_micro == 4_100_000


def test_the_schema_accepts_the_full_example_and_the_plain_one():
    """What the loader accepts, an editor accepts."""
    validator = Draft202012Validator(campaign_schema())
    Draft202012Validator.check_schema(campaign_schema())
    assert list(validator.iter_errors(FULL)) == []
    assert list(validator.iter_errors(PLAIN)) == []
    assert read_campaign(FULL, at=NOW)[0] == read_campaign(LOADED, at=NOW)[0] is not None


@pytest.mark.parametrize(("changes", "id", "what"), WRONG_FORM)
def test_the_schema_rejects_what_the_loader_rejects_for_its_form(changes, id, what):
    """An editor underlines the same mistakes."""
    assert not Draft202012Validator(campaign_schema()).is_valid(changed(changes))


def test_every_field_has_a_meaning_and_stands_in_the_full_example():
    """No field without description, and none that the example leaves out."""
    for field in campaign_fields():
        assert field.meaning, field.path
        assert field.kind, field.path
        if field.path not in {"subjects.sql", "subjects.table", "history.file", "consents.sql", "consents.table"}:
            assert _stands_in(FULL, field.path.replace("[]", ".[]").split(".")), field.path


def _stands_in(data: object, way: list[str]) -> bool:
    if not way:
        return True
    if isinstance(data, list):
        return any(_stands_in(item, way[1:]) for item in data)
    if isinstance(data, dict):
        if way[0] == "NAME":
            return any(_stands_in(item, way[1:]) for item in data.values())
        return way[0] in data and _stands_in(data[way[0]], way[1:])
    return False


def test_what_is_published_is_up_to_date():
    """The schema file and the reference tables are those of the code; else run tools/publish_reference.py."""
    spec = importlib.util.spec_from_file_location("publish_reference", ROOT / "tools" / "publish_reference.py")
    assert spec is not None
    assert spec.loader is not None
    published = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(published)
    assert json.loads(published.SCHEMA.read_text(encoding="utf-8")) == campaign_schema()
    page = published.PAGE.read_text(encoding="utf-8")
    assert published.page_text(page) == page


def test_a_campaign_that_uses_nothing_new_is_written_as_it_was_before():
    """The text that the ledger keeps, and so its digest, is what it was before the later fields came."""
    text = Campaign.model_validate(PLAIN).model_dump_json()
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "1dbf4d0743cd689fabf14dc99b0366634c8540859729b95b98224fa989d6cf54"
    )
    said = changed({"limits.disparity.0.per": "offer"})
    again = Campaign.model_validate_json(Campaign.model_validate(said).model_dump_json())
    assert again.limits.disparity[0].per == "offer"
