"""Opening campaigns for a service while it serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home

from ..runs._frames import Frames
from ._live_campaign import LiveCampaign
from ._live_people import PeopleKeys
from ._live_told import LiveTold

__all__ = ["CampaignOpener"]


@dataclass(frozen=True, slots=True)
class CampaignOpener:
    """What every campaign of a service shares.

    Attributes:
        place: the home.
        keys: who was erased.
        told: what people told the home.
        frames: data frames to use instead of tables.
    """

    place: Home
    keys: PeopleKeys
    told: LiveTold
    frames: Frames

    def open(
        self, campaign: Path | LoadedCampaign, *, run: str, at: datetime, even_paused: bool = False
    ) -> LiveCampaign:
        """Open one campaign; arguments and errors as of `LiveCampaign`."""
        return LiveCampaign(
            campaign,
            run=run,
            home=self.place,
            keys=self.keys,
            told=self.told,
            at=at,
            frames=self.frames,
            even_paused=even_paused,
        )
