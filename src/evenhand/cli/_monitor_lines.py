"""What a monitor found, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

__all__ = ["monitor_lines"]


def monitor_lines(found: dict[str, Any], lang: str) -> Iterator[str]:
    """Whether the campaign is paused, what this look recorded, and each stream with its comparisons.

    Args:
        found: as from `assembly.Monitored.to_dict`.
        lang: ``nl`` or ``en``.
    """
    from evenhand.explanation import one_line, text
    from evenhand.reports import (
        comparison_name,
        figures_words,
        happened_words,
        state_words,
        stopped_words,
        stream_words,
    )

    if found["paused"]:
        at = datetime.fromisoformat(found["paused"]["at"]).isoformat(" ", "minutes")
        yield one_line(stopped_words(found["paused"], at, lang))
    for one in found["recorded"]:
        entry = text("report.monitor.entry", lang, entry=one["entry"])
        yield one_line(f"{entry}: {happened_words(one, lang)}")
    for stream in found["streams"]:
        watch = f"{stream['watch']}, " if stream["watch"] else ""
        kind = text(f"report.monitor.stream.{stream['kind']}", lang)
        yield one_line(f"{found['campaign']}, {watch}{kind}: {'; '.join(stream_words(stream, lang))}")
        for one in stream["comparisons"]:
            name = comparison_name(one, lang, whole=bool(one["beside"]))
            yield one_line(f"  {name}: {state_words(one, lang)}; {figures_words(one['figures'], lang)}")
