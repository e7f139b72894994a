"""Plugin files that tests break in one place, and what the conformance suite then says is broken."""

import numpy as np
from PIL import Image

from ovcf_bench.cli.main import ovcf_bench_command
from ovcf_bench.scaffold import new_plugin
from ovcf_bench.testing import ContractError, NotApplicable, plugin_checks

BRIGHTEST = """
import json

import numpy as np

from ovcf_bench.api import ModelPlugin, Params, hookimpl


class Fitted:
    def __init__(self, weight, labels=None):
        self.weight, self.labels = weight, labels

    def scores(self, pixels):
        brightest = pixels[np.arange(pixels.shape[0])].reshape(pixels.shape[0], -1).max(axis=1) / 65535.0
        return (self.weight * (brightest[:, None] - 0.65)).astype(np.float32)

    def save(self, folder):
        (folder / "weight.json").write_text(json.dumps(self.weight))


def fit(params, train, tune, context):
    return Fitted(20.0, train.labels)


def load(params, folder, context):
    return Fitted(json.loads((folder / "weight.json").read_text()))


@hookimpl
def register_models(register):
    register(ModelPlugin(name="brightest", params=Params, summary="The brightest pixel", fit=fit, load=load))
"""

WITH_PARAMS = """
import json
import numpy as np
from ovcf_bench.api import ModelPlugin, Params, hookimpl

class Settings(Params):
    pass

class Brightest:
    def __init__(self, limit):
        self.limit = limit

    def scores(self, pixels):
        images = pixels[np.arange(pixels.shape[0])]
        return (20 * (images.reshape(len(images), -1).max(axis=1) / 65535 - self.limit)).astype(np.float32)[:, None]

    def save(self, folder):
        (folder / "limit.json").write_text(json.dumps(self.limit))

def fit(params, train, tune, context):
    context.report({"kind": "step", "done": 0.5, "loss": 0.7})
    images = train.pixels[np.arange(train.pixels.shape[0])]
    return Brightest(float(np.median(images.reshape(len(images), -1).max(axis=1) / 65535)))

def load(params, folder, context):
    return Brightest(json.loads((folder / "limit.json").read_text()))

def check(params):
    return []

@hookimpl
def register_models(register):
    register(ModelPlugin(name="mine", params=Settings, summary="mine", fit=fit, load=load, check=check))
"""

PRINT = 'f"{path.resolve()} {seen.st_size} {seen.st_mtime_ns}"'  # the fingerprint of the dataset of the scaffold


def failures(checks):
    """Run all checks; return the errors of those that fail, by name."""
    found = {}
    for check in checks:
        try:
            check()
        except NotApplicable:
            continue
        except ContractError as broken:
            found[check.name] = broken
    return found


def broken_by(check, checks):
    """Run the check of that name alone; return what it says is broken, or None."""
    (one,) = [each for each in checks if each.name == check]
    return failures([one]).get(check)


def exit_code_of(*arguments):
    """Run `plugins test` in this process; return its exit code."""
    return ovcf_bench_command.main(["plugins", "test", *map(str, arguments)], standalone_mode=False)


def changed(path, old, new):
    """Replace a piece of a file that must be there; return the path as a text."""
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new))
    return str(path)


def model_file(tmp_path, *changes):
    """Write the model BRIGHTEST with changes (old, new); return its path as a text."""
    path = tmp_path / "fits.py"
    path.write_text(BRIGHTEST)
    for old, new in changes:
        changed(path, old, new)
    return str(path)


def model_checks_of(tmp_path, *changes):
    """Return the checks of the model BRIGHTEST with changes (old, new)."""
    return plugin_checks(model_file(tmp_path, *changes))


def dataset_checks_of(tmp_path, images, *changes):
    """Return the checks of the dataset that the scaffold writes, with changes (old, new), on a folder of images."""
    (path,) = new_plugin("dataset", "first", tmp_path, single_file=True)
    for old, new in changes:
        changed(path, old, new)
    return plugin_checks(str(path), {"folder": str(images)})


def write_with_params(tmp_path, old="", new=""):
    """Write the model WITH_PARAMS, with one change; return its path."""
    assert old in WITH_PARAMS
    path = tmp_path / "mine.py"
    path.write_text(WITH_PARAMS.replace(old, new) if old else WITH_PARAMS)
    return path


def write_images(folder):
    """Write a folder as the dataset of the scaffold reads it: two views of twelve patients."""
    folder.mkdir()
    lines = ["patient,view,label,file"]
    for patient in range(12):
        for number, view in enumerate(("ap", "lateral")):
            levels = np.random.default_rng([patient, number]).integers(0, 255, (40, 30), dtype=np.uint8)
            Image.fromarray(levels).save(folder / f"{patient}-{view}.png")
            lines.append(f"patient-{patient},{view},{patient % 2},{patient}-{view}.png")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder
