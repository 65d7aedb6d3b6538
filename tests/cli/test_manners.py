"""How the commands behave, whatever they are asked: streams, exit codes, colours, questions, and no personal value."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess

import pytest

from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from shop_folder import AT, PROGRAM, write_shop

PARTS = re.compile(r"^error [a-z-]+: .+\n    rule: .+\n    to do: .+", re.MULTILINE)
WRONG_USAGE = {
    "an unknown command": ("plna", "campaign.yaml"),
    "an unknown option": ("plan", "campaign.yaml", "--jsno"),
    "no campaign": ("plan",),
    "a format that is not": ("check", "campaign.yaml", "--format", "xml"),
    "a weight that is not": ("check", "campaign.yaml", "--fail-on", "never"),
    "a moment that is not": ("plan", "campaign.yaml", "--at", "tomorrow"),
    "a language that is not": ("why", "1", "--lang", "fr"),
    "no home": ("ledger", "verify"),
    "a draft over a file": ("init", "people.csv"),
    "half a head": ("ledger", "verify", "--head", "abc", "--home", "."),
}


@pytest.mark.parametrize("case", WRONG_USAGE, ids=lambda case: case.replace(" ", "-"))
def test_wrong_usage_is_exit_2_and_said_on_stderr(shop, cli, case):
    """A command that is typed wrongly writes nothing to stdout."""
    done = cli(shop, *WRONG_USAGE[case])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("chekc", "campaign.yaml"), "check"),
        (("plan", "campaign.yaml", "--hoem", "x"), "--home"),
        (("ledger", "verfy"), "verify"),
        (("plan", "campain.yaml"), "campaign.yaml"),
    ],
)
def test_a_near_miss_is_understood(shop, cli, words, meant):
    """Commands, options and files: did you mean ..."""
    done = cli(shop, *words)
    assert done.exit_code == 2
    assert meant in done.stderr.partition("Error: ")[2] or f"did you mean {meant}" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [("channel: web", "chanel: web", "channel"), ("{role: outcome}", "{role: outcom}", "outcome")],
)
def test_a_near_miss_in_the_campaign_file_is_understood(shop, cli, old, new, meant):
    """Keys and values: the finding has the line and a suggestion."""
    path = shop / "campaign.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    line = path.read_text("utf-8")[: path.read_text("utf-8").index(new)].count("\n") + 1
    done = cli(shop, "check", "campaign.yaml")
    assert done.exit_code == 3
    assert re.search(rf"campaign\.yaml:{line}:\d+: error", done.stdout)
    assert f"did you mean {meant}" in done.stdout


def test_an_error_is_told_in_three_parts_on_stderr(shop, cli):
    """Data that is wrong: exit 3, nothing on stdout."""
    (shop / "said.csv").unlink()
    done = cli(shop, "plan", "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert PARTS.search(done.stderr)


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_campaign_that_cannot_run_is_told_on_stderr_with_every_finding(shop, cli, command):
    """All problems at once, each with its place; stdout stays for data."""
    path = shop / "campaign.yaml"
    path.write_text(path.read_text("utf-8").replace("category: ordinary", "category: funny").replace("web", "wbe"))
    done = cli(shop, command, "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert len(re.findall(r"campaign\.yaml:\d+:\d+: error", done.stderr)) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "campaign.yaml", "--json"),
        ("run", "campaign.yaml", "--json"),
        ("why", "canary1@mail.example", "--home", "nowhere", "--json"),
        ("ledger", "verify", "--home", "nowhere", "--json"),
        ("ledger", "runs", "--home", "nowhere", "--json"),
        ("replay", "last", "--home", "nowhere", "--json"),
        ("report", "last", "--home", "nowhere", "--json"),
        ("check", "no-such.yaml", "--format", "json"),
    ],
    ids=" ".join,
)
def test_an_error_under_json_is_one_document_too(shop, cli, words):
    """A program reads the code, the rule and the remedy from stdout; stderr is silent."""
    (shop / "said.csv").unlink()
    done = cli(shop, *words)
    assert done.exit_code in {2, 3, 4}
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert all(told["error"][part] for part in ("code", "what", "rule", "remedy"))
    assert done.stderr == ""
    assert "canary" not in done.output


def test_a_check_of_broken_data_is_a_finding_in_every_format(shop, cli):
    """For a pull request a missing table is a finding like any other: exit 3, text, JSON and SARIF."""
    (shop / "people.csv").unlink()
    text = cli(shop, "check", "campaign.yaml")
    document = json.loads(cli(shop, "check", "campaign.yaml", "--json").stdout)
    sarif = cli(shop, "check", "campaign.yaml", "--format", "sarif")
    (result,) = (one for one in json.loads(sarif.stdout)["runs"][0]["results"] if one["level"] == "error")
    assert text.exit_code == sarif.exit_code == 3
    assert "There is no file people.csv" in text.stdout
    assert document["passed"] is False
    assert document["findings"][0]["what"] in result["message"]["text"]


def test_quiet_keeps_data_and_drops_talk(shop, cli):
    """-q: the same stdout, an empty stderr."""
    loud = cli(shop, "plan", "campaign.yaml", "--at", AT)
    quiet = cli(shop, "plan", "campaign.yaml", "--at", AT, "-q")
    assert loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout


def test_the_language_comes_from_the_flag_then_the_environment(ran, cli):
    """--lang wins over EVENHAND_LANG; English is the default."""
    words = ("why", "canary7@mail.example", "--json", "--home", "evenhand-home")
    told = [
        json.loads(done.stdout)["lang"]
        for done in (
            cli(ran, *words),
            cli(ran, *words, EVENHAND_LANG="nl"),
            cli(ran, *words, "--lang", "en", EVENHAND_LANG="nl"),
        )
    ]
    assert told == ["en", "nl", "en"]


def test_the_home_comes_from_the_environment_too(ran, cli, tmp_path):
    """EVENHAND_HOME names the home for every command."""
    done = cli(tmp_path, "ledger", "runs", "--json", EVENHAND_HOME=str(ran / "evenhand-home"))
    assert len(json.loads(done.stdout)["runs"]) == 1


def test_a_busy_ledger_is_exit_4(ran, cli):
    """While one run records, a second is refused at once and changes nothing; reading goes on."""
    home = ran / "evenhand-home"
    with SqliteLedger(home / "ledger.sqlite", key=home / "secret.key") as store:
        store.claim()
        done = cli(ran, "run", "campaign.yaml", "--at", AT)
        assert cli(ran, "ledger", "verify").exit_code == 0
    assert done.exit_code == 4
    assert "Somebody else is writing" in done.stderr
    assert len(list((home / "runs").iterdir())) == 1


def test_a_home_that_cannot_be_written_is_exit_4(shop, cli):
    """A home below a file: refused before the data is read."""
    done = cli(shop, "run", "campaign.yaml", "--at", AT, "--home", "people.csv/home")
    assert done.exit_code == 4
    assert PARTS.search(done.stderr)


def _say_nothing_of_anybody(done) -> None:
    said = done.output + done.stderr
    assert "canary" not in said
    assert "secret " not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("who", ["canary99999@mail.example", "20260101T000000Z-abcdef.1", "canary1@mail.example.7"])
def test_nobody_is_named_in_an_answer_that_fails(ran, cli, who):
    """Asked about a person who is not there, the answer does not repeat who was asked about."""
    done = cli(ran, "why", who)
    assert done.exit_code == 3
    _say_nothing_of_anybody(done)


@pytest.mark.parametrize("words", [("replay", "canary-run"), ("report", "canary-run"), ("ledger", "runs"), ("replay",)])
def test_nobody_is_named_in_what_programs_say_about_runs(ran, cli, words):
    """Lists, refusals and replays know pseudonyms only."""
    (ran / "said.csv").write_text((ran / "said.csv").read_text("utf-8").replace("canary7@", "canary07@"), "utf-8")
    done = cli(ran, *words)
    said = (done.output + done.stderr).replace("canary-run", "")
    assert "canary" not in said


def test_a_run_names_nobody_but_in_its_list(shop, cli):
    """Of all that a run says and writes, only decisions.csv has the people's own ids."""
    done = cli(shop, "run", "campaign.yaml", "--at", AT)
    _say_nothing_of_anybody(done)
    named = [
        path.name for path in (shop / "evenhand-home").rglob("*") if path.is_file() and b"canary" in path.read_bytes()
    ]
    assert named == ["decisions.csv"]


def _on_a_terminal(folder, *words: str, **environ: str) -> str:
    """What a person sees: stdout and stderr are one terminal."""
    ours, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"} | environ
    process = subprocess.Popen([*PROGRAM, *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # Linux says so when the other side has gone
        pass
    os.close(ours)
    assert process.wait(60) == 3
    return seen.decode()


def test_colours_only_where_they_are_wanted(shop):
    """On a terminal there are colours; with NO_COLOR or --no-color there are none, and the words are the same."""
    (shop / "people.csv").unlink()
    colourful = _on_a_terminal(shop, "check", "campaign.yaml")
    assert "\x1b[31m" in colourful
    for plain in (
        _on_a_terminal(shop, "check", "campaign.yaml", NO_COLOR="1"),
        _on_a_terminal(shop, "check", "campaign.yaml", "--no-color"),
    ):
        assert "\x1b[3" not in plain
        assert "There is no file people.csv" in plain


def test_a_reader_who_leaves_early_is_no_fault():
    """`evenhand schema | head -1`: no traceback."""
    line = " ".join(["'" + word + "'" for word in PROGRAM]) + " schema | head -c 20"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout) == 20
    assert "Traceback" not in done.stderr


def test_a_terminal_without_accents_is_no_fault(tmp_path):
    """Where the output cannot hold a letter, another stands for it."""
    write_shop(tmp_path)
    path = tmp_path / "campaign.yaml"
    path.write_text(path.read_text("utf-8").replace("people.csv", "p\u20acople.csv"), "utf-8")
    done = subprocess.run(
        [*PROGRAM, "check", "campaign.yaml"], cwd=tmp_path, capture_output=True, timeout=60, check=False,
        env=os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 3
    assert b"There is no file p?ople.csv" in done.stdout
