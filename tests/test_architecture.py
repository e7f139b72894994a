import ast
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from places import ROOT

SOURCES = sorted([*ROOT.glob("ovcf_bench/**/*.py"), *ROOT.glob("plugins/**/*.py")])


def test_imports_go_down_only():
    pytest.importorskip("importlinter")
    found = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def test_no_module_is_over_400_lines():
    assert not [path.name for path in SOURCES if len(path.read_text("utf-8").splitlines()) > 400]


def test_no_function_is_over_60_lines():
    long = [
        f"{path.name}:{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno + 1 > 60
    ]
    assert not long


def test_no_module_has_a_name_that_says_nothing():
    assert not [path for path in SOURCES if path.stem in ("utils", "helpers", "common", "misc")]


def modules_after(*arguments):
    code = (
        "import sys\n"
        "from ovcf_bench.cli.main import main\n"
        f"sys.argv = ['ovcf-bench', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\nMODULES', ' '.join(sys.modules))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(found.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("arguments", [("--help",), ("plugins", "list"), ("run", "--help"), ("schema",)])
def test_quick_commands_load_neither_torch_nor_pandas(arguments):
    assert not modules_after(*arguments) & {"torch", "timm", "pandas", "numpy"}


def seconds(command):
    begun = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - begun


@pytest.mark.slow
def test_help_costs_at_most_120_ms_over_an_empty_python():
    bare, helped = [], []
    for _ in range(20):  # in turns, so that a busy machine slows both
        bare.append(seconds([sys.executable, "-c", "pass"]))
        helped.append(seconds([str(Path(sys.executable).with_name("ovcf-bench")), "--help"]))
    assert statistics.median(helped) - statistics.median(bare) <= 0.120


def test_the_page_on_the_design_shows_the_floors_that_are_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    page = (ROOT / "docs" / "explanation" / "design.md").read_text("utf-8")
    assert page.split("```\n")[1].splitlines() == [layer.replace(" : ", " | ") for layer in layers]
