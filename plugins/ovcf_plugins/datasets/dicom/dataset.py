"""The DICOM folder as a dataset: its exam table from headers and labels, one image at a time, its fingerprint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ovcf_bench.api import DataError, Problem, Progress, silent
from ovcf_plugins.datasets.dicom.headers import NO_DICOM, age_years, problem_of
from ovcf_plugins.datasets.dicom.index import Facts, FoundFile, HeaderIndex, find_files
from ovcf_plugins.datasets.dicom.labels import Labels, read_labels
from ovcf_plugins.datasets.dicom.params import DicomParams
from ovcf_plugins.datasets.dicom.pixels import PIXELS_VERSION, read_radiograph, several_frames
from ovcf_plugins.datasets.dicom.view import find_view
from ovcf_plugins.datasets.files.listed import FileReader
from ovcf_plugins.datasets.files.places import root_folder, with_variables

_SUFFIXES = (".dcm", ".dicom", ".dic", ".ima")
_INTENTS = {"FOR PRESENTATION": "presentation", "FOR PROCESSING": "processing"}
_TAGS = {
    "tag_manufacturer": "Manufacturer", "tag_device": "ManufacturerModelName", "tag_kvp": "KVP",
    "tag_bits": "BitsStored", "tag_photometric": "PhotometricInterpretation", "tag_codec": "TransferSyntaxUID",
    "tag_spacing": "ImagerPixelSpacing", "tag_detector": "DetectorType", "tag_intent": "PresentationIntentType",
}  # fmt: skip
_ALLOWED = "`ovcf-bench data list STUDY --to FILE` says which file it is."


class DicomFolder(FileReader):
    """An opened folder. Messages number the files; `ovcf-bench data list` says which is which."""

    def __init__(self, params: DicomParams, folder: Path) -> None:
        decode = partial(read_radiograph, window=params.window, frame=params.frame)
        words = f"dicom {PIXELS_VERSION} window={params.window} frame={params.frame}"
        super().__init__(root_folder(params.root, folder, "dicom, params.root"), decode, words, _ALLOWED)
        self._params = params
        self._labels = folder / with_variables(params.labels.path, "dicom, params.labels.path")

    def exams(self, progress: Progress = silent) -> pd.DataFrame:
        """Return one row per file in the order of paths: EXAM_COLUMNS, covariates, tags, evidence of the view.

        Files that cannot be used are marked with the reason. Raises DataError when the table of labels is wrong, or
        when images For Presentation and For Processing are mixed without being told which to take.
        """
        labels = read_labels(self._labels, self._params.labels)
        files = find_files(self._root)
        facts = HeaderIndex(self._root).facts(files, progress)
        listed = [(file, each) for file, each in zip(files, facts, strict=True) if _is_meant(file, each)]
        if not listed:
            raise DataError(Problem("dicom, params.root", "the folder holds no DICOM file"))
        rows = [self._row(number, *each, labels) for number, each in enumerate(listed, start=1)]
        table = pd.DataFrame(rows)
        self._refuse_mixture(table.loc[table["unusable"] == "", "tag_intent"])
        if self._params.unlabelled == "ignore":
            table = table[table["unusable"] != _NOT_LABELLED]
        return _without_repeats(table.reset_index(drop=True))

    def _refuse_mixture(self, intents: pd.Series) -> None:
        counted = Counter(_INTENTS.get(str(each)) for each in intents)
        # For Processing is what the detector saw, For Presentation what a vendor made of it: they look different.
        if self._params.intent is None and counted["presentation"] and counted["processing"]:
            found = f"{counted['presentation']} images are For Presentation and {counted['processing']} For Processing"
            raise DataError(Problem("dicom, params.intent", found, "Say which to take: presentation or processing."))

    def _row(self, number: int, file: FoundFile, facts: Facts, labels: Labels) -> dict[str, Any]:
        params = self._params
        key = file.path if params.labels.tag == "path" else facts.get(params.labels.tag)
        named = labels.rows.get(str(key))
        known = named or {}
        patient = facts.get("PatientID") if params.labels.patient_id is None else known.get("patient_id")
        # Where a hospital opens one study for each view, only the patient joins them.
        exam = patient if params.exam == "PatientID" else facts.get("StudyInstanceUID")
        said = known.get("view")
        view = find_view({} if params.view_source == "table" else facts, said, params.views, params.words)
        place = f"file {number}"
        return {
            "patient_id": patient,
            "exam_id": exam,
            # DICOM demands one; a file without it still needs a name of its own.
            "image_id": facts.get("SOPInstanceUID", file.path),
            "view": view.name,
            "label": known.get("label"),
            "site": known.get("site", params.site),
            "source": f"{place}:{file.path}",
            "unusable": self._why_not(facts, named, (patient, exam), view.known),
            "place": place,
            "evidence": view.evidence,
            "remark": _remark(facts),
            "age": age_years(facts),
            "sex": facts.get("PatientSex"),
            **{name: known.get(name) for name in labels.covariates},
            **{tag: facts.get(name) for tag, name in _TAGS.items()},
        }

    def _why_not(self, facts: Facts, named: Mapping[str, Any] | None, ids: tuple[Any, Any], view_known: bool) -> str:
        params = self._params
        if problem := problem_of(facts) or several_frames(facts, params.frame):
            return problem
        if facts.get("Modality") not in params.modalities:
            return f"its modality is {facts.get('Modality', 'not stated')} (taken: {', '.join(params.modalities)})"
        intent = _INTENTS.get(facts.get("PresentationIntentType", ""))
        if params.intent is not None and intent not in (None, params.intent):
            return f"it is For {str(intent).title()}"
        if named is None:
            return _NOT_LABELLED
        # The table may name an image and leave its label open: an MRI that was never read.
        if "label" not in named:
            return "the table gives it no label"
        if None in ids:
            return "it has no patient, or no study"
        return "" if view_known else "its view is unknown, or its sources disagree"


_NOT_LABELLED = "the table of labels does not name it"


def _is_meant(file: FoundFile, facts: Facts) -> bool:
    """Whether a file is, or claims to be, DICOM; notes and pictures beside the images are passed over."""
    return facts.get("problem") != NO_DICOM or file.path.lower().endswith(_SUFFIXES)


def _remark(facts: Facts) -> str:
    said = (facts.get("PhotometricInterpretation"), facts.get("PresentationLUTShape"))
    if said in (("MONOCHROME1", "IDENTITY"), ("MONOCHROME2", "INVERSE")):
        return f"{said[0]} with the presentation shape {said[1]}: taken as dark bone"
    return "text is burned into the pixels, says its header" if facts.get("BurnedInAnnotation") == "YES" else ""


def _without_repeats(table: pd.DataFrame) -> pd.DataFrame:
    """Mark the second and further copies of one image."""
    usable = table["unusable"] == ""
    # An export that was made twice, or in two folders, would count a patient's image twice.
    again = table["image_id"].where(usable).duplicated() & usable
    table.loc[again, "unusable"] = "the same image (SOP Instance UID) is in another file already"
    return table
