"""What a study may say of folders that are named after classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ovcf_plugins.datasets.files.folder import FolderParams

_Word = Annotated[str, Field(min_length=1)]
Names = _Word | Annotated[tuple[_Word, ...], Field(min_length=1)]


class ImageFolderParams(FolderParams):
    """Parameters of the `image_folder` dataset."""

    views: Mapping[str, str] = Field(min_length=1, description="View: the folder of its tree, below the root.")
    positive: Names = Field(description="Name of the class folder of positive images, or a list of several.")
    negative: Names = Field(description="Name of the class folder of negative images, or a list of several.")
    patient: str = Field(
        description="Regular expression for the start of a file name, with a group (?P<patient>...) and, where a "
        "patient has several exams, (?P<exam>...)."
    )
    site: str = Field(default="site", min_length=1, description="Name of the site.")
    inverted: bool = Field(default=False, description="true: bone is dark in these files.")
    grey: Literal["refuse", "luminance"] = Field(
        default="refuse", description="Colour images whose channels differ: refuse them, or take the luminance."
    )

    @field_validator("patient")
    @classmethod
    def _has_the_group(cls, text: str) -> str:
        try:
            groups = re.compile(text).groupindex
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        if "patient" not in groups:
            raise ValueError("the expression lacks the group (?P<patient>...)")
        return text

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        positive, negative = names_of(self.positive), names_of(self.negative)
        if {*positive} & {*negative}:
            raise ValueError("positive and negative name the same folder")
        if len({*positive}) < len(positive) or len({*negative}) < len(negative):
            raise ValueError("a class folder is named twice")
        return self


def names_of(names: Names) -> tuple[str, ...]:
    """Return the class folders of a label; one may be written without a list."""
    return (names,) if isinstance(names, str) else names
