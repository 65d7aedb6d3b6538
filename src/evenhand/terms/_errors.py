"""Errors and findings: what happened, which rule, what to do - and never a personal value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ._words import Severity

__all__ = [
    "DataError",
    "EvenhandError",
    "Finding",
    "LedgerError",
    "PausedError",
    "PolicyError",
    "StoreError",
    "UsageError",
]


class EvenhandError(Exception):
    """Root of all errors that evenhand raises on purpose.

    Args:
        code: stable word for programs, e.g. ``data-duplicate-ids``.
        what: what happened, one sentence, without any personal value.
        rule: which rule it breaks: an id of RULES, or a sentence.
        remedy: what to do about it.
    """

    exit_code = 3

    def __init__(self, code: str, what: str, *, rule: str, remedy: str) -> None:
        super().__init__(f"{what} Rule: {rule.removesuffix('.')}. To do: {remedy}")
        self.code = code
        self.what = what
        self.rule = rule
        self.remedy = remedy


class UsageError(EvenhandError):
    """The command or call was written wrongly (exit code 2)."""

    exit_code = 2


class PolicyError(EvenhandError):
    """The campaign file does not say what it must, or says what it may not (exit code 3).

    Args:
        findings: every problem found in the file, not only the first.
    """

    def __init__(self, code: str, what: str, *, rule: str, remedy: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(code, what, rule=rule, remedy=remedy)
        self.findings = findings


class DataError(EvenhandError):
    """The data is not what the campaign file says (exit code 3)."""


class StoreError(EvenhandError):
    """A store cannot be reached or written: disk full, locked, no permission (exit code 4)."""

    exit_code = 4


class LedgerError(EvenhandError):
    """The ledger is broken: something in it was altered, or a promise was not kept (exit code 5)."""

    exit_code = 5


class PausedError(EvenhandError):
    """The campaign is paused: an alarm did so, and a named person can resume it (exit code 6)."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found. Findings are values: they are listed, counted and exported (SARIF).

    Attributes:
        id: stable id of the kind of finding, e.g. ``EH-DATA-003``.
        severity: how much it weighs.
        what: what was found, one sentence, no personal value.
        rule: the rule id or the sentence it rests on.
        remedy: what a person can do about it.
        file: file it is about, or "".
        line: 1-based line in that file, or 0 where it has none.
        column: 1-based column in that file, or 0.
        subject_matter: what it is about inside the file or table: a column, offer or limit name, or "".
        measured: the figures behind it, by name; counts and rates only.
    """

    id: str
    severity: Severity
    what: str
    rule: str
    remedy: str
    file: str = ""
    line: int = 0
    column: int = 0
    subject_matter: str = ""
    measured: Mapping[str, float | int | str] = field(default_factory=dict)
