"""Commands of whoever answers requests of people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._options import HomeFolder, Json, Lang, Language, NoColour, Quiet, moment, written_moment
from ._speak import Speaker, counted, guarded

if TYPE_CHECKING:
    from evenhand.rights import Letter, Request

__all__ = ["By", "Number", "Who", "register", "tell_lapsed"]

Number = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's number, such as R-20261127-3f9a1c.")]
Who = Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id, as it stands in the subjects table.")]
By = Annotated[str, typer.Option("--by", help="Who decides this: a role or a staff number.")]
LetterFile = Annotated[
    Path | None, typer.Option("--letter", help="Write the letter to this file; a page where it ends in .html.")
]


def register(rights: typer.Typer) -> None:
    """Add the commands of this file to the group."""
    for name, command, examples in _COMMANDS:
        rights.command(name, epilog="Examples: " + " | ".join(examples))(guarded(command))


def ask(
    who: Who,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="access, portability, rectification, erasure, restriction, objection, opt_out or human_review.",
        ),
    ],
    purpose: Annotated[str, typer.Option("--purpose", help="Of an objection or restriction. [default: all]")] = "",
    decision: Annotated[str, typer.Option("--decision", help="Id of the decision to review.")] = "",
    note: Annotated[str, typer.Option("--note", help="What the person said; kept encrypted under their key.")] = "",
    received: Annotated[
        str | None,
        typer.Option(
            "--received", help="When it came, ISO 8601; without a zone by the controller's clocks. [default: now]"
        ),
    ] = None,
    law: Annotated[str, typer.Option("--law", help="gdpr or ccpa; a person judges which applies.")] = "gdpr",
    by: Annotated[str, typer.Option("--by", help="Who records it.")] = "person",
    letter: LetterFile = None,
    home: HomeFolder = None,
    lang: Lang = Language.nl,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Record a request of a person. An objection, an opt-out and a restriction hold from now on."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    is_known = assembly.is_known(who, home=home)
    came = written_moment(received, "--received") if received else None
    done = assembly.ask(
        who,
        kind.replace("-", "_"),
        home=home,
        at=moment(None),
        received=came,
        law=law,
        lang=lang.value,
        by=by,
        purpose=purpose,
        decision=decision,
        note=note,
    )
    voice.warn_unknown(is_known)
    _tell(voice, done.request, done.letter, letter, more={"known": is_known})
    voice.tell_zone(came, lambda: assembly.home_time_zone(home=home))


def list_(
    who: Annotated[str, typer.Option("--subject", help="Only requests of this person.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only requests of this kind, e.g. human_review.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 where one is overdue.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List requests, the one that is due first at the top."""
    from evenhand import assembly

    voice, now = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None), moment(None)
    found = assembly.list_requests(home=home, who=who, everything=everything)
    found = tuple(one for one in found if kind.replace("-", "_") in ("", one.kind.value))
    late = [one for one in found if one.is_overdue(now)]
    is_known = bool(not who or found) or assembly.is_known(who, home=home)
    voice.warn_unknown(is_known)
    if json_out:
        of_one = {"known": is_known} if who else {}
        voice.document({"requests": [one.to_dict(now) for one in found]} | of_one)
    else:
        for one in found:
            days = one.days_left(now)
            left = "" if one.state.is_closed else f"  {counted(abs(days), 'day')} {'left' if days >= 0 else 'late'}"
            voice.data(f"{one.number}  {one.kind.value:13} {one.state.value:14} due {one.due.isoformat()}{left}")
        voice.talk(f"{counted(len(found), 'request')}, {len(late):,} overdue")
    if check and late:
        raise typer.Exit(1)


def show(
    number: Number,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Also show what is personal; who read it is recorded, so it needs --by.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who reads it: a role or a staff number.")] = "",
    letter: LetterFile = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show a request with its trail and dates, and the letter about its last step."""
    from evenhand import assembly
    from evenhand.adapters.stores.home import find_home

    voice, now = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None), moment(None)
    if reveal:
        found = assembly.reveal_request(number, home=home, by=by, at=now)
    else:
        found = assembly.find_request(number, home=home)
    if letter is not None and not reveal and any("offer" in one for one in found.private):
        from evenhand.terms import UsageError

        raise UsageError(
            "letter-private",
            "The letter tells what is personal in the request, so it was not written.",
            rule="G-12: who reads what is personal in a request is recorded",
            remedy="pass --reveal, and --by with a role or a staff number",
        )
    request, hidden = found.request, 0 if reveal else sum(map(bool, found.private))
    shown = found.private if reveal else tuple({} for _ in found.private)
    if json_out:
        parts = {"private": [dict(one) for one in shown]} if reveal else {}
        voice.document(request.to_dict(now) | {"hidden": hidden} | parts)
        return
    voice.data(f"{request.number}  {request.kind.value}  {request.state.value}  ({request.kind.article})")
    dates = request.dates
    voice.data(f"  received {dates.received}, due {request.due}, last working day for it {dates.legal_due}")
    since = [f"{one.source} (since {one.since})" for one in dates.counted_by]
    voice.data(f"  counted by {', '.join(since)}")
    if request.may_ask_again_from:
        voice.data(f"  ask for no yes to sale or sharing before {request.may_ask_again_from}")
    for one, private in zip(request.trail, shown, strict=True):
        told = {key: value for key, value in {**one.details, **private}.items() if key not in ("nonce", "mark")}
        said = ", ".join(f"{key} {value}" for key, value in told.items())
        voice.data(f"  {one.at.isoformat(timespec='seconds')}  {one.step.value:13} by {one.by}  {said}")
    if hidden:
        voice.talk(f"What is personal in {hidden:,} of these steps is not shown. See --reveal, with --by.")
    private = {key: value for one in shown for key, value in one.items()}
    _write(voice, assembly.letter_for(request, find_home(home), private=private, written=now), letter, shown=False)


def identity(
    number: Number,
    by: By = "",
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="For how many days the code is good.")] = 7,
    letter: LetterFile = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Ask the person for proof: a code that you send to an address on file. It is shown once, in the letter."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.ask_identity(number, home=home, by=by, at=moment(None), days=days)
    _tell(voice, done.request, done.letter, letter, code=done.code)


def proved(
    number: Number,
    code: Annotated[str, typer.Option("--code", help="The code that the person gives.")] = "",
    known: Annotated[str, typer.Option("--known", help="How they are known otherwise; needs --by.")] = "",
    by: By = "person",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Record that the person showed who they are. A wrong code exits with 1, and counts as a try."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.show_identity(number, home=home, at=moment(None), code=code, known=known, by=by)
    if json_out:
        voice.document(done.request.to_dict(moment(None)) | {"code_is_right": done.is_right})
    else:
        voice.data(f"{done.request.number}  {done.request.state.value}")
    if done.is_right is False:
        voice.talk("The code is not right.")
        raise typer.Exit(1)


def _stepping(name: str, help_text: str, *, reason: bool, who: str = "") -> Callable[..., None]:
    """A command that takes one step."""

    def with_reason(
        number: Number,
        why: Annotated[str, typer.Argument(metavar="REASON", help="One of the reasons that the law knows.")],
        by: By = "",
        letter: LetterFile = None,
        home: HomeFolder = None,
        json_out: Json = False,
        quiet: Quiet = False,
        no_color: NoColour = False,
    ) -> None:
        from evenhand import assembly

        voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
        done = getattr(assembly, f"{name}_request")(number, why, home=home, by=by, at=moment(None))
        _tell(voice, done.request, done.letter, letter)

    def without(
        number: Number,
        by: By = who,
        letter: LetterFile = None,
        home: HomeFolder = None,
        json_out: Json = False,
        quiet: Quiet = False,
        no_color: NoColour = False,
    ) -> None:
        from evenhand import assembly

        voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
        done = getattr(assembly, f"{name}_request")(number, home=home, by=by, at=moment(None))
        _tell(voice, done.request, done.letter, letter)

    command: Callable[..., None] = with_reason if reason else without
    command.__doc__ = help_text
    return command


def answer(
    number: Number,
    who: Who,
    by: By = "",
    identity: Annotated[str, typer.Option("--identity", help="How the person is known, where no code was given.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files that the person gets.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="COLUMN=VALUE", help="What is right; of a rectification.")
    ] = None,
    outcome: Annotated[str, typer.Option("--outcome", help="Of a review: keep or change.")] = "",
    offer: Annotated[str, typer.Option("--offer", help="Of a review that changes it. [default: no offer]")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Of a review: why.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase without asking; or a corrected group that nobody is in yet is right.")
    ] = False,
    letter: LetterFile = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Do what was asked, record it, and write what the person gets."""
    from evenhand import assembly
    from evenhand.rights import RequestKind
    from evenhand.terms import UsageError

    from ._rights_commands import confirm_erasure

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    wrong = [one for one in values or () if "=" not in one]
    if wrong:
        raise UsageError(
            "answer-set", "A value is not written as COLUMN=VALUE.", rule="GDPR 16", remedy="write --set visits=3"
        )
    if assembly.find_request(number, home=home).request.kind is RequestKind.ERASURE:
        confirm_erasure(assembly.ended_by_erasure(number=number, home=home), yes=yes, json_out=json_out)
    done = assembly.answer_request(
        number,
        who,
        home=home,
        by=by,
        at=moment(None),
        identity=identity,
        out=out,
        values=dict(one.split("=", 1) for one in values or ()),
        outcome=outcome,
        offer=offer,
        reason=reason,
        sure=yes,
    )
    _tell(voice, done.request, done.letter, letter, files=[str(path) for path in done.files])
    tell_lapsed(voice, done.lapsed)
    if done.to_tell:
        voice.talk(f"To be told: {', '.join(done.to_tell)}. See: evenhand rights outbox")


def tell_lapsed(voice: Speaker, numbers: Sequence[str]) -> None:
    """Say which open requests of an erased person ended, and that each has a letter; nothing where none did."""
    for number in () if voice.json_out else numbers:
        voice.data(f"{number} was open and ended with it. Its letter: evenhand rights show {number} --letter FILE")


def _tell(
    voice: Speaker,
    request: Request,
    letter: Letter | None,
    file: Path | None,
    *,
    code: str = "",
    files: list[str] | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Say what was recorded, and the letter about it."""
    if voice.json_out:
        text = letter.to_text() if letter else None
        extra = {**more, **({"code": code} if code else {})}
        voice.document(request.to_dict(moment(None)) | extra | {"letter": text, "files": files or []})
        if file is not None:
            _write(voice, letter, file, shown=True)
        return
    voice.talk(f"{request.number}  {request.kind.value}  {request.state.value}  due {request.due.isoformat()}")
    for path in files or ():
        voice.data(path)
    _write(voice, letter, file, shown=True)
    if code and letter is None:
        voice.data(code)


def _write(voice: Speaker, letter: Letter | None, file: Path | None, *, shown: bool) -> None:
    from evenhand.adapters.stores.home import write_atomically

    if letter is None:
        voice.talk("There is no letter: no campaign ran in this home, so nobody is known to answer.")
    elif file is not None:
        page = file.suffix.lower() in (".html", ".htm")
        write_atomically(file, letter.to_html() if page else letter.to_text(), private=True)
        if not voice.json_out:
            voice.data(str(file))
    elif shown and not voice.json_out:
        voice.data(letter.to_text())


_R = "R-20261127-3f9a1c"
_COMMANDS: tuple[tuple[str, Any, tuple[str, str]], ...] = (
    ("ask", ask, ("evenhand rights ask 1042 access", "evenhand rights ask 1042 objection --lang en")),
    ("list", list_, ("evenhand rights list", "evenhand rights list --all --check")),
    ("show", show, (f"evenhand rights show {_R}", f"evenhand rights show {_R} --reveal --by desk-4")),
    (
        "identity",
        identity,
        (f"evenhand rights identity {_R} --by desk-4", f"evenhand rights identity {_R} --by d --days 3"),
    ),
    (
        "proved",
        proved,
        (f"evenhand rights proved {_R} --code ABCD-EFGH", f"evenhand rights proved {_R} --known 'came by' --by d"),
    ),
    (
        "start",
        _stepping(
            "start", "Record that somebody works on a request; the time of a review counts from here.", reason=False
        ),
        (f"evenhand rights start {_R} --by desk-4", f"evenhand rights start {_R} --by desk-4 --quiet"),
    ),
    (
        "extend",
        _stepping("extend", "Take two months more, once, in the first month: complex or many-requests.", reason=True),
        (f"evenhand rights extend {_R} complex --by dpo", f"evenhand rights extend {_R} many-requests --by dpo"),
    ),
    (
        "refuse",
        _stepping("refuse", "Refuse a request on a ground of the law; a person decides it.", reason=True),
        (f"evenhand rights refuse {_R} excessive --by dpo", f"evenhand rights refuse {_R} legal-duty --by dpo"),
    ),
    (
        "withdraw",
        _stepping("withdraw", "Record that the person takes the request back.", reason=False, who="person"),
        (f"evenhand rights withdraw {_R}", f"evenhand rights withdraw {_R} --by desk-4"),
    ),
    (
        "answer",
        answer,
        (
            f"evenhand rights answer {_R} 1042 --by dpo --out answer",
            f"evenhand rights answer {_R} 1042 --by dpo --set visits=3",
        ),
    ),
)
