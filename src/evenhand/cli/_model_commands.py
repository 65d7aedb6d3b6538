"""Commands about models that owe something to people who were erased."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, guarded

__all__ = ["register", "tell_due"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(no_args_is_help=True, help="Models in force, and the people who taught them.")

    @group.callback()
    def _model() -> None:
        """Models in force, and the people who taught them."""

    for command, examples in _COMMANDS:
        group.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(group, name="model")


def due(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """List the models that are to be fitted again without somebody who was erased; exit 1 where one is overdue."""
    from evenhand import assembly

    voice, now = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None), moment(None)
    found = assembly.due_models(home=home)
    if json_out:
        voice.document({"models": [{**one.to_dict(), "overdue": one.is_overdue(now)} for one in found]})
    for one in () if json_out else found:
        tell_due(voice, one, now)
    if not found and not json_out:
        voice.data("no model that decides about later people was fitted on anybody who was erased since")
    if any(one.is_overdue(now) for one in found):
        raise typer.Exit(1)


def refit(
    campaign: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Id of the only campaign to look at; else all are.")
    ] = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Fit every model again that owes it to people who were erased; nobody is decided about."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        done = assembly.refit_models(campaign, home=home, at=moment(None), step=step)
    if json_out:
        voice.document({"refitted": [one.to_dict() for one in done]})
        return
    for one in done:
        voice.data(f"{one.campaign}: run {one.run_id} takes the place of {one.instead_of}")
        voice.data(f"  left out: {_people(one.change.left_out)} who were erased")
        voice.data(
            f"  decisions that would be others: {_people(one.change.decisions)} of {_people(one.change.compared)}"
        )
        voice.data(f"  largest change of a probability, in percentage points: at most {one.change.points:g}")
        voice.data(f"  report: {one.report}")
    if done:
        voice.talk("A service that runs takes the new model within a few seconds.")
    else:
        voice.data("nothing to fit again: no model in force was fitted on anybody who was erased since")


def tell_due(voice: Speaker, one: Any, now: datetime) -> None:
    """Say of a model that it is due, and until when."""
    until = one.until.date().isoformat()
    late = f"its time was up on {until}: nobody is decided about with it" if one.is_overdue(now) else f"by {until}"
    unknown = "" if one.is_known else ", as far as can be told"
    voice.data(f"{one.campaign}: the model of run {one.run} was fitted on people erased since{unknown}; {late}")


def _people(count: int | None) -> str:
    return "fewer than 10 people" if count is None else f"about {count:,} people"


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (due, ("evenhand model due", "evenhand model due --home /srv/evenhand --json")),
    (refit, ("evenhand model refit", "evenhand model refit spring-campaign --home /srv/evenhand")),
)
