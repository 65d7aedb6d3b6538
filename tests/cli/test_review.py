"""The commands of a review, and that a run from a file needs it as well."""

from __future__ import annotations

import json

from shop_folder import write_shop


def test_a_file_that_asks_for_a_review_runs_only_as_somebody_else_approved_it(cli, tmp_path):
    """Refused without, its author cannot approve it, and one changed sign is another file."""
    campaign = write_shop(tmp_path)
    text = campaign.read_text("utf-8").replace("retention:", "review: {by: [reviewer]}\nretention:", 1)
    campaign.write_text(text, encoding="utf-8")
    early = cli(tmp_path, "run", campaign)
    assert early.exit_code == 3
    assert "was not reviewed as it is now" in early.stderr
    assert cli(tmp_path, "review", "show", campaign).exit_code == 1
    assert cli(tmp_path, "review", "send", campaign, "--by", "Noor", "--reviewer", "Rosa").exit_code == 0
    own = cli(tmp_path, "review", "give", campaign, "approved", "--by", "noor", "--reason", "fine")
    assert own.exit_code == 2
    assert "wrote it or sent it" in own.stderr
    given = cli(tmp_path, "review", "give", campaign, "approved", "--by", "Rosa", "--reason", "fits", "--json")
    assert json.loads(given.stdout)["state"] == "approved"
    assert cli(tmp_path, "review", "show", campaign).exit_code == 0
    assert cli(tmp_path, "run", campaign).exit_code == 0
    assert cli(tmp_path, "ledger", "verify", "--home", "evenhand-home").exit_code == 0
    campaign.write_text(text + "# more\n", encoding="utf-8")
    assert cli(tmp_path, "run", campaign).exit_code == 3
