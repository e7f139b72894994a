import os
import signal
import subprocess
import sys
import time

from ovcf_bench.files import write_atomically


def test_unchanged_content_leaves_the_file_alone(tmp_path):
    path = tmp_path / "a" / "b.txt"
    assert write_atomically(path, "one")
    before = path.stat().st_mtime_ns
    assert not write_atomically(path, "one")
    assert path.stat().st_mtime_ns == before
    assert write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in path.parent.iterdir()] == ["b.txt"]


def test_a_file_is_readable_as_the_umask_allows(tmp_path):
    old = os.umask(0o022)
    try:
        write_atomically(tmp_path / "f", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o644


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "f"
    code = (
        "import sys, pathlib, itertools\n"
        "from ovcf_bench.files import write_atomically\n"
        "for i in itertools.count():\n"
        "    write_atomically(pathlib.Path(sys.argv[1]), str(i % 10).encode() * 1_000_000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)])
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    content = path.read_bytes()
    assert len(content) == 1_000_000
    assert len(set(content)) == 1
