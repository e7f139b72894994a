"""What a comparison says about its declared claim, in one sentence.

A p-value above .05 never becomes a statement that two arms are alike: that takes a margin.
"""

from __future__ import annotations

from collections.abc import Iterator

from ovcf_bench.findings.values import ComparisonFindings, Verdict
from ovcf_bench.wording import interval, signed

LATE = "It was not declared before the test scores existed."
NO_EVIDENCE_OF_LIKENESS = (
    "this does not show that the two are alike, which would take a margin declared before the test scores are read"
)


def conclude(finding: ComparisonFindings) -> str:
    """Return the verdict on the declared claim, or why there is none."""
    return " ".join((verdict_on(finding), *size_of(finding), *(() if finding.declared else (LATE,))))


def verdict_on(finding: ComparisonFindings) -> str:
    """Return the sentence on the declared claim alone."""
    if finding.estimate.difference is None or (finding.estimate.ci is None and finding.estimate.p is None):
        return f"There is no verdict: {finding.estimate.reason}."
    if finding.claim == "noninferiority":
        return _conclude_noninferiority(finding)
    if finding.claim == "equivalence":
        return _conclude_equivalence(finding)
    return _conclude_difference(finding)


def size_of(finding: ComparisonFindings) -> Iterator[str]:
    """Yield, for a comparison that shows nothing, the true difference that it could have shown."""
    # What this test could have found; power at the observed effect would only say p again (Hoenig & Heisey 2001).
    found = finding.detectable
    shown = {
        "difference": finding.estimate.ci is None or not finding.estimate.ci[0] <= 0 <= finding.estimate.ci[1],
        "noninferiority": finding.noninferiority.verdict != "inconclusive",
        "equivalence": finding.equivalence.verdict != "inconclusive",
    }[finding.claim]
    if found is not None and found.difference is not None and not shown:
        yield (
            f"At this size and spread a test for a difference finds a true one of {found.difference:.3f} with "
            f"{100 * found.power:.0f} % power."
        )


def _conclude_difference(finding: ComparisonFindings) -> str:
    if finding.estimate.ci is None:
        return f"There is no verdict: {finding.estimate.reason}."
    low, high = finding.estimate.ci
    if low > 0:
        return f"{finding.a} is superior to {finding.b}: the 95 % interval lies above 0."
    if high < 0:
        return f"{finding.a} is inferior to {finding.b}: the 95 % interval lies below 0."
    return f"A difference is not shown (the 95 % interval holds 0); {NO_EVIDENCE_OF_LIKENESS}."


def _conclude_noninferiority(finding: ComparisonFindings) -> str:
    verdict = finding.noninferiority
    if verdict.verdict is None or verdict.ci is None or finding.margin is None:
        return _no_verdict(verdict)
    against = f"to {finding.b} at {_margin(finding)}"
    bound = f"one-sided 97.5 % limit {signed(verdict.ci[0])}"
    if verdict.verdict == "inferior beyond the margin":
        return f"{finding.a} is inferior {against}: its whole 95 % interval lies below {signed(-finding.margin)}."
    if verdict.verdict == "inconclusive":
        inferior = f", and {finding.a} is inferior" if verdict.direction == "inferior" else ""
        return f"Non-inferiority of {finding.a} {against} is not shown ({bound}){inferior}."
    also = {
        "inferior": f", and at the same time inferior: the 95 % interval lies between {signed(-finding.margin)} and 0",
        "superior": ", and superior: the 95 % interval lies above 0",
    }.get(verdict.direction or "", "")
    return f"{finding.a} is non-inferior {against} ({bound}){also}."


def _conclude_equivalence(finding: ComparisonFindings) -> str:
    verdict = finding.equivalence
    if verdict.verdict is None or verdict.ci is None or finding.margin is None:
        return _no_verdict(verdict)
    against = f"at {_margin(finding)} (90 % interval {interval(verdict.ci, sign=True)})"
    if verdict.verdict == "equivalent":
        return f"{finding.a} and {finding.b} are equivalent {against}."
    if verdict.verdict == "not equivalent":
        return f"{finding.a} and {finding.b} are not equivalent {against}."
    return f"Equivalence of {finding.a} and {finding.b} {against} is not shown."


def _margin(finding: ComparisonFindings) -> str:
    return f"the {'declared ' if finding.declared else ''}margin of {finding.margin:g}"


def _no_verdict(verdict: Verdict) -> str:
    return f"There is no verdict: {verdict.reason}."
