"""How does the outside ask, over HTTP?

One application, made by `make_app`: decisions on a route of plain ASGI, everything else on FastAPI, every problem as
RFC 9457 has it, in Dutch or English, and no answer or figure with a personal value in it. It decides nothing and keeps
nothing: whoever decides (`adapters.asking.Decider`) and whoever keeps records (`Records`) is handed in. The pages
that a person sees (`person_pages`) are mounted beside, and so are those of staff, which stand behind a `StaffDoor`.
Sources: RFC 9457, OpenAPI 3.1, W3C GPC, DSA 26 (RULES D-26). It speaks no TLS: a proxy in front does. Needs the extra
``serve``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._alive import tell_ready
    from ._app import Service, description, make_app
    from ._cards import CARD_SCRIPT, CARD_STYLE, Cards, card_routes
    from ._doors import Events, EventsRefusedError, Health, Records, Register, Sayings
    from ._faults import fault_of
    from ._gate import Limits
    from ._links import link_routes
    from ._metrics import Metrics
    from ._problems import CODES, ProblemError
    from ._protocol import BoundedProtocol
    from ._root_page import root_pages
    from ._run import run_app
    from ._served import ServedCampaign, dsa_object
    from ._side_by_side import side_by_side
    from ._sockets import bound_to, given_sockets
    from ._two import Behind, run_two
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
    "Behind",
    "BoundedProtocol",
    "Cards",
    "Desk",
    "DevIssuer",
    "Events",
    "EventsRefusedError",
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
    "bound_to",
    "card_routes",
    "console_pages",
    "description",
    "dev_settings",
    "dsa_object",
    "fault_of",
    "given_sockets",
    "link_routes",
    "make_app",
    "officer_pages",
    "person_pages",
    "root_pages",
    "run_app",
    "run_two",
    "side_by_side",
    "sign_in_pages",
    "tell_ready",
    "try_pages",
    "well_known_routes",
]

_MADE_IN = {
    "_alive": ("tell_ready",),
    "_app": ("Service", "description", "make_app"),
    "_cards": ("CARD_SCRIPT", "CARD_STYLE", "Cards", "card_routes"),
    "_doors": ("Events", "Health", "Records", "Register", "Sayings", "EventsRefusedError"),
    "_gate": ("Limits",),
    "_links": ("link_routes",),
    "_metrics": ("Metrics",),
    "_problems": ("CODES", "ProblemError"),
    "_protocol": ("BoundedProtocol",),
    "_root_page": ("root_pages",),
    "_run": ("run_app",),
    "_sockets": ("bound_to", "given_sockets"),
    "_served": ("ServedCampaign", "dsa_object"),
    "_side_by_side": ("side_by_side",),
    "_faults": ("fault_of",),
    "_two": ("Behind", "run_two"),
    "_well_known": ("GPC_RESOURCE", "well_known_routes"),
    "console_pages": ("console_pages",),
    "dev_issuer": ("DEV_ISSUER", "DevIssuer", "dev_settings"),
    "officer_pages": ("OfficerDesk", "officer_pages"),
    "person_pages": ("Desk", "House", "person_pages"),
    "staff_door": ("Form", "StaffDoor"),
    "staff_sign_in": ("sign_in_pages",),
    "try_pages": ("Sample", "TryShop", "try_pages"),
}


if not TYPE_CHECKING:  # a type checker would believe every name after this

    def __getattr__(name: str) -> object:
        """Load everything when the first of it is used: the process that speaks HTTP (`_front`) needs none of it. All
        at once, since some functions have the name of the module that makes them."""
        if name not in __all__:
            raise AttributeError(f"module 'evenhand.adapters.web' has no attribute {name!r}")
        made = {module: importlib.import_module(f"{__name__}.{module}") for module in _MADE_IN}
        globals().update({one: getattr(made[module], one) for module, names in _MADE_IN.items() for one in names})
        return globals()[name]


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
