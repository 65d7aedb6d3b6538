"""The privacy officer's pages behind addresses. Mounted below ``/officer``:

    GET  (nothing)                 requests by days left; ``?state=all`` has closed ones too
    GET  requests/NUMBER           one request, masked
    POST requests/NUMBER           one step of it: ``do`` says which
    POST requests/NUMBER/files     the files that its person gets, as an archive
    POST requests/NUMBER/message   the message for a recipient who is to be told, as a file
    GET  kept                      what has been kept long enough
    GET  reads                     what staff read

Privacy officers take steps; reviewers take those of a human review, and see no other request; auditors look, and what
is personal stays masked to them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from evenhand.explanation import Lang
from evenhand.officer import Opened, Queue, Reach, kept_page, queue_page, reads_page, request_page
from evenhand.rights import NewGroupError
from evenhand.staff import Read, Staff, StaffRole
from evenhand.terms import DataError, UsageError

from ._asking import language, root_of
from ._console_words import in_language
from .staff_door import Form, StaffDoor

__all__ = ["OfficerDesk", "officer_pages"]

_NUMBER = re.compile(r"[A-Za-z0-9-]{1,40}")
_DONE = ("extend", "proved", "refuse", "start", "told", "withdraw", "wrong-code")
_FIELDS = (
    "code",
    "days",
    "identity",
    "known",
    "offer",
    "outcome",
    "reason",
    "recipient",
    "reference",
    "sure",
    "values",
    "who",
)


class DueRuns(Protocol):
    """What has been kept long enough, as far as the page tells of it."""

    @property
    def runs(self) -> Sequence[Any]:
        """Of each its id, campaign, decisions and day."""
        ...

    @property
    def consents(self) -> int:
        """How many."""
        ...

    @property
    def requests(self) -> int:
        """How many."""
        ...

    @property
    def orphans(self) -> int:
        """How many."""
        ...

    @property
    def looks(self) -> int:
        """How many."""
        ...

    @property
    def own_tables(self) -> Sequence[tuple[str, str]]:
        """The organisation's own tables, and how long their data is kept."""
        ...


class OfficerDesk(Protocol):
    """What is known, and where steps go. Called from worker threads; `by` is the mark of whoever looks."""

    def queue(self, reach: Reach, *, everything: bool, after: str = "", count: int = 200) -> Queue:
        """The list; of requests the next `count` behind a place, see `officer.place_of`."""
        ...

    def open(self, number: str, by: str, reach: Reach) -> Opened:
        """One request, masked; the look is noted. Raises DataError where there is none."""
        ...

    def reveal(self, number: str, by: str, reach: Reach, lang: Lang) -> Opened:
        """One request with what is personal in it; the look is noted. Raises DataError where there is none."""
        ...

    def act(self, number: str, do: str, form: dict[str, str], by: str, reach: Reach) -> tuple[str, Opened | None]:
        """Take a step. Raises UsageError or DataError where it cannot be taken."""
        ...

    def files(self, number: str, who: str, by: str) -> bytes:
        """The files that a person gets; the look is noted. Raises UsageError or DataError where they are not given."""
        ...

    def message(self, number: str, recipient: str, who: str, by: str) -> bytes:
        """The message for a recipient; the look is noted. Raises UsageError or DataError where there is none."""
        ...

    def kept(self) -> DueRuns:
        """What has been kept long enough."""
        ...

    def looks(self) -> tuple[Sequence[Read], int]:
        """The last looks, and how many there are."""
        ...


def officer_pages(door: StaffDoor, desk: OfficerDesk) -> ASGIApp:
    """The application to mount at ``/officer``.

    Args:
        door: behind which the pages stand.
        desk: what they show, and where steps go.
    """
    pages = _Pages(door, desk)
    officer, auditor, reviewer = StaffRole.PRIVACY_OFFICER, StaffRole.AUDITOR, StaffRole.REVIEWER
    return door.mount(
        [
            door.page("/", pages.queue, officer, auditor, reviewer),
            door.page("/requests/{number}", pages.request, officer, auditor, reviewer),
            door.sending("/requests/{number}", pages.act, officer, reviewer),
            door.sending("/requests/{number}/files", pages.files, officer),
            door.sending("/requests/{number}/message", pages.message, officer),
            door.page("/kept", pages.kept, officer, auditor),
            door.page("/reads", pages.reads, officer, auditor),
        ]
    )


class _Pages:
    """One method per address."""

    def __init__(self, door: StaffDoor, desk: OfficerDesk) -> None:
        self._door, self._desk = door, desk

    async def queue(self, request: Request, staff: Staff) -> Response:
        everything = request.query_params.get("state") == "all"
        queue = await run_in_threadpool(self._desk.queue, _reach(staff), everything=everything)
        frame = self._door.frame(request, staff, query="state=all" if everything else "")
        return HTMLResponse(queue_page(queue, frame, language(request)))

    async def request(self, request: Request, staff: Staff) -> Response:
        done = request.query_params.get("done", "")
        return await self._shown(request, staff, done=done if done in _DONE else "")

    async def act(self, request: Request, staff: Staff, form: Form) -> Response:
        form, is_switched = in_language(form)
        if is_switched:
            return await self._shown(request, staff, form=form)
        number, do, lang = _number(request), (form.get("do") or form.get("act") or [""])[-1], language(request, form)
        reach = _reach(staff)
        fields = {name: form[name][-1] for name in _FIELDS if name in form}
        try:
            if do == "reveal":
                opened = await run_in_threadpool(self._desk.reveal, number, staff.mark, reach, lang)
                return self._page(request, staff, opened, lang, done=do)
            done, at_once = await run_in_threadpool(self._desk.act, number, do, fields, staff.mark, reach)
        except NewGroupError as error:
            return await self._shown(request, staff, wrong=error.code, words=error.words, form=form)
        except (DataError, UsageError) as error:
            return await self._shown(request, staff, wrong=error.code, form=form)
        if at_once is not None:
            return self._page(request, staff, at_once, lang, done=done)
        return self._door.sent_on(f"/officer/requests/{number}", request, form, done=done)

    async def files(self, request: Request, staff: Staff, form: Form) -> Response:
        form, is_switched = in_language(form)
        if is_switched:
            return await self._shown(request, staff, form=form)
        number = _number(request)
        try:
            content = await run_in_threadpool(self._desk.files, number, form.get("who", [""])[-1], staff.mark)
        except (DataError, UsageError) as error:
            return await self._shown(request, staff, wrong=error.code, form=form)
        named = {"content-disposition": f'attachment; filename="{number}.zip"'}
        return Response(content, media_type="application/zip", headers=named)

    async def message(self, request: Request, staff: Staff, form: Form) -> Response:
        form, is_switched = in_language(form)
        if is_switched:
            return await self._shown(request, staff, form=form)
        number, who = _number(request), form.get("who", [""])[-1]
        recipient = form.get("recipient", [""])[-1]
        try:
            content = await run_in_threadpool(self._desk.message, number, recipient, who, staff.mark)
        except (DataError, UsageError) as error:
            return await self._shown(request, staff, wrong=error.code, form=form)
        named = {"content-disposition": f'attachment; filename="{number}.json"'}
        return Response(content, media_type="application/json", headers=named)

    async def kept(self, request: Request, staff: Staff) -> Response:
        due = await run_in_threadpool(self._desk.kept)
        counts = {"consents": due.consents, "requests": due.requests, "orphans": due.orphans, "looks": due.looks}
        runs = [_run(one) for one in due.runs]
        frame = self._door.frame(request, staff)
        return HTMLResponse(kept_page(runs, counts, due.own_tables, frame, language(request)))

    async def reads(self, request: Request, staff: Staff) -> Response:
        looks, count = await run_in_threadpool(self._desk.looks)
        return HTMLResponse(reads_page(looks, count, self._door.frame(request, staff), language(request)))

    async def _shown(
        self,
        request: Request,
        staff: Staff,
        *,
        done: str = "",
        wrong: str = "",
        words: Sequence[str] = (),
        form: Form | None = None,
    ) -> Response:
        try:
            opened = await run_in_threadpool(self._desk.open, _number(request), staff.mark, _reach(staff))
        except DataError:
            return self._door.refused(request, "unknown", staff=staff, form=form)
        more: dict[str, Any] = {"done": done, "wrong": wrong, "words": words, "typed": form}
        return self._page(request, staff, opened, language(request, form), **more)

    def _page(
        self,
        request: Request,
        staff: Staff,
        opened: Opened,
        lang: Lang,
        *,
        done: str = "",
        wrong: str = "",
        words: Sequence[str] = (),
        typed: Form | None = None,
    ) -> Response:
        here = f"{root_of(request)}/requests/{_number(request)}"  # also where a form was sent elsewhere
        frame = replace(self._door.frame(request, staff), here=here)
        page = request_page(opened, frame, lang, done=done, wrong=wrong, words=words, typed=typed)
        return HTMLResponse(page, status_code=409 if wrong else 200)


def _reach(staff: Staff) -> Reach:
    """How far somebody's roles go together: what one of them sees or does, they see or do."""
    if StaffRole.PRIVACY_OFFICER in staff.roles:
        return Reach.ACTS
    if StaffRole.AUDITOR not in staff.roles:
        return Reach.REVIEWS
    return Reach.LOOKS_AND_REVIEWS if StaffRole.REVIEWER in staff.roles else Reach.LOOKS


def _number(request: Request) -> str:
    """The number in the address; what can be none is asked for as one that there is not."""
    number = str(request.path_params["number"])
    return number if _NUMBER.fullmatch(number) else "none"


def _run(one: Any) -> dict[str, Any]:
    until: date = one.until
    return {"run_id": one.run_id, "campaign": one.campaign, "decisions": one.decisions, "until": until}
