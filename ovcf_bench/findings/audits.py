"""Whether the published figures of a study fit together."""

from __future__ import annotations

from ovcf_bench.findings.analysis import PublishedPair
from ovcf_bench.findings.values import PublishedAudit
from ovcf_bench.stats.audit import audit_pair


def audit_published(pairs: tuple[PublishedPair, ...]) -> tuple[PublishedAudit, ...]:
    """Return the audit of every published pair of AUROCs."""
    return tuple(_audit(pair) for pair in pairs)


def _audit(pair: PublishedPair) -> PublishedAudit:
    (first, one), (second, other) = pair.auroc.items()
    found = audit_pair(one, other, pair.positives, pair.negatives, pair.p)
    return PublishedAudit(
        set=pair.set,
        views=(first, second),
        aurocs=(one, other),
        positives=pair.positives,
        negatives=pair.negatives,
        p=pair.p,
        p_bound=found.p_bound,
        p_low=min(low for _, low, _ in found.by_correlation),
        p_high=max(high for _, _, high in found.by_correlation),
        by_correlation=found.by_correlation,
        verdict=found.verdict,
        sentence=found.sentence,
        reason=found.reason,
    )
