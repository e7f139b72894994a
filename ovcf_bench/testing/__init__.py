"""The conformance suite: what every plugin must do, as checks that pytest and `ovcf-bench plugins test` run.

import pytest
from ovcf_bench.testing import plugin_checks

@pytest.mark.parametrize("check", plugin_checks("my_model"), ids=str)
def test_my_model_keeps_the_contract(check):
    check()
"""

from ovcf_bench.testing.checks import Check, ContractError, NotApplicable
from ovcf_bench.testing.find import plugin_checks

__all__ = ["Check", "ContractError", "NotApplicable", "plugin_checks"]
