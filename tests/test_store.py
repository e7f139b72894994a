import json

import pytest

from ovcf_bench.errors import RecordError
from ovcf_bench.store import Store, UnitRecord
from ovcf_bench.vocabulary import Unit

RECORD = UnitRecord("abc", Unit("ap/net", 0, 1), {"seed": 3}, {"seconds": 1.5})


def test_a_unit_without_its_last_file_never_happened(tmp_path):
    store = Store(tmp_path)
    folder = store.unit_folder("abc")
    folder.mkdir()
    (folder / "scores.csv").write_text("half")
    assert not store.is_done("abc")
    assert list(store.records()) == []
    store.finish(RECORD)
    assert store.is_done("abc")
    assert list(store.records()) == [RECORD]


def test_a_broken_record_says_what_to_do(tmp_path):
    store = Store(tmp_path)
    store.finish(RECORD)
    (tmp_path / "abc" / "unit.json").write_text("{")
    with pytest.raises(RecordError, match="made again by the next run"):
        store.record("abc")


def test_a_forgotten_unit_is_gone(tmp_path):
    store = Store(tmp_path)
    store.finish(RECORD)
    store.forget("abc")
    assert not store.is_done("abc")
    assert not (tmp_path / "abc").exists()


def test_a_record_is_plain_json(tmp_path):
    Store(tmp_path).finish(RECORD)
    assert json.loads((tmp_path / "abc" / "unit.json").read_text())["identity"] == {"seed": 3}
