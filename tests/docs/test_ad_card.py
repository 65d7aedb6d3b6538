"""The card's pages: the tutorial is walked on a small shop, and what is published of the files is what they are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest
from typer.testing import CliRunner

from evenhand import assembly
from evenhand.portal import card_integrity, card_script, card_style
from patience import WITHIN
from portal_cases import AT, name_of, write_corner_shop
from serve_cases import free_port
from shop_folder import PROGRAM, app


def test_the_published_digests_are_those_of_the_files(pages, root):
    """In the reference and in the example; a page that names another would run nothing."""
    page = next(page for page in pages if page.where == "docs/reference/card.md")
    digests = {card_integrity(card_script()), card_integrity(card_style())}
    assert set(re.findall(r'integrity="(sha384-[^"]+)"', page.text)) == digests
    shop = (root / "examples" / "shop" / "shop.py").read_text("utf-8")
    assert set(re.findall(r'"(sha384-[^"]+)"', shop)) == digests
    weight = len(card_script().encode())
    assert f"({weight / 1000:.1f} kB, no dependency)" in page.text


@contextmanager
def _running(command, folder, address, **environment):
    """A program that serves, until the end of the with; it ends well."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + 2 * WITHIN
        while process.poll() is None and time.monotonic() < until:
            try:
                httpx.get(address, timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        assert process.poll() is None, process.communicate()[0]
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WITHIN)


@pytest.mark.service
@pytest.mark.slow
def test_a_newcomer_can_walk_the_ad_card_tutorial(pages, root, tmp_path, monkeypatch):
    """Each command of docs/tutorial/ad-card.md in order, its program as it stands there; the card is in the page."""
    page = next(page for page in pages if page.where == "docs/tutorial/ad-card.md")
    make, serve, why, verify = (shlex.split(shown) for _, shown in page.commands() if shown.startswith("evenhand "))
    campaign = write_corner_shop(tmp_path, people=200)
    assembly.run_campaign(campaign, at=AT)
    person = name_of(0)

    monkeypatch.chdir(tmp_path)

    def run(words):
        done = CliRunner().invoke(app, words[1:], prog_name="evenhand")
        assert done.exit_code == 0, done.output
        return done.stdout

    key = run(make).split()[0]
    (_, program), *none = page.blocks("python")
    assert not none
    (tmp_path / "my_shop.py").write_text(program, encoding="utf-8")
    shutil.copy(root / "examples" / "service" / "client.py", tmp_path)
    service, shop = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    port = service.rpartition(":")[2]
    asks = {"EVENHAND_KEY": key, "EVENHAND_SERVICE": service, "PORT": shop.rpartition(":")[2]}
    with (
        _running([*PROGRAM, *serve[1:], "--port", port], tmp_path, service + "/readyz"),
        _running([sys.executable, "my_shop.py"], tmp_path, shop, **asks),
    ):
        page = httpx.get(shop, params={"as": person}, timeout=WITHIN).text
        said = page
        assert "Advertisement - chosen with AI - " in page
        (why_link,) = re.findall(r'class="evenhand-why" href="([^"]+)"', page)
        assert "Not because of this" in httpx.get(why_link, timeout=WITHIN).text
        said += httpx.get(shop, params={"as": person}, headers={"Sec-GPC": "1"}, timeout=WITHIN).text
        assert key not in said
        assert "evenhand-card" not in httpx.get(shop, timeout=WITHIN).text
    assert "Buurtwinkel" in run([*why[:-1], person])
    assert run(verify).startswith("ok:")
