"""From a dataset plugin to its exam table, to the eligible exams, and to the cases of an arm."""

from ovcf_bench.cohort.cases import cases, patient_table
from ovcf_bench.cohort.contract import (
    Unusable,
    check_exams,
    hide_ids,
    list_exams,
    open_dataset,
    refuse_unusable,
    separate,
)
from ovcf_bench.cohort.eligibility import Cohort, Counts, Step, apply_eligibility

__all__ = [
    "Cohort",
    "Counts",
    "Step",
    "Unusable",
    "apply_eligibility",
    "cases",
    "check_exams",
    "hide_ids",
    "list_exams",
    "open_dataset",
    "patient_table",
    "refuse_unusable",
    "separate",
]
