"""From image files to scores of one arm: read, compared with what is usual, scored by every unit, averaged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from scipy.special import expit, logit

from ovcf_bench.api import DatasetPlugin
from ovcf_bench.errors import BenchError, DataError, Problem
from ovcf_bench.images import Pixels16, as_uint16, colour_overlay, resize
from ovcf_bench.plugin_calls import calling
from ovcf_bench.predict.bundle import Bundle, Recalibration

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")
_LONGEST = 1024  # pixels of a saliency picture


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is said of one image. probability and logit : of the ensemble, on the scale that the run reports.

    positive : whether it reaches the frozen threshold; calibrated : probability at a declared prevalence; reason : why
    it was refused or could not be read.
    """

    image: str
    status: Literal["scored", "refused", "unreadable"]
    probability: float | None = None
    logit: float | None = None
    positive: bool | None = None
    calibrated: float | None = None
    reason: str = ""


def predict_images(
    bundle: Bundle,
    paths: Sequence[Path],
    *,
    prevalence: float | None = None,
    saliency: Path | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> list[Prediction]:
    """Return a prediction for every file, and for every image file below a folder.

    prevalence : adds calibrated probabilities; saliency : folder for pictures of where the networks looked. Raises
    BenchError for an arm of several views, or when there is no file.
    """
    if len(bundle.arm.views) != 1:
        several = f"the arm {bundle.arm.name!r} reads {len(bundle.arm.views)} views at once"
        raise BenchError(Problem("--arm", several, "Name an arm of one view: files do not say which belong together."))
    if prevalence is not None and bundle.recalibration is None:
        absent = "the run holds no out-of-fold scores that could be recalibrated"
        raise BenchError(Problem("--prevalence", absent, "Leave it out."))
    files = list(_files(paths))
    looked = [_look(bundle, path) for path in files]
    sources = [source for source in looked if not isinstance(source, Prediction)]
    scored = iter(_scored(bundle, sources, prevalence, device, threads))
    found = [each if isinstance(each, Prediction) else next(scored) for each in looked]
    if saliency is not None and sources:
        _write_saliency(bundle, sources, saliency, device, threads)
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """An image that may be scored: as stored, and at the size of the networks."""

    path: Path
    stored: Pixels16
    resized: Pixels16


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
            if not inside:
                raise BenchError(Problem(path.name, "the folder holds no image", f"Read are: {', '.join(SUFFIXES)}."))
            yield from inside
        elif path.exists():
            yield path
        else:
            raise BenchError(Problem(path.name, "is not there", "Give image files or folders."))


def _look(bundle: Bundle, path: Path) -> _Source | Prediction:
    """Return the image at the size of the networks, or why it is not scored."""
    plugin, params = _reader(bundle)
    assert plugin.read_file is not None, "chosen for it"
    try:
        with calling(f"dataset {plugin.name!r}", plugin.read_file, told=False):
            stored = as_uint16(plugin.read_file(params, path))
    except DataError as error:
        return Prediction(str(path), "unreadable", reason=error.problems[0].found)
    resized = resize(stored, bundle.preprocessing)
    limits = bundle.limits.get(bundle.arm.view)
    if limits is not None and (odd := limits.unusual(resized)):
        share = f"{100 * limits.false_refusals:.2g} %"
        reason = (
            f"unlike the {limits.n} development images of this view, most of all in {odd}; "
            f"of images like them {share} are refused"
        )
        return Prediction(str(path), "refused", reason=reason)
    return _Source(path, stored, resized)


def _reader(bundle: Bundle) -> tuple[DatasetPlugin, Any]:
    """Return the dataset that reads single files: the study's own, if it can, else any that is installed."""
    for section in bundle.study.document.cohorts.values():
        plugin = bundle.plugins.dataset(section.dataset)
        if plugin.read_file is not None:
            return plugin, section.params
    for each in bundle.plugins.datasets.values():
        if each.plugin.read_file is not None:
            return each.plugin, None
    raise BenchError(Problem("plugins", "no installed dataset reads single files", "Install ovcf-bench's own plugins."))


def _scored(
    bundle: Bundle, sources: Sequence[_Source], prevalence: float | None, device: str, threads: int
) -> Iterator[Prediction]:
    if not sources:
        return
    from ovcf_bench.training.device import choose_device, prepare_process

    prepare_process(threads)
    pixels = np.stack([each.resized for each in sources])[:, None]
    place = str(choose_device(device))
    logits = np.stack([bundle.load(unit, place).scores(pixels)[:, 0] for unit in bundle.units]).astype(np.float64)
    by_logit = bundle.ensemble == "mean_logit"
    probability = expit(logits.mean(axis=0)) if by_logit else expit(logits).mean(axis=0)
    linear = logits.mean(axis=0) if by_logit else logit(probability)
    for source, p, at in zip(sources, probability.tolist(), linear.tolist(), strict=True):
        # The frozen threshold is a probability: the findings rank on logits and report on this scale.
        positive = None if bundle.threshold is None else p >= bundle.threshold
        calibrated = None
        if prevalence is not None and bundle.recalibration is not None:
            calibrated = at_prevalence(at, bundle.recalibration, prevalence)
        yield Prediction(str(source.path), "scored", p, at, positive, calibrated)


def at_prevalence(value: float, fitted: Recalibration, prevalence: float) -> float:
    """Return the probability of a logit where `prevalence` of the patients are positive.

    logit p = intercept + slope x value, fitted on development, then moved by the log odds of the two prevalences
    (Steyerberg, Clinical Prediction Models, 2nd ed., section 15.3).
    """
    moved = math.log(prevalence / (1 - prevalence)) - math.log(fitted.prevalence / (1 - fitted.prevalence))
    return float(expit(fitted.intercept + fitted.slope * value + moved))


def _write_saliency(bundle: Bundle, sources: Sequence[_Source], folder: Path, device: str, threads: int) -> None:
    """Write one PNG for each image: the image in grey, and in colour what raised the score."""
    from ovcf_bench.training.saliency import SaliencyJob, map_saliency

    if bundle.plugin.build is None:
        raise BenchError(
            Problem("--saliency", f"the model of {bundle.arm.name!r} has no feature maps", "Leave it out.")
        )
    job = SaliencyJob(
        plugin=bundle.plugin,
        params=bundle.params,
        build=bundle.context,
        normalisation=bundle.training.normalisation,
        units=bundle.units,
        pixels=np.stack([each.resized for each in sources])[:, None],
        device=device,
        threads=threads,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for number, (source, mapped) in enumerate(
        zip(sources, map_saliency(job, lambda values: None), strict=True), start=1
    ):
        longest = min(_LONGEST, max(source.stored.shape))
        overlay = colour_overlay(mapped, source.stored.shape, bundle.preprocessing, longest)
        grey = Image.fromarray((source.stored >> 8).astype(np.uint8)).resize(overlay.size).convert("RGBA")
        # Numbered: two folders may hold files of one name.
        Image.alpha_composite(grey, overlay).convert("RGB").save(folder / f"{number:04d}-{source.path.stem}.png")
