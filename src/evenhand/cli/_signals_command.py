"""The command about a signal of a browser or app: what does it say?"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ._options import At, Json, Lang, Language, moment
from ._speak import Speaker, guarded

if TYPE_CHECKING:
    from evenhand.signals import GppString, TcfString, UsPrivacyString

__all__ = ["register"]


class Kind(StrEnum):
    """Signals that can be read."""

    tcf = "tcf"
    gpp = "gpp"
    us_privacy = "us_privacy"
    gpc = "gpc"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    examples = "evenhand signals DBABLA~CVVVkkkkkpFY.YA | evenhand signals --vendor 755 --lang nl < tc-string.txt"
    app.command(epilog="Examples: " + examples)(guarded(signals))


def signals(
    string: Annotated[
        str, typer.Argument(metavar="STRING", help="The signal as it came; - reads it from standard input.")
    ] = "-",
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="What it is: tcf, gpp, us_privacy or gpc. [default: by its looks]")
    ] = None,
    vendor: Annotated[
        int | None, typer.Option("--vendor", min=1, max=65_535, help="Say whether this vendor may personalise.")
    ] = None,
    at: At = None,
    lang: Lang = Language.en,
    json_out: Json = False,
) -> None:
    """Say in plain words what a consent or opt-out signal says: a TC string, GPP, us_privacy or Sec-GPC."""
    from evenhand.explanation import tell_signal
    from evenhand.signals import GppString, TcfQuestion, TcfString, ask_gpp, ask_tcf, fields_of, validity_problem
    from evenhand.terms import Use

    text = (_from_input() if string == "-" else string).strip()
    kind = kind or _looks_like(text)
    said = _read(text, kind)
    when = moment(at)
    voice = Speaker(json_out=json_out)
    if not json_out:
        for line in tell_signal(said, lang.value, at=when, vendor=vendor):
            voice.data(line)
        return
    fields = {"Gpc": said} if isinstance(said, bool) else fields_of(said)
    document: dict[str, object] = {"kind": kind.value, "fields": fields}
    if isinstance(said, TcfString):
        document["problem"] = validity_problem(said)
        if vendor is not None:
            answer = ask_tcf(said, TcfQuestion(vendor), at=when)
            document["vendor"] = {"id": vendor, "permits": answer.permits, "problem": answer.problem}
    if isinstance(said, GppString):
        document["opt_outs"] = {use.value: ask_gpp(said, [use]).name.lower() for use in Use}
    voice.document(document)


def _from_input() -> str:
    from evenhand.terms import UsageError

    if sys.stdin.isatty():
        raise UsageError(
            "signal-missing",
            "No signal was given.",
            rule="a signal is an argument, or comes from standard input",
            remedy="evenhand signals STRING, or: evenhand signals < FILE",
        )
    return sys.stdin.read(65_536)


def _looks_like(text: str) -> Kind:
    if text in {"0", "1"}:
        return Kind.gpc
    if len(text) == 4 and text[0] == "1":
        return Kind.us_privacy
    return Kind.gpp if text.startswith("D") else Kind.tcf


def _read(text: str, kind: Kind) -> TcfString | GppString | UsPrivacyString | bool:
    from evenhand.explanation import problem_words
    from evenhand.signals import Unreadable, gpc_header, read_gpp, read_tcf, read_us_privacy
    from evenhand.terms import DataError

    said: TcfString | GppString | UsPrivacyString | Unreadable | bool
    match kind:
        case Kind.gpc:
            return gpc_header([text])
        case Kind.tcf:
            said = read_tcf(text)
        case Kind.gpp:
            said = read_gpp(text)
        case Kind.us_privacy:
            said = read_us_privacy(text)
    if isinstance(said, Unreadable):
        raise DataError(
            f"signal-{said.problem.value}",
            f"This cannot be read as {kind.value}: {problem_words(said.problem, 'en')}.",
            rule="what cannot be read exactly grants nothing",
            remedy="pass the signal on exactly as it came, or name what it is with --kind",
        )
    return said
