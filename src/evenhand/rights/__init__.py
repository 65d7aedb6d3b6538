"""What may a person ask about their data, and what do they get, by when?

The idea: a request is a trail of events; its state, its deadlines and its letters follow from the trail by rules that
are data. People decide about identity, more time, answer and refusal; what is here records that, and refuses steps that
the law does not know. What people said about purposes is kept with the evidence for it, and exported as a consent
record. Sources: GDPR 7, 11, 12, 15-22 and 30, Regulation 1182/71, 11 CCR 7021 and 7026, ISO/IEC TS 27560:2023 with W3C
DPV 2.3 (RULES 3.2, G-7, G-30, 4.1, 13).

It does not judge who somebody is, whether a ground holds or which law applies, sends nothing, and keeps no address.
"""

from ._access_page import access_page
from ._actors import check_actor
from ._asking_again import asking_again_after, may_ask_again_from
from ._clocks import CLOCKS, Period, Unit, clock_on
from ._codes import CODE_DAYS, CODE_TRIES, code_of, is_code
from ._consent_record import CONSENT_FIELDS, ConsentContext, consent_record, missing_in, records_text
from ._consents import SAYINGS, SIGNALS, Said, is_no, permits_on, said_by_signal, said_now, standing_of
from ._countries import COUNTRIES, Country, country_on
from ._deadlines import (
    Deadlines,
    after,
    deadlines_of,
    local_day,
    local_moment,
    moment_after,
    public_holidays,
    time_zone,
)
from ._languages import is_language
from ._letters import Letter, Sender, authority_of, complaint_to, letter_of
from ._new_group import NewGroupError
from ._periods import period_in_words
from ._portability import PORTABILITY_SCHEMA, Item, Portability, read_portability
from ._requests import (
    NOTED,
    STEPS,
    Happening,
    Request,
    can_extend,
    check_step,
    grounds_of,
    next_happening,
    request_of,
)
from ._retention import kept_until
from ._reviews import ReviewFigures, review_figures, seconds_spent
from ._ropa import ROPA_FIELDS, ProcessingRecord
from ._same_person import carried_between, standing_nos
from ._trail import GENESIS, Entry, Stream, Trail, TrailReport, chain, head_mark, removed, verify_trail
from ._words import EXTENSIONS, REFUSALS, Law, Refusal, RequestKind, State, Step

__all__ = [
    "CLOCKS",
    "CODE_DAYS",
    "CODE_TRIES",
    "CONSENT_FIELDS",
    "COUNTRIES",
    "EXTENSIONS",
    "GENESIS",
    "NOTED",
    "PORTABILITY_SCHEMA",
    "REFUSALS",
    "ROPA_FIELDS",
    "SAYINGS",
    "SIGNALS",
    "STEPS",
    "ConsentContext",
    "Country",
    "Deadlines",
    "Entry",
    "Happening",
    "Item",
    "Law",
    "Letter",
    "NewGroupError",
    "Period",
    "Portability",
    "ProcessingRecord",
    "Refusal",
    "Request",
    "RequestKind",
    "ReviewFigures",
    "Said",
    "Sender",
    "State",
    "Step",
    "Stream",
    "Trail",
    "TrailReport",
    "Unit",
    "access_page",
    "after",
    "asking_again_after",
    "authority_of",
    "can_extend",
    "carried_between",
    "chain",
    "check_actor",
    "check_step",
    "clock_on",
    "code_of",
    "complaint_to",
    "consent_record",
    "country_on",
    "deadlines_of",
    "grounds_of",
    "head_mark",
    "is_code",
    "is_language",
    "is_no",
    "kept_until",
    "letter_of",
    "local_day",
    "local_moment",
    "may_ask_again_from",
    "missing_in",
    "moment_after",
    "next_happening",
    "period_in_words",
    "permits_on",
    "public_holidays",
    "read_portability",
    "records_text",
    "removed",
    "request_of",
    "review_figures",
    "said_by_signal",
    "said_now",
    "seconds_spent",
    "standing_nos",
    "standing_of",
    "time_zone",
    "verify_trail",
]
