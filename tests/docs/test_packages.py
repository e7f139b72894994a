"""Packages written from the docs, outside the project: installed with pip, held against their contracts, and spoilt."""

import re
import subprocess
import sys

import pytest
from docs_reader import Reader

pytestmark = pytest.mark.slow

LOADING = "plugin 'my_net' of my-net: "
# Each takes something away from the model package as `plugins new` writes it, puts the mistake in its place, and must
# be told with these words: where it is, what was found, what to do. LINE is the number of the line with the mistake.
MISTAKES = {
    "a missing requirement": (
        "build=build,", 'build=build, requires=("monai_of_tomorrow",),',
        ("model plugin 'my_net': needs monai_of_tomorrow", "Install: pip install monai_of_tomorrow"),
    ),
    "another version of the API": (
        "build=build,", "build=build, api=(99,),",
        (f"{LOADING}'my_net' supports API 99", "This version offers API 1."),
    ),
    "a name that is taken": (
        'name="my_net"', 'name="timm"',
        (f"{LOADING}the name 'timm' is taken by ovcf-bench", "Rename it, or uninstall my-net"),
    ),
    "a misspelt hook": (
        "def register_models(", "def register_model(",
        (f"{LOADING}does not fit the hooks", "'register_model'", "Did you mean 'register_models'?"),
    ),
    "a misspelt argument of the hook": (
        "def register_models(register: Callable[[ModelPlugin], None]) -> None:",
        "def register_models(registrar: Callable[[ModelPlugin], None]) -> None:\n    register = registrar",
        (f"{LOADING}does not fit the hooks", "'registrar'", "Hooks: ", "register_models(register)"),
    ),
    "a hook without its mark": (
        "@hookimpl\n", "",
        (f"{LOADING}has no hook", "register_models(register)", "Each stands under @hookimpl."),
    ),
    "a syntax error": (
        "    return nn.Sequential(", "    return nn.Sequential((",
        (f"{LOADING}cannot be loaded: SyntaxError: '(' was never closed", "line LINE"),
    ),
    "an import that is not installed": (
        "from pydantic import", "import monai_of_tomorrow\nfrom pydantic import",
        (f"{LOADING}cannot be loaded", "No module named 'monai_of_tomorrow'", "Install: pip install monai_of_tomorrow"),
    ),
    "an argument that ModelPlugin has not": (
        "build=build", "built=build",
        (f"{LOADING}register_models failed", "unexpected keyword argument 'built'", "__init__.py, line "),
    ),
    "an exception in build": (
        "    width = params.width\n", "    width = params.widht\n",
        ("model 'my_net', build: AttributeError", "no attribute 'widht'", "(__init__.py, line LINE: width ="),
    ),
    "something that is no network": (
        "    return nn.Sequential(", "    nn.Sequential(",
        ("model 'my_net', build: returns NoneType", "fix:      Return a torch.nn.Module."),
    ),
    "outputs of another shape": (
        "context.n_targets)", "context.n_targets + 1)",
        ("model 'my_net', build: the network makes (2, 2) of images (2, 1, 64, 48)", "fix:      Wanted: logits (2, 1)"),
    ),
    "channels that are not the views": (
        "nn.Conv2d(context.n_views, width", "nn.Conv2d(3, width",
        ("model 'my_net', build, forward of its network", "to have 3 channels, but got 1 channels"),
    ),
    "weights from the clock": (
        "    width = params.width\n",
        "    width = params.width\n    import time\n    import torch\n    torch.manual_seed(time.time_ns())\n",
        ("FAILED  seed", "fitted twice with one seed, scores differ by", "Draw every random number from context.seed"),
    ),
    "a registration that is forgotten": (
        "    register(\n        ModelPlugin(", "    (\n        ModelPlugin(",
        (f"{LOADING}register_models registers nothing", "Call register(...) in it."),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Someone with an environment of their own, above the running one: others must not see what they install."""
    home = tmp_path_factory.mktemp("author")
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", home / "venv"], check=True)
    site = next((home / "venv").glob("lib/python*/site-packages"))
    parents = [path for path in sys.path if path.endswith("site-packages")]
    (site / "parents.pth").write_text("\n".join(f"import site; site.addsitedir({path!r})" for path in parents))
    program = home / "venv" / "bin"
    script = "#!{}/python\nimport sys\nfrom {} import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    (program / "ovcf-bench").write_text(script.format(program, "ovcf_bench.cli.main"))
    (program / "pytest").write_text(script.format(program, "pytest"))
    for name in ("ovcf-bench", "pytest"):
        (program / name).chmod(0o755)
    (home / "work").mkdir()
    author = Reader(home / "work", program)
    author.follow("how_to/model_plugin.md")
    author.follow("how_to/dataset_plugin.md")
    return author


def what_the_suite_says(reader):
    return subprocess.run(
        ["ovcf-bench", "plugins", "test", "my_net", "--set", "width=4"],
        cwd=reader.folder, env=reader.environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_packages_written_from_the_pages_are_installed_and_keep_their_contracts(reader):
    done = what_the_suite_says(reader)
    assert done.returncode == 0, done.stdout + done.stderr


def what_the_suite_says_of_mistakes(reader):
    """Make each mistake in turn; return by mistake what is said, and the words that it must be told with."""
    module = reader.folder / "my-net" / "my_net" / "__init__.py"
    right = module.read_text("utf-8")
    told, wanted = {}, {}
    for mistake, (old, new, words) in MISTAKES.items():
        assert right.count(old) == 1, mistake
        module.write_text(right.replace(old, new), "utf-8")
        done = what_the_suite_says(reader)
        told[mistake] = done.stdout + done.stderr
        assert done.returncode in (1, 2), f"{mistake}: {done.returncode}\n{told[mistake]}"
        print(f"--- {mistake}\n{told[mistake]}")
        line = right[: right.index(old)].count("\n") + 1
        wanted[mistake] = [each.replace("LINE", str(line)) for each in words]
    module.write_text(right, "utf-8")
    return told, wanted


def without_measurements(text):
    """What is wrong, without what differs from one run to the next: timings, memory, differences of scores."""
    wrong = [line for line in text.splitlines() if not line.startswith("  ok ")]
    return re.sub(r"\d[\d.]*(e[-+]?\d+)?", "#", "\n".join(wrong))


def test_every_mistake_in_an_installed_package_is_told_in_words_of_its_own(reader):
    told, wanted = what_the_suite_says_of_mistakes(reader)
    for mistake, words in wanted.items():
        assert [each for each in words if each not in told[mistake]] == [], f"{mistake}\n{told[mistake]}"
        alike = [other for other, text in told.items() if all(each in text for each in words)]
        assert alike == [mistake], "the same words would tell another mistake"
        assert "Traceback" not in told[mistake], f"{mistake}\n{told[mistake]}"
        assert len(told[mistake].splitlines()) <= 16, f"{mistake} is told more than once"
    assert len({without_measurements(text) for text in told.values()}) == len(MISTAKES) >= 12
