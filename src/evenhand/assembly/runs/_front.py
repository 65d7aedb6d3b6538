"""What Python users call: any data frame in, the same kind out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.data.frames import frame_like, frame_of
from evenhand.adapters.declared.campaign_files import LoadedCampaign, campaign_from_mapping
from evenhand.adapters.declared.campaign_files import load_campaign as load_file
from evenhand.adapters.declared.draft import Draft, draft_campaign
from evenhand.adapters.stores.home import write_atomically
from evenhand.explanation import Explanation
from evenhand.policy import Campaign
from evenhand.terms import UsageError

from ..records._why import why
from . import _run
from ._decide import Decided, decide_people
from ._frames import Frames

__all__ = ["Decisions", "decide", "demo", "draft", "load_campaign", "plan", "run"]

DEMO_SEED = 2017


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided, for Python.

    Attributes:
        decisions: one row per person: own id, decision id, offer or none, standing, reasons; the same kind of frame
            as the subjects that came in (Polars where they were read from a file).
        summary: funnel, limits and value, as plain values.
        report: everything that the report shows.
        run_id: the run; "" for a plan.
        home: the home folder with the ledger; None for a plan.
        folder: of the report and the list of decisions; None for a plan.
        head: the ledger's head (hex); "" for a plan.
        said_no: list of those who said no while it was recorded, to leave them out of the send; None where nobody did.
    """

    decisions: Any = field(repr=False)
    summary: dict[str, Any]
    report: dict[str, Any] = field(repr=False)
    run_id: str = ""
    home: Path | None = None
    folder: Path | None = None
    head: str = ""
    said_no: Path | None = None

    def why(self, who: str, lang: str = "en") -> Explanation:
        """Explain the decision about a subject (its own id) or a decision id; for recorded runs."""
        if self.home is None:
            raise UsageError(
                "plan-not-recorded",
                "A plan is not recorded, so it cannot be asked about.",
                rule="only what was recorded can be told",
                remedy="record it: evenhand.run(...)",
            )
        return why(who, home=self.home, lang=lang)

    def to_dict(self) -> dict[str, Any]:
        """Everything that the report shows, as plain values."""
        return self.report

    def to_html(self) -> str:
        """The report as one self-contained page."""
        from evenhand.reports import render

        return render(self.report)

    def _repr_html_(self) -> str:
        from html import escape

        return f'<iframe srcdoc="{escape(self.to_html())}" width="100%" height="700" title="evenhand"></iframe>'


def load_campaign(source: str | Path | dict[str, Any], *, at: datetime | None = None) -> LoadedCampaign:
    """Read a campaign file, or a dict with the same keys.

    Args:
        source: path of the file, or the dict.
        at: the moment as of which expiry dates are judged; now by default.

    Raises:
        UsageError: there is no such file.
        PolicyError: it cannot run; the error carries every finding.
    """
    moment = _aware(at)
    if isinstance(source, dict):
        return campaign_from_mapping(source, at=moment)
    return load_file(source, at=moment)


def plan(
    campaign: LoadedCampaign | str | Path,
    *,
    subjects: Any = None,
    history: Any = None,
    consents: Any = None,
    at: datetime | None = None,
    home: str | Path | None = None,
) -> Decisions:
    """Show what would be decided and which limits bind; writes nothing.

    Args:
        campaign: from `load_campaign`, or the path of a campaign file.
        subjects, history, consents: data frames to use instead of the tables that the campaign names.
        at: moment of the decision; now by default.
        home: home folder, whose key breaks ties as a run there would; found beside the campaign file by default.

    Raises:
        EvenhandError: as `run`.
    """
    frames = Frames(subjects, history, consents)
    planned = _run.plan_campaign(_campaign(campaign, at), home=_path(home), at=_aware(at), frames=frames)
    return Decisions(_frame(subjects, planned.columns), planned.summary, planned.report)


def run(
    campaign: LoadedCampaign | str | Path,
    *,
    subjects: Any = None,
    history: Any = None,
    consents: Any = None,
    at: datetime | None = None,
    home: str | Path | None = None,
) -> Decisions:
    """Decide and record: every decision stands in the ledger when this returns, or none does.

    Args:
        campaign: from `load_campaign`, or the path of a campaign file.
        subjects, history, consents: data frames to use instead of the tables that the campaign names.
        at: moment of the decision; now by default.
        home: home folder for ledger and report; beside the campaign file by default.

    Raises:
        PolicyError: the campaign cannot run.
        DataError: a table is not what the campaign says, or a limit cannot be kept.
        PausedError: an alarm of the monitor paused the campaign, and nobody resumed it.
        StoreError: the ledger or the results cannot be written.
        LedgerError: the ledger was altered, or a decision would break a promise.
    """
    frames = Frames(subjects, history, consents)
    ran = _run.run_campaign(_campaign(campaign, at), home=_path(home), at=_aware(at), frames=frames)
    frame, no = _frame(subjects, ran.columns), ran.said_no.file
    return Decisions(frame, ran.summary, ran.report, ran.run_id, ran.home, ran.folder, ran.head, no)


def decide(
    campaign: LoadedCampaign | str | Path,
    who: Sequence[str],
    *,
    prices: str = "last",
    subjects: Any = None,
    consents: Any = None,
    at: datetime | None = None,
    home: str | Path | None = None,
) -> Decided:
    """Decide about later people with the prices of an earlier run, and record it; see `decide_people`.

    Args:
        campaign: the campaign that the run was made for.
        who: ids as they stand in the subjects table, in the order in which they came.
        prices: the run; ``last`` = the last one that found its own prices.
        subjects, consents: data frames to use instead of the tables that the campaign names.
        at: moment of the decision; now by default.
        home: home folder of the run.

    Raises:
        EvenhandError: as `decide_people`.
    """
    frames = Frames(subjects, None, consents)
    return decide_people(_campaign(campaign, at), who, run=prices, home=_path(home), at=_aware(at), frames=frames)


def draft(data: str | Path | Any, *, out: Path | None = None, outcome: str | None = None) -> Draft:
    """Look at any table and draft a campaign file; nothing in it is used until a person confirms it.

    Args:
        data: CSV or Parquet file, ``sqlite:///FILE#TABLE``, or a data frame.
        out: where to write the draft; None = do not write it.
        outcome: the column to predict, if it is known.

    Raises:
        DataError: it is not a table.
        StoreError: the draft cannot be written.
    """
    drafted = draft_campaign(data, out=out, outcome=outcome)
    if out is not None:
        write_atomically(out, drafted.text)
    return drafted


def demo(folder: str | Path = "evenhand-demo", *, step: _run.Step = lambda _: None) -> _run.Ran:
    """Run a real campaign on the Complete Journey grocery data (extra ``demo``); see
    `adapters.demonstration.complete_journey`.

    Args:
        folder: where the campaign folder is made.
        step: told what is being done.

    Raises:
        DataError: the data package is not installed.
        StoreError: the folder cannot be written.
    """
    from evenhand.adapters.demonstration.complete_journey import DECISION_DAY, prepare

    at = datetime(DECISION_DAY.year, DECISION_DAY.month, DECISION_DAY.day, tzinfo=UTC)
    step("preparing the grocery data")
    prepared = prepare(Path(folder), seed=DEMO_SEED, at=at)
    return _run.run_campaign(prepared.campaign_file, at=at, step=step)


def _campaign(campaign: LoadedCampaign | str | Path, at: datetime | None) -> LoadedCampaign | Path:
    if isinstance(campaign, Campaign):
        raise UsageError(
            "campaign-not-loaded",
            "A bare Campaign was given.",
            rule="a campaign is run with the digest and the findings of its file",
            remedy="use evenhand.load_campaign(PATH or dict)",
        )
    return campaign if isinstance(campaign, LoadedCampaign) else load_campaign(campaign, at=at)


def _aware(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _frame(subjects: Any, columns: dict[str, list[Any]]) -> Any:
    return frame_of(columns) if subjects is None else frame_like(subjects, columns)
