"""What plugins and the core promise each other: datasets, models, and what passes between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from ovcf_bench.errors import PluginError, Problem
from ovcf_bench.vocabulary import EXAM_COLUMNS, RESERVED_COLUMNS, TAG_PREFIX, Unit

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

API_VERSION = 1  # a plugin names the versions it supports; stable until this number is raised


class Params(BaseModel):
    """Base of a plugin's parameters: unknown names are errors, values are frozen, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def is_reserved(column: str) -> bool:
    """Whether a covariate must not be called so: the core reads such columns of an exam table as something else."""
    return column in (*EXAM_COLUMNS, *RESERVED_COLUMNS) or column.startswith(TAG_PREFIX)


Progress = Callable[[str, int, int], None]
"""Takes what is done now, in words, how much of it is done, and how much there is: `progress("Reading files", 7, 90)`.

Call it as often as you like; `silent` is one that shows nothing.
"""


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


class Dataset(Protocol):
    """An opened dataset: one site's exams and their pixels."""

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return one row per image with EXAM_COLUMNS, then covariates.

        patient_id, exam_id, image_id, view, site : str; image_id unique; label : 0 or 1, the same for all
        images of an exam; source : str, whatever `read` needs to find the image again. All problems are
        raised at once as DataError, with row numbers and without identifiers. The order of rows is stable.
        Work that takes long calls `progress("Reading headers", done, total)` now and then.

        Two more columns may tell of images that cannot be used: `unusable`, the reason in words ("": none),
        and `place`, where the user finds the image again without naming it ("row 7 of labels.csv"). The study
        decides whether such images stop it or are excluded and counted; their other columns may be missing.
        Columns that start with `tag_` say how an image was acquired or stored (tag_manufacturer, tag_format):
        the shortcut probe looks at them, nothing is trained on them, and they are never written.
        """
        ...

    def read(self, row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        """Return the pixels of one row of `exams`: (H, W), uint8, uint16 or float32 in [0, 1], bone bright.

        A pure function of the row: any process, any order, the same bytes.
        """
        ...

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return a string that changes whenever the pixels of this row may change, without decoding them.

        Files: path, size and modification time; generated data: generator version, settings and index. Where views
        share a file, or a seed, the view belongs to it: other pixels, another fingerprint.
        """
        ...


@runtime_checkable
class Locates(Protocol):
    """A dataset that knows where lesions lie; the gallery of the report draws them."""

    def lesions(self, row: Mapping[str, Any]) -> Sequence[tuple[float, float, float, float]]:
        """Return one box for each lesion in the image of a row of `exams`: left, top, right, bottom.

        Shares of the width and height of what `read` returns, from 0 (left, top) to 1.
        """
        ...


@dataclass(frozen=True, slots=True)
class DatasetPlugin:
    """A dataset on offer. `open(params, folder)` makes it ready; relative paths start at `folder`, the study's.

    `read_file(params, path)` reads one file that stands in no study, as `read` would, with the parameters of the
    development cohort: `predict` needs it, of a run and of what was exported. Without it predict refuses, except
    for computed images (`synthetic`), whose files are read as written by `data export`. Heavy imports belong inside
    `open` and `read_file`.
    `exported(folder, listing)` says that the dataset reads what `data export` writes in one of `formats` ("png",
    "dicom"), and gives its parameters for such a folder and the CSV in it; both start at the study file.
    `shown(params)` gives the parameters that another site's files must be read with to look as these do.
    """

    name: str
    params: type[Params]
    summary: str
    open: Callable[[Any, Path], Dataset]
    api: tuple[int, ...] = (API_VERSION,)
    requires: tuple[str, ...] = ()  # importable names beyond the default installation
    extra: str = ""  # the extra of the plugin's distribution that brings them
    synthetic: bool = False  # the report says so in a banner
    pixels: bool = True  # False: cases without images, for scores that exist already; `read` is never called
    read_file: Callable[[Any, Path], np.ndarray[Any, Any]] | None = None
    card: str = ""  # source, licence, access, meaning of the label, traps
    formats: tuple[str, ...] = ()
    exported: Callable[[str, str], Mapping[str, Any]] | None = None
    shown: Callable[[Any], Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        _refuse_local(f"dataset {self.name!r}", open=self.open)


def _refuse_local(where: str, **functions: Callable[..., Any] | None) -> None:
    """Raise PluginError for functions that another process could not find by module and name."""
    for hook, function in functions.items():
        if "<" in getattr(function, "__qualname__", ""):
            found = f"{hook} is a lambda or stands inside another function"
            advice = "Write it with `def` at the top of the module: other processes look it up."
            raise PluginError(Problem(where, found, advice))


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a network must fit. Input is (n, channels, H, W) float32; output (n, n_targets) logits."""

    views: tuple[str, ...]
    height: int
    width: int
    n_targets: int = 1
    pretrained: bool = True  # False: only the shape matters (a measurement), load no weights

    @property
    def n_views(self) -> int:
        """Number of images that one exam brings, stacked along the channel axis."""
        return len(self.views)


class Pixels(Protocol):
    """Pixels on disk: `pixels[rows]` reads (len(rows), n_views, H, W) uint16 into memory."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, n_views, H, W)."""
        ...

    def __getitem__(self, rows: Any, /) -> np.ndarray[Any, Any]:
        """Return the images at `rows`: an index array or a slice."""
        ...


@dataclass(frozen=True, slots=True)
class Images:
    """Images to learn from, without identifiers.

    pixels : (n, n_views, H, W) uint16, brightness times 65535, read from disk when indexed by rows;
    labels : (n, n_targets) uint8.
    """

    pixels: Pixels
    labels: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class FitContext:
    """Where and how a unit is fitted: a seed for every random choice, a folder for files, the device's name.

    report : takes progress to be shown, as often as you like: {"kind": "step", "done": 0.5, "loss": 0.7}, where done is
    the share of the unit, or {"kind": "epoch", "epoch": 1, "epochs": 10, "loss": 0.7, "images_per_second": 90.0}, where
    epoch counts from 1. There are no other kinds, and these keys are required; further ones reach `unit_event` alone.
    shared : a folder that all units of a project share, for what is costly and depends on images alone; None where
    there is none. Several processes use it at once.
    """

    build: BuildContext
    seed: int
    device: str
    threads: int
    folder: Path
    report: Callable[[Mapping[str, Any]], None]
    shared: Path | None = None


class Fitted(Protocol):
    """A fitted model. It never sees a label again."""

    def scores(self, pixels: Pixels) -> np.ndarray[Any, Any]:
        """Return logits (n, n_targets) float32 of `pixels` (n, n_views, H, W) uint16; each row for itself."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into `folder`, without pickle (safetensors, JSON)."""
        ...


class Fuser(Protocol):
    """A rule that makes one score of those of several views."""

    def scores(self, logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return logits (n, 1) float32 of `logits` (n, n_views) float64; each row for itself."""
        ...

    def save(self, folder: Path) -> None:
        """Write the rule into `folder`, without pickle."""
        ...


@dataclass(frozen=True, slots=True)
class ModelPlugin:
    """A model on offer, in one of four forms.

    `build(params, context)` gives a network that the core trains.
    `fit(params, train, tune, context)` gives anything else.
    `fuse(params, logits, labels)` gives a rule that combines the scores of single views: logits (n, n_views) float64 of
    the development exams outside the unit's fold, each scored by a network that never saw it; labels (n,) uint8.
    `fuses(params)` names the model of the study whose arms, one for each view, are combined.
    `load(params, folder, context)` opens what was saved: it stands beside fit, and beside fuse.
    `listed(params, folder, views)` gives scores that exist already, of human readers or of someone else's model: for an
    arm that reads `views`, a table with exam_id (as the dataset gives it), reader ("" for a single one) and score.
    Nothing is trained. Relative paths start at `folder`.
    """

    name: str
    params: type[Params]
    summary: str
    build: Callable[[Any, BuildContext], torch.nn.Module] | None = None
    fit: Callable[[Any, Images, Images | None, FitContext], Fitted] | None = None
    load: Callable[[Any, Path, BuildContext], Fitted | Fuser] | None = None
    fuse: Callable[[Any, np.ndarray[Any, Any], np.ndarray[Any, Any]], Fuser] | None = None
    fuses: Callable[[Any], str] | None = None
    listed: Callable[[Any, Path, tuple[str, ...]], pd.DataFrame] | None = None
    check: Callable[[Any], Sequence[Problem]] | None = None  # before anything runs: weights, architecture names
    describe: Callable[[Any], Mapping[str, Any]] | None = None  # facts for report and banner: {"weights": "none"}
    api: tuple[int, ...] = (API_VERSION,)
    requires: tuple[str, ...] = ()
    extra: str = ""

    def __post_init__(self) -> None:
        where = f"model {self.name!r}"
        forms = [name for name in ("build", "fit", "fuse", "listed") if getattr(self, name) is not None]
        if len(forms) != 1:
            given = " and ".join(forms) or "none of build, fit, fuse and listed"
            raise PluginError(Problem(where, f"gives {given}", "Give one of them."))
        beside = {"fit": ["load"], "fuse": ["load", "fuses"]}.get(forms[0], [])
        found = [name for name in ("load", "fuses") if getattr(self, name) is not None]
        if found != beside:
            given = f"gives {forms[0]} with {' and '.join(found) or 'nothing beside it'}"
            raise PluginError(Problem(where, given, f"Give {' and '.join([forms[0], *beside])}, and no other."))
        names = ("build", "fit", "load", "fuse", "fuses", "listed", "check", "describe")
        _refuse_local(where, **{name: getattr(self, name) for name in names})

    @property
    def form(self) -> Callable[..., Any]:
        """The function that makes the model: build, fit, fuse or listed."""
        found = self.build or self.fit or self.fuse or self.listed
        assert found is not None, "one of them is given"
        return found


@dataclass(frozen=True, slots=True)
class UnitEvent:
    """What happened to one unit, the training of an arm on one fold. The hook `unit_event` says what `values` holds.

    repeat, fold : count from 0, where screens and reports count from 1.
    """

    kind: Literal["start", "step", "epoch", "end", "failed"]
    arm: str
    repeat: int
    fold: int
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> Unit:
        """The unit that it happened to."""
        return Unit(self.arm, self.repeat, self.fold)
