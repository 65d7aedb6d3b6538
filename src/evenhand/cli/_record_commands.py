"""Commands about what was recorded: why, ledger, replay, report; and schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ._looking import note_look
from ._options import UNNAMED, HomeFolder, Json, Lang, Language, Looker, NoColour, Quiet, moment
from ._receipt_commands import LEDGER_COMMANDS
from ._speak import Speaker, counted, guarded
from ._witness_commands import LEDGER_WITNESS_COMMANDS

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    ledger = typer.Typer(no_args_is_help=True, help="Look at the ledger: verify it, its runs, key and checkpoints.")
    for command, examples in (*_LEDGER_COMMANDS, *LEDGER_COMMANDS, *LEDGER_WITNESS_COMMANDS):
        ledger.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(ledger, name="ledger")


def why(
    who: Annotated[str, typer.Argument(metavar="SUBJECT|DECISION", help="A subject's id, or a decision's id.")],
    by: Looker = UNNAMED,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Explain the latest decision about a subject (or one decision), exactly as it was recorded."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    explanation = assembly.why(who, home=home, lang=lang.value)
    note_look("decision", by, home, about=explanation.facts.decision_id)
    if json_out:
        voice.document(explanation.to_dict())
    else:
        voice.data(explanation.to_text())


def verify(
    home: HomeFolder = None,
    head: Annotated[
        list[str] | None, typer.Option("--head", help="A head kept elsewhere; it must still stand in the chain.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint or a receipt kept elsewhere; it must still hold."),
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Prove that nothing in the ledger was altered, and that every promise was kept."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        verified = assembly.verify_ledger(home=home, known=head or (), checkpoints=checkpoint or (), step=step)
    problems = [{"entry": p.seq, "what": p.what, "rule": p.rule, "remedy": p.remedy} for p in verified.problems]
    if json_out:
        voice.document(
            {
                "ok": verified.ok,
                "entries": verified.entries,
                "head": verified.head,
                "problems": problems,
                "unopened": verified.unopened,
                "forgotten": verified.forgotten,
                "checkpoints": verified.checkpoints,
                "closed": verified.closed,
                "erased": verified.erased,
                "expired": verified.expired,
                "witnessed": verified.witnessed,
            }
        )
    elif verified.ok:
        voice.data(
            f"ok: {counted(verified.entries, 'entry', 'entries')}, chain unbroken, {_hold(verified.checkpoints)}, "
            f"promises kept; head {verified.head}"
        )
    else:
        for problem in problems:
            voice.data(f"entry {problem['entry']}: {problem['what']}")
            voice.data(f"    rule: {problem['rule']}\n    to do: {problem['remedy']}")
    if verified.unopened and not json_out:
        voice.data(
            f"The sealed part of {counted(verified.unopened, 'decision')} was not opened, because the run's key is not "
            "here: their margins and flips were not checked, everything else was."
        )
    if verified.closed and not json_out:
        voice.data(
            f"{_were(verified.closed)} not opened, because the keys of the people are not here "
            f"({_people_were(verified.erased)} erased): of these the chain and the counts were checked, and no more."
        )
    if verified.expired and not json_out:
        voice.data(
            f"{_were(verified.expired)} destroyed because their time was up: of these too the chain and the "
            "counts were checked, and no more."
        )
    if verified.witnessed and not json_out:
        voice.data(f"Witnesses cosigned it up to entry {verified.witnessed:,}.")
    if not verified.ok:
        raise typer.Exit(5)


def runs(
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only so many of the last. [default: all]")] = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List the recorded runs, oldest first."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    listed = assembly.list_runs(home=home, last=last)
    if json_out:
        voice.document({"runs": listed})
        return
    for one in listed:
        voice.data(
            f"{one['run_id']}  {one['campaign']:<32} {counted(one['decisions'], 'decision'):>20}  {one['state']}"
        )


def forget_groups(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id (evenhand ledger runs lists them), or 'last'.")
    ],
    home: HomeFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Destroy a run's key, for good: nobody can work out groups from its prices any more."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if not yes and not (
        sys.stdin.isatty() and not json_out and typer.confirm(f"Destroy the key of {run_id}?", err=True)
    ):
        from evenhand.terms import UsageError

        raise UsageError(
            "forget-not-confirmed",
            "Nothing was destroyed.",
            rule="a key that is destroyed cannot be made again",
            remedy="confirm it, or pass --yes",
        )
    name, done = assembly.forget_groups(run_id, home=home, at=moment(None))
    if json_out:
        voice.document({"run_id": name, "forgotten": True, "was_there": done})
    else:
        voice.data(f"{name}: {'the key is destroyed' if done else 'the key was destroyed before'}")
        voice.talk("Copies of run-keys in your backups are not reached from here; destroy those too.")


def replay(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id (evenhand ledger runs lists them), or 'last'.")
    ],
    home: HomeFolder = None,
    campaign: Annotated[
        Path | None, typer.Option("--campaign", help="Campaign file, if it is no longer where the run found it.")
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a recorded run again from the same data, and compare it with the ledger bit for bit."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        replayed = assembly.replay(run_id, home=home, campaign_file=campaign, step=step)
    if json_out:
        voice.document(
            {
                "run_id": replayed.run_id,
                "same": replayed.same,
                "decisions": replayed.decisions,
                "model_same": replayed.model_same,
                "different": list(replayed.different),
                "unopened": replayed.unopened,
                "erased_since": replayed.erased_since,
            }
        )
    else:
        voice.data(replayed.sentence())
    if not replayed.same:
        raise typer.Exit(5)


def report(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or 'last'.")] = "last",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Write a run's report again from the ledger."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    page = assembly.rebuild_report(run_id, home=home)
    if json_out:
        voice.document({"run_id": page.parent.name, "report": str(page)})
    else:
        voice.data(str(page))


def schema() -> None:
    """Print the JSON Schema of the campaign file."""
    from evenhand.policy import campaign_schema

    typer.echo(json.dumps(campaign_schema(), indent=2, ensure_ascii=False))


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (why, ("evenhand why 1042 --lang nl", "evenhand why 20261123T101500Z-1a2b3c.17 --json")),
    (replay, ("evenhand replay last", "evenhand replay 20261123T101500Z-1a2b3c --home /srv/evenhand")),
    (report, ("evenhand report", "evenhand report 20261123T101500Z-1a2b3c")),
    (schema, ("evenhand schema", "evenhand schema > campaign.schema.json")),
)
_LEDGER_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (verify, ("evenhand ledger verify", "evenhand ledger verify --home /srv/evenhand --json")),
    (runs, ("evenhand ledger runs", "evenhand ledger runs --json")),
    (forget_groups, ("evenhand ledger forget-groups last", "evenhand ledger forget-groups last --yes --json")),
)


def _hold(checkpoints: int) -> str:
    return f"{counted(checkpoints, 'signed checkpoint')} {'holds' if checkpoints == 1 else 'hold'}"


def _were(decisions: int) -> str:
    return f"{counted(decisions, 'decision')} {'was' if decisions == 1 else 'were'}"


def _people_were(people: int) -> str:
    return f"{counted(people, 'person', 'people')} {'was' if people == 1 else 'were'}"
