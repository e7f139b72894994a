"""Writes what `--costs FILE` measured into the page on tests, and test by test beside the benchmarks: `make costs`."""

import csv
import json
import os
import platform
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "contributing" / "tests.md"
EVERY_TEST = ROOT / "benchmarks" / "results" / "test_costs.csv"
BEGIN, END = "<!-- made by `make costs` -->\n", "<!-- end -->\n"
NAMED = 20  # of the dearest tests


def by_function(tests):
    """Return (file, function) -> the seconds of its cases."""
    found = defaultdict(list)
    for name, _, seconds in tests:
        file, _, function = name.partition("::")
        found[file, function.partition("[")[0]].append(seconds)
    return found


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|---" * (len(head) - 1) + "|---:|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def written(measured):
    functions = by_function(measured["tests"])
    files = defaultdict(list)
    for (file, _), seconds in functions.items():
        files[file] += seconds
    shared = sorted(measured["fixtures"], key=lambda each: -each[1])
    total = sum(map(sum, files.values()))
    dearest = sorted(measured["tests"], key=lambda each: -each[2])[:NAMED]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return (
        f"{len(measured['tests'])} default tests cost {total:.0f} CPU seconds and their shared fixtures "
        f"{sum(seconds for _, seconds in shared):.0f}; measured {datetime.now(UTC):%Y-%m-%d} on {machine}.\n\n"
        + table(
            ("File", "Tests", "CPU s"),
            [(f"`{file}`", str(len(each)), f"{sum(each):.1f}") for file, each in sorted(files.items())],
        )
        + "\n"
        + table(("Shared fixture", "CPU s"), [(f"`{name}`", f"{cost:.1f}") for name, cost in shared if cost >= 0.1])
        + "\n"
        + table(("The dearest tests", "CPU s"), [(f"`{shorter(name)}`", f"{cost:.1f}") for name, _, cost in dearest])
    )


def shorter(name):
    """A test's name without what Markdown would take for a table or the end of code."""
    file, _, function = name.partition("::")
    return f"{Path(file).stem}::{function.partition('[')[0]}"


def main(path):
    measured = json.loads(Path(path).read_text())
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(before + BEGIN + written(measured) + END + rest.split(END)[1], "utf-8")
    with EVERY_TEST.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("file", "test", "cases", "cpu_seconds"))
        for (path, function), seconds in sorted(by_function(measured["tests"]).items()):
            lines.writerow((path, function, len(seconds), f"{sum(seconds):.2f}"))


if __name__ == "__main__":
    main(sys.argv[1])
