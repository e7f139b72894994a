"""A study's data on their way to the units: opened, eligible, split, decoded, inspected; shown or shared."""

from ovcf_bench.data.contact_sheet import contact_sheet
from ovcf_bench.data.preparing import Prepared, prepare
from ovcf_bench.data.settings import Options, Silent, Watch
from ovcf_bench.data.sharing import SharedStudy, list_images, share_study

__all__ = [
    "Options",
    "Prepared",
    "SharedStudy",
    "Silent",
    "Watch",
    "contact_sheet",
    "list_images",
    "prepare",
    "share_study",
]
