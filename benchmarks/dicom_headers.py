"""A folder of 100,000 DICOM files: the first start reads every header, the second none.

Run: python benchmarks/dicom_headers.py [FILES]. Writes benchmarks/results/dicom_headers.json.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ovcf_plugins.datasets.dicom import DicomParams, open_dicom
from ovcf_plugins.datasets.dicom.params import LabelTable

from ovcf_bench.export.dicom import Dicom
from ovcf_bench.provenance import machine

RESULT = Path(__file__).parent / "results" / "dicom_headers.json"


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["OVCF_BENCH_CACHE"], os.environ["XDG_CONFIG_HOME"] = str(folder / "cache"), str(folder / "config")
        form = Dicom(synthetic=True)
        for number in range(n):
            part = folder / "files" / f"{number // 1000:03d}"
            part.mkdir(parents=True, exist_ok=True)
            row = {"patient_id": f"P{number // 2}", "exam_id": number // 2, "image_id": number,
                   "view": ("ap", "lateral")[number % 2]}  # fmt: skip
            (part / f"{number}.dcm").write_bytes(form.encode(np.full((8, 8), number % 65536, np.uint16), row))
        rows = "".join(f"P{patient},{patient % 2}\n" for patient in range((n + 1) // 2))
        (folder / "labels.csv").write_text(f"patient_id,label\n{rows}")
        params = DicomParams(root="files", labels=LabelTable(path="labels.csv"))
        seconds = []
        for _ in range(2):
            begun = time.perf_counter()
            exams = open_dicom(params, folder).exams()
            seconds.append(round(time.perf_counter() - begun, 1))
        size = sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file())
    assert len(exams) == n
    assert (exams["unusable"] == "").all()
    result = {"files": n, "first_seconds": seconds[0], "second_seconds": seconds[1], "index_mb": round(size / 1e6, 1)}
    print(result)
    RESULT.write_text(json.dumps({**result, "machine": machine()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
