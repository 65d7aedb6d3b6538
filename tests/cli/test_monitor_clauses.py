"""What the campaign's monitor clauses ask for: alarms in the ledger, a pause, and a person who ends it."""

from __future__ import annotations

import csv
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import evenhand as eh
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.terms import PausedError
from patience import WITHIN
from shop_folder import AT, PROGRAM, evenhand, make_aware, runs_of

HOME = "evenhand-home"
RESPONDED = "{id: responded, watch: outcome, events: {file: outcomes.csv}, groups: [sex], on_alarm: pause}"
OFFERED = "{id: offered, groups: [sex]}"
DELIVERED = "{id: delivered, watch: delivery, events: {file: delivered.csv}, groups: [sex]}"
PERSON = "canary3@mail.example"
SIGNED = ("--by", "Noor de Wit", "--reason", "the price table was wrong")


def declare(folder: Path, *clauses: str) -> None:
    """Give the campaign these monitor clauses."""
    file = folder / "campaign.yaml"
    text = file.read_text("utf-8").partition("monitor:")[0]
    file.write_text(text + "monitor:\n" + "".join(f"  - {clause}\n" for clause in clauses), encoding="utf-8")


def decided(folder: Path) -> list[tuple[str, str, str]]:
    """Decision id, sex and standing of every decision, run after run."""
    with (folder / "people.csv").open(encoding="utf-8") as file:
        sex = {row["person"]: row["sex"] for row in csv.DictReader(file)}
    rows = []
    for run in runs_of(folder):
        with (run / "decisions.csv").open(encoding="utf-8") as file:
            rows += [(row["decision"], sex[row["person"]], row["standing"]) for row in csv.DictReader(file)]
    return rows


def follow(folder: Path, column: str, women: float, men: float, *, seed: int = 1, last: int = 10**9) -> None:
    """Write what followed each decision: yes with these chances."""
    draw = random.Random(seed)
    rows = [f"{one},{int(draw.random() < (women if sex == 'f' else men))}" for one, sex, _ in decided(folder)]
    name = {"outcome": "outcomes.csv", "delivered": "delivered.csv"}[column]
    (folder / name).write_text("\n".join([f"decision,{column}", *rows[:last]]) + "\n", encoding="utf-8")


def run_again(cli, folder: Path) -> str:
    """The id of another run."""
    done = cli(folder, "run", "campaign.yaml", "--at", AT, "--json")
    assert done.exit_code == 0, done.stderr
    return str(json.loads(done.stdout)["run_id"])


def skewed_from(folder: Path, even: list[str], skewed: list[str]) -> None:
    """Outcomes that are even in some runs, and then skewed in others."""
    draw = random.Random(3)
    told = decided(folder)
    rows = []
    for run in (*even, *skewed):
        for one, sex, _ in (row for row in told if row[0].startswith(f"{run}.")):
            chance = 0.5 if run in even else 0.1 if sex == "f" else 0.9
            rows.append(f"{one},{int(draw.random() < chance)}")
    (folder / "outcomes.csv").write_text("\n".join(["decision,outcome", *rows]) + "\n", encoding="utf-8")


def look(cli, folder, *words):
    """One look as plain values."""
    done = cli(folder, "monitor", "campaign.yaml", *words, "--json")
    assert done.exit_code in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def paused(cli, ran):
    """A campaign that an alarm paused."""
    declare(ran, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    assert [one["what"] for one in look(cli, ran)["recorded"]] == ["alarm", "paused"]
    return ran


def test_an_alarm_pauses_the_campaign_and_no_run_starts(cli, paused):
    """Run is refused with its own exit code, in three parts that say how to resume; nothing is added to the ledger."""
    before = evenhand("ledger", "runs", "--json", cwd=paused).stdout
    done = cli(paused, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 6
    assert "is paused since" in done.stderr
    assert "rule: on_alarm, in the monitor of responded" in done.stderr
    assert "evenhand monitor resume CAMPAIGN --by NAME --reason TEXT" in done.stderr
    assert evenhand("ledger", "runs", "--json", cwd=paused).stdout == before
    assert cli(paused, "ledger", "verify").exit_code == 0


def test_the_same_evidence_raises_no_second_alarm(cli, paused):
    """Looked at again, also after the state was removed, nothing is recorded."""
    assert look(cli, paused)["recorded"] == []
    for state in (paused / HOME / "monitor").glob("*.sealed"):
        state.unlink()
    again = look(cli, paused)
    assert again["recorded"] == []
    assert again["paused"]["what"] == "paused"


def test_what_an_alarm_holds_are_figures_that_may_be_shown(cli, paused):
    """Counts, e-value and bounds of the last showing, and the clause; no cell under ten."""
    alarm = look(cli, paused)["history"][0]
    figures = alarm["figures"]
    assert alarm["clause"]["on_alarm"] == "pause"
    assert min(figures["people"].values()) >= 10
    assert figures["evidence"] >= 20
    assert figures["lower"] <= figures["gap"] <= figures["upper"] < -0.02
    assert alarm["event"] % 250 == 0


def test_a_named_person_resumes_and_evidence_starts_anew(cli, paused):
    """Name and reason stay; the next run starts; decisions before it count no more, those after it do."""
    told = json.loads(cli(paused, "monitor", "resume", "campaign.yaml", *SIGNED, "--json").stdout)
    assert (told["by"], told["reason"]) == (SIGNED[1], SIGNED[3])
    assert look(cli, paused)["streams"][0]["events"] == 0
    first = len(decided(paused))
    assert cli(paused, "run", "campaign.yaml", "--at", AT).exit_code == 0
    follow(paused, "outcome", 0.2, 0.8)
    found = look(cli, paused)
    personal = sum(standing == "personalised" for _, _, standing in decided(paused)[first:]) // 10 * 10
    assert found["streams"][0]["events"] == personal
    assert [one["what"] for one in found["history"]] == ["alarm", "paused", "resumed", "alarm", "paused"]
    assert cli(paused, "ledger", "verify").exit_code == 0


@pytest.mark.parametrize("words", [(), ("--by", "Noor"), ("--reason", "why"), ("--by", " ", "--reason", "why")])
def test_nobody_resumes_without_name_and_reason(cli, paused, words):
    """Wrong usage, in three parts; the pause stays."""
    done = cli(paused, "monitor", "resume", "campaign.yaml", *words)
    assert done.exit_code == 2
    assert "name --by" in done.stderr
    assert look(cli, paused)["paused"]


def test_a_campaign_that_is_not_paused_is_not_resumed(cli, ran):
    """Wrong usage; nothing is recorded."""
    done = cli(ran, "monitor", "resume", "campaign.yaml", *SIGNED)
    assert done.exit_code == 2
    assert "is not paused" in done.stderr


def test_a_clause_that_notifies_lets_runs_start(cli, ran):
    """The alarm stands in the ledger once; the campaign goes on."""
    declare(ran, RESPONDED.replace("pause", "notify"))
    follow(ran, "outcome", 0.2, 0.8)
    assert [[one["what"] for one in look(cli, ran)["recorded"]] for _ in range(2)] == [["alarm"], []]
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 0


def test_a_clause_that_is_made_stricter_is_another(cli, ran):
    """With on_alarm changed to pause the same difference pauses, without any new event."""
    declare(ran, RESPONDED.replace("pause", "notify"))
    follow(ran, "outcome", 0.2, 0.8)
    look(cli, ran)
    declare(ran, RESPONDED)
    assert [one["what"] for one in look(cli, ran)["recorded"]] == ["alarm", "paused"]


def test_a_correction_takes_no_alarm_out_of_the_ledger(cli, paused):
    """Counts that go down are counted again; what was said stays as what was said then, and the pause stays."""
    follow(paused, "outcome", 0.5, 0.5, seed=2)
    found = look(cli, paused)
    (stream,) = found["streams"]
    assert stream["corrected_from"] is not None
    assert stream["comparisons"][0]["state"] == "no-evidence"
    assert [one["what"] for one in found["history"]] == ["alarm", "paused"]
    assert found["paused"]


def test_deliveries_count_everybody_who_could_have_been_chosen(cli, ran):
    """Nobody delivered is a no; decisions of a run that the table does not know are left out; later ones come in."""
    declare(ran, DELIVERED)
    follow(ran, "delivered", 0.9, 0.9, last=120)
    first = look(cli, ran)["streams"][0]
    personal = [one for one, _, standing in decided(ran) if standing == "personalised"]
    assert first["events"] == len(personal) // 10 * 10
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert look(cli, ran)["streams"][0]["new"] == 0
    follow(ran, "delivered", 0.9, 0.9)
    second = look(cli, ran)["streams"][0]
    assert second["events"] == 2 * len(personal) // 10 * 10
    assert second["unmatched"] == 0


def test_rows_of_no_decision_are_counted_apart(cli, ran):
    """Somebody else's ids, numbers that a run does not have, and nonsense."""
    declare(ran, DELIVERED)
    known = decided(ran)[0][0]
    run_id = known.rpartition(".")[0]
    strange = [f"{run_id}.999999", f"{run_id}.0", f"{run_id}.x", "20200101T000000Z-000000.1", "nothing"]
    rows = ["decision,delivered", f"{known},1", *(f"{one},1" for one in strange)]
    (ran / "delivered.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert look(cli, ran)["streams"][0]["unmatched"] == len(strange)


def test_several_offers_are_compared_together_and_each(cli, ran):
    """One comparison over all offers, and one for each."""
    file = ran / "campaign.yaml"
    tea = "  - {id: tea, text: {nl: Korting op thee, en: Money off tea}, value: 4, cost: 0.10"
    text = file.read_text("utf-8").replace(
        tea, tea.replace("tea", "jam").replace("thee", "jam") + ", made_by_ai: true}\n" + tea
    )
    text = text.replace("history: {file: people.csv}", "history: {file: shown.csv, offer: offer}")
    file.write_text(text, encoding="utf-8")
    lines = (ran / "people.csv").read_text("utf-8").splitlines()
    shown = [f"{line},{'offer' if not place else ('tea', 'jam')[place % 2]}" for place, line in enumerate(lines)]
    (ran / "shown.csv").write_text("\n".join(shown) + "\n", encoding="utf-8")
    declare(ran, OFFERED, RESPONDED.replace("pause", "notify"))
    done = cli(ran, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 0, done.stderr
    follow(ran, "outcome", 0.3, 0.3)
    streams = look(cli, ran)["streams"]
    assert [[one["offer"] for one in stream["comparisons"]] for stream in streams] == [["", "jam", "tea"]] * 2


def test_an_offer_is_compared_among_those_who_could_have_it(cli, shop):
    """Whoever does not meet its condition is no "no" of it; where it is the only offer, of nothing at all."""
    file, table = shop / "campaign.yaml", shop / "people.csv"
    column = "  member: {role: eligibility, meaning: {nl: of u lid bent, en: whether you are a member}}\n  sex:"
    text = file.read_text("utf-8").replace("capacity: 60,", "capacity: 60, eligible: member,").replace("  sex:", column)
    file.write_text(text, encoding="utf-8")
    header, *rows = table.read_text("utf-8").splitlines()
    member = [f"{row},{'yes' if ',m,' in row or place % 2 else 'no'}" for place, row in enumerate(rows)]
    table.write_text("\n".join([f"{header},member", *member]) + "\n", encoding="utf-8")
    declare(shop, DELIVERED)
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    follow(shop, "delivered", 0.5, 0.5)
    (stream,) = look(cli, shop)["streams"]
    (compared,) = stream["comparisons"]
    shown = compared["figures"]["people"]
    assert stream["events"] == sum(standing == "personalised" for _, _, standing in decided(shop)) // 10 * 10
    assert shown["others"] > 1.5 * shown["group"] > 0


def test_an_offer_that_the_campaign_no_longer_has_was_an_offer(cli, shop):
    """Whoever got it was offered something; of the new offer that run says nothing."""
    file = shop / "campaign.yaml"
    text = file.read_text("utf-8").replace("capacity: 60", "capacity: 200").replace("budget: 5", "budget: 50")
    file.write_text(text, encoding="utf-8")
    declare(shop, OFFERED)
    run_again(cli, shop)
    before = look(cli, shop)["streams"][0]["comparisons"][0]["figures"]
    file.write_text(file.read_text("utf-8").replace("{id: tea,", "{id: rooibos,"), encoding="utf-8")
    after = look(cli, shop)["streams"][0]["comparisons"][0]["figures"]
    assert before["rate"]["group"] > 0.2
    assert after["rate"] == before["rate"]
    assert after["people"] == before["people"]


def test_a_weight_column_is_read_and_one_that_is_too_large_is_refused(cli, ran):
    """Weights count; above largest_weight they are told as a number of rows, without a value."""
    clause = RESPONDED.replace("groups", "weight: chance, largest_weight: 2, groups").replace("pause", "notify")
    declare(ran, clause)
    rows = [f"{one},{place % 2},{1 + place % 2}" for place, (one, _, _) in enumerate(decided(ran))]
    path = ran / "outcomes.csv"
    path.write_text("\n".join(["decision,outcome,chance", *rows]) + "\n", encoding="utf-8")
    assert look(cli, ran)["streams"][0]["events"] > 300
    path.write_text("\n".join(["decision,outcome,chance", *rows[:-1], rows[-1][:-1] + "7.25"]) + "\n", encoding="utf-8")
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "1 of 400 values of weight" in done.stderr
    assert "7.25" not in done.stderr


def test_events_may_stand_in_a_database(cli, ran):
    """A table of SQLite, as for every other table of a campaign."""
    declare(ran, RESPONDED.replace("{file: outcomes.csv}", "{sql: 'sqlite:///shop.db', table: answers}"))
    with sqlite3.connect(ran / "shop.db") as database:
        database.execute("CREATE TABLE answers (decision TEXT, outcome INTEGER)")
        rows = [(one, int(sex == "m")) for one, sex, _ in decided(ran)]
        database.executemany("INSERT INTO answers VALUES (?, ?)", rows)
    database.close()
    assert [one["what"] for one in look(cli, ran)["recorded"]] == ["alarm", "paused"]


def test_a_run_with_sealed_prices_is_watched_without_its_key(cli, shop):
    """Under an aware limit the offers stand in the clear, and the monitor needs no more."""
    make_aware(shop / "campaign.yaml")
    declare(shop, OFFERED)
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    first = look(cli, shop)["streams"][0]
    shutil.rmtree(shop / HOME / "run-keys")
    second = look(cli, shop)["streams"][0]
    assert (second["events"], second["new"]) == (first["events"], 0)
    assert first["events"] > 300


def test_while_a_run_is_recorded_the_alarm_waits(cli, ran):
    """The look is told that somebody else writes; the next one records the alarm."""
    declare(ran, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    with SqliteLedger(ran / HOME / "ledger.sqlite", key=ran / HOME / "secret.key") as store:
        store.claim()
        done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 4
    assert "Somebody else is writing" in done.stderr
    assert [one["what"] for one in look(cli, ran)["recorded"]] == ["alarm", "paused"]


def test_from_python_a_paused_campaign_is_refused_too(paused):
    """The error has its code, its rule and its remedy; a plan writes nothing and is still shown."""
    with pytest.raises(PausedError, match="is paused since"):
        eh.run(paused / "campaign.yaml", at=datetime(2026, 3, 1, tzinfo=UTC))
    assert eh.plan(paused / "campaign.yaml", at=datetime(2026, 3, 1, tzinfo=UTC)).summary["funnel"]


def test_a_campaign_falls_back_to_the_prices_of_the_run_before(cli, ran):
    """Before the first decision that the alarm may be about: later people are decided with those, runs wait."""
    declare(ran, RESPONDED.replace("pause", "fall_back"))
    runs = [run_again(cli, ran) for _ in range(4)]
    skewed_from(ran, runs[:3], runs[3:])
    found = look(cli, ran)
    alarm, fallen = found["recorded"]
    assert fallen["what"] == found["paused"]["what"] == "fell-back"
    people = sum(one.startswith(f"{runs[0]}.") and how == "personalised" for one, _, how in decided(ran))
    held = runs[(alarm["event"] - 250) // people - 1]
    assert fallen["run"] == held
    done = cli(ran, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 6
    assert f"fell back to the prices of run {held}" in done.stderr
    person = json.loads(cli(ran, "decide", "campaign.yaml", PERSON, "--at", AT, "--json").stdout)
    assert person["priced_by"] == held
    assert cli(ran, "decide", "campaign.yaml", PERSON, "--at", AT, "--prices", runs[3]).exit_code == 6
    assert look(cli, ran)["streams"][0]["events"] == 0
    assert f"ronde {held}" in cli(ran, "monitor", "campaign.yaml", "--lang", "nl").stdout
    assert cli(ran, "monitor", "resume", "campaign.yaml", *SIGNED).exit_code == 0
    again = json.loads(cli(ran, "decide", "campaign.yaml", PERSON, "--at", AT, "--json").stdout)
    assert again["priced_by"] == runs[3]
    assert cli(ran, "ledger", "verify").exit_code == 0


def test_without_earlier_prices_it_pauses(cli, ran):
    """The only run of this campaign is the one that the alarm is about; one of another campaign file is no way back."""
    declare(ran, RESPONDED.replace("pause", "fall_back"))
    skewed_from(ran, [], [run_again(cli, ran)])
    assert [one["what"] for one in look(cli, ran)["recorded"]] == ["alarm", "paused"]
    assert cli(ran, "decide", "campaign.yaml", PERSON, "--at", AT).exit_code == 6


def test_the_page_in_the_home_is_for_its_owner_and_stands_as_the_campaign_does(cli, paused):
    """Beside the sealed state; paused, with the group that gets less; nobody's id."""
    cli(paused, "monitor", "campaign.yaml", "--lang", "nl")
    page = paused / HOME / "monitor" / "small-shop.html"
    assert page.stat().st_mode & 0o077 == 0
    text = page.read_text("utf-8")
    assert "Gepauzeerd sinds" in text
    assert "de groep krijgt minder" in text
    assert "canary" not in text


def test_the_figures_are_replaced_in_one_step(cli, paused):
    """A text file that others may read, whole at every moment; the pause is in it."""
    file = paused / "evenhand.prom"
    file.write_text("old", encoding="utf-8")
    cli(paused, "monitor", "campaign.yaml", "--prometheus", file)
    assert 'evenhand_monitor_paused{campaign="small-shop"} 1\n' in file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o644
    assert not list(paused.glob(".evenhand.prom*"))


@pytest.mark.parametrize("clause", ["{id: even, groups: [visits]}", "{id: even, groups: [sexe]}"])
def test_a_clause_on_a_column_that_is_not_sensitive_stops_the_command(cli, ran, clause):
    """Invalid policy, with the line, the rule and the sensitive columns."""
    declare(ran, clause)
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "EH-POL-071" in done.stderr
    assert "Sensitive columns: sex." in done.stderr


def test_a_reference_group_that_never_occurs_is_told(cli, ran):
    """As a question of data, not of the file: the column is named, the value is not repeated."""
    declare(ran, "{id: even, groups: [sex], reference: {sex: nobody-has-this}}")
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "The reference group of sex does not occur" in done.stderr
    assert "nobody-has-this" not in done.stderr


def test_a_reference_group_is_what_others_are_compared_with(cli, ran):
    """The other group stands beside it."""
    declare(ran, "{id: even, groups: [sex], reference: {sex: f}}")
    (compared,) = look(cli, ran)["streams"][0]["comparisons"]
    assert (compared["group"], compared["beside"]) == (["m"], ["f"])


def test_groups_that_are_too_small_are_told_as_not_compared(cli, ran):
    """A set of columns without two large groups is named beside the others; alone it is an error."""
    file = ran / "campaign.yaml"
    text = file.read_text("utf-8").replace(
        "  sex: {role: sensitive}", "  sex: {role: sensitive}\n  days: {role: sensitive}"
    )
    file.write_text(text.replace("  days: {role: feature, meaning: {nl: dagen geleden, en: days ago}}\n", ""), "utf-8")
    declare(ran, "{id: even, groups: [sex, days], minimum_size: 150}")
    assert look(cli, ran)["streams"][0]["not_compared"] == [["days"]]
    declare(ran, "{id: even, groups: [sex], minimum_size: 5000}")
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "no two groups that are large enough" in done.stderr


def test_a_page_that_cannot_be_written_is_told_and_the_alarm_stands(cli, ran):
    """The store's exit code; what was found is recorded before, so nothing is lost."""
    declare(ran, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    (ran / "taken").write_text("a file where a folder must be", encoding="utf-8")
    done = cli(ran, "monitor", "campaign.yaml", "--html", "taken/page.html")
    assert done.exit_code == 4
    assert "page.html cannot be read or written" in done.stderr
    assert [one["what"] for one in look(cli, ran)["history"]] == ["alarm", "paused"]


def test_a_state_that_cannot_be_kept_lets_nothing_go_on(cli, ran):
    """Where the folder of the states cannot be made, the alarm and the pause stand nevertheless."""
    declare(ran, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    (ran / HOME / "monitor").write_text("a file where a folder must be", encoding="utf-8")
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 4
    assert "cannot be read or written" in done.stderr
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 6
    (ran / HOME / "monitor").unlink()
    found = look(cli, ran)
    assert (found["recorded"], [one["what"] for one in found["history"]]) == ([], ["alarm", "paused"])


def test_trouble_with_one_clause_hides_no_alarm_of_another(cli, ran):
    """A table that is missing is told, and the alarm of the next clause is told too and pauses the campaign."""
    declare(ran, DELIVERED, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    done = cli(ran, "monitor", "campaign.yaml", "--html", "page.html", "--prometheus", "figures.prom")
    assert done.exit_code == 3
    assert "There is no file delivered.csv" in done.stderr
    assert "Alarm of responded" in done.stdout
    assert "The campaign was paused by the alarm" in done.stdout
    assert "responded, Who responded:" in done.stdout
    assert "delivered, " not in done.stdout
    assert not [name for name in ("page.html", "figures.prom") if (ran / name).exists()]
    told = json.loads(cli(ran, "monitor", "campaign.yaml", "--json").stdout)
    assert told["error"]["code"] == "data-missing-file"
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 6


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "monitor", "campaign.yaml", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_monitors_at_once_record_an_alarm_once(cli, ran):
    """Both end well or one is told to wait; the ledger has one alarm and one pause, and verifies."""
    declare(ran, RESPONDED)
    follow(ran, "outcome", 0.2, 0.8)
    both = [_start(ran, "--quiet") for _ in range(2)]
    codes = sorted(one.wait(2 * WITHIN) for one in both)
    assert codes in ([1, 1], [1, 4])
    for one in both:
        one.communicate()
    assert [one["what"] for one in look(cli, ran)["history"]] == ["alarm", "paused"]
    assert cli(ran, "ledger", "verify").exit_code == 0


def _until(process: subprocess.Popen[str], words: str, *, err: bool = False) -> str:
    """Read lines until one has these words."""
    stream = process.stderr if err else process.stdout
    assert stream is not None
    for line in stream:
        if words in line:
            return line
    raise AssertionError(f"it ended before it said {words!r}")


def test_following_sees_a_run_that_arrives_and_stops_cleanly(cli, ran):
    """Ctrl-C ends it with the state's exit code and a sentence, not with an error."""
    declare(ran, OFFERED)
    process = _start(ran, "--follow", "0.2")
    try:
        first = _until(process, "events counted")
        assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 0
        personal = sum(standing == "personalised" for _, _, standing in decided(ran))
        assert f"{personal // 2 // 10 * 10} events counted" in first
        _until(process, f"{personal // 10 * 10} events counted")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=WITHIN)
        assert process.returncode == 0
        assert "Stopped. What was counted is kept." in err
        assert "error" not in err
    finally:
        process.kill()


def test_following_goes_on_after_a_table_that_cannot_be_read(cli, ran):
    """At the start it is an error; later it is said, also with --quiet, and the next look goes on where it was."""
    declare(ran, RESPONDED.replace("pause", "notify"))
    assert cli(ran, "monitor", "campaign.yaml", "--follow", "0.2").exit_code == 3
    follow(ran, "outcome", 0.5, 0.5, last=200)
    process = _start(ran, "--follow", "0.2", "--quiet")
    try:
        _until(process, "events counted")
        (ran / "outcomes.csv").write_text("decision,outcome\n", encoding="utf-8")
        assert "Looking again in 0.2 s" in _until(process, "error data-empty", err=True)
        follow(ran, "outcome", 0.5, 0.5)
        personal = sum(standing == "personalised" for _, _, standing in decided(ran)) // 10 * 10
        _until(process, f"{personal} events counted")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_monitor_killed_between_batches_loses_and_doubles_nothing(cli, ran):
    """Killed at five moments while the table grows: the state is that of one reading, to the last figure."""
    declare(ran, RESPONDED.replace("pause", "notify"))
    for attempt in range(5):
        follow(ran, "outcome", 0.4, 0.5, last=80 * (attempt + 1))
        process = _start(ran, "--follow", "0.1")
        if attempt % 2:
            _until(process, "events counted")
        time.sleep(0.1 + 0.35 * attempt)
        process.kill()
        process.communicate()
    kept = look(cli, ran)
    for state in (ran / HOME / "monitor").glob("*.sealed"):
        state.unlink()
    fresh = look(cli, ran)
    assert kept["streams"][0]["events"] == fresh["streams"][0]["events"]
    assert kept["streams"][0]["comparisons"] == fresh["streams"][0]["comparisons"]
    assert [one["event"] for one in kept["history"]] == [one["event"] for one in fresh["history"]]


def test_a_campaign_is_paused_and_resumed_by_its_id_too(cli, ran):
    """Where nobody has its file, as of one that came over the network; what is neither file nor id says so."""
    who = ("--by", "Noor de Wit", "--reason", "complaints")
    assert "paused: ledger entry" in cli(ran, "monitor", "pause", "small-shop", *who).output
    assert cli(ran, "run", "campaign.yaml", "--at", AT).exit_code == 6
    assert cli(ran, "monitor", "resume", "small-shop", *who, "--home", HOME).exit_code == 0
    wrong = cli(ran, "monitor", "pause", "smal-shop", *who)
    assert (wrong.exit_code, "no campaign of that id ever ran in" in wrong.output) == (3, True)
