"""The example shop by itself: what it does where the service does not answer, or answers with something else."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from patience import WITHIN, soon
from shop_cases import SHOP, listening, shop_open, shop_program

pytestmark = pytest.mark.service


def test_the_shop_is_open_while_the_service_is_not():
    """No service: the page comes without an advertisement, soon; the script's question gets an empty answer."""
    program = shop_program()
    with (
        program.Decisions("http://127.0.0.1:9", "key", tries=1, timeout=program.PATIENCE) as decisions,
        shop_open(program, program.Shop(decisions, "", {})) as shop,
    ):
        page = httpx.get(shop, params={"as": "1042"}, timeout=WITHIN)
        assert page.status_code == 200
        assert "Vandaag in de winkel" in page.text
        assert "evenhand-card" not in page.text
        card = httpx.get(f"{shop}/card", params={"as": "1042"}, timeout=WITHIN)
        assert (card.status_code, card.content) == (204, b"")


def test_what_a_visitor_writes_stays_words():
    """The number is shown again, escaped, and cannot fill another place of the page."""
    program = shop_program()
    none = SimpleNamespace(card=lambda *_, **__: {"html": "", "card": None}, file=lambda _: None)
    hostile = '"><script>alert(1)</script>{{ card }}{{ script }}'
    with shop_open(program, none) as shop:
        page = httpx.get(shop, params={"as": hostile}, timeout=WITHIN).text
    assert "<script>alert" not in page
    assert page.count(program.SCRIPT) == 1
    assert page.count('src="/card/2.js"') == 1


def test_nobody_is_asked_about_by_a_made_up_name():
    """A visitor who did not sign in is opted out, without features, and somebody new each time."""
    program, asked = shop_program(), []

    def decide(**question):
        asked.append(question)
        return {"offer": None}

    shop = program.Shop(SimpleNamespace(decide=decide), "", {})
    for _ in range(2):
        assert shop.card("", "nl", gpc=False)["html"] == ""
    assert all(one["opted_out"] and one["features"] == {} for one in asked)
    assert asked[0]["subject"] != asked[1]["subject"]


def test_a_card_is_shown_though_nobody_can_be_told():
    """That it was shown is lost, and said on the shop's own console; the visitor sees no difference."""
    program = shop_program()

    def tell(decision, kind):
        raise program.Refused({"title": "The service cannot be reached."})

    service = SimpleNamespace(
        decide=lambda **_: {"offer": "tea", "decision_id": "d"},
        card=lambda *_, **__: {"html": "tea"},
        tell=tell,
    )
    assert program.Shop(service, "", {}).card("1042", "nl", gpc=False) == {"html": "tea"}


@pytest.mark.parametrize("later", ["0", "Fri, 27 Nov 2026 12:00:00 GMT"])
def test_a_page_of_a_proxy_is_no_answer_and_breaks_nothing(later):
    """Where a proxy answers in the service's place, its page is refused as any problem is, after the usual tries."""
    program, asked = shop_program(), []

    async def proxy(request):
        asked.append(request.headers["idempotency-key"])
        return HTMLResponse("<h1>Bad gateway</h1>", status_code=502, headers={"retry-after": later})

    with (
        listening(Starlette(routes=[Route("/v1/decisions", proxy, methods=["POST"])])) as address,
        program.Decisions(address, "key", tries=2) as decisions,
        pytest.raises(program.Refused, match="did not answer as it does") as refused,
    ):
        decisions.decide("1042")
    assert refused.value.problem["status"] == 502
    assert (len(asked), len(set(asked))) == (2, 1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"EVENHAND_KEY": ""}, "evenhand machine-key make shop"),
        ({"EVENHAND_SERVICE": "localhost:8000"}, "is an address such as"),
        ({"PORT": "ham"}, "PORT is a number"),
        ({"PORT": "70000"}, "PORT=8081"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(wrong, says):
    """What is wrong and what to do; no traceback, and no page."""
    right = {"EVENHAND_KEY": "k", "EVENHAND_SERVICE": "http://127.0.0.1:9", "PORT": "0"}
    done = subprocess.run(
        [sys.executable, SHOP], env=os.environ | right | wrong, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cards_files_are_asked_for_again_until_the_service_is_there():
    """The shop opens without them; a file that came once is kept."""
    program, asked = shop_program(), []

    async def file(request):
        asked.append(request.url.path)
        return HTMLResponse("script", status_code=200 if len(asked) > 1 else 503)

    assert program.Shop(None, "", {}, "http://127.0.0.1:9").file("/card/2.js") is None
    with listening(Starlette(routes=[Route("/card/2.js", file)])) as address:
        shop = program.Shop(None, "", {}, address)
        assert shop.file("/card/2.js") is None
        assert soon(lambda: shop.file("/card/2.js") == b"script")
        until_then = len(asked)
        assert shop.file("/card/2.js") == b"script"
        assert shop.file("/etc/passwd") is None
    assert len(asked) == until_then > 1


def test_an_answer_that_is_no_object_is_refused():
    """A captive portal says 200 with a page of its own: no card, and no traceback."""
    program = shop_program()

    async def portal(_):
        return HTMLResponse("<h1>Sign in to the network</h1>")

    with (
        listening(Starlette(routes=[Route("/v1/decisions", portal, methods=["POST"])])) as address,
        program.Decisions(address, "key", tries=1) as decisions,
    ):
        assert program.Shop(decisions, "", {}).card("1042", "nl", gpc=False)["html"] == ""
