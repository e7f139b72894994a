"""Packages written from the docs, outside the project: installed with pip, held against their contracts, and spoilt."""

import subprocess
import sys

import pytest
from docs_reader import Reader

pytestmark = pytest.mark.slow

# Each takes something away from the model package as `plugins new` writes it, and puts the mistake in its place.
MISTAKES = {
    "a missing requirement": ("build=build,", 'build=build, requires=("monai_of_tomorrow",),'),
    "another version of the API": ("build=build,", "build=build, api=(99,),"),
    "a name that is taken": ('name="my_net"', 'name="timm"'),
    "a misspelt hook": ("def register_models(", "def register_model("),
    "a misspelt argument of the hook": (
        "def register_models(register: Callable[[ModelPlugin], None]) -> None:",
        "def register_models(registrar: Callable[[ModelPlugin], None]) -> None:\n    register = registrar",
    ),
    "a hook without its mark": ("@hookimpl\n", ""),
    "a syntax error": ("    return nn.Sequential(", "    return nn.Sequential(("),
    "an import that is not installed": ("from pydantic import", "import monai_of_tomorrow\nfrom pydantic import"),
    "an argument that ModelPlugin has not": ("build=build", "built=build"),
    "an exception in build": ("    width = params.width\n", "    width = params.widht\n"),
    "something that is no network": ("    return nn.Sequential(", "    nn.Sequential("),
    "outputs of another shape": ("context.n_targets)", "context.n_targets + 1)"),
    "channels that are not the views": ("nn.Conv2d(context.n_views, width", "nn.Conv2d(3, width"),
    "weights from the clock": (
        "    width = params.width\n",
        "    width = params.width\n    import time\n    import torch\n    torch.manual_seed(time.time_ns())\n",
    ),
    "a registration that is forgotten": ("    register(\n        ModelPlugin(", "    (\n        ModelPlugin("),
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


def test_every_mistake_in_an_installed_package_is_told_in_words_of_its_own(reader):
    module = reader.folder / "my-net" / "my_net" / "__init__.py"
    right = module.read_text("utf-8")
    told = {}
    for mistake, (old, new) in MISTAKES.items():
        assert right.count(old) == 1, mistake
        module.write_text(right.replace(old, new), "utf-8")
        done = what_the_suite_says(reader)
        told[mistake] = done.stdout + done.stderr
        assert done.returncode in (1, 2), f"{mistake}: {done.returncode}\n{told[mistake]}"
        assert "Traceback" not in told[mistake], f"{mistake}\n{told[mistake]}"
        assert "my_net" in told[mistake] or "my-net" in told[mistake], f"{mistake}\n{told[mistake]}"
        print(f"--- {mistake}\n{told[mistake]}")
    module.write_text(right, "utf-8")
    assert len(set(told.values())) == len(MISTAKES) >= 12
    assert max(len(text.splitlines()) for text in told.values()) <= 16, "a mistake is told once"
