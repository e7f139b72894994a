"""What every test and every shared fixture costs, and the ceiling for those that are run all the time.

Costs are CPU seconds of this process and of all processes below it: wall time depends on what else a machine does.
Shared fixtures (of a module or of the session) are counted on their own, not to the test that happens to come first.
"""

import contextlib
import json
import os
from collections import Counter
from pathlib import Path

import pytest

CEILING = 5.0  # CPU seconds of a test of the default set
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def cpu_seconds():
    """CPU seconds of this process, of its ended children, and (Linux) of everything below it that still runs."""
    return sum(os.times()[:4]) + _below(os.getpid())


def _below(pid):
    spent = 0.0
    for child in _children(pid):
        with contextlib.suppress(OSError):  # it may end while it is looked at, and is then among the ended ones
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            spent += sum(map(int, fields[11:15])) / TICKS + _below(child)
    return spent


def _children(pid):
    try:
        return [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def set_of(item):
    """The set that a test belongs to: by its marker, or the one that `make test` runs."""
    return next((name for name in ("slow", "system") if item.get_closest_marker(name)), "default")


class Meter:
    """Measures, where tests run; what it found travels with the reports."""

    def __init__(self):
        self.inside = [0.0]  # seconds of the parts inside each part that is being measured
        self.shared = []
        self.phase = 0.0

    def part(self):
        """Yield once, and return the seconds that this took, without those of parts inside it."""
        begun = cpu_seconds()
        self.inside.append(0.0)
        result = yield
        whole = cpu_seconds() - begun
        own = max(0.0, whole - self.inside.pop())
        self.inside[-1] += whole
        return result, own

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if fixturedef.scope == "function":
            return (yield)
        result, own = yield from self.part()
        self.shared.append((f"{fixturedef.baseid or 'tests'}::{fixturedef.argname}", own))
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self):
        result, self.phase = yield from self.part()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self):
        result, self.phase = yield from self.part()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        report.cpu, report.shared, report.set = self.phase, self.shared, set_of(item)
        self.phase, self.shared = 0.0, []
        return report


class Ledger:
    """Gathers what the reports say, where they arrive: above the workers."""

    def __init__(self, path):
        self.path = path
        self.tests, self.fixtures, self.sets, self.failed = Counter(), Counter(), {}, False

    def pytest_runtest_logreport(self, report):
        self.tests[report.nodeid] += getattr(report, "cpu", 0.0)  # a worker that crashed reports for itself
        self.sets[report.nodeid] = getattr(report, "set", "default")
        for name, seconds in getattr(report, "shared", ()):
            self.fixtures[name] += seconds

    def too_dear(self):
        return {
            name: cost for name, cost in self.tests.most_common() if cost > CEILING and self.sets[name] == "default"
        }

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session):
        result = yield
        if self.path:
            tests = [[name, self.sets[name], round(cost, 3)] for name, cost in self.tests.items()]
            fixtures = [[name, round(cost, 3)] for name, cost in self.fixtures.items()]
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            Path(self.path).write_text(json.dumps({"tests": tests, "fixtures": fixtures}, indent=0))
        if self.too_dear() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return result

    def pytest_terminal_summary(self, terminalreporter):
        if not self.tests:
            return
        tests, shared = sum(self.tests.values()), sum(self.fixtures.values())
        terminalreporter.section("CPU seconds")
        terminalreporter.write_line(f"tests {tests:.0f}, shared fixtures {shared:.0f}; the dearest:")
        for name, cost in (self.tests + self.fixtures).most_common(10):
            terminalreporter.write_line(f"{cost:7.2f}  {name}")
        for name, cost in self.too_dear().items():
            terminalreporter.write_line(f"FAILED {name}: {cost:.1f} CPU seconds, more than {CEILING:g}")


def pytest_addoption(parser):
    parser.addoption("--costs", metavar="FILE", help="write the CPU seconds of every test and shared fixture as JSON")


def pytest_configure(config):
    config.pluginmanager.register(Meter(), "meter")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ledger(config.getoption("costs")), "ledger")
