"""The first study for one's own images, or for a table of scores, passes the check as it is written."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from sklearn.metrics import roc_auc_score

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError
from ovcf_bench.stats.delong import compare_paired


def write_image(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (60, 40), dtype=np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path):
    for number in range(24):
        for view in ("ap", "lateral"):
            name = "fracture" if number % 3 == 0 else "normal"
            write_image(tmp_path / "images" / view / name / f"pat{number:02d}_{view}.png", [number, len(view)])
    return tmp_path


@pytest.fixture
def listed(folders):
    lines = ["patient_id,view,label,path"]
    for path in sorted((folders / "images").rglob("*.png")):
        patient, _, view = path.stem.partition("_")
        lines.append(f"{patient},{view},{path.parent.name},{path.relative_to(folders)}")
    (folders / "images.csv").write_text("\n".join(lines) + "\n")
    return folders


def init(*arguments, answers=None):
    found = CliRunner().invoke(ovcf_bench_command, ["init", *map(str, arguments)], input=answers)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def check(file, monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    found = CliRunner().invoke(
        ovcf_bench_command, ["check", str(file), "--no-pixels", "--workers", "1"], standalone_mode=False
    )
    assert found.exception is None, found.exception
    assert found.return_value == 0, found.output
    return found.output


@pytest.mark.parametrize("data", ["images", "images.csv"])
def test_the_study_of_a_folder_or_a_list_passes_the_check_at_once(listed, data, monkeypatch, tmp_path):
    file = listed / "study.yaml"
    init(file, "--data", listed / data, "--positive", "fracture", "--yes")
    said = check(file, monkeypatch, tmp_path)
    assert "development: 17 patients" in said  # 6 of 8 with and 11 of 16 without a fracture
    assert "internal: 7 patients" in said
    assert (listed / "study.schema.json").exists()
    assert file.read_text().startswith("# yaml-language-server: $schema=study.schema.json")


def test_five_answers_are_enough(folders, monkeypatch, tmp_path):
    file = folders / "asked.yaml"
    answers = f"{folders / 'images'}\nlateral,ap\nfracture\nIs lateral as good?\n0.05\n"
    found = init(file, answers=answers)
    assert "fracture (8 patients)" in found.output
    text = file.read_text()
    assert "a: lateral, b: ap, claim: noninferiority, margin: 0.05" in text
    assert "Is lateral as good?" in text
    check(file, monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--views", "ap,latral"), "Did you mean 'lateral'?"),
        (("--positive", "fractur"), "Did you mean 'fracture'?"),
        (("--margin", "5"), "is no margin"),
        (("--views", "ap,ap"), "names a view twice"),
        (("--question", " "), "--question: is empty"),
        (("--views", "ap", "--margin", "0.05"), "--margin: there is nothing to compare"),
        (("--label", "fracture"), "--label: is for a table of scores"),
    ],
)
def test_answers_that_do_not_fit_the_data_are_told_and_nothing_is_written(folders, arguments, said):
    with pytest.raises(BenchError) as error:
        init(folders / "study.yaml", "--data", folders / "images", "--yes", *arguments)
    assert said in str(error.value)
    assert not (folders / "study.yaml").exists()


def test_nothing_is_overwritten_and_an_empty_place_is_told(folders):
    (folders / "study.yaml").write_text("mine")
    with pytest.raises(BenchError, match="is there already"):
        init(folders / "study.yaml", "--data", folders / "images", "--yes")
    with pytest.raises(BenchError, match="If these are your data: --data"):
        init(folders / "images")  # what a newcomer types
    with pytest.raises(BenchError, match="no folders VIEW/CLASS"):
        init(folders / "other.yaml", "--data", folders / "images" / "ap", "--yes")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no rows"),
        ("patient_id,label,ap\n", "has no rows"),
        ("patient_id;label;ap;lateral\np1;1;0,5;0,7\np2;0;0,2;0,1\n", "does not separate its columns by commas"),
        ("patient_id\tlabel\tap\np1\t1\t0.5\n", "does not separate its columns by commas"),
        ("p1,1,0.25,0.75\np2,0,0.2,0.1\n", "the first row of 'bad.csv' holds scores"),
        ("patient_id,label,ap,ap\np1,1,0.5,0.7\n", "has two columns 'ap'"),
        ("patient_id,label,ap\np1,1,0.5,\np2,0,0.25,\n", "2 rows of 'bad.csv' have more cells than the header"),
        ("patient_id,view,label,path\np1,ap,,a.png\n", "1 row of 'bad.csv' has no label"),
    ],
)
def test_a_csv_that_is_no_table_with_commas_is_told_and_nothing_is_written(tmp_path, text, said):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(BenchError) as error:
        init(tmp_path / "study.yaml", "--data", tmp_path / "bad.csv", "--yes")
    assert said in str(error.value)
    assert "p1" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.fixture
def three(tmp_path):
    """Three classes: 8 patients with a fresh fracture, 5 with an old one, 12 without, one of whom is in both others."""
    for number in range(25):
        name = "fresh" if number < 8 else "no, none" if number < 20 else "old"
        for view in ("ap", "lateral"):
            write_image(tmp_path / "images" / view / name / f"pat{number:02d}.png", [number, len(view)])
    write_image(tmp_path / "images" / "ap" / "old" / "pat19.png", 1)  # counts once: both classes are negative
    write_image(tmp_path / "images" / "ap" / "unsure" / "pat99.png", 2)  # no such folder in the lateral view
    return tmp_path


def as_list(folder):
    lines = ["patient_id,view,label,path"]
    for path in sorted((folder / "images").rglob("*.png")):
        relative = path.relative_to(folder).as_posix()
        if "unsure" not in relative:
            lines.append(f'{path.stem},{path.parts[-3]},"{path.parent.name}","{relative}"')
    (folder / "images.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("data", ["images", "images.csv"])
def test_every_class_but_the_positive_one_counts_as_negative_and_is_written(three, data, monkeypatch, tmp_path):
    file = as_list(three) / "study.yaml"
    found = init(file, "--data", three / data, "--positive", "fresh", "--yes")
    assert "Positive is fresh; negative is old (6 patients), no, none (12 patients)." in found.stderr
    assert ("Left out, for not every view has them: the class folders unsure." in found.stderr) == (data == "images")
    (cohort,) = yaml.safe_load(file.read_text())["cohorts"].values()
    assert sorted(cohort["params"]["negative"]) == ["no, none", "old"]
    said = check(file, monkeypatch, tmp_path)
    assert "development: 18 patients" in said  # 6 of 8 (5.6) and 12 of 17 (11.9): who is in both others counts once
    assert "internal: 7 patients" in said


def test_patients_are_counted_in_the_views_that_are_read(folders, monkeypatch, tmp_path):
    for number in range(30, 60):
        write_image(folders / "images" / "lateral" / "normal" / f"pat{number}.png", number)
    init(folders / "study.yaml", "--data", folders / "images", "--views", "ap", "--yes")
    assert "development: 17 patients" in check(folders / "study.yaml", monkeypatch, tmp_path)


def test_a_patient_of_both_labels_is_told_by_number_alone(three):
    write_image(three / "images" / "lateral" / "old" / "pat03.png", 3)
    with pytest.raises(BenchError, match="1 patient has images of 'fresh' and of another class") as error:
        init(three / "study.yaml", "--data", three / "images", "--positive", "fresh", "--yes")
    assert "pat03" not in str(error.value)


def test_views_that_yaml_would_take_for_something_else_are_quoted(tmp_path, monkeypatch):
    for number in range(16):
        for view in ("1", "null", "side: left"):
            write_image(tmp_path / "images" / view / str(number % 2) / f"pat{number:02d}.png", [number, len(view)])
    init(tmp_path / "study.yaml", "--data", tmp_path / "images", "--yes")
    assert "development: 12 patients" in check(tmp_path / "study.yaml", monkeypatch, tmp_path)
    write_image(tmp_path / "images" / "a+b" / "0" / "pat00.png", 0)
    write_image(tmp_path / "images" / "a+b" / "1" / "pat01.png", 1)
    with pytest.raises(BenchError, match=r"the view 'a\+b' holds"):
        init(tmp_path / "other.yaml", "--data", tmp_path / "images", "--yes")


def table(**columns):
    """Return 40 patients, every other one positive, with two scores, and what else is asked for."""
    generator = np.random.default_rng(3)
    label = np.arange(40) % 2
    common = {
        "patient_id": [f"{number:03d}" for number in range(40)],
        "fracture": label,
        "age": generator.normal(70, 8, 40).round(1),
        "sex": generator.integers(0, 2, 40),
        "ap": (label + generator.normal(size=40)).round(3),
        "lateral": (1.5 * label + generator.normal(size=40)).round(3),
    }
    return pd.DataFrame(common | columns)


def write_scores(folder, scores, encoding="utf-8"):
    scores.to_csv(folder / "scores.csv", index=False, encoding=encoding)
    return folder / "scores.csv"


def run(file, monkeypatch, tmp_path):
    """Return the findings of a study that was checked, then run, from another working folder."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for arguments in (["check", str(file)], ["run", str(file), "--runs", "runs"]):
        found = CliRunner().invoke(ovcf_bench_command, arguments, standalone_mode=False)
        assert found.exception is None, found.exception
        assert found.return_value in (0, None), found.output
    (findings,) = (tmp_path / "elsewhere" / "runs").glob("*/findings.json")
    assert (findings.parent / "report.html").exists()
    return json.loads(findings.read_text())


def quick_command(found):
    """Return the words of the command that init names as the quicker way."""
    name, *words = shlex.split(found.stdout.partition("without a study: ")[2])
    assert name == "ovcf-bench"
    return words


def compared(words):
    """Return the findings of `ovcf-bench compare`."""
    found = CliRunner().invoke(ovcf_bench_command, [*words, "--json"], standalone_mode=False)
    assert found.exception is None, found.exception
    return json.loads(found.stdout)["sets"]["all"]


def test_the_study_of_scores_runs_at_once_and_gives_their_aurocs(tmp_path, monkeypatch):
    scores = table()
    file = tmp_path / "studies" / "first.yaml"
    monkeypatch.chdir(tmp_path)
    write_scores(tmp_path, scores)
    found = init("studies/first.yaml", "--data", "scores.csv", "--yes")
    assert "Label fracture; patient patient_id; arms ap, lateral; not compared: age, sex." in found.stderr
    (test,) = run(file, monkeypatch, tmp_path)["sets"].values()
    expected = {f"{name}/scores": roc_auc_score(scores["fracture"], scores[name]) for name in ("ap", "lateral")}
    assert {name: arm["auroc"] for name, arm in test["arms"].items()} == pytest.approx(expected)
    (comparison,) = test["comparisons"]
    assert comparison["difference"] == pytest.approx(expected["ap/scores"] - expected["lateral/scores"])
    assert (comparison["claim"], comparison["declared"], comparison["n"]) == ("difference", False, 40)


NAMES = {"ap": "Ärztin Öl – 面", "lateral": "net: no. 2 (a+b/c)"}


def test_with_a_margin_columns_of_any_name_and_a_mark_before_the_text_all_goes_on(tmp_path, monkeypatch):
    scores = table().rename(columns=NAMES | {"patient_id": "Patient ID", "fracture": "Fraktur – ja"})
    data = write_scores(tmp_path, scores, "utf-8-sig")
    assert data.read_bytes().startswith(b"\xef\xbb\xbf")
    answers = f"{data}\nFraktur – ja\n\n{NAMES['lateral']},{NAMES['ap']}\n0.1\n"
    found = init(tmp_path / "study.yaml", answers=answers)
    assert "[Patient ID]" in found.output
    text = (tmp_path / "study.yaml").read_text("utf-8")
    assert 'title: "Is net: no. 2 (a-b-c) non-inferior to Ärztin Öl – 面?"' in text
    findings = run(tmp_path / "study.yaml", monkeypatch, tmp_path)
    (comparison,) = findings["sets"]["test"]["comparisons"]
    aurocs = [roc_auc_score(scores["Fraktur – ja"], scores[NAMES[name]]) for name in ("lateral", "ap")]
    assert [comparison["auroc_a"], comparison["auroc_b"]] == pytest.approx(aurocs)
    assert (comparison["claim"], comparison["margin"]) == ("noninferiority", 0.1)

    (same,) = compared(quick_command(found))["comparisons"]
    for key in ("difference", "ci", "p", "noninferiority"):
        assert same[key] == comparison[key]


def test_of_three_arms_the_first_is_tested_against_the_second_by_study_and_command(tmp_path, monkeypatch):
    data = write_scores(tmp_path, table(third=np.linspace(0.01, 0.99, 40)).rename(columns={"ap": "a, p", "age": "p=q"}))
    found = init(tmp_path / "study.yaml", "--data", data, "--views", 'third,"a, p",p=q', "--yes")
    check(tmp_path / "study.yaml", monkeypatch, tmp_path)
    study = yaml.safe_load((tmp_path / "study.yaml").read_text())
    assert study["arms"]["views"] == ["third", "a, p", "p=q"]
    assert study["comparisons"] == [{"id": "first_vs_second", "a": "third", "b": "a, p"}]
    quick = compared(quick_command(found))
    assert [(each["a"], each["b"]) for each in quick["comparisons"]] == [("third", "a, p")]
    assert len(quick["arms"]) == 3


def test_patients_with_several_exams_are_clustered(tmp_path, monkeypatch):
    patients = [f"{number // 2:03d}" for number in range(40)]  # one exam with and one without a fracture each
    data = write_scores(tmp_path, table(patient_id=patients, case=range(1, 41))[:20])
    found = init(tmp_path / "study.yaml", "--data", data, "--yes")
    (test,) = run(tmp_path / "study.yaml", monkeypatch, tmp_path)["sets"].values()
    assert {arm["n"] for arm in test["arms"].values()} == {20}
    command = quick_command(found)
    assert command[command.index("--cluster") + 1] == "patient_id"
    (same,) = compared(command)["comparisons"]
    assert test["comparisons"][0]["ci"] == pytest.approx(same["ci"], abs=1e-12)
    alone = compare_paired(*pd.read_csv(data)[["fracture", "ap", "lateral"]].to_numpy().T, name="every exam alone")
    assert same["difference"] == pytest.approx(alone.difference)
    assert same["ci"] != pytest.approx([alone.interval.low, alone.interval.high], abs=1e-3)


@pytest.mark.parametrize(
    "columns",
    [
        {"fracture": np.arange(40) % 2 == 0},  # True and False
        {"fracture": np.arange(40) % 2 + 0.0},
        {"score": np.linspace(0.1, 1, 40), "site": np.arange(40), "view": "x", "label ": np.linspace(0, 3, 40)},
        {"ap": [None, *np.linspace(0.1, 1, 39)], "": np.arange(40)},
    ],
)
def test_labels_and_columns_of_every_kind_pass_the_check(tmp_path, monkeypatch, columns):
    data = write_scores(tmp_path, table(**columns))
    init(tmp_path / "study.yaml", "--data", data, "--label", "fracture", "--yes")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    found = CliRunner().invoke(ovcf_bench_command, ["check", str(tmp_path / "study.yaml")], standalone_mode=False)
    assert found.exception is None, found.exception
    assert "test: 40 patients" in found.output
    assert found.return_value == 0


def test_ratings_are_scores_where_nothing_has_decimals(tmp_path):
    ratings = np.arange(40) % 5 + 1
    data = write_scores(
        tmp_path, table(ap=ratings, lateral=ratings[::-1], smoker=np.arange(40) // 2 % 2, number=range(40))
    )
    found = init(tmp_path / "study.yaml", "--data", data, "--label", "fracture", "--yes")
    assert "arms ap, lateral; not compared: age, sex, smoker, number." in found.stderr


def test_one_column_of_scores_has_nothing_to_be_compared_with(tmp_path, monkeypatch):
    data = write_scores(tmp_path, table())
    init(tmp_path / "study.yaml", "--data", data, "--views", "ap", "--yes")
    assert "comparisons" not in yaml.safe_load((tmp_path / "study.yaml").read_text())
    check(tmp_path / "study.yaml", monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("columns", "arguments", "said"),
    [
        ({}, ("--label", "age"), "--label: the column 'age' does not hold 0 or 1 in every row"),
        ({}, ("--label", "fractur"), "Did you mean 'fracture'?"),
        ({}, ("--views", "ap,latral"), "Did you mean 'lateral'?"),
        ({}, ("--views", "ap,fracture"), "--views: the column 'fracture' holds no scores"),
        ({}, ("--views", "ap,ap"), "names a view twice"),
        ({}, ("--views", "ap", "--margin", "0.1"), "--margin: there is nothing to compare"),
        ({}, ("--positive", "1"), "--positive: is for images"),
        ({"label": np.arange(40) % 2}, (), "--label: the data do not tell it plainly"),
        ({"fracture": 1}, (), "--label: the data do not tell it plainly"),
        (
            {"fracture": [None, *np.arange(39) % 2]},
            (),
            "--label: the column 'fracture' does not hold 0 or 1 in every row",
        ),
        ({"patient_id": [None, *range(39)]}, (), "--patient: the data do not tell it plainly"),
        ({"patient_id": [None, *range(39)]}, ("--patient", "patient_id"), "has empty cells"),
        ({"patient_id": ["secret", *range(38), "secret"]}, (), "1 row repeats a patient, and no column exam_id"),
        ({"ap": ["0.5", "none at all", *["1.5"] * 38]}, ("--views", "ap,lateral"), "the column 'ap' holds no scores"),
        ({"ap": [float("inf"), *range(39)]}, ("--views", "ap,lateral"), "the column 'ap' holds no scores"),
        ({"ap": "a", "lateral": "b"}, (), "--views: the data do not tell it plainly"),
    ],
)
def test_columns_that_do_not_fit_are_told_and_nothing_is_written(tmp_path, columns, arguments, said):
    data = write_scores(tmp_path, table(**columns))
    with pytest.raises(BenchError) as error:
        init(tmp_path / "study.yaml", "--data", data, "--yes", *arguments)
    assert said in str(error.value)
    assert "secret" not in str(error.value)
    assert not (tmp_path / "study.yaml").exists()


def test_a_study_beside_a_linked_folder_finds_its_data(tmp_path, monkeypatch):
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    data = write_scores(tmp_path, table())
    init(tmp_path / "link" / "study.yaml", "--data", data, "--yes")
    check(tmp_path / "link" / "study.yaml", monkeypatch, tmp_path)
