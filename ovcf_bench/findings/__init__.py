"""Every number of the report, computed once from the study and the score table.

`build` gives typed values (`Findings`), `to_json` the text of findings.json; the report does no arithmetic.
"""

from ovcf_bench.findings.analysis import Analysis, from_study
from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.rebuild import of_scores, rebuild
from ovcf_bench.findings.serialise import analysis_to_json, to_json
from ovcf_bench.findings.values import Findings, Gallery

__all__ = [
    "Analysis",
    "Findings",
    "Gallery",
    "analysis_to_json",
    "build",
    "from_study",
    "of_scores",
    "rebuild",
    "to_json",
]
