"""Self-contained HTML pages: the report of a run folder, every number of which stands in a record; contact sheets."""

from pathlib import Path

from ovcf_bench.report.render import write_report
from ovcf_bench.report.single_pages import preview_page

__all__ = ["export_report", "preview_page", "write_report"]


def export_report(run: Path, folder: Path) -> int:
    """Write every table and figure of a run's report into a folder; return how many files. See `files.export_page`."""
    from ovcf_bench.report.files.folder import export_page
    from ovcf_bench.report.page import make_page
    from ovcf_bench.report.read import read_run

    return export_page(make_page(read_run(run)), folder)
