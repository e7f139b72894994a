"""A drafted answer to the study's question, in two or three sentences, from the findings alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ovcf_bench.findings.conclusions import between
from ovcf_bench.findings.records import ComparisonFindings, Primary, Sentence, SetFindings
from ovcf_bench.findings.wording import auroc_text, listed, p_text, signed


def draft_answer(primary: Primary | None, sets: Mapping[str, SetFindings]) -> tuple[Sentence, ...]:
    """Return the answer: the primary comparison if one is declared, else the AUROCs of the first set."""
    comparison = None
    if primary is not None and primary.set in sets:
        findings = sets[primary.set].comparisons
        comparison = next((one for one in findings if one.id == primary.comparison), None)
    if primary is None or comparison is None:
        return tuple(Sentence(text) for text in _without_primary(sets))
    return tuple(Sentence(text) for text in _primary(primary.set, comparison))


def _primary(set_name: str, comparison: ComparisonFindings) -> Iterator[str]:
    a, b = comparison.a, comparison.b
    if comparison.auroc_a is None or comparison.auroc_b is None or comparison.difference is None:
        yield f"The primary comparison ({a} minus {b} on {set_name}) has no result: {comparison.reason}."
        return
    yield (
        f"On {set_name} ({comparison.n} cases, {comparison.positives} positive) the AUROC was "
        f"{auroc_text(comparison.auroc_a, comparison.ci_a)} for {a} and "
        f"{auroc_text(comparison.auroc_b, comparison.ci_b)} for {b}."
    )
    difference = f"The difference ({a} minus {b}) was {signed(comparison.difference)}"
    if comparison.ci is None:
        yield f"{difference} for these trained networks, without an interval: {comparison.reason}."
        return
    p = f"; no p-value: {comparison.reason}"
    if comparison.p is not None:
        p = f", DeLong {p_text(comparison.p)}" + (f"; {comparison.reason}" if comparison.reason else "")
    yield f"{difference} (95 % CI {between(comparison.ci)}{p}) for these trained networks."
    yield comparison.conclusion


def _without_primary(sets: Mapping[str, SetFindings]) -> Iterator[str]:
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
                "for these trained networks."
            )
            return
    yield "No test set has an ensemble to report."
