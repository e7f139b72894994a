"""A drafted answer to the study's question, in two or three sentences, from the findings alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.conclusions import between
from ovcf_bench.findings.secondary import Estimate
from ovcf_bench.findings.values import ComparisonFindings, Sentence, SetFindings
from ovcf_bench.findings.wording import auroc_text, listed, p_text, signed
from ovcf_bench.stats.delong import DELONG


def draft_answer(analysis: Analysis, sets: Mapping[str, SetFindings]) -> tuple[Sentence, ...]:
    """Return the answer: the primary comparison if one is declared, else the AUROCs of the first set."""
    comparison, primary = None, analysis.primary
    if primary is not None and primary.set in sets:
        findings = sets[primary.set].comparisons
        comparison = next((one for one in findings if one.id == primary.comparison), None)
    if primary is None or comparison is None:
        return tuple(Sentence(text) for text in _without_primary(analysis, sets))
    return tuple(Sentence(text) for text in _primary(primary.set, comparison, analysis.conditional_on))


def _primary(set_name: str, comparison: ComparisonFindings, given: str) -> Iterator[str]:
    a, b = comparison.a, comparison.b
    found: ComparisonFindings | Estimate = comparison
    if comparison.primary_estimate == "all_data" and comparison.all_data is not None:
        found = comparison.all_data
    if found.auroc_a is None or found.auroc_b is None or found.difference is None:
        yield f"The primary comparison ({a} minus {b} on {set_name}) has no result: {found.reason}."
        return
    yield (
        f"On {set_name} ({found.n} cases, {found.positives} positive) the AUROC was "
        f"{auroc_text(found.auroc_a, found.ci_a)} for {a} and "
        f"{auroc_text(found.auroc_b, found.ci_b)} for {b}."
    )
    difference = f"The difference ({a} minus {b}) was {signed(found.difference)}"
    if found.ci is None:
        yield f"{difference} for {given}, without an interval: {found.reason}."
        return
    p = f"; no p-value: {found.reason}"
    if found.p is not None:
        name = "DeLong " if found.method == DELONG else ""
        p = f", {name}{p_text(found.p)}" + (f"; {found.reason}" if found.reason else "")
    yield f"{difference} (95 % CI {between(found.ci)}{p}) for {given}."
    yield comparison.conclusion


def _without_primary(analysis: Analysis, sets: Mapping[str, SetFindings]) -> Iterator[str]:
    if analysis.from_study:
        yield "The study declares no primary comparison."
    for name, findings in sets.items():
        known = [
            f"{auroc_text(result.auroc, result.ci)} for {arm}"
            for arm, result in findings.arms.items()
            if result.auroc is not None
        ]
        if known:
            yield (
                f"On {name} ({findings.n} cases, {findings.positives} positive) the AUROC was {listed(known)}, "
                f"for {analysis.conditional_on}."
            )
            return
    yield "No test set has an ensemble to report."
