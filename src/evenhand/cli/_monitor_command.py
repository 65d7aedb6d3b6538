"""The command that watches: monitor."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import CampaignFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, guarded

__all__ = ["register"]


class Watching(StrEnum):
    """What is watched."""

    selection = "selection"
    delivery = "delivery"
    outcome = "outcome"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(epilog="Examples: " + " | ".join(_EXAMPLES))(guarded(monitor))


def monitor(
    campaign: CampaignFile,
    kind: Annotated[Watching, typer.Option("--kind", help="What is watched.")] = Watching.selection,
    events: Annotated[
        Path | None, typer.Option("--events", help="CSV or Parquet with decision, and delivered or outcome (1 or 0).")
    ] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Difference that is tolerated.")] = 0.02,
    alpha: Annotated[float, typer.Option("--alpha", help="Chance of ever a false alarm.")] = 0.05,
    follow: Annotated[
        float | None, typer.Option("--follow", min=1, help="Look again every so many seconds, until interrupted.")
    ] = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Watch the difference between groups in what was recorded; exit 1 where one is skewed now."""
    from evenhand import assembly
    from evenhand.disparity import MonitorRule

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    rule = MonitorRule(tolerance=tolerance, alpha=alpha)
    while True:
        watched = assembly.monitor(campaign, home=home, at=moment(None), kind=kind.value, events=events, rule=rule)
        if json_out:
            voice.document(watched.to_dict())
        else:
            for line in _lines(watched):
                voice.data(line)
        if follow is None:
            break
        time.sleep(follow)
    if watched.skewed:
        raise typer.Exit(1)


def _lines(watched: Any) -> list[str]:
    corrected = (
        "" if watched.corrected_from < 0 else f"; corrected, counted again from event {watched.corrected_from:,}"
    )
    unknown = f"; {watched.unmatched:,} rows of no recorded decision" if watched.unmatched else ""
    lines = [f"{watched.campaign}, {watched.kind}: {watched.events:,} events, {watched.new:,} new{corrected}{unknown}"]
    for one in watched.comparisons:
        name = f"{' & '.join(one['features'])} {' & '.join(one['group'])}" + (
            f", offer {one['offer']}" if one["offer"] else ""
        )
        figures = one["figures"]
        said = "too few people to show figures"
        if figures is not None:
            said = (
                f"{figures['rate']['group']:.1%} against {figures['rate']['others']:.1%}, gap "
                f"{100 * figures['lower']:+.1f} to {100 * figures['upper']:+.1f} points, "
                f"evidence {figures['evidence']:.3g}"
            )
        lines.append(f"  {name}: {one['words']}; {said}")
    return lines


_EXAMPLES = (
    "evenhand monitor campaign.yaml --follow 30",
    "evenhand monitor campaign.yaml --kind outcome --events outcomes.csv --json",
)
