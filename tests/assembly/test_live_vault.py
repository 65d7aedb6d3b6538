"""A service whose campaign keeps its groups in the vault."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from evenhand import assembly
from live_cases import asked, opened, person
from shop_folder import write_shop


def test_live_decisions_note_where_the_log_of_the_vault_ends(tmp_path):
    """The service reads the vault when it starts. A vault that is put back to before that, by somebody with its key, is
    found by what the live run noted; and a live run does not hide what the run before it noted."""
    campaign, home = write_shop(tmp_path), tmp_path / "evenhand-home"
    text = campaign.read_text("utf-8").replace("sex: {role: sensitive}", "sex: {role: sensitive, kept_in: vault}")
    campaign.write_text(text, "utf-8")
    shutil.copy(tmp_path / "people.csv", tmp_path / "groups.csv")
    now = datetime.now(UTC)
    assembly.vault_put(tmp_path / "groups.csv", ["sex"], identifier="person", purpose="limit",
                       until=now + timedelta(days=9), home=home, at=now)  # fmt: skip
    assembly.run_campaign(campaign, at=now)
    shutil.copy(home / "vault.sqlite", tmp_path / "after-the-run.sqlite")
    with opened(tmp_path) as serving:
        asked(serving.live, person(3))
    assert assembly.verify_ledger(home=home).ok
    shutil.copy(tmp_path / "after-the-run.sqlite", home / "vault.sqlite")
    assert assembly.vault_log(home=home)  # whole in itself
    (problem,) = assembly.verify_ledger(home=home).problems
    assert "cut off before line" in problem.what
