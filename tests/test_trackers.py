"""Trackers write what units tell, and nothing unless they are asked to."""

import sys

import pytest
from ovcf_plugins.trackers import mlflow as mlflow_tracker
from ovcf_plugins.trackers import tensorboard as tensorboard_tracker

from ovcf_bench import registry
from ovcf_bench.api import UnitEvent


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


@pytest.mark.filterwarnings("ignore")  # of the library's own imports
def test_tensorboard_reads_the_curves_of_every_unit(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setenv(tensorboard_tracker.FOLDER, str(tmp_path))
    assert tell() == []
    assert tell(arm="lateral/net", reason="the loss is nan") == []
    read = EventAccumulator(str(tmp_path / "ap_net_fold_2")).Reload()
    assert [(each.step, pytest.approx(each.value)) for each in read.Scalars("loss")] == [(1, 1), (2, 0.5), (3, 1 / 3)]
    assert "tuning_auroc" not in read.Tags()["scalars"]
    failed = EventAccumulator(str(tmp_path / "lateral_net_fold_2")).Reload()
    assert any("failed" in tag for tag in failed.Tags()["tensors"])


@pytest.mark.filterwarnings("ignore")  # of the library's own imports
def test_mlflow_reads_the_curves_of_every_unit(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.setenv(mlflow_tracker.FOLDER, str(tmp_path))
    assert tell() == []
    assert tell(arm="lateral/net", reason="the loss is nan") == []
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = [each for each in client.search_experiments() if each.name == "ovcf-bench"]
    runs = {each.data.tags["arm"]: each for each in client.search_runs([experiment.experiment_id])}
    assert {arm: each.info.status for arm, each in runs.items()} == {"ap/net": "FINISHED", "lateral/net": "FAILED"}
    history = client.get_metric_history(runs["ap/net"].info.run_id, "loss")
    assert [(each.step, each.value) for each in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert runs["lateral/net"].data.tags["reason"] == "the loss is nan"


@pytest.mark.parametrize(
    ("tracker", "package", "extra"),
    [(tensorboard_tracker, "torch.utils.tensorboard", "tensorboard"), (mlflow_tracker, "mlflow", "mlflow")],
)
def test_a_tracker_without_its_package_says_how_to_install_it_and_the_study_goes_on(
    tmp_path, monkeypatch, tracker, package, extra
):
    monkeypatch.setenv(tracker.FOLDER, str(tmp_path))
    monkeypatch.setitem(sys.modules, package, None)  # what an absent package looks like to `import`
    problems = tell()
    assert len(problems) == 1, "it is told once, and the tracker not asked again"
    assert f'pip install "ovcf-bench[{extra}]"' in str(problems[0])
