"""What works in one process and is otherwise in another."""

import os
import subprocess
import sys

import pytest
from plugin_trials import PRINT, broken_by, changed, dataset_checks_of, model_checks_of

from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing.elsewhere import _surroundings

BY_HASH = [
    (('"image_id": listed["patient"] +', '"image_id": listed["patient"].map(hash).astype(str) +'), "other ids"),
    (("        # EDIT: from your table", "        listed = listed.iloc[[*map(int, {str(n) for n in range(24)})]]\n"
      "        # EDIT: from your table"), "another order"),
    ((PRINT, 'str(hash(row["image_id"]))'), "other fingerprints"),
    (('np.asarray(image.convert("L"))', 'np.asarray(image.convert("L")) // (2 + hash(row["image_id"]) % 97)'),
     "other pixels"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), BY_HASH, ids=["ids", "order", "fingerprints", "pixels"])
def test_what_depends_on_hashes_differs_in_another_process(tmp_path, images, change, said):
    checks = dataset_checks_of(tmp_path, images, change)
    assert said in broken_by("another process", checks).seen


@pytest.mark.parametrize("seed", ["0", "1", None])
def test_the_other_process_is_given_a_hash_seed_that_is_not_ours(monkeypatch, seed):
    if seed is None:
        monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    else:
        monkeypatch.setenv("PYTHONHASHSEED", seed)
    before = dict(os.environ)
    with _surroundings():  # what a process reads that is started in it
        assert os.environ["PYTHONHASHSEED"] != seed
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert dict(os.environ) == before


@pytest.mark.system  # the hash seed of a process is set before it starts
@pytest.mark.parametrize("seed", ["0", "1"])
def test_hashes_are_found_where_the_hash_seed_is_set(tmp_path, images, seed):
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    changed(path, *BY_HASH[2][0])
    program = "from ovcf_bench.cli.main import main; main()"
    command = [sys.executable, "-c", program, "plugins", "test", str(path), "--set", f"folder={images}"]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another process gives other fingerprints" in done.stdout


def test_another_process_is_blamed_only_for_what_works_here(tmp_path, images):
    raises = ("        # EDIT: how one image is read.", "        raise KeyError\n        #")
    everywhere = broken_by("another process", dataset_checks_of(tmp_path, images, raises))
    assert "process" not in everywhere.seen + everywhere.fix
    there = ("        # EDIT: how one image is read.",
             f"        import os\n        if os.getpid() != {os.getpid()}: raise KeyError\n        #")  # fmt: skip
    (tmp_path / "first.py").unlink()
    only_there = broken_by("another process", dataset_checks_of(tmp_path, images, there))
    assert only_there.seen.startswith("it works here, and in another process not: dataset 'first', read: KeyError")


def test_a_model_that_works_here_alone_is_told_so_and_one_that_never_does_is_not(tmp_path):
    start = "    return Fitted(20.0"
    here = (start, f"    import os\n    assert os.getpid() == {os.getpid()}\n{start}")
    broken = broken_by("time and memory", model_checks_of(tmp_path, here))
    assert broken.seen.startswith("in another process: model 'brightest', fit: AssertionError (fits.py, line ")
    never = broken_by("time and memory", model_checks_of(tmp_path, (start, f"    assert False\n{start}")))
    assert "process" not in never.seen + never.fix
