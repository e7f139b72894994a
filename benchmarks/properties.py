"""The tests of properties with many examples, drawn anew: `make test` draws few, and always the same ones.

Run: python benchmarks/properties.py [EXAMPLES]. Writes benchmarks/results/properties.json.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from ovcf_bench.provenance import machine

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "properties.json"


def properties() -> Iterator[str]:
    """Yield the tests whose number of examples stands in tests/examples.py."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "few" in map(ast.unparse, node.decorator_list):
                yield f"{path.relative_to(ROOT).as_posix()}::{node.name}"


def main() -> None:
    """Run them all; a failure is shown as pytest shows it, and nothing is written."""
    examples = sys.argv[1] if len(sys.argv) > 1 else "500"
    tests = list(properties())
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:costs", "--hypothesis-seed=14", f"--junit-xml={told}"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "OVCF_BENCH_EXAMPLES": examples}, check=True)
        seconds = [float(each.get("time", "nan")) for each in ET.parse(told).iter("testcase")]
    assert len(seconds) == len(tests)  # none was skipped
    result = {"examples": int(examples), "seconds": round(sum(seconds)), "passed": tests, **machine()}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
