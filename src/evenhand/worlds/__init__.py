"""Generated populations with a known bias.

(being written)
"""

from ._consents import ConsentRecords, ConsentShares, consent_records

__all__ = ["ConsentRecords", "ConsentShares", "consent_records"]
