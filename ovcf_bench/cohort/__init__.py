"""From a dataset plugin to its exam table, to the eligible exams, and to the cases of an arm."""

from ovcf_bench.cohort.cases import by_fold, cases, patient_table
from ovcf_bench.cohort.contract import (
    Unusable,
    check_exams,
    hide_ids,
    list_exams,
    open_dataset,
    refuse_unusable,
    separate,
)
from ovcf_bench.cohort.eligibility import Cohort, apply_eligibility, count_cohort

__all__ = [
    "Cohort",
    "Unusable",
    "apply_eligibility",
    "by_fold",
    "cases",
    "check_exams",
    "count_cohort",
    "hide_ids",
    "list_exams",
    "open_dataset",
    "patient_table",
    "refuse_unusable",
    "separate",
]
