"""What staff read, by command; their pages served, alone and beside the service."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from evenhand.staff import Read, ReadKind
from live_cases import Web, opened
from patience import WITHIN
from serve_cases import free_port
from shop_folder import PROGRAM

HOME = ("--home", "evenhand-home")
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SETTINGS = (
    "issuer: https://login.shop.example\nclient: evenhand\nsite: https://shop.example\nroles: {auditor: [audit]}\n"
)


def _read(folder: Path, about: str, who: str = "staff-000000000001", at: datetime = AT) -> None:
    log = assembly.ReadsInHome(Home(folder / "evenhand-home"))
    log.note(Read(at, who, ReadKind.PRIVATE, about))


def test_what_staff_read_is_listed_and_proved(ran, cli):
    """All of it, of one request, by one mark; and `rights verify` finds a line that was changed."""
    assert "0 looks" in cli(ran, "staff", "reads", *HOME).stderr
    _read(ran, "R-1")
    _read(ran, "R-2", "staff-000000000002")
    lines = cli(ran, "staff", "reads", *HOME).stdout.splitlines()
    assert lines[0] == "2026-03-02T09:30:00+00:00  staff-000000000001  private  R-1"
    assert len(lines) == 2
    one = json.loads(cli(ran, "staff", "reads", "--about", "R-2", *HOME, "--json").stdout)["reads"]
    assert [(each["who"], each["kind"], each["about"]) for each in one] == [("staff-000000000002", "private", "R-2")]
    assert len(cli(ran, "staff", "reads", "--who", "staff-000000000001", *HOME).stdout.splitlines()) == 1
    assert cli(ran, "rights", "verify", *HOME).exit_code == 0
    from evenhand.adapters.stores.database import database_of

    with database_of(Home(ran / "evenhand-home")) as database, database.begin() as connection:
        connection.exec_driver_sql("UPDATE trail SET body = ? WHERE stream = 'read'", (b'{"about":"R-3"}',))
    assert cli(ran, "rights", "verify", *HOME).exit_code == 5


def test_looks_go_when_requests_that_old_go(ran, cli):
    """With the campaign's own word for how long requests are kept; without one they stay. The trail still verifies."""
    _read(ran, "R-1")
    home, late = ran / "evenhand-home", datetime.now(UTC) + timedelta(days=5_000)
    kept = assembly.retention(home=home, at=late, dry_run=True)
    assert kept.looks == 0
    campaign = ran / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("retention: {", "retention: {requests: P24M, "))
    assembly.run(campaign, home=home)
    assert assembly.retention(home=home, at=AT, dry_run=True).looks == 0
    assert assembly.retention(home=home, at=late, dry_run=False).looks == 1
    assert assembly.staff_reads(home=home) == ()
    assert assembly.verify_rights(home=home).ok


def test_sessions_are_ended_by_command(ran, cli):
    """Of everybody, counted; where there is none, none."""
    assert "0 sessions ended" in cli(ran, "staff", "end", "--all", *HOME).stderr
    assert json.loads(cli(ran, "staff", "end", "staff-1", *HOME, "--json").stdout)["ended"] == 0


def test_the_mark_of_somebody_is_told_to_whoever_has_the_homes_key(ran, cli):
    """The same each time, another in another home."""
    (ran / "staff.yaml").write_text(SETTINGS)
    words = ("staff", "mark", "u-17", "--staff", "staff.yaml", *HOME)
    made = cli(ran, *words).stdout.strip()
    assert re.fullmatch(r"staff-[0-9a-f]{12}", made)
    assert json.loads(cli(ran, *words, "--json").stdout)["mark"] == made
    (ran / "evenhand-home" / "secret.key").write_bytes(secrets.token_bytes(32))
    assert cli(ran, *words).stdout.strip() != made


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("serve",), 2, "Nothing says how staff sign in"),
        (("serve", "--staff", "staff.yaml", "--dev-sign-in"), 2, "two things do"),
        (("serve", "--dev-sign-in", "--host", "0.0.0.0"), 2, "on this machine itself only"),
        (("serve", "--staff", "none.yaml"), 3, "cannot be opened"),
        (("serve", "--dev-sign-in", "--home", "nowhere"), 3, "has no key yet"),
        (("mark", "u-17", "--staff", "none.yaml"), 3, "cannot be opened"),
        (("check", "--staff", "none.yaml"), 3, "cannot be opened"),
        (("end",), 2, "Nobody is named"),
        (("end", "staff-1", "--all"), 2, "at once"),
    ],
)
def test_what_cannot_be_served_is_refused(ran, cli, words, code, said):
    """Before anything listens, with what to do."""
    (ran / "staff.yaml").write_text(SETTINGS)
    home = () if "--home" in words or words[0] == "check" else HOME
    done = cli(ran, "staff", *words, *home)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_pages_for_staff_stand_beside_the_service(ran):
    """Each with its own manners: a problem there, a page here; nobody is let in where the issuer is not reached."""
    settings = ran / "staff.yaml"
    settings.write_text(SETTINGS.replace("https://login.shop.example", "http://127.0.0.1:9"))
    with opened(ran) as serving:
        web = Web(serving, "decide", mounts=assembly.staff_mounts(serving.place, settings=settings))

        def get(path):
            async def go():
                transport = httpx.ASGITransport(app=web.app)
                async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
                    return await client.get(path)

            return asyncio.run(go())

        assert get("/officer/").headers["location"].startswith("/staff/sign-in?to=/officer/")
        assert get("/staff/sign-in").status_code == 200
        assert get("/dev-issuer/authorize").status_code == 404
        assert get("/nothing").headers["content-type"] == "application/problem+json"


@pytest.mark.postgres
def test_looks_and_sessions_stand_on_a_server_too(upgraded_there, cli, monkeypatch):
    """A home on PostgreSQL: noted, listed, proved."""
    shop = upgraded_there.folder
    monkeypatch.setenv("EVENHAND_DATABASE", upgraded_there.url)
    _read(shop, "R-1")
    assert "R-1" in cli(shop, "staff", "reads", *HOME).stdout
    assert cli(shop, "rights", "verify", *HOME).exit_code == 0


@pytest.mark.service
def test_the_pages_are_served_alone_and_somebody_signs_in_over_http(ran):
    """A process of its own, asked as a browser asks it: sign-in, issuer, back, the queue, out."""
    port = free_port()
    words = [*PROGRAM, "staff", "serve", "--dev-sign-in", "--port", str(port), *HOME]
    process = subprocess.Popen(words, cwd=ran, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    here, cookies, client = f"http://127.0.0.1:{port}", {}, httpx.Client(verify=False, timeout=WITHIN)
    try:

        def ask(path, method="GET", **sent):
            kept = "; ".join(f"{name}={value}" for name, value in cookies.items())
            headers = {"cookie": kept, "origin": here} if method == "POST" else {"cookie": kept}
            answer = client.request(method, here + path, headers=headers, **sent)
            for name, value in re.findall(
                r"(__Host-[a-z-]+)=([^;]*);", "\n".join(answer.headers.get_list("set-cookie"))
            ):
                cookies[name] = value
            return answer

        until = time.monotonic() + 2 * WITHIN
        while True:
            try:
                assert ask("/officer/").status_code == 303
                break
            except httpx.TransportError:
                assert time.monotonic() < until
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.1)
        settings = ran / "staff.yaml"
        settings.write_text(
            f"issuer: {here}/dev-issuer\nclient: evenhand-dev\nsite: {here}\nroles: {{auditor: [audit]}}\n"
        )
        told = assembly.staff_check(settings)
        assert (told["keys"], told["way_back"]) == (1, f"{here}/staff/back")
        asked = ask("/staff/go?to=/officer/").headers["location"].removeprefix(here)
        link = re.search(r'href="([^"]+subject=dev-3)"', ask(asked).text).group(1).replace("&amp;", "&")
        back = ask(ask(link).headers["location"].removeprefix(here))
        assert back.headers["location"] == "/officer/"
        queue = ask("/officer/?lang=en")
        assert "No request is open." in queue.text
        assert assembly.end_staff_sessions("staff-000000000000", home=ran / "evenhand-home") == 0
        assert ask("/officer/").status_code == 200
        assert assembly.end_staff_sessions(home=ran / "evenhand-home") == 1
        assert ask("/officer/").status_code == 303
        asked = ask("/staff/go?to=/officer/").headers["location"].removeprefix(here)
        link = re.search(r'href="([^"]+subject=dev-3)"', ask(asked).text).group(1).replace("&amp;", "&")
        ask(ask(link).headers["location"].removeprefix(here))
        token = re.search(r'name="csrf" value="([0-9a-f]+)"', ask("/officer/").text).group(1)
        assert ask("/staff/leave", "POST", data={"csrf": token}).status_code == 200
        assert ask("/officer/").status_code == 303
    finally:
        client.close()
        process.terminate()
        said = process.communicate(timeout=WITHIN)[0]
    assert process.returncode == 0, said
    assert f"{here}/staff/" in said
    assert "code=" not in said
