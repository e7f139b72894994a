import pytest
from plugin_trials import write_images


@pytest.fixture
def images(tmp_path):
    """A folder as the dataset of the scaffold reads it."""
    return write_images(tmp_path / "images")
