"""One assignment of patients to splits and folds, and the proof that nothing leaks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ovcf_bench.errors import DataError, LeakError, Problem
from ovcf_bench.vocabulary import DEVELOPMENT, SplitRule
from ovcf_bench.wording import plural

SPLIT_COLUMNS = ("patient_id", "cohort", "split", "fold")
NO_FOLD = -1
_COPIES_NAMED = 5  # enough to find the cause; a message of thousands is not read


def assign(patients: pd.DataFrame, rules: Sequence[SplitRule], folds: int, seed: int) -> pd.DataFrame:
    """Return one row per assigned patient: SPLIT_COLUMNS; `fold` is NO_FOLD outside development.

    patients : patient_id, cohort, label, one row each. Within a cohort and a label, patients are ranked by a
    hash of seed and identifier, so the assignment depends neither on the order of the rows nor on any key, and
    every split takes the next ones in the order of `rules`. Folds deal the ranked patients of each label in
    turn, hence their sizes differ by at most one for each label.
    Raises DataError when a cohort has fewer patients than asked for.
    """
    ranked = patients.assign(rank=[_rank(seed, each) for each in patients["patient_id"].tolist()]).sort_values("rank")
    parts = []
    problems = []
    for rule in rules:
        here = ranked[ranked["cohort"] == rule.cohort]
        wanted = {1: rule.positives, 0: rule.negatives}
        if rule.positives is None and rule.negatives is None:
            chosen = here
        else:
            of_label = {label: here[here["label"] == label] for label in wanted}
            for label, n in wanted.items():
                if (n or 0) > len(of_label[label]):
                    word = "positive" if label else "negative"
                    asked = plural(n or 0, f"{word} patient", f"{word} patients")
                    found = f"asks for {asked}, {plural(len(of_label[label]), 'is', 'are')} left in {rule.cohort!r}"
                    problems.append(Problem(f"split {rule.name!r}", found))
            chosen = pd.concat([of_label[label].head(n or 0) for label, n in wanted.items()])
        if chosen.empty:
            problems.append(Problem(f"split {rule.name!r}", f"no patient is left for it in {rule.cohort!r}"))
        ranked = ranked.drop(chosen.index)
        fold = _deal(chosen, folds) if rule.name == DEVELOPMENT else NO_FOLD
        parts.append(chosen.assign(split=rule.name, fold=fold))
    if problems:
        raise DataError(*problems)
    assigned = pd.concat(parts).loc[lambda table: table.index.sort_values()]
    if any(rule.name == DEVELOPMENT for rule in rules):
        _check_folds(assigned, folds)
    return assigned[[*SPLIT_COLUMNS]].reset_index(drop=True)


def _rank(seed: int, patient_id: str) -> bytes:
    # A hash, not a generator: neither the order of rows nor who else is listed changes anybody's rank.
    return hashlib.blake2b(f"{seed}\0split\0{patient_id}".encode(), digest_size=16).digest()


def _deal(chosen: pd.DataFrame, folds: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Deal the ranked patients to folds, label after label without starting anew: fold sizes differ by one."""
    # Fold sizes differ by one only if the second label goes on where the first stopped.
    order = np.argsort(-chosen["label"].to_numpy(), kind="stable")
    fold = np.empty(len(chosen), dtype=np.int64)
    fold[order] = np.arange(len(chosen)) % folds
    return fold


def _check_folds(assigned: pd.DataFrame, folds: int) -> None:
    development = assigned[assigned["split"] == DEVELOPMENT]
    counts = development.groupby(["fold", "label"]).size().unstack(fill_value=0)
    if len(counts) < folds or len(counts.columns) < 2 or (counts == 0).to_numpy().any():
        found = f"{folds} folds, but not every fold has patients of both labels"
        raise DataError(Problem(f"split {DEVELOPMENT!r}", found, "Use fewer folds or more patients."))


def tuning_part(patients: Sequence[str], labels: Sequence[int], share: float, seed: int) -> set[str]:
    """Return the patients of a training fold that choose its checkpoint: `share` of each label, at least one."""
    part: set[str] = set()
    for label in (0, 1):
        mine = {patient for patient, its in zip(patients, labels, strict=True) if its == label}
        # A word of its own in the hash: tuning must not hang on the ranks that dealt splits and folds.
        ranked = sorted(mine, key=lambda patient: _rank(seed, f"tuning\0{patient}"))
        part.update(ranked[: max(1, round(share * len(ranked)))])
    return part


def to_csv(splits: pd.DataFrame) -> str:
    """Return the text of splits.csv; `fold` is empty outside development."""
    fold = splits["fold"].astype("Int64").mask(splits["fold"] == NO_FOLD)
    return splits.assign(fold=fold)[[*SPLIT_COLUMNS]].to_csv(index=False, lineterminator="\n")


def from_csv(text: str, where: str) -> pd.DataFrame:
    """Return a frozen assignment from the text of a splits.csv."""
    try:
        table = pd.read_csv(io.StringIO(text), dtype={"patient_id": str, "cohort": str, "split": str})
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(Problem(where, "cannot be read as CSV")) from error
    missing = [column for column in SPLIT_COLUMNS if column not in table.columns]
    if missing:
        columns = "column" if len(missing) == 1 else "columns"
        raise DataError(Problem(where, f"lacks the {columns} {', '.join(missing)}"))
    table["fold"] = table["fold"].fillna(NO_FOLD).astype(np.int64)
    if table["patient_id"].duplicated().any():
        twice = int(table["patient_id"].duplicated().sum())
        raise LeakError(Problem(where, f"{plural(twice, 'patient stands', 'patients stand')} twice"))
    return table[[*SPLIT_COLUMNS]]


def reuse(
    frozen: pd.DataFrame, patients: pd.DataFrame, rules: Sequence[SplitRule], folds: int, where: str
) -> pd.DataFrame:
    """Return the frozen assignment of `patients` (whose patient_id has the form in which `frozen` was written).

    Raises DataError when a patient of the frozen file is not among the eligible ones, when the frozen file
    does not have the splits and folds that the study names, or when the cohort differs.
    """
    names = [rule.name for rule in rules]
    known = patients.set_index("patient_id")
    lost = int((~frozen["patient_id"].isin(known.index)).sum())
    # A patient who has left the cohort would leave a hole in the frozen sets, and their sizes were published.
    if lost:
        advice = "Use the same cohort, and the same key (--key FILE)."
        of = f"of its {plural(len(frozen), 'patient', 'patients')}"
        raise DataError(Problem(where, f"{plural(lost, f'{of} is', f'{of} are')} not in the cohorts", advice))
    if sorted(frozen["split"].unique()) != sorted(names):
        found = f"has the splits {', '.join(sorted(frozen['split'].unique()))}"
        raise DataError(Problem(where, found, f"The study names: {', '.join(names)}."))
    cohort = known["cohort"].reindex(frozen["patient_id"]).to_numpy()
    if (cohort != frozen["cohort"].to_numpy()).any():
        raise DataError(Problem(where, "puts patients into other cohorts than the data do"))
    in_order = known.index[known.index.isin(frozen["patient_id"])]
    result = frozen.set_index("patient_id").reindex(in_order).reset_index()[[*SPLIT_COLUMNS]]
    if DEVELOPMENT in names:
        _check_folds(result.assign(label=known["label"].reindex(result["patient_id"]).to_numpy()), folds)
    return result


@dataclass(frozen=True, slots=True)
class LeakageProof:
    """That no patient and no image stands on both sides of a border: what was compared, after nothing was found."""

    patients_checked: int
    images_checked: int
    statement: str


def prove_no_leak(images: pd.DataFrame) -> LeakageProof:
    """Return the proof, or raise LeakError: no patient in two splits or folds, no identical pixels across them.

    images : patient_id, image_id (pseudonyms), split, fold, digest (of the decoded pixels), one row per image that is
    used. The first copies are named by their pseudonyms.
    """
    place = images["split"] + "/" + images["fold"].astype(str)
    problems = []
    patients = place.groupby(images["patient_id"]).nunique()
    if (patients > 1).any():
        stand = plural(int((patients > 1).sum()), "patient stands", "patients stand")
        problems.append(Problem("splits", f"{stand} in two splits or folds"))
    seen = images["digest"] != ""  # cases without images have none
    pixels = place[seen].groupby(images.loc[seen, "digest"]).nunique()
    if (pixels > 1).any():
        alike = images[images["digest"].map(pixels > 1).fillna(False).astype(bool)]
        copies = alike.groupby("digest", sort=False)["image_id"].agg(" = ".join)
        named = "; ".join(copies.head(_COPIES_NAMED))
        # One image with its copies counts once.
        found = f"{plural(len(copies), 'image has', 'images have')} identical pixels in two splits or folds: {named}"
        advice = "`ovcf-bench data list` says which files they are; drop one of each by an eligibility step."
        problems.append(Problem("splits", found, advice))
    if problems:
        raise LeakError(*problems)
    found = "; no two images of different splits or folds are identical." if seen.any() else ". There are no images."
    return LeakageProof(len(patients), int(seen.sum()), f"No patient stands in two splits or folds{found}")
