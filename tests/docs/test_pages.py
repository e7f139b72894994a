"""The documentation is true: every command in it runs, in the order of the page, in a folder of its own."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dicom_files import radiograph, save
from docs_reader import Reader, blocks
from PIL import Image
from places import ROOT
from pydicom.uid import generate_uid

PAGES = (
    "tutorial/first_study.md",
    "how_to/model_plugin.md",
    "how_to/dataset_plugin.md",
    "how_to/use_what_was_trained.md",
    "how_to/external_validation.md",
    "how_to/scores.md",
    "how_to/trackers.md",
    "how_to/gpu.md",
    "how_to/dicom.md",
)
RECIPES = "contributing/recipes.md"  # followed by test_recipes.py; its commands are examples of new ones
# The pages name the study of the paper, whose network takes days and whose weights come from a hub: a small one here.
SMALL = {" studies/paper.yaml": " studies/null.yaml --profile tiny", " --profile quick": "", " --device cuda": ""}


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path, Path(sys.executable).parent)


@pytest.mark.slow
def test_the_tutorial_leads_to_a_report_with_the_readers_own_network(reader):
    reader.follow("tutorial/first_study.md")
    (run,) = (reader.folder / "reports" / "runs").glob("mine-*")
    html = (run / "report.html").read_text("utf-8")
    assert "ap/tiny" in html
    assert "ap/small_resnet" in html


@pytest.mark.system
def test_what_the_page_on_trained_models_says_works(reader):
    reader.follow("how_to/use_what_was_trained.md")
    scored = (reader.folder / "scores.csv").read_text()
    assert scored.count(",scored,") >= 100
    assert (reader.folder / "lateral_model" / "README.md").exists()


@pytest.mark.system
def test_what_the_page_on_external_validation_says_works(reader):
    reader.follow("how_to/external_validation.md")
    (run,) = (reader.folder / "runs").glob("small-*+hospital_b")
    assert "hospital_b" in (run / "report.html").read_text("utf-8")


@pytest.mark.system
def test_the_models_of_the_page_keep_their_contracts_and_make_reports(reader):
    reader.follow("how_to/model_plugin.md", skip=("ovcf-bench plugins new", "pip", "pytest", "ovcf-bench plugins show"))
    runs = reader.folder / "reports" / "runs"
    assert "ap+lateral/highest" in next(runs.glob("both-*/report.html")).read_text("utf-8")
    assert "lateral/theirs" in next(runs.glob("theirs-*/report.html")).read_text("utf-8")


@pytest.mark.system
def test_what_the_page_on_scores_says_works(reader):
    reader.follow("how_to/scores.md")
    assert len([*(reader.folder / "reports" / "comparisons").glob("*/report.html")]) == 2
    assert len([*(reader.folder / "reports" / "runs").glob("study-*/report.html")]) == 1


@pytest.mark.system
def test_the_tracker_of_the_page_writes_the_loss_of_every_epoch(reader):
    reader.follow("how_to/trackers.md")
    losses = pd.read_csv(reader.folder / "losses.csv")
    units = {(arm, 1, fold) for arm in ("ap/small", "lateral/small") for fold in (1, 2)}
    epochs = losses.groupby(["arm", "repeat", "fold"])["epoch"].agg(list)
    assert epochs.to_dict() == {unit: [1, 2, 3] for unit in units}
    assert losses["loss"].between(0, 10).all()


@pytest.mark.system
def test_what_the_page_on_gpu_machines_says_works(reader):
    import torch

    reader.instead = dict(SMALL)
    if torch.cuda.is_available():  # on a machine with a GPU it is used
        del reader.instead[" --device cuda"]
    reader.follow("how_to/gpu.md")
    assert len([*(reader.folder / "reports" / "runs").glob("null-*/report.html")]) == 1


@pytest.mark.system
def test_what_the_page_on_dicom_folders_says_works(reader, tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    make_dicom_export(data, patients=100)
    reader.environment["DATA_ROOT"] = str(data)
    reader.follow("how_to/dicom.md", skip=("pip",))
    (run,) = (reader.folder / "reports" / "runs").glob("study-*")
    assert "Fractures in one hospital" in (run / "report.html").read_text("utf-8")
    exported = [*(reader.folder / "folder").rglob("*.dcm")]
    assert len(exported) == 200


def make_dicom_export(folder, patients):
    """Two images of every patient, as a PACS would export them, and a table of labels."""
    random = np.random.default_rng(3)
    rows = ["patient_id,label"]
    for number in range(patients):
        study = generate_uid()
        for view, position in (("ap", "AP"), ("lat", "LL")):
            pixels = random.integers(0, 4096, (64, 40), dtype=np.uint16)
            made = radiograph(pixels, 12, PatientID=f"P{number}", StudyInstanceUID=study, ViewPosition=position)
            save(folder / "export" / f"{number}" / f"{view}.dcm", made)
        rows.append(f"P{number},{'fracture' if number % 2 else 'none'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.system
def test_what_the_readme_says_works(reader):
    reader.instead = SMALL
    random = np.random.default_rng(4)
    y = np.repeat([0, 1], 40)
    scores = {"patient_id": range(80), "y": y, "ap": y + random.normal(size=80), "lat": y + random.normal(size=80)}
    pd.DataFrame(scores).to_csv(reader.folder / "scores.csv", index=False)
    # `make demo` and `make test` are what .ci/run does; the reader's PATH is set already.
    reader.follow("../README.md", skip=("make", "source"))
    reports = reader.folder / "reports"
    assert len([*reports.glob("*/*/report.html")]) == 2


def test_the_piece_of_a_study_in_the_readme_is_one(reader):
    (piece,) = [block["text"] for block in blocks("../README.md") if block["kind"] == "yaml"]
    rest = (
        "schema: 1\ntitle: The reader's own\n"
        "splits: {development: {from: hospital, positives: 10, negatives: 10}, internal: {from: hospital}, folds: 2}\n"
        "models: {simple: {model: simple_features}}\narms: {views: [ap, lateral]}\n"
        "training: {image_size: [40, 30], precision: float32}\ncomparisons: [{id: views, a: ap, b: lateral}]\n"
    )
    (reader.folder / "study.yaml").write_text(rest + piece)
    random = np.random.default_rng(5)
    rows = ["patient_id,view,label,path"]
    for patient in range(40):
        for view in ("ap", "lateral"):
            Image.fromarray(random.integers(0, 256, (40, 30), dtype=np.uint8)).save(
                reader.folder / f"{patient}{view}.png"
            )
            rows.append(f"{patient},{view},{patient % 2},{patient}{view}.png")
    (reader.folder / "images.csv").write_text("\n".join(rows) + "\n")
    reader.run("ovcf-bench check study.yaml", codes=(0,))


def test_every_page_with_commands_is_followed_by_a_test():
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    with_commands = {page for page in pages if any(block["kind"] == "sh" for block in blocks(page))}
    assert with_commands - {RECIPES} == set(PAGES)


def links(path):
    return re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))


def test_every_link_of_readme_and_docs_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    lost = [(path.name, link) for path in pages for link in links(path)
            if "://" not in link and not (path.parent / link).exists()]  # fmt: skip
    assert not lost


def test_every_command_that_is_named_in_the_docs_exists():
    from ovcf_bench.cli.main import _COMMANDS

    named = set()
    for path in {ROOT / "README.md", *(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / RECIPES}:
        named |= set(re.findall(r"`ovcf-bench ([a-z]+)|^ovcf-bench ([a-z]+)", path.read_text("utf-8"), re.MULTILINE))
    named = {name for pair in named for name in pair if name}
    assert named <= set(_COMMANDS), shlex.join(sorted(named - set(_COMMANDS)))


def test_every_command_stands_in_the_readme():
    from ovcf_bench.cli.main import _COMMANDS

    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in _COMMANDS if f"ovcf-bench {name}" not in readme]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("build_reference", ROOT / "docs" / "build_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says(reference):
    made = reference.pages()
    assert {path.name for path in reference.FOLDER.iterdir()} == set(made)
    stale = [name for name, text in made.items() if (reference.FOLDER / name).read_text("utf-8") != text]
    assert not stale, "make it again: python docs/build_reference.py"


def test_every_hook_is_documented_and_every_documented_hook_exists(reference):
    text = (reference.FOLDER / "api.md").read_text("utf-8")
    hooks = text[text.index("## Hooks") : text.index("## Names")]
    assert set(re.findall(r"### (\w+)\(", hooks)) == set(reference.hooks()) != set()
    assert all(re.search(rf"### {name}\(\w+\)\n\n\w", hooks) for name in reference.hooks()), "a hook without words"


def test_every_name_that_plugin_authors_import_is_documented(reference):
    from ovcf_bench import api, testing

    text = (reference.FOLDER / "api.md").read_text("utf-8")
    plugins, tests = text.split("## Tests\n")
    lacking = [name for name in api.__all__ if not re.search(rf"### {name}\n\n\S", plugins)]
    assert lacking == ["API_VERSION"]  # it stands above the hooks
    assert not [name for name in testing.__all__ if not re.search(rf"### {name}\n\n\S", tests)]


def test_properties_are_documented_like_fields(reference):
    text = (reference.FOLDER / "api.md").read_text("utf-8")
    assert "- `n_views: int` (property): " in text
    assert "- `shape: tuple[int, int, int, int]` (property): " in text


def test_the_reference_says_what_each_kind_of_event_holds(reference):
    from typing import get_args, get_type_hints

    from ovcf_bench.api import UnitEvent

    text = (reference.FOLDER / "api.md").read_text("utf-8")
    kinds = get_args(get_type_hints(UnitEvent)["kind"])
    assert all(f"\n| `{kind}` | " in text for kind in kinds)
