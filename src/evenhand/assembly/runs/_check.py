"""Check a campaign: its policy and its data, and nothing decided or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home
from evenhand.campaigns import Lesson, draw_findings, learn, lesson_of
from evenhand.features import minimise
from evenhand.permission import permit
from evenhand.policy import Campaign
from evenhand.terms import DataError, Finding, PolicyError, Severity

from ._audit import campaign_audit
from ._frames import Frames
from ._intake import minors, mixed_groups, odd_features, personal_features, personal_texts
from ._lost_noes import noes_of_others
from ._open import Opened, open_all
from ._run import located
from ._told_before import findings_of

__all__ = ["Checked", "check"]

Step = Callable[[str], None]
_ABOUT = {
    "history-no-control": ("history", "control"),
    "history-not-randomised": ("history", "randomised"),
    "history-other-offers": ("history", "offer"),
    "history-train-before": ("history", "train_before"),
    "consents-no-lost": ("consents",),
    "consents-no-later": ("consents",),
}
"""Fields of the campaign file that errors of the data are about."""


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        findings: about the campaign file and about the data, heaviest first.
        audit: the data audit as plain values; {} where the file was too broken to look at data.
        broken: the campaign file cannot run at all.
    """

    findings: tuple[Finding, ...]
    audit: dict[str, Any]
    broken: bool


def check(
    campaign: Path | LoadedCampaign,
    *,
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> Checked:
    """Audit a campaign's policy and data; decides nothing and writes nothing.

    A campaign file or a table that cannot be used gives its findings, not an error.

    Raises:
        UsageError: there is no such file.
        StoreError: a database cannot be reached.
    """
    step("reading the campaign")
    try:
        loaded, folder, place = located(campaign, home, at)
    except PolicyError as error:
        return Checked(error.findings, {}, broken=True)
    try:
        audit, about_data = _look_at_data(loaded, folder, place, at, frames or Frames(), step)
    except DataError as error:
        finding = Finding(f"EH-{error.code.upper()}", Severity.ERROR, error.what, error.rule, error.remedy)
        return Checked((loaded.place(finding, _field(error, loaded)), *loaded.findings), {}, broken=True)
    findings = sorted(
        [*loaded.findings, *personal_texts(loaded), *about_data], key=lambda finding: -finding.severity.rank
    )
    return Checked(tuple(findings), dict(audit), broken=False)


def _field(error: DataError, loaded: LoadedCampaign) -> tuple[str, ...]:
    """The field of the campaign file that an error of the data is about; () where nobody can tell."""
    if error.code in _ABOUT:
        return _ABOUT[error.code]
    column = _named_in(error, loaded.campaign)
    return ("columns", column) if column else ()


def _named_in(error: DataError, campaign: Campaign) -> str:
    """The first declared column that an error names; "" where it names none."""
    return next((name for name in campaign.columns if repr(name) in error.what), "")


def _look_at_data(
    loaded: LoadedCampaign, folder: Path, place: Home, at: datetime, frames: Frames, step: Step
) -> tuple[Mapping[str, Any], list[Finding]]:
    """The data audit of a check as plain values, and what it found with its place in the campaign file. Where few rows
    differ from those of the last run, it is that run's."""
    step("reading the data")
    opened = open_all(loaded, folder=folder, place=place, at=at, frames=frames)
    step("auditing the data")
    lesson = lesson_of(loaded.campaign, opened.history, opened.allowed)
    fresh = campaign_audit(opened, lesson, thorough=True)
    about, audit = fresh.findings, fresh.to_dict()
    told = opened.before.audit_for(audit)
    if told is not audit:
        about, audit = findings_of(told), dict(told)
    mixed = [mixed_groups(name, found) for name, found in opened.mixed.items()]
    found = (*personal_features(opened), *minors(opened), *odd_features(opened), *mixed, *about)
    draw = [loaded.place(finding, ("history", "randomised")) for finding in draw_findings(loaded.campaign, lesson)]
    values = () if any(finding.severity is Severity.ERROR for finding in found) else _unusable(opened, lesson)
    others = [loaded.place(one, ("consents",)) for one in noes_of_others(opened.noes_of_others)]
    return audit, [*draw, *(_place(loaded, finding) for finding in (*values, *found)), *others]


def _unusable(opened: Opened, lesson: Lesson) -> tuple[Finding, ...]:
    """What keeps a run from learning or from reading the people's values, as a run would meet it."""
    campaign = opened.campaign
    try:
        model = learn(campaign, lesson)
        permitted = permit(opened.asked, campaign, opened.stores.consents, opened.stores.law)
        minimise(permitted, model, opened.stores.columns, campaign.conditions, campaign.costs)
    except DataError as error:
        told = (f"EH-{error.code.upper()}", Severity.ERROR, error.what, error.rule, error.remedy)
        return (Finding(*told, subject_matter=_named_in(error, campaign)),)
    return ()


def _place(loaded: LoadedCampaign, finding: Finding) -> Finding:
    """The finding with the line of the column that it is about, where the campaign file has one."""
    column = finding.subject_matter
    return loaded.place(finding, ("columns", column) if column in loaded.campaign.columns else ("columns",))
