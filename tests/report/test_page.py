import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ovcf_bench.errors import RecordError
from ovcf_bench.report import write_report

VOID = {"meta", "br", "wbr", "link", "img", "hr", "input"}
SECTIONS = [
    "Contents", "Answer", "Notices", "How to read these results", "Participants", "Discrimination", "Comparisons",
    "Where the views disagree", "Operating points", "Scores as probabilities", "Subgroups and sites", "Robustness",
    "Published figures", "Methods text", "Provenance", "Reporting checklists",
]  # fmt: skip


class Outline(HTMLParser):
    """Headings, tables and ids of a page; fails on elements that are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.headings, self.tables, self.ids, self.links, self.texts = [], [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[name] for name in ("href", "src", "srcset") if name in attributes]
        if re.fullmatch(r"h\d", tag):
            self.headings.append((tag, ""))
        if tag == "table":
            self.tables.append([])
        if self.tables and "table" in self.open:
            self.tables[-1].append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] in {"style", "script"}:
            return
        self.texts.append(text)
        if self.open and re.fullmatch(r"h\d", self.open[-1]):
            tag, before = self.headings[-1]
            self.headings[-1] = (tag, before + text)


def text_of(html):
    return " ".join("".join(Outline(html).texts).split())


def is_whole(html):
    outline = Outline(html)
    assert outline.headings[0][0] == "h1"
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
    return True


@pytest.fixture(scope="module")
def html(finished, tmp_path_factory):
    """The page of an unchanged run."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("page") / finished.name))
    return write_report(folder).read_text("utf-8")


def test_the_page_asks_for_nothing_from_anywhere(html):
    external = [link for link in Outline(html).links if not link.startswith("#")]
    assert external == ["https://doi.org/10.1038/s41598-024-79610-w"]
    for request in ("<link", "<iframe", "@import", "src=", "fetch(", "XMLHttpRequest", "import(", "sendBeacon"):
        assert request not in html
    assert set(re.findall(r"url\(([^)]*)\)", html)) == {"#flow-0-head", "#flow-1-head"}


def test_sections_stand_in_the_order_of_a_paper_under_one_title(html):
    headings = Outline(html).headings
    assert headings[0] == ("h1", "AP and lateral radiographs for OVCF")
    assert [title for level, title in headings[1:] if level == "h2"] == SECTIONS


def test_the_page_opens_with_question_answer_and_notices(html):
    opening = text_of(html[: html.index('id="cautions"')] + ">" + "</section></main></div></body></html>")
    for said in (
        "Is a model that reads AP radiographs non-inferior to one that reads lateral ones?",
        "the AUROC was 0.937 (95 % CI 0.918 to 0.952) for ap/efficientnet_b5",
        "Synthetic data.",
    ):
        assert said in opening


def test_every_table_has_a_caption_and_heads_with_a_scope(html):
    tables = Outline(html).tables
    assert len(tables) == 34
    for table in tables:
        assert table[0][0] == "caption"
        heads = [attributes for tag, attributes in table if tag == "th"]
        assert heads
        assert all(head.get("scope") in {"col", "row", "colgroup", "rowgroup"} for head in heads)


def test_every_drawing_is_an_image_that_says_what_it_shows(html):
    drawings = re.findall(r"<svg class.*?</svg>", html, flags=re.S)
    # flow of two cohorts; forest of AUROCs; ROC and precision-recall of two sets; forest of differences; scores,
    # calibration and net benefit of two sets; four histograms; two forests between sets; training of two arms
    assert len(drawings) == 22
    for drawing in drawings:
        named = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', drawing)
        assert f'<title id="{named[1]}">' in drawing
        assert re.search(rf'<desc id="{named[2]}">[^<]{{40,}}</desc>', drawing)


def test_the_page_has_landmarks_and_a_way_past_the_contents(html):
    assert html.index('class="skip" href="#content"') < html.index("<header") < html.index("<nav")
    assert html.index("<nav") < html.index('<main id="content"') < html.index("<footer")
    assert html.count('class="scroll" tabindex="0" role="region" aria-labelledby=') == html.count('<div class="table">')


def test_the_page_is_small_and_quick(run):
    started = time.process_time()  # of this process: other programs slow the machine down
    html = run.page()
    assert time.process_time() - started < 2
    assert len(html.encode()) < 700_000


@pytest.mark.system
def test_a_report_is_made_without_torch(run):
    code = f"""
import sys
from pathlib import Path
from ovcf_bench.report import write_report
write_report(Path({str(run.path)!r}))
assert not {{"torch", "timm", "altair", "matplotlib"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unchanged_page_is_not_written_again(run):
    path = write_report(run.path)
    before = path.stat().st_mtime_ns
    assert write_report(run.path) == path
    assert path.stat().st_mtime_ns == before
    run.change("findings.json", lambda found: found["study"].update(title="Another title"))
    assert '<h1 dir="auto">Another title</h1>' in run.page()
    assert [each.name for each in run.path.iterdir() if each.name.startswith(".")] == []


def test_hostile_names_are_shown_as_text(run):
    evil, long, rtl = "<script>alert(1)</script>", "a" * 300, "צילום/صدر"
    for name in ("findings.json", "history.csv"):
        text = (run.path / name).read_text("utf-8")
        text = text.replace("lateral/efficientnet_b5", evil).replace("ap/efficientnet_b5", long)
        text = text.replace('"internal"', f'"{rtl}"').replace("Refracture", "</desc></svg>" + evil)
        (run.path / name).write_text(text.replace("AP and lateral radiographs for OVCF", "</title>" + evil), "utf-8")
    html = run.page()
    assert is_whole(html)
    assert html.count("<script") == 2  # values to download, and the page's own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    text = text_of(html)
    for shown in (evil, long, rtl, "</desc></svg>" + evil):
        assert shown in text


def test_a_doi_cannot_become_another_link(run):
    lock = (run.path / "study.lock.yaml").read_text("utf-8")
    hostile = lock.replace("doi: 10.1038/s41598-024-79610-w", "doi: 'javascript:alert(1)\" onclick=\"x'")
    (run.path / "study.lock.yaml").write_text(hostile, encoding="utf-8")
    html = run.page()
    outside = [link for link in Outline(html).links if not link.startswith("#")]
    assert [link.startswith("https://doi.org/") for link in outside] == [True]
    assert 'onclick="x' not in html


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("history.csv", "The records hold no training history."),
        ("provenance.json", "The records do not say how the scores came about."),
        ("study.lock.yaml", None),
    ],
)
def test_a_page_without_a_record_is_whole_and_says_so(run, record, said):
    (run.path / record).unlink()
    html = run.page()
    assert is_whole(html)
    assert said is None or said in text_of(html)


def test_findings_of_scores_from_elsewhere_make_a_whole_page(run):
    for record in ("history.csv", "provenance.json", "study.lock.yaml"):
        (run.path / record).unlink()
    run.change("findings.json", lambda found: found.update(flow=None, table1=[], summary=[], notes=[]))
    html = run.page()
    assert is_whole(html)
    assert "The records hold no participant flow: the scores came from elsewhere." in text_of(html)


def test_one_arm_without_comparisons_makes_a_whole_page(run):
    def keep_one(found):
        arm = "ap/efficientnet_b5"
        found["primary"] = None
        found["study"]["arms"] = found["study"]["arms"][:1]
        found["development"] = {arm: found["development"][arm]}
        for each in found["sets"].values():
            each.update(arms={arm: each["arms"][arm]}, comparisons=[])

    run.change("findings.json", keep_one)
    html = run.page()
    assert is_whole(html)
    assert "The study declares no comparison, so no test was made." in text_of(html)


def test_missing_findings_are_an_error_that_names_the_record(run):
    (run.path / "findings.json").unlink()
    with pytest.raises(RecordError, match=r"findings\.json"):
        write_report(run.path)


def test_a_broken_record_is_an_error_that_names_record_and_fields(run):
    run.change("findings.json", lambda found: (found["study"].pop("seed"), found["primary"].pop("set")))
    with pytest.raises(RecordError) as caught:
        write_report(run.path)
    (problem,) = caught.value.problems
    assert problem.where == "run paper-8e98cc09, findings.json"
    assert problem.found == "study.seed: Field required; primary.set: Field required"


@pytest.mark.parametrize("text", ["arm,epoch\nap,1\n", "arm,repeat,fold,epoch,loss\nap,0,zero,1,0.5\n"])
def test_a_broken_history_is_an_error_that_names_it(run, text):
    (run.path / "history.csv").write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"history\.csv"):
        write_report(run.path)


def test_a_record_of_another_schema_is_refused(run):
    run.change("findings.json", lambda found: found.update(schema=1))
    with pytest.raises(RecordError, match="schema 1; this version reads schema 2"):
        write_report(run.path)
