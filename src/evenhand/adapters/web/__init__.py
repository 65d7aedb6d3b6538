"""How does the outside ask, over HTTP?

One application, made by `make_app`: decisions on a route of plain ASGI, everything else on FastAPI, every problem as
RFC 9457 has it, in Dutch or English, and no answer or figure with a personal value in it. It decides nothing and keeps
nothing: whoever decides (`adapters.asking.Decider`) and whoever keeps records (`Records`) is handed in. The pages
that a person sees (`person_pages`) are mounted beside, and so are those of staff, which stand behind a `StaffDoor`.
Sources: RFC 9457, OpenAPI 3.1, W3C GPC, DSA 26 (RULES D-26). It speaks no TLS: a proxy in front does. Needs the extra
``serve``.
"""

from ._app import Service, description, make_app
from ._cards import CARD_SCRIPT, CARD_STYLE, Cards, card_routes
from ._doors import Events, Health, Records, Register, Sayings, UnknownDecisionError
from ._gate import Limits
from ._links import link_routes
from ._metrics import Metrics
from ._problems import CODES, ProblemError
from ._protocol import BoundedProtocol
from ._run import run_app
from ._served import ServedCampaign, dsa_object
from ._side_by_side import side_by_side
from ._well_known import GPC_RESOURCE, well_known_routes
from .console_pages import console_pages
from .dev_issuer import DEV_ISSUER, DevIssuer, dev_settings
from .officer_pages import OfficerDesk, officer_pages
from .person_pages import Desk, House, person_pages
from .staff_door import Form, StaffDoor
from .staff_sign_in import sign_in_pages
from .try_pages import Sample, TryShop, try_pages

__all__ = [
    "CARD_SCRIPT",
    "CARD_STYLE",
    "CODES",
    "DEV_ISSUER",
    "GPC_RESOURCE",
    "BoundedProtocol",
    "Cards",
    "Desk",
    "DevIssuer",
    "Events",
    "Form",
    "Health",
    "House",
    "Limits",
    "Metrics",
    "OfficerDesk",
    "ProblemError",
    "Records",
    "Register",
    "Sample",
    "Sayings",
    "ServedCampaign",
    "Service",
    "StaffDoor",
    "TryShop",
    "UnknownDecisionError",
    "card_routes",
    "console_pages",
    "description",
    "dev_settings",
    "dsa_object",
    "link_routes",
    "make_app",
    "officer_pages",
    "person_pages",
    "run_app",
    "side_by_side",
    "sign_in_pages",
    "try_pages",
    "well_known_routes",
]
