"""What a study may say of the phantom."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ovcf_bench.api import Params


class PhantomParams(Params):
    """Parameters of the `phantom` dataset."""

    patients: int = Field(ge=2, description="Eligible patients, each with one AP and one lateral image.")
    positives: int | None = Field(
        default=None, ge=0, description="Eligible patients with a fracture; half of them when not given."
    )
    ineligible: int = Field(default=0, ge=0, description="Further patients who each break one eligibility rule.")
    preset: Literal["paper-like", "equal-views", "null", "shortcut"] = Field(
        default="paper-like", description="How hard the task is, and what the label depends on."
    )
    site: Literal["A", "B"] = Field(default="A", description="X-ray system and case mix; B is the external hospital.")
    seed: int = Field(default=1, ge=0, description="Everything random follows from it.")
    height: int = Field(
        default=320, ge=64, le=2048, multiple_of=32, description="Rows; columns are 3/5 (coned) or 5/8 (full) of them."
    )
    field: Literal["coned", "full"] = Field(
        default="coned", description="coned: T11-L3 fill the frame; full: the whole film, fractures T10-L5."
    )

    @model_validator(mode="after")
    def _positives_among_patients(self) -> Self:
        if self.positives is not None and self.positives > self.patients:
            raise ValueError(f"positives is {self.positives}, but there are {self.patients} patients")
        return self

    @property
    def n_positive(self) -> int:
        """Number of eligible patients with a fracture."""
        return self.patients // 2 if self.positives is None else self.positives
