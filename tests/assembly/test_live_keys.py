"""A service of which a wrapping key is missing: it says so, steadily, and others are decided about all the same."""

from __future__ import annotations

import time

import pytest

from evenhand import assembly
from evenhand.terms import StoreError
from live_cases import asked, opened, person
from patience import soon

OLD, NEW = "0a" * 32, "1b" * 32


def _rotate(monkeypatch, home, keys):
    monkeypatch.setenv("EVENHAND_WRAPPING_KEY", keys)
    assembly.rotate_keys(home=home)


def test_a_missing_wrapping_key_is_a_steady_no_and_is_over_by_itself(ran_shop, monkeypatch):
    """Somebody wraps everybody's keys under a new key that the service was not given. It is not ready until they open
    again, whoever asks in between; people who have no key yet are decided about."""
    home = ran_shop / "evenhand-home"
    _rotate(monkeypatch, home, OLD)
    people = (ran_shop / "people.csv").read_text("utf-8")
    (ran_shop / "people.csv").write_text(people + "new@mail.example,7,3,f,0,\n", encoding="utf-8")
    with opened(ran_shop) as serving:
        assert asked(serving.live, person(3)).answers
        _rotate(monkeypatch, home, f"{NEW},{OLD}")
        with pytest.raises(StoreError, match=r"The wrapping key [0-9a-f]{8} is not there"):
            asked(serving.live, person(3))
        assert asked(serving.live, "new@mail.example").answers
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert serving.live.not_ready() == "wrapping-key-missing"
            time.sleep(0.1)
        _rotate(monkeypatch, home, f"{OLD},{NEW}")
        assert soon(lambda: serving.live.not_ready() == "")
        assert asked(serving.live, person(3)).answers
    assert assembly.verify_ledger(home=home).ok
