"""The page on the house tells of files and functions that exist, and its picture is what the imports say."""

import ast
import importlib.util
import re
import sys
import xml.etree.ElementTree as ET

import pytest
from places import ROOT

PAGE = (ROOT / "docs" / "contributing" / "house.md").read_text("utf-8")
NAMED = re.findall(r"`([\w/]+\.py):([\w.]+)`", PAGE)


def defined(path):
    """Functions and classes at the top of a file, and methods as Class.method."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("build_map", ROOT / "docs" / "build_map.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_map"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_file_and_function_that_the_page_names_exists():
    assert len(NAMED) >= 30
    lost = [f"{path}:{name}" for path, name in NAMED if name not in defined(ROOT / path)]
    assert not lost


def test_the_way_of_one_image_takes_ten_lines():
    part = PAGE.split("## The way of one image\n")[1].split("\n## ")[0]
    assert [int(each) for each in re.findall(r"^(\d+)\. ", part, re.MULTILINE)] == list(range(1, 11))


def test_the_map_is_what_the_imports_say(builder):
    assert builder.FILE.read_text("utf-8") == builder.draw(builder.floors()), "again: python docs/build_map.py"


def test_the_map_shows_every_room_on_its_floor_and_arrows_that_go_down(builder):
    found = builder.floors()
    core = [[room.name for room in floor.rooms] for floor in found if not floor.outside]
    assert core == builder.layers()
    assert all(each > at for at, floor in enumerate(found) for each in floor.below)


def test_the_map_needs_nothing_from_elsewhere_and_fits_the_page():
    tree = ET.parse(ROOT / "docs" / "contributing" / "house.svg").getroot()
    text = ET.tostring(tree, "unicode")
    assert "href" not in text
    assert "url(" not in text
    assert tree.get("font-family") == "sans-serif"
    assert float(tree.get("viewBox").split()[2]) == 700
    written = [each for each in tree.iter() if each.tag.endswith("}text")]
    assert min(float(each.get("font-size", tree.get("font-size"))) for each in written) >= 11
