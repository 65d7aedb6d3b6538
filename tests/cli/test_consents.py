"""What people tell the home themselves counts in the next decision, whatever a table says."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from evenhand import assembly
from evenhand.features import pseudonymise
from evenhand.terms import DataError

PURPOSE = "PersonalisedAdvertising"
WHO = "canary2@mail.example"
HOME = "evenhand-home"
LATER = ("--at", "2026-05-01")


def reason(folder, cli, who=WHO):
    """Why the last decision about somebody took its road."""
    return json.loads(cli(folder, "why", who, "--json").stdout)["permission"]["key"]


def run(folder, cli, *flags):
    """Run the campaign; its outcome."""
    done = cli(folder, "run", "campaign.yaml", *(flags or LATER))
    assert done.exit_code == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("withdraw", "consent-withdrawn"),
        ("refuse", "consent-refused"),
        ("object", "direct-marketing-objection"),
        ("opt-out", "personalisation-opt-out"),
        ("opt-out-of-sale", "sale-opt-out"),
    ],
)
def test_a_no_holds_for_the_next_decision(ran, cli, word, expected):
    """Though the table still says yes, and though the next run is as of an earlier moment; the ledger verifies."""
    assert reason(ran, cli) == "consent-valid"
    said = cli(ran, "consent", word, WHO, PURPOSE, "--method", "web form")
    assert said.exit_code == 0, said.stderr
    run(ran, cli)
    assert reason(ran, cli) == expected
    assert reason(ran, cli, "canary3@mail.example") == "consent-valid"
    assert cli(ran, "ledger", "verify").exit_code == 0
    assert cli(ran, "replay", "last").exit_code == 0
    assert cli(ran, "rights", "verify").exit_code == 0


def test_a_fact_that_was_switched_off_does_not_count(ran, cli):
    """The decision is personal still, and that column has no part in it."""
    assert cli(ran, "consent", "switch-off", WHO, "visits").exit_code == 0
    run(ran, cli)
    told = json.loads(cli(ran, "why", WHO, "--json").stdout)
    assert told["permission"]["key"] == "consent-valid"
    assert "visits" not in {one["name"] for one in told["factors"] if one["contribution"]}
    assert cli(ran, "replay", "last").exit_code == 0


def test_a_replay_of_an_earlier_run_does_not_hear_what_was_said_later(ran, cli):
    """Two runs with a no between: both come out again as they were."""
    run(ran, cli)
    cli(ran, "consent", "withdraw", WHO, PURPOSE)
    run(ran, cli)
    runs = [one["run_id"] for one in assembly.list_runs(home=ran / HOME)]
    assert len(runs) == 3
    for one in runs:
        again = cli(ran, "replay", one)
        assert again.exit_code == 0, again.stdout + again.stderr


def test_saying_no_takes_no_more_than_saying_yes(ran, cli):
    """The same words in the same order; and yes counts again from when it is said."""
    assert cli(ran, "consent", "withdraw", WHO, PURPOSE).exit_code == 0
    assert cli(ran, "consent", "give", WHO, PURPOSE).exit_code == 0
    now = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    run(ran, cli, "--at", now)
    assert reason(ran, cli) == "consent-valid"
    told = json.loads(cli(ran, "consent", "history", WHO, "--json").stdout)["said"]
    assert [one["status"] for one in told] == ["ConsentWithdrawn", "ConsentGiven"]


def test_an_older_table_brings_nothing_back(ran, cli):
    """Imported after the withdrawal, with the older yes; imported twice, recorded once."""
    cli(ran, "consent", "withdraw", WHO, PURPOSE)
    first = json.loads(cli(ran, "consent", "import", "said.csv", "--json").stdout)
    again = json.loads(cli(ran, "consent", "import", "said.csv", "--json").stdout)
    assert (first["recorded"], again["recorded"], again["known"]) == (416, 0, 416)
    now = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    run(ran, cli, "--at", now)
    assert reason(ran, cli) == "consent-withdrawn"


def test_a_no_while_a_run_is_prepared_is_heard(ran):
    """Said after the consents were read: the run begins again, and the decision knows it."""
    home, steps = ran / HOME, []

    def meanwhile(step):
        steps.append(step)
        if steps.count("learning from the past") == 1 and step == "learning from the past":
            assembly.say(WHO, "withdraw", PURPOSE, home=home, at=datetime.now(UTC))

    assembly.run_campaign(ran / "campaign.yaml", at=datetime(2026, 5, 1, tzinfo=UTC), step=meanwhile)
    assert steps.count("reading the data") == 2
    assert assembly.why(WHO, home=home).facts.permission.key == "consent-withdrawn"


def test_whoever_says_no_every_time_stops_the_run(ran):
    """After three preparations nothing is recorded, and the message names nobody."""
    home = ran / HOME

    def always(step):
        if step == "learning from the past":
            assembly.say(WHO, "object", "", home=home, at=datetime.now(UTC))

    with pytest.raises(DataError, match="said no, or was corrected, while") as caught:
        assembly.run_campaign(ran / "campaign.yaml", at=datetime(2026, 5, 1, tzinfo=UTC), step=always)
    assert WHO not in str(caught.value)
    assert [one["state"] for one in assembly.list_runs(home=home)].count("recorded") == 1


def test_a_yes_meanwhile_does_not_disturb(ran):
    """It counts next time."""
    steps = []

    def meanwhile(step):
        steps.append(step)
        if step == "learning from the past":
            assembly.say(WHO, "renew", PURPOSE, home=ran / HOME, at=datetime.now(UTC))

    assembly.run_campaign(ran / "campaign.yaml", at=datetime(2026, 5, 1, tzinfo=UTC), step=meanwhile)
    assert steps.count("reading the data") == 1


def test_later_people_are_asked_about_too(ran, cli):
    """One person decided alone, right after the no."""
    cli(ran, "consent", "object", WHO)
    done = cli(ran, "decide", "campaign.yaml", WHO, "--at", "2026-05-01")
    assert done.exit_code == 0, done.stderr
    assert reason(ran, cli) == "direct-marketing-objection"


def test_the_database_names_nobody(ran, cli):
    """No id and no pseudonym in it, as text or bytes, nor in what is printed."""
    said = cli(ran, "consent", "give", WHO, PURPOSE, "--notice", "v7", "--text-lang", "nl")
    pseudonym = pseudonymise([WHO], (ran / HOME / "secret.key").read_bytes())[0]
    content = (ran / HOME / "people.sqlite").read_bytes()
    for needle in (WHO.encode(), pseudonym, bytes.fromhex(pseudonym.decode())):
        assert needle not in content
    assert WHO not in said.stdout + said.stderr
    assert (ran / HOME / "people.sqlite").stat().st_mode & 0o077 == 0


def test_an_erasure_takes_out_what_was_said(ran, cli):
    """The notice version that only this person saw is in no byte of the home; the trail verifies and says so."""
    cli(ran, "consent", "give", WHO, PURPOSE, "--notice", "only-theirs-4711")
    cli(ran, "consent", "give", "canary3@mail.example", PURPOSE, "--notice", "of-another-4712")
    assert b"only-theirs-4711" in (ran / HOME / "people.sqlite").read_bytes()
    done = cli(ran, "rights", "erase", WHO, "--yes", "--json")
    assert json.loads(done.stdout)["said"] == 1
    files = [path for path in (ran / HOME).rglob("*") if path.is_file()]
    assert not [path.name for path in files if b"only-theirs-4711" in path.read_bytes()]
    assert [path.name for path in files if b"of-another-4712" in path.read_bytes()] == ["people.sqlite"]
    checked = json.loads(cli(ran, "rights", "verify", "--json").stdout)
    assert (checked["ok"], checked["removed"], checked["entries"]) == (True, 1, 6)
    assert cli(ran, "consent", "history", WHO, "--json").stdout.count("ConsentGiven") == 0


def test_what_an_erasure_made_void_is_not_imported(ran, cli):
    """The old table names the person again: their older words are not kept."""
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    done = json.loads(cli(ran, "consent", "import", "said.csv", "--json").stdout)
    assert (done["void"], done["recorded"]) == (1, 415)


def test_a_table_that_is_none_is_refused(ran, cli):
    """A status that does not exist, and a row of signals: exit 3, nothing recorded."""
    for row in ("canary1@mail.example,consent,X,Maybe,2026-01-01", "canary1@mail.example,erasure,,Erased,2026-01-01"):
        (ran / "bad.csv").write_text(f"subject,kind,purpose,status,at\n{row}\n", encoding="utf-8")
        assert cli(ran, "consent", "import", "bad.csv").exit_code == 3
    assert json.loads(cli(ran, "rights", "verify", "--json").stdout)["entries"] == 0


def test_unhappy_words(ran, cli):
    """No purpose for a yes, an unknown purpose, the future, a notice that is not there: exit 2, in three parts."""
    for words in (
        ("give", WHO),
        ("give", WHO, "Selling"),
        ("give", WHO, PURPOSE, "--said-at", "2999-01-01"),
        ("give", WHO, PURPOSE, "--said-at", "yesterday"),
        ("give", WHO, PURPOSE, "--form", "Nonsense"),
        ("give", WHO, PURPOSE, "--notice-file", "missing.txt"),
    ):
        said = cli(ran, "consent", *words)
        assert said.exit_code == 2, words
        assert WHO not in said.stderr
        assert "yesterday" not in words or "--said-at is not a time" in said.stderr


def test_a_fact_that_no_campaign_has_is_said_to_change_nothing(ran, cli):
    """A name that was mistyped is recorded as it was said, and whoever typed it hears that it withholds nothing."""
    assert (
        "no campaign that ran here has a feature of this name" in cli(ran, "consent", "switch-off", WHO, "vists").stderr
    )
    assert "It holds for the next decision" in cli(ran, "consent", "switch-off", WHO, "visits").stderr


def test_an_id_that_is_nobodys_here_is_said_to_be(ran, cli):
    """A slip of the pen in a withdrawal, an erasure or a request is warned of; whoever stands in a table is not."""
    said = "nobody here by that id has any record"
    for words in (
        ("consent", "withdraw", "canary2@mail.exampel", PURPOSE),
        ("consent", "history", "nobody-1"),
        ("rights", "ask", "nobody-2", "objection"),
        ("rights", "erase", "nobody-3", "--yes"),
    ):
        done = cli(ran, *words)
        assert done.exit_code == 0, done.stderr
        assert said in done.stderr
        assert words[2] not in done.stderr
    assert said not in cli(ran, "consent", "withdraw", "canary2@mail.example", PURPOSE).stderr
    assert said not in cli(ran, "consent", "withdraw", "canary2@mail.exampel", PURPOSE).stderr, "by now there is one"
    assert json.loads(cli(ran, "rights", "ask", "nobody-4", "access", "--json").stdout)["known"] is False
    assert json.loads(cli(ran, "consent", "object", "canary3@mail.example", "--json").stdout)["known"] is True


@pytest.mark.parametrize("words", [("consent", "history"), ("rights", "list", "--subject")], ids=lambda words: words[1])
def test_what_is_read_of_a_person_says_whether_the_id_is_anybodys(ran, cli, words):
    """Nothing found and nobody there are two things: a warning for people, `known` for programs."""
    said = "nobody here by that id has any record"
    for who, is_known in (("nobody-9", False), ("canary3@mail.example", True)):
        assert json.loads(cli(ran, *words, who, "--json").stdout)["known"] is is_known
        assert (said in cli(ran, *words, who).stderr) is not is_known


@pytest.mark.parametrize("code", ["dutch", "xx", "NL", "n l", "nl_NL"])
def test_a_language_that_is_none_is_refused(ran, cli, code):
    """The evidence of a consent names a language; nothing is recorded with one that is none."""
    done = cli(ran, "consent", "give", "canary2@mail.example", PURPOSE, "--text-lang", code)
    assert done.exit_code == 2
    assert "The language of the text that was shown is none" in done.stderr
    assert "0 records" in cli(ran, "consent", "history", "canary2@mail.example").stderr


def test_a_table_with_an_empty_status_is_told_without_a_guess(ran, cli):
    """Nothing is like an empty word, so no other word is proposed."""
    (ran / "said.csv").write_text(f"subject,kind,purpose,status,at\n{WHO},consent,{PURPOSE},,2026-04-01\n", "utf-8")
    said = cli(ran, "consent", "import", "said.csv")
    assert said.exit_code == 3
    assert "did you mean" not in said.stderr


def test_a_record_can_be_given_to_others(ran, cli):
    """ISO/IEC TS 27560 in JSON-LD: one per purpose, with the controller of the campaign, without the person's id."""
    (ran / "notice.txt").write_text("We use your visits to choose an offer.", encoding="utf-8")
    cli(ran, "consent", "give", WHO, PURPOSE, "--notice", "v7", "--notice-file", "notice.txt", "--text-lang", "en")
    cli(ran, "consent", "withdraw", WHO, PURPOSE)
    done = cli(ran, "consent", "export", WHO, "--out", "consents.jsonld")
    assert done.exit_code == 0, done.stderr
    assert "party address" in done.stderr
    (record,) = json.loads((ran / "consents.jsonld").read_text("utf-8"))
    told = [one["@type"][0] for one in record["dpv:hasConsentStatus"]]
    assert told == ["dpv:ConsentGiven", "dpv:ConsentGiven", "dpv:ConsentWithdrawn"], "the first stands in the table"
    assert record["dpv:hasDataController"]["dpv:hasName"] == "Small Shop"
    assert WHO not in json.dumps(record)


def test_what_stands_in_a_campaigns_table_is_exported_too(ran, cli):
    """A consent that counts and was never said here: with its day; said here too it is told once; it is void after an
    erasure; and where the table cannot be read that is said."""
    done = cli(ran, "consent", "export", WHO)
    (record,) = json.loads(done.stdout)
    assert [one["dpv:isIndicatedAtTime"][:10] for one in record["dpv:hasConsentStatus"]] == ["2026-01-01"]
    assert "1 saying of it stands in your own tables" in done.stderr
    assert WHO not in done.stdout
    head, *rows = (ran / "said.csv").read_text("utf-8").splitlines()
    own = [row for row in rows if row.startswith(f"{WHO},")]
    (ran / "own.csv").write_text("\n".join([head, *own]) + "\n", "utf-8")
    assert cli(ran, "consent", "import", "own.csv").exit_code == 0
    again = cli(ran, "consent", "export", WHO)
    assert (again.stdout, "tables" in again.stderr) == (done.stdout, False)
    (ran / "said.csv").rename(ran / "away.csv")
    assert "could not be read" in cli(ran, "consent", "export", WHO).stderr
    (ran / "away.csv").rename(ran / "said.csv")
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    assert json.loads(cli(ran, "consent", "export", WHO).stdout) == []


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        ("CAST(replace(body, 'Withdrawn', 'Given') AS BLOB)", "Entry 1 was altered"),
        ("replace(body, 'Withdrawn', 'Given')", "does not hold what an entry holds"),
    ],
)
def test_a_change_of_the_database_is_found(ran, cli, becomes, said):
    """Exit 5, with what is wrong."""
    cli(ran, "consent", "withdraw", WHO, PURPOSE)
    with sqlite3.connect(ran / HOME / "people.sqlite") as database:
        database.execute(f"UPDATE trail SET body = {becomes}")
    database.close()
    found = cli(ran, "rights", "verify")
    assert found.exit_code == 5
    assert said in found.stdout + found.stderr


def test_a_backup_has_what_was_said_and_a_restore_brings_nobody_back(ran, cli):
    """The restored trail verifies; whoever was erased since is taken out of it again; the next run hears a no."""
    other = "canary3@mail.example"
    cli(ran, "consent", "give", WHO, PURPOSE, "--notice", "only-theirs-4711")
    cli(ran, "consent", "withdraw", other, PURPOSE)
    assert cli(ran, "backup", "copy", "--keys", "keys").exit_code == 0
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    done = cli(ran, "restore", "copy", "--keys", "keys", "--home", "again", "--marks", HOME)
    assert done.exit_code == 0, done.stderr
    found = cli(ran, "rights", "verify", "--home", "again", "--json")
    assert (found.exit_code, json.loads(found.stdout)["removed"]) == (0, 1), found.stdout
    for path in (ran / "again").rglob("*"):
        assert path.is_dir() or b"only-theirs-4711" not in path.read_bytes(), path
    assert cli(ran, "run", "campaign.yaml", *LATER, "--home", "again").exit_code == 0
    told = json.loads(cli(ran, "why", other, "--home", "again", "--json").stdout)
    assert told["permission"]["key"] == "consent-withdrawn"


def test_a_replay_says_how_many_teachers_were_erased_since(shop, cli):
    """Their word is gone, so the model comes out different: told with the count, no failure where decisions agree."""
    people = [f"canary{number}@mail.example" for number in range(0, 400, 10)]
    for who in people:
        assert cli(shop, "consent", "give", who, PURPOSE, "--home", HOME, "--said-at", "2026-02-01").exit_code == 0
    assert cli(shop, "run", "campaign.yaml", "--at", "2026-03-01").exit_code == 0
    whole = json.loads(cli(shop, "replay", "last", "--json").stdout)
    assert (whole["same"], whole["erased_since"]) == (True, 0)
    for who in people[:7]:
        assert cli(shop, "rights", "erase", who, "--yes").exit_code == 0
    again = cli(shop, "replay", "last")
    assert "7 people were erased since whose consents or corrections this run had read" in again.stdout
    told = json.loads(cli(shop, "replay", "last", "--json").stdout)
    assert told["erased_since"] == 7
    assert not told["model_same"]
    assert (again.exit_code == 0) == told["same"] == (not told["different"])
    assert cli(shop, "ledger", "verify").exit_code == 0
