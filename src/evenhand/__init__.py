"""evenhand: the decision engine for marketing that is private, fair, explained and governed on every decision.

Start here::

    import evenhand as eh

    eh.audit(frame, outcome="hired", sensitive_features=["sex"])   # look at data before anything is learned
    campaign = eh.load_campaign("campaign.yaml")
    planned = eh.plan(campaign)                                    # what would be decided; records nothing
    ran = eh.run(campaign, subjects=frame)                         # decides and records; same kind of frame out
    later = eh.decide(campaign, ["1042"])                          # somebody who comes later, by the prices of the run

Read `evenhand.journey` to see the whole road of a decision. Importing this package loads nothing heavy; each name
below loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AdditiveClassifier",
    "AdditiveRegressor",
    "AdditiveUplift",
    "Frames",
    "__version__",
    "access",
    "answer_request",
    "ask",
    "audit",
    "check_receipt",
    "consent_history",
    "decide",
    "demo",
    "draft",
    "due_models",
    "erase",
    "export_consents",
    "find_request",
    "forget_groups",
    "give_receipt",
    "import_consents",
    "list_requests",
    "load_campaign",
    "package_about",
    "plan",
    "portability_of",
    "prices_of",
    "record_of_processing",
    "refit_models",
    "release",
    "replay",
    "retention",
    "run",
    "say",
    "verify_ledger",
    "verify_rights",
    "why",
]

if TYPE_CHECKING:
    from evenhand.adapters.models.estimators import AdditiveClassifier, AdditiveRegressor
    from evenhand.adapters.models.uplift import AdditiveUplift
    from evenhand.assembly import (
        Frames,
        access,
        answer_request,
        ask,
        audit,
        check_receipt,
        consent_history,
        decide,
        demo,
        draft,
        due_models,
        erase,
        export_consents,
        find_request,
        forget_groups,
        give_receipt,
        import_consents,
        list_requests,
        load_campaign,
        package_about,
        plan,
        portability_of,
        prices_of,
        record_of_processing,
        refit_models,
        release,
        replay,
        retention,
        run,
        say,
        verify_ledger,
        verify_rights,
        why,
    )

_ESTIMATORS = {
    "AdditiveClassifier": "evenhand.adapters.models.estimators",
    "AdditiveRegressor": "evenhand.adapters.models.estimators",
    "AdditiveUplift": "evenhand.adapters.models.uplift",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    if name in __all__:
        return getattr(importlib.import_module(_ESTIMATORS.get(name, "evenhand.assembly")), name)
    raise AttributeError(f"module 'evenhand' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
