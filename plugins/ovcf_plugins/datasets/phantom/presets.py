"""What makes the task hard: who is in the cohort, how the views are exposed, which X-ray system took them.

The values were tuned with small networks so that AP and lateral reach the AUROCs of Kim 2024.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

View = Literal["ap", "lateral"]
VIEWS: tuple[View, ...] = ("ap", "lateral")


@dataclass(frozen=True, slots=True)
class CaseMix:
    """Anatomy of a cohort: shares in [0, 1], standard deviations as shares of a height or in degrees."""

    genant_grades: tuple[float, float, float] = (0.35, 0.40, 0.25)  # shares of grades 1, 2, 3
    deformities: tuple[float, float, float] = (0.55, 0.25, 0.20)  # shares of wedge, biconcave, crush
    occult: float = 0.05  # share of cases without a visible deformity (oedema on MRI only)
    mimic: float = 0.06  # share of controls with an old or developmental wedge
    mimic_loss: tuple[float, float] = (0.15, 0.30)
    anterior_sd: float = 0.025  # normal variation of the anterior height
    middle_sd: float = 0.02
    tilt_sd_deg: float = 6.0  # of single levels in the sagittal plane: blurs AP endplates
    impaction: float = 0.3  # how much of the lost volume returns as density
    anatomy_follows_label: bool = True


@dataclass(frozen=True, slots=True)
class Exposure:
    """How one view is taken."""

    scatter_ratio: float  # scatter to primary
    gas_bubbles: float  # mean number per 600 cm2 of abdomen
    dose: float = 1.0  # relative to AP
    pose_sd_deg: float = 0.0  # sagittal tilt of the whole spine against the beam


@dataclass(frozen=True, slots=True)
class XraySystem:
    """One hospital's tube, detector and image processing."""

    magnification: float = 1.0
    scatter_factor: float = 1.0
    quanta_per_mm2: float = 1400.0
    compression: float = 0.95  # share of the low frequencies that is taken away
    tone_gain: float = 1.0
    gamma: float = 1.0


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that the anatomy and the pixels of one cohort depend on, besides seed, index and film."""

    case_mix: CaseMix
    ap: Exposure
    lateral: Exposure
    system: XraySystem = XraySystem()
    honest_markers: float | None = None  # share of burned-in markers that tell the label; None: no marker

    def exposure(self, view: View) -> Exposure:
        """Return how `view` is taken."""
        return self.ap if view == "ap" else self.lateral


_PAPER = Preset(
    case_mix=CaseMix(),
    ap=Exposure(scatter_ratio=1.5, gas_bubbles=30.0, pose_sd_deg=10.0),
    lateral=Exposure(scatter_ratio=0.8, gas_bubbles=3.0, dose=0.8),
)
PRESETS = {
    "paper-like": _PAPER,
    # Crush and biconcave deformities lower the middle, which both views show; a wedge is seen from the side.
    "equal-views": replace(
        _PAPER,
        case_mix=replace(_PAPER.case_mix, deformities=(0.0, 0.3, 0.7), tilt_sd_deg=1.0),
        ap=Exposure(scatter_ratio=0.8, gas_bubbles=3.0, pose_sd_deg=1.0),
    ),
    "null": replace(_PAPER, case_mix=replace(_PAPER.case_mix, anatomy_follows_label=False)),
    "shortcut": replace(_PAPER, honest_markers=0.97),
}
_EXTERNAL_SYSTEM = XraySystem(
    magnification=1.05, scatter_factor=1.1, quanta_per_mm2=1000.0, compression=0.85, tone_gain=1.20, gamma=0.88
)
_EXTERNAL_POSE_SD_DEG = 7.0


def preset_at(name: str, site: str) -> Preset:
    """Return a preset as it is at site "A" or "B".

    Site B has its own X-ray system, fewer subtle cases, more careful positioning, and markers that know nothing.
    """
    preset = PRESETS[name]
    if site == "A":
        return preset
    return replace(
        preset,
        case_mix=replace(preset.case_mix, genant_grades=(0.20, 0.40, 0.40), occult=0.02, mimic=0.04),
        ap=replace(preset.ap, pose_sd_deg=min(preset.ap.pose_sd_deg, _EXTERNAL_POSE_SD_DEG)),
        system=_EXTERNAL_SYSTEM,
        honest_markers=None if preset.honest_markers is None else 0.0,
    )
