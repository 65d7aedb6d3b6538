"""Commands about the vault: sensitive columns under a key of their own, with a reason, an end and a log."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import At, CampaignFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


class Noise(StrEnum):
    """Kinds of noise."""

    laplace = "laplace"
    gaussian = "gaussian"


As = Annotated[
    str | None, typer.Option("--as", help="Who asks, for the log; else EVENHAND_PERSON, else the system's user.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    vault = typer.Typer(no_args_is_help=True, help="Sensitive columns under a key of their own: put, list, log, purge.")
    for command, examples in _COMMANDS:
        vault.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(vault, name="vault")


def put(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with ids and sensitive columns.")
    ],
    columns: Annotated[str, typer.Option("--columns", help="The columns, with commas between them.")],
    identifier: Annotated[str, typer.Option("--id", help="The column of ids, as campaigns name people.")],
    purpose: Annotated[str, typer.Option("--purpose", help="Why they are kept.")],
    until: Annotated[str, typer.Option("--until", help="The day from which they are not read any more: 2027-06-30.")],
    epsilon: Annotated[
        str | None, typer.Option("--epsilon", help="Privacy budget of each column, for noisy counts told outside.")
    ] = None,
    delta: Annotated[
        str, typer.Option("--delta", help="Of that budget, for Gaussian noise: far below one over the people.")
    ] = "0",
    who: As = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Keep sensitive columns in the home's vault: encrypted under vault.key, with a reason and an end."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    names = [name.strip() for name in columns.split(",") if name.strip()]
    people = assembly.vault_put(
        table, names, identifier=identifier, purpose=purpose, until=moment(until, "--until"), home=home,
        at=moment(None), who=who,
        epsilon=None if epsilon is None else _epsilon(epsilon), delta=_epsilon(delta),
    )  # fmt: skip
    if json_out:
        voice.document({"columns": names, "people": people})
    else:
        voice.data(f"{', '.join(names)} of {counted(people, 'person', 'people')} are in the vault")
        voice.talk("Take them out of your own table; campaigns read them with: columns: NAME: {kept_in: vault}")


def count(
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="A column in the vault.")],
    values: Annotated[str, typer.Option("--values", help="The values to count, with commas between them.")],
    epsilon: Annotated[str, typer.Option("--epsilon", help="What this answer may lose of the column's budget.")],
    noise: Annotated[
        Noise, typer.Option("--noise", help="laplace, or gaussian where the budget has a delta: for many answers.")
    ] = Noise.laplace,
    purpose: Annotated[str, typer.Option("--purpose", help="Why, for the log.")] = "",
    who: As = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Count people per value with noise (differential privacy), for somebody outside; the same question, once."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    names = [value.strip() for value in values.split(",") if value.strip()]
    told = assembly.vault_count(
        column,
        names,
        epsilon=_epsilon(epsilon),
        home=home,
        at=moment(None),
        purpose=purpose,
        who=who,
        noise=noise.value,
    )
    if json_out:
        counts = {value: {"count": n, "between": [low, high]} for value, (n, low, high) in told.counts.items()}
        voice.document({"column": column, "counts": counts, "epsilon": float(told.epsilon), "spent": float(told.spent),
                        "budget": float(told.budget), "delta": float(told.delta), "noise": told.noise,
                        "again": told.again})  # fmt: skip
        return
    for value, (n, low, high) in told.counts.items():
        voice.data(f"{value}: about {max(0, n):,} (95 %: {low:,} to {high:,})")
    said = "the answer given before; nothing more was lost" if told.again else f"lost {float(told.epsilon):g}"
    voice.talk(f"{said}; {float(told.spent):.4g} of {float(told.budget):g} is spent")


def audit(
    campaign: CampaignFile,
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="A sensitive column that it keeps in the vault.")],
    values: Annotated[str, typer.Option("--values", help="The groups, with commas between them.")],
    epsilon: Annotated[str, typer.Option("--epsilon", help="What this answer may lose of the column's budget.")],
    noise: Annotated[
        Noise, typer.Option("--noise", help="laplace, or gaussian where the budget has a delta.")
    ] = Noise.laplace,
    at: At = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Tell the outcome per group of a campaign's history with noise, for somebody outside; the same question, once."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    names = [value.strip() for value in values.split(",") if value.strip()]
    told = assembly.vault_audit(
        campaign, column, names, epsilon=_epsilon(epsilon), noise=noise.value, home=home, at=moment(at)
    )
    if json_out:
        groups = {
            value: {"people": told.people[value], "hits": told.hits[value], "rate_between": list(told.rates[value])}
            for value in told.people
        }
        voice.document({"column": column, "groups": groups, "epsilon": float(told.epsilon), "spent": float(told.spent),
                        "budget": float(told.budget), "delta": float(told.delta), "noise": told.noise,
                        "again": told.again})  # fmt: skip
        return
    for value, (low, high) in told.rates.items():
        people, hits = max(0, told.people[value]), max(0, told.hits[value])
        about = counted(people, "person", "people")
        voice.data(f"{value}: about {about}, about {hits:,} with the outcome: {low:.1%} to {high:.1%} (95 %)")
    said = "the answer given before; nothing more was lost" if told.again else f"lost {float(told.epsilon):g}"
    voice.talk(f"{said}; {float(told.spent):.4g} of {float(told.budget):g} is spent")


def _epsilon(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        from evenhand.terms import UsageError

        raise UsageError(
            "vault-epsilon",
            "The epsilon or the delta is no number.",
            rule="a privacy loss is a decimal number",
            remedy="write it like 0.5",
        ) from None


def list_(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """List what is in the vault: columns, reasons, ends and numbers of people; no value of anybody."""
    from evenhand import assembly
    from evenhand.terms import is_few, shown

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    kept = assembly.vault_list(home=home)
    if json_out:
        voice.document(
            {"columns": [{"name": one.name, "purpose": one.purpose, "put": _day(one.put), "until": _day(one.until),
                          "who": one.who, "people": shown(one.people)} for one in kept]}
        )  # fmt: skip
    else:
        for one in kept:
            people = "a few people" if is_few(one.people) else counted(one.people, "person", "people")
            voice.data(f"{one.name}  until {_day(one.until)}  {people}  {one.purpose} ({one.who})")


def log(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Print every question to the vault: when, who, what, why. Exits with 5 where a line was altered."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    lines = assembly.vault_log(home=home)
    if json_out:
        voice.document(
            {"log": [{"at": _moment(one.at), "who": one.who, "did": one.did, "columns": list(one.names),
                      "purpose": one.purpose, "people": one.people} for one in lines]}
        )  # fmt: skip
    else:
        for one in lines:
            # an older evenhand noted nobody for a count
            of = counted(one.people, "person", "people") if one.people else "everybody in it"
            told = f"{one.did} {', '.join(one.names)} of {of}: {one.purpose}"
            voice.data(f"{_moment(one.at)}  {one.who}  {told}")


def purge(
    column: Annotated[
        list[str] | None, typer.Option("--column", help="Delete this column too: its reason ended before its time.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Why the reason ended, for the log; --column needs it.")] = "",
    who: As = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Delete every column whose time is up, for good; with --column also one whose reason ended. Run it every day."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    gone = assembly.vault_purge(column or (), home=home, at=moment(None), why=why, who=who)
    if json_out:
        voice.document({"deleted": gone})
    else:
        voice.data(f"deleted: {', '.join(gone)}" if gone else "nothing to delete")


def _moment(micro: int) -> str:
    return datetime.fromtimestamp(micro / 1e6, UTC).isoformat(timespec="seconds")


def _day(micro: int) -> str:
    return datetime.fromtimestamp(micro / 1e6, UTC).date().isoformat()


list_.__name__ = "list"
_EXAMPLE = "evenhand vault put groups.csv --id person --columns sex,age --purpose 'sex-reach limit' --until 2027-06-30"
_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (put, (_EXAMPLE, "evenhand vault put groups.parquet --id id --columns sex --purpose audit --until 2027-01-01")),
    (
        count,
        ("evenhand vault count sex --values f,m --epsilon 0.5", "evenhand vault count sex --values f,m --epsilon 1"),
    ),
    (
        audit,
        (
            "evenhand vault audit campaign.yaml sex --values f,m --epsilon 0.5",
            "evenhand vault audit campaign.yaml sex --values f,m --epsilon 0.5 --noise gaussian",
        ),
    ),
    (list_, ("evenhand vault list", "evenhand vault list --json")),
    (log, ("evenhand vault log", "evenhand vault log --json")),
    (purge, ("evenhand vault purge", "evenhand vault purge --column age --why 'the limit on age ended'")),
)
