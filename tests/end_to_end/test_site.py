"""Another site scores its own images, and its scores become a further test set."""

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile

import pytest

OTHER = """\
schema: 1
title: The other hospital
cohorts: {there: {dataset: phantom, params: {patients: 24, site: B, seed: 99, height: 64}}}
splits: {development: {from: there, positives: 8, negatives: 8}, internal: {from: there}, folds: 2}
models: {none: {model: simple_features}}
arms: {views: [ap, lateral]}
training: {image_size: [64, 40]}
"""


@pytest.fixture(scope="module")
def sent(finished, tmp_path_factory):
    """A project whose package was validated on the images of another hospital; the zip file and its hash."""
    home = tmp_path_factory.mktemp("site") / "project"
    shutil.copytree(finished.home, home)
    project = type(finished)(home)
    run = project.run_folder().relative_to(home)
    project.command("export", run, "--for-site", "--to", "package")
    (home / "other.yaml").write_text(OTHER)
    (home / "their.key").write_text("cd" * 32)
    (home / "their.key").chmod(0o600)
    project.command("data", "export", "other.yaml", "--to", "theirs", "--key", "their.key")
    data = "theirs/there/manifest.csv"
    said = project.command("validate", "package", "--data", data, "--site", "hospital_c", "--to", "scores.zip",
                           "--key", "their.key").stdout  # fmt: skip
    return project, re.search(r"[0-9a-f]{64}", said)[0]


def add(project, file="scores.zip", *options, expect=0):
    run = next(each for each in (project.home / "reports/runs").glob("tiny-*") if "+" not in each.name)
    shutil.rmtree(run.with_name(f"{run.name}+hospital_c"), ignore_errors=True)
    return project.command("report", run.relative_to(project.home), "--add-site", file, *options, expect=expect)


def rewritten(project, change, name="changed.zip"):
    """Write the zip file with one of its files changed."""
    with zipfile.ZipFile(project.home / "scores.zip") as archive:
        files = {each: archive.read(each).decode() for each in archive.namelist()}
    change(files)
    with zipfile.ZipFile(project.home / name, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return name


def test_the_package_says_what_the_site_must_bring_and_holds_no_patient(sent):
    project, _ = sent
    said = (project.home / "package" / "SITE.md").read_text()
    assert "`ap` or `lateral`" in said
    assert "`age`, `sex`" in said
    assert not [path for path in (project.home / "package").rglob("*") if path.suffix in (".csv", ".html", ".parquet")]


def test_the_scores_of_a_site_are_a_further_test_set_with_tests_and_intervals(sent):
    project, told = sent
    add(project, "scores.zip", "--hash", told)
    (folder,) = (project.home / "reports/runs").glob("tiny-*+hospital_c")
    found = json.loads((folder / "findings.json").read_text())["sets"]
    assert list(found) == ["internal", "external", "hospital_c"]
    assert found["hospital_c"]["n"] == 24
    assert found["hospital_c"]["arms"]["ap/tiny"]["auroc"] is not None
    assert found["hospital_c"]["comparisons"][0]["n"] == 24
    html = (folder / "report.html").read_text()
    assert "hospital_c" in html
    assert "its images were not seen" in html
    assert "has no ensemble" not in html
    original = json.loads((folder.with_name(folder.name.partition("+")[0]) / "findings.json").read_text())["sets"]
    for name in ("internal", "external"):
        assert found[name]["arms"]["ap/tiny"]["auroc"] == original[name]["arms"]["ap/tiny"]["auroc"]


def test_a_site_scores_as_the_run_itself_would(sent):
    project, _ = sent
    with zipfile.ZipFile(project.home / "scores.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("scores.csv").decode())))
    mine = [row for row in rows if row["arm"] == "ap/tiny" and row["ensemble"] == "mean_logit"]
    images = sorted((project.home / "theirs/there/images").glob("*.png"))
    run = next(each for each in (project.home / "reports/runs").glob("tiny-*") if "+" not in each.name)
    found = project.command(
        "predict", run.relative_to(project.home), "--arm", "ap/tiny", "--json", *images, expect=None
    )
    known = {each["image"].rpartition("/")[2].removesuffix(".png"): each["logit"] for each in json.loads(found.stdout)
             if each["status"] == "scored"}  # fmt: skip
    shared = [(float(row["logit"]), known[row["image_id"]]) for row in mine if row["image_id"] in known]
    assert shared
    assert all(a == pytest.approx(b, abs=1e-5) for a, b in shared)


def one_row(files):
    files["scores.csv"] = re.sub(
        r"0\.(\d)", lambda digits: f"0.{(int(digits[1]) + 1) % 10}", files["scores.csv"], count=1
    )


def another_study(files):
    files["site.json"] = json.dumps({**json.loads(files["site.json"]), "study": "0" * 64})


def other_networks(files):
    files["site.json"] = json.dumps({**json.loads(files["site.json"]), "units": ["0" * 64]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_row, "the table was changed after it was made"),
        (another_study, "it answers another study"),
        (other_networks, "it was scored by other networks"),
    ],
)
def test_a_table_that_was_changed_or_belongs_elsewhere_is_refused_with_the_reason(sent, change, said):
    project, _ = sent
    assert said in add(project, rewritten(project, change), expect=2).stderr
    assert not list((project.home / "reports/runs").glob("*+hospital_c"))


def test_a_wrong_hash_is_refused(sent):
    project, _ = sent
    assert "It is not what the site told" in add(project, "scores.zip", "--hash", "0" * 64, expect=2).stderr


def test_patients_of_the_study_are_refused_as_a_further_test_set(sent):
    project, _ = sent
    project.command("data", "export", "tiny.yaml", "--to", "own")
    data = "own/external/manifest.csv"
    project.command("validate", "package", "--data", data, "--site", "hospital_c", "--to", "own.zip")
    assert "30 of its patients are in the study already" in add(project, "own.zip", expect=2).stderr


def test_a_file_that_is_no_table_of_scores_is_refused(sent):
    project, _ = sent
    assert "is no file of scores" in add(project, "tiny.yaml", expect=2).stderr


def rows_of(files):
    lines = files["scores.csv"].splitlines()
    return lines[0].split(","), [line.split(",") for line in lines[1:]]


def with_rows(files, header, rows):
    """A table that was changed by someone who also made its hash anew."""
    files["scores.csv"] = "\n".join(",".join(row) for row in [header, *rows]) + "\n"
    digest = hashlib.sha256(files["scores.csv"].encode()).hexdigest()
    files["site.json"] = json.dumps({**json.loads(files["site.json"]), "scores_sha256": digest})


def with_a_name(files):
    header, rows = rows_of(files)
    place = header.index("patient_id")
    with_rows(files, header, [[*row[:place], "Jane Doe", *row[place + 1 :]] for row in rows])


def with_a_column(files):
    header, rows = rows_of(files)
    with_rows(files, [*header, "surname"], [[*row, "Doe"] for row in rows])


def without_a_network(files):
    header, rows = rows_of(files)
    with_rows(files, header, [row for row in rows if row[header.index("fold")] != "0"])


def with_another_score(files):
    header, rows = rows_of(files)
    place = header.index("logit")
    rows[0][place] = str(float(rows[0][place]) + 0.1)
    with_rows(files, header, rows)


def of_another_arm(files):
    header, rows = rows_of(files)
    place = header.index("arm")
    with_rows(files, header, [[*row[:place], row[place] + "x", *row[place + 1 :]] for row in rows])


def without_an_arm(files):
    header, rows = rows_of(files)
    with_rows(files, header, [row for row in rows if row[header.index("arm")] != "lateral/tiny"])


def with_a_path_for_a_name(files):
    files["site.json"] = json.dumps({**json.loads(files["site.json"]), "site": "../../hospital_c"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_a_name, "1 identifier in it is no pseudonym"),
        (with_a_column, "has 1 column that the study does not name"),
        (without_a_network, "lack the score of a network"),
        (with_another_score, "are not the means of its networks' scores"),
        (of_another_arm, "scores of arms that the run has not"),
        (without_an_arm, "it has no scores of lateral/tiny"),
        (with_a_path_for_a_name, "its site has no name that can be used"),
        (lambda files: files.update({"site.json": "[]"}), "site.json: Input should be an object"),
        (lambda files: files.update({"scores.csv": ""}), "is no CSV"),
    ],
)
def test_a_table_that_our_program_cannot_have_written_is_refused_with_the_reason(sent, change, said):
    project, _ = sent
    found = add(project, rewritten(project, change), expect=2).stderr
    assert said in found
    assert "Doe" not in found
    assert not list((project.home / "reports/runs").glob("*hospital_c*"))


def test_a_site_that_cannot_be_a_test_set_is_told_before_anything_is_sent(sent):
    project, _ = sent
    with (project.home / "theirs/there/manifest.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    for name, kept, said in (
        ("alike", [row for row in listed if row["label"] == "1"], "all labels are alike"),
        ("one_view", [row for row in listed if row["view"] == "ap"], "lists no image of the view 'lateral'"),
    ):
        with (project.home / f"theirs/there/{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, listed[0])
            writer.writeheader()
            writer.writerows(kept)
        found = project.command("validate", "package", "--data", f"theirs/there/{name}.csv", "--site", "c", "--to",
                                f"{name}.zip", "--key", "their.key", expect=2)  # fmt: skip
        assert said in found.stderr
        assert not (project.home / f"{name}.zip").exists()


def test_scores_of_one_class_leave_no_half_written_run(sent):
    project, _ = sent

    def one_class(files):
        header, rows = rows_of(files)
        place = header.index("label")
        with_rows(files, header, [[*row[:place], "1", *row[place + 1 :]] for row in rows])

    assert "hold one class only" in add(project, rewritten(project, one_class), expect=2).stderr
    assert not [path for path in (project.home / "reports/runs").iterdir() if "hospital_c" in path.name]
    assert not [path for path in (project.home / "reports/runs").iterdir() if path.name.startswith(".tiny")]


def test_a_site_scores_the_arms_that_join_views_as_predict_does(joint):
    project, run = joint
    project.command("export", run, "--for-site", "--to", "joint_package")
    (project.home / "other.yaml").write_text(OTHER.replace("site: B, seed: 99, height: 64", "seed: 99, height: 96"))
    (project.home / "their.key").write_text("ef" * 32)
    (project.home / "their.key").chmod(0o600)
    key = ("--key", "their.key")
    project.command("data", "export", "other.yaml", "--to", "theirs", *key)
    data = "theirs/there/manifest.csv"
    project.command("validate", "joint_package", "--data", data, "--site", "hospital_d", "--to", "joint.zip", *key)
    project.command("report", run, "--add-site", "joint.zip")
    (folder,) = (project.home / "runs").glob("joint-*+hospital_d")
    found = json.loads((folder / "findings.json").read_text())["sets"]["hospital_d"]
    assert found["comparisons"][0]["a"] == "ap+lateral/mean"
    assert found["comparisons"][0]["n"] == 24
    with zipfile.ZipFile(project.home / "joint.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("scores.csv").decode())))
    with (project.home / data).open(newline="") as file:
        files = {(row["exam_id"], row["view"]): f"theirs/there/{row['path']}" for row in csv.DictReader(file)}
    for arm in ("ap+lateral/mean", "ap+lateral/learned"):
        mine = {row["exam_id"]: row["logit"] for row in rows if (row["arm"], row["ensemble"]) == (arm, "mean_logit")}
        for (exam, view), file in files.items():
            target = project.home / f"their_{view}" / f"{exam}.png"
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(project.home / file, target)
        folders = ("their_ap", "their_lateral")
        found = json.loads(project.command("predict", run, "--arm", arm, "--json", *folders, expect=None).stdout)
        scored = {each["image"].split(" + ")[0][9:-4]: each["logit"] for each in found if each["status"] == "scored"}
        assert len(scored) >= 12
        assert all(scored[exam] == pytest.approx(float(mine[exam]), abs=1e-5) for exam in scored)
