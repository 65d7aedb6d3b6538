"""The page on fairness without looking does what it shows."""

from __future__ import annotations


def test_the_example_of_the_page_runs(pages):
    """Its Python block runs as it stands, its own assertions included."""
    page = next(page for page in pages if page.where.endswith("fair-without-looking.md"))
    blocks = [block for _, block in page.blocks("python")]
    assert len(blocks) == 1
    names: dict[str, object] = {}
    exec(compile(blocks[0], page.where, "exec"), names)  # the page is ours
    assert names["fit"].assessment.held
