"""Trackers write what units tell, and nothing unless they are asked to."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from ovcf_plugins.trackers import mlflow as mlflow_tracker
from ovcf_plugins.trackers import tensorboard as tensorboard_tracker

from ovcf_bench.api import UnitEvent, hookimpl
from ovcf_bench.data.settings import Silent
from ovcf_bench.hooks import registry
from ovcf_bench.runner.watchers import Watchers


def tell(arm="ap/net", reason=None, epochs=3):
    """The events of one unit, as the runner sends them."""
    plugins = registry.load()
    events = [UnitEvent("start", arm, 0, 1)]
    for epoch in range(1, epochs + 1):
        values = {"epoch": epoch, "epochs": epochs, "loss": 1 / epoch, "learning_rate": 0.1, "images_per_second": 9.0}
        events.append(UnitEvent("epoch", arm, 0, 1, {**values, "tuning_auroc": float("nan")}))
    events.append(UnitEvent("failed", arm, 0, 1, {"reason": reason}) if reason else UnitEvent("end", arm, 0, 1))
    return [problem for event in events for problem in plugins.notify(event)]


def test_nothing_is_imported_or_written_unless_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(tensorboard_tracker.FOLDER, raising=False)
    monkeypatch.delenv(mlflow_tracker.FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    before = {name for name in sys.modules if name.startswith(("tensorboard", "mlflow"))}
    assert tell() == []
    assert {name for name in sys.modules if name.startswith(("tensorboard", "mlflow"))} == before
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True)
class Written:
    """What each tracker that is installed has written of one unit that ended, and of one that failed."""

    folder: Path
    disabled: str | None  # what MLflow reads of its environment before it reports its use

    @property
    def store(self):
        return self.folder / "mlflow" / "mlflow.db"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries' own imports
        patch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
        for tracker, package in ((tensorboard_tracker, "tensorboard"), (mlflow_tracker, "mlflow")):
            patch.delenv(tracker.FOLDER, raising=False)
            if find_spec(package):
                patch.setenv(tracker.FOLDER, str(folder / package))
        assert tell() == []
        assert tell(arm="lateral/net", reason="the loss is nan") == []
        return Written(folder, os.environ.get("MLFLOW_DISABLE_TELEMETRY"))


@pytest.mark.filterwarnings("ignore")  # of the library's own imports
def test_tensorboard_reads_the_curves_of_every_unit(written):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = written.folder / "tensorboard"
    read = EventAccumulator(str(folder / "ap_net_fold_2")).Reload()
    assert [(each.step, pytest.approx(each.value)) for each in read.Scalars("loss")] == [(1, 1), (2, 0.5), (3, 1 / 3)]
    assert "tuning_auroc" not in read.Tags()["scalars"]
    failed = EventAccumulator(str(folder / "lateral_net_fold_2")).Reload()
    (said,) = failed.Tensors("failed")
    assert said.tensor_proto.string_val[0].decode() == "the loss is nan"
    assert failed.SummaryMetadata("failed").plugin_data.plugin_name == "text", "or no tab of TensorBoard shows it"
    assert not [path for path in folder.rglob("*") if socket.gethostname() in path.name]


def runs_in(store):
    """The runs of the experiment in an MLflow store."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{store}")
    (experiment,) = [each for each in client.search_experiments() if each.name == "ovcf-bench"]
    return client, client.search_runs([experiment.experiment_id])


@pytest.mark.filterwarnings("ignore")  # of the library's own imports
def test_mlflow_reads_the_curves_of_every_unit(written):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    client, found = runs_in(written.store)
    runs = {each.data.tags["arm"]: each for each in found}
    assert {arm: each.info.status for arm, each in runs.items()} == {"ap/net": "FINISHED", "lateral/net": "FAILED"}
    history = client.get_metric_history(runs["ap/net"].info.run_id, "loss")
    assert [(each.step, each.value) for each in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert runs["lateral/net"].data.tags["reason"] == "the loss is nan"
    assert socket.gethostname().encode() not in written.store.read_bytes()


def test_mlflow_is_told_to_report_nothing_of_its_use(written):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    assert written.disabled == "true"


_MLFLOW_ALONE = """
import sys, time
asked = []
sys.addaudithook(lambda event, what: event in ("socket.connect", "socket.getaddrinfo") and asked.append(what))
from ovcf_bench.hooks import registry
from ovcf_bench.api import UnitEvent
plugins = registry.load()
for kind in ("start", "end"):
    problems = plugins.notify(UnitEvent(kind, "ap/net", 0, 0))
    assert not problems, problems
time.sleep(1)  # reports of use are sent by a thread
print(asked)
"""


@pytest.mark.system
def test_mlflow_asks_no_server(tmp_path):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    environment = {**os.environ, mlflow_tracker.FOLDER: str(tmp_path)}
    for name in ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS"):  # under which MLflow reports nothing anyway
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", _MLFLOW_ALONE], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("tracker", "package", "extra"),
    [(tensorboard_tracker, "tensorboard.compat.proto", "tensorboard"), (mlflow_tracker, "mlflow", "mlflow")],
)
def test_a_tracker_without_its_package_says_how_to_install_it_and_the_study_goes_on(
    tmp_path, monkeypatch, tracker, package, extra
):
    monkeypatch.setenv(tracker.FOLDER, str(tmp_path))
    monkeypatch.setitem(sys.modules, package, None)  # what an absent package looks like to `import`
    problems = tell()
    assert len(problems) == 1, "it is told once, and the tracker not asked again"
    assert f'pip install "ovcf-bench[{extra}]"' in str(problems[0])
    assert "mistake of the plugin" not in str(problems[0]), "nobody but the user can install it"


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


class Slow:
    """A watching plugin that does not return until it may."""

    def __init__(self):
        self.may, self.seen = threading.Event(), []

    @hookimpl
    def unit_event(self, event):
        self.may.wait(30)
        self.seen.append(event.fold)


def watched_by(plugin):
    manager = registry.new_manager()
    manager.register(plugin, name="plugin 'slow'")
    return registry.collect(manager, {})


def test_a_slow_watcher_delays_nothing_and_hears_everything_in_order():
    slow, heard = Slow(), Heard()
    with Watchers(watched_by(slow), heard) as watchers:
        begun = time.perf_counter()
        for fold in range(50):
            watchers.tell(UnitEvent("epoch", "ap/net", 0, fold))
        assert time.perf_counter() - begun < 5
        assert slow.seen == []
        slow.may.set()
    assert slow.seen == list(range(50))
    assert heard.said == []


def test_a_watcher_that_hangs_does_not_stop_the_study_for_ever():
    slow, heard = Slow(), Heard()
    with Watchers(watched_by(slow), heard, patience=0.2) as watchers:
        watchers.tell(UnitEvent("start", "ap/net", 0, 0))
    slow.may.set()
    assert "was not ready 0.2 s after the last one" in heard.said[0]


class _Exits:
    @hookimpl
    def unit_event(self, event):
        sys.exit(3)


class _Counts:
    def __init__(self):
        self.heard = 0

    @hookimpl
    def unit_event(self):  # a hook may leave its argument out
        self.heard += 1


def test_a_watcher_that_exits_is_named_and_the_others_hear_everything():
    plugins, counts = registry.load([]), _Counts()
    plugins.hooks.register(_Exits(), name="exits")
    plugins.hooks.register(counts, name="counts")
    events = [UnitEvent(kind, "ap/net", 0, 1) for kind in ("start", "epoch", "end")]
    problems = [problem for event in events for problem in plugins.notify(event)]
    assert [("exits" in each.where, "SystemExit" in each.found) for each in problems] == [(True, True)]
    assert counts.heard == 3


def test_a_watcher_that_fails_is_named_once():
    class Broken:
        @hookimpl
        def unit_event(self, event):
            raise ValueError("no room")

    heard = Heard()
    with Watchers(watched_by(Broken()), heard) as watchers:
        for fold in range(3):
            watchers.tell(UnitEvent("start", "ap/net", 0, fold))
    (said,) = heard.said
    assert "plugin 'slow', unit_event" in said
    assert "no room" in said


@pytest.mark.filterwarnings("ignore")  # of MLflow's own imports
def test_both_trackers_hold_every_unit_of_a_run(written, project, monkeypatch):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    folders = {tensorboard_tracker: project.home / "tb", mlflow_tracker: project.home / "ml"}
    for tracker, folder in folders.items():
        monkeypatch.setenv(tracker.FOLDER, str(folder))
    # A store that MLflow has made holds two runs already: making one costs more than everything else here.
    shutil.copytree(written.store.parent, folders[mlflow_tracker])
    study = yaml.safe_load((project.home / "tiny.yaml").read_text())
    del study["comparisons"], study["primary"], study["arms"]["include"]
    study["arms"]["models"] = ["net"]
    (project.home / "watched.yaml").write_text(yaml.safe_dump(study))
    done = project.command("run", "watched.yaml", "--fresh")
    assert "It is not told any more" not in done.stderr
    assert len([*folders[tensorboard_tracker].glob("*/events.out.tfevents.*")]) == 4
    before = {each.info.run_id for each in runs_in(written.store)[1]}
    runs = [each for each in runs_in(folders[mlflow_tracker] / "mlflow.db")[1] if each.info.run_id not in before]
    told = sorted((each.data.tags["arm"], each.data.tags["fold"], each.info.status) for each in runs)
    assert told == [(f"{view}/net", fold, "FINISHED") for view in ("ap", "lateral") for fold in ("0", "1")]
