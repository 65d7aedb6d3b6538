"""Commands that record what people say of purposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ._looking import note_look
from ._options import UNNAMED, HomeFolder, Json, Looker, NoColour, Quiet, moment, written_moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]

_WORDS = {
    "give": "Record that a person gives consent for a purpose.",
    "refuse": "Record that a person refuses consent for a purpose.",
    "withdraw": "Record that a person withdraws consent for a purpose; it holds for the next decision.",
    "object": "Record an objection to direct marketing; it holds for the next decision, whatever was consented to.",
    "opt-out": "Record that a person switches personalisation off.",
    "opt-out-of-sale": "Record that a person's data may not be sold or shared.",
    "switch-off": "Record that one fact may not count for a person: the name of its column stands for the purpose.",
    "switch-on": "Record that a fact that a person switched off may count again.",
    "lift-restriction": "Record that a restriction ends; the person is told before (GDPR 18(3)).",
    "take-back-objection": "Record that a person takes an objection back.",
    "take-back-opt-out": "Record that a person switches personalisation on again.",
    "take-back-opt-out-of-sale": "Record that a person's data may be sold or shared again.",
}
Who = Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id, as it stands in the subjects table.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    consent = typer.Typer(no_args_is_help=True, help="What people say of purposes, and the evidence that they said it.")

    @consent.callback()
    def _consent() -> None:
        """What people say of purposes, and the evidence that they said it."""

    for word, help_text in _WORDS.items():
        purpose = "PersonalisedAdvertising" if word in ("give", "refuse", "withdraw") else "DirectMarketing"
        purpose = "visits" if word.startswith("switch") else purpose
        examples = (
            f"evenhand consent {word} 1042 {purpose} | evenhand consent {word} 1042 {purpose} --method 'web form'"
        )
        consent.command(word, help=help_text, epilog=f"Examples: {examples}")(guarded(_saying(word)))
    for name, command, shown in _COMMANDS:
        consent.command(name, epilog="Examples: " + " | ".join(shown))(guarded(command))
    app.add_typer(consent, name="consent")


def _saying(word: str) -> Callable[..., None]:
    """The command for one word: as many arguments for a no as for a yes."""
    default: Any = ... if word in ("give", "refuse", "withdraw", "switch-off", "switch-on") else ""

    def say(
        who: Who,
        purpose: Annotated[
            str, typer.Argument(metavar="PURPOSE", help="A DPV term, such as PersonalisedAdvertising.")
        ] = default,
        notice: Annotated[str, typer.Option("--notice", help="Version of the notice that was shown.")] = "",
        notice_file: Annotated[
            Path | None, typer.Option("--notice-file", help="File with the text that was shown; its SHA-256 is kept.")
        ] = None,
        text_lang: Annotated[
            str, typer.Option("--text-lang", help="Language of the text that was shown: nl, en, nl-BE.")
        ] = "",
        method: Annotated[str, typer.Option("--method", help="How it was said, e.g. 'web form'.")] = "",
        by: Annotated[str, typer.Option("--by", help="Who enters it: person, or a role or staff number.")] = "person",
        form: Annotated[
            str, typer.Option("--form", help="ExplicitlyExpressedConsent where it was explicit, or another DPV form.")
        ] = "",
        said_at: Annotated[
            str | None,
            typer.Option(
                "--said-at",
                help="When it was said, ISO 8601; without a zone by the controller's clocks. [default: now]",
            ),
        ] = None,
        home: HomeFolder = None,
        json_out: Json = False,
        quiet: Quiet = False,
        no_color: NoColour = False,
    ) -> None:
        from evenhand import assembly

        voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
        is_known = assembly.is_known(who, home=home)
        spoke = written_moment(said_at, "--said-at") if said_at else None
        said = assembly.say(
            who,
            word,
            purpose,
            home=home,
            at=moment(None),
            said_at=spoke,
            notice=notice,
            notice_hash=assembly.hash_of_notice(notice_file) if notice_file else "",
            language=text_lang,
            method=method,
            actor=by,
            form=form,
        )
        if json_out:
            voice.document(said.to_dict() | {"known": is_known})
            return
        voice.warn_unknown(is_known)
        voice.tell_zone(spoke, lambda: assembly.home_time_zone(home=home))
        voice.data(f"{said.status}  {said.purpose or 'all marketing'}  {said.at.isoformat()}")
        if said.kind == "factor" and not assembly.is_factor(said.purpose, home=home):
            voice.talk("WARNING: no campaign that ran here has a feature of this name, so nothing changes by it yet.")
        else:
            voice.talk("It holds for the next decision." if said.is_no else "Recorded.")

    return say


def history(
    who: Who,
    by: Looker = UNNAMED,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show what a person said of purposes, oldest first."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    note_look("said", by, home, who=who)
    told = assembly.consent_history(who, home=home)
    is_known = bool(told.said) or assembly.is_known(who, home=home)
    if json_out:
        voice.document(told.to_dict() | {"known": is_known})
        return
    for one in told.said:
        evidence = ", ".join(part for part in (one.method, one.notice and f"notice {one.notice}", one.actor) if part)
        voice.data(f"{one.at.isoformat()}  {one.status}  {one.purpose or 'all marketing'}  ({evidence})")
    voice.warn_unknown(is_known)
    if told.may_ask_again_from:
        voice.talk(f"Ask for no yes to sale or sharing before {told.may_ask_again_from} (C-7026).")
    voice.talk(f"{counted(len(told.said), 'record')}. A campaign's own table of consents may hold more.")


def same_person(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="The id that the person has now.")],
    was: Annotated[str, typer.Option("--was", help="An id that the same person had before.")],
    evidence: Annotated[
        str, typer.Option("--evidence", help="How that is known; kept encrypted under the person's keys.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who says so: a role or a staff number.")],
    part: Annotated[
        bool, typer.Option("--part", help="Say that they are not one person after all; a no that was carried stays.")
    ] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Record that a person has a new id: every no, and an erasure, holds under it too; no yes is carried."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    is_known, was_known = (assembly.is_known(one, home=home) for one in (who, was))
    done = assembly.same_person(who, was, evidence=evidence, by=by, parted=part, home=home, at=moment(None))
    if json_out:
        voice.document(done.to_dict() | {"known": is_known, "was_known": was_known})
        return
    voice.warn_unknown(is_known, "the new id")
    voice.warn_unknown(was_known, "the old id")
    if part:
        voice.data("They count as two people from now on. What was carried stays until the person takes it back.")
        return
    voice.data(f"One person with {counted(done.ids, 'id')}; carried: {done.carried:,}. No yes is carried.")
    if done.erased:
        voice.talk("The person was erased under one of them, so all of them are kept out until they consent anew.")


def since(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or 'last'.")] = "last",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List who of a run's people said no since it read what people said: to leave them out of the send."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.consents_since(run, home=home, at=moment(None))
    if json_out:
        file = str(found.file) if found.file else None
        voice.document({"run_id": found.run_id, "people": found.people, "file": file})
        return
    voice.talk(
        f"{counted(found.people, 'person', 'people')} of run {found.run_id} said no since it read what people said."
    )
    if found.file:
        voice.data(str(found.file))


def import_(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet: subject, kind, purpose, status, at.")],
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Record a table of what people said; an older table brings nothing back that was withdrawn since."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.import_consents(table, home=home, at=moment(None))
    if json_out:
        voice.document({name: getattr(done, name) for name in ("recorded", "known", "void", "later")})
        return
    voice.data(f"{done.recorded:,} recorded, {done.known:,} were there already")
    if done.void:
        voice.talk(f"{done.void:,} were said before an erasure and are void: not kept.")
    if done.later:
        voice.talk(f"{done.later:,} are dated in the future: not kept.")


def export(
    who: Who,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this JSON-LD file instead.")] = None,
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Export a person's consent records in the form of ISO/IEC TS 27560 with W3C DPV terms (JSON-LD)."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    exported = assembly.export_consents(who, home=home)
    if out is None:
        voice.data(exported.to_text())
    else:
        exported.save(out)
        voice.data(str(out))
    if not exported.is_whole:
        voice.talk("WARNING: a campaign's table of consents could not be read: what stands there is not in it.")
    elif exported.from_tables:
        voice.talk(f"{counted(exported.from_tables, 'saying')} of it stands in your own tables of consents.")
    voice.talk(
        f"{counted(exported.records, 'record')}. Fields that nobody declared: {', '.join(exported.missing) or 'none'}"
    )


_COMMANDS: tuple[tuple[str, Any, tuple[str, str]], ...] = (
    ("history", history, ("evenhand consent history 1042", "evenhand consent history 1042 --json")),
    ("since", since, ("evenhand consent since last", "evenhand consent since 20261127T120000Z-3f9a1c --json")),
    (
        "same-person",
        same_person,
        (
            "evenhand consent same-person 2077 --was 1042 --evidence 'accounts merged, ticket 12' --by desk-4",
            "evenhand consent same-person 2077 --was 1042 --evidence 'a mistake' --by desk-4 --part",
        ),
    ),
    ("import", import_, ("evenhand consent import said.csv", "evenhand consent import said.parquet --json")),
    ("export", export, ("evenhand consent export 1042", "evenhand consent export 1042 --out consents.jsonld")),
)
