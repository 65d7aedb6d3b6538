"""The marketer's pages behind addresses. Mounted below ``/console``:

    GET  campaigns (or nothing)    every campaign
    GET  new                       a new campaign by form: ``category`` and ``like`` say which form
    POST new                       what the form writes, as a file to be kept
    GET  file                      an empty file, to paste one
    POST file                      keep, check or download a file: ``do`` says which
    GET  campaigns/ID              one campaign; with ``plan`` also what would be decided, by the limits that are asked
    GET  campaigns/ID/file         its file, to read and to change
    GET  campaigns/ID/download     the same as a file
    POST campaigns/ID/start, pause, resume
    GET  monitor                   what the monitors found
    POST monitor/ID                have the monitors of one campaign look now
    GET  console.css

Marketers and data scientists change campaigns; a privacy officer may pause one; reviewers and auditors look.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evenhand.adapters.campaigning import Campaigns, FindingsError, Simulated
from evenhand.adapters.declared.campaign_files import data_in
from evenhand.adapters.declared.campaign_yaml import yaml_of
from evenhand.console import (
    campaign_page,
    draft_of,
    file_page,
    list_page,
    monitor_page,
    new_page,
    options_for,
    style,
    trouble_page,
)
from evenhand.explanation import Lang
from evenhand.staff import Staff, StaffRole
from evenhand.terms import Category, EvenhandError

from ._asking import language
from ._console_words import block_in_words, in_language, in_words
from ._problems import problem_of
from .staff_door import Form, Page, Sending, StaffDoor

__all__ = ["CHANGES", "LOOKS", "console_pages"]

CHANGES = frozenset({StaffRole.MARKETER, StaffRole.DATA_SCIENTIST})
STOPS = CHANGES | {StaffRole.PRIVACY_OFFICER}
REVIEWS = frozenset({StaffRole.REVIEWER, StaffRole.PRIVACY_OFFICER, StaffRole.AUDITOR})
LOOKS = frozenset(StaffRole)
_MOST = 500
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
"""What is in no campaign's id."""
Streams = Callable[[Mapping[str, Any], str], Sequence[Mapping[str, Any]]]


def console_pages(door: StaffDoor, campaigns: Campaigns, streams: Streams) -> ASGIApp:
    """The application to mount at ``/console``.

    Args:
        door: behind which the pages stand.
        campaigns: whoever keeps campaigns.
        streams: what a look of the monitors found, as words and drawings of a language.
    """
    pages = _Pages(door, campaigns, streams)
    look, change, stop, review = tuple(LOOKS), tuple(CHANGES), tuple(STOPS), tuple(REVIEWS)
    routes = [
        door.page("/", pages.told(pages.all), *look),
        door.page("/campaigns", pages.told(pages.all), *look),
        door.page("/new", pages.told(pages.new), *change),
        door.sending("/new", pages.sent(pages.write), *change),
        door.page("/file", pages.told(pages.paste), *change),
        door.sending("/file", pages.sent(pages.keep), *change),
        door.page("/campaigns/{name}", pages.told(pages.one), *look),
        door.page("/campaigns/{name}/file", pages.told(pages.file), *look),
        door.page("/campaigns/{name}/download", pages.told(pages.download), *look),
        door.sending("/campaigns/{name}/start", pages.sent(pages.start), *change),
        door.sending("/campaigns/{name}/pause", pages.sent(pages.pause), *stop),
        door.sending("/campaigns/{name}/resume", pages.sent(pages.resume), *stop),
        door.sending("/campaigns/{name}/review", pages.sent(pages.send), *change),
        door.sending("/campaigns/{name}/verdict", pages.sent(pages.verdict), *review),
        door.page("/monitor", pages.told(pages.monitor), *look),
        door.sending("/monitor/{name}", pages.sent(pages.look), *change),
        Route("/console.css", _style, methods=["GET"]),
    ]
    return door.mount(routes)


class _Pages:
    """One method per address."""

    def __init__(self, door: StaffDoor, campaigns: Campaigns, streams: Streams) -> None:
        self._door, self._campaigns, self._streams = door, campaigns, streams

    def told(self, handler: Page) -> Page:
        """A page that tells what went wrong, where something does."""

        async def page(request: Request, staff: Staff) -> Response:
            return await self._or_trouble(request, staff, None, handler(request, staff))

        return page

    def sent(self, handler: Sending) -> Sending:
        """Likewise where a form is sent."""

        async def sending(request: Request, staff: Staff, form: Form) -> Response:
            return await self._or_trouble(request, staff, form, handler(request, staff, form))

        return sending

    async def all(self, request: Request, staff: Staff) -> Response:
        found = await run_in_threadpool(self._campaigns.page, "", _MOST)
        frame, lang = self._door.frame(request, staff), language(request)
        return HTMLResponse(list_page(found, frame, lang, may_change=staff.may(CHANGES)))

    async def new(self, request: Request, staff: Staff) -> Response:
        category, like = (request.query_params.get(name, "") for name in ("category", "like"))
        bases = await run_in_threadpool(self._campaigns.bases)
        options = None
        if category in list(Category) and like in bases:
            base = data_in(await run_in_threadpool(self._campaigns.text, like))
            options = options_for(base if isinstance(base, dict) else {}, category, at=self._door.clock())
        frame = self._door.frame(request, staff, form="draft" if options else "", form_does="see")
        return HTMLResponse(new_page(bases, options, frame, language(request), base=like))

    async def write(self, request: Request, staff: Staff, form: Form) -> Response:
        """The file that a form writes, with what its check finds; nothing is kept. In another language the form."""
        form, is_switched = in_language(form)
        like, category = _one(form, "like"), _one(form, "category")
        base = data_in(await run_in_threadpool(self._campaigns.text, like))
        options = options_for(base if isinstance(base, dict) else {}, category, at=self._door.clock())
        if is_switched:
            frame = self._door.frame(request, staff, form="draft", form_does="see")
            return HTMLResponse(new_page((), options, frame, language(request, form), base=like, typed=form))
        return await self._file(request, staff, form, yaml_of(draft_of(options, form)).encode())

    async def paste(self, request: Request, staff: Staff) -> Response:
        frame = self._door.frame(request, staff, form="file", form_does="keep")
        return HTMLResponse(file_page("", (), frame, language(request)))

    async def keep(self, request: Request, staff: Staff, form: Form) -> Response:
        form, _ = in_language(form)
        document = "\n".join((form.get("document") or [""])[-1].splitlines()).strip("\n") + "\n"
        content, replaces, do = document.encode(), _one(form, "replaces"), _one(form, "do")
        if do == "download":
            return _yaml(content, replaces or "campaign")
        if do != "keep":
            return await self._file(request, staff, form, content)
        reason = _one(form, "reason")
        try:
            if replaces:
                seen = _one(form, "seen")
                told = await run_in_threadpool(
                    lambda: self._campaigns.replace(replaces, content, seen=seen, who=staff.mark, why=reason)
                )
            else:
                told = await run_in_threadpool(lambda: self._campaigns.upload(content, who=staff.mark, why=reason))
        except FindingsError:
            return await self._file(request, staff, form, content)
        return self._door.sent_on(f"/console/campaigns/{told['campaign']}", request, form, done="kept")

    async def one(self, request: Request, staff: Staff) -> Response:
        return await self._campaign(request, staff)

    async def file(self, request: Request, staff: Staff) -> Response:
        name = request.path_params["name"]
        told = await run_in_threadpool(self._campaigns.read, name)
        text = await run_in_threadpool(self._campaigns.text, name)
        if told["origin"] == "file" or not staff.may(CHANGES):
            return _yaml(text, name, is_shown=True)
        frame = self._door.frame(request, staff, form="file", form_does="keep")
        blocks = in_words(told["blocks"], language(request))
        page = file_page(text.decode(), blocks, frame, language(request), replaces=name, seen=told["etag"])
        return HTMLResponse(page)

    async def download(self, request: Request, staff: Staff) -> Response:
        del staff
        name = request.path_params["name"]
        return _yaml(await run_in_threadpool(self._campaigns.text, name), name)

    async def start(self, request: Request, staff: Staff, form: Form) -> Response:
        name, seen, why = request.path_params["name"], _one(form, "seen"), _one(form, "reason")
        told = await run_in_threadpool(lambda: self._campaigns.start(name, seen=seen, who=staff.mark, why=why))
        done = "starting" if told["state"] == "starting" else "started"
        return self._door.sent_on(f"/console/campaigns/{name}", request, form, done=done)

    async def pause(self, request: Request, staff: Staff, form: Form) -> Response:
        name, reason = request.path_params["name"], _one(form, "reason")
        await run_in_threadpool(lambda: self._campaigns.pause(name, by=staff.mark, reason=reason, roles=staff.weight))
        return self._door.sent_on(f"/console/campaigns/{name}", request, form, done="paused")

    async def resume(self, request: Request, staff: Staff, form: Form) -> Response:
        name, reason = request.path_params["name"], _one(form, "reason")
        await run_in_threadpool(lambda: self._campaigns.resume(name, by=staff.mark, reason=reason, roles=staff.weight))
        return self._door.sent_on(f"/console/campaigns/{name}", request, form, done="resumed")

    async def send(self, request: Request, staff: Staff, form: Form) -> Response:
        name, seen, note = request.path_params["name"], _one(form, "seen"), _one(form, "reason")
        asked = [one.strip() for one in _one(form, "reviewers").split(",") if one.strip()]
        await run_in_threadpool(
            lambda: self._campaigns.send_for_review(name, seen=seen, by=staff.mark, reviewers=asked, note=note)
        )
        return self._door.sent_on(f"/console/campaigns/{name}", request, form, done="sent")

    async def verdict(self, request: Request, staff: Staff, form: Form) -> Response:
        name, digest, reason = request.path_params["name"], _one(form, "digest"), _one(form, "reason")
        verdict: Literal["approved", "refused"] = "approved" if _one(form, "do") == "approve" else "refused"
        more: dict[str, Any] = {"by": staff.mark, "roles": staff.weight, "reason": reason}
        await run_in_threadpool(lambda: self._campaigns.review(name, digest=digest, verdict=verdict, **more))
        return self._door.sent_on(f"/console/campaigns/{name}", request, form, done=verdict)

    async def monitor(self, request: Request, staff: Staff) -> Response:
        lang = language(request)
        watched = await run_in_threadpool(self._watched, lang)
        done = request.query_params.get("done", "")
        page = monitor_page(watched, self._door.frame(request, staff), lang, may_look=staff.may(CHANGES), done=done)
        return HTMLResponse(page)

    async def look(self, request: Request, staff: Staff, form: Form) -> Response:
        del staff
        await run_in_threadpool(self._campaigns.look, request.path_params["name"])
        return self._door.sent_on("/console/monitor", request, form, done="looked")

    def _watched(self, lang: Lang) -> list[dict[str, Any]]:
        out = []
        for one in self._campaigns.page("", _MOST):
            if one["watches"] and one["state"] not in ("draft", "starting"):
                found = self._campaigns.watched(one["campaign"])
                streams = () if found is None else self._streams(found, lang)
                at = None if found is None else found["at"]
                out.append({"campaign": one["campaign"], "state": one["state"], "at": at, "streams": streams})
        return out

    async def _file(self, request: Request, staff: Staff, form: Form, content: bytes) -> Response:
        """A file as it was written, with what its check finds."""
        blocks = await run_in_threadpool(self._campaigns.judge, content)
        frame, lang = self._door.frame(request, staff, form="file", form_does="keep"), language(request, form)
        more = {name: _one(form, name) for name in ("replaces", "seen", "reason")}
        stops = any(one["blocks"] for one in blocks)
        page = file_page(content.decode(), blocks, frame, lang, **more)
        return HTMLResponse(page, status_code=422 if stops else 200)

    async def _campaign(
        self,
        request: Request,
        staff: Staff,
        form: Form | None = None,
        *,
        wrong: Mapping[str, Any] | None = None,
        status: int = 200,
    ) -> Response:
        """One campaign: its last run, or a plan, or a plan with other limits beside it."""
        name, lang = request.path_params["name"], language(request, form)
        told = await run_in_threadpool(self._campaigns.read, name)
        told = {**told, "blocks": in_words(told["blocks"], lang)}
        figures = await run_in_threadpool(self._campaigns.figures, name)
        query = request.query_params if form is None else {}
        asked, tried = _asked(query), None
        if query.get("plan"):
            try:
                if figures is None:
                    figures = await run_in_threadpool(self._campaigns.plan, name, Simulated())
                changed = _changed(asked, figures)
                if not changed.is_as_declared:
                    tried = await run_in_threadpool(self._campaigns.plan, name, changed)
            except EvenhandError as error:
                wrong, status = block_in_words(error, lang), problem_of(error).status
        may = _may(staff, told)
        page = campaign_page(
            told,
            figures,
            tried,
            self._door.frame(request, staff, query="plan=1" if query.get("plan") else ""),
            lang,
            asked=asked,
            may=may,
            done=query.get("done", ""),
            wrong=wrong,
        )
        return HTMLResponse(page, status_code=status)

    async def _or_trouble(
        self, request: Request, staff: Staff, form: Form | None, answer: Awaitable[Response]
    ) -> Response:
        """The answer, or what went wrong: on the page of the campaign that it is about, where there is one."""
        try:
            return await answer
        except EvenhandError as error:
            problem, wrong = problem_of(error), block_in_words(error, language(request, form))
            if problem.status >= 500 and problem.code == "internal":
                raise
            if form is not None and "name" in request.path_params and problem.status != 404:
                try:
                    return await self._campaign(request, staff, form, wrong=wrong, status=problem.status)
                except EvenhandError:
                    pass
            if problem.status == 404:
                return self._door.refused(request, "unknown", staff=staff, form=form)
            frame, lang = self._door.frame(request, staff), language(request, form)
            page = trouble_page(wrong, frame, lang, back="/console/campaigns")
            return HTMLResponse(page, status_code=problem.status)


def _may(staff: Staff, told: Mapping[str, Any]) -> dict[str, bool]:
    """What somebody may do with a campaign; who may end a pause says the pause, of an alarm's whoever may set one."""
    pause = told["pause"] or {}
    by = pause.get("resumed_by") or [role.value for role in STOPS]
    is_officer = StaffRole.PRIVACY_OFFICER in staff.roles
    review = told["review"] or {"state": "", "reviewed_by": ()}
    is_other = staff.mark not in review.get("sent_authors", ())
    return {
        "send": staff.may(CHANGES) and review["state"] in ("none", "refused"),
        "review": review["state"] == "in-review" and is_other and bool(set(review["reviewed_by"]) & set(staff.weight)),
        "change": staff.may(CHANGES),
        "pause": staff.may(STOPS),
        "resume": staff.may(STOPS) and not set(by).isdisjoint(staff.weight),
        "over": is_officer and told["state"] == "paused" and pause.get("role") != StaffRole.PRIVACY_OFFICER.value,
    }


def _asked(query: Mapping[str, str]) -> dict[str, Any]:
    """The limits that a slider asks for; what is no number is left out."""
    bounds = {}
    for name, value in query.items():
        if name.startswith("bound."):
            bound = _decimal(value)
            if bound is not None and 0 <= bound <= 1:
                bounds[name.removeprefix("bound.")] = float(bound)
    budget, contacts = _decimal(query.get("budget", "")), _decimal(query.get("contacts", ""))
    return {
        "budget": budget if budget is not None and 0 <= budget <= 10**9 else None,
        "contacts": int(contacts) if contacts is not None and 0 <= contacts <= 2 * 10**9 else None,
        "bounds": bounds,
    }


def _changed(asked: Mapping[str, Any], figures: Mapping[str, Any]) -> Simulated:
    """Those that are other than what was declared; a limit that the campaign does not have is not tried."""
    declared = {one["id"] if one["kind"] == "disparity" else one["kind"]: one["declared"] for one in figures["limits"]}

    def other(name: str) -> Any:
        value = asked[name]
        return value if value is not None and name in declared and float(value) != declared[name] else None

    bounds = {id: bound for id, bound in asked["bounds"].items() if id in declared and bound != declared[id]}
    return Simulated(other("budget"), other("contacts"), bounds)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _one(form: Form, name: str) -> str:
    values = form.get(name) or [""]
    return values[-1].strip()


def _yaml(content: bytes, name: str, *, is_shown: bool = False) -> Response:
    kind = "text/plain; charset=utf-8" if is_shown else "application/yaml"
    plain = _OTHER.sub("-", name)[:64] or "campaign"
    headers = {} if is_shown else {"content-disposition": f'attachment; filename="{plain}.yaml"'}
    return Response(content, media_type=kind, headers=headers)


async def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})
