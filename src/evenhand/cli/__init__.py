"""What can I type? The commands: demo, init, check, plan, run, policy, decide, serve, machine-key, monitor, review,
why, receipt, ledger, bundle, audit, model, replay, report, release, schema, signals, consent, rights, staff,
retention, ropa, db, keys, backup, restore.

Conventions: data to stdout and talk to stderr, ``--json`` for machines, exit codes 0 pass, 1 findings, 2 wrong usage,
3 invalid policy or data, 4 store not reachable, 5 ledger broken, 6 campaign paused, 70 a fault in evenhand,
130 interrupted. Heavy
libraries are loaded by the command that needs them, so that ``--help`` is quick. It decides nothing itself.
"""

from __future__ import annotations

import copy
import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from . import (
    _backup_commands,
    _bundle_command,
    _campaign_commands,
    _certify_command,
    _consent_commands,
    _database_commands,
    _evaluate_command,
    _keys_commands,
    _later_commands,
    _model_commands,
    _monitor_command,
    _portal_commands,
    _receipt_commands,
    _record_commands,
    _release_command,
    _retention_command,
    _review_commands,
    _rights_commands,
    _rules_commands,
    _serve_commands,
    _signals_command,
    _staff_commands,
    _vault_commands,
    _witness_commands,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="evenhand",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The decision engine for marketing that is private, fair, explained and governed on every decision.",
    epilog="Start with: evenhand demo. With your own table: evenhand init DATA.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from evenhand import __version__

        typer.echo(f"evenhand {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


_backup_commands.register(app)
_bundle_command.register(app)
_campaign_commands.register(app)
_certify_command.register(app)
_database_commands.register(app)
_consent_commands.register(app)
_evaluate_command.register(app)
_keys_commands.register(app)
_later_commands.register(app)
_model_commands.register(app)
_monitor_command.register(app)
_record_commands.register(app)
_release_command.register(app)
_receipt_commands.register(app)
_portal_commands.register(app)
_rights_commands.register(app)
_retention_command.register(app)
_review_commands.register(app)
_rules_commands.register(app)
_serve_commands.register(app)
_signals_command.register(app)
_staff_commands.register(app)
_vault_commands.register(app)
_witness_commands.register(app)


def main() -> None:
    """Entry point of the ``evenhand`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in {"utf-8", "utf8"}:
            stream.reconfigure(errors="replace")  # a terminal that has no euro sign is no reason to stop
    _asked(sys.argv[1:])(prog_name="evenhand")


def _asked(words: list[str]) -> typer.Typer:
    """The commands that the first word names, and all where it names none: to make them all takes longer than many a
    command does."""
    word = words[0] if words else ""
    commands = [one for one in app.registered_commands if one.callback and word == (one.name or _named(one.callback))]
    groups = [one for one in app.registered_groups if one.name == word]
    if not commands and not groups:
        return app
    whole: typer.Typer = app
    some = copy.copy(whole)
    some.registered_commands, some.registered_groups = commands, groups
    return some


def _named(callback: Callable[..., object]) -> str:
    return callback.__name__.replace("_", "-")
