"""Commands about how long something is kept, and about the record of processing."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ._options import HomeFolder, Json, Lang, Language, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


class RecordFormat(StrEnum):
    """Forms of the record of processing."""

    json = "json"
    csv = "csv"
    jsonld = "jsonld"
    turtle = "turtle"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(no_args_is_help=True, help="What has been kept long enough.")

    @group.callback()
    def _retention() -> None:
        """What has been kept long enough."""

    group.command("run", epilog="Examples: evenhand retention run --dry-run | evenhand retention run --yes")(
        guarded(run)
    )
    app.add_typer(group, name="retention")
    app.command(
        "ropa", epilog="Examples: evenhand ropa --format csv --lang nl | evenhand ropa --format turtle --out r.ttl"
    )(guarded(ropa))


def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is due; nothing is destroyed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Destroy what has been kept as long as its campaign declares, for good; the ledger still verifies."""
    from evenhand import assembly
    from evenhand.terms import UsageError

    voice, now = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None), moment(None)
    found = assembly.retention(home=home, at=now, dry_run=True)
    if not dry_run and not found.is_empty:
        if not json_out:
            _show(voice, found)
        if not yes and not (sys.stdin.isatty() and not json_out and typer.confirm("Destroy this?", err=True)):
            raise UsageError(
                "retention-not-confirmed",
                "Nothing was destroyed.",
                rule="what is destroyed cannot be brought back",
                remedy="confirm it, or pass --yes; --dry-run shows what is due",
            )
        found = assembly.retention(home=home, at=now, dry_run=False)
        voice.talk("Destroyed. Backups, and your own tables, are not reached from here.")
        if not json_out:
            voice.tell_held(found.still_held)
    elif not json_out:
        _show(voice, found)
    if json_out:
        voice.document(found.to_dict())


def _show(voice: Speaker, found: object) -> None:
    from evenhand.assembly import Retention

    assert isinstance(found, Retention)
    for one in found.runs:
        note = "  recorded without keys by an older evenhand: stays" if one.in_the_clear else ""
        events = f", {counted(one.events, 'event')} that followed" if one.events else ""
        decided = counted(one.decisions, "decision")
        voice.data(f"{one.run_id}  {one.campaign}  {decided}{events}, kept {one.kept}, due {one.until}{note}")
    for count, what, many in (
        (found.consents, "record of consent that no longer stands", "records of consent that no longer stand"),
        (found.requests, "closed request", "closed requests"),
        (found.orphans, "record that leads to nobody any more", "records that lead to nobody any more"),
        (found.looks, "note of what staff read", "notes of what staff read"),
    ):
        if count:
            voice.data(counted(count, what, many))
    if found.is_empty:
        voice.data("Nothing is due.")
    for table, kept in found.own_tables:
        voice.talk(f"Your own table {table}: its data may be kept {kept}; remove older rows there.")


def ropa(
    form: Annotated[RecordFormat, typer.Option("--format", help="json, csv, jsonld or turtle (W3C DPV).")] = (
        RecordFormat.json
    ),
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file instead.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 where something is not declared.")] = False,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Export the record of processing (GDPR 30) of the campaigns that ran in a home."""
    from evenhand import assembly
    from evenhand.adapters.stores.home import write_atomically

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    record = assembly.record_of_processing(home=home, lang=lang.value, at=moment(None))
    text = {
        RecordFormat.json: record.to_json,
        RecordFormat.csv: record.to_csv,
        RecordFormat.jsonld: record.to_jsonld,
        RecordFormat.turtle: record.to_turtle,
    }[form]()
    if out is None:
        voice.data(text.rstrip("\n"))
    else:
        write_atomically(out, text)
        voice.data(str(out))
    for campaign, field in record.gaps:
        voice.talk(f"{campaign}: {field} is not declared (processing in the campaign file)")
    if check and record.gaps:
        raise typer.Exit(1)
