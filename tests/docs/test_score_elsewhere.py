"""docs/how-to/score-elsewhere.md: its examples run, one after the other, and what they claim holds."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.mark.duckdb
@pytest.mark.learners
def test_the_examples_of_the_page_run(pages, tmp_path, monkeypatch, capsys):
    """In an empty folder; the assertions in them are part of the page."""
    for name in ("duckdb", "lightgbm"):
        pytest.importorskip(name, reason=f"{name} is not installed: make test installs it")
    monkeypatch.chdir(tmp_path)
    page = next(page for page in pages if page.where == "docs/how-to/score-elsewhere.md")
    known: dict[str, Any] = {}
    for line, block in page.blocks("python"):
        exec(compile("\n" * (line - 1) + block, str(page.path), "exec"), known)
    assert known["imported"].largest_difference < 1e-4
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "model.en.md", "model.nl.html"}
    assert json.loads((tmp_path / "model.json").read_text("utf-8"))["digest"] == known["model"].digest
    assert "age" in capsys.readouterr().out
