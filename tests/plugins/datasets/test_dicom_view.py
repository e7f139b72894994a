import pytest
from ovcf_plugins.datasets.dicom.view import UNKNOWN, find_view
from pydicom.sr.codedict import codes


def view(table=None, rename=None, words=None, **facts):
    return find_view({"Modality": "DX", **facts}, table, rename or {}, words or {})


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"ViewPosition": "AP"}, "ap"),
        ({"ViewPosition": "PA"}, "pa"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"ViewPosition": "RL"}, "lateral"),
        ({"ViewCode": codes.cid4010.AnteroPosterior.value}, "ap"),
        ({"ViewCode": codes.cid4010.LeftLateral.value}, "lateral"),
        ({"ViewCode": codes.cid4014.CranioCaudal.value}, "cc"),
        ({"PatientOrientation": "A\\F"}, "lateral"),
        ({"SeriesDescription": "L-Spine lat."}, "lateral"),
        ({"SeriesDescription": "LWS a.p. stehend"}, "ap"),
        ({"ProtocolName": "LUMBAR SPINE AP"}, "ap"),
        ({"ViewPosition": "AP", "PatientOrientation": "L\\F"}, "ap"),
        ({"ViewPosition": "MLO", "Modality": "MG", "PatientOrientation": "A\\F"}, "mlo"),
    ],
)
def test_every_source_names_the_view(facts, name):
    found = view(**facts)
    assert found.name == name
    assert found.known


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"ViewPosition": ""},
        {"PatientOrientation": "L\\F"},  # frontal, but AP or PA?
        {"SeriesDescription": "L-SPINE AP/LAT"},
        {"ViewPosition": "AP", "SeriesDescription": "L-Spine lateral"},
        {"ViewPosition": "LL", "PatientOrientation": "L\\F"},
        {"ViewPosition": "AP", "ViewCode": codes.cid4010.PosteroAnterior.value},
        {"ViewPosition": "OBLIQUE"},
        {"ViewPosition": "OBLIQUE", "PatientOrientation": "A\\F"},
        {"ViewPosition": "LLD"},  # decubitus: the patient lies on the side, the view is frontal
        {"ViewPosition": "AP", "ViewCode": codes.cid4010.LeftAnteriorOblique.value},
    ],
)
def test_what_is_not_said_or_said_in_two_ways_is_unknown(facts):
    assert view(**facts).name == UNKNOWN


def test_the_evidence_names_each_source_with_what_it_says():
    found = view(ViewPosition="AP", SeriesDescription="L-Spine lateral")
    assert found.evidence == "ViewPosition: ap, SeriesDescription: lateral"


def test_the_users_table_is_one_more_source():
    assert view(table="ap").name == "ap"
    assert view(table="lateral", ViewPosition="AP").name == UNKNOWN


def test_views_that_mean_the_same_in_a_study_do_not_disagree():
    frontal = {"ap": "frontal", "pa": "frontal"}
    assert view(rename=frontal, ViewPosition="AP", ViewCode=codes.cid4010.PosteroAnterior.value).name == "frontal"
    assert view(rename=frontal, PatientOrientation="L\\F").name == "frontal"
    assert view(rename=frontal, ViewPosition="LL").name == "lateral"


def test_words_of_another_language_may_be_declared():
    assert view(SeriesDescription="Wirbelsäule von der Seite", words={"seite": "lateral"}).name == "lateral"


def test_a_position_that_is_not_stated_decides_nothing():
    assert view(ViewPosition="UNKNOWN", SeriesDescription="AP").name == "ap"


def test_what_was_ordered_says_nothing_about_one_image():
    assert view(ViewPosition="LL", StudyDescription="XR CHEST PA").name == "lateral"


def test_words_are_compared_whatever_their_case():
    assert view(SeriesDescription="SEITE", words={"Seite": "lateral"}).name == "lateral"
    assert view(table="AP", ViewPosition="AP").name == "ap"


def test_a_table_that_says_frontal_agrees_with_ap_and_pa():
    assert view(table="frontal", ViewPosition="AP").name == "frontal"
    assert view(table="frontal", ViewCode=codes.cid4010.Frontal.value).name == "frontal"
    assert view(table="frontal", ViewPosition="LL").name == UNKNOWN
