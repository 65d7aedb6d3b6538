"""Rules about which law holds: what the law clause reads, who answers for it, and what evidence there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from evenhand.terms import LegalBasis, Role

from ._campaign import Campaign
from ._finding import PolicyFinding, found, meant

__all__ = ["review_evidence", "review_law_clause"]

_TAKEN = {"subject", "kind", "purpose", "status", "at"}
_FACTS = ("customer", "own_product", "similar_product", "objection_offered")


def review_law_clause(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong about the law clause itself; what the rules say stands in `evenhand.rules`."""
    law = campaign.law
    declared = campaign.names(Role.PERMISSION)
    for name in declared:
        if law is None or name not in law.columns:
            yield found(
                "EH-POL-132",
                ("columns", name, "role"),
                f"The column {name} has role: permission, and no clause of law asks for it.",
                "Name it under law, or set role: forbidden.",
            )
    if law is None:
        return
    if not law.jurisdictions and law.column is None:
        yield found(
            "EH-POL-120",
            ("law",),
            "The law clause does not say where people are.",
            "Name jurisdictions such as [NL], or the column that says it for each person.",
        )
    yield from _columns(campaign, declared)
    for name in _FACTS:
        source = getattr(law, name)
        if source is not None and (source.column is None) == (source.everybody is None):
            yield found(
                "EH-POL-123",
                ("law", name),
                f"The fact {name} comes from a column and from a word for everybody, or from neither.",
                "Give it column: NAME or everybody: true, one of the two.",
            )
    similar = law.similar_product
    if similar is not None and similar.decided_by is None:
        yield found(
            "EH-POL-124",
            ("law", "similar_product"),
            "Which products are similar is a matter of judgement, and nobody is named who judged it.",
            "Add decided_by: with the name of the person who decided.",
        )
    if law.recipients:
        yield found(
            "EH-POL-113",
            ("law", "recipients"),
            "Recipients stand in two lists; this one is the old place, and is still read.",
            "Give each recipient under processing: recipients its id, and take law: recipients out.",
        )
    if campaign.legal_basis is LegalBasis.LEGITIMATE_INTEREST and campaign.balancing and not campaign.balancing.file:
        yield found(
            "EH-POL-125",
            ("balancing", "file"),
            "The balancing test is named, and its signed record is not there to be looked at.",
            "Add file: with the record (evenhand rules balancing makes one), beside the campaign file.",
        )
    if campaign.legal_basis is LegalBasis.CONSENT and campaign.consents and campaign.consents.evidence is None:
        yield found(
            "EH-POL-129",
            ("consents", "evidence"),
            "The consents come without evidence of how they were given.",
            "Name the columns under consents: evidence: notice, language, method and actor.",
        )


def _columns(campaign: Campaign, declared: tuple[str, ...]) -> Iterator[PolicyFinding]:
    assert campaign.law is not None
    for name in campaign.law.columns:
        if name not in declared:
            yield found(
                "EH-POL-121",
                ("law",),
                f"The law clause reads the column {name}, which is no confirmed column of role permission.",
                f"{meant(name, declared)}Declare it under columns with role: permission.",
            )
    for name in campaign.names(Role.FEATURE):
        if campaign.columns[name].sensitivity is None:
            yield found(
                "EH-POL-122",
                ("columns", name),
                f"The feature {name} does not say how sensitive it is, so it counts as a special category.",
                "Add sensitivity: ordinary, special, inferred, criminal or vulnerability, as a person judged it.",
            )


def review_evidence(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong about the evidence of consents and the notices."""
    source = campaign.consents
    if source is None:
        return
    if source.evidence is not None:
        columns = list(source.evidence.columns.values())
        signals = set() if source.signals is None else set(source.signals.columns.values())
        if len(set(columns)) < len(columns) or (_TAKEN | signals) & set(columns):
            yield found(
                "EH-POL-126",
                ("consents", "evidence"),
                "Two pieces of evidence name one column, or one names a column that means something else.",
                "Give each a column of its own.",
            )
    elif source.notices:
        yield found(
            "EH-POL-126",
            ("consents", "notices"),
            "Versions of the notice are declared, and no column says which of them a consent was given with.",
            "Name the columns under consents: evidence.",
        )
    seen = set()
    for number, notice in enumerate(source.notices):
        try:
            exists = notice.until is None or bool(date.fromisoformat(notice.until))
        except ValueError:
            exists = False
        if notice.id in seen or not exists:
            yield found(
                "EH-POL-127",
                ("consents", "notices", number),
                "A version of the notice stands twice, or ends on a day that does not exist.",
                "Give each version once, with a date such as 2027-01-31, or no end.",
            )
        seen.add(notice.id)
