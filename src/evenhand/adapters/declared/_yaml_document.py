"""YAML 1.2 as plain data, with the place of every field; the parser gives nodes, never objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import accumulate

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from evenhand.policy import CHECKS, PolicyFinding, describe
from evenhand.policy import Path as FieldPath
from evenhand.terms import Finding

__all__ = ["MAX_BYTES", "Document", "read_document"]

MAX_BYTES = 1 << 20
"""A campaign file is text that people review; a larger one is something else."""
_MAX_NODES = 100_000
_MAX_DEPTH = 20
_TAG = "tag:yaml.org,2002:"
_KINDS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a file.

    Attributes:
        data: dicts, lists, texts, numbers, True, False, None; numbers with a point are exact (Decimal).
        positions: line and column (from 1) of each field: of its key, or of a list item.
        problems: what is wrong with the YAML itself; data is None where nothing could be read.
    """

    data: object = None
    positions: Mapping[FieldPath, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[PolicyFinding, ...] = ()


def read_document(content: bytes) -> Document:
    """Read the bytes of one file.

    Example:
        >>> document = read_document(b"offers:\\n  - id: shoes\\n")
        >>> document.data, document.positions[("offers", 0, "id")]
        ({'offers': [{'id': 'shoes'}]}, (2, 5))
    """
    if len(content) > MAX_BYTES:
        return _unreadable(
            1, 1, "The file is larger than 1 MiB.", "A campaign file names tables; it does not hold them."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(line, 1, "The file is not UTF-8 text.", "Save it with encoding UTF-8.")
    if _open_brackets(text) > _MAX_DEPTH * 10:
        return _unreadable(1, 1, "The file is nested too deeply.", f"At most {_MAX_DEPTH} levels are read.")
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        return _broken(error)
    except RecursionError:
        return _unreadable(1, 1, "The file is nested too deeply.", f"At most {_MAX_DEPTH} levels are read.")
    except YAMLError:
        return _unreadable(1, 1, "The file holds characters that no text has.", "Save it as plain UTF-8 text.")
    if root is None:
        return _unreadable(1, 1, "The file is empty.", "evenhand init DATA drafts a campaign file.")
    builder = _Builder()
    try:
        data = builder.build(root, ())
    except _TooMuchError as error:
        return _unreadable(error.line, 1, f"The file {error}.", "Write it out plainly, without aliases of aliases.")
    return Document(data=data, positions=builder.positions, problems=tuple(builder.problems))


def _open_brackets(text: str) -> int:
    """How many brackets are open at once, at most; the parser takes seconds over thousands."""
    signs = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(signs), default=0)


class _TooMuchError(Exception):
    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


class _Builder:
    """Turns nodes into data. Aliases are copied, so the number of copies is bounded."""

    def __init__(self) -> None:
        self.positions: dict[FieldPath, tuple[int, int]] = {}
        self.problems: list[PolicyFinding] = []
        self._nodes = 0

    def build(self, node: Node, path: FieldPath) -> object:
        line = node.start_mark.line + 1
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise _TooMuchError(f"has more than {_MAX_NODES} values", line)
        if len(path) > _MAX_DEPTH:
            raise _TooMuchError("is nested too deeply", line)
        self.positions.setdefault(path, (line, node.start_mark.column + 1))
        kind = str(node.tag).removeprefix(_TAG)
        if kind not in _KINDS:
            what = f"{describe(path)}: this has a tag (!)."
            self._report("EH-POL-005", path, line, node.start_mark.column + 1, what, "Take the tag out.")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, place)) for place, item in enumerate(node.value)]
        try:
            return _plain(str(node.value), kind)
        except (ValueError, InvalidOperation):
            return str(node.value)

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, object]:
        data: dict[str, object] = {}
        for key, value in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, ScalarNode):
                self._report("EH-POL-005", (*path, "?"), line, column, "A key is a list or mapping.", "Keys are words.")
                continue
            name = str(key.value)
            if name in data:
                what = (
                    f"A key in {describe(path)} stands twice; the first is in line {self.positions[(*path, name)][0]}."
                )
                self._report("EH-POL-002", (*path, name, "again"), line, column, what, "Keep one of them.")
                continue
            self.positions[(*path, name)] = (line, column)
            data[name] = self.build(value, (*path, name))
        return data

    def _report(self, id: str, path: FieldPath, line: int, column: int, what: str, remedy: str) -> None:
        self.positions[path] = (line, column)
        self.problems.append(_problem(id, path, what, remedy))


def _plain(text: str, kind: str) -> object:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        digits = text.replace("_", "")
        bases = {"0x": 16, "0o": 8, "0b": 2}
        return int(digits, bases.get(digits.lstrip("+-")[:2].lower(), 10))
    if kind == "float":
        lowered = text.lower().replace("_", "")
        return float(lowered.replace(".inf", "inf").replace(".nan", "nan")) if "n" in lowered else Decimal(lowered)
    return text


def _broken(error: MarkedYAMLError) -> Document:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem or error.context or "it cannot be read")
    if "\\t" in problem:
        return _unreadable(line, column, "A tab stands where YAML has spaces.", "Indent with spaces.")
    if "another document" in problem:
        return _unreadable(line, column, "The file holds more than one document (---).", "One campaign per file.")
    if "alias" in problem:
        return _unreadable(line, column, "A * starts an alias that is not defined.", "Put the text between quotes.")
    if "start any token" in problem:
        return _unreadable(line, column, "A special character starts a value.", "Put the text between quotes.")
    if "mapping values" in problem:
        remedy = "Check the indentation, and put texts with a colon between quotes."
        return _unreadable(line, column, "A colon or an indentation is out of place.", remedy)
    remedy = "Check quotes, brackets and indentation just before this place."
    return _unreadable(line, column, "The YAML breaks off or does not fit together here.", remedy)


def _unreadable(line: int, column: int, what: str, remedy: str) -> Document:
    return Document(positions={(): (line, column)}, problems=(_problem("EH-POL-001", (), what, remedy),))


def _problem(id: str, path: FieldPath, what: str, remedy: str) -> PolicyFinding:
    check = CHECKS[id]
    return PolicyFinding(Finding(id=id, severity=check.severity, what=what, rule=check.rule, remedy=remedy), path)
