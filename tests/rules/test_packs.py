"""The packs that come with evenhand: complete, tested, and read as they are written."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from evenhand.adapters.declared.rule_packs import read_pack_file
from evenhand.explanation import catalogue
from evenhand.rules import FACTS, Effect, Rulebook, Stage, changes, failed_cases, rule_pack_schema, shipped
from evenhand.terms import DataError, PolicyError, Reason
from law_cases import own_pack

ROOT = Path(__file__).parents[2]
PACKS = sorted((ROOT / "src" / "evenhand" / "rules" / "packs").glob("*.yaml"))
RULES = {packed.rule.id: packed.rule for packed in shipped().rules}


def _tool():
    spec = importlib.util.spec_from_file_location("publish_rules", ROOT / "tools" / "publish_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_has_tests_either_way_and_they_hold():
    """A rule without a case that it applies to, and one that it does not, is a fault; so is a case that fails."""
    assert failed_cases(shipped()) == ()


@pytest.mark.parametrize("id", sorted(RULES))
def test_no_condition_of_a_rule_can_go_unseen(id):
    """Without a condition, an exception, or its dates, or open to consent, one of the rule's own cases fails."""
    rule = RULES[id]
    altered = [
        {"when": {other: values for other, values in rule.when.items() if other is not fact}} for fact in rule.when
    ]
    altered += [{"unless": rule.unless[:place] + rule.unless[place + 1 :]} for place in range(len(rule.unless))]
    altered += [{"waivable": False}] if rule.waivable else []
    altered += [{name: None} for name in ("since", "until") if getattr(rule, name)]
    survivors = []
    for change in altered:
        packs = [
            pack.model_copy(
                update={"rules": tuple(one.model_copy(update=change) if one.id == id else one for one in pack.rules)}
            )
            for pack in shipped().packs
        ]
        book = Rulebook.of(packs)
        if not failed_cases(book, [packed for packed in book.rules if packed.rule.id == id]):
            survivors.append(change)
    assert not survivors


def test_what_is_published_is_up_to_date():
    """packs.json, the schema and the reference are those of the packs; else run tools/publish_rules.py."""
    tool = _tool()
    assert tool.PACKS.read_text(encoding="utf-8") == tool.packs_text()
    assert json.loads(tool.SCHEMA.read_text(encoding="utf-8")) == rule_pack_schema()
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.page_text(page) == page


@pytest.mark.parametrize("path", PACKS, ids=[path.stem for path in PACKS])
def test_the_schema_accepts_every_pack(path):
    """What the loader accepts, an editor accepts."""
    Draft202012Validator.check_schema(rule_pack_schema())
    from evenhand.adapters.declared._yaml_document import read_document

    plain = read_document(path.read_bytes()).data
    assert list(Draft202012Validator(rule_pack_schema()).iter_errors(plain)) == []
    assert read_pack_file(path).pack == path.stem


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_rule_is_said_in_both_languages(lang):
    """What a rule says, its remedy and its reason are there, in sentences of at most 25 words."""
    for rule in RULES.values():
        for text in (rule.says, rule.remedy):
            said = text.nl if lang == "nl" else text.en
            assert all(len(sentence.split()) <= 25 for sentence in said.split(". ")), (rule.id, said)
        assert f"reason.{rule.code.key}" in catalogue(lang)


def test_every_reason_of_gate_1_has_a_rule():
    """No permission is given or refused by anything that no rule says, but where nothing allows."""
    named = {rule.code for rule in RULES.values()}
    gate = {reason for reason in Reason if reason < Reason.SELECTED}
    assert gate - named == {Reason.NOTHING_ALLOWS, Reason.OWN_RULE}


def test_the_rules_come_back_from_what_a_run_records():
    """The text in the ledger is the rules, under the same digest; tests of rules are no part of it."""
    book = shipped()
    again = Rulebook.from_text(book.text)
    assert again.digest == book.digest
    assert [packed.rule.id for packed in again.rules] == [packed.rule.id for packed in book.rules]
    assert '"cases"' not in book.text


def test_a_recorded_text_that_is_none_is_refused():
    """Whatever stands there instead, it is a broken ledger and no crash."""
    for text in ("", "{}", '{"packs": 3}', '{"packs": [{"pack": "x"}]}'):
        with pytest.raises(DataError, match="cannot be read"):
            Rulebook.from_text(text)


@pytest.mark.parametrize(
    ("rule", "more", "what"),
    [
        ({"id": "own/a", "effect": "allow", "reason": "consent-valid", "when": {"basis": "consent"}}, {}, "allow"),
        ({"id": "own/a", "reason": "minor"}, {}, "reason of its own kind"),
        ({"id": "own/a"}, {"places": {"EEA": ("US",)}}, "belong together"),
        ({"id": "own/a"}, {"covers": ("BR",)}, "whose rules"),
        ({"id": "own/a"}, {"adequate": ({"place": "US"},)}, "countries data may go"),
    ],
)
def test_an_own_pack_cannot_loosen(rule, more, what):
    """It allows nothing, says nothing about places and countries, and speaks in its own name."""
    with pytest.raises(PolicyError, match=what):
        shipped().with_own([own_pack(rule, **more)])


def test_an_own_pack_cannot_replace_a_rule():
    """An id that is taken is refused: a decision cites its rule by it."""
    with pytest.raises(PolicyError, match=r"rule G-21b stands in two"):
        shipped().with_own([own_pack({"id": "G-21b"})])


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"id": "own/a", "when": {"mood": "good"}}, "when"),
        ({"id": "own/a", "when": {"age": "old"}}, "age has no value old"),
        ({"id": "own/a", "when": {"age": []}}, "age has no value"),
        ({"id": "own/a", "unless": [{}]}, "without a condition"),
        ({"id": "own/a", "since": "2026-02-30"}, "day is out of range"),
        ({"id": "own/a", "since": "2026-02-01T10:00"}, "needs a zone"),
        ({"id": "own/a", "since": "2026-02-02", "until": "2026-02-01"}, "ends before"),
        ({"id": "own/a", "reason": "because"}, "reason that does not exist"),
        ({"id": "own/a", "reason": "selected"}, "no permission"),
        ({"id": "own/a", "effect": "contextual", "reason": "consent-valid"}, "does not fit"),
        ({"id": "own/a", "applies": {}}, "applies to nobody"),
        ({"id": "own/a", "colour": "red"}, "Extra inputs"),
        ({"id": "own/a", "cases": [{"at": "soon", "place": "NL", "applies": True}]}, "cases"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(rule, what):
    """The message says where; nothing is guessed."""
    with pytest.raises(PolicyError, match=f"(?s)own.yaml.*{what}"):
        own_pack(rule)


def test_a_broken_file_is_refused_with_its_line(tmp_path):
    """A key that stands twice, a tag, and a missing file are told as such."""
    file = tmp_path / "own.yaml"
    file.write_text("evenhand_rules: 1\npack: own\npack: other\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="line 3"):
        read_pack_file(file)
    file.write_text("evenhand_rules: 1\npack: own\nversion: 1\ntitle: { nl: a, en: b }\nrules: [{id: x}]\n", "utf-8")
    with pytest.raises(PolicyError, match=r"line \d"):
        read_pack_file(file)
    with pytest.raises(PolicyError, match="cannot be opened"):
        read_pack_file(tmp_path / "none.yaml")


def test_what_is_in_force_follows_the_moment():
    """The phone rule of the Netherlands changes at midnight there, not in Greenwich."""

    def phone(at: datetime) -> set[str]:
        return {shipped().rules[place].rule.id for place in shipped().in_force(at)} & {"E-phone.nl", "E-phone.nl.2021"}

    assert phone(datetime(2021, 6, 30, tzinfo=UTC)) == set()
    assert phone(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == {"E-phone.nl.2021"}
    assert phone(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == {"E-phone.nl"}


def test_a_difference_names_what_differs():
    """Added, removed and changed rules; other tests of a rule are no difference."""
    before = RULES
    after = dict(RULES)
    del after["G-18"]
    after["G-9"] = RULES["G-9"].model_copy(update={"waivable": False})
    after["G-10"] = RULES["G-10"].model_copy(update={"cases": ()})
    after["new"] = RULES["G-18"]
    found = [(change.kind, change.id, change.fields) for change in changes(before, after)]
    assert found == [("removed", "G-18", ()), ("changed", "G-9", ("waivable",)), ("added", "new", ())]


def test_the_vocabulary_is_closed():
    """Every fact has a plain value that it can have, and says what it means; stages and effects are few."""
    for kind in FACTS.values():
        assert kind.plain in kind.values
        assert kind.meaning.endswith(".")
    assert len(Effect) == 3
    assert Stage.WISH is next(iter(Stage))
