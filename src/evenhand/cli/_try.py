"""The demonstration's pages: served until Ctrl-C, shown in the browser if there is one, and told as addresses."""

from __future__ import annotations

import threading
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ._speak import Speaker, program, quoted

if TYPE_CHECKING:
    from evenhand.assembly import ToTry

__all__ = ["not_with_json", "open_to_try"]


def not_with_json(json_out: bool) -> None:
    """Pages are no document.

    Raises:
        UsageError: JSON is asked for, too.
    """
    if json_out:
        from evenhand.terms import UsageError

        raise UsageError(
            "demo-open-json",
            "The pages cannot be opened and told as JSON at once.",
            rule="--json prints one document and ends; --open serves until Ctrl-C",
            remedy="leave out one of the two",
        )


def open_to_try(voice: Speaker, folder: Path, port: int, lang: str) -> None:
    """Serve the demonstration's pages until Ctrl-C."""
    from evenhand import assembly

    prepared = ExitStack()

    def ready(places: ToTry) -> None:
        prepared.close()
        voice.data(f"Start here:         {places.start}?lang={lang}")
        voice.data(f"The shop:           {places.shop}?lang={lang}")
        voice.data(f"A person's page:    {places.own_page}?lang={lang}")
        voice.data(f"How it works:       {places.how}?lang={lang}")
        voice.data(f"As staff:           {places.staff}")
        voice.data(f"For programs:       {places.openapi}")
        voice.talk("Only this machine can see these pages. Stop with Ctrl-C.")
        threading.Thread(target=_shown, args=(f"{places.start}?lang={lang}",), daemon=True).start()

    shop = folder / "shop.yaml"
    voice.talk("\nNow the same campaign in a web shop, to click through.")
    with prepared:
        step = prepared.enter_context(voice.progress())
        assembly.open_to_try(shop, port=port, step=step, told=voice.talk, ready=ready)
    voice.talk(f"Closed. What was decided stays in {folder}; its service alone:")
    voice.talk(f"  {program()} serve {quoted(shop)} --pages /my")


def _shown(address: str) -> None:
    """Show a page, if there is a browser beside the terminal; one that would take the terminal itself is none."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return
    takes_the_terminal = isinstance(found, webbrowser.GenericBrowser) and not isinstance(
        found, webbrowser.BackgroundBrowser
    )
    if not takes_the_terminal:
        found.open(address)
