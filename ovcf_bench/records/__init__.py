"""What a run writes, typed once: every record has one type here, one reader and one writer."""

from ovcf_bench.records.folder import FLAT, LOCK, RUN_AGAIN, Record, RunFolder, gathering, parse, plain, to_json
from ovcf_bench.records.leaving import (
    EXPORT_SCHEMA,
    EXPORTED_ARM,
    LIMITS,
    SITE_ANSWER,
    SITE_PACKAGE,
    SITES,
    SITES_SCHEMA,
    AddedSite,
    ExportedArm,
    Recalibration,
    SiteAnswer,
    SitePackage,
    StudyLimits,
    ViewLimits,
)
from ovcf_bench.records.run import (
    CHECKS,
    FLOW,
    GALLERY,
    HISTORY,
    PROVENANCE,
    SOURCE,
    CheckResult,
    CohortFlow,
    ContactSheet,
    Epoch,
    Flow,
    GalleryImage,
    GalleryPictures,
    LeftOut,
    Provenance,
    ShownImage,
    Source,
    SplitCounts,
    UnitOutcome,
    read_history,
)
from ovcf_bench.records.side_by_side import SIDE_BY_SIDE, ListedRun, RunAuroc, SharedSet, SideBySide

ANALYSIS, FINDINGS = "analysis.json", "findings.json"  # typed by the findings, which stand above
SPLITS, COHORT, SCORES, REPORT = "splits.csv", "cohort.csv", "scores.csv", "report.html"
PLUGINS = "plugins"  # a folder: the plugin files that the study named, as they were when it ran

__all__ = [
    "ANALYSIS", "CHECKS", "COHORT", "EXPORTED_ARM", "EXPORT_SCHEMA", "FINDINGS", "FLAT", "FLOW", "GALLERY", "HISTORY",
    "LIMITS", "LOCK", "PLUGINS", "PROVENANCE", "REPORT", "RUN_AGAIN", "SCORES", "SIDE_BY_SIDE", "SITES",
    "SITES_SCHEMA", "SITE_ANSWER", "SITE_PACKAGE", "SOURCE", "SPLITS", "AddedSite", "CheckResult", "CohortFlow",
    "ContactSheet", "Epoch", "ExportedArm", "Flow", "GalleryImage", "GalleryPictures", "LeftOut",
    "ListedRun", "Provenance", "Recalibration", "Record", "RunAuroc", "RunFolder", "SharedSet", "ShownImage",
    "SideBySide", "SiteAnswer", "SitePackage", "Source", "SplitCounts", "StudyLimits", "UnitOutcome", "ViewLimits",
    "gathering", "parse", "plain", "read_history", "to_json",
]  # fmt: skip
