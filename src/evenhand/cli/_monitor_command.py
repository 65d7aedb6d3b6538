"""The commands that watch: monitor, and monitor resume."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ._monitor_lines import monitor_lines
from ._options import CampaignFile, HomeFolder, Json, Language, NoColour, Quiet, moment
from ._speak import Speaker, guarded

__all__ = ["register"]


class Watching(StrEnum):
    """What is watched."""

    selection = "selection"
    delivery = "delivery"
    outcome = "outcome"


class _CampaignFirst(TyperGroup):
    """``monitor CAMPAIGN`` is ``monitor look CAMPAIGN``."""

    left_out = "look"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command that is left out before its arguments."""
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = [self.left_out, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        cls=_CampaignFirst,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Watch the differences between groups in what was recorded; pause a campaign, or resume it.",
        epilog="monitor CAMPAIGN is short for: monitor look CAMPAIGN.",
    )
    for name, command, examples in (("look", look, _LOOK), ("pause", pause, _PAUSE), ("resume", resume, _RESUME)):
        group.command(name, epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(group, name="monitor")


def look(
    campaign: CampaignFile,
    kind: Annotated[
        Watching | None, typer.Option("--kind", help="Watch this instead of what the campaign's clauses say.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="CSV or Parquet with decision, and delivered or outcome (1 or 0).")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Difference that is tolerated. [default: 0.02]")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option("--alpha", help="Chance of ever a false alarm. [default: 0.05]")
    ] = None,
    follow: Annotated[
        float | None, typer.Option("--follow", min=0.1, help="Look again every so many seconds, until interrupted.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write it as a page: HTML file to write.")] = None,
    prometheus: Annotated[
        Path | None, typer.Option("--prometheus", help="Also write the figures for Prometheus: text file to write.")
    ] = None,
    home: HomeFolder = None,
    lang: Annotated[
        Language, typer.Option("--lang", "--language", envvar="EVENHAND_LANG", help="Language of texts for people.")
    ] = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Look at the differences between groups in what was recorded; exit 1 where one is skewed now.

    What the campaign's monitor clauses ask for is done and recorded; with --kind, --events, --tolerance or --alpha
    the look is a question of its own, and nothing follows from it.
    """
    from evenhand import assembly
    from evenhand.disparity import MonitorRule
    from evenhand.terms import DataError, StoreError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    default = MonitorRule()
    rule = MonitorRule(
        tolerance=default.tolerance if tolerance is None else tolerance,
        alpha=default.alpha if alpha is None else alpha,
    )
    skewed = has_looked = False
    read: dict[str, Any] = {}
    try:
        while True:
            try:
                found = assembly.monitor(
                    campaign,
                    home=home,
                    at=moment(None),
                    kind=kind.value if kind else None,
                    events=events,
                    rule=None if tolerance is None and alpha is None else rule,
                    lang=lang.value,
                    read=read,
                )
                skewed = found.skewed
                if not found.trouble:  # figures and pages say how everything stands, or stay as they are
                    _write(found.to_dict(), html, prometheus, lang.value)
                if not (found.trouble and json_out):  # an error is the one document
                    _tell(voice, found, lang.value)
                if found.trouble:
                    raise found.trouble[0]
                has_looked = True
            except (DataError, StoreError) as error:  # such as a table that is just being written
                if follow is None or not (has_looked or error.code == "store-busy"):
                    raise
                typer.echo(f"error {error.code}: {error.what} Looking again in {follow:g} s.", err=True)
            if follow is None:
                break
            time.sleep(follow)
    except KeyboardInterrupt:
        if follow is None:
            raise
        voice.talk("Stopped. What was counted is kept.")
    if skewed:
        raise typer.Exit(1)


def _write(found: dict[str, Any], html: Path | None, prometheus: Path | None, lang: str) -> None:
    """The page and the figures, each whole or not at all."""
    from evenhand.adapters.stores.home import write_atomically
    from evenhand.reports import monitor_metrics, monitor_page

    if html is not None:
        write_atomically(html, monitor_page(found, lang=lang))
    if prometheus is not None:
        write_atomically(prometheus, monitor_metrics(found))


def _tell(voice: Speaker, found: Any, lang: str) -> None:
    if voice.json_out:
        voice.document(found.to_dict())
        return
    for line in monitor_lines(found.to_dict(), lang):
        voice.data(line)
    if found.page is not None:
        voice.talk(f"Page: {found.page}", bold=True)


_Campaign = Annotated[
    str,
    typer.Argument(metavar="CAMPAIGN", help="The campaign file (YAML), or the id of a campaign that runs in the home."),
]
_By = Annotated[str, typer.Option("--by", help="The person who answers for it; the name stays in the ledger.")]


class Standing(StrEnum):
    """The role in which somebody at this terminal stops a campaign, or lets it go on."""

    operator = "operator"
    marketer = "marketer"
    data_scientist = "data-scientist"
    privacy_officer = "privacy-officer"


_Role = Annotated[
    Standing,
    typer.Option("--role", help="In which role; a pause is ended by its own role or a privacy officer."),
]


def pause(
    campaign: _Campaign,
    by: _By = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it shall stop; it stays in the ledger.")] = "",
    role: _Role = Standing.operator,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Pause a campaign: nobody is decided about in it, by any command or service, until it is resumed."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.pause_campaign(campaign, by=by, reason=reason, home=home, at=moment(None), role=role.value)
    _stands(voice, done, "paused", "Nobody is decided about in it from here on, in any process of this home.")


def resume(
    campaign: _Campaign,
    by: _By = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on; it stays in the ledger.")] = "",
    role: _Role = Standing.operator,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Resume a campaign that an alarm or a person paused; its monitors then count from here."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.resume_campaign(campaign, by=by, reason=reason, home=home, at=moment(None), roles=[role.value])
    _stands(
        voice, done, "resumed", "Runs can start again. The monitors count decisions that are recorded from here on."
    )


def _stands(voice: Speaker, done: Any, what: str, then: str) -> None:
    if voice.json_out:
        voice.document(done.to_dict())
        return
    voice.data(f"{what}: ledger entry {done.seq}, by {done.told['by']}")
    voice.talk(then)


_LOOK = (
    "evenhand monitor campaign.yaml --follow 30 --html monitor.html",
    "evenhand monitor campaign.yaml --kind outcome --events outcomes.csv --json",
)
_PAUSE = (
    'evenhand monitor pause campaign.yaml --by "Noor de Wit" --reason "complaints about the text"',
    'evenhand monitor pause spring-mail --home evenhand-home --by "Noor de Wit" --reason "complaints"',
    'evenhand monitor pause campaign.yaml --by "Noor de Wit" --reason "wrong price" --json',
)
_RESUME = (
    'evenhand monitor resume campaign.yaml --by "Noor de Wit" --reason "the table was wrong, ticket 17"',
    'evenhand monitor resume campaign.yaml --by "Noor de Wit" --reason "checked" --json',
)
