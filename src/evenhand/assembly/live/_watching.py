"""Monitors of a service's campaigns: the last look, and a look now."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.terms import StoreError, UsageError

from ..monitors._monitor import last_look, monitor
from ..monitors._monitor_events import RunRead

__all__ = ["Watcher"]


class Watcher:
    """Looks at the monitors of one home's campaigns. What an alarm asks for follows, as of any look.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place
        self._read: dict[str, RunRead] = {}

    def last(self, name: str) -> dict[str, Any] | None:
        """The values of the last look; None where nobody looked.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            told: dict[str, Any] = json.loads(last_look(self._place, name).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(
                "monitor-last-unreadable",
                f"The last look of the campaign {name} cannot be read ({type(error).__name__}).",
                rule="what is shown is what was found",
                remedy="look again",
            ) from None
        return told

    def look(self, loaded: LoadedCampaign, *, at: datetime) -> dict[str, Any]:
        """Look now, by the campaign's clauses; see `monitor`.

        Raises:
            UsageError: it has none.
            DataError, StoreError: as `monitor`.
        """
        if not loaded.campaign.monitor:
            raise UsageError(
                "campaign-not-watched",
                f"The campaign {loaded.campaign.campaign} declares no monitor, so there is nothing to look at.",
                rule="what is watched, and what an alarm leads to, stands in the campaign file",
                remedy="declare it under monitor in the campaign file",
            )
        found = monitor(loaded, home=self._place.folder, at=at, read=self._read)
        if found.trouble:
            raise found.trouble[0]
        return found.to_dict()
