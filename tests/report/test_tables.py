import pytest

from ovcf_bench.report.kit.blocks import Matrices, Paragraph
from ovcf_bench.report.kit.table import Column, Footnotes, Table
from ovcf_bench.report.page import make_page
from ovcf_bench.report.read import read_run
from ovcf_bench.report.sections.comparisons import delong_table, verdict_table
from ovcf_bench.report.sections.discrimination import auroc_table
from ovcf_bench.report.sections.operating_points import operating_blocks
from ovcf_bench.report.sections.participants import characteristics_table, flow_table
from ovcf_bench.report.sections.published import published_table

AP, LATERAL = "ap/efficientnet_b5", "lateral/efficientnet_b5"


@pytest.fixture
def records(run):
    return read_run(run.path)


def texts(table):
    return [(group.head, row.head, *(cell.text for cell in row.cells)) for group in table.groups for row in group.rows]


def test_the_auroc_table_holds_the_reference_figures_of_every_arm_and_set(records):
    # AUROC and interval: oracle.json (pROC), cases s07 and s03
    rows = texts(auroc_table(records.findings))
    assert [row[:2] for row in rows] == [
        (name, arm) for name in ("internal", "external", "development, out of fold") for arm in (AP, LATERAL)
    ]
    assert rows[0][2:7] == ("0.937", "0.918 to 0.952", "708", "354", "354")
    assert rows[2][2:7] == ("0.918", "0.850 to 0.956", "104", "52", "52")
    assert rows[0][7] == "5"


def test_development_has_no_pooled_auroc_and_a_footnote_says_why(records):
    table = auroc_table(records.findings)
    cell = table.groups[-1].rows[0].cells[0]
    assert (cell.text, cell.note) == ("–", "a")
    assert "not pooled" in dict(table.footnotes)["a"]


def test_the_delong_table_holds_the_reference_test(records):
    # difference -0.0210, z -2.217, p 0.0266: oracle.json, case s07
    rows = texts(delong_table(records.findings))
    assert rows[0] == (
        "internal", f"{AP} − {LATERAL}", "708", "0.937", "0.958", "−0.021", "−0.040 to −0.002", "−2.22", ".027",
        ".027", "yes",
    )  # fmt: skip


def test_verdicts_stand_with_margin_and_level(records):
    rows = texts(verdict_table(records.findings))
    assert [(row[0], *row[2:5], row[6]) for row in rows] == [
        ("internal", "non-inferiority", "0.050", "95 %", "non-inferior"),
        ("external", "non-inferiority", "0.050", "95 %", "inconclusive"),
    ]


def test_a_comparison_without_a_result_shows_dashes_and_the_reason(run):
    def fail(found):
        (one,) = found["sets"]["internal"]["comparisons"]
        empty = ("auroc_a", "auroc_b", "difference", "ci", "z", "p", "p_holm", "ci_method")
        one.update(dict.fromkeys(empty), reason="ap/efficientnet_b5: fold 3 failed", declared=False)
        one.update(p_holm_reason="not pre-declared: outside the Holm family")

    run.change("findings.json", fail)
    table = delong_table(read_run(run.path).findings)
    assert texts(table)[0][3:] == ("–", "–", "–", "–", "–", "–", "–", "no")
    assert {reason for _, reason in table.footnotes} == {
        "ap/efficientnet_b5: fold 3 failed", "not pre-declared: outside the Holm family",
    }  # fmt: skip


def test_development_and_achieved_values_stand_side_by_side(records):
    table, matrices = operating_blocks(records.findings)[:2]
    assert isinstance(table, Table)
    assert [(column.spanner, column.title) for column in table.columns[1:]] == [
        ("fitted here", "development"), ("achieved", "internal"), ("achieved", "external"),
        ("vote of the folds", "internal"), ("vote of the folds", "external"),
    ]  # fmt: skip
    point = records.findings.sets["internal"].arms[AP].operating_point
    sensitivity = table.groups[0].rows[0].cells
    assert sensitivity[0].text == f"{point.development.sensitivity.value:.3f}"
    assert sensitivity[1].text == f"{point.achieved.sensitivity.value:.3f}"
    assert sensitivity[1].detail.endswith(f"· {point.achieved.tp}/354")
    assert sensitivity[3].text == f"{point.vote.sensitivity.value:.3f}"
    assert isinstance(matrices, Matrices)
    assert [each.caption for each in matrices.matrices] == [
        f"{AP} on {name}" for name in ("development", "internal", "external")
    ]
    assert int(matrices.matrices[1].tp) + int(matrices.matrices[1].fn) == 354


def test_a_measure_that_does_not_exist_has_a_footnote(run):
    def call_nobody(found):
        measure = found["sets"]["internal"]["arms"][AP]["operating_point"]["achieved"]["ppv"]
        measure.update(value=None, ci=None, n=0, count=0, reason="no case was called positive")

    run.change("findings.json", call_nobody)
    table = operating_blocks(read_run(run.path).findings)[0]
    cell = table.groups[0].rows[2].cells[1]
    assert (cell.text, cell.detail, dict(table.footnotes)[cell.note]) == ("–", "", "no case was called positive")


def test_an_arm_without_a_threshold_is_one_line(run):
    def lose(found):
        for each in found["sets"].values():
            point = each["arms"][AP]["operating_point"]
            point.update(threshold=None, development=None, achieved=None, reason="fold 3 failed")

    run.change("findings.json", lose)
    first = operating_blocks(read_run(run.path).findings)[0]
    assert first == Paragraph(f"{AP} has no operating point: fold 3 failed.")


def test_table_1_describes_every_split_by_label(records):
    table = characteristics_table(records.findings, records.findings.flow)
    assert [name for name, _ in table.spanners] == ["", "development", "internal", "external"]
    rows = texts(table)
    assert rows[0] == ("", "Patients", "399", "400", "", "354", "354", "", "52", "52", "")
    assert [row[:2] for row in rows[1:]] == [("", "age"), ("sex", "F"), ("sex", "M")]
    women = records.findings.table1[1].splits["internal"].positives.levels[0]
    assert rows[2][5] == f"{women.n} ({100 * women.n / 354:.1f} %)"


def test_the_flow_table_ends_at_the_published_counts(records):
    # Kim et al. 2024: 753 cases and 754 controls, 799 / 708 / 104 patients in the sets
    rows = texts(flow_table(records.findings.flow))
    assert rows[1][2:8] == ("3,547", "832", "2,715", "2,802", "1,517", "1,285")
    assert rows[8][5:8] == ("1,507", "753", "754")
    assert [row[5] for row in rows[-3:]] == ["799", "708", "104"]


def test_published_figures_stand_beside_the_arms_that_read_the_same_view(records):
    rows = texts(published_table(records.findings, records.study.document.published))
    assert rows[0] == ("internal", "ap", "0.915", "–", "354", "354", AP, "0.937", "0.918 to 0.952")
    assert rows[-1] == ("set not stated", "difference", "–", ".604", "–", "–", "–", "–", "–")


def test_tables_and_figures_are_numbered_in_the_order_of_the_page(records):
    blocks = [block for section in make_page(records).sections for block in section.blocks]
    labels = [block.label for block in blocks if isinstance(block, Table)]
    assert labels == [f"Table {number + 1}" for number in range(len(labels))]
    assert [block.id for block in blocks if getattr(block, "label", "") in {"Table 1", "Figure 1"}] == [
        "flow",
        "characteristics",
    ]


def test_equal_reasons_share_a_letter():
    footnotes = Footnotes()
    assert [footnotes.letter(reason) for reason in ("x", "", "y", "x")] == ["a", "", "b", "a"]
    assert footnotes.all() == (("a", "x"), ("b", "y"))
    assert [footnotes.letter(str(number)) for number in range(26)][-2:] == ["aa", "ab"]


def test_heads_over_columns_span_neighbours_only():
    columns = (Column("Arm"), Column("n", spanner="A"), Column("p", spanner="A"), Column("z", spanner="B"))
    assert Table("t", "", columns, ()).spanners == [("", 1), ("A", 2), ("B", 1)]
    assert Table("t", "", columns[:1], ()).spanners == []
