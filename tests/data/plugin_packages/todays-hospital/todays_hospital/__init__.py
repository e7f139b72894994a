"""The radiographs of a hospital: PNG files and a list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ovcf_bench.api import (
    EXAM_COLUMNS,
    DataError,
    Dataset,
    DatasetPlugin,
    Params,
    Problem,
    Progress,
    did_you_mean,
    hookimpl,
    is_reserved,
    silent,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CARD = """\
Source: a folder of PNG images (8 bit grey) and a file labels.csv with the columns patient, view, label, file.
Licence and access: the hospital's.
Meaning of the label: 1 where MRI found a fresh fracture.
Traps: none that we know.
"""
COLUMNS = ("patient", "view", "label", "file")


class HospitalParams(Params):
    """What a study may set under `params`."""

    folder: str = Field(description="The folder of labels.csv and the images, relative to the study file.")
    site: str = Field(default="hospital", min_length=1, description="Name of the site.")
    inverted: bool = Field(default=False, description="true: bone is dark in these files.")


class Hospital:
    """The opened dataset."""

    def __init__(self, folder: Path, params: HospitalParams) -> None:
        self.folder, self.params = folder, params

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return one row per image."""
        import pandas as pd

        try:
            listed = pd.read_csv(self.folder / "labels.csv", dtype=str)
        except OSError as error:
            found = f"cannot be read ({type(error).__name__})"
            raise DataError(Problem("todays_hospital, labels.csv", found, "Paths start at the study file.")) from error
        lacking = [name for name in COLUMNS if name not in listed.columns]
        if lacking:
            known = [str(name) for name in listed.columns]
            raise DataError(
                *(Problem("labels.csv, row 1", f"no column {name!r}", did_you_mean(name, known)) for name in lacking)
            )
        reasons = []
        for number, file in enumerate(listed["file"], start=1):
            progress("Looking for files", number, len(listed))
            reasons.append("" if (self.folder / file).is_file() else "the image file is not there")
        more = [name for name in listed.columns if name not in COLUMNS and not is_reserved(name)]
        table = listed[more].assign(
            patient_id=listed["patient"],
            exam_id=listed["patient"],
            image_id=listed["patient"] + "-" + listed["view"],
            view=listed["view"],
            label=listed["label"].astype(int),
            site=self.params.site,
            source=listed["file"],
            unusable=reasons,
            place=[f"row {number} of labels.csv" for number in range(1, len(listed) + 1)],
            tag_format="PNG",
        )
        return table[[*EXAM_COLUMNS, *more, "unusable", "place", "tag_format"]]

    def read(self, row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        """Return the pixels of one row."""
        return read_file(self.params, self.folder / str(row["source"]))

    def fingerprint(self, row: Mapping[str, Any]) -> str:
        """Return path, size and time of the file."""
        path = self.folder / str(row["source"])
        try:
            seen = path.stat()
        except OSError:
            return f"{row['source']} is absent"
        return f"{path.resolve()} {seen.st_size} {seen.st_mtime_ns}"

    def lesions(self, row: Mapping[str, Any]) -> Sequence[tuple[float, float, float, float]]:
        """Return the middle of images with a fracture."""
        return [(0.25, 0.25, 0.75, 0.75)] if row["label"] == 1 else []


def open_hospital(params: HospitalParams, folder: Path) -> Dataset:
    """Return the opened dataset; relative paths start at `folder`."""
    return Hospital(folder / params.folder, params)


def read_file(params: HospitalParams, path: Path) -> np.ndarray[Any, Any]:
    """Return the pixels of one file, as `read` does."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            levels = np.asarray(image.convert("L"))
    except OSError as error:
        raise DataError(Problem("an image", f"cannot be read ({type(error).__name__})")) from error
    return 255 - levels if params.inverted else levels


@hookimpl
def register_datasets(register: Callable[[DatasetPlugin], None]) -> None:
    """Offer the dataset."""
    register(
        DatasetPlugin(
            name="todays_hospital",
            params=HospitalParams,
            summary="Radiographs of a hospital",
            open=open_hospital,
            api=(1,),
            requires=("PIL",),
            read_file=read_file,
            card=CARD,
        )
    )
