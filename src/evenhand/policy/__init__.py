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
    HistorySource,
    Limits,
    ModelChoice,
    Offer,
    Retention,
    Table,
    Text,
)

__all__ = [
    "MICRO",
    "Balancing",
    "Campaign",
    "Column",
    "ConsentSource",
    "Contacts",
    "Controller",
    "DisparityLimit",
    "HistorySource",
    "Limits",
    "ModelChoice",
    "Offer",
    "Retention",
    "Table",
    "Text",
]
