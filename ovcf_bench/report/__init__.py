"""One self-contained HTML page from the records of a run folder; every number on it stands in a record."""

from ovcf_bench.report.render import write_report

__all__ = ["write_report"]
