"""The recipes for contributors are true: each is followed in a copy of the tree, word by word."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_reader import Reader, blocks_of
from places import ROOT

PAGE = (ROOT / "docs" / "contributing" / "recipes.md").read_text("utf-8")
RECIPES = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
STATISTIC = "Add a statistic, with its table and its text"


class Contributor(Reader):
    """Someone with a copy of the tree whose code is what runs, and whose .venv is the running one."""

    def __init__(self, folder):
        super().__init__(folder, Path(sys.executable).parent)
        shutil.rmtree(folder / "studies")
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        for name in listed:
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        self.environment["PYTHONPATH"] = f"{folder}{os.pathsep}{folder / 'plugins'}"
        self.instead = {".venv/bin/": f"{self.program}/"}


@pytest.fixture
def contributor(tmp_path):
    return Contributor(tmp_path)


def touched(recipe):
    notes = (block["note"] or "" for block in blocks_of(RECIPES[recipe]))
    return {note.split(": ")[1] for note in notes if note.startswith(("file: ", "edit: "))}


def follow(contributor, recipe):
    contributor.do(blocks_of(RECIPES[recipe]), skip=("make",))  # .ci/run does what `make` does
    for name in touched(recipe):  # what a page shows is as tidy as what is committed
        if name.endswith(".py"):
            contributor.run(f".venv/bin/ruff check {name} && .venv/bin/ruff format --check {name}", (0,))


@pytest.mark.system
def test_a_statistic_is_added_with_its_table_and_its_text(contributor):
    follow(contributor, STATISTIC)
    (report,) = contributor.folder.glob("reports/comparisons/*/report.html")
    text = re.sub(r"<[^>]+>", "", report.read_text("utf-8"))
    assert "index and E90 [AustinSteyerberg2019]" in text
    assert re.search(r"ICI\s+E90", text)
    assert "`e90`" in (contributor.folder / "docs" / "reference" / "findings.md").read_text("utf-8")


@pytest.mark.system
@pytest.mark.parametrize("recipe", [each for each in RECIPES if each != STATISTIC])
def test_a_recipe_leads_where_it_says(contributor, recipe):
    follow(contributor, recipe)


def test_a_statistic_with_its_table_and_its_text_touches_at_most_four_files():
    program = {name for name in touched(STATISTIC) if name.startswith("ovcf_bench/") and name.endswith(".py")}
    assert len(program) <= 4
    assert touched(STATISTIC) - program == {"tests/stats/test_e90.py"}


def test_what_a_recipe_touches_is_there_or_made_by_it():
    for recipe in RECIPES:
        for block in blocks_of(RECIPES[recipe]):
            kind, _, name = (block["note"] or "").partition(": ")
            if kind in ("file", "edit"):
                assert (ROOT / name).exists() == (kind == "edit"), name
