"""Campaign files: YAML 1.2 on disk, read with the line and column of every field.

Whatever the file holds, the answer is a campaign or a `PolicyError` with *all* its findings: duplicate keys, tabs, a
bomb of aliases or ten thousand brackets are findings, too. Nothing in a file is ever executed or interpolated.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from evenhand.policy import Campaign, PolicyFinding, has_errors, read_campaign, review_sources
from evenhand.policy import Path as FieldPath
from evenhand.policy import found as found_in
from evenhand.rules import Rulebook, review_law
from evenhand.terms import Finding, PolicyError, UsageError

from ._yaml_document import MAX_BYTES, Document, read_document
from .rule_packs import rulebook_of

__all__ = ["LoadedCampaign", "campaign_from_mapping", "campaign_from_text", "data_in", "load_campaign", "pointers_in"]


@dataclass(frozen=True, slots=True)
class LoadedCampaign:
    """A campaign that may run, and where it came from.

    Attributes:
        campaign: the declaration.
        path: the file, or None for one made in Python.
        digest: SHA-256 (hex) of the file's bytes, or of the mapping as canonical JSON.
        findings: warnings and notes, the heavier first, each with file, line and column.
        positions: line and column (from 1) of every field in the file.
        rulebook: the rules that hold, the organisation's own among them; None = those that come with evenhand.
        balancing: what there was of the balancing test, where a run recorded it; "" = it is looked at.
    """

    campaign: Campaign
    path: Path | None
    digest: str
    findings: tuple[Finding, ...]
    positions: Mapping[FieldPath, tuple[int, int]] = field(default_factory=dict, repr=False)
    rulebook: Rulebook | None = field(default=None, repr=False)
    balancing: str = ""

    def place(self, finding: Finding, path: FieldPath) -> Finding:
        """The finding (say, of the data audit) with the file, line and column of the field that it is about."""
        return _place(PolicyFinding(finding, path), self.path, self.positions)


def load_campaign(path: str | Path, *, at: datetime) -> LoadedCampaign:
    """Read a campaign file.

    Args:
        path: the file.
        at: the moment as of which expiry dates are judged.

    Returns:
        The campaign with the findings that do not stop it.

    Raises:
        UsageError: there is no such file, or it cannot be opened.
        PolicyError: something in it is wrong; it carries every finding.

    Example:
        >>> from datetime import datetime, timezone
        >>> load_campaign("no-such-file.yaml", at=datetime(2026, 1, 1, tzinfo=timezone.utc))
        Traceback (most recent call last):
        ...
        evenhand.terms._errors.UsageError: There is no file no-such-file.yaml. Rule: ...
    """
    path = Path(path)
    content = _read(path)
    return _judged(read_document(content), path, hashlib.sha256(content).hexdigest(), at)


def campaign_from_mapping(mapping: Mapping[str, object], *, at: datetime) -> LoadedCampaign:
    """Read a campaign from a dict with the keys of a campaign file: the same checks, without lines.

    Args:
        mapping: plain data: dicts, lists, texts, numbers.
        at: the moment as of which expiry dates are judged.

    Raises:
        PolicyError: something in it is wrong; it carries every finding.
    """
    canonical = json.dumps(mapping, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return _judged(Document(data=mapping), None, digest, at)


def campaign_from_text(
    content: bytes, *, folder: Path, opened: Collection[str], name: str, at: datetime
) -> LoadedCampaign:
    """Read a campaign that came over the network: the same checks, and only files that are open to it.

    Args:
        content: the campaign file.
        folder: what the files that it names are relative to.
        opened: names of the files in it that are open.
        name: what it is called in messages; nothing of that name needs to be in the folder.
        at: the moment as of which expiry dates are judged.

    Raises:
        PolicyError: something in it is wrong; it carries every finding.
    """
    document = read_document(content)
    outside = review_sources(document.data, opened)
    return _judged(document, folder / name, hashlib.sha256(content).hexdigest(), at, outside)


def data_in(content: bytes) -> object:
    """What stands in a campaign file, as plain data; None where it cannot be read."""
    return read_document(content).data


def pointers_in(content: bytes) -> dict[tuple[int, int], str]:
    """JSON pointers (RFC 6901) to the fields of a campaign file, by line and column; of two in one place the outer."""
    out: dict[tuple[int, int], str] = {}
    for path, place in read_document(content).positions.items():
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        out.setdefault(place, pointer)
    return out


def _judged(
    document: Document, path: Path | None, digest: str, at: datetime, outside: tuple[PolicyFinding, ...] = ()
) -> LoadedCampaign:
    unread = document.data is None and document.problems
    campaign, found = (None, ()) if unread else read_campaign(document.data, at=at)
    rulebook, by_rules = (None, ()) if outside else _rules(campaign, path, at)
    found = (*document.problems, *outside, *found, *by_rules)
    findings = [_place(item, path, document.positions) for item in found]
    findings.sort(key=lambda finding: (-finding.severity.rank, finding.line, finding.column))
    if campaign is None or has_errors(found):
        raise _refused(findings, str(path) if path else "The campaign")
    return LoadedCampaign(campaign, path, digest, tuple(findings), document.positions, rulebook)


def _rules(
    campaign: Campaign | None, path: Path | None, at: datetime
) -> tuple[Rulebook | None, tuple[PolicyFinding, ...]]:
    """The rules that a campaign names, and what they say about it; None where it leaves them to evenhand."""
    if campaign is None or campaign.law is None:
        return None, ()
    try:
        rulebook = rulebook_of(campaign.law.packs, Path() if path is None else path.parent)
    except PolicyError as error:
        return None, (found_in("EH-POL-131", ("law", "packs"), error.what, error.remedy),)
    return rulebook, review_law(campaign, rulebook, at=at)


def _place(item: PolicyFinding, file: Path | None, positions: Mapping[FieldPath, tuple[int, int]]) -> Finding:
    """Give a finding the place of its field, or of the nearest field around it."""
    if file is None:
        return item.finding
    path = item.path
    while path and path not in positions:
        path = path[:-1]
    line, column = positions.get(path, (1, 1))
    return replace(item.finding, file=str(file), line=line, column=column)


def _refused(findings: list[Finding], name: str) -> PolicyError:
    first = findings[0]
    errors = sum(finding.severity == "error" for finding in findings)
    where = f", line {first.line}" if first.line else ""
    more = f" ({errors - 1} more)" if errors > 1 else ""
    return PolicyError(
        "campaign-not-valid",
        f"{name}{where}: {first.what}{more}",
        rule=first.rule,
        remedy=first.remedy,
        findings=tuple(findings),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        near = _neighbour(path)
        raise UsageError(
            "campaign-not-found",
            f"There is no file {path}.",
            rule="the campaign file is named on the command line",
            remedy=(f"did you mean {near}? " if near else "") + "evenhand init DATA drafts one",
        ) from None
    except OSError as error:
        raise UsageError(
            "campaign-not-readable",
            f"{path} cannot be opened ({error.strerror or type(error).__name__}).",
            rule="a campaign is one file that can be read",
            remedy="name the file itself and check its permissions",
        ) from error


def _neighbour(path: Path) -> Path | None:
    try:
        names = [item.name for item in path.parent.iterdir() if item.suffix in {".yaml", ".yml"}]
    except OSError:
        return None
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return path.parent / close[0] if close else None
