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
    GET  console.css, console.js

Marketers and data scientists change campaigns; a privacy officer may pause one; reviewers and auditors look.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
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
    CHANGES,
    campaign_page,
    draft_of,
    faults_of,
    file_page,
    list_page,
    monitor_page,
    new_page,
    options_for,
    script,
    style,
    trouble_page,
)
from evenhand.explanation import Lang
from evenhand.staff import Staff, StaffRole
from evenhand.terms import Category, EvenhandError

from ._answers import with_own_script
from ._asking import language, root_of
from ._console_words import block_in_words, in_language, in_meanings, in_words
from ._problems import problem_of
from ._tried_limits import asked_in, changed_by, query_of
from .staff_door import Form, Page, Sending, StaffDoor

__all__ = ["CHANGES", "LOOKS", "console_pages"]

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
        door.sending("/campaigns/{name}/start", pages.acted(pages.start), *change),
        door.sending("/campaigns/{name}/pause", pages.acted(pages.pause), *stop),
        door.sending("/campaigns/{name}/resume", pages.acted(pages.resume), *stop),
        door.sending("/campaigns/{name}/review", pages.acted(pages.send), *change),
        door.sending("/campaigns/{name}/verdict", pages.acted(pages.verdict), *review),
        door.page("/monitor", pages.told(pages.monitor), *look),
        door.sending("/monitor/{name}", pages.sent(pages.look), *change),
        Route("/console.css", _style, methods=["GET"]),
        Route("/console.js", _script, methods=["GET"]),
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

    def acted(self, handler: Sending) -> Sending:
        """Likewise where a small form is sent from the page of a campaign; by a language's button it is shown again."""

        async def acting(request: Request, staff: Staff, form: Form) -> Response:
            form, is_switched = in_language(form)
            return await (self._campaign(request, staff, form) if is_switched else handler(request, staff, form))

        return self.sent(acting)

    async def all(self, request: Request, staff: Staff) -> Response:
        found = await run_in_threadpool(self._campaigns.page, "", _MOST)
        frame, lang = self._door.frame(request, staff), language(request)
        return HTMLResponse(list_page(found, frame, lang))

    async def new(self, request: Request, staff: Staff) -> Response:
        category, like = (request.query_params.get(name, "") for name in ("category", "like"))
        bases = await run_in_threadpool(self._campaigns.bases)
        options, is_known = None, category in list(Category) and like in bases
        if is_known:
            base = data_in(await run_in_threadpool(self._campaigns.text, like))
            options = options_for(base if isinstance(base, dict) else {}, category, at=self._door.clock())
        frame = self._door.frame(request, staff, form="draft" if options else "", form_does="see")
        is_unknown = bool(category or like) and not is_known
        return HTMLResponse(new_page(bases, options, frame, language(request), base=like, is_unknown=is_unknown))

    async def write(self, request: Request, staff: Staff, form: Form) -> Response:
        """The file that a form writes, with what its check finds; nothing is kept. The form again in another
        language, and where a field cannot be right."""
        form, is_switched = in_language(form)
        like, category = _one(form, "like"), _one(form, "category")
        base = data_in(await run_in_threadpool(self._campaigns.text, like))
        options = options_for(base if isinstance(base, dict) else {}, category, at=self._door.clock())
        faults = faults_of(options, form, at=self._door.clock()) if not is_switched or _one(form, "told") else ()
        if is_switched or faults:
            frame = self._door.frame(request, staff, form="draft", form_does="see")
            page = new_page((), options, frame, language(request, form), base=like, typed=form, faults=faults)
            return HTMLResponse(page, status_code=200 if is_switched else 422)
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
        except EvenhandError as error:  # somebody else has that name, or changed it meanwhile: what was typed stays
            status = problem_of(error).status
            if status not in (409, 412):
                raise
            wrong = block_in_words(error, language(request, form))
            return await self._file(request, staff, form, content, wrong=wrong, status=status)
        return self._door.sent_on(f"/console/campaigns/{told['campaign']}", request, form, done="kept")

    async def one(self, request: Request, staff: Staff) -> Response:
        return await self._campaign(request, staff)

    async def file(self, request: Request, staff: Staff) -> Response:
        name = request.path_params["name"]
        told = await run_in_threadpool(self._campaigns.read, name)
        text = await run_in_threadpool(self._campaigns.text, name)
        if told["origin"] == "file" or not staff.may(CHANGES):
            frame, lang = self._door.frame(request, staff), language(request)
            return HTMLResponse(file_page(text.decode(), (), frame, lang, replaces=name, is_read=True))
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
        chosen: dict[str, Literal["approved", "refused"]] = {"approve": "approved", "refuse": "refused"}
        verdict = chosen.get(_one(form, "do"))
        if verdict is None:  # Enter was pressed, which chooses neither
            return await self._campaign(request, staff, form, done="choose", status=422)
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
                streams = () if found is None else self._streams(in_meanings(found, one["meanings"], lang), lang)
                at = None if found is None else found["at"]
                out.append({"campaign": one["campaign"], "state": one["state"], "at": at, "streams": streams})
        return out

    async def _file(
        self,
        request: Request,
        staff: Staff,
        form: Form,
        content: bytes,
        *,
        wrong: Mapping[str, Any] | None = None,
        status: int = 0,
    ) -> Response:
        """A file as it was written, with what its check finds."""
        blocks = await run_in_threadpool(self._campaigns.judge, content)
        frame, lang = self._door.frame(request, staff, form="file", form_does="keep"), language(request, form)
        more: dict[str, Any] = {name: _one(form, name) for name in ("replaces", "seen", "reason")}
        stops = any(one["blocks"] for one in blocks)
        page = file_page(content.decode(), blocks, frame, lang, wrong=wrong, **more)
        return HTMLResponse(page, status_code=status or (422 if stops else 200))

    async def _campaign(
        self,
        request: Request,
        staff: Staff,
        form: Form | None = None,
        *,
        wrong: Mapping[str, Any] | None = None,
        done: str = "",
        status: int = 200,
    ) -> Response:
        """One campaign: its last run, or a plan, or a plan with other limits beside it; with `form` as it was typed."""
        name, lang = request.path_params["name"], language(request, form)
        told = await run_in_threadpool(self._campaigns.read, name)
        told = {**told, "blocks": in_words(told["blocks"], lang)}
        figures = await run_in_threadpool(self._campaigns.figures, name)
        query = request.query_params
        asked, tried = asked_in(query), None
        unheard = asked["wrong"]
        if query.get("plan"):
            try:
                if figures is None:
                    figures = await run_in_threadpool(self._campaigns.plan, name, Simulated())
                changed, unknown = changed_by(asked, figures)
                unheard = [*unheard, *unknown]
                if not changed.is_as_declared:
                    tried = await run_in_threadpool(self._campaigns.plan, name, changed)
            except EvenhandError as error:
                wrong, status = block_in_words(error, lang), problem_of(error).status
        frame = self._door.frame(request, staff, query=query_of(query))
        frame = replace(frame, here=f"{root_of(request)}/campaigns/{name}")  # also where a form was sent elsewhere
        page = campaign_page(
            told,
            figures,
            tried,
            frame,
            lang,
            asked=asked | {"wrong": unheard},
            may=_may(staff, told),
            done=done or (query.get("done", "") if form is None else ""),
            wrong=wrong,
            typed=form,
        )
        return HTMLResponse(page, status_code=status, headers={"content-security-policy": with_own_script()})

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
            frame = replace(frame, here=f"{root_of(request)}/campaigns") if form is not None else frame
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


def _one(form: Form, name: str) -> str:
    values = form.get(name) or [""]
    return values[-1].strip()


def _yaml(content: bytes, name: str) -> Response:
    plain = _OTHER.sub("-", name)[:64] or "campaign"
    headers = {"content-disposition": f'attachment; filename="{plain}.yaml"'}
    return Response(content, media_type="application/yaml", headers=headers)


async def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css", headers={"cache-control": "public, max-age=3600"})


async def _script(_: Request) -> Response:
    return Response(script(), media_type="text/javascript", headers={"cache-control": "public, max-age=3600"})
