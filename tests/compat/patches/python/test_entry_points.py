import sys

import pytest

from tests.support.probe import prove, source


@source
def code():
    import os
    import sys
    import tempfile

    folder = tempfile.mkdtemp()
    os.mkdir(os.path.join(folder, "shop-1.0.dist-info"))
    with open(os.path.join(folder, "shop-1.0.dist-info", "METADATA"), "w") as file:
        file.write("Name: shop\nVersion: 1.0\n")
    with open(os.path.join(folder, "shop-1.0.dist-info", "entry_points.txt"), "w") as file:
        file.write("[shop.goods]\ntea = shop:Tea\nbun = shop:Bun\n")
    sys.path.insert(0, folder)

    from importlib.metadata import entry_points

    found = entry_points()
    for group in (found.get("shop.goods", []), found["shop.goods"]):
        print(sorted((point.name, point.value) for point in group))
    print(found.get("shop.ships"), found.get("shop.ships", ()))
    try:
        found["shop.ships"]
    except KeyError as error:
        print("no", error)
    if sys.version_info >= (3, 10):  # the way of today
        point = entry_points(group="shop.goods")["tea"]
        assert (point.name, point.value, point.group) == ("tea", "shop:Tea", "shop.goods")
        assert entry_points(group="shop.ships") == ()


GOOD = """\
[('bun', 'shop:Bun'), ('tea', 'shop:Tea')]
[('bun', 'shop:Bun'), ('tea', 'shop:Tea')]
None ()
no 'shop.ships'"""


@pytest.mark.skipif(sys.version_info < (3, 8), reason="importlib.metadata came with Python 3.8")
def test_entry_points_by_group_as_python_3_9_gives_them():
    prove(
        "python.entry_points",
        code,
        good=GOOD,
        bad="'EntryPoints' object has no attribute 'get'",
        needed=sys.version_info >= (3, 12),
    )
