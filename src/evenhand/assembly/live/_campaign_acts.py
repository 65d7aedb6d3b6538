"""What people do with a campaign besides changing and starting it: pause, resume, send for review, review."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.campaign_tables import CampaignStep
from evenhand.adapters.stores.home import Home
from evenhand.terms import UsageError

from ._campaign_shelf import latest, started
from ._campaign_told import changed_meanwhile
from ._live import LiveService
from ._reviewing import review_named, send_named
from ._standing import pause_named, resume_named

__all__ = ["CampaignActs"]


class CampaignActs(ABC):
    """Acts that stand in the ledger; how a campaign is found and told is the register's."""

    _place: Home
    _live: LiveService
    _declared: Mapping[str, LoadedCampaign]

    @abstractmethod
    def read(self, name: str) -> dict[str, Any]:
        """How one campaign stands."""

    @abstractmethod
    def _known(self, name: str) -> list[CampaignStep]:
        """The steps of a campaign; none of one that was declared in a file."""

    @abstractmethod
    def _loaded(self, name: str, known: Sequence[CampaignStep] | None = None) -> LoadedCampaign:
        """As it would be started next."""

    @abstractmethod
    def _refuse_changed(self, name: str, steps: Sequence[CampaignStep], seen: str) -> None:
        """Refuse whoever saw another state of it."""

    def pause(self, name: str, *, by: str, reason: str, roles: Sequence[str]) -> dict[str, Any]:
        """Stop it; see `Campaigns.pause`."""
        if name not in self._live.campaigns and started(self._known(name)) is None:
            raise UsageError(
                "campaign-not-started",
                f"The campaign {name} was not started, so there is nothing to pause.",
                rule="what runs can be paused",
                remedy="nothing; nobody is decided about in it",
            )
        pause_named(self._place, name, by=by, reason=reason, at=_now(), role=next(iter(roles), ""))
        return self.read(name)

    def resume(self, name: str, *, by: str, reason: str, roles: Sequence[str]) -> dict[str, Any]:
        """Let it go on; see `Campaigns.resume`."""
        self._known(name)
        resume_named(self._place, name, by=by, reason=reason, at=_now(), roles=roles)
        return self.read(name)

    def send_for_review(self, name: str, *, seen: str, by: str, reviewers: Sequence[str], note: str) -> dict[str, Any]:
        """Ask somebody else to look at it; see `Campaigns.send_for_review`."""
        steps = self._known(name)
        self._refuse_changed(name, steps, seen)
        authors = [latest(steps).who] if steps else []
        loaded = self._loaded(name, steps)
        send_named(self._place, loaded, authors=authors, by=by, reviewers=reviewers, note=note, at=_now())
        return self.read(name)

    def review(
        self,
        name: str,
        *,
        digest: str,
        verdict: Literal["approved", "refused"],
        by: str,
        roles: Sequence[str],
        reason: str,
    ) -> dict[str, Any]:
        """Approve or refuse it; see `Campaigns.review`."""
        loaded = self._loaded(name)
        if digest != loaded.digest:
            raise changed_meanwhile(name)
        review_named(self._place, loaded, verdict, by=by, roles=roles, reason=reason, at=_now())
        return self.read(name)


def _now() -> datetime:
    return datetime.now(UTC)
