"""What does the organisation declare? Purposes, limits, offers, retention: the campaign file.

A campaign file is policy: people can read it, review it in a pull request and approve it, and nothing that it does not
declare can happen. A column without a role is forbidden; a question that law makes important (the category) has no
default. Sources: W3C DPV 2.3 (purposes), GDPR 5, 6, 13, AI Act Annex III. It does not judge whether a policy is lawful.
"""

from ._campaign import (
    MICRO,
    Balancing,
    Campaign,
    Column,
    ConsentSource,
    Contacts,
    Controller,
    DisparityLimit,
    EvidenceClause,
    Exploration,
    FactSource,
    Frequency,
    HistorySource,
    LawClause,
    Limits,
    ModelChoice,
    MonitorClause,
    Notice,
    Offer,
    ProcessingClause,
    Recipient,
    Retention,
    ReviewClause,
    SignalsClause,
    Span,
    Table,
    Text,
)
from ._finding import CHECKS, Check, Path, PolicyFinding, describe, found
from ._form import has_errors, read_campaign
from ._law_clause import EVIDENCE_NAMES
from ._owners import Owner, owner_of
from ._placeholders import CONTACT_TO_FILL_IN, NAME_TO_FILL_IN, OFFER_TO_FILL_IN, drafted_meaning
from ._proxies import Attribute, attribute_named
from ._purposes import (
    PURPOSES,
    ancestors,
    is_direct_marketing_kind,
    is_known,
    is_marketing,
    nearest_purpose,
    purpose_term,
    tcf_covers,
)
from ._review_clause import REVIEWERS
from ._schema import Field, campaign_fields, campaign_schema
from ._transparency import Transparency, transparency_of
from ._validate import review
from ._validate_sources import review_sources

__all__ = [
    "CHECKS",
    "CONTACT_TO_FILL_IN",
    "EVIDENCE_NAMES",
    "MICRO",
    "NAME_TO_FILL_IN",
    "OFFER_TO_FILL_IN",
    "PURPOSES",
    "REVIEWERS",
    "Attribute",
    "Balancing",
    "Campaign",
    "Check",
    "Column",
    "ConsentSource",
    "Contacts",
    "Controller",
    "DisparityLimit",
    "EvidenceClause",
    "Exploration",
    "FactSource",
    "Field",
    "Frequency",
    "HistorySource",
    "LawClause",
    "Limits",
    "ModelChoice",
    "MonitorClause",
    "Notice",
    "Offer",
    "Owner",
    "Path",
    "PolicyFinding",
    "ProcessingClause",
    "Recipient",
    "Retention",
    "ReviewClause",
    "SignalsClause",
    "Span",
    "Table",
    "Text",
    "Transparency",
    "ancestors",
    "attribute_named",
    "campaign_fields",
    "campaign_schema",
    "describe",
    "drafted_meaning",
    "found",
    "has_errors",
    "is_direct_marketing_kind",
    "is_known",
    "is_marketing",
    "nearest_purpose",
    "owner_of",
    "purpose_term",
    "read_campaign",
    "review",
    "review_sources",
    "tcf_covers",
    "transparency_of",
]
