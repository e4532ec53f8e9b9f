import sys

from tests.support.probe import prove, source


@source
def code():
    import io
    import json

    print(json.loads('{"a": [1.5]}', encoding="utf-8"))
    print(json.loads(b'"\xc3\xa4"', encoding=None) == "\xe4")
    print(json.load(io.StringIO("[1.5]"), encoding="utf-8", parse_float=str))

    class Doubling(json.JSONDecoder):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, parse_int=lambda text: 2 * int(text), **kwargs)

    print(json.loads("[1]", cls=Doubling, encoding="utf-8"))
    try:
        json.loads("1", coding="utf-8")
    except TypeError:
        print("TypeError")


GOOD = """\
{'a': [1.5]}
True
['1.5']
[2]
TypeError"""


def test_the_encoding_is_ignored_as_by_python_3_8():
    prove(
        "python.json_encoding",
        code,
        good=GOOD,
        bad="unexpected keyword argument 'encoding'",
        needed=sys.version_info >= (3, 9),
    )
