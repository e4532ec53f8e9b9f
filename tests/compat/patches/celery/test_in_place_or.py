import sys

import pytest

from compat.patching.versions import installed_version
from tests.support.probe import prove, source

if not installed_version("celery"):
    pytest.skip("celery is not installed", allow_module_level=True)


@source
def code():
    from celery import Celery, chain, group

    app = Celery(broker="memory://", backend="cache+memory://", set_as_current=True)
    app.conf.task_always_eager = True

    @app.task
    def add(x, y):
        return x + y

    workflow = kept = add.s(1, 2)
    workflow |= add.s(4)
    workflow |= add.s(8)
    print(workflow.apply_async().get(), kept.apply_async().get())
    empty = chain()
    empty |= add.s(1, 1)
    print(empty.apply_async().get())
    both = group(add.s(1, 1), add.s(2, 2))
    both |= app.signature(add.map([(1, 1)]))
    print(type(both).__name__)


def test_a_workflow_grows():
    prove(
        "celery.in_place_or",
        code,
        good="15 3\n2\nchord",
        bad="missing 1 required positional argument",
        needed=sys.version_info >= (3, 9),
    )
