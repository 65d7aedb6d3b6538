"""The tests that rules carry: made-up cases, with what the rule says to each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ._match import case_applies
from ._rulebook import PackedRule, Rulebook

__all__ = ["CaseFailed", "failed_cases"]


@dataclass(frozen=True, slots=True)
class CaseFailed:
    """A rule whose tests do not hold.

    Attributes:
        rule: its id.
        pack: the pack that it stands in.
        number: which of its cases, from 1; 0 where a case is missing.
        what: what is wrong.
    """

    rule: str
    pack: str
    number: int
    what: str


def failed_cases(rulebook: Rulebook, rules: Iterable[PackedRule] | None = None) -> tuple[CaseFailed, ...]:
    """What is wrong with the tests of rules: of each, that it has one either way, and that all hold.

    Args:
        rulebook: the rules.
        rules: those of them to look at; None = all.
    """
    out = []
    for packed in rulebook.rules if rules is None else rules:
        rule = packed.rule
        for way in (True, False):
            if not any(case.applies is way for case in rule.cases):
                what = f"no case that the rule {'applies' if way else 'does not apply'} to"
                out.append(CaseFailed(rule.id, packed.pack, 0, what))
        for number, case in enumerate(rule.cases, 1):
            if case_applies(rulebook, rule, case) is not case.applies:
                what = f"the rule {'does not apply' if case.applies else 'applies'}, and the case says otherwise"
                out.append(CaseFailed(rule.id, packed.pack, number, what))
    return tuple(out)
