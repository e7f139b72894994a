"""Writes one arm as a folder that needs neither the run nor its data: weights, ONNX, study, limits, model card.

The card follows Mitchell et al., FAccT 2019.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ovcf_bench import records
from ovcf_bench.files import whole_folder, write_atomically
from ovcf_bench.predict.bundle import Bundle
from ovcf_bench.provenance import file_digest, source_digest, versions
from ovcf_bench.records import EXPORT_SCHEMA, EXPORTED_ARM, LIMITS, ExportedArm, RunFolder, StudyLimits, ViewLimits
from ovcf_bench.study import for_others
from ovcf_bench.vocabulary import TRAINING_VERSION
from ovcf_bench.wording import NONE, number, with_interval

_MEMBERS = "members"
_LEFT_OUT = ("scores.csv", "history.json", "unit.json", "epoch.pt")  # of a unit: what is not needed to score


def export_bundle(
    bundle: Bundle,
    folder: Path,
    say: Callable[[str], None],
    *,
    onnx: bool = True,
    beside: Sequence[str] | None = None,
) -> None:
    """Write the folder. Raises BenchError when it is there already, or a unit cannot be exported; then nothing is.

    Nothing in it comes from a single patient: weights, settings, and means over development images. The arms that a
    combined one joins go along in folders of their own, unless they lie already `beside` it (paths from `folder`).
    """
    with whole_folder(folder) as made:
        members = beside
        if members is None:
            members = [f"{_MEMBERS}/{place}" for place in range(1, len(bundle.members) + 1)]
            for name, member in zip(members, bundle.members, strict=True):
                export_bundle(member, made / name, say, onnx=onnx)
        _write(bundle, members, made, say, onnx=onnx)


def _write(bundle: Bundle, members: Sequence[str], folder: Path, say: Callable[[str], None], *, onnx: bool) -> None:
    names = []
    for place, unit in enumerate(bundle.units, start=1):
        names.append(f"unit-{place}")
        target = folder / "units" / names[-1]
        target.mkdir(parents=True)
        for path in sorted(unit.rglob("*")):
            if path.is_file() and path.name not in _LEFT_OUT and not path.name.startswith("."):
                copy = target / path.relative_to(unit)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    difference = _onnx(bundle, folder, say) if onnx else None
    write_atomically(folder / records.LOCK, for_others(bundle.study).to_yaml())
    for each in bundle.study.document.plugins:
        name = f"{records.PLUGINS}/{Path(each).name}"
        write_atomically(folder / name, (bundle.study.folder / name).read_bytes())
    limits = {view: ViewLimits(**each.to_json()) for view, each in bundle.usual.items() if view in bundle.arm.views}
    made = RunFolder(folder)
    made.write(LIMITS, StudyLimits(bundle.preprocessing.version, limits))
    write_atomically(folder / "README.md", model_card(bundle, difference))
    scored_with = [  # members have lists of their own
        each
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.name != "README.md" and each.relative_to(folder).parts[0] != _MEMBERS
    ]
    said = ExportedArm(
        schema=EXPORT_SCHEMA,
        arm=bundle.arm.name,
        units=tuple(names),
        members=tuple(members),
        source=source_digest(bundle.plugin.form),
        threshold=bundle.threshold,
        recalibration=bundle.recalibration,
        training_version=TRAINING_VERSION,
        versions=versions(),
        files={each.relative_to(folder).as_posix(): file_digest(each) for each in scored_with},
    )
    made.write(EXPORTED_ARM, said)


def _onnx(bundle: Bundle, folder: Path, say: Callable[[str], None]) -> float | None:
    if bundle.plugin.build is None:
        say(f"No ONNX for {bundle.arm.name}: it is no network that was trained here.")
        return None
    from ovcf_bench.training.onnx import CHECKED, to_onnx

    networks: list[Any] = [bundle.load(unit, "cpu") for unit in bundle.units]  # of a plugin that builds: the core's own
    shape = (len(bundle.arm.views), *bundle.training.image_size)
    content, difference = to_onnx(networks, shape, by_logit=bundle.study.document.ensemble == "mean_logit")
    write_atomically(folder / "model.onnx", content)
    agree = f"ONNX and torch agree for {bundle.arm.name}"
    say(f"{agree}: largest difference of a logit {difference:.1g} on {CHECKED} images.")
    return difference


def model_card(bundle: Bundle, onnx_difference: float | None) -> str:
    """Return the card as Markdown; every figure stands in the findings of the run."""
    document, arm = bundle.study.document, bundle.arm
    height, width = bundle.training.image_size
    facts = dict(bundle.plugin.describe(bundle.params)) if bundle.plugin.describe else {}
    rule = "none" if bundle.threshold is None else "from out-of-fold development scores"
    lines = [
        f"# {arm.name}",
        "",
        f"From the study: {escape(document.title)}" + (f". {escape(document.question)}" if document.question else ""),
        "",
        "## What it is",
        "",
        f"- reads: {' and '.join(arm.views)}, {height} x {width} pixels ({bundle.training.fit}), bone bright",
        f"- model: `{bundle.plugin.name}`" + "".join(f", {name} {value}" for name, value in facts.items()),
        *([f"- joins the scores of: {', '.join(each.arm.name for each in bundle.members)}"] if bundle.members else []),
        f"- {len(bundle.units)} trained units, combined by {document.ensemble.replace('_', ' ')}",
        f"- frozen threshold: {number(bundle.threshold)} on the probability ({rule})",
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
