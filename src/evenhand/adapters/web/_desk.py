"""Routes for the desk of requests: the queue by days left, one request masked, its steps, what is personal in it.

Everything that the officer's pages do, for programs, through the same functions. A key with the scope ``officer`` does
what a privacy officer does; one with ``review`` sees and answers requests for a human review. Every look at a person is
noted under the name that is given, with the key. A person's own id stands in a body, never in an address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.keys.machine_keys import MachineKeys
from evenhand.officer import Opened, Queue, Reach, Waiting, place_of
from evenhand.rights import NewGroupError
from evenhand.terms import DataError, UsageError

from ._cursors import after_cursor, cursor_after
from ._gate import Headers, caller_of, named_through
from ._problems import CODES, ProblemError
from .officer_pages import OfficerDesk

__all__ = ["desk_routes"]

_encode = msgspec.json.Encoder().encode
_Number = Annotated[str, Path(pattern=r"^R-\d{8}-[0-9a-f]{6}$", description="Number of a request.")]
_Plain = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Step = Literal["identity", "proved", "start", "answer", "extend", "refuse", "withdraw", "told"]


class _By(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: str = Field(
        min_length=1,
        max_length=45,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        description="The person who works here and answers for it; every look is noted under this name.",
    )


class LookAsked(_By):
    """Who looks."""


class RevealAsked(_By):
    """Who looks at what is personal."""

    lang: Literal["nl", "en"] = "en"


class PersonAsked(_By):
    """Who gets the files of a person."""

    who: str = Field(min_length=1, max_length=200, description="The person's own id; it must be whoever asked.")


class MessageAsked(PersonAsked):
    """Who gets the message for a recipient (GDPR 19)."""

    recipient: str = Field(min_length=1, max_length=200)


class StepAsked(_By):
    """One step of a request. Which fields a step needs, docs/how-to/answer-a-request.md says."""

    do: _Step
    who: str = Field("", max_length=200, description="answer: the person's own id; it must be whoever asked.")
    identity: _Plain = Field("", description="answer: how the person is known.")
    code: _Plain = Field("", description="proved: the one-time code that the person gave.")
    known: _Plain = Field("", description="proved: how the person is known, without a code.")
    days: int = Field(7, ge=1, le=60, description="identity: for how many days the code is good.")
    reason: _Plain = Field("", description="extend, refuse: a code of the law; answer to a review: why.")
    outcome: Literal["", "keep", "change"] = Field("", description="answer to a review.")
    offer: str = Field("", max_length=100, description="answer to a review that changes: one of `offers`.")
    sure: bool = Field(
        False, description="answer to an erasure: it cannot be undone; to a rectification: a new group is right."
    )
    values: dict[Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f=]+$")], _Plain] = Field(
        {}, max_length=50, description="answer to a rectification: the right value of each column."
    )
    recipient: str = Field("", max_length=200, description="told: who acknowledged (GDPR 19).")
    reference: _Plain = Field("", description="told: of their answer.")

    def form(self) -> dict[str, str]:
        """As the form of the pages sends it."""
        said = self.model_dump(exclude={"by", "do", "sure", "values", "days"})
        pairs = "\n".join(f"{name}={value}" for name, value in self.values.items())
        own = {**said, "values": pairs, "days": str(self.days), "sure": "yes" if self.sure else ""}
        return {name: str(value) for name, value in own.items() if value}


def desk_routes(desk: OfficerDesk, keys: MachineKeys) -> tuple[APIRouter, ...]:
    """The desk, for a key with the scope ``officer`` or ``review``."""
    router, beside = APIRouter(prefix="/v1/requests", tags=["desk"]), APIRouter(prefix="/v1", tags=["desk"])
    _looks(router, desk, keys)
    _steps(router, desk, keys)
    _lists(beside, desk, keys)
    return router, beside


def _lists(router: APIRouter, desk: OfficerDesk, keys: MachineKeys) -> None:
    @router.get(
        "/kept", summary="What has been kept long enough; nothing is removed", responses={200: _told("It.", "runs")}
    )
    async def kept(request: Request) -> Response:
        _officer(request, keys)
        due = await run_in_threadpool(desk.kept)
        names = ("run_id", "campaign", "decisions", "until")
        runs = [{name: getattr(one, name) for name in names} for one in due.runs]
        counts = {name: getattr(due, name) for name in ("consents", "requests", "orphans", "looks")}
        tables = [{"table": table, "kept": kept} for table, kept in due.own_tables]
        return _json({"runs": runs, **counts, "own_tables": tables})

    @router.get(
        "/looks", summary="What staff read about people, the last look first", responses={200: _told("It.", "looks")}
    )
    async def looks(request: Request) -> Response:
        _officer(request, keys)
        found, count = await run_in_threadpool(desk.looks)
        return _json({"looks": [one.to_dict() for one in found], "count": count})


def _looks(router: APIRouter, desk: OfficerDesk, keys: MachineKeys) -> None:
    @router.get("", summary="The queue, by the days that are left", responses={200: _told("The queue.", "requests")})
    async def queue(
        request: Request,
        state: Annotated[Literal["open", "all"], Query(description="all: closed ones too.")] = "open",
        cursor: Annotated[str, Query(max_length=200, description="From `next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 200,
    ) -> Response:
        reach, after = _reach(request, keys)[1], after_cursor("r", cursor)
        everything = state == "all"
        found = await run_in_threadpool(lambda: desk.queue(reach, everything=everything, after=after, count=limit))
        more = cursor_after("r", place_of(found.waiting[-1].request)) if len(found.waiting) == limit else ""
        told = f"/v1/requests?state={state}&cursor={more}&limit={limit}" if more else None
        return _json({**_queue(found), "next": told})

    @router.post(
        "/{number}/look",
        summary="One request, masked, with the steps that can be taken now; the look is noted",
        responses={200: _told("The request.", "number", "can", "trail")},
    )
    async def look(request: Request, number: _Number, asked: LookAsked) -> Response:
        name, reach = _reach(request, keys)
        return _json(_opened(await _done(desk.open, number, named_through(asked.by, name), reach)))

    @router.post(
        "/{number}/reveal",
        summary="The same with what is personal in it; the look is noted, in its own trail too",
        responses={200: _told("The request.", "number", "can", "trail")},
    )
    async def reveal(request: Request, number: _Number, asked: RevealAsked) -> Response:
        name, reach = _reach(request, keys)
        by = named_through(asked.by, name)
        return _json(_opened(await _done(desk.reveal, number, by, reach, asked.lang)))


def _steps(router: APIRouter, desk: OfficerDesk, keys: MachineKeys) -> None:
    @router.post(
        "/{number}/steps",
        summary="Take one step: identity, start, answer, extend, refuse, withdraw, told",
        responses={200: _told("What was done; the request, where a code or a letter is shown this once.", "done")},
    )
    async def step(request: Request, number: _Number, asked: StepAsked) -> Response:
        name, reach = _reach(request, keys)
        by = named_through(asked.by, name)
        done, at_once = await _done(desk.act, number, asked.do, asked.form(), by, reach)
        return _json({"done": done, "request": None if at_once is None else _opened(at_once)})

    @router.post(
        "/{number}/files",
        summary="The files that its person gets (access, portability); the look is noted",
        responses={200: {"description": "An archive.", "content": {"application/zip": {}}}},
    )
    async def files(request: Request, number: _Number, asked: PersonAsked) -> Response:
        name = _officer(request, keys)
        content = await _done(desk.files, number, asked.who, named_through(asked.by, name))
        return Response(content, media_type="application/zip")

    @router.post(
        "/{number}/message",
        summary="The message for a recipient who is to be told; the look is noted",
        responses={200: {"description": "The message.", "content": {"application/json": {}}}},
    )
    async def message(request: Request, number: _Number, asked: MessageAsked) -> Response:
        name = _officer(request, keys)
        by = named_through(asked.by, name)
        content = await _done(desk.message, number, asked.recipient, asked.who, by)
        return Response(content, media_type="application/json")


def _reach(request: Request, keys: MachineKeys) -> tuple[str, Reach]:
    """The machine that calls, and how far its key goes."""
    key = caller_of(Headers(request.scope["headers"]), keys, "officer", "review").key
    return f"machine {key.name}", Reach.ACTS if "officer" in key.scopes else Reach.REVIEWS


def _officer(request: Request, keys: MachineKeys) -> str:
    return f"machine {caller_of(Headers(request.scope['headers']), keys, 'officer').key.name}"


async def _done(act: Callable[..., Any], *given: Any) -> Any:
    """What the desk answers; what it does not do is a problem with its code, and never with a value of anybody.

    Raises:
        ProblemError: it was not done, and nothing was recorded.
    """
    try:
        return await run_in_threadpool(act, *given)
    except NewGroupError as error:
        told = {"pointer": "/values", "code": error.code, "severity": "error", "what": error.what, "rule": error.rule}
        block = told | {"owner": "privacy_officer", "remedy": error.remedy}
        raise ProblemError("request-step", rule=error.rule, blocks=[block]) from None
    except (DataError, UsageError) as error:
        if error.code in CODES:
            raise
        raise ProblemError("request-step", rule=error.rule, errors=[("", error.code)]) from None


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "requests": [_waiting(one) for one in queue.waiting],
        "count": queue.count,
        "late": queue.late,
        "soon": queue.soon,
        "to_tell": [{"number": number, "recipient": recipient} for number, recipient in queue.to_tell]
        if queue.reach.is_of_all
        else [],
        "letters_due": list(queue.letters),
        "models_due": [
            {
                "campaign": one.campaign,
                "run": one.run,
                "until": one.until.isoformat(),
                "days_left": one.days,
                "urgency": one.urgency.value,
            }
            for one in queue.models
        ],
    }


def _waiting(one: Waiting) -> dict[str, Any]:
    request = one.request
    return {
        "number": request.number,
        "kind": request.kind.value,
        "law": request.law.value,
        "state": request.state.value,
        "due": request.due.isoformat(),
        "days_left": one.days,
        "urgency": one.urgency.value,
    }


def _opened(opened: Opened) -> dict[str, Any]:
    """One request as its page shows it."""
    trail = zip(opened.request.trail, opened.private, strict=True)
    letter = opened.letter
    return {
        **_waiting(opened.waiting),
        "revealed": opened.revealed,
        "can": sorted(step.value for step in opened.steps),
        "grounds": list(opened.grounds),
        "trail": [
            {
                "at": one.at.isoformat(),
                "step": one.step.value,
                "by": one.by,
                "details": {name: str(value) for name, value in one.details.items() if name != "nonce"},
                "private": {name: str(value) for name, value in private.items()},
            }
            for one, private in trail
        ],
        "letter": None if letter is None else {"lang": letter.lang, "subject": letter.subject, "lines": letter.lines},
        "letter_is_masked": opened.letter_is_masked,
        "code": opened.code,
        "decisions": opened.decisions,
        "decision_told": opened.told,
        "offers": [{"id": id, "text": words} for id, words in opened.offers],
        "tables": list(opened.tables),
        "ends": list(opened.ends),
        "to_tell": [{"recipient": recipient, "messages": count} for recipient, count in opened.to_tell],
        "has_files": opened.asks_for_files,
    }


def _json(content: dict[str, Any]) -> Response:
    return Response(_encode(content), media_type="application/json")


def _told(about: str, *names: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [*names], "properties": {name: {} for name in names}}
    return {"description": about, "content": {"application/json": {"schema": schema}}}
