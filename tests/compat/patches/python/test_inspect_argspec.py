import sys

from tests.support.probe import prove, source


@source
def code():
    import inspect

    def plain(a, b=1, *rest, **options):
        pass

    def full(a: int, b: "text" = "x", *, c, d=2, **e) -> bool:  # noqa: F821
        pass

    spec = inspect.getargspec(plain)
    print(tuple(spec), spec.keywords)
    print(inspect.formatargspec(*spec))
    print(inspect.formatargspec(*inspect.getfullargspec(full)))
    print(
        inspect.formatargspec(
            ["a"], formatarg=str.upper, defaults=(None,), formatvalue="~{}".format
        )
    )
    try:
        inspect.getargspec(full)
    except ValueError:
        print("ValueError")


GOOD = """\
(['a', 'b'], 'rest', 'options', (1,)) options
(a, b=1, *rest, **options)
(a: int, b: 'text'='x', *, c, d=2, **e) -> bool
(A~None)
ValueError"""


def test_parameter_lists_as_python_3_10_tells_them():
    prove(
        "python.inspect_argspec",
        code,
        good=GOOD,
        bad="module 'inspect' has no attribute 'getargspec'",
        needed=sys.version_info >= (3, 11),
    )
