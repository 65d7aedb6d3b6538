"""How do the floors and the rim come together? The one place that joins them.

Tables are opened, ids become pseudonyms, groups go into the vault, the campaign is learned and walked down the road,
and what comes out is recorded and reported. Commands and Python users call the functions here; no rule and no
arithmetic of a decision lives here. Callers name the moment and the folders; what is drawn at random here is only the
run's id and a new home's key.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._made_in import MODULE

if TYPE_CHECKING:
    from .house._officer import DeskInHome
    from .house._staff import (
        StaffHouse,
        end_staff_sessions,
        open_staff_house,
        staff_check,
        staff_mark,
    )
    from .house._staff_mounts import serve_staff_pages, staff_mounts
    from .house._try import ToTry, check_can_serve, open_to_try
    from .live._live import LiveService
    from .live._reviewing import ReviewedFile, review_campaign, review_of, send_campaign
    from .live._serve import Serving, machine_keys, open_service, serve, service_app
    from .live._standing import pause_campaign, resume_campaign
    from .monitors._monitor import monitor
    from .monitors._monitored import Monitored, Watched
    from .people._answers import Answered, answer_request
    from .people._asking import (
        ask,
        ask_identity,
        extend_request,
        refuse_request,
        review_report,
        show_identity,
        start_request,
        withdraw_request,
    )
    from .people._consent_history import (
        ExportedConsents,
        History,
        consent_history,
        export_consents,
        hash_of_notice,
        is_factor,
        say,
        verify_rights,
    )
    from .people._consent_import import Imported, import_consents
    from .people._declared import home_time_zone
    from .people._erasure import erase
    from .people._events import write_events
    from .people._known import is_known
    from .people._lapsed import ended_by_erasure
    from .people._looks import ReadsInHome, note_look, staff_reads
    from .people._package import Package, package_about, portability_of
    from .people._person import PeopleHouse, Sayings
    from .people._person_pages import CodesBy, people_beside, person_link, person_pages_of, serve_person_pages
    from .people._person_sayings import SayingsInHome
    from .people._recipients import Message, acknowledge, outbox, tell_recipient
    from .people._requests import Found, Stepped, find_request, letter_for, list_requests, reveal_request
    from .people._retention import DueRun, Retention, retention
    from .people._rights import Access, Erased, access
    from .people._ropa import record_of_processing
    from .people._said_since import SaidSince, consents_since
    from .people._same_person import SamePerson, same_person
    from .people._signals_said import hear_signals
    from .people._table_words import ReadTables
    from .records._backup import BackedUp, backup
    from .records._bundle import BundleChecked, check_bundle, make_bundle
    from .records._database import DatabaseState, database_status, scrub_database, upgrade_database
    from .records._kept import kept_checkpoints, text_of_file
    from .records._keys import KeysState, Renewed, keys_status, new_wrapping_key, renew_pseudonyms, rotate_keys
    from .records._receipts import (
        check_receipt,
        give_receipt,
        last_checkpoint,
        ledger_key,
        receipt_checker,
        sign_checkpoint,
    )
    from .records._records import Replayed, forget_groups, list_runs, open_ledger, rebuild_report, replay
    from .records._release import Release, release, release_file
    from .records._restore import Restored, restore
    from .records._rules import rules_of_run, rules_with, sign_balancing
    from .records._vault_noise import NoisyCounts, vault_count
    from .records._vault_store import vault_list, vault_log, vault_purge, vault_put
    from .records._verify import verify_ledger
    from .records._why import why
    from .records._witness_folder import make_witness, witness_cosigns, witness_key, witness_watches
    from .records._witnesses import (
        Witnessed,
        Witnesses,
        add_cosignatures,
        ask_witness,
        set_witnesses,
        witnessed_notes,
        witnesses_of,
    )
    from .runs._audit import DataAudit, audit
    from .runs._certify import Certified, certify
    from .runs._check import Checked, check
    from .runs._decide import Decided, decide_people
    from .runs._due_models import DueModel, due_models
    from .runs._evaluate import Evaluated, evaluate
    from .runs._frames import Frames
    from .runs._front import Decisions, decide, demo, draft, load_campaign, plan, run
    from .runs._noisy_audit import NoisyRates, vault_audit
    from .runs._policy import currency_of, prices_of, why_not_later
    from .runs._refit import ModelChange, Refitted, refit_models
    from .runs._run import Planned, Ran, frontier, plan_campaign, run_campaign

__all__ = [
    "Access",
    "Answered",
    "BackedUp",
    "BundleChecked",
    "Certified",
    "Checked",
    "CodesBy",
    "DataAudit",
    "DatabaseState",
    "Decided",
    "Decisions",
    "DeskInHome",
    "DueModel",
    "DueRun",
    "Erased",
    "Evaluated",
    "ExportedConsents",
    "Found",
    "Frames",
    "History",
    "Imported",
    "KeysState",
    "LiveService",
    "Message",
    "ModelChange",
    "Monitored",
    "NoisyCounts",
    "NoisyRates",
    "Package",
    "PeopleHouse",
    "Planned",
    "Ran",
    "ReadTables",
    "ReadsInHome",
    "Refitted",
    "Release",
    "Renewed",
    "Replayed",
    "Restored",
    "Retention",
    "ReviewedFile",
    "SaidSince",
    "SamePerson",
    "Sayings",
    "SayingsInHome",
    "Serving",
    "StaffHouse",
    "Stepped",
    "ToTry",
    "Watched",
    "Witnessed",
    "Witnesses",
    "access",
    "acknowledge",
    "add_cosignatures",
    "answer_request",
    "ask",
    "ask_identity",
    "ask_witness",
    "audit",
    "backup",
    "certify",
    "check",
    "check_bundle",
    "check_can_serve",
    "check_receipt",
    "consent_history",
    "consents_since",
    "currency_of",
    "database_status",
    "decide",
    "decide_people",
    "demo",
    "draft",
    "due_models",
    "end_staff_sessions",
    "ended_by_erasure",
    "erase",
    "evaluate",
    "export_consents",
    "extend_request",
    "find_request",
    "forget_groups",
    "frontier",
    "give_receipt",
    "hash_of_notice",
    "hear_signals",
    "home_time_zone",
    "import_consents",
    "is_factor",
    "is_known",
    "kept_checkpoints",
    "keys_status",
    "last_checkpoint",
    "ledger_key",
    "letter_for",
    "list_requests",
    "list_runs",
    "load_campaign",
    "machine_keys",
    "make_bundle",
    "make_witness",
    "monitor",
    "new_wrapping_key",
    "note_look",
    "open_ledger",
    "open_service",
    "open_staff_house",
    "open_to_try",
    "outbox",
    "package_about",
    "pause_campaign",
    "people_beside",
    "person_link",
    "person_pages_of",
    "plan",
    "plan_campaign",
    "portability_of",
    "prices_of",
    "rebuild_report",
    "receipt_checker",
    "record_of_processing",
    "refit_models",
    "refuse_request",
    "release",
    "release_file",
    "renew_pseudonyms",
    "replay",
    "restore",
    "resume_campaign",
    "retention",
    "reveal_request",
    "review_campaign",
    "review_of",
    "review_report",
    "rotate_keys",
    "rules_of_run",
    "rules_with",
    "run",
    "run_campaign",
    "same_person",
    "say",
    "scrub_database",
    "send_campaign",
    "serve",
    "serve_person_pages",
    "serve_staff_pages",
    "service_app",
    "set_witnesses",
    "show_identity",
    "sign_balancing",
    "sign_checkpoint",
    "staff_check",
    "staff_mark",
    "staff_mounts",
    "staff_reads",
    "start_request",
    "tell_recipient",
    "text_of_file",
    "upgrade_database",
    "vault_audit",
    "vault_count",
    "vault_list",
    "vault_log",
    "vault_purge",
    "vault_put",
    "verify_ledger",
    "verify_rights",
    "why",
    "why_not_later",
    "withdraw_request",
    "witness_cosigns",
    "witness_key",
    "witness_watches",
    "witnessed_notes",
    "witnesses_of",
    "write_events",
]


if not TYPE_CHECKING:  # a type checker would believe every name after this

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        if name not in MODULE:
            raise AttributeError(f"module 'evenhand.assembly' has no attribute {name!r}")
        value: object = getattr(importlib.import_module(f"{__name__}.{MODULE[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
