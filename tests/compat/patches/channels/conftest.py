import pytest

from .clients import copy_site


@pytest.fixture
def phases(tmp_path):
    """A folder with the site of site/phases.py."""
    return copy_site("phases.py", tmp_path)
