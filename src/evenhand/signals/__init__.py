"""What did this browser or app say?

The idea: a signal is read exactly as its standard writes it, and what cannot be read exactly grants nothing: a typed
`Problem`, never a guess. Consent strings of TCF 2.3 (`read_tcf`), GPP strings with their sections (`read_gpp`), the old
us_privacy string and Global Privacy Control become frozen values, and each can be written back canonically. `ask_tcf`
says what a string permits to one party at one moment, `ask_gpp` what a person opted out of; where somebody did not opt
out, that is no consent. Of a whole column, `alike_tcf` and `alike_gpp` check every string and tell which get the same
answer, so that one of each need be asked. Sources: IAB Tech Lab (TCF 2.3, GPP), W3C GPC (RULES 4.2-4.4, C-7025). It
fetches nothing, knows no vendor list, and does not say which law applies to whom.
"""

from ._alike import Alike, alike_gpp, alike_tcf
from ._ask_tcf import PERSONALISED_ADS, TCF_AGE_DAYS, Answer, TcfQuestion, ask_tcf, validity_problem
from ._ask_us import GPC_REACHES, Wish, ask_gpp, ask_us_privacy
from ._fields import fields_of
from ._gpc import GpcSupport, Support, gpc_header, read_gpc_resource, write_gpc_resource
from ._gpp import SECTION_NAMES, GppString, Section, UnreadSection, read_gpp, write_gpp
from ._ids import IdSet
from ._problem import Problem, Unreadable, UnreadableSignalError
from ._tcf import PublisherTc, Restriction, RestrictionType, TcfString, decisecond
from ._tcf_canada import TcfCaString
from ._tcf_codec import read_tcf, write_tcf
from ._us import Choice, UsPrivacyString, UsSection, read_us_privacy, write_us_privacy

__all__ = [
    "GPC_REACHES",
    "PERSONALISED_ADS",
    "SECTION_NAMES",
    "TCF_AGE_DAYS",
    "Alike",
    "Answer",
    "Choice",
    "GpcSupport",
    "GppString",
    "IdSet",
    "Problem",
    "PublisherTc",
    "Restriction",
    "RestrictionType",
    "Section",
    "Support",
    "TcfCaString",
    "TcfQuestion",
    "TcfString",
    "UnreadSection",
    "Unreadable",
    "UnreadableSignalError",
    "UsPrivacyString",
    "UsSection",
    "Wish",
    "alike_gpp",
    "alike_tcf",
    "ask_gpp",
    "ask_tcf",
    "ask_us_privacy",
    "decisecond",
    "fields_of",
    "gpc_header",
    "read_gpc_resource",
    "read_gpp",
    "read_tcf",
    "read_us_privacy",
    "validity_problem",
    "write_gpc_resource",
    "write_gpp",
    "write_tcf",
    "write_us_privacy",
]
