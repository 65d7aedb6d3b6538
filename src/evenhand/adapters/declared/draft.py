"""Draft a campaign file from any table: what `evenhand init` writes.

Every column gets a guessed role with its reason as a comment, and ``confirmed: false``: nothing is used before a person
has agreed. What no program can know (the category, the legal basis, what an offer is worth) is left to answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evenhand.policy import CONTACT_TO_FILL_IN, NAME_TO_FILL_IN, OFFER_TO_FILL_IN, Table, drafted_meaning
from evenhand.terms import Finding, Role

from ..data.tables import DataTable, open_frame, open_table
from ._draft_control import Control
from ._draft_guesses import Guess, guess_columns

__all__ = ["Draft", "Guess", "draft_campaign", "table_named"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS_OF_YAML = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted campaign file.

    Attributes:
        text: the file, YAML with comments. Without an answer under ``category`` it cannot run.
        guesses: one per column.
        findings: what a person should look at.
    """

    text: str
    guesses: tuple[Guess, ...]
    findings: tuple[Finding, ...]

    @property
    def columns(self) -> dict[str, dict[str, str]]:
        """Role, origin and reason of every column, JSON-able."""
        return {
            guess.name: {"role": str(guess.role), "origin": str(guess.origin), "reason": guess.reason}
            for guess in self.guesses
        }


def draft_campaign(
    data: str | Path | Any,
    *,
    out: Path | None = None,
    outcome: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Draft:
    """Look at a table and draft a campaign file in which it is both the history and the subjects.

    Args:
        data: a CSV or Parquet file, ``sqlite:///FILE#TABLE``, ``VARIABLE#TABLE`` for a database whose address is in an
            environment variable, or any data frame.
        out: where the campaign file will stand; file names are written relative to its folder.
        outcome: the column to predict, if it is known.
        environ: environment variables; the process's own by default.

    Raises:
        DataError: it is not a table, or `outcome` is not a yes-or-no column of it.
        StoreError: the database cannot be reached.
    """
    folder = (out or Path("campaign.yaml")).resolve().parent
    if isinstance(data, (str, Path)):
        declared = table_named(str(data), folder)
        table = open_table(declared, folder, environ=environ)
        source, origin = _source(declared), table.where
        stem = Path(declared.file or declared.table or "campaign").stem
    else:
        table = open_frame(data)
        source, stem = "  file: data.parquet   # write your data frame to this file, or name another", "campaign"
        origin = "a data frame"
    guesses, findings, control = guess_columns(table, outcome=outcome)
    text = _TEMPLATE.format(
        origin=_comment(origin),
        rows=len(table),
        campaign=_identifier(stem),
        name=NAME_TO_FILL_IN,
        contact=CONTACT_TO_FILL_IN,
        offer=OFFER_TO_FILL_IN,
        source=source,
        control=_control(control),
        target="" if control is None else _TARGET,
        columns="\n".join(map(_column, guesses)),
        per_offer=_per_offer(table),
        groups=", ".join(_key(guess.name) for guess in guesses if guess.role is Role.SENSITIVE) or "COLUMN",
    )
    return Draft(text=text, guesses=guesses, findings=findings)


def table_named(data: str, folder: Path) -> Table:
    """The declaration of a table that the command line names: a file, or DATABASE#TABLE."""
    database, mark, table = data.rpartition("#")
    if mark and not Path(data).exists() and (database.startswith("sqlite:///") or _PLAIN.fullmatch(database)):
        file = database.removeprefix("sqlite:///")
        if file != database:
            database = "sqlite:///" + _relative(Path(file), folder)
        return Table(file=None, sql=database, table=table)
    return Table(file=_relative(Path(data), folder), sql=None, table=None)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()


def _source(table: Table) -> str:
    if table.file is not None:
        return f"  file: {_text(table.file)}"
    return f"  sql: {_text(table.sql or '')}\n  table: {_text(table.table or '')}"


def _identifier(stem: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", stem.lower()).strip("-_.")[:64] or "campaign"


def _column(guess: Guess) -> str:
    lines = [f"  # {_comment(guess.reason)}", f"  {_key(guess.name)}:", f"    role: {guess.role}"]
    if guess.role in {Role.FEATURE, Role.SENSITIVE}:
        lines.append(f"    origin: {guess.origin}")
    if guess.role is Role.FEATURE:
        meaning = ", ".join(f"{lang}: {_text(words)}" for lang, words in drafted_meaning(guess.name).items())
        lines.append(f"    kind: {guess.kind}")
        lines.append(f"    meaning: {{{meaning}}}   # edit: say it as you would to the person")
    if guess.special_category:
        lines.append("    special_category: true")
    lines.append("    confirmed: false")
    return "\n".join(lines)


def _per_offer(table: DataTable) -> str:
    names = sorted({name.rpartition("@")[0] for name in table.names if "@" in name})
    if not names:
        return ""
    listed = ", ".join(_comment(name) for name in names)
    return (
        f"  # Per offer (columns NAME@OFFER): {listed}.\n"
        "  # Declare each once as NAME with role: feature and per_offer: true; history has one column NAME.\n"
    )


def _control(control: Control | None) -> str:
    if control is None:
        return ""
    return (
        f"  # The column {_comment(control.column)} seems to say what was shown, and of some that nothing was.\n"
        "  # If people were drawn by lot, remove the # of these lines and of model, at the end: the decision then\n"
        "  # follows what an offer changes. Ids of offers must stand in that column: small letters, no spaces.\n"
        f"  # offer: {_key(control.column)}\n"
        f"  # control: {_text(control.value)}\n"
        "  # randomised: true                   # only if chance alone decided who was shown what\n"
    )


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name.lower() not in _WORDS_OF_YAML else _text(name)


def _text(text: str) -> str:
    """A quoted YAML text; what cannot be printed is escaped."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + '"'


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


_TARGET = """
# model:
#   target: increment                  # what an offer changes; without it: how likely people respond
"""

_TEMPLATE = """\
# yaml-language-server: $schema=campaign.schema.json
# (evenhand schema prints that file; an editor then completes and checks what you write here)
#
# Drafted from {origin} ({rows} rows). Answer what is asked below, correct the guesses, and set confirmed: true
# where you agree; a column with confirmed: false is not used. What people would read (# edit) must be your own words:
# until it is, check lists it and nothing runs. Then: evenhand check, evenhand plan, evenhand run.
evenhand: 1
campaign: {campaign}

controller:
  name: {name:<31}# edit: people see this name
  contact: {contact:<28}# edit: where people can ask a human
  country: NL

purpose: PersonalisedAdvertising       # a term of the W3C DPV below Marketing

# TO ANSWER, there is no default: what is the campaign about?
# ordinary, employment, housing, credit, insurance or political. Remove the # and write one of them.
# category:

channel: web                           # email, sms, push, phone, post, web, app or store
surface: own                           # own, or online_platform
legal_basis: consent                   # consent; contract and legitimate_interest need more (law)
currency: EUR

subjects:
{source}
history:
{source}
  hold_out: 0.25                       # share of the people kept for evaluation
{control}
# TO ANSWER: where are consents and objections? A table with the columns subject, kind, purpose, status and at.
# Without it, legal basis consent cannot run, and no objection could be honoured. Remove the # of both lines.
# consents:
#   file: consents.csv

columns:
{columns}
{per_offer}
offers:
  - id: offer-1
    text: {{nl: "{offer[nl]}", en: "{offer[en]}"}}   # edit: what the person sees
    value: 1.00                        # edit: money gained when somebody responds
    cost: 0.00                         # edit: money spent on showing it once
    made_by_ai: false                  # edit: whether AI made (part of) the text or picture

limits:
  # budget: 1000
  # contacts: {{total: 500}}
  disparity: []
  # disparity:                         # in place of the line above, once the columns are confirmed
  #   - id: groups-even
  #     groups: [{groups}]
  #     measure: selection_rate_ratio
  #     bound: 0.8

retention:
  decisions: P24M
  features: P6M
{target}"""
