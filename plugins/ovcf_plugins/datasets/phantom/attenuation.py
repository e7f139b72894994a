"""Attenuation and beam: the physical constants of the projection."""

SOFT_TISSUE_PER_MM = 0.0205  # water at about 50 keV
CORTEX_PER_MM = 0.033  # cortical bone of vertebrae, in excess of water, averaged over the shell's pores
SOURCE_TO_IMAGE_MM = 1100.0
