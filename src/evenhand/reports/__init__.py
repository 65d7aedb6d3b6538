"""What came out of a run, and can it be shown to anyone? One set of plain values, and one page made from it.

The JSON is the source; the page is derived from it and needs no script, no network and no other file. Counts below
ten are not shown. It reports figures, intervals and reasons; it gives no verdict on whether they are lawful.
"""

from evenhand.terms import SMALLEST_SHOWN

from ._build import Provenance, build, stories_of
from ._card import model_card
from ._frontier import frontier_page, frontier_picture
from ._group_chapters import ConditionChapter, GroupChapter
from ._metrics import monitor_metrics
from ._monitor import monitor_page, monitor_streams
from ._monitor_words import comparison_name, figures_words, happened_words, state_words, stopped_words, stream_words
from ._render import render, render_audit

__all__ = [
    "SMALLEST_SHOWN",
    "ConditionChapter",
    "GroupChapter",
    "Provenance",
    "build",
    "comparison_name",
    "figures_words",
    "frontier_page",
    "frontier_picture",
    "happened_words",
    "model_card",
    "monitor_metrics",
    "monitor_page",
    "monitor_streams",
    "render",
    "render_audit",
    "state_words",
    "stopped_words",
    "stories_of",
    "stream_words",
]
