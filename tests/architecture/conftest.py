"""The package's source, read once, for tests that look at the house itself."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evenhand"


@dataclass(frozen=True)
class Source:
    """One Python file of the package."""

    path: Path
    text: str
    tree: ast.Module
    imported: dict[str, str] = field(default_factory=dict)
    """Local name -> what it stands for, dotted."""

    @property
    def where(self) -> str:
        """Path inside the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """First name below `evenhand`; "" for the package's own `__init__`."""
        first = self.path.relative_to(PACKAGE).parts[0]
        return "" if first == "__init__.py" else first.removesuffix(".py")

    def name_of(self, node: ast.expr) -> str:
        """Dotted name that an expression stands for, imports resolved; "" where it is no name."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.name_of(node.value)
            return f"{owner}.{node.attr}" if owner else f".{node.attr}"
        return ""

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the dotted name of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, self.name_of(node.func)


def _imports(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {
                (a.asname or a.name.partition(".")[0]): (a.name if a.asname else a.name.partition(".")[0])
                for a in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            found |= {a.asname or a.name: f"{node.module or ''}.{a.name}" for a in node.names}
    return found


def _read(path: Path, text: str) -> Source:
    tree = ast.parse(text, filename=str(path))
    return Source(path, text, tree, _imports(tree))


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every Python file of the package."""
    return [_read(path, path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]


@pytest.fixture(scope="session")
def read() -> Callable[[str, str], Source]:
    """Reads a text as if it were a file of the package: for tests of the tests."""
    return lambda name, text: _read(PACKAGE / name, text)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the package."""
    return PACKAGE
