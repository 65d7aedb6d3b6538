"""Campaigns at the edges: each runs to the end, verifies and replays, or says in three parts why it cannot."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from shop_folder import AT

OFFERS = ("tea", "jam")


def _offer(name: str, **more: Any) -> dict[str, Any]:
    text = {"nl": f"Korting: {name}", "en": f"Money off {name}"}
    return {"id": name, "text": text, "value": 4, "cost": "0.10", "made_by_ai": False, **more}


def _document(**changes: Any) -> dict[str, Any]:
    feature = {"role": "feature", "meaning": {"nl": "aantal bezoeken", "en": "number of visits"}}
    return {
        "evenhand": 1,
        "campaign": "odd",
        "controller": {"name": "Small Shop", "contact": "privacy@shop.example"},
        "purpose": "PersonalisedAdvertising",
        "category": "ordinary",
        "channel": "web",
        "subjects": {"file": "people.csv"},
        "history": {"file": "shown.csv", "offer": "offer"},
        "consents": {"file": "said.csv"},
        "columns": {
            "person": {"role": "identifier"},
            "responded": {"role": "outcome"},
            "visits": feature,
            "own": feature | {"per_offer": True},
            "sex": {"role": "sensitive"},
            "age": {"role": "sensitive"},
        },
        "offers": [_offer(name) for name in OFFERS],
        "model": {"kind": "pooled"},
        "retention": {"decisions": "P24M", "features": "P6M"},
        **changes,
    }


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


class Folder:
    """A campaign whose history is of other people than its subjects."""

    def __init__(self, place: Path) -> None:
        draw = random.Random(5)
        self.place = place
        self.document = _document()
        self.people = [
            {"person": f"canary{i}@mail.example", "visits": draw.randrange(20), "own@tea": draw.randrange(9),
             "own@jam": draw.randrange(9), "sex": draw.choice("fm"), "age": draw.randrange(18, 90)}
            for i in range(150)
        ]  # fmt: skip
        self.shown = []
        for i in range(500):
            visits, own = draw.randrange(20), draw.randrange(9)
            self.shown.append(
                {"person": f"canary{1000 + i}@mail.example", "visits": visits, "own": own, "offer": draw.choice(OFFERS),
                 "responded": int(draw.random() < 0.1 + visits / 60 + own / 40)}
            )  # fmt: skip
        self.said = [
            {"subject": row["person"], "kind": "consent", "purpose": "PersonalisedAdvertising",
             "status": "ConsentGiven", "at": "2026-01-01"}
            for row in (*self.people, *self.shown)
        ]  # fmt: skip

    def write(self, **changes: Any) -> Path:
        """Write the tables and the campaign, with top-level keys of it changed."""
        _write(self.place / "people.csv", self.people)
        _write(self.place / "shown.csv", self.shown)
        _write(self.place / "said.csv", self.said)
        document = {key: value for key, value in {**self.document, **changes}.items() if value is not None}
        (self.place / "campaign.yaml").write_text(json.dumps(document, indent=1), "utf-8")
        return self.place

    def write_on_contract(self, **changes: Any) -> Path:
        """The same on a contract, which says which law holds and how sensitive each feature is."""
        columns = self.document["columns"].items()
        ordinary = {"sensitivity": "ordinary"}
        labelled = {name: one | (ordinary if one["role"] == "feature" else {}) for name, one in columns}
        law = {"jurisdictions": ["NL"]}
        return self.write(legal_basis="contract", law=law, columns=labelled, **changes)


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A fresh one."""
    return Folder(tmp_path)


@pytest.fixture
def walked(cli):
    """Run the campaign in a folder, verify, replay and look at the report; the run's JSON and its list of decisions."""

    def walk(place: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
        done = cli(place, "run", "campaign.yaml", "--at", AT, "--json")
        assert done.exit_code == 0, done.output
        assert cli(place, "ledger", "verify").exit_code == 0
        replayed = cli(place, "replay", "last")
        assert replayed.exit_code == 0, replayed.output
        told = json.loads(done.stdout)
        assert Path(told["report"]).read_text("utf-8").startswith("<!")
        with (place / "evenhand-home" / "runs" / told["run_id"] / "decisions.csv").open(encoding="utf-8") as file:
            decisions = list(csv.DictReader(file))
        for lang in ("nl", "en"):
            assert cli(place, "why", decisions[0]["person"], "--lang", lang).exit_code == 0
        return told, decisions

    return walk


@pytest.mark.parametrize("kind", ["pooled", "per_offer"])
def test_both_kinds_of_model_with_a_feature_per_offer(folder, walked, kind):
    """Several offers, and a feature of which every offer has its own column."""
    told, decisions = walked(folder.write(model={"kind": kind}))
    assert len(decisions) == 150
    assert sum(step["people"] for step in told["funnel"][-1:]) > 0


def test_one_person_only(folder, walked):
    """A batch of one is a batch."""
    folder.people = folder.people[:1]
    _, decisions = walked(folder.write())
    assert len(decisions) == 1


def test_a_consents_table_in_which_nobody_stands_yet(folder, walked, cli):
    """A header alone: nobody said anything. On a contract that refuses nobody; where consent is needed, it refuses."""
    place = folder.write_on_contract()
    (place / "said.csv").write_text("subject,kind,purpose,status,at\n", "utf-8")
    _, decisions = walked(place)
    assert {row["standing"] for row in decisions} == {"personalised"}
    asked = cli(place, "plan", "campaign.yaml", "--at", AT)
    (place / "campaign.yaml").write_text(
        (place / "campaign.yaml").read_text("utf-8").replace('"contract"', '"consent"'), "utf-8"
    )
    refused = cli(place, "plan", "campaign.yaml", "--at", AT)
    assert (asked.exit_code, refused.exit_code) == (0, 3)
    assert "none may be used for PersonalisedAdvertising" in refused.output


def test_everybody_refused(folder, walked):
    """Everybody objected, on a direct channel: no offer, and every refusal is recorded and reported."""
    folder.said += [
        {**row, "kind": "objection", "purpose": "DirectMarketing", "status": "Objected"} for row in folder.said[:150]
    ]
    told, decisions = walked(folder.write(channel="post"))
    assert {row["standing"] for row in decisions} == {"refused"}
    assert {row["offer"] for row in decisions} == {""}
    assert [step["people"] for step in told["funnel"]] == [150, 0, 0, 0, 0, 0]


def test_everybody_contextual(folder, walked):
    """Everybody opted out of personalisation: offers without one personal column."""
    folder.said += [{**row, "kind": "opt_out", "status": "OptedOut"} for row in folder.said[:150]]
    _, decisions = walked(folder.write())
    assert {row["standing"] for row in decisions} == {"contextual"}
    assert len({row["offer"] for row in decisions}) == 1


def test_consents_of_nobody_in_the_tables(folder, cli):
    """Records of other people only: nobody may be learned from, which is told with its remedy."""
    folder.said = [{**folder.said[0], "subject": "somebody-else"}]
    done = cli(folder.write(), "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert "Check that the consents name the same subjects" in done.stderr


def test_no_consents_on_the_basis_of_consent_cannot_run(folder, cli):
    """Basis consent without a source of consents is a finding, not a run."""
    done = cli(folder.write(consents=None), "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert "EH-POL-013" in done.stderr


def test_no_consents_on_another_basis_runs_with_a_warning(folder, walked, cli):
    """On a contract it runs, and the check warns that no objection could be honoured."""
    place = folder.write_on_contract(consents=None)
    _, decisions = walked(place)
    assert {row["standing"] for row in decisions} == {"personalised"}
    assert "EH-POL-019" in cli(place, "check", "campaign.yaml").stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"limits": {"budget": 0}},
        {"limits": {"contacts": {"total": 0}}},
        {"offers": [_offer(name, capacity=0) for name in OFFERS]},
        {"offers": [_offer(name, value=1, cost=50) for name in OFFERS]},
    ],
    ids=["no money", "no contact", "no room", "never worth it"],
)
def test_no_offer_that_anybody_can_get(folder, walked, changes):
    """Nobody gets one, everybody has a recorded reason."""
    _, decisions = walked(folder.write(**changes))
    assert {row["offer"] for row in decisions} == {""}
    assert {row["reason"] for row in decisions} <= {"beyond-limits", "no-worthwhile-offer"}


@pytest.mark.parametrize("mode", ["blind", "aware"])
def test_a_group_of_three_and_impossible_ages(folder, walked, cli, mode):
    """Three people of a third sex, and ages of -5, 0.5, 200 and 9999: unknown or small, and nobody stands alone."""
    for row, age in zip(folder.people, (-5, 200, 9999, 0.5, ""), strict=False):
        row["age"] = age
    for row in folder.people[10:13]:
        row["sex"] = "x"
    limit = {"id": "reach", "groups": ["sex", "age"], "bound": 0.5, "mode": mode, "necessity": "A test."}
    place = folder.write(limits={"contacts": {"total": 60}, "disparity": [limit]})
    told, _ = walked(place)
    report = json.loads(Path(told["report"]).with_name("report.json").read_text("utf-8"))
    assert "9999" not in json.dumps(report["groups"])
    (sexes,) = [chapter for chapter in report["groups"] if chapter["features"] == ["sex"]]
    (third,) = [row for row in sexes["after"]["rates"] if row["group"] == ["x"]]
    assert (third["hits"], third["rows"], third["rate"]) == (None, None, None)
    assert ["x"] not in [gap["group"] for gap in sexes["after"]["gaps"]]


def test_a_limit_that_cannot_be_kept_is_told(folder, cli):
    """If no whole decisions keep a limit the run is refused or nobody is selected; a limit is never stretched."""
    limit = {"id": "equal", "groups": ["sex"], "bound": 1.0, "minimum_size": 10}
    done = cli(folder.write(limits={"contacts": {"total": 1}, "disparity": [limit]}), "run", "campaign.yaml", "--json")
    assert done.exit_code in {0, 3}
    if done.exit_code == 0:
        assert all(one["held"] for one in json.loads(done.stdout)["limits"])


def test_tables_of_a_database(folder, walked):
    """SQLite tables instead of files: the same decisions."""
    _, from_files = walked(folder.write())
    store = sqlite3.connect(folder.place / "shop.db")
    for name, rows in (("people", folder.people), ("shown", folder.shown), ("said", folder.said)):
        columns = ", ".join(f'"{column}"' for column in rows[0])
        store.execute(f"CREATE TABLE {name} ({columns})")
        store.executemany(
            f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", [tuple(row.values()) for row in rows]
        )
    store.commit()
    store.close()

    def table(name: str, **more: str) -> dict[str, str]:
        return {"sql": "sqlite:///shop.db", "table": name, **more}

    place = folder.write(subjects=table("people"), history=table("shown", offer="offer"), consents=table("said"))
    _, from_tables = walked(place)
    assert [row["offer"] for row in from_tables] == [row["offer"] for row in from_files]


@pytest.mark.parametrize("where", ["sqlite:///nowhere.db", "EVENHAND_TEST_NO_SUCH_DATABASE"])
def test_a_database_that_is_not_there(folder, cli, where):
    """Told in three parts; no address and no password is repeated."""
    done = cli(folder.write(subjects={"sql": where, "table": "people"}), "plan", "campaign.yaml")
    assert done.exit_code in {3, 4}
    assert "to do: " in done.stderr


def test_a_table_without_a_header_line_names_nobody(folder, cli):
    """If the first row is taken for the header, its values are people's and are not repeated."""
    place = folder.write()
    for name in ("people.csv", "shown.csv", "said.csv"):
        text = (place / name).read_text("utf-8")
        (place / name).write_text(text.partition("\n")[2], "utf-8")
        for command in ("check", "plan"):
            done = cli(place, command, "campaign.yaml", "--at", AT)
            assert done.exit_code == 3
            assert "canary" not in done.output
        (place / name).write_text(text, "utf-8")
