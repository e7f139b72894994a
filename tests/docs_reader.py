"""Someone who does what a page says: types its commands, writes its files, makes its edits."""

import os
import re
import shutil
import subprocess

from places import ROOT

BLOCK = re.compile(r"(?:<!-- (?P<note>.*?) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


def blocks(page):
    return blocks_of((ROOT / "docs" / page).read_text("utf-8"))


def blocks_of(text):
    return [match.groupdict() for match in BLOCK.finditer(text)]


class Reader:
    """Someone who does what a page says, in an empty folder with the studies of the project beside it."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        shutil.copytree(ROOT / "studies", folder / "studies")
        private = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
        path = f"{program}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, **private, "PATH": path, "COLUMNS": "160"}
        self.instead = {}  # what is typed for what stands there

    def follow(self, page, skip=()):
        self.do(blocks(page), skip)

    def do(self, what, skip=()):
        for block in what:
            note = block["note"] or ""
            if note.startswith("file: "):
                (self.folder / note.removeprefix("file: ")).write_text(block["text"])
            elif note.startswith("edit: "):
                self.edit(self.folder / note.removeprefix("edit: "), block["text"])
            elif block["kind"] == "sh":
                codes = (0, 1) if note.startswith("exit code: 0 or 1") else (0,)
                for line in block["text"].splitlines():
                    if not line.startswith(skip):
                        self.run(line, codes)

    def run(self, line, codes):
        for written, typed in self.instead.items():
            line = line.replace(written, typed)
        found = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=580
        )
        assert found.returncode in codes, f"{line}\n{found.stdout[-3000:]}\n{found.stderr[-3000:]}"

    def edit(self, path, difference):
        """Change a file as a diff without line numbers says; what it takes away must stand there."""
        lines = difference.splitlines()
        old = "\n".join(line[1:] for line in lines if line[:1] in "- ")
        new = "\n".join(line[1:] for line in lines if line[:1] in "+ ")
        text = path.read_text()
        assert old in text, "the page changes lines that are not there"
        path.write_text(text.replace(old, new))
