"""How commands talk: data to stdout, talk and progress to stderr, errors in three parts."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from evenhand.terms import EvenhandError, Finding

__all__ = ["EXIT_BUG", "EXIT_INTERRUPTED", "SERVERS_OWN", "Speaker", "counted", "guarded", "program", "quoted"]

EXIT_INTERRUPTED = 130
EXIT_BUG = 70
SERVERS_OWN = "the server's write-ahead log, its replicas and its backups"
_MARK = {"error": "error", "warning": "warning", "note": "note"}
_STYLE = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "note": typer.colors.CYAN}

P = ParamSpec("P")
R = TypeVar("R")


class Speaker:
    """One command's voice.

    Args:
        json_out: print one JSON document to stdout and no talk.
        quiet: print no talk, only data and errors.
        colour: None = decide by terminal and NO_COLOR.
    """

    def __init__(self, *, json_out: bool = False, quiet: bool = False, colour: bool | None = None) -> None:
        self.json_out = json_out
        self.quiet = quiet
        self._colour = colour if colour is not None else sys.stderr.isatty() and not os.environ.get("NO_COLOR")

    def talk(self, line: str = "", *, bold: bool = False) -> None:
        """Say something to a person."""
        if not self.quiet and not self.json_out:
            typer.echo(typer.style(line, bold=bold) if self._colour and bold else line, err=True)

    def data(self, text: str) -> None:
        """Print what was asked for."""
        typer.echo(text)

    def document(self, content: dict[str, Any]) -> None:
        """Print one JSON document."""
        typer.echo(json.dumps({"schema_version": 1, **content}, ensure_ascii=False, indent=2, sort_keys=True))

    def finding(self, finding: Finding, *, err: bool = False) -> None:
        """Print one finding as text, in three parts: data, or with `err` part of an error."""
        place = finding.file + (f":{finding.line}:{finding.column}" if finding.line else "")
        mark = _MARK[finding.severity.value]
        if self._colour:
            mark = typer.style(mark, fg=_STYLE[finding.severity.value], bold=True)
        typer.echo(f"{place + ': ' if place else ''}{mark} {finding.id}: {finding.what}", err=err)
        typer.echo(f"    rule: {finding.rule}", err=err)
        typer.echo(f"    to do: {finding.remedy}", err=err)

    def warn_unknown(self, is_known: bool, which: str = "that id") -> None:
        """Say that an id is nobody's here, which may be a slip of the pen; only the controller's own desk is told."""
        if not is_known:
            self.talk(f"WARNING: nobody here by {which} has any record. Is it written as the subjects table has it?")

    def tell_held(self, places: Sequence[str]) -> None:
        """Say where bytes that were removed, or replaced, may stand a while longer."""
        if places:
            self.talk(f"WARNING: bytes of before may stand a while longer in: {', '.join(places)}.")
            self.talk("    why: somebody else has an old view of the data open, or the tables are not this user's.")
            self.talk("    to do: end that, or have the owner of the tables VACUUM them. evenhand reads them no more.")

    def tell_zone(self, written: datetime | None, zone: Callable[[], str]) -> None:
        """Say by which clocks a moment was read that was written without a zone."""
        if written is not None and written.tzinfo is None:
            said = f"{written.isoformat(sep=' ')} is read by the controller's clocks, {zone()}."
            self.talk(f"{said} Another zone can stand behind it: +02:00, or Z for UTC.")

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """A function that is told each step; it draws a moving line on a terminal. Elsewhere a step that takes long is
        named from time to time."""
        if self.quiet or self.json_out:
            yield lambda _: None
            return
        if not sys.stderr.isatty():
            from ._signs import SignsOfLife

            signs = SignsOfLife(self.talk)
            try:
                yield signs.step
            finally:
                signs.end()
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not self._colour)
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as bar:
            running: list[Any] = []

            def step(name: str) -> None:
                if running:
                    bar.update(running[-1], total=1, completed=1)
                running.append(bar.add_task(name, total=None))

            yield step
            if running:
                bar.update(running[-1], total=1, completed=1)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its word: ``1 decision``, ``2 decisions``. As `terms.number_of`, and loads nothing."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def program() -> str:
    """How this command can be typed again: its name where the shell finds it, else its path."""
    import shutil

    return "evenhand" if shutil.which("evenhand") or not sys.argv[0].endswith("evenhand") else quoted(sys.argv[0])


def quoted(path: object) -> str:
    """A path as it must be typed in a shell."""
    import shlex

    return shlex.quote(str(path))


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors into messages and exit codes; nobody sees a traceback, and no personal value is printed."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo("Interrupted. A run is recorded whole or not at all; the next start says which.", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the reader of our output has gone
            raise typer.Exit(0) from None
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except BaseException as error:  # a panic in compiled code is no Exception
            from evenhand.terms import EvenhandError

            if isinstance(error, EvenhandError):
                _report(error, as_json=bool(kwargs.get("json_out")) or kwargs.get("output_format") == "json")
                raise typer.Exit(error.exit_code) from None
            if os.environ.get("EVENHAND_DEBUG"):
                raise
            frame = traceback.extract_tb(error.__traceback__)[-1]
            typer.echo(
                f"This is a fault in evenhand: {type(error).__name__} in {os.path.basename(frame.filename)}:"
                f"{frame.lineno}.\n    rule: an error that is not a refusal is ours\n"
                "    to do: report it; EVENHAND_DEBUG=1 shows the details (they may contain personal data)",
                err=True,
            )
            raise typer.Exit(EXIT_BUG) from None

    return run


def _report(error: EvenhandError, *, as_json: bool) -> None:
    from evenhand.terms import PolicyError

    findings = error.findings if isinstance(error, PolicyError) else ()
    if as_json:
        problem = {"code": error.code, "what": error.what, "rule": error.rule, "remedy": error.remedy}
        shown = [
            {
                "id": f.id,
                "severity": f.severity.value,
                "what": f.what,
                "rule": f.rule,
                "remedy": f.remedy,
                "file": f.file,
                "line": f.line,
                "column": f.column,
            }
            for f in findings
        ]
        typer.echo(json.dumps({"schema_version": 1, "error": problem, "findings": shown}, ensure_ascii=False, indent=2))
        return
    voice = Speaker(colour=False)
    typer.echo(f"error {error.code}: {error.what}\n    rule: {error.rule}\n    to do: {error.remedy}", err=True)
    for finding in findings:
        voice.finding(finding, err=True)
