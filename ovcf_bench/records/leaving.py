"""Records of what leaves a run: an exported arm, the package for another site, and what comes back from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovcf_bench.records.folder import Record

EXPORT_SCHEMA = 1  # of one arm in a folder of its own
SITES_SCHEMA = 1  # of what goes to another site, and of what comes back


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """What is usual among the development images of one view, as `images.UsualImages` has it."""

    mean_image: tuple[tuple[float, ...], ...]
    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    highest: float
    n: int
    false_refusals: float


@dataclass(frozen=True, slots=True)
class StudyLimits:
    """Which images the models of a study may be asked about, by view; `preprocessing` is its version."""

    preprocessing: str
    views: Mapping[str, ViewLimits]


@dataclass(frozen=True, slots=True)
class Recalibration:
    """logit p = intercept + slope x logit, fitted on development where a share `prevalence` is positive."""

    intercept: float
    slope: float
    prevalence: float


@dataclass(frozen=True, slots=True)
class ExportedArm:
    """One arm in a folder of its own; `files` are the digests of all that its scores depend on."""

    schema: int
    arm: str
    units: tuple[str, ...]
    members: tuple[str, ...]
    source: str
    threshold: float | None
    recalibration: Recalibration | None
    training_version: int
    versions: Mapping[str, str]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SitePackage:
    """What another site gets: the study's digest, the keys of its units, and the folder of every arm."""

    schema: int
    study: str
    units: tuple[str, ...]
    arms: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What a site says of its table of scores; `unusual_images` by view, None where nobody can tell."""

    schema: int
    site: str
    study: str
    units: tuple[str, ...]
    scores_sha256: str
    patients: int
    images: int
    unusual_images: Mapping[str, int | None]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddedSite(SiteAnswer):
    """A site's answer as it became a test set, with the digest of its file."""

    file_sha256: str
    hash_was_told: bool


LIMITS: Record[StudyLimits] = Record("limits.json", StudyLimits, "Export it again, or run the study again.")
EXPORTED_ARM: Record[ExportedArm] = Record("bundle.json", ExportedArm, "Export it again.", schema=EXPORT_SCHEMA)
SITE_PACKAGE: Record[SitePackage] = Record(
    "site_package.json",
    SitePackage,
    "It is made by `ovcf-bench export RUN --for-site --to FOLDER`, of the same version.",
    schema=SITES_SCHEMA,
)
SITE_ANSWER: Record[SiteAnswer] = Record("site.json", SiteAnswer, "It is made by `ovcf-bench validate`.", SITES_SCHEMA)
SITES: Record[dict[str, AddedSite]] = Record("sites.json", dict[str, AddedSite])
