"""The command that looks at a table with a row per person before it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import Json, NoColour, Quiet
from ._speak import Speaker, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))


def release(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with a row per person.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the table as it may leave; without it, only look.")
    ] = None,
    k: Annotated[int, typer.Option("--k", help="The fewest people who look alike.")] = 10,
    identifier: Annotated[
        str | None, typer.Option("--id", help="The column of ids: nobody twice, and it does not leave.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="The columns that leave, with commas between them. [default: all]")
    ] = None,
    campaign: Annotated[
        Path | None,
        typer.Option("--campaign", help="A campaign file: its roles say what is the id, confidential or forbidden."),
    ] = None,
    confidential: Annotated[
        str | None,
        typer.Option("--confidential", help="Columns that nobody outside knows of a person; they stay as they are."),
    ] = None,
    levels: Annotated[
        list[str] | None,
        typer.Option("--levels", help="age=5,10,* : bands of a number, first characters of a text, * for nothing."),
    ] = None,
    diversity: Annotated[
        int, typer.Option("--diversity", help="The fewest different confidential values among people who look alike.")
    ] = 1,
    left_out: Annotated[
        float, typer.Option("--left-out", help="Share of the people who may be left out, from 0 to 1.")
    ] = 0.0,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="The id leaves as a pseudonym of this release alone.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Look whether anybody in a table is one of fewer than k alike; write it so that nobody is, or exit with 1."""
    from evenhand import assembly
    from evenhand.terms import UsageError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if out is not None and out.exists() and not force:
        raise UsageError(
            "release-exists",
            f"There is a file {out} already; nothing was written.",
            rule="a release is not written over another one unasked",
            remedy="name another file, or pass --force",
        )
    declared = None if campaign is None else assembly.load_campaign(campaign).campaign
    made = assembly.release_file(
        table,
        out=out,
        campaign=declared,
        k=k,
        columns=None if columns is None else _names(columns),
        identifier=identifier,
        confidential=None if confidential is None else _names(confidential),
        levels=_levels(levels or ()),
        diversity=diversity,
        most_left_out=left_out,
        pseudonyms=pseudonyms,
    )
    if json_out:
        voice.document({"file": None if out is None or made.refused else str(out), **made.to_dict()})
    else:
        _tell(voice, made, out)
    if made.refused:
        raise typer.Exit(1)


def _tell(voice: Speaker, made: Any, out: Path | None) -> None:
    told = made.to_dict()
    voice.data(f"as it is: {_figures(told['before'])}")
    for finding in made.findings:
        voice.finding(finding)
    if made.refused:
        voice.talk("Nothing was written.", bold=True)
        return
    for name, level in made.levels.items():
        voice.data(f"{name:<24} {level}")
    voice.data(f"as it may leave: {_figures(told['after'])}; {_people(told['left_out'])} left out")
    for name, kinds in told["after"]["diversity"].items():
        apart = told["after"]["closeness"][name]
        voice.data(
            f"confidential {name}: at least {kinds} different in a class; a class differs by {apart:.2f} at most"
        )
    if out is None:
        voice.talk("Nothing was written. To write it: --out FILE")
    else:
        voice.talk(f"Written: {out}, with {out.name}.json for whoever gets it", bold=True)


def _figures(told: dict[str, Any]) -> str:
    return (
        f"{told['rows']:,} people in {told['classes']:,} classes, {told['smallest_class']:,} in the smallest, "
        f"{_people(told['people_under_k'])} in classes below {told['k']}"
    )


def _people(count: int | None) -> str:
    from evenhand.terms import SMALLEST_SHOWN

    return f"fewer than {SMALLEST_SHOWN}" if count is None else f"{count:,}"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _levels(said: Sequence[str]) -> dict[str, list[float | str]]:
    """The levels of each column; which of two was meant, nobody can tell."""
    from evenhand.terms import UsageError

    levels: dict[str, list[float | str]] = {}
    for name, steps in map(_level, said):
        if name in levels:
            raise UsageError(
                "release-level",
                f"--levels names the column {name} twice.",
                rule="a column has one list of levels",
                remedy=f"put them in one: --levels {name}=5,10",
            )
        levels[name] = steps
    return levels


def _level(text: str) -> tuple[str, list[float | str]]:
    """What one ``--levels`` says."""
    from evenhand.terms import UsageError

    name, _, said = text.partition("=")
    try:
        return name.strip(), [one if one == "*" else float(one) for one in _names(said)]
    except ValueError:
        raise UsageError(
            "release-level",
            "--levels is not a column with numbers.",
            rule="a level is the width of a band, or how many characters stay, or *",
            remedy="write it like --levels age=5,10,20,*",
        ) from None


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (
        release,
        (
            "evenhand release people.csv --id person --k 10",
            "evenhand release people.csv --id person --confidential responded --levels age=5,10,20 --left-out 0.02 "
            "--out released.csv",
        ),
    ),
)
