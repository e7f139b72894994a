"""Every number of the report, computed once from the study and the score table.

`build` gives typed values (`Findings`), which findings.json holds; the report does no arithmetic.
"""

from ovcf_bench.findings.analysis import Analysis, from_study
from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.rebuild import ANALYSIS, FINDINGS, of_scores, rebuild
from ovcf_bench.findings.values import Findings, Gallery

__all__ = [
    "ANALYSIS",
    "FINDINGS",
    "Analysis",
    "Findings",
    "Gallery",
    "build",
    "from_study",
    "of_scores",
    "rebuild",
]
