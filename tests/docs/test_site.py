"""README and docs make a static site without a warning, in which every link leads somewhere."""

import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

import pytest
from places import ROOT

pytestmark = pytest.mark.system

PARTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "studies", "benchmarks/results", "reports/example")


def build(root, folder):
    """As `make docs` does."""
    asked = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "sphinx" in line)
    options = asked.split("-m sphinx ")[1].split()
    assert options[-1] == "site"
    command = [sys.executable, "-m", "sphinx", *options[:-1], folder]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def project(tmp_path):
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile)(ROOT / part, made(tmp_path / "project" / part))
    return tmp_path / "project"


def made(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_the_site_is_built_without_a_warning_and_every_link_leads_somewhere(project, tmp_path):
    site = tmp_path / "site"
    done = build(project, site)
    assert done.returncode == 0, done.stderr
    pages = [page for page in site.rglob("*.html") if page.name not in ("search.html", "genindex.html")]
    written = {path.stem for path in (ROOT / "docs").glob("*/*.md")}
    assert {page.stem for page in pages} == written | {"README", "index", "CONTRIBUTING", "CHANGELOG"}
    lost = []
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"]+)"', page.read_text("utf-8")):
            path, _, anchor = unquote(link).partition("#")
            if "://" in link or link.startswith(("mailto:", "data:")):
                continue
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            if not target.exists() or (anchor and f'id="{anchor}"' not in target.read_text("utf-8")):
                lost.append((page.name, link))
    assert not lost


def test_a_link_that_leads_nowhere_stops_the_site(project, tmp_path):
    page = project / "docs" / "how_to" / "dicom.md"
    page.write_text(page.read_text("utf-8") + "\nSee [this](no_such_page.md).\n", "utf-8")
    done = build(project, tmp_path / "site")
    assert done.returncode != 0
    assert "no_such_page.md" in done.stderr
