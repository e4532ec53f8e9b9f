import sys

from tests.support.probe import prove, source


@source
def code():
    from xml.etree import ElementTree

    class Special(ElementTree.Element):
        pass

    root = ElementTree.fromstring("<a><b><c/></b><d/></a>")
    print([element.tag for element in root.getchildren()])
    print([element.tag for element in root.getiterator()], len(list(root.getiterator("c"))))
    print([element.tag for element in ElementTree.ElementTree(root).getiterator("d")])
    print(Special("x").getchildren())


def test_children_and_iterators_of_elements():
    prove(
        "python.etree_children",
        code,
        good="['b', 'd']\n['a', 'b', 'c', 'd'] 1\n['d']\n[]",
        bad="no attribute 'getchildren'",
        needed=sys.version_info >= (3, 9),
    )
