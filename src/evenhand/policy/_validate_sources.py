"""Which files a campaign may name that came over the network: those that the operator opened for it, and no others."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from ._finding import Path, PolicyFinding, found

__all__ = ["review_sources"]

_FILES = frozenset({"file"})
_DATABASES = frozenset({"sql"})


def review_sources(data: object, opened: Collection[str]) -> tuple[PolicyFinding, ...]:
    """Every place in a campaign that names a file or a database that is not open to it.

    It looks at plain data, before anything is read from a place that the data names.

    Args:
        data: what stands in the campaign file.
        opened: names of the files that the operator opened, relative to their folder.
    """
    return tuple(_outside(data, (), opened))


def _outside(data: object, path: Path, opened: Collection[str]) -> Iterator[PolicyFinding]:
    if isinstance(data, dict):
        for key, value in data.items():
            here = (*path, str(key))
            if here == ("columns",):
                continue  # keys there are names of columns, and no field of a column names a file
            if str(key) in _FILES and value is not None and not _is_open(value, opened):
                yield _closed(here, value, opened)
            elif str(key) in _DATABASES and value is not None:
                yield found(
                    "EH-POL-170",
                    here,
                    "A database is named, and none is open to campaigns that come over the network.",
                    "Name a file that the operator opened, or have the operator run this campaign from a file.",
                )
            elif here == ("law", "packs") and isinstance(value, list):
                for place, name in enumerate(value):
                    if not _is_open(name, opened):
                        yield _closed((*here, place), name, opened)
            else:
                yield from _outside(value, here, opened)
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from _outside(value, (*path, place), opened)


def _is_open(name: object, opened: Collection[str]) -> bool:
    return isinstance(name, str) and name in opened


def _closed(path: Path, name: object, opened: Collection[str]) -> PolicyFinding:
    near = difflib.get_close_matches(str(name)[:200], opened, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return found(
        "EH-POL-170",
        path,
        "A file is named that the operator did not open for campaigns that come over the network.",
        f"{hint}Name one of the open files, or ask the operator to put it there (evenhand serve --sources FOLDER).",
    )
