"""Whether a comparison differs between subgroups of a set, or between the sets themselves (sites)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from ovcf_bench.findings.comparisons import estimate_of, no_estimate
from ovcf_bench.findings.pairing import Pairs, on_complete_pairs
from ovcf_bench.findings.values import GroupDifference, Interaction, SetFindings, limits
from ovcf_bench.stats.covariates import MANY_LEVELS, covariate_kind, distinct, level_text
from ovcf_bench.stats.interaction import compare_groups

FEWEST = 5  # cases of each class below which a group is not shown
SHARED = "no test: the groups share their negatives"
TOO_FEW = f"suppressed: fewer than {FEWEST} cases of a class"


def by_covariates(
    pairs: Pairs, comparison: str, covariates: pd.DataFrame, names: tuple[str, ...], of_positives: tuple[str, ...]
) -> tuple[Interaction, ...]:
    """Return the comparison within the values of each covariate, on complete pairs; by site, where there are several.

    covariates : by patient. A numeric covariate is split at its median; patients without a value are left out.
    of_positives : covariates that describe the disease (grade, level): positives of each value against all negatives.
    """
    several = "site" in covariates and covariates["site"].nunique() > 1
    wanted = (*names, *(["site"] if several and "site" not in names else []))
    found = []
    for name in wanted:
        if name in covariates:
            values = pairs.complete["patient_id"].map(covariates[name])
            found.append((_by_disease if name in of_positives else _by)(pairs, comparison, name, values))
    return tuple(found)


def _by_disease(pairs: Pairs, comparison: str, name: str, values: pd.Series) -> Interaction:
    complete = pairs.complete
    # A grade or a level exists for fractures only: within "grade 2" there is no negative to tell them from.
    positive, negative = complete["label"], ~complete["label"]
    levels = distinct(values[positive])
    if len(levels) > MANY_LEVELS:
        return _no_test(name, comparison, (), f"more than {MANY_LEVELS} different values")
    found = tuple(
        _within(pairs, f"{level_text(level)} against all negatives", complete[(values == level) & positive | negative])
        for level in levels
    )
    return _no_test(name, comparison, found, SHARED)


def _no_test(name: str, comparison: str, groups: tuple[GroupDifference, ...], reason: str) -> Interaction:
    return Interaction(name, comparison, groups, None, None, None, None, None, None, reason)


def _by(pairs: Pairs, comparison: str, name: str, values: pd.Series) -> Interaction:
    kind = covariate_kind(values)
    if kind == "text":
        return _no_test(name, comparison, (), f"more than {MANY_LEVELS} different texts")
    groups = dict(_halves(values) if kind == "numeric" else _levels(values))
    found = tuple(_within(pairs, group, pairs.complete[members]) for group, members in groups.items())
    return _test(name, comparison, found)


def _halves(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    # The median is chosen by nobody; a cut chosen on the scores would find a subgroup in noise.
    middle = float(values.median())
    yield f"up to {middle:g}", values <= middle
    yield f"above {middle:g}", values > middle


def _levels(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    for level in distinct(values):
        yield level_text(level), values == level


def _within(pairs: Pairs, group: str, table: pd.DataFrame) -> GroupDifference:
    positives = int(table["label"].sum())
    if min(positives, len(table) - positives) < FEWEST:
        return GroupDifference(group, no_estimate(table, "few", TOO_FEW))
    return GroupDifference(group, estimate_of(on_complete_pairs(Pairs(pairs.name, table)), table))


def across_sets(sets: Mapping[str, SetFindings], ids: tuple[str, ...]) -> tuple[Interaction, ...]:
    """Return for each comparison whether it differs between the test sets, which share no patient."""
    found = []
    for one in ids if len(sets) > 1 else ():
        of_sets = {name: each.estimate for name, its in sets.items() for each in its.comparisons if each.id == one}
        found.append(_test("set", one, tuple(GroupDifference(*each) for each in of_sets.items())))
    return tuple(found)


def _test(by: str, comparison: str, groups: tuple[GroupDifference, ...]) -> Interaction:
    estimates = [group.estimate for group in groups]
    known = [(each.difference, each.se) for each in estimates if each.difference is not None and each.se is not None]
    test = compare_groups([difference for difference, _ in known], [se**2 for _, se in known])
    return Interaction(
        by=by,
        comparison=comparison,
        groups=groups,
        difference=test.difference,
        ci=limits(test.interval),
        z=test.z,
        chi2=test.chi2,
        df=test.df,
        p=test.p,
        reason=test.reason,
    )
