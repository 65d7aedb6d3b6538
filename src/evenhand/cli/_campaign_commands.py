"""Commands about a campaign: demo, init, check, plan, frontier, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._audit_lines import audit_lines
from ._frontier_lines import frontier_lines
from ._increment_lines import increment_lines
from ._options import At, CampaignFile, Format, HomeFolder, Json, Lang, Language, NoColour, Quiet, Weight, moment
from ._speak import Speaker, counted, guarded, program, quoted
from ._try import not_with_json, open_to_try

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))


def demo(
    folder: Annotated[Path, typer.Option(help="Folder to make the demo in.")] = Path("evenhand-demo"),
    open_pages: Annotated[
        bool, typer.Option("--open", help="Then serve its pages to this machine, to click through, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of these pages.")] = 8000,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Run a whole campaign on published grocery data and write its report; with --open show its pages too."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if open_pages:
        not_with_json(json_out)
        assembly.check_can_serve()
    with voice.progress() as step:
        ran = assembly.demo(folder, step=step)
    _tell_run(voice, ran)
    voice.talk(f"Ask why:  {program()} why {ran.sample_decision} --home {quoted(ran.home)} --lang {lang.value}")
    if open_pages:
        open_to_try(voice, folder, port, lang.value)
    else:
        voice.talk(f"Click through what its people see:  {program()} demo --open --folder {quoted(folder)}")


def init(
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV or Parquet file, or sqlite:///FILE#TABLE.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Campaign file to write.")] = Path("campaign.yaml"),
    outcome: Annotated[str | None, typer.Option(help="Column to predict, if you know it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Look at any table and draft a campaign file; nothing in it is used until a person confirms it."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if out.exists() and not force:
        from evenhand.terms import UsageError

        raise UsageError(
            "init-exists",
            f"{out} exists.",
            rule="init never writes over your work",
            remedy="choose another --out, or --force",
        )
    draft = assembly.draft(data, out=out, outcome=outcome)
    if json_out:
        voice.document({"campaign_file": str(out), "columns": draft.columns, "findings": _as_json(draft.findings)})
        return
    for finding in draft.findings:
        voice.finding(finding)
    voice.talk(f"Drafted {out}: {counted(len(draft.columns), 'column')}, each with a guess and its reason.", bold=True)
    voice.talk("Open it, answer `category`, correct the roles and set `confirmed: true` where you agree;")
    voice.talk("write your own words where it says `# edit`, since nothing runs before that. Then:")
    voice.talk(f"  evenhand check {out}")


def check(
    campaign: CampaignFile,
    output_format: Annotated[Format, typer.Option("--format", help="How to print the findings.")] = Format.text,
    fail_on: Annotated[
        Weight, typer.Option("--fail-on", help="Exit 1 at findings of this weight or more.")
    ] = Weight.error,
    at: At = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Audit policy and data; decides nothing and writes nothing."""
    from evenhand import assembly
    from evenhand.terms import Severity

    chosen = Format.json if json_out else output_format
    voice = Speaker(json_out=chosen is not Format.text, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        checked = assembly.check(campaign, at=moment(at), step=step)
    heavy = [f for f in checked.findings if f.severity.rank >= Severity(fail_on.value).rank]
    if chosen is Format.sarif:
        import json

        from evenhand import __version__
        from evenhand.adapters.declared.sarif import to_sarif

        voice.data(json.dumps(to_sarif(checked.findings, version=__version__), ensure_ascii=False, indent=2))
    elif chosen is Format.json:
        voice.document(
            {
                "campaign": str(campaign),
                "findings": _as_json(checked.findings),
                "audit": checked.audit,
                "passed": not heavy,
                "fail_on": fail_on.value,
            }
        )
    else:
        for finding in checked.findings:
            voice.finding(finding)
        for line in audit_lines(checked.audit):
            voice.data(line)
        counts = {s: sum(f.severity is s for f in checked.findings) for s in Severity}
        voice.talk(
            ", ".join(f"{counts[s]} {s.value}{'' if counts[s] == 1 else 's'}" for s in reversed(Severity)) + ".",
            bold=True,
        )
        voice.talk(
            f"Next: evenhand plan {campaign}"
            if not heavy
            else "The campaign cannot run."
            if checked.broken
            else f"Exit 1: --fail-on {fail_on.value}."
        )
    if checked.broken:
        raise typer.Exit(3)
    if heavy:
        raise typer.Exit(1)


def plan(
    campaign: CampaignFile,
    at: At = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show what would be decided and which limits bind; records nothing."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        planned = assembly.plan_campaign(campaign, home=home, at=moment(at), step=step)
    if json_out:
        voice.document({"written": False, **planned.summary})
        return
    _tell_summary(voice, planned.summary)
    voice.talk(f"Nothing was decided or recorded. For that: evenhand run {campaign}")


def frontier(
    campaign: CampaignFile,
    limit: Annotated[
        str | None, typer.Option(help="Id of the disparity limit to sweep. [default: the only one]")
    ] = None,
    bounds: Annotated[
        str | None, typer.Option(help="Bounds to try, such as 0.7,0.8,0.9. [default: usual ones and the declared one]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also draw it: HTML file to write.")] = None,
    at: At = None,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Show what a disparity limit costs at every bound; records nothing."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        swept = assembly.frontier(campaign, limit=limit, bounds=_bounds(bounds), home=home, at=moment(at), step=step)
    if out is not None:
        from evenhand.adapters.stores.home import write_atomically
        from evenhand.reports import frontier_page

        write_atomically(out, frontier_page(swept, lang=lang.value))
    if json_out:
        voice.document(swept)
        return
    for line in frontier_lines(swept):
        voice.data(line)
    if out is not None:
        voice.talk(f"Drawn: {out}", bold=True)


def _bounds(told: str | None) -> tuple[float, ...]:
    """The numbers of ``--bounds``."""
    if told is None:
        return ()
    try:
        return tuple(float(part) for part in told.split(","))
    except ValueError:
        from evenhand.terms import UsageError

        raise UsageError(
            "frontier-bound",
            "--bounds is not a list of numbers.",
            rule="bounds are numbers from 0 to 1 with commas between them",
            remedy="write --bounds 0.7,0.8,0.9",
        ) from None


def run(
    campaign: CampaignFile,
    at: At = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Decide, record every decision in the ledger, and write the report."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        ran = assembly.run_campaign(campaign, home=home, at=moment(at), step=step)
    _tell_run(voice, ran)
    if not json_out:
        voice.talk(f"Ask why:  {program()} why {ran.sample_decision} --home {quoted(ran.home)}")
        voice.talk(f"Verify:   {program()} ledger verify --home {quoted(ran.home)}")


def _tell_run(voice: Speaker, ran: Any) -> None:
    report = ran.folder / "report.html"
    if voice.json_out:
        voice.document(
            {
                "run_id": ran.run_id,
                "home": str(ran.home),
                "report": str(report),
                "head": ran.head,
                "notices": list(ran.notices),
                "said_no": {"people": ran.said_no.people, "file": str(ran.said_no.file) if ran.said_no.file else None},
                **ran.summary,
            }
        )
        return
    for notice in ran.notices:
        voice.talk(f"Found at the start: {notice}")
    _tell_summary(voice, ran.summary)
    voice.talk(f"Recorded as {ran.run_id}; ledger head {ran.head}")
    voice.talk(f"Report:   {report}", bold=True)
    if ran.said_no.people:
        voice.talk(f"{ran.said_no.people:,} of these people said no while it was recorded. Leave them out of the send:")
        voice.data(str(ran.said_no.file))


def _tell_summary(voice: Speaker, summary: dict[str, Any]) -> None:
    for step in summary["funnel"]:
        people = "not shown" if step["people"] is None else f"{step['people']:,}"
        voice.data(f"{step['label']:<34}{people:>12}")
    for limit in summary["limits"]:
        state = "binds" if limit["binding"] else "does not bind"
        small = "; some groups too small to judge" if limit["note"] == "groups-too-small" else ""
        reached = f"{limit['used_text']} ({limit['declared_text']})"
        voice.data(f"limit {limit['id']:<24} {reached}, {state}{limit['price_text']}{small}")
    for line in increment_lines(summary):
        voice.data(line)
    kind = "extra value" if summary["target"] == "increment" else "value"
    among = " of all rules that guess groups as this one does" if summary["gap_among"] == "rules" else ""
    gap = f"at most {summary['gap'] * 100:.3f} % below the best within limits{among}"
    voice.data(f"expected {kind} {summary['value_text']}; {gap}")


def _as_json(findings: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": f.id,
            "severity": f.severity.value,
            "what": f.what,
            "rule": f.rule,
            "remedy": f.remedy,
            "file": f.file,
            "line": f.line,
            "column": f.column,
            "subject_matter": f.subject_matter,
            "measured": dict(f.measured),
        }
        for f in findings
    ]


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (demo, ("evenhand demo", "evenhand demo --folder /tmp/shop --open")),
    (init, ("evenhand init customers.csv", "evenhand init sqlite:///shop.db#customers --out spring.yaml")),
    (check, ("evenhand check campaign.yaml", "evenhand check campaign.yaml --format sarif --fail-on warning")),
    (plan, ("evenhand plan campaign.yaml", "evenhand plan campaign.yaml --at 2026-11-23 --json")),
    (
        frontier,
        ("evenhand frontier campaign.yaml", "evenhand frontier campaign.yaml --bounds 0.7,0.8,0.9 --out cost.html"),
    ),
    (run, ("evenhand run campaign.yaml", "evenhand run campaign.yaml --home /srv/evenhand --json")),
)
