"""What a running campaign came to since it started: counted as it is decided, the same for every process of a home."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from campaigns_cases import FILE, start, taking
from evenhand import assembly
from evenhand.adapters.asking import Ask, Question
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import Event, EventTables
from evenhand.terms import microseconds_of
from live_cases import asked, person
from patience import WITHIN


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def folder(request, tmp_path, monkeypatch):
    """A folder for a home of each kind."""
    monkeypatch.delenv("EVENHAND_DATABASE", raising=False)
    if request.param == "server":
        monkeypatch.setenv("EVENHAND_DATABASE", request.getfixturevalue("postgres_url"))
        assembly.upgrade_database(home=tmp_path / "home", schema=f"t{secrets.token_hex(6)}")
    return tmp_path


def _live(serving) -> dict:
    """What is told once everything is counted."""
    return _until(lambda: serving.register.figures("small-shop")["live"], lambda told: told["is_whole"])


def _until(look: Callable[[], dict], holds: Callable[[dict], bool]) -> dict:
    end = time.monotonic() + WITHIN
    while not holds(told := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return told


def _steps(told: dict) -> dict:
    return {step["key"]: step["decisions"] for step in told["funnel"]}


def _tell(serving, kind: str, decisions: list[str], id: str = "") -> None:
    now = microseconds_of(datetime.now(UTC))
    with database_of(serving.place) as database:
        EventTables(database, serving.place.key(make=False)).append(
            [Event(one, kind, id, now, now) for one in decisions]
        )


def test_live_decisions_their_drops_and_what_followed_are_counted_whoever_decided_and_again_after_a_start(folder):
    """Two services of a home tell the same, in tens: what both decided, why some got nothing, what was shown and
    clicked, each once. Another start counts them again out of the ledger."""
    with taking(folder) as first, taking(folder) as second:
        first.register.upload(FILE, who="staff-1", why="")
        start(first)
        assert set(_steps(_live(first)).values()) == {None}
        _until(lambda: second.live.campaigns, lambda served: "small-shop" in served)
        answers = [one for n in range(0, 200, 50) for one in _ask(first, range(n, n + 50))]
        answers += _ask(second, range(200, 300)) + [one for n in range(300, 330) for one in _ask(first, [n])]
        offered = [one.decision_id for one in answers if one.offer]
        refused = [one for one in answers if one.standing == "refused"]
        _tell(first, "shown", offered[:21])
        _tell(second, "shown", offered[:21], id="again")
        _tell(second, "clicked", offered[:12])
        time.sleep(1.1)  # as long as a look is new enough
        for serving in (first, second):
            told = _until(lambda serving=serving: _live(serving), lambda told: _steps(told)["clicked"] is not None)
            assert told["run"] == first.live.campaigns["small-shop"].priced_by
            assert _steps(told) == {
                "asked": 330,
                "permitted": (330 - len(refused)) // 10 * 10,
                "worthwhile": _steps(told)["worthwhile"],
                "selected": len(offered) // 10 * 10 or None,
                "delivered": 20,
                "clicked": 10,
                "bought": None,
            }
            why = Counter(one.permission for one in answers if one.standing == "contextual")
            why += Counter(one.reason for one in answers if not one.offer and one.standing != "refused")
            drops = {one["key"]: one["decisions"] for one in told["drops"] if one["step"] != "refused"}
            assert drops == {key: count // 10 * 10 for key, count in why.items() if count >= 10}
            assert {"consent-withdrawn", "beyond-limits"} <= set(drops)
    with taking(folder) as later:
        again = _live(later)
        assert [again[name] for name in ("funnel", "drops", "offers")] == [
            told[name] for name in ("funnel", "drops", "offers")
        ]


def test_a_campaign_that_has_nothing_left_to_give_says_so_with_what_is_left_in_steps_of_ten_offers(tmp_path):
    """A budget of five is fifty offers of ten cents. It is told in steps of one; below that it is spent, and the list
    says so. Further decisions are counted as beyond the limits."""
    with taking(tmp_path) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        start(serving)
        fresh = {one["id"]: (one["declared"], one["left"], one["is_spent"]) for one in _live(serving)["limits"]}
        assert fresh == {"budget": (5.0, 5.0, False), "capacity:tea": (60, 60, False)}
        assert serving.register.read("small-shop")["is_spent"] is False
        for first in range(0, 400, 100):
            _ask(serving, range(first, first + 100))
        told = _live(serving)
        assert [(one["id"], one["left"], one["is_spent"]) for one in told["limits"]] == [
            ("budget", None, True),
            ("capacity:tea", 10, False),
        ]
        drops = {one["key"]: one["decisions"] for one in told["drops"]}
        assert drops["beyond-limits"] > 10
        assert serving.register.read("small-shop")["is_spent"] is True
        assert [one["is_spent"] for one in serving.register.page("", 10)] == [True]


def test_what_this_process_decided_is_counted_as_it_decides_without_reading_the_ledger(tmp_path):
    """Right after an answer the figures have it, while what was read is new enough not to be read again."""
    with taking(tmp_path) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        start(serving)
        _live(serving)
        for people in range(50, 200, 50):
            _ask(serving, range(50))
            assert _steps(serving.register.figures("small-shop")["live"])["asked"] == people


@pytest.mark.parametrize("people", [20, 300])
def test_whoever_is_answered_is_in_the_figures_by_then(tmp_path, people):
    """Counted before the answer goes out, in a group that is recorded at once and in one that is recorded beside."""
    with taking(tmp_path) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        start(serving)
        _live(serving)
        seen, there = [], threading.Event()

        def done(_) -> None:
            seen.append(_steps(serving.register.figures("small-shop")["live"])["asked"])
            there.set()

        serving.live.ask(Question("small-shop", tuple(Ask(person(n)) for n in range(people))), done)
        assert there.wait(WITHIN)
        assert seen == [people]


def _ask(serving, people) -> list:
    return list(asked(serving.live, *(person(n) for n in people)).answers)
