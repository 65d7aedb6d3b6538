"""The service without a web: decided with all gates on, recorded before it is answered, and closed where it cannot."""

from __future__ import annotations

import csv
import threading
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, BusyError, Question, UnavailableError
from evenhand.adapters.keys.live_keys import LiveSubjectKeys
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import Home
from evenhand.assembly import LiveService
from evenhand.assembly.live._live_browsers import BrowsersHeard
from evenhand.ledger import AlarmRaised, raise_alarms
from evenhand.terms import DataError, PausedError, StoreError, UsageError
from live_cases import CAMPAIGN, asked, begin_as_a_run, end_as_a_run, opened, person
from patience import WITHIN
from shop_folder import write_shop


def _offers(folder):
    (path,) = (folder / "evenhand-home" / "runs").glob("*/decisions.csv")
    with path.open(encoding="utf-8") as file:
        return {row["person"]: row["offer"] or None for row in csv.DictReader(file)}


def test_a_person_gets_what_the_run_gave_them(ran_shop):
    """One by one the people of the run get what they got in it, but for the few whom rounding moved there."""
    numbers = range(2, 42)
    before = _offers(ran_shop)
    with opened(ran_shop) as serving:
        answers = [asked(serving.live, person(number)).answers[0] for number in numbers]
    same = sum(one.offer == before[person(number)] for one, number in zip(answers, numbers, strict=True))
    assert same >= len(answers) - 1
    assert {one.offer for one in answers} == {"tea", None}


@pytest.fixture
def two_offers(tmp_path):
    """The shop with a second offer, and a feature that has one column for each."""
    campaign = write_shop(tmp_path / "shop")
    folder = campaign.parent
    head, *rows = (folder / "people.csv").read_text("utf-8").splitlines()
    own = [f"{row},{number % 9},{number % 7}" for number, row in enumerate(rows)]
    past = [f"{row},{number % 9},{('tea', 'bread')[number % 2]}" for number, row in enumerate(rows)]
    (folder / "people.csv").write_text("\n".join([f"{head},spent@tea,spent@bread", *own]) + "\n", encoding="utf-8")
    (folder / "past.csv").write_text("\n".join([f"{head},spent,shown", *past]) + "\n", encoding="utf-8")
    text = campaign.read_text("utf-8").replace("history: {file: people.csv}", "history: {file: past.csv, offer: shown}")
    spent = "  spent: {role: feature, per_offer: true, meaning: {nl: uitgaven eraan, en: spent on it}}\n"
    bread = "  - {id: bread, text: {nl: Brood, en: Bread}, value: 3, cost: 0.10, capacity: 60, made_by_ai: false}\n"
    text = text.replace("  sex: {role", f"{spent}  sex: {{role").replace("limits:\n", f"{bread}limits:\n")
    campaign.write_text(text + "model: {kind: pooled}\n", encoding="utf-8")
    assembly.run_campaign(campaign, at=datetime(2026, 3, 1, tzinfo=UTC))
    return folder


def test_a_campaign_whose_features_are_per_offer_is_decided_live(two_offers):
    """One person and several together; what counted is told of each."""
    with opened(two_offers) as serving:
        alone = asked(serving.live, person(3)).answers
        several = asked(serving.live, *(person(number) for number in range(10, 13))).answers
    assert [one.how for one in alone] == ["personal"]
    assert [one.how for one in several] == ["contextual", "personal", "personal"]


def test_every_answer_is_in_the_ledger_and_everything_works_on_it(ran_shop):
    """`verify`, `replay`, `why` and a receipt know a live decision as any other."""
    with opened(ran_shop) as serving:
        alone = asked(serving.live, person(3)).answers[0]
        several = asked(serving.live, *(person(number) for number in range(20, 60))).answers
        while_it_runs = assembly.verify_ledger(home=serving.place.folder)
    home = serving.place.folder
    assert while_it_runs.ok, while_it_runs.problems
    assert assembly.verify_ledger(home=home).ok
    assert [run["decisions"] for run in assembly.list_runs(home=home)] == [400, 1, 40]
    for one in (alone, several[7]):
        assert assembly.why(one.decision_id, home=home).facts.standing.name.lower() == one.standing
        replayed = assembly.replay(one.decision_id.split(".")[0], home=home)
        assert (replayed.same, replayed.different) == (True, ())
        assembly.give_receipt(one.decision_id, ran_shop / "receipt.json", home=home)
        assert assembly.check_receipt(ran_shop / "receipt.json").ok


def test_the_gates_say_what_they_say_in_a_run(ran_shop):
    """Who withdrew and who objected gets the contextual decision, with the reason."""
    with opened(ran_shop) as serving:
        withdrew, objected = asked(serving.live, person(10), person(26)).answers
    assert (withdrew.standing, withdrew.permission) == ("contextual", "consent-withdrawn")
    assert (objected.standing, objected.permission) == ("contextual", "direct-marketing-objection")


def test_an_opt_out_in_the_request_holds_at_once(ran_shop):
    """The decision of this very request uses nothing personal; the next one without it does again."""
    with opened(ran_shop) as serving:
        out = asked(serving.live, Ask(person(3), opted_out=True)).answers[0]
        then = asked(serving.live, person(3)).answers[0]
        assert (out.standing, out.permission) == ("contextual", "personalisation-opt-out")
        assert then.standing == "personalised"
        with pytest.raises(DataError, match="cannot be replayed"):
            assembly.replay(out.decision_id.split(".")[0], home=serving.place.folder)
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_a_browsers_opt_out_in_the_request_is_kept_for_the_person(ran_shop):
    """C-7025: it holds at once, and from then on without the header, until they say otherwise, after which the browser
    is no news; of somebody who is not in the table nothing is kept."""
    with opened(ran_shop) as serving:
        home = serving.place.folder
        ask = Ask(person(3), gpc=True)
        out = asked(serving.live, ask, Ask("nobody-here", {"visits": 3}, gpc=True)).answers[0]
        assert (out.standing, out.permission) == ("contextual", "signal-opt-out")
    with opened(ran_shop) as serving:
        asked(serving.live, ask)
        assert asked(serving.live, person(3)).answers[0].permission == "signal-opt-out"
        (said,) = assembly.consent_history(person(3), home=home).said
        assert (said.kind, said.actor, said.is_by_browser) == ("signal", "browser", True)
        assert assembly.consent_history("nobody-here", home=home).said == ()
        assembly.say(person(3), "take-back-opt-out", "", home=home, at=datetime.now(UTC))
        assert asked(serving.live, ask).answers[0].standing == "personalised"
    assert len(assembly.consent_history(person(3), home=home).said) == 2
    assert assembly.verify_ledger(home=home).ok


def test_who_is_answered_about_somebody_whose_browser_opted_out_can_rely_on_it(ran_shop):
    """At each of many answers the signal is on record already, also where the same person is asked about twice at
    once."""
    with opened(ran_shop) as serving:
        home, live, kept = serving.place.folder, serving.live, []
        there = threading.Semaphore(0)

        def told(who):
            def done(answer):
                kept.append(isinstance(answer, Answered) and len(assembly.consent_history(who, home=home).said) == 1)
                there.release()

            return done

        for number in (3, 4, 3, 5, 4, 6):
            live.ask(Question(CAMPAIGN, (Ask(person(number), gpc=True),)), told(person(number)))
        assert all(there.acquire(timeout=WITHIN) for _ in range(6))
        assert kept == [True] * 6


def test_a_signal_that_cannot_be_kept_holds_no_answer_up(tmp_path):
    """Nobody waits for it; it comes again with the browser's next question. So it is where the service is closing."""

    def tables():
        raise StoreError("store-denied", "It cannot be read.", rule="r", remedy="r")

    browsers, told = BrowsersHeard(Home(tmp_path), tables), threading.Semaphore(0)
    for who in (["a", "b"], ["b"], ["c"]):
        browsers(who, told.release)
    assert all(told.acquire(timeout=WITHIN) for _ in range(3))
    browsers.close()
    browsers(["d"], told.release)
    assert told.acquire(timeout=WITHIN)


def test_features_in_the_request_stand_in_for_the_table(ran_shop):
    """The best visitor's values give the offer; nobody's row was changed; an unknown person needs them."""
    with opened(ran_shop) as serving:
        best = asked(serving.live, Ask(person(3), {"visits": 19, "days": 3})).answers[0]
        worst = asked(serving.live, Ask(person(3), {"visits": 0})).answers[0]
        stranger = asked(serving.live, Ask("stranger", {"visits": 19})).answers[0]
        assert (best.offer, worst.offer) == ("tea", None)
        assert (stranger.standing, stranger.permission) == ("contextual", "consent-never-asked")
        most, least = (
            {factor.name: factor.value for factor in assembly.why(one.decision_id, home=serving.place.folder).factors}
            for one in (best, worst)
        )
        assert most["visits"] != least["visits"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Ask(person(3), {"sex": "f"}), "'sex' is no feature"),
        (Ask(person(3), {"responded": 1}), "'responded' is no feature"),
        (Ask(person(3), {"visits": "many"}), "The value of visits is not of the type"),
        (Ask(person(3), {"visits": True}), "The value of visits is not of the type"),
        (Ask(person(3), {"visits": 10**400}), "The value of visits is not of the type"),
        (Ask("stranger"), "not in the campaign's subjects table"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(ran_shop, ask, message):
    """Columns are named, values and people never; nothing is recorded."""
    with opened(ran_shop) as serving, pytest.raises(DataError, match=message) as refused:
        asked(serving.live, ask)
    assert "canary" not in str(refused.value)
    assert "many" not in str(refused.value)
    assert len(assembly.list_runs(home=serving.place.folder)) == 1


def test_nobody_is_asked_about_twice_in_one_question(ran_shop):
    """Twice the same person, nobody, or an empty id is a mistake of the asker."""
    with opened(ran_shop) as serving:
        for people in ((person(3), person(3)), (), ("",)):
            with pytest.raises(UsageError, match="Nobody was named, or somebody twice"):
                asked(serving.live, *people)
        with pytest.raises(DataError, match="does not serve that campaign"):
            serving.live.ask(Question("other", (Ask(person(3)),)), print)


def test_many_askers_share_commits_and_each_gets_their_own_answer(ran_shop):
    """Two hundred questions at once: all answered, far fewer commits, and each decision is the asker's own."""
    with opened(ran_shop) as serving:
        got: dict[int, Answered] = {}
        there = threading.Event()

        def taken(number: int):
            def done(answer) -> None:
                got[number] = answer
                if len(got) == 200:
                    there.set()

            return done

        for number in range(200):
            serving.live.ask(Question(CAMPAIGN, (Ask(person(number % 150)),)), taken(number))
        assert there.wait(WITHIN)
        home = serving.place.folder
        ids = {answer.answers[0].decision_id for answer in got.values()}
        assert len(ids) == 200
        for number in (0, 26, 149, 180):
            told = assembly.why(got[number].answers[0].decision_id, home=home)
            assert told.facts.subject == assembly.why(person(number % 150), home=home).facts.subject
    found = assembly.verify_ledger(home=home)
    assert found.ok, found.problems
    assert found.checkpoints < 100


def test_a_key_answers_one_question_for_ever(ran_shop):
    """The same again gets the same decisions, also after a restart; another question is refused; nothing is added."""
    key = b"k" * 32
    with opened(ran_shop) as serving:
        first = asked(serving.live, person(3), person(4), key=key, same="aa")
        again = asked(serving.live, person(3), person(4), key=key, same="aa")
        assert (again.answers, again.is_repeated) == (first.answers, True)
    with opened(ran_shop) as serving:
        assert asked(serving.live, person(3), person(4), key=key, same="aa").answers == first.answers
        with pytest.raises(UsageError, match="Another question was answered under this Idempotency-Key"):
            asked(serving.live, person(5), key=key, same="bb")
    assert [run["decisions"] for run in assembly.list_runs(home=serving.place.folder)] == [400, 2]
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_the_limits_hold_over_all_questions_and_restarts(ran_shop):
    """The budget of 5 buys fifty offers at ten cents, whoever asks and however often the service starts."""
    given = 0
    for start in (0, 200):
        with opened(ran_shop) as serving:
            for number in range(start, start + 200, 20):
                asks = [Ask(person(n), {"visits": 19, "days": 3}) for n in range(number, number + 20)]
                given += sum(one.offer is not None for one in asked(serving.live, *asks).answers)
    assert given == 50
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_who_is_erased_while_it_runs_is_not_decided_about(ran_shop):
    """The erasure gets its turn at the ledger, and the next decision is the refusal of an erased person."""
    with opened(ran_shop) as serving:
        assert asked(serving.live, person(3)).answers[0].standing == "personalised"
        assembly.erase(person(3), home=serving.place.folder, at=datetime.now(UTC))
        after = asked(serving.live, person(3)).answers[0]
        assert (after.standing, after.permission) == ("contextual", "erased")
    assert assembly.verify_ledger(home=serving.place.folder).ok


def test_while_somebody_else_writes_nobody_is_decided_about(ran_shop):
    """The asker is told that it cannot be done now; when the other is done, it goes on."""
    with opened(ran_shop) as serving:
        with _ledger(serving.place) as other:
            other.claim()
            with pytest.raises(StoreError, match="writing"):
                asked(serving.live, person(3))
            assert serving.live.not_ready() == "store-busy"
        assert asked(serving.live, person(3)).answers
        assert serving.live.not_ready() == ""


def test_an_alarm_that_pauses_the_campaign_stops_the_service(ran_shop):
    """From the next question on everybody is refused, with the alarm's reason."""
    alarm = AlarmRaised("reach", {}, ("sex",), ("f",), "", (), "evidence", -1, 200, 400, None, "pause")
    with opened(ran_shop) as serving:
        assert asked(serving.live, person(3)).answers
        with _ledger(serving.place) as store:
            raise_alarms(store, CAMPAIGN, [alarm], since=0, at=datetime.now(UTC))
        with pytest.raises(PausedError, match="is paused since"):
            asked(serving.live, person(4))


def test_too_many_that_wait_are_turned_away_at_once(ran_shop):
    """The queue has a bound; what was taken in is answered all the same; after the end nothing is taken."""
    with opened(ran_shop) as serving:
        place, there = serving.place, []
        small = LiveService(place, serving.live.campaigns.values(), lambda: _own(place), most_waiting=3)
        with _ledger(place) as other:
            begin_as_a_run(other)
            with pytest.raises(BusyError, match="wait to be decided about already"):
                _ask_ten(small, there)
            end_as_a_run(other)
        small.close()
        assert len(there) >= 3
        assert all(isinstance(one, Answered) for one in there)
        with pytest.raises(UnavailableError, match="is closing"):
            small.ask(Question(CAMPAIGN, (Ask(person(1)),)), there.append)


def _ledger(place) -> SqliteLedger:
    return SqliteLedger(place.ledger, key=place.key_file, patience=WITHIN)


def _ask_ten(live: LiveService, there: list) -> None:
    for number in range(10):
        live.ask(Question(CAMPAIGN, (Ask(person(number)),)), there.append)


def _own(place) -> SqliteLedger:
    return SqliteLedger(place.ledger, key=place.key_file, people=_keys(place), patience=WITHIN)


def _keys(place) -> LiveSubjectKeys:
    return LiveSubjectKeys(place.subject_keys, lambda: place.key(make=False))


def test_what_many_browsers_say_in_one_question_is_kept_of_all_as_of_that_question(ran_shop):
    """Kept together, and durable when the answer comes, as of before it: whoever takes it back right after the answer
    is taken at that word. The next question without the signal is decided by it."""
    people = [person(number) for number in range(2, 200) if number % 10 and number % 25 != 1]
    with opened(ran_shop) as serving:
        home = serving.place.folder
        answers = asked(serving.live, *[Ask(one, gpc=True) for one in people]).answers
        answered = datetime.now(UTC)
        assert {answer.permission for answer in answers} == {"signal-opt-out"}
        said = [assembly.consent_history(one, home=home).said for one in people]
        assert max(one.at for (one,) in said) <= answered
        assert {answer.permission for answer in asked(serving.live, *people).answers} == {"signal-opt-out"}
    assert assembly.verify_ledger(home=home).ok
