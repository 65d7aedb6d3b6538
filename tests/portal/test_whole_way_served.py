"""As a person, in a browser, at the running service: an offer, why, one fact off, another offer, an objection, erased;
and what nobody gets who is somebody else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import httpx
import pytest

from evenhand import assembly
from patience import WITHIN, soon
from portal_cases import Shop
from serve_cases import serving

pytestmark = [pytest.mark.browser, pytest.mark.service]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


class _Machine:
    """The shop's own server: it decides, and makes links."""

    def __init__(self, address, shop):
        keys = assembly.machine_keys(shop.home.folder)
        key = keys.make("shop", ["decide", "read", "consents"], at=datetime.now(UTC))
        self.client = httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=WITHIN)

    def decide(self, person):
        return self.client.post("/v1/decisions", json={"subject": person}).json()

    def link(self, person, decision=""):
        asked = {"subject": person, **({"decision_id": decision} if decision else {})}
        return self.client.post("/v1/links", json=asked).json()["link"]


@pytest.fixture(scope="module")
def real(opened, tmp_path_factory):
    """A shop of this file's own."""
    import shutil

    folder = tmp_path_factory.mktemp("served-real") / "shop"
    return Shop.copied(opened, shutil.copytree(opened.campaign.parent, folder), is_real=True)


@pytest.fixture(scope="module")
def service(real):
    """The command, with the pages and codes in a file."""
    words = ("--pages", "/my", "--codes-file", "codes.jsonl")
    with serving(real.campaign.parent, *words) as found:
        yield found


@pytest.fixture(scope="module")
def machine(real, service):
    """The shop's own server."""
    made = _Machine(service.address, real)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def test_a_browser_at_the_address_itself_is_told_what_it_is_and_a_program_that_nothing_is_there(service):
    """With the way to the pages that are there; staff have none here."""
    html = {"accept": "text/html,*/*;q=0.8"}
    client = httpx.Client(base_url=service.address, timeout=WITHIN)
    page = client.get("/?lang=en", headers=html)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "<h1>A service for programs</h1>" in page.text
    assert 'href="/my/how?lang=en"' in page.text
    assert "/staff/" not in page.text
    assert client.get("/my/portal.css").status_code == 200
    for link in ("/my/how", "/openapi.json"):
        assert client.get(link, headers=html).status_code == 200
    for accept in ("application/json", "*/*"):
        told = client.get("/", headers={"accept": accept})
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
    assert client.post("/", headers=html).status_code >= 400
    client.close()


def _whom_one_fact_decides(shop):
    """Somebody with an offer who would have got another one, or none, without the facts of the first sentence."""
    people = zip(shop.run.columns["person"], shop.run.columns["offer"], shop.run.columns["decision"], strict=True)
    for person, offer, decision in people:
        why = shop.house.desk(person).why(decision, "nl") if offer else None
        if why is not None and why.without_named is not None and not why.without_named.is_same:
            return person
    raise AssertionError("nobody")


def _until_sent(shop, person):
    """The code of a person, once it was handed over: that begins after the answer."""
    file = shop.campaign.parent / "codes.jsonl"
    codes = []

    def is_sent():
        lines = file.read_text("utf-8").split("\n")[:-1]  # the last may be written just now
        codes.extend(one["code"] for one in map(json.loads, lines) if one["subject"] == person)
        return codes

    assert soon(is_sent), "no code was handed over"
    return codes[-1]


def test_a_whole_way_at_the_running_service(real, service, machine, browser, tmp_path):
    """Everything that a person does, each with its effect on the next decision; and the old proof afterwards."""
    person = _whom_one_fact_decides(real)
    context = browser.new_context(locale="nl", viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(1_000 * WITHIN)

    first = machine.decide(person)
    assert first["standing"] == "personalised"
    assert first["offer"] is not None
    page.goto(service.address + machine.link(person, first["decision_id"]) + "?lang=nl")
    assert "Waarom zie ik dit?" in page.locator("h1").inner_text()
    offered = first["offers"][first["offer"]]["text"]["nl"]
    assert offered in page.locator("main").inner_text()
    promised = page.locator(".choose").inner_text()
    page.click("button[value=factor-off] >> nth=0")
    page.wait_for_url("**done=factor-off*")
    assert "Gedaan. Dit telt vanaf nu niet meer voor u." in page.locator("[role=status]").inner_text()

    second = machine.decide(person)
    assert second["offer"] != first["offer"], "the next offer changed"
    texts = second["offers"]
    told = 'gegevens had u nu "' + texts[second["offer"]]["text"]["nl"] if texts else "had u nu geen aanbod gekregen"
    assert told in promised, "and it is what the page had said"

    page.goto(f"{service.address}/my/me/enter?lang=nl")
    page.fill("#known", person)
    page.click("main button")
    page.wait_for_selector("#code")
    page.fill("#code", _until_sent(real, person))
    page.click("main button")
    page.wait_for_url("**/my/me?*")
    assert "Mijn aanbiedingen en keuzes" in page.locator("h1").inner_text()
    assert "Daarna is 1 keer over u beslist. Daarbij is dit 0 keer gebruikt." in page.locator("main").inner_text()

    assembly.sign_checkpoint(home=real.home.folder, at=datetime.now(UTC))
    page.goto(f"{service.address}/my/me/why/{first['decision_id']}.receipt?lang=nl")
    proof = tmp_path / "proof.html"
    with page.expect_download() as kept:
        page.click("main.in-nl a[href*='.receipt.html']")
    kept.value.save_as(proof)

    page.goto(f"{service.address}/my/me?lang=nl")
    page.click("button[value=object]")
    page.wait_for_url("**done=object*")
    third = machine.decide(person)
    assert (third["standing"], third["permission"]) == ("contextual", "direct-marketing-objection")
    page.reload()
    assert page.locator("main").inner_text().count("Daarbij is dit 0 keer gebruikt.") >= 2

    page.locator("summary", has_text="Wis mijn gegevens").click()
    page.locator("details[open] textarea").fill("Alles graag.")
    page.locator("details[open] button").click()
    page.wait_for_url("**done=ask*")
    (asked,) = assembly.list_requests(home=real.home.folder, who=person)
    assert asked.number in page.locator("main").inner_text()
    how = {"identity": "own pages", "by": "officer-1"}
    assembly.answer_request(asked.number, person, home=real.home.folder, at=datetime.now(UTC), **how)
    after = machine.decide(person)
    assert after.get("standing") != "personalised"
    page.goto(f"{service.address}/my/me?lang=nl")
    text = page.locator("main").inner_text()
    assert offered not in text

    assert assembly.check_receipt(proof).ok
    assert not re.search(re.escape(person) + "|Objected|SwitchedOff", proof.read_text("utf-8"))
    with_script = browser.new_context(locale="nl").new_page()
    with_script.goto(proof.as_uri())
    with_script.wait_for_selector("main .verdict:not([data-verdict=waiting])", state="attached")
    verdicts = with_script.locator("main .verdict").evaluate_all("all => all.map(one => one.dataset.verdict)")
    assert set(verdicts) == {"holds"}
    assert assembly.verify_ledger(home=real.home.folder).ok
    context.close()


def test_what_nobody_gets_who_is_somebody_else(real, service, machine):
    """Another's decision, a link used twice, a code used twice, a forged link: each refused alike, nothing changed."""
    mine, theirs = real.who("bread"), real.who("tea")
    decision = machine.decide(theirs)["decision_id"]
    made = machine.client.post("/v1/links", json={"subject": mine, "decision_id": decision})
    assert made.status_code == 422
    with httpx.Client(base_url=service.address, follow_redirects=True, timeout=WITHIN) as client:
        own = machine.link(mine)
        assert client.post(own).url.path == "/my/me"
        for end in ("", ".json", ".receipt", ".receipt.html", ".receipt.json"):
            assert client.get(f"/my/me/why/{decision}{end}").status_code == 404
    refused = set()
    with httpx.Client(base_url=service.address, follow_redirects=True, timeout=WITHIN) as client:
        forged = own[:-3] + ("AAA" if own[-3:] != "AAA" else "BBB")
        why = machine.link(theirs, decision)
        for method, path in (("POST", own), ("GET", forged), ("GET", own.replace("/in/", "/why/"))):
            answer = client.request(method, path)
            assert answer.status_code == 403
            refused.add(answer.text)
        assert "/my/me?" not in client.get(why).text
        page = client.post("/my/me/enter", data={"known": mine})
        code = {"code": _until_sent(real, mine)}
        assert client.post(page.url.path, data=code).url.path == "/my/me"
        client.cookies.clear()
        assert client.post(page.url.path, data=code).status_code == 403
    assert len(refused) == 1


def test_a_forged_receipt_is_found_out(real, service, machine, tmp_path):
    """One changed figure, one changed letter of a signature, or another person's row in it."""
    person = real.who("tea")
    decision = machine.decide(person)["decision_id"]
    assembly.sign_checkpoint(home=real.home.folder, at=datetime.now(UTC))
    receipt = machine.client.get(f"/v1/receipts/{decision}").json()
    other = machine.decide(real.who("bread"))["decision_id"]
    assembly.sign_checkpoint(home=real.home.folder, at=datetime.now(UTC))
    theirs = machine.client.get(f"/v1/receipts/{other}").json()
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt), encoding="utf-8")
    assert assembly.check_receipt(path).ok
    for name in ("entries", "checkpoint"):
        path.write_text(json.dumps({**receipt, name: theirs[name]}), encoding="utf-8")
        assert not assembly.check_receipt(path).ok
    text = json.dumps(receipt)
    hexes = [one.start() for one in re.finditer(r'(?<=")[0-9a-f]{64}(?=")', text)]
    assert hexes
    for at in hexes[:3]:
        changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        path.write_text(changed, encoding="utf-8")
        assert not assembly.check_receipt(path).ok


def test_large_and_odd_requests_break_nothing(service, machine):
    """A form of a megabyte, a body of ten, a path of a hundred thousand letters; the next request is served."""
    with httpx.Client(base_url=service.address, timeout=WITHIN) as client:
        large = client.post("/my/me/enter", data={"known": "x" * 1_000_000})
        assert large.status_code == 303, "answered as if nothing was said"
        assert client.get("/my/in/" + "A" * 50_000).status_code in (400, 403, 404, 414, 431)
        assert client.post("/my/me", content=b"\0" * 100_000).status_code == 403
        assert client.put("/my/me/enter").status_code == 404
        assert client.get("/my/me/enter").status_code == 200
    big = machine.client.post("/v1/signals", json={"subject": "x", "tcf": "C" * 5_000_000})
    assert big.status_code == 413
