"""What the model's own choice would have brought, beside the lot: from a run that decided about a few by lot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.tables import open_table
from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.stores.home import find_home
from evenhand.campaigns import Logged, PolicyValue, policy_value
from evenhand.ledger import RunRecord, columns, open_run
from evenhand.policy import MICRO, Campaign, Table
from evenhand.promises import RecordColumns
from evenhand.scoring import model_from_json
from evenhand.terms import (
    PPM,
    DataError,
    Finding,
    Model,
    Reason,
    Target,
    UsageError,
    is_few,
    score_of,
    score_ppm,
    shown_steps,
    term_contributions,
)

from ..records._ledger import run_keys_of
from ..records._records import open_ledger, resolve_run
from ._frames import Frames
from ._open_groups import open_groups

__all__ = ["Evaluated", "evaluate"]

ENOUGH = 30
"""Fewer people decided about by lot than this are counted and not judged."""

_BY_LOT = np.isin(np.arange(256), (Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of the decisions by lot, and what would have come of others.

    Attributes:
        run_id: the run.
        drawn: people decided about by lot.
        left_out: of those, people whose data may not be used for the purpose now; they are not looked at.
        listed: people looked at of whom the file says something; of the others it is taken that nothing came.
        unmatched: rows of the file about no decision by lot of this run.
        policies: one set of plain values per policy; the first is the model's own choice, and the next one that by lot
            gives as many offers. ``offered`` is the share of people with an offer.
        currency: ISO 4217 code of the ``money`` of policies.
        findings: what makes the figures doubtful.
    """

    run_id: str
    drawn: int
    left_out: int
    listed: int
    unmatched: int
    policies: tuple[dict[str, Any], ...] = field(repr=False)
    currency: str = "EUR"
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; numbers of a few people, and those that tell them, are null."""
        plain = asdict(self)
        looked = self.drawn - self.left_out
        plain["drawn"], plain["looked_at"] = shown_steps([self.drawn, looked])
        plain["left_out"] = None if plain["looked_at"] is None else self.left_out
        plain["listed"] = shown_steps([looked, self.listed])[1]
        plain["policies"] = [_without_few(one) for one in self.policies]
        plain["findings"] = [{**asdict(one), "severity": one.severity.value} for one in self.findings]
        return plain


def _without_few(policy: dict[str, Any]) -> dict[str, Any]:
    """A policy's figures, without the weight of a few people."""
    told = dict(policy)
    for name in ("response", "money"):
        few = is_few(round(policy[name]["effective_people"]))
        told[name] = {**policy[name], **({"effective_people": None} if few else {})}
    return told


@dataclass(frozen=True, slots=True)
class _Drawn:
    """People decided about by lot whose outcome may be looked at. Actions are offers, and the last one is nothing."""

    action: NDArray[np.int64]
    own: NDArray[np.int64]
    outcome: NDArray[np.int64]
    predicted: NDArray[np.float64]


def evaluate(
    campaign_file: Path,
    events: Path,
    *,
    run_id: str = "last",
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
) -> Evaluated:
    """Weigh what came of the decisions by lot as if the model, or something simpler, had decided; writes nothing.

    The model's own choice for those people is read from the record: at the prices of the run, the offer worth most
    above its price, or none. Limits are in it as those prices.

    Args:
        campaign_file: the campaign; its consents tell whose outcome may be looked at now.
        events: CSV or Parquet with ``decision`` (a decision's id) and ``outcome`` (1 or 0), of those with and without
            an offer. Who is not listed did not respond.
        run_id: the run, or ``last``.
        home: the home folder; see `find_home`.
        at: now.
        frames: data frames in place of the campaign's tables.

    Raises:
        UsageError: the run decided about nobody by lot.
        DataError: a table is not what it must be, the run is of another campaign, or too few people are left.
    """
    loaded = load_campaign(campaign_file, at=at)
    place = find_home(home, campaign_file=campaign_file)
    with open_ledger(place) as store:
        keys = run_keys_of(place)
        record = open_run(store, resolve_run(store, run_id, whole=True, campaign=loaded.campaign.campaign), keys)
        _check(record, loaded.campaign)
        chunks = [_part(chunk, _BY_LOT[chunk.outcome]) for chunk in columns(store, record.summary.run_id, keys)]
    drawn = [chunk for chunk in chunks if len(chunk.number)]
    subjects = np.concatenate([chunk.subject for chunk in drawn]) if drawn else np.zeros(0, "S32")
    people = open_groups(
        loaded,
        folder=campaign_file.resolve().parent,
        place=place,
        at=at,
        frames=frames or Frames(),
    )
    row = people.rows_of(subjects)
    usable = (row >= 0) & people.countable[row]
    numbers = np.concatenate([chunk.number for chunk in drawn]) if drawn else np.zeros(0, np.int64)
    told, unmatched = _outcomes(events, record.summary.run_id, numbers)
    if int(usable.sum()) < ENOUGH:
        raise DataError(
            "lots-too-few",
            f"Of fewer than {ENOUGH} people decided about by lot the outcome may be looked at now.",
            rule="a figure needs enough people to be one",
            remedy="raise exploration.share, or evaluate a larger run",
        )
    model = model_from_json(record.model_json)
    parts = [_of(chunk, record.campaign, model) for chunk in drawn]
    all_of = _Drawn(
        np.concatenate([part[0] for part in parts])[usable],
        np.concatenate([part[1] for part in parts])[usable],
        np.maximum(told, 0)[usable],
        np.concatenate([part[2] for part in parts])[usable],
    )
    policies = tuple(_policies(all_of, record.campaign))
    return Evaluated(
        run_id=record.summary.run_id,
        drawn=len(subjects),
        left_out=int((~usable).sum()),
        listed=int((told[usable] >= 0).sum()),
        unmatched=unmatched,
        policies=tuple(one for one, _ in policies),
        currency=record.campaign.currency,
        findings=policies[0][1].findings,
    )


def _check(record: RunRecord, campaign: Campaign) -> None:
    if record.campaign.campaign != campaign.campaign:
        raise DataError(
            "lots-other-campaign",
            "The run is of another campaign than this file declares.",
            rule="consents and run are of one campaign",
            remedy="name the campaign file of that run, or another run with --run",
        )
    if record.campaign.exploration is None or record.summary.priced_by:
        raise UsageError(
            "lots-none",
            "This run decided about nobody by lot.",
            rule="what another choice would have brought is seen in decisions that were drawn by lot",
            remedy="declare exploration: { share: 0.02 } in the campaign file, and run it",
        )


def _part(chunk: RecordColumns, rows: NDArray[np.bool_]) -> RecordColumns:
    """Some rows of recorded columns."""
    if bool((chunk.sealed & rows).any()):
        raise DataError(
            "lots-sealed",
            "What the model would have chosen is sealed with what tells groups, and the run's key is not here.",
            rule="A-4a: what tells a group is opened with the run's key alone",
            remedy="evaluate where the run's key is kept",
        )
    kept = {name: getattr(chunk, name)[rows] for name in RecordColumns.__slots__ if name != "codes"}
    return RecordColumns(**kept, codes=tuple(code[..., rows] for code in chunk.codes))


def _of(
    chunk: RecordColumns, campaign: Campaign, model: Model
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """What was drawn, what the model would have chosen at the run's prices, and the response it expects of each."""
    nothing = len(campaign.offers)
    action = np.where(chunk.offer >= 0, chunk.offer, nothing).astype(np.int64)
    has, other = chunk.offer >= 0, chunk.runner_up >= 0
    lowest = np.iinfo(np.int64).min
    got = np.where(has, chunk.value - chunk.price, lowest)
    rival = np.where(other, chunk.runner_up_value - chunk.runner_up_price, lowest)
    best = np.where(got >= rival, chunk.offer, chunk.runner_up).astype(np.int64)
    own = np.where(np.maximum(got, rival) > 0, best, nothing)
    predicted = np.zeros((len(action), nothing + 1))
    for offer in range(nothing):
        column = np.full(len(action), offer)
        score = score_of(model, term_contributions(model, chunk.codes, column), column)
        predicted[:, offer] = score_ppm(score, model.link) / PPM
    return action, own, predicted


def _outcomes(events: Path, run_id: str, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """int64[n], 1 or 0 of each decision by lot, -1 where the file has none; and how many rows are of no such one."""
    table = open_table(Table(file=events.name), events.resolve().parent, columns=("decision", "outcome"))
    named, said = table.ids("decision", unique=True), table.answers("outcome").astype(np.int64)
    if not any(name.startswith(f"{run_id}.") for name in named):
        raise DataError(
            "lots-other-run",
            f"No row of {events.name} is about a decision of run {run_id}.",
            rule="the column decision holds the ids of decisions, as decisions.csv of that run does",
            remedy="take them from there, or name the run that the file is about with --run",
        )
    place = {f"{run_id}.{number}": row for row, number in enumerate(numbers.tolist())}
    found = np.array([place.get(name, -1) for name in named], dtype=np.int64)
    told = np.full(len(numbers), -1, dtype=np.int64)
    told[found[found >= 0]] = said[found >= 0]
    return told, int((found < 0).sum())


def _policies(drawn: _Drawn, campaign: Campaign) -> list[tuple[dict[str, Any], PolicyValue]]:
    """The model's choice, as many offers by lot, the lot as it was, nothing at all, and each offer for everybody."""
    nothing = len(campaign.offers)
    chance = 1.0 / (nothing + 1)
    people = len(drawn.action)
    share = float(np.mean(drawn.own != nothing))
    as_many = np.tile(np.append(np.full(nothing, share / nothing), 1.0 - share), (people, 1))
    even = np.full((people, nothing + 1), chance)
    choices: list[tuple[str, str, float, NDArray[Any]]] = [
        ("model", "", share, drawn.own),
        ("as-many", "", share, as_many),
        ("lot", "", 1.0 - chance, even),
        ("nothing", "", 0.0, np.full(people, nothing)),
    ]
    choices += [("offer", offer.id, 1.0, np.full(people, place)) for place, offer in enumerate(campaign.offers)]
    money, reach = _money(drawn, campaign)
    out = []
    for kind, offer, offered, policy in choices:
        predicted = drawn.predicted if campaign.model.target is Target.RESPONSE else None
        propensity = np.full(people, chance)
        logged = Logged(drawn.action, drawn.outcome, propensity)
        responded = policy_value(
            logged, policy, predicted=predicted, reward_range=(0.0, 1.0),
            least_chance=chance,
        )  # fmt: skip
        paid = Logged(drawn.action, money, propensity)
        earned = policy_value(paid, policy, reward_range=reach, least_chance=chance)
        told: dict[str, Any] = {
            "policy": kind,
            "offer": offer,
            "offered": offered,
            "response": _told(responded),
            "money": _told(earned),
        }
        if kind == "model":
            for name, log in (("response", logged), ("money", paid)):
                told[name]["gain_over_as_many"] = asdict(policy_value(log, policy, against=as_many).gain)
        out.append((told, responded))
    return out


def _money(drawn: _Drawn, campaign: Campaign) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """What came of each decision in money: the offer's value where somebody responded, less what showing it cost."""
    value = np.array([offer.value_micro / MICRO for offer in campaign.offers] + [0.0])
    cost = np.array([offer.cost_micro / MICRO for offer in campaign.offers] + [0.0])
    earned = value[drawn.action] * drawn.outcome - cost[drawn.action]
    return earned, (float((-cost).min()), float(max((value - cost).max(), 0.0)) or 1.0)


def _told(found: PolicyValue) -> dict[str, Any]:
    """Per decision: the estimate by weights, self-normalised, doubly robust, and the ends that hold at every size."""
    return {
        "estimate": asdict(found.snips) if found.snips is not None else None,
        "doubly_robust": asdict(found.doubly_robust) if found.doubly_robust is not None else None,
        "guaranteed": list(found.guaranteed) if found.guaranteed is not None else None,
        "gain_over_lot": asdict(found.gain),
        "effective_people": found.effective_rows,
    }
