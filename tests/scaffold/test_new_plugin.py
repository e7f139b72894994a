"""The first version of a plugin: it keeps the contract, and overwrites nothing."""

import pytest
from plugin_trials import failures, write_images

from ovcf_bench.errors import BenchError
from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing import plugin_checks


@pytest.mark.usefixtures("server")  # one check starts a process
def test_the_models_first_version_keeps_the_contract(tmp_path):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    assert failures(plugin_checks(str(path), image_size=(32, 32))) == {}


def test_the_datasets_first_version_keeps_the_contract(tmp_path):
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    assert failures(plugin_checks(str(path), {"folder": str(write_images(tmp_path / "images"))})) == {}


def test_a_name_that_is_no_module_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(BenchError, match="small letters"):
        new_plugin("model", "My-Model", tmp_path, single_file=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["class", "torch", "timm"])
def test_a_name_that_python_or_another_package_uses_is_refused(tmp_path, name):
    with pytest.raises(BenchError, match=r"cannot name a Python module|is installed already"):
        new_plugin("model", name, tmp_path, single_file=False)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    path.write_text("mine")
    with pytest.raises(BenchError, match="is there already"):
        new_plugin("model", "first", tmp_path, single_file=True)
    assert path.read_text() == "mine"
