"""The tables of the report, from the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovcf_bench.report.blocks import Cell, Footnotes, Table, numbers, row
from ovcf_bench.report.format import NONE, count, interval, number, p_value, share, signed

Values = Mapping[str, Any]

_CLAIMS = {"difference": "difference", "noninferiority": "non-inferiority", "equivalence": "equivalence"}
_MEASURES = (
    ("sensitivity", "Sensitivity"), ("specificity", "Specificity"), ("ppv", "PPV"), ("npv", "NPV"),
    ("accuracy", "Accuracy"), ("f1", "F1"),
)  # fmt: skip


def auroc_table(findings: Values) -> Table:
    """Arms x sets: AUROC of the ensemble with its interval, and the spread of the single networks."""
    notes = Footnotes()
    rows = []
    for name, found in findings["sets"].items():
        for arm, result in found["arms"].items():
            folds = result["folds"]
            rows.append(
                row(
                    arm,
                    Cell(name),
                    Cell(number(result["auroc"]), number=True, strong=True, note=notes.letter(result["reason"])),
                    numbers([interval(result["ci"]), count(result["n"])]),
                    numbers([f"{count(result['positives'])} / {count(result['negatives'])}"]),
                    Cell(_spread(folds), number=True, note=notes.letter(folds["reason"])),
                    Cell(result["ci_method"] or NONE),
                )
            )
    columns = (
        "Arm", "Set", "AUROC", "95 % interval", "Cases", "Positive / negative", "Single networks, mean (SD)",
        "Interval",
    )  # fmt: skip
    caption = "AUROC of the fold ensemble on every test set, and of the single networks that it is made of"
    return Table("auroc", caption, columns, tuple(rows), notes.all())


def _spread(folds: Values) -> str:
    if folds["mean"] is None:
        return NONE
    return number(folds["mean"]) + (f" ({number(folds['sd'])})" if folds["sd"] is not None else "")


def development_table(findings: Values) -> Table:
    """Out-of-fold AUROC of every fold."""
    notes = Footnotes()
    rows = []
    for arm, found in findings["development"].items():
        each = ", ".join(number(fold["auroc"]) for fold in found["folds"]["aurocs"])
        spread = Cell(_spread(found["folds"]), number=True, note=notes.letter(found["folds"]["reason"]))
        rows.append(row(arm, numbers([count(found["n"])]), spread, Cell(each or NONE)))
    caption = "Out-of-fold AUROC in development: every case scored by the one network that did not see it"
    columns = ("Arm", "Cases", "Mean over folds (SD)", "Each fold")
    return Table("development", caption, columns, tuple(rows), notes.all())


def delong_table(findings: Values) -> Table:
    """Every declared comparison on every set."""
    notes = Footnotes()
    rows = []
    for name, found in findings["sets"].items():
        for each in found["comparisons"]:
            reason = each["reason"]
            rows.append(
                row(
                    f"{each['a']} minus {each['b']}",
                    Cell(name),
                    numbers([count(each["n"]), f"{number(each['auroc_a'])} / {number(each['auroc_b'])}"]),
                    Cell(signed(each["difference"]), number=True, strong=True, note=notes.letter(reason)),
                    numbers([interval(each["ci"], sign=True), number(each["z"], 2), p_value(each["p"])]),
                    Cell(p_value(each["p_holm"]), number=True, note=notes.letter(each.get("p_holm_reason"))),
                    Cell("yes" if each["declared"] else "no"),
                )
            )
    columns = ("Comparison", "Set", "Pairs", "AUROCs", "Difference", "95 % interval", "z", "p", "p (Holm)", "Declared")
    caption = "Paired DeLong tests on complete pairs; Holm over the declared comparisons of one set"
    return Table("delong", caption, columns, tuple(rows), notes.all())


def verdict_table(findings: Values) -> Table | None:
    """The verdicts against the margins; nothing when no comparison claims more than a difference."""
    notes = Footnotes()
    rows = []
    for name, found in findings["sets"].items():
        for each in found["comparisons"]:
            if each["claim"] == "difference":
                continue
            verdict = each[each["claim"]]
            rows.append(
                row(
                    f"{each['a']} against {each['b']}",
                    Cell(name),
                    Cell(_CLAIMS[each["claim"]]),
                    numbers([number(each["margin"]), interval(verdict["ci"], sign=True)]),
                    Cell(
                        (verdict["verdict"] or NONE).replace("_", " "),
                        strong=True,
                        note=notes.letter(verdict["reason"]),
                    ),
                    Cell(each.get("conclusion") or ""),
                )
            )
    if not rows:
        return None
    columns = ("Comparison", "Set", "Claim", "Margin", "Limits for the claim", "Verdict", "In words")
    caption = "Verdict for every claim, from MOVER limits on logit-transformed DeLong intervals"
    return Table("verdicts", caption, columns, tuple(rows), notes.all())


def operating_tables(findings: Values) -> list[Table]:
    """For every arm: what the frozen threshold did in development and does on the test sets."""
    return [_operating_table(findings, arm["name"], at) for at, arm in enumerate(findings["study"]["arms"])]


def _operating_table(findings: Values, arm: str, position: int) -> Table:
    notes = Footnotes()
    points: dict[str, Values | None] = {}
    threshold = None
    for name, found in findings["sets"].items():
        point = found["arms"][arm]["operating_point"]
        threshold = point["threshold"] if threshold is None else threshold
        points.setdefault("development", point["development"])
        points[name] = point["achieved"]
        notes.letter(point["reason"])
    rows = [
        row(label, *(_measure(point[name] if point else None, notes) for point in points.values()))
        for name, label in _MEASURES
    ]
    for name, label in (
        ("tp", "True positive"),
        ("fn", "False negative"),
        ("fp", "False positive"),
        ("tn", "True negative"),
    ):
        rows.append(row(label, numbers(count(point[name]) if point else NONE for point in points.values())))
    rule = findings["study"]["threshold"]
    caption = f"{arm} at the frozen threshold {number(threshold)} ({rule}, fitted on out-of-fold development scores)"
    columns = ("", *(f"{name} ({'fitted here' if name == 'development' else 'achieved'})" for name in points))
    return Table(f"operating-{position}", caption, columns, tuple(rows), notes.all())


def _measure(measure: Values | None, notes: Footnotes) -> Cell:
    if measure is None:
        return Cell(NONE, number=True)
    text = number(measure["value"])
    if measure["ci"] is not None:
        text += f" ({interval(measure['ci'])})"
    return Cell(text, number=True, note=notes.letter(measure["reason"]))


def table_one(findings: Values) -> Table | None:
    """Patients by split and label, with the standardised difference between the labels."""
    covariates = findings["table1"]
    if not covariates:
        return None
    notes = Footnotes()
    splits = list(covariates[0]["splits"])
    rows = []
    for covariate in covariates:
        rows += _covariate_rows(covariate, splits, notes)
    columns = ["Covariate"]
    for split in splits:
        columns += [f"{split}: positive", f"{split}: negative", "SMD"]
    caption = "Patients by split and label: mean (SD) or number (share); SMD, standardised mean difference"
    return Table("table1", caption, tuple(columns), tuple(rows), notes.all())


def _covariate_rows(covariate: Values, splits: list[str], notes: Footnotes) -> list[tuple[Cell, ...]]:
    cells: list[Cell] = []
    if covariate["kind"] == "numeric":
        for split in splits:
            found = covariate["splits"][split]
            cells += numbers([_mean(found["positives"]), _mean(found["negatives"])])
            cells.append(Cell(number(found["smd"], 2), number=True, note=notes.letter(found["reason"])))
        return [row(covariate["name"], cells)]
    if covariate["kind"] == "text":
        return [row(covariate["name"], Cell(NONE, note=notes.letter(covariate["reason"]), span=3 * len(splits)))]
    rows = []
    levels = [level["level"] for level in covariate["splits"][splits[0]]["all"]["levels"]]
    for position, level in enumerate(levels):
        cells = []
        for split in splits:
            found = covariate["splits"][split]
            cells += numbers([_share(found["positives"], level), _share(found["negatives"], level)])
            smd = number(found["smd"], 2) if position == 0 else ""
            cells.append(Cell(smd, number=True, note=notes.letter(found["reason"]) if position == 0 else ""))
        rows.append(row(f"{covariate['name']}: {level}", cells))
    return rows


def _mean(group: Values) -> str:
    if group["mean"] is None:
        return NONE
    return f"{number(group['mean'], 1)} ({number(group['sd'], 1)})"


def _share(group: Values, level: str) -> str:
    for each in group["levels"]:
        if each["level"] == level:
            return f"{count(each['n'])} ({share(each['share'])})"
    return count(0)


def flow_table(flow: Values) -> Table:
    """The participant flow as a table."""
    rows = []
    for cohort, found in flow["cohorts"].items():
        for step in found["steps"]:
            rows.append(
                row(
                    step["reason"],
                    Cell(cohort),
                    Cell(step["rule"] or NONE),
                    numbers([_patients(step["dropped"]) if step["rule"] else NONE, _patients(step["after"])]),
                    numbers([", ".join(f"{view} {count(n)}" for view, n in step["after"]["views"].items())]),
                )
            )
    for name, found in flow["splits"].items():
        images = ", ".join(f"{view} {count(n)}" for view, n in found["views"].items())
        rows.append(row(f"split: {name}", Cell(found["cohort"]), Cell(NONE), numbers([NONE, _patients(found), images])))
    for name, found in flow["unused"].items():
        rows.append(row("in no split", Cell(name), Cell(NONE), numbers([_patients(found), NONE, NONE])))
    columns = ("Step", "Cohort", "Rule", "Patients dropped (pos. / neg.)", "Patients left (pos. / neg.)", "Images left")
    return Table("flow-table", "Participant flow, step by step", columns, tuple(rows))


def _patients(counts: Values) -> str:
    return f"{count(counts['patients'])} ({count(counts['positives'])} / {count(counts['negatives'])})"


def published_table(findings: Values, published: Values) -> Table:
    """The published figures beside ours."""
    rows = []
    views = {arm["name"]: "+".join(arm["views"]) for arm in findings["study"]["arms"]}
    for figure in published["figures"]:
        ours = findings["sets"].get(figure["set"] or "", {}).get("arms", {})
        for view, auroc in figure["auroc"].items():
            mine = [f"{arm}: {number(found['auroc'])}" for arm, found in ours.items() if views.get(arm) == view]
            cases = f"{count(figure['positives'])} / {count(figure['negatives'])}"
            rows.append(row(view, Cell(figure["set"]), numbers([number(auroc), cases]), Cell("; ".join(mine) or NONE)))
        if figure["p"] is not None:
            where = figure["set"] or "not stated"
            rows.append(row("difference", Cell(where), numbers([f"p = {p_value(figure['p'])}", NONE]), Cell(NONE)))
    columns = ("View", "Set", "Published AUROC", "Positive / negative", "This run")
    return Table("published", f"Published figures ({published['source']}) beside this run", columns, tuple(rows))


def units_table(provenance: Values) -> Table:
    """Every unit: key, how it ended, time."""
    notes = Footnotes()
    rows = [
        row(
            f"{unit['arm']}, fold {unit['fold'] + 1}" + (f", repeat {unit['repeat'] + 1}" if unit["repeat"] else ""),
            Cell(unit["key"][:12]),
            Cell(unit["status"], note=notes.letter(unit["reason"])),
            numbers([NONE if unit["seconds"] is None else f"{unit['seconds']:.0f} s"]),
            Cell(unit["precision"] or NONE),
            Cell(unit["device"] or NONE),
        )
        for unit in provenance["units"]
    ]
    columns = ("Unit", "Key", "Status", "Time", "Precision", "Device")
    return Table("units", "Units of this run", columns, tuple(rows), notes.all())
