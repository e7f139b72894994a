"""One check of the conformance suite: its contract, and what is said when a plugin breaks it."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import dataclass

from ovcf_bench.errors import BenchError, PluginError
from ovcf_bench.plugin_calls import problem_of


class ContractError(AssertionError):
    """A plugin breaks a contract: what was seen, and how to mend it."""

    def __init__(self, seen: str, fix: str, contract: str = "") -> None:
        self.seen, self.fix, self.contract = seen, fix, contract
        said = f"contract: {contract}\n" if contract else ""
        super().__init__(f"{said}seen: {seen}\nfix: {fix}")


class NotApplicable(unittest.SkipTest):
    """A check has nothing to look at in this plugin; pytest shows it as skipped, with the reason."""


@dataclass(frozen=True, slots=True)
class Check:
    """One contract of one plugin. Calling it raises ContractError or NotApplicable, or returns a remark ("" mostly)."""

    plugin: str  # "model 'mine'"
    name: str
    contract: str
    look: Callable[[], str | None]

    def __call__(self) -> str:
        """Look; whatever is wrong is raised as ContractError."""
        try:
            return self.look() or ""
        except ContractError as broken:
            raise ContractError(broken.seen, broken.fix, self.contract) from None
        except BenchError as error:
            problem = error.problems[0]
            seen = f"{problem.where}: {problem.found}" if problem.where else problem.found
            fix = " ".join(problem.allowed.split()) or "Make it keep the contract."
            raise ContractError(" ".join(seen.split()), fix, self.contract) from error
        except unittest.SkipTest:
            raise
        except Exception as error:  # noqa: BLE001  a plugin may fail in any way
            # The words of a dataset may hold an identifier.
            problem = problem_of(error, self.plugin, self.look, told=self.plugin.startswith("model"))
            raise ContractError(problem.found, problem.allowed, self.contract) from PluginError(problem)

    def __str__(self) -> str:
        return self.name
