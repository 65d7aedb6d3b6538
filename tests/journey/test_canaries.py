"""G-32: no identifier, name, place or group of a person leaves the road, in no output and by no accident."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import polars as pl
import pytest

import evenhand as eh
from evenhand.adapters.stores.home import find_home
from evenhand.ledger import Kind
from evenhand.terms import EvenhandError
from small_world import World, bodies, make_world

CANARIES = ("canary", "Canaria", "van Zang", "mail.example", " XQ-plek")
GROUPS = {"woman": "Grp-Wren", "man": "Grp-Mynah"}
AGES = {"18-29": "Grp-A1", "30-39": "Grp-A2", "40-49": "Grp-A3", "50-64": "Grp-A4", "65+": "Grp-A5"}
BLIND = [{"id": "sex-reach", "groups": ["sex"], "bound": 0.8, "minimum_size": 10}]


@pytest.fixture(scope="module")
def world() -> World:
    """The world with group names that occur nowhere else, and a limit on one of them."""
    drawn = make_world(limits={"contacts": {"total": 60}, "disparity": BLIND})
    people = drawn.people.with_columns(pl.col("sex").replace(GROUPS), pl.col("age").replace(AGES))
    return drawn.but(people=people)


@pytest.fixture(scope="module")
def ran(world, tmp_path_factory) -> tuple[eh.Decisions, Path]:
    """A recorded run of it."""
    home = tmp_path_factory.mktemp("canaries") / "home"
    return world.run(home), home


def found(text: str, words: tuple[str, ...] = CANARIES) -> list[str]:
    """Which of the words stand in the text."""
    return [word for word in words if word.lower() in text.lower()]


def test_no_canary_is_in_any_file_but_the_list_of_decisions(ran):
    """Ledger, write-ahead log, key, report and page hold pseudonyms; the controller's own list alone holds ids."""
    decided, home = ran
    seen = set()
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name != "decisions.csv":
            seen.add(path.name)
            assert not found(path.read_bytes().decode("latin-1")), path.name
    assert {"report.json", "report.html", find_home(home).ledger.name} <= seen
    listed = decided.folder / "decisions.csv"
    assert found(listed.read_text("utf-8")), "the check above can fail"
    assert listed.stat().st_mode & 0o077 == 0, "others can read the list of decisions"


def test_no_group_stands_beside_a_person(ran):
    """In the ledger and in the stories no entry about a person names a group; groups stand with their counts only."""
    decided, home = ran
    groups = (*GROUPS.values(), *AGES.values())
    for body in bodies(home):
        assert not found(body.decode(), groups)
    assert not found(json.dumps(decided.report["stories"]), groups)
    assert not found(json.dumps(decided.report["model"]), groups)
    assert found(json.dumps(decided.report["groups"]), groups), "the check above can fail"
    for pseudonym in (json.loads(body)["s"] for body in bodies(home)):
        assert pseudonym not in json.dumps(decided.report["groups"])


def test_the_model_knows_no_group(ran):
    """The model's document has no sensitive column and none of its values, and no text of a person at all."""
    _, home = ran
    model = next(body for body in bodies(home, Kind.DOCUMENT) if b"tables" in body).decode()
    assert not found(model, (*GROUPS.values(), *AGES.values(), "sex", '\\"age\\"', *CANARIES))


def test_explanations_carry_no_canary(ran):
    """Asked by the person's own id, the answer holds the pseudonym and not the id."""
    decided, _ = ran
    for lang in ("nl", "en"):
        told = decided.why("canary7@mail.example", lang=lang)
        assert not found(told.to_text() + json.dumps(told.to_dict()) + told._repr_html_() + repr(told.facts))


def test_nothing_is_logged_or_printed_about_a_person(world, tmp_path, caplog, capfd):
    """At the most talkative level, no log line and no output of a run names anybody."""
    caplog.set_level(logging.DEBUG)
    ran = world.run(tmp_path / "home")
    eh.verify_ledger(home=tmp_path / "home")
    shown = capfd.readouterr()
    assert not found(caplog.text + shown.out + shown.err)
    shown_of = {name: repr(part) for name, part in (("world", ran), ("decisions", ran.summary))}
    assert not found(json.dumps(shown_of))


def spoiled(world: World) -> dict[str, World]:
    """The world with one thing wrong each time, beside the canaries."""
    people, shown, said = world.people, world.shown, world.said
    twice = pl.concat([people, people.head(1)])
    nobody = people.with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("person")).alias("person")
    )
    return {
        "a person twice": world.but(people=twice),
        "a person without id": world.but(people=nobody),
        "ids that are names of consents' states": world.but(said=said.with_columns(pl.col("subject").alias("status"))),
        "ids in the kind": world.but(said=said.with_columns(pl.col("subject").alias("kind"))),
        "ids in the time": world.but(said=said.with_columns(pl.col("subject").alias("at"))),
        "ids in the purpose": world.but(said=said.with_columns(pl.col("subject").alias("purpose"))),
        "names as outcome": world.but(shown=shown.with_columns(pl.col("full_name").alias("responded"))),
        "names as offer": world.but(shown=shown.with_columns(pl.col("full_name").alias("offer"))),
        "names as a number": world.but(people=people.with_columns(pl.col("full_name").alias("f00"))),
        "names as a group": world.but(people=people.with_columns(pl.col("full_name").alias("sex"))),
        "names as a feature everywhere": world.but(
            people=people.with_columns(pl.col("full_name").alias("f00")),
            shown=shown.with_columns(pl.col("full_name").alias("f00")),
        ),
    }


@pytest.mark.parametrize(
    "what",
    [
        "a person twice",
        "a person without id",
        "ids that are names of consents' states",
        "ids in the kind",
        "ids in the time",
        "ids in the purpose",
        "names as outcome",
        "names as offer",
        "names as a number",
        "names as a group",
        "names as a feature everywhere",
    ],
)
def test_no_message_names_anybody_whatever_is_wrong(world, tmp_path, caplog, capfd, what):
    """Refused with a message or walked to its end: no personal value is in the error, the log or the record."""
    caplog.set_level(logging.DEBUG)
    said = ""
    try:
        spoiled(world)[what].run(tmp_path / "home")
    except EvenhandError as error:
        said = str(error) + repr(error) + "".join(traceback.format_exception_only(error))
    shown = capfd.readouterr()
    assert not found(said + caplog.text + shown.out + shown.err)
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file() and path.name != "decisions.csv":
            assert not found(path.read_bytes().decode("latin-1")), path.name
