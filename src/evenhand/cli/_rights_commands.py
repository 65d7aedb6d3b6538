"""Commands about what a person may ask: access and erasure."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ._looking import note_look
from ._model_commands import tell_due
from ._options import UNNAMED, HomeFolder, Json, Lang, Language, Looker, NoColour, Quiet, moment
from ._package_command import register as register_package
from ._recipient_commands import register as register_recipients
from ._request_commands import register as register_requests
from ._request_commands import tell_lapsed
from ._speak import SERVERS_OWN, Speaker, counted, guarded

__all__ = ["confirm_erasure", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    rights = typer.Typer(no_args_is_help=True, help="What a person may ask of what a home holds about them.")

    @rights.callback()
    def _rights() -> None:
        """What a person may ask of what a home holds about them."""

    for command, examples in _COMMANDS:
        rights.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    register_requests(rights)
    register_recipients(rights)
    register_package(rights)
    app.add_typer(rights, name="rights")


def access(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id, as it stands in the subjects table.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this JSON file instead.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page for the person to this file, with all that is held.")
    ] = None,
    by: Looker = UNNAMED,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show what a home holds of a person: each decision with score, reasons and rules, and what is in the vault."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    note_look("access", by, home, who=who)
    if html is not None:
        from evenhand.adapters.stores.home import write_atomically

        package = assembly.package_about(who, home=home, lang=lang.value, at=moment(None))
        write_atomically(html, package.to_html(), private=True)
        if not json_out:
            voice.data(str(html))
        if out is None and not json_out:
            return
    held = assembly.access(who, home=home, lang=lang.value)
    if out is not None:
        held.save(out)
    if json_out:
        voice.document(held.to_dict())
    elif out is not None:
        voice.data(str(out))
    else:
        for told in held.decisions:
            voice.data(f"{told.facts.decision_id}  {told.facts.at.isoformat()}\n{told.to_text()}\n")
        for name, value in held.in_vault.items():
            voice.data(f"in the vault: {name} = {json.dumps(value, ensure_ascii=False)}")
        for event in held.to_dict()["events"]:
            voice.data(f"{event['decision_id']}  {event['at']}  {event['kind']}  {event['id']}".rstrip())
    for name in held.not_read:
        voice.talk(f"The column {name} of the vault was not read: its time is up, or the vault's key is not here.")
    voice.talk(f"{counted(len(held.decisions), 'decision')}. Your own tables hold more: {', '.join(held.own_tables)}")
    voice.talk("With what they said and asked, and what your own tables hold of them: --html FILE.")


def erase(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id, as it stands in the subjects table.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
    by: Annotated[
        str, typer.Option("--by", help="Who erases: a role or a staff number. It is kept after the person is gone.")
    ] = UNNAMED,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Erase a person from a home, for good: their key is destroyed, and the ledger still verifies."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    confirm_erasure(assembly.ended_by_erasure(who, home=home), yes=yes, json_out=json_out)
    is_known = assembly.is_known(who, home=home)
    done = assembly.erase(who, home=home, at=moment(None), by=by)
    if json_out:
        voice.document(
            {
                "decisions": done.decisions,
                "lists": done.lists,
                "said": done.said,
                "in_vault": done.in_vault,
                "other_ids": done.other_ids,
                "in_the_clear": done.in_the_clear,
                "events": done.events,
                "lapsed": list(done.lapsed),
                "own_tables": list(done.own_tables),
                "known": is_known,
                "request": done.request,
                "to_tell": list(done.to_tell),
                "models": [one.to_dict() for one in done.models],
                "still_held": list(done.still_held),
                "on_server": done.on_server,
            }
        )
        return
    voice.warn_unknown(is_known)
    read, cleaned = counted(done.decisions, "decision"), counted(done.lists, "list")
    voice.data(f"{read} can be read by nobody any more; {cleaned} {'was' if done.lists == 1 else 'were'} cleaned")
    voice.data(_taken(done.said, "record of what they said", "records of what they said", "taken out"))
    if done.events:
        voice.data(_taken(done.events, "event that followed them", "events that followed them", "removed"))
    if done.in_vault:
        voice.data(_taken(done.in_vault, "value", "values", "taken out of the vault"))
    if done.other_ids:
        voice.data(f"With it went {counted(done.other_ids, 'other id')} of the same person.")
    tell_lapsed(voice, done.lapsed)
    if done.request:
        voice.data(f"It is kept as request {done.request}, by {by.strip()}.")
    if done.to_tell:
        are = "is" if len(done.to_tell) == 1 else "are"
        voice.data(f"{counted(len(done.to_tell), 'recipient')} {are} to be told: {', '.join(done.to_tell)}")
        voice.talk(f"To do: evenhand rights tell {done.request} RECIPIENT SUBJECT; the list: evenhand rights outbox")
    voice.tell_held(done.still_held)
    voice.data("A keyed mark keeps this id out of later decisions, until they consent anew.")
    for one in done.models:
        tell_due(voice, one, moment(None))
    if done.models:
        voice.talk("To do: evenhand model refit")
    if done.in_the_clear:
        clear = _taken(done.in_the_clear, "decision", "decisions", "recorded by an older evenhand without a key: kept")
        voice.talk(clear)
    beyond = f"{SERVERS_OWN}, until they end" if done.on_server else "backups of subject-keys.sqlite"
    voice.talk(f"Not reached from here: {beyond}; and your own tables:")
    for table in done.own_tables:
        voice.talk(f"  {table}")


def _taken(count: int, one: str, many: str, done: str) -> str:
    return f"{counted(count, one, many)} {'was' if count == 1 else 'were'} {done}"


def confirm_erasure(ends: Sequence[str], *, yes: bool, json_out: bool) -> None:
    """Say which open requests end with it, and ask on a terminal; elsewhere nothing is erased without a yes.

    Raises:
        UsageError: it was not confirmed.
    """
    if ends:
        typer.echo(f"Open requests of this person that end without an answer: {', '.join(ends)}.", err=True)
    if not yes and not (sys.stdin.isatty() and not json_out and typer.confirm("Erase this person?", err=True)):
        from evenhand.terms import UsageError

        raise UsageError(
            "erase-not-confirmed",
            "Nothing was erased.",
            rule="what is erased cannot be brought back",
            remedy="confirm it, or pass --yes",
        )


def verify(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Prove that nothing that people said or asked was altered since; exit 5 where something was."""
    from evenhand import assembly
    from evenhand.terms import LedgerError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.verify_rights(home=home)
    if json_out:
        problems = [{"entry": seq, "what": what} for seq, what in found.problems]
        voice.document({"ok": found.ok, "entries": found.entries, "removed": found.removed, "problems": problems})
    else:
        for _, what in found.problems:
            voice.data(what)
        emptied = f"{found.removed:,} {'was' if found.removed == 1 else 'were'} emptied by an erasure or retention"
        voice.talk(f"{counted(found.entries, 'entry', 'entries')}, of which {emptied}")
    if not found.ok:
        raise typer.Exit(LedgerError.exit_code)


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (access, ("evenhand rights access 1042 --lang nl", "evenhand rights access 1042 --out access.json")),
    (verify, ("evenhand rights verify", "evenhand rights verify --json")),
    (erase, ("evenhand rights erase 1042", "evenhand rights erase 1042 --yes --by desk-4")),
)
