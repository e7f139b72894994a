"""What another site sent back, held against the run that its package came from.

Cases of the study are known by their scores: under another key they have other pseudonyms.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.special import expit

from ovcf_bench import records, scores
from ovcf_bench.errors import BenchError, Problem, RecordError
from ovcf_bench.pseudonyms import Kind, is_pseudonym
from ovcf_bench.records import SITE_ANSWER, Provenance, SiteAnswer, parse
from ovcf_bench.scores import SINGLE, Doubles
from ovcf_bench.sites.validate import check_site_name
from ovcf_bench.wording import plural

_LARGEST = 500_000_000  # bytes of an unpacked table
_EXACT = 1e-9  # a mean that is computed twice
_CASE = ["exam_id", "image_id"]


@dataclass(frozen=True, slots=True)
class Returned:
    """A site's table of scores, and what the site says of it; `name` : of the file."""

    name: str
    site: str
    text: str
    table: pd.DataFrame
    about: SiteAnswer


def read_returned(content: bytes, name: str) -> Returned:
    """Return what the zip file holds. Raises BenchError when `ovcf-bench validate` did not make it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > _LARGEST:
                raise BenchError(Problem(name, "is too large to be a table of scores"))
            text, said = (archive.read(each).decode("utf-8") for each in (records.SCORES, SITE_ANSWER.file))
            about = parse(SITE_ANSWER, said, name)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        found = f"is no file of scores ({type(error).__name__})"
        raise RecordError(Problem(name, found, SITE_ANSWER.anew)) from error
    check_site_name(about.site, name)
    try:
        table = scores.from_csv(text)
    except RecordError as error:
        advice = "Ask the site for the file as `ovcf-bench validate` wrote it."
        raise RecordError(
            *(Problem(f"{name}, {each.where}", each.found, each.allowed or advice) for each in error.problems)
        ) from error
    return Returned(name, about.site, text, table, about)


def verify(returned: Returned, own: pd.DataFrame, provenance: Provenance) -> None:
    """Raise BenchError with everything that speaks against it. own : the run's score table."""
    about, name = returned.about, returned.name
    problems = []
    if hashlib.sha256(returned.text.encode()).hexdigest() != about.scores_sha256:
        problems.append(Problem(name, "the table was changed after it was made", "Ask the site to send it again."))
    if about.study != provenance.study_hash:
        problems.append(Problem(name, "it answers another study", "Add it to the run that its package came from."))
    elif list(about.units) != sorted(each.key for each in provenance.units):
        problems.append(Problem(name, "it was scored by other networks", "The run was trained again since."))
    if returned.site in set(own["set"]):
        problems.append(Problem(name, f"the run has a set {returned.site!r} already", "Name the site differently."))
    shared = len(set(returned.table["patient_id"]) & set(own["patient_id"]))
    if shared:
        problems.append(Problem(name, f"{shared} of its patients are in the study already", "It needs new patients."))
    elif known := count_known(returned.table, own):
        found = f"{known} of its cases have the scores of cases of the study, under other names"
        problems.append(Problem(name, found, "A further test set needs new patients."))
    advice = "Ask the site for the file as `ovcf-bench validate` wrote it."
    trained = {each.unit.arm for each in provenance.units}
    problems += [Problem(name, found, advice) for found in _oddities(returned, own, trained)]
    if problems:
        raise BenchError(*problems)


def _oddities(returned: Returned, own: pd.DataFrame, trained: set[str]) -> Iterator[str]:
    """Yield what no table has that our own program wrote with the networks of the run: those of the arms `trained`."""
    table = returned.table
    tested = own[own["kind"] == "test"]
    described = ["arm", "view", "model", "target"]
    known = set(tested[described].itertuples(index=False, name=None))
    if {*table["set"], *table["site"]} != {returned.site} or (table["kind"] != "test").any():
        yield "its rows do not belong to one further test set of this run"
    if not set(table[described].itertuples(index=False, name=None)) <= known:
        yield "it has scores of arms that the run has not"
        return
    if lacking := trained - set(table["arm"]):
        yield f"it has no scores of {', '.join(sorted(lacking))}"
    for view, rows in table.groupby("view"):
        if len({frozenset(part[_CASE].itertuples(index=False, name=None)) for _, part in rows.groupby("arm")}) > 1:
            yield f"the arms of the view {view} have scores of different cases"
    foreign = len([column for column in table.columns if column not in own.columns])
    if foreign:
        yield f"it has {plural(foreign, 'column', 'columns')} that the study does not name"
    identifiers: tuple[Kind, ...] = ("patient", "exam", "image")
    named = sum(not is_pseudonym(kind, each) for kind in identifiers for each in table[f"{kind}_id"].unique() if each)
    if named:
        yield plural(named, "identifier in it is no pseudonym", "identifiers in it are no pseudonyms")
    if (table.groupby(["arm", *_CASE])[["patient_id", "label", "site"]].nunique() > 1).any(axis=None):
        yield "a case has two labels or two patients"
    for arm, rows in table.groupby("arm"):
        wanted = _makers(tested[tested["arm"] == arm])
        if _makers(rows) != wanted or (rows.groupby(_CASE).size() != len(wanted)).any():  # no case is there twice
            yield f"cases of {arm} lack the score of a network, or have one too many"
        elif not _means_fit(rows):
            yield f"ensemble scores of {arm} are not the means of its networks' scores"


def _makers(rows: pd.DataFrame) -> set[tuple[str, ...]]:
    """Return which networks and ensembles the rows come from: repeat, fold, ensemble."""
    return set(rows[["repeat", "fold", "ensemble"]].astype(str).itertuples(index=False, name=None))


def _means_fit(rows: pd.DataFrame) -> bool:
    networks = rows[rows["ensemble"] == SINGLE]
    mean = networks.groupby(_CASE)[["logit", "score"]].mean()
    by_logit = rows[rows["ensemble"] == "mean_logit"].set_index(_CASE)
    by_probability = rows[rows["ensemble"] == "mean_probability"].set_index(_CASE)
    expected = (
        (networks["score"], expit(networks["logit"])),
        (by_logit["logit"], mean["logit"].reindex(by_logit.index)),
        (by_logit["score"], expit(by_logit["logit"])),
        (by_probability["score"], mean["score"].reindex(by_probability.index)),
    )
    return all(np.allclose(found, wanted, rtol=0, atol=_EXACT) for found, wanted in expected)


_MAKER = ["repeat", "fold"]
# How near the logits of one image come when it is scored twice; of one number alone less is chance.
_NEAR, _NEAR_ALONE = 1e-5, 1e-7
_BY_CHANCE = 2  # cases that may agree by chance


def count_known(table: pd.DataFrame, own: pd.DataFrame) -> int:
    """Return how many cases of a site's score table have the scores of cases of the run's.

    Test cases are scored by every network of an arm; a development case by one network of each arm, out of fold.
    """
    theirs = table[table["ensemble"] == SINGLE]
    mine = own[(own["ensemble"] == SINGLE) & own["arm"].isin(theirs["arm"].unique())]
    tests, developed = mine[mine["kind"] == "test"], mine[mine["kind"] == "oof"]
    found = max(
        (_equal(_by_maker(rows), _by_maker(tests[tests["arm"] == arm])) for arm, rows in theirs.groupby("arm")),
        default=0,
    )
    out_of_fold = {maker: _by_arm(rows) for maker, rows in developed.groupby(_MAKER)}
    found += sum(
        _equal(_by_arm(rows), out_of_fold[maker]) for maker, rows in theirs.groupby(_MAKER) if maker in out_of_fold
    )
    return found if found > _BY_CHANCE else 0


def _by_maker(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per case, and its logit by each network."""
    return rows.pivot(index=_CASE, columns=_MAKER, values="logit").dropna()


def _by_arm(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per exam, and its logit in each arm; of several images the mean."""
    return rows.pivot_table(index="exam_id", columns="arm", values="logit").dropna()


def _equal(theirs: pd.DataFrame, mine: pd.DataFrame) -> int:
    """Return how many rows of `theirs` stand in `mine` as well; rows that `mine` holds twice tell nothing."""
    shared = [column for column in theirs.columns if column in mine.columns]
    if not shared or len(mine) < 2 or theirs.empty:
        return 0
    near = _NEAR if len(shared) > 1 else _NEAR_ALONE
    values = mine[shared].to_numpy(dtype=np.float64)
    telling = values[_nearest(values, values, at=2) > near]
    if not len(telling):
        return 0
    return int(np.count_nonzero(_nearest(telling, theirs[shared].to_numpy(dtype=np.float64), at=1) <= near))


def _nearest(known: Doubles, asked: Doubles, at: int) -> Doubles:
    """Return how far the nearest of `known` (or the next after it: `at` 2) lies from each row, by the largest part."""
    distance, _ = cKDTree(known).query(asked, k=[at], p=np.inf)
    found: Doubles = np.asarray(distance, dtype=np.float64)[:, 0]
    return found
