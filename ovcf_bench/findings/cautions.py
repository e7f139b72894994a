"""Plain sentences of caution: what the numbers of this run must not be read to mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ovcf_bench.findings.analysis import CHOSEN_ON_FOLD, Analysis, SiteRecord
from ovcf_bench.findings.values import ArmFindings, DevelopmentFindings, SetFindings
from ovcf_bench.vocabulary import DEVELOPMENT
from ovcf_bench.wording import joined, plural

HIGH = 0.9  # an AUROC from which internal figures promise a working network
OPTIMISTIC = (
    "Each network was chosen by its accuracy on the fold that it is then judged on: out-of-fold figures, and the "
    "thresholds fitted on them, are optimistic."
)


def cautions(
    analysis: Analysis, sets: Mapping[str, SetFindings], development: Mapping[str, DevelopmentFindings]
) -> tuple[str, ...]:
    """Return the cautions that this run calls for, the gravest first."""
    return (
        *shortcut_cautions(sets, development),
        *_missing_arms(sets),
        *_near_chance(sets),
        *_odd_scores(analysis, sets),
        *late_comparisons(sets),
        *_design(analysis, sets),
    )


def shortcut_cautions(sets: Mapping[str, SetFindings], development: Mapping[str, DevelopmentFindings]) -> Iterator[str]:
    """Yield one sentence for each set at chance whose arms look excellent elsewhere."""
    for name, findings in sets.items():
        # The limit, not the value: in a small set an AUROC of .6 may still be chance.
        at_chance = [arm for arm, result in findings.arms.items() if result.covers_half]
        places = {arm: [each for each in _high(sets, development, arm) if each != name] for arm in at_chance}
        arms = [arm for arm, high in places.items() if high]
        if not arms:
            continue
        elsewhere = joined(list(dict.fromkeys(high for arm in arms for high in places[arm])))
        yield (
            f"This is the pattern of a shortcut: {joined(arms)} reach an AUROC of {HIGH:g} or more in "
            f"{elsewhere}, yet on {name} their intervals hold 0.5. The networks have learnt something that "
            "tells the label at the training site only (for example a burned-in marker), so the internal "
            "figures say nothing about the disease."
        )


def _high(sets: Mapping[str, SetFindings], development: Mapping[str, DevelopmentFindings], arm: str) -> Iterator[str]:
    """Yield where an arm reaches a high AUROC."""
    if arm in development and (development[arm].folds.mean or 0) >= HIGH:
        yield DEVELOPMENT
    for name, findings in sets.items():
        if (findings.arms[arm].auroc or 0) >= HIGH:
            yield name


def _results(sets: Mapping[str, SetFindings]) -> Iterator[tuple[str, str, ArmFindings]]:
    for name, findings in sets.items():
        for arm, result in findings.arms.items():
            yield name, arm, result


def _missing_arms(sets: Mapping[str, SetFindings]) -> Iterator[str]:
    lacking: dict[tuple[str, str], list[str]] = {}
    for name, arm, result in _results(sets):
        if result.auroc is None:
            lacking.setdefault((arm, result.reason or ""), []).append(name)
    for (arm, reason), names in lacking.items():
        where = "" if len(names) == len(sets) else f"On {joined(names)} "
        yield f"{where}{arm} has no ensemble and nothing was imputed: {reason}."


def _near_chance(sets: Mapping[str, SetFindings]) -> Iterator[str]:
    for name, findings in sets.items():
        arms = [arm for arm, result in findings.arms.items() if result.covers_half]
        if arms:
            yield f"On {name} the interval of {joined(arms)} holds 0.5: chance is not ruled out."


def _odd_scores(analysis: Analysis, sets: Mapping[str, SetFindings]) -> Iterator[str]:
    used = "all data, missing completely at random" if analysis.missing == "all_data" else "complete pairs"
    for name, arm, result in _results(sets):
        # pROC turns the direction by itself, and made .874 of an AUROC of .126.
        if result.auroc is not None and result.auroc < 0.5:
            yield f"On {name} the AUROC of {arm} is below 0.5; the direction of scores is never turned."
        elif result.auroc is not None and result.status != "ok":
            yield f"On {name}, {arm}: {result.reason}."
        if result.missing:
            lacking = plural(result.missing, "case has", "cases have")
            yield f"On {name}, {lacking} no score of {arm}; the primary estimate uses {used}."


def late_comparisons(sets: Mapping[str, SetFindings]) -> Iterator[str]:
    """Yield one sentence when comparisons were added or changed after test scores existed."""
    late = {one.id: None for findings in sets.values() for one in findings.comparisons if not one.declared}
    if late:
        yield (
            f"Not declared before the test scores existed, and so exploratory: {joined(list(late))}. "
            "They stand outside the Holm family."
        )


def _design(analysis: Analysis, sets: Mapping[str, SetFindings]) -> Iterator[str]:
    if analysis.optimistic == CHOSEN_ON_FOLD:
        yield OPTIMISTIC
    # Another seed gives another network: its share of the variance can only be seen with several (Bouthillier 2021).
    if analysis.from_study and analysis.trained and analysis.repeats == 1:
        yield (
            "Every fold was trained once: intervals and tests hold for these trained networks. A claim about "
            "the views in general needs repeats above 1."
        )
    for site in analysis.sites:
        seen = f"{site.name} was scored elsewhere by the networks of this run; its images were not seen."
        yield f"{seen} {_unusual(site)}"
        # The file left the site by mail or stick: only a hash told another way shows that it is the one they made.
        if not site.verified:
            yield f"The file of {site.name} was not held against a hash that the site told: it may have been changed."
    shares = [
        f"{100 * findings.positives / findings.n:.0f} % on {name}" for name, findings in sets.items() if findings.n
    ]
    if shares:
        # Test sets are often one to one, as Kim's; in a clinic few have a fracture, and PPV falls with them.
        yield f"PPV, NPV, accuracy and F1 hold at study prevalence ({joined(shares)}), not in a clinic."


def _unusual(site: SiteRecord) -> str:
    """Return how many images of a site do not look like those that the networks were developed on."""
    known = {view: n for view, n in site.unusual.items() if n is not None}
    if not known:
        return "Whether they look like those of development is not known."
    counted = joined([f"{n} of {view}" for view, n in known.items()])
    images, look = plural(site.images, "image", "images"), "looks" if sum(known.values()) == 1 else "look"
    return f"Of its {images}, {counted} {look} unlike those of development and would be refused by predict."
