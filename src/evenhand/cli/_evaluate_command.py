"""The command that weighs what came of decisions by lot: evaluate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import CampaignFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(epilog="Example: evenhand evaluate campaign.yaml --events responses.csv")(guarded(evaluate))


def evaluate(
    campaign: CampaignFile,
    events: Annotated[
        Path, typer.Option("--events", help="CSV or Parquet with decision and outcome (1 or 0), offered or not.")
    ],
    run_id: Annotated[str, typer.Option("--run", metavar="RUN", help="The run whose lots are looked at.")] = "last",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Say what the model's own choice would have brought, beside the lot, from the people decided about by lot."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.evaluate(campaign, events, run_id=run_id, home=home, at=moment(None))
    if json_out:
        voice.document(found.to_dict())
        return
    for line in _lines(found):
        voice.data(line)


_NAMES = {
    "model": "the model's choice",
    "as-many": "as many offers, by lot",
    "lot": "the lot",
    "nothing": "nothing for anybody",
}


def _lines(found: Any) -> Iterator[str]:
    told = found.to_dict()
    looked = told["drawn"] if told["looked_at"] is None else told["looked_at"]
    about = "about " if told["looked_at"] is None else ""
    people = counted(looked, "person", "people")
    yield f"run {found.run_id}: {about}{people} decided about by lot; {_told(told['listed'])} are in the file,"
    yield "of the others it is taken that they did not respond"
    if found.left_out:
        yield f"not looked at: {_told(told['left_out'])} whose data may not be used for this purpose now"
    if found.unmatched:
        yield f"rows of the file about no decision by lot of this run: {found.unmatched:,}"
    yield ""
    yield f"{'responses per 100 people':<30} {'estimate':>9}  {'95 % interval':>17}  {'holds at any size':>18}"
    for one in found.policies:
        yield _row(one, "response", 100.0)
    yield ""
    yield f"{f'{found.currency} per 100 people':<30} {'estimate':>9}  {'95 % interval':>17}  {'holds at any size':>18}"
    for one in found.policies:
        yield _row(one, "money", 100.0)
    yield ""
    own, lot = found.policies[0], next(one for one in found.policies if one["policy"] == "lot")
    yield (
        f"At the prices of the run the model has an offer for {own['offered']:.0%} of these people; "
        f"the lot has one for {lot['offered']:.0%}."
    )
    yield _beats(own["response"]["gain_over_as_many"], "as many offers by lot")
    yield _beats(own["response"]["gain_over_lot"], "the lot")
    for finding in found.findings:
        yield f"{finding.id}: {finding.what} To do: {finding.remedy}."


def _told(people: int | None) -> str:
    return "a number of people that is not shown" if people is None else counted(people, "person", "people")


def _beats(gain: dict[str, float], other: str) -> str:
    lower, upper = 100.0 * gain["lower"], 100.0 * gain["upper"]
    if lower > 0.0:
        return f"The model's choice brings {lower:.2f} to {upper:.2f} responses per 100 people more than {other}."
    if upper < 0.0:
        return f"The model's choice brings {-upper:.2f} to {-lower:.2f} responses per 100 people less than {other}."
    return f"Not shown that the model beats {other}: {lower:.2f} to {upper:.2f} responses per 100 people more."


def _row(one: dict[str, Any], what: str, scale: float) -> str:
    name = _NAMES.get(one["policy"]) or f"{one['offer']} for everybody"
    figures = one[what]
    estimate = figures["doubly_robust"] or figures["estimate"]
    low, high = figures["guaranteed"]
    ends = f"{scale * low:.2f} to {scale * high:.2f}"
    if estimate is None:
        return f"{name:<30.30} {'-':>9}  {'-':>17}  {ends:>18}"
    own = f"{scale * estimate['lower']:.2f} to {scale * estimate['upper']:.2f}"
    return f"{name:<30.30} {scale * estimate['value']:>9.2f}  {own:>17}  {ends:>18}"
