"""What cannot be registered is told, and none is dropped."""

import textwrap

import pytest
from plugin_trials import WITH_PARAMS, write_with_params

from ovcf_bench.errors import PluginError
from ovcf_bench.hooks import registry


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("import json", "import sys; sys.exit(0)", "cannot be loaded: SystemExit"),
        ("params=Settings", "params=None", "params that are no class of parameters"),
        ("params=Settings", "params={}", "params that are no class of parameters"),
        ('name="mine"', "name=5", "5 is no name"),
        ("check=check", 'check=check, requires="sklearn"', "requires what are no modules: 'sklearn'"),
        ("check=check", 'check=check, requires=("scikit-learn",)', "requires what are no modules"),
        ('name="mine"', 'name="my model/1"', "'my model/1' is no name"),
        ("register_models(register)", "register_datasets(register)", "register(...) got ModelPlugin"),
        ("fit=fit", "fit=lambda *given: None", "model 'mine': fit is a lambda or stands inside another function"),
        ("check=check", "check=check, api=1", "'mine' has api=1"),
        ("    pass\n", "    n: 'Nowhere' = 1\n", "the parameters of 'mine' have a type that is not defined"),
        (
            "    register(",
            "    register(ModelPlugin(name='mine', params=Settings, summary='', fit=fit, load=load))\n    register(",
            "Register it once.",
        ),
    ],
)
def test_what_cannot_be_registered_is_told(tmp_path, old, new, said):
    with pytest.raises(PluginError) as error:
        registry.load([], [write_with_params(tmp_path, old, new)])
    assert said in textwrap.dedent(str(error.value))


def test_two_plugin_files_of_one_name_are_refused_and_none_is_dropped(tmp_path):
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(tmp_path / name / "mine.py")
        files[-1].write_text(WITH_PARAMS.replace('name="mine"', f'name="mine_{name}"'))
    with pytest.raises(PluginError, match="two of the plugin files have one name"):
        registry.load([], files)
    assert set(registry.load([], [files[0], files[0]]).models) == {"mine_a"}


def test_a_requirement_inside_an_absent_package_is_asked_for(tmp_path):
    path = write_with_params(tmp_path, "check=check", 'check=check, requires=("nowhere.inside",)')
    with pytest.raises(PluginError, match=r"needs nowhere\.inside"):
        registry.load([], [path]).model("mine")
