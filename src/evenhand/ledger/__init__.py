"""What happened, so that nobody can change it unseen?

Gate 6: every decision, refusals included, becomes one entry of an append-only chain: each entry's hash covers the
entry before it. A run is recorded whole or not at all, and only if the promises hold; `verify` proves afterwards that
nothing was altered, and that the promises still hold for what is recorded. Sources: GDPR 5(2) (RULES G-5-2), C-203/22
(G-15h), RFC 8785 (canonical JSON), Haber and Stornetta 1991 (hash chains).

Alarms of the monitor, the pause that one may cause, and who ended it and why stand in the same chain.

Where a limit is aware, what would tell a person's group is sealed under a key of the run, which is kept outside the
ledger and can be destroyed (RULES A-4a, docs/decisions/0009).

What it does not do: whoever owns the store *and* the head's key can rewrite both; keep the printed head elsewhere
(docs/promises/governed.md). It knows pseudonyms, never names.
"""

from ._columns import columns_from_explained, layout_of
from ._forget import forget_groups
from ._pause import (
    AlarmRaised,
    CampaignState,
    EarlierPrices,
    Happened,
    campaign_state,
    raise_alarms,
    refuse_paused,
    resume,
)
from ._read import RunRecord, RunSummary, beside, columns, decisions, facts, facts_of, latest, open_run, runs
from ._replay import Difference, Replay, compare, replay
from ._run import Run, begin, finish, new_run_id, record
from ._seal import RunKeys
from ._store import GENESIS, Head, Intent, Kind, LedgerStore, Row, Tail, link
from ._verify import Problem, Verification, verify

__all__ = [
    "GENESIS",
    "AlarmRaised",
    "CampaignState",
    "Difference",
    "EarlierPrices",
    "Happened",
    "Head",
    "Intent",
    "Kind",
    "LedgerStore",
    "Problem",
    "Replay",
    "Row",
    "Run",
    "RunKeys",
    "RunRecord",
    "RunSummary",
    "Tail",
    "Verification",
    "begin",
    "beside",
    "campaign_state",
    "columns",
    "columns_from_explained",
    "compare",
    "decisions",
    "facts",
    "facts_of",
    "finish",
    "forget_groups",
    "latest",
    "layout_of",
    "link",
    "new_run_id",
    "open_run",
    "raise_alarms",
    "record",
    "refuse_paused",
    "replay",
    "resume",
    "runs",
    "verify",
]
