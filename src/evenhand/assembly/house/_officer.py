"""The privacy officer's desk, joined: the same functions as ``evenhand rights``, and a note of every look.

Implements `adapters.web.OfficerDesk`.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from evenhand.adapters.stores.home import Home
from evenhand.explanation import Lang, one_line
from evenhand.ledger import decided_about, facts, open_run
from evenhand.officer import (
    Opened,
    Queue,
    Reach,
    Urgency,
    letter_is_due,
    masked,
    model_due,
    place_of,
    steps_of,
    waiting_of,
)
from evenhand.rights import Letter, Request, RequestKind, Step, grounds_of
from evenhand.staff import Read, ReadKind, ReadLog
from evenhand.terms import DataError, EvenhandError, UsageError

from ..people._answers import answer_request, files_for
from ..people._asking import (
    ask_identity,
    extend_request,
    refuse_request,
    show_identity,
    start_request,
    withdraw_request,
)
from ..people._declared import campaigns_of
from ..people._lapsed import ended_by_erasure
from ..people._recipients import acknowledge, outbox, tell_recipient
from ..people._requests import (
    Found,
    find_request,
    letter_for,
    list_requests,
    recipients_here,
    refuse_another,
    reveal_request,
)
from ..people._retention import Retention, retention
from ..records._ledger import keys_of
from ..records._records import open_ledger
from ..records._why import why
from ..runs._due_models import due_models

__all__ = ["DeskInHome"]

_Done = TypeVar("_Done")
_MOST = 200
"""Requests, and looks, on one page."""
_STEPS = {
    "identity": Step.ASK_IDENTITY,
    "proved": Step.SHOW_IDENTITY,
    "start": Step.START,
    "answer": Step.ANSWER,
    "extend": Step.EXTEND,
    "refuse": Step.REFUSE,
    "withdraw": Step.WITHDRAW,
    "told": Step.TELL,
}


class DeskInHome:
    """The desk of one home.

    Args:
        place: the home.
        reads: where looks are noted.
        clock: now.
    """

    def __init__(self, place: Home, reads: ReadLog, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place, self._reads, self._clock = place, reads, clock

    def queue(self, reach: Reach, *, everything: bool, after: str = "", count: int = _MOST) -> Queue:
        """The list; it tells of no person, so it is no look at one. Of requests the next `count` behind a place."""
        at = self._clock()
        listed = [one for one in list_requests(home=self._place.folder, everything=True) if reach.sees(one)]
        found = listed if everything else [one for one in listed if not one.state.is_closed]
        waiting = [waiting_of(one, at) for one in found]
        told = tuple((one.number, one.recipient) for one in outbox(home=self._place.folder))
        late = sum(one.urgency is Urgency.LATE for one in waiting)
        soon = sum(one.urgency is Urgency.SOON for one in waiting)
        due = due_models(home=self._place.folder) if reach.is_of_all else ()
        models = tuple(model_due(one.campaign, one.run, one.until, at) for one in due)
        page = tuple([one for one in waiting if place_of(one.request) > after][:count])
        letters = tuple(one.number for one in listed if letter_is_due(one, at))[:_MOST]
        return Queue(page, len(waiting), late, soon, everything, reach, told[:_MOST], models, letters)

    def open(self, number: str, by: str, reach: Reach) -> Opened:
        """One request, masked. Raises DataError where there is none with this number that they may see."""
        found = self._found(number, reach)
        self._note(by, ReadKind.REQUEST, number)
        return self._opened(found, reach)

    def reveal(self, number: str, by: str, reach: Reach, lang: Lang) -> Opened:
        """One request with what is personal in it, after that was noted, in its own trail too.

        Raises:
            UsageError: whoever looks may not see that of this request.
            DataError: there is none with this number that they may see.
        """
        if not reach.may(Step.REVEAL, self._found(number, reach).request):
            raise _wrong("form")
        found = reveal_request(number, home=self._place.folder, by=by, at=self._clock())
        if not any(found.private):
            return self._opened(found, reach, revealed=True)
        self._note(by, ReadKind.PRIVATE, number)
        told = ""
        decision = next((str(one["decision"]) for one in found.private if "decision" in one), "")
        if found.request.kind is RequestKind.HUMAN_REVIEW and decision:
            self._note(by, ReadKind.DECISION, decision)
            told = self._told(decision, lang)
        return self._opened(found, reach, revealed=True, told=told)

    def act(self, number: str, do: str, form: Mapping[str, str], by: str, reach: Reach) -> tuple[str, Opened | None]:
        """Take a step: what was done, and the request where it must be shown at once, with a code or a letter.

        Raises:
            UsageError, DataError: it cannot be taken; nothing was recorded.
            StoreError: it cannot be recorded.
        """
        home, at = self._place.folder, self._clock()
        request = self._found(number, reach).request
        if do not in _STEPS or not reach.may(_STEPS[do], request):
            raise _wrong("form")
        if do == "identity":
            self._note(by, ReadKind.CODE, number)
            asked = ask_identity(number, home=home, by=by, at=at, days=_days(form.get("days", "")))
            found = find_request(number, home=home)
            return do, self._opened(found, reach, code=asked.code, letter=asked.letter)
        if do == "proved":
            code, known = form.get("code", "").strip(), form.get("known", "").strip()
            shown = show_identity(number, home=home, at=at, code=code, known=known, by=by)
            return ("wrong-code" if shown.is_right is False else do), None
        if do == "answer":
            return do, self._answered(number, form, by, reach)
        if do == "start":
            start_request(number, home=home, by=by, at=at)
        elif do == "extend":
            extend_request(number, form.get("reason", ""), home=home, by=by, at=at)
        elif do == "told":
            acknowledge(number, form.get("recipient", ""), form.get("reference", ""), home=home, by=by, at=at)
        elif do == "refuse":
            refuse_request(number, form.get("reason", ""), home=home, by=by, at=at)
        else:
            withdraw_request(number, home=home, by=by, at=at)
        return do, None

    def files(self, number: str, who: str, by: str) -> bytes:
        """The files that a person gets, in an archive, after that was noted.

        Raises:
            UsageError: the request gets none (any more), or it is not known yet who the person is.
            DataError: `who` is somebody else.
        """
        found = find_request(number, home=self._place.folder)
        if not self._opened(found, Reach.ACTS).asks_for_files:
            raise _wrong("request-step" if found.request.identity else "answer-identity")

        def theirs(written: str) -> str:
            refuse_another(self._place, found, written)
            return written

        who = _as_written(who, theirs)
        self._note(by, ReadKind.PACKAGE, number)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files_for(self._place, found.request, who, self._clock()).items():
                file.writestr(f"{number}/{name}", content)
        return archive.getvalue()

    def message(self, number: str, recipient: str, who: str, by: str) -> bytes:
        """The message for a recipient, after that was noted; the attempt is recorded.

        Raises:
            UsageError: nothing is to be told to this recipient.
            DataError: `who` is somebody else.
        """
        self._note(by, ReadKind.MESSAGE, number)
        with tempfile.TemporaryDirectory(prefix="evenhand-message-") as folder:
            path, at = Path(folder) / "m.json", self._clock()
            return _as_written(
                who, lambda one: tell_recipient(number, recipient, one, path, home=self._place.folder, by=by, at=at)
            ).read_bytes()

    def kept(self) -> Retention:
        """What has been kept long enough."""
        return retention(home=self._place.folder, at=self._clock(), dry_run=True)

    def looks(self) -> tuple[Sequence[Read], int]:
        """The last looks, the last one first, and how many there are."""
        return self._reads.latest(_MOST)

    def _note(self, by: str, kind: ReadKind, about: str) -> None:
        self._reads.note(Read(self._clock(), by, kind, about))

    def _found(self, number: str, reach: Reach) -> Found:
        """The request, where it is theirs to see; another is none to them."""
        found = find_request(number, home=self._place.folder)
        if not reach.sees(found.request):
            raise DataError(
                "request-unknown",
                "There is no request with this number that this role sees.",
                rule="a reviewer sees requests for a human review",
                remedy="ask a privacy officer",
            )
        return found

    def _answered(self, number: str, form: Mapping[str, str], by: str, reach: Reach) -> Opened:
        request = find_request(number, home=self._place.folder).request
        if request.kind is RequestKind.ERASURE and form.get("sure") != "yes":
            raise _wrong("sure")
        with tempfile.TemporaryDirectory(prefix="evenhand-answer-") as folder:
            done = _as_written(
                form.get("who", ""),
                lambda who: answer_request(
                    number,
                    who,
                    home=self._place.folder,
                    by=by,
                    at=self._clock(),
                    identity=form.get("identity", "").strip(),
                    out=folder,
                    values=_values(form.get("values", "")),
                    outcome=form.get("outcome", ""),
                    offer=form.get("offer", ""),
                    reason=form.get("reason", ""),
                    sure=form.get("sure") == "yes",
                ),
            )
        if form.get("offer"):
            self._note(by, ReadKind.LETTER, number)
        found = find_request(number, home=self._place.folder)
        return self._opened(found, reach, letter=done.letter)

    def _opened(
        self,
        found: Found,
        reach: Reach,
        *,
        revealed: bool = False,
        code: str = "",
        letter: Letter | None = None,
        told: str = "",
    ) -> Opened:
        at, request, campaigns = self._clock(), found.request, campaigns_of(self._place)
        tells = any("offer" in one for one in found.private)
        hidden = tells and not revealed and letter is None
        if letter is None and not hidden and not _waits_for_code(request):
            private = {key: value for one in found.private for key, value in one.items()}
            recipients = recipients_here(self._place) if any(one.step is Step.TELL for one in request.trail) else ()
            letter = letter_for(request, self._place, recipients=recipients, private=private)
        tables = dict.fromkeys(
            str(table.file or table.table or "a data frame")
            for one in campaigns
            for table in (one.campaign.subjects, one.campaign.history)
        )
        return Opened(
            waiting=waiting_of(request, at),
            private=tuple(dict(one) if revealed else masked(one) for one in found.private),
            revealed=revealed,
            letter=None if hidden else letter,
            letter_is_masked=hidden,
            decisions=self._decisions(found),
            tables=tuple(tables),
            recipients=recipients_here(self._place),
            reach=reach,
            steps=steps_of(request, at, reach),
            grounds=grounds_of(request.kind),
            code=code,
            told=told,
            offers=self._offers(found),
            to_tell=self._to_tell(request.number),
            ends=self._ends(request),
        )

    def _ends(self, request: Request) -> tuple[str, ...]:
        """Other open requests of the person that end if this one, for an erasure, is answered."""
        if request.kind is not RequestKind.ERASURE or request.state.is_closed:
            return ()
        return ended_by_erasure(number=request.number, home=self._place.folder)

    def _offers(self, found: Found) -> tuple[tuple[str, str], ...]:
        """The offers of the campaign that a review is about, as its run declared them; none where that is not known."""
        decision = next((str(one["decision"]) for one in found.private if "decision" in one), "")
        if found.request.kind is not RequestKind.HUMAN_REVIEW or not decision:
            return ()
        try:
            with open_ledger(self._place) as store:
                campaign = open_run(store, facts(store, decision).run_id).campaign
        except DataError:
            return ()
        return tuple((one.id, getattr(one.text, found.request.lang)) for one in campaign.offers)

    def _to_tell(self, number: str) -> tuple[tuple[str, int], ...]:
        due = outbox(home=self._place.folder)
        return tuple((one.recipient, one.attempts) for one in due if one.number == number)

    def _decisions(self, found: Found) -> int | None:
        key = keys_of(self._place).of_handles([found.handle]).get(found.handle)
        if key is None:
            return None
        try:
            with open_ledger(self._place) as store:
                return len(decided_about(store, key.pseudonym.hex()))
        except DataError:
            return 0

    def _told(self, decision: str, lang: Lang) -> str:
        """A decision in plain words; where it cannot be read any more, that."""
        try:
            return why(decision, home=self._place.folder, lang=lang).to_text()
        except EvenhandError as error:
            return error.what


def _as_written(typed: str, do: Callable[[str], _Done]) -> _Done:
    """Do something for a person by their id as it was typed; where that is nobody's here, without white space around
    it, which a form brings along easily. An id that has it in the tables is that person's own."""
    try:
        return do(typed)
    except DataError as error:
        if error.code != "request-of-another" or typed == typed.strip():
            raise
    return do(typed.strip())


def _waits_for_code(request: Request) -> bool:
    """Whether the letter of the last step has a code, which was shown once."""
    last = next(one.step for one in reversed(request.trail) if not one.step.is_aside)
    return last in (Step.ASK_IDENTITY, Step.FAIL_IDENTITY)


def _days(said: str) -> int:
    days = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
    if not 1 <= days <= 60:
        raise _wrong("form")
    return days


def _values(said: str) -> dict[str, str]:
    """COLUMN=VALUE, one on each line."""
    lines = [one_line(line).strip() for line in said.splitlines() if line.strip()]
    if any("=" not in line for line in lines):
        raise _wrong("answer-values")
    pairs = [line.partition("=") for line in lines]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _wrong(code: str) -> UsageError:
    return UsageError(
        code,
        "The form was not filled in as it must be. Nothing was recorded.",
        rule="G-12: a step is taken whole or not at all",
        remedy="open the request again",
    )
