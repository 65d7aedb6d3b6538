"""A no is never lost without a word (GDPR 7, 21): by how its id was copied, or its moment written."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shop_folder import AT, evenhand

OWN = {
    "canary1@mail.example": "Zoë.canary@mail.example",
    "canary2@mail.example": "0047110815",
    "canary3@mail.example": "8715000887",
    "canary4@mail.example": "P00431-canary",
}
WRITTEN = {
    "accents in two parts": unicodedata.normalize("NFD", "Zoë.canary@mail.example"),
    "white space at the end": "P00431-canary ",
    "other capitals": "p00431-CANARY",
    "without leading zeros": "47110815",
    "as a decimal number": "8715000887.0",
}


@pytest.fixture
def odd(shop) -> Path:
    """A shop of which some ids are easily copied wrong."""
    for name in ("people.csv", "said.csv"):
        text = (shop / name).read_text("utf-8")
        for old, new in OWN.items():
            text = text.replace(f"{old},", f"{new},")
        (shop / name).write_text(text, "utf-8")
    return shop


def _say(folder: Path, *rows: str) -> None:
    with (folder / "said.csv").open("a", encoding="utf-8") as file:
        file.write("".join(f"{row}\n" for row in rows))


def _refused(folder: Path, code: str) -> str:
    """What run says, after check said it too; neither names anybody."""
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"error {code}: " in done.stderr
    assert not list(folder.glob("evenhand-home/runs/*"))
    checked = evenhand("check", "campaign.yaml", "--at", AT, cwd=folder)
    assert checked.returncode != 0
    assert f"error EH-{code.upper()}: " in checked.stdout
    said = done.stderr + checked.stdout + checked.stderr
    assert "canary" not in said.lower()
    assert "8715000887" not in said
    assert "4711" not in said
    return done.stderr


@pytest.mark.parametrize("how", WRITTEN, ids=lambda how: how.replace(" ", "-"))
def test_a_no_whose_id_is_nearly_somebodys_stops_the_run(odd, how):
    """G-21b: nobody has that id, and somebody has it but for how it was copied; how many such noes, and what to do."""
    _say(odd, f"{WRITTEN[how]},objection,,Objected,2026-02-01")
    assert "1 no in the consents" in _refused(odd, "consents-no-lost")


def test_every_kind_of_no_is_looked_at_and_a_yes_is_not(odd):
    """G-7: withdrawals, refusals, restrictions, opt-outs and a child's age; a yes that is lost harms nobody."""
    _say(odd, "47110815,consent,PersonalisedAdvertising,ConsentGiven,2026-02-01")
    assert evenhand("check", "campaign.yaml", "--at", AT, cwd=odd).returncode == 0
    for kind, status in (
        ("consent", "dpv:ConsentWithdrawn"),
        ("consent", "ConsentRefused"),
        ("restriction", "Restricted"),
        ("opt_out", "OptedOut"),
        ("sale", "SaleOptedOut"),
        ("minor", "under_13"),
    ):
        _say(odd, f"47110815,{kind},PersonalisedAdvertising,{status},2026-02-01")
    assert "6 noes in the consents" in _refused(odd, "consents-no-lost")


def test_a_lost_opt_out_signal_stops_the_run(odd):
    """C-7025: a browser's no under an id that was copied wrong is a no; what leaves it open is none."""
    campaign, said = odd / "campaign.yaml", odd / "said.csv"
    declared = "consents: {file: said.csv, signals: {gpc: sec_gpc, uses: [sale]}}"
    campaign.write_text(campaign.read_text("utf-8").replace("consents: {file: said.csv}", declared), "utf-8")
    head, *rows = said.read_text("utf-8").splitlines()
    said.write_text("\n".join([f"{head},sec_gpc", *(f"{row}," for row in rows)]) + "\n", "utf-8")
    _say(odd, "47110815,signal,,,2026-02-01,0")
    assert evenhand("check", "campaign.yaml", "--at", AT, cwd=odd).returncode == 0
    _say(odd, "47110815,signal,,,2026-02-01,1")
    assert "1 no in the consents" in _refused(odd, "consents-no-lost")


def test_noes_of_nobody_here_are_counted_in_one_line_of_check(odd):
    """They may be of people who are not in this campaign, so the run goes on."""
    _say(odd, *(f"other-{number},objection,,Objected,2026-02-01" for number in range(7)))
    done = evenhand("check", "campaign.yaml", "--at", AT, cwd=odd)
    assert done.returncode == 0
    assert "EH-DATA-025: 7 noes are of nobody in the tables of this campaign." in done.stdout


def test_where_capitals_tell_people_apart_the_campaign_says_so(odd):
    """Then only white space and accents are looked through."""
    campaign = odd / "campaign.yaml"
    text = campaign.read_text("utf-8").replace("{file: said.csv}", "{file: said.csv, exact_ids: true}")
    campaign.write_text(text, "utf-8")
    _say(odd, "p00431-CANARY,objection,,Objected,2026-02-01")
    assert evenhand("check", "campaign.yaml", "--at", AT, cwd=odd).returncode == 0
    _say(odd, "P00431-canary ,objection,,Objected,2026-02-01")
    assert "1 no in the consents" in _refused(odd, "consents-no-lost")


def test_a_no_of_the_future_stops_the_run_also_as_of_an_earlier_day(odd):
    """G-21b: local time without a zone reads as an hour from now; it never disappears, whatever --at says."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat(timespec="seconds")
    _say(odd, f"canary5@mail.example,objection,,Objected,{soon}")
    assert "write the zone" in _refused(odd, "consents-no-later")


def test_a_no_between_the_day_asked_about_and_now_stops_nothing(odd):
    """With --at in the past the run is as of then."""
    _say(odd, "canary5@mail.example,objection,,Objected,2026-05-01")
    assert evenhand("check", "campaign.yaml", "--at", AT, cwd=odd).returncode == 0


def test_a_table_with_a_no_of_the_future_is_not_imported(odd):
    """Nothing of it is kept, so that it can be written right and imported whole; a yes of the future is left out."""
    evenhand("run", "campaign.yaml", "--at", AT, cwd=odd)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    table = odd / "more.csv"
    table.write_text(f"subject,kind,purpose,status,at\ncanary5@mail.example,objection,,Objected,{soon}\n", "utf-8")
    done = evenhand("consent", "import", "more.csv", "--home", "evenhand-home", cwd=odd)
    assert done.returncode == 3
    assert "consents-no-later" in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "consent object WHO",
        "rights ask WHO objection",
        "consent same-person WHO --was canary5@mail.example --evidence ticket-1 --by desk-4",
        "consent import more.csv",
    ],
)
def test_an_odd_id_is_refused_at_the_desk_before_anything_is_kept(ran, words):
    """G-21b: with white space around it, or an accent apart from its letter, what is said would be about nobody."""
    for who in ("canary5@mail.example ", unicodedata.normalize("NFD", "Zoë.canary@mail.example")):
        (ran / "more.csv").write_text(
            f"subject,kind,purpose,status,at\n{who},objection,,Objected,2026-02-01\n", "utf-8"
        )
        done = evenhand(*(who if word == "WHO" else word for word in words.split()), cwd=ran)
        assert done.returncode == 2, done.stdout
        assert "error subject-odd: " in done.stderr
        assert "canary" not in done.stderr
    assert not (ran / "evenhand-home" / "people.sqlite").exists()
