"""Two services of one home, and a service beside a run: each goes on, and sees what the other did."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime

import pytest

from campaigns_cases import FILE, start, taking
from evenhand import assembly
from evenhand.terms import DataError, PausedError
from live_cases import asked, opened, person
from patience import soon


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def folder(request, tmp_path, monkeypatch):
    """A folder for a home of each kind."""
    monkeypatch.delenv("EVENHAND_DATABASE", raising=False)
    if request.param == "server":
        monkeypatch.setenv("EVENHAND_DATABASE", request.getfixturevalue("postgres_url"))
        assembly.upgrade_database(home=tmp_path / "home", schema=f"t{secrets.token_hex(6)}")
    return tmp_path


def test_what_one_service_starts_pauses_and_starts_anew_another_one_of_the_home_does_too(folder):
    """Started in one, decided about in the other within seconds, without a restart; a pause counts with the other's
    next question; another version is taken over with its prices."""
    with taking(folder) as first, taking(folder) as second:
        first.register.upload(FILE, who="staff-1", why="")
        with pytest.raises(DataError, match="does not serve that campaign"):
            asked(second.live, person(3))
        start(first)
        assert soon(lambda: "small-shop" in second.live.campaigns)
        assert asked(second.live, person(3)).answers
        assert asked(first.live, person(3)).answers
        second.register.pause("small-shop", by="Noor", reason="stop", roles=["marketer"])
        with pytest.raises(PausedError, match="by a named person"):
            asked(first.live, person(4))
        first.register.resume("small-shop", by="Noor", reason="on", roles=["marketer"])
        assert asked(second.live, person(4)).answers
        first.register.replace("small-shop", FILE.replace(b"seed: 3", b"seed: 4"), seen="*", who="staff-1", why="")
        start(first)
        priced_by = first.live.campaigns["small-shop"].priced_by
        assert soon(lambda: second.live.campaigns["small-shop"].priced_by == priced_by)
        assert asked(second.live, person(5)).answers
    assert assembly.verify_ledger(home=folder / "home").ok


def test_two_services_that_start_a_campaign_at_once_run_it_once(folder):
    """One run is recorded, both serve it, and neither has trouble."""
    with taking(folder) as first, taking(folder) as second:
        first.register.upload(FILE, who="staff-1", why="")
        starts = [
            threading.Thread(target=start, args=(one,), kwargs={"who": who})
            for one, who in ((first, "staff-1"), (second, "staff-2"))
        ]
        for one in starts:
            one.start()
        for one in starts:
            one.join()
        assert soon(lambda: all("small-shop" in one.live.campaigns for one in (first, second)))
        whole = [run["run_id"] for run in assembly.list_runs(home=folder / "home") if run["decisions"]]
        assert [one.live.campaigns["small-shop"].priced_by for one in (first, second)] == whole * 2
        assert [one.register.read("small-shop")["trouble"] for one in (first, second)] == ["", ""]
    assert assembly.verify_ledger(home=folder / "home").ok


def test_a_service_decides_while_a_run_works_out_its_decisions_and_waits_only_while_it_records(ran_shop):
    """Everything but the recording itself leaves the ledger to others."""
    file, seen, waited = ran_shop / "campaign.yaml", [], []

    with opened(ran_shop) as serving:

        def step(what: str) -> None:
            if what == "deciding":
                seen.append(asked(serving.live, person(3)).answers[0].decision_id)
            if what == "recording":
                waited.append(threading.Thread(target=lambda: seen.append(asked(serving.live, person(4)).answers[0])))
                waited[0].start()
                time.sleep(0.2)
                assert len(seen) == 1, "nobody writes the ledger beside a run that records"

        assembly.run_campaign(file, at=datetime.now(UTC), step=step)
        waited[0].join()
        assert len(seen) == 2
    assert assembly.verify_ledger(home=ran_shop / "evenhand-home").ok
