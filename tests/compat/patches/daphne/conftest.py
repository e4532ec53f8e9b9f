import pytest

from tests.support.raw import write_site


@pytest.fixture
def raw_site(tmp_path):
    """A folder with the application of raw.py, and daphne's log."""
    return write_site(tmp_path)
