from dataclasses import replace

import numpy as np
import pytest
from ovcf_plugins.datasets.phantom.anatomy import ANTERIOR_TO_POSTERIOR, LEVELS, MIDDLE_TO_POSTERIOR
from ovcf_plugins.datasets.phantom.patient import draw_patient
from ovcf_plugins.datasets.phantom.presets import CaseMix, preset_at
from ovcf_plugins.datasets.phantom.streams import Stream, generator

# Genant 1993: height loss of grades 1, 2, 3; nobody loses more than 60 %.
GENANT = {1: (0.20, 0.25), 2: (0.25, 0.40), 3: (0.40, 0.60)}
NO_VARIATION = CaseMix(anterior_sd=0.0, middle_sd=0.0)
NOBODY_HIDDEN = replace(NO_VARIATION, occult=0.0, mimic=0.0)


def cohort(label, mix, n=200, field="full"):
    return [draw_patient(generator(7, "A", index, Stream.ANATOMY), label, mix, field) for index in range(n)]


def height_loss(spine):
    """Largest share of height that each level has lost against its own healthy shape."""
    anterior = spine.anterior_height / (spine.healthy_height * ANTERIOR_TO_POSTERIOR)
    middle = spine.middle_height / (spine.healthy_height * MIDDLE_TO_POSTERIOR)
    return 1 - np.minimum(anterior, middle)


def test_fractured_levels_lose_the_height_of_their_genant_grade():
    for patient in cohort(1, NO_VARIATION):
        for loss, grade in zip(height_loss(patient.spine), patient.grades, strict=True):
            if grade:
                low, high = GENANT[grade]
                assert low - 1e-9 <= loss <= high + 1e-9


def test_other_levels_keep_their_height():
    for patient in [*cohort(1, NOBODY_HIDDEN), *cohort(0, NOBODY_HIDDEN)]:
        assert np.allclose(height_loss(patient.spine)[patient.grades == 0], 0, atol=0.01)


def test_every_case_that_is_not_occult_has_one_to_three_fractured_levels():
    numbers = {len(patient.fractured_levels) for patient in cohort(1, NOBODY_HIDDEN)}
    assert numbers == {1, 2, 3}
    assert not any(patient.fractured_levels for patient in cohort(0, CaseMix()))


def test_occult_cases_and_mimics_have_their_declared_shares():
    hidden = np.mean([not patient.grades.any() for patient in cohort(1, NO_VARIATION, 1000)])
    deformed = np.mean([height_loss(patient.spine).max() > 0.1 for patient in cohort(0, NO_VARIATION, 1000)])
    # Three standard errors of a share of 5 % at n = 1000.
    assert hidden == pytest.approx(0.05, abs=0.021)
    assert deformed == pytest.approx(0.06, abs=0.023)


def test_grades_have_their_declared_mix():
    grades = np.concatenate([patient.grades for patient in cohort(1, NOBODY_HIDDEN, 600)])
    shares = np.bincount(grades, minlength=4)[1:] / (grades > 0).sum()
    assert shares == pytest.approx(NOBODY_HIDDEN.genant_grades, abs=0.06)


def test_the_coned_field_has_only_fractures_that_it_shows():
    coned = {level for patient in cohort(1, CaseMix(), field="coned") for level in patient.fractured_levels}
    full = {level for patient in cohort(1, CaseMix(), n=400) for level in patient.fractured_levels}
    assert coned == {"T11", "T12", "L1", "L2", "L3"}
    assert full == set(LEVELS)


def test_vertebrae_stand_in_order_without_overlap():
    for patient in cohort(1, CaseMix()):
        spine = patient.spine
        shortest = np.minimum(spine.anterior_height, spine.posterior_height)
        assert (np.diff(spine.z) > 0.5 * (shortest[1:] + shortest[:-1]) * 0.8).all()


def test_a_wedge_bends_the_spine_forward():
    def kyphosis(patient):
        return patient.spine.sagittal_tilt[5] - patient.spine.sagittal_tilt[0]

    wedges = replace(NOBODY_HIDDEN, deformities=(1.0, 0.0, 0.0), tilt_sd_deg=0.0)
    fractured = np.mean([kyphosis(patient) for patient in cohort(1, wedges)])
    healthy = np.mean([kyphosis(patient) for patient in cohort(0, wedges)])
    assert np.rad2deg(abs(fractured - healthy)) > 2


def test_the_external_site_has_milder_cases_and_its_own_x_ray_system():
    internal, external = preset_at("paper-like", "A"), preset_at("paper-like", "B")
    assert external.case_mix.occult < internal.case_mix.occult
    assert external.case_mix.mimic < internal.case_mix.mimic
    assert external.ap.pose_sd_deg < internal.ap.pose_sd_deg
    assert external.system != internal.system
