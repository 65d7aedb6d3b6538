"""The tutorial is walked from its first line to its last, on a table like the one it shows."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

import pytest

from shop_folder import evenhand

GROUPS = ("18-24", "25-34", "35-49", "50-64", "65+")
ANSWERS = (
    ("name: NAME OF YOUR ORGANISATION", "name: Example Grocer"),
    ("contact: privacy@example.org", "contact: privacy@grocer.example"),
    (
        'nl: "Schrijf hier uw aanbod", en: "Write your offer here"',
        'nl: "Gratis brood bij 20 euro", en: "Free bread with 20 euros"',
    ),
    ('nl: "VUL IN: visits", en: "FILL IN: visits"', 'nl: "hoe vaak u kwam", en: "how often you came"'),
    (
        'nl: "VUL IN: last order days", en: "FILL IN: last order days"',
        'nl: "dagen sinds uw laatste bestelling", en: "days since your last order"',
    ),
    ('nl: "VUL IN: region", en: "FILL IN: region"', 'nl: "uw streek", en: "your region"'),
    ("# category:", "category: ordinary"),
    ("# consents:\n#   file: consents.csv", "consents:\n  file: consents.csv"),
    ("confirmed: false", "confirmed: true"),
    ("value: 1.00", "value: 4.00"),
    ("cost: 0.00", "cost: 0.10"),
    ("  # budget: 1000", "  budget: 40"),
    (
        "  disparity: []",
        "  disparity:\n    - {id: age, groups: [age_band], measure: selection_rate_ratio, bound: 0.8}",
    ),
)


def _write_tables(folder: Path) -> None:
    """3,000 customers whose response depends on their visits, and their consents."""
    draw = random.Random(7)
    customers = ["customer,visits,last_order_days,region,age_band,responded"]
    consents = ["subject,kind,purpose,status,at"]
    for customer in range(1001, 4001):
        visits = draw.randrange(30)
        responded = draw.random() < 0.05 + visits / 60
        customers.append(
            f"{customer},{visits},{draw.randrange(365)},{draw.choice(['north', 'south', 'west'])},"
            f"{draw.choice(GROUPS)},{'yes' if responded else 'no'}"
        )
        status = "ConsentWithdrawn" if draw.random() < 0.05 else "ConsentGiven"
        consents.append(f"{customer},consent,PersonalisedAdvertising,{status},2026-01-05T09:00:00Z")
    (folder / "customers.csv").write_text("\n".join(customers) + "\n", encoding="utf-8")
    (folder / "consents.csv").write_text("\n".join(consents) + "\n", encoding="utf-8")


def _answer(campaign: Path) -> None:
    """What step 3 of the tutorial asks of a person."""
    text = campaign.read_text(encoding="utf-8")
    for asked, answered in ANSWERS:
        assert asked in text, f"the draft no longer asks for {asked!r}"
        text = text.replace(asked, answered)
    campaign.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_a_newcomer_can_walk_the_tutorial(pages, tmp_path):
    """Each command of docs/tutorial/first-campaign.md exits 0, in order; the report and the explanation are there."""
    page = next(page for page in pages if page.where == "docs/tutorial/first-campaign.md")
    lines = [shlex.split(shown) for _, shown in page.commands() if shown.startswith("evenhand ")]
    assert [words[1] for words in lines][-3:] == ["why", "ledger", "replay"]
    _write_tables(tmp_path)
    said = {}
    for words in lines:
        if words[1] == "check":
            _answer(tmp_path / "campaign.yaml")
        done = evenhand(*words[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{' '.join(words)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
        said[words[1]] = done.stdout
    assert list((tmp_path / "evenhand-home" / "runs").glob("*/report.html"))
    assert said["ledger"].startswith("ok:")
    assert "u" in said["why"].lower().split()
