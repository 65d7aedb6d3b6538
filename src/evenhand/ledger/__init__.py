"""What happened, so that nobody can change it unseen?

Gate 6: every decision, refusals included, becomes one entry of an append-only chain: each entry's hash covers the
entry before it. A run is recorded whole or not at all, and only if the promises hold; `verify` proves afterwards that
nothing was altered, and that the promises still hold for what is recorded. Sources: GDPR 5(2) (RULES G-5-2), C-203/22
(G-15h), RFC 8785 (canonical JSON), Haber and Stornetta 1991 (hash chains).

Every commit signs a checkpoint: the root of a Merkle tree over all entries (RFC 9162). A person's receipt leads from
their decision to it, so they need not trust whoever keeps the ledger.

Alarms of the monitor, the pause that one may cause, and who ended it and why stand in the same chain; so does who
reviewed a campaign file before it started, and what they said.

Where a limit is aware, what would tell a person's group is sealed under a key of the run, which is kept outside the
ledger and can be destroyed (RULES A-4a, docs/decisions/0009).

What it does not do: whoever owns the store *and* its key can rewrite both; the printed head, a checkpoint or a receipt
kept elsewhere shows it (docs/promises/governed.md). It knows pseudonyms, never names.
"""

from ._about import closed_run, decided_about, latest
from ._checkpoint import Checkpoint, Signer, Verifier, read_checkpoint
from ._columns import columns_from_explained, layout_of
from ._consistency import consistency_of, is_consistent
from ._disclose import disclosures
from ._erase import erase_subject
from ._expire import Expired, expire_run, expired_runs, is_expired
from ._forget import forget_groups
from ._given import RecordedOffers, RunInReach
from ._latest import campaign_digests, campaign_of_digest, latest_runs
from ._outcomes import Outcome, outcomes
from ._pause import (
    AlarmRaised,
    CampaignState,
    EarlierPrices,
    Happened,
    campaign_state,
    raise_alarms,
)
from ._personal import Opening, SubjectKey, SubjectKeys, opened
from ._proofs import proof_of
from ._proven import Proven, latest_checkpoint, proven_closed, proven_decision, sign_checkpoint
from ._read import (
    RunRecord,
    RunSummary,
    beside,
    campaign_of_run,
    columns,
    decisions,
    facts,
    facts_of,
    last_run,
    open_run,
    run_of_policy,
    runs,
    runs_since,
)
from ._replay import Difference, Replay, compare, replay
from ._review import (
    ReviewState,
    give_review,
    refuse_stopped,
    refuse_unreviewed,
    review_state,
    send_for_review,
    unreviewed,
    wanted_by,
)
from ._room_left import with_room
from ._run import Run, begin, finish, new_run_id, record, record_prices
from ._seal import RunKeys
from ._sealing import Sealed, Sealer, sealed
from ._sheet import Sheet
from ._sitting import Footing, OnceAnswered, Sitting, answered, footing_of
from ._stop import OFFICER, PauseOfAnotherError, lifted_as, pause, refuse_paused, resume
from ._store import GENESIS, DecisionRows, Disclosing, Head, Intent, Kind, LedgerStore, Published, Row, Tail, link
from ._tally import Came, Tally, prices_of_run, tallies
from ._tree import GrowingTree, Node, root_from_inclusion
from ._vault_noted import note_vault, vault_notes
from ._verify import Problem, Verification, verify
from ._witness import AddCheckpoint, Cosignature, Cosigner, Seen, WitnessKey, cosignatures_in, cosigned
from ._written_out import WrittenOut, write_out

__all__ = [
    "GENESIS",
    "OFFICER",
    "AddCheckpoint",
    "AlarmRaised",
    "Came",
    "CampaignState",
    "Checkpoint",
    "Cosignature",
    "Cosigner",
    "DecisionRows",
    "Difference",
    "Disclosing",
    "EarlierPrices",
    "Expired",
    "Footing",
    "GrowingTree",
    "Happened",
    "Head",
    "Intent",
    "Kind",
    "LedgerStore",
    "Node",
    "OnceAnswered",
    "Opening",
    "Outcome",
    "PauseOfAnotherError",
    "Problem",
    "Proven",
    "Published",
    "RecordedOffers",
    "Replay",
    "ReviewState",
    "Row",
    "Run",
    "RunInReach",
    "RunKeys",
    "RunRecord",
    "RunSummary",
    "Sealed",
    "Sealer",
    "Seen",
    "Sheet",
    "Signer",
    "Sitting",
    "SubjectKey",
    "SubjectKeys",
    "Tail",
    "Tally",
    "Verification",
    "Verifier",
    "WitnessKey",
    "WrittenOut",
    "answered",
    "begin",
    "beside",
    "campaign_digests",
    "campaign_of_digest",
    "campaign_of_run",
    "campaign_state",
    "closed_run",
    "columns",
    "columns_from_explained",
    "compare",
    "consistency_of",
    "cosignatures_in",
    "cosigned",
    "decided_about",
    "decisions",
    "disclosures",
    "erase_subject",
    "expire_run",
    "expired_runs",
    "facts",
    "facts_of",
    "finish",
    "footing_of",
    "forget_groups",
    "give_review",
    "is_consistent",
    "is_expired",
    "last_run",
    "latest",
    "latest_checkpoint",
    "latest_runs",
    "layout_of",
    "lifted_as",
    "link",
    "new_run_id",
    "note_vault",
    "open_run",
    "opened",
    "outcomes",
    "pause",
    "prices_of_run",
    "proof_of",
    "proven_closed",
    "proven_decision",
    "raise_alarms",
    "read_checkpoint",
    "record",
    "record_prices",
    "refuse_paused",
    "refuse_stopped",
    "refuse_unreviewed",
    "replay",
    "resume",
    "review_state",
    "root_from_inclusion",
    "run_of_policy",
    "runs",
    "runs_since",
    "sealed",
    "send_for_review",
    "sign_checkpoint",
    "tallies",
    "unreviewed",
    "vault_notes",
    "verify",
    "wanted_by",
    "with_room",
    "write_out",
]
