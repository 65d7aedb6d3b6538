"""What was recorded: list it, make it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.adapters.stores.home import Home, find_home
from evenhand.campaigns import learn, lesson_of
from evenhand.journey import propose
from evenhand.ledger import LedgerStore, RunRecord, RunSummary, facts, latest_runs, open_run, runs
from evenhand.ledger import forget_groups as forget_groups_of
from evenhand.ledger import replay as compare_with_record
from evenhand.reports import stories_of
from evenhand.scoring import model_from_json
from evenhand.terms import DataError, DecisionFacts, Explained, UsageError, moment_at, number_of, shown_steps

from ..people._trail import erased_since
from ..runs._frames import Frames
from ..runs._law import as_recorded
from ..runs._open import open_all
from ..runs._policy import policy_of_run, prices_for_later
from ..runs._report import write_results
from ._keys import outward_stories
from ._ledger import ledger_of, run_keys_of

if TYPE_CHECKING:
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger

__all__ = [
    "Replayed",
    "forget_groups",
    "list_runs",
    "newest_of",
    "open_ledger",
    "prices_of",
    "rebuild_report",
    "replay",
    "resolve_run",
]

Step = Callable[[str], None]


def _silent(_: str) -> None:
    """No progress."""


@contextmanager
def open_ledger(home: Home) -> Iterator[SqliteLedger | PostgresLedger]:
    """The home's ledger, for reading only, with the keys of its people."""
    with ledger_of(home, read_only=True) as store:
        yield store


def forget_groups(run_id: str, *, home: str | Path | None = None, at: datetime) -> tuple[str, bool]:
    """Destroy the key of a run with an aware limit, for good: what its decisions have sealed cannot be read any more.

    Args:
        run_id: the run, or ``last``.
        home: the home folder; see `find_home`.
        at: now; the ledger keeps it as the moment of the deletion.

    Returns:
        The run's id, and whether anything was still to be done.

    Raises:
        DataError: the run is unknown or has nothing sealed.
        StoreError: somebody else is writing, or the key cannot be destroyed.
        LedgerError: the ledger was altered.
    """
    place = find_home(home)
    with open_ledger(place) as store:
        name = resolve_run(store, run_id)
    with ledger_of(place) as store:
        return name, forget_groups_of(store, run_keys_of(place), name, at=at)


_FEW = 100
"""Runs that are looked at one by one, the last first, before all of them are."""


def list_runs(*, home: str | Path | None = None, last: int | None = None) -> list[dict[str, Any]]:
    """The runs in the ledger, oldest first, as plain values; where a few got an offer, or did not, it tells None.

    Args:
        home: the home folder; see `find_home`.
        last: so many of the last ones, and nothing of the others is read; None = all.
    """
    with open_ledger(find_home(home)) as store:
        listed = runs(store) if last is None else tuple(islice(latest_runs(store), last))[::-1]
        return [
            {
                "run_id": run.run_id,
                "at": run.at.isoformat(),
                "campaign": run.campaign,
                "decisions": run.decisions,
                "selected": shown_steps([run.decisions, run.selected])[1],
                "priced_by": run.priced_by,
                "state": _state(run.is_refit) if run.finished else f"interrupted, nothing recorded ({run.why})",
                "head": run.head,
            }
            for run in listed
        ]


def _state(is_refit: bool) -> str:
    return "recorded: a model that was fitted again, and nobody was decided about" if is_refit else "recorded"


def resolve_run(
    store: LedgerStore, run_id: str, *, whole: bool = False, prices: bool = False, campaign: str = ""
) -> str:
    """A run's id; ``last`` is the last that was finished: with `whole` over a whole table, with `campaign` of that one.
    One that only fitted a model again decided about nobody, and is the last with `prices` alone.

    Raises:
        DataError: nothing was recorded yet.
    """
    if run_id != "last":
        return run_id

    def may_be(run: RunSummary) -> bool:
        is_asked = run.finished and campaign in {"", run.campaign}
        return is_asked and not (whole and run.priced_by) and (prices or not run.is_refit)

    for run in islice(latest_runs(store), _FEW):
        if may_be(run):
            return run.run_id
    finished = [run for run in runs(store) if may_be(run)]
    if not finished:
        raise DataError(
            "ledger-no-run",
            f"The ledger has no finished run{f' of the campaign {campaign}' if campaign else ''}.",
            rule="only what was recorded can be told",
            remedy="record one: evenhand run CAMPAIGN",
        )
    return finished[-1].run_id


def newest_of(store: LedgerStore, run_id: str) -> str:
    """The run that decides in the place of another, since its model was fitted again; the same where none does."""
    for run in runs(store):
        if run.is_refit and open_run(store, run.run_id).report["refit"]["instead_of"] == run_id:
            run_id = run.run_id
    return run_id


_GONE_LESSON = (
    "What they said is gone, so the run cannot learn from it again: a model that differs, or a place that "
    "is free, follows from that. The recorded decisions are checked by: evenhand ledger verify"
)
_GONE_PEOPLE = "Decisions about them, if this run made any, were not compared. Check the ledger: evenhand ledger verify"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay showed.

    Attributes:
        run_id: the run.
        decisions: decisions recorded.
        identical: how many came out again with the same bytes.
        same: all did, and the model too; where people were erased since who had taught it, all decisions did.
        model_same: the model learned again from the data has the recorded digest.
        different: the first few decision numbers that differ, with the fields.
        unopened: decisions of which the sealed part was not compared, because the run's key is not there.
        learned: False for later people: their model and prices are those of the earlier run, as recorded.
        closed: decisions that were not compared, because the key of their person is not there.
        erased_since: people whose consent or correction in the home the run had read, and who were erased since. What
            they said is gone, so the run learns from less, and may find others' places free.
    """

    run_id: str
    decisions: int
    identical: int
    same: bool
    model_same: bool
    different: tuple[dict[str, Any], ...]
    unopened: int = 0
    learned: bool = True
    closed: int = 0
    erased_since: int = 0

    def sentence(self) -> str:
        """The result in words."""
        model = "the model came out with the same integers" if self.model_same else "the model came out different"
        if not self.learned:
            model = "with the model and the prices of the earlier run, as recorded"
        lines = [f"{self.run_id}: {self.identical:,} of {self.decisions:,} decisions identical to the bit; {model}"]
        if self.unopened:
            lines.append(f"  the sealed part of {self.unopened:,} was not compared: the run's key is not here")
        if self.closed:
            lines.append(
                f"  {self.closed:,} of these {'was' if self.closed == 1 else 'were'} not compared: "
                "the keys of their people are not here, or their time is over"
            )
        if self.erased_since:
            lines.append(
                f"  {number_of(self.erased_since, 'person', 'people')} {'was' if self.erased_since == 1 else 'were'} "
                "erased since whose consents or corrections this run had read. "
                + (_GONE_LESSON if self.learned else _GONE_PEOPLE)
            )
        lines += [f"  decision {d['number']}: differs in {', '.join(d['fields'])}" for d in self.different]
        return "\n".join(lines)


def replay(
    run_id: str = "last",
    *,
    home: str | Path | None = None,
    campaign_file: str | Path | None = None,
    frames: Frames | None = None,
    step: Step = _silent,
) -> Replayed:
    """Learn and decide a recorded run again from the same data, and compare every decision byte for byte.

    The campaign is the recorded one, not the file as it is now; the file only tells where the data stands.

    Args:
        run_id: the run, or ``last``.
        home: the home folder; see `find_home`.
        campaign_file: the campaign file, if it moved since.
        frames: the data frames that the run was given, if it was: ``eh.Frames(subjects=..., history=...)``.
        step: told what is being done.

    Raises:
        DataError: the run is unknown, or the data is not what it was.
    """
    if frames is not None and not isinstance(frames, Frames):
        raise UsageError(
            "replay-frames",
            "frames= is a data frame or something else, and not the set of frames that the run was given.",
            rule="a run can be given frames for subjects, history and consents",
            remedy="pass eh.Frames(subjects=..., history=..., consents=...), as it was run",
        )
    place = find_home(home)
    with open_ledger(place) as store:
        name = resolve_run(store, run_id)
        recorded = open_run(store, name)
        step("reading the data again")
        folder = Path(campaign_file).resolve().parent if campaign_file else data_folder(recorded, place)
        if recorded.summary.priced_by:
            return _replay_later(store, recorded, place, folder, frames or Frames())
        loaded = as_recorded(recorded)
        opened = open_all(
            loaded,
            folder=folder,
            place=place,
            at=recorded.summary.at,
            frames=frames or Frames(),
            acted=erasures_until(recorded),
            before=name,
            heard=int(recorded.report.get("told", 0)),
            taught=bool(recorded.report.get("taught", 0)),
        )
        if opened.digest != recorded.data_digest:
            raise _other_data()
        step("learning again")
        model = learn(recorded.campaign, lesson_of(recorded.campaign, opened.history, opened.allowed))
        step("deciding again")
        was = model_from_json(recorded.model_json)
        explained = propose(opened.asked, recorded.campaign, was, opened.stores)
        step("comparing")
        if recorded.summary.is_refit:
            return _replay_refit(recorded, explained, model.digest == was.digest)
        result = compare_with_record(store, name, explained, run_keys_of(place))
        gone = erased_since(place, int(recorded.report.get("told", 0)))
    same_model = model.digest == was.digest
    return Replayed(
        run_id=name,
        decisions=result.recorded,
        identical=result.same,
        same=result.ok and (same_model or gone > 0),
        model_same=same_model,
        different=tuple({"number": d.number, "fields": list(d.fields)} for d in result.differences),
        unopened=result.unopened,
        closed=result.closed,
        erased_since=gone,
    )


def _replay_later(store: LedgerStore, recorded: RunRecord, place: Home, folder: Path, frames: Frames) -> Replayed:
    """Decide the people of a run with given prices again. Model and prices are the recorded ones."""
    from ..runs._decide import decided_again

    explained, numbers, is_same_data = decided_again(store, recorded, place, folder, frames)
    if not is_same_data:
        raise _other_data()
    name = recorded.summary.run_id
    result = compare_with_record(store, name, explained, run_keys_of(place), numbers)
    return Replayed(
        run_id=name,
        decisions=result.recorded,
        identical=result.same,
        same=result.ok,
        model_same=True,
        different=tuple({"number": d.number, "fields": list(d.fields)} for d in result.differences),
        unopened=result.unopened,
        closed=result.closed,
        learned=False,
        erased_since=erased_since(place, int(recorded.report.get("told", 0))),
    )


def _replay_refit(recorded: RunRecord, explained: Explained, model_same: bool) -> Replayed:
    """A run that fitted a model again and decided about nobody: its model and prices came out again, or not."""
    again = prices_for_later(explained, recorded.campaign, recorded.campaign_digest, recorded.summary.run_id)
    same = model_same and again is not None and again.digest == recorded.summary.policy
    return Replayed(recorded.summary.run_id, 0, 0, same, model_same, ())


def acted_at(run_id: str) -> datetime:
    """When a run was really made; its id begins with it."""
    return datetime.strptime(run_id.split("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def erasures_until(recorded: RunRecord) -> datetime:
    """Up to which moment an erasure bound a run, to the microsecond; where it bound nobody, when the run was made."""
    noted = int(recorded.report.get("erased_by", 0))
    return moment_at(noted) if noted else acted_at(recorded.summary.run_id)


def _other_data() -> DataError:
    return DataError(
        "replay-other-data",
        "The data is not the data that this run was made from (its digest differs).",
        rule="G-15h: a replay needs the same inputs",
        remedy="put the tables back as they were (or pass the frames it was given as frames=); the ledger "
        "itself is checked by: evenhand ledger verify",
    )


def prices_of(recorded: RunRecord) -> dict[str, Any] | None:
    """The price table of a run; None for a run of several batches, each with its own."""
    return recorded.batches[0]["prices"] if len(recorded.batches) == 1 else None


def data_folder(recorded: RunRecord, place: Home) -> Path:
    """Folder that the campaign's tables are relative to, as recorded; a home beside its campaign may move with it."""
    noted = Path(str(recorded.report.get("data_folder", "")) or "..")
    return noted if noted.is_absolute() else (place.folder / noted).resolve()


def readable(store: LedgerStore, decisions: Sequence[str]) -> Iterator[DecisionFacts]:
    """These decisions, without those of people whose key is not there (any more)."""
    for decision in decisions:
        try:
            yield facts(store, decision)
        except DataError as error:
            if error.code != "ledger-closed":
                raise


def rebuild_report(run_id: str = "last", *, home: str | Path | None = None) -> Path:
    """Write a run's report again from the ledger alone, and put its list of decisions in place if that still waits.

    No key of a run is read for it: a report does not tell what is sealed.

    Returns:
        Path of the page.
    """
    place = find_home(home)
    with open_ledger(place) as store:
        name = resolve_run(store, run_id, whole=True)
        recorded = open_run(store, name)
        if recorded.summary.priced_by:
            raise DataError(
                "report-later-people",
                f"Run {name} decided about later people with the prices of an earlier run, and has no report.",
                rule="a report is about a whole table",
                remedy="ask about one of its decisions: evenhand why DECISION; or name the earlier run",
            )
        model = model_from_json(recorded.model_json)
        told = list(readable(store, [f"{name}.{row + 1}" for row in recorded.report["story_rows"]]))
    own = ("story_rows", "data_folder", "told", "taught", "erased_by", "vault")
    report = {key: value for key, value in recorded.report.items() if key not in own}
    report["stories"] = stories_of(told, recorded.campaign, model, prices_of(recorded), recorded.rulebook)
    outward_stories(place, report)
    report["run"]["head"] = recorded.summary.head
    prices = policy_of_run(recorded) if recorded.summary.policy else None
    return write_results(place, name, report, prices) / "report.html"
