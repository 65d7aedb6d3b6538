"""Who of the organisation is looking, and what may they open?

The idea: whoever works here signs in at the organisation's own issuer, which also says their roles; a page names the
roles that may open it, and everything they read about a person is noted. In here stand the words for that and the frame
that all their pages have, as functions of plain values; no web framework is in here. Sources: GDPR 5(1)(f), 29 and 32
(RULES G-32), OpenID Connect Core 1.0, WCAG 2.2 AA.

It knows no password, and judges nobody: which role somebody has is for the issuer to say.
"""

from ._frame import (
    Frame,
    RefusedWhy,
    Section,
    choose_page,
    page_filler,
    refused_page,
    sign_in_page,
    signed_out_page,
    start_page,
    style,
)
from ._reads import Read, ReadKind, ReadLog
from ._words import Staff, StaffRole, roles_of

__all__ = [
    "Frame",
    "Read",
    "ReadKind",
    "ReadLog",
    "RefusedWhy",
    "Section",
    "Staff",
    "StaffRole",
    "choose_page",
    "page_filler",
    "refused_page",
    "roles_of",
    "sign_in_page",
    "signed_out_page",
    "start_page",
    "style",
]
