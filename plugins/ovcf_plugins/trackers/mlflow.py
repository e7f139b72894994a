"""Learning curves for MLflow, one run for each unit: set OVCF_BENCH_MLFLOW to a folder, which holds a local store.

Needs the extra `mlflow`. Nothing is written, and nothing imported, while the variable is not set. No server is asked:
MLflow's reports of its own use are switched off, unless MLFLOW_DISABLE_TELEMETRY says otherwise.
Look at it with `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db`, after `pip install mlflow`: the extra
brings only the part that writes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ovcf_bench.api import PluginError, Problem, UnitEvent, hookimpl
from ovcf_plugins.trackers import name_of, points_of

FOLDER = "OVCF_BENCH_MLFLOW"
_EXPERIMENT = "ovcf-bench"
_runs: dict[str, str] = {}  # MLflow's id of each unit that is training
_clients: dict[str, Any] = {}  # by folder


@hookimpl
def unit_event(event: UnitEvent) -> None:
    """Write every epoch of a unit; end its run when it ends."""
    folder = os.environ.get(FOLDER)
    if not folder or event.kind == "step":
        return
    client, name = _client(Path(folder)), name_of(event)
    if name not in _runs:
        tags = {"arm": event.arm, "repeat": str(event.repeat), "fold": str(event.fold)}
        experiment = client.get_experiment_by_name(_EXPERIMENT)
        of = experiment.experiment_id if experiment else client.create_experiment(_EXPERIMENT)
        _runs[name] = client.create_run(of, run_name=name, tags=tags).info.run_id
    if event.kind == "epoch":
        _log(client, _runs[name], event)
    elif event.kind in ("end", "failed"):
        run = _runs.pop(name)
        if event.kind == "failed":
            client.set_tag(run, "reason", str(event.values.get("reason", "")))
        client.set_terminated(run, "FINISHED" if event.kind == "end" else "FAILED")


def _log(client: Any, run: str, event: UnitEvent) -> None:
    from mlflow.entities import Metric

    now, epoch = int(1000 * time.time()), int(event.values["epoch"])
    client.log_batch(run, metrics=[Metric(name, value, now, epoch) for name, value in points_of(event)])


def _client(folder: Path) -> Any:
    where = str(folder.resolve())
    if where not in _clients:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            advice = 'Install: pip install "ovcf-bench[mlflow]"'
            raise PluginError(Problem(FOLDER, "MLflow is not installed", advice)) from error
        folder.mkdir(parents=True, exist_ok=True)
        _clients[where] = MlflowClient(f"sqlite:///{where}/mlflow.db")
    return _clients[where]
