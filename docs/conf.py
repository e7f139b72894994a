"""Builds these pages, as they are read on the forge, into a static site: `make docs`."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
SECTIONS = {
    "tutorial": "Tutorial",
    "how_to": "How to",
    "explanation": "Explanation",
    "reference": "Reference",
    "contributing": "Contributing",
}

project = "ovcf-bench"
html_title = "ovcf-bench"
html_theme = "furo"
html_show_copyright = False
html_copy_source = False
extensions = ["myst_parser"]
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{folder}/*.md" for folder in SECTIONS)]
exclude_patterns = [".*", "reports", "site", "tests", "benchmarks", "ovcf_bench", "plugins", "studies"]  # not walked
root_doc = "README"
myst_heading_anchors = 3
nitpicky = True


def _add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Give the first page what the forge shows as folders: the list of all pages."""
    if page != root_doc:
        return
    for folder, caption in SECTIONS.items():
        pages = sorted(
            path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs" / folder).glob("*.md")
        )
        source[0] += "\n\n```{toctree}\n" + f":hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"
    source[0] += "\n\n```{toctree}\n:hidden:\n\nCONTRIBUTING\nCHANGELOG\n```\n"


def _add_front_page(app: Sphinx, error: Exception | None) -> None:
    """Let the site open where browsers and servers look first."""
    if error is None:
        shutil.copyfile(app.outdir / f"{root_doc}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Let Sphinx call what is defined here."""
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _add_front_page)
