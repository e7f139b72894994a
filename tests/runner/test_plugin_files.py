"""Plugins that are one file: how they are loaded, and what is wrong with one is said before anything runs."""

import sys
import textwrap
import threading

import pytest
from own_plugins import MODEL, STUDY, forget_plugin_files, typed, write_own_plugins

from ovcf_bench.cli.options import open_study
from ovcf_bench.errors import PluginError
from ovcf_bench.executors import Job, run_jobs
from ovcf_bench.hooks import registry
from ovcf_bench.hooks.files import load_again, load_file, loaded_files, source_of


@pytest.fixture(autouse=True)
def _nothing_loaded():
    forget_plugin_files()


@pytest.fixture
def folder(tmp_path):
    write_own_plugins(tmp_path)
    return tmp_path


def test_a_plugin_file_is_loaded_only_when_the_study_names_it(folder):
    text = STUDY.replace("plugins: [./own.py, ./data.py]", "plugins: [./data.py]")
    (folder / "study.yaml").write_text(text)
    found = typed(folder, "check", "study.yaml", "--no-pixels", expect=2)
    assert "unknown model 'mine'" in found.stderr


def test_a_file_that_was_changed_meanwhile_is_refused_in_another_process(folder):
    name = load_file(folder / "own.py").__name__
    (folder / "own.py").write_text(MODEL + "\n")
    mine = [(each, path) for each, path in loaded_files() if each == name]
    with pytest.raises(PluginError, match="was changed while the study ran"):
        load_again(mine)
    # Jobs that have nothing to do with the file go on.
    (outcome,) = run_jobs([Job("length", _length, "four")], workers=1)
    assert outcome.result == 4


def _length(text, report):
    return len(text)


def loaded(folder, source):
    path = folder / "wrong.py"
    path.write_text(textwrap.dedent(source))
    with pytest.raises(PluginError) as error:
        registry.load([], [path])
    return str(error.value)


IMPORT = "from ovcf_bench.api import ModelPlugin, Params, hookimpl\n"
REGISTER = "@hookimpl\ndef register_models(register):\n    "


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library\n", "Install: pip install no_such_library"),
        ("def f(:\n", "SyntaxError: invalid syntax (wrong.py, line 1)"),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError"),
        ("x = 1\n", "has no hook"),
        (IMPORT + REGISTER + "pass\n", "register_models registers nothing"),
        (IMPORT + REGISTER.replace("models", "model") + "pass\n", "Did you mean 'register_models'?"),
        (IMPORT + REGISTER.replace("(register)", "(add)") + "pass\n", "register_models(register)"),
        (IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params))\n", "register_models failed: TypeError"),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary=''))\n",
            "gives none of build, fit, fuse and listed",
        ),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary='', build=lambda p, c: None))\n",
            "build is a lambda",
        ),
        (
            IMPORT + REGISTER + "register(ModelPlugin(name='x', params=Params, summary='', build=len, api=(99,)))\n",
            "supports API 99",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_anything_runs(tmp_path, source, said):
    found = loaded(tmp_path, source)
    assert said in found
    assert "plugin file 'wrong.py'" in found


def test_a_file_that_takes_an_installed_name_is_refused(folder):
    (folder / "own.py").write_text(MODEL.replace('name="mine"', 'name="timm"'))
    with pytest.raises(PluginError, match="the name 'timm' is taken by ovcf-bench"):
        open_study(folder / "study.yaml")


def test_a_missing_plugin_file_is_named(folder):
    (folder / "own.py").unlink()
    with pytest.raises(PluginError, match=r"'own.py': cannot be read \(No such file or directory\)"):
        open_study(folder / "study.yaml")


def test_files_are_listed_while_a_thread_imports():
    # A tracker imports its library in a thread while the run starts its processes.
    stop = threading.Event()

    def import_much():
        number = 0
        while not stop.is_set():
            number += 1
            sys.modules[f"planted_{number}"] = sys
            if number % 50 == 0:
                for name in range(number - 49, number + 1):
                    del sys.modules[f"planted_{name}"]

    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of everything
    thread = threading.Thread(target=import_much)
    thread.start()
    try:
        listed = {loaded_files() for _ in range(300)}
    finally:
        sys.setswitchinterval(often)
        stop.set()
        thread.join()
        for name in [name for name in sys.modules if name.startswith("planted_")]:
            del sys.modules[name]
    assert listed == {loaded_files()}


def test_a_run_keeps_the_code_that_it_was_made_with_when_the_file_changes_meanwhile(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("NUMBER = 1\n")
    load_file(path)
    path.write_text("NUMBER = 2\n")
    assert source_of(path) == b"NUMBER = 1\n"
    load_file(path)
    assert source_of(path) == b"NUMBER = 2\n"
