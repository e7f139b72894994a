import sys
import textwrap
from importlib.metadata import EntryPoint, entry_points

import pytest
from places import ROOT

from ovcf_bench.errors import PluginError
from ovcf_bench.hooks import registry


class Distribution:
    """Only the name of a distribution matters here; a real one would need an installation per test."""

    def __init__(self, name):
        self.name = name


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Write a plugin module and return its entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name, source, distribution="some-package"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        sys.modules.pop(name, None)
        entry = EntryPoint(name, name, registry.GROUP)
        vars(entry).update(dist=Distribution(distribution))
        return entry

    return write


GOOD = """
from ovcf_bench.api import DatasetPlugin, Params, hookimpl
from places import ROOT

class Settings(Params):
    path: str = "x"

def open_nothing(params, folder):
    return None

@hookimpl
def register_datasets(register):
    register(DatasetPlugin(name="NAME", params=Settings, summary="s", open=open_nothing))
"""


def test_one_broken_plugin_is_named_and_the_others_go_on(plugin):
    good = plugin("good", GOOD.replace("NAME", "mine"), "good-package")
    broken = plugin("broken", "raise RuntimeError('no such thing')", "broken-package")
    found = registry.load([broken, good])
    assert list(found.datasets) == ["mine"]
    (problem,) = found.problems
    assert "broken-package" in problem.where
    assert "RuntimeError: no such thing" in problem.found


def test_a_misspelt_hook_is_reported(plugin):
    found = registry.load([plugin("typo", GOOD.replace("register_datasets", "register_dataset"), "typo-package")])
    (problem,) = found.problems
    assert "typo-package" in problem.where
    assert "register_dataset" in problem.found


def test_a_misspelt_argument_of_a_hook_is_reported(plugin):
    source = GOOD.replace("def register_datasets(register)", "def register_datasets(registers)")
    (problem,) = registry.load([plugin("argument", source)]).problems
    assert "registers" in problem.found


def test_an_exception_while_registering_is_reported(plugin):
    source = "from ovcf_bench.api import hookimpl\n@hookimpl\ndef register_models(register):\n    1 / 0\n"
    (problem,) = registry.load([plugin("raises", source)]).problems
    assert "register_models failed: ZeroDivisionError" in problem.found


def test_a_name_given_twice_names_both_distributions(plugin):
    first = plugin("a_first", GOOD.replace("NAME", "same"), "first-package")
    second = plugin("b_second", GOOD.replace("NAME", "same"), "second-package")
    found = registry.load([first, second])
    assert found.datasets["same"].distribution == "first-package"
    (problem,) = found.problems
    assert "second-package" in problem.where
    assert "first-package" in problem.found


def test_a_plugin_for_another_api_is_refused(plugin):
    source = GOOD.replace('summary="s"', 'summary="s", api=(99,)')
    found = registry.load([plugin("future", source)])
    assert not found.datasets
    assert "supports API 99" in found.problems[0].found


def test_a_missing_requirement_says_how_to_install_it(plugin):
    source = GOOD.replace('summary="s"', 'summary="s", requires=("no_such_library",)').replace("NAME", "needy")
    found = registry.load([plugin("needy", source)])
    with pytest.raises(PluginError, match="pip install no_such_library"):
        found.dataset("needy")


def test_an_unknown_plugin_gets_a_suggestion():
    with pytest.raises(PluginError, match="Did you mean 'phantom'"):
        registry.load().dataset("phantm")


def test_the_bundled_plugins_are_registered_as_the_project_declares():
    import tomllib

    declared = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())
    expected = declared["project"]["entry-points"]["ovcf_bench"]
    installed = {each.name: each.value for each in entry_points(group=registry.GROUP) if each.dist.name == "ovcf-bench"}
    assert installed == expected
    found = registry.load()
    assert not found.problems
    trackers = {"tensorboard", "mlflow"}  # they watch, and register nothing
    assert {*found.datasets, *found.models} == {*expected} - trackers
