"""The paper study (quick): networks trained on the source score its DICOM export. AUROCs within .005 are asked for.

Run after `ovcf-bench run studies/paper.yaml --profile quick`, with its folder of runs:
python benchmarks/dicom_round_trip.py reports/runs [--codec jpeg2000 --bits 12 --dark-bone]. It writes
benchmarks/results/dicom_round_trip.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ovcf_bench.cli.options import open_study
from ovcf_bench.cohort import cases
from ovcf_bench.data import Options, Prepared, Silent, prepare
from ovcf_bench.images import ImageCache
from ovcf_bench.provenance import machine
from ovcf_bench.pseudonyms import Pseudonyms, load_key
from ovcf_bench.runner import plan_study
from ovcf_bench.runner.execute import models_of
from ovcf_bench.runner.jobs import JobMaker
from ovcf_bench.stats.auroc import estimate_auroc
from ovcf_bench.store import Store
from ovcf_bench.study import Study
from ovcf_bench.training.networks import load_weights
from ovcf_bench.training.scoring import TrainedNetwork

STUDY = Path(__file__).parents[1] / "studies" / "paper.yaml"
RESULT = Path(__file__).parent / "results" / "dicom_round_trip.json"


def main() -> None:
    runs, form = Path(sys.argv[1]), sys.argv[2:] or ["--codec", "jpeg2000", "--bits", "12", "--dark-bone"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        command = [
            "ovcf-bench",
            "data",
            "export",
            STUDY,
            "--profile",
            "quick",
            "--to",
            folder / "dicom",
            "--format",
            "dicom",
        ]
        subprocess.run([*command, *form], check=True)
        exported = time.perf_counter() - begun
        options = Options(runs=runs, cache=ImageCache(folder / "cache", int(20e9)), workers=2)
        source, registry = open_study(STUDY, "quick")
        plan = plan_study(source, registry, options, Silent())
        assert not plan.to_run, "run the study first"
        begun = time.perf_counter()
        again, _ = open_study(folder / "dicom" / "study.yaml")
        prepared = prepare(again, registry, Pseudonyms(load_key()), options, Silent(), training=False)
        decoded = time.perf_counter() - begun
        rows = compare(source, again, prepared, plan, options, models_of(source, registry))
    result = {
        "form": form,
        "images": len(prepared.images),
        "export_seconds": round(exported, 1),
        "decode_seconds": round(decoded, 1),
        "largest_auroc_difference": max(each["difference"] for each in rows),
        "largest_logit_difference": max(each["largest_logit_difference"] for each in rows),
        "ensembles_and_networks": rows,
        "machine": machine(),
    }
    print({name: value for name, value in result.items() if name != "ensembles_and_networks"})
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def compare(source: Study, again: Study, prepared: Prepared, plan, options: Options, models) -> list[dict]:
    of_views = {arm.views: cases(prepared.images, arm.views) for arm in source.arms}
    store = Store(options.runs / "units")
    maker = JobMaker(prepared.with_study(again), models, of_views, options.cache, store, "cpu", 1)
    logits: dict[tuple[str, str, str], list[pd.DataFrame]] = {}
    for unit in plan.units:
        job = maker.job(unit).argument
        network = job.plugin.build(job.params, job.build)
        load_weights(store.unit_folder(unit.key), network)
        trained = TrainedNetwork(network, torch.device("cpu"), job.training.normalisation)
        known = pd.read_csv(store.unit_folder(unit.key) / "scores.csv")
        for scored in job.sets[1:]:
            now = pd.Series(trained.scores(scored.pixels)[:, 0], [each[0] for each in scored.ids], name="now")
            before = known[known["set"] == scored.name].set_index("patient_id")["logit"].rename("before")
            table = pd.concat([now, before.reindex(now.index)], axis=1).astype(float)
            logits.setdefault((unit.arm.name, scored.name, "networks"), []).append(table)
    rows = []
    for (arm, name, _), tables in logits.items():
        views = next(each.views for each in source.arms if each.name == arm)
        labels = of_views[views].set_index("patient_id")["label"]
        for kind, table in (
            *((f"network {n + 1}", each) for n, each in enumerate(tables)),
            ("ensemble", sum(tables) / len(tables)),
        ):
            truth = labels[table.index]
            now, before = (estimate_auroc(truth, table[column], name=name).auroc for column in ("now", "before"))
            distance = float(np.abs(table["now"] - table["before"]).max())
            rows.append({"arm": arm, "set": name, "of": kind, "source": before, "dicom": now,
                         "difference": abs(now - before), "largest_logit_difference": distance})  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
