"""What does one person get, who comes by themselves and maybe first of many?

The idea: the prices of a run are an artefact (`PricePolicy`) with which one decision needs no other person, in the same
integers as a batch; a stream is paced by prices found again for what is left (`PacedPolicy`), and workers that share a
limit borrow parts of it (`Lease`). It keeps no store of its own.
"""

from ._lease import Lease, LeaseStore
from ._one_decision import OneDecider, OneDecision, one_decider
from ._pace_prices import GroupTally
from ._pace_state import restored_pace, saved_pace
from ._pacing import PacedPolicy, tallies_of_cells, tallies_of_wall
from ._policy_reading import policy_from_dict, price_policy_schema
from ._price_policy import LeanColumn, PricePolicy, check_policy, policy_of
from ._room import Room

__all__ = [
    "GroupTally",
    "LeanColumn",
    "Lease",
    "LeaseStore",
    "OneDecider",
    "OneDecision",
    "PacedPolicy",
    "PricePolicy",
    "Room",
    "check_policy",
    "one_decider",
    "policy_from_dict",
    "policy_of",
    "price_policy_schema",
    "restored_pace",
    "saved_pace",
    "tallies_of_cells",
    "tallies_of_wall",
]
