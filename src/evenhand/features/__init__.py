"""With what may we decide? Only the columns that this purpose may see, as bin codes (gate 2).

Raw values are turned into small codes here and travel no further: a view says which columns, and where the borders
of the bins lie; `minimise` reads those columns and no others, and only for people whose data may be used. Sources:
GDPR 5(1)(b) and (c), purpose limitation and minimisation (RULES G-5b, G-5c); UAVG 46 for the citizen number; bins as
in docs, "the glass box". It does not decide which columns are fair to use (that is the campaign file, and the audit in
`disparity`), and its scan for personal data finds common kinds, not every kind.
"""

from evenhand.terms import BinLabel, bin_labels

from ._bins import learn_binning, learn_view, view_of
from ._class_list import class_list, may_be_in
from ._columns import ColumnSource, Values, Words, hold_numbers
from ._crowds import Crowds
from ._encode import encode
from ._identifying import personal_in_text
from ._minimise import minimise
from ._personal import scan_personal_data
from ._proposed import ProposedBins, propose_bins
from ._pseudonym import Register, pseudonymise

__all__ = [
    "BinLabel",
    "ColumnSource",
    "Crowds",
    "ProposedBins",
    "Register",
    "Values",
    "Words",
    "bin_labels",
    "class_list",
    "encode",
    "hold_numbers",
    "learn_binning",
    "learn_view",
    "may_be_in",
    "minimise",
    "personal_in_text",
    "propose_bins",
    "pseudonymise",
    "scan_personal_data",
    "view_of",
]
