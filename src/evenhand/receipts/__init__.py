"""What can a person hold in their hand that proves what was decided about them?

A receipt: the decision as it stands in the ledger, what it stands on, and the hashes that lead from it to a checkpoint
that the organisation signed. Whoever holds it can check it offline, with a program of one file that needs nothing but
Python, or in any browser by opening the page; and if the ledger is ever rewritten, it shows. Sources: GDPR 15(1)(h)
with C-203/22 (RULES G-15h: the procedure actually applied), RFC 9162, C2SP tlog-checkpoint.

What it does not do: it proves what was recorded and that it adds up, not that it was right; and a checkpoint proves as
much as the key it was signed with, so compare that with the one the organisation publishes.
"""

from ._check import WORDS, Result, check, read_receipt, told, words_content
from ._page import Beside, receipt_page
from ._receipt import checker, receipt_of

__all__ = [
    "WORDS",
    "Beside",
    "Result",
    "check",
    "checker",
    "read_receipt",
    "receipt_of",
    "receipt_page",
    "told",
    "words_content",
]
