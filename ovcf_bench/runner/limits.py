"""Writes which images the models of a run may be asked about: limits of the development images, by view."""

from __future__ import annotations

import numpy as np

from ovcf_bench import records
from ovcf_bench.data.preparing import Prepared, preprocessing_of
from ovcf_bench.data.settings import Options
from ovcf_bench.images import fit_limits
from ovcf_bench.records import RunFolder, StudyLimits, ViewLimits
from ovcf_bench.vocabulary import DEVELOPMENT

_FEWEST = 20  # patients; fewer say nothing about what is usual


def write_limits(folder: RunFolder, prepared: Prepared, options: Options) -> None:
    """Write limits.json. It holds means over all development images of a view, nothing of a single one."""
    preprocessing = preprocessing_of(prepared.study)
    images = prepared.images
    development = images[(images["split"] == DEVELOPMENT) & (images["digest"] != "")]
    views = {}
    for view, images in development.groupby("view", sort=True):
        if images["patient_id"].nunique() >= _FEWEST:
            pixels = options.cache.open([[key] for key in images["cache_key"]], preprocessing)
            seen = [pixels[np.array([row])][0, 0] for row in range(len(images))]
            views[str(view)] = ViewLimits(**fit_limits(seen, images["patient_id"].tolist()).to_json())
    folder.write(records.LIMITS, StudyLimits(preprocessing.version, views))
