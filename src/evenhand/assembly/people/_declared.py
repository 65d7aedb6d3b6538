"""What the campaigns that ran declare: who is responsible, what for, to whom data goes, how long it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import LedgerStore, RunRecord, open_run, runs_since
from evenhand.policy import Campaign
from evenhand.rights import ConsentContext, Sender, authority_of, time_zone

from ..records._ledger import has_ledger
from ..records._records import open_ledger

__all__ = [
    "DeclaredCampaign",
    "campaigns_of",
    "context_of",
    "country_of",
    "home_time_zone",
    "recipients_of",
    "sender_of",
]


@dataclass(frozen=True, slots=True)
class DeclaredCampaign:
    """A campaign as its last run recorded it.

    Attributes:
        campaign: it.
        last: its last run over a whole table, or the last of later people where there is none.
        runs: how many runs it had.
    """

    campaign: Campaign
    last: RunRecord
    runs: int


def campaigns_of(place: Home) -> tuple[DeclaredCampaign, ...]:
    """Every campaign that ran in a home, as it ran last; the one that ran most recently first."""
    if not has_ledger(place):
        return ()
    with open_ledger(place) as store:
        counts, last = _counted(store, place)
        recorded = [open_run(store, run_id) for run_id in reversed(last.values())]
    return tuple(DeclaredCampaign(one.campaign, one, counts[one.campaign.campaign]) for one in recorded)


@dataclass(slots=True)
class _Counted:
    """Runs of a ledger up to an entry, which has a hash: how many of each campaign, and its last."""

    entries: int = 0
    hash: bytes = b""
    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)


_KNOWN: dict[Path, _Counted] = {}
_LOCK = Lock()


def _counted(store: LedgerStore, place: Home) -> tuple[dict[str, int], dict[str, str]]:
    """How many runs each campaign had, and its last, the latest campaign last. A service makes runs without end, and
    each thing that a person says asks this: so what was counted is kept, as long as it is the same ledger, and only
    what is new is read."""
    with _LOCK:
        known = _KNOWN.get(place.folder)
        if known is None or list(store.hashes(known.entries, known.entries)) != [known.hash]:
            known = _KNOWN[place.folder] = _Counted()
        tail = store.tail()
        for seq, run_id, name in runs_since(store, known.entries):
            if seq > tail.entries:
                break
            known.counts[name] = known.counts.get(name, 0) + 1
            known.last.pop(name, None)
            known.last[name] = run_id
        known.entries, known.hash = tail.entries, tail.hash
        return dict(known.counts), dict(known.last)


def sender_of(campaign: Campaign) -> Sender:
    """Who answers people about a campaign."""
    clause, controller = campaign.processing, campaign.controller
    contact = (clause.rights_at if clause else None) or controller.contact
    return Sender(controller.name, contact, controller.country, (clause.authority if clause else None) or "")


def country_of(campaigns: Sequence[DeclaredCampaign]) -> str:
    """The country of the controller, by whose calendar and clocks a home counts: as the last campaign says; where none
    ran yet, the Netherlands."""
    return campaigns[0].campaign.controller.country if campaigns else "NL"


def home_time_zone(*, home: str | Path | None = None) -> str:
    """The time zone, as IANA names it, in which a home reads a moment that names none: the controller's.

    Args:
        home: the home folder; see `find_home`.
    """
    return time_zone(country_of(campaigns_of(find_home(home))))


def recipients_of(campaigns: tuple[DeclaredCampaign, ...]) -> tuple[str, ...]:
    """Names of everybody who gets data of these campaigns, each once."""
    clauses = [one.campaign.processing for one in campaigns]
    return tuple(dict.fromkeys(one.name for clause in clauses if clause for one in clause.recipients))


def context_of(campaign: Campaign) -> ConsentContext:
    """What a consent record says of a campaign's controller and its processing."""
    clause, controller = campaign.processing, campaign.controller
    meanings = [column.meaning.en for column in campaign.columns.values() if column.meaning and column.confirmed]
    return ConsentContext(
        controller=controller.name,
        contact=controller.contact,
        country=controller.country,
        address=(clause.address if clause else None) or "",
        data=(clause.data if clause else ()) or tuple(dict.fromkeys(meanings)),
        recipients=tuple(one.name for one in clause.recipients) if clause else (),
        stored_in=clause.stored_in if clause else "",
        retention=campaign.retention.consents or campaign.retention.features,
        rights_at=(clause.rights_at if clause else None) or "",
        authority=authority_of(sender_of(campaign)),
    )
