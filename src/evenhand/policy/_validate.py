"""The rules about a campaign that types cannot say. Each finding names its rule, its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from evenhand.terms import Category, Channel, LegalBasis, Role, Surface

from ._campaign import Campaign
from ._currencies import CURRENCIES
from ._finding import PolicyFinding, found, meant
from ._purposes import ancestors, is_marketing, nearest_purpose
from ._validate_columns import review_columns
from ._validate_increment import review_increment
from ._validate_law import review_evidence, review_law_clause
from ._validate_limits import review_limits
from ._validate_monitor import review_monitor
from ._validate_processing import review_processing
from ._validate_signals import review_signals
from ._validate_tables import review_table

__all__ = ["review"]

_TOO_BROAD = {"Marketing", "Advertising"}


def review(campaign: Campaign, *, at: datetime) -> tuple[PolicyFinding, ...]:
    """Check everything about a campaign that its types cannot say.

    Args:
        campaign: as read; its form is right.
        at: the moment as of which expiry dates are judged.

    Returns:
        All findings, in the order of the file. A campaign with a finding of severity error must not run.
    """
    return (
        *_purpose(campaign),
        *_category(campaign),
        *_basis(campaign, at.date()),
        *_channel(campaign),
        *_currency(campaign),
        *_sources(campaign),
        *review_signals(campaign),
        *review_evidence(campaign),
        *review_law_clause(campaign),
        *review_increment(campaign),
        *review_columns(campaign),
        *_offers(campaign),
        *review_limits(campaign),
        *review_monitor(campaign),
        *review_processing(campaign),
    )


def _purpose(campaign: Campaign) -> Iterator[PolicyFinding]:
    path = ("purpose",)
    if not is_marketing(campaign.purpose):
        near = nearest_purpose(campaign.purpose)
        hint = f"did you mean {near}? " if near else ""
        yield found(
            "EH-POL-010",
            path,
            "The purpose is not a DPV term below Marketing.",
            f"{hint}Usual ones: PersonalisedAdvertising, DirectMarketing, RecruitmentTargetedAdvertising.",
        )
    elif campaign.purpose in _TOO_BROAD:
        yield found(
            "EH-POL-011",
            path,
            f"The purpose {campaign.purpose} is too broad to be specific.",
            "Name the narrower purpose that people were told about, e.g. PersonalisedAdvertising.",
        )


def _category(campaign: Campaign) -> Iterator[PolicyFinding]:
    terms = {campaign.purpose, *ancestors(campaign.purpose)}
    if campaign.category is Category.POLITICAL or "PoliticalCampaign" in terms:
        yield found(
            "EH-POL-012",
            ("category",),
            "Political targeting needs separate explicit consent, which evenhand does not offer.",
            "Do not target political messages with personal data.",
        )
    if "RecruitmentAdvertising" in terms and campaign.category is not Category.EMPLOYMENT:
        yield found(
            "EH-POL-016",
            ("category",),
            "A recruitment advert is not declared as employment.",
            "Set category: employment; the stricter rules for job adverts then apply.",
        )
    is_specific = is_marketing(campaign.purpose) and campaign.purpose not in _TOO_BROAD
    if campaign.category is Category.EMPLOYMENT and is_specific and "RecruitmentAdvertising" not in terms:
        yield found(
            "EH-POL-162",
            ("purpose",),
            "The campaign is about jobs, and its purpose is that of any advert: a consent to those does not cover it.",
            "Set purpose: RecruitmentTargetedAdvertising; and have a person judge which of its columns, collected for "
            "something else, may count for it.",
        )


def _basis(campaign: Campaign, today: date) -> Iterator[PolicyFinding]:
    if campaign.consents is None and campaign.legal_basis is LegalBasis.CONSENT:
        yield found(
            "EH-POL-013",
            ("consents",),
            "The legal basis is consent, and there is no source of consents.",
            "Add consents: file (or sql and table), with columns subject, kind, purpose, status and at.",
        )
    elif campaign.consents is None:
        yield found(
            "EH-POL-019",
            ("consents",),
            "Without a source of consent records no objection and no opt-out can be honoured.",
            "Add consents: file (or sql and table); objections count on every legal basis.",
        )
    if campaign.legal_basis is not LegalBasis.LEGITIMATE_INTEREST:
        return
    if campaign.balancing is None:
        yield found(
            "EH-POL-014",
            ("balancing",),
            "Legitimate interest needs a balancing test, and none is named.",
            "Have it done and signed by a person, and name its record and expiry date under balancing.",
        )
        return
    try:
        expired = date.fromisoformat(campaign.balancing.expires) < today
        what = "The balancing test has expired." if expired else ""
    except ValueError:
        what = "The expiry date of the balancing test is not a date that exists."
    if what:
        yield found("EH-POL-015", ("balancing", "expires"), what, "Have it done again and name the new record.")


def _channel(campaign: Campaign) -> Iterator[PolicyFinding]:
    if campaign.law is None and campaign.legal_basis is not LegalBasis.CONSENT:
        yield found(
            "EH-POL-134",
            ("law",),
            "The legal basis is not consent, and nothing says which law holds for whom, nor what its rules ask.",
            "Add law: with jurisdictions such as [NL], and the sensitivity of each feature"
            + (
                "; and balancing: file, with the signed record (evenhand rules balancing makes one)."
                if campaign.legal_basis is LegalBasis.LEGITIMATE_INTEREST
                else "."
            )
            + " Or set legal_basis: consent.",
        )
    electronic = {Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.PHONE}
    if campaign.law is None and campaign.channel in electronic and campaign.legal_basis is not LegalBasis.CONSENT:
        yield found(
            "EH-POL-017",
            ("legal_basis",),
            "E-mail, messages and calls need prior consent; own customers and similar products are the only exception, "
            "and not for calls.",
            "Set legal_basis: consent, or say under law of whom the exception holds, person by person.",
        )
    if campaign.surface is Surface.ONLINE_PLATFORM and (
        campaign.channel.is_direct or campaign.channel is Channel.STORE
    ):
        yield found(
            "EH-POL-018",
            ("surface",),
            f"The channel {campaign.channel} does not stand on an online platform.",
            "Set surface: own, or channel: web or app.",
        )


def _currency(campaign: Campaign) -> Iterator[PolicyFinding]:
    if campaign.currency not in CURRENCIES:
        yield found(
            "EH-POL-163",
            ("currency",),
            "The amounts are in a currency that is none.",
            "Write its code of ISO 4217, such as EUR, GBP or USD.",
        )


def _sources(campaign: Campaign) -> Iterator[PolicyFinding]:
    for name, table in (
        ("subjects", campaign.subjects),
        ("history", campaign.history),
        ("consents", campaign.consents),
    ):
        if table is not None:
            yield from review_table(name, (name,), table)
    history = campaign.history
    if len({offer.id for offer in campaign.offers}) > 1 and history.offer is None:
        yield found(
            "EH-POL-023",
            ("history", "offer"),
            "There are several offers, and history does not say which of them was shown.",
            "Name the history column that holds the id of the offer: history: offer: COLUMN.",
        )
    if history.train_before is not None and history.order is None:
        yield found(
            "EH-POL-024",
            ("history", "order"),
            "train_before has no column to go by.",
            "Name the history column with the date or number: history: order: COLUMN.",
        )
    for key, column in (("offer", history.offer), ("order", history.order)):
        declared = campaign.columns.get(column or "")
        if declared is not None and declared.role in {"sensitive", "identifier", "outcome"}:
            yield found(
                "EH-POL-025",
                ("history", key),
                f"The history column for {key} is declared as {declared.role}.",
                "Name another column, or correct its role.",
            )


def _offers(campaign: Campaign) -> Iterator[PolicyFinding]:
    seen: set[str] = set()
    for place, offer in enumerate(campaign.offers):
        if offer.id in seen:
            yield found(
                "EH-POL-040", ("offers", place, "id"), f"The offer id {offer.id} stands twice.", "Give each its own id."
            )
        seen.add(offer.id)
        if offer.eligible is not None and offer.eligible not in campaign.names(Role.ELIGIBILITY):
            known = campaign.names(Role.ELIGIBILITY)
            column = campaign.columns.get(offer.eligible)
            is_one = column is not None and column.role is Role.ELIGIBILITY
            what = "that no person has confirmed" if is_one else "that is not declared with role: eligibility"
            yield found(
                "EH-POL-057",
                ("offers", place, "eligible"),
                f"The offer {offer.id} goes by a column {what}.",
                f"{meant(offer.eligible, known)}Declare the column with role: eligibility, confirmed by a person.",
            )
        if offer.cost_column is not None and offer.cost_column not in campaign.names(Role.COST):
            yield found(
                "EH-POL-086",
                ("offers", place, "cost_column"),
                f"The offer {offer.id} takes its costs from a column that is no confirmed one with role: cost.",
                f"{meant(offer.cost_column, campaign.names(Role.COST))}Declare it with role: cost and its meaning.",
            )
        if offer.value <= offer.cost:
            yield found(
                "EH-POL-041",
                ("offers", place, "value"),
                f"The offer {offer.id} can never bring more than it costs, so nobody will get it.",
                "Check value and cost.",
            )
    if campaign.limits.budget is not None and not any(offer.cost or offer.cost_column for offer in campaign.offers):
        yield found(
            "EH-POL-042",
            ("limits", "budget"),
            "There is a budget, and no offer costs anything.",
            "Give offers their cost, or take the budget out.",
        )
