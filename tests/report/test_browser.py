"""The page in a real browser: network cut, by keyboard, without scripts, on paper, on a telephone."""

import base64
import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from ovcf_bench.report import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's package chromium"),
]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
# Scrollable tables are regions that the keyboard reaches; clipped text would be wider than its box.
CLIPPED = """[...document.querySelectorAll(".table table, figure svg, pre")]
    .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((each) => each.id || each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory):
    """A whole report with a gallery of every kind."""
    folder = tmp_path_factory.mktemp("page") / "paper"
    shutil.copytree(finished, folder)
    add_gallery(folder)
    return write_report(folder)


def add_gallery(folder):
    named = json.loads((folder / "findings.json").read_text())["gallery"]
    images = [
        {
            "exam": each["exam"], "view": view, "picture": picture(60, 100), "saliency": picture(6, 10),
            "lesions": [[0.2, 0.3, 0.6, 0.5]],
        }
        for each in named["exams"]
        for view in ("ap", "lateral")
    ]  # fmt: skip
    record = {"method": "Colour: what raised the score (Grad-CAM).", "images": images}
    (folder / "gallery.json").write_text(json.dumps(record))


def picture(width, height):
    noise = np.random.default_rng(width).integers(0, 255, (height, width), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "WEBP")
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.fixture
def visit(browser):
    """Return a function that opens a page without network and says what it asked for and what went wrong."""
    contexts = []

    def go(path, *, width=1280, height=900, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **settings)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda line: page.wrong.append(line.text) if line.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: (page.wrong.append("a dialog"), dialog.dismiss()))
        context.set_offline(True)
        page.goto(path.as_uri())
        if settings.get("java_script_enabled", True):
            page.wait_for_selector("nav a[aria-current]")  # the last thing that scripts do
        return page

    yield go
    for context in contexts:
        context.close()


def test_the_page_asks_nobody_and_nothing_goes_wrong(visit, report):
    page = visit(report)
    page.mouse.wheel(0, 100000)
    page.wait_for_timeout(300)
    assert [url for url in page.asked if not url.startswith("data:")] == [report.as_uri()]
    assert page.wrong == []


def test_a_slider_moved_by_keyboard_shows_what_the_findings_hold(visit, report):
    found = json.loads((report.parent / "findings.json").read_text())
    page = visit(report)
    checked = 0
    for number, (name, of_set) in enumerate(found["sets"].items()):
        for arm, result in of_set["arms"].items():
            place = page.locator(f'.explorer-arm[data-panel="{number}"][data-arm="{arm}"]')
            slider = place.locator("input")
            slider.focus()
            shown = read_explorer(place)
            achieved = result["operating_point"]["achieved"]
            assert [shown[cell] for cell in ("tp", "fn", "fp", "tn")] == [
                achieved[cell] for cell in ("tp", "fn", "fp", "tn")
            ]
            slider.press("Home")
            roc = result["roc"]
            for step in range(5):
                at = int(slider.input_value())
                shown, tp, fp = read_explorer(place), roc["tp"][at], roc["fp"][at]
                positives, negatives = result["positives"], result["negatives"]
                assert shown["tp"] == tp, (name, arm, at)
                assert (shown["fn"], shown["fp"], shown["tn"]) == (positives - tp, fp, negatives - fp)
                assert shown["Sensitivity"] == f"{tp / positives:.3f}"
                assert shown["Specificity"] == f"{1 - fp / negatives:.3f}"
                assert shown["PPV"] == (f"{tp / (tp + fp):.3f}" if tp + fp else "–")
                if at:
                    assert float(shown["Threshold"]) == pytest.approx(roc["threshold"][at], rel=1e-3)
                slider.press("PageUp" if step % 2 else "ArrowRight")
                checked += 1
    assert checked >= 20
    assert page.wrong == []


def test_a_slider_starts_at_a_threshold_of_many_digits(visit, finished, tmp_path):
    folder = tmp_path / "paper"
    shutil.copytree(finished, folder)
    found = json.loads((folder / "findings.json").read_text())
    for of_set in found["sets"].values():
        for result in of_set["arms"].values():
            roc, point = result["roc"], result["operating_point"]
            roc["threshold"] = [cut and cut * 0.98765432109876 for cut in roc["threshold"]]
            achieved = (point["achieved"]["tp"], point["achieved"]["fp"])
            point["threshold"] = roc["threshold"][[*zip(roc["tp"], roc["fp"], strict=True)].index(achieved)]
    (folder / "findings.json").write_text(json.dumps(found))
    page = visit(write_report(folder))
    for number, of_set in enumerate(found["sets"].values()):
        for arm, result in of_set["arms"].items():
            shown = read_explorer(page.locator(f'.explorer-arm[data-panel="{number}"][data-arm="{arm}"]'))
            achieved = result["operating_point"]["achieved"]
            assert (shown["tp"], shown["fp"]) == (achieved["tp"], achieved["fp"])


def read_explorer(place):
    cells = {
        each.get_attribute("data-cell"): int(each.inner_text().replace(",", ""))
        for each in place.locator("[data-cell]").all()
    }
    names, values = place.locator("dt").all_inner_texts(), place.locator("dd").all_inner_texts()
    return cells | dict(zip(names, values, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(visit, report, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(report, color_scheme=scheme)
    for switch in page.locator(".switches input").all():
        switch.check()
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found] == []


def test_without_scripts_every_figure_and_table_is_there(visit, report):
    html = report.read_text()
    page = visit(report, java_script_enabled=False)
    drawings = page.locator("figure svg.plot, figure svg.flow")
    assert drawings.count() == len(re.findall(r'<svg class="(?:plot|flow)', html)) > 10
    assert page.locator(".table table").count() == html.count('<div class="table">') > 20
    for each in [*drawings.all(), *page.locator(".table table").all()]:
        box = each.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 50
    assert page.locator("button, .explorer:not([hidden])").count() == 0


def test_printed_it_is_vector_and_nothing_is_cut_off(visit, finished, tmp_path):
    folder = tmp_path / "paper"
    shutil.copytree(finished, folder)  # without a gallery, whose pictures are pixels
    page = visit(write_report(folder), width=680)  # A4 between its margins, in CSS pixels
    page.emulate_media(media="print")
    assert page.evaluate(CLIPPED) == []
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 5
    assert b"/Subtype /Image" not in pdf
    assert page.locator(".tools").first.is_hidden()


@pytest.mark.parametrize("width", [1280, 768, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways(visit, report, width, scheme):
    page = visit(report, width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_run_nothing(visit, finished, tmp_path):
    folder = tmp_path / "paper"
    shutil.copytree(finished, folder)
    evil, long = "<img src=x onerror=alert(1)></script><script>alert(2)</script>", "b" * 300
    for name in ("findings.json", "history.csv"):
        text = (folder / name).read_text("utf-8")
        text = text.replace("lateral/efficientnet_b5", evil).replace('"internal"', '"שם <b>x</b>"')
        text = text.replace("ap/efficientnet_b5", long)
        (folder / name).write_text(text.replace("AP and lateral radiographs for OVCF", "</script>" + evil), "utf-8")
    page = visit(write_report(folder), width=375)
    assert page.wrong == []
    assert page.locator("h1").inner_text() == "</script>" + evil
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.locator(".explorer-arm input").count() == 4
    assert page.locator(".explorer-arm label").nth(1).inner_text() == evil


def saved(page, figure, kind):
    """Press a button of a figure and return the first file that it saves; further panels follow."""
    ending = f".{kind.lower()}"
    with page.expect_download(lambda found: found.suggested_filename.endswith(ending)) as waiting:
        figure.get_by_role("button", name=kind).click()
    return waiting.value.path()


def test_figures_and_tables_can_be_taken_along(visit, report):
    page = visit(report, color_scheme="dark")
    roc = page.locator("#roc-curves")
    text = saved(page, roc, "SVG").read_text("utf-8")
    root = ET.fromstring(text)
    assert root.tag.endswith("svg")
    assert "var(" not in text
    assert "rgb(233, 229, 220)" not in text  # the ink of the dark page
    assert "efficientnet_b5 AUROC" in text  # the legend
    with Image.open(saved(page, roc, "PNG")) as png:
        assert png.format == "PNG"
        assert png.width >= 4 * 430
        assert np.asarray(png.convert("L")).min() < 100 < 250 < np.asarray(png.convert("L")).max()
    values = saved(page, roc, "CSV").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(values)))
    found = json.loads((report.parent / "findings.json").read_text())["sets"]["internal"]["arms"]
    mine = [row for row in rows if row["panel"] == "0" and row["series"] == "ap/efficientnet_b5" and row["sensitivity"]]
    assert [int(row["true positives"]) for row in mine] == found["ap/efficientnet_b5"]["roc"]["tp"]


def test_a_table_is_sorted_by_its_heads_and_back(visit, report):
    page = visit(report)
    table = page.locator("#measures")
    heads = table.locator("thead tr").last.locator("th")
    column = next(at for at in range(heads.count()) if heads.nth(at).inner_text().strip() == "Value")
    button = heads.nth(column).locator("button")
    before = table.locator("tbody tr").all_inner_texts()
    button.focus()
    page.keyboard.press("Enter")
    assert heads.nth(column).get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert heads.nth(column).get_attribute("aria-sort") == "descending"
    page.keyboard.press("Enter")
    assert table.locator("tbody tr").all_inner_texts() == before
    page.locator("#units thead th button").nth(3).click()  # time: "1510 s" and so on
    shown = page.locator("#units tbody").first.locator("tr:not(.group)")
    times = [float(row.split("\t")[3].split()[0]) for row in shown.all_inner_texts()]
    assert times == sorted(times)


def test_values_can_be_read_off_a_plot_by_keyboard(visit, report):
    page = visit(report)
    plot = page.locator("#roc-curves svg.plot").first
    plot.focus()
    plot.press("ArrowRight")
    plot.press("PageDown")
    first = page.locator("#roc-curves .readout").first.inner_text()
    assert first.startswith("ap/efficientnet_b5: 1 - specificity ")
    plot.press("ArrowDown")
    assert page.locator("#roc-curves .readout").first.inner_text().startswith("lateral/efficientnet_b5: ")


def test_a_series_is_hidden_and_shown_again(visit, report):
    page = visit(report)
    panel = page.locator("#roc-curves .panel").first
    toggle = panel.locator(".legend button").first
    line = panel.locator('svg.plot [data-series="0"] .line')
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "false"
    assert line.is_hidden()
    toggle.press("Enter")
    assert line.is_visible()


def test_the_contents_follow_the_reader(visit, report):
    page = visit(report)
    assert page.locator("nav a[aria-current]").inner_text() == "Answer"
    page.evaluate("document.getElementById('probabilities').scrollIntoView()")
    page.wait_for_timeout(200)
    assert page.locator("nav a[aria-current]").all_inner_texts() == ["Scores as probabilities"]


def number_of(text):
    return float(text.replace("−", "-"))


def test_a_number_of_the_answer_leads_to_its_row(visit, report):
    page = visit(report)
    links = page.locator("#answer a")
    assert links.count() >= 8
    for link in links.all():
        row = page.locator(link.get_attribute("href"))
        value = number_of(link.inner_text())
        shown = re.findall(r"[+−]?\d*\.?\d+", row.inner_text().replace(",", ""))
        # A margin of .05 is said as "-0.05" where the limit is meant.
        alike = [abs(round(value, len(each.partition(".")[2]))) == abs(number_of(each)) for each in shown]
        assert any(alike), (value, shown)


def test_saliency_and_lesions_are_behind_switches(visit, report):
    page = visit(report, java_script_enabled=False)
    gallery = page.locator(".gallery").first
    assert gallery.locator(".saliency").first.is_hidden()
    gallery.locator(".show-saliency").check()
    gallery.locator(".show-lesions").check()
    assert gallery.locator(".saliency").first.is_visible()
    assert gallery.locator(".lesion").first.is_visible()
