"""How do the floors and the rim come together? The one place that joins them.

Tables are opened, ids become pseudonyms, groups go into the vault, the campaign is learned and walked down the road,
and what comes out is recorded and reported. Commands and Python users call the functions here; no rule and no
arithmetic of a decision lives here. Callers name the moment and the folders; what is drawn at random here is only the
run's id and a new home's key.
"""

from ._audit import DataAudit, audit
from ._backup import BackedUp, Restored, backup, restore
from ._bundle import BundleChecked, check_bundle, make_bundle
from ._database import DatabaseState, database_status, upgrade_database
from ._decide import Decided, decide_people
from ._evaluate import Evaluated, evaluate
from ._events import write_events
from ._frames import Frames
from ._front import Decisions, decide, demo, draft, load_campaign, plan, run
from ._kept import kept_checkpoints
from ._keys import KeysState, keys_status, new_wrapping_key, rotate_keys
from ._live import LiveService
from ._monitor import monitor, resume_campaign
from ._monitored import Monitored, Watched
from ._person import PeopleHouse, Sayings
from ._policy import prices_of
from ._receipts import (
    check_receipt,
    give_receipt,
    last_checkpoint,
    ledger_key,
    receipt_checker,
    sign_checkpoint,
)
from ._records import Replayed, forget_groups, list_runs, open_ledger, rebuild_report, replay, verify_ledger, why
from ._rights import Access, Erased, access, erase
from ._rules import rules_of_run, rules_with, sign_balancing
from ._run import Checked, Planned, Ran, check, frontier, plan_campaign, run_campaign
from ._serve import Serving, machine_keys, open_service, serve, service_app

__all__ = [
    "Access",
    "BackedUp",
    "BundleChecked",
    "Checked",
    "DataAudit",
    "DatabaseState",
    "Decided",
    "Decisions",
    "Erased",
    "Evaluated",
    "Frames",
    "KeysState",
    "LiveService",
    "Monitored",
    "PeopleHouse",
    "Planned",
    "Ran",
    "Replayed",
    "Restored",
    "Sayings",
    "Serving",
    "Watched",
    "access",
    "audit",
    "backup",
    "check",
    "check_bundle",
    "check_receipt",
    "database_status",
    "decide",
    "decide_people",
    "demo",
    "draft",
    "erase",
    "evaluate",
    "forget_groups",
    "frontier",
    "give_receipt",
    "kept_checkpoints",
    "keys_status",
    "last_checkpoint",
    "ledger_key",
    "list_runs",
    "load_campaign",
    "machine_keys",
    "make_bundle",
    "monitor",
    "new_wrapping_key",
    "open_ledger",
    "open_service",
    "plan",
    "plan_campaign",
    "prices_of",
    "rebuild_report",
    "receipt_checker",
    "replay",
    "restore",
    "resume_campaign",
    "rotate_keys",
    "rules_of_run",
    "rules_with",
    "run",
    "run_campaign",
    "serve",
    "service_app",
    "sign_balancing",
    "sign_checkpoint",
    "upgrade_database",
    "verify_ledger",
    "why",
    "write_events",
]
