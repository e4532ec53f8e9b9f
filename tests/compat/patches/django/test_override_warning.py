import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    global django, override_settings
    import warnings

    import django.test.signals
    from django.test import override_settings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code = compile("\n\nwith override_settings(DATABASES={}): pass", "here.py", "exec")
        exec(code, dict(globals(), __name__="here", __file__="here.py"))
    print(caught[-1].filename, caught[-1].lineno)


def test_the_warning_names_the_line():
    prove(
        "django.override_warning",
        code,
        good="here.py 3",
        bad="<string>",
        needed=sys.version_info >= (3, 12),
    )
