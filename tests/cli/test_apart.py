"""Most tests call a command in their own process. Here the same is asked in a process of its own, as people do."""

from __future__ import annotations

import json

import pytest

from evenhand.cli import _asked
from shop_folder import AT, MADE, apart, evenhand


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("why", "canary7@mail.example", "--lang", "nl"), 0),
        (("ledger", "verify", "--json", "--home", "nowhere"), 4),
        (("init", "people.csv", "--out", "campaign.yaml"), 2),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else str(words),
)
def test_a_command_says_the_same_in_a_process_of_its_own(ran, words, code):
    """Exit code, data and talk are those of a call from Python, to the letter."""
    here, there = evenhand(*words, cwd=ran), apart(*words, cwd=ran)
    assert here.returncode == there.returncode == code, there.stderr
    assert (here.stdout, here.stderr) == (there.stdout, there.stderr)


def test_a_run_in_a_process_of_its_own_is_the_same_run(shop, ran):
    """The ledger of either has the same decisions; both leave the same files."""
    done = apart("run", "campaign.yaml", "--at", AT, cwd=shop)
    assert done.returncode == 0, done.stderr
    there, here = ({path.name for path in folder.rglob("*") if path.suffix} for folder in (shop, ran))
    assert there == here
    listed = [json.loads(evenhand("ledger", "runs", "--json", cwd=folder).stdout)["runs"] for folder in (shop, ran)]
    (one,), (other,) = listed
    assert (one["decisions"], one["state"]) == (other["decisions"], other["state"])


def test_a_process_makes_the_command_that_is_named_and_no_other():
    """By the first word, each command and each group of commands alone; where it names none, all."""
    for name in MADE.commands:
        some = _asked([name, "last"])
        assert len(some.registered_commands) + len(some.registered_groups) == 1, name
    for words in ([], ["--help"], ["runn"]):
        assert len(_asked(words).registered_commands) + len(_asked(words).registered_groups) == len(MADE.commands)
