"""The campaigns that a home has kept, and how each stands: from its database and its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from evenhand.adapters.stores.campaign_tables import CampaignStep, CampaignSteps, StepKind
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.home import Home
from evenhand.ledger import CampaignState, ReviewState, campaign_state, review_state

from ..records._ledger import has_ledger
from ..records._records import open_ledger

__all__ = ["CampaignShelf", "first_start", "latest", "started", "tag_of"]


class CampaignShelf:
    """What one home has kept of campaigns.

    Args:
        place: the home.
    """

    def __init__(self, place: Home) -> None:
        self._place = place

    def append(self, step: CampaignStep) -> None:
        """Keep a step; see `CampaignSteps.append`."""
        with database_of(self._place) as database:
            CampaignSteps(database).append(step)

    def steps(self, name: str) -> list[CampaignStep]:
        """The steps of one campaign, oldest first."""
        with database_of(self._place) as database:
            return CampaignSteps(database).of(name)

    def under(self, once: str) -> CampaignStep | None:
        """The upload that came under a key; see `CampaignSteps.under`."""
        with database_of(self._place) as database:
            return next(iter(CampaignSteps(database).under(once)), None)

    def steps_of(self, names: Sequence[str]) -> dict[str, list[CampaignStep]]:
        """The steps of several campaigns, read at once."""
        out: dict[str, list[CampaignStep]] = {name: [] for name in names}
        with database_of(self._place) as database:
            for one in CampaignSteps(database).of(*names):
                out[one.campaign].append(one)
        return out

    def names(self, declared: Iterable[str]) -> list[str]:
        """Every campaign by its id, those that were declared among them."""
        with database_of(self._place) as database:
            return sorted({*declared, *(one.campaign for one in CampaignSteps(database).all())})

    @contextmanager
    def watched(self) -> Iterator[Callable[[], dict[str, int]]]:
        """Within it, the number of the last start of each campaign can be asked again and again."""
        with database_of(self._place) as database:
            yield CampaignSteps(database).starts

    def states(self, names: Sequence[str]) -> dict[str, CampaignState]:
        """Whether each is paused, from the ledger."""
        if not has_ledger(self._place):
            return {name: CampaignState(0, 0, ()) for name in names}
        with open_ledger(self._place) as store:
            return {name: campaign_state(store, name) for name in names}

    def reviews(self, digests: Mapping[str, str]) -> dict[str, ReviewState]:
        """How the review of the file of each campaign stands, by its id, from the ledger.

        Args:
            digests: SHA-256 (hex) of each file; "" where it cannot be read.
        """
        if not has_ledger(self._place):
            return {name: ReviewState("none", False, 0, {}) for name in digests}
        with open_ledger(self._place) as store:
            return {name: review_state(store, name, digest) for name, digest in digests.items()}


def latest(steps: Sequence[CampaignStep]) -> CampaignStep:
    return next(one for one in reversed(steps) if one.document is not None)


def started(steps: Sequence[CampaignStep]) -> CampaignStep | None:
    return next((one for one in reversed(steps) if one.what is StepKind.STARTED), None)


def first_start(steps: Sequence[CampaignStep]) -> CampaignStep | None:
    return next((one for one in steps if one.what is StepKind.STARTED), None)


def tag_of(steps: Sequence[CampaignStep], state: CampaignState, review: ReviewState) -> str:
    """Another word whenever anything about a campaign changed."""
    return f'"{steps[-1].number if steps else 0}.{max(state.paused, state.since, review.last)}"'
