"""Plugins that end the process."""

import pytest
from plugin_trials import exit_code_of, model_checks_of

from ovcf_bench.errors import BenchError


@pytest.mark.parametrize("code", ["0", "1", "'SECRET'"])
def test_a_plugin_that_ends_the_process_fails_and_the_other_checks_go_on(tmp_path, capsys, code):
    changes = ("    return Fitted(20.0", f"    import sys\n    sys.exit({code})\n    return Fitted(20.0")
    model_checks_of(tmp_path, changes)
    assert exit_code_of(tmp_path / "fits.py") == 1
    said = capsys.readouterr().out
    assert "model 'brightest', fit: SystemExit" in said
    assert f"(fits.py, line 23: sys.exit({code}))" in said
    assert "1 of 10 checks passed." in said


def test_a_plugin_that_ends_the_process_while_it_registers_is_named(tmp_path):
    ends = ("    register(", "    import sys\n    sys.exit(0)\n    register(")
    with pytest.raises(BenchError, match=r"register_models ends the process \(fits.py, line 32: sys.exit\(0\)\)"):
        model_checks_of(tmp_path, ends)
