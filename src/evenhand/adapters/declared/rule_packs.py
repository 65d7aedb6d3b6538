"""Rule packs on disk: YAML, read with the line of every field."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evenhand.rules import Pack, Rulebook, read_pack, shipped
from evenhand.terms import PolicyError

from ._yaml_document import MAX_BYTES, read_document

__all__ = ["read_pack_file", "rulebook_of"]


def read_pack_file(path: str | Path) -> Pack:
    """Read one rule pack.

    Raises:
        PolicyError: there is no such file, or it is no rule pack; the message has the line.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            "rules-pack-not-there",
            f"The rule pack {path} cannot be opened ({error.strerror or type(error).__name__}).",
            rule="the organisation's own rules stand in files that the campaign names",
            remedy="correct its name under law: packs, relative to the campaign file",
        ) from None
    document = read_document(content)
    for problem in document.problems:
        line = document.positions.get(problem.path, (1, 1))[0]
        raise PolicyError(
            "rules-pack-not-valid",
            f"{path}, line {line}: {problem.finding.what}",
            rule=problem.finding.rule,
            remedy=problem.finding.remedy,
        )
    return read_pack(document.data, str(path), document.positions)


def rulebook_of(files: Iterable[str], folder: Path) -> Rulebook:
    """The rules that come with evenhand, and an organisation's own.

    Raises:
        PolicyError: a file is no rule pack, or loosens something.
    """
    return shipped().with_own([read_pack_file(folder / file) for file in files])
