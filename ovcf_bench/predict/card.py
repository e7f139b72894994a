"""The model card of an exported arm, from the study and its findings (Mitchell et al., FAccT 2019)."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ovcf_bench.predict.bundle import Bundle
from ovcf_bench.wording import NONE, number, with_interval


def model_card(bundle: Bundle, onnx_difference: float | None) -> str:
    """Return the card as Markdown; every figure stands in the findings of the run."""
    document, arm = bundle.study.document, bundle.arm
    height, width = bundle.training.image_size
    facts = dict(bundle.plugin.describe(bundle.params)) if bundle.plugin.describe else {}
    lines = [
        f"# {arm.name}",
        "",
        f"From the study: {escape(document.title)}" + (f". {escape(document.question)}" if document.question else ""),
        "",
        "## What it is",
        "",
        f"- reads: {' and '.join(arm.views)}, {height} x {width} pixels ({bundle.training.fit}), bone bright",
        f"- model: `{bundle.plugin.name}`" + "".join(f", {name} {value}" for name, value in facts.items()),
        *_members(bundle),
        f"- {len(bundle.units)} trained units, combined by {bundle.ensemble.replace('_', ' ')}",
        f"- frozen threshold: {number(bundle.threshold)} on the probability ({_rule(bundle)})",
        "",
        "## How well it did",
        "",
        *_performance(bundle),
        "",
        "## What it must not be used for",
        "",
        "It is a result of research, no medical device: it must not guide the care of a patient. Its figures hold for",
        "patients like those of the study, selected and prepared alike. Probabilities are those of the study's share",
        "of positives; elsewhere use `--prevalence`.",
        "",
        *_usual_images(bundle),
        "## Use",
        "",
        "`ovcf-bench predict . IMAGE...`"
        + (
            ""
            if len(arm.views) == 1
            else f": one file, or one folder, for each view, in this order: {', '.join(arm.views)}"
        ),
    ]
    if onnx_difference is not None:
        lines += [
            "",
            f"`model.onnx` takes `images` (n, {len(arm.views)}, {height}, {width}) float32 from 0 to 1 and gives "
            f"`logit` and `probability`; on 32 images it differed from torch by {onnx_difference:.1g} at most.",
        ]
    return "\n".join(lines) + "\n"


def _members(bundle: Bundle) -> Iterator[str]:
    if bundle.members:
        yield f"- joins the scores of: {', '.join(each.arm.name for each in bundle.members)}"


def _performance(bundle: Bundle) -> Iterator[str]:
    yield "| set | cases | positive | AUROC (95 % interval) | sensitivity | specificity |"
    yield "|---|---|---|---|---|---|"
    for name, found in bundle.findings.sets.items() if bundle.findings else ():
        arm = found.arms.get(bundle.arm.name)
        if arm is None:
            continue
        point = arm.operating_point.achieved
        shares = (point.sensitivity, point.specificity) if point else ()
        told = " | ".join(with_interval(each.value, each.ci) for each in shares) or f"{NONE} | {NONE}"
        yield f"| {name} | {arm.n} | {arm.positives} | {with_interval(arm.auroc, arm.ci)} | {told} |"


def _usual_images(bundle: Bundle) -> Iterator[str]:
    known = [bundle.usual[view] for view in bundle.arm.views if view in bundle.usual]
    if known:
        share = f"{100 * known[0].false_refusals:.2g} %{' in each view' if len(known) > 1 else ''}"
        yield f"`predict` refuses images unlike those of {known[0].n} development patients, and {share} of those alike."
        yield ""
    if bundle.unlimited:
        views = " and ".join(bundle.unlimited)
        yield f"No image of the view {views} is refused: development had too few patients to tell what is usual."
        yield ""


def _rule(bundle: Bundle) -> str:
    return "from out-of-fold development scores" if bundle.threshold is not None else "none"
