"""Codes on their way: into a file that a program of the organisation empties, or to a command that it names.

evenhand sends nothing itself: who may be reached where is the organisation's to know. A code is a secret for ten
minutes, so the file is for its owner alone, and a command gets it on its standard input, where no list of processes
shows it.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Lock, Thread

from evenhand.explanation import text
from evenhand.terms import DataError, UsageError

from .entry_codes import CODE_MINUTES, Outgoing

__all__ = ["AddressBook", "ByCommand", "IntoFile", "OwnIds"]

_WAITING, _SECONDS, _IDLE = 500, 20, 5.0
_COLUMNS = {"address", "subject"}


class OwnIds:
    """People name their own id of the organisation's; where they are reached only the organisation knows. Implements
    `adapters.entry.entry_codes.Directory`."""

    def find(self, typed: str) -> tuple[str, str] | None:
        """See `adapters.entry.entry_codes.Directory.find`."""
        return typed, ""


class AddressBook:
    """A CSV file with the columns ``address`` and ``subject``, read again when it changed. Implements
    `adapters.entry.entry_codes.Directory`. An address of two people is nobody's: a code to it would open one of the
    two.

    Args:
        file: it.

    Raises:
        DataError: it cannot be read, or a column is missing.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._stamp, self._lock = file, (0, 0), Lock()
        self._found: dict[str, tuple[str, str] | None] = {}
        self._read()

    def find(self, typed: str) -> tuple[str, str] | None:
        """See `adapters.entry.entry_codes.Directory.find`. A file that cannot be read any more leaves what was read."""
        with self._lock:
            with contextlib.suppress(DataError):
                self._read()
            return self._found.get(typed.strip().casefold())

    def _read(self) -> None:
        try:
            state = self._file.stat()
            if (state.st_mtime_ns, state.st_size) == self._stamp:
                return
            with self._file.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                if not set(rows.fieldnames or ()) >= _COLUMNS:
                    raise self._broken("has no columns address and subject")
                found: dict[str, tuple[str, str] | None] = {}
                for row in rows:
                    address, subject = (row["address"] or "").strip(), (row["subject"] or "").strip()
                    if address and subject:
                        before = found.get(name := address.casefold(), (subject, address))
                        found[name] = before if before is not None and before[0] == subject else None
        except (OSError, UnicodeDecodeError, csv.Error):
            raise self._broken("cannot be read") from None
        self._found, self._stamp = found, (state.st_mtime_ns, state.st_size)

    def _broken(self, why: str) -> DataError:
        return DataError(
            "codes-addresses",
            f"The file of addresses {self._file.name} {why}.",
            rule="a code goes to the address that is on file, and nowhere else",
            remedy="name a CSV file with the columns address and subject",
        )


class IntoFile:
    """Appends each code as one line of JSON to a file that its owner alone reads.

    Args:
        file: it; made where it is not there.
        told: told in a sentence, without anybody's values, where a code cannot be written.

    Raises:
        UsageError: it cannot be written.
    """

    def __init__(self, file: Path, told: Callable[[str], None]) -> None:
        self._file, self._told, self._lock = file, told, Lock()
        try:
            self._append(b"")
        except OSError:
            raise UsageError(
                "codes-file",
                f"The file {file.name} for codes cannot be written.",
                rule="a code is handed over to whoever brings it to the person",
                remedy="name a file in a folder that the service may write in",
            ) from None

    def __call__(self, code: Outgoing) -> None:
        """Append a code."""
        try:
            self._append(line_of(code))
        except OSError:
            self._told("A code could not be written for delivery: its file cannot be written.")

    def _append(self, line: bytes) -> None:
        with self._lock:
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            try:
                os.fchmod(file, 0o600)
                os.write(file, line)
                os.fsync(file)
            finally:
                os.close(file)


class ByCommand:
    """Starts a command for each code, one at a time, and gives it the line of JSON on its standard input.

    Args:
        command: the program and its words, as a shell would split them; no shell is started.
        told: told in a sentence, without anybody's values, where a code was not delivered.

    Raises:
        UsageError: no command is named, or it cannot be split.
    """

    def __init__(self, command: str, told: Callable[[str], None]) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError:
            self._words = []
        if not self._words:
            raise UsageError(
                "codes-command",
                "The command for codes is none.",
                rule="a code is handed over to whoever brings it to the person",
                remedy="name a program, such as: --codes-command '/usr/local/bin/send-code'",
            )
        self._told, self._lock, self._worker = told, Lock(), None
        self._waiting: Queue[Outgoing] = Queue(_WAITING)

    def __call__(self, code: Outgoing) -> None:
        """Hand over a code, without waiting."""
        with self._lock:
            try:
                self._waiting.put_nowait(code)
            except Full:
                self._told("A code was not delivered: too many wait for the command.")
                return
            if self._worker is None:
                self._worker = Thread(target=self._work, name="evenhand-codes", daemon=True)
                self._worker.start()

    _worker: Thread | None

    def _work(self) -> None:
        while True:
            try:
                code = self._waiting.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._worker = None
                        return
                continue
            self._start(code)

    def _start(self, code: Outgoing) -> None:
        try:
            done = subprocess.run(
                self._words,
                input=line_of(code),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            self._told("A code was not delivered: the command could not be started, or did not end in time.")
            return
        if done.returncode:
            self._told(f"A code was not delivered: the command ended with {done.returncode}.")


def line_of(code: Outgoing) -> bytes:
    """A code as one line of JSON, with the words of a message."""
    content = {
        "schema_version": 1,
        "subject": code.subject,
        **({"address": code.address} if code.address else {}),
        "code": code.code,
        "until": code.until.isoformat(),
        "lang": code.lang,
        "title": text("portal.code.mail-title", code.lang),
        "text": text("portal.code.mail", code.lang, code=code.code, minutes=CODE_MINUTES),
    }
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
