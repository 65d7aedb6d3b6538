"""A pause stops decisions at once: in the service that is asked, and from any other process of the home."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from campaigns_cases import FILE, start, taking
from evenhand import assembly
from evenhand.adapters.asking import Ask
from evenhand.terms import DataError, PausedError, UsageError
from live_cases import asked, person
from patience import WITHIN, soon
from shop_folder import apart


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with the shop's campaign started over the network."""
    with taking(tmp_path_factory.mktemp("at-once")) as serving:
        serving.register.upload(FILE, who="staff-1", why="")
        start(serving)
        yield serving


def test_no_decision_is_made_after_a_pause_has_returned_however_busy_the_service_is(service):
    """Three ask without rest; whoever is decided about was so before the moment at which the pause stood."""
    decided, stop, errors = [], threading.Event(), []

    def ask_on(number: int) -> None:
        while not stop.is_set():
            try:
                decided.append(datetime.fromisoformat(asked(service.live, Ask(person(number))).at))
            except PausedError:
                return
            except Exception as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=ask_on, args=(number,)) for number in (11, 12, 13)]
    for one in threads:
        one.start()
    assert soon(lambda: errors or len(decided) >= 30)
    service.register.pause("small-shop", by="Noor", reason="stop", roles=["marketer"])
    stood = datetime.now(UTC)
    for one in threads:
        one.join(WITHIN)
    stop.set()
    assert not errors
    assert max(decided) < stood
    with pytest.raises(PausedError, match="by a named person"):
        asked(service.live, Ask(person(14)))
    service.register.resume("small-shop", by="Noor", reason="on", roles=["marketer"])
    assert asked(service.live, Ask(person(14))).answers
    assert assembly.verify_ledger(home=service.place.folder).ok


def test_a_campaign_that_came_over_the_network_is_paused_and_resumed_by_its_id(service):
    """By a command of the same home, which has no file of it; an id that ran nowhere is refused, not paused."""
    more = {"by": "Noor", "home": service.place.folder, "at": datetime.now(UTC)}
    assembly.pause_campaign("small-shop", reason="stop", **more)
    assert service.register.read("small-shop")["state"] == "paused"
    with pytest.raises(PausedError, match="by a named person"):
        asked(service.live, Ask(person(14)))
    assembly.resume_campaign("small-shop", reason="on", **more)
    assert asked(service.live, Ask(person(14))).answers
    for act in (assembly.pause_campaign, assembly.resume_campaign):
        with pytest.raises(DataError, match="no campaign of that id ever ran"):
            act("small-shp", reason="mistyped", **more)
        with pytest.raises(UsageError, match="There is no file"):
            act("small-shop.yaml", reason="mistyped", **more)


@pytest.mark.service
def test_another_process_pauses_what_this_service_serves(service):
    """From a terminal, with the campaign's file; the next question is refused, and the terminal lets it go on again."""
    folder = service.place.folder.parent / "data"
    (folder / "campaign.yaml").write_bytes(FILE)
    words = ("campaign.yaml", "--home", service.place.folder, "--by", "Noor de Wit", "--reason")
    done = apart("monitor", "pause", *words, "complaints", cwd=folder)
    assert (done.returncode, done.stdout.startswith("paused: ledger entry")) == (0, True), done.stderr
    with pytest.raises(PausedError, match="by a named person"):
        asked(service.live, Ask(person(15)))
    assert service.register.read("small-shop")["state"] == "paused"
    with pytest.raises(PausedError, match="by a named person"):
        assembly.run_campaign(folder / "campaign.yaml", home=service.place.folder, at=datetime.now(UTC))
    assert apart("monitor", "resume", *words, "settled", cwd=folder).returncode == 0
    assert asked(service.live, Ask(person(15))).answers
