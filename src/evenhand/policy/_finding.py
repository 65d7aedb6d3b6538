"""A finding and the place in the campaign file that it is about; and every kind of finding that policy can have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from evenhand.terms import Finding, Severity

__all__ = ["CHECKS", "Check", "Path", "PolicyFinding", "describe", "found", "meant"]

Path = tuple[str | int, ...]
"""The way to a field: keys and (0-based) list places, e.g. ``("offers", 0, "value")``."""


class Check(NamedTuple):
    """One thing that is checked in a campaign file."""

    severity: Severity
    rule: str
    title: str


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

CHECKS = MappingProxyType(
    {
        "EH-POL-001": Check(_E, "the file is YAML 1.2 in UTF-8", "The file can be read."),
        "EH-POL-002": Check(_E, "one meaning per key", "No key stands twice in one place."),
        "EH-POL-003": Check(_E, "only what is declared can happen", "Every key is one that evenhand knows."),
        "EH-POL-004": Check(_E, "a question that matters has no default", "Every required key is there."),
        "EH-POL-005": Check(_E, "each field has one kind of value", "Every value is of its kind."),
        "EH-POL-006": Check(_E, "closed vocabularies", "Every word is one of the words allowed there."),
        "EH-POL-007": Check(_E, "each field has its bounds", "Every value is within its bounds and shape."),
        "EH-POL-010": Check(_E, "G-5b", "The purpose is a DPV term below Marketing."),
        "EH-POL-011": Check(_E, "G-5b", "The purpose is narrower than Marketing or Advertising as a whole."),
        "EH-POL-012": Check(_E, "T-18", "The campaign is not political."),
        "EH-POL-013": Check(_E, "G-7", "Consent as legal basis has a consent source."),
        "EH-POL-014": Check(_E, "G-6f", "Legitimate interest has a balancing test."),
        "EH-POL-015": Check(_E, "G-6f", "The balancing test has not expired."),
        "EH-POL-016": Check(_E, "A-6", "A recruitment purpose has the category employment."),
        "EH-POL-017": Check(_W, "E-mail, E-phone", "E-mail, messages and calls rest on consent."),
        "EH-POL-018": Check(_W, "D-26-3", "A direct channel does not stand on an online platform."),
        "EH-POL-019": Check(_W, "G-21b", "There is a source of objections and opt-outs."),
        "EH-POL-020": Check(_E, "one source per table", "A table is a file or a database table, not both or neither."),
        "EH-POL-021": Check(_E, "one source per table", "A database has a table, and a file has none."),
        "EH-POL-022": Check(_E, "G-32", "No password stands in the file."),
        "EH-POL-023": Check(_E, "each response belongs to one offer", "History names the offer shown."),
        "EH-POL-024": Check(_E, "evaluate on what comes later", "train_before has an order to go by."),
        "EH-POL-025": Check(_E, "G-5b", "The history columns for offer and order have no other role that forbids it."),
        "EH-POL-026": Check(_E, "an increment is a difference", "Target increment has a control to compare with."),
        "EH-POL-027": Check(_E, "an increment needs chance", "Target increment has a history declared as randomised."),
        "EH-POL-028": Check(_E, "each response belongs to one offer", "A control has a column that it is a value of."),
        "EH-POL-029": Check(_E, "one meaning per id", "A control is no offer."),
        "EH-POL-030": Check(_E, "one subject per row", "Exactly one confirmed column is the identifier."),
        "EH-POL-031": Check(_E, "one outcome to learn", "Exactly one confirmed column is the outcome."),
        "EH-POL-032": Check(_E, "G-5c", "At least one confirmed column is a feature."),
        "EH-POL-033": Check(_E, "G-15h", "Every feature says what it means, in Dutch and English."),
        "EH-POL-034": Check(_E, "G-9", "No feature is of a special category."),
        "EH-POL-035": Check(_W, "G-25", "Every drafted column is confirmed by a person."),
        "EH-POL-036": Check(_W, "G-9, F-EU", "No feature's name looks like a protected attribute or a proxy of one."),
        "EH-POL-037": Check(_E, "F-HEC", "No feature targets by age, gender, origin or place where law forbids it."),
        "EH-POL-038": Check(_N, "D-26-3", "Special categories on an online platform are compared, never used."),
        "EH-POL-039": Check(_E, "one column per offer", "Only a feature has one column per offer, named without @."),
        "EH-POL-040": Check(_E, "one meaning per id", "No two offers have the same id."),
        "EH-POL-041": Check(_W, "an offer is worth its cost", "Every offer brings more than it costs."),
        "EH-POL-042": Check(_W, "a limit limits something", "A budget has offers that cost something."),
        "EH-POL-043": Check(_E, "a declared change can be made", "Only a number that can change has a way or a range."),
        "EH-POL-044": Check(_E, "a declared change can be made", "A range of changes holds at least one value."),
        "EH-POL-045": Check(_E, "an increment is a difference", "With target increment no feature is per offer."),
        "EH-POL-046": Check(_E, "an increment is a difference", "With target increment each offer has its own fit."),
        "EH-POL-047": Check(
            _N, "the decision can follow what an offer changes", "A randomised history with a control is used as one."
        ),
        "EH-POL-048": Check(_E, "limits can be kept together", "No offer has a minimum above its places."),
        "EH-POL-049": Check(_E, "limits can be kept together", "The minimums together fit within contacts and budget."),
        "EH-POL-050": Check(_E, "one meaning per id", "No two limits have the same id, nor one that evenhand gives."),
        "EH-POL-051": Check(
            _E, "groups are confirmed sensitive columns", "A limit compares confirmed sensitive columns."
        ),
        "EH-POL-052": Check(_E, "A-4a", "Aware mode says why group membership is strictly necessary."),
        "EH-POL-053": Check(_E, "F-HEC", "Employment, housing and credit are decided without group membership."),
        "EH-POL-054": Check(_W, "a limit limits something", "A limit's bound and intersections have an effect."),
        "EH-POL-055": Check(_W, "A-6", "A high-risk campaign can be audited: it has sensitive columns."),
        "EH-POL-056": Check(_E, "one meaning per id", "A limit names offers of the campaign, each once."),
        "EH-POL-057": Check(
            _E, "conditions are declared columns", "An offer's condition is a confirmed column of role eligibility."
        ),
        "EH-POL-058": Check(_N, "a limit limits something", "A soft limit may cost something."),
        "EH-POL-060": Check(_E, "G-13", "The organisation has its own name, not the draft's."),
        "EH-POL-061": Check(_E, "G-13", "The contact is an address where somebody answers."),
        "EH-POL-062": Check(_E, "no person reads a placeholder", "Every offer has its own text, in both languages."),
        "EH-POL-063": Check(_E, "G-15h", "Every confirmed feature has its own meaning (unconfirmed: a note)."),
        "EH-POL-064": Check(_W, "an offer is worth its cost", "Value and cost of an offer are not the draft's."),
        "EH-POL-065": Check(_W, "G-15h", "A feature's meaning says more than the column's name."),
        "EH-POL-070": Check(_E, "one meaning per id", "No two monitors have the same id."),
        "EH-POL-071": Check(
            _E, "groups are confirmed sensitive columns", "A monitor compares confirmed sensitive columns, once each."
        ),
        "EH-POL-072": Check(_E, "what is watched stands somewhere", "Deliveries and outcomes have events."),
        "EH-POL-073": Check(_E, "groups are compared with a group", "A reference names a value per column compared."),
        "EH-POL-074": Check(_W, "what is declared has an effect", "An alarm of a monitor can come, and can end."),
        "EH-POL-081": Check(
            _E, "a lot has one chance for everybody", "Nobody is drawn where people may get several offers."
        ),
        "EH-POL-082": Check(
            _E, "what is compared can be priced", "With several offers per person a limit compares any offer, or each."
        ),
        "EH-POL-083": Check(
            _E, "what is watched is one choice", "Nothing is watched where people may get several offers."
        ),
        "EH-POL-085": Check(
            _E,
            "what is compared can be priced",
            "Modelled responses are compared where a person gets one offer at most.",
        ),
        "EH-POL-086": Check(_E, "costs are declared columns", "An offer's costs are a confirmed column of role cost."),
        "EH-POL-087": Check(
            _E, "what is declared is kept", "Each person's own costs stand beside what can go by them."
        ),
        "EH-POL-084": Check(_N, "a limit limits something", "There are as many offers as one person may get."),
        "EH-POL-080": Check(
            _W,
            "an increment is a difference",
            "With target increment an offer's history is of people who could get it.",
        ),
        "EH-POL-090": Check(_E, "a cut makes groups of a number", "Only a sensitive number is cut into groups."),
        "EH-POL-091": Check(_E, "a cut makes groups of a number", "The values at which a number is cut rise."),
        "EH-POL-092": Check(_E, "a response is a probability", "Modelled responses come from a model of responses."),
        "EH-POL-110": Check(
            _E, "one contact fits in a limit over time", "A period allows as many offers as one run may give a person."
        ),
        "EH-POL-111": Check(_W, "a limit limits something", "No limit over time is implied by another one."),
        "EH-POL-112": Check(_E, "G-5e", "Decisions are kept for as long as a limit over time looks back."),
        "EH-POL-100": Check(_E, "what is declared has an effect", "Signals have at least one column."),
        "EH-POL-101": Check(_E, "one meaning per column", "Each signal has a column of its own."),
        "EH-POL-102": Check(_W, "E-mail, G-7", "A TC string is declared where it can count."),
        "EH-POL-103": Check(_E, "C-120", "A campaign on an online platform says that it shares data."),
        "EH-POL-104": Check(_N, "C-7025", "Opt-out signals have something to stop."),
        "EH-POL-113": Check(_N, "one meaning per list", "Recipients are declared in one list, under processing."),
        "EH-POL-114": Check(
            _E, "G-26/28, G-44", "Each recipient has an id on a list in an own pack, which a law clause names."
        ),
        "EH-POL-120": Check(_E, "G-6", "A law clause says where people are: places, or a column."),
        "EH-POL-121": Check(_E, "G-5c", "What the law clause reads is a confirmed column of role permission."),
        "EH-POL-122": Check(_E, "G-9", "With a law clause every feature says how sensitive it is."),
        "EH-POL-123": Check(_E, "one source per fact", "A fact about people is a column, or a word for everybody."),
        "EH-POL-124": Check(_E, "E-mail", "Somebody is named who judged which products are similar."),
        "EH-POL-125": Check(_E, "G-6f", "With a law clause the signed balancing record itself is there."),
        "EH-POL-126": Check(_E, "G-7", "Evidence of consents has columns of its own."),
        "EH-POL-127": Check(
            _E, "one meaning per id", "Each version of the notice stands once, until a day that exists."
        ),
        "EH-POL-128": Check(_W, "G-6", "The rules know every place that the campaign names."),
        "EH-POL-129": Check(_W, "G-7", "With a law clause consents come with their evidence."),
        "EH-POL-130": Check(_E, "a rule of the packs", "No rule refuses everybody."),
        "EH-POL-131": Check(_E, "own rules only tighten", "The organisation's own rule packs can be read and used."),
        "EH-POL-132": Check(_W, "what is declared has an effect", "A column of role permission is asked for by law."),
        "EH-POL-133": Check(_E, "C-120", "What recipients do with data can be stopped by a signal."),
        "EH-POL-134": Check(
            _E, "G-6f, E-mail, E-phone", "A campaign on another basis than consent says which law holds."
        ),
        "EH-POL-150": Check(_W, "G-44", "A recipient outside the EEA has a safeguard."),
        "EH-POL-151": Check(_W, "G-26/28", "A processor has a contract."),
        "EH-POL-152": Check(_W, "G-5-2", "Evidence is kept as long as the decisions that rest on it."),
        "EH-POL-170": Check(
            _E, "G-32", "A campaign that came over the network names only files that the operator opened for it."
        ),
        "EH-POL-161": Check(_E, "A-4a", "Only a sensitive column is kept in the vault."),
        "EH-POL-163": Check(_E, "closed vocabularies", "Amounts are in a currency that there is."),
        "EH-POL-162": Check(_W, "G-5b", "A campaign about jobs has a purpose that says so."),
    }
)
"""Every kind of finding about a campaign file, by its stable id."""


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """A finding about a campaign, and where.

    Attributes:
        finding: what was found.
        path: the field that it is about; a missing field's own path, although it is not in the file.
    """

    finding: Finding
    path: Path

    def placed(self, file: str, line: int, column: int) -> PolicyFinding:
        """The same finding, at this place in this file."""
        return replace(self, finding=replace(self.finding, file=file, line=line, column=column))


def found(id: str, path: Path, what: str, remedy: str, *, severity: Severity | None = None) -> PolicyFinding:
    """Make a finding of a kind in `CHECKS`; `what` must hold no value that could be personal or secret."""
    check = CHECKS[id]
    about = str(path[1]) if len(path) > 1 and path[0] == "columns" else ""
    finding = Finding(
        id=id, severity=severity or check.severity, what=what, rule=check.rule, remedy=remedy, subject_matter=about
    )
    return PolicyFinding(finding, path)


def describe(path: Path) -> str:
    """A path in words.

    Example:
        >>> describe(("offers", 0, "value"))
        'offers, number 1, value'
    """
    return ", ".join(f"number {part + 1}" if isinstance(part, int) else part for part in path) or "the whole file"


def meant(word: str, candidates: Iterable[str]) -> str:
    """A question that names the candidate probably meant, ending in a space; or nothing.

    Example:
        >>> meant("purpse", ["purpose", "channel"])
        'did you mean purpose? '
    """
    folded = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.65)
    return f"did you mean {folded[close[0]]}? " if close else ""
