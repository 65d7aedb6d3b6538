"""A small campaign folder on disk: CSV tables and a campaign file, for tests that go through the command line."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import typer
from typer.testing import CliRunner

from evenhand.cli import app as every_command

PROGRAM = [sys.executable, "-c", "from evenhand.cli import main; main()"]
AT = "2026-03-01"
MADE = typer.main.get_command(every_command)
app = typer.Typer(add_completion=False)
"""The command for a `CliRunner`, which would make its hundred commands anew for every call; these are made once."""
app.command(cls=lambda **_: MADE)(lambda: None)

CAMPAIGN = """\
evenhand: 1
campaign: small-shop
controller: {name: Small Shop, contact: privacy@shop.example}
purpose: PersonalisedAdvertising
category: ordinary
channel: web
subjects: {file: people.csv}
history: {file: people.csv}
consents: {file: said.csv}
columns:
  person: {role: identifier}
  responded: {role: outcome}
  visits: {role: feature, meaning: {nl: aantal bezoeken, en: number of visits}}
  days: {role: feature, meaning: {nl: dagen geleden, en: days ago}}
  sex: {role: sensitive}
offers:
  - {id: tea, text: {nl: Korting op thee, en: Money off tea}, value: 4, cost: 0.10, capacity: 60, made_by_ai: true}
limits:
  budget: 5
  disparity:
    - {id: sex-reach, groups: [sex], bound: 0.8}
retention: {decisions: P24M, features: P6M}
seed: 3
"""


def write_shop(folder: Path, *, people: int = 400, seed: int = 11) -> Path:
    """Write the folder; the path of its campaign file. Ids are canaries: e-mail addresses that nobody may ever read."""
    draw = random.Random(seed)
    rows = ["person,visits,days,sex,responded,notes"]
    said = ["subject,kind,purpose,status,at"]
    for number in range(people):
        person = f"canary{number}@mail.example"
        sex = draw.choice(["f", "m"])
        visits = draw.randrange(20)
        responded = int(draw.random() < 0.05 + visits / 40 + (0.25 if sex == "m" else 0.0))
        rows.append(f"{person},{visits},{draw.randrange(300)},{sex},{responded},secret {number}")
        status = "ConsentWithdrawn" if number % 10 == 0 else "ConsentGiven"
        said.append(f"{person},consent,PersonalisedAdvertising,{status},2026-01-01")
        if number % 25 == 1:
            said.append(f"{person},objection,DirectMarketing,Objected,2026-02-01")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "said.csv").write_text("\n".join(said) + "\n", encoding="utf-8")
    (folder / "campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return folder / "campaign.yaml"


LISTED = """\
evenhand_rules: 1
pack: small-shop
version: "1"
title: {nl: Ontvangers, en: Recipients}
recipients:
"""


def with_recipients(campaign: Path, *recipients: dict[str, str]) -> Path:
    """The same campaign, that says which law holds and to whom data goes: each recipient stands on the list of an own
    pack, ``recipients.yaml``."""
    listed, own = [], []
    for each in recipients:
        said = ", ".join(f"{name}: {value}" for name, value in each.items())
        listed.append(f"  - {{{said.replace('safeguard:', 'safeguards:')}}}")
        own.append(f"    - {{{said}}}")
    (campaign.parent / "recipients.yaml").write_text(LISTED + "\n".join(listed) + "\n", encoding="utf-8")
    text = campaign.read_text("utf-8").replace("{role: feature,", "{role: feature, sensitivity: ordinary,")
    clause = "law: {jurisdictions: [NL], packs: [recipients.yaml]}\n"
    people = "processing:\n  people: {nl: klanten, en: customers}\n  security: {nl: versleuteld, en: encrypted}\n"
    campaign.write_text(text + clause + people + "  recipients:\n" + "\n".join(own) + "\n", encoding="utf-8")
    return campaign


def same_key(campaign: Path) -> Path:
    """Give the campaign's home a key that is the same every time; its path. Lots and ties are drawn from that key, so
    who of many alike gets an offer is then the same every time."""
    home = campaign.parent / "evenhand-home"
    home.mkdir(mode=0o700)
    key = home / "secret.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    return campaign


def runs_of(folder: Path) -> list[Path]:
    """The folders of the home's runs, oldest first, while none of their files was written again.

    Their names tell the second and then chance, so two runs of one second stand in any order by name.
    """
    found = (folder / "evenhand-home" / "runs").iterdir()
    return sorted(found, key=lambda run: min(path.stat().st_mtime_ns for path in run.iterdir()))


def make_aware(campaign: Path) -> Path:
    """The same campaign file with its limit made aware."""
    text = campaign.read_text("utf-8")
    blind, aware = "bound: 0.8}", "bound: 0.8, mode: aware, necessity: The gap is known.}"
    assert blind in text
    campaign.write_text(text.replace(blind, aware), encoding="utf-8")
    return campaign


def evenhand(*words: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `apart` does, but in this process: no interpreter starts and no library is loaded again.
    tests/cli/test_apart.py holds that both say the same."""
    with contextlib.chdir(cwd):
        done = CliRunner(env=environ).invoke(app, [str(word) for word in words], prog_name="evenhand", input="")
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def apart(*words: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
