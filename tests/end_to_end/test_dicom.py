"""A study on DICOM files from end to end: nobody is named anywhere, and networks score the files as the source."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")

STUDY = """\
schema: 1
title: Planted identifiers
cohorts:
  hospital:
    dataset: dicom
    params: {root: files, labels: {path: labels.csv}}
covariates: [sex]
on_bad_image: exclude
splits: {development: {from: hospital, positives: 12, negatives: 12}, internal: {from: hospital}, folds: 2}
models:
  tiny: {model: timm, params: {architecture: test_resnet, arguments: {stem_width: 8, channels: [8, 8, 8, 8]}}}
arms: {views: [ap, lateral]}
training: {image_size: [48, 32], epochs: 1, batch_size: 8, precision: float32}
comparisons: [{id: views, a: ap, b: lateral}]
"""
PLANTED = ("PLANTEDID", "Plantedname", "19770707", "20210304", "1.2.999.424242", "PLANTEDACC", "PLANTEDFOLDER")


def planted_file(path, number, view, position):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = f"1.2.999.424242.{number}.{len(view)}"
    made = Dataset()
    made.file_meta = meta
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = f"1.2.999.424242.{number}", f"1.2.999.424242.{number}.9"
    made.PatientID, made.PatientName = f"PLANTEDID{number}", f"Plantedname^{number}"
    made.PatientBirthDate, made.PatientSex = "19770707", "MF"[number % 2]
    made.StudyDate = date(2021, 3, 4).strftime("%Y%m%d")
    made.AccessionNumber = f"PLANTEDACC{number}"
    made.Modality, made.ViewPosition, made.PresentationLUTShape = "DX", position, "IDENTITY"
    pixels = np.random.default_rng(number).integers(0, 65536, (60, 40), dtype=np.uint16)
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)


@pytest.fixture
def planted(project):
    for number in range(44):
        for view, position in (("ap", "AP"), ("lat", "LL")):
            planted_file(project.home / "files" / f"PLANTEDFOLDER{number}" / f"{view}.dcm", number, view, position)
    cut = project.home / "files" / "PLANTEDFOLDER0" / "lat.dcm"
    cut.write_bytes(cut.read_bytes()[:-100])
    (project.home / "files" / "PLANTEDFOLDER1" / "Plantedname.dcm").write_text("PLANTEDID1")
    rows = [f"PLANTEDID{number},{number % 2}" for number in range(44)]
    (project.home / "labels.csv").write_text("\n".join(["patient_id,label", *rows]) + "\n")
    (project.home / "planted.yaml").write_text(STUDY)
    return project


def test_nobody_is_named_in_anything_that_a_run_writes_or_says(planted):
    said = [
        planted.command("check", "planted.yaml"),
        planted.command("check", "planted.yaml", "--set", "on_bad_image=error", expect=2),
        planted.command("plan", "planted.yaml", "--runs", "planted"),
        planted.command("run", "planted.yaml", "--runs", "planted"),
        planted.command("data", "preview", "planted.yaml", "--each", "1", "--to", "planted/preview.html"),
        planted.command("data", "export", "planted.yaml", "--to", "planted/png"),
        planted.command("data", "export", "planted.yaml", "--to", "planted/dicom", "--format", "dicom"),
    ]
    mistaken = (planted.home / "labels.csv").read_text().replace("PLANTEDID3,1", "PLANTEDID3,maybe")
    (planted.home / "labels.csv").write_text(mistaken)
    said.append(planted.command("run", "planted.yaml", "--runs", "planted", expect=2))
    outputs = {f"command {n}": (each.stdout + each.stderr).encode() for n, each in enumerate(said)}
    outputs |= planted.contents("planted") | planted.contents("cache") | planted.contents("config")
    assert sum(str(path).endswith("report.html") for path in outputs) == 1
    named = [(str(path), word) for path, content in outputs.items() for word in PLANTED if word.encode() in content]
    named += [(str(path), word) for path in outputs for word in PLANTED if word in str(path)]
    assert named == []


def test_the_only_command_that_names_files_writes_for_the_user_alone(planted):
    planted.command("data", "list", "planted.yaml", "--to", "mine.csv")
    path = planted.home / "mine.csv"
    assert path.stat().st_mode & 0o077 == 0
    listed = pd.read_csv(path)
    assert listed["pseudonym"].str.fullmatch("i-[0-9a-f]{22}").all()
    assert "PLANTEDFOLDER0/lat.dcm" in listed.loc[listed["unusable"].notna(), "source"].iloc[0]


def test_images_that_were_left_out_stand_in_the_flow_and_in_the_report(planted):
    planted.command("run", "planted.yaml", "--runs", "planted")
    folder = planted.run_folder("planted")
    flow = json.loads((folder / "flow.json").read_text())
    assert flow["cohorts"]["hospital"]["unusable"] == [
        {"reason": "the image is cut short", "images": 1},
        {"reason": "the file is no DICOM, or its header is broken", "images": 1},
    ]
    report = (folder / "report.html").read_text()
    assert "1 image cannot be used, the image is cut short" in report
    checks = {each["check"]: each for each in json.loads((folder / "checks.json").read_text())}
    assert checks["views"]["level"] == "warning"  # one exam has lost its lateral image
    assert "43 of 44 exams have every view" in checks["views"]["summary"]
    by_views = {split: found["exams_by_views"] for split, found in flow["splits"].items()}
    assert {views: sum(each.get(views, 0) for each in by_views.values()) for views in ("ap+lateral", "ap")} == {
        "ap+lateral": 43,
        "ap": 1,
    }
    assert "1 exam with ap" in report


@pytest.mark.parametrize("form", [("none", "16"), ("jpeg2000", "12", "--dark-bone", "--window")])
def test_checkpoints_of_the_run_score_the_exported_dicom_files_alike(project, form, monkeypatch):
    import torch

    from ovcf_bench.cli.options import open_study
    from ovcf_bench.cohort import cases
    from ovcf_bench.data import Options, Silent, prepare
    from ovcf_bench.images import ImageCache
    from ovcf_bench.pseudonyms import Pseudonyms, load_key
    from ovcf_bench.runner.execute import models_of, plan_study
    from ovcf_bench.runner.jobs import JobMaker
    from ovcf_bench.stats.auroc import estimate_auroc
    from ovcf_bench.store import Store
    from ovcf_bench.training.networks import load_weights
    from ovcf_bench.training.scoring import TrainedNetwork

    codec, bits, *more = form
    project.command(
        "data", "export", "tiny.yaml", "--to", "dicom", "--format", "dicom", "--codec", codec, "--bits", bits, *more
    )
    for name, value in project.environment.items():
        if name.startswith("XDG"):
            monkeypatch.setenv(name, value)
    runs = project.home / "reports" / "runs"

    def ready(study_file):
        study, registry = open_study(project.home / study_file)
        options = Options(runs=runs, cache=ImageCache(project.home / "images", 10**9))
        return (
            study,
            registry,
            options,
            prepare(study, registry, Pseudonyms(load_key()), options, Silent(), training=False),
        )

    study, registry, options, _ = ready("tiny.yaml")
    plan = plan_study(study, registry, options, Silent())
    assert not plan.to_run
    again, _, options, prepared = ready("dicom/study.yaml")
    of_views = {arm.views: cases(prepared.images, arm.views) for arm in study.arms}
    store, models = Store(runs / "units"), models_of(study, registry)
    maker = JobMaker(prepared.with_study(again), models, of_views, options.cache, store, "cpu", 1)
    for unit in plan.units:
        job = maker.job(unit).argument
        network = job.plugin.build(job.params, job.build)
        load_weights(store.unit_folder(unit.key), network)
        trained = TrainedNetwork(network, torch.device("cpu"), job.training.normalisation)
        known = pd.read_csv(store.unit_folder(unit.key) / "scores.csv")
        labels = of_views[unit.arm.views].set_index("patient_id")["label"]
        for scored in job.sets[1:]:
            logits = pd.Series(trained.scores(scored.pixels)[:, 0], [each[0] for each in scored.ids])
            before = known[known["set"] == scored.name].set_index("patient_id")["logit"].reindex(logits.index)
            truth = labels[logits.index]
            aurocs = [estimate_auroc(truth, each, name="set").auroc for each in (logits, before)]
            assert abs(aurocs[0] - aurocs[1]) <= 0.005, (unit.name, scored.name)
            if codec == "none":
                np.testing.assert_allclose(logits, before, atol=1e-5)
