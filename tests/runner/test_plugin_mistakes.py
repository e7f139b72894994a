"""What plugins do wrong in a study: told as theirs, and nothing else is lost."""

import pytest
from plugin_trials import write_with_params

from ovcf_bench.cli.options import open_study
from ovcf_bench.data import Options, Silent
from ovcf_bench.errors import BenchError, DataError
from ovcf_bench.images import ImageCache
from ovcf_bench.report import write_report
from ovcf_bench.runner import check_study, plan_study, run_study

DATASET = """
import numpy as np
import pandas as pd
from ovcf_bench.api import DatasetPlugin, Params, hookimpl

class Noise:
    def exams(self, progress=None):
        rows = [(f"p{number}", view, number % 2) for number in range(20) for view in ("ap", "lateral")]
        table = pd.DataFrame(rows, columns=["patient_id", "view", "label"])
        return table.assign(exam_id=table.patient_id, image_id=table.patient_id + table["view"], site="a", source="")

    def read(self, row):
        image = np.random.default_rng(int(row["patient_id"][1:])).random((40, 30))
        return image

    def fingerprint(self, row):
        return row["image_id"]

def open_noise(params, folder):
    return Noise()

@hookimpl
def register_datasets(register):
    register(DatasetPlugin(name="noise", params=Params, summary="Noise", open=open_noise))
"""
STUDY = """\
schema: 1
title: Noise
plugins: [./noise.py]
cohorts: {home: {dataset: noise}}
splits: {development: {from: home, positives: 5, negatives: 5}, internal: {from: home}, folds: 2}
models: {simple: {model: simple_features}}
arms: {views: [ap]}
training: {image_size: [40, 30], precision: float32}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    return Noise()", "    return None", "open: returns NoneType, without exams and read and fingerprint"),
        ("    def fingerprint", "    def mark", "open: returns Noise, without fingerprint"),
        ("        return table.assign", "        table.assign", "exams: returns NoneType"),
        ("        return image", "        pass", "image 1: returns NoneType"),
        ('row["image_id"]', '"all"', "dataset 'noise', fingerprint, cohort 'home', image 3: gives one text for two"),
        ("        return image", "        import os; os._exit(5)", "dataset 'noise', read, images 1 to"),
        (
            "        return image",
            "        raise SystemExit(0)",
            "dataset 'noise', read, cohort 'home', image 1: SystemExit",
        ),
        (
            "exams(self, progress=None)",
            "exams(self)",
            "exams, cohort 'home': TypeError: Noise.exams() takes 1 positional",
        ),
        (
            "        return table.assign(",
            "        return table.assign(more=[{}] * 40, ",
            "the column 'more' holds a dict",
        ),
        ('source="")', 'source="").iloc[:, [0, 0, 1, 2, 3, 4, 5, 6]]', "has the column 'patient_id' twice"),
        ("number % 2)", "str(number % 2))", "unknown label: a text, not a number"),
    ],
)
def test_a_study_names_what_a_dataset_gives_instead(tmp_path, old, new, said):
    assert old in DATASET
    (tmp_path / "noise.py").write_text(DATASET.replace(old, new, 1))
    (tmp_path / "study.yaml").write_text(STUDY)
    study, plugins = open_study(tmp_path / "study.yaml")
    options = Options(runs=tmp_path / "runs", cache=ImageCache(tmp_path / "cache", 10**9))
    try:
        found = check_study(study, plugins, options, Silent(), pixels=True)
    except DataError as error:
        found = error
    assert [said in str(problem) for problem in found.problems[:1]] == [True], found.problems
    assert "on_bad_image" not in str(found.problems[0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    pass\n", "    n: object = np.zeros(2)\n", "Settings raises"),
        (
            "    pass\n",
            "    def model_post_init(self, context):\n        raise KeyError(7)\n",
            "Settings raises KeyError: 7",
        ),
        ("check=check", "describe=describe", "model 'mine', describe: returns what JSON cannot hold"),
    ],
)
def test_parameters_and_facts_that_cannot_be_written_are_the_plugins_mistake(tmp_path, old, new, said):
    path = write_with_params(tmp_path, old, new)
    path.write_text(path.read_text().replace("def check(", "def describe(params):\n    return {'a': np}\n\ndef check("))
    text = STUDY.replace("[./noise.py]", "[./mine.py]").replace("simple_features", "mine")
    text = text.replace("{dataset: noise}", "{dataset: phantom, params: {patients: 30, height: 64}}")
    (tmp_path / "study.yaml").write_text(text)
    options = Options(runs=tmp_path / "runs", cache=ImageCache(tmp_path / "cache", 10**9))
    with pytest.raises(BenchError) as error:
        plan_study(*open_study(tmp_path / "study.yaml"), options, Silent())
    assert said in str(error.value)


def test_a_dataset_that_names_patients_in_its_reasons_names_nobody_in_what_is_written(tmp_path):
    secret = DATASET.replace('f"p{number}"', 'f"SECRET{number:03d}"').replace(
        '["patient_id"][1:]', '["patient_id"][6:]'
    )
    marked = secret.replace(
        "        return table.assign(",
        "        bad = table.patient_id.where(table.patient_id == 'SECRET003')\n"
        "        table = table.assign(unusable=('no header of ' + bad).fillna(''), place='file ' + table.patient_id)\n"
        "        return table.assign(",
    ).replace(
        "        return image",
        "        if row['patient_id'] == 'SECRET004':\n"
        "            from ovcf_bench.api import DataError, Problem\n"
        "            raise DataError(Problem('file SECRET004', 'SECRET004-ap is broken'))\n"
        "        return image",
    )
    (tmp_path / "noise.py").write_text(marked)
    (tmp_path / "study.yaml").write_text(STUDY + "on_bad_image: exclude\n")
    study, plugins = open_study(tmp_path / "study.yaml")
    result = run_study(
        study, plugins, Options(runs=tmp_path / "runs", cache=ImageCache(tmp_path / "c", 10**9)), Silent()
    )
    write_report(result.folder.path)
    texts = {path.name: path.read_text("utf-8") for path in result.folder.path.iterdir() if path.is_file()}
    assert "no header of ..." in texts["flow.json"]
    assert "is broken" in texts["flow.json"]
    assert not [name for name, text in texts.items() if "SECRET" in text]
