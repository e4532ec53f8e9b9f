import sys

from tests.support.probe import prove, source


@source
def code():
    global django
    import collections
    import collections.abc

    class Pair(collections.Sequence):
        __len__ = None
        __getitem__ = None

    import django.core.paginator

    print(issubclass(dict, collections.Mapping), collections.Iterator is collections.abc.Iterator)


REMOVED = sys.version_info >= (3, 10)
GONE = "'collections' has no attribute 'Sequence'"


def test_abstract_base_classes_are_attributes_of_collections():
    prove(
        "python.collections_abc",
        code,
        good="True True",
        bad=GONE if REMOVED else "Using or importing the ABCs",
        needed=sys.version_info >= (3, 7),
        env={"PYTHONWARNINGS": "error::DeprecationWarning"},
    )
