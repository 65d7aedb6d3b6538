"""Can data that may not be used change a decision? All that is withheld is changed at random, and decided again."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from evenhand import __version__
from evenhand.adapters.data.shaken_table import ShakenTable
from evenhand.adapters.data.tables import DataTable
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.campaigns import learn, lesson_of
from evenhand.journey import propose
from evenhand.ledger import columns_from_explained, compare, open_run
from evenhand.policy import Campaign
from evenhand.scoring import model_from_json
from evenhand.terms import DataError, Explained, Model, Role, Standing, shown_together

from ..records._records import data_folder, erasures_until, open_ledger, resolve_run
from ._frames import Frames, open_one
from ._law import law_columns
from ._open import Opened, feature_columns, open_all
from ._tables_told import tables_told

__all__ = ["Certified", "certify"]

Step = Callable[[str], None]

_PEOPLE = 100_000
"""Changes of a person that are tried at least, all rounds together."""
_FEWEST_ROUNDS, _MOST_ROUNDS = 2, 25


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What the trial showed.

    Attributes:
        ok: no decision changed, and no small number of a group is told.
        certificate: everything of it as plain values, with its own SHA-256 as ``sha256``.
        path: the file that it was written to.
    """

    ok: bool
    certificate: dict[str, Any]
    path: Path


def certify(
    what: str | Path,
    *,
    home: str | Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> Certified:
    """Change what may not count, decide again in memory, and write down what came of it.

    Two trials, each in several rounds with other values. In the first, every column that the view does not have is
    changed for everybody; sensitive columns only where no limit compares groups, since limits act through counts of
    them. In the second, every column but the id is changed for people who are decided about without personal data, or
    not at all. A decision counts as changed where anything that is recorded of it differs by one bit. A control changes
    what may count, once: it shows that the trial sees a change where there is one.

    Args:
        what: a run's id, ``last``, or a campaign file (then the model is learned first, as a plan does).
        home: the home folder; see `find_home`.
        at: now: moment of a campaign's decisions, and the certificate's date.
        frames: data frames that stand in for tables.
        step: told what is being done.

    Raises:
        PolicyError, DataError: as for a plan, or for a replay.
        StoreError: the certificate cannot be written.
    """
    given = frames or Frames()
    path = Path(what)
    if path.suffix in (".yaml", ".yml", ".json") or path.is_file():
        place, subject = _of_campaign(path, home, at, given, step)
    else:
        place, subject = _of_run(str(what), home, given, step)
    told = _tried(subject, given, step)
    small = tables_told(subject.report)
    content: dict[str, Any] = {
        "certificate": 1,
        **subject.names,
        "at": at.isoformat(),
        "version": __version__,
        "decisions": hashlib.sha256(_bytes(subject.explained)).hexdigest(),
        **told,
        "tables": {"small_numbers": small, "left_out": "decisions.csv: the controller's own list, to act on it"},
    }
    content["sha256"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    out = place.folder / "certificates" / f"{content['sha256'][:16]}.json"
    write_atomically(out, json_bytes(content), private=True)
    is_clean = not any(trial["changed"] for trial in content["trials"])
    return Certified(is_clean and not small, content, out)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is tried: people with everything that their road needs, and what came out."""

    loaded: LoadedCampaign
    folder: Path
    place: Home
    opened: Opened
    model: Model
    explained: Explained
    report: dict[str, Any]
    names: dict[str, str]
    acted: datetime | None


def _of_campaign(
    path: Path, home: str | Path | None, at: datetime, frames: Frames, step: Step
) -> tuple[Home, _Subject]:
    from ._run import located

    loaded, folder, place = located(path, None if home is None else Path(home), at)
    step("reading the data")
    opened = open_all(loaded, folder=folder, place=place, at=at, frames=frames)
    step("learning from the past")
    model = learn(loaded.campaign, lesson_of(loaded.campaign, opened.history, opened.allowed))
    explained = propose(opened.asked, loaded.campaign, model, opened.stores)
    names = {"campaign": loaded.digest, "model": model.digest, "data": opened.digest}
    return place, _Subject(loaded, folder, place, opened, model, explained, {}, names, None)


def _of_run(run_id: str, home: str | Path | None, frames: Frames, step: Step) -> tuple[Home, _Subject]:
    place = find_home(home)
    with open_ledger(place) as store:
        name = resolve_run(store, run_id, whole=True)
        recorded = open_run(store, name)
    if recorded.summary.priced_by:
        raise DataError(
            "certify-later-people",
            f"Run {name} decided about later people with the prices of an earlier run.",
            rule="a certificate is about a whole table",
            remedy="name the earlier run",
        )
    step("reading the data")
    folder = data_folder(recorded, place)
    loaded = LoadedCampaign(recorded.campaign, None, recorded.campaign_file_digest, ())
    acted = erasures_until(recorded)
    opened = open_all(loaded, folder=folder, place=place, at=recorded.summary.at, frames=frames, acted=acted)
    if opened.digest != recorded.data_digest:
        raise DataError(
            "replay-other-data",
            "The data is not the data that this run was made from (its digest differs).",
            rule="G-15h: a replay needs the same inputs",
            remedy="put the tables back as they were",
        )
    model = model_from_json(recorded.model_json)
    explained = propose(opened.asked, recorded.campaign, model, opened.stores)
    names = {"run": name, "campaign": recorded.campaign_file_digest, "model": model.digest, "data": opened.digest}
    report = dict(recorded.report)
    return place, _Subject(loaded, folder, place, opened, model, explained, report, names, acted)


def _tried(subject: _Subject, frames: Frames, step: Step) -> dict[str, Any]:
    campaign, people = subject.loaded.campaign, len(subject.opened.asked)
    table = _whole(subject, frames)
    rounds = min(max(math.ceil(_PEOPLE / max(1, people)), _FEWEST_ROUNDS), _MOST_ROUNDS)
    seed = int(hashlib.sha256(json.dumps(subject.names, sort_keys=True).encode()).hexdigest()[:8], 16)
    rng = np.random.default_rng(seed)
    standing = subject.explained.allocated.scored.minimised.permitted.standing
    everybody = np.ones(people, dtype=bool)
    withheld = _withheld(campaign, table.names)
    asides = {*campaign.conditions.values(), *campaign.own_costs.values()}
    own = [name for name in table.names if name not in {campaign.identifier, *law_columns(campaign)}]
    trials = (
        ("columns that the view does not have", everybody, withheld),
        ("people without personalisation", standing == Standing.CONTEXTUAL, [n for n in own if n not in asides]),
        ("people who were refused", standing == Standing.REFUSED, own),
    )
    contextual, refused = (int((standing == one).sum()) for one in (Standing.CONTEXTUAL, Standing.REFUSED))
    told = [people, *shown_together([people - contextual - refused, contextual, refused])[1:]]
    base = _again(subject, frames, table.frame)
    found = []
    for (name, who, columns), said in zip(trials, told, strict=True):
        step(f"changing {name}")
        changed, count = 0, int(who.sum())
        tried = rounds if columns and count else 0
        for _ in range(tried):
            other = _again(subject, frames, table.shaken(columns, who, rng))
            first, second = (columns_from_explained(one, 0, len(one.margin), 1) for one in (base, other))
            changed += len(compare(first, second))
        found.append({"what": name, "people": said, "columns": columns, "rounds": tried, "changed": changed})
    step("changing what may count, for comparison")
    features = [name for name in feature_columns(campaign) if name in table.names and name not in asides]
    other = _again(subject, frames, table.shaken(features, standing == Standing.PERSONALISED, rng))
    control = len(compare(*(columns_from_explained(one, 0, len(one.margin), 1) for one in (base, other))))
    return {
        "people": people,
        "seed": seed,
        "trials": found,
        "control": {"what": "features of people with personalisation", "columns": features, "changed": control},
        "groups_stay": _groups_stay(campaign),
    }


def _withheld(campaign: Campaign, names: Sequence[str]) -> list[str]:
    """Columns that no decision may use, though they stand in the table."""
    used = {campaign.identifier, *feature_columns(campaign), *law_columns(campaign)}
    kept = {*campaign.names(Role.SENSITIVE)} if campaign.limits.disparity else set()
    return [name for name in names if name not in used | kept]


def _groups_stay(campaign: Campaign) -> str:
    if not campaign.limits.disparity:
        return ""
    return "sensitive columns of people with personalisation were left as they are: limits act through counts of them"


def _whole(subject: _Subject, frames: Frames) -> ShakenTable:
    """Every column of the subjects table, ids as text."""
    campaign = subject.loaded.campaign
    names = open_one(campaign.subjects, frames.subjects, subject.folder, (campaign.identifier,)).names
    table: DataTable = open_one(campaign.subjects, frames.subjects, subject.folder, names)
    return ShakenTable(table, campaign.identifier, subject.opened.ids)


def _again(subject: _Subject, frames: Frames, table: Any) -> Explained:
    """The same people decided again, with another table of them; the model stays as it was learned."""
    opened = open_all(
        subject.loaded,
        folder=subject.folder,
        place=subject.place,
        at=subject.opened.asked.at,
        frames=Frames(table, frames.history, frames.consents),
        acted=subject.acted,
    )
    return propose(opened.asked, subject.loaded.campaign, subject.model, opened.stores)


def _bytes(explained: Explained) -> bytes:
    """What would be recorded, as bytes."""
    allocated = explained.allocated
    arrays = (allocated.person, allocated.offer, allocated.reason, allocated.price, explained.margin)
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
