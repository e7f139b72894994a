import pytest


@pytest.fixture(autouse=True)
def _server(server):
    """Tests of this room start processes."""
