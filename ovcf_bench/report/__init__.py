"""Self-contained HTML pages: the report of a run folder, every number of which stands in a record; contact sheets."""

from ovcf_bench.report.preview import preview_page
from ovcf_bench.report.render import write_report

__all__ = ["preview_page", "write_report"]
