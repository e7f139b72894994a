import json
import logging

import jsonschema
import pytest
from click.testing import CliRunner

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError
from ovcf_bench.images import ImageCache, Preprocessing, as_uint16


def invoke(*arguments):
    result = CliRunner().invoke(ovcf_bench_command, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_every_command_is_listed_and_explains_itself_with_an_example():
    listed = invoke("--help").output
    for name in ("run", "plan", "check", "report", "plugins", "data", "cache", "schema"):
        assert f"\n  {name} " in listed
        assert invoke(name, "--help").exit_code == 0
    for name in ("run", "plan", "check", "report", "schema"):
        assert f"ovcf-bench {name}" in invoke(name, "--help").output


def test_an_unknown_command_gets_a_suggestion():
    assert "Did you mean 'plan'?" in invoke("plam").output


def test_plugins_are_listed_with_their_origin():
    rows = json.loads(invoke("plugins", "list", "--json").output)
    found = {(row["kind"], row["name"]) for row in rows if row["distribution"] == "ovcf-bench"}
    assert {("dataset", "manifest"), ("dataset", "phantom"), ("dataset", "dicom"), ("model", "timm")} <= found


@pytest.mark.parametrize("name", ["phantom", "manifest", "dicom", "timm"])
def test_a_plugin_shows_parameters_defaults_and_origin(name):
    shown = invoke("plugins", "show", name).output
    details = json.loads(invoke("plugins", "show", name, "--json").output)
    assert details["module"].startswith("ovcf_plugins.")
    for parameter in details["parameters"]:
        assert parameter["name"] in shown
        assert parameter["description"]


def test_an_unknown_plugin_gets_a_suggestion():
    with pytest.raises(BenchError, match="Did you mean 'timm'"):
        invoke("plugins", "show", "tim")


def test_the_schema_is_a_json_schema(tmp_path):
    schema = json.loads(invoke("schema").output)
    jsonschema.Draft202012Validator.check_schema(schema)
    invoke("schema", "--output", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == schema


def test_the_cache_is_listed_and_cleared(tmp_path):
    import numpy as np

    cache = ImageCache(tmp_path, 10**9)
    cache.put("k", as_uint16(np.zeros((8, 8), dtype=np.uint8)), Preprocessing(8, 8))
    del cache
    assert "8x8-letterbox: 1 image," in invoke("cache", "list", "--cache", tmp_path).output
    assert "Removed" in invoke("cache", "clear", "--cache", tmp_path).output
    assert "0 entries" in invoke("cache", "list", "--cache", tmp_path).output


def test_a_study_file_that_is_not_there_is_an_error_without_a_traceback(tmp_path):
    with pytest.raises(BenchError, match=r"cannot be read: No such file"):
        invoke("check", tmp_path / "absent.yaml")


def test_an_unexpected_error_names_its_kind_and_no_file(monkeypatch, capsys, caplog):
    from ovcf_bench.cli import main

    def fail(**options):
        raise ValueError("/data/planted_name.dcm")

    # A stand-in for the whole command: no mistake of ours is known that could be provoked.
    monkeypatch.setattr(main.ovcf_bench_command, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr().err
    assert ended.value.code == 70
    assert "unexpected ValueError" in said
    assert "planted_name" not in said
    monkeypatch.setattr(logging.getLogger("ovcf_bench"), "level", logging.DEBUG)  # as -v does
    with pytest.raises(SystemExit), caplog.at_level(logging.DEBUG, "ovcf_bench"):
        main.main()
    assert "planted_name" in caplog.text


def test_a_place_that_cannot_be_written_is_told_without_a_traceback_or_a_path(tmp_path, monkeypatch, capsys):
    from ovcf_bench.cli import main

    (tmp_path / "planted_name").write_text("a file, not a folder")
    place = str(tmp_path / "planted_name" / "x")
    monkeypatch.setattr("sys.argv", ["ovcf-bench", "plugins", "new", "model", "mine", "--to", place])
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "a file or folder cannot be used: Not a directory" in said
    assert "planted_name" not in said
