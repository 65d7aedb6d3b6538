"""The texts of the repository, read once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def where(self) -> str:
        """Path inside the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[tuple[int, str]]:
        """Code blocks in a language, with the line that each starts on."""
        return [
            (self.text.count("\n", 0, found.start()) + 2, found.group(2))
            for found in FENCE.finditer(self.text)
            if found.group(1) == language
        ]

    def commands(self) -> list[tuple[int, str]]:
        """Lines after ``$ `` in console blocks, continuation lines joined."""
        found = []
        for start, block in self.blocks("console"):
            for offset, line in enumerate(block.replace("\\\n", " ").splitlines()):
                if line.startswith("$ "):
                    found.append((start + offset, line[2:].partition(" # ")[0].strip()))
        return found


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def pages() -> list[Page]:
    """README, the other texts at the top, and everything under docs and examples."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    return [Page(path, path.read_text(encoding="utf-8")) for path in sorted(paths)]
