"""Take the pictures in docs/images anew: run the demonstration, serve it to this machine, and photograph its pages.

Run it after a change to a page: python tools/make_pictures.py (all), or with the names of some, such as why me. It
needs Chromium, and the extras that tests need. Look at each picture before you keep it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand import assembly

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
LONGEST = 600
"""Seconds within which the demonstration must be served."""
ASKED = (("erasure", 33), ("access", 27), ("rectification", 10), ("objection", 0), ("human_review", 0))
"""What the queue of the privacy officer shows: a request, and how many days ago it came."""


@dataclass(frozen=True)
class Demo:
    """The demonstration as it is served."""

    folder: Path
    site: str

    @property
    def home(self) -> Path:
        """Where both its campaigns are recorded."""
        return self.folder / "evenhand-home"


@contextmanager
def served(folder: Path) -> Iterator[Demo]:
    """Run the demonstration and serve it, as `evenhand demo --open` does; its samples are read from its first page."""
    command = [
        sys.executable,
        "-c",
        "from evenhand.cli import main; main()",
        "demo",
        "--open",
        "--folder",
        str(folder),
        "--port",
        "18400",
    ]
    quiet = {**os.environ, "BROWSER": "true"}
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, text=True)
    clock = threading.Timer(LONGEST, process.kill)
    clock.start()
    try:
        assert process.stdout is not None
        found = next((one for line in process.stdout if (one := re.search(r"Start here: +(\S+)/try/", line))), None)
        clock.cancel()
        if found is None:
            raise SystemExit("The demonstration was not served. Run `evenhand demo --open` to see why.")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Demo(folder, found[1])
    finally:
        clock.cancel()
        process.send_signal(signal.SIGINT)
        process.wait(60)


@contextmanager
def seen(browser: Browser, width: int, height: int, *, scale: float = 1, gpc: bool = False) -> Iterator[Page]:
    """A page of a browser of its own, in English and by daylight."""
    headers = {"Sec-GPC": "1"} if gpc else {}
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        locale="en",
        color_scheme="light",
        extra_http_headers=headers,
    )
    context.set_default_timeout(300_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def shops(page: Page, demo: Demo) -> list[str]:
    """Addresses of the shop as each of the households sees it; those with a personal offer first."""
    page.goto(f"{demo.site}/try/?lang=en")
    found: list[str] = page.locator("a[href*='/shop/']").evaluate_all("all => all.map(one => one.href)")
    return found


def card(browser: Browser, demo: Demo) -> bytes:
    """The card in the shop."""
    with seen(browser, 600, 315, scale=2) as page:
        page.goto(shops(page, demo)[0])
        page.wait_for_selector(".evenhand-card")
        return page.screenshot()


def why(browser: Browser, demo: Demo) -> bytes:
    """Why somebody sees an offer, as the card leads to it."""
    with seen(browser, 760, 800) as page:
        page.goto(shops(page, demo)[0])
        page.click(".evenhand-why")
        page.wait_for_selector(".choose")
        return page.screenshot(clip=_down_to(page, ".choose", 760))


def me(browser: Browser, demo: Demo) -> bytes:
    """Somebody's own page, whose browser says no and about whom was decided since."""
    with seen(browser, 820, 900, gpc=True) as page:
        shop = shops(page, demo)[1]
        page.goto(shop)
        _own_page(page, shop)
        for _ in range(2):
            page.goto(shop)
        _own_page(page, shop)
        return page.screenshot(clip=_down_to(page, "section:has(#factors) li:nth-child(5)", 820))


def receipt(browser: Browser, demo: Demo) -> bytes:
    """A receipt that was just checked."""
    with seen(browser, 760, 800) as page:
        page.goto(shops(page, demo)[0])
        page.click(".evenhand-why")
        address = page.url.partition("?")[0]
        assembly.sign_checkpoint(home=demo.home, at=datetime.now(UTC))
        page.goto(f"{address}.receipt?lang=en")
        page.wait_for_selector("main.in-en .verdict:not([data-verdict=waiting])")
        return page.screenshot(clip=_down_to(page, "main.in-en .steps", 760))


def console(browser: Browser, demo: Demo) -> bytes:
    """One campaign: from known to chosen, and who is reached, beside what is tried."""
    return _tried(browser, demo, "#funnel", "section:has(#reach) table:nth-of-type(2)")


def limits(browser: Browser, demo: Demo) -> bytes:
    """The limits of a campaign, and others to try."""
    return _tried(browser, demo, "#limits", "section:has(#simulate)")


def officer(browser: Browser, demo: Demo) -> bytes:
    """The queue of the privacy officer."""
    now = datetime.now(UTC)
    with seen(browser, 1040, 600) as page:
        people = [address.rpartition("/")[2].partition("?")[0] for address in shops(page, demo)]
        decided = assembly.access(people[0], home=demo.home).decisions[0]
        for who, (kind, days) in zip(people * 2, ASKED, strict=False):
            about: dict[str, Any] = {"decision": decided.facts.decision_id} if kind == "human_review" else {}
            one = people[0] if about else who
            assembly.ask(one, kind, home=demo.home, at=now, received=now - timedelta(days=days), lang="en", **about)
        _sign_in(page, demo, "Puck")
        page.goto(f"{demo.site}/officer/?lang=en")
        return page.screenshot(clip=_down_to(page, "main table", 1040))


def report(browser: Browser, demo: Demo) -> bytes:
    """The first of the report of the demonstration's mailing."""
    with seen(browser, 1130, 1000, scale=0.85) as page:
        found = min((demo.home / "runs").glob("*/report.html"), key=lambda one: one.parent.name)
        page.goto(found.resolve().as_uri())
        return page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": 1130, "height": 2030})


PICTURES: dict[str, Callable[[Browser, Demo], bytes]] = {
    one.__name__: one for one in (report, card, why, receipt, me, officer, console, limits)
}


def _own_page(page: Page, shop: str) -> None:
    page.goto(shop.replace("/shop/", "/me/"))
    if page.locator("main form button").count() == 1:
        page.click("main form button")
    page.wait_for_selector("#factors")


def _tried(browser: Browser, demo: Demo, first: str, last: str) -> bytes:
    """The page of a campaign with a smaller budget tried, from one part of it to another."""
    with seen(browser, 1000, 900) as page:
        _sign_in(page, demo, "Mila")
        page.goto(f"{demo.site}/console/campaigns?lang=en")
        page.click("main table a >> nth=0")
        page.wait_for_selector("#simulate")
        page.fill("#try-1", "170")
        page.click("form:has(#try-1) button:not([hidden])")
        page.wait_for_url("**plan=1**")
        top, end = (
            page.locator(one).first.evaluate(f"one => one.getBoundingClientRect().{side} + scrollY")
            for one, side in ((first, "top"), (last, "bottom"))
        )
        return page.screenshot(full_page=True, clip={"x": 0, "y": top - 20, "width": 1000, "height": end - top + 40})


def _sign_in(page: Page, demo: Demo, name: str) -> None:
    page.goto(f"{demo.site}/staff/?lang=en")
    page.click("main a.button")
    page.get_by_text(name).click()
    page.wait_for_url(f"{demo.site}/staff/**")


def _down_to(page: Page, selector: str, width: int) -> Any:
    """What is seen from the top down to the end of a part."""
    end = page.locator(selector).last.evaluate("one => one.getBoundingClientRect().bottom + scrollY")
    page.set_viewport_size({"width": width, "height": round(end) + 16})
    return {"x": 0, "y": 0, "width": width, "height": round(end) + 16}


def main(names: list[str]) -> None:
    """Take the pictures with these names, or all."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("No Chromium on this machine. On Debian: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "demo") as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name in names or PICTURES:
            (IMAGES / f"{name}.png").write_bytes(PICTURES[name](browser, demo))
            print(f"docs/images/{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
