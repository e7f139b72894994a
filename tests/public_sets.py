"""Small copies of the public sets, as their publishers lay them out, and how a test opens them."""

import gzip

import numpy as np
import pydicom
import pytest
from ovcf_plugins.datasets import buu_lspine, chexpert, grazpedwri, mimic_cxr, vindr_mammo, vindr_spinexr
from ovcf_plugins.models.timm_networks import single
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ovcf_bench.api import DataError
from ovcf_bench.cohort import check_exams, separate
from ovcf_bench.hooks import registry

MODULES = (buu_lspine, chexpert, grazpedwri, mimic_cxr, vindr_mammo, vindr_spinexr)
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


SPINEXR = """\
study_id,series_id,image_id,rad_id,lesion_type,xmin,ymin,xmax,ymax
study1,series1,image1,rad1,Vertebral collapse,1.0,2.0,3.0,4.0
study1,series1,image1,rad1,Osteophytes,1.0,2.0,3.0,4.0
study1,series2,image2,rad1,No finding,,,,
study2,series3,image3,rad2,No finding,,,,
study2,series4,image4,rad2,Osteophytes,5.0,6.0,7.0,8.0
study3,series5,image5,rad2,Spondylolysthesis,5.0,6.0,7.0,8.0
"""


def write_spinexr(folder):
    """Two studies of two views in the training part, a third whose view nothing tells."""
    write(folder / "annotations/train.csv", SPINEXR)
    views = {"image1": "LL", "image2": "PA", "image3": "AP", "image4": "LATERAL", "image5": ""}
    for name, view in views.items():
        dicom(folder / f"train_images/{name}.dicom", ViewPosition=view, PatientSex="F", PatientAge="063Y")
    write(
        folder / "annotations/test.csv", SPINEXR.replace("image", "other_image").replace("other_image_id", "image_id")
    )
    return folder


def endplates(*codes):
    return "".join(f"876.2,{167 + 30 * row}.0,1111.4,{168 + 30 * row}.7,{code}\n" for row, code in enumerate(codes))


def write_buu(folder):
    """Two pairs: anterolisthesis, which only the lateral file names, and a normal spine."""
    for name, codes in (
        ("AP/0001-F-037Y0", [0] * 10),
        ("LA/0001-F-037Y1", [0] * 10 + [3]),
        ("AP/0003-M-013Y0", [0] * 10),
        ("LA/0003-M-013Y1", [0] * 11),
    ):
        picture(folder / f"{name}.jpg")
        write(folder / f"{name}.csv", endplates(*codes))
    return folder


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


def write_stanford(folder):
    """Three patients: two studies, one of them with two views; an uncertain label; a blank one."""
    write(folder / "train.csv", CHEXPERT)
    for line in CHEXPERT.splitlines()[1:]:
        picture(folder / line.partition("/")[2].partition(",")[0])
    return folder


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


def write_boston(folder, suffix):
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


def write_graz(folder):
    """Two patients; one has both wrists, an oblique view, and a second study in a cast."""
    write(folder / "dataset.csv", GRAZ)
    for number, line in enumerate(GRAZ.splitlines()[1:]):
        stem = line.partition(",")[0]
        picture(folder / f"images_part{number % 4 + 1}/{stem}.png", GREY.astype(np.uint16) * 257)
    return folder


MAMMO = """\
study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,split
study1,series1,image1,L,CC,3518,2800,BI-RADS 2,DENSITY C,training
study1,series1,image2,L,MLO,3518,2800,BI-RADS 2,DENSITY C,training
study1,series1,image3,R,CC,3518,2800,BI-RADS 4,DENSITY C,training
study1,series1,image4,R,MLO,3518,2800,BI-RADS 4,DENSITY C,training
study2,series2,image5,L,CC,3518,2800,BI-RADS 3,DENSITY A,test
study2,series2,image6,L,MLO,3518,2800,BI-RADS 3,DENSITY A,test
"""


def write_mammo(folder):
    """A study of both breasts in the training split, one breast in the test split."""
    write(folder / "breast-level_annotations.csv", MAMMO)
    for line in MAMMO.splitlines()[1:]:
        study, _, image, *_ = line.split(",")
        dicom(folder / f"images/{study}/{image}.dicom", Modality="MG")
    return folder
