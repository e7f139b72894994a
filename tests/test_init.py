"""The first study for one's own images passes the check as it is written."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.errors import BenchError


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


def test_scores_need_no_study(tmp_path):
    (tmp_path / "scores.csv").write_text("y,ap,lateral\n1,0.5,0.7\n0,0.2,0.1\n")
    found = init(tmp_path / "study.yaml", "--data", tmp_path / "scores.csv", "--yes")
    assert "ovcf-bench compare" in found.output
    assert not (tmp_path / "study.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--views", "ap,latral"), "Did you mean 'lateral'?"),
        (("--positive", "fractur"), "Did you mean 'fracture'?"),
        (("--margin", "5"), "is no margin"),
        (("--views", "ap,ap"), "names a view twice"),
        (("--question", " "), "--question: is empty"),
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


def test_a_csv_of_no_bytes_is_told(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BenchError, match="has no rows"):
        init(tmp_path / "study.yaml", "--data", tmp_path / "empty.csv", "--yes")
