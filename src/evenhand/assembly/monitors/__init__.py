"""How do recorded decisions reach the monitors, and what follows from an alarm?

The idea: each look takes what is new behind the wall, into a state that is kept; an alarm is an entry of the ledger.
The statistics are those of `disparity`.
"""

__all__: list[str] = []
