"""The road needs no network and no vault, and a gate that is left out does not type-check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apart_cases import NO_NETWORK, run_apart

ROOT = Path(__file__).parents[2]

SMALL = """
import sys, tempfile
from pathlib import Path
from small_world import make_world
home = Path(tempfile.mkdtemp()) / "home"
ran = make_world().run(home)
import evenhand as eh
assert eh.verify_ledger(home=home).ok
ran.why("canary7@mail.example", lang="nl").to_text()
print("walked", len(ran.decisions))
"""
GATES = "journey", "campaigns", "promises"


def test_the_road_walks_without_a_network():
    """Not one socket is made between reading the tables and telling a decision."""
    assert run_apart(NO_NETWORK + SMALL, 120) == "walked 240\n"


def test_the_hook_above_would_notice():
    """The check can fail: a socket ends the script."""
    with pytest.raises(AssertionError, match="used the network"):
        run_apart(NO_NETWORK + "import socket\nsocket.socket()", 60)


def test_no_gate_loads_the_vault():
    """The whole road is imported, and the room with the groups is not."""
    script = "import sys\n" + "".join(f"import evenhand.{room}\n" for room in GATES)
    assert run_apart(script + "print('evenhand.vault' in sys.modules)", 60) == "False\n"


SNIPPET = """
from evenhand.allocation import Wall, allocate
from evenhand.explanation import explain
from evenhand.features import ColumnSource, minimise
from evenhand.ledger import Run, record
from evenhand.permission import ConsentBook, permit
from evenhand.policy import Campaign
from evenhand.scoring import score
from evenhand.terms import Asked, Model


def road(
    asked: Asked, campaign: Campaign, model: Model, consents: ConsentBook, columns: ColumnSource, wall: Wall, run: Run
) -> None:
    permitted = permit(asked, campaign, consents)
    minimised = minimise(permitted, model, columns)
    scored = score(minimised, campaign)
    allocated = allocate(scored, campaign, wall)
    explained = explain(allocated, campaign)
    record(explained, run)

    minimise(asked, model, columns)  # leaves out permit
    score(permitted, campaign)  # leaves out minimise
    score(asked, campaign)  # leaves out both
    allocate(minimised, campaign, wall)  # leaves out score
    explain(scored, campaign)  # leaves out allocate
    record(allocated, run)  # leaves out explain
    permit(permitted, campaign, consents)  # goes back
    reveal_type(score(minimised, campaign))
"""


@pytest.mark.slow
def test_leaving_out_a_gate_does_not_type_check(tmp_path):
    """mypy accepts the six lines of the road and nothing that skips one."""
    (tmp_path / "skips.py").write_text(SNIPPET, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(ROOT / ".mypy_cache")]
    done = subprocess.run(
        [*command, "--config-file", str(ROOT / "pyproject.toml"), str(tmp_path / "skips.py")],
        capture_output=True,
        text=True,
        env=os.environ | {"MYPYPATH": str(ROOT / "src")},
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    wanted = {
        number for number, line in enumerate(SNIPPET.splitlines(), 1) if "  # leaves out" in line or "  # goes" in line
    }
    refused = {
        int(number) for number in re.findall(r"^.*skips\.py:(\d+): error: .*\[arg-type\]$", done.stdout, re.MULTILINE)
    }
    assert refused == wanted, done.stdout + done.stderr
    assert done.stdout.count(": error:") == len(wanted), done.stdout
    assert 'Revealed type is "evenhand.terms._shapes.Scored"' in done.stdout
