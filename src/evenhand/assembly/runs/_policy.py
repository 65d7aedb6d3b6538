"""The prices of a run: made with it, kept beside its report, read back only as the ledger has them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.allocation import PricePolicy, check_policy, policy_from_dict, policy_of
from evenhand.ledger import LedgerStore, RunRecord, open_run, run_of_policy
from evenhand.policy import Campaign
from evenhand.scoring import model_from_json
from evenhand.terms import DataError, Explained, LedgerError

__all__ = [
    "currency_of",
    "policy_of_run",
    "prices_for_later",
    "prices_of",
    "read_policy",
    "remember_run",
    "run_that_priced",
    "why_not_later",
    "write_policy",
]

NAME = "prices.json"


def prices_for_later(explained: Explained, campaign: Campaign, campaign_digest: str, run_id: str) -> PricePolicy | None:
    """What later people can be decided with; None where a decision is more than one offer against every other."""
    if not campaign.is_each_by_itself:
        return None
    allocated = explained.allocated
    return policy_of(
        allocated.prices.to_dict(),
        campaign,
        model=allocated.scored.minimised.model.digest,
        campaign_digest=campaign_digest,
        run=run_id,
    )


def write_policy(place: Home, made: PricePolicy) -> Path:
    """Write the file of a run's prices, whole or not at all."""
    path = place.run_folder(made.run) / NAME
    write_atomically(path, json_bytes(made.to_dict()), private=True)
    return path


def policy_of_run(recorded: RunRecord) -> PricePolicy:
    """The policy of a run, made again from the ledger alone.

    Raises:
        DataError: the run decided with the prices of another, or was recorded before prices were kept.
        LedgerError: what is recorded of the prices does not give the recorded digest.
    """
    summary = recorded.summary
    if summary.priced_by or not summary.policy:
        raise DataError(
            "policy-none",
            f"Run {summary.run_id} has no prices of its own: it decided with those of an earlier run."
            if summary.priced_by
            else f"Run {summary.run_id} gave people several offers, or had costs of each person's own; its prices are "
            "for its own people only."
            if not recorded.campaign.is_each_by_itself
            else f"Run {summary.run_id} was recorded by an evenhand that did not keep prices for later people.",
            rule="prices are found by a run over a whole table, and kept with it",
            remedy="name a run that found its prices (evenhand ledger runs lists them), or run the campaign again",
        )
    made = policy_of(
        recorded.batches[0]["prices"],
        recorded.campaign,
        model=str(recorded.model_json["digest"]),
        campaign_digest=recorded.campaign_digest,
        run=summary.run_id,
    )
    if made.digest != summary.policy:
        raise LedgerError(
            "policy-not-recorded",
            f"The prices of run {summary.run_id} in the ledger do not give the digest that the run was finished with.",
            rule="G-5-2",
            remedy="run `evenhand ledger verify`, and restore the ledger from a copy that verifies",
        )
    return made


def read_policy(place: Home, recorded: RunRecord) -> PricePolicy:
    """The policy from the run's file, if it is the recorded one; a file that is gone is written again.

    Raises:
        DataError, LedgerError: see `policy_of_run`; or the file was changed.
        StoreError: the file cannot be read or written.
    """
    made = policy_of_run(recorded)
    path = place.run_folder(made.run) / NAME
    if not path.is_file():
        write_policy(place, made)
        return made
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        content = None
    if policy_from_dict(content) != made:
        raise LedgerError(
            "policy-other-run",
            f"The file {path} holds prices that are not those of run {made.run} in the ledger.",
            rule="a decision may only be made with the prices that were recorded (G-5-2)",
            remedy="move the file away; it is written again from the ledger",
        )
    return made


_RUN_OF: dict[str, str] = {}
"""The run of each digest that was looked for; a digest is of one run for ever."""
_MOST = 4_096


def remember_run(digest: str, run_id: str) -> None:
    """Note whose prices have a digest, so that nobody looks through a ledger for it."""
    if len(_RUN_OF) >= _MOST:
        _RUN_OF.clear()
    _RUN_OF[digest] = run_id


def run_that_priced(store: LedgerStore, digest: str) -> RunRecord:
    """The run whose policy has this digest.

    Raises:
        LedgerError: the ledger has no such run.
    """
    known = _RUN_OF.get(digest)
    if known is not None:
        with suppress(DataError):  # another ledger's
            recorded = open_run(store, known)
            if recorded.summary.policy == digest:
                return recorded
    found = run_of_policy(store, digest)
    if found is not None:
        remember_run(digest, found)
        return open_run(store, found)
    raise LedgerError(
        "policy-run-missing",
        "The ledger has no run with the prices that this run decided with.",
        rule="G-5-2",
        remedy="run `evenhand ledger verify`, and restore the ledger from a copy that verifies",
    )


def prices_of(run_id: str = "last", *, home: str | Path | None = None) -> PricePolicy:
    """The prices of a recorded run, to decide about later people; checked against the ledger.

    Args:
        run_id: the run, or ``last``: the last one that found its own prices.
        home: the home folder; see `find_home`.

    Raises:
        DataError: the run is unknown, or has no prices of its own.
        LedgerError: the file was altered, or is not what the ledger has.
    """
    from ..records._records import open_ledger, resolve_run

    place = find_home(home)
    with open_ledger(place) as store:
        return read_policy(place, open_run(store, resolve_run(store, run_id, whole=True, prices=True)))


def currency_of(run_id: str = "last", *, home: str | Path | None = None) -> str:
    """The currency (ISO 4217) of the prices of a run. Arguments and errors are those of `prices_of`."""
    from ..records._records import open_ledger, resolve_run

    with open_ledger(find_home(home)) as store:
        return open_run(store, resolve_run(store, run_id, whole=True, prices=True)).campaign.currency


def why_not_later(run_id: str = "last", *, home: str | Path | None = None) -> str:
    """What keeps later people from being decided about with the prices of a run, for its campaign; ""
    where nothing does. Arguments and errors are those of `prices_of`."""
    from ..records._records import open_ledger, resolve_run

    place = find_home(home)
    with open_ledger(place) as store:
        recorded = open_run(store, resolve_run(store, run_id, whole=True, prices=True))
    prices = read_policy(place, recorded)
    try:
        check_policy(prices, recorded.campaign, recorded.campaign_digest, model_from_json(recorded.model_json))
    except DataError as error:
        return error.what
    return ""
