"""Trackers are told what happens in a run, and blamed by name."""

from pathlib import Path

import pytest
from plugin_trials import exit_code_of

from ovcf_bench.hooks.files import load_file

TRACKER = """
from pathlib import Path

from ovcf_bench.api import hookimpl

SEEN = []


@hookimpl
def unit_event(event):
    SEEN.append((event.kind, *sorted(event.values)))
    Path("losses.csv").write_text(str(event.values.get("loss")))
"""


def test_a_tracker_is_told_of_two_units_and_leaves_nothing_behind(tmp_path, capsys, monkeypatch):
    (tmp_path / "track.py").write_text(TRACKER)
    monkeypatch.chdir(tmp_path)
    assert exit_code_of("track.py") == 0
    assert "2 of 2 checks passed." in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["track.py"]
    epoch = ("epoch", "epoch", "epochs", "images_per_second", "kind", "learning_rate", "loss")
    step = ("step", "done", "kind", "loss")
    told = load_file(Path("track.py")).SEEN
    assert told == [("start",), step, epoch, epoch, ("end",), ("start",), ("failed", "reason")]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("event.values['step']", "KeyError: 'step'"),
        ("event.kind != 'failed' or __import__('sys').exit(0)", "SystemExit: 0"),
    ],
)
def test_a_tracker_that_raises_is_named_with_its_line_and_exit_code_1(tmp_path, capsys, mistake, said):
    (tmp_path / "track.py").write_text(f"{TRACKER}    {mistake}\n")
    assert exit_code_of(tmp_path / "track.py") == 1
    out = capsys.readouterr().out
    assert "tracker 'track', unit_event" in out
    assert said in out
    assert f"(track.py, line 13: {mistake})" in out
