"""Runs that are killed, stopped, extended or that fail in part."""

import json
import os
import signal
import time


def test_one_worker_that_is_killed_and_goes_on_gives_the_bytes_of_two(finished, project):
    started = project.start("run", "tiny.yaml", "--workers", "1", "--runs", "killed")
    deadline = time.monotonic() + 120
    while not list(project.home.glob("killed/units/*/epoch.pt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    assert len(list(project.home.glob("killed/units/*/unit.json"))) < 4
    project.command("run", "tiny.yaml", "--workers", "1", "--runs", "killed")
    assert (project.run_folder("killed") / "scores.csv").read_bytes() == (
        finished.run_folder() / "scores.csv"
    ).read_bytes()


def test_ctrl_c_stops_cleanly(project):
    started = project.start("run", "tiny.yaml", "--workers", "1", "--runs", "stopped")
    deadline = time.monotonic() + 120
    while not list(project.home.glob("stopped/units/*/epoch.pt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same `run` command goes on from there" in said
    assert "Traceback" not in said


def test_a_new_arm_trains_only_its_own_units(project):
    before = set(project.home.glob("reports/runs/units/*"))
    found = project.command("plan", "tiny.yaml", "--set", "arms.views=[ap, lateral, [ap, lateral]]", "--json")
    plan = json.loads(found.stdout)
    assert {(unit["arm"], unit["status"]) for unit in plan} == {
        ("ap/tiny", "cached"), ("lateral/tiny", "cached"), ("ap+lateral/tiny", "run"),
    }  # fmt: skip
    project.command("run", "tiny.yaml", "--set", "arms.views=[ap, lateral, [ap, lateral]]")
    assert len(set(project.home.glob("reports/runs/units/*")) - before) == 2


def test_a_failing_unit_is_shown_and_never_imputed(project):
    change = ("--set", "training.optimizer.learning_rate=1e30", "--set", "arms.views=[ap]", "--set", "comparisons=[]")
    before = set(project.home.glob("reports/runs/tiny-*"))
    found = project.command("run", "tiny.yaml", *change, "--set", "primary=null", expect=1)
    assert "the loss is" in found.stdout
    (folder,) = set(project.home.glob("reports/runs/tiny-*")) - before
    findings = json.loads((folder / "findings.json").read_text())
    assert findings["sets"]["internal"]["arms"]["ap/tiny"]["auroc"] is None
    assert "units failed" in (folder / "report.html").read_text()
