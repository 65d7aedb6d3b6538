"""Killed for real, at any moment: the whole run is recorded or nothing of it, and the next start goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from patience import WITHIN
from shop_folder import AT, PROGRAM, evenhand, make_aware, write_shop

BEGUN = "import os; os.write(1, b'.'); os.dup2(os.open(os.devnull, os.O_WRONLY), 1); "
KILLS = int(os.environ.get("EVENHAND_STORM", "3"))


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """A run in a process of its own, once that runs our code: what an interrupt does to an interpreter that is not
    there yet is no matter of ours."""
    process = subprocess.Popen(
        [*PROGRAM[:-1], BEGUN + PROGRAM[-1], "run", "campaign.yaml", "--at", AT],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with process.stdout as begun:
        assert begun.read(1) == b"."
    return process


def _runs(folder: Path) -> set[str]:
    done = evenhand("ledger", "runs", "--json", cwd=folder)
    return {run["run_id"] for run in json.loads(done.stdout)["runs"] if run["state"] == "recorded"}


def _recorded(folder: Path) -> list[int]:
    done = evenhand("ledger", "runs", "--json", cwd=folder)
    if done.returncode:
        return []
    return [run["decisions"] for run in json.loads(done.stdout)["runs"] if run["state"] == "recorded"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_killed_run_is_whole_or_absent(tmp_path, how):
    """Moments spread over a whole run; after each the ledger verifies and only whole runs are in it."""
    folder = write_shop(tmp_path / "shop", people=800).parent
    started = time.monotonic()
    assert _start(folder).wait(2 * WITHIN) == 0
    whole = time.monotonic() - started
    for attempt in range(KILLS):
        process = _start(folder)
        time.sleep(whole * (0.3 + 0.7 * attempt / KILLS))
        process.send_signal(how)
        code = process.wait(2 * WITHIN)
        assert code in (0, -how, 130), code
        assert set(_recorded(folder)) == {800}
        assert evenhand("ledger", "verify", cwd=folder).returncode == 0
    again = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert again.returncode == 0, again.stderr
    assert len(list((folder / "evenhand-home" / "runs").glob("*/report.html"))) == len(_recorded(folder))


@pytest.mark.slow
def test_a_killed_run_never_stands_without_its_key(tmp_path):
    """Under an aware limit: after each kill every recorded run has its key; after the next run there is no other."""
    folder = make_aware(write_shop(tmp_path / "shop", people=800)).parent
    keys = folder / "evenhand-home" / "run-keys"
    started = time.monotonic()
    assert _start(folder).wait(2 * WITHIN) == 0
    whole = time.monotonic() - started
    for attempt in range(KILLS):
        process = _start(folder)
        time.sleep(whole * (0.5 + 0.5 * attempt / KILLS))
        process.send_signal(signal.SIGKILL)
        process.wait(2 * WITHIN)
        assert _runs(folder) <= {path.stem for path in keys.iterdir()}
        verified = json.loads(evenhand("ledger", "verify", "--json", cwd=folder).stdout)
        assert (verified["ok"], verified["unopened"]) == (True, 0)
    again = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert again.returncode == 0, again.stderr
    assert _runs(folder) == {path.stem for path in keys.iterdir()}
