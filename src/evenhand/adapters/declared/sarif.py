"""Findings as SARIF 2.1.0, the format that code-review tools show beside the changed lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evenhand.terms import Finding, Severity

__all__ = ["to_sarif"]

_LEVEL = {Severity.NOTE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}


def to_sarif(findings: Sequence[Finding], *, version: str) -> dict[str, Any]:
    """One SARIF log with one run. Findings without a file point at nothing, which the format allows.

    Source: OASIS SARIF 2.1.0, sections 3.14, 3.27 and 3.49.
    """
    rules: dict[str, dict[str, Any]] = {}
    for finding in findings:
        rules.setdefault(
            finding.id,
            {
                "id": finding.id,
                "shortDescription": {"text": f"Rule: {finding.rule}"},
                "defaultConfiguration": {"level": _LEVEL[finding.severity]},
            },
        )
    order = list(rules)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "evenhand", "version": version, "rules": list(rules.values())}},
                "results": [_result(finding, order.index(finding.id)) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rule_index,
        "level": _LEVEL[finding.severity],
        "message": {"text": f"{finding.what} Rule: {finding.rule}. To do: {finding.remedy}"},
        "properties": {"subject_matter": finding.subject_matter, "measured": dict(finding.measured)},
    }
    if finding.file:
        location: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
        if finding.line:
            location["region"] = {"startLine": finding.line, "startColumn": max(finding.column, 1)}
        result["locations"] = [{"physicalLocation": location}]
    return result
