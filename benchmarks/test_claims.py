"""Lists every claim of the tests (a test's name) before and after a change: where it stands, in which set, how often.

A claim that was renamed, or merged into another one, is named in a CSV `before,after,reason`; one that is gone is an
error. Both trees are collected by pytest.

    python benchmarks/test_claims.py --before COMMIT
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "test_claims.csv"
SETS = {"slow": "slow", "system": "system and not slow", "default": "not system and not slow"}
MARKERS = "markers=slow: -\nsystem: -"  # an older tree may lack one, which pytest refuses


def collected(tree: Path, expression: str, *arguments: str) -> Counter:
    """Return (test, file) and its number of cases."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", MARKERS, "-m", expression, *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'plugins'}"}  # the tree's own code
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 5):  # 5: no test is in this set
        raise SystemExit(f"{tree} cannot be collected:\n{done.stdout[-2000:]}")
    said = done.stdout
    nodes = [line.split("::") for line in said.splitlines() if "::" in line and not line.startswith(" ")]
    return Counter((name.partition("[")[0], file) for file, name, *_ in nodes)


def claims(tree: Path) -> dict[tuple[str, str], tuple[int, str]]:
    """Return (test, file) -> cases, set; the end-to-end tests are collected as `make test-wheel` does."""
    found = {}
    apart = (tree / "tests" / "end_to_end" / "pytest.ini").exists()
    for name, expression in SETS.items():
        for claim, cases in collected(tree, expression).items():
            found[claim] = (cases, name)
        for (test, file), cases in (collected(tree, expression, "tests/end_to_end") if apart else {}).items():
            found[test, f"tests/end_to_end/{Path(file).name}"] = (cases, f"{name}, wheel")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True, help="a commit")
    parser.add_argument("--renamed", type=Path, default=ROOT / "benchmarks" / "results" / "test_claims_renamed.csv")
    options = parser.parse_args()
    with options.renamed.open(newline="") as file:
        renamed = {row["before"]: row for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "worktree", "add", "-f", folder, options.before], cwd=ROOT, check=True)
        before = claims(Path(folder))
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)
    now = claims(ROOT)
    rows, lost, taken = [], [], set()
    for (test, file), (cases, set_before) in sorted(before.items(), key=lambda each: each[0][::-1]):
        change = renamed.get(test, {"after": test, "reason": ""})
        wanted = test if test in {name for name, _ in now} else change["after"]
        candidates = [each for each in now if each[0] == wanted]
        # Several files may make one claim: the one whose path is most alike.
        place = max(candidates, key=lambda each: len({*each[1].split("/")} & {*file.split("/")}), default=None)
        if place is None:
            lost.append(f"{file}::{test}")
            rows.append((test, file, cases, set_before, "", "", 0, "", "lost"))
            continue
        taken.add(place)
        rows.append((test, file, cases, set_before, *place, *now[place], change["reason"]))
    rows += [("", "", "", "", *place, *now[place], "new") for place in sorted({*now} - taken)]
    with RESULT.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("before", "file", "cases", "set", "now", "file_now", "cases_now", "set_now", "reason"))
        lines.writerows(rows)
    fewer = [row for row in rows if row[2] != "" and row[6] < row[2]]
    print(f"{len(before)} claims before, {len(now)} now, {len(lost)} lost, {len(fewer)} with fewer cases")
    print(*lost, *(f"fewer cases: {row[1]}::{row[0]} {row[2]} -> {row[6]}" for row in fewer), sep="\n")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
