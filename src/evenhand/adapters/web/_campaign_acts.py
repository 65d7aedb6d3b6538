"""Routes by which people act on a campaign: send it for review, review it, start it, stop it, have it watched."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from evenhand.adapters.campaigning import Campaigns
from evenhand.adapters.keys.machine_keys import MachineKeys

from ._campaign_parts import Name, Seen, acting, json_of, one_told, router_of, seen_in, tagged, told, who_of

__all__ = ["act_routes", "review_routes"]


class NamedReason(BaseModel):
    """Who answers for it, and why; both are kept."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(min_length=1, max_length=45, description="The person who answers for it.")
    reason: str = Field(min_length=1, max_length=500)


class Nothing(BaseModel):
    """There is nothing to say."""

    model_config = ConfigDict(extra="forbid")


class SentAsked(BaseModel):
    """Who sends a campaign for review, and to whom; all of it stays in the ledger."""

    model_config = ConfigDict(extra="forbid")
    by: str = Field(min_length=1, max_length=45, description="The person who sends it; they cannot review it.")
    reviewers: list[Annotated[str, Field(min_length=1, max_length=45)]] = Field([], max_length=20)
    note: str = Field("", max_length=500, description="What the reviewer should know.")


class ReviewAsked(NamedReason):
    """What came of a review, of exactly the file that was looked at."""

    verdict: Literal["approved", "refused"]
    digest: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of that file; `review.digest` of the campaign.")


def review_routes(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes by which somebody else looks before a start."""
    router = router_of()

    @router.post(
        "/{name}/review",
        summary="Send it for review; from then on it starts only as it was approved",
        responses={200: one_told("It is in review.")},
    )
    async def send(request: Request, name: Name, asked: SentAsked, seen: Seen = None) -> Response:
        caller, tag = who_of(request, keys, asked.by), seen_in(seen)
        more: dict[str, Any] = {"reviewers": asked.reviewers, "note": asked.note}
        return tagged(await run_in_threadpool(lambda: campaigns.send_for_review(name, seen=tag, by=caller, **more)))

    @router.post(
        "/{name}/verdict",
        summary="Approve or refuse exactly the file that was sent; another than its author, with the scope review",
        responses={200: one_told("It is reviewed.")},
    )
    async def verdict(request: Request, name: Name, asked: ReviewAsked) -> Response:
        who = acting(request, keys, asked.by, "review", "officer")
        more: dict[str, Any] = {"digest": asked.digest, "verdict": asked.verdict, "reason": asked.reason}
        return tagged(await run_in_threadpool(lambda: campaigns.review(name, **more, **who)))

    return router


def act_routes(campaigns: Campaigns, keys: MachineKeys) -> APIRouter:
    """Routes that start and stop."""
    router = router_of()

    @router.get(
        "/{name}/monitor",
        summary="What its monitors found when they last looked",
        responses={200: told("The look; null where they did not look.", "monitor")},
    )
    async def watched(request: Request, name: Name) -> Response:
        who_of(request, keys)
        return json_of({"campaign": name, "monitor": await run_in_threadpool(campaigns.watched, name)})

    @router.post(
        "/{name}/monitor",
        summary="Have its monitors look now; what an alarm asks for follows",
        responses={200: told("The look.", "monitor")},
    )
    async def look(request: Request, name: Name, nothing: Nothing) -> Response:
        del nothing  # a body that says so, as every POST here has one
        who_of(request, keys)
        return json_of({"campaign": name, "monitor": await run_in_threadpool(campaigns.look, name)})

    @router.post(
        "/{name}/activate",
        summary="Decide about everybody, record it, and serve whoever comes later",
        responses={200: one_told("It is active."), 202: one_told("It is being started; look at it again.")},
    )
    async def activate(request: Request, name: Name, asked: NamedReason, seen: Seen = None) -> Response:
        caller, tag = acting(request, keys, asked.by, "campaigns")["by"], seen_in(seen)
        told = await run_in_threadpool(lambda: campaigns.start(name, seen=tag, who=caller, why=asked.reason))
        return tagged(told, 202 if told["state"] == "starting" else 200)

    @router.post(
        "/{name}/pause",
        summary="Stop it at once, in every process of the home",
        responses={200: one_told("It is paused.")},
    )
    async def pause(request: Request, name: Name, asked: NamedReason) -> Response:
        who = acting(request, keys, asked.by, "campaigns", "officer")
        return tagged(await run_in_threadpool(lambda: campaigns.pause(name, reason=asked.reason, **who)))

    @router.post(
        "/{name}/resume",
        summary="Let it go on, in the role that paused it",
        responses={200: one_told("It goes on.")},
    )
    async def resume(request: Request, name: Name, asked: NamedReason) -> Response:
        who = acting(request, keys, asked.by, "campaigns", "officer")
        return tagged(await run_in_threadpool(lambda: campaigns.resume(name, reason=asked.reason, **who)))

    return router
