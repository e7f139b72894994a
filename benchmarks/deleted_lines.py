"""Deletes single lines of the program, one at a time, and looks whether the default tests notice.

Works on a copy of the tree. The tests of the room run first, the whole default set only when those notice nothing.

    python benchmarks/deleted_lines.py
"""

import argparse
import ast
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "deleted_lines.json"
DEFAULT = ["-m", "not system and not slow", "-x", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "worksteal"]
# What the line does, its file, the line, and the tests that should notice.
LINES = (
    ("splits", "ovcf_bench/splits.py", 'problems.append(Problem("splits", found, advice))', "tests/test_splits.py"),
    ("splits", "ovcf_bench/splits.py", "fold[order] = np.arange(len(chosen)) % folds", "tests/test_splits.py"),
    ("DeLong variance", "ovcf_bench/stats/auroc.py", "halves *= 0.5", "tests/stats"),
    ("DeLong variance", "ovcf_bench/stats/auroc.py", "halves[1:] += through[:-1]", "tests/stats"),
    ("key", "ovcf_bench/plan.py", '"seed": study.document.seed,', "tests/test_plan.py"),
    ("key", "ovcf_bench/plan.py", "text.update(repr(row).encode())", "tests/runner"),
    ("pseudonyms", "ovcf_bench/pseudonyms.py", "return identifier", "tests/test_pseudonyms.py"),
    ("pseudonyms", "ovcf_bench/cohort/contract.py", 'text = text.replace(known, "...")', "tests/runner"),
    (
        "report numbers",
        "ovcf_bench/report/sections/discrimination.py",
        "Cell(interval(result.ci), note=footnotes.letter(several)),",
        "tests/report",
    ),
    ("report numbers", "ovcf_bench/findings/answer.py", "parts.append(Part(text[end:]))", "tests/report"),
    ("eligibility", "ovcf_bench/cohort/eligibility.py", "kept &= ~leaves", "tests/cohort"),
    ("eligibility", "ovcf_bench/cohort/eligibility.py", "continue", "tests/cohort"),
    ("cache", "ovcf_bench/images/cache.py", "self._evict(wanted)", "tests/images"),
    ("cache", "ovcf_bench/images/cache.py", "held.slab.write(row, resize(image, preprocessing))", "tests/images"),
    ("resume", "ovcf_bench/training/loop.py", "part.load_state_dict(state[name])", "tests/training"),
    (
        "resume",
        "ovcf_bench/training/loop.py",
        'self.epoch, self.history, self.best = state["epoch"], list(state["history"]), state["best"]',
        "tests/training",
    ),
    ("fusion", "ovcf_bench/plan.py", "found[arm.name] = wanted", "tests/runner"),
    (
        "fusion",
        "ovcf_bench/runner/execute.py",
        'fail(unit, "a unit whose scores it combines has failed")',
        "tests/runner",
    ),
    (
        "calibration",
        "ovcf_bench/stats/calibration.py",
        "coefficients[0] -= float(np.sum(coefficients * centre))",
        "tests/stats",
    ),
    ("calibration", "ovcf_bench/stats/calibration.py", "scores[each] -= scores[each].mean(axis=0)", "tests/stats"),
)


def without(text: str, line: str) -> str:
    """Return the module without its first such line; where that leaves a block empty, it holds `pass`."""
    lines = text.splitlines(keepends=True)
    at = next(number for number, each in enumerate(lines) if each.strip() == line)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    for left in ("", f"{indent}pass\n"):
        changed = "".join([*lines[:at], left, *lines[at + 1 :]])
        try:
            ast.parse(changed)
        except SyntaxError:
            continue
        return changed
    raise SystemExit(f"without this line the module is no Python: {line}")


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """Run default tests in the copy; return the first that fails, or None."""
    environment = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'plugins'}"}
    command = [sys.executable, "-m", "pytest", *DEFAULT, *tests]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if re.match(r"(FAILED|ERROR) tests/", line)]
    # Stopping at the first failure, parallel tests end with 1 or 2.
    if done.returncode not in (0, 1, 2) or bool(said) != bool(done.returncode):
        raise SystemExit(f"the tests could not be run (exit code {done.returncode}): {done.stdout[-2000:]}")
    return said[0] if said else None


def copied(folder: Path) -> Path:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="lines of this kind")
    only = parser.parse_args().only
    found = json.loads(RESULT.read_text("utf-8"))["lines"] if only else []
    found = [each for each in found if each["kind"] != only]
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        if only is None and (failed := first_failure(copy, [])):
            raise SystemExit(f"the default set fails as it is: {failed}")
        for kind, file, line, tests in LINES:
            if only not in (None, kind):
                continue
            right = (copy / file).read_text("utf-8")
            (copy / file).write_text(without(right, line), "utf-8")
            begun = time.monotonic()
            noticed = first_failure(copy, [tests]) or first_failure(copy, [])
            (copy / file).write_text(right, "utf-8")
            found.append({"kind": kind, "file": file, "line": line, "noticed_by": noticed})
            print(f"{time.monotonic() - begun:5.0f} s  {kind}: {line}\n         {noticed}", flush=True)
    order = [kind for kind, *_ in LINES]
    found.sort(key=lambda each: order.index(each["kind"]))
    noticed = sum(each["noticed_by"] is not None for each in found)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    result = {"deleted": len(found), "noticed": noticed, "machine": machine, "lines": found}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
