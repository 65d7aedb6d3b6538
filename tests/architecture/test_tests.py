"""Tests are sentences, too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PATCHES = {"unittest.mock", "mock", "pytest_mock"}
ASKS = {f"httpx.{name}" for name in ("get", "post", "put", "delete", "request", "Client")}


@pytest.fixture(scope="module")
def written(root) -> list[tuple[str, ast.Module]]:
    """Path and tree of every test file."""
    return [
        (path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((root / "tests").rglob("test_*.py"))
    ]


def test_every_test_states_its_expectation(written):
    """A test function has a docstring."""
    silent = [
        f"{where}:{node.lineno} {node.name}"
        for where, tree in written
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def test_every_expected_error_is_recognised_by_its_message(written):
    """`pytest.raises` and `pytest.warns` carry `match=`; ExceptionGroup checks excepted."""
    blind = [
        f"{where}:{node.lineno}"
        for where, tree in written
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"pytest.raises", "pytest.warns"}
        and not any(keyword.arg == "match" for keyword in node.keywords)
        and "SystemExit" not in ast.unparse(node)
    ]
    assert not blind, "\n".join(blind)


def test_fakes_stand_in_and_nothing_is_patched(written):
    """A fake implements the same Protocol; no mock library, no `monkeypatch.setattr`."""
    patched = [
        f"{where}:{node.lineno}"
        for where, tree in written
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name in PATCHES for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module in PATCHES or node.module == "unittest"))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr")
    ]
    assert not patched, "\n".join(patched)


def test_whoever_asks_over_http_says_how_long_they_wait(root):
    """The five seconds that httpx waits by itself are too short for a service on a busy machine (tests/patience.py)."""
    hurried = [
        f"{path.relative_to(root).as_posix()}:{node.lineno}"
        for path in sorted((root / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ASKS
        and not any(keyword.arg == "timeout" for keyword in node.keywords)
    ]
    assert not hurried, "\n".join(hurried)


def test_every_room_has_its_tests(root, package):
    """tests/<room>/ holds at least one test file."""
    rooms = [path.parent.name for path in package.glob("*/__init__.py")]
    bare = [room for room in sorted(rooms) if not list(Path(root / "tests" / room).glob("test_*.py"))]
    assert not bare, ", ".join(bare)
