"""Commands about later people: policy, decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ._options import At, CampaignFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, guarded, program, quoted

__all__ = ["register"]

_MICRO = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))


def policy(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id, or 'last': the last that found its own prices.")
    ] = "last",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show the prices of a run, with which later people can be decided; checked against the ledger."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    prices = assembly.prices_of(run_id, home=home)
    if json_out:
        voice.document(prices.to_dict())
        return
    for line in _lines(prices, assembly.currency_of(run_id, home=home)):
        voice.data(line)
    why_not = assembly.why_not_later(run_id, home=home)
    if why_not:
        voice.data(f"not for later people: {why_not}")


def _lines(prices: Any, currency: str) -> Iterator[str]:
    yield f"prices of run {prices.run}"
    yield f"digest    {prices.digest}"
    yield f"campaign  {prices.campaign}"
    yield f"model     {prices.model}"
    yield f"in        {currency}"
    for offer, price in zip(prices.offers, prices.offer_price, strict=True):
        yield f"offer {offer:<26} {price / _MICRO:>14,.6f}"
    for limit, price in prices.limit_price.items():
        yield f"limit {limit:<26} {price / _MICRO:>14,.6f}"
    if prices.secret:
        yield f"prices of {', '.join(prices.secret)} are sealed: later people are decided about inside the wall only"
    elif prices.leaf_price:
        terms = sorted({column.term for column in prices.columns})
        yield f"groups are guessed from {', '.join(terms) or 'nothing'}: {len(prices.leaf_price)} leaves"
        for place, offer in enumerate(prices.offers):
            paid = [leaf[place] / _MICRO for leaf in prices.leaf_price]
            yield f"  for {offer:<24} {min(paid):>14,.6f} to {max(paid):,.6f}"
    else:
        yield "no limit on groups has a price: everybody pays the same"


def decide(
    campaign: CampaignFile,
    subjects: Annotated[list[str], typer.Argument(metavar="SUBJECT...", help="Ids as the subjects table has them.")],
    run_id: Annotated[
        str, typer.Option("--prices", metavar="RUN", help="Run whose prices decide. [default: the last with any]")
    ] = "last",
    at: At = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Decide about later people with the prices of an earlier run, and record it."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        decided = assembly.decide_people(campaign, subjects, run=run_id, home=home, at=moment(at), step=step)
    if json_out:
        voice.document(
            {
                "run_id": decided.run_id,
                "home": str(decided.home),
                "head": decided.head,
                "priced_by": decided.priced_by,
                "policy": decided.policy,
                "left": dict(decided.left),
                "currency": decided.currency,
                "used_up": list(decided.used_up),
                "notices": list(decided.notices),
                "decisions": decided.columns,
            }
        )
        return
    for notice in decided.notices:
        voice.talk(f"Found at the start: {notice}")
    names = list(decided.columns)
    for row in zip(*decided.columns.values(), strict=True):
        one = dict(zip(names, row, strict=True))
        voice.data(f"{one[names[0]]}  {one['offer'] or '-'}  {one['reason']}  ({one['standing']})  {one['decision']}")
    for limit in decided.used_up:
        voice.talk(f"Used up: {limit}; somebody got less than their best offer because of it.")
    left = ", ".join(f"{name} {_amount(name, amount, decided.currency)}" for name, amount in decided.left.items())
    voice.talk(f"Decided with the prices of {decided.priced_by}; left for later people: {left or 'no bound'}")
    voice.talk(f"Recorded as {decided.run_id}; ledger head {decided.head}")
    voice.talk(f"Ask why:  {program()} why {decided.columns['decision'][0]} --home {quoted(decided.home)}", bold=True)


def _amount(name: str, amount: int, currency: str) -> str:
    return f"{currency} {amount / _MICRO:,.2f}" if name == "budget" else f"{amount:,}"


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (policy, ("evenhand policy last", "evenhand policy 20261123T101500Z-1a2b3c --json")),
    (decide, ("evenhand decide campaign.yaml 1042", "evenhand decide campaign.yaml 1042 1043 --prices last --json")),
)
