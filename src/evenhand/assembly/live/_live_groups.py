"""Questions that are decided together, and what is told where nothing can be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evenhand.adapters.asking import Answer, Answered, Done, Question, UnavailableError
from evenhand.ledger import Run, Sitting

from ._live_campaign import LiveCampaign

__all__ = ["Group", "Waiting", "answer_group", "closing", "put", "unavailable"]


@dataclass(frozen=True, slots=True)
class Waiting:
    question: Question
    done: Done = field(repr=False)


@dataclass(slots=True)
class Group:
    """Questions that one run answers: everybody in it once."""

    campaign: LiveCampaign
    is_given: bool
    waiting: list[Waiting] = field(default_factory=list)
    subjects: set[str] = field(default_factory=set)


def put(groups: list[Group], campaign: LiveCampaign, one: Waiting) -> None:
    """Into the first group in which none of these people is yet; what requests give themselves stands apart."""
    subjects = {ask.subject for ask in one.question.asks}
    is_given = any(ask.features is not None or ask.opted_out or ask.gpc for ask in one.question.asks)
    for group in groups:
        if group.campaign is campaign and group.is_given == is_given and not (subjects & group.subjects):
            break
    else:
        groups.append(group := Group(campaign, is_given))
    group.waiting.append(one)
    group.subjects |= subjects


def answer_group(
    group: Group, sitting: Sitting, run: Run, answers: Sequence[Answer], at: datetime
) -> list[tuple[Waiting, Answered | BaseException]]:
    out: list[tuple[Waiting, Answered | BaseException]] = []
    first, moment = 0, at.isoformat()
    for one in group.waiting:
        question = one.question
        last = first + len(question.asks)
        if question.key is not None:
            sitting.answer_once(run, question.key, question.asked, first + 1, last)
        out.append((one, Answered(tuple(answers[first:last]), moment)))
        first = last
    return out


def closing() -> UnavailableError:
    return UnavailableError(
        "service-closing",
        "The service is closing; nothing was decided.",
        rule="what is asked is recorded before it is answered",
        remedy="ask again when it is back",
    )


def unavailable(error: BaseException | None) -> UnavailableError:
    """No answer for another reason than a gate's, the ledger's or a limit's own; its cause is the error itself."""
    told = UnavailableError(
        "service-fault",
        f"The service could not decide ({type(error).__name__ if error else 'unknown'}); nothing was recorded.",
        rule="where a gate cannot answer, nobody is decided about",
        remedy="ask again; where it stays so, look at the service's own messages",
    )
    told.__cause__ = error
    return told
