"""What a limit costs at every bound, from a campaign file."""

from __future__ import annotations

import json

import pytest

from shop_folder import AT, evenhand


def _listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_each_bound_is_decided_as_a_plan_with_that_bound_would(shop):
    """The declared bound's point has the value and the figure that `plan` tells; nothing is written."""
    before = _listing(shop)
    swept = json.loads(evenhand("frontier", "campaign.yaml", "--at", AT, "--json", cwd=shop).stdout)
    plan = json.loads(evenhand("plan", "campaign.yaml", "--at", AT, "--json", cwd=shop).stdout)
    point = next(point for point in swept["points"] if point["bound"] == swept["declared"] == 0.8)
    limit = next(limit for limit in plan["limits"] if limit["id"] == "sex-reach")
    assert point["reached"] == limit["used"]
    assert point["value"] / 1e6 == pytest.approx(plan["value"])
    assert point["held"]
    assert _listing(shop) == before


def test_points_stand_from_loose_to_strict_and_reach_their_bounds(shop):
    """Bounds are sorted; a point that is held reaches its bound, and no stricter one is worth more by a hundredth."""
    told = evenhand("frontier", "campaign.yaml", "--at", AT, "--bounds", "0.9,0.5", "--json", cwd=shop)
    points = json.loads(told.stdout)["points"]
    assert [point["bound"] for point in points] == [0.5, 0.9]
    for point in points:
        assert point["held"]
        assert point["reached"] >= point["bound"]
        assert {group["group"][0] for group in point["groups"]} == {"f", "m"}
    assert points[1]["value"] <= 1.01 * points[0]["value"]


def test_a_picture_is_drawn_where_it_is_asked_for(shop):
    """--out writes one page; small numbers of people are in neither the page nor the lines."""
    told = evenhand("frontier", "campaign.yaml", "--at", AT, "--bounds", "0.8", "--out", "cost.html", cwd=shop)
    assert told.returncode == 0, told.stderr
    assert "(declared)" in told.stdout
    page = (shop / "cost.html").read_text("utf-8")
    assert "<svg" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--limit", "age"), "there is no disparity limit 'age'"),
        (("--bounds", "1.5"), "lies between 0 and 1"),
        (("--bounds", "nan"), "lies between 0 and 1"),
        (("--bounds", "four fifths"), "not a list of numbers"),
    ],
)
def test_a_sweep_of_nothing_is_refused(shop, words, match):
    """Wrong usage, with what to do; exit code 2."""
    told = evenhand("frontier", "campaign.yaml", "--at", AT, *words, cwd=shop)
    assert told.returncode == 2
    assert match in told.stderr
    assert "to do:" in told.stderr


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("selection_rate_ratio_to_mean", "lowest rate over that of all"),
        ("selection_rate_floor", "largest fall of a group's rate"),
    ],
)
def test_the_head_line_says_in_words_how_groups_are_compared(shop, measure, words):
    """A floor is no difference of rates, and a ratio to the mean none of the lowest to the highest."""
    campaign = shop / "campaign.yaml"
    text = campaign.read_text("utf-8")
    campaign.write_text(text.replace("bound: 0.8}", f"bound: 0.8, measure: {measure}}}"), "utf-8")
    told = evenhand("frontier", "campaign.yaml", "--at", AT, "--bounds", "0.5", cwd=shop)
    assert told.returncode == 0, told.stderr
    assert words in told.stdout
