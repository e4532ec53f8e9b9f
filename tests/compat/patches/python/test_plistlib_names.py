import sys

from tests.support.probe import prove, source


@source
def code():
    import io
    import os
    import plistlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "list.plist")
        plistlib.writePlist({"a": [1, True]}, path)
        print(plistlib.readPlist(path))
        with open(path, "rb") as file:
            print(plistlib.readPlist(file))
    out = io.BytesIO()
    plistlib.writePlist(["b"], out)
    print(plistlib.readPlistFromBytes(out.getvalue()))
    print(plistlib.readPlistFromBytes(plistlib.writePlistToBytes("c")))


def test_property_lists_of_files_and_bytes():
    prove(
        "python.plistlib_names",
        code,
        good="{'a': [1, True]}\n{'a': [1, True]}\n['b']\nc",
        bad="no attribute 'writePlist'",
        needed=sys.version_info >= (3, 9),
    )
