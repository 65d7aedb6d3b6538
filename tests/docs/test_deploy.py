"""deploy/: the files of the deployment guide parse, name what exists, and agree with the program and each other."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evenhand.adapters.web import Limits, Metrics
from evenhand.assembly.records._ledger import FOR_A_RUN, PATIENCE

UNITS = ("evenhand.service", "evenhand.socket", "evenhand-backup.service", "evenhand-backup.timer")


@pytest.fixture
def deploy(root) -> Path:
    """The folder."""
    return root / "deploy"


def _unit(path: Path) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string(path.read_text("utf-8"))
    return unit


def test_every_unit_parses_and_runs_a_command_that_there_is(deploy):
    """Sections are those of their kind, and each program line is one of evenhand's with options that it has."""
    import typer

    from evenhand.cli import app

    program = typer.main.get_command(app)
    lines = []
    for name in UNITS:
        unit = _unit(deploy / name)
        kind = name.rpartition(".")[2].capitalize()
        assert {"Unit", kind} <= set(unit.sections()) <= {"Unit", kind, "Install"}
        lines += [unit.get(kind, "ExecStart")] if kind == "Service" else []
    assert len(lines) == 2
    for line in lines:
        (words,) = re.findall(r"/opt/evenhand/venv/bin/evenhand ([^']*)", line)
        command, *rest = shlex.split(words)
        known = {opt for option in program.commands[command].params for opt in option.opts}
        assert {word for word in rest if word.startswith("--")} <= known, line


def test_what_the_proxies_open_the_service_is_started_with(root, deploy):
    """Whoever follows the guide gets the pages of staff, campaigns over the network and codes: unit and container take
    them from one line of the environment, whose options there are, in files that a step of the guide makes."""
    import typer

    from evenhand.cli import app

    known = {opt for option in typer.main.get_command(app).commands["serve"].params for opt in option.opts}
    (line,) = re.findall(r"^EVENHAND_SERVE=(.*)$", (deploy / "evenhand.env").read_text("utf-8"), re.MULTILINE)
    (words,) = shlex.split(line)
    options = words.split()
    assert set(options[::2]) == {"--staff", "--sources", "--codes-file"} <= known
    assert _unit(deploy / "evenhand.service").get("Service", "ExecStart").endswith(" $EVENHAND_SERVE")
    assert "$EVENHAND_SERVE" in (deploy / "Containerfile").read_text("utf-8").splitlines()[-1]
    guide = (root / "docs/how-to/deploy.md").read_text("utf-8")
    for place in options[1::2]:
        assert place in guide or str(Path(place).parent) in guide, place


def test_the_service_may_write_its_home_and_nothing_else(deploy):
    """The sandbox is on, the process has no right of root's, and keys come from systemd and not from a line."""
    unit = _unit(deploy / "evenhand.service")
    own = dict(unit.items("Service"))
    assert own["ReadWritePaths"].split() == ["/srv/evenhand/home", "-/srv/evenhand/codes"]
    assert (own["ProtectSystem"], own["NoNewPrivileges"], own["CapabilityBoundingSet"]) == ("strict", "yes", "")
    assert own["User"] == "evenhand"
    assert "wrapping-key" in own["LoadCredential"]
    assert _unit(deploy / "evenhand.socket").get("Socket", "ListenStream") == "127.0.0.1:8000"
    assert "--port" not in own["ExecStart"]
    assert (own["Type"], own["NotifyAccess"]) == ("notify", "main")


def test_the_service_is_given_the_time_that_an_end_takes(deploy, root):
    """Longer than questions wait for a run and the process that speaks HTTP for them; and the page says the same."""
    given = int(_unit(deploy / "evenhand.service").get("Service", "TimeoutStopSec"))
    assert given > PATIENCE + FOR_A_RUN + Limits().answers
    page = (root / "docs/how-to/serve.md").read_text("utf-8")
    assert f"`TimeoutStopSec={given}`" in page
    assert f"{PATIENCE + FOR_A_RUN:.0f} seconds at most" in page


def test_a_service_that_does_not_move_is_started_anew_without_a_copy_of_its_memory(deploy, root):
    """It is to say that it moves, by the process that decides; killed at once where it does not, since who is stopped
    ends nothing in good order; and a core file would hold keys and people's data."""
    own = dict(_unit(deploy / "evenhand.service").items("Service"))
    assert (own["WatchdogSignal"], own["LimitCORE"], own["NotifyAccess"]) == ("SIGKILL", "0", "main")
    assert own["Restart"] == "on-failure"
    assert int(own["WatchdogSec"]) > PATIENCE + FOR_A_RUN + Limits().answers, "an end by hand takes so long"
    assert f"`WatchdogSec={own['WatchdogSec']}`" in (root / "docs/how-to/serve.md").read_text("utf-8")


def test_systemd_accepts_the_units(deploy, tmp_path):
    """Only that the program is not installed on this machine may be said."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(deploy / name for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in told.stderr.splitlines() if "is not executable: No such file" not in line]
    assert [line for line in said if "evenhand" in line] == []


def test_the_image_is_built_from_the_lock_and_runs_as_nobody(root, deploy):
    """Libraries come with their hashes from the lock of the service; whatever is copied is there."""
    text = (deploy / "Containerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/serve.lock" in text
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        assert all((root / name).exists() for name in line.split()[:-1]), line
    lock = (root / "requirements" / "serve.lock").read_text("utf-8")
    assert {"uvicorn", "psycopg", "fastapi"} <= set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert "completejourney" not in lock


def test_the_proxies_let_in_what_the_service_takes_and_hide_the_rest(deploy):
    """As many bytes as a request may have; machines' and people's addresses, and neither health nor figures; no log."""
    mib = Limits().body // 1024**2
    caddy, nginx = ((deploy / name).read_text("utf-8") for name in ("Caddyfile", "nginx.conf"))
    assert f"max_size {mib}MB" in caddy
    assert f"client_max_body_size {mib}m;" in nginx
    assert "access_log off;" in nginx
    for text in (caddy, nginx):
        assert "127.0.0.1:8000" in text
        assert "/v1/" in text
        assert "/my" in text
        assert re.search(r"^[^#]*/\.well-known/gpc\.json", text, re.MULTILINE), "anybody may ask for it"
        for place in ("staff", "officer", "console"):
            assert re.search(rf"^[^#]*\b{place}\b", text, re.MULTILINE), f"{place}: whoever works here needs it"
        assert not re.search(r"^[^#]*(/metrics|/readyz)", text, re.MULTILINE)


def test_the_alerts_ask_for_figures_that_the_service_has(deploy):
    """Each name in a rule is one that /metrics gives."""
    rules = YAML(typ="safe").load((deploy / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
    metrics = Metrics(lambda: 0)
    metrics.answered("/v1/decisions", 503, 0.1)
    given = set(re.findall(r"^(evenhand_\w+)", metrics.text().decode(), re.MULTILINE))
    assert len(rules) == 5
    for rule in rules:
        assert set(re.findall(r"evenhand_\w+", rule["expr"])) <= given, rule["alert"]


@pytest.mark.oracle
def test_each_alert_fires_when_it_should_and_not_before(deploy):
    """By promtool, on series as the service gives them: a count that begins at 1 is a first fault."""
    assert shutil.which("promtool"), "no promtool on this machine; on Debian: apt-get install prometheus"
    for words in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        told = subprocess.run(["promtool", *words], cwd=deploy, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


def test_the_alerts_tests_are_about_series_that_the_service_has(deploy):
    """Names and labels as /metrics gives them, so that what fires there fires here."""
    text = (deploy / "alerts_test.yml").read_text("utf-8")
    series = set(re.findall(r"- series: '?(evenhand_\w+)", text))
    metrics = Metrics(lambda: 0)
    metrics.answered("/v1/decisions", 500, 0.1)
    given = metrics.text().decode()
    assert len(series) >= 4
    assert series <= set(re.findall(r"^(evenhand_\w+)", given, re.MULTILINE))
    for labels in set(re.findall(r'\{route="/v1/decisions",(\w+)=', text)):
        assert f'{{{labels}="' in given or f',{labels}="' in given
    rules = YAML(typ="safe").load((deploy / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
    tested = set(re.findall(r"alertname: (\w+)", text))
    assert {rule["alert"] for rule in rules} == tested


def test_the_environment_holds_the_address_and_no_key(deploy):
    """One variable, that the units read."""
    lines = [line for line in (deploy / "evenhand.env").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line.partition("=")[0] for line in lines] == ["EVENHAND_DATABASE", "EVENHAND_SERVE"]


def test_every_evenhand_command_of_the_guide_exists(root):
    """Lines of the shell blocks call commands with options that the program has."""
    import typer

    from evenhand.cli import app

    program = typer.main.get_command(app)
    page = (root / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    shown = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    found = re.findall(r"(?:venv/bin/evenhand|evenhand-as-service) +((?!<<|\"\$@\")[^\n;)>]+)", shown)
    commands = [words for words in map(shlex.split, found) if not words[0].startswith(("--version", "<"))]
    assert len(commands) >= 8
    for words in commands:
        command = program
        while getattr(command, "commands", None) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert not getattr(command, "commands", None), words
        known = {opt for option in command.params for opt in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, words
