"""Problems as RFC 9457 has them: a stable type, a status, a sentence in the asker's language, and nobody's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from evenhand.adapters.asking import BusyError, FeatureError
from evenhand.terms import DataError, EvenhandError, LedgerError, PausedError, StoreError, UsageError

from ._doors import UnknownDecisionError
from ._texts import text

__all__ = ["CODES", "ProblemError", "problem_body", "problem_of"]

CODES: Mapping[str, int] = {
    "bad-json": 400,
    "idempotency-key": 400,
    "subjects-named": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "campaign-not-served": 404,
    "decision-unknown": 404,
    "not-found": 404,
    "request-unknown": 404,
    "method": 405,
    "slow": 408,
    "campaign-fell-back": 409,
    "campaign-paused": 409,
    "decision-closed": 410,
    "body-too-large": 413,
    "too-many": 413,
    "content-type": 415,
    "feature-not-declared": 422,
    "feature-type": 422,
    "event-decision-unknown": 422,
    "factor-unknown": 422,
    "idempotency-key-reused": 422,
    "signal-unreadable": 422,
    "subject-unknown": 422,
    "unprocessable": 422,
    "rate": 429,
    "internal": 500,
    "busy": 503,
    "unavailable": 503,
}
"""Every problem that the service tells of, by the last part of its type, with its status."""
_SAME = {"ledger-closed": "decision-closed", "ledger-unknown": "decision-unknown", "why-unknown": "decision-unknown"}
_SHOWN = 20
_encode = msgspec.json.Encoder().encode


class ProblemError(Exception):
    """A request ends with a problem.

    Args:
        code: one of `CODES`.
        rule: which rule it breaks, for people who look after the caller.
        errors: where in the request: pairs of a JSON pointer and a code.
        retry_after: seconds after which to try again; 0 = not said.
        headers: further headers.
    """

    def __init__(
        self,
        code: str,
        *,
        rule: str = "",
        errors: Sequence[tuple[str, str]] = (),
        retry_after: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.rule, self.errors = code, rule, tuple(errors)
        self.status = CODES[code]
        self.headers = {**(headers or {}), **({"retry-after": str(retry_after)} if retry_after else {})}


def problem_of(error: BaseException) -> ProblemError:
    """The problem that an error is told as."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, EvenhandError):
        code = _SAME.get(error.code, error.code)
        if isinstance(error, BusyError):
            return ProblemError("busy", rule=error.rule, retry_after=1)
        if isinstance(error, FeatureError):
            escaped = error.column.replace("~", "~0").replace("/", "~1")
            return ProblemError(code, rule=error.rule, errors=[(f"/features/{escaped}", code)])
        if isinstance(error, UnknownDecisionError):
            places = [(f"/events/{place}/decision_id", "unknown") for place in error.places[:_SHOWN]]
            return ProblemError(code, rule=error.rule, errors=places)
        if code == "factor-unknown":
            return ProblemError(code, rule=error.rule, errors=[("/purpose", code)])
        if code in CODES:
            return ProblemError(code, rule=error.rule)
        if isinstance(error, PausedError):
            return ProblemError("campaign-paused", rule=error.rule)
        if isinstance(error, StoreError | LedgerError) or error.exit_code == 4:
            return ProblemError("unavailable", rule=error.rule, retry_after=2)
        if isinstance(error, DataError | UsageError):
            return ProblemError("unprocessable", rule=error.rule)
    return ProblemError("internal")


def problem_body(problem: ProblemError, lang: str, request_id: str) -> bytes:
    """The JSON of a problem."""
    content: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": text(f"problem.{problem.code}", lang),
        "status": problem.status,
        "instance": f"urn:evenhand:request:{request_id}",
    }
    if problem.rule:
        content["policy_rule"] = problem.rule
    if problem.errors:
        content["errors"] = [{"pointer": pointer, "code": code} for pointer, code in problem.errors]
    return _encode(content)
