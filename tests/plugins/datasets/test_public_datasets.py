"""What the loaders of public sets have in common: cards, imports, parameters, studies, no identifier in a message."""

import subprocess
import sys

import pytest
from public_sets import (
    MODULES,
    dataset,
    plugins,
    problems,
    write_buu,
    write_graz,
    write_mammo,
    write_spinexr,
    write_stanford,
)
from pydantic import ValidationError

from ovcf_bench.api import DataError
from ovcf_bench.study import ParamsModels, load_study

NAMES = [module.__name__.rpartition(".")[2] for module in MODULES]


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_every_card_says_what_a_user_must_know(module):
    words = ("Source:", "Citation:", "Licence:", "Access:", "Layout:", "Meaning of the label:", "Traps:")
    assert not [word for word in words if word not in module.CARD]
    assert max(map(len, module.CARD.splitlines())) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_importing_a_plugin_loads_neither_pandas_nor_pydicom(name):
    code = (
        f"import sys, ovcf_plugins.datasets.{name}; sys.exit(bool({{'numpy', 'pandas', 'pydicom'}} & {{*sys.modules}}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


REQUIRED = {
    "chexpert": {"target": "Edema", "uncertain": "exclude", "blank": "exclude"},
    "mimic_cxr": {"target": "Edema", "uncertain": "exclude", "blank": "exclude"},
    "grazpedwri": {"casts": "keep"},
}
STUDIES = ("chest_frontal_lateral", "wrist_two_views", "mammography_cc_mlo", "spine_vindr")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_folder_variable_or_table_is_told(name, tmp_path, monkeypatch):
    monkeypatch.delenv("OVCF_TEST_ROOT", raising=False)
    required = REQUIRED.get(name, {})
    with pytest.raises(DataError, match=rf"{name}, params\.root: the folder is not there"):
        dataset(name, tmp_path, root="gone", **required)
    with pytest.raises(DataError, match=rf"{name}, params\.root: the variable OVCF_TEST_ROOT is not set"):
        dataset(name, tmp_path, root="${OVCF_TEST_ROOT}/x", **required)
    assert "not there" in problems(name, tmp_path, **required)[0] or "hold no" in problems(name, tmp_path)[0]


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, needed in REQUIRED.items() for key in needed])
def test_what_changes_the_labels_has_no_default(name, key):
    given = {"root": "."} | {other: value for other, value in REQUIRED[name].items() if other != key}
    with pytest.raises(ValidationError, match=key):
        plugins().datasets[name].plugin.params(**given)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("profile", [None, "quick"])
def test_a_study_of_a_public_set_is_sound_and_says_where_its_data_are_looked_for(
    name, profile, monkeypatch, pytestconfig
):
    monkeypatch.delenv("DATA_ROOT", raising=False)
    found = plugins()
    models = ParamsModels(
        {each: registered.plugin.params for each, registered in found.datasets.items()},
        {each: registered.plugin.params for each, registered in found.models.items()},
    )
    path = pytestconfig.rootpath / "studies" / f"{name}.yaml"
    study = load_study(path, models, profile=profile)
    assert len(study.arms) == 2
    for cohort in study.document.cohorts.values():
        with pytest.raises(DataError, match="the variable DATA_ROOT is not set"):
            found.dataset(cohort.dataset).open(cohort.params, path.parent).exams()


TREES = {
    "vindr_spinexr": write_spinexr,
    "buu_lspine": write_buu,
    "chexpert": write_stanford,
    "grazpedwri": write_graz,
    "vindr_mammo": write_mammo,
}


@pytest.mark.parametrize("name", TREES)
def test_places_and_reasons_hold_no_identifier(name, tmp_path):
    folder = TREES[name](tmp_path)
    for file in folder.rglob("*"):
        if file.suffix in (".dicom", ".jpg", ".png"):
            file.write_bytes(b"broken")
    table = dataset(name, folder, **REQUIRED.get(name, {})).exams()
    text = "\n".join(table["unusable"] + table["place"])
    assert (table["unusable"] != "").all()
    ids = {*table["patient_id"].dropna(), *table["exam_id"].dropna(), *table["image_id"]}
    assert not [each for each in ids if len(each) > 2 and each in text]
