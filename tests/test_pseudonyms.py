import hashlib
import stat

import pytest

from ovcf_bench.errors import DataError
from ovcf_bench.pseudonyms import Pseudonyms, load_key

KEY = bytes(range(32))


def test_a_pseudonym_tells_nothing_without_the_key():
    name = Pseudonyms(KEY)("patient", "MRN-4711")
    assert "4711" not in name
    assert name != Pseudonyms(bytes(32))("patient", "MRN-4711")


def test_a_pseudonym_is_the_keyed_hash_of_kind_and_identifier():
    body = hashlib.blake2b(b"patient\0MRN-4711", key=KEY, digest_size=16).hexdigest()[:16]
    assert Pseudonyms(KEY)("patient", "MRN-4711").startswith(f"p-{body}")


def test_kinds_do_not_share_pseudonyms():
    hide = Pseudonyms(KEY)
    assert hide("patient", "1")[2:] != hide("exam", "1")[2:]


def test_a_pseudonym_of_the_same_key_keeps_its_name():
    hide = Pseudonyms(KEY)
    once = hide("patient", "MRN-4711")
    assert hide("patient", once) == once


def test_a_pseudonym_of_another_key_is_hidden_again():
    foreign = Pseudonyms(bytes(32))("patient", "MRN-4711")
    assert Pseudonyms(KEY)("patient", foreign) != foreign


def test_many_are_hidden_as_each_one_is():
    hide = Pseudonyms(KEY)
    assert hide.all("exam", ["a", "b", "a"]) == [hide("exam", "a"), hide("exam", "b"), hide("exam", "a")]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_key_is_made_once_and_only_its_owner_may_read_it(home, monkeypatch):
    key = load_key()
    assert key == load_key()
    assert len(key) == 32
    (file,) = home.rglob("pseudonym.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "k"
    file.write_text("0" * 64)
    file.chmod(0o644)
    with pytest.raises(DataError, match="others may read it"):
        load_key(file)


@pytest.mark.parametrize("content", ["", "xyz", "0" * 63])
def test_a_file_without_a_key_is_refused(tmp_path, content):
    file = tmp_path / "k"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(DataError, match="holds no key"):
        load_key(file)


def test_a_missing_key_file_is_named_without_its_folder(tmp_path):
    with pytest.raises(DataError, match="key file absent") as caught:
        load_key(tmp_path / "absent")
    assert str(tmp_path) not in str(caught.value)
