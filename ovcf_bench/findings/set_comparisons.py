"""All comparisons of a set, each with what stands beside its test and never replaces it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ovcf_bench.findings.agreement import compare_decisions
from ovcf_bench.findings.analysis import Analysis
from ovcf_bench.findings.case_scores import ScoreBook
from ovcf_bench.findings.comparisons import ArmsOfSet, adjust, compare_arms
from ovcf_bench.findings.measures import compare_measures
from ovcf_bench.findings.pairing import Pairs, on_complete_pairs, pair
from ovcf_bench.findings.probabilities import compare_probabilities
from ovcf_bench.findings.readers import compare_readers
from ovcf_bench.findings.subgroups import by_covariates
from ovcf_bench.findings.thresholds import FrozenThreshold
from ovcf_bench.findings.values import ComparisonFindings, Sensitivity, limits
from ovcf_bench.stats.bootstrap import compare_by_bootstrap
from ovcf_bench.stats.delong import wald_interval
from ovcf_bench.stats.partial_auroc import compare_partial
from ovcf_bench.stats.permutation import compare_curves, exchange_views
from ovcf_bench.vocabulary import Comparison


def compare_set(
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    declared: Mapping[str, bool],
) -> tuple[ComparisonFindings, ...]:
    """Return every comparison of one set; declared : by id, whether it was recorded before the scores existed."""
    readers = {arm.name for arm in analysis.arms if arm.readers}
    found = []
    for one in analysis.comparisons:
        before = declared.get(one.id, False)
        # With several readers the reader is a sample too: a test over cases alone would be too sure (Obuchowski 1995).
        if one.a in readers and one.b in readers:
            found.append(compare_readers(book, analysis, arms.name, one, before))
        else:
            test = compare_arms(arms, one, analysis.missing, before)
            found.append(_with_rest(test, analysis, book, arms, thresholds, one))
    return adjust(found)


def _with_rest(
    test: ComparisonFindings,
    analysis: Analysis,
    book: ScoreBook,
    arms: ArmsOfSet,
    thresholds: Mapping[str, FrozenThreshold],
    one: Comparison,
) -> ComparisonFindings:
    if one.a in arms.absent or one.b in arms.absent:
        return test
    first, second = arms.cases[one.a], arms.cases[one.b]
    pairs = pair(first, second)
    rows = book.scores[book.scores["set"] == arms.name]
    covariates = rows.drop_duplicates("patient_id").set_index("patient_id")
    measures = compare_measures(pairs, thresholds[one.a].value, thresholds[one.b].value)
    brier, net_benefit = compare_probabilities(pairs, first, second)
    return replace(
        test,
        sensitivity=tuple(by_other_methods(pairs, analysis.seed, analysis.resamples)),
        measures=(*measures, *([brier] if brier else [])),
        net_benefit=net_benefit,
        agreement=compare_decisions(pairs, first, second, thresholds[one.a].value, thresholds[one.b].value),
        interactions=by_covariates(pairs, one.id, covariates, analysis.subgroups, analysis.describes_disease),
    )


MOST_CASES = 20_000  # beyond it resampling takes minutes and says nothing that DeLong's test does not
ONE_PATIENT = "a class comes from a single patient: resampling it has no spread"
TOO_MANY = f"not computed for more than {MOST_CASES:,} cases"
NOT_CLUSTERED = "this method has no form for several cases per patient"
DRAWS = 5  # exchanges of the views for each resample: a p-value needs more of them than an interval
DIFFERENCE, PARTIAL = "difference", "difference of standardised partial AUROCs, specificity .9 to 1"


def by_other_methods(pairs: Pairs, seed: int, resamples: int) -> Iterator[Sensitivity]:
    """Yield what other methods say of the complete pairs; nothing when they hold one class or none.

    seed : of all resampling, so that the same records give the same figures; resamples : of the bootstrap.
    """
    table = pairs.complete
    if table["label"].nunique() < 2:
        return
    labels = table["label"].to_numpy(dtype=bool)
    first, second = (table[column].to_numpy(dtype=np.float64) for column in ("score_a", "score_b"))
    of_case = pairs.complete_clusters
    clusters = None if of_case is None else of_case.to_numpy(dtype=object)
    paired = on_complete_pairs(pairs)
    wald = wald_interval(paired, level=0.95)
    yield Sensitivity("Wald", DIFFERENCE, paired.difference, limits(wald), None, "" if wald else paired.reason)
    lonely = table["patient_id"].groupby(labels).nunique().min() < 2
    if lonely or len(table) > MOST_CASES:
        reason = ONE_PATIENT if lonely else TOO_MANY
        yield Sensitivity("bootstrap and permutation", DIFFERENCE, None, None, None, reason)
        return
    rng = np.random.default_rng([seed, 1987])
    drawn = compare_by_bootstrap(
        labels, first, second, name=pairs.name, rng=rng, clusters=clusters, resamples=resamples
    )
    kind = "bootstrap" if clusters is None else "bootstrap by patient"
    for method, interval, p in (("percentile", drawn.percentile, drawn.p), ("BCa", drawn.bca, None)):
        yield Sensitivity(f"{kind}, {method}", DIFFERENCE, drawn.difference, limits(interval), p, drawn.reason)
    # A stream for each method: one more resample in the bootstrap moves no p of the permutation.
    rng = np.random.default_rng([seed, 1996])
    swapped = exchange_views(
        labels, first, second, name=pairs.name, rng=rng, draws=DRAWS * resamples, clusters=clusters
    )
    yield Sensitivity("exchange of the views", DIFFERENCE, swapped.statistic, None, swapped.p, swapped.reason)
    if clusters is not None:
        yield Sensitivity("Venkatraman", "whole curve", None, None, None, NOT_CLUSTERED)
        yield Sensitivity("bootstrap", PARTIAL, None, None, None, NOT_CLUSTERED)
        return
    shape = compare_curves(labels, first, second, name=pairs.name, rng=rng, draws=resamples)
    yield Sensitivity("Venkatraman", "whole curve", None, None, shape.p, shape.reason)
    partial = compare_partial(
        labels, first, second, name=pairs.name, rng=np.random.default_rng([seed, 1989]), resamples=resamples
    )
    yield Sensitivity("bootstrap", PARTIAL, partial.difference, limits(partial.interval), partial.p, partial.reason)
