"""Below the rim stand the standard library, NumPy, and the one library that is a room's field."""

from __future__ import annotations

import ast
import sys
import tomllib

import pytest

GROUND = {"numpy", "evenhand"}
CALLS_OUT = {"ftplib", "http", "httpx", "imaplib", "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib"}
HARMLESS = {"urllib.parse"}
# Staff sign in at their organisation's issuer, which must be asked for its keys; only where an operator named one.
ASKS_THE_ISSUER = "src/evenhand/adapters/sign_in/issuer.py"
# The service listens, and its two processes are linked; the modules around it know sockets by this one's names.
LISTENS = "src/evenhand/adapters/web/_sockets.py"
UNSAFE = {"pickle", "shelve", "marshal"}
NOT_AN_ARGUMENT = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "datetime.now",
    "date.today",
    "time.time",
    "time.time_ns",
    "uuid.uuid4",
    "uuid.uuid1",
    "os.urandom",
    "secrets.token_bytes",
    "secrets.token_hex",
}
ABOVE = {"adapters", "assembly", "cli", "__main__", ""}


@pytest.fixture(scope="module")
def allowed(root) -> dict[str, set[str]]:
    """Room -> third parties that it may import."""
    declared = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {room: set(names) for room, names in declared["tool"]["evenhand"]["third-parties"].items()}


def _imports(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.lineno, node.module


def test_a_room_imports_only_what_it_is_allowed(sources, allowed):
    """pyproject.toml, [tool.evenhand.third-parties], is the whole list; each entry has its reason there."""
    strangers = []
    for source in sources:
        known = GROUND | allowed.get(source.room, set())
        for line, name in _imports(source):
            first = name.partition(".")[0]
            if first not in known and first not in sys.stdlib_module_names and "*" not in known:
                strangers.append(f"{source.where}:{line} imports {first}")
    assert not strangers, "\n".join(strangers)


def test_an_allowance_that_nobody_uses_is_taken_back(sources, allowed):
    """The list says what is, not what once was."""
    used = {(source.room, name.partition(".")[0]) for source in sources for _, name in _imports(source)}
    idle = [
        f"{room} may import {name} and does not"
        for room, names in allowed.items()
        for name in sorted(names - {"*"})
        if (room, name) not in used
    ]
    assert not idle, "\n".join(idle)


def test_nothing_in_the_package_calls_out(sources):
    """No module imports a network library, but the one that asks the issuer of staff and the one that listens; a
    database driver in adapters is the only other way off the machine."""
    callers = [
        f"{source.where}:{line} imports {name}"
        for source in sources
        for line, name in _imports(source)
        if name.partition(".")[0] in CALLS_OUT
        and name not in HARMLESS
        and source.where not in (ASKS_THE_ISSUER, LISTENS)
    ]
    assert not callers, "\n".join(callers)


def test_the_module_with_the_sockets_calls_nobody(sources):
    """It binds, listens and links, and connects to no address. One word goes out, to whoever manages the service on
    this very machine, over a socket that reaches no other."""
    (listens,) = (source for source in sources if source.where == LISTENS)
    named = {node.attr for node in ast.walk(listens.tree) if isinstance(node, ast.Attribute)}
    assert {"bind", "listen", "socketpair"} <= named
    assert not named & {"connect", "connect_ex", "create_connection"}
    (tells,) = (node for node in listens.tree.body if getattr(node, "name", "") == "tell_manager")
    within = [node.attr for node in ast.walk(tells) if isinstance(node, ast.Attribute)]
    everywhere = [node.attr for node in ast.walk(listens.tree) if isinstance(node, ast.Attribute)]
    assert within.count("sendto") == everywhere.count("sendto") == 1
    assert [name for name in within if name.startswith("AF_")] == ["AF_UNIX"]


def test_nothing_runs_what_it_reads(sources):
    """No pickle, eval or exec: a model, a record and a campaign file are data."""
    unsafe = [
        f"{source.where}:{line} imports {name}"
        for source in sources
        for line, name in _imports(source)
        if name.partition(".")[0] in UNSAFE
    ]
    unsafe += [
        f"{source.where}:{call.lineno} calls {name}"
        for source in sources
        for call, name in source.calls()
        if name in {"eval", "exec"}
    ]
    assert not unsafe, "\n".join(unsafe)


def test_time_and_chance_are_arguments_below_the_rim(sources):
    """No room asks the clock or draws without a seed, so every decision can be replayed."""
    hidden = []
    for source in sources:
        if source.room in ABOVE:
            continue
        for call, name in source.calls():
            unseeded = name.endswith("default_rng") and not call.args and not call.keywords
            global_draw = name.startswith(("random.", "numpy.random.")) and not name.endswith(
                ("default_rng", "Generator", "SeedSequence", "PCG64", "Philox")
            )
            if name in NOT_AN_ARGUMENT or unseeded or global_draw:
                hidden.append(f"{source.where}:{call.lineno} calls {name}")
    assert not hidden, "\n".join(hidden)
