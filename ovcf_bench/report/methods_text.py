"""A methods section drafted from the resolved study and the findings, ready to paste, with the works that it cites.

It speaks only of what was done and is on record; keys in brackets are those of references.bib.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from ovcf_bench.findings.values import ComparisonFindings, Findings
from ovcf_bench.records import Provenance
from ovcf_bench.report.kit.by_set import all_arms, all_comparisons
from ovcf_bench.report.kit.table import unique
from ovcf_bench.report.read import RunRecords
from ovcf_bench.report.sections.operating_points import threshold_sentences
from ovcf_bench.report.sections.probabilities import probability_sentences
from ovcf_bench.study.schema import AugmentationSection, StudyDocument
from ovcf_bench.wording import count, joined

_KEY = re.compile(r"\[((?:[A-Za-z]+\d{4}(?:; )?)+)\]")
_METHODS = {  # words that findings use for a method: key of the work
    "logit-transformed DeLong": "Pepe2003", "clustered by patient": "Obuchowski1997", "Newcombe 2006": "Newcombe2006",
    "DeLong": "DeLong1988; SunXu2014", "Zhou & Gatsonis": "ZhouGatsonis1996", "MOVER": "ZouDonner2008",
}  # fmt: skip
_LIBRARIES = {
    "torch": "Paszke2019", "timm": "Wightman2019", "numpy": "Harris2020", "scipy": "Virtanen2020",
    "pandas": "McKinney2010", "statsmodels": "SeaboldPerktold2010", "scikit-learn": "Pedregosa2011",
}  # fmt: skip
_ENSEMBLES = {"mean_logit": "logits", "mean_probability": "probabilities"}
_CHECKPOINTS = {
    "last": "the last epoch was kept",
    "best_auroc": "the epoch of highest AUROC on a tuning part of the training folds was kept",
    "best_loss": "the epoch of lowest loss on a tuning part of the training folds was kept",
    "best_accuracy_on_fold": "the epoch of highest accuracy on the held-out fold was kept, which flatters that fold",
}


def methods_text(run: RunRecords) -> tuple[str, ...]:
    """Return the paragraphs: data, networks, statistics, software; without those that the records cannot fill."""
    document = run.study.document if run.study else None
    made = (_data(run, document), _networks(run, document), _statistics(run.findings), _software(run))
    return tuple(" ".join(sentences) for sentences in map(tuple, made) if sentences)


def bibliography(paragraphs: Sequence[str]) -> str:
    """Return the BibTeX entries of the keys that are cited, in their order. Raises KeyError for an unknown key."""
    text = files(__package__).joinpath("references.bib").read_text("utf-8")
    entries = {re.split(r"[{,]", entry)[1]: entry.strip() for entry in text.split("\n\n") if entry.strip()}
    cited = dict.fromkeys(key for each in paragraphs for found in _KEY.findall(each) for key in found.split("; "))
    return "\n\n".join(entries[key].replace(", ", ",\n  ", 1).replace("}, ", "},\n  ") for key in cited)


def _data(run: RunRecords, document: StudyDocument | None) -> Iterator[str]:
    if document is None:
        return
    said = run.provenance
    if said is not None and said.synthetic:
        yield f"Radiographs of {joined(said.synthetic)} were computed, not acquired: no patient was examined."
    views = list(dict.fromkeys(view for arm in run.findings.study.arms for view in arm.views))
    yield f"The views {joined(views)} were compared." if len(views) > 1 else f"The view {views[0]} was read."
    reasons = list(dict.fromkeys(step.reason for step in document.eligibility))
    if reasons:
        yield f"Exams were excluded in this order: {'; '.join(reasons)}."
    tests = joined([f"{name} (cohort {split.from_})" for name, split in document.splits.tests.items()])
    development = document.splits.development
    if development is None:
        yield f"Nothing was trained: the scores existed. The test sets were {tests}; all arms share them."
        return
    yield (
        f"Patients, not images, were assigned once, at random within each class (seed {document.seed}), to development "
        f"(cohort {development.from_}) and to the test sets {tests}; all arms share this assignment. "
        f"Development was divided into {document.splits.folds} folds, stratified by label and grouped by patient."
    )
    if said is not None:
        elsewhere = [name for name in run.findings.sets if name not in document.splits.tests]
        but = f", except of {joined(elsewhere)}, scored elsewhere" if elsewhere else ""
        yield f"That no patient and no image stands on both sides of a border was verified{but}."


def _networks(run: RunRecords, document: StudyDocument | None) -> Iterator[str]:
    said = run.provenance
    if document is None or said is None or document.splits.development is None:
        return
    yield from _models(said)
    plan = document.training
    fit = "keeping proportions, with black bars" if plan.fit == "letterbox" else "without keeping proportions"
    normal = "each to mean 0 and SD 0.5" if plan.normalisation == "image" else "as (x − 0.5)/0.5"
    yield f"Images were resized to {plan.image_size[0]} × {plan.image_size[1]} pixels {fit}, and normalised {normal}."
    optimizer = plan.optimizer
    decay = f", weight decay {optimizer.weight_decay:g}" if optimizer.weight_decay else ""
    yield (
        f"Networks were trained for {plan.epochs} epochs in batches of {plan.batch_size} with {optimizer.name} "
        f"(learning rate {optimizer.learning_rate:g}{decay}, schedule {plan.schedule.name}); "
        f"{_CHECKPOINTS[plan.checkpoint]}."
    )
    changes = list(_augmentation(plan.augmentation))
    yield f"Training images were augmented by {joined(changes)}." if changes else "Nothing was augmented."
    times = "once" if document.repeats == 1 else f"{document.repeats} times, with other seeds"
    yield (
        f"Every fold was trained {times}. On test sets the score of an arm is the mean of the "
        f"{_ENSEMBLES[document.ensemble]} of its networks."
    )
    yield from _gallery(run)


def _gallery(run: RunRecords) -> Iterator[str]:
    if run.gallery is not None and run.gallery.method:
        yield "Where networks looked is shown by Grad-CAM, averaged over the folds [Selvaraju2017]."


def _models(said: Provenance) -> Iterator[str]:
    for name, facts in said.models.items():
        built = f"{facts['class']}, {count(facts['parameters'])} parameters" if facts.get("parameters") else ""
        weights = {"none": "random initial weights", None: ""}.get(
            facts.get("weights"), f"weights {facts.get('weights')}"
        )
        what = ", ".join(each for each in (str(facts.get("architecture") or ""), built, weights) if each)
        yield f"The model {name} was {what}." if what else f"The model {name} was used."


def _augmentation(plan: AugmentationSection) -> Iterator[str]:
    named = {
        f"horizontal flips (probability {plan.flip:g})": plan.flip,
        f"vertical flips (probability {plan.vertical_flip:g})": plan.vertical_flip,
        f"rotation (±{plan.rotation:g}°)": plan.rotation,
        f"shift (±{100 * plan.shift:g} %)": plan.shift,
        f"scaling (±{100 * plan.scale:g} %)": plan.scale,
        f"brightness (±{plan.brightness:g})": plan.brightness,
        f"contrast (±{100 * plan.contrast:g} %)": plan.contrast,
    }
    yield from (words for words, amount in named.items() if amount)
    if plan.randaugment is not None:
        yield f"RandAugment({plan.randaugment.operations}, {plan.randaugment.magnitude})"


def _statistics(findings: Findings) -> Iterator[str]:
    study = findings.study
    tests = [one for _, one in all_comparisons(findings)]
    yield f"One case is one {study.analysis_level if findings.development else 'row of the scores'}."
    methods = _cited(arm.ci_method for arm in all_arms(findings))
    intervals = f", with 95 % intervals ({methods})" if methods else ""
    yield f"Discrimination is the area under the ROC curve (AUROC){intervals}."
    yield from _comparisons(findings, tests)
    yield from threshold_sentences(findings)
    yield from probability_sentences(findings)
    if any(one.agreement for one in tests):
        yield "Agreement of the calls of two arms is Cohen’s κ [Cohen1960]."
    if findings.cross_validated:
        yield "Out-of-fold differences were tested by the corrected resampled t [NadeauBengio2003]."
    yield f"Intervals and tests hold for {study.conditional_on}."


def _comparisons(findings: Findings, tests: Sequence[ComparisonFindings]) -> Iterator[str]:
    if not tests:
        return
    how = _cited(one.estimate.method for one in tests)
    if how:
        yield f"AUROCs were compared by the test of {how}."
    if any(one.readers for one in tests):
        yield "Readers and cases were both taken as random [ObuchowskiRockette1995; Hillis2007]."
    for claim, words in (("noninferiority", "Non-inferiority"), ("equivalence", "Equivalence")):
        margins = sorted({one.margin for one in tests if one.claim == claim and one.margin is not None})
        if margins:
            yield (
                f"{words} was judged against a margin of {joined([f'{each:g}' for each in margins])} [Liu2006] with "
                "limits from those of both AUROCs (MOVER) [ZouDonner2008]."
            )
    declared = [one.id for one in tests if one.declared]
    if declared:
        named = joined(list(dict.fromkeys(declared)))
        yield f"Declared before the test scores existed: {named}; their p-values were adjusted within a set [Holm1979]."
    if any(not one.declared for one in tests):
        yield "Comparisons that were not declared in advance are exploratory [BenjaminiHochberg1995]."
    if findings.primary is not None:
        yield f"The primary test was {findings.primary.comparison} on {findings.primary.set}."
    if any(one.estimate.missing for one in tests):
        used = "all data [ZhouGatsonis1996]" if findings.study.missing == "all_data" else "complete pairs"
        yield f"Where a view was missing, the primary estimate used {used}."
    if any(one.sensitivity for one in tests):
        yield (
            "As sensitivity analyses, the bootstrap [Efron1987], the permutation test of whole curves "
            "[VenkatramanBegg1996] and the partial AUROC [McClish1989] stand beside it."
        )


def _cited(methods: Iterable[str | None]) -> str:
    """Return the methods that were used, each with its key; "" without any."""
    named = []
    for method in unique(methods):
        key = next((key for words, key in _METHODS.items() if words in method), "")
        named.append(f"{method} [{key}]" if key else method)
    return joined(named)


def _software(run: RunRecords) -> Iterator[str]:
    said = run.provenance or run.source
    if said is None:
        return
    packages = [
        f"{name} {version}" + (f" [{_LIBRARIES[name]}]" if name in _LIBRARIES else "")
        for name, version in said.versions.items()
        if name != "ovcf-bench"
    ]
    using = f" with {joined(packages)}" if packages else ""
    yield f"All of this was computed by ovcf-bench {said.project_version} under Python {said.python}{using}."
