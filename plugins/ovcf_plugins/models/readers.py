"""Scores from a file: human readers, or someone else's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from ovcf_bench.api import ModelPlugin, Params, PluginError, Problem, hookimpl, one_of

if TYPE_CHECKING:
    import pandas as pd


class ReadersParams(Params):
    """Parameters of the `readers` model."""

    path: str = Field(description="The CSV file, relative to the study file.")
    exam: str = Field(default="exam_id", description="Column of the exam, named as the dataset names it.")
    columns: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="View: one column of scores for each reader, in the same order for every view. Without it the "
        "file has one row per exam and reader: columns view, reader and score (view and reader may be missing).",
    )


def listed(params: ReadersParams, folder: Path, views: tuple[str, ...]) -> pd.DataFrame:
    """Return exam_id, reader and score of the arm that reads `views`. Raises PluginError naming what the file lacks."""
    import pandas as pd

    path = folder / params.path
    try:
        table = pd.read_csv(path, dtype={params.exam: str, "view": str, "reader": str})
    except (OSError, ValueError) as error:
        found = f"{path.name!r} cannot be read ({type(error).__name__})"
        raise PluginError(Problem("model 'readers', path", found, "Paths are relative to the study file.")) from error
    view = "+".join(views)
    wide = params.columns.get(view, ()) if params.columns else ()
    if params.columns and not wide:
        raise PluginError(Problem("model 'readers', columns", f"no view {view!r}", one_of(view, params.columns)))
    needed = [params.exam, *(wide or ("score",))]
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        found = f"{path.name!r} has no column {lacking[0]!r}"
        raise PluginError(Problem("model 'readers'", found, one_of(lacking[0], map(str, table.columns))))
    if not wide:
        mine = table[table["view"] == view] if "view" in table.columns else table
        readers = mine["reader"] if "reader" in mine.columns else ""
        return pd.DataFrame({"exam_id": mine[params.exam], "score": mine["score"]}).assign(reader=readers)
    parts = [
        pd.DataFrame({"exam_id": table[params.exam], "reader": f"reader {number}", "score": table[column]})
        for number, column in enumerate(wide, start=1)
    ]
    joined = pd.concat(parts, ignore_index=True)
    return joined.assign(reader="") if len(wide) == 1 else joined


@hookimpl
def register_models(register: Callable[[ModelPlugin], None]) -> None:
    """Offer the model `readers`."""
    register(
        ModelPlugin(
            name="readers",
            params=ReadersParams,
            summary="Scores from a file: human readers, or someone else's model",
            listed=listed,
        )
    )
