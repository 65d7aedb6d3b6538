"""What a run refuses of the people's values, `check` has found already."""

from __future__ import annotations

from pathlib import Path

import pytest


def _with_column(shop: Path, column: str, role: str, offer: str, value: str) -> None:
    """One more column, with the same value for everybody, that the offer asks."""
    path = shop / "people.csv"
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([f"{header},{column}", *(f"{row},{value}" for row in rows)]) + "\n", "utf-8")
    text = (shop / "campaign.yaml").read_text("utf-8")
    text = text.replace("  sex:", f"  {column}: {{role: {role}, meaning: {{nl: een, en: one}}}}\n  sex:")
    (shop / "campaign.yaml").write_text(text.replace("capacity: 60", f"capacity: 60, {offer}: {column}"), "utf-8")


@pytest.mark.parametrize(
    ("column", "role", "offer", "value", "code"),
    [
        ("postage", "cost", "cost_column", "cheap", "EH-DATA-COST-VALUES"),
        ("postage", "cost", "cost_column", "-3", "EH-DATA-COST-VALUES"),
        ("member", "eligibility", "eligible", "perhaps", "EH-DATA-ELIGIBILITY-VALUES"),
    ],
)
def test_values_that_a_run_cannot_read_are_found_by_check(shop, cli, column, role, offer, value, code):
    """The same finding, and everything else that was found of the data beside it; without the value."""
    _with_column(shop, column, role, offer, value)
    planned = cli(shop, "plan", "campaign.yaml", "--at", "2026-03-01")
    assert planned.exit_code == 3
    checked = cli(shop, "check", "campaign.yaml", "--at", "2026-03-01")
    assert checked.exit_code != 0
    assert code in checked.stdout
    assert value not in checked.stdout
    assert "EH-DATA-" in checked.stdout.replace(code, "")


def _line_of(shop: Path, start: str) -> int:
    lines = (shop / "campaign.yaml").read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_a_table_that_cannot_be_used_is_told_at_the_line_of_its_column(shop, cli):
    """So that an editor opens the file there, and not at its top."""
    path = shop / "campaign.yaml"
    path.write_text(path.read_text("utf-8").replace("  sex:", "  notes: {role: sensitive}\n  sex:"), "utf-8")
    checked = cli(shop, "check", "campaign.yaml", "--at", "2026-03-01")
    assert checked.exit_code == 3
    assert f"campaign.yaml:{_line_of(shop, '  notes:')}:3: error EH-DATA-NOT-GROUPS" in checked.stdout


def test_values_that_a_run_cannot_read_are_told_at_the_line_of_their_column(shop, cli):
    """As every finding about a column is."""
    _with_column(shop, "postage", "cost", "cost_column", "cheap")
    checked = cli(shop, "check", "campaign.yaml", "--at", "2026-03-01")
    assert f"campaign.yaml:{_line_of(shop, '  postage:')}:3: error EH-DATA-COST-VALUES" in checked.stdout


def test_values_that_a_run_can_read_are_not(shop, cli):
    """An amount is an amount, and yes is yes."""
    _with_column(shop, "postage", "cost", "cost_column", "0.35")
    checked = cli(shop, "check", "campaign.yaml", "--at", "2026-03-01")
    assert "EH-DATA-COST-VALUES" not in checked.stdout
