"""An erasure reaches models (RULES G-17): who taught one is known, and it is fitted again without them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import pytest

from campaigns_cases import ANY, FILE, YAML, taking
from evenhand import assembly
from evenhand.terms import PausedError
from live_cases import CAMPAIGN, Web, asked, opened, person
from shop_folder import AT, runs_of, write_shop

WHO = "canary2@mail.example"
LATER = ("--at", "2026-03-02")


@pytest.fixture
def erased(ran, cli):
    """A folder in which the campaign ran, and somebody who taught its model was erased."""
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    return ran


def _refit(folder, cli, *more):
    done = cli(folder, "model", "refit", "--json", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["refitted"]


def _runs(folder, cli):
    return json.loads(cli(folder, "ledger", "runs", "--json").stdout)["runs"]


def test_an_erasure_says_which_models_are_to_be_fitted_again(ran, cli):
    """The person taught the model in force: it is named with its day; numbers below ten are not told."""
    said = json.loads(cli(ran, "rights", "erase", WHO, "--yes", "--json").stdout)
    (model,) = said["models"]
    assert (model["campaign"], model["people"], model["known"]) == ("small-shop", None, True)
    since, until = (datetime.fromisoformat(model[name]) for name in ("since", "until"))
    assert timedelta(days=28) <= until - since <= timedelta(days=31)
    told = cli(ran, "rights", "erase", "canary3@mail.example", "--yes").stdout
    assert "was fitted on people erased since; by " in told
    listed = json.loads(cli(ran, "model", "due", "--json").stdout)["models"]
    assert [(one["run"], one["overdue"]) for one in listed] == [(model["run"], False)]


def test_somebody_who_taught_nothing_makes_no_model_due(ran, cli):
    """Who is not in the history, and who had withdrawn: nothing to fit again, no run recorded."""
    assert cli(ran, "rights", "erase", "nobody@mail.example", "--yes").exit_code == 0
    withdrawn = json.loads(cli(ran, "rights", "erase", "canary10@mail.example", "--yes", "--json").stdout)
    assert withdrawn["models"] == []
    before = _runs(ran, cli)
    assert _refit(ran, cli) == []
    assert _runs(ran, cli) == before


def test_a_refit_leaves_the_person_out_decides_about_nobody_and_is_in_force(erased, cli):
    """The same model as one that is fitted on a table without them; later people are decided by it; all verifies."""
    (done,) = _refit(erased, cli)
    first, second = _runs(erased, cli)
    assert (second["run_id"], second["decisions"], second["selected"]) == (done["run"], 0, 0)
    assert done["instead_of"] == first["run_id"]
    assert json.loads(cli(erased, "model", "due", "--json").stdout)["models"] == []
    assert _refit(erased, cli) == []
    later = cli(erased, "decide", "campaign.yaml", "canary7@mail.example", *LATER, "--json")
    assert json.loads(later.stdout)["priced_by"] == done["run"]
    assert cli(erased, "ledger", "verify").exit_code == 0
    again = json.loads(cli(erased, "replay", done["run"], "--json").stdout)
    assert (again["same"], again["model_same"], again["decisions"]) == (True, True, 0)
    assert json.loads(cli(erased, "replay", first["run_id"], "--json").stdout)["same"]


def test_a_run_in_the_same_second_as_an_erasure_replays(ran, cli):
    """Which erasures bound a run is kept to the microsecond; the second in its name would leave this one out."""
    while datetime.now(UTC).microsecond > 100_000:
        sleep(0.01)
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    assert cli(ran, "run", "campaign.yaml", "--at", "2026-11-02T00:00:00Z").exit_code == 0
    assert json.loads(cli(ran, "replay", "last", "--json").stdout)["model_same"]


def test_the_refit_model_is_the_one_of_a_table_without_them(erased, cli, tmp_path):
    """Integer for integer: who is left out by a mark has left as if they had never been in the table."""
    (done,) = _refit(erased, cli)
    other = write_shop(tmp_path / "without").parent
    table = other / "people.csv"
    rows = [line for line in table.read_text("utf-8").splitlines() if not line.startswith(WHO)]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    run = assembly.run_campaign(other / "campaign.yaml", at=datetime(2026, 11, 1, tzinfo=UTC))
    digests = [
        json.loads((folder / "evenhand-home" / "runs" / name / "report.json").read_text("utf-8"))["model"]["digest"]
        for folder, name in ((erased, done["run"]), (other, run.run_id))
    ]
    assert digests[0] == digests[1]


def test_the_difference_tells_nothing_small(erased, cli):
    """Coarse numbers alone: no bin, no count below ten; and the page says that nobody was decided about."""
    (done,) = _refit(erased, cli)
    change = done["change"]
    assert set(change) == {"left_out", "compared", "decisions", "points"}
    assert (change["left_out"], change["compared"] % 10) == (None, 0)
    assert change["points"] in (0.1, 1.0, 5.0, 10.0, 100.0)
    page = (erased / "evenhand-home" / "runs" / done["run"] / "report.html").read_text("utf-8")
    assert "Nobody was decided about" in page
    assert "Over niemand is besloten" in page
    assert WHO not in page
    shutil.rmtree(erased / "evenhand-home" / "runs" / done["run"])
    assert cli(erased, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert (erased / "evenhand-home" / "runs" / done["run"] / "report.html").read_text("utf-8") == page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bound: 0.8}", "bound: 0.8, mode: aware, necessity: The gap is known.}"),
        ("cost: 0.10,", "cost: 0.10, cost_column: days,"),
    ],
    ids=["aware", "own-costs"],
)
def test_a_model_that_decides_about_nobody_later_is_not_due(shop, cli, old, new):
    """Nobody can be decided about with it after its run, so nothing is owed; the next run learns without whoever was
    erased."""
    campaign = shop / "campaign.yaml"
    text = campaign.read_text("utf-8").replace(old, new)
    campaign.write_text(text.replace("days: {role: feature", "days: {role: cost") if "column" in new else text, "utf-8")
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    said = json.loads(cli(shop, "rights", "erase", WHO, "--yes", "--json").stdout)
    assert (said["models"], _refit(shop, cli)) == ([], [])
    assert cli(shop, "decide", "campaign.yaml", "canary7@mail.example", *LATER).exit_code == 3
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    first, second = (json.loads((run / "report.json").read_text("utf-8"))["model"]["digest"] for run in runs_of(shop))
    assert first != second


def test_a_run_fits_anew_and_owes_nothing(erased, cli):
    """What a run learned, it learned without whoever was erased: the model is not due any more."""
    assert cli(erased, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert json.loads(cli(erased, "model", "due", "--json").stdout)["models"] == []
    with sqlite3.connect(erased / "evenhand-home" / "subject-keys.sqlite") as keys:
        assert keys.execute("SELECT (SELECT count(*) FROM taught), (SELECT count(*) FROM taught_gone)").fetchone() == (
            1,
            0,
        )


def test_after_its_time_nobody_is_decided_about(erased, cli):
    """A month after the erasure the model stands still, whoever asks; a refit lets it go on."""
    late = (datetime.now(UTC) + timedelta(days=32)).isoformat()
    refused = cli(erased, "decide", "campaign.yaml", "canary7@mail.example", "--at", late)
    assert refused.exit_code == 6
    assert "evenhand model refit" in refused.stderr
    campaign = erased / "campaign.yaml"
    with pytest.raises(PausedError, match="was to be fitted again without them by"):  # noqa: SIM117
        with assembly.open_service([campaign], at=datetime.fromisoformat(late)):
            pass
    _refit(erased, cli)
    assert cli(erased, "decide", "campaign.yaml", "canary7@mail.example", "--at", late).exit_code == 0


def test_where_nobody_knows_who_taught_everybody_counts(ran, cli):
    """A run of an older evenhand, or the prices of an earlier run: every erasure since then makes it due."""
    with sqlite3.connect(ran / "evenhand-home" / "subject-keys.sqlite") as keys:
        keys.execute("DROP TABLE taught")
        keys.execute("DROP TABLE taught_gone")
        keys.execute("DROP TABLE alias")
    assert json.loads(cli(ran, "model", "due", "--json").stdout)["models"] == []
    said = json.loads(cli(ran, "rights", "erase", "nobody@mail.example", "--yes", "--json").stdout)
    assert [(one["campaign"], one["known"]) for one in said["models"]] == [("small-shop", False)]
    assert len(_refit(ran, cli)) == 1
    assert cli(ran, "model", "due").exit_code == 0


def test_what_later_people_used_of_the_limits_stays_used(erased, cli):
    """The refit's prices have what the earlier ones had left; these have nothing more to give."""
    ids = [f"canary{number}@mail.example" for number in range(20, 60)]
    first = json.loads(cli(erased, "decide", "campaign.yaml", *ids, *LATER, "--json").stdout)
    (done,) = _refit(erased, cli)
    second = json.loads(cli(erased, "decide", "campaign.yaml", "canary1@mail.example", *LATER, "--json").stdout)
    used = [one for one in second["decisions"]["offer"] if one]
    assert second["left"]["capacity:tea"] == first["left"]["capacity:tea"] - len(used)
    before = cli(
        erased, "decide", "campaign.yaml", "canary61@mail.example", *LATER, "--prices", done["instead_of"], "--json"
    )
    assert json.loads(before.stdout)["left"]["capacity:tea"] == 0


def test_who_is_erased_while_a_run_is_prepared_does_not_teach_it(ran):
    """People of the history alone, one erased after each reading of the tables: the run refuses and records nothing."""
    home = ran / "evenhand-home"
    people = ran / "people.csv"
    (ran / "past.csv").write_text(people.read_text("utf-8"), encoding="utf-8")
    gone = [f"canary{number}@mail.example" for number in (11, 12, 13)]
    rows = [line for line in people.read_text("utf-8").splitlines() if line.split(",")[0] not in gone]
    people.write_text("\n".join(rows) + "\n", encoding="utf-8")
    campaign = ran / "campaign.yaml"
    campaign.write_text(campaign.read_text("utf-8").replace("history: {file: people", "history: {file: past"), "utf-8")

    def meanwhile(step):
        if step == "learning from the past":
            assembly.erase(gone.pop(), home=home, at=datetime.now(UTC))

    with pytest.raises(Exception, match="erased while the run was prepared"):
        assembly.run_campaign(campaign, at=datetime(2026, 3, 1, tzinfo=UTC), step=meanwhile)
    assert [run["campaign"] for run in assembly.list_runs(home=home)].count("small-shop") == 1


def test_a_service_stops_when_the_time_of_its_model_is_up(ran):
    """It was opened before; the erasure is longer ago than a month: nobody is decided about, until it opens anew."""
    home, long_ago = ran / "evenhand-home", datetime.now(UTC) - timedelta(days=40)
    with opened(ran) as serving:
        assembly.erase(WHO, home=home, at=long_ago)
        with pytest.raises(PausedError, match="was to be fitted again without them by"):
            asked(serving.live, person(7))
        assert serving.live.not_ready() == "model-refit-overdue"
    (done,) = assembly.refit_models(home=home, at=datetime.now(UTC))
    with opened(ran) as serving:
        assert asked(serving.live, person(7)).answers[0].standing
        assert serving.live.campaigns["small-shop"].priced_by == done.run_id


def test_a_service_that_runs_goes_on_with_the_model_that_was_fitted_again(ran):
    """Within a moment and without a restart, although the time of the earlier one was up."""
    home, long_ago = ran / "evenhand-home", datetime.now(UTC) - timedelta(days=40)
    with opened(ran) as serving:
        assert asked(serving.live, person(7)).answers[0].standing
        assembly.erase(WHO, home=home, at=long_ago)
        (done,) = assembly.refit_models(home=home, at=datetime.now(UTC))
        late = monotonic() + 60
        while serving.live.campaigns["small-shop"].priced_by != done.run_id and monotonic() < late:
            sleep(0.05)
        assert asked(serving.live, person(9)).answers[0].standing
        assert serving.live.campaigns["small-shop"].priced_by == done.run_id
        assert serving.live.not_ready() == ""


def test_a_refit_that_cannot_be_recorded_takes_nothing(erased, cli):
    """Stopped, or overtaken by a no: no run of it is there, the limits are as they were; then it is done."""

    def stop(said):
        if said == "recording the model and its prices":
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        assembly.refit_models(home=erased / "evenhand-home", at=datetime.now(UTC), step=stop)
    assert len(json.loads(cli(erased, "model", "due", "--json").stdout)["models"]) == 1
    said = []

    def object_once(step):
        if step == "recording the model and its prices" and not said:
            said.append(cli(erased, "consent", "object", "canary9@mail.example").exit_code)

    (done,) = assembly.refit_models(home=erased / "evenhand-home", at=datetime.now(UTC), step=object_once)
    assert said == [0], "somebody objected before the commit, so it was prepared anew"
    assert [run["decisions"] for run in _runs(erased, cli) if run["state"].startswith("recorded")] == [400, 0]
    later = json.loads(cli(erased, "decide", "campaign.yaml", "canary10@mail.example", *LATER, "--json").stdout)
    assert (later["priced_by"], later["left"]["capacity:tea"]) == (done.run_id, 60)
    assert cli(erased, "ledger", "verify").exit_code == 0


def test_a_backup_and_a_restore_keep_what_is_owed(erased, cli, tmp_path):
    """Who taught the model, and who of them was erased, goes with the keys; whom later marks tell counts too."""
    saved = ("backup", str(tmp_path / "saved"), "--keys", str(tmp_path / "keys"))
    assert cli(erased, *saved).exit_code == 0
    back = cli(
        erased, "restore", str(tmp_path / "saved"), "--keys", str(tmp_path / "keys"), "--home", str(tmp_path / "h")
    )
    assert back.exit_code == 0, back.output
    listed = json.loads(cli(erased, "model", "due", "--home", str(tmp_path / "h"), "--json").stdout)["models"]
    assert [(one["campaign"], one["known"]) for one in listed] == [("small-shop", True)]


def test_an_offer_with_a_minimum_is_fitted_again_and_other_commands_keep_to_decisions(shop, cli):
    """Nobody is decided about, so no minimum is missed; `last` is the last run that decided, except for prices."""
    campaign = shop / "campaign.yaml"
    text = campaign.read_text("utf-8")
    campaign.write_text(text.replace("capacity: 60,", "capacity: 60, minimum: 5,"), "utf-8")
    assert cli(shop, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert cli(shop, "rights", "erase", WHO, "--yes").exit_code == 0
    (done,) = _refit(shop, cli)
    assert cli(shop, "ledger", "verify").exit_code == 0
    assert json.loads(cli(shop, "consent", "since", "last", "--json").stdout)["run_id"] == done["instead_of"]
    assert done["instead_of"] in cli(shop, "report").stdout
    assert json.loads(cli(shop, "policy", "last", "--json").stdout)["run"] == done["run"]
    assert cli(shop, "monitor", "campaign.yaml", "--kind", "selection").exit_code in (0, 1)
    assert cli(shop, "retention", "run", "--dry-run").exit_code == 0


def test_a_campaign_from_the_network_goes_on_with_the_model_that_was_fitted_again(tmp_path):
    """The service opens anew: what was started is decided by the refit, and whoever asks is answered."""
    with taking(tmp_path) as serving:
        web = Web(serving, "decide", "campaigns")
        assert web("POST", "/v1/campaigns?reason=spring", content=FILE, headers=YAML).status_code == 201
        told = web("POST", f"/v1/campaigns/{CAMPAIGN}/activate", json={"by": "Noor", "reason": "ok"}, headers=ANY)
        assert told.status_code == 200, told.text
        home = serving.place.folder
    assembly.erase(WHO, home=home, at=datetime.now(UTC))
    (done,) = assembly.refit_models(CAMPAIGN, home=home, at=datetime.now(UTC))
    with taking(tmp_path) as serving:
        assert serving.live.campaigns[CAMPAIGN].priced_by == done.run_id
        assert asked(serving.live, person(7)).answers[0].standing
