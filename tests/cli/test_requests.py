"""Requests of people, as an officer handles them: recorded, answered with all and only what is the person's."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from evenhand.ledger import open_run, runs
from evenhand.rights import review_figures
from evenhand.terms import UsageError
from portal_cases import AT, name_of, write_corner_shop
from shop_folder import evenhand, same_key, with_recipients, write_shop

WHO, OTHER = "canary2@mail.example", "canary3@mail.example"
NO_OFFER = "canary6@mail.example"
"""Somebody who got none."""
PURPOSE = "PersonalisedAdvertising"
MAIL_HOUSE = {"id": "mail-house", "name": "Mail House", "role": "processor", "country": "NL", "contract": "DPA-1"}
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def _processed(tmp_path_factory):
    campaign = same_key(with_recipients(write_shop(tmp_path_factory.mktemp("processed") / "shop"), MAIL_HOUSE))
    assert evenhand("run", "campaign.yaml", "--at", "2026-03-01", cwd=campaign.parent).returncode == 0
    return campaign.parent


@pytest.fixture
def desk(_processed, tmp_path, cli):
    """A home in which the campaign ran, with a recipient; ask(kind) records a request and gives its number."""
    shop = Path(shutil.copytree(_processed, tmp_path / "shop"))

    class Desk:
        folder = shop
        home = shop / "evenhand-home"

        def __call__(self, *words):
            return cli(shop, *words)

        def ask(self, kind, *words, who=WHO):
            done = self("rights", "ask", who, kind, "--json", *words)
            assert done.exit_code == 0, done.stderr
            return json.loads(done.stdout)["number"]

        def answer(self, number, *words, who=WHO):
            return self("rights", "answer", number, who, "--by", "dpo", "--identity", "came to the desk", *words)

        def reason(self, who=WHO):
            assert self("run", "campaign.yaml", "--at", "2026-05-01").exit_code == 0
            return json.loads(self("why", who, "--json").stdout)["permission"]["key"]

    return Desk()


def test_an_access_answer_has_every_canary_of_the_person_and_nobody_elses(desk):
    """Own row, decisions with scores, what they said in table and home, requests, recipients; on page and in JSON."""
    planted = {"row": WHO, "notice": "notice-4711", "method": "by phone 4712", "note": "note 4713"}
    for who, words in (
        (WHO, ("--notice", planted["notice"], "--method", planted["method"])),
        (OTHER, ("--notice", "notice-of-another-99", "--method", "method-of-another-99")),
    ):
        assert desk("consent", "give", who, PURPOSE, *words).exit_code == 0
    desk.ask("objection", "--note", "note-of-another-99", who=OTHER)
    number = desk.ask("access", "--note", planted["note"])
    done = desk.answer(number, "--out", "answer", "--letter", "letter.html")
    assert done.exit_code == 0, done.stderr
    page = (desk.folder / "answer" / "access.html").read_text("utf-8")
    data = (desk.folder / "answer" / "access.json").read_text("utf-8")
    for canary in planted.values():
        assert canary in data, canary
    for canary in (WHO, "notice-4711", "by phone 4712", "Mail House"):
        assert canary in page, canary
    for content in (page, data, done.stdout, done.stderr):
        assert "of-another-99" not in content
        assert "canary3@" not in content
        assert "canary20@" not in content
    package = json.loads(data)
    assert len(package["decisions"]) == 1
    assert package["decisions"][0]["score"]
    assert {one["source"] for one in package["consents"]} == {"home", "table"}
    assert [one["name"] for one in package["data"]] == ["person", "responded", "visits", "days", "sex"]
    assert package["purposes"][0]["keep_decisions"] == "P24M"
    assert package["tables_not_read"] == []
    assert (desk.folder / "answer" / "access.html").stat().st_mode & 0o077 == 0
    assert "<script" not in page
    assert "<html" in (desk.folder / "letter.html").read_text("utf-8")


def test_an_access_answer_reaches_back_to_whatever_is_kept(desk):
    """C-7020: what was said in the first days of 2022 is in it; there is no day before which it stops."""
    words = ("--said-at", "2022-01-01T00:00:00Z", "--method", "by letter in 2022")
    assert desk("consent", "give", WHO, PURPOSE, *words).exit_code == 0
    assert desk.answer(desk.ask("access", "--law", "ccpa"), "--out", "answer").exit_code == 0
    data = (desk.folder / "answer" / "access.json").read_text("utf-8")
    assert "2022-01-01T00:00:00" in data
    assert "by letter in 2022" in data


def test_an_access_page_says_where_to_complain_and_how_long_everything_is_kept(desk):
    """What GDPR 15(1)(d) and (f) ask for stands on the page itself, also where no letter goes with it."""
    text = (desk.folder / "campaign.yaml").read_text("utf-8")
    text = text.replace("retention: {", "retention: {consents: P5Y, requests: P3Y, ")
    (desk.folder / "campaign.yaml").write_text(text, encoding="utf-8")
    assert desk("run", "campaign.yaml", "--at", "2026-03-02").exit_code == 0
    assert desk("rights", "access", WHO, "--lang", "nl", "--html", "page.html").exit_code == 0
    page = (desk.folder / "page.html").read_text("utf-8")
    assert "klacht indienen bij de toezichthouder: Autoriteit Persoonsgegevens" in page
    assert "bewijs van uw keuzes: 5 jaar; uw verzoeken: 3 jaar" in page


def test_an_opt_out_asks_for_no_proof_and_says_when_somebody_may_ask_again(desk):
    """No code and no letter for one; the request and the history name the first day on which to ask for a yes again."""
    number = desk.ask("opt_out", "--law", "ccpa")
    done = desk("rights", "identity", number, "--by", "dpo", "--letter", "code.txt")
    assert done.exit_code == 2
    assert "needs no proof of identity" in done.stderr
    assert not (desk.folder / "code.txt").exists()
    shown = desk("rights", "show", number).stdout
    assert "counted by 11 CCR 7026(f) (since 2023-03-29)" in shown
    day = json.loads(desk("consent", "history", WHO, "--json").stdout)["may_ask_again_from"]
    assert f"ask for no yes to sale or sharing before {day}" in shown
    assert desk("consent", "take-back-opt-out-of-sale", WHO).exit_code == 0
    assert json.loads(desk("consent", "history", WHO, "--json").stdout)["may_ask_again_from"] is None


def test_a_table_that_is_gone_is_named_and_not_passed_over(desk):
    """The access answer says what it could not read; a portability answer is not given at all."""
    (desk.folder / "people.csv").rename(desk.folder / "moved.csv")
    access = assembly.package_about(WHO, home=desk.home, at=NOW).to_dict()
    assert access["tables_not_read"] == ["people.csv"]
    done = desk.answer(desk.ask("portability"), "--out", "p")
    assert done.exit_code == 3
    assert "people.csv" in done.stderr


def test_when_something_happened_is_in_the_answer_where_the_campaign_reads_it(tmp_path):
    """The column by which the history is ordered is read of every row of the person, so they see it beside each."""
    campaign = write_corner_shop(tmp_path)
    campaign.write_text(campaign.read_text("utf-8").replace("offer: shown}", "offer: shown, order: week}"), "utf-8")
    head, *rows = (tmp_path / "past.csv").read_text("utf-8").splitlines()
    dated = [f"{head},week", *(f"{row},2026-01-{10 + number % 2}" for number, row in enumerate(rows))]
    (tmp_path / "past.csv").write_text("\n".join(dated), "utf-8")
    assembly.run_campaign(campaign, at=AT)
    package = assembly.package_about(name_of(3), home=tmp_path / "evenhand-home", at=AT).to_dict()
    weeks = [(one["row"], one["value"]) for one in package["data"] if one["name"] == "week"]
    assert weeks == [(1, "2026-01-10"), (2, "2026-01-11")]


def test_what_a_person_takes_along_is_what_was_given_or_observed(desk):
    """G-20. Nothing that was worked out; the files agree with the schema, and can be read again as they are."""
    campaign = desk.folder / "campaign.yaml"
    text = campaign.read_text("utf-8").replace("  days: {role: feature,", "  days: {role: feature, origin: inferred,")
    campaign.write_text(text, encoding="utf-8")
    assert desk("run", "campaign.yaml", "--at", "2026-03-02").exit_code == 0
    done = desk.answer(desk.ask("portability"), "--out", "take")
    assert done.exit_code == 0, done.stderr
    data = (desk.folder / "take" / "portability.json").read_text("utf-8")
    package = json.loads(data)
    jsonschema.validate(package, json.loads((desk.folder / "take" / "portability.schema.json").read_text("utf-8")))
    assert [one["name"] for one in package["items"]] == ["person", "responded", "visits", "sex"]
    assert "days" not in data
    assert "score" not in data
    from evenhand.rights import read_portability

    again = read_portability(data)
    assert again.to_dict() == package
    rows = list(csv.DictReader((desk.folder / "take" / "portability.csv").read_text("utf-8").splitlines()))
    assert {(row["name"], row["value"]) for row in rows} == {(one.name, one.value or "") for one in again.items}
    assert "days" in json.dumps(assembly.package_about(WHO, home=desk.home, at=NOW).to_dict()["data"])


def test_a_corrected_value_decides_and_recipients_are_told(desk):
    """G-5d, G-19. The next run and one decision go by it; the message can be written again until it is acknowledged."""
    before = json.loads(desk("why", WHO, "--json").stdout)["score"]
    number = desk.ask("rectification")
    for wrong in ("visits=often", "notes=1", "person=me"):
        refused = desk.answer(number, "--set", wrong)
        assert refused.exit_code in (2, 3)
        assert "often" not in refused.stderr
    assert desk.answer(number, "--set", "visits=0").exit_code == 0
    desk("run", "campaign.yaml", "--at", "2026-03-01")
    told = json.loads(desk("why", WHO, "--json").stdout)
    assert told["score"] != before
    assert next(one["value"] for one in told["factors"] if one["name"] == "visits").startswith(("below", "from 0"))
    assert desk("replay", "last").exit_code == 0
    assert b"visits" not in (desk.home / "people.sqlite").read_bytes()
    for attempt in (1, 2):
        assert desk("rights", "tell", number, "Mail House", WHO, "--out", "m.json").exit_code == 0
        (message,) = json.loads(desk("rights", "outbox", "--json").stdout)["messages"]
        assert message["attempts"] == attempt
    content = (desk.folder / "m.json").read_text("utf-8")
    assert json.loads(content)["values"] == {"visits": "0"}
    assert json.loads(content)["subject"]["identifierValue"] == sha256(WHO.encode()).hexdigest()
    assert WHO not in content
    assert desk("rights", "tell", number, "Nobody", WHO, "--out", "m.json").exit_code == 2
    assert desk("rights", "told", number, "Mail House", "--reference", "77").exit_code == 0
    assert json.loads(desk("rights", "outbox", "--json").stdout)["messages"] == []


def test_a_correction_of_what_a_person_gave_reaches_the_model(desk):
    """Only where the column is declared as given: then the next model is another one, an earlier run and that one both
    come out again in a replay, and the person sees the right value in every row. A value that is none is refused."""
    campaign = desk.folder / "campaign.yaml"
    text = campaign.read_text("utf-8")
    number = desk.ask("rectification")
    assert desk.answer(number, "--set", "visits=19").exit_code == 0

    def learned(at):
        assert desk("run", "campaign.yaml", "--at", at).exit_code == 0
        with assembly.open_ledger(Home(desk.home)) as store:
            run = open_run(store, [one.run_id for one in runs(store)][-1])
        return run.summary.run_id, run.model_json["digest"], "taught" in run.report

    first, observed, taught = learned("2026-03-02")
    assert not taught
    campaign.write_text(text.replace("  visits: {role: feature,", "  visits: {role: feature, origin: given,"), "utf-8")
    second, given, taught = learned("2026-03-02")
    assert taught
    assert given != observed
    for run in (first, second):
        again = desk("replay", run)
        assert again.exit_code == 0, again.stdout
    assert desk("report", second).exit_code == 0
    assert "taught" not in (desk.home / "runs" / second / "report.json").read_text("utf-8")
    values = assembly.package_about(WHO, home=desk.home, at=NOW).to_dict()["data"]
    assert {one["value"] for one in values if one["name"] == "visits"} == {"19"}
    assert desk.answer(desk.ask("rectification"), "--set", "visits=often").exit_code == 3


def test_a_group_that_nobody_is_in_is_taken_for_a_typing_error_until_somebody_is_sure(desk):
    """The words that stand there are told, and what is written otherwise is recorded only with --yes."""
    number = desk.ask("rectification")
    refused = desk.answer(number, "--set", "sex=femal")
    assert refused.exit_code == 2
    assert "Nobody in the table of subjects has that word in the column 'sex', nor" in refused.stderr
    assert "use one of f, m; or say that it is right all the same: --yes" in " ".join(refused.stderr.split())
    assert "femal" not in refused.stderr
    assert json.loads(desk("rights", "show", number, "--json").stdout)["state"] == "received"
    assert desk.answer(number, "--set", "sex=").exit_code == 0, "unknown is no group"
    assert desk.answer(desk.ask("rectification"), "--set", "sex=m").exit_code == 0
    assert desk.answer(desk.ask("rectification"), "--set", "sex=x", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("objection", "direct-marketing-objection"), ("opt-out", "sale-opt-out"), ("restriction", "restricted")],
)
def test_what_holds_at_once_holds_from_when_it_is_asked(desk, kind, expected):
    """G-21a, G-18, C-120. Before anybody answers; and it ends when the person takes the request back."""
    number = desk.ask(kind)
    assert desk.reason() == expected
    assert desk("rights", "withdraw", number).exit_code == 0
    assert json.loads(desk("consent", "history", WHO, "--json").stdout)["said"][-1]["status"].endswith(
        ("Withdrawn", "Lifted")
    )


def test_a_restriction_that_is_refused_ends_and_nothing_was_deleted(desk):
    """The person is told why and where to complain."""
    number = desk.ask("restriction", "--lang", "en")
    done = desk("rights", "refuse", number, "no-ground", "--by", "dpo")
    assert "The law gives no right to this" in done.stdout
    assert "Autoriteit Persoonsgegevens" in done.stdout
    statuses = [one["status"] for one in json.loads(desk("consent", "history", WHO, "--json").stdout)["said"]]
    assert statuses == ["Restricted", "RestrictionLifted"]


def test_an_erasure_on_request_leaves_the_trail_of_the_request_alone(desk):
    """No id, note or correction in any byte of the home; who is to be told stands there still."""
    note, value = "note-only-theirs-5511", "7331"
    desk.answer(desk.ask("rectification"), "--set", f"visits={value}")
    number = desk.ask("erasure", "--note", note)
    assert desk.answer(number).exit_code == 2, "not confirmed"
    done = desk.answer(number, "--yes", "--letter", "letter.txt")
    assert done.exit_code == 0, done.stderr
    for path in desk.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert WHO.encode() not in content, path
            assert note.encode() not in content, path
            assert b"came to the desk" not in content, path
            assert value.encode() not in content or path.name != "people.sqlite", path
    letter = (desk.folder / "letter.txt").read_text("utf-8")
    assert "gewist" in letter
    assert "Het leert opnieuw zonder uw gegevens, uiterlijk op" in letter
    shown = json.loads(desk("rights", "show", number, "--reveal", "--by", "dpo", "--json").stdout)
    assert (shown["state"], shown["private"][0], shown["hidden"]) == ("answered", {}, 0)
    assert shown["trail"][-1]["step"] != "reveal", "nothing was left to read"
    assert desk("rights", "tell", number, "Mail House", WHO, "--out", "m.json").exit_code == 0
    assert desk("rights", "verify").exit_code == 0
    assert desk("ledger", "verify").exit_code == 0
    assert desk("rights", "access", WHO).exit_code == 3


def test_an_erasure_that_stopped_half_way_can_be_answered_again(desk):
    """The person is erased and the answer was not recorded: the same command finishes it."""
    number = desk.ask("erasure")
    assembly.erase(WHO, home=desk.home, at=datetime.now(UTC))
    assert desk.answer(number, "--yes", who=OTHER).exit_code == 3
    assert desk.answer(number, "--yes").exit_code == 0


@pytest.mark.parametrize("came", ["0001-01-01T00:00:00+14:00", "2018-05-24", "2030-01-01", "yesterday"])
def test_a_request_comes_at_a_moment_at_which_it_can_come(desk, came):
    """Before its law, in the future, or no moment at all: refused, so that the list of all others stays readable."""
    done = desk("rights", "ask", WHO, "access", "--received", came)
    assert done.exit_code == 2
    assert "--received" in done.stderr or "dated" in done.stderr
    assert json.loads(desk("rights", "list", "--all", "--json").stdout)["requests"] == []


def test_nobody_said_anything_before_1900(desk):
    """A moment that no calendar here can tell would make the history unreadable."""
    done = desk("consent", "give", WHO, PURPOSE, "--said-at", "0001-01-01T00:00:00+14:00")
    assert done.exit_code == 2
    assert "before 1900" in done.stderr
    assert desk("consent", "history", WHO).exit_code == 0


def test_a_person_reviews_a_decision_and_the_old_one_stays(desk):
    """Time and outcome are recorded, the change stands on the person's page, the ledger says what it said."""
    told = json.loads(desk("why", NO_OFFER, "--json").stdout)
    head = json.loads(desk("ledger", "verify", "--json").stdout)["head"]
    assert desk("rights", "ask", NO_OFFER, "human-review").exit_code == 2
    assert desk("rights", "ask", OTHER, "human-review", "--decision", told["decision_id"]).exit_code == 2
    number = desk.ask("human-review", "--decision", told["decision_id"], who=NO_OFFER)
    assert desk("rights", "start", number, "--by", "reviewer-2").exit_code == 0
    assert desk.answer(number, "--outcome", "change", "--reason", "x", "--offer", "gold", who=NO_OFFER).exit_code == 2
    assert desk.answer(number, "--outcome", "maybe", "--reason", "x", who=NO_OFFER).exit_code == 2
    done = desk.answer(
        number, "--outcome", "change", "--offer", "tea", "--reason", "the limit was too strict", who=NO_OFFER
    )
    assert done.exit_code == 0, done.stderr
    assert "Zij werd veranderd in: Korting op thee." in done.stdout
    assert desk("rights", "show", number, "--letter", "again.txt").exit_code == 2, "the letter tells what is private"
    assert not (desk.folder / "again.txt").exists()
    assert desk("rights", "show", number, "--letter", "again.txt", "--reveal", "--by", "dpo").exit_code == 0
    assert "Zij werd veranderd in: Korting op thee." in (desk.folder / "again.txt").read_text("utf-8")
    package = assembly.package_about(NO_OFFER, home=desk.home, lang="en", at=NOW)
    assert package.to_dict()["reviews"][0]["offer"] == "tea"
    assert "A person looked at this decision" in package.to_html()
    assert "Money off tea" in package.to_html()
    assert json.loads(desk("ledger", "verify", "--json").stdout)["head"] == head
    figures = json.loads(desk("rights", "reviews", "--json").stdout)
    assert (figures["reviews"], figures["changed"], figures["override_rate"]) == (1, 1, 1.0)


def test_reviews_that_change_nothing_in_no_time_raise_an_alarm(desk):
    """Twenty kept within seconds: exit 1; one that was changed, and the alarm is gone."""
    decision = json.loads(desk("why", WHO, "--json").stdout)["decision_id"]
    for number in range(20):
        asked = assembly.ask(WHO, "human_review", home=desk.home, at=NOW, decision=decision).request.number
        at = NOW + timedelta(minutes=number)
        assembly.start_request(asked, home=desk.home, by="r", at=at)
        later = at + timedelta(seconds=5)
        assembly.answer_request(
            asked, WHO, home=desk.home, by="r", at=later, identity="known", outcome="keep", reason="fine"
        )
    done = desk("rights", "reviews")
    assert (done.exit_code, "0.0%" in done.stdout) == (1, True)
    assert not review_figures(assembly.list_requests(home=desk.home, everything=True)[:19]).looks_rubber_stamped


def test_a_changed_outcome_is_told_where_somebody_asks_why(desk):
    """In both languages, in text and JSON, above the decision as it was recorded; by decision and by person. Nobody
    else's explanation says it, and receipts are about the record alone."""
    told = json.loads(desk("why", NO_OFFER, "--json").stdout)
    before = desk("why", NO_OFFER).stdout
    assert "reviews" not in told
    number = desk.ask("human-review", "--decision", told["decision_id"], who=NO_OFFER)
    assert "reviews" not in json.loads(desk("why", NO_OFFER, "--json").stdout), "asked, and not yet answered"
    assert (
        desk.answer(
            number, "--outcome", "change", "--offer", "tea", "--reason", "only-for-officers", who=NO_OFFER
        ).exit_code
        == 0
    )
    for who in (NO_OFFER, told["decision_id"]):
        after = json.loads(desk("why", who, "--json").stdout)
        assert [(one["outcome"], one["offer"]) for one in after.pop("reviews")] == [("change", "tea")]
        assert after.pop("lines")[1:] == told["lines"]
        assert after == {name: value for name, value in told.items() if name != "lines"}
    text = desk("why", NO_OFFER, "--lang", "en").stdout
    assert text.index("Money off tea") < text.index(before.splitlines()[2])
    assert "They changed it: instead of what was decided you get" in text
    assert "De beslissing is veranderd" in desk("why", NO_OFFER, "--lang", "nl").stdout
    assert "only-for-officers" not in text
    assert "looked at this decision again" not in desk("why", OTHER).stdout
    page = assembly.package_about(NO_OFFER, home=desk.home, lang="en", at=NOW).to_html()
    assert page.count("looked at this decision") == 1


def test_a_review_that_keeps_a_decision_or_takes_an_offer_away_is_told_too(desk):
    """Each in the order in which they were made."""
    decision = json.loads(desk("why", WHO, "--json").stdout)["decision_id"]
    for words in (("keep",), ("change",)):
        number = desk.ask("human-review", "--decision", decision)
        assert desk.answer(number, "--outcome", *words, "--reason", "x").exit_code == 0
    explained = assembly.why(WHO, home=desk.home)
    assert [(one.changed, one.offer) for one in explained.reviews] == [(False, ""), (True, "")]
    kept, taken = (line.text for line in explained.lines if line.key == "reviewed")
    assert kept.endswith("It stayed as it was.")
    assert "you get no offer" in taken


def test_a_review_that_changes_a_decision_into_what_it_is_already_is_refused(desk):
    """As it was recorded, and as an earlier review left it; back to what it was is a change again."""
    decision = json.loads(desk("why", WHO, "--json").stdout)["decision_id"]
    for offer, code in (("tea", 2), ("", 0), ("", 2), ("tea", 0)):
        number = desk.ask("human-review", "--decision", decision)
        done = desk.answer(number, "--outcome", "change", "--offer", offer, "--reason", "x")
        assert (done.exit_code, "review-same" in done.stderr) == (code, code == 2), offer
    assert [one.offer for one in assembly.why(WHO, home=desk.home).reviews] == ["", "tea"]


def test_reading_what_is_private_is_recorded_with_who_and_when(desk):
    """Hidden without --reveal and in the list; with it, refused without a name, recorded before it is shown, and seen
    by the person it is about."""
    number = desk.ask("access", "--note", "private-note-17")
    for words in (("show", number), ("show", number, "--json"), ("list", "--all"), ("list", "--json")):
        shown = desk("rights", *words)
        assert shown.exit_code == 0, shown.stderr
        assert "private-note-17" not in shown.stdout + shown.stderr
    assert json.loads(desk("rights", "show", number, "--json").stdout)["hidden"] == 1
    assert "--reveal" in desk("rights", "show", number).stderr
    nameless = desk("rights", "show", number, "--reveal")
    assert (nameless.exit_code, "private-note-17" in nameless.stdout) == (2, False)
    before = datetime.now(UTC)
    seen = desk("rights", "show", number, "--reveal", "--by", "desk-4")
    assert "private-note-17" in seen.stdout
    last = assembly.find_request(number, home=desk.home).request.trail[-1]
    assert (last.step.value, last.by) == ("reveal", "desk-4")
    assert before <= last.at <= datetime.now(UTC)
    assert desk("rights", "verify").exit_code == 0
    (asked,) = assembly.package_about(WHO, home=desk.home, at=NOW).to_dict()["requests"]
    assert asked["trail"][-1] == last.to_dict()


def test_a_look_changes_nothing_of_a_request(desk):
    """State, dates and letter stay, whether it is open or closed, and it can be answered as before."""
    number = desk.ask("access", "--note", "a note")
    for _ in range(2):
        before = assembly.find_request(number, home=desk.home).request
        assert desk("rights", "show", number, "--reveal", "--by", "dpo", "--letter", "letter.txt").exit_code == 0
        after = assembly.find_request(number, home=desk.home).request
        assert (after.state, after.dates, after.identity) == (before.state, before.dates, before.identity)
        assert len(after.trail) == len(before.trail) + 1
        if not before.state.is_closed:
            assert desk.answer(number, "--out", "answer").exit_code == 0
    assert "a note" not in (desk.folder / "letter.txt").read_text("utf-8")


def test_two_officers_cannot_take_a_step_at_once(desk):
    """The second, who looked before the first wrote, is refused; the trail stays whole."""
    number = desk.ask("access")
    from evenhand.assembly.people import _requests

    found = assembly.find_request(number, home=desk.home)
    assembly.start_request(number, home=desk.home, by="a", at=datetime.now(UTC))
    with _requests.trail_of(_requests.find_home(desk.home)) as trail:
        entry = next(iter(trail.read(about=number)))
        with pytest.raises(UsageError, match="took a step of this request meanwhile"):
            trail.append([entry], only_after=(number, found.last))
    assert desk("rights", "verify").exit_code == 0


def test_unhappy_requests(desk):
    """Unknown kinds, laws, numbers and people: in three parts, with nobody's id in it."""
    for words, code in (
        (("ask", WHO, "everything"), 2),
        (("ask", WHO, "restriction", "--law", "ccpa"), 2),
        (("ask", WHO, "access", "--received", "2999-01-01"), 2),
        (("show", "R-1"), 3),
        (("identity", "R-1", "--by", "d"), 3),
        (("proved", desk.ask("access")), 2),
    ):
        done = desk("rights", *words)
        assert done.exit_code == code, words
        assert WHO not in done.stderr


def test_what_is_late_shows_up_and_fails_a_check(desk):
    """Received two months ago: overdue, at the top, exit 1 with --check; nothing is recorded for that."""
    long_ago = (datetime.now(UTC) - timedelta(days=70)).date().isoformat()
    desk.ask("portability")
    late = desk.ask("access", "--received", long_ago)
    assert desk("rights", "list", "--check", "--kind", "portability").exit_code == 0
    done = desk("rights", "list", "--check")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith(late)
    assert "days late" in done.stdout.splitlines()[0]
    assert desk("rights", "extend", late, "complex", "--by", "dpo").exit_code == 2


def test_a_letter_about_what_is_late_promises_no_day_that_is_over(desk):
    """The day is named as the one by which there should have been an answer; and again when it is asked for later."""
    long_ago = (datetime.now(UTC) - timedelta(days=70)).date().isoformat()
    done = desk("rights", "ask", WHO, "access", "--received", long_ago, "--lang", "en")
    assert "You should have had an answer by" in done.stdout
    assert "You get an answer by" not in done.stdout
    number = done.stderr.split()[0]
    shown = desk("rights", "show", number, "--letter", "late.html")
    assert shown.exit_code == 0, shown.stderr
    assert "You should have had an answer by" in (desk.folder / "late.html").read_text("utf-8")


def test_what_a_recipient_acknowledged_is_recorded_once(desk):
    """G-19. Told twice with one reference nothing is added; with another one it is refused, and the first stands."""
    number = desk.ask("rectification")
    assert desk.answer(number, "--set", "visits=3").exit_code == 0
    assert desk("rights", "told", number, "Mail House", "--reference", "77").exit_code == 0
    before = desk("rights", "show", number).stdout
    assert desk("rights", "told", number, "Mail House", "--reference", "77").exit_code == 0
    other = desk("rights", "told", number, "Mail House", "--reference", "78")
    assert other.exit_code == 2
    assert "acknowledged request" in other.stderr
    assert desk("rights", "show", number).stdout == before


def test_a_recipients_reference_is_sealed_under_the_persons_key(desk):
    """It can name the person: in no byte of the home, shown to whoever reveals it, gone with the person; and what was
    acknowledged stays acknowledged, also of somebody who was erased before the answer came."""
    reference = "case-of-jan-jansen-77"
    corrected, erased = desk.ask("rectification"), desk.ask("erasure")
    assert desk.answer(corrected, "--set", "visits=3").exit_code == 0
    assert desk("rights", "told", corrected, "Mail House", "--reference", reference).exit_code == 0
    assert reference not in desk("rights", "show", corrected).stdout
    assert reference in desk("rights", "show", corrected, "--reveal", "--by", "dpo").stdout
    assert desk.answer(erased, "--yes").exit_code == 0
    assert desk("rights", "told", erased, "Mail House", "--reference", reference).exit_code == 0
    assert desk("rights", "told", erased, "Mail House", "--reference", reference).exit_code == 0, "the same one"
    assert desk("rights", "told", erased, "Mail House", "--reference", "another").exit_code == 2
    assert desk("rights", "outbox").stdout == ""
    assert desk("rights", "outbox", "--all").stdout.count("acknowledged") == 2
    for path in desk.home.rglob("people.sqlite*"):
        assert reference.encode() not in path.read_bytes()


def test_the_record_of_processing_has_headings_in_its_language(desk):
    """In Dutch the heads of the CSV are Dutch words; in English the names of the fields, as programs read them."""
    dutch = desk("ropa", "--format", "csv", "--lang", "nl").stdout.splitlines()[0]
    english = desk("ropa", "--format", "csv", "--lang", "en").stdout.splitlines()[0]
    assert dutch.startswith("campagne,verantwoordelijke,bereikbaar via,functionaris gegevensbescherming")
    assert english.startswith("campaign,controller,contact,officer")
    assert len(dutch.split(",")) == len(english.split(","))


@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_asks_answers_or_says_anything_without_a_name(desk, by):
    """Whatever is recorded about a person is recorded with who did it; a blank is nobody, and nothing is kept."""
    number = desk.ask("access")
    for words in (
        ("rights", "ask", WHO, "erasure"),
        ("rights", "start", number),
        ("rights", "withdraw", number),
        ("rights", "proved", number, "--code", "ABCD-EFGH"),
        ("rights", "refuse", number, "excessive"),
        ("consent", "object", WHO),
    ):
        done = desk(*words, "--by", by)
        assert done.exit_code == 2, words
        assert "by-whom" in done.stderr or "identity-code" in done.stderr, done.stderr
    assert [len(one.trail) for one in assembly.list_requests(home=desk.home, everything=True)] == [1]


def test_a_moment_without_a_zone_is_the_controllers_and_is_said(desk):
    """Noon in the Netherlands is eleven o'clock UTC in winter; a zone that stands there is kept."""
    for written, kept in (
        ("2026-11-27T12:00", "2026-11-27T11:00:00+00:00"),
        ("2026-06-30", "2026-06-29T22:00:00+00:00"),
        ("2026-11-27T12:00Z", "2026-11-27T12:00:00+00:00"),
    ):
        asked = assembly.ask(WHO, "access", home=desk.home, at=NOW, received=datetime.fromisoformat(written))
        assert asked.request.trail[0].at.isoformat() == kept
    done = desk("rights", "ask", WHO, "access", "--received", "2026-06-30", "--quiet")
    assert "Amsterdam" not in done.stderr
    done = desk("rights", "ask", WHO, "access", "--received", "2026-06-30")
    assert "2026-06-30 00:00:00 is read by the controller's clocks, Europe/Amsterdam" in done.stderr
    assert "received 2026-06-30" in desk("rights", "show", done.stderr.split()[0]).stdout
    done = desk("consent", "object", WHO, "--said-at", "2026-06-30T09:00")
    assert "2026-06-30T07:00:00+00:00" in done.stdout
    assert "Europe/Amsterdam" in done.stderr


def test_a_day_written_down_is_that_day_where_the_clocks_are_behind(desk):
    """For a controller in the United States the deadline counted from the day before; it has no recipient in Europe."""
    campaign = desk.folder / "campaign.yaml"
    text, mail = campaign.read_text("utf-8").partition("law:")[0], "contact: privacy@shop.example"
    assert mail in text
    campaign.write_text(text.replace(mail, f"{mail}, country: US"), encoding="utf-8")
    assert desk("run", "campaign.yaml", "--at", "2026-04-01").exit_code == 0
    asked = assembly.ask(WHO, "access", home=desk.home, at=NOW, received=datetime(2026, 3, 5), law="ccpa")
    assert asked.request.dates.received.isoformat() == "2026-03-05"


def test_reviews_say_where_there_is_nothing_to_say(desk):
    """No review, and one that nobody noted the start of, are said in words."""
    assert desk("rights", "reviews").stdout == "no review was answered yet\n"
    decision = json.loads(desk("why", WHO, "--json").stdout)["decision_id"]
    number = desk.ask("human_review", "--decision", decision)
    assert desk.answer(number, "--outcome", "keep", "--reason", "right as it was").exit_code == 0
    said = desk("rights", "reviews").stdout
    assert said == "1 review, 0 changed the decision (0.0%), of none is it known how long it took\n"


def test_a_start_is_by_whoever_works_on_it_and_taking_back_by_the_person(desk):
    """Without a name nobody started; the person whose request it is did not start it either."""
    number = desk.ask("access")
    refused = desk("rights", "start", number)
    assert refused.exit_code == 2
    assert "by-whom" in refused.stderr
    assert desk("rights", "withdraw", number).exit_code == 0
    (kept,) = assembly.list_requests(home=desk.home, everything=True)
    assert [one.by for one in kept.trail] == ["person", "person"]
