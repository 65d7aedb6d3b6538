"""Commands that say whether something is owed, of a home that is not there."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "asked", [("model", "due"), ("model", "refit"), ("rights", "list"), ("retention", "run", "--dry-run")]
)
def test_a_mistyped_home_does_not_answer_that_nothing_is_owed(tmp_path, cli, asked):
    """A timer that asks a home that is not there fails, and makes none."""
    told = cli(tmp_path, *asked, "--home", "evenhnad-home")
    assert told.exit_code == 2
    assert "There is no home folder evenhnad-home" in told.stderr
    assert not (tmp_path / "evenhnad-home").exists()
