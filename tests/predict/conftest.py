import pytest
from folder_study import folders, run  # noqa: F401  fixtures of this room


@pytest.fixture(autouse=True)
def _server(server):
    """Tests of this room start processes."""
