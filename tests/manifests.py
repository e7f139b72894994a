"""Manifests: a table of images and the images beside it, and how a test opens them."""

import numpy as np
from ovcf_plugins.datasets.manifest import ManifestParams, open_manifest
from PIL import Image

from ovcf_bench.api import DataError
from ovcf_bench.cohort import refuse_unusable, separate

GREY_8 = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10
GREY_16 = GREY_8.astype(np.uint16) * 257 + 3
HEADER = "patient_id,view,label,path"


def save(path, pixels=GREY_8, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def listed(folder, *rows, header=HEADER):
    (folder / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")


def opened(folder, **params):
    return open_manifest(ManifestParams(**({"path": "manifest.csv"} | params)), folder)


def problems(folder, **params):
    try:
        _, unusable = separate(opened(folder, **params).exams(), "manifest")
    except DataError as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in refuse_unusable(unusable, "manifest.csv")]


def only_pixels(folder, **params):
    dataset = opened(folder, **params)
    (row,) = dataset.exams().to_dict("records")
    return dataset.read(row)
