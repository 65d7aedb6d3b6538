"""Every example in a public docstring runs."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "evenhand"
MODULES = sorted(
    ".".join(("evenhand", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, tmp_path, monkeypatch):
    """What the docstrings show is what happens, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


def test_the_rooms_of_the_road_show_how_they_are_used():
    """At least half of the rooms carry an example that runs."""
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    shown = {name.split(".")[1] for name in MODULES if name.count(".")}
    assert len(shown & rooms) * 2 >= len(rooms), f"examples only in {sorted(shown)}"
