"""People who come after a run: decided with its prices, recorded, replayed; and everything that can be wrong."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.ledger import link, open_run
from shop_folder import AT, make_aware, write_shop

LATER = "2026-03-02"


def _person(number: int) -> str:
    return f"canary{number}@mail.example"


def _decide(cli, folder: Path, *numbers: int, more: tuple[str, ...] = ()):
    return cli(folder, "decide", "campaign.yaml", *map(_person, numbers), "--at", LATER, "--json", *more)


def _run_folder(folder: Path) -> Path:
    return next(path for path in (folder / "evenhand-home" / "runs").iterdir() if (path / "prices.json").exists())


def _table(folder: Path) -> dict[str, dict[str, str]]:
    with (_run_folder(folder) / "decisions.csv").open(encoding="utf-8") as file:
        return {row["person"]: row for row in csv.DictReader(file)}


def test_the_people_of_the_run_are_decided_again_as_they_were(ran, cli):
    """Ten at a time or alone: what the run gave them, for everybody whom rounding did not move."""
    before = _table(ran)
    numbers = list(range(3, 43))
    together = json.loads(_decide(cli, ran, *numbers).stdout)["decisions"]
    offers = {person: offer or "" for person, offer in zip(together["person"], together["offer"], strict=True)}
    assert sum(offers[_person(n)] == before[_person(n)]["offer"] for n in numbers) >= len(numbers) - 1
    assert {"tea", ""} == set(offers.values())
    alone = json.loads(_decide(cli, ran, 7).stdout)["decisions"]
    assert (alone["offer"][0] or "") == offers[_person(7)]


def test_a_new_person_in_the_table_is_decided_about(ran, cli):
    """Somebody who was not there when the run was made gets a decision with a reason of their own."""
    with (ran / "people.csv").open("a", encoding="utf-8") as file:
        file.write("newcomer@mail.example,19,5,f,0,\n")
    with (ran / "said.csv").open("a", encoding="utf-8") as file:
        file.write("newcomer@mail.example,consent,PersonalisedAdvertising,ConsentGiven,2026-03-01\n")
    told = cli(ran, "decide", "campaign.yaml", "newcomer@mail.example", "--at", LATER, "--json")
    assert told.exit_code == 0, told.output
    decided = json.loads(told.stdout)["decisions"]
    assert decided["standing"] == ["personalised"]
    assert decided["offer"] == ["tea"]
    why = cli(ran, "why", "newcomer@mail.example", "--home", "evenhand-home")
    assert why.exit_code == 0
    assert "number of visits" in why.stdout


def test_it_is_a_run_of_its_own_that_names_the_prices_and_can_be_verified_and_replayed(ran, cli):
    """The ledger verifies; the run names the policy; a replay gives the same bytes, also after others were added."""
    done = json.loads(_decide(cli, ran, 3, 4, 10).stdout)
    runs = json.loads(cli(ran, "ledger", "runs", "--json", "--home", "evenhand-home").stdout)["runs"]
    assert [run["decisions"] for run in runs] == [400, 3]
    assert (
        runs[1]["priced_by"] == done["policy"] == json.loads((_run_folder(ran) / "prices.json").read_text())["digest"]
    )
    assert runs[0]["priced_by"] == ""
    assert cli(ran, "ledger", "verify", "--home", "evenhand-home").exit_code == 0
    with (ran / "people.csv").open("a", encoding="utf-8") as file:
        file.write("newcomer@mail.example,19,5,f,0,\n")
    replayed = cli(ran, "replay", done["run_id"], "--home", "evenhand-home")
    assert replayed.exit_code == 0, replayed.output
    assert "3 of 3 decisions identical to the bit; with the model and the prices of the earlier run" in replayed.stdout


def test_a_replay_with_other_data_about_these_people_is_refused(ran, cli):
    """One value of one of them changed, or one of them gone."""
    done = json.loads(_decide(cli, ran, 3, 4).stdout)
    people = (ran / "people.csv").read_text("utf-8")
    line = next(line for line in people.splitlines() if line.startswith(_person(3)))
    for other in (line.replace(",", ",1", 1), ""):
        (ran / "people.csv").write_text(people.replace(line + "\n", other + "\n" if other else ""), "utf-8")
        told = cli(ran, "replay", done["run_id"], "--home", "evenhand-home")
        assert told.exit_code == 3
        assert "G-15h" in told.stderr


def test_the_policy_is_shown_and_checked_against_the_ledger(ran, cli):
    """Offer and limit prices, and from which features groups are guessed; JSON is the file of the run."""
    shown = cli(ran, "policy", "last", "--home", "evenhand-home")
    assert shown.exit_code == 0
    assert "offer tea" in shown.stdout
    assert "groups are guessed from days, visits" in shown.stdout
    machine = json.loads(cli(ran, "policy", "--json", "--home", "evenhand-home").stdout)
    assert machine == json.loads((_run_folder(ran) / "prices.json").read_text())


def test_amounts_are_told_in_the_currency_that_the_campaign_declares(shop, cli):
    """A shop in pounds: what a plan is worth, the prices of its run, and what is left of its budget."""
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text("utf-8").replace("subjects:", "currency: GBP\nsubjects:", 1), "utf-8")
    planned = json.loads(cli(shop, "run", "campaign.yaml", "--at", AT, "--json").stdout)
    assert planned["currency"] == "GBP"
    assert planned["value_text"].startswith("GBP ")
    assert "in        GBP" in cli(shop, "policy", "--home", "evenhand-home").stdout
    told = _decide(cli, shop, 3)
    assert json.loads(told.stdout)["currency"] == "GBP"
    said = cli(shop, "decide", "campaign.yaml", _person(4), "--at", LATER)
    assert "budget GBP " in said.stderr


def test_prices_that_decide_takes_for_nobody_later_say_so(shop, cli):
    """Under an aware limit the prices are shown as far as they are public, with why later people cannot have them."""
    make_aware(shop / "campaign.yaml")
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    shown = cli(shop, "policy", *("--home", "evenhand-home"))
    assert "not for later people: " in shown.stdout
    assert "these prices are sealed" in shown.stdout


def test_a_lost_policy_is_made_again_from_the_ledger(ran, cli):
    """Byte for byte, by `policy`, by `report`, and by the next run after a crash."""
    path = _run_folder(ran) / "prices.json"
    was = path.read_bytes()
    for words in (("policy",), ("report", "last")):
        path.unlink()
        assert cli(ran, *words, "--home", "evenhand-home").exit_code == 0
        assert path.read_bytes() == was
    for name in ("prices.json", "report.html", "report.json"):
        path.with_name(name).unlink()
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert path.read_bytes() == was


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', "[]"])
def test_what_is_no_policy_says_what_helps_and_that_does_help(ran, cli, content):
    """Emptied or overwritten: to move the file away is told, and after that it comes back from the ledger."""
    path = _run_folder(ran) / "prices.json"
    before = path.read_bytes()
    path.write_text(content)
    told = cli(ran, "policy", "--home", "evenhand-home")
    assert told.exit_code == 3
    assert "to do: move the file away" in told.output
    path.unlink()
    assert cli(ran, "policy", "--home", "evenhand-home").exit_code == 0
    assert path.read_bytes() == before


def test_an_edited_policy_decides_nothing(ran, cli):
    """Whether its digest is made to fit or not: it is not what the ledger has."""
    path = _run_folder(ran) / "prices.json"
    content = json.loads(path.read_text())
    content["offer_price"][0] -= 1
    path.write_text(json.dumps(content))
    told = _decide(cli, ran, 3)
    assert told.exit_code == 5
    assert "was altered" in told.stdout
    from evenhand.allocation import PricePolicy, policy_from_dict  # the edited file, closed with a digest that fits

    del content["digest"], content["schema_version"], content["kind"]
    columns = policy_from_dict(json.loads(cli(ran, "report", "--home", "evenhand-home").stdout and path.read_text()))
    forged = PricePolicy(**{**{f: getattr(columns, f) for f in PricePolicy.__slots__}, "offer_price": (0,)})
    path.write_text(json.dumps(forged.to_dict()))
    told = _decide(cli, ran, 3)
    assert told.exit_code == 5
    assert "not those of run" in told.stdout
    path.write_text("{")
    assert _decide(cli, ran, 3).exit_code == 3


@pytest.mark.parametrize(
    ("before", "after", "match"),
    [
        ("value: 4,", "value: 5,", "The campaign is not the one that run"),
        ("id: tea,", "id: coffee,", "tea of the run's offers is gone and coffee is new"),
    ],
)
def test_the_prices_of_another_campaign_are_refused(ran, cli, before, after, match):
    """A changed value, or an offer that is gone: run again for new prices."""
    campaign = ran / "campaign.yaml"
    campaign.write_text(campaign.read_text("utf-8").replace(before, after), "utf-8")
    told = _decide(cli, ran, 3)
    assert told.exit_code == 3
    assert match in told.stdout
    assert "run the campaign again" in told.stdout


def test_a_run_with_an_aware_limit_says_that_later_people_are_decided_inside_the_wall_only(tmp_path, cli):
    """Its policy tells no price of a group, in file or ledger, and decides about nobody."""
    folder = make_aware(write_shop(tmp_path / "aware")).parent
    assert cli(folder, "run", "campaign.yaml", "--at", AT).exit_code == 0
    content = json.loads((_run_folder(folder) / "prices.json").read_text())
    assert content["secret"] == ["sex-reach"]
    assert content["leaf_price"] == []
    assert "sex-reach" not in content["limit_price"]
    assert "inside the wall only" in cli(folder, "policy", "--home", "evenhand-home").stdout
    told = _decide(cli, folder, 3)
    assert told.exit_code == 3
    assert "has an aware limit (sex-reach)" in told.stdout
    assert not (folder / "evenhand-home" / "leases.sqlite").exists()


def test_later_people_never_use_more_than_the_limits_together(ran, cli):
    """Run after run until the budget is used up: then nobody gets anything, and it is said which limit it was."""
    given = 0
    for start in range(0, 400, 100):
        told = json.loads(_decide(cli, ran, *range(start, start + 100)).stdout)
        given += sum(offer == "tea" for offer in told["decisions"]["offer"])
        assert told["left"]["budget"] == 5_000_000 - 100_000 * given
    for _ in range(2):
        told = json.loads(_decide(cli, ran, *range(400)).stdout)
        given += sum(offer == "tea" for offer in told["decisions"]["offer"])
    assert given == 50
    assert told["left"]["budget"] == 0
    assert told["used_up"] == ["budget"]
    assert "beyond-limits" in told["decisions"]["reason"]
    assert cli(ran, "ledger", "verify", "--home", "evenhand-home").exit_code == 0
    assert cli(ran, "replay", "last", "--home", "evenhand-home").exit_code == 0


def test_what_was_not_recorded_was_not_used(ran, cli):
    """Where the ledger cannot be written, nothing is decided and the limits are as they were."""
    first = json.loads(_decide(cli, ran, 4).stdout)
    lock = ran / "evenhand-home" / "ledger.sqlite.lock"
    import fcntl

    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert _decide(cli, ran, 5, 6).exit_code == 4
    second = json.loads(_decide(cli, ran, 10).stdout)
    used = 100_000 * sum(offer == "tea" for offer in second["decisions"]["offer"])
    assert second["left"]["budget"] == first["left"]["budget"] - used


def test_somebody_unknown_or_named_twice_is_told_without_an_id(ran, cli):
    """Counts only."""
    told = cli(ran, "decide", "campaign.yaml", _person(3), "stranger@mail.example")
    assert told.exit_code == 3
    assert "1 of 2 subjects are not in the campaign's subjects table" in told.stderr
    assert "@mail.example" not in told.stderr
    assert cli(ran, "decide", "campaign.yaml", _person(3), _person(3)).exit_code == 2


def test_without_a_run_there_are_no_prices(shop, cli):
    """The first thing to do is to run the campaign."""
    told = cli(shop, "decide", "campaign.yaml", _person(3))
    assert told.exit_code == 4
    assert "There is no ledger" in told.stderr


def test_later_people_have_no_report_and_no_prices_of_their_own(ran, cli):
    """`report` and `policy` take the last whole run, and say why where a run of later people is named."""
    done = json.loads(_decide(cli, ran, 3).stdout)
    page = cli(ran, "report", "--home", "evenhand-home").stdout.strip()
    assert Path(page).parent.name == _run_folder(ran).name
    for command in ("report", "policy"):
        told = cli(ran, command, done["run_id"], "--home", "evenhand-home")
        assert told.exit_code == 3
        assert "earlier run" in told.stderr
    shutil.rmtree(ran / "evenhand-home" / "runs")
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 0


def test_the_ledger_holds_the_prices_once_however_many_come_later(ran, cli):
    """A run of one person names the prices by their digest, and is told about with them."""
    done = json.loads(_decide(cli, ran, 4).stdout)
    with SqliteLedger(ran / "evenhand-home" / "ledger.sqlite", key=ran / "evenhand-home" / "secret.key") as store:
        recorded = open_run(store, done["run_id"])
    assert recorded.batches[0]["prices"] == {"policy": done["policy"]}
    assert recorded.room == {"budget": 100_000, "capacity:tea": 1}
    told = cli(ran, "why", f"{done['run_id']}.1", "--home", "evenhand-home", "--json")
    assert told.exit_code == 0
    before = cli(ran, "why", _table(ran)[_person(4)]["decision"], "--home", "evenhand-home", "--json")
    mine, theirs = (json.loads(one.stdout) for one in (told, before))
    assert mine["sum"] == theirs["sum"]


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("priced_by", "0" * 64, "prices that no earlier run of this ledger has"),
        ("room", '{"budget":99999,"capacity:tea":1}', "used more of budget than it was lent"),
        ("room", "[]", "could use of each limit cannot be read"),
    ],
)
def test_a_forged_start_of_later_people_is_found(ran, cli, field, value, match):
    """With all hashes made anew: other prices, or less room than was used, do not go unseen."""
    _decide(cli, ran, 4)
    path = ran / "evenhand-home" / "ledger.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER entry_no_update")
        rows = db.execute("SELECT seq, body, hash FROM entry ORDER BY seq").fetchall()
        start = max(seq for seq, body, _ in rows if b'"@":"run-started"' in body)
        hash_ = bytes(32)
        for seq, body, _ in rows:
            if seq == start:
                content = json.loads(body)
                content[field] = value
                body = json.dumps(content, separators=(",", ":")).encode()
            hash_ = link(hash_, body)
            db.execute("UPDATE entry SET body = ?, hash = ? WHERE seq = ?", (body, hash_, seq))
    told = cli(ran, "ledger", "verify", "--home", "evenhand-home")
    assert told.exit_code == 5
    assert match in told.stdout


def test_a_replay_says_how_many_were_erased_of_whom_it_had_heard(ran, cli):
    """Of later people too: what they said is gone, the others are compared."""
    home = ("--home", "evenhand-home")
    for number in (3, 4):
        assert cli(ran, "consent", "withdraw", _person(number), "PersonalisedAdvertising", *home).exit_code == 0
    done = json.loads(_decide(cli, ran, 3, 4, 5).stdout)
    assert cli(ran, "rights", "erase", _person(3), "--yes", *home).exit_code == 0
    replayed = cli(ran, "replay", done["run_id"], *home)
    assert replayed.exit_code == 0, replayed.output
    assert "1 person was erased since whose consents or corrections this run had read." in replayed.stdout
    assert json.loads(cli(ran, "replay", done["run_id"], "--json", *home).stdout)["erased_since"] == 1
