"""What an audit says of histories without any story: nothing."""

from __future__ import annotations

import numpy as np
import pytest

from patience import tries
from planted_histories import null_story

STORIES = {
    "EH-DATA-008": "a part that is worse than the others",
    "EH-DATA-009": "a pair of features that tells groups",
    "EH-DATA-010": "all features that tell groups together",
    "EH-DATA-011": "a feature that changes",
    "EH-DATA-012": "a group that only an intersection shows",
    "EH-DATA-013": "an outcome that changes",
    "EH-DATA-014": "a group that comes or goes",
}


@pytest.mark.parametrize(
    ("rows", "first", "histories", "chances"),
    [(900, 100, tries(6, 20), 0), (2_000, 0, tries(8, 25), 0), (4_000, 100, tries(6, 20), 1)],
)
def test_where_nothing_is_planted_nothing_is_named(rows, first, histories, chances):
    """Seeded histories in which nothing depends on anything: no finding, but for one in which chance makes up an
    intersection (one of 65 in `make storm`); and the intervals of what all features tell about a group hold one half as
    they should."""
    results = [null_story(seed, rows).audit() for seed in range(first, first + histories)]
    found = [item for one in results for item in one.findings if item.id in STORIES]
    assert [item.what for item in found if item.id != "EH-DATA-012"] == []
    assert len(found) == chances, [item.what for item in found]
    held = [told.lower <= 0.5 <= told.upper for one in results for view in one.whole_view for told in view.groups]
    assert len(held) > 5 * histories
    assert np.mean(held) > 0.9
