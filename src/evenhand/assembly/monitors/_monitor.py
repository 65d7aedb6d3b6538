"""Watch recorded decisions, deliveries and outcomes: what is new is taken behind the wall, figures come out, and what
the campaign's clause asks for follows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home, json_bytes, write_atomically
from evenhand.disparity import MonitorRule
from evenhand.ledger import Happened, campaign_state
from evenhand.policy import Campaign, MonitorClause, Table
from evenhand.reports import monitor_page
from evenhand.terms import DataError, EvenhandError, Role, UsageError

from ..records._ledger import monitor_states_of
from ..records._records import open_ledger
from ..runs._frames import Frames
from ..runs._open_groups import open_groups
from ..runs._run import located
from ._monitor_alarms import record_alarms
from ._monitor_events import Followed, RunRead, decided_about, events_of
from ._monitor_look import Look, take_look
from ._monitored import Monitored, Watched

__all__ = ["last_look", "monitor"]

Kind = Literal["selection", "delivery", "outcome"]


def monitor(
    campaign_file: Path | LoadedCampaign,
    *,
    home: Path | None = None,
    at: datetime,
    kind: Kind | None = None,
    events: Path | None = None,
    rule: MonitorRule | None = None,
    frames: Frames | None = None,
    lang: str = "en",
    read: dict[str, RunRead] | None = None,
) -> Monitored:
    """Take what is new of a campaign's recorded decisions, say how things stand, and do what its clauses ask for.

    Without `kind`, `events` and `rule` the campaign's ``monitor`` clauses are followed, selections where it has none.
    With any of them the look is a question of its own: nothing follows from it and nothing is recorded. The state is
    kept in the home, sealed: it tells as much as the groups themselves.

    Args:
        campaign_file: the campaign, or its file; its subjects table tells the groups, as they are now.
        home: the home folder with the ledger; see `find_home`.
        at: now.
        kind: ``selection`` (offered, among everybody decided about with personal data), ``delivery`` (delivered,
            among the same) or ``outcome`` (responded, among those in the events).
        events: for the latter two a CSV or Parquet file with the columns ``decision`` (a decision's id) and
            ``delivered`` or ``outcome`` (1 or 0).
        rule: tolerance and alpha.
        frames: data frames to use instead of the campaign's tables.
        lang: ``nl`` or ``en``, for the page in the home.
        read: recorded runs that an earlier look has read, since a run never changes; one dict for all looks.

    Raises:
        UsageError: a file is needed and none is named.
        DataError: a table is not what it must be, or a reference group does not occur. Where that is so for some
            clauses only, it stands in `trouble` beside what the others say, and no page is written.
        StoreError: there is no ledger, it is being written, or the state or the page cannot be written.
    """
    loaded, folder, place = located(campaign_file, home, at)
    campaign = loaded.campaign
    if campaign.offers_each > 1:
        raise UsageError(
            "monitor-several-offers",
            f"A person may get {campaign.offers_each} offers here, and a monitor watches one choice per person.",
            rule="EH-POL-083: events of one person are not independent of each other",
            remedy="look at the groups in the report of each run, or set limits: contacts: offers_each: 1",
        )
    follows = kind is None and events is None and rule is None and bool(campaign.monitor)
    clauses = campaign.monitor if follows else (_question(campaign, kind or "selection", events, rule),)
    people = open_groups(loaded, folder=folder, place=place, at=at, frames=frames or Frames())
    with open_ledger(place) as store:
        state = campaign_state(store, campaign.campaign)
        since = state.since if follows else 0
        decided = decided_about(store, campaign, since, {} if read is None else read)
    states = monitor_states_of(place)
    beside = events.resolve().parent if events else folder
    looks, trouble = [], []
    for clause in clauses:
        followed = None if clause.events is None else Followed(clause.events, beside)
        name = f"{campaign.campaign}{'@' if follows else '.'}{clause.id}"
        try:
            stream = events_of(clause, decided, followed)
            looks.append(take_look(campaign, people, clause, stream, name, states.read(name), since))
        except EvenhandError as error:
            trouble.append(error)
    # Alarms come first: neither a full disk nor trouble with one clause is a reason to let a campaign go on.
    recorded: tuple[Happened, ...] = ()
    if follows:
        recorded, state = record_alarms(place, campaign, looks, decided, state, at)
    for look in looks:
        states.keep(look.name, look.state(since))
    if trouble and not looks:
        raise trouble[0]
    page = place.folder / "monitor" / f"{campaign.campaign}.html" if follows and not trouble else None
    told = Monitored(
        campaign=campaign.campaign,
        at=at.isoformat(),
        streams=tuple(_watched(look, follows) for look in looks),
        paused=next((one.to_dict() for one in state.history if one.seq == state.paused), None),
        recorded=tuple(one.to_dict() for one in recorded),
        history=tuple(one.to_dict() for one in state.history),
        page=page,
        trouble=tuple(trouble),
    )
    if page is not None:
        write_atomically(page, monitor_page(told.to_dict(), lang=lang), private=True)
        write_atomically(last_look(place, campaign.campaign), json_bytes(told.to_dict()), private=True)
    return told


def last_look(place: Home, campaign: str) -> Path:
    """Where the values of the last look that followed a campaign's clauses are."""
    return place.folder / "monitor" / f"{campaign}.last.json"


def _question(campaign: Campaign, kind: Kind, events: Path | None, rule: MonitorRule | None) -> MonitorClause:
    """A look that no clause asked for, as a clause."""
    if (kind == "selection") != (events is None):
        raise UsageError(
            "monitor-events-file",
            f"Watching {kind} {'needs no file of events' if kind == 'selection' else 'needs a file of events'}.",
            rule="selections stand in the ledger; deliveries and outcomes stand in a file",
            remedy="name --events FILE with --kind delivery or outcome, and none with selection",
        )
    groups = campaign.names(Role.SENSITIVE)
    if not groups:
        raise DataError(
            "monitor-no-groups",
            "The campaign has no sensitive column, so there are no groups to compare.",
            rule="a monitor compares groups of confirmed sensitive columns",
            remedy="give a column the role sensitive",
        )
    asked = rule or MonitorRule()
    table = None if events is None else Table(file=events.name)
    return MonitorClause(id=kind, watch=kind, groups=groups, events=table, tolerance=asked.tolerance, alpha=asked.alpha)


def _watched(look: Look, follows: bool) -> Watched:
    clause, caught, watch = look.clause, look.caught, look.caught.watch
    compared = {one.features for one in watch.compared}
    return Watched(
        watch=clause.id if follows else "",
        kind=clause.watch,
        on_alarm=clause.on_alarm if follows else "",
        tolerance=clause.tolerance,
        alpha=clause.alpha,
        events=watch.taken,
        new=caught.new,
        corrected_from=caught.corrected_from,
        unmatched=look.stream.unmatched,
        not_compared=tuple(features for features in clause.sets if features not in compared),
        comparisons=tuple(look.told(one) for one in watch.compared),
    )
