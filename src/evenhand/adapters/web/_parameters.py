"""What an address knows: the methods it has, and the parameters that may stand behind its question mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from starlette.requests import Request
from starlette.routing import compile_path

from ._problems import ProblemError, unknown_parameter

__all__ = ["methods_at", "refuse_unknown_parameters"]

_OWN = "/v1/"
"""What stands elsewhere is asked by probes and browsers too, which add parameters of their own."""


def methods_at(described: Mapping[str, Any], path: str) -> list[str]:
    """The methods of an address, as the description of the service has them; for ``Allow`` (RFC 9110, 10.2.1)."""
    found = {
        method.upper()
        for template, methods in described["paths"].items()
        if compile_path(template)[0].match(path)
        for method in methods
    }
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a parameter that the address does not know: mistyped, it would be passed over without a word, and the
    answer be that to another question. One that stands twice says two things.

    Raises:
        ProblemError: there is one. A name that the asker made up is not told, since it may be somebody's value.
    """
    if not request.scope["query_string"] or not request.scope["path"].startswith(_OWN):
        return
    known: dict[str, Any] = {
        one.alias: one.field_info.annotation for one in request.scope["route"].dependant.query_params
    }
    told = Counter(name for name, _ in request.query_params.multi_items())
    if told.keys() - known.keys():
        raise unknown_parameter(*known)
    if twice := [name for name, times in told.items() if times > 1 and not _takes_several(known[name])]:
        raise ProblemError("unprocessable", errors=[(f"/{name}", "named-twice") for name in twice])


def _takes_several(annotation: Any) -> bool:
    return any(get_origin(one) is list for one in (annotation, *get_args(annotation)))
