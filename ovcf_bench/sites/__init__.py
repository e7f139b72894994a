"""External validation without moving images: networks go to the other site, scores under pseudonyms come back."""

from ovcf_bench.sites.merge import add_site
from ovcf_bench.sites.package import export_for_site
from ovcf_bench.sites.validate import validate_site

__all__ = ["add_site", "export_for_site", "validate_site"]
