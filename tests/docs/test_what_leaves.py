"""Everything that leaves stands in docs/reference/what-leaves.md, once, with what protects it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.adapters.web import Metrics
from evenhand.reports import monitor_metrics
from monitor_cases import monitored

KINDS = {"nothing", "one", "rows", "k", "counts", "tens", "noise", "records"}


@pytest.fixture(scope="module")
def listed(root: Path) -> list[tuple[str, str]]:
    """Every output with its kind."""
    text = (root / "docs" / "reference" / "what-leaves.md").read_text("utf-8")
    return re.findall(r"^\| `([^`]+)` \| `([a-z]+)` \|", text, re.MULTILINE)


def _commands(path: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield path
    for name, one in (inner or {}).items():
        yield from _commands(f"{path} {name}", one)


def test_every_command_route_and_figure_is_listed_once(listed, root):
    """A new output needs a row that says what it holds; one that is gone loses its own."""
    import typer

    from evenhand.cli import app

    metrics = Metrics(lambda: 0)
    figures = {one.name for one in metrics.registry.collect()}
    figures |= set(re.findall(r"^# TYPE (\w+?)(?:_total)? ", monitor_metrics(monitored()), re.MULTILINE))
    outputs = {
        *_commands("evenhand", typer.main.get_command(app)),
        *json.loads((root / "docs" / "reference" / "openapi.json").read_text("utf-8"))["paths"],
        *figures,
    }
    names = Counter(name for name, _ in listed)
    assert sorted(outputs - set(names)) == []
    assert sorted(set(names) - outputs) == []
    assert max(names.values()) == 1


def test_every_kind_is_explained(listed, root):
    """The kinds are those of the page's first table."""
    text = (root / "docs" / "reference" / "what-leaves.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `([a-z]+)` \| (?!`)", text, re.MULTILINE))
    assert explained == KINDS
    assert {kind for _, kind in listed} == KINDS
