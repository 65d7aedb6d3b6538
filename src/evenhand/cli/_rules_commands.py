"""Commands about the rules: which hold, what one says, whether their tests hold, what changed; a signed balancing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._options import At, HomeFolder, Json, Lang, Language, NoColour, Quiet, moment
from ._speak import Speaker, guarded

if TYPE_CHECKING:
    from evenhand.rules import PackedRule, Rulebook

__all__ = ["register"]

Packs = Annotated[
    list[Path] | None,
    typer.Option("--pack", help="A file with the organisation's own rules, beside those of evenhand; may be repeated."),
]
Country = Annotated[
    str | None,
    typer.Option("--country", help="Where the person is: NL, US-CA, EU, or unknown. [default: anywhere]"),
]
Controller = Annotated[str, typer.Option("--controller", help="Country of the organisation.")]
EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(no_args_is_help=True, help="Rules that say who may be addressed: list, show, test, compare.")
    for name, command, examples in _COMMANDS:
        group.command(name, epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(group, name="rules")


def list_rules(
    at: At = None,
    country: Country = None,
    controller: Controller = "NL",
    pack: Packs = None,
    run: Annotated[
        str | None, typer.Option("--run", help="The rules that a run recorded, as of its moment; last is the latest.")
    ] = None,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
) -> None:
    """List the rules that are in force, in the order in which the first that applies decides."""
    voice = Speaker(json_out=json_out)
    rulebook, when = _rulebook(pack, run, home, at)
    rules = _in_force(rulebook, when, country, controller)
    if json_out:
        voice.document(
            {
                "at": when.isoformat(),
                "packs": rulebook.versions,
                "digest": rulebook.digest,
                "rules": [_plain(packed) for packed in rules],
            }
        )
        return
    voice.talk(f"{len(rules)} rules in force at {when.isoformat()}, of " + _versions(rulebook))
    width = max((len(packed.rule.id) for packed in rules), default=0)
    for packed in rules:
        rule = packed.rule
        says = rule.says.nl if lang is Language.nl else rule.says.en
        voice.data(f"{rule.id:<{width}}  {rule.effect.value:<10}  {says}")


def show(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="The id of a rule, such as G-21b.")],
    pack: Packs = None,
    run: Annotated[str | None, typer.Option("--run", help="As a run recorded it; last is the latest.")] = None,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
) -> None:
    """Show one rule: where it is written, whose it is, since when, when it holds, what follows, and its tests."""
    import difflib

    from evenhand.terms import UsageError

    voice = Speaker(json_out=json_out)
    rulebook, _ = _rulebook(pack, run, home, None)
    packed = rulebook.by_id(rule_id)
    if packed is None:
        close = difflib.get_close_matches(rule_id, [one.rule.id for one in rulebook.rules], n=1, cutoff=0.5)
        raise UsageError(
            "rule-unknown",
            "There is no rule with this id.",
            rule="a rule is named by its id",
            remedy=(f"did you mean {close[0]}? " if close else "") + "evenhand rules list shows the rules in force",
        )
    if json_out:
        voice.document({"rule": _plain(packed), "cases": packed.rule.model_dump(mode="json")["cases"]})
        return
    for line in _told(packed, lang):
        voice.data(line)


def try_cases(
    packs: Annotated[
        list[Path] | None, typer.Argument(metavar="[PACK]...", help="Files with own rules; none = those of evenhand.")
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Run the tests that rules carry; a rule without a test either way fails. Exits with 1 where one does."""
    from evenhand.rules import failed_cases

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    rulebook, _ = _rulebook(packs, None, None, None)
    own = set(list(rulebook.versions)[-len(packs) :]) if packs else set(rulebook.versions)
    rules = [packed for packed in rulebook.rules if packed.pack in own]
    failed = failed_cases(rulebook, rules)
    cases = sum(len(packed.rule.cases) for packed in rules)
    if json_out:
        plain = [{"rule": f.rule, "pack": f.pack, "case": f.number, "what": f.what} for f in failed]
        voice.document({"ok": not failed, "rules": len(rules), "cases": cases, "failed": plain})
    else:
        for one in failed:
            case = f", case {one.number}" if one.number else ""
            voice.data(f"{one.pack}: {one.rule}{case}: {one.what}")
        voice.talk(f"{len(rules)} rules, {cases} cases, {len(failed)} failed.")
    if failed:
        raise typer.Exit(EXIT_FAILED)


def diff(
    at: At = None,
    to: Annotated[str | None, typer.Option("--to", help="The later moment, ISO 8601. [default: now]")] = None,
    country: Country = None,
    controller: Controller = "NL",
    pack: Packs = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Compare what a run recorded with the rules as they are now.")
    ] = None,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
) -> None:
    """Say which rules begin, end or changed: between two moments, or since a run."""
    from evenhand.rules import changes
    from evenhand.terms import UsageError

    if at is None and run is None:
        raise UsageError(
            "rules-diff-what",
            "Nothing was named to compare with.",
            rule="a difference is between two moments, or between a run and now",
            remedy="name the earlier moment with --at, or a run with --run",
        )
    voice = Speaker(json_out=json_out)
    now, later = _rulebook(pack, None, None, to)
    then, earlier = (now, moment(at)) if run is None else _rulebook(None, run, home, at)
    before, after = (
        {packed.rule.id: packed.rule for packed in _in_force(book, when, country, controller)}
        for book, when in ((then, earlier), (now, later))
    )
    found = changes(before, after)
    if json_out:
        plain = [
            {
                "rule": one.id,
                "kind": one.kind,
                "fields": list(one.fields),
                "before": None if one.before is None else one.before.model_dump(mode="json", exclude={"cases"}),
                "after": None if one.after is None else one.after.model_dump(mode="json", exclude={"cases"}),
            }
            for one in found
        ]
        voice.document({"at": earlier.isoformat(), "to": later.isoformat(), "changes": plain})
        return
    voice.talk(f"{len(found)} rules differ between {earlier.isoformat()} and {later.isoformat()}.")
    marks = {"added": "+", "removed": "-", "changed": "~"}
    for one in found:
        rule = one.after or one.before
        assert rule is not None
        fields = f" ({', '.join(one.fields)})" if one.fields else ""
        says = rule.says.nl if lang is Language.nl else rule.says.en
        voice.data(f"{marks[one.kind]} {one.id}{fields}: {says}")


def balancing(
    text: Annotated[Path, typer.Argument(metavar="TEXT", help="File with the weighing: interest, necessity, balance.")],
    id: Annotated[str, typer.Option("--id", help="Its id, as the campaign names it under balancing: record.")],
    by: Annotated[str, typer.Option("--by", help="Name and role of whoever signs.")],
    expires: Annotated[str, typer.Option("--expires", help="Last day on which it holds, such as 2027-06-30.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="Signer's Ed25519 key (PEM), to sign with. [default: a name only]")
    ] = None,
    at: At = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write. [default: beside TEXT, as .yaml]")] = None,
) -> None:
    """Write the signed record of a balancing test, for balancing: file in a campaign (GDPR 6(1)(f))."""
    from evenhand import assembly

    path = assembly.sign_balancing(text, id=id, signed_by=by, expires=expires, key=key, at=moment(at), out=out)
    Speaker().data(str(path))


def _rulebook(
    packs: list[Path] | None, run: str | None, home: Path | None, at: str | None
) -> tuple[Rulebook, datetime]:
    """The rules that are asked about, and the moment: of a run its own, unless another is named."""
    from evenhand import assembly

    if run is not None:
        rulebook, when = assembly.rules_of_run(run, home=home)
        return rulebook, when if at is None else moment(at)
    return assembly.rules_with(packs or ()), moment(at)


def _in_force(rulebook: Rulebook, at: datetime, country: str | None, controller: str) -> list[PackedRule]:
    """The rules in force at a moment, for people in a place where one is named."""
    from evenhand.terms import UsageError

    rules = [rulebook.rules[place] for place in rulebook.in_force(at)]
    if country is None:
        return rules
    place = country.strip().upper()
    if place != "UNKNOWN" and not rulebook.is_known(place):
        raise UsageError(
            "rules-place",
            "No rule pack speaks of this place.",
            rule="whoever is there gets the strictest rules",
            remedy="name NL, US-CA, another country of the EEA, EU or unknown",
        )
    people: frozenset[str] = frozenset() if place == "UNKNOWN" else frozenset({place})
    return [packed for packed in rules if rulebook.touches(packed.rule, people, controller.strip().upper())]


def _plain(packed: PackedRule) -> dict[str, Any]:
    plain = packed.rule.model_dump(mode="json", exclude={"cases"})
    return {**plain, "pack": packed.pack, "version": packed.version}


def _told(packed: PackedRule, lang: Language) -> list[str]:
    rule = packed.rule
    says, remedy = (text.nl if lang is Language.nl else text.en for text in (rule.says, rule.remedy))

    def conditions(given: Any) -> str:
        return "; ".join(f"{fact} is {' or '.join(values)}" for fact, values in given.items()) or "always"

    people = [*rule.applies.people, *(f"everybody, of organisations in {place}" for place in rule.applies.controllers)]
    seen = {"text": "the text", "summary": "a summary", "memory": "memory, not checked", "house": "no law: our own"}
    lines = [
        f"{rule.id}: {says}",
        f"  article    {rule.article}",
        f"  known from {seen[rule.known_from]}",
        f"  pack       {packed.pack}, version {packed.version}",
        f"  for        people in {', '.join(people)}"
        + (f", not in {', '.join(rule.applies.people_not)}" if rule.applies.people_not else ""),
        f"  in force   from {rule.since or 'always'} until {rule.until or 'no end known'}",
        f"  when       {conditions(rule.when)}",
        *(f"  unless     {conditions(each)}" for each in rule.unless),
        *(["  unless     the person consented explicitly"] if rule.waivable else []),
        f"  follows    {rule.effect.value} ({rule.reason})",
        f"  to do      {remedy}",
    ]
    for number, case in enumerate(rule.cases, 1):
        verb = "applies" if case.applies else "does not apply"
        lines.append(f"  case {number:<5} {case.at}, {case.place}: {verb} where {conditions(case.facts)}")
    return lines


def _versions(rulebook: Rulebook) -> str:
    return ", ".join(f"{pack} {version}" for pack, version in rulebook.versions.items())


_COMMANDS = (
    ("list", list_rules, ("evenhand rules list --at 2026-06-30 --country NL", "evenhand rules list --run last --json")),
    ("show", show, ("evenhand rules show E-phone.nl", "evenhand rules show G-9 --lang nl")),
    ("test", try_cases, ("evenhand rules test", "evenhand rules test own-rules.yaml")),
    (
        "diff",
        diff,
        ("evenhand rules diff --at 2026-06-30 --to 2026-07-01 --country NL", "evenhand rules diff --run last"),
    ),
    (
        "balancing",
        balancing,
        (
            'evenhand rules balancing lia.md --id LIA-1 --by "J. de Vries, DPO" --expires 2027-06-30',
            "evenhand rules balancing lia.md --id LIA-1 --by Me --expires 2027-06-30 --key me.pem",
        ),
    ),
)
