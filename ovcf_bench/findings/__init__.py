"""Every number of the report, computed once from the study and the score table.

`build` gives typed values (`Findings`), `to_json` the text of findings.json; the report does no arithmetic.
"""

from ovcf_bench.findings.assembly import build
from ovcf_bench.findings.rebuild import rebuild
from ovcf_bench.findings.records import Findings
from ovcf_bench.findings.serialise import to_json

__all__ = ["Findings", "build", "rebuild", "to_json"]
