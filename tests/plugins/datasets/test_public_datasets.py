import gzip
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from ovcf_plugins.datasets import buu_lspine, chexpert, grazpedwri, mimic_cxr, vindr_mammo, vindr_spinexr
from ovcf_plugins.models.timm_networks import single
from PIL import Image
from pydantic import ValidationError
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ovcf_bench import registry
from ovcf_bench.api import DataError
from ovcf_bench.cohort import check_exams, separate
from ovcf_bench.study import ParamsModels, load_study

MODULES = (buu_lspine, chexpert, grazpedwri, mimic_cxr, vindr_mammo, vindr_spinexr)
NAMES = [module.__name__.rpartition(".")[2] for module in MODULES]
GREY = np.arange(8 * 6, dtype=np.uint8).reshape(8, 6) * 5


def plugins():
    manager = registry.new_manager()
    for module in (*MODULES, single):
        manager.register(module, name=module.__name__)
    found = registry.collect(manager, {})
    assert not found.problems
    return found


def dataset(name, folder, **params):
    plugin = plugins().datasets[name].plugin
    return plugin.open(plugin.params(**({"root": "."} | params)), folder)


def tables(name, folder, **params):
    """Return the usable rows, checked, and the others as (place, reason)."""
    usable, unusable = separate(dataset(name, folder, **params).exams(), name)
    return check_exams(usable, name), [(each.place, each.reason) for each in unusable]


def problems(name, folder, **params):
    with pytest.raises(DataError) as caught:
        dataset(name, folder, **params).exams()
    return [str(problem).splitlines()[0] for problem in caught.value.problems]


def picture(path, pixels=GREY):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def dicom(path, **tags):
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns = GREY.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 12, 11, 0
    file.PixelData = (GREY.astype("<u2") * 16).tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    pydicom.dcmwrite(path, file, enforce_file_format=True)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)


# What every set has in common


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


# VinDr-SpineXR

SPINEXR = """\
study_id,series_id,image_id,rad_id,lesion_type,xmin,ymin,xmax,ymax
study1,series1,image1,rad1,Vertebral collapse,1.0,2.0,3.0,4.0
study1,series1,image1,rad1,Osteophytes,1.0,2.0,3.0,4.0
study1,series2,image2,rad1,No finding,,,,
study2,series3,image3,rad2,No finding,,,,
study2,series4,image4,rad2,Osteophytes,5.0,6.0,7.0,8.0
study3,series5,image5,rad2,Spondylolysthesis,5.0,6.0,7.0,8.0
"""


@pytest.fixture
def spinexr(tmp_path):
    """Two studies of two views in the training part, a third whose view nothing tells."""
    write(tmp_path / "annotations/train.csv", SPINEXR)
    views = {"image1": "LL", "image2": "PA", "image3": "AP", "image4": "LATERAL", "image5": ""}
    for name, view in views.items():
        dicom(tmp_path / f"train_images/{name}.dicom", ViewPosition=view, PatientSex="F", PatientAge="063Y")
    write(
        tmp_path / "annotations/test.csv", SPINEXR.replace("image", "other_image").replace("other_image_id", "image_id")
    )
    return tmp_path


def test_spinexr_labels_a_study_and_takes_the_view_from_the_header(spinexr):
    found, unusable = tables("vindr_spinexr", spinexr, views={"pa": "ap"})
    assert found["patient_id"].tolist() == ["study1", "study1", "study2", "study2"]
    assert found["view"].tolist() == ["lateral", "ap", "ap", "lateral"]
    assert found["label"].tolist() == [1, 1, 0, 0]
    assert found["sex"].unique().tolist() == ["F"]
    assert found["age"].unique().tolist() == [63]
    assert unusable == [("train.csv, row 7", "its view is unknown, or its sources disagree")]


def test_spinexr_other_lesions_may_be_positive(spinexr):
    found, _ = tables("vindr_spinexr", spinexr, positive=("Osteophytes", "Spondylolysthesis"))
    assert found.groupby("patient_id")["label"].first().to_dict() == {"study1": 1, "study2": 1}
    (problem,) = problems("vindr_spinexr", spinexr, positive=("Vertebral colapse",))
    assert problem == "vindr_spinexr, params.positive: no row has 'Vertebral colapse'"


def test_spinexr_views_may_come_from_a_table_and_a_conflict_is_no_view(spinexr):
    write(spinexr / "views.csv", "image_id,view\nimage5,ap\nimage1,ap\n")
    found, unusable = tables("vindr_spinexr", spinexr, views_file="views.csv", views={"pa": "ap"})
    assert found["image_id"].tolist() == ["image2", "image3", "image4", "image5"]
    assert [place for place, _ in unusable] == ["train.csv, row 2"]
    write(spinexr / "views.csv", "image_id,view\nimage5,ap\nimage5,lateral\n,ap\n")
    assert problems("vindr_spinexr", spinexr, views_file="views.csv") == [
        "views.csv, row 4: image_id is empty",
        "views.csv, row 3: the image_id stands in an earlier row already",
    ]


def test_spinexr_reads_pixels_and_tells_of_missing_files(spinexr):
    opened = dataset("vindr_spinexr", spinexr)
    pixels = opened.read(opened.exams().to_dict("records")[0])
    assert pixels.shape == GREY.shape
    assert pixels.dtype == np.float32
    _, unusable = separate(dataset("vindr_spinexr", spinexr, part="test").exams(), "test")
    assert {each.reason for each in unusable} == {"the image file is not there"}
    assert len(unusable) == 5


def test_spinexr_broken_rows_are_told_by_number(spinexr):
    write(spinexr / "annotations/train.csv", SPINEXR + "study9,s,image1,rad1,Osteophytes\nstudy9,s,image9,rad1,\n")
    found = problems("vindr_spinexr", spinexr)
    assert found == [
        "train.csv, row 9: lesion_type is empty",
        "train.csv, row 8: the image stood in another study before",
    ]


# BUU-LSPINE


def endplates(*codes):
    return "".join(f"876.2,{167 + 30 * row}.0,1111.4,{168 + 30 * row}.7,{code}\n" for row, code in enumerate(codes))


@pytest.fixture
def buu(tmp_path):
    """Two pairs: anterolisthesis, which only the lateral file names, and a normal spine."""
    for name, codes in (
        ("AP/0001-F-037Y0", [0] * 10),
        ("LA/0001-F-037Y1", [0] * 10 + [3]),
        ("AP/0003-M-013Y0", [0] * 10),
        ("LA/0003-M-013Y1", [0] * 11),
    ):
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.csv", endplates(*codes))
    return tmp_path


def test_buu_pairs_views_by_the_number_of_the_patient(buu):
    found, unusable = tables("buu_lspine", buu)
    assert not unusable
    assert found["patient_id"].tolist() == ["0001", "0003", "0001", "0003"]
    assert found["view"].tolist() == ["ap", "ap", "lateral", "lateral"]
    assert found["label"].tolist() == [1, 0, 1, 0]
    assert found["age"].tolist() == [37, 13, 37, 13]
    assert found["sex"].tolist() == ["F", "M", "F", "M"]


def test_buu_codes_may_be_chosen(buu):
    found, _ = tables("buu_lspine", buu, positive=(1, 2))
    assert set(found["label"]) == {0}


def test_buu_names_that_do_not_fit_and_missing_annotations_are_unusable(buu):
    picture(buu / "AP/0004-F-040Y1.jpg")  # the digit of a lateral view
    picture(buu / "LA/copy of 0001.jpg")
    (buu / "LA/0003-M-013Y1.csv").unlink()
    found, unusable = tables("buu_lspine", buu)
    assert len(found) == 3
    assert unusable == [
        ("file 3", "its name does not fit 0001-F-037Y0.jpg (AP) or 0001-F-037Y1.jpg (LA)"),
        ("file 5", "it has no annotation file"),
        ("file 6", "its name does not fit 0001-F-037Y0.jpg (AP) or 0001-F-037Y1.jpg (LA)"),
    ]


def test_buu_broken_annotations_are_told_without_the_patient(buu):
    write(buu / "AP/0001-F-037Y0.csv", endplates(0, 7) + "1,2,3,4\n")
    (buu / "LA/0001-F-037Y1.csv").write_bytes(b"\xff\xfe")
    assert problems("buu_lspine", buu) == [
        "annotations of file 1, row 2: is not x1, y1, x2, y2 and a code from 0 to 4",
        "annotations of file 1, row 3: is not x1, y1, x2, y2 and a code from 0 to 4",
        "annotations of file 3: cannot be read",
    ]


def test_buu_reads_grey_and_coloured_pictures(buu):
    opened = dataset("buu_lspine", buu)
    row = opened.exams().to_dict("records")[0]
    assert abs(opened.read(row).astype(int) - GREY).max() <= 12  # JPEG
    picture(buu / "AP/0001-F-037Y0.jpg", np.full((8, 6, 3), (200, 90, 30), np.uint8))
    with pytest.raises(DataError, match="file 1: the image has colours"):
        opened.read(row)
    assert dataset("buu_lspine", buu, grey="luminance").read(row).shape == GREY.shape


# CheXpert

CHEXPERT = """\
Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,\
Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices
CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,1.0,,,1.0
CheXpert-v1.0-small/train/patient00001/study1/view2_lateral.jpg,Female,68,Lateral,,1.0,,,,,,,,,0.0,1.0,,,1.0
CheXpert-v1.0-small/train/patient00001/study2/view1_frontal.jpg,Female,70,Frontal,PA,,,-1.0,1.0,,-1.0,,,,,0.0,,1.0,
CheXpert-v1.0-small/train/patient00002/study1/view1_frontal.jpg,Male,83,Frontal,AP,,,,,,,,,,,-1.0,,,
CheXpert-v1.0-small/train/patient00003/study1/view1_frontal.jpg,Male,41,Frontal,AP,,,,,,,,,,,,,,
"""
EFFUSION = {"target": "Pleural Effusion", "uncertain": "exclude", "blank": "exclude"}


@pytest.fixture
def stanford(tmp_path):
    """Three patients: two studies, one of them with two views; an uncertain label; a blank one."""
    write(tmp_path / "train.csv", CHEXPERT)
    for line in CHEXPERT.splitlines()[1:]:
        picture(tmp_path / line.partition("/")[2].partition(",")[0])
    return tmp_path


def test_chexpert_groups_studies_by_patient_and_laterals_have_no_projection(stanford):
    found, unusable = tables("chexpert", stanford, **EFFUSION)
    assert found["patient_id"].unique().tolist() == ["patient00001"]
    assert found["exam_id"].tolist() == ["patient00001-study1"] * 2 + ["patient00001-study2"]
    assert found["view"].tolist() == ["frontal", "lateral", "frontal"]
    assert found["label"].tolist() == [1, 1, 0]
    assert found["age"].tolist() == [68, 68, 70]
    assert found["sex"].tolist() == ["Female"] * 3
    assert found["tag_projection"].fillna("").tolist() == ["AP", "", "PA"]
    assert unusable == [("train.csv, row 5", "its label is uncertain"), ("train.csv, row 6", "its label is blank")]


@pytest.mark.parametrize(
    ("uncertain", "blank", "labels"),
    [
        ("positive", "negative", [1, 1, 0, 1, 0]),
        ("negative", "negative", [1, 1, 0, 0, 0]),
        ("exclude", "negative", [1, 1, 0, 0]),
        ("positive", "exclude", [1, 1, 0, 1]),
    ],
)
def test_chexpert_uncertain_and_blank_labels_count_as_the_study_says(stanford, uncertain, blank, labels):
    found, _ = tables("chexpert", stanford, target="Pleural Effusion", uncertain=uncertain, blank=blank)
    assert found["label"].tolist() == labels


def test_chexpert_valid_is_a_table_of_its_own_and_the_full_set_has_another_first_folder(stanford):
    line = "CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,"
    header, *_ = CHEXPERT.splitlines()
    write(stanford / "valid.csv", f"{header}\n{line}{'0.0,' * 10}1.0,0.0,0.0,0.0\n")
    picture(stanford / "valid/patient64541/study1/view1_frontal.jpg", GREY[::-1])
    opened = dataset("chexpert", stanford, part="valid", **EFFUSION)
    (row,) = opened.exams().to_dict("records")
    assert row["label"] == 1
    assert opened.read(row).shape == GREY.shape


def test_chexpert_an_unknown_view_is_unusable_and_broken_rows_are_told_by_number(stanford):
    write(stanford / "train.csv", CHEXPERT.replace("Male,83,Frontal", "Male,83,Oblique"))
    assert tables("chexpert", stanford, **EFFUSION)[1][0] == ("train.csv, row 5", "its view is unknown")
    wrong = CHEXPERT.replace("0.0,1.0,,,1.0", "0.0,2,,,1.0", 1).replace("patient00003/study1", "someone/secret")
    write(stanford / "train.csv", wrong)
    found = problems("chexpert", stanford, **EFFUSION)
    assert found == [
        "train.csv, row 6: Path names no patient and study",
        "train.csv, row 2: Pleural Effusion is not 1, 0, -1 or blank",
    ]


def test_chexpert_a_missing_column_is_named(stanford):
    write(stanford / "train.csv", CHEXPERT.replace("Pleural Effusion", "Effusion"))
    assert problems("chexpert", stanford, **EFFUSION) == ["train.csv, row 1: the column 'Pleural Effusion' is missing"]


# MIMIC-CXR-JPG

METADATA = """\
dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,\
ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning
02aa804e-1,10000032,50414267,CHEST (PA AND LAT),PA,3056,2544,21800506,213014.5,CHEST (PA AND LAT),postero-anterior,Erect
174413ec-2,10000032,50414267,CHEST (PA AND LAT),LATERAL,3056,2544,21800506,213014.531,CHEST (PA AND LAT),lateral,Erect
2a2277a9-3,10000032,53189527,CHEST (PA AND LAT),LL,3056,2544,21800626,165500.312,CHEST (PA AND LAT),left lateral,Erect
e084de3b-4,10000764,57375967,CHEST (PORTABLE AP),AP,2544,3056,21801023,34318.218,CHEST (PORTABLE AP),antero-posterior,
68b5c4b1-5,10000764,57375967,CHEST (PORTABLE AP),,2544,3056,21801023,34318.218,CHEST (PORTABLE AP),,
096052b7-6,11000898,50771383,CHEST (PA AND LAT),PA,3056,2544,21800805,234424.765,CHEST (PA AND LAT),postero-anterior,
"""
FINDINGS = """\
subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,\
Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices
10000032,50414267,,,,,,,,,,1.0,,,,
10000032,53189527,,,,,,,,,1.0,,,,,
10000764,57375967,,,1.0,,,,,,,-1.0,,-1.0,,
"""
SPLIT = """\
dicom_id,study_id,subject_id,split
02aa804e-1,50414267,10000032,train
174413ec-2,50414267,10000032,train
2a2277a9-3,53189527,10000032,train
e084de3b-4,57375967,10000764,test
68b5c4b1-5,57375967,10000764,test
096052b7-6,50771383,11000898,validate
"""


def boston_tree(folder, suffix):
    write(folder / f"mimic-cxr-2.0.0-metadata.csv{suffix}", METADATA)
    write(folder / f"mimic-cxr-2.0.0-chexpert.csv{suffix}", FINDINGS)
    write(folder / f"mimic-cxr-2.0.0-negbio.csv{suffix}", FINDINGS.replace("-1.0,,-1.0", "1.0,,-1.0"))
    write(folder / f"mimic-cxr-2.0.0-split.csv{suffix}", SPLIT)
    for path in (
        "p10/p10000032/s50414267/02aa804e-1", "p10/p10000032/s50414267/174413ec-2",
        "p10/p10000032/s53189527/2a2277a9-3", "p10/p10000764/s57375967/e084de3b-4",
        "p10/p10000764/s57375967/68b5c4b1-5", "p11/p11000898/s50771383/096052b7-6",
    ):  # fmt: skip
        picture(folder / f"files/{path}.jpg")
    return folder


@pytest.fixture(params=["", ".gz"], ids=["plain", "gzip"])
def boston(request, tmp_path):
    """Three patients, with both words for the lateral view, a blank view, and a study without any label."""
    return boston_tree(tmp_path, request.param)


def test_mimic_joins_images_with_the_labels_of_their_study(boston):
    found, unusable = tables("mimic_cxr", boston, target="Pleural Effusion", uncertain="positive", blank="negative")
    assert found["patient_id"].tolist() == ["p10000032"] * 3 + ["p10000764"]
    assert found["exam_id"].tolist() == ["s50414267", "s50414267", "s53189527", "s57375967"]
    assert found["view"].tolist() == ["frontal", "lateral", "lateral", "frontal"]
    assert found["label"].tolist() == [1, 1, 0, 1]
    assert found["tag_projection"].tolist() == ["PA", "LATERAL", "LL", "AP"]
    assert [(place.rpartition(", ")[2], reason) for place, reason in unusable] == [
        ("row 6", "its view is unknown"),
        ("row 7", "its study has no label"),
    ]


def test_mimic_labels_left_out_are_counted(boston):
    _, unusable = tables("mimic_cxr", boston, **EFFUSION)
    assert [reason for _, reason in unusable] == [
        "its label is blank", "its label is uncertain", "its view is unknown", "its study has no label",
    ]  # fmt: skip


def test_mimic_takes_one_split_and_either_labeller(boston):
    found, unusable = tables("mimic_cxr", boston, split="test", labeller="negbio", **EFFUSION)
    assert found[["exam_id", "label"]].to_numpy().tolist() == [["s57375967", 1]]
    assert len(unusable) == 1


def test_mimic_reads_the_images_of_its_tree(boston):
    opened = dataset("mimic_cxr", boston, **EFFUSION)
    row = opened.exams().to_dict("records")[0]
    assert abs(opened.read(row).astype(int) - GREY).max() <= 12  # JPEG


def test_mimic_broken_tables_are_told_by_row_and_without_ids(tmp_path):
    boston_tree(tmp_path, "")
    write(tmp_path / "mimic-cxr-2.0.0-metadata.csv", METADATA.replace("\n174413ec-2,10000032,", "\n02aa804e-1,,"))
    assert problems("mimic_cxr", tmp_path, **EFFUSION) == ["mimic-cxr-2.0.0-metadata.csv, row 3: subject_id is empty"]
    boston_tree(tmp_path, "")
    write(tmp_path / "mimic-cxr-2.0.0-chexpert.csv", FINDINGS + "10000764,57375967,,,,,,,,,,maybe,,,,\n")
    assert problems("mimic_cxr", tmp_path, **EFFUSION) == [
        "mimic-cxr-2.0.0-chexpert.csv, row 5: the study stands in an earlier row already",
        "mimic-cxr-2.0.0-chexpert.csv, row 5: Pleural Effusion is not 1, 0, -1 or blank",
    ]


def test_mimic_a_download_that_broke_off_is_told(tmp_path):
    boston_tree(tmp_path, ".gz")
    file = tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert "mimic-cxr-2.0.0-metadata.csv.gz: cannot be read" in problems("mimic_cxr", tmp_path, **EFFUSION)[0]
    file.write_bytes(whole[:20] + b"\xff" * 20 + whole[40:])
    assert "mimic-cxr-2.0.0-metadata.csv.gz: cannot be read" in problems("mimic_cxr", tmp_path, **EFFUSION)[0]


# GRAZPEDWRI-DX

GRAZ = """\
filestem,patient_id,study_number,timehash,gender,age,laterality,projection,initial_exam,ao_classification,cast,\
diagnosis_uncertain,osteopenia,fracture_visible,metal,pixel_spacing,device_manufacturer
0001_0297860884_01_WRI-L1_M014,1,1,297860884,M,14.1,L,1,1,23r-M/2.1,,,,,,0.144,Siemens
0001_0297860908_01_WRI-L2_M014,1,1,297860908,M,14.1,L,2,1,23r-M/2.1,,,,1,,0.144,Siemens
0001_0297860932_01_WRI-L3_M014,1,1,297860932,M,14.1,L,3,1,23r-M/2.1,,,,1,,0.144,Siemens
0001_0298000000_02_WRI-L1_M014,1,2,298000000,M,14.2,L,1,,23r-M/2.1,1,,1,1,1,0.144,Siemens
0001_0297860956_01_WRI-R1_M014,1,1,297860956,M,14.1,R,1,1,,,1,,,,0.144,Siemens
0002_0354485735_01_WRI-R1_F012,2,1,354485735,F,12.5,R,1,1,,,,,0,,0.144,Agfa
"""


@pytest.fixture
def graz(tmp_path):
    """Two patients; one has both wrists, an oblique view, and a second study in a cast."""
    write(tmp_path / "dataset.csv", GRAZ)
    for number, line in enumerate(GRAZ.splitlines()[1:]):
        stem = line.partition(",")[0]
        picture(tmp_path / f"images_part{number % 4 + 1}/{stem}.png", GREY.astype(np.uint16) * 257)
    return tmp_path


def test_graz_an_exam_is_a_wrist_and_its_label_that_of_any_image(graz):
    found, unusable = tables("grazpedwri", graz, casts="exclude")
    assert found["exam_id"].tolist() == ["1-1-L", "1-1-L", "1-1-R", "2-1-R"]
    assert found["patient_id"].tolist() == ["1", "1", "1", "2"]
    assert found["view"].tolist() == ["frontal", "lateral", "frontal", "frontal"]
    assert found["label"].tolist() == [1, 1, 0, 0]
    assert found["age"].tolist() == [14.1, 14.1, 14.1, 12.5]
    assert found["sex"].tolist() == ["M", "M", "M", "F"]
    assert found["diagnosis_uncertain"].tolist() == [0, 0, 1, 0]
    assert found["tag_manufacturer"].tolist() == ["Siemens"] * 3 + ["Agfa"]
    assert unusable == [
        ("dataset.csv, row 4", "its projection is neither frontal nor lateral"),
        ("dataset.csv, row 5", "a cast is in the image"),
    ]


def test_graz_casts_may_be_kept_and_are_a_covariate(graz):
    found, unusable = tables("grazpedwri", graz, casts="keep")
    assert found["cast"].tolist() == [0, 0, 1, 0, 0]
    assert found["metal"].tolist() == [0, 0, 1, 0, 0]
    assert found["initial_exam"].tolist() == [1, 1, 0, 1, 1]
    assert len(unusable) == 1


def test_graz_finds_an_image_in_any_of_the_four_folders(graz):
    opened = dataset("grazpedwri", graz, casts="exclude")
    for row in opened.exams().to_dict("records"):
        np.testing.assert_array_equal(opened.read(row), GREY.astype(np.uint16) * 257)
    for file in (graz / "images_part4").iterdir():
        file.unlink()
    _, unusable = tables("grazpedwri", graz, casts="keep")
    assert ("dataset.csv, row 5", "the image file is not there") in unusable


def test_graz_broken_rows_are_told_by_number(graz):
    wrong = GRAZ.replace("\n0002_0354485735_01_WRI-R1_F012,2,1,", "\n0001_0297860884_01_WRI-L1_M014,,1,")
    write(graz / "dataset.csv", wrong.replace(",1,,0.144", ",yes,,0.144", 1))
    assert problems("grazpedwri", graz, casts="keep") == [
        "dataset.csv, row 7: patient_id is empty",
        "dataset.csv, row 7: the filestem stands in an earlier row already",
        "dataset.csv, row 3: fracture_visible is not 1, 0 or blank",
    ]


# VinDr-Mammo

MAMMO = """\
study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,split
study1,series1,image1,L,CC,3518,2800,BI-RADS 2,DENSITY C,training
study1,series1,image2,L,MLO,3518,2800,BI-RADS 2,DENSITY C,training
study1,series1,image3,R,CC,3518,2800,BI-RADS 4,DENSITY C,training
study1,series1,image4,R,MLO,3518,2800,BI-RADS 4,DENSITY C,training
study2,series2,image5,L,CC,3518,2800,BI-RADS 3,DENSITY A,test
study2,series2,image6,L,MLO,3518,2800,BI-RADS 3,DENSITY A,test
"""


@pytest.fixture
def mammo(tmp_path):
    """A study of both breasts in the training split, one breast in the test split."""
    write(tmp_path / "breast-level_annotations.csv", MAMMO)
    for line in MAMMO.splitlines()[1:]:
        study, _, image, *_ = line.split(",")
        dicom(tmp_path / f"images/{study}/{image}.dicom", Modality="MG")
    return tmp_path


def test_mammo_an_exam_is_a_breast_and_a_study_stands_for_the_patient(mammo):
    found, unusable = tables("vindr_mammo", mammo)
    assert not unusable
    assert found["patient_id"].tolist() == ["study1"] * 4 + ["study2"] * 2
    assert found["exam_id"].tolist() == ["study1-L"] * 2 + ["study1-R"] * 2 + ["study2-L"] * 2
    assert found["view"].tolist() == ["cc", "mlo"] * 3
    assert found["label"].tolist() == [0, 0, 1, 1, 0, 0]
    assert found["density"].tolist() == ["C"] * 4 + ["A"] * 2
    assert found["birads"].tolist() == [2, 2, 4, 4, 3, 3]


def test_mammo_the_threshold_and_the_split_are_parameters(mammo):
    found, _ = tables("vindr_mammo", mammo, positive_from=3, split="test")
    assert found["label"].tolist() == [1, 1]
    assert found["patient_id"].unique().tolist() == ["study2"]
    assert len(tables("vindr_mammo", mammo, split="training")[0]) == 4


def test_mammo_reads_dicom_and_tells_of_files_that_are_cut_short(mammo):
    opened = dataset("vindr_mammo", mammo)
    rows = opened.exams().to_dict("records")
    assert opened.read(rows[0]).shape == GREY.shape
    file = mammo / "images/study1/image2.dicom"
    file.write_bytes(file.read_bytes()[:-40])
    assert tables("vindr_mammo", mammo)[1] == [("breast-level_annotations.csv, row 3", "the image is cut short")]


def test_mammo_broken_rows_are_told_by_number_and_other_views_are_unusable(mammo):
    file = mammo / "breast-level_annotations.csv"
    write(file, MAMMO.replace("L,CC,3518,2800,BI-RADS 3", "L,ML,3518,2800,BI-RADS 3"))
    assert tables("vindr_mammo", mammo)[1] == [
        ("breast-level_annotations.csv, row 6", "its view is neither CC nor MLO")
    ]
    write(file, MAMMO.replace("BI-RADS 2", "2", 1).replace("image6", "image5").replace("DENSITY A,test", ",test", 1))
    assert problems("vindr_mammo", mammo) == [
        "breast-level_annotations.csv, row 6: breast_density is empty",
        "breast-level_annotations.csv, row 7: the image_id stands in an earlier row already",
        "breast-level_annotations.csv, row 2: breast_birads is not BI-RADS 0 to BI-RADS 6",
    ]


# No identifier leaves a loader in a message


@pytest.mark.parametrize("name", ["spinexr", "buu", "stanford", "graz", "mammo"])
def test_places_and_reasons_hold_no_identifier(name, request):
    folder = request.getfixturevalue(name)
    for file in folder.rglob("*"):
        if file.suffix in (".dicom", ".jpg", ".png"):
            file.write_bytes(b"broken")
    kind = {"spinexr": "vindr_spinexr", "buu": "buu_lspine", "stanford": "chexpert", "graz": "grazpedwri",
            "mammo": "vindr_mammo"}[name]  # fmt: skip
    table = dataset(kind, folder, **REQUIRED.get(kind, {})).exams()
    text = "\n".join(table["unusable"] + table["place"])
    assert (table["unusable"] != "").all()
    ids = {*table["patient_id"].dropna(), *table["exam_id"].dropna(), *table["image_id"]}
    assert not [each for each in ids if len(each) > 2 and each in text]
