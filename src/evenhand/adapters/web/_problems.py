"""Problems as RFC 9457 has them: a stable type, a status, a sentence in the asker's language, and nobody's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from evenhand.adapters.asking import BusyError
from evenhand.signals import UnreadableSignalError
from evenhand.terms import DataError, EvenhandError, LedgerError, PausedError, StoreError, UsageError

from ._doors import EventsRefusedError
from ._texts import text

__all__ = ["CODES", "ProblemError", "problem_body", "problem_of", "unknown_parameter"]

CODES: Mapping[str, int] = {
    "bad-json": 400,
    "campaign-not-named": 400,
    "idempotency-key": 400,
    "subjects-named": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "pause-of-another": 403,
    "review-own": 403,
    "review-role": 403,
    "campaign-not-served": 404,
    "campaign-unknown": 404,
    "decision-unknown": 404,
    "not-found": 404,
    "request-unknown": 404,
    "method": 405,
    "slow": 408,
    "campaign-declared": 409,
    "campaign-fell-back": 409,
    "campaign-not-paused": 409,
    "campaign-not-reviewed": 409,
    "campaign-not-started": 409,
    "campaign-paused": 409,
    "campaign-paused-already": 409,
    "campaign-sources": 409,
    "campaign-starting": 409,
    "campaign-taken": 409,
    "request-step": 409,
    "review-done": 409,
    "review-not-open": 409,
    "review-open": 409,
    "decision-closed": 410,
    "campaign-changed": 412,
    "consent-changed": 412,
    "body-too-large": 413,
    "too-many": 413,
    "content-type": 415,
    "campaign-not-live": 422,
    "campaign-not-valid": 422,
    "campaign-not-watched": 422,
    "campaign-other": 422,
    "event-before-decision": 422,
    "event-decision-unknown": 422,
    "event-without-offer": 422,
    "factor-unknown": 422,
    "feature-not-declared": 422,
    "feature-type": 422,
    "idempotency-key-reused": 422,
    "limit-unknown": 422,
    "pause-unsigned": 422,
    "resume-unsigned": 422,
    "review-unsigned": 422,
    "signal-unreadable": 422,
    "start-unsigned": 422,
    "subject-odd": 422,
    "subject-unknown": 422,
    "unprocessable": 422,
    "precondition": 428,
    "consent-over-no": 428,
    "rate": 429,
    "internal": 500,
    "busy": 503,
    "unanswered": 503,
    "unavailable": 503,
}
"""Every problem that the service tells of, by the last part of its type, with its status."""
_SAME = {"ledger-closed": "decision-closed", "ledger-unknown": "decision-unknown", "why-unknown": "decision-unknown"}
_MEMBER = {
    "consent-factor": "/purpose",
    "consent-form": "/form",
    "consent-future": "/said_at",
    "consent-language": "/language",
    "consent-long-ago": "/said_at",
    "consent-notice-hash": "/notice_hash",
    "consent-purpose": "/purpose",
    "factor-unknown": "/purpose",
    "request-law": "/law",
    "review-decision": "/decision",
    "subject-odd": "/subject",
}
"""Which member of a request a problem is about, where that is one alone."""
_SHOWN, _MOST_BLOCKS = 20, 200
_encode = msgspec.json.Encoder().encode


class ProblemError(Exception):
    """A request ends with a problem.

    Args:
        code: one of `CODES`.
        rule: which rule it breaks, for people who look after the caller.
        errors: where in the request: pairs of a JSON pointer and a code.
        blocks: what a check found, each with its place, rule, owner and remedy; they stand among the errors.
        retry_after: seconds after which to try again; 0 = not said.
        headers: further headers.
        choices: what could have been named; they stand in `detail`.
    """

    def __init__(
        self,
        code: str,
        *,
        rule: str = "",
        errors: Sequence[tuple[str, str]] = (),
        blocks: Sequence[Mapping[str, object]] = (),
        retry_after: int = 0,
        headers: Mapping[str, str] | None = None,
        choices: Sequence[str] = (),
    ) -> None:
        super().__init__(code)
        self.choices = tuple(choices)
        self.code, self.rule, self.errors, self.blocks = code, rule, tuple(errors), tuple(blocks)
        self.status = CODES[code]
        self.headers = {**(headers or {}), **({"retry-after": str(retry_after)} if retry_after else {})}


def unknown_parameter(*known: str) -> ProblemError:
    """An address is asked with a parameter besides these."""
    rule = f"the parameters of this address: {', '.join(known) or 'none'}"
    return ProblemError("unprocessable", rule=rule, errors=[("", "unknown-parameter")])


def problem_of(error: BaseException) -> ProblemError:
    """The problem that an error is told as."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, EvenhandError):
        code = _SAME.get(error.code, error.code)
        if code == "campaign-not-valid" and (blocks := _blocks_of(error)):
            return ProblemError(code, rule=error.rule, blocks=blocks[:_MOST_BLOCKS])
        if owner := _owner_of(error):
            told = {"pointer": "", "code": code, "severity": "error", "what": error.what, "rule": error.rule}
            return ProblemError(code, rule=error.rule, blocks=[told | {"owner": owner, "remedy": error.remedy}])
        if isinstance(error, BusyError):
            return ProblemError("busy", rule=error.rule, retry_after=1)
        if isinstance(error, EventsRefusedError):
            return ProblemError(code, rule=error.rule, errors=error.places[:_SHOWN])
        if code in _MEMBER:
            named = code if code in CODES else "unprocessable"
            return ProblemError(named, rule=error.rule, errors=[(_MEMBER[code], code)])
        if isinstance(error, UnreadableSignalError):
            return ProblemError(code, rule=error.rule, errors=[(f"/{error.signal}", error.problem.value)])
        if code in CODES:
            return ProblemError(code, rule=error.rule)
        if isinstance(error, PausedError):
            return ProblemError("campaign-paused", rule=error.rule)
        if isinstance(error, StoreError | LedgerError) or error.exit_code == 4:
            return ProblemError("unavailable", rule=error.rule, retry_after=2)
        if isinstance(error, DataError | UsageError):
            return ProblemError("unprocessable", rule=error.rule)
    return ProblemError("internal")


def _blocks_of(error: EvenhandError) -> Sequence[Mapping[str, object]]:
    """What a check found. Loaded when there is such an error: the process that speaks HTTP has none."""
    from evenhand.adapters.campaigning import FindingsError

    return error.blocks if isinstance(error, FindingsError) else ()


def _blocks_in(blocks: Sequence[Mapping[str, object]], lang: str) -> list[Mapping[str, object]]:
    """What a check found, in the asker's language; loaded when there is some, as `_blocks_of`."""
    if lang != "nl":
        return list(blocks)
    from evenhand.console import told_in

    return [told_in(one, "nl") for one in blocks]


def _owner_of(error: EvenhandError) -> str:
    """Who can mend what stands in the way, where it is somebody else; "" where the error says no such thing."""
    if error.code == "pause-of-another":
        from evenhand.ledger import PauseOfAnotherError

        return error.role.replace("-", "_") if isinstance(error, PauseOfAnotherError) else ""
    return "marketer" if error.code == "campaign-not-reviewed" else ""


def problem_body(problem: ProblemError, lang: str, request_id: str) -> bytes:
    """The JSON of a problem."""
    content: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": text(f"problem.{problem.code}", lang),
        "status": problem.status,
        "instance": f"urn:evenhand:request:{request_id}",
    }
    if problem.choices:
        names = ", ".join(problem.choices[:_SHOWN])
        content["detail"] = text("detail.name-one-of", lang, names=names)
    if problem.rule:
        content["policy_rule"] = problem.rule
    if problem.blocks:
        content["errors"] = _blocks_in(problem.blocks, lang)
    elif problem.errors:
        content["errors"] = [{"pointer": pointer, "code": code} for pointer, code in problem.errors]
    return _encode(content)
