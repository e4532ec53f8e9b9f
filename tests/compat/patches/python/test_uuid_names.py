import sys

import pytest

from tests.support.probe import prove, source


@source
def code():
    import uuid

    print(uuid._load_system_functions(), uuid.uuid1().version)


@pytest.mark.skipif(sys.version_info < (3, 7), reason="its uuid has them not")
def test_what_loaded_the_systems_functions_may_be_called():
    prove(
        "python.uuid_names",
        code,
        good="None 1",
        bad="module 'uuid' has no attribute '_load_system_functions'",
        needed=sys.version_info >= (3, 13),
    )
