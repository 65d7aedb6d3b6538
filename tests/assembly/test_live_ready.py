"""Whether a service is ready: it says no while nobody can be decided about, and yes again without being asked first."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question, UnavailableError
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.assembly import LiveService
from evenhand.assembly.live._campaign_opened import CampaignOpener
from evenhand.assembly.live._live_campaign import LiveCampaign
from evenhand.assembly.live._live_told import LiveTold
from evenhand.assembly.records._ledger import live_keys_of, live_ledger_of
from evenhand.assembly.runs._frames import Frames
from evenhand.ledger import AlarmRaised, raise_alarms, resume
from evenhand.terms import DataError, PausedError, StoreError
from live_cases import CAMPAIGN, asked, begin_as_a_run, end_as_a_run, opened, person
from patience import WITHIN, soon

OTHER = "other-shop"


def _ledger(place) -> SqliteLedger:
    return SqliteLedger(place.ledger, key=place.key_file, patience=WITHIN)


def _pause(place) -> None:
    alarm = AlarmRaised("reach", {}, ("sex",), ("f",), "", (), "evidence", -1, 200, 400, None, "pause")
    with _ledger(place) as store:
        raise_alarms(store, CAMPAIGN, [alarm], since=0, at=datetime.now(UTC))


def _two(folder: Path) -> list[Path]:
    """The folder's campaign, and another in the same home that ran after it."""
    file, other = folder / "campaign.yaml", folder / "other.yaml"
    other.write_text(file.read_text("utf-8").replace(CAMPAIGN, OTHER), encoding="utf-8")
    assembly.run_campaign(other, at=datetime.now(UTC), home=folder / "evenhand-home")
    return [file, other]


def _soon(live, expected: str) -> bool:
    return soon(lambda: live.not_ready() == expected)


def test_it_is_ready_again_by_itself_when_the_ledger_can_be_written(ran_shop):
    """A load balancer sends nothing to a service that is not ready, so no question may be needed to be ready again."""
    with opened(ran_shop) as serving:
        with _ledger(serving.place) as other:
            other.claim()
            with pytest.raises(StoreError, match="writing"):
                asked(serving.live, person(3))
            assert serving.live.not_ready() == "store-busy"
        assert _soon(serving.live, "")
        assert asked(serving.live, person(3)).answers
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_it_is_not_ready_while_its_campaign_is_paused_and_ready_when_it_is_resumed(ran_shop):
    """The pause keeps it out, looked at again or not; what a named person resumes is served without a start."""
    with opened(ran_shop) as serving:
        _pause(serving.place)
        with pytest.raises(PausedError, match="is paused since"):
            asked(serving.live, person(4))
        time.sleep(2.5)
        assert serving.live.not_ready() == "campaign-paused"
        with _ledger(serving.place) as store:
            resume(store, CAMPAIGN, by="A. Person", reason="looked at", at=datetime.now(UTC))
        assert _soon(serving.live, "")
        assert asked(serving.live, person(4)).answers


def test_the_last_run_is_that_of_the_campaign_and_not_of_another_one_of_the_home(ran_shop):
    """Two campaigns in one home: later people of each are decided with the prices of its own last run; one that never
    ran is told so, by its name."""
    files, home = _two(ran_shop), ran_shop / "evenhand-home"
    for file, campaign in zip(files, (CAMPAIGN, OTHER), strict=True):
        later = assembly.decide_people(file, [person(3)], home=home, at=datetime.now(UTC))
        (priced_by,) = [run for run in assembly.list_runs(home=home) if run["run_id"] == later.priced_by]
        assert priced_by["campaign"] == campaign
    third = ran_shop / "third.yaml"
    third.write_text(files[0].read_text("utf-8").replace(CAMPAIGN, "third-shop"), encoding="utf-8")
    with pytest.raises(DataError, match="no finished run of the campaign third-shop"):
        assembly.decide_people(third, [person(3)], home=home, at=datetime.now(UTC))


def test_a_paused_campaign_stops_no_other_of_the_same_service(ran_shop):
    """Questions about both that are decided together: those of the paused one are refused, the others answered, and
    the service stays ready."""
    files, home = _two(ran_shop), ran_shop / "evenhand-home"
    answers: list[Answered | BaseException] = []
    there = threading.Semaphore(0)

    def done(answer: Answered | BaseException) -> None:
        answers.append(answer)
        there.release()

    with assembly.open_service(files, at=datetime.now(UTC), home=home) as serving:
        _pause(serving.place)
        with _ledger(serving.place) as other:
            begin_as_a_run(other)
            for number in range(3, 9):  # these wait for the ledger, and are decided together
                serving.live.ask(Question((CAMPAIGN, OTHER)[number % 2], (Ask(person(number)),)), done)
            assert soon(other.is_wanted)
            end_as_a_run(other)
        for _ in range(6):
            assert there.acquire(timeout=WITHIN)
        assert sum(isinstance(one, PausedError) for one in answers) == 3
        assert sum(isinstance(one, Answered) for one in answers) == 3
        assert _soon(serving.live, "")


def _opened(place, folder: Path) -> LiveCampaign:
    """The folder's campaign, for one more service."""
    keys = live_keys_of(place)
    opener = CampaignOpener(place, keys, LiveTold(place, keys), Frames())
    return opener.open(folder / "campaign.yaml", run="last", at=datetime.now(UTC))


class _Late:
    """A ledger that cannot be opened for a while, as where its disk is not there yet."""

    def __init__(self, place) -> None:
        self._place, self.is_there = place, False

    def __call__(self) -> SqliteLedger:
        if not self.is_there:
            raise StoreError("store-failed", "The ledger cannot be reached.", rule="r", remedy="r")
        return live_ledger_of(self._place, live_keys_of(self._place))


def test_a_service_that_cannot_open_its_ledger_yet_says_so_and_decides_once_it_can(ran_shop):
    """Who asks meanwhile is told why not; a campaign that is to be served waits; nothing has to be started again."""
    with opened(ran_shop) as serving:
        first, second = _opened(serving.place, ran_shop), _opened(serving.place, ran_shop)
        ledger = _Late(serving.place)
        late = LiveService(serving.place, [first], ledger)
        with pytest.raises(StoreError, match="cannot be reached"):
            asked(late, person(3))
        assert late.not_ready() == "store-failed"
        taken = late.take_in(second)
        ledger.is_there = True
        taken.result(WITHIN)
        assert _soon(late, "")
        assert late.campaigns[CAMPAIGN] is second
        assert asked(late, person(3)).answers
        late.close()


def test_a_service_that_never_opens_its_ledger_ends_all_the_same(ran_shop):
    """Who asked and who waits to be served are told."""
    with opened(ran_shop) as serving:
        never = LiveService(serving.place, [_opened(serving.place, ran_shop)], _Late(serving.place))
        taken = never.take_in(_opened(serving.place, ran_shop))
        never.close()
        with pytest.raises(UnavailableError, match="is closing"):
            taken.result(WITHIN)
        assert never.not_ready() == "closing"


def _moves(live) -> bool:
    """Whether it is seen to move."""
    last, end = 0.0, time.monotonic() + 60
    while (now := live.still_for) >= last and time.monotonic() < end:
        last = now
        time.sleep(0.02)
    return now < last


def test_a_service_moves_while_it_waits_and_is_still_in_a_step_that_does_not_end(ran_shop):
    """Idle it moves by itself, and so does one whose ledger somebody else writes; whoever takes an answer and does not
    come back keeps the deciding thread, and then it is still for longer and longer, until they do."""
    began, end = threading.Event(), threading.Event()

    def stays(_: object) -> None:
        began.set()
        end.wait(60)

    with opened(ran_shop) as serving:
        live = serving.live
        assert _moves(live), "nobody asked"
        with _ledger(serving.place) as other:
            other.claim()
            with pytest.raises(StoreError, match="writing"):
                asked(live, person(3))
            assert _moves(live), "it looks whether that is over"
        live.ask(Question(CAMPAIGN, (Ask(person(4)),)), stays)
        assert began.wait(60)
        assert soon(lambda: live.still_for > 2.5)
        end.set()
        assert soon(lambda: live.still_for < 2.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_service_whose_deciding_thread_ended_is_still_for_ever(ran_shop):
    """It answers nobody any more, whatever else of it runs: that is for whoever can start it anew."""

    def ends(_: object) -> None:
        raise SystemExit

    with opened(ran_shop) as serving:
        serving.live.ask(Question(CAMPAIGN, (Ask(person(4)),)), ends)
        assert soon(lambda: serving.live.still_for == float("inf"))
        assert serving.live.not_ready() == "closing"
