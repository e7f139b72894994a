"""Cohorts as files: PNG or DICOM with manifests, frozen splits, and a study that reads them."""

from ovcf_bench.export.cohorts import ExportedCohort, Form, export_cohorts
from ovcf_bench.export.png import Png

__all__ = ["ExportedCohort", "Form", "Png", "export_cohorts"]
