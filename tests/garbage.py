"""A fixture for rooms whose tests adjust p-values: statsmodels collects garbage each time, among all that is loaded.

With torch, timm and scikit-learn loaded, one collection costs some 300 ms.
"""

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def little_to_collect():
    """Leave what was loaded before out of each collection."""
    gc.freeze()
    yield
    gc.unfreeze()
