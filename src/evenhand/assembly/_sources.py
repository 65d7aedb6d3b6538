"""Which files campaigns that come over the network may name: those that the operator put in one folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenhand.adapters.campaign_files import LoadedCampaign, campaign_from_text
from evenhand.terms import UsageError

__all__ = ["Sources"]

_KINDS = frozenset({".csv", ".parquet", ".pq", ".yaml", ".yml", ".json"})
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Sources:
    """One folder, or none.

    Attributes:
        folder: with the files; None = no campaign can come over the network.
        home: the home folder: what lies in it is never open, wherever it stands.
    """

    folder: Path | None
    home: Path

    def opened(self) -> frozenset[str]:
        """Names of the open files, relative to the folder; nothing hidden, nothing that a link leads out to."""
        if self.folder is None:
            return frozenset()
        root, home = self.folder.resolve(), self.home.resolve()
        out = []
        for path in sorted(root.rglob("*"))[: 10 * _MOST]:
            name = path.relative_to(root)
            real = path.resolve()
            if path.suffix.lower() not in _KINDS or any(part.startswith(".") for part in name.parts):
                continue
            if real.is_file() and real.is_relative_to(root) and not real.is_relative_to(home):
                out.append(name.as_posix())
        return frozenset(out[:_MOST])

    def read(self, document: bytes, at: datetime) -> LoadedCampaign:
        """A campaign that came over the network.

        Raises:
            PolicyError: something in it is wrong, or it names a file that is not open.
            UsageError: there is no folder.
        """
        if self.folder is None:
            raise UsageError(
                "campaign-sources",
                "This service takes no campaigns over the network; nothing was kept.",
                rule="a campaign from the network names only files that the operator opened for it",
                remedy="start it with: evenhand serve --sources FOLDER",
            )
        return campaign_from_text(document, folder=self.folder, opened=self.opened(), name="campaign.yaml", at=at)
