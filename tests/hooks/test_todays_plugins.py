"""Plugins that were written for the API of issue 15 go on to work.

The two packages in tests/data/plugin_packages were written by the pages of docs/how_to and `ovcf_bench.api`, as an
author outside would. They are never edited: where a change breaks one of these tests, the change is what must be
mended (or API_VERSION is raised, and new packages are laid beside these). Linters pass them over for that reason.
"""

import dataclasses
import importlib
import json
import tomllib
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from PIL import Image
from places import ROOT

from ovcf_bench import api
from ovcf_bench.hooks import registry

PACKAGES = [ROOT / "tests" / "data" / "plugin_packages" / name for name in ("todays-hospital", "todays-nets")]
COSTLY = {"another process", "time and memory"}  # they start processes
FIRST = {"shapes", "facts"}  # of a network: the others train it, which takes seconds


@pytest.fixture
def found(monkeypatch):
    """The entry points of both packages, importable, and no others: as if they alone were installed."""
    entries = []
    for package in PACKAGES:
        monkeypatch.syspath_prepend(str(package))
        project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
        entries += [EntryPoint(*pair, registry.GROUP) for pair in project["entry-points"][registry.GROUP].items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    return entries


@pytest.fixture
def by_hand(found):
    return importlib.import_module("todays_nets.by_hand")


@pytest.fixture(scope="module")
def torchvision():
    """Imported before the test: 3 s that are none of the plugin's."""
    api.ensure_torchvision()


@pytest.fixture
def folder(tmp_path):
    """A study's folder: the hospital's images and list, and a file of scores."""
    (tmp_path / "images").mkdir()
    lines = ["patient,view,label,file,age"]
    for patient in range(8):
        for number, view in enumerate(("ap", "lateral")):
            levels = np.random.default_rng([patient, number]).integers(0, 255, (20, 15), dtype=np.uint8)
            Image.fromarray(levels).save(tmp_path / "images" / f"{patient}-{view}.png")
            lines.append(f"patient-{patient},{view},{patient % 2},{patient}-{view}.png,{60 + patient}")
    (tmp_path / "images" / "labels.csv").write_text("\n".join([*lines, "patient-8,ap,0,gone.png,70"]) + "\n")
    scores = {f"patient-{patient}": float(patient) for patient in range(8)}
    (tmp_path / "scores.json").write_text(json.dumps({"ap": scores, "lateral": scores}))
    return tmp_path


def test_they_register_without_a_problem(found):
    known = registry.load(found)
    assert not known.problems
    assert set(known.datasets) == {"todays_hospital"}
    assert set(known.models) == {"todays_net", "todays_brightest", "todays_highest", "todays_json"}
    assert len(known.hooks.hook.unit_event.get_hookimpls()) == 1


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("todays_hospital", {"folder": "images"}),
        ("todays_losses", {}),
        ("todays_brightest", {}),
        ("todays_highest", {"of": "net"}),
        ("todays_json", {"path": "scores.json"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_they_keep_the_contract(by_hand, folder, name, params):
    checks = [each for each in by_hand.checks(name, params, folder) if each.name not in COSTLY]
    for check in checks:
        check()
    assert len(checks) >= 2


def test_the_network_keeps_the_contract(by_hand, folder, torchvision):
    checks = [each for each in by_hand.checks("todays_net", {"width": 4}, folder) if each.name in FIRST]
    assert ["2 views" in (check() or "") for check in checks] == [True, False]


def test_a_module_that_stands_alone_is_a_plugin_file_as_well(found, folder, monkeypatch, by_hand):
    known = registry.load(found=[], files=[PACKAGES[0] / "todays_hospital" / "losses.py"])
    monkeypatch.chdir(folder)
    assert not [problem for event in by_hand.events() for problem in known.notify(event)]
    assert (folder / "losses.csv").read_text().splitlines() == ["ap/net,1,2,epoch,0.7"] * 2 + ["ap/net,1,2,start,"]


def test_a_file_alone_is_read_as_in_a_table(found, folder):
    plugin = registry.load(found).dataset("todays_hospital")
    params = plugin.params(folder="images", inverted=True)
    row = {"source": "3-ap.png"}
    alone = plugin.read_file(params, folder / "images" / "3-ap.png")
    assert np.array_equal(alone, plugin.open(params, folder).read(row))
    assert isinstance(plugin.open(params, folder), api.Locates)


def test_every_dataclass_is_made_by_place_and_by_name(by_hand, tmp_path):
    made = [by_hand.dataset_plugins(), by_hand.model_plugins(), by_hand.build_contexts(), by_hand.events()]
    made += [by_hand.fit_contexts(tmp_path, print), by_hand.problems()]
    for placed, named, least in made:
        assert placed == named
        assert type(least) is type(placed)
    placed, named = by_hand.images()
    assert placed.pixels is named.pixels
    assert placed.labels is named.labels
    assert {error.problems[-1].where for error in by_hand.errors()} == {"", "here"}
    tried = {type(each[0]).__name__ for each in made} | {"Images"}
    assert {name for name in api.__all__ if dataclasses.is_dataclass(getattr(api, name))} == tried


def test_what_was_offered_is_offered(by_hand):
    assert by_hand.build_contexts()[0].n_views == 2
    assert by_hand.model_plugins()[0].form is by_hand.build
    assert by_hand.API_VERSION == 1
    assert {"patient_id", "exam_id", "image_id", "view", "label", "site", "source"} <= set(by_hand.EXAM_COLUMNS)
    assert by_hand.is_reserved("tag_device")
    assert not by_hand.is_reserved("age")
    assert "lateral" in by_hand.did_you_mean("latral", ["ap", "lateral"])
    assert "lateral" in by_hand.one_of("latral", ["ap", "lateral"])
    assert by_hand.silent("Reading files", 1, 2) is None
