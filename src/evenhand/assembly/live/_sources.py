"""Which files campaigns that come over the network may name: those that the operator put in one folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from evenhand.adapters.declared.campaign_files import LoadedCampaign, campaign_from_text
from evenhand.terms import PolicyError, UsageError

__all__ = ["Sources"]

_TABLES, _TEXTS = frozenset({".csv", ".parquet", ".pq"}), frozenset({".yaml", ".yml", ".json"})
_MOST = 2_000
_REMEMBERED = 1_000
_FRESH = 1.0
"""Seconds for which the folder is taken to be as it was found."""


class Sources:
    """One folder, or none.

    Args:
        folder: with the files; None = no campaign can come over the network.
        home: the home folder: what lies in it is never open, wherever it stands.
    """

    def __init__(self, folder: Path | None, home: Path) -> None:
        self.folder, self._home = folder, home
        self._found: tuple[float, dict[str, int]] = (-_FRESH, {})
        self._read: dict[tuple[bytes, date, frozenset[tuple[str, int]]], LoadedCampaign | PolicyError] = {}

    def opened(self) -> frozenset[str]:
        """Names of the open files, relative to the folder; nothing hidden, nothing that a link leads out to."""
        return frozenset(self._files())

    def read(self, document: bytes, at: datetime) -> LoadedCampaign:
        """A campaign that came over the network. What was read today, with the same files open, is not read again.

        Raises:
            PolicyError: something in it is wrong, or it names a file that is not open.
            UsageError: there is no folder.
        """
        if self.folder is None:
            raise UsageError(
                "campaign-sources",
                "This service has no folder of sources, so it takes and serves no campaign from the network.",
                rule="a campaign from the network names only files that the operator opened for it",
                remedy="start it with: evenhand serve --sources FOLDER",
            )
        files = self._files()
        key = (hashlib.sha256(document).digest(), at.date(), frozenset(files.items()))
        if (found := self._read.get(key)) is None:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            try:
                found = campaign_from_text(
                    document, folder=self.folder, opened=frozenset(files), name="campaign.yaml", at=at
                )
            except PolicyError as error:
                found = error
            self._read[key] = found
        if isinstance(found, PolicyError):
            raise found
        return found

    def _files(self) -> dict[str, int]:
        """Each open file with the moment of its last change, if that is no table: a table is read anew by every run."""
        now = time.monotonic()
        if now - self._found[0] >= _FRESH:
            self._found = (now, dict(self._look()) if self.folder is not None else {})
        return self._found[1]

    def _look(self) -> Iterator[tuple[str, int]]:
        assert self.folder is not None
        root, home = self.folder.resolve(), self._home.resolve()
        for path in sorted(root.rglob("*"))[:_MOST]:
            name = path.relative_to(root)
            real = path.resolve()
            kind = path.suffix.lower()
            if kind not in _TABLES | _TEXTS or any(part.startswith(".") for part in name.parts):
                continue
            if real.is_file() and real.is_relative_to(root) and not real.is_relative_to(home):
                yield name.as_posix(), real.stat().st_mtime_ns if kind in _TEXTS else 0
