"""From image files to scores of one arm: found, read, compared with what is usual, scored by every unit, averaged."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from scipy.special import expit, logit

from ovcf_bench.errors import BenchError, Problem
from ovcf_bench.hooks.calls import calling
from ovcf_bench.hooks.contracts import DatasetPlugin, Progress, silent
from ovcf_bench.images import Pixels16, as_uint16, colour_overlay, resize
from ovcf_bench.predict.bundle import Bundle, Scores, open_models
from ovcf_bench.records import Recalibration
from ovcf_bench.scores import ensembles_of

_DICOM_AT = 128  # bytes before the letters DICM
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")


def exams_of(paths: Sequence[Path], views: Sequence[str]) -> list[tuple[Path | None, ...]]:
    """Return the file of every view of every exam; None where a view has none.

    One view: every file, and every image file below a folder, is an exam. Several: one path for each view, in their
    order; files make one exam, folders as many as they have names (without suffix). Raises BenchError when a path is
    not there, a folder holds no image, or the paths do not go with the views.
    """
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise BenchError(Problem(path.name, "is not there", "Give image files or folders."))
    if len(views) == 1:
        return [(file,) for path in paths for file in _below(path)]
    folders = [path.is_dir() for path in paths]
    if len(paths) != len(views) or len(set(folders)) > 1:
        found = f"the arm reads {len(views)} views at once, and {len(paths)} paths are given"
        wanted = f"Give {len(views)} files, or {len(views)} folders, in this order: {', '.join(views)}."
        raise BenchError(Problem("IMAGE", found, wanted))
    if not folders[0]:
        return [tuple(paths)]
    named = [_named(folder) for folder in paths]
    return [tuple(of_view.get(name) for of_view in named) for name in sorted({name for each in named for name in each})]


def _named(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by name. Raises BenchError when two have one name."""
    found: dict[str, Path] = {}
    for file in _below(folder):
        if found.setdefault(file.relative_to(folder).with_suffix("").as_posix(), file) != file:
            twice = "holds two images of one name, with different suffixes"
            raise BenchError(Problem(folder.name, twice, "Files of the views are joined by name: keep one."))
    return found


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    inside = sorted(each for each in path.rglob("*") if each.is_file() and _is_image(each))
    if not inside:
        raise BenchError(Problem(path.name, "the folder holds no image", f"Read are: {', '.join(SUFFIXES)}."))
    yield from inside


def _is_image(path: Path) -> bool:
    """Whether a file is one by its name, or is DICOM by its content: archives give such files no suffix."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(_DICOM_AT + 4)[_DICOM_AT:] == b"DICM"


_FORMAT = "png"  # as which computed images are exported
_AT_ONCE = 64  # exams whose images are held in memory
_LONGEST = 1024  # pixels of a saliency picture
_SMALLEST = 1e-15  # distance of a mean probability from 0 and 1, so that its logit is a number


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is said of one exam. probability and logit : of the ensemble, on the scale that the run reports.

    image : its files as they were named; positive : whether it reaches the frozen threshold; calibrated : probability
    at a declared prevalence; reason : why it was refused or could not be read.
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
    progress: Progress = silent,
) -> list[Prediction]:
    """Return a prediction for every exam that `exams_of` finds in `paths`.

    prevalence : adds calibrated probabilities; saliency : folder for pictures of where the networks looked, for a
    network of one view. Raises BenchError when what is asked for cannot be had.
    """
    if prevalence is not None and not 0 < prevalence < 1:  # NaN is neither
        raise BenchError(Problem("--prevalence", f"{prevalence:g} is no share", "Allowed: between 0 and 1."))
    if prevalence is not None and bundle.recalibration is None:
        absent = "the run holds no out-of-fold scores that could be recalibrated"
        raise BenchError(Problem("--prevalence", absent, "Leave it out."))
    if saliency is not None and (bundle.plugin.build is None or len(bundle.arm.views) > 1):
        absent = f"{bundle.arm.name!r} is no network of one view"
        raise BenchError(Problem("--saliency", absent, "Leave it out."))
    exams = exams_of(paths, bundle.arm.views)
    read = reader_of(bundle)
    found: list[Prediction] = []
    models: list[Scores] = []
    for start in range(0, len(exams), _AT_ONCE):
        part = enumerate(exams[start : start + _AT_ONCE], start=start + 1)
        looked = [_look(bundle, read, exam, number) for number, exam in part]
        sources = [each for each in looked if isinstance(each, _Source)]
        if sources and not models:
            models = open_models(bundle, device, threads)
        scored = iter(_scored(bundle, models, sources, prevalence))
        found += [next(scored) if isinstance(each, _Source) else each for each in looked]
        if saliency is not None and sources:
            _write_saliency(bundle, sources, saliency, device, threads)
        progress("Scoring images", len(found), len(exams))
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """An exam that may be scored. number : among all, from 1; stored, resized : images by view."""

    number: int
    name: str
    stored: tuple[Pixels16, ...]
    resized: tuple[Pixels16, ...]


def _look(
    bundle: Bundle, read: Callable[[Path], Pixels16], exam: Sequence[Path | None], number: int
) -> _Source | Prediction:
    """Return the images at the size of the networks, or why they are not scored."""
    name = " + ".join(_printable(path) for path in exam if path is not None)
    lacking = [view for view, path in zip(bundle.arm.views, exam, strict=True) if path is None]
    if lacking:
        return Prediction(name, "unreadable", reason=f"no file of this name in the folder of {', '.join(lacking)}")
    stored, resized = [], []
    for view, path in zip(bundle.arm.views, (each for each in exam if each is not None), strict=True):
        try:
            stored.append(read(path))
        except BenchError as error:  # of one file: the others are scored
            return Prediction(name, "unreadable", reason=error.problems[0].found)
        resized.append(resize(stored[-1], bundle.preprocessing))
        usual = bundle.usual.get(view)
        if usual is not None and (odd := usual.unusual(resized[-1])):
            share = f"{100 * usual.false_refusals:.2g} %"
            reason = (
                f"unlike the images of {usual.n} development patients in the view {view}, most of all in {odd}; "
                f"of images like those {share} are refused"
            )
            return Prediction(name, "refused", reason=reason)
    return _Source(number, name, tuple(stored), tuple(resized))


def _printable(path: Path) -> str:
    """Return a path as text that can be written: the bytes of a name need not be UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def reader_of(bundle: Bundle) -> Callable[[Path], Pixels16]:
    """Return what reads one file as the development cohort's dataset would; computed images are read as files are.

    Raises BenchError when that dataset reads no single files.
    """
    development = bundle.study.document.splits.development
    assert development is not None, "the arm was trained"
    section = bundle.study.document.cohorts[development.from_]
    plugin, params = bundle.plugins.dataset(section.dataset), section.params
    if plugin.read_file is None and plugin.synthetic:
        plugin, params = bundle.plugins.dataset_of(_FORMAT), None
    if plugin.read_file is None:
        allowed = "Its DatasetPlugin needs read_file: other datasets may read a file otherwise than it does."
        raise BenchError(Problem(f"dataset {section.dataset!r}", "reads no single files", allowed))
    return functools.partial(_read, plugin, params)


def _read(plugin: DatasetPlugin, params: Any, path: Path) -> Pixels16:
    assert plugin.read_file is not None, "chosen for it"
    with calling(f"dataset {plugin.name!r}", plugin.read_file, told=False):
        return as_uint16(plugin.read_file(params, path))


def _scored(
    bundle: Bundle, models: Sequence[Scores], sources: Sequence[_Source], prevalence: float | None
) -> Iterator[Prediction]:
    if not sources:
        return
    pixels = np.stack([np.stack(each.resized) for each in sources])
    logits = np.stack([model(pixels) for model in models])
    ensemble = bundle.study.document.ensemble
    linear, probability = ensembles_of(logits)[ensemble]
    if ensemble == "mean_probability":  # has no logit; recalibration needs one
        linear = logit(probability.clip(_SMALLEST, 1 - _SMALLEST))
    for source, p, at in zip(sources, probability.tolist(), linear.tolist(), strict=True):
        # The frozen threshold is a probability: the findings rank on logits and report on this scale.
        positive = None if bundle.threshold is None else p >= bundle.threshold
        calibrated = None
        if prevalence is not None and bundle.recalibration is not None:
            calibrated = at_prevalence(at, bundle.recalibration, prevalence)
        yield Prediction(source.name, "scored", p, at, positive, calibrated)


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

    job = SaliencyJob(
        plugin=bundle.plugin,
        params=bundle.params,
        build=bundle.context,
        normalisation=bundle.training.normalisation,
        units=bundle.units,
        pixels=np.stack([np.stack(each.resized) for each in sources]),
        device=device,
        threads=threads,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for source, mapped in zip(sources, map_saliency(job, lambda values: None), strict=True):
        (stored,) = source.stored
        overlay = colour_overlay(mapped, stored.shape, bundle.preprocessing, min(_LONGEST, max(stored.shape)))
        grey = Image.fromarray((stored >> 8).astype(np.uint8)).resize(overlay.size).convert("RGBA")
        # Numbered: two folders may hold files of one name.
        name = f"{source.number:04d}-{Path(source.name).stem}.png"
        Image.alpha_composite(grey, overlay).convert("RGB").save(folder / name)
