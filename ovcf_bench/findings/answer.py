"""What the comparisons say, in words: of each one, and of the study's question.

A p-value above .05 never becomes a statement that two arms are alike: that takes a margin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.values import Anchor, ArmFindings, ComparisonFindings, Part, Sentence, SetFindings
from ovcf_bench.stats.delong import DELONG
from ovcf_bench.wording import auroc_text, interval, p_phrase, signed


def draft_answer(analysis: Analysis, sets: Mapping[str, SetFindings]) -> tuple[Sentence, ...]:
    """Return the answer: the primary comparison if one is declared, else the AUROCs of the first set."""
    primary = analysis.primary
    if primary is not None and primary.set in sets:
        for one in sets[primary.set].comparisons:
            if one.id == primary.comparison:
                return tuple(_primary(primary.set, one, analysis.conditional_on))
    return tuple(_without_primary(analysis, sets))


# AMA style writes p without the zero before its point.
_NUMBER = re.compile(r"(?<![\w.,/-])[+−]?(?!0(?!\.?\d))(?:\d+(?:\.\d+)?|\.\d+)(?![\w/-]|\.\d| %)")
_Piece = str | tuple[str, Anchor]  # text, or text whose numbers stand at a place


def _sentence(*pieces: _Piece) -> Sentence:
    """Return the sentence; every number of a piece with a place leads there."""
    parts: list[Part] = []
    for piece in pieces:
        text, anchor = (piece, None) if isinstance(piece, str) else piece
        end = 0
        for found in _NUMBER.finditer(text) if anchor else ():
            parts += [Part(text[end : found.start()]), Part(found.group(), anchor)]
            end = found.end()
        parts.append(Part(text[end:]))
    kept = tuple(part for part in parts if part.text)
    return Sentence("".join(part.text for part in kept), kept)


def _primary(set_name: str, comparison: ComparisonFindings, given: str) -> Iterator[Sentence]:
    a, b = comparison.a, comparison.b
    of_a, of_b = (Anchor("auroc", set_name, arm) for arm in (a, b))
    test, verdict = (Anchor(table, set_name, comparison.id) for table in ("comparison", "verdict"))
    found = comparison.primary
    if found.auroc_a is None or found.auroc_b is None or found.difference is None:
        yield _sentence(f"The primary comparison ({a} minus {b} on {set_name}) has no result: {found.reason}.")
        return
    yield _sentence(
        f"On {set_name} (",
        (f"{found.n} cases, {found.positives} positive", test),
        ") the AUROC was ",
        (auroc_text(found.auroc_a, found.ci_a), of_a),
        f" for {a} and ",
        (auroc_text(found.auroc_b, found.ci_b), of_b),
        f" for {b}.",
    )
    start = f"The difference ({a} minus {b}) was "
    difference = (signed(found.difference), test)
    if found.ci is None:
        yield _sentence(start, difference, f" for {given}, without an interval: {found.reason}.")
        return
    p = f"; no p-value: {found.reason}"
    if found.p is not None:
        # Readers, and several images of a patient, have other tests: only DeLong's p is called so.
        name = "DeLong " if found.method == DELONG else ""
        p = f", {name}{p_phrase(found.p)}" + (f"; {found.reason}" if found.reason else "")
    yield _sentence(start, difference, " (95 % CI ", (f"{interval(found.ci, sign=True)}{p}", test), f") for {given}.")
    # The declared claim is judged in a table of its own; a mere difference stands with its test.
    judged = test if comparison.claim == "difference" else verdict
    sized = Anchor("detectable", set_name, comparison.id)
    late = () if comparison.declared else (f" {LATE}",)
    yield _sentence((verdict_on(comparison), judged), *((f" {text}", sized) for text in size_of(comparison)), *late)


def _without_primary(analysis: Analysis, sets: Mapping[str, SetFindings]) -> Iterator[Sentence]:
    if analysis.from_study:
        yield _sentence("The study declares no primary comparison.")
    for name, findings in sets.items():
        known = [(arm, result) for arm, result in findings.arms.items() if result.auroc is not None]
        if known:
            yield _sentence(
                f"On {name} ({findings.n} cases, {findings.positives} positive) the AUROC was ",
                *_aurocs(name, known),
                f", for {analysis.conditional_on}.",
            )
            return
    yield _sentence("No test set has an ensemble to report.")


def _aurocs(name: str, known: Sequence[tuple[str, ArmFindings]]) -> Iterator[_Piece]:
    for position, (arm, result) in enumerate(known):
        if position:
            yield " and " if position == len(known) - 1 else ", "
        if result.auroc is not None:
            yield auroc_text(result.auroc, result.ci), Anchor("auroc", name, arm)
        yield f" for {arm}"


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
        return _no_verdict(finding.estimate.reason)
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
        return _no_verdict(finding.estimate.reason)
    low, high = finding.estimate.ci
    if low > 0:
        return f"{finding.a} is superior to {finding.b}: the 95 % interval lies above 0."
    if high < 0:
        return f"{finding.a} is inferior to {finding.b}: the 95 % interval lies below 0."
    return f"A difference is not shown (the 95 % interval holds 0); {NO_EVIDENCE_OF_LIKENESS}."


def _conclude_noninferiority(finding: ComparisonFindings) -> str:
    verdict = finding.noninferiority
    if verdict.verdict is None or verdict.ci is None or finding.margin is None:
        return _no_verdict(verdict.reason)
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
        return _no_verdict(verdict.reason)
    against = f"at {_margin(finding)} (90 % interval {interval(verdict.ci, sign=True)})"
    if verdict.verdict != "inconclusive":
        return f"{finding.a} and {finding.b} are {verdict.verdict} {against}."
    return f"Equivalence of {finding.a} and {finding.b} {against} is not shown."


def _margin(finding: ComparisonFindings) -> str:
    return f"the {'declared ' if finding.declared else ''}margin of {finding.margin:g}"


def _no_verdict(reason: str) -> str:
    return f"There is no verdict: {reason}."
