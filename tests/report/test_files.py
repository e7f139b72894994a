"""Tables and figures as files: they say what the page says, and other programs can read them."""

import csv
import io
import re
import xml.etree.ElementTree as ET

import docx
import pytest
from PIL import Image

from ovcf_bench.report.files.folder import pdf, png, standalone_svg
from ovcf_bench.report.files.tables import as_csv, as_latex, as_markdown, write_word
from ovcf_bench.report.kit.table import Cell, Column, Group, Row, Table, cells, numeric
from ovcf_bench.report.page import make_page
from ovcf_bench.report.read import read_run

TABLE = Table(
    id="t",
    caption="50 % of a_b & c",
    columns=(Column("Arm", numeric=False), *numeric("AUROC", "p", spanner="Test"), Column("Verdict", numeric=False)),
    groups=(
        Group("set #1", (Row("=cmd()", (Cell("−0.021", "a to b", "a", True), Cell("< .001"), Cell("–"))),)),
        Group("", (Row("a|b", cells("1,611", ".5", "-none")),)),
    ),
    notes=("κ: kappa.",),
    footnotes=(("a", "too few"),),
    label="Table 3",
)


def test_csv_holds_plain_numbers_heads_and_details_and_no_formula():
    rows = list(csv.reader(io.StringIO(as_csv(TABLE))))
    assert rows == [
        ["Group", "Arm", "Test: AUROC", "Test: AUROC (detail)", "Test: p", "Verdict"],
        ["set #1", "'=cmd()", "-0.021", "a to b", "< .001", ""],
        ["", "a|b", "1,611", "", ".5", "'-none"],
    ]


def test_latex_escapes_what_it_would_read_as_orders():
    text = as_latex(TABLE)
    assert r"\caption{50 \% of a\_b \& c}" in text
    assert r" & \multicolumn{2}{c}{Test} & " in text
    assert r"\cmidrule(lr){2-3}" in text
    assert r"=cmd() & \textbf{$-$0.021}$^{a}$ (a to b) & $<$ .001 & -- \\" in text
    assert r"\multicolumn{4}{l}{\textit{set \#1}} \\" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2


def test_markdown_has_one_line_for_each_row_and_no_open_pipe():
    text = as_markdown(TABLE)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert text.startswith("**Table 3.** 50 % of a\\_b & c")


def test_word_holds_the_same_cells(tmp_path):
    write_word([TABLE, TABLE], tmp_path / "t.docx")
    first, second = docx.Document(tmp_path / "t.docx").tables
    assert [cell.text for cell in first.rows[1].cells] == ["Arm", "AUROC", "p", "Verdict"]
    assert first.cell(0, 1).text == "Test"
    assert [cell.text for cell in first.rows[3].cells] == ["=cmd()", "−0.021a\na to b", "< .001", "–"]
    assert len(second.rows) == 5


@pytest.fixture(scope="module")
def page(finished):
    return make_page(read_run(finished))


def figures_of(page):
    return {block.id: block for section in page.sections for block in section.blocks if hasattr(block, "panels")}


def test_every_drawing_stands_alone_in_the_colours_of_paper(page):
    figures = figures_of(page)
    assert len(figures) >= 10
    for figure in figures.values():
        for panel in figure.panels:
            text = standalone_svg(panel)
            root = ET.fromstring(text.encode())
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert "var(" not in text
            assert "#17609f" in text  # the first colour of the light page
            for series in getattr(panel, "series", ()):
                assert series.label.split()[0] in "".join(root.itertext())


def test_pdf_and_png_have_the_width_of_a_column(page):
    svg = standalone_svg(figures_of(page)["roc-curves"].panels[0])
    for width in (84, 174):
        made = pdf(svg, width)
        box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", made)
        assert float(box[1]) == pytest.approx(width / 25.4 * 72, abs=0.1)
        assert b"/Subtype /Image" not in made
        with Image.open(io.BytesIO(png(svg, width))) as picture:
            assert picture.width == pytest.approx(width / 25.4 * 300, abs=1)
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def keep_little(run):
    """Leave one arm on one set: each table is made in four formats, each drawing in three."""

    def keep(found):
        arm = "ap/efficientnet_b5"
        found.update(primary=None, flow=None, table1=[], summary=[], notes=[])
        found["study"]["arms"] = found["study"]["arms"][:1]
        found["development"] = {arm: found["development"][arm]}
        found["sets"] = {"internal": found["sets"]["internal"] | {"comparisons": []}}
        found["sets"]["internal"]["arms"] = {arm: found["sets"]["internal"]["arms"][arm]}

    run.change("findings.json", keep)
    for record in ("history.csv", "provenance.json", "study.lock.yaml"):
        (run.path / record).unlink()


def test_an_export_refuses_a_folder_of_something_else_and_overwrites_its_own(run, tmp_path):
    from ovcf_bench.errors import RecordError
    from ovcf_bench.report import export_report

    keep_little(run)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("years of work")
    with pytest.raises(RecordError, match="holds something else"):
        export_report(run.path, mine)
    assert [each.name for each in mine.iterdir()] == ["thesis.docx"]
    files = export_report(run.path, tmp_path / "new")
    assert export_report(run.path, tmp_path / "new") == files
    names = {each.relative_to(tmp_path / "new").as_posix() for each in (tmp_path / "new").rglob("*") if each.is_file()}
    assert len(names) == files + 1  # the mark by which an export is known
    auroc = next(name for name in names if name.endswith("-auroc.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "new" / auroc).read_text("utf-8"))))
    assert rows[0]["Fold ensemble: AUROC"] == "0.937"  # pROC, case s07
