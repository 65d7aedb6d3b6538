"""Routes for what people say and ask: consents, objections, signals of their browsers, and requests.

A person's own id stands in the body of a request, never in its address: addresses are kept in many places.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.terms import in_one_line

from ._doors import Sayings
from ._gate import Headers, caller_of, named_through
from ._reading import NOT_MODIFIED, tagged
from ._texts import LANGUAGES, text

__all__ = ["saying_routes"]

_encode = msgspec.json.Encoder().encode
_YES = ("give", "renew")
_SIGNALS = ("gpc", "tcf", "gpp", "us_privacy")
Word = Literal[
    "give", "renew", "refuse", "withdraw", "opt-out", "take-back-opt-out", "opt-out-of-sale",
    "take-back-opt-out-of-sale", "switch-off", "switch-on", "restrict", "lift-restriction",
]  # fmt: skip
Kind = Literal[
    "access", "portability", "rectification", "erasure", "restriction", "objection", "opt_out", "human_review"
]
_Actor = Annotated[
    str,
    Field(
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Who said it or wrote it down: person, parent, or a role or staff number. Nothing = the machine.",
    ),
]
_IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="ETag of the history that was seen; needed for a yes where a no stands. * = whatever stands.",
    ),
]
_LONGEST = 16_384
_Signal = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
_Subject = Annotated[
    str, Field(min_length=1, max_length=200, description="The person's own id, exactly as the tables have it.")
]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")
    subject: _Subject


class ConsentTold(_Told):
    """What a person says of a purpose, with the evidence."""

    word: Word
    purpose: str = Field("", max_length=100, description="A DPV term; of a factor the name of its column.")
    said_at: AwareDatetime | None = Field(None, description="When it was said, where that was earlier than now.")
    notice: str = Field("", max_length=200, description="Version of the notice that was shown.")
    notice_hash: str = Field("", pattern="^([0-9a-f]{64})?$", description="SHA-256 of the text that was shown.")
    language: str = Field("", max_length=20)
    method: str = Field("", max_length=100, description="How it was said, such as: web form.")
    actor: _Actor = ""


class WhoTold(_Told):
    """Whose history is asked for."""


class ObjectionTold(_Told):
    """An objection to direct marketing or to one purpose (GDPR 21), or that it is taken back."""

    purpose: str = Field("", max_length=100, description="A DPV term; nothing = all marketing.")
    taken_back: bool = False
    method: str = Field("", max_length=100)
    actor: _Actor = ""


class SignalTold(_Told):
    """What a person's browser or app says for them; at least one of the four."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"anyOf": [{"required": [name]} for name in _SIGNALS]})
    gpc: Literal[True] | None = Field(
        None, description="Sec-GPC: 1 was sent. A browser that says nothing says nothing."
    )
    tcf: _Signal | None = Field(None, description="TC string of TCF 2, as the consent platform gives it.")
    gpp: _Signal | None = Field(None, description="GPP string, with all its sections.")
    us_privacy: _Signal | None = Field(None, description="us_privacy string: out of use since 2024, still met.")
    actor: _Actor = ""

    @model_validator(mode="after")
    def _says_something(self) -> SignalTold:
        if not self.signals:
            raise ValueError("nothing was said")
        return self

    @property
    def signals(self) -> dict[str, str]:
        """What was said, by the name of the signal."""
        said = {name: getattr(self, name) for name in _SIGNALS}
        return {name: "1" if name == "gpc" else value for name, value in said.items() if value}


class SamePersonTold(_Told):
    """That somebody has a new id, and how that is known. Every no of the old one holds under the new; no yes does."""

    was: _Subject
    evidence: str = Field(min_length=1, max_length=500, description="How it is known; kept under the person's key.")
    parted: bool = Field(False, description="Say instead that they are not one person after all.")
    actor: _Actor = ""


class RequestTold(_Told):
    """What a person asks (GDPR 15-22, CCPA)."""

    kind: Kind
    law: Literal["gdpr", "ccpa"] = "gdpr"
    lang: Literal["nl", "en"] = "nl"
    purpose: str = Field("", max_length=100)
    decision: str = Field("", max_length=60, description="Id of the decision that a human shall look at.")
    note: str = Field("", max_length=2_000, description="What the person said; kept under their key.")
    actor: _Actor = ""


_KNOWN = (
    "Whether the subject stands in a table that is served here, or was decided about. Where not, what is said of it is "
    "kept all the same, since the person may come later; look whether the id is written as the subjects table has it."
)


def _told_of(status: int, about: str, *also: str) -> dict[int | str, dict[str, Any]]:
    """An answer about a person, for the description: it says whether the id is somebody's, and `also` of which else."""
    names = {"known": _KNOWN, **dict.fromkeys(also, "The same of the other id.")}
    members = {name: {"type": "boolean", "description": text} for name, text in names.items()}
    schema = {"type": "object", "required": list(members), "properties": members}
    return {status: {"description": about, "content": {"application/json": {"schema": schema}}}}


def _kept(*also: str) -> dict[int | str, dict[str, Any]]:
    """The answer where something was kept."""
    return _told_of(201, "Kept, and durable.", *also)


def _by(actor: str, machine: str) -> dict[str, str]:
    """Who said it or wrote it down, and through which machine."""
    name = in_one_line(actor)
    return {"actor": name or machine, "via": machine if name else ""}


def saying_routes(sayings: Sayings, keys: MachineKeys) -> APIRouter:
    """What people say and ask, for a key with the scope ``consents``."""
    router = APIRouter(prefix="/v1", tags=["people"])

    async def kept(request: Request, who: str, word: str, purpose: str, actor: str, **more: Any) -> Response:
        machine = _machine(request)
        by = _by(actor, machine)
        said = await run_in_threadpool(sayings.say, who, word, purpose, **by, **more)
        return _json({**said, "evidence_missing": _missing(word, more)}, 201)

    def _machine(request: Request) -> str:
        return f"machine {caller_of(Headers(request.scope['headers']), keys, 'consents').key.name}"

    @router.post(
        "/consents",
        status_code=201,
        responses=_kept(),
        summary="Keep what a person says; it holds for the next decision",
    )
    async def consents(request: Request, told: ConsentTold, if_match: _IfMatch = None) -> Response:
        more = told.model_dump(exclude={"subject", "word", "purpose", "actor"}) | {"if_match": if_match or ""}
        return await kept(request, told.subject, told.word, told.purpose, told.actor, **more)

    @router.post(
        "/consents/history",
        responses=_told_of(200, "What a person said."),
        summary="What a person said, and what stands now",
    )
    async def history(request: Request, told: WhoTold) -> Response:
        found = await run_in_threadpool(sayings.history, told.subject, _machine(request))
        return _json(found, headers={"etag": found.pop("tag")})

    @router.post(
        "/objections",
        status_code=201,
        responses=_kept(),
        summary="Keep an objection; it holds for the next decision",
    )
    async def objections(request: Request, told: ObjectionTold, if_match: _IfMatch = None) -> Response:
        word = "take-back-objection" if told.taken_back else "object"
        more = {"method": told.method, "if_match": if_match or ""}
        return await kept(request, told.subject, word, told.purpose, told.actor, **more)

    @router.post(
        "/signals",
        status_code=201,
        responses=_kept(),
        summary="Keep what a browser or an app says; it holds for the next decision",
    )
    async def signals(request: Request, told: SignalTold) -> Response:
        machine = _machine(request)
        heard = await run_in_threadpool(sayings.hear, told.subject, told.signals, **_by(told.actor, machine))
        return _json({**heard, "show": _shown(heard)}, 201)

    @router.post(
        "/same-person",
        status_code=201,
        responses=_kept("was_known"),
        summary="Keep that two ids are one person's; every no holds for both",
    )
    async def same_person(request: Request, told: SamePersonTold) -> Response:
        machine = _machine(request)
        by = named_through(told.actor, machine) or machine
        more: dict[str, Any] = {"evidence": told.evidence, "by": by, "parted": told.parted}
        return _json(await run_in_threadpool(sayings.same_person, told.subject, told.was, **more), 201)

    @router.post("/requests", status_code=201, responses=_kept(), summary="Keep what a person asks, with its deadline")
    async def ask(request: Request, told: RequestTold) -> Response:
        machine = _machine(request)
        by = named_through(told.actor, machine) or machine
        more = told.model_dump(exclude={"subject", "kind", "actor"})
        return _json(await run_in_threadpool(sayings.ask, told.subject, told.kind, by=by, **more), 201)

    @router.get("/requests/{number}", summary="How a request stands", responses=NOT_MODIFIED)
    async def found(request: Request, number: Annotated[str, Path(pattern=r"^R-\d{8}-[0-9a-f]{6}$")]) -> Response:
        caller_of(Headers(request.scope["headers"]), keys, "consents")
        return tagged(request, await run_in_threadpool(sayings.request, number))

    return router


def _missing(word: str, told: dict[str, Any]) -> list[str]:
    """What nobody can show later of a yes (GDPR 7(1), RULES G-7): by which notice, in which language, and how."""
    return [name for name in ("notice", "language", "method") if not told.get(name)] if word in _YES else []


def _shown(heard: dict[str, Any]) -> dict[str, str] | None:
    """What the person is to be shown where an opt-out is kept to (11 CCR 7025(c)(6)); None where there is none."""
    out = [name for name, means in heard["means"].items() if "opts-out" in means.values()]
    if not set(out) - set(heard["overruled"]):
        return None
    return {lang: text("signal.honoured", lang) for lang in LANGUAGES}


def _json(content: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_encode(content), status, headers, media_type="application/json")
