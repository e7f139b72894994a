"""Puts the page together: title, answer, banners, and the sections in their order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ovcf_bench import records
from ovcf_bench.records import RunFolder
from ovcf_bench.report import tables
from ovcf_bench.report.banners import Banner, banners
from ovcf_bench.report.blocks import Figure, Section, Table
from ovcf_bench.report.figures import roc_plot, training_plot
from ovcf_bench.report.flow import flow_chart
from ovcf_bench.report.format import count, duration, p_value

Values = Mapping[str, Any]
Draw = Callable[[str, Any], Markup]  # template name, what it draws


@dataclass(frozen=True, slots=True)
class Records:
    """What the report is made from."""

    findings: Values
    provenance: Values
    history: Sequence[Values]
    study: str
    published: Values | None


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page, ready for its template."""

    title: str
    question: str
    answer: tuple[str, ...]
    banners: tuple[Banner, ...]
    sections: tuple[Section, ...]
    version: str


def read_records(folder: RunFolder) -> Records:
    """Return the records of a run; raises RecordError naming one that is missing or unreadable."""
    import yaml

    study = folder.read_text(records.LOCK)
    history: list[dict[str, str]] = []
    if folder.has(records.HISTORY):
        history = list(csv.DictReader(io.StringIO(folder.read_text(records.HISTORY))))
    return Records(
        folder.read_json(records.FINDINGS),
        folder.read_json(records.PROVENANCE),
        history,
        study,
        yaml.safe_load(study).get("published"),
    )


def make_page(found: Records, draw: Draw) -> Page:
    """Return the page of a run's records."""
    study = found.findings["study"]
    sections = [
        _flow(found, draw),
        _participants(found),
        _discrimination(found, draw),
        _comparison(found),
        _operating(found),
        _training(found, draw),
        _published(found),
        _provenance(found),
    ]
    return Page(
        title=study["title"],
        question=study["question"],
        answer=tuple(sentence["text"] for sentence in found.findings["summary"]),
        banners=tuple(banners(found.findings, found.provenance)),
        sections=tuple(section for section in sections if section is not None),
        version=found.provenance["project_version"],
    )


def _flow(found: Records, draw: Draw) -> Section:
    flow = found.findings["flow"]
    leakage = found.provenance["leakage"]
    proof = f"{leakage['statement']} ({count(leakage['patients_checked'])} patients and "
    proof += f"{count(leakage['images_checked'])} images were compared.)"
    caption = "From the patients listed to the patients analysed. Splits are made by patient, once for all arms."
    figure = Figure("flow-figure", caption, draw("flow.svg", flow_chart(flow)), wide=True)
    return Section("flow", "Participants", (proof,), (figure, tables.flow_table(flow)))


def _participants(found: Records) -> Section:
    table = tables.table_one(found.findings)
    if table is None:
        return Section("table-1", "Table 1", ("The study declares no covariates.",))
    return Section("table-1", "Characteristics", (), (table,))


def _discrimination(found: Records, draw: Draw) -> Section:
    plots = [roc_plot(name, each, at) for at, (name, each) in enumerate(found.findings["sets"].items())]
    drawn = [
        Figure(f"figure-{plot.id}", f"{plot.title}. Circles: the frozen threshold.", draw("plot.svg", plot))
        for plot in plots
    ]
    blocks: tuple[Table | Figure, ...] = (
        tables.auroc_table(found.findings),
        *drawn,
        tables.development_table(found.findings),
    )
    return Section("auroc", "Discrimination", tuple(found.findings["notes"]), blocks)


def _comparison(found: Records) -> Section:
    if not any(each["comparisons"] for each in found.findings["sets"].values()):
        return Section("comparisons", "Comparison of the views", ("The study declares no comparison.",))
    caution = (
        "A p above 0.05 does not show that two views are comparable: only a margin that was declared before the "
        "test scores were read can. Intervals and tests hold for these trained networks."
    )
    omnibus = [
        f"All arms on {name}: χ² = {each['omnibus']['chi2']:.2f}, df = {each['omnibus']['df']}, "
        f"p {'' if each['omnibus']['p'] < 0.001 else '= '}{p_value(each['omnibus']['p'])}."
        for name, each in found.findings["sets"].items()
        if each["omnibus"]["p"] is not None
    ]
    blocks = [tables.delong_table(found.findings), tables.verdict_table(found.findings)]
    return Section(
        "comparisons", "Comparison of the views", (caution, *omnibus), tuple(block for block in blocks if block)
    )


def _operating(found: Records) -> Section:
    text = (
        "The threshold of each arm was fitted on out-of-fold development scores and then frozen. Those come from "
        "single networks and the test scores from their ensemble, so both columns are shown. PPV and NPV hold at the "
        "prevalence of each set."
    )
    return Section("threshold", "At the frozen threshold", (text,), tuple(tables.operating_tables(found.findings)))


def _training(found: Records, draw: Draw) -> Section:
    by_arm: dict[str, list[Values]] = {}
    for row in found.history:
        by_arm.setdefault(row["arm"], []).append(row)
    if not by_arm:
        return Section("training", "Training", ("The run has no record of its training.",))
    plots = [training_plot(arm, rows, at) for at, (arm, rows) in enumerate(by_arm.items())]
    drawn = tuple(Figure(f"figure-{plot.id}", plot.title, draw("plot.svg", plot)) for plot in plots)
    return Section("training", "Training", (), drawn)


def _published(found: Records) -> Section | None:
    if not found.published or not found.published["figures"]:
        return None
    return Section("published", "Published figures", (), (tables.published_table(found.findings, found.published),))


def _provenance(found: Records) -> Section:
    said = found.provenance
    facts = [
        f"ovcf-bench {said['project_version']}, study {said['study_hash'][:12]}, seed {said['seed']}; "
        f"{said['workers']} workers of {said['threads']} thread on {said['device'] or 'no device'}, "
        f"{said['platform']}, Python {said['python']}; {duration(said['seconds'])} in all."
    ]
    for name, model in said["models"].items():
        size = f", {count(model['parameters'])} parameters" if model.get("parameters") else ""
        weights = {"none": "random"}.get(model.get("weights", ""), model.get("weights", "not stated"))
        kind = model.get("class") or "not built"
        named = f" ({model['architecture']})" if model.get("architecture") else ""
        facts.append(f"Network {name}: {kind}{named}{size}; initial weights: {weights}.")
    versions = ", ".join(f"{package} {version}" for package, version in said["versions"].items())
    facts.append(f"Versions: {versions}.")
    details = (("The resolved study", found.study),)
    return Section("provenance", "Provenance", tuple(facts), (tables.units_table(said),), said["command"], details)
