"""What `plugins test` is asked to look at, by name or file, with parameters: found, or refused as a study would."""

import pytest
from plugin_trials import exit_code_of, model_checks_of

from ovcf_bench.errors import BenchError
from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing import plugin_checks


def test_unknown_parameters_are_refused_as_a_study_would(tmp_path):
    with pytest.raises(BenchError, match="Did you mean 'architecture'"):
        plugin_checks("timm", {"architectur": "resnet10t"})


def test_a_missing_parameter_is_named():
    with pytest.raises(BenchError, match="params lacks the key 'path'"):
        plugin_checks("manifest", {})


def test_a_file_that_is_named_like_a_plugin_is_proposed(tmp_path, monkeypatch):
    (path,) = new_plugin("model", "first", tmp_path, single_file=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError, match=r"Did you mean \./first\.py\?"):
        plugin_checks(path.stem)


def test_a_file_whose_plugin_is_named_like_an_installed_one_is_refused_as_a_run_would(tmp_path):
    with pytest.raises(BenchError, match="the name 'timm' is taken by ovcf-bench"):
        model_checks_of(tmp_path, ('name="brightest"', 'name="timm"'))


def test_nothing_that_could_be_looked_at_is_no_success(monkeypatch, capsys):
    monkeypatch.setattr("ovcf_bench.testing.plugin_checks", lambda *given, **named: [])
    assert exit_code_of("empty.py") == 1
    assert "Nothing of this plugin could be looked at" in capsys.readouterr().out
