"""The pages: plain values into templates, in the frame that all pages for staff have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from evenhand.explanation import Lang, article_in_words, catalogue, day, text
from evenhand.rights import EXTENSIONS, REFUSALS, Happening, Step
from evenhand.staff import Frame, Read, page_filler

from ._facts import Opened, Queue, Waiting

__all__ = ["kept_page", "queue_page", "reads_page", "request_page"]

Form = Mapping[str, Sequence[str]]
_PERIOD = re.compile(r"P([0-9]{1,4})([DWMY])")
_NEW_GROUP = "correct-group"
"""Code of the error that a group is new, which may be a typing error, and may be right."""
_HIDDEN = ("nonce", "mark", "kind", "law", "lang", "country")


@dataclass(frozen=True, slots=True)
class _Row:
    """One step of a trail, in words."""

    at: object
    step: str
    by: str
    details: tuple[str, ...]
    private: tuple[tuple[str, str], ...]


def queue_page(queue: Queue, frame: Frame, lang: Lang) -> str:
    """The list of requests."""
    return _fill()(
        "officer_queue.html",
        frame,
        lang,
        queue=queue,
        left=lambda one: _left(one, lang),
        days=lambda one: _days(one.days, lang),
    )


def request_page(
    opened: Opened,
    frame: Frame,
    lang: Lang,
    *,
    done: str = "",
    wrong: str = "",
    words: Sequence[str] = (),
    typed: Form | None = None,
) -> str:
    """One request.

    Args:
        opened: it.
        frame: around it.
        lang: ``nl`` or ``en``.
        done: what was done just now: a step as its form calls it; "" = nothing.
        wrong: code of the error why it was not done; "" = none.
        words: that would have been right, where the error is about one that is not.
        typed: a form of this page that was sent and is shown again, with what was typed; None = none.
    """
    rows, can = tuple(_rows(opened, lang)), {step.value for step in opened.steps}
    forms = [
        *(("message", "told") if opened.tells else ()),
        *(("files",) if opened.asks_for_files else ()),
        *(("proved",) if "show_identity" in can else ()),
        *(("answer",) if "answer" in can else ()),
    ]

    def typed_in(do: str, name: str) -> str:
        fields = typed or {}
        return (fields.get(name) or [""])[-1] if do in fields.get("act", ()) else ""

    return _fill()(
        "officer_request.html",
        replace(frame, forms=tuple(f"act-{place}" for place, _ in enumerate(forms, 1))),
        lang,
        form_of=lambda do: f"act-{forms.index(do) + 1}",
        typed_in=typed_in,
        one=opened,
        request=opened.request,
        left=_left(opened.waiting, lang),
        rows=rows,
        can=can,
        goes_on=any(not step.is_aside for step in opened.steps),
        article=article_in_words(opened.request.kind.article, lang),
        grounds=[
            (code, text(f"rights.ground.{code}", lang), article_in_words(REFUSALS[code].article, lang))
            for code in opened.grounds
        ],
        extensions=[(code, text(f"rights.letter.because.{code}", lang)) for code in EXTENSIONS],
        done=done if f"officer.done.{done}" in catalogue(lang) else "",
        wrong=_wrong(wrong, words, lang) if wrong else "",
        new_group=wrong == _NEW_GROUP,
    )


def kept_page(
    runs: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    tables: Sequence[tuple[str, str]],
    frame: Frame,
    lang: Lang,
) -> str:
    """What has been kept long enough.

    Args:
        runs: of each its id, campaign, number of decisions, and the day from which they are no longer kept.
        counts: of consents, requests and orphans that are due.
        tables: the organisation's own tables, and how long their data is kept.
        frame: around it.
        lang: ``nl`` or ``en``.
    """
    told = [(table, _kept(kept, lang)) for table, kept in tables]
    return _fill()("officer_kept.html", frame, lang, runs=runs, counts=counts, tables=told)


def reads_page(reads: Sequence[Read], count: int, frame: Frame, lang: Lang) -> str:
    """What staff read, the last look at the top; `count` is how many looks there are."""
    return _fill()("officer_reads.html", frame, lang, reads=reads, count=count)


def _kept(period: str, lang: str) -> str:
    """A period such as ``P6M`` in words; one of several parts as it stands."""
    found = _PERIOD.fullmatch(period)
    if not found:
        return period
    count = int(found[1])
    return text(f"officer.kept.for.{found[2]}{'-one' if count == 1 else ''}", lang, count=count)


def _left(waiting: Waiting, lang: str) -> str:
    """The days that are left, in words."""
    if waiting.request.state.is_closed:
        return text(f"rights.state.{waiting.request.state.value}", lang)
    return _days(waiting.days, lang)


def _days(days: int, lang: str) -> str:
    if days == 0:
        return text("officer.left.today", lang)
    if abs(days) == 1:
        return text("officer.left.day" if days > 0 else "officer.late.day", lang)
    return text("officer.left.days" if days > 0 else "officer.late.days", lang, days=abs(days))


def _rows(opened: Opened, lang: str) -> Iterator[_Row]:
    for one, private in zip(opened.request.trail, opened.private, strict=True):
        shown = tuple((_private_name(name, lang), _plain(value)) for name, value in private.items())
        yield _Row(one.at, text(f"officer.step.{one.step.value}", lang), one.by, tuple(_details(one, lang)), shown)


def _details(one: Happening, lang: str) -> Iterator[str]:
    for name, value in one.details.items():
        if name in _HIDDEN:
            continue
        said = str(value)
        key = f"officer.detail.{name}" + ("-one" if (name, said) == ("days", "1") else "")
        if name == "reason":
            group = "rights.letter.because" if one.step is Step.EXTEND else "rights.ground"
            said = catalogue(lang).get(f"{group}.{value}", said)
        elif name in ("outcome", "state") or (name == "because") or (name == "identity" and said in ("code", "noted")):
            said = catalogue(lang).get(f"officer.word.{value}", said)
        elif name == "models_until":
            said = day(datetime.fromisoformat(said), lang)
        yield text(key, lang, value=said) if key in catalogue(lang) else f"{name}: {said}"


def _private_name(name: str, lang: str) -> str:
    return catalogue(lang).get(f"officer.private.{name}", name)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {one}" for name, one in value.items())
    return str(value)


def _wrong(code: str, words: Sequence[str], lang: str) -> str:
    key = f"officer.wrong.{code}"
    said = text(key, lang) if key in catalogue(lang) else text("officer.wrong", lang, code=code)
    return f"{said} {text('officer.wrong.words', lang, words=', '.join(words))}" if words else said


@cache
def _fill() -> Callable[..., str]:
    return page_filler(files(__package__) / "page")
