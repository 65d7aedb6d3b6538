"""The texts hold together: links, words, promises, versions."""

from __future__ import annotations

import json
import re
import tomllib

HOUSE_WORDS = re.findall(
    r"\w+",
    """subject controller purpose legal_basis consent objection opt_out refusal right request personal_data
special_category sensitive_features group disparity limit price feature_view offer candidate audience campaign
contribution decision record receipt policy clause approval violation audit monitor assessment review""",
)

VERDICTS = re.compile(r"\b(compliant|compliance|unbiased|debiased|bias-free)\b", re.IGNORECASE)
SAID_OF_NOTHING = (
    "no page says that a campaign is compliant",
    "not the words compliant, unbiased or debiased",
)
"""Sentences in which a verdict word may stand, because they say that evenhand does not give that verdict."""


def _anchor(heading: str) -> str:
    text = re.sub(r"[`*_\[\]]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def test_every_link_leads_somewhere(pages, root):
    """Relative links resolve to a file, and to a heading of it where they name one."""
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.prose):
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, anchor = target.partition("#")
            file = (page.path.parent / name).resolve() if name else page.path
            if not file.exists():
                broken.append(f"{page.where}: {target}")
            elif anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                if anchor not in {_anchor(heading) for heading in headings}:
                    broken.append(f"{page.where}: {target}")
    assert not broken, "\n".join(broken)


def test_every_page_can_be_reached_from_the_index(pages, root):
    """Whoever starts at docs/index.md or README.md can walk to every page of docs."""
    by_path = {page.path.resolve(): page for page in pages}
    waiting = [root / "README.md", root / "docs" / "index.md"]
    seen = set()
    while waiting:
        path = waiting.pop().resolve()
        if path in seen or path not in by_path:
            continue
        seen.add(path)
        for target in re.findall(r"\]\(([^)#\s]+)", by_path[path].prose):
            waiting.append(path.parent / target)
    lost = [page.where for path, page in by_path.items() if path not in seen and page.where.startswith("docs/")]
    assert not lost, "\n".join(lost)


def test_the_glossary_has_every_word_of_the_house(root):
    """Each word has an entry in docs/glossary.md."""
    glossary = (root / "docs" / "glossary.md").read_text(encoding="utf-8")
    missing = [word for word in HOUSE_WORDS if not re.search(rf"^\| [^|]*`{word}`", glossary, re.MULTILINE)]
    assert not missing, ", ".join(missing)


def test_every_promise_has_a_page(root):
    """docs/promises/ says for each promise what is checked and what is not."""
    promises = [path.stem for path in (root / "src/evenhand/promises").glob("*.py") if not path.stem.startswith("_")]
    assert promises, "promises/ is empty"
    for promise in promises:
        text = (root / "docs" / "promises" / f"{promise}.md").read_text(encoding="utf-8")
        assert re.search(r"^## What is checked", text, re.MULTILINE), promise
        assert re.search(r"^## What is not", text, re.MULTILINE), promise


def test_every_decision_on_the_house_has_status_and_consequences(root):
    """docs/decisions/NNNN-title.md, numbered without a gap, and each in the list."""
    files = sorted(path for path in (root / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    listed = (root / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in files if path.name not in listed] == []
    for path in files:
        text = path.read_text(encoding="utf-8")
        for heading in ("Status:", "## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{path.name}: {heading}"


def test_the_version_is_the_same_everywhere(root):
    """pyproject.toml, CHANGELOG.md and CITATION.cff name one version."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## [{version}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {version}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")


def test_a_lock_holds_hashes_and_no_address(root):
    """requirements/*.lock work with any index, and with no other files than those that were locked."""
    locks = sorted((root / "requirements").glob("*.lock"))
    assert [lock.name for lock in locks] == ["check.lock", "run.lock", "serve.lock", "test.lock"]
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        packages = re.findall(r"^[a-z0-9].*", text, re.MULTILINE)
        assert all(re.match(r"^[a-z0-9.-]+==", line) and line.endswith("\\") for line in packages), lock.name


def test_the_locks_agree(root):
    """A package has the same version and hashes in each lock that holds it."""
    seen: dict[str, str] = {}
    for lock in sorted((root / "requirements").glob("*.lock")):
        for entry in re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8").strip()):
            head = entry.partition(" \\")[0]
            assert seen.setdefault(head, entry) == entry, f"{lock.name}: {head}"
    names = [re.split(r"==| ;", head)[0] + (head.partition(";")[2]) for head in seen]
    assert len(set(names)) == len(names)


def _outside_of_the_allowed(text: str) -> str:
    flat = " ".join(text.split())
    for sentence in SAID_OF_NOTHING:
        flat = re.sub(re.escape(sentence), "", flat, flags=re.IGNORECASE)
    return flat


def test_no_text_gives_a_verdict(pages, root):
    """evenhand measures and records; it calls nothing and nobody compliant, unbiased or debiased."""
    texts = {page.where: page.text for page in pages}
    for path in (root / "src").rglob("*.json"):
        texts[path.relative_to(root).as_posix()] = json.dumps(json.loads(path.read_text(encoding="utf-8")))
    for path in [*(root / "src").rglob("*.html"), *(root / "src").rglob("*.jinja")]:
        texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    wrong = [
        f"{where}: ...{text[max(0, found.start() - 40) : found.end() + 20]}..."
        for where, whole in texts.items()
        for text in [_outside_of_the_allowed(whole)]
        for found in VERDICTS.finditer(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_page_names_a_machine(pages):
    """No absolute path of somebody's machine stands in a text."""
    wrong = [page.where for page in pages if re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", page.text)]
    assert not wrong, "\n".join(wrong)
