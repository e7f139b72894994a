"""One self-contained HTML page from the records of a run. It formats and draws; it computes nothing."""

from ovcf_bench.report.render import write_report

__all__ = ["write_report"]
