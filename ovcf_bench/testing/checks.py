"""One check of the conformance suite: its contract, and what is said when a plugin breaks it."""

from __future__ import annotations

import inspect
import traceback
import unittest
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ovcf_bench.errors import BenchError, PluginError, Problem
from ovcf_bench.hooks.calls import problem_of


class ContractError(AssertionError):
    """A plugin breaks a contract: what was seen, and how to mend it."""

    def __init__(self, seen: str, fix: str, contract: str = "") -> None:
        self.seen, self.fix, self.contract = seen, fix, contract
        said = f"contract: {contract}\n" if contract else ""
        super().__init__(f"{said}seen: {seen}\nfix: {fix}")

    def __reduce__(self) -> tuple[type[ContractError], tuple[str, str, str]]:
        return type(self), (self.seen, self.fix, self.contract)  # errors travel between processes


class NotApplicable(unittest.SkipTest):
    """A check has nothing to look at in this plugin; pytest shows it as skipped, with the reason."""


@dataclass(frozen=True, slots=True)
class Check:
    """One contract of one plugin. Calling it raises ContractError or NotApplicable, or returns a remark ("" mostly).

    home : a function of the plugin: mistakes that no hook was blamed for are looked for in its file; told : whether
    the words of an exception may be shown (those of a dataset may hold an identifier).
    """

    plugin: str  # "model 'mine'"
    name: str
    contract: str
    look: Callable[[], str | None]
    home: Callable[..., Any]
    told: bool = False

    def __call__(self) -> str:
        """Look; whatever is wrong is raised as ContractError."""
        try:
            return self.look() or ""
        except ContractError as broken:
            raise ContractError(broken.seen, broken.fix, self.contract) from broken.__cause__
        except BenchError as error:
            raise self._broken(error.problems[0]) from error
        except unittest.SkipTest:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may fail in any way, or want to end us
            problem = self._blamed(error)
            raise self._broken(problem) from PluginError(problem)

    def _broken(self, problem: Problem) -> ContractError:
        fix = " ".join(problem.allowed.split()) or f"Wanted: {self.contract}."
        return ContractError(in_one_line(problem), fix, self.contract)

    def _blamed(self, error: BaseException) -> Problem:
        """Return what is said of an exception: the first function of the plugin's file that it came through."""
        problem = problem_of(error, self.plugin, self.home, told=self.told)
        file = inspect.getsourcefile(inspect.unwrap(self.home))
        own = [frame.name for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        return replace(problem, where=", ".join([self.plugin, *own[:1]]))

    def __str__(self) -> str:
        return self.name


def in_one_line(problem: Problem) -> str:
    """Return where and what was found, without what is allowed."""
    return " ".join((f"{problem.where}: {problem.found}" if problem.where else problem.found).split())
