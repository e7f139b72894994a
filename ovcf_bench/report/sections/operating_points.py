"""The frozen thresholds and what they do."""

from __future__ import annotations

from ovcf_bench.report.blocks import Paragraph, Section
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.tables.operating_points import operating_blocks

_AT_PREVALENCE = "PPV, NPV, accuracy and F1 hold at the prevalence of each set unless another one is named."
_FROM_DEVELOPMENT = (
    "The threshold of an arm is fitted on scores of development, then frozen. Where development scores come from "
    "single networks and test scores from their ensemble, the same threshold may act otherwise, so both stand side by "
    f"side. {_AT_PREVALENCE}"
)


def operating_points(run: RunRecords) -> Section:
    """Return the section."""
    fitted = any(found.n for found in run.findings.development.values())
    text = _FROM_DEVELOPMENT if fitted else _AT_PREVALENCE
    return Section("operating-points", "Operating points", (Paragraph(text), *operating_blocks(run.findings)))
