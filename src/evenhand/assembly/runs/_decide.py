"""Later people, one by one or a few at a time: the same six gates, with the prices of an earlier run in the fourth."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand import __version__
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.ledgers.sqlite_leases import Leases
from evenhand.adapters.stores.home import Home
from evenhand.allocation import GivenPrices, Lease, PricePolicy, Room, check_policy
from evenhand.journey import decide as walk
from evenhand.journey import propose
from evenhand.ledger import (
    LedgerStore,
    RunRecord,
    begin,
    campaign_state,
    columns,
    finish,
    new_run_id,
    open_run,
    refuse_paused,
)
from evenhand.policy import Campaign
from evenhand.scoring import model_from_json, model_to_json
from evenhand.terms import DataError, Explained, Model, Reason, Standing

from ..people._trail import again_if_said_meanwhile, nobody_says_meanwhile, refuse_said_since
from ..records._ledger import leases_of, ledger_of, may_be_recorded, refuse_erased_since, run_keys_of
from ..records._records import acted_at, open_ledger, resolve_run
from ..records._vault_anchor import vault_noted
from ._due_models import refuse_overdue
from ._frames import Frames
from ._law import as_recorded
from ._open_people import People, open_people
from ._policy import policy_of_run, read_policy, run_that_priced
from ._run import located, relative

__all__ = ["Decided", "decide_people", "decided_again", "people_per_offer", "recorded_digest"]

Step = Callable[[str], None]
_LENT = timedelta(minutes=10)


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Later people, decided and recorded.

    Attributes:
        run_id: the run that records them.
        home: the home folder.
        head: the ledger's head (hex).
        priced_by: the run whose prices decided.
        policy: digest of those prices.
        left: what all later people may still use under them, by limit id: people, and of the budget micro-units of
            the currency.
        currency: ISO 4217 code of the budget.
        used_up: limits that kept somebody from the best offer worth its price.
        notices: what the start found left behind by an earlier run.
        columns: one row per person: own id, decision, offer, standing and reasons.
    """

    run_id: str
    home: Path
    head: str
    priced_by: str
    policy: str
    left: Mapping[str, int]
    currency: str
    used_up: tuple[str, ...]
    notices: tuple[str, ...]
    columns: dict[str, list[Any]] = field(repr=False)


def decide_people(
    campaign: Path | LoadedCampaign,
    subjects: Sequence[str],
    *,
    run: str = "last",
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> Decided:
    """Decide about people of the campaign's table with the prices of an earlier run, and record it as a run of its own.

    All people decided with one run's prices together may use the campaign's limits once more: they are no part of the
    run, which had them for itself. Workers that decide at the same time share what is left by leases.

    Args:
        campaign: the campaign, or its file; the one that the run was made for.
        subjects: ids as they stand in the subjects table, in the order in which they came.
        run: whose prices; ``last`` = the last run that found its own, or the one that the campaign fell back to.
        home: the home folder.
        at: moment of the decision.
        frames: data frames to use instead of tables.
        step: told what is being done.

    Raises:
        UsageError: nobody is named, or somebody twice.
        DataError: somebody is unknown, or the prices are of another campaign, model or offers, or secret.
        PausedError: an alarm of the monitor paused the campaign, or had it fall back to other prices; or its model was
            to be fitted again without somebody who was erased, and that time is up.
        StoreError: the ledger or the leases cannot be written.
        LedgerError: the ledger or the prices were altered, or a decision would break a promise.
    """
    loaded, folder, place = located(campaign, home, at)
    with open_ledger(place) as store:
        own = loaded.campaign.campaign
        state = campaign_state(store, own)
        last = state.fallback.run if state.fallback and run == "last" else run
        recorded = open_run(store, resolve_run(store, last, whole=True, prices=True, campaign=own))
        refuse_paused(store, own, recorded.summary.policy)
    refuse_overdue(place, own, recorded.summary.run_id, max(at, datetime.now(UTC)))
    prices = read_policy(place, recorded)
    model = model_from_json(recorded.model_json)
    check_policy(prices, loaded.campaign, recorded_digest(loaded.campaign, recorded), model)

    def go() -> Decided:
        step("reading the data")
        people = open_people(loaded, folder=folder, place=place, at=at, frames=frames or Frames(), who=list(subjects))
        with leases_of(place) as leases:
            leases.open_pool(prices.digest, Room.declared(loaded.campaign))
            lease = leases.take(
                prices.digest,
                _most(loaded.campaign, len(subjects)),
                holder="evenhand decide",
                at=datetime.now(UTC),
                lasts=_LENT,
            )
            try:
                return _recorded(loaded, relative(folder, place), place, people, model, prices, leases, lease, step)
            finally:
                leases.give_back(lease, at=datetime.now(UTC))

    return again_if_said_meanwhile(go)


def _recorded(
    loaded: LoadedCampaign,
    folder: str,
    place: Home,
    people: People,
    model: Model,
    prices: PricePolicy,
    leases: Leases,
    lease: Lease,
    step: Step,
) -> Decided:
    """Walk the road under the lease. What is used is noted before the run becomes durable, so no limit is overrun."""
    run_id = new_run_id(datetime.now(UTC), secrets.token_hex(3))
    given = GivenPrices(prices, dict(lease.granted))
    with ledger_of(place) as store:
        started = begin(
            store,
            run_id=run_id,
            at=people.asked.at,
            campaign=loaded.campaign,
            campaign_file_digest=loaded.digest,
            model=model,
            model_json=model_to_json(model),
            data_digest=people.digest,
            version=__version__,
            keys=run_keys_of(place),
            law=people.stores.law,
            priced_by=prices.digest,
            room=lease.granted,
        )
        spent: dict[str, int] | None = None
        try:
            with started:
                refuse_erased_since(place, people.asked.subjects, people.stores.consents)
                refuse_said_since(place, people.asked.subjects, people.told)
                step("deciding and recording")
                explained = walk(people.asked, loaded.campaign, model, people.stores, started, given).explained
                used = Room(loaded.campaign).used(people_per_offer(explained, loaded.campaign))
                leases.spend(lease, used, at=datetime.now(UTC))
                spent = used
                noted = {"kind": "later-people", "priced_by": prices.run, "data_folder": folder, **people.told.noted}
                noted |= vault_noted(place, loaded.campaign)
                with nobody_says_meanwhile(place, people.asked.subjects, people.told):
                    head = finish(started, noted)
        except BaseException:
            if spent is not None and not may_be_recorded(place, run_id):
                leases.undo(lease, spent, at=datetime.now(UTC))
            raise
    leases.give_back(lease, at=datetime.now(UTC))
    return Decided(
        run_id=run_id,
        home=place.folder,
        head=head,
        priced_by=prices.run,
        policy=prices.digest,
        left=leases.left(prices.digest, at=datetime.now(UTC)),
        currency=loaded.campaign.currency,
        used_up=_used_up(explained, loaded.campaign, lease, used),
        notices=tuple(finding.what for finding in started.found),
        columns=_columns(loaded.campaign, people, explained, run_id),
    )


def recorded_digest(campaign: Campaign, recorded: RunRecord) -> str:
    """The campaign as the ledger would have it: under its recorded digest where it is the recorded one."""
    if campaign == recorded.campaign:
        return recorded.campaign_digest
    return hashlib.sha256(campaign.model_dump_json().encode()).hexdigest()


def _most(campaign: Campaign, people: int) -> dict[str, int]:
    """The most that so many people can use of each limit."""
    dearest = max(offer.cost_micro for offer in campaign.offers)
    return {name: people * (dearest if name == "budget" else 1) for name in Room.declared(campaign)}


def people_per_offer(explained: Explained, campaign: Campaign) -> list[int]:
    """How many people got each offer."""
    offer = explained.allocated.offer
    counts: list[int] = np.bincount(offer[offer >= 0].astype(np.intp), minlength=len(campaign.offers)).tolist()
    return counts


def _used_up(explained: Explained, campaign: Campaign, lease: Lease, used: Mapping[str, int]) -> tuple[str, ...]:
    """Limits with too little left for somebody who was moved from the best offer worth its price."""
    if not explained.allocated.moved.any():
        return ()
    most = _most(campaign, 1)
    return tuple(name for name, amount in lease.granted.items() if amount - used[name] < most[name])


def _columns(campaign: Campaign, people: People, explained: Explained, run_id: str) -> dict[str, list[Any]]:
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    offers: list[str | None] = [*(offer.id for offer in campaign.offers), None]
    return {
        campaign.identifier: people.ids,
        "decision": [f"{run_id}.{row + 1}" for row in range(len(people.ids))],
        "offer": [offers[j] for j in allocated.offer.tolist()],
        "standing": [Standing(code).name.lower() for code in permitted.standing.tolist()],
        "reason": [Reason(code).key for code in allocated.reason.tolist()],
        "permission": [Reason(code).key for code in permitted.reason.tolist()],
    }


def decided_again(
    store: LedgerStore, recorded: RunRecord, place: Home, folder: Path, frames: Frames
) -> tuple[Explained, NDArray[np.int64], bool]:
    """The people of a recorded run with given prices, decided again; the numbers of these decisions in the run; and
    whether their data is what it was, as far as it can be told: of erased people nothing is read.

    Raises:
        DataError: nobody of that run can be read any more.
    """
    prices = policy_of_run(run_that_priced(store, recorded.summary.priced_by))
    loaded = as_recorded(recorded)
    chunks = [(chunk.subject, chunk.number) for chunk in columns(store, recorded.summary.run_id)]
    if not chunks:
        raise DataError(
            "replay-all-erased",
            "Nobody of this run can be read any more: the keys of its people are not there.",
            rule="G-17: a decision opens with the key of its person, which erasure destroys",
            remedy="nothing, where they were erased; else restore subject-keys.sqlite from a copy",
        )
    if recorded.report.get("given"):
        raise DataError(
            "replay-given",
            "Requests gave something about people of this run, which was not kept, so it cannot be replayed.",
            rule="G-5c: of what a request gives, the ledger keeps the bins only",
            remedy="nothing; that each of its decisions follows from its bins is checked by: evenhand ledger verify",
        )
    who, numbers = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    acted = acted_at(recorded.summary.run_id)
    people = open_people(
        loaded,
        folder=folder,
        place=place,
        at=recorded.summary.at,
        frames=frames,
        acted=acted,
        before=recorded.summary.run_id,
        heard=int(recorded.report.get("told", 0)),
        who=who,
        by_rows=recorded.report.get("kind") == "live",
    )
    model = model_from_json(recorded.model_json)
    given = GivenPrices(prices, dict(recorded.room))
    explained = propose(people.asked, recorded.campaign, model, people.stores, given)
    is_same = people.digest == recorded.data_digest or len(who) < recorded.summary.decisions
    return explained, numbers, is_same
