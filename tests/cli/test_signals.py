"""Signals through the command line: what does one say, and what becomes of it in a run?"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.signals import IdSet, TcfString, decisecond, write_tcf
from shop_folder import AT, PROGRAM, write_shop

TC = "CPTtLAAPTtLAAAKAAAENAAFgALwAAEAAAAAAAOgAgABgAAAA.IAoAAgABgAAEAQAAEAAA.d4AACEAAAAAA"
OPTED_OUT = "DBABLA~CVVVkkkkkpFY.YA"


def test_a_signal_is_told_in_plain_words(shop, cli):
    """By its looks, or by its name; in both languages."""
    assert "sale of personal data: opted out" in cli(shop, "signals", OPTED_OUT).stdout
    assert "reclame kiezen met een profiel" in cli(shop, "signals", TC, "--lang", "nl").stdout
    assert "Vendor 11 may use" in cli(shop, "signals", TC, "--vendor", "11", "--at", "2022-03-01").stdout
    assert "Global Privacy Control is on" in cli(shop, "signals", "1").stdout
    assert "is not on" in cli(shop, "signals", "yes", "--kind", "gpc").stdout
    assert "us_privacy" in cli(shop, "signals", "1YNN").stdout


def test_a_signal_is_a_json_document_with_the_names_of_its_standard(shop, cli):
    """For machines."""
    said = json.loads(cli(shop, "signals", OPTED_OUT, "--json").stdout)
    assert said["fields"]["usnat"]["SaleOptOut"] == 1
    assert said["opt_outs"] == {"sale": "opted_out", "sharing": "opted_out", "targeted_advertising": "opted_out"}
    said = json.loads(cli(shop, "signals", TC, "--json", "--vendor", "11", "--at", "2022-03-01").stdout)
    assert said["fields"]["PurposesConsent"] == [1, 3, 4, 5, 6]
    assert said["problem"] is None
    assert said["vendor"] == {"id": 11, "permits": True, "problem": None}


@pytest.mark.parametrize("text", ["Czzz", "DBABrw~1YNN", "1YYX", "not one"])
def test_a_signal_that_cannot_be_read_is_exit_3(shop, cli, text):
    """In three parts, and without the text itself."""
    done = cli(shop, "signals", text)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert "rule: what cannot be read exactly grants nothing" in done.stderr
    assert text not in done.stderr


def test_a_signal_comes_from_standard_input_too(shop):
    """As much as a string can be; nothing at all is an error."""
    command = [*PROGRAM, "signals"]
    done = subprocess.run(command, input=TC + "\n", capture_output=True, text=True, cwd=shop, check=False, timeout=60)
    assert done.returncode == 0
    assert "consent platform 10" in done.stdout
    done = subprocess.run(command, input="", capture_output=True, text=True, cwd=shop, check=False, timeout=60)
    assert done.returncode == 3
    assert "there is nothing" in done.stderr


def _yes() -> str:
    day = decisecond(datetime.fromisoformat("2026-02-01T00:00:00+00:00"))
    return write_tcf(
        TcfString(
            created_ds=day,
            last_updated_ds=day,
            cmp_id=10,
            purposes_consent=IdSet.of([1, 3, 4]),
            vendor_consents=IdSet.of([755]),
            disclosed_vendors=IdSet.of([755]),
        )
    )


def _with_signals(campaign):
    """The shop with a table in which some people's browsers speak; the ids of the first forty people."""
    folder = campaign.parent
    people = [f"canary{number}@mail.example" for number in range(40)]
    rows = ["subject,kind,purpose,status,at,tc,gpp,gpc"]
    rows += [f"{one},consent,PersonalisedAdvertising,ConsentGiven,2026-01-01,,," for one in people[10:]]
    rows += [f"{one},signal,,,2026-02-02,{_yes()},," for one in people[:10]]
    rows += [f"{people[20]},signal,,,2026-02-02,,,1", f"{people[21]},signal,,,2026-02-02,,{OPTED_OUT},"]
    rows += [f"{people[22]},signal,,,2026-02-02,,DBABLA~CVQqAAAACg,", f"{people[23]},signal,,,2026-02-02,Cbad,,"]
    for number in range(40, 400):
        rows.append(f"canary{number}@mail.example,consent,PersonalisedAdvertising,ConsentGiven,2026-01-01,,,")
    (folder / "said.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    declared = "consents: {file: said.csv, signals: {tcf: tc, gpp: gpp, gpc: gpc, vendor: 755}}"
    text = campaign.read_text("utf-8").replace("consents: {file: said.csv}", declared)
    campaign.write_text(text, encoding="utf-8")
    return folder, people


def test_a_no_of_a_browser_in_the_table_is_carried_to_a_new_id(tmp_path, cli):
    """An opt-out, a doubt about one, Global Privacy Control; a yes, and what nobody can read, stay where they are."""
    folder, people = _with_signals(write_shop(tmp_path / "shop"))
    assert cli(folder, "run", "campaign.yaml", "--at", AT).exit_code == 0
    known = {
        "evidence": "merged, ticket 4711",
        "by": "desk-4",
        "home": folder / "evenhand-home",
        "at": datetime.now(UTC),
    }
    for old, new, carried in ((20, 30, 1), (21, 31, 1), (22, 32, 1), (23, 33, 0), (0, 34, 0)):
        assert assembly.same_person(people[new], people[old], **known).carried == carried, old
    said = json.loads(cli(folder, "consent", "history", people[30], "--home", "evenhand-home", "--json").stdout)["said"]
    assert [(one["kind"], one["status"], one["at"][:10]) for one in said] == [("signal", "SignalledNo", "2026-02-02")]
    reasons = {30: "signal-opt-out", 31: "personalisation-opt-out", 33: "consent-valid", 34: "consent-valid"}
    for person, reason in reasons.items():
        done = cli(folder, "decide", "campaign.yaml", people[person], "--at", "2026-03-05")
        assert done.exit_code == 0, done.output
        told = json.loads(cli(folder, "why", people[person], "--home", "evenhand-home", "--json").stdout)
        assert told["permission"]["key"] == reason, person


def test_signals_decide_in_a_run_and_are_recorded_as_reasons(tmp_path, cli):
    """Consent, opt-out and doubt by signal: told to the person, replayed, and no string goes into the ledger."""
    folder, people = _with_signals(write_shop(tmp_path / "shop"))
    done = cli(folder, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 0, done.output
    reasons = {
        people[0]: "signal-consent",
        people[20]: "signal-opt-out",
        people[21]: "signal-opt-out",
        people[22]: "signal-unclear",
        people[23]: "signal-unusable",
        people[30]: "consent-valid",
    }
    for person, reason in reasons.items():
        said = cli(folder, "why", person, "--home", "evenhand-home", "--json").stdout
        assert f'"{reason}"' in said, (reason, said)
    told = cli(folder, "why", people[20], "--home", "evenhand-home", "--lang", "nl").stdout
    assert "Uw browser of app zegt dat uw gegevens niet mogen worden verkocht" in told
    for file in (folder / "evenhand-home").rglob("*"):
        if file.is_file():
            assert _yes().encode() not in file.read_bytes(), file
            assert OPTED_OUT.encode() not in file.read_bytes(), file
    assert cli(folder, "replay", "last", "--home", "evenhand-home").exit_code == 0
    assert cli(folder, "ledger", "verify", "--home", "evenhand-home").exit_code == 0


def test_rows_of_signals_without_a_declaration_are_refused(tmp_path, cli):
    """An opt-out in a column that nobody declared is not passed over; and the message names the part of the file."""
    campaign = write_shop(tmp_path / "shop")
    with (campaign.parent / "said.csv").open("a", encoding="utf-8") as said:
        said.write("canary3@mail.example,signal,,,2026-02-02\n")
    done = cli(campaign.parent, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert "consents: signals" in done.stderr
