"""The example shop beside a live service, both on this machine: for tests that look at its pages in a browser."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import uvicorn

from evenhand import assembly
from patience import WITHIN, soon

SHOP = Path(__file__).parents[1] / "examples" / "shop" / "shop.py"


def client_program() -> ModuleType:
    """The client of the service, as a module."""
    return _module("example_client", SHOP.parents[1] / "service" / "client.py")


def shop_program() -> ModuleType:
    """The example's one file, as a module."""
    return _module("example_shop", SHOP)


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """An application behind a socket; its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert soon(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WITHIN)


@dataclass
class ShopAndService:
    """Both, running.

    Attributes:
        shop, service: their addresses.
        folder: where the campaign ran.
    """

    shop: str
    service: str
    folder: Path


@contextmanager
def shop_beside_service(campaign: Path) -> Iterator[ShopAndService]:
    """The service of a campaign that ran, with its pages, and the example shop that asks it."""
    program = shop_program()
    with assembly.open_service([campaign], at=datetime.now(UTC)) as serving:
        scopes = ("decide", "read", "events")
        key = assembly.machine_keys(serving.place.folder).make("example", scopes, at=datetime.now(UTC))
        app = assembly.service_app(serving, **assembly.people_beside(serving, "/my"))
        with listening(app) as service, program.Decisions(service, key, timeout=WITHIN) as decisions:
            files = {path: httpx.get(service + path, timeout=WITHIN).content for path in program.FILES}
            files["/shop.css"] = SHOP.with_name("shop.css").read_bytes()
            with shop_open(program, program.Shop(decisions, service, files)) as shop:
                yield ShopAndService(shop, service, campaign.parent)


@contextmanager
def shop_open(program: ModuleType, shop: Any) -> Iterator[str]:
    """The example shop behind a socket; its address."""

    class Handler(program.Handler):
        pass

    Handler.shop = shop
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(WITHIN)
